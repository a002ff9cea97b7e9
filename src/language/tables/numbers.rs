//! Numbers, digits and sums of money.
//!
//! In: a part of a pack. Out: its tables. Memory: see [`crate::lists`].

use serde::Deserialize;

use crate::lists::{Meanings, Phrases, Text, kept};

/// Numbers in words.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberWords {
    /// From zero to nineteen.
    #[serde(deserialize_with = "kept")]
    pub small: [Text; 20],
    /// From twenty to ninety, in tens.
    #[serde(deserialize_with = "kept")]
    pub tens: [Text; 8],
    /// The word for hundred.
    #[serde(deserialize_with = "kept")]
    pub hundred: Text,
    /// From a thousand on.
    pub scales: Meanings<u64>,
    /// From the zeroth to the nineteenth.
    #[serde(deserialize_with = "kept")]
    pub ordinals: [Text; 20],
    /// From the twentieth to the ninetieth, in tens.
    #[serde(deserialize_with = "kept")]
    pub ordinal_tens: [Text; 8],
    /// Between hundreds and what follows.
    #[serde(deserialize_with = "kept")]
    pub and: Text,
    /// One, before "hundred".
    pub one: Phrases,
    /// Before decimals.
    pub point: Phrases,
    /// How hundredths are spoken.
    #[serde(deserialize_with = "kept")]
    pub percent: Text,
    /// Before a number below zero.
    pub minus: Phrases,
    /// A half more.
    pub and_half: Phrases,
    /// Numbers with a name.
    pub sets: Meanings<u64>,
    /// What a number may count without being one: "one moment", "two questions".
    pub harmless: Phrases,
    /// Before "one" where it stands for a thing: "that one".
    pub before_pronoun: Phrases,
    /// What is counted and is no money.
    pub measures: Phrases,
}

/// Numbers that are read out digit by digit. Here they are for the value; [`crate::reading::WordLists`] has digits
/// of its own, to count how many there are so far.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DigitWords {
    /// Zero, beside the number word.
    pub zero: Phrases,
    /// The next digit so many times.
    pub repeats: Meanings<usize>,
    /// What recognition writes for digits; counts between digits only.
    pub misheard: Meanings<Text>,
    /// Between digits of one number.
    pub joins: Phrases,
    /// Before the code of a country.
    pub plus: Phrases,
    /// What may stand around a short number that is all the answer.
    pub around: Phrases,
    /// Places of digits from the left, from 1; from the right, from -1.
    pub places: Meanings<i32>,
    /// After a place: "the last digit".
    pub digit: Phrases,
    /// Digits at the end or the beginning: "it ends in four five".
    pub ends: Phrases,
    /// Digits at the beginning.
    pub starts: Phrases,
}

/// Sums of money.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoneyWords {
    /// Codes of currencies.
    pub units: Meanings<Text>,
    /// Hundredths of them.
    pub cents: Meanings<Text>,
    /// Scales that only money has.
    pub scales: Meanings<u64>,
    /// How each code is spoken: one, several, and one and several of its hundredths.
    pub spoken: Meanings<[Text; 4]>,
}
