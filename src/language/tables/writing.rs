//! Lines of a playbook and of the model, and what they are found by.
//!
//! In: a part of a pack. Out: its tables. Memory: see [`crate::lists`].

use serde::Deserialize;

use crate::lists::Phrases;

/// What is seen in written lines. The lists of all languages count in each of them.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WritingWords {
    /// End in a full stop that ends no sentence.
    pub abbreviations: Phrases,
    /// Announce a list, which nobody speaks.
    pub list_words: Phrases,
    /// Stand where a real word was forgotten.
    pub placeholders: Phrases,
    /// What a single cross between ideographs counts, as in "X元".
    pub crossed: Phrases,
    /// Join a second goal to the first, where a call has one.
    pub second_goals: Phrases,
}

/// What lines are found by that may answer a caller.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetrievalWords {
    /// Words that say little about what is asked, and what people say while they think. They count little, and
    /// decide only where there are no others: "where are you". In languages without such a list rarity alone
    /// decides.
    pub small_words: Phrases,
}
