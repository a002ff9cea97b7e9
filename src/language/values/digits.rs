//! Digits read out: codes, account numbers, phone numbers.
//!
//! In: the caller's words. Out: digits alone, "417550"; a phone number may begin with "+". Memory: short strings. When
//! late or full: a number of more than [`MAX_DIGITS`] digits is none. Source: E.164 for the length of phone numbers;
//! ours for how numbers are read out.
//!
//! "Nineteen eighty four" is 1984, "double five" 55, "eight hundred" 800, "oh" 0; "to" and "for" are digits between
//! digits. A number of which the length is known may come in parts: what is there so far is captured as not sure, and
//! continued.

use std::ops::Range;

use super::heard::Heard;
use super::{Entity, SlotKind};
use crate::numbers;
use crate::tables::{DigitWords, Language, NumberWords};
use crate::text::is_letter;
pub(super) use corrected::{correct, go_on};

mod corrected;

/// Digits of the longest number.
pub(super) const MAX_DIGITS: usize = 30;
/// Digits of the shortest and the longest phone numbers.
const PHONE: std::ops::RangeInclusive<usize> = 7..=15;
/// Fewer digits of a phone number are a number of something else.
const MIN_PART: usize = 3;

/// Digits that stand together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) digits: String,
    pub(super) words: Range<usize>,
    /// Pieces it was said in.
    pieces: usize,
    plus: bool,
    /// A word of it is a digit only because of those around it.
    doubtful: bool,
}

impl Run {
    fn value(&self) -> String {
        let sign = if self.plus { "+" } else { "" };
        format!("{sign}{}", self.digits)
    }
}

/// The number in `heard` that `kind` asks for, or the beginning of it.
pub(super) fn capture(heard: &Heard, kind: &SlotKind) -> Option<Entity> {
    let runs = runs(heard);
    let wanted = match kind {
        SlotKind::Digits { count } => count.map(|count| count as usize),
        _ => None,
    };
    let found = match wanted {
        Some(wanted) => of_length(heard, &runs, wanted),
        None => {
            let longest = runs.iter().max_by_key(|run| run.digits.len())?;
            let mut others = runs
                .iter()
                .filter(|run| run.digits.len() == longest.digits.len());
            let is_alone = is_answer(heard, longest);
            let is_sure = !longest.doubtful
                && others.all(|run| run.digits == longest.digits)
                && !beside_letter(heard, longest);
            let length = longest.digits.len();
            match kind {
                SlotKind::Phone if length > *PHONE.end() => None,
                SlotKind::Phone if length >= *PHONE.start() => Some((longest.value(), is_sure)),
                SlotKind::Phone => {
                    (length >= MIN_PART && is_alone).then(|| (longest.value(), false))
                }
                _ if length >= MIN_PART || is_alone => Some((longest.digits.clone(), is_sure)),
                _ => None,
            }
        }
    };
    let (value, is_sure) = found?;
    captured(&value, is_sure, heard.language)
}

/// The digits of `value` with how they are spoken.
fn captured(value: &str, is_sure: bool, language: &Language) -> Option<Entity> {
    let count = value.chars().filter(char::is_ascii_digit).count();
    (1..=MAX_DIGITS)
        .contains(&count)
        .then(|| Entity::new(value, spoken(value, language), is_sure))
}

/// The number of `wanted` digits, or the beginning of it.
fn of_length(heard: &Heard, runs: &[Run], wanted: usize) -> Option<(String, bool)> {
    let exact: Vec<&Run> = runs
        .iter()
        .filter(|run| run.digits.len() == wanted)
        .collect();
    if let [first, others @ ..] = exact.as_slice() {
        let is_short = first.pieces == 1 && wanted < MIN_PART;
        if is_short && !is_answer(heard, first) {
            return None;
        }
        let is_sure = others.iter().all(|other| other.digits == first.digits);
        return Some((first.digits.clone(), is_sure && !first.doubtful));
    }
    let said_twice = runs.iter().find(|run| {
        let (first, second) = run.digits.split_at(run.digits.len() / 2);
        run.digits.len() == 2 * wanted && first == second
    });
    if let Some(run) = said_twice {
        return Some((run.digits[..wanted].to_owned(), true));
    }
    // "Oh, four one seven five": the sigh is no zero.
    let sighed = runs.iter().find(|run| {
        let first = heard.plain(run.words.start);
        run.digits.len() == wanted + 1
            && run.words.start == 0
            && heard.language.digits.zero.contains(&first)
    });
    if let Some(run) = sighed {
        return Some((run.digits[1..].to_owned(), false));
    }
    let all: String = runs.iter().map(|run| run.digits.as_str()).collect();
    if all.len() == wanted {
        return Some((all, false));
    }
    let longest = runs.iter().max_by_key(|run| run.digits.len())?;
    let is_part = longest.digits.len() < wanted
        && (longest.digits.len() >= MIN_PART || longest.pieces > 1 || is_answer(heard, longest));
    is_part.then(|| (longest.digits.clone(), false))
}

