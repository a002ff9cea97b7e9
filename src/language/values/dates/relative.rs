//! Days told from today: "tomorrow", "in two weeks", "next Tuesday", "the twelfth".
//!
//! In: the caller's words, the day of the call. Out: a day. When late or full: more than a thousand days, weeks or
//! months are none. Source: ours.

use jiff::civil::{Date, Weekday};

use super::whole::{month_at, number_at};
use super::{Found, first, index, is_past, plus_days, plus_months};
use crate::tables::Span;
use crate::values::heard::Heard;
use crate::values::quantity::amount;

/// Most days, weeks or months from today.
const MAX_SPANS: u64 = 1_000;
/// Months in which a day of the month is looked for that falls on a named weekday.
const MONTHS_AHEAD: i32 = 6;

/// The weekday at `at`, from 0 for Monday, and whether it is one day.
pub(super) fn weekday_at(heard: &Heard, at: usize) -> Option<(i64, bool)> {
    let plain = heard.plain(at);
    let days = heard.language.calendar.weekdays.iter();
    let (names, day) = days.zip(0..).find(|(names, _)| names.contains(&plain))?;
    let is_many = names
        .first()
        .is_some_and(|name| plain.len() > name.len() && plain.starts_with(name));
    Some((day, !is_many))
}

/// "Tomorrow".
pub(super) fn near(heard: &Heard, at: usize, today: Date) -> Option<Found> {
    let (days, words) = heard.meaning_at(at, heard.language.calendar.near)?;
    // "The day after tomorrow" holds "tomorrow".
    let inside = (1..=at.min(4)).any(|back| {
        heard
            .meaning_at(at - back, heard.language.calendar.near)
            .is_some_and(|(_, longer)| longer >= back + words)
    });
    let date = plus_days(today, days).filter(|_| !inside)?;
    Some(Found {
        date,
        is_sure: true,
    })
}

/// "In two weeks", "three days ago", "a week from Tuesday".
pub(super) fn span(heard: &Heard, at: usize, today: Date) -> Option<Found> {
    let calendar = &heard.language.calendar;
    let one = heard.language.numbers.one.contains(&heard.plain(at));
    let (count, is_rough, mut end) = match amount(heard, at) {
        Some(number) => {
            let count = number.value.integer().filter(|count| *count <= MAX_SPANS)?;
            let set = heard.meaning_at(
                number.words.end.saturating_sub(1),
                heard.language.numbers.sets,
            );
            (i64::try_from(count).ok()?, set.is_some(), number.words.end)
        }
        None if one => (1, false, at + 1),
        None => return None,
    };
    end += usize::from(calendar.of.contains(&heard.plain(end)));
    let (unit, words) = heard.meaning_at(end, calendar.spans)?;
    let end = end + words;
    let later = |from: Date, sign: i64| match unit {
        Span::Days(days) => plus_days(from, sign * count * days),
        Span::Months(months) => plus_months(from, sign * count * months),
    };
    let is_exact = matches!(unit, Span::Days(_)) && !is_rough;
    if heard.phrase_at(end, calendar.ago) > 0 {
        return Some(Found {
            date: later(today, -1)?,
            is_sure: is_exact,
        });
    }
    let from = heard.phrase_at(end, calendar.from);
    if from > 0 {
        let start = named_day(heard, end + from, today).or_else(|| near(heard, end + from, today));
        if let Some(start) = start {
            return Some(Found {
                date: later(start.date, 1)?,
                is_sure: start.is_sure && is_exact,
            });
        }
    }
    let is_from_now =
        heard.phrase_at(end, calendar.from_now) > 0 || heard.phrase_before(at, calendar.within) > 0;
    let mut date = later(today, 1).filter(|_| is_from_now)?;
    // "In two weeks on Friday".
    if let Some((weekday, _)) = first(heard, |at| weekday_at(heard, at)) {
        date = plus_days(date, weekday - index(date))?;
    }
    Some(Found {
        date,
        is_sure: is_exact,
    })
}

/// "The twelfth", "the 24th of next month", "Tuesday the 24th".
pub(super) fn day_of_month(
    heard: &Heard,
    at: usize,
    today: Date,
    weekday: Option<i64>,
) -> Option<Found> {
    let (day, end, is_plain) = bare_day(heard, at)?;
    let calendar = &heard.language.calendar;
    let month_start = today.first_of_month();
    let in_month = |months: i64| {
        let start = plus_months(month_start, months)?;
        Date::new(start.year(), start.month(), day).ok()
    };
    let said = [
        (calendar.next_month, 1),
        (calendar.this_month, 0),
        (calendar.last_month, -1),
    ]
    .into_iter()
    .find(|(phrases, _)| heard.find(*phrases).is_some());
    if let Some((_, months)) = said {
        return Some(Found {
            date: in_month(months)?,
            is_sure: true,
        });
    }
    if calendar.of.contains(&heard.plain(end)) {
        return None;
    }
    let months: Vec<i64> = if is_past(heard) {
        (0..=i64::from(MONTHS_AHEAD)).map(|back| -back).collect()
    } else {
        (0..=i64::from(MONTHS_AHEAD)).collect()
    };
    let mut days = months.into_iter().filter_map(in_month).filter(|date| {
        if is_past(heard) {
            *date <= today
        } else {
            *date >= today
        }
    });
    let nearest = days.next()?;
    match weekday {
        Some(weekday) if index(nearest) != weekday => {
            let date = days.find(|date| index(*date) == weekday);
            Some(Found {
                date: date.unwrap_or(nearest),
                is_sure: false,
            })
        }
        _ => Some(Found {
            date: nearest,
            is_sure: is_plain,
        }),
    }
}

