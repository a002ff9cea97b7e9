//! Keys on the caller's phone: which of them belong together, and when an entry is complete.
//!
//! Thread: `controller`. In: keys, the time, what the caller is asked for. Out: an entry, as one text. Memory:
//! [`MOST_KEYS`] letters. When full: more keys are left out. A pure state machine: no clocks. Source: the habits of
//! phone menus: `#` ends a number, `*` begins it anew, a choice is one key.

use patter_types::clock::CallTimeUs;
use patter_types::expect::Expect;

/// Keys of the longest entry.
pub const MOST_KEYS: usize = 32;

/// A number is complete when no key has come for this long, in µs: looking up the next digit takes less.
const PAUSE_US: u64 = 3_000_000;

/// The entry under way.
#[derive(Debug, Default)]
pub struct Keys {
    pressed: String,
    last: CallTimeUs,
    /// The last entry was complete by its count of digits: a `#` that follows belongs to it.
    is_counted: bool,
}

impl Keys {
    /// Takes a key, while the caller is asked for `expect`; the entry, when it is complete with it.
    pub fn press(&mut self, key: char, now: CallTimeUs, expect: Expect) -> Option<String> {
        self.last = now;
        self.is_counted = false;
        let Expect::Number { digits } = expect else {
            self.pressed.clear();
            return Some(key.to_string());
        };
        match key {
            '#' => return self.complete(),
            '*' => self.pressed.clear(),
            key if self.pressed.len() < MOST_KEYS => self.pressed.push(key),
            _ => {}
        }
        let is_whole = digits.is_some_and(|digits| self.pressed.len() as u32 == digits);
        self.is_counted = is_whole;
        is_whole.then(|| self.complete()).flatten()
    }

    /// True for a `#` that ends an entry which its last digit has ended already: it is no key of its own.
    pub fn is_superfluous(&self, key: char, now: CallTimeUs) -> bool {
        let since_us = now.since_us(self.last);
        key == '#' && self.is_counted && since_us < PAUSE_US
    }

    /// The entry, when no more keys are to be waited for.
    pub fn due(&mut self, now: CallTimeUs) -> Option<String> {
        let waited_us = now.since_us(self.last);
        (waited_us >= PAUSE_US).then(|| self.complete()).flatten()
    }

    /// True while more keys are waited for.
    pub fn is_under_way(&self) -> bool {
        !self.pressed.is_empty()
    }

    fn complete(&mut self) -> Option<String> {
        let pressed = std::mem::take(&mut self.pressed);
        (!pressed.is_empty()).then_some(pressed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: Expect = Expect::Number { digits: None };

    fn entries(keys: &str, expect: Expect) -> Vec<String> {
        let mut state = Keys::default();
        let mut entries = Vec::new();
        for (at, key) in (0u64..).zip(keys.chars()) {
            entries.extend(state.press(key, CallTimeUs(at * 500_000), expect));
        }
        entries.extend(state.due(CallTimeUs(keys.len() as u64 * 500_000 + PAUSE_US)));
        assert!(!state.is_under_way());
        entries
    }

    #[test]
    fn a_choice_is_one_key_and_a_number_many() {
        assert_eq!(entries("12", Expect::Any), ["1", "2"]);
        assert_eq!(entries("*#", Expect::YesNo), ["*", "#"]);
        assert_eq!(entries("4175550123", NUMBER), ["4175550123"]);
        assert_eq!(entries("417#55", NUMBER), ["417", "55"]);
        assert_eq!(entries("41*417", NUMBER), ["417"]);
        assert_eq!(entries("#*", NUMBER), [""; 0]);
        let four = Expect::Number { digits: Some(4) };
        assert_eq!(entries("12345", four), ["1234", "5"]);
    }

    #[test]
    fn a_hash_after_the_last_digit_belongs_to_the_number() {
        let four = Expect::Number { digits: Some(4) };
        let mut keys = Keys::default();
        let entries: Vec<_> = "1234"
            .chars()
            .filter_map(|key| keys.press(key, CallTimeUs(0), four))
            .collect();
        assert_eq!(entries, ["1234"]);
        assert!(keys.is_superfluous('#', CallTimeUs(PAUSE_US - 1)));
        assert!(
            !keys.is_superfluous('#', CallTimeUs(PAUSE_US))
                && !keys.is_superfluous('*', CallTimeUs(1))
        );
        keys.press('5', CallTimeUs(1), Expect::Any);
        assert!(!keys.is_superfluous('#', CallTimeUs(2)));
    }

    #[test]
    fn keys_that_come_late_are_a_number_of_their_own() {
        let mut keys = Keys::default();
        assert_eq!(keys.press('1', CallTimeUs(0), NUMBER), None);
        assert_eq!(keys.due(CallTimeUs(PAUSE_US - 1)), None);
        assert!(keys.is_under_way());
        assert_eq!(keys.due(CallTimeUs(PAUSE_US)).as_deref(), Some("1"));
        assert_eq!(keys.due(CallTimeUs(PAUSE_US * 2)), None);
    }

    #[test]
    fn a_cat_on_the_phone_fills_no_memory() {
        let entry = entries(&"7".repeat(10_000), NUMBER).concat();
        assert!(entry.len() <= 10_000 && !entry.is_empty());
        let mut keys = Keys::default();
        for _ in 0..10_000 {
            keys.press('7', CallTimeUs(1), NUMBER);
        }
        assert_eq!(
            keys.due(CallTimeUs(PAUSE_US + 1)).map(|entry| entry.len()),
            Some(MOST_KEYS)
        );
    }
}
