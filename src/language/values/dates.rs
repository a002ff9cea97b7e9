//! Days of the calendar.
//!
//! In: the caller's words, the day of the call. Out: "2026-11-24". Memory: short strings. When late or full: days
//! before 1900 and after 2100 are none. Source: ISO 8601; ours for what callers mean.
//!
//! A day without a year is the next one from today on; it is a past one after "last", "ago" or a verb of the past, a
//! weekday only when it stands right after that or after "on". "Saturday" is the next one after today, "next Tuesday"
//! the one of the week after this (weeks begin on Monday), and not sure when the coming Tuesday is another day. A week
//! or a month alone is no day.

use jiff::civil::Date;

use super::Entity;
use super::heard::Heard;
use crate::tables::Language;
use relative::{bare_day, day_of_month, named_day, near, span, weekday_at, weekday_of_month};
use spoken::spoken;
use whole::{feast, in_figures, in_some_year, month_at, month_day, year_at};

mod relative;
mod spoken;
mod whole;

/// A day in the caller's words.
#[derive(Debug, Clone)]
struct Found {
    date: Date,
    is_sure: bool,
}

/// The day in `heard`.
pub(super) fn capture(heard: &Heard, today: Date) -> Option<Entity> {
    let found = day(heard, today)?;
    Some(captured(found.date, found.is_sure, today, heard.language))
}

fn captured(date: Date, is_sure: bool, today: Date, language: &Language) -> Entity {
    Entity::new(date.to_string(), spoken(date, today, language), is_sure)
}

fn day(heard: &Heard, today: Date) -> Option<Found> {
    if let Some(found) = all(heard, |at| weekday_of_month(heard, at, today)) {
        return Some(found);
    }
    let weekday = first(heard, |at| weekday_at(heard, at));
    let whole = all(heard, |at| month_day(heard, at, today))
        .or_else(|| all(heard, |at| in_figures(heard, at, today)))
        .or_else(|| all(heard, |at| feast(heard, at, today)));
    let near = || {
        // "I called yesterday, Friday works" means no yesterday.
        let told = heard.without_all(heard.language.calendar.not_past);
        all(heard, |at| span(heard, at, today)).or_else(|| all(&told, |at| near(&told, at, today)))
    };
    if let Some(mut found) = whole.or_else(near) {
        // "Tuesday the 24th of November" when that is a Wednesday.
        let fits = weekday.is_none_or(|(weekday, _)| weekday == index(found.date));
        found.is_sure &= fits;
        return Some(found);
    }
    if let Some(found) = all(heard, |at| {
        day_of_month(heard, at, today, weekday.map(|(day, _)| day))
    }) {
        return Some(found);
    }
    all(heard, |at| named_day(heard, at, today))
}

/// The first of what `find` finds, less sure when others differ from it.
fn all(heard: &Heard, find: impl Fn(usize) -> Option<Found>) -> Option<Found> {
    let mut found = (0..heard.len()).filter_map(find);
    let mut first = found.next()?;
    first.is_sure &= found.all(|other| other.date == first.date);
    Some(first)
}

fn first<T>(heard: &Heard, find: impl Fn(usize) -> Option<T>) -> Option<T> {
    (0..heard.len()).find_map(find)
}

/// From 0 for Monday.
fn index(date: Date) -> i64 {
    i64::from(date.weekday().to_monday_zero_offset())
}

fn plus_days(date: Date, days: i64) -> Option<Date> {
    let span = jiff::Span::new().try_days(days).ok()?;
    date.checked_add(span).ok()
}

fn plus_months(date: Date, months: i64) -> Option<Date> {
    let span = jiff::Span::new().try_months(months).ok()?;
    date.checked_add(span).ok()
}

fn is_past(heard: &Heard) -> bool {
    let calendar = &heard.language.calendar;
    let is_past = |heard: &Heard| heard.find(calendar.past).is_some();
    is_past(heard) && is_past(&heard.without_all(calendar.not_past))
}

/// `previous` with the part changed that `heard` speaks of: the weekday in its week, the day in its month, the month,
/// the year, or so much later.
pub(super) fn correct(previous: &Entity, heard: &Heard, today: Date) -> Option<Entity> {
    let old: Date = previous.value.parse().ok()?;
    let done = |date: Date| Some(captured(date, true, today, heard.language));
    let calendar = &heard.language.calendar;
    let is_whole = first(heard, |at| month_day(heard, at, today)).is_some()
        || first(heard, |at| in_figures(heard, at, today)).is_some();
    if is_whole {
        return capture(heard, today);
    }
    if let Some((day, end, _)) = first(heard, |at| bare_day(heard, at))
        && heard.phrase_at(end, calendar.next_month) == 0
    {
        let same_month = Date::new(old.year(), old.month(), day).ok();
        let ahead = same_month.filter(|date| *date >= today || old < today);
        return ahead.and_then(done).or_else(|| capture(heard, today));
    }
    let has_modifier = [
        calendar.next,
        calendar.last,
        calendar.next_week,
        calendar.this_week,
    ]
    .iter()
    .any(|phrases| heard.find(*phrases).is_some());
    let weekday = first(heard, |at| weekday_at(heard, at).map(|found| (found.0, at)));
    if let Some((weekday, at)) = weekday.filter(|_| !has_modifier)
        && heard.meaning_at(at + 1, calendar.weeks_after).is_none()
    {
        let date = plus_days(old, weekday - index(old))?;
        let is_over = date < today && old >= today;
        return done(if is_over { plus_days(date, 7)? } else { date });
    }
    if let Some(found) = day(heard, today) {
        return Some(captured(found.date, found.is_sure, today, heard.language));
    }
    if let Some(month) = first(heard, |at| month_at(heard, at)) {
        let date = Date::new(old.year(), month, old.day()).ok()?;
        return if date < today && old >= today {
            done(in_some_year(month, old.day(), today, false)?)
        } else {
            done(date)
        };
    }
    if let Some((year, _)) = first(heard, |at| year_at(heard, at)) {
        return done(Date::new(year, old.month(), old.day()).ok()?);
    }
    if heard.find(calendar.next_week).is_some() {
        return Some(captured(plus_days(old, 7)?, false, today, heard.language));
    }
    None
}