/// A day of the month without its month: the day, where it ends, and whether it can be nothing else.
pub(super) fn bare_day(heard: &Heard, at: usize) -> Option<(i8, usize, bool)> {
    let calendar = &heard.language.calendar;
    let (day, words, is_ordinal) = number_at(heard, at)?;
    let end = at + words;
    // A month by its number: "the third of the eleventh".
    let follows_of = |at: usize| calendar.of.contains(&heard.before(at));
    if follows_of(at) || (calendar.the.contains(&heard.before(at)) && follows_of(at - 1)) {
        return None;
    }
    // The end of "twenty second".
    let before = at
        .checked_sub(1)
        .and_then(|before| number_at(heard, before));
    if before.is_some_and(|(_, words, _)| words > 1) {
        return None;
    }
    // The thirtieth of February is no other month's either.
    let of = usize::from(calendar.of.contains(&heard.plain(end)));
    let has_month = [at.wrapping_sub(1), at.wrapping_sub(2), end + of];
    if has_month
        .into_iter()
        .any(|at| month_at(heard, at).is_some())
    {
        return None;
    }
    let has_article = calendar.the.contains(&heard.before(at));
    let is_figure = heard.plain(at).starts_with(|c: char| c.is_ascii_digit());
    let beside_weekday = (at.checked_sub(1 + usize::from(has_article)))
        .is_some_and(|before| weekday_at(heard, before).is_some());
    let is_last = end >= heard.len() || heard.is_clause_start(end);
    let next_weekday = weekday_at(heard, end).is_some();
    let month = [
        calendar.next_month,
        calendar.this_month,
        calendar.last_month,
    ]
    .iter()
    .any(|phrases| heard.phrase_at(end, *phrases) > 0);
    let goes_on = is_last
        || next_weekday
        || month
        || calendar.after_day.contains(&heard.plain(end))
        || heard.phrase_at(end, heard.language.talk.closers) > 0
        || heard.meaning_at(end, heard.language.clock.parts).is_some();
    let is_day = match (is_ordinal, has_article) {
        (true, true) => goes_on,
        (true, false) => goes_on && (is_figure || beside_weekday || is_last || month),
        // "The 12".
        (false, true) => is_last && is_figure,
        (false, false) => false,
    };
    // "The first" and "the second" may be other things.
    let is_plain = is_ordinal && (is_figure || is_last || beside_weekday || month || day > 3);
    is_day.then_some((day, end, is_plain))
}

/// "Saturday", "next Tuesday", "Tuesday of next week".
pub(super) fn named_day(heard: &Heard, at: usize, today: Date) -> Option<Found> {
    let calendar = &heard.language.calendar;
    let (weekday, is_single) = weekday_at(heard, at)?;
    let ahead = (weekday - index(today)).rem_euclid(7);
    let coming = if ahead == 0 { 7 } else { ahead };
    let this_monday = -index(today);
    let was = is_past(heard);
    let is_last = heard.phrase_before(at, calendar.last) > 0;
    // "It was on Friday"; "they said Friday was fine" tells of another day than of that Friday.
    let is_told = was
        && [calendar.from, calendar.past]
            .iter()
            .any(|words| words.contains(&heard.before(at)));
    let (days, is_sure) = if is_last || is_told {
        (coming - 7 - if ahead == 0 { 7 } else { 0 }, true)
    } else if let Some((weeks, _)) = heard.meaning_at(at + 1, calendar.weeks_after) {
        (coming + 7 * weeks, true)
    } else if heard.find(calendar.next_week).is_some() {
        (this_monday + 7 + weekday, true)
    } else if heard.phrase_before(at, calendar.next) > 0 {
        let next = this_monday + 7 + weekday;
        (next, next == coming)
    } else if heard.find(calendar.this_week).is_some() {
        (this_monday + weekday, true)
    } else {
        (coming, ahead != 0)
    };
    Some(Found {
        date: plus_days(today, days)?,
        is_sure: is_sure
            && is_single
            && (is_last || is_told || !was)
            && month_of(heard, at).is_none(),
    })
}

/// The month of a weekday at `at`: "Friday in December".
fn month_of(heard: &Heard, at: usize) -> Option<i8> {
    let calendar = &heard.language.calendar;
    let of = heard.plain(at + 1);
    let is_of = calendar.of.contains(&of) || calendar.within.contains(&of);
    month_at(heard, at + 2).filter(|_| is_of)
}

/// "The last Friday of November", "the first Friday in December", with its weekday at `at`.
pub(super) fn weekday_of_month(heard: &Heard, at: usize, today: Date) -> Option<Found> {
    let (weekday, _) = weekday_at(heard, at)?;
    let (place, words) = heard.meaning_at(at.checked_sub(1)?, heard.language.digits.places)?;
    let month = month_of(heard, at).filter(|_| words == 1)?;
    let weekday = Weekday::from_monday_zero_offset(i8::try_from(weekday).ok()?).ok()?;
    let place = i8::try_from(place).ok()?;
    let in_year = |year: i16| {
        let start = Date::new(year, month, 1).ok()?;
        start.nth_weekday_of_month(place, weekday).ok()
    };
    let is_past = is_past(heard);
    let fits = |date: &Date| {
        if is_past {
            *date <= today
        } else {
            *date >= today
        }
    };
    let other_year = today.year() + if is_past { -1 } else { 1 };
    let date = in_year(today.year()).filter(fits);
    Some(Found {
        date: date.or_else(|| in_year(other_year))?,
        is_sure: true,
    })
}
