//! What the words of a sentence mean to the guard: which tell nothing, which measure, and phrases to look for.
//!
//! In: text. Out: phrases with their contractions written out. Memory: short strings per sentence.

use std::collections::HashSet;
use std::sync::LazyLock;

use patter_language::pack;
use patter_language::tables::{
    FigureWords, GuardWords, Language, LeakWords, PromiseWords, SentenceWords,
};
use patter_language::text::normalise;
use patter_language::words::{Word, words};

/// The lists of the guard: it reads English alone, whatever the language of the playbook.
fn lists() -> &'static GuardWords {
    &pack::english().guard
}

/// Words of sentences.
pub(super) fn sentence_words() -> &'static SentenceWords {
    &lists().words
}

/// Words around numbers, sums, days and times.
pub(super) fn figure_words() -> &'static FigureWords {
    &lists().figures
}

/// Words of promises.
pub(super) fn promise_words() -> &'static PromiseWords {
    &lists().promises
}

/// What is meant for the agent and not for the caller.
pub(super) fn leak_words() -> &'static LeakWords {
    &lists().leaks
}

/// Numbers and days in English words.
pub(super) fn english() -> &'static Language {
    // A test of the packs holds that English has them; a guard without numbers would let every price pass.
    let values = pack::english().values.as_ref();
    values.expect("`[values]` of the pack of English")
}

/// Words that tell nothing of what a sentence is about.
static FUNCTION_WORDS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| sentence_words().function_words.iter().copied().collect());

/// Whether a word, in lower case, tells nothing of what a sentence is about.
pub(super) fn is_function_word(plain: &str) -> bool {
    FUNCTION_WORDS.contains(plain)
}

/// `text` as phrases are looked for: normalised, contractions written out, a space at each end.
pub(super) fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    out.push(' ');
    for word in normalise(text).split(' ').filter(|w| !w.is_empty()) {
        let contractions = &pack::english().contractions;
        let (stem, rest) = contractions.written_out(word).unwrap_or((word, ""));
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

/// Whether `spaced` holds `phrase` as whole words; the phrase is in lower case with its contractions written out. Only
/// spaces part words, since the guard reads English: it does not find an English word inside a Chinese sentence, as
/// [`patter_language::text::contains_words`] does.
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
    fn phrases_of_the_lists_stand_as_they_are_looked_for() {
        let (figures, promises, leaks) = (figure_words(), promise_words(), leak_words());
        assert!(!promises.phrases.is_empty());
        for phrase in [
            figures.echoes,
            figures.offers,
            promises.phrases,
            promises.news,
            promises.free_answers,
            promises.condolences,
            promises.losses,
            leaks.prompt_words,
            leaks.thoughts,
            leaks.off_persona,
            leaks.blanks,
            leaks.web,
        ]
        .into_iter()
        .flatten()
        {
            assert_eq!(spaced(phrase).trim(), *phrase);
        }
    }
}
