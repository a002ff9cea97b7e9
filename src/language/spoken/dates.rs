//! Days, months, weekdays: "11/24/2026", "Nov. 24", "Mon–Fri".
//!
//! In: a place in a written text. Out: the day with its month in words. Memory: short strings. A day that no year has
//! is read as no date. Where figures can be a day of two months, the region decides.

use super::figures::{dash, year, year_or_figures};
use super::times;
use super::written::{Kind, Said, Written, fill, join};
use crate::lists::Phrases;
use crate::tables::{DateSpeech, SpokenWords};

const DAYS: [usize; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const YEARS: std::ops::RangeInclusive<usize> = 1000..=2999;
/// Years of two figures up to this one are of this century.
const THIS_CENTURY: usize = 50;

/// What a doubt says of "5/8".
const ORDER: &str = "day and month can change places; write the month as a word";

pub(super) fn read(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    if !written.is_fresh(at) {
        return None;
    }
    match written.kind(at) {
        Kind::Digits => in_figures(written, words, at)
            .or_else(|| without_year(written, words, at))
            .or_else(|| day_first(written, words, at)),
        Kind::Word => month_first(written, words, at)
            .or_else(|| weekday(written, words, at))
            .or_else(|| month_alone(written, words, at)),
        _ => None,
    }
}

/// A day of a month; None where there is no such day.
fn valid(day: usize, month: usize) -> Option<(usize, usize)> {
    let days = DAYS.get(month.checked_sub(1)?)?;
    (1..=*days).contains(&day).then_some((day, month))
}

/// The token as a number of at most `length` figures.
fn number(written: &Written, at: usize, length: usize) -> Option<usize> {
    let digits = written.digits(at)?;
    let fits = digits.len() <= length;
    fits.then(|| digits.parse().ok()).flatten()
}

fn has_day_first(written: &Written, words: &SpokenWords) -> bool {
    words.dates.day_first != written.is_in(&words.dates.swapped_regions)
}

/// Which of two figures is the day. The second value: the other way is possible too.
fn ordered(first: usize, second: usize, day_first: bool) -> Option<((usize, usize), bool)> {
    let (day, month) = if day_first {
        (first, second)
    } else {
        (second, first)
    };
    let other = valid(month, day);
    match valid(day, month) {
        Some(date) => Some((date, other.is_some() && day != month)),
        None => other.map(|date| (date, false)),
    }
}

/// "11/24/2026", "2026-11-24", "24.11.2026", "11/24/26".
fn in_figures(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let mark = written.get(at + 1);
    if !matches!(mark, "/" | "-" | ".") || written.get(at + 3) != mark {
        return None;
    }
    let end = at + 5;
    if !written.is_over(end) {
        return None;
    }
    let (first, third) = (written.digits(at)?, written.digits(at + 4)?);
    let second = number(written, at + 2, 2)?;
    let (date, is_open, year) = if first.len() == 4 {
        let date = valid(number(written, at + 4, 2)?, second)?;
        (date, false, first.to_owned())
    } else {
        let first = number(written, at, 2)?;
        // With full stops the day is first in all regions that write so.
        let day_first = mark == "." || has_day_first(written, words);
        let (date, is_open) = ordered(first, second, day_first)?;
        let year = full_year(third, mark, words)?;
        (date, is_open && mark != ".", year)
    };
    year.parse().ok().filter(|year| YEARS.contains(year))?;
    let day_first = has_day_first(written, words);
    let text = in_words(written, words, at, date, Some(&year), day_first);
    let said = Said::new(at, end, text)?;
    Some(if is_open { said.doubted(ORDER) } else { said })
}

/// The year in four figures.
fn full_year(digits: &str, mark: &str, words: &SpokenWords) -> Option<String> {
    let year: usize = digits.parse().ok()?;
    match digits.len() {
        4 => Some(digits.to_owned()),
        2 if mark == "/" || (mark == "." && words.dates.dotted) => {
            let century = if year <= THIS_CENTURY { 2000 } else { 1900 };
            Some((century + year).to_string())
        }
        _ => None,
    }
}

/// "24.11." in languages that write so, "by 11/24".
fn without_year(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let mark = written.get(at + 1);
    let (first, second) = (number(written, at, 2)?, number(written, at + 2, 2)?);
    if mark == "." && words.dates.dotted && written.get(at + 3) == "." {
        let (day, month) = valid(first, second)?;
        let text = in_words(written, words, at, (day, month), None, true);
        let stays = written.rest(at + 4).trim().is_empty();
        // At the end of a text it can be any number: "Version 3.5."
        let before = written.word_before(at);
        let is_announced = words
            .dates
            .day_endings
            .iter()
            .any(|(word, _)| *word == before);
        let is_over = written.kind(at + 4) != Kind::Digits && (!stays || is_announced);
        return is_over
            .then(|| Said::new(at, at + 4 - usize::from(stays), text))
            .flatten();
    }
    let announced = words
        .dates
        .before
        .contains(&written.word_before(at).as_str());
    if mark != "/" || !announced || !written.is_over(at + 3) {
        return None;
    }
    let day_first = has_day_first(written, words);
    let (date, is_open) = ordered(first, second, day_first)?;
    let text = in_words(written, words, at, date, None, day_first);
    let said = Said::new(at, at + 3, text)?;
    Some(if is_open { said.doubted(ORDER) } else { said })
}

/// A date as it is read.
fn in_words(
    written: &Written,
    words: &SpokenWords,
    at: usize,
    (day, month): (usize, usize),
    year: Option<&str>,
    day_first: bool,
) -> String {
    let speech = &words.dates;
    let month = (speech.months.get(month - 1)).and_then(|names| names.first());
    let month = month.copied().unwrap_or_default();
    let before = written.word_before(at);
    let template = if day_first || speech.month_day.is_empty() {
        speech.day_month
    } else {
        speech.month_day
    };
    let day = day_name(speech, day, &before);
    let date = fill(template, &[("{month}", month), ("{day}", &day)]);
    // "On the 24/11": the article is there already.
    let doubled = date.split_once(' ').filter(|(first, _)| *first == before);
    let date = doubled.map_or(date.as_str(), |(_, rest)| rest);
    match year {
        Some(year) => {
            let year = year_or_figures(written, words, year);
            fill(speech.with_year, &[("{date}", date), ("{year}", &year)])
        }
        None => date.to_owned(),
    }
}

/// A day as it is read after the word `before`.
fn day_name(speech: &DateSpeech, day: usize, before: &str) -> String {
    let Some(name) = speech.days.get(day - 1) else {
        return day.to_string();
    };
    let mut endings = speech.day_endings.into_iter();
    let ending = endings.find_map(|(word, ending)| (*word == before).then_some(*ending));
    format!("{name}{}", ending.unwrap_or(speech.day_ending))
}

/// A month by its name: its token's end after a full stop, its number, whether it is written short.
fn month_at(written: &Written, words: &SpokenWords, at: usize) -> Option<(usize, usize, bool)> {
    let (number, short) = named(written, &words.dates, &words.dates.months, at)?;
    let stop = usize::from(short && written.get(at + 1) == ".");
    Some((at + 1 + stop, number + 1, short))
}

/// Which of the names the token is, from 0, and whether it is not the first of its list.
fn named(
    written: &Written,
    speech: &DateSpeech,
    names: &[Phrases],
    at: usize,
) -> Option<(usize, bool)> {
    let word = written.word(at)?;
    if speech.capitals && !word.starts_with(char::is_uppercase) {
        return None;
    }
    let is_same = |name: &str| name.to_lowercase() == word.to_lowercase();
    let mut lists = names.iter().enumerate();
    lists.find_map(|(number, list)| {
        let place = list.iter().position(|name| is_same(name))?;
        Some((number, place > 0))
    })
}

/// The year that follows a date: ", 2026", " 2026", " de 2026".
fn year_after<'a>(
    written: &Written<'a>,
    speech: &DateSpeech,
    at: usize,
) -> Option<(usize, &'a str)> {
    let mut next = written.gap(at + usize::from(written.get(at) == ","));
    if written
        .word(next)
        .is_some_and(|word| speech.of.contains(&word))
    {
        next = written.gap(next + 1);
    }
    let digits = written.digits(next).filter(|digits| digits.len() == 4)?;
    let value: usize = digits.parse().ok()?;
    let fits = next > at && YEARS.contains(&value) && written.is_over(next + 1);
    fits.then_some((next + 1, digits))
}

