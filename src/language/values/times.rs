//! Times of the day.
//!
//! In: the caller's words. Out: "15:30". Memory: short strings. Source: ours.
//!
//! The plausible day: an hour from one to six without a part of the day is in the afternoon, one from seven to twelve
//! is as said, so that "at three" is 15:00 and "at nine" 09:00. Six and seven are not sure, since both halves of the
//! day are likely. Hours from 13 on are as said. What was assumed is heard when the time is read back.

use std::ops::Range;

use super::heard::Heard;
use super::quantity::amount;
use super::{Entity, digits};
use crate::numbers;
use crate::tables::{DayPart, Language};

const NOON: i32 = 12 * 60;
const DAY: i32 = 24 * 60;

/// How plainly a number is a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Evidence {
    /// A number alone.
    Bare,
    /// "At ten".
    Announced,
    /// "Ten thirty".
    Minutes,
    /// "Ten o'clock", "half past ten", "10:30", "ten p m".
    Plain,
}

/// A time in the caller's words, in minutes after midnight; on a twelve hour clock until its part of the day is known.
#[derive(Debug, Clone)]
struct Found {
    minutes: i32,
    evidence: Evidence,
    part: Option<DayPart>,
    words: Range<usize>,
}

/// The time in `heard`.
pub(super) fn capture(heard: &Heard) -> Option<Entity> {
    let (time, is_single) = best(heard)?;
    let (minutes, is_sure) = placed(time.minutes, time.part);
    Some(captured(minutes, is_sure && is_single, heard.language))
}

/// The plainest time in `heard`, and whether no other is as plain.
fn best(heard: &Heard) -> Option<(Found, bool)> {
    let every = all(heard);
    let best = every.iter().map(|time| time.evidence).max()?;
    if best == Evidence::Bare && !is_answer(heard, &every) {
        return None;
    }
    let mut first = every.iter().find(|time| time.evidence == best)?.clone();
    let is_single = every.iter().all(|time| time.minutes == first.minutes);
    // "At 12 Harbour Street".
    let is_single =
        is_single && (best != Evidence::Announced || ends_plainly(heard, first.words.end));
    first.part = first.part.or_else(|| part_in(heard));
    Some((first, is_single))
}

/// What follows an announced hour belongs to it, or to no number.
fn ends_plainly(heard: &Heard, end: usize) -> bool {
    let (clock, talk) = (&heard.language.clock, &heard.language.talk);
    let lists = [
        clock.around,
        talk.closers,
        talk.or,
        talk.openers,
        heard.language.calendar.after_day,
    ];
    end >= heard.len() || heard.is_clause_start(end) || heard.after(end, &lists) > end
}

/// Numbers alone are times when little else is said: "ten or eleven", not "I have two kids".
fn is_answer(heard: &Heard, found: &[Found]) -> bool {
    let clock = &heard.language.clock;
    let talk = &heard.language.talk;
    let lists = [
        clock.around,
        clock.ranges,
        talk.openers,
        talk.closers,
        talk.or,
        talk.proposals,
    ];
    let starts = found
        .iter()
        .map(|time| time.words.start)
        .chain([heard.len()]);
    let ends = [0]
        .into_iter()
        .chain(found.iter().map(|time| time.words.end));
    ends.zip(starts)
        .all(|(end, start)| heard.is_only(end..start, &lists))
}

fn captured(minutes: i32, is_sure: bool, language: &Language) -> Entity {
    let value = format!("{:02}:{:02}", minutes / 60, minutes % 60);
    Entity::new(value, spoken(minutes, language), is_sure)
}

/// All times in `heard`, in order.
fn all(heard: &Heard) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < heard.len() {
        match time(heard, at) {
            Some(time) => {
                at = time.words.end;
                found.push(time);
            }
            None => at += 1,
        }
    }
    found
}

