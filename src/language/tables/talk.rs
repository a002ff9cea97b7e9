//! Answers, and what surrounds them.
//!
//! In: a part of a pack. Out: its tables. Memory: see [`crate::lists`].

use serde::Deserialize;

use crate::lists::{Meanings, Phrases, Text, kept};

/// Yes, no, and picking from a list. To a question of yes or no more phrases are an answer than in
/// [`crate::everyday`], and each says how sure it is.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerWords {
    /// Plain agreement.
    pub yes: Phrases,
    /// Agreement, if a clause ends with it: "I do".
    pub yes_short: Phrases,
    /// Agreement, if nothing else is said.
    pub yes_alone: Phrases,
    /// Half-hearted agreement.
    pub yes_perhaps: Phrases,
    /// Denial.
    pub no: Phrases,
    /// Denial, surely if a clause ends with it: "I don't".
    pub no_short: Phrases,
    /// Denial of the rest of the clause: "I don't think that's right".
    pub no_clause: Phrases,
    /// Neither.
    pub open: Phrases,
    /// Places in a list, from 1; from its end, from -1.
    pub places: Meanings<i32>,
    /// More than one of a list, or none.
    pub several: Phrases,
    /// Words of a choice that do not tell it from others.
    pub small: Phrases,
}

/// How people talk around what they give.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TalkWords {
    /// Sounds of thinking, of no matter anywhere.
    pub hesitations: Phrases,
    /// Two of those that are an answer together.
    pub hums: Meanings<Text>,
    /// Beginnings that change nothing.
    pub openers: Phrases,
    /// Ends that change nothing.
    pub closers: Phrases,
    /// Requests to wait, and what leaves all open: of no matter beside a value.
    pub waiting: Phrases,
    /// Nothing is given.
    pub nothing: Phrases,
    /// Beginnings of questions that give nothing.
    pub questions: Phrases,
    /// Beginnings of questions that propose something.
    pub proposals: Phrases,
    /// After these the caller begins anew.
    pub restarts: Phrases,
    /// Beginnings of a correction.
    pub denials: Phrases,
    /// Before what is not meant.
    pub not: Phrases,
    /// After what is not meant.
    pub unfit: Phrases,
    /// How a value is read back.
    #[serde(deserialize_with = "kept")]
    pub confirm: Text,
    /// Between two of which neither is chosen.
    pub or: Phrases,
    /// Words that recognition writes in several ways.
    pub spellings: Meanings<Text>,
}
