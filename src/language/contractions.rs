//! Contractions: "I'll" and "I will" are compared as the same.
//!
//! In: a word in normal form, see [`crate::text::normalise`]. Out: what it stands for. Memory: none of its own, see
//! [`crate::pack`]. Shared by the guard and the classifier.

use serde::Deserialize;

use crate::lists::{Meanings, Phrases, Text};

/// The contractions of one language, and what they stand for.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contractions {
    /// Whole words.
    pub words: Meanings<Text>,
    /// Whole words that only the guard writes out: with them the classifier is less right about how sure it is.
    pub exact_words: Meanings<Text>,
    /// Ends of words.
    pub ends: Meanings<Text>,
    /// After these words "'s" stands for "is"; after others it marks whose something is.
    pub is: Phrases,
}

impl Contractions {
    /// A contraction as its stem and the words that follow it: "i" and " will". None for any other word.
    pub fn written_out<'a>(&self, word: &'a str) -> Option<(&'a str, Text)> {
        if let Some((_, full)) = self.exact_words.iter().find(|(known, _)| *known == word) {
            return Some(("", full));
        }
        let possessive = word.strip_suffix("'s");
        if possessive.is_some_and(|stem| !self.is.contains(&stem)) {
            return None;
        }
        self.roughly_written_out(word)
    }

    /// The same for the classifier, which need not tell "the caller's" from "the caller is": "'s" stands for "is" after
    /// any word.
    pub fn roughly_written_out<'a>(&self, word: &'a str) -> Option<(&'a str, Text)> {
        if let Some((_, full)) = self.words.iter().find(|(known, _)| *known == word) {
            return Some(("", full));
        }
        let mut ends = self.ends.iter();
        let found = ends.find_map(|(end, full)| Some((word.strip_suffix(end)?, *full)));
        found.or_else(|| Some((word.strip_suffix("'s")?, " is")))
    }
}

#[cfg(test)]
mod tests {
    use crate::pack;

    #[test]
    fn contractions_are_told_from_possessives() {
        let contractions = &pack::english().contractions;
        for (word, expected) in [
            ("i'll", Some(("i", " will"))),
            ("can't", Some(("", "can not"))),
            ("let's", Some(("", "let us"))),
            ("it's", Some(("it", " is"))),
            ("caller's", None),
            ("outlet's", None),
            ("will", None),
        ] {
            assert_eq!(contractions.written_out(word), expected, "{word}");
        }
        let rough = contractions.roughly_written_out("caller's");
        assert_eq!(rough, Some(("caller", " is")));
    }
}
