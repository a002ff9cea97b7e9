//! Numbers that are continued or corrected: "the last digit is four", "it's nine, not five".
//!
//! In: the number before, the caller's words. Out: the number that is meant. Memory: short strings. When late or full:
//! a number that gets too long is none. Source: ours.

use std::ops::Range;

use super::{MAX_DIGITS, PHONE, capture, captured, is_answer, is_whole, piece, runs};
use crate::values::heard::Heard;
use crate::values::{Entity, SlotKind};

/// A phone number of so many digits is said anew, not continued.
const WHOLE_PHONE: usize = 10;

/// `previous` with the digits of `heard` after it; the number said anew takes its place.
pub(in crate::values) fn go_on(
    previous: &Entity,
    heard: &Heard,
    kind: &SlotKind,
) -> Option<Entity> {
    let more: String = runs(heard).iter().map(|run| run.digits.as_str()).collect();
    if more.is_empty() || heard.is_question() {
        return None;
    }
    let anew = capture(heard, kind).filter(|anew| {
        let is_longer = anew.value.len() > previous.value.len();
        let begins_so = is_longer && anew.value.starts_with(&previous.value);
        let is_complete = match kind {
            SlotKind::Digits { count: Some(_) } => is_whole(kind, &anew.value),
            _ => anew.value.len() >= WHOLE_PHONE,
        };
        begins_so || is_complete
    });
    if anew.is_some() {
        return anew;
    }
    let before: String = (previous.value.chars().enumerate())
        .filter(|(at, c)| c.is_ascii_digit() || (*at == 0 && *c == '+'))
        .map(|(_, c)| c)
        .collect();
    let value = format!("{before}{more}");
    let is_too_long = match kind {
        SlotKind::Digits {
            count: Some(wanted),
        } => value.len() > *wanted as usize,
        SlotKind::Phone => value.trim_start_matches('+').len() > *PHONE.end(),
        _ => value.len() > MAX_DIGITS,
    };
    if is_too_long {
        return None;
    }
    captured(&value, is_whole(kind, &value), heard.language)
}

/// `previous` with the digits changed that `heard` speaks of.
pub(in crate::values) fn correct(
    previous: &Entity,
    heard: &Heard,
    kind: &SlotKind,
) -> Option<Entity> {
    let changed = at_place(previous, heard)
        .or_else(|| instead(previous, heard))
        .or_else(|| at_edge(previous, heard));
    if let Some(value) = changed {
        return captured(&value, is_whole(kind, &value), heard.language);
    }
    let runs = runs(heard);
    let new = runs.iter().max_by_key(|run| run.digits.len())?;
    let old = previous.value.chars().filter(char::is_ascii_digit).count();
    let length = new.digits.len();
    if length >= old {
        return capture(heard, kind);
    }
    // "No, oh one two four": the last group.
    if length < 2 || !is_answer(heard, new) {
        return None;
    }
    let value = replaced(&previous.value, old - length, length, &new.digits)?;
    captured(&value, false, heard.language)
}

/// "The last two digits are four five", "the third digit is a nine".
pub(super) fn at_place(previous: &Entity, heard: &Heard) -> Option<String> {
    let table = &heard.language.digits;
    let digits: Vec<char> = previous
        .value
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    (0..heard.len()).find_map(|at| {
        let (place, length) = heard.meaning_at(at, table.places)?;
        let mut next = at + length;
        let mut named = 1;
        if let Some((count, more)) = piece(heard, next).filter(|_| place == 1 || place == -1)
            && heard.phrase_at(next + more, table.digit) > 0
        {
            named = count.parse().ok()?;
            next += more;
        }
        let noun = heard.phrase_at(next, table.digit);
        if noun == 0 {
            return None;
        }
        let new: String = runs(&heard.part(next + noun..heard.len()))
            .first()?
            .digits
            .clone();
        if new.len() != named || named > digits.len() {
            return None;
        }
        let start = if place > 0 {
            place as usize - 1
        } else {
            digits
                .len()
                .checked_sub(place.unsigned_abs() as usize + named - 1)?
        };
        replaced(&previous.value, start, named, &new)
    })
}

/// "It ends in four five", "it starts with oh one".
pub(super) fn at_edge(previous: &Entity, heard: &Heard) -> Option<String> {
    let table = &heard.language.digits;
    let digits = previous.value.chars().filter(char::is_ascii_digit).count();
    let new_after = |found: Range<usize>| {
        let part = heard.part(found.end..heard.len());
        runs(&part).first().map(|run| run.digits.clone())
    };
    if let Some(new) = heard.find(table.ends).and_then(new_after) {
        let start = digits.checked_sub(new.len())?;
        return replaced(&previous.value, start, new.len(), &new);
    }
    let new = heard.find(table.starts).and_then(new_after)?;
    replaced(&previous.value, 0, new.len(), &new)
}

/// "It's nine, not five", "not five, nine".
pub(super) fn instead(previous: &Entity, heard: &Heard) -> Option<String> {
    let not = heard.find(heard.language.talk.not)?;
    let before = runs(&heard.part(0..not.start));
    let after = runs(&heard.part(not.end..heard.len()));
    let (old, new) = match (before.last(), after.as_slice()) {
        (Some(new), [old, ..]) => (old.digits.clone(), new.digits.clone()),
        (None, [old, new, ..]) => (old.digits.clone(), new.digits.clone()),
        // "Not five nine": two digits in one breath.
        (None, [both]) if both.digits.len() % 2 == 0 => {
            let (old, new) = both.digits.split_at(both.digits.len() / 2);
            (old.to_owned(), new.to_owned())
        }
        _ => return None,
    };
    let digits: String = previous
        .value
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    // Where it is not clear which one is meant, it is more often the last.
    let start = digits.rfind(&old)?;
    replaced(&previous.value, start, old.len(), &new)
}

/// `value` with `count` of its digits from `start` on replaced.
pub(super) fn replaced(value: &str, start: usize, count: usize, new: &str) -> Option<String> {
    let sign = if value.starts_with('+') { "+" } else { "" };
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let end = start
        .checked_add(count)
        .filter(|end| *end <= digits.len())?;
    Some(format!("{sign}{}{new}{}", &digits[..start], &digits[end..]))
}
