//! Numbers, prices, dates, percentages and phone numbers: each must come from the playbook or from the caller.
//!
//! In: a sentence as words, the playbook's ground, the caller's words. Out: a refusal, if there is one. Memory: short
//! strings per number.

use super::Refusal;
use super::ground::{Ground, Line};
use super::numbers::{Number, numbers, runs};
use super::words::{english, figure_words, find, holds, joined, sentence_words};
use patter_language::stem::singular;
use patter_language::words::Word;
use patter_types::reason::Reason;

/// Figures of the shortest phone numbers.
const PHONE_FIGURES: usize = 7;
/// The unit of a sum whose currency is left out: "29 a month".
pub(super) const MONEY: &str = "money";

/// The first figure of `words` that neither `ground` nor what was `heard` holds.
pub(super) fn check(ground: &Ground, heard: &Line, words: &[Word]) -> Option<Refusal> {
    if ground.is_verbatim(words) {
        return None;
    }
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
    let mut given = ground.slots().chain([heard]);
    if given.any(|line| is_given(line, words, number)) {
        return true;
    }
    let topics = ground.topics(words, number.first, number.last);
    let is_sum = number.unit.as_deref().is_some_and(is_sum);
    if is_sum && !topics.specific.is_empty() {
        return ground.supports_sum(&topics, &number.value, |own| is_same(number, own));
    }
    if !topics.specific.is_empty() {
        return ground.supports(&topics.specific, |line| {
            line.numbers.iter().any(|own| is_same(number, own))
        });
    }
    // A time of which nothing is said is agreed with the caller, or it is invented.
    if number.is_date {
        return false;
    }
    let unit = number.unit.as_deref();
    let counts = unit.is_some_and(|unit| !is_binding(unit));
    if counts {
        return ground.supports(&[], |line| {
            line.numbers.iter().any(|own| is_same(number, own))
        });
    }
    let takes = unit.is_some_and(|unit| sentence_words().measures.contains(&unit))
        && words
            .iter()
            .any(|word| figure_words().takes.contains(&word.plain.as_str()));
    ground.supports_in_general(&topics, number, takes && !is_sum, |own| {
        is_same(number, own)
    })
}

/// Whether a line may be meant by a number of a sentence.
fn is_same(number: &Number, own: &Number) -> bool {
    let unit = match number.unit.as_deref() {
        None => true,
        Some(unit) => is_unit(unit, own),
    };
    own.value == number.value
        && unit
        && (own.is_date || !number.is_date)
        && (number.period.is_none() || own.period == number.period)
}

/// "29 a month" is meant by a sum in any currency.
fn is_unit(unit: &str, own: &Number) -> bool {
    let own = own.unit.as_deref();
    match unit {
        MONEY => own.is_some_and(|own| own == MONEY || figure_words().currencies.contains(&own)),
        _ => own == Some(unit),
    }
}

pub(super) fn is_sum(unit: &str) -> bool {
    unit == MONEY || unit == "percent" || figure_words().currencies.contains(&unit)
}

/// Whether a number of this unit binds the house.
fn is_binding(unit: &str) -> bool {
    is_sum(unit) || sentence_words().measures.contains(&unit)
}

/// Whether the caller said `number`, or a slot holds it. It may count something else, but nothing that binds the house;
/// a sum is only said back.
fn is_given(line: &Line, words: &[Word], number: &Number) -> bool {
    let unit = number.unit.as_deref();
    let binds = unit.is_some_and(is_binding);
    if unit.is_some_and(is_sum) && !is_echo(words, number) {
        return false;
    }
    let mut own = line.numbers.iter().filter(|own| own.value == number.value);
    let said = own.any(|own| {
        let counts = own.unit.as_deref().is_some_and(is_binding);
        match unit {
            Some(unit) if binds => is_unit(unit, own),
            _ => !(number.is_date && counts),
        }
    });
    let read_out = !binds && !number.figures.is_empty() && line.runs.contains(&number.figures);
    said || read_out
}

