//! The number of a turn of the agent's, by which its words, its sound and what the caller heard of it are told apart.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Turns are numbered from 1, in the order in which they are asked for; one that is dropped keeps its number.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct TurnNumber(pub u32);

impl TurnNumber {
    /// The number of no turn: before the first one, and where none is open.
    pub const NONE: Self = Self(0);

    /// That of the turn after it.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// As events have it.
impl fmt::Display for TurnNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_numbered_from_one_and_written_as_plain_numbers() {
        let first = TurnNumber::NONE.next();
        assert_eq!((first, first.next()), (TurnNumber(1), TurnNumber(2)));
        assert!(first < first.next());
        assert_eq!(first.to_string(), "1");
        assert_eq!(serde_json::to_string(&first).unwrap(), "1");
        assert_eq!(serde_json::from_str::<TurnNumber>("1").unwrap(), first);
    }
}