/// The end of a day in figures, which may have "th" after it.
fn day_at(written: &Written, at: usize) -> Option<(usize, usize, bool)> {
    let day = number(written, at, 2)?;
    let ends = written.values().map(|values| values.calendar.ordinal_ends);
    let is_end = |end: &str| ends.is_some_and(|ends| ends.contains(&end));
    let is_ordinal = written.word(at + 1).is_some_and(is_end);
    Some((at + 1 + usize::from(is_ordinal), day, is_ordinal))
}

/// "Nov. 24, 2026", "Nov 24–26", "November 24, 2026", "Nov. 2026".
fn month_first(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let speech = &words.dates;
    let (end, month, short) = month_at(written, words, at)?;
    let name = speech.months.get(month - 1)?.first()?;
    if let Some((end, digits)) = year_after(written, speech, end) {
        let text = year(written, words, digits);
        let text = match (text, short) {
            (None, false) => return None,
            (text, _) => text.unwrap_or_else(|| digits.to_owned()),
        };
        return Said::new(at, end, format!("{name} {text}"));
    }
    let day_start = written.gap(end);
    if speech.month_day.is_empty() || day_start == end {
        return None;
    }
    let (end, day, _) = day_at(written, day_start)?;
    let date = valid(day, month)?;
    let text = |year| in_words(written, words, at, date, year, false);
    if let Some((end, digits)) = year_after(written, speech, end) {
        return Said::new(at, end, text(Some(digits)));
    }
    let until = dash(written, end).and_then(|next| {
        let (end, last, _) = day_at(written, next)?;
        let fits = valid(last, month)?.0 > day && written.is_over(end);
        fits.then(|| (end, day_name(speech, last, "")))
    });
    match until {
        Some((end, last)) if short => Said::new(
            at,
            end,
            join(words, &[&text(None), words.numbers.to, &last]),
        ),
        None if short && written.is_over(end) => Said::new(at, end, text(None)),
        _ => None,
    }
}

