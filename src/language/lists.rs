//! Lists of a pack: read once, kept to the end of the program.
//!
//! In: a part of a pack. Out: a [`List`]. Memory: what is read is never freed, since a pack is read once and used to
//! the end; so lists are copied like references.

use std::fmt;
use std::ops::Deref;
use std::slice::Iter;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};

/// A word or a text of a pack. Fields of this type, and arrays, are read by `kept`.
pub type Text = &'static str;

/// A list of words or phrases.
pub type Phrases = List<Text>;

/// Words with what they stand for, in the order of the pack.
pub type Meanings<T> = List<(Text, T)>;

/// Entries in the order of the pack.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct List<T: 'static>(&'static [T]);

impl<T> List<T> {
    /// A list that stands in the program.
    pub const fn new(entries: &'static [T]) -> Self {
        Self(entries)
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(&[])
    }
}

impl<T: fmt::Debug> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &Self::Target {
        self.0
    }
}

impl<T> IntoIterator for List<T> {
    type Item = &'static T;
    type IntoIter = Iter<'static, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T> IntoIterator for &List<T> {
    type Item = &'static T;
    type IntoIter = Iter<'static, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'de, T: Kept> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        kept(deserializer)
    }
}

/// What a list can hold.
pub trait Kept: Copy + 'static {
    /// As it is read.
    type Read: DeserializeOwned;

    /// As it is kept; an error when there are more entries than places, or fewer.
    fn keep(read: Self::Read) -> Result<Self, String>;
}

/// Reads what is kept.
pub(crate) fn kept<'de, D: Deserializer<'de>, T: Kept>(deserializer: D) -> Result<T, D::Error> {
    let read = T::Read::deserialize(deserializer)?;
    T::keep(read).map_err(D::Error::custom)
}

/// Types that are kept as they are read.
macro_rules! kept_as_read {
    ($($kind:ty),+) => {
        $(impl $crate::lists::Kept for $kind {
            type Read = Self;

            fn keep(read: Self) -> Result<Self, String> {
                Ok(read)
            }
        })+
    };
}
pub(crate) use kept_as_read;

kept_as_read!(char, i8, i16, i32, i64, u64, usize);

impl Kept for Text {
    type Read = String;

    fn keep(read: String) -> Result<Self, String> {
        Ok(read.leak())
    }
}

impl<T: Kept> Kept for List<T> {
    type Read = Vec<T::Read>;

    fn keep(read: Self::Read) -> Result<Self, String> {
        let entries: Vec<T> = read.into_iter().map(T::keep).collect::<Result<_, _>>()?;
        Ok(Self(entries.leak()))
    }
}

impl<T: Kept, const N: usize> Kept for [T; N] {
    type Read = Vec<T::Read>;

    fn keep(read: Self::Read) -> Result<Self, String> {
        let entries: Vec<T> = read.into_iter().map(T::keep).collect::<Result<_, _>>()?;
        let found = entries.len();
        let array = entries.try_into();
        array.map_err(|_| format!("{found} entries where there must be {N}"))
    }
}

impl<A: Kept, B: Kept> Kept for (A, B) {
    type Read = (A::Read, B::Read);

    fn keep((first, second): Self::Read) -> Result<Self, String> {
        Ok((A::keep(first)?, B::keep(second)?))
    }
}

impl<A: Kept, B: Kept, C: Kept> Kept for (A, B, C) {
    type Read = (A::Read, B::Read, C::Read);

    fn keep((first, second, third): Self::Read) -> Result<Self, String> {
        Ok((A::keep(first)?, B::keep(second)?, C::keep(third)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Part {
        words: Phrases,
        meanings: Meanings<i8>,
        #[serde(deserialize_with = "kept")]
        pair: [Text; 2],
    }

    #[test]
    fn lists_keep_their_order_and_arrays_their_length() {
        let text = "words = ['b', 'a']\nmeanings = [['z', 1], ['y', -1]]\npair = ['one', 'two']";
        let part: Part = toml::from_str(text).unwrap();
        assert_eq!(*part.words, ["b", "a"]);
        assert_eq!(*part.meanings, [("z", 1), ("y", -1)]);
        assert_eq!(part.pair, ["one", "two"]);
        let longer = text.replace("'two'", "'two', 'three'");
        let error = toml::from_str::<Part>(&longer).unwrap_err().to_string();
        assert!(error.contains("3 entries where there must be 2"), "{error}");
    }
}
