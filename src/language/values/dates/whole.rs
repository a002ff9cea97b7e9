//! Days with their month: "the third of March", "March 3rd 2027", "11/24", "Christmas Eve".
//!
//! In: the caller's words, the day of the call. Out: a day. When late or full: days before 1900 and after 2100 are
//! none. Source: ours; ISO 8601.

use jiff::civil::Date;

use super::{Found, is_past};
use crate::numbers;
use crate::tables::DayPart;
use crate::values::digits;
use crate::values::heard::Heard;

/// Years in which days are understood.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2100;
/// A day that some years lack comes back within so many.
const LEAP_YEARS: i16 = 8;

/// The month at `at`, from 1.
pub(super) fn month_at(heard: &Heard, at: usize) -> Option<i8> {
    let plain = heard.plain(at);
    let months = heard.language.calendar.months.iter();
    months
        .zip(1..)
        .find_map(|(names, month)| names.contains(&plain).then_some(month))
}

/// A day of a month at `at`: its number, its words, and whether it is an ordinal.
pub(super) fn number_at(heard: &Heard, at: usize) -> Option<(i8, usize, bool)> {
    let plain = heard.plain(at);
    let end = plain
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(plain.len());
    let (value, words, is_ordinal) = if end > 0 {
        let suffix = &plain[end..];
        let is_ordinal = heard.language.calendar.ordinal_ends.contains(&suffix);
        if !is_ordinal && !suffix.is_empty() {
            return None;
        }
        (plain[..end].parse().ok()?, 1, is_ordinal)
    } else {
        let read = heard.number_at(at)?;
        (read.value, read.words, read.is_ordinal)
    };
    (1..=31)
        .contains(&value)
        .then_some((value as i8, words, is_ordinal))
}

/// A year at `at`, and its words.
pub(super) fn year_at(heard: &Heard, at: usize) -> Option<(i16, usize)> {
    let in_range = |year: u64| i16::try_from(year).ok().filter(|year| YEARS.contains(year));
    let plain = heard.plain(at);
    if plain.len() == 4 && plain.chars().all(|c| c.is_ascii_digit()) {
        return Some((in_range(plain.parse().ok()?)?, 1));
    }
    // Other numbers end at a comma, and a year goes on behind it.
    let word = |offset: usize| heard.plain(at + offset);
    let whole = numbers::read(&heard.language.numbers, word).filter(|read| read.is_scaled);
    if let Some(read) = whole {
        return Some((in_range(read.value)?, read.words));
    }
    // "Nineteen eighty four", "twenty oh six".
    let (century, words) = digits::piece(heard, at).filter(|(digits, _)| digits.len() == 2)?;
    let (mut rest, mut more) = digits::piece(heard, at + words)?;
    if rest == "0" {
        let (digit, last) = digits::piece(heard, at + words + more)?;
        rest.push_str(&digit);
        more += last;
    }
    let year = (rest.len() == 2).then(|| format!("{century}{rest}"))?;
    Some((in_range(year.parse().ok()?)?, words + more))
}

/// The next such day from `today` on, or the last one up to it.
pub(super) fn in_some_year(month: i8, day: i8, today: Date, is_past: bool) -> Option<Date> {
    (0..=LEAP_YEARS).find_map(|offset| {
        let offset = if is_past { -offset } else { offset };
        let date = Date::new(today.year().checked_add(offset)?, month, day).ok()?;
        let fits = if is_past {
            date <= today
        } else {
            date >= today
        };
        fits.then_some(date)
    })
}

