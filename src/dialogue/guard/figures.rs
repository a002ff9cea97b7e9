//! Numbers, prices, dates, percentages and phone numbers: each must come from the playbook or from the caller.
//!
//! Thread: any. In: a sentence as words, the playbook's ground, the caller's words. Out: a refusal, if there is one. Memory: short strings per number.

use super::ground::{Ground, Line};
use super::numbers::{Number, numbers, runs};
use super::words::{MEASURES, holds, stem};
use super::{Reason, Refusal};
use crate::dialogue::words::Word;

/// Figures of the shortest phone numbers.
const PHONE_FIGURES: usize = 7;
const CURRENCIES: &[&str] = &[
    "dollar", "euro", "pound", "cent", "buck", "usd", "eur", "gbp", "quid", "yuan", "yen",
];
/// Days and months; "May" and "March" only where they cannot be the verb.
pub(super) const CALENDAR: &[&str] = &[
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "christmas",
    "easter",
];
const RELATIVE: &[&str] = &[
    "today",
    "tomorrow",
    "yesterday",
    "tonight",
    "weekend",
    "noon",
    "midnight",
    "midday",
];
const PERIODS: &[&str] = &[
    "week",
    "month",
    "year",
    "weekend",
    "morning",
    "afternoon",
    "evening",
    "quarter",
    "spring",
    "summer",
    "autumn",
    "winter",
];

/// The first figure of `words` that neither `ground` nor what was `heard` holds.
pub(super) fn check(ground: &Ground, heard: &Line, words: &[Word]) -> Option<Refusal> {
    let found = numbers(words);
    for (figures, parts) in runs(&found) {
        let numbers = &found[parts];
        let is_grounded = match numbers {
            [number] => is_grounded(ground, heard, words, number),
            _ => !figures.is_empty() && is_read_out(ground, heard, &figures),
        };
        if !is_grounded {
            return Some(refusal(words, numbers, &figures));
        }
    }
    dates(ground, heard, words)
}

/// Whether figures that stand side by side were read out so, or are part of it.
fn is_read_out(ground: &Ground, heard: &Line, figures: &str) -> bool {
    let mut lines = ground.lines.iter().chain([heard]);
    lines.any(|line| line.runs.iter().any(|run| run.contains(figures)))
}

fn is_grounded(ground: &Ground, heard: &Line, words: &[Word], number: &Number) -> bool {
    let commits = number
        .unit
        .as_deref()
        .is_some_and(|unit| MEASURES.contains(&unit) || CURRENCIES.contains(&unit));
    // The caller's number may count something else, but nothing that binds the house.
    let said = heard
        .numbers
        .iter()
        .any(|own| own.value == number.value && (!commits || own.unit == number.unit));
    let read_out = !commits && !number.figures.is_empty() && heard.runs.contains(&number.figures);
    if said || read_out {
        return true;
    }
    let same = |own: &Number| {
        own.value == number.value && (number.unit.is_none() || own.unit == number.unit)
    };
    let topics = ground.topics(words, number.first, number.last);
    ground.supports(&topics, |line| line.numbers.iter().any(same))
}

fn refusal(words: &[Word], numbers: &[Number], figures: &str) -> Refusal {
    let (first, last) = numbers
        .first()
        .zip(numbers.last())
        .map_or((0, 0), |(first, last)| (first.first, last.last));
    let unit_is = |names: &[&str]| {
        numbers.iter().any(|number| {
            number
                .unit
                .as_deref()
                .is_some_and(|unit| names.contains(&unit))
        })
    };
    let near = [first.wrapping_sub(1), last + 1]
        .map(|at| words.get(at).map_or("", |word| word.plain.as_str()));
    let reason = if figures.len() >= PHONE_FIGURES {
        Reason::UngroundedPhone
    } else if unit_is(CURRENCIES) {
        Reason::UngroundedPrice
    } else if unit_is(&["percent"]) {
        Reason::UngroundedPercentage
    } else if numbers.iter().any(|number| number.is_date)
        || near.iter().any(|word| CALENDAR.contains(word))
    {
        Reason::UngroundedDate
    } else {
        Reason::UngroundedNumber
    };
    let to = last
        + usize::from(
            numbers
                .last()
                .is_some_and(|number| number.unit.is_some() && number.last + 1 < words.len()),
        );
    let texts: Vec<&str> = words[first..=to]
        .iter()
        .map(|word| word.text.as_str())
        .collect();
    Refusal::new(reason, texts.join(" "))
}

/// Days, months, and times relative to now.
fn dates(ground: &Ground, heard: &Line, words: &[Word]) -> Option<Refusal> {
    (0..words.len()).find_map(|at| {
        let phrase = date_at(words, at)?;
        let single = stem(&phrase);
        let fits = |line: &Line| holds(&line.spaced, &phrase) || holds(&line.spaced, &single);
        let last = at + phrase.matches(' ').count();
        let topics = ground.topics(words, at, last);
        let is_grounded = fits(heard) || ground.supports(&topics, fits);
        (!is_grounded).then(|| Refusal::new(Reason::UngroundedDate, phrase.clone()))
    })
}

/// The date that begins at `at`, in lower case.
fn date_at(words: &[Word], at: usize) -> Option<String> {
    let word = words[at].plain.as_str();
    let singular = stem(word);
    let next = words.get(at + 1).map_or("", |next| next.plain.as_str());
    if matches!(word, "next" | "this" | "last" | "coming") && PERIODS.contains(&next) {
        return Some(format!("{word} {next}"));
    }
    let is_date = match word {
        "may" | "march" => {
            let starts = at == 0 || words[at - 1].ends_sentence;
            let number_follows = next.chars().next().is_some_and(char::is_numeric);
            words[at].text.starts_with(char::is_uppercase) && (!starts || number_follows)
        }
        // "How are you today?" and "Thank you for your time today." say when nothing will happen.
        "today" => {
            let asks = words.first().is_some_and(|first| {
                matches!(first.plain.as_str(), "how" | "what" | "thank" | "thanks")
            });
            !asks
        }
        _ => CALENDAR.contains(&singular.as_str()) || RELATIVE.contains(&singular.as_str()),
    };
    is_date.then(|| word.to_owned())
}