/// The time that begins at `at`.
fn time(heard: &Heard, at: usize) -> Option<Found> {
    let clock = &heard.language.clock;
    if let Some((minutes, words)) = heard.meaning_at(at, clock.named) {
        let part = if minutes == 0 {
            DayPart::Night
        } else {
            DayPart::Afternoon
        };
        return Some(Found {
            minutes: NOON,
            evidence: Evidence::Plain,
            part: Some(part),
            words: at..at + words,
        });
    }
    let relative =
        || relative(heard, at).map(|(minutes, evidence, end)| (minutes, evidence, end, None));
    let (minutes, mut evidence, mut end, own_part) = relative().or_else(|| direct(heard, at))?;
    let sharp = heard.phrase_at(end, clock.sharp);
    end += sharp;
    let part = heard.meaning_at(end, clock.parts);
    if sharp > 0 || (part.is_some() && !(heard.is_clause_start(end) && evidence == Evidence::Bare))
    {
        evidence = Evidence::Plain;
    }
    if evidence == Evidence::Bare && heard.phrase_before(at, clock.at) > 0 {
        evidence = Evidence::Announced;
    }
    let is_counted = clock.counted.contains(&heard.plain(end)) && !heard.is_clause_start(end);
    if is_counted && evidence < Evidence::Plain {
        return None;
    }
    // "March ten", "november 24 at 3": the day of a month.
    let is_day = evidence == Evidence::Bare && {
        let months = heard.language.calendar.months.iter();
        months
            .clone()
            .any(|names| names.contains(&heard.before(at)) || names.contains(&heard.plain(end)))
    };
    if is_day {
        return None;
    }
    let end = end + part.map_or(0, |(_, words)| words);
    Some(Found {
        minutes,
        evidence,
        part: own_part.or(part.map(|(part, _)| part)),
        words: at..end,
    })
}

/// "Half past three", "ten to four", "half three".
fn relative(heard: &Heard, at: usize) -> Option<(i32, Evidence, usize)> {
    let clock = &heard.language.clock;
    let (minutes, mut end, is_fraction) = match heard.meaning_at(at, clock.fractions) {
        Some((minutes, words)) => (minutes, at + words, true),
        None => {
            let number = amount(heard, at)?;
            let minutes = number
                .value
                .integer()
                .filter(|minutes| (1..60).contains(minutes))?;
            (i32::try_from(minutes).ok()?, number.words.end, false)
        }
    };
    let named = heard.phrase_at(end, clock.minutes);
    end += named;
    // "From ten to four" are two times; so are "nine to five".
    let is_range = heard.phrase_before(at, clock.ranges) > 0;
    if !is_fraction && (is_range || (named == 0 && minutes % 5 != 0)) {
        return None;
    }
    let before = if is_fraction {
        clock.to_fraction
    } else {
        clock.to
    };
    let (past, to) = (
        heard.phrase_at(end, clock.past),
        heard.phrase_at(end, before),
    );
    let sign = if past > 0 {
        1
    } else if to > 0 {
        -1
    } else if is_fraction && minutes == 30 {
        // "Half three" is half past three, where it is said.
        let hour = hour(heard, end)?;
        return Some((hour.0 * 60 + minutes, Evidence::Minutes, hour.1));
    } else {
        return None;
    };
    end += past.max(to);
    if let Some((named, words)) = heard.meaning_at(end, clock.named) {
        let hour = if named == 0 { DAY } else { named };
        return Some((hour + sign * minutes, Evidence::Plain, end + words));
    }
    let (hour, end) = hour(heard, end)?;
    let total = (hour * 60 + sign * minutes).rem_euclid(DAY);
    // "Quarter to one" is after noon on a clock of twelve hours.
    let total = if hour == 1 && total < 60 {
        total + NOON
    } else {
        total
    };
    Some((total, Evidence::Plain, end))
}

/// The hour at `at`, from 0 to 24, and where it ends.
fn hour(heard: &Heard, at: usize) -> Option<(i32, usize)> {
    let plain = heard.plain(at);
    let number = match plain.parse::<i32>() {
        Ok(number) if heard.words[at].currency.is_none() => number,
        _ => i32::try_from(numbers::cardinal(&heard.language.numbers, plain)?).ok()?,
    };
    if number == 20 {
        // "Twenty one hundred", "twenty thirty": the evening on a clock of 24 hours.
        let unit = numbers::cardinal(&heard.language.numbers, heard.plain(at + 1));
        if let Some(unit @ 1..=3) = unit.filter(|_| !heard.is_clause_start(at + 1)) {
            return Some((20 + i32::try_from(unit).ok()?, at + 2));
        }
    }
    (0..=24).contains(&number).then_some((number, at + 1))
}

