//! Times of day: "3:30 pm", "9:00", "9am–5pm".
//!
//! In: a place in a written text. Out: hours and minutes as two numbers, which is how they are read. Memory: short
//! strings. Minutes after noon on a clock of 24 hours stay as they are ("17 45"): scores and sizes are written so too.

use super::figures::dash;
use super::written::{Kind, Said, Written, fill, join};
use crate::tables::SpokenWords;

struct Time {
    end: usize,
    hour: usize,
    minute: Option<usize>,
    part: Option<&'static str>,
    /// The full stop of "p.m." ends the sentence too.
    stop: bool,
}

pub(super) fn read(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    if written.kind(at) != Kind::Digits || !written.is_fresh(at) {
        return None;
    }
    range(written, words, at).or_else(|| {
        let time = time(written, words, at)?;
        let is_time = time.minute.is_some() || time.part.is_some();
        let is_over = written.is_over(time.end);
        (is_time && is_over)
            .then(|| Said::new(at, time.end, in_words(words, &time) + stop(&time)))
            .flatten()
    })
}

fn stop(time: &Time) -> &'static str {
    if time.stop { "." } else { "" }
}

/// "9–11:30 am", "9am-5pm", "9:00–17:00". One of the two says that they are times.
fn range(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let from = time(written, words, at)?;
    let until = time(written, words, dash(written, from.end)?)?;
    let says = |time: &Time| time.minute.is_some() || time.part.is_some();
    if !(says(&from) || says(&until)) || from.stop || !written.is_over(until.end) {
        return None;
    }
    let (start, to) = (in_words(words, &from), words.numbers.to);
    // "9-11:30": the first is an hour, with nothing after it.
    let start = if says(&from) {
        start
    } else {
        from.hour.to_string()
    };
    let text = join(words, &[&start, to, &in_words(words, &until)]);
    Said::new(at, until.end, text + stop(&until))
}

/// An hour, with minutes and a part of the day where there are any.
fn time(written: &Written, words: &SpokenWords, at: usize) -> Option<Time> {
    let pair = |at: usize| written.digits(at).filter(|digits| digits.len() == 2);
    let small = |at: usize| -> Option<usize> { pair(at)?.parse().ok().filter(|n| *n < 60) };
    let hour: usize = (written.digits(at))
        .filter(|digits| digits.len() <= 2)
        .and_then(|digits| digits.parse().ok())
        .filter(|hour| *hour <= 24)?;
    let mark = written.get(at + 1);
    let minute = small(at + 2).filter(|_| matches!(mark, ":" | "." | "："));
    let mut end = at + 1 + if minute.is_some() { 2 } else { 0 };
    if mark == ":" && written.get(end) == ":" && small(end + 1).is_some() {
        // Seconds are not said.
        end += 2;
    }
    let part = part(written, words, end);
    // With a full stop between the figures it may be any number.
    let (minute, end) = match (minute, &part) {
        (Some(_), None) if mark == "." => (None, at + 1),
        _ => (minute, end),
    };
    if minute.is_some() && hour == 24 && minute != Some(0) {
        return None;
    }
    let mut time = Time {
        end,
        hour,
        minute,
        part: None,
        stop: false,
    };
    if let Some((end, name, stop)) = part {
        let counts_twice = !words.times.afternoon.is_empty();
        if counts_twice && hour > 12 && minute.is_none() {
            return None;
        }
        time.end = end;
        time.stop = stop;
        // "15:30 pm" is after noon anyway.
        time.part = Some(name).filter(|_| !(counts_twice && hour > 12));
    }
    Some(time)
}

/// "pm", "p.m.", "Uhr": the token after it, how it is read, whether its full stop ends the sentence.
fn part(written: &Written, words: &SpokenWords, at: usize) -> Option<(usize, &'static str, bool)> {
    let start = written.gap(at);
    let rest = written.rest(start);
    let found = words.times.parts.into_iter().filter_map(|(form, name)| {
        let begins = rest.get(..form.len())?.eq_ignore_ascii_case(form);
        let end = written.after(start, rest.get(..form.len())?)?;
        (begins && written.is_over_unless(end, "-–/")).then_some((end, *name, form.ends_with('.')))
    });
    let (end, name, dotted) = found.max_by_key(|(end, _, _)| *end)?;
    Some((end, name, dotted && written.is_end_of_sentence(end)))
}

fn in_words(words: &SpokenWords, time: &Time) -> String {
    let speech = &words.times;
    let minute = time.minute.unwrap_or(0);
    let hour = match time.hour {
        1 => speech.one.to_owned(),
        hour => hour.to_string(),
    };
    let spelled = match (minute, time.part) {
        (0, None) if matches!(time.hour, 0 | 24) && !speech.midnight.is_empty() => {
            return speech.midnight.to_owned();
        }
        (0, None) if !speech.afternoon.is_empty() && time.hour > 12 && time.hour < 24 => {
            let hour = (time.hour - 12).to_string();
            return join(words, &[&hour, speech.afternoon]);
        }
        // "3 pm" is a whole hour already.
        (0, Some(part)) if !part.is_empty() => hour,
        (0, _) => fill(speech.whole, &[("{hour}", &hour)]),
        (1..10, _) => fill(
            speech.few_minutes,
            &[("{hour}", &hour), ("{minute}", &minute.to_string())],
        ),
        _ => fill(
            speech.minutes,
            &[("{hour}", &hour), ("{minute}", &minute.to_string())],
        ),
    };
    match time.part {
        Some(part) if !part.is_empty() => join(words, &[&spelled, part]),
        _ => spelled,
    }
}
