//! The domain of a dictated e-mail address.
//!
//! In: the caller's words. Out: "gmail.com", and where it stands. Memory: short strings. When late or full: a label of
//! more than four words is none. Source: ours.

use super::{MAX_WORDS, Piece, dot_at, is_at, mark_at, piece};
use crate::text::is_letter;
use crate::values::heard::Heard;

/// A domain in the caller's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Domain {
    pub(super) text: String,
    /// Where the "at" before it is.
    pub(super) at: usize,
    pub(super) is_sure: bool,
}

/// The domain, after the last "at" that one follows.
pub(super) fn domain(heard: &Heard) -> Option<Domain> {
    let table = &heard.language.email;
    let written = (0..heard.len()).find_map(|at| {
        let (text, _, is_sure) = labels(heard, at + 1).filter(|_| is_at(heard, at))?;
        Some(Domain { text, at, is_sure })
    });
    let dictated = || {
        (1..heard.len()).rev().find_map(|at| {
            let words = heard.phrase_at(at, table.at);
            let (text, _, is_sure) = labels(heard, at + words).filter(|_| words > 0)?;
            Some(Domain { text, at, is_sure })
        })
    };
    // "John smith gmail dot com": the "at" was not heard.
    let without_at = || {
        (1..heard.len()).find_map(|at| {
            let (text, _, _) = labels(heard, at)?;
            let label = text.split('.').next().unwrap_or_default();
            let is_known = table.domains.contains(&label);
            is_known.then(|| Domain {
                text: text.clone(),
                at,
                is_sure: false,
            })
        })
    };
    written.or_else(dictated).or_else(without_at)
}

/// The labels of a domain from `at` on: the domain, where it ends, and whether its last label is a known one.
pub(super) fn labels(heard: &Heard, at: usize) -> Option<(String, usize, bool)> {
    let table = &heard.language.email;
    let (first, mut end, mut is_sure) = label(heard, at)?;
    let joined = first.replace('-', "");
    let first = if table.domains.contains(&joined.as_str()) {
        joined
    } else {
        first
    };
    let mut text = first;
    let mut is_known = false;
    loop {
        let dot = dot_at(heard, end);
        if dot == 0 {
            // "Dot co uk": the dot between was not heard.
            let is_country = table.after_co.contains(&heard.plain(end)) && text.ends_with(".co");
            if !is_country {
                break;
            }
        }
        let Some((last, last_end)) = last_label(heard, end + dot) else {
            // A label in the middle: "mail dot green valley dot com".
            let (middle, middle_end, sure) = label(heard, end + dot)?;
            if dot_at(heard, middle_end) == 0 {
                return None;
            }
            text = format!("{text}.{middle}");
            (end, is_sure) = (middle_end, is_sure && sure);
            continue;
        };
        is_known = table.ends.contains(&last.as_str());
        text = format!("{text}.{last}");
        end = last_end;
        is_sure &= is_known;
    }
    let is_last = text.rsplit('.').next().is_some_and(|last| {
        (2..=6).contains(&last.len()) && last.chars().all(|c| c.is_ascii_alphabetic())
    });
    (text.contains('.') && is_last).then_some((text, end, is_sure && is_known))
}

/// A last label, or one that others may follow ("co dot uk"): a word, or letters. None when the words up to the next
/// dot are several.
pub(super) fn last_label(heard: &Heard, at: usize) -> Option<(String, usize)> {
    let table = &heard.language.email;
    let is_letter = |at: usize| is_letter(heard.plain(at));
    let (text, end) = if is_letter(at) {
        let mut text = String::new();
        let mut end = at;
        while is_letter(end) && (end == at || !heard.words[end - 1].ends_sentence) {
            text.push_str(heard.plain(end));
            end += 1;
        }
        (text, end)
    } else {
        let plain = heard.plain(at);
        if plain.is_empty() || !plain.chars().all(char::is_alphanumeric) {
            return None;
        }
        let right = table.misheard.iter().find(|(wrong, _)| *wrong == plain);
        (right.map_or(plain, |(_, right)| *right).to_owned(), at + 1)
    };
    // "Dot green valley dot com": several words up to the next dot are no last label.
    let next_dot = (end..heard.len().min(end + MAX_WORDS)).find(|&next| dot_at(heard, next) > 0);
    let in_middle = !table.ends.contains(&text.as_str()) && next_dot.is_some_and(|next| next > end);
    (!in_middle).then_some((text, end))
}

/// One label: words, letters, figures and dashes up to the next dot; and whether it is one word.
pub(super) fn label(heard: &Heard, at: usize) -> Option<(String, usize, bool)> {
    let table = &heard.language.email;
    let mut text = String::new();
    let (mut end, mut words) = (at, 0);
    let (mut was_word, mut is_sure) = (false, true);
    while end < heard.len() && dot_at(heard, end) == 0 {
        let noise = heard.phrase_at(end, table.noise);
        if noise > 0 {
            end += noise;
            continue;
        }
        if is_at(heard, end) || heard.phrase_at(end, table.at) > 0 || words > 2 * MAX_WORDS {
            return None;
        }
        if let Some((mark, length)) = mark_at(heard, end) {
            if mark != '-' {
                return None;
            }
            text.push(mark);
            end += length;
            was_word = false;
            continue;
        }
        let (piece, length, kind) = piece(heard, end)?;
        is_sure &= !(was_word && kind == Piece::Word);
        was_word = kind == Piece::Word;
        words += usize::from(was_word);
        text.push_str(&piece);
        end += length;
    }
    let fits = !text.is_empty() && words <= MAX_WORDS;
    let is_known = table.domains.contains(&text.as_str());
    fits.then_some((text, end, is_sure || is_known))
}