/// "Ten thirty", "10:30", "3pm", "fifteen hundred", "ten".
fn direct(heard: &Heard, at: usize) -> Option<(i32, Evidence, usize, Option<DayPart>)> {
    if let Some((minutes, part)) = in_figures(heard, at) {
        return Some((minutes, Evidence::Plain, at + 1, part));
    }
    let is_number = heard
        .words
        .get(at)
        .is_some_and(|word| word.currency.is_none() && !word.percent);
    let (hour, end) = hour(heard, at).filter(|_| is_number)?;
    let table = &heard.language.numbers;
    if heard.is_clause_start(end) {
        return Some((hour * 60, Evidence::Bare, end, None));
    }
    if heard.plain(end) == table.hundred {
        let hours = heard.phrase_at(end + 1, heard.language.clock.hours);
        let evidence = if hours > 0 {
            Evidence::Plain
        } else {
            Evidence::Minutes
        };
        return Some((hour * 60, evidence, end + 1 + hours, None));
    }
    let minutes = amount(heard, end).filter(|_| heard.words[end].currency.is_none());
    let minutes = minutes.and_then(|minutes| {
        let value = i32::try_from(minutes.value.integer()?).ok()?;
        let is_two_digits = value >= 10 || heard.plain(end).starts_with('0');
        (is_two_digits && value < 60).then_some((value, minutes.words.end))
    });
    let after_zero = || {
        let zero = heard.language.digits.zero.contains(&heard.plain(end))
            || heard.plain(end) == table.small[0];
        let (digit, words) = digits::piece(heard, end + 1).filter(|_| zero)?;
        let digit: i32 = digit.parse().ok()?;
        (digit < 10).then_some((digit, end + 1 + words))
    };
    if heard.phrase_at(end, heard.language.clock.sharp) > 0 {
        return Some((hour * 60, Evidence::Plain, end, None));
    }
    match minutes.or_else(after_zero) {
        // A third number makes it a number that is read out.
        Some((_, end)) if digits::piece(heard, end).is_some() && !heard.is_clause_start(end) => {
            None
        }
        Some((minutes, end)) => Some((hour * 60 + minutes, Evidence::Minutes, end, None)),
        None if digits::piece(heard, end).is_some() => None,
        None => Some((hour * 60, Evidence::Bare, end, None)),
    }
}

/// A time inside one word.
fn in_figures(heard: &Heard, at: usize) -> Option<(i32, Option<DayPart>)> {
    let word = heard.words.get(at)?;
    if word.currency.is_some() || word.percent {
        return None;
    }
    let plain = word.plain.as_str();
    let figures_end = plain.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.'));
    let (figures, suffix) = plain.split_at(figures_end.unwrap_or(plain.len()));
    let clock = &heard.language.clock;
    let is_part = |text: &str| clock.parts.iter().any(|(name, _)| *name == text);
    let has_part = is_part(suffix) || heard.meaning_at(at + 1, clock.parts).is_some();
    if !suffix.is_empty() && !is_part(suffix) {
        return None;
    }
    let (hour, minutes) = match figures.split_once([':', '.']) {
        Some((hour, minutes)) if minutes.len() == 2 => (hour.parse().ok()?, minutes.parse().ok()?),
        Some(_) => return None,
        // "330 pm", "1530".
        None if matches!(figures.len(), 3 | 4) => {
            let announced = heard.phrase_before(at, clock.at) > 0;
            let (hour, minutes) = figures.split_at(figures.len() - 2);
            (has_part || announced)
                .then_some(())
                .and_then(|()| Some((hour.parse().ok()?, minutes.parse().ok()?)))?
        }
        None if is_part(suffix) => (figures.parse().ok()?, 0),
        None => return None,
    };
    let (hour, minutes): (i32, i32) = (hour, minutes);
    let fits = (0..=24).contains(&hour) && (0..60).contains(&minutes);
    let part = clock.parts.iter().find(|(name, _)| *name == suffix);
    fits.then_some((hour * 60 + minutes, part.map(|(_, part)| *part)))
}

/// A part of the day anywhere in `heard`: "tomorrow evening at eight".
fn part_in(heard: &Heard) -> Option<DayPart> {
    let parts = heard.language.clock.parts;
    (0..heard.len()).find_map(|at| heard.meaning_at(at, parts).map(|(part, _)| part))
}

