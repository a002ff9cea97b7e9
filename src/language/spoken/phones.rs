//! Phone numbers, figure by figure, with a pause between groups: "(417) 555-0123".
//!
//! In: a place in a written text. Out: its groups, each a part of its own, so that it is known which of them was heard.
//! Memory: short strings.

use super::codes::{self, one_by_one};
use super::written::{Kind, Part, Said, Written};
use crate::tables::SpokenWords;

/// Figures of a phone number.
const LENGTHS: std::ops::RangeInclusive<usize> = 7..=15;
/// In as many groups of four figures cards and accounts are written.
const FOURS: usize = 3;

/// Groups of figures, each by its token.
struct Number {
    groups: Vec<usize>,
    end: usize,
    /// It has a "+" or an area code in brackets.
    is_certain: bool,
    start: usize,
    has_plus: bool,
}

pub(super) fn read(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    number(written, words, at)
        .map(|number| said(written, words, &number))
        .unwrap_or_else(|| short(written, words, at))
}

fn said(written: &Written, words: &SpokenWords, number: &Number) -> Option<Said> {
    let mut parts = Vec::new();
    for (place, at) in number.groups.iter().enumerate() {
        let digits = written.get(*at);
        let before = match (place, number.has_plus) {
            (0, true) => format!("{} ", words.numbers.plus),
            (0, false) => String::new(),
            _ => words.digits.pause.to_owned(),
        };
        // A long group is read in parts too; that of North America begins with its country.
        let is_abroad = number.has_plus && digits.len() == 11;
        let digits = match digits.strip_prefix('1').filter(|_| is_abroad) {
            Some(rest) => format!("1{}{}", words.digits.pause, codes::in_groups(words, rest)),
            None if digits.len() <= 5 => one_by_one(digits),
            None => codes::in_groups(words, digits),
        };
        parts.push(Part {
            start: if place == 0 { number.start } else { *at },
            text: before + &digits,
        });
    }
    Said::of(number.end, parts)
}

fn number(written: &Written, words: &SpokenWords, at: usize) -> Option<Number> {
    let has_plus = written.get(at) == "+";
    if !written.is_fresh(at) || (has_plus && written.kind_before(at) == Kind::Word) {
        return None;
    }
    let mut end = at + usize::from(has_plus);
    let mut groups = Vec::new();
    let mut is_certain = has_plus;
    let mut marks: Vec<&str> = Vec::new();
    loop {
        // A bracket around an area code, or around the zero that is not dialled from abroad.
        let bracket = written.get(end) == "(" && written.get(end + 2) == ")";
        let group = end + usize::from(bracket);
        let Some(digits) = written.digits(group) else {
            break;
        };
        if bracket && !(1..=5).contains(&digits.len()) {
            break;
        }
        is_certain |= bracket && digits.len() > 1;
        groups.push(group);
        end = group + 1 + usize::from(bracket);
        let mark = written.get(end);
        let next = match (written.kind(end), mark) {
            (Kind::Space, " " | "\u{a0}" | "\u{202f}") | (Kind::Mark, "-" | "." | "‑" | "–") => {
                end + 1
            }
            (Kind::Mark, "/") if groups.len() == 1 => end + 1,
            (Kind::Mark, "(") => end,
            (Kind::Digits, _) if bracket => end,
            _ => break,
        };
        let opens = written.get(next) == "(" && written.kind(next + 1) == Kind::Digits;
        if written.kind(next) != Kind::Digits && !opens {
            break;
        }
        if next > end {
            marks.push(mark);
        }
        end = next;
    }
    let number = |length: usize| {
        let groups = groups.get(..length)?.to_vec();
        let last = *groups.last()?;
        let number = Number {
            end: last + 1 + usize::from(written.get(last + 1) == ")"),
            groups,
            is_certain,
            start: at,
            has_plus,
        };
        let is_phone = is_phone(written, words, &number, &marks);
        (is_phone && written.is_over(number.end)).then_some(number)
    };
    let longest = (1..=groups.len()).rev().find_map(number);
    // "417 555 0123 24 hours a day": the last figures count something.
    let counts = |number: &Number| names_something(written, number.end);
    let before = |longest: &Number| (1..longest.groups.len()).rev().find_map(number);
    match longest {
        Some(longest) if longest.groups.len() > 1 && counts(&longest) => {
            Some(before(&longest).unwrap_or(longest))
        }
        longest => longest,
    }
}

fn is_phone(written: &Written, words: &SpokenWords, number: &Number, marks: &[&str]) -> bool {
    let lengths: Vec<usize> = (number.groups.iter())
        .map(|at| written.get(*at).len())
        .collect();
    let total: usize = lengths.iter().sum();
    let (last, others) = lengths.split_last().unwrap_or((&0, &[]));
    if others.len() + 1 >= FOURS && *last <= 4 && others.iter().all(|length| *length == 4) {
        return true;
    }
    if !LENGTHS.contains(&total) {
        return false;
    }
    if number.is_certain {
        return true;
    }
    if lengths.len() < 2 {
        return false;
    }
    let first = number.groups.first().map_or("", |at| written.get(*at));
    let is_known = (words.digits.phones.into_iter()).any(|shape| shape[..] == lengths[..]);
    // Quantities begin with no zero; dates have full stops or slashes.
    let is_national = first.len() >= 2
        && first.starts_with('0')
        && (!marks.contains(&".") || lengths.len() > 3)
        && lengths.iter().skip(1).all(|length| *length >= 2);
    let is_slashed = marks.first() == Some(&"/");
    if is_slashed {
        is_national && first.len() > 2
    } else {
        is_known || is_national
    }
}

/// Numbers of few figures: "911", "dial 112".
fn short(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let digits = written.digits(at)?;
    let speech = &words.digits;
    let before = written.word_before(at);
    let is_called = speech.call.contains(&before.as_str()) || !names_something(written, at + 1);
    let fits = speech.short.contains(&digits)
        && is_called
        && written.is_fresh(at)
        && written.is_over(at + 1);
    fits.then(|| Said::new(at, at + 1, one_by_one(digits)))
        .flatten()
}

/// Whether a word follows that is counted or addressed: "911 calls", "911 Main Street".
fn names_something(written: &Written, at: usize) -> bool {
    let word = written.gap(at);
    let counts = |word: &str| !written.is_small_word(&word.to_lowercase());
    word > at && written.word(word).is_some_and(counts)
}