/// "I see, 50 dollars": a sum that is said back, and not offered.
fn is_echo(words: &[Word], number: &Number) -> bool {
    let start = words[..number.first].iter().rposition(|w| w.ends_clause);
    let end = words[number.last..].iter().position(|w| w.ends_clause);
    let end = end.map_or(words.len(), |at| number.last + at + 1);
    let clause = joined(&words[start.map_or(0, |at| at + 1)..end]);
    find(&clause, &figure_words().offers).is_none()
        && find(&joined(words), &figure_words().echoes).is_some()
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
    } else if unit_is(&figure_words().currencies) || unit_is(&[MONEY]) {
        Reason::UngroundedPrice
    } else if unit_is(&["percent"]) {
        Reason::UngroundedPercentage
    } else if numbers.iter().any(|number| number.is_date)
        || near.iter().any(|word| is_calendar(word))
    {
        Reason::UngroundedDate
    } else {
        Reason::UngroundedNumber
    };
    let to = last
        + usize::from(numbers.last().is_some_and(|number| {
            let named = number.unit.as_deref().is_some_and(|unit| unit != MONEY);
            named && number.last + 1 < words.len()
        }));
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
        let single = singular(&phrase);
        let fits = |line: &Line| holds(&line.spaced, &phrase) || holds(&line.spaced, &single);
        let last = at + phrase.matches(' ').count();
        let topics = ground.topics(words, at, last).specific;
        let is_grounded = fits(heard)
            || ground.slots().any(fits)
            || (!topics.is_empty() && ground.supports(&topics, fits));
        (!is_grounded).then(|| Refusal::new(Reason::UngroundedDate, phrase.clone()))
    })
}

/// The date that begins at `at`, in lower case.
fn date_at(words: &[Word], at: usize) -> Option<String> {
    let word = words[at].plain.as_str();
    let singular = singular(word);
    let next = words.get(at + 1).map_or("", |next| next.plain.as_str());
    if figure_words().near.contains(&word) && figure_words().spans.contains(&next) {
        return Some(format!("{word} {next}"));
    }
    let is_date = match word {
        word if figure_words().months_or_verbs.contains(&word) => {
            let starts = at == 0 || words[at - 1].ends_sentence;
            let number_follows = next.chars().next().is_some_and(char::is_numeric);
            words[at].text.starts_with(char::is_uppercase) && (!starts || number_follows)
        }
        "today" => !is_small_talk(words, at),
        _ => is_calendar(&singular) || figure_words().relative.contains(&singular.as_str()),
    };
    is_date.then(|| word.to_owned())
}

/// "How are you today?", "thank you for your time today" and "anything else I can help you with today?" say when
/// nothing will happen.
fn is_small_talk(words: &[Word], at: usize) -> bool {
    let start = words[..at].iter().rposition(|word| word.ends_clause);
    let clause = joined(&words[start.map_or(0, |at| at + 1)..at]);
    let known = figure_words();
    let asks = known
        .how_are_you
        .iter()
        .any(|word| clause.starts_with(&format!(" {word} ")))
        && find(&clause, &known.proposals).is_none();
    let helps = find(&clause, &known.help).is_some() && find(&clause, &known.help_with).is_some();
    asks || helps || find(&clause, &known.thanks).is_some()
}

/// Whether `word` is a month's whole name.
pub(super) fn is_month(word: &str) -> bool {
    let mut months = english().calendar.months.iter();
    months.any(|names| names.first() == Some(&word))
}

/// Whether `word` is a day's or a month's whole name, or a feast; "May" and "March" are so only where they cannot be
/// the verb.
pub(super) fn is_calendar(word: &str) -> bool {
    let mut days = english().calendar.weekdays.iter();
    is_month(word)
        || days.any(|names| names.first() == Some(&word))
        || figure_words().feasts.contains(&word)
}
