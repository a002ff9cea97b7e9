//! The models share few cores: a fair budget of threads.
//!
//! Thread: `hear` and `llm`, around each pass of a model. In: how many threads a pass uses. Out: a permit, held while it runs. Memory: a counter. When
//! full: waits, first come first served, but work that somebody waits for goes before work done ahead. ggml's threads spin at barriers: with more of them than cores a short pass takes ten times
//! as long, so two models must not run at once unless the cores suffice for both.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Who waits for a pass of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// A caller.
    Now,
    /// Nobody yet: it may turn out to be of no use.
    Ahead,
}

/// How often waiting work is asked whether it has become urgent.
const HURRY: Duration = Duration::from_millis(5);

/// The budget. Clones share it.
#[derive(Clone)]
pub struct Cores {
    shared: Arc<Shared>,
}

struct Shared {
    total: u32,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    free: u32,
    tickets: u64,
    /// Waiting tickets: of [`Urgency::Now`], and of [`Urgency::Ahead`].
    waiting: [VecDeque<u64>; 2],
}

impl State {
    fn first(&self) -> Option<u64> {
        self.waiting.iter().find_map(|queue| queue.front().copied())
    }
}

/// The right to run some threads; given back when dropped.
pub struct Permit {
    shared: Arc<Shared>,
    threads: u32,
}

impl Cores {
    /// A budget of `total` threads, at least one.
    pub fn new(total: u32) -> Self {
        let total = total.max(1);
        Self {
            shared: Arc::new(Shared {
                total,
                state: Mutex::new(State {
                    free: total,
                    tickets: 0,
                    waiting: Default::default(),
                }),
                changed: Condvar::new(),
            }),
        }
    }

    /// This machine's cores.
    pub fn of_machine() -> Self {
        Self::new(std::thread::available_parallelism().map_or(1, |n| n.get() as u32))
    }

    /// How many threads may run.
    pub fn total(&self) -> u32 {
        self.shared.total
    }

    /// Waits for `threads` cores; more than there are count as all.
    pub fn take(&self, threads: u32, urgency: Urgency) -> Permit {
        self.take_or_hurry(threads, urgency, || false)
    }

    /// [`Cores::take`], for work whose urgency may grow while it waits: `hurry` is asked every few ms.
    pub fn take_or_hurry(
        &self,
        threads: u32,
        urgency: Urgency,
        hurry: impl Fn() -> bool,
    ) -> Permit {
        let threads = threads.clamp(1, self.shared.total);
        let mut state = self
            .shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let ticket = state.tickets;
        state.tickets += 1;
        let mut queue = urgency as usize;
        state.waiting[queue].push_back(ticket);
        while state.first() != Some(ticket) || state.free < threads {
            let ahead = Urgency::Ahead as usize;
            if queue == ahead && hurry() {
                queue = Urgency::Now as usize;
                state.waiting[ahead].retain(|other| *other != ticket);
                state.waiting[queue].push_back(ticket);
                continue;
            }
            state = self
                .shared
                .changed
                .wait_timeout(state, HURRY)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        state.waiting[queue].pop_front();
        state.free -= threads;
        drop(state);
        self.shared.changed.notify_all();
        Permit {
            shared: Arc::clone(&self.shared),
            threads,
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self
            .shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        state.free += self.threads;
        drop(state);
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn no_more_threads_run_than_there_are_cores_and_nobody_starves() {
        let cores = Cores::new(3);
        let (running, most) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for worker in 0..6u32 {
                let (cores, running, most) = (&cores, &running, &most);
                scope.spawn(move || {
                    let threads = worker % 3 + 1;
                    for _ in 0..200 {
                        let _permit = cores.take(threads, Urgency::Now);
                        most.fetch_max(
                            running.fetch_add(threads, Ordering::AcqRel) + threads,
                            Ordering::AcqRel,
                        );
                        running.fetch_sub(threads, Ordering::AcqRel);
                    }
                });
            }
        });
        assert!(most.load(Ordering::Acquire) <= 3);
    }

    #[test]
    fn who_asks_first_is_served_first_and_work_ahead_last() {
        let cores = Cores::new(1);
        let held = cores.take(1, Urgency::Now);
        let (sender, order) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            for number in 0..4 {
                let (cores, sender) = (cores.clone(), sender.clone());
                let urgency = if number == 0 {
                    Urgency::Ahead
                } else {
                    Urgency::Now
                };
                scope.spawn(move || {
                    let _permit = cores.take(99, urgency);
                    let _ = sender.send(number);
                });
                // Each must have taken its ticket before the next one comes.
                while waiting(&held) < number + 1 {
                    std::thread::yield_now();
                }
            }
            drop(held);
        });
        drop(sender);
        assert_eq!(order.iter().collect::<Vec<_>>(), [1, 2, 3, 0]);
    }

    #[test]
    fn work_that_becomes_urgent_overtakes_the_rest() {
        let cores = Cores::new(1);
        let held = cores.take(1, Urgency::Now);
        let urgent = std::sync::atomic::AtomicBool::new(false);
        let (sender, order) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            for number in 0..2 {
                let (cores, sender, urgent) = (cores.clone(), sender.clone(), &urgent);
                scope.spawn(move || {
                    let hurry = || number == 1 && urgent.load(Ordering::Acquire);
                    let _permit = cores.take_or_hurry(1, Urgency::Ahead, hurry);
                    let _ = sender.send(number);
                });
                while waiting(&held) < number + 1 {
                    std::thread::yield_now();
                }
            }
            urgent.store(true, Ordering::Release);
            while held.shared.state.lock().unwrap().waiting[0].is_empty() {
                std::thread::yield_now();
            }
            drop(held);
        });
        drop(sender);
        assert_eq!(order.iter().collect::<Vec<_>>(), [1, 0]);
    }

    fn waiting(permit: &Permit) -> usize {
        let state = permit.shared.state.lock().unwrap();
        state.waiting.iter().map(VecDeque::len).sum()
    }
}