/// "24 Nov. 2026", "24th of November", "3. Mai".
fn day_first(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let speech = &words.dates;
    let (mut end, day, is_ordinal) = day_at(written, at)?;
    let has_stop = !speech.days.is_empty() && speech.dotted && written.get(end) == ".";
    end += usize::from(has_stop);
    let mut next = written.gap(end);
    if written
        .word(next)
        .is_some_and(|word| speech.of.contains(&word))
    {
        next = written.gap(next + 1);
    }
    if next == end {
        return None;
    }
    let (month_end, month, short) = month_at(written, words, next)?;
    let date = valid(day, month)?;
    let (mut end, digits) = match year_after(written, speech, month_end) {
        Some((end, digits)) => (end, Some(digits)),
        None => (month_end, None),
    };
    if !written.is_over(end) {
        return None;
    }
    let has_new_year = digits.is_some_and(|digits| year(written, words, digits).is_some());
    let is_new = short || has_stop || has_new_year || (!is_ordinal && !speech.days.is_empty());
    if !is_new {
        return None;
    }
    // The full stop of the short month may be that of the sentence.
    if digits.is_none() && written.get(end - 1) == "." && written.is_end_of_sentence(end) {
        end -= 1;
    }
    Said::new(at, end, in_words(written, words, at, date, digits, true))
}

/// "Mon–Fri", "Tue., Nov. 24", "Mon. 9:00".
fn weekday(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let speech = &words.dates;
    let day_at = |at: usize| named(written, speech, &speech.weekdays, at);
    let name = |number: usize| speech.weekdays.get(number)?.first();
    let (first, short) = day_at(at)?;
    let end = at + 1 + usize::from(short && written.get(at + 1) == ".");
    let to = written.gap(end);
    let to = (written.get(to) == words.numbers.to).then(|| written.gap(to + 1));
    if let Some(next) = dash(written, end).or(to)
        && let Some((last, last_short)) = day_at(next)
        && first != last
    {
        let end = next + 1;
        // A full stop after the last name is its own where the sentence goes on.
        let stop = last_short && written.get(end) == "." && !written.is_end_of_sentence(end + 1);
        let text = join(words, &[name(first)?, words.numbers.to, name(last)?]);
        let is_over = written.is_over(end);
        return is_over
            .then(|| Said::new(at, end + usize::from(stop), text))
            .flatten();
    }
    let has_stop = end > at + 1;
    let after = written.gap(end + usize::from(written.get(end) == ","));
    let is_careful = speech
        .careful
        .contains(&written.get(at).to_lowercase().as_str());
    let is_date = || {
        in_figures(written, words, after).is_some()
            || without_year(written, words, after).is_some()
            || day_first(written, words, after).is_some()
            || times::read(written, words, after).is_some()
    };
    let dated = after > end
        && match written.kind(after) {
            // "So 5 people": a number alone makes no day of a word.
            Kind::Digits => !is_careful || is_date(),
            _ => month_at(written, words, after).is_some(),
        };
    let is_day = dated || (has_stop && !is_careful);
    if !short || !is_day || !written.is_over(end) {
        return None;
    }
    let ends = has_stop && !dated && written.is_end_of_sentence(end);
    Said::new(at, end - usize::from(ends), *name(first)?)
}

/// "in Nov.", "since Sept. we": a short month with its full stop; "Jan–Mar".
fn month_alone(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let (end, month, short) = month_at(written, words, at)?;
    let name = |month: usize| words.dates.months.get(month - 1)?.first();
    if let Some((end, last, last_short)) =
        dash(written, end).and_then(|next| month_at(written, words, next))
        && (short || last_short)
        && written.is_over(end)
    {
        let text = join(words, &[name(month)?, words.numbers.to, name(last)?]);
        let stop = written.get(end - 1) == "." && written.is_end_of_sentence(end);
        return Said::new(at, end - usize::from(stop), text);
    }
    let is_careful = (words.dates.careful).contains(&written.get(at).to_lowercase().as_str());
    if !short || end == at + 1 || is_careful || !written.is_over(end) {
        return None;
    }
    let ends = written.is_end_of_sentence(end);
    Said::new(at, end - usize::from(ends), *name(month)?)
}
