//! The packs of languages: all that is known of a language, as data.
//!
//! In: a language code ("en", "en-US"). Out: its [`Pack`]. Memory: each pack once, when one is first asked for. A
//! further language is a file in `packs`, and a row in `FILES`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::contractions::Contractions;
use crate::everyday::Everyday;
use crate::reading::WordLists;
use crate::tables::{GuardWords, Language, RetrievalWords, SpokenWords, WritingWords};

/// The packs by code.
const FILES: &[(&str, &str)] = &[
    ("en", include_str!("packs/en.toml")),
    ("zh", include_str!("packs/zh.toml")),
    ("es", include_str!("packs/es.toml")),
    ("de", include_str!("packs/de.toml")),
];

/// What is known of a language. A part that is left out is not known.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pack {
    /// What words tell about a turn.
    pub turn: WordLists,
    /// What is said in every call.
    pub everyday: Option<Everyday>,
    /// What is needed to understand values that callers give.
    pub values: Option<Language>,
    /// Contractions, and what they stand for.
    pub contractions: Contractions,
    /// What is seen in written lines.
    pub writing: WritingWords,
    /// How what is written is read aloud.
    pub spoken: Option<SpokenWords>,
    /// What lines are found by.
    pub retrieval: RetrievalWords,
    /// What the guard has to know.
    pub guard: GuardWords,
}

static PACKS: LazyLock<Vec<(&str, Pack)>> = LazyLock::new(|| {
    FILES
        .iter()
        .map(|&(code, text)| (code, read(code, text)))
        .collect()
});

/// A pack is part of the program, and a test holds that it parses. There is no going on without one: a guard without
/// its words would let everything pass.
fn read(code: &str, text: &str) -> Pack {
    toml::from_str(text).unwrap_or_else(|error| panic!("the language pack `{code}`: {error}"))
}

/// The part of a language code that packs go by: "en" of "en-US", in lower case.
pub fn short(code: &str) -> String {
    base(code).to_lowercase()
}

fn base(code: &str) -> &str {
    code.split(['-', '_']).next().unwrap_or_default()
}

/// The pack of a language, if there is one.
pub fn of(code: &str) -> Option<&'static Pack> {
    let base = base(code);
    let mut packs = PACKS.iter();
    let found = packs.find(|(code, _)| code.eq_ignore_ascii_case(base));
    found.map(|(_, pack)| pack)
}

/// The packs of all languages.
pub fn all() -> impl Iterator<Item = &'static Pack> {
    PACKS.iter().map(|(_, pack)| pack)
}

/// The pack of English, for what reads English alone, whatever the language of the playbook: the guard, and the words
/// of retrieval and of the classifier.
pub fn english() -> &'static Pack {
    // A row of `FILES`, as a test holds.
    static ENGLISH: LazyLock<&Pack> = LazyLock::new(|| of("en").expect("the pack of English"));
    *ENGLISH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pack_parses_and_is_found_by_any_code_of_its_language() {
        for (code, text) in FILES {
            let pack: Pack = toml::from_str(text).unwrap_or_else(|e| panic!("{code}: {e}"));
            assert_ne!(pack.turn, WordLists::default(), "{code}");
        }
        assert_eq!(of("EN_us"), of("en"));
        assert!(of("en").is_some_and(|pack| pack.everyday.is_some() && pack.values.is_some()));
        assert!(of("zh").is_some_and(|pack| pack.everyday.is_some()));
        assert!(of("tlh").is_none());
    }

    /// Entries that a list holds twice. Parts of the day are spoken by the hour, and two of them are one.
    fn doubled(part: &toml::Value, place: &str) -> Vec<String> {
        match part {
            toml::Value::Table(parts) => parts
                .iter()
                .flat_map(|(name, part)| doubled(part, &format!("{place}.{name}")))
                .collect(),
            toml::Value::Array(list) if !place.ends_with(".spoken_parts") => list
                .iter()
                .enumerate()
                .filter(|(at, entry)| list[..*at].contains(entry))
                .map(|(_, entry)| format!("{place}: {entry}"))
                .collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn no_list_holds_an_entry_twice() {
        for (code, text) in FILES {
            let pack: toml::Value = toml::from_str(text).unwrap();
            assert_eq!(doubled(&pack, code), [""; 0]);
        }
    }
}
