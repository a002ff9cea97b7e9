//! The connections that are open: at most so many, and one that does nothing gives its place to one that comes.
//!
//! Thread: `http`. In: connections. Out: a [`Place`] for each, freed when dropped. Memory: an entry a connection. When
//! full: the connection whose last request is longest ago is closed; listeners to events keep theirs, and take at most
//! half of the places.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::task::AbortHandle;

/// See the module.
pub(super) struct Connections {
    most: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    listeners: usize,
    places: HashMap<u64, Entry>,
}

struct Entry {
    /// When it came, or asked last.
    asked: Instant,
    listens: bool,
    task: Option<AbortHandle>,
}

impl Connections {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            open: Mutex::default(),
        })
    }

    /// A place; None when all belong to listeners.
    pub(super) fn admit(self: &Arc<Self>) -> Option<Place> {
        let mut open = self.lock();
        if open.places.len() >= self.most {
            let (&oldest, _) = open
                .places
                .iter()
                .filter(|(_, entry)| !entry.listens)
                .min_by_key(|(_, entry)| entry.asked)?;
            if let Some(task) = open.places.remove(&oldest).and_then(|entry| entry.task) {
                task.abort();
            }
        }
        let number = open.next;
        open.next += 1;
        let entry = Entry {
            asked: Instant::now(),
            listens: false,
            task: None,
        };
        open.places.insert(number, entry);
        Some(Place {
            all: Arc::clone(self),
            number,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place.
pub(super) struct Place {
    all: Arc<Connections>,
    number: u64,
}

impl Place {
    /// Says which task to end when the place is needed.
    pub(super) fn run_by(&self, task: AbortHandle) {
        if let Some(entry) = self.all.lock().places.get_mut(&self.number) {
            entry.task = Some(task);
        }
    }

    /// A request has come.
    pub(super) fn asks(&self) {
        if let Some(entry) = self.all.lock().places.get_mut(&self.number) {
            entry.asked = Instant::now();
        }
    }

    /// It will listen to events until the guard is dropped; None when there are too many listeners.
    pub(super) fn listen(self: &Arc<Self>) -> Option<Listening> {
        let mut open = self.all.lock();
        if open.listeners >= self.all.most / 2 {
            return None;
        }
        open.places.get_mut(&self.number)?.listens = true;
        open.listeners += 1;
        drop(open);
        Some(Listening(Arc::clone(self)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.all.lock().places.remove(&self.number);
    }
}

/// A place that is not given away.
pub(super) struct Listening(Arc<Place>);

impl Drop for Listening {
    fn drop(&mut self) {
        let mut open = self.0.all.lock();
        open.listeners -= 1;
        if let Some(entry) = open.places.get_mut(&self.0.number) {
            entry.listens = false;
            entry.asked = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_asked_longest_ago_makes_place_and_listeners_stay() {
        let all = Connections::new(4);
        let places: Vec<Arc<Place>> = (0..4).map(|_| Arc::new(all.admit().unwrap())).collect();
        let first = places[0].listen().unwrap();
        let second = places[2].listen().unwrap();
        assert!(places[1].listen().is_none());
        let fifth = Arc::new(all.admit().unwrap());
        assert!(!all.lock().places.contains_key(&1));
        places[3].asks();
        fifth.asks();
        drop(all.admit().unwrap());
        assert!(!all.lock().places.contains_key(&3));
        drop((first, second));
        assert_eq!(all.lock().listeners, 0);
        drop((places, fifth));
        assert!(all.lock().places.is_empty());
    }

    #[test]
    fn when_only_listeners_are_left_there_is_no_place() {
        let all = Connections::new(1);
        all.open.lock().unwrap().places.insert(
            7,
            Entry {
                asked: Instant::now(),
                listens: true,
                task: None,
            },
        );
        assert!(all.admit().is_none());
    }
}
