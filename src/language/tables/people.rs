//! What people are called, and how it is spelled: letters, e-mail addresses, names.
//!
//! In: a part of a pack. Out: its tables. Memory: see [`crate::lists`].

use serde::Deserialize;

use crate::lists::{List, Meanings, Phrases, Text};

/// Letters read out.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LetterWords {
    /// Between a letter and the word that explains it.
    pub explain: Phrases,
    /// Words of spelling alphabets.
    pub alphabet: Phrases,
    /// Letters as recognition writes their names; counts beside letters only.
    pub names: Meanings<char>,
    /// After "double" for the letter w.
    pub double_u: Phrases,
    /// The next letter so many times.
    pub repeats: Meanings<usize>,
    /// Before a letter, and of no matter.
    pub cases: Phrases,
    /// Marks inside a name.
    pub marks: Meanings<char>,
    /// Ends of a letter that is named more than once: "two t's".
    pub plurals: Phrases,
    /// Letters that sound alike: what was meant, and what was heard in its place.
    pub similar: Meanings<Text>,
    /// Before a letter that is to be put in.
    pub with: Phrases,
    /// Before a letter that is to be left out.
    pub without: Phrases,
    /// After a letter that is to be added.
    pub at_end: Phrases,
    /// After a letter that is to be put first.
    pub at_start: Phrases,
}

/// E-mail addresses.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailWords {
    /// Between mailbox and domain.
    pub at: Phrases,
    /// Between labels.
    pub dot: Phrases,
    /// Other marks.
    pub marks: Meanings<char>,
    /// Last labels.
    pub ends: Phrases,
    /// Last labels that follow "co".
    pub after_co: Phrases,
    /// Last labels that can be spoken as a word.
    pub spoken_ends: Phrases,
    /// What recognition writes for them.
    pub misheard: Meanings<Text>,
    /// Domains that need no "at" before them.
    pub domains: Phrases,
    /// Before an address.
    pub announce: Phrases,
    /// Words of sentences, which are no part of an address.
    pub stops: Phrases,
    /// How an address is written: of no matter.
    pub noise: Phrases,
}

/// A title: as heard, as written, as spoken.
pub type Title = (Text, Text, Text);

/// Names of persons.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameWords {
    /// Before a name.
    pub announce: Phrases,
    /// Before a name, or before anything else.
    pub announce_weakly: Phrases,
    /// Before a first name.
    pub first: Phrases,
    /// Before a last name.
    pub last: Phrases,
    /// Titles.
    pub titles: List<Title>,
    /// Parts of names that are written small.
    pub particles: Phrases,
    /// Words that are no names.
    pub others: Phrases,
    /// Between a name and its letters.
    pub spelling: Phrases,
    /// Words that end a name.
    pub ends: Phrases,
    /// Have a capital letter wherever they stand: "I", and contractions of it.
    pub capitals: Phrases,
    /// Ends of words that are no names after a weak announcement.
    pub verb_ends: Phrases,
}