/// "A four five": a code of letters and digits, of which only the digits are understood.
fn beside_letter(heard: &Heard, run: &Run) -> bool {
    is_letter(heard.before(run.words.start)) || is_letter(heard.plain(run.words.end))
}

/// A short number is the answer when little else is said: "it's four", not "I have two cards".
fn is_answer(heard: &Heard, run: &Run) -> bool {
    let talk = &heard.language.talk;
    let lists = [
        heard.language.digits.around,
        talk.openers,
        talk.closers,
        talk.denials,
    ];
    heard.is_only(0..run.words.start, &lists) && heard.is_only(run.words.end..heard.len(), &lists)
}

/// All digits in `heard`.
pub(super) fn runs(heard: &Heard) -> Vec<Run> {
    let table = &heard.language.digits;
    let mut runs: Vec<Run> = Vec::new();
    let mut at = 0;
    // Where the next piece still belongs to the last run.
    let mut joined_until = None;
    while at < heard.len() {
        let is_joined = joined_until == Some(at) && !runs.is_empty();
        let misheard = || {
            let (digit, length) = heard.meaning_at(at, table.misheard)?;
            piece(heard, at + length)?;
            is_joined.then(|| (digit.to_owned(), length, true))
        };
        let Some((digits, length, doubtful)) = piece(heard, at)
            .map(|(digits, length)| (digits, length, false))
            .or_else(misheard)
        else {
            at += 1;
            continue;
        };
        let end = at + length;
        // "0123, 24 hours a day", "one more time": what counts something is no part of the number.
        if is_joined && counts(heard, end) {
            at = end;
            continue;
        }
        match runs.last_mut() {
            Some(run) if is_joined => {
                run.digits.push_str(&digits);
                run.words.end = end;
                run.pieces += 1;
                run.doubtful |= doubtful;
            }
            _ => runs.push(Run {
                digits,
                words: at..end,
                pieces: 1,
                plus: heard.phrase_before(at, table.plus) > 0,
                doubtful,
            }),
        }
        // "And", "dash" between two pieces.
        let glue = heard.phrase_at(end, table.joins);
        let goes_on = glue > 0 && piece(heard, end + glue).is_some();
        at = if goes_on { end + glue } else { end };
        joined_until = Some(at);
    }
    runs
}

/// The number before `end` counts what follows.
fn counts(heard: &Heard, end: usize) -> bool {
    let next = heard.plain(end);
    heard.language.numbers.measures.contains(&next) && !heard.is_clause_start(end)
}

/// The digits that are said in one piece at `at`, and the words of it.
pub(super) fn piece(heard: &Heard, at: usize) -> Option<(String, usize)> {
    let (table, words) = (&heard.language.digits, &heard.language.numbers);
    if let Some((times, length)) = heard.meaning_at(at, table.repeats) {
        let (digit, more) = single(heard, at + length, table, words)?;
        return Some((digit.repeat(times), length + more));
    }
    let plain = heard.plain(at);
    if let Some(figures) = figures(heard, at) {
        return Some((figures, 1));
    }
    if table.zero.contains(&plain) {
        return Some(("0".to_owned(), 1));
    }
    let (value, length) = under_hundred(heard, at, words)?;
    let next = heard.plain(at + length);
    let ends = heard.is_clause_start(at + length);
    let is_scaled = words.scales.iter().any(|(name, _)| *name == next);
    if !ends && (is_scaled || next == words.hundred) {
        return Some(scaled(heard, at, words, value, length));
    }
    Some((value.to_string(), length))
}

/// The same without "double" and without hundreds: digits after a decimal point.
pub(super) fn plain_piece(heard: &Heard, at: usize) -> Option<(String, usize)> {
    if let Some(figures) = figures(heard, at) {
        return Some((figures, 1));
    }
    if heard.language.digits.zero.contains(&heard.plain(at)) {
        return Some(("0".to_owned(), 1));
    }
    let (value, words) = under_hundred(heard, at, &heard.language.numbers)?;
    Some((value.to_string(), words))
}