/// "The third of March", "March 3rd 2027", with its month at `at`.
pub(super) fn month_day(heard: &Heard, at: usize, today: Date) -> Option<Found> {
    let calendar = &heard.language.calendar;
    let month = month_at(heard, at)?;
    let before = (at.saturating_sub(5)..at).find_map(|start| {
        let (day, words, is_ordinal) = number_at(heard, start)?;
        let end = start + words;
        let with_of = calendar.of.contains(&heard.plain(end)) && end + 1 == at;
        (end == at || with_of).then_some((day, at + 1, is_ordinal || with_of))
    });
    let the = usize::from(calendar.the.contains(&heard.plain(at + 1)));
    let after = number_at(heard, at + 1 + the)
        .map(|(day, words, is_ordinal)| (day, at + 1 + the + words, is_ordinal || the > 0))
        .filter(|(_, end, is_ordinal)| *is_ordinal || !is_hour(heard, *end))
        // "24 November, 10": of two numbers the one of the same clause.
        .filter(|_| before.is_none() || !heard.is_clause_start(at + 1));
    let (day, end) = match (before, after) {
        (Some((day, end, true)), _) => (day, end),
        (Some((day, end, false)), None) => (day, end),
        (_, Some((day, end, _))) => (day, end),
        (None, None) => return None,
    };
    // "In" or "of" may stand before the year.
    let skip = usize::from(
        calendar.of.contains(&heard.plain(end)) || calendar.within.contains(&heard.plain(end)),
    );
    if let Some((year, _)) = year_at(heard, end + skip) {
        let date = Date::new(year, month, day).ok()?;
        return Some(Found {
            date,
            is_sure: true,
        });
    }
    if let Some((offset, _)) = heard.meaning_at(end, calendar.years) {
        let date = Date::new(today.year().checked_add(offset)?, month, day).ok()?;
        return Some(Found {
            date,
            is_sure: true,
        });
    }
    let is_past = is_past(heard) || heard.phrase_before(at, calendar.last) > 0;
    let date = in_some_year(month, day, today, is_past)?;
    // "March twenty twenty six" may be a month of a year.
    let next = heard.plain(end);
    let is_open = numbers::is_number_word(&heard.language.numbers, next)
        && !heard.is_clause_start(end)
        && digits::piece(heard, end).is_some_and(|(digits, _)| digits.len() == 2);
    Some(Found {
        date,
        is_sure: !is_open,
    })
}

/// The number before `end` is an hour: "10 am", "2 o'clock".
fn is_hour(heard: &Heard, end: usize) -> bool {
    let clock = &heard.language.clock;
    let part = heard.meaning_at(end, clock.parts).map(|(part, _)| part);
    matches!(part, Some(DayPart::Am | DayPart::Pm)) || heard.phrase_at(end, clock.sharp) > 0
}

/// "2026-11-24", "11/24", "24.11.2026": figures with marks between them.
pub(super) fn in_figures(heard: &Heard, at: usize, today: Date) -> Option<Found> {
    let plain = heard.plain(at);
    let joined = |offset: usize| {
        let word = heard.words.get(at + offset)?;
        let is_figure = word.plain.chars().all(|c| c.is_ascii_digit());
        (word.is_joined && is_figure).then(|| word.plain.parse::<i16>().ok())?
    };
    let dotted: Vec<i16> = plain
        .split('.')
        .filter_map(|part| part.parse().ok())
        .collect();
    if let [day, month, year] = dotted[..] {
        let date = Date::new(
            full_year(year),
            month.try_into().ok()?,
            day.try_into().ok()?,
        )
        .ok()?;
        return YEARS.contains(&date.year()).then_some(Found {
            date,
            is_sure: true,
        });
    }
    if heard.words[at].is_joined || heard.words[at].currency.is_some() {
        return None;
    }
    let first: i16 = plain.parse().ok()?;
    let second = joined(1)?;
    let third = joined(2);
    if plain.len() == 4 {
        let date = Date::new(first, second.try_into().ok()?, third?.try_into().ok()?).ok()?;
        return YEARS.contains(&date.year()).then_some(Found {
            date,
            is_sure: true,
        });
    }
    // A phone number in groups is no date.
    if heard.plain(at + 1).len() > 2 || plain.len() > 2 || joined(3).is_some() {
        return None;
    }
    // "2-3 pm" are hours, "24/7" is always.
    let end = at + 2 + usize::from(third.is_some());
    if is_hour(heard, end) || (third.is_none() && (first, second) == (24, 7)) {
        return None;
    }
    // The month stands first in English, unless it cannot be one.
    let (month, day, is_sure) = if first > 12 {
        (second, first, true)
    } else {
        (first, second, second > 12 || first == second)
    };
    let (month, day): (i8, i8) = (month.try_into().ok()?, day.try_into().ok()?);
    let date = match third {
        Some(year) => Date::new(full_year(year), month, day).ok()?,
        None => in_some_year(month, day, today, is_past(heard))?,
    };
    YEARS
        .contains(&date.year())
        .then_some(Found { date, is_sure })
}

/// "26" is 2026.
pub(super) fn full_year(year: i16) -> i16 {
    if (0..100).contains(&year) {
        2000 + year
    } else {
        year
    }
}

pub(super) fn feast(heard: &Heard, at: usize, today: Date) -> Option<Found> {
    let ((month, day), _) = heard.meaning_at(at, heard.language.calendar.feasts)?;
    let is_past = is_past(heard) || heard.phrase_before(at, heard.language.calendar.last) > 0;
    let date = in_some_year(month, day, today, is_past)?;
    Some(Found {
        date,
        is_sure: true,
    })
}
