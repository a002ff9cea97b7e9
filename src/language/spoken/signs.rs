//! Signs between words and figures: "&", "=", "he/she", "24/7".
//!
//! In: a place in a written text. Out: the word. Memory: short strings.

use super::written::{Kind, Said, Written};
use crate::tables::SpokenWords;

/// Figures with a reading of their own.
pub(super) fn fixed(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    if written.kind(at) != Kind::Digits || !written.is_fresh(at) {
        return None;
    }
    let (end, text) = written.after_any(at, &words.numbers.fixed)?;
    let is_over = written.is_over(end) && written.get(end) != "%";
    is_over.then(|| Said::new(at, end, *text)).flatten()
}

pub(super) fn read(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    match written.kind(at) {
        Kind::Word => slashed(written, words, at),
        Kind::Mark => between(written, words, at),
        _ => None,
    }
}

/// "he/she", "and/or": two words, or more.
fn slashed(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let speech = &words.words;
    if !written.is_fresh(at) {
        return None;
    }
    // "10 ft x 12 ft".
    let is_alone = written.gap(at + 1) > at + 1 && written.kind_before(at) == Kind::Space;
    if written.get(at) == "x" && is_alone && written.kind(at + 2) == Kind::Digits && at > 1 {
        let by = words.numbers.by;
        return (!by.is_empty())
            .then(|| Said::new(at, at + 1, by))
            .flatten();
    }
    if let Some((end, text)) = written.after_any(at, &speech.joined)
        && written.is_over(end)
    {
        return Said::new(at, end, *text);
    }
    let is_word = |at: usize| {
        let word = written.word(at).unwrap_or_default();
        word.chars().count() > 1 && word.chars().skip(1).all(char::is_lowercase)
    };
    if speech.or.is_empty() || !is_word(at) {
        return None;
    }
    let mut end = at + 1;
    let mut text = written.get(at).to_owned();
    while written.get(end) == "/" && is_word(end + 1) {
        text = format!("{text} {} {}", speech.or, written.get(end + 1));
        end += 2;
    }
    (end > at + 1 && written.is_over(end))
        .then(|| Said::new(at, end, text))
        .flatten()
}

/// A sign with words or numbers on both sides.
fn between(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let (end, name) = written.after_any(at, &words.words.signs)?;
    let before = match written.kind_before(at) {
        Kind::Space => at.checked_sub(2),
        _ => at.checked_sub(1),
    };
    let spaced = written.kind_before(at) == Kind::Space;
    let is_edge = |at: usize| spaced && ")(\"”’'“%$€£".contains(written.get(at));
    let is_word = |at: usize| match written.kind(at) {
        Kind::Word | Kind::Digits => true,
        Kind::Mark => is_edge(at),
        _ => false,
    };
    let same = spaced == (written.kind(end) == Kind::Space);
    let joins = before.is_some_and(is_word) && is_word(end + usize::from(spaced)) && same;
    // A sign that touches only what follows is of another kind: "=5", "@home".
    joins.then(|| Said::new(at, end, *name)).flatten()
}