/// One digit, as a word or a figure.
fn single(
    heard: &Heard,
    at: usize,
    table: &DigitWords,
    words: &NumberWords,
) -> Option<(String, usize)> {
    let plain = heard.plain(at);
    if table.zero.contains(&plain) {
        return Some(("0".to_owned(), 1));
    }
    let digit = numbers::cardinal(words, plain)
        .map(|value| value.to_string())
        .or_else(|| figures(heard, at))?;
    (digit.len() == 1).then_some((digit, 1))
}

/// A word in figures that is no sum of money, time or ordinal.
fn figures(heard: &Heard, at: usize) -> Option<String> {
    let word = heard.words.get(at)?;
    let is_plain = word
        .plain
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '.' | ','));
    let is_plain = is_plain && word.currency.is_none() && !word.percent;
    let digits: String = word.plain.chars().filter(char::is_ascii_digit).collect();
    (is_plain && !digits.is_empty()).then_some(digits)
}

/// "Twenty five", "twelve", "five".
fn under_hundred(heard: &Heard, at: usize, words: &NumberWords) -> Option<(u64, usize)> {
    let value = numbers::cardinal(words, heard.plain(at))?;
    let is_tens = value >= 20 && value % 10 == 0 && !heard.is_clause_start(at + 1);
    let unit = numbers::cardinal(words, heard.plain(at + 1));
    match unit.filter(|unit| is_tens && (1..10).contains(unit)) {
        Some(unit) => Some((value + unit, 2)),
        None => Some((value, 1)),
    }
}

/// "Eight hundred", "nineteen hundred five", "two thousand six".
fn scaled(
    heard: &Heard,
    at: usize,
    words: &NumberWords,
    value: u64,
    length: usize,
) -> (String, usize) {
    if heard.plain(at + length) != words.hundred
        && let Some(read) = heard.number_at(at)
    {
        return (read.value.to_string(), read.words);
    }
    let mut end = at + length + 1;
    let mut sum = value.saturating_mul(100);
    let start = end + usize::from(heard.plain(end) == words.and);
    if let Some((rest, more)) = under_hundred(heard, start, words) {
        // "Eight hundred five five five": digits after 800, and not 805.
        let is_digit = rest < 10 && piece(heard, start + more).is_some();
        if !is_digit && !heard.is_clause_start(end) {
            sum += rest;
            end = start + more;
        }
    }
    (sum.to_string(), end - at)
}

/// `value` in words, in groups of three and four with a pause between them.
pub(super) fn spoken(value: &str, language: &Language) -> String {
    let word = |digit: char| {
        let digit = digit.to_digit(10)? as usize;
        language.numbers.small.get(digit).copied()
    };
    let words: Vec<&str> = value.chars().filter_map(word).collect();
    let mut groups_left = words.as_slice();
    let mut parts: Vec<String> = Vec::new();
    for size in groups(words.len()) {
        let (group, rest) = groups_left.split_at(size.min(groups_left.len()));
        parts.push(group.join(" "));
        groups_left = rest;
    }
    let number = parts.join(", ");
    match language.digits.plus.first() {
        Some(plus) if value.starts_with('+') => format!("{plus} {number}"),
        _ => number,
    }
}

/// How many digits each group has: threes, with fours at the end so that no group is shorter.
fn groups(count: usize) -> Vec<usize> {
    if count <= 4 {
        return vec![count];
    }
    if count == 5 {
        return vec![3, 2];
    }
    let fours = match count % 3 {
        0 => 0,
        1 => 1,
        _ => 2,
    };
    let mut sizes = vec![3; (count - 4 * fours) / 3];
    sizes.extend(vec![4; fours]);
    sizes
}

/// Whether `value` is all that `kind` asks for.
pub(super) fn is_whole(kind: &SlotKind, value: &str) -> bool {
    let count = value.chars().filter(char::is_ascii_digit).count();
    match kind {
        SlotKind::Digits {
            count: Some(wanted),
        } => count == *wanted as usize,
        SlotKind::Phone => PHONE.contains(&count),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_group_is_a_single_digit() {
        for (count, expected) in [
            (1, vec![1]),
            (4, vec![4]),
            (5, vec![3, 2]),
            (6, vec![3, 3]),
            (7, vec![3, 4]),
            (8, vec![4, 4]),
            (9, vec![3, 3, 3]),
            (10, vec![3, 3, 4]),
            (11, vec![3, 4, 4]),
            (16, vec![3, 3, 3, 3, 4]),
        ] {
            assert_eq!(groups(count), expected);
            assert_eq!(groups(count).iter().sum::<usize>(), count);
        }
    }
}
