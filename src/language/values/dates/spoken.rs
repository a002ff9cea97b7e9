//! Days as they are read out: "Tuesday, November the 24th".
//!
//! In: a day, the day of the call. Out: words. Memory: a short string. Source: ours.

use jiff::civil::Date;

use super::index;
use super::whole::in_some_year;
use crate::tables::{Language, Phrases};
use crate::text::capitalised;

/// A day as it is read out, with its year when it is not within the next one.
pub(super) fn spoken(date: Date, today: Date, language: &Language) -> String {
    let calendar = &language.calendar;
    let name = |names: Option<&Phrases>| {
        names
            .and_then(|names| names.first())
            .copied()
            .unwrap_or_default()
    };
    let weekday = capitalised(name(calendar.weekdays.get(index(date) as usize)));
    let month = capitalised(name(calendar.months.get(date.month() as usize - 1)));
    let day = calendar
        .days
        .get(date.day() as usize - 1)
        .copied()
        .unwrap_or_default();
    let is_next = in_some_year(date.month(), date.day(), today, false) == Some(date);
    let template = if is_next {
        calendar.spoken
    } else {
        calendar.spoken_with_year
    };
    template
        .replace("{weekday}", &weekday)
        .replace("{month}", &month)
        .replace("{day}", day)
        .replace("{year}", &year_in_words(date.year(), language))
}

/// "Nineteen eighty four", "two thousand six".
pub(super) fn year_in_words(year: i16, language: &Language) -> String {
    let table = &language.numbers;
    let pair = |number: i16| {
        let small = |number: i16| {
            table
                .small
                .get(number as usize)
                .copied()
                .unwrap_or_default()
        };
        let tens = table
            .tens
            .get((number / 10 - 2).max(0) as usize)
            .copied()
            .unwrap_or_default();
        match number {
            ..20 => small(number).to_owned(),
            _ if number % 10 == 0 => tens.to_owned(),
            _ => format!("{tens} {}", small(number % 10)),
        }
    };
    let (century, rest) = (year / 100, year % 100);
    let thousand = table.scales.first().map_or("", |(name, _)| name);
    match (century % 10, rest) {
        (0, 0) => format!("{} {thousand}", pair(century / 10)),
        (0, ..10) => format!("{} {thousand} {}", pair(century / 10), pair(rest)),
        (_, 0) => format!("{} {}", pair(century), table.hundred),
        (_, ..10) => format!("{} {} {}", pair(century), language.clock.oh, pair(rest)),
        _ => format!("{} {}", pair(century), pair(rest)),
    }
}
