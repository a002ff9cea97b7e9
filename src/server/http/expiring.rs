//! A map by call that forgets: entries live for a fixed time, and their number and size are bounded.
//!
//! Thread: any; it is a plain value. In: entries with the time at which they come. Out: those that are not too old.
//! Memory: at most `max_entries` entries of `max_bytes` together, as their callers count them. When full: [`Full`], or
//! the oldest entries go.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

/// A call, as the peer names it.
pub type CallKey = [u8; 16];

/// There is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// See the module.
#[derive(Debug)]
pub struct Expiring<V> {
    lifetime: Duration,
    max_entries: usize,
    max_bytes: usize,
    bytes: usize,
    entries: HashMap<CallKey, Entry<V>>,
    /// The same entries, the next to go first.
    order: BTreeSet<(Instant, CallKey)>,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    bytes: usize,
    expires: Instant,
}

impl<V> Expiring<V> {
    /// An empty map.
    pub fn new(lifetime: Duration, max_entries: usize, max_bytes: usize) -> Self {
        Self {
            lifetime,
            max_entries,
            max_bytes,
            bytes: 0,
            entries: HashMap::new(),
            order: BTreeSet::new(),
        }
    }

    /// Keeps `value`, which takes about `bytes`; true when it replaced another.
    ///
    /// # Errors
    /// There is no place; what was there stays.
    pub fn insert(
        &mut self,
        key: CallKey,
        value: V,
        bytes: usize,
        now: Instant,
    ) -> Result<bool, Full> {
        self.forget_old(now);
        let replaced = self.entries.get(&key).map(|entry| entry.bytes);
        let others = self.entries.len() - usize::from(replaced.is_some());
        let other_bytes = self.bytes - replaced.unwrap_or(0);
        if others >= self.max_entries || other_bytes.saturating_add(bytes) > self.max_bytes {
            return Err(Full);
        }
        self.drop_entry(&key);
        let expires = now + self.lifetime;
        self.bytes += bytes;
        self.order.insert((expires, key));
        self.entries.insert(
            key,
            Entry {
                value,
                bytes,
                expires,
            },
        );
        Ok(replaced.is_some())
    }

    /// Keeps `value`, and lets the oldest go for it. One that is larger than all places together is not kept.
    pub fn insert_over_oldest(&mut self, key: CallKey, value: V, bytes: usize, now: Instant) {
        if bytes > self.max_bytes || self.max_entries == 0 {
            return;
        }
        self.forget_old(now);
        self.drop_entry(&key);
        while self.entries.len() >= self.max_entries || self.bytes + bytes > self.max_bytes {
            let Some(&(_, oldest)) = self.order.first() else {
                break;
            };
            self.drop_entry(&oldest);
        }
        let _ = self.insert(key, value, bytes, now);
    }

    /// The entry, if it is not too old.
    pub fn get(&self, key: &CallKey, now: Instant) -> Option<&V> {
        self.entries
            .get(key)
            .filter(|entry| entry.expires > now)
            .map(|entry| &entry.value)
    }

    /// Takes the entry out, if it is not too old.
    pub fn remove(&mut self, key: &CallKey, now: Instant) -> Option<V> {
        self.forget_old(now);
        self.drop_entry(key)
    }

    /// How many there are that are not too old.
    pub fn len(&mut self, now: Instant) -> usize {
        self.forget_old(now);
        self.entries.len()
    }

    fn forget_old(&mut self, now: Instant) {
        while let Some(&(expires, key)) = self.order.first()
            && expires <= now
        {
            self.drop_entry(&key);
        }
    }

    fn drop_entry(&mut self, key: &CallKey) -> Option<V> {
        let entry = self.entries.remove(key)?;
        self.order.remove(&(entry.expires, *key));
        self.bytes -= entry.bytes;
        Some(entry.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn entries_go_after_their_time_and_a_new_one_starts_it_again() {
        let start = Instant::now();
        let mut map = Expiring::new(SECOND * 10, 10, 1_000);
        assert_eq!(map.insert([1; 16], "old", 3, start), Ok(false));
        assert_eq!(map.insert([1; 16], "new", 3, start + SECOND * 6), Ok(true));
        assert_eq!(map.get(&[1; 16], start + SECOND * 15), Some(&"new"));
        assert_eq!(map.get(&[1; 16], start + SECOND * 16), None);
        assert_eq!(map.remove(&[1; 16], start + SECOND * 16), None);
        assert_eq!(map.len(start + SECOND * 16), 0);
    }

    #[test]
    fn a_full_map_refuses_or_lets_the_oldest_go() {
        let start = Instant::now();
        let mut map = Expiring::new(SECOND * 10, 2, 100);
        map.insert([1; 16], 1, 40, start).unwrap();
        map.insert([2; 16], 2, 40, start + SECOND).unwrap();
        assert_eq!(map.insert([3; 16], 3, 1, start + SECOND), Err(Full));
        assert_eq!(map.insert([1; 16], 9, 61, start + SECOND), Err(Full));
        assert_eq!(map.get(&[1; 16], start + SECOND), Some(&1));
        map.insert_over_oldest([3; 16], 3, 70, start + SECOND * 2);
        assert_eq!(map.len(start + SECOND * 2), 1);
        assert_eq!(map.get(&[3; 16], start + SECOND * 2), Some(&3));
        map.insert_over_oldest([4; 16], 4, 101, start + SECOND * 2);
        assert_eq!(map.get(&[3; 16], start + SECOND * 2), Some(&3));
    }

    proptest! {
        #[test]
        fn whatever_comes_the_bounds_hold_and_the_two_views_agree(
            steps in prop::collection::vec((0u8..3, 0u8..12, 0usize..60, 0u64..4), 0..200)
        ) {
            let mut now = Instant::now();
            let mut map = Expiring::new(SECOND * 5, 6, 100);
            for (what, key, bytes, later) in steps {
                now += SECOND * u32::try_from(later).unwrap();
                match what {
                    0 => drop(map.insert([key; 16], key, bytes, now)),
                    1 => map.insert_over_oldest([key; 16], key, bytes, now),
                    _ => drop(map.remove(&[key; 16], now)),
                }
                prop_assert!(map.len(now) <= 6);
                prop_assert!(map.bytes <= 100);
                prop_assert_eq!(map.entries.len(), map.order.len());
                prop_assert_eq!(map.bytes, map.entries.values().map(|e| e.bytes).sum::<usize>());
            }
        }
    }
}