/// The minutes after midnight, and whether the half of the day is sure.
fn placed(minutes: i32, part: Option<DayPart>) -> (i32, bool) {
    let minutes = minutes.rem_euclid(DAY);
    let is_twelve = (NOON..NOON + 60).contains(&minutes);
    if minutes >= NOON + 60 {
        return (minutes, true);
    }
    let late = |minutes: i32| {
        if minutes < NOON {
            minutes + NOON
        } else {
            minutes
        }
    };
    let early = |minutes: i32| minutes % NOON;
    match part {
        Some(DayPart::Am) => (early(minutes), true),
        Some(DayPart::Pm | DayPart::Afternoon) => (late(minutes), true),
        Some(DayPart::Morning) => (early(minutes), !is_twelve),
        Some(DayPart::Evening) if is_twelve => (early(minutes), false),
        Some(DayPart::Evening) => (late(minutes), true),
        Some(DayPart::Night) if is_twelve || minutes < 6 * 60 => (early(minutes), true),
        Some(DayPart::Night) => (late(minutes), true),
        None if minutes < 60 => (minutes, true),
        None if minutes < 7 * 60 => (late(minutes), minutes < 6 * 60),
        None => (minutes, minutes >= 8 * 60),
    }
}

/// A time as it is read out.
fn spoken(minutes: i32, language: &Language) -> String {
    let clock = &language.clock;
    if let Some((name, _)) = clock.named.iter().find(|(_, named)| *named == minutes) {
        return (*name).to_owned();
    }
    let (hour, minute) = (minutes / 60, minutes % 60);
    let part = match hour {
        0 => 0,
        1..=11 => 1,
        12..=17 => 2,
        18..=20 => 3,
        _ => 4,
    };
    let table = &language.numbers;
    let small = |number: i32| {
        table
            .small
            .get(number as usize)
            .copied()
            .unwrap_or_default()
    };
    let name = |hour: i32| small((hour + 11) % 12 + 1);
    let template = match minute {
        0 => 0,
        15 => 1,
        30 => 2,
        45 => 3,
        _ => 4,
    };
    let minutes = match minute {
        ..10 => format!("{} {}", clock.oh, small(minute)),
        10..20 => small(minute).to_owned(),
        _ => {
            let tens = table
                .tens
                .get(minute as usize / 10 - 2)
                .copied()
                .unwrap_or_default();
            let unit = minute % 10;
            if unit == 0 {
                tens.to_owned()
            } else {
                format!("{tens} {}", small(unit))
            }
        }
    };
    clock.spoken[template]
        .replace("{hour}", name(hour))
        .replace("{next}", name(hour + 1))
        .replace("{minutes}", &minutes)
        .replace("{part}", clock.spoken_parts[part])
}

/// `previous` with the minutes or the part of the day that `heard` speaks of.
pub(super) fn correct(previous: &Entity, heard: &Heard) -> Option<Entity> {
    let (hour, minute) = previous.value.split_once(':')?;
    let (hour, minute): (i32, i32) = (hour.parse().ok()?, minute.parse().ok()?);
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) {
        return None;
    }
    let old = hour * 60 + minute;
    if let Some((time, is_single)) = best(heard) {
        if time.part.is_some() || time.minutes >= NOON + 60 {
            let (minutes, is_sure) = placed(time.minutes, time.part);
            return Some(captured(minutes, is_sure && is_single, heard.language));
        }
        // Nothing was said of the half of the day: it stays where it was said before, and is assumed where it was
        // assumed.
        let was_assumed =
            placed(old % NOON + if old % NOON < 60 { NOON } else { 0 }, None).0 == old;
        let minutes = if was_assumed {
            placed(time.minutes, None).0
        } else {
            time.minutes % NOON + old / NOON * NOON
        };
        return Some(captured(minutes, is_single, heard.language));
    }
    let clock = &heard.language.clock;
    for at in 0..heard.len() {
        let Some((fraction, words)) = heard.meaning_at(at, clock.fractions) else {
            continue;
        };
        let end = at + words;
        if heard.phrase_at(end, clock.past) > 0 {
            return Some(captured(hour * 60 + fraction, true, heard.language));
        }
        if heard.phrase_at(end, clock.to) > 0 {
            let minutes = (hour * 60 - fraction).rem_euclid(DAY);
            return Some(captured(minutes, true, heard.language));
        }
    }
    let part = part_in(heard)?;
    let (minutes, is_sure) = placed(
        old % NOON + if old % NOON < 60 { NOON } else { 0 },
        Some(part),
    );
    Some(captured(minutes, is_sure, heard.language))
}
