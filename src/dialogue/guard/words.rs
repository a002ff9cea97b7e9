//! What the words of a sentence mean to the guard: which tell nothing, which measure, and phrases to look for.
//!
//! Thread: any. In: text. Out: stems, phrases with their contractions written out. Memory: short strings per sentence.

use std::collections::HashSet;
use std::sync::LazyLock;

use patter_language::tables::{self, Language};
use patter_language::text::normalise;
use patter_language::words::{Word, words};

/// What is known of English: the guard reads it alone, whatever the language of the playbook.
pub(super) fn english() -> &'static Language {
    static ENGLISH: LazyLock<&Language> = LazyLock::new(|| {
        static NONE: LazyLock<Language> = LazyLock::new(Language::default);
        tables::of("en").unwrap_or(&NONE)
    });
    &ENGLISH
}

/// Words that tell nothing of what a sentence is about.
static FUNCTION_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "a an the this that these those it its i me my you your yours we us our they them their he she him her his who what which \
     when where why how there here am is are was were be been being do does did done have has had having will would can could \
     shall should may might must not no yes and or but so if then than because while as of in on at to from for with without \
     by about into over under up down out off per each every all any some more most less least only just also too very really \
     quite even still already now again once ever never always well okay ok sure please thank thanks hello hi hey great good \
     fine nice perfect happy glad sorry course right like want need get give go come take make let see say tell know think \
     ask help cost pay price start around between until till within after before during since through both other another such \
     same much many few little lot thing way bit maybe perhaps absolutely exactly correct understand hear love that's it's \
     i'm i'll i'd i've we're we'll we've you'll you're you've you'd there's here's let's don't can't won't isn't doesn't \
     didn't what's"
        .split(' ')
        .collect()
});

/// Words that count or measure something.
pub(super) const MEASURES: &[&str] = &[
    "dollar", "euro", "pound", "cent", "buck", "percent", "second", "minute", "hour", "day",
    "night", "week", "month", "year",
];

/// Whether a word, in lower case, tells nothing of what a sentence is about.
pub(super) fn is_function_word(plain: &str) -> bool {
    FUNCTION_WORDS.contains(plain)
}

/// A word without its plural or possessive.
pub(super) fn stem(plain: &str) -> String {
    let word = plain.strip_suffix("'s").unwrap_or(plain);
    let stemmed = match word {
        _ if word.len() < 4 || word.ends_with("ss") || word.ends_with("us") => word,
        _ if word.ends_with("ies") => return format!("{}y", &word[..word.len() - 3]),
        _ if ["sses", "xes", "ches", "shes"]
            .iter()
            .any(|end| word.ends_with(end)) =>
        {
            &word[..word.len() - 2]
        }
        _ => word.strip_suffix('s').unwrap_or(word),
    };
    stemmed.to_owned()
}

/// `text` as phrases are looked for: normalised, contractions written out, a space at each end.
pub(super) fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    out.push(' ');
    for word in normalise(text).split(' ').filter(|w| !w.is_empty()) {
        let (stem, rest) = written_out(word);
        out.push_str(stem);
        out.push_str(rest);
        out.push(' ');
    }
    out
}

/// `text` cut after each word that `ends` a piece; every piece as phrases are looked for.
pub(super) fn cut(text: &str, ends: impl Fn(&Word) -> bool) -> Vec<String> {
    let found = words(text);
    found
        .split_inclusive(|word| ends(word))
        .map(joined)
        .collect()
}

/// Words as phrases are looked for.
pub(super) fn joined(words: &[Word]) -> String {
    let texts: Vec<&str> = words.iter().map(|word| word.plain.as_str()).collect();
    spaced(&texts.join(" "))
}

/// A contraction as two words; the apostrophe of a possessive stays.
fn written_out(word: &str) -> (&str, &str) {
    const ENDS: &[(&str, &str)] = &[
        ("'ll", " will"),
        ("'re", " are"),
        ("'m", " am"),
        ("'ve", " have"),
        ("'d", " would"),
    ];
    const IS: &[&str] = &[
        "it", "that", "there", "here", "what", "who", "he", "she", "where", "how",
    ];
    match word {
        "can't" | "cannot" => return ("can", " not"),
        "won't" => return ("will", " not"),
        "let's" => return ("let", " us"),
        _ => {}
    }
    if let Some(stem) = word.strip_suffix("n't") {
        return (stem, " not");
    }
    if let Some(stem) = word.strip_suffix("'s").filter(|stem| IS.contains(stem)) {
        return (stem, " is");
    }
    ENDS.iter()
        .find_map(|&(end, full)| word.strip_suffix(end).map(|stem| (stem, full)))
        .unwrap_or((word, ""))
}

/// Whether `spaced` holds `phrase` as whole words; the phrase is in lower case with its contractions written out.
pub(super) fn holds(spaced: &str, phrase: &str) -> bool {
    spaced
        .match_indices(phrase)
        .any(|(at, _)| spaced[..at].ends_with(' ') && spaced[at + phrase.len()..].starts_with(' '))
}

/// The first of `phrases` that `spaced` holds.
pub(super) fn find<'a>(spaced: &str, phrases: &[&'a str]) -> Option<&'a str> {
    phrases.iter().copied().find(|phrase| holds(spaced, phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contractions_are_written_out_and_words_are_whole() {
        assert_eq!(
            spaced("I’ll say it's this year's, can't I?"),
            " i will say it is this year's can not i "
        );
        assert!(holds(&spaced("We'll call."), "we will call"));
        assert!(!holds(&spaced("We'll recall."), "call"));
        assert_eq!(spaced(" ?! "), " ");
    }

    #[test]
    fn plurals_and_possessives_share_a_stem() {
        for (word, stemmed) in [
            ("days", "day"),
            ("classes", "class"),
            ("business", "business"),
            ("companies", "company"),
            ("year's", "year"),
            ("gas", "gas"),
        ] {
            assert_eq!(stem(word), stemmed);
        }
    }
}
