//! Days and times of the day.
//!
//! In: a part of a pack. Out: its tables. Memory: see [`crate::lists`].

use serde::Deserialize;

use crate::lists::{Meanings, Phrases, Text, kept, kept_as_read};

/// Lengths of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// So many days.
    Days(i64),
    /// So many months.
    Months(i64),
}

/// Days.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarWords {
    /// From January on; the first of each is spoken.
    #[serde(deserialize_with = "kept")]
    pub months: [Phrases; 12],
    /// From Monday on; the first of each is spoken.
    #[serde(deserialize_with = "kept")]
    pub weekdays: [Phrases; 7],
    /// Days from today.
    pub near: Meanings<i64>,
    /// Days of every year, as month and day.
    pub feasts: Meanings<(i8, i8)>,
    /// Lengths of time.
    pub spans: Meanings<Span>,
    /// Between a day and its month.
    pub of: Phrases,
    /// Before a day.
    pub the: Phrases,
    /// Before a length of time that begins now.
    pub within: Phrases,
    /// After a length of time that begins now.
    pub from_now: Phrases,
    /// Between a length of time and the day it begins on.
    pub from: Phrases,
    /// After a length of time that ends now.
    pub ago: Phrases,
    /// Before a weekday of the week after this one.
    pub next: Phrases,
    /// Before a weekday, a month or a day that is over.
    pub last: Phrases,
    /// After a weekday: weeks to add to the one that comes first.
    pub weeks_after: Meanings<i64>,
    /// The week after this one, beside a weekday.
    pub next_week: Phrases,
    /// This week, beside a weekday.
    pub this_week: Phrases,
    /// The month after this one, beside a day.
    pub next_month: Phrases,
    /// This month, beside a day.
    pub this_month: Phrases,
    /// The month before this one, beside a day.
    pub last_month: Phrases,
    /// Years from this one.
    pub years: Meanings<i16>,
    /// Words that tell of what was: a day without a year is in the past.
    pub past: Phrases,
    /// The same words where they tell of no past: "I was thinking of Friday".
    pub not_past: Phrases,
    /// What may follow "the twelfth" when it is a day.
    pub after_day: Phrases,
    /// Ends of an ordinal in figures.
    pub ordinal_ends: Phrases,
    /// Days of the month as they are spoken, from the first.
    #[serde(deserialize_with = "kept")]
    pub days: [Text; 31],
    /// A whole date as it is spoken.
    #[serde(deserialize_with = "kept")]
    pub spoken: Text,
    /// The same with a year.
    #[serde(deserialize_with = "kept")]
    pub spoken_with_year: Text,
}

/// A part of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayPart {
    /// From midnight to noon.
    Am,
    /// From noon to midnight.
    Pm,
    /// Until noon.
    Morning,
    /// From noon on.
    Afternoon,
    /// Before the night.
    Evening,
    /// Before and after midnight.
    Night,
}

/// Times of the day.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockWords {
    /// Minutes after an hour: "ten past three".
    pub past: Phrases,
    /// Minutes before an hour: "ten to three".
    pub to: Phrases,
    /// A part of an hour before an hour: "quarter of three".
    pub to_fraction: Phrases,
    /// Before two times of which one is the beginning and one the end.
    pub ranges: Phrases,
    /// Parts of an hour in minutes.
    pub fractions: Meanings<i32>,
    /// After a whole hour.
    pub sharp: Phrases,
    /// Times with a name, in minutes.
    pub named: Meanings<i32>,
    /// Parts of the day.
    pub parts: Meanings<DayPart>,
    /// Before an hour.
    pub at: Phrases,
    /// The word between minutes and "past".
    pub minutes: Phrases,
    /// After a whole hour on a clock of 24 hours: "fifteen hundred hours".
    pub hours: Phrases,
    /// What may stand around an hour that is all the answer.
    pub around: Phrases,
    /// What makes a number no hour when it follows.
    pub counted: Phrases,
    /// A time as it is spoken: a whole hour, a quarter past, half past, a quarter to, and hour with minutes.
    #[serde(deserialize_with = "kept")]
    pub spoken: [Text; 5],
    /// Before minutes under ten.
    #[serde(deserialize_with = "kept")]
    pub oh: Text,
    /// After midnight, before noon, after noon, from six, from nine in the evening.
    #[serde(deserialize_with = "kept")]
    pub spoken_parts: [Text; 5],
}

kept_as_read!(Span, DayPart);
