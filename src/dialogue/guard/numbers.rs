//! Every number in a text, in figures or in English words, with what it counts.
//!
//! In: words. Out: [`Number`]s in a canonical form: "twenty nine", "29" and "29.00" are one. Memory: short strings per
//! number.
//!
//! "One" is a number only where it counts something that matters: "one moment", "that one", "one of them" commit nobody
//! to a figure, and a guard that refused them would refuse most polite sentences. "First" and "second" are numbers only
//! as a day ("on the second"), since "a second" and "first of all" are everyday words.
//!
//! Words and figures are read as in [`patter_language::numbers`]. What a number counts is told here and for
//! slots by rules of their own: the guard looks for every figure of the agent, a slot for the one value of a caller.

use super::figures::{MONEY, is_calendar, is_month};
use super::words::{english, figure_words, is_function_word};
use patter_language::numbers as number_words;
use patter_language::stem::singular;
use patter_language::words::Word;

/// A number in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    /// Canonical: "29", "29.5", "6:30"; a vague one ("half", "dozens") is its word.
    pub(super) value: String,
    /// Its figures alone, for numbers that are read out figure by figure.
    pub(super) figures: String,
    /// The stem of the word that it counts.
    pub(super) unit: Option<String>,
    /// What it is counted by: "month" in "29 dollars a month".
    pub(super) period: Option<String>,
    /// It is a time of day or a day of the month.
    pub(super) is_date: bool,
    /// Its first word.
    pub(super) first: usize,
    /// Its last word.
    pub(super) last: usize,
}

/// Words between a number and what it is counted by.
const PERIOD_REACH: usize = 6;
/// Latest hour of a day.
const LAST_HOUR: u32 = 24;

/// The numbers of `words`, in order.
pub(super) fn numbers(words: &[Word]) -> Vec<Number> {
    let mut found: Vec<Number> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let made =
            time_in_words(words, at).map_or_else(|| in_figures(words, at), |number| vec![number]);
        let made = if made.is_empty() {
            in_words(words, at).into_iter().collect()
        } else {
            made
        };
        at = made.last().map_or(at, |number| number.last) + 1;
        found.extend(made);
    }
    found
}

/// Numbers that stand side by side, joined into one: what is read out figure by figure. Each with the indices of its
/// parts.
pub(super) fn runs(numbers: &[Number]) -> Vec<(String, std::ops::Range<usize>)> {
    let mut runs: Vec<(String, std::ops::Range<usize>)> = Vec::new();
    for (index, number) in numbers.iter().enumerate() {
        let follows = index > 0 && numbers[index - 1].last + 1 >= number.first;
        match runs.last_mut() {
            Some((figures, parts)) if follows => {
                figures.push_str(&number.figures);
                parts.end = index + 1;
            }
            _ => runs.push((number.figures.clone(), index..index + 1)),
        }
    }
    runs
}

fn plain(words: &[Word], at: usize) -> &str {
    words.get(at).map_or("", |word| word.plain.as_str())
}

/// What the number that ends at `last` counts.
fn unit(words: &[Word], first: usize, last: usize) -> Option<String> {
    if let Some(currency) = words[first].currency {
        return Some(currency.to_owned());
    }
    if words[last].percent {
        return Some("percent".to_owned());
    }
    let next = plain(words, last + 1);
    if words[last].ends_clause || next.is_empty() {
        return None;
    }
    if next == "per" && plain(words, last + 2) == "cent" {
        return Some("percent".to_owned());
    }
    let counts = !is_function_word(next)
        && !figure_words().time_words.contains(&next)
        && !is_calendar(&singular(next))
        && !figure_words().relative.contains(&next)
        && !figure_words()
            .adverbs
            .iter()
            .any(|(adverb, _)| *adverb == next)
        && next.chars().count() > 1
        && !is_number_word(next);
    counts.then(|| singular(next))
}

/// Whether a word, in lower case, is a number or part of one.
pub(super) fn is_number_word(plain: &str) -> bool {
    plain.chars().any(char::is_numeric) || number_words::is_number_word(&english().numbers, plain)
}

fn number(words: &[Word], value: String, is_date: bool, first: usize, last: usize) -> Number {
    let mut unit = unit(words, first, last);
    let is_date = is_date || (is_time(words, &value, unit.is_some(), first, last));
    let is_sum = unit
        .as_deref()
        .is_some_and(|unit| figure_words().currencies.contains(&unit));
    let period = period(words, first, last, is_sum);
    // "It's 29 a month" is a price too.
    if unit.is_none()
        && !is_date
        && period.is_some()
        && !figure_words().vague.contains(&value.as_str())
    {
        unit = Some(MONEY.to_owned());
    }
    Number {
        figures: value.chars().filter(char::is_ascii_digit).collect(),
        value,
        unit,
        period,
        is_date,
        first,
        last,
    }
}

/// The word `offset` places after `last`; "" behind the end of the clause.
fn after(words: &[Word], last: usize, offset: usize) -> &str {
    let between = words.get(last..last + offset);
    match between.is_some_and(|between| between.iter().all(|word| !word.ends_clause)) {
        true => plain(words, last + offset),
        false => "",
    }
}

/// The word `offset` places before `first`; "" before the beginning of the clause.
fn before(words: &[Word], first: usize, offset: usize) -> &str {
    let Some(at) = first.checked_sub(offset) else {
        return "";
    };
    match words[at..first].iter().all(|word| !word.ends_clause) {
        true => plain(words, at),
        false => "",
    }
}

/// Whether a number is a time of day or a day of the month, by the words around it.
fn is_time(words: &[Word], value: &str, counts: bool, first: usize, last: usize) -> bool {
    let next = after(words, last, 1);
    if figure_words().time_words.contains(&plain(words, last + 1)) {
        return true;
    }
    let of_month = [next, before(words, first, 1)]
        .iter()
        .any(|word| is_month(word));
    let of_day = match next {
        "in" => {
            after(words, last, 2) == "the"
                && figure_words().parts_of_day.contains(&after(words, last, 3))
        }
        "at" => after(words, last, 2) == "night",
        _ => figure_words().at_time.contains(&next),
    };
    let is_hour = value.parse::<u32>().is_ok_and(|hour| hour <= LAST_HOUR);
    if of_month || (is_hour && of_day) {
        return true;
    }
    if !is_hour || counts {
        return false;
    }
    let mut back = 1;
    while figure_words()
        .modifiers
        .contains(&before(words, first, back))
    {
        back += 1;
    }
    figure_words()
        .before_time
        .contains(&before(words, first, back))
        || is_span_of_hours(words, first, last)
}

/// "From 9 to 5"; a scale begins at 0, and "2 to 3 days" counts.
fn is_span_of_hours(words: &[Word], first: usize, last: usize) -> bool {
    let joins = |word: &str| matches!(word, "to" | "till" | "until");
    let is_hour = |word: &str| is_number_word(word) && !matches!(word, "0" | "zero");
    let own = is_hour(plain(words, first));
    let end = after(words, last, 3);
    let begins = joins(after(words, last, 1))
        && is_hour(after(words, last, 2))
        && (is_function_word(end) || end.is_empty() || figure_words().time_words.contains(&end));
    own && (begins || (joins(before(words, first, 1)) && is_hour(before(words, first, 2))))
}

/// What the number from `first` to `last` is counted by. A sum may be one for each of anything: "29 dollars a class".
fn period(words: &[Word], first: usize, last: usize, is_sum: bool) -> Option<String> {
    for offset in 1..=PERIOD_REACH {
        let word = after(words, last, offset);
        let next = singular(after(words, last, offset + 1));
        if let Some((_, period)) = figure_words()
            .adverbs
            .iter()
            .find(|(adverb, _)| *adverb == word)
        {
            return Some((*period).to_owned());
        }
        let counted = match word {
            "a" | "an" | "per" | "each" | "every" => {
                let is_thing = is_sum && !next.is_empty() && !is_function_word(&next);
                figure_words().periods.contains(&next.as_str()) || is_thing
            }
            "the" | "one" | "whole" | "full" => figure_words().periods.contains(&next.as_str()),
            _ => false,
        };
        if counted {
            return Some(next);
        }
        let goes_on = matches!(word, "of" | "for" | "only" | "just" | "the" | "a" | "one")
            || !(is_function_word(word) || word.is_empty() || is_number_word(word));
        if !goes_on {
            break;
        }
    }
    // "Each month you pay 29 dollars."
    let mut back = (2..=PERIOD_REACH).filter(|_| is_sum);
    back.find_map(|offset| {
        let period = singular(before(words, first, offset - 1));
        let each = matches!(before(words, first, offset), "each" | "every" | "per");
        (each && figure_words().periods.contains(&period.as_str())).then_some(period)
    })
}

/// "Half past six".
fn time_in_words(words: &[Word], at: usize) -> Option<Number> {
    let minutes = match plain(words, at) {
        "half" => 30,
        "quarter" => 15,
        _ => return None,
    };
    let before = match plain(words, at + 1) {
        "past" => false,
        "to" => true,
        _ => return None,
    };
    let hour = plain(words, at + 2);
    let hour = number_words::cardinal(&english().numbers, hour)
        .filter(|hour| *hour < 20)
        .or_else(|| hour.parse().ok().filter(|hour| *hour <= 24))?;
    let value = if before {
        format!(
            "{}:{}",
            (hour + 11) % 12 + u64::from(hour == 1) * 12,
            60 - minutes
        )
    } else {
        format!("{hour}:{minutes}")
    };
    Some(number(words, value, true, at, at + 2))
}

/// All the numbers inside one word that holds figures.
fn in_figures(words: &[Word], at: usize) -> Vec<Number> {
    let word = &words[at];
    if !word.plain.chars().any(char::is_numeric) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut rest = word.plain.as_str();
    while let Some(start) = rest.find(char::is_numeric) {
        let tail = &rest[start..];
        let end = tail
            .find(|c: char| !c.is_numeric() && !matches!(c, '.' | ',' | ':'))
            .unwrap_or(tail.len());
        let (figures, suffix) = tail.split_at(end);
        let letters = suffix.find(char::is_numeric).unwrap_or(suffix.len());
        let mut is_date = figures.contains(':');
        let mut own_unit = None;
        match &suffix[..letters] {
            "" => {}
            end if english().calendar.ordinal_ends.contains(&end)
                || figure_words().time_words.contains(&end) =>
            {
                is_date = true;
            }
            other => own_unit = Some(singular(other)),
        }
        for value in canonical(figures) {
            let mut made = number(words, value, is_date, at, at);
            if own_unit.is_some() {
                made.unit.clone_from(&own_unit);
            }
            found.push(made);
        }
        rest = suffix;
    }
    found
}

/// "1,000" is one number, "10,20" two; zeros that change nothing are left out.
fn canonical(figures: &str) -> Vec<String> {
    let figures = figures.trim_matches(|c| matches!(c, '.' | ',' | ':'));
    if figures.contains(',') && !number_words::has_groups(figures) {
        return figures
            .split(',')
            .map(|part| trimmed(part.to_owned()))
            .collect();
    }
    vec![trimmed(figures.replace(',', ""))]
}

fn trimmed(mut value: String) -> String {
    if value.matches('.').count() == 1 {
        value.truncate(value.trim_end_matches('0').len());
        value.truncate(value.trim_end_matches('.').len());
    }
    if let Some(hour) = value.strip_suffix(":00") {
        value = hour.to_owned();
    }
    value
}

/// A number in words that begins at `first`.
fn in_words(words: &[Word], first: usize) -> Option<Number> {
    let Some(read) = number_words::read_at(&english().numbers, words, first) else {
        let word = plain(words, first);
        // "A couple of questions" binds nobody, nor does "do you have a couple of minutes".
        let asks = word == "couple"
            && (figure_words()
                .harmless
                .contains(&singular(after(words, first, 2)).as_str())
                || (matches!(before(words, first, 2), "have" | "spare")
                    && before(words, first, 3) == "you"
                    && matches!(before(words, first, 4), "do" | "can" | "could")));
        if figure_words().vague.contains(&word) && !asks {
            return Some(number(words, word.to_owned(), false, first, first));
        }
        return is_span(words, first).then(|| number(words, "1".to_owned(), false, first, first));
    };
    let last = first + read.words - 1;
    if first == last && is_everyday(words, first) {
        return None;
    }
    let value = read.value.to_string();
    Some(number(words, value, read.is_ordinal, first, last))
}

/// "In a week", "takes about an hour" and "a dollar" are numbers too; "a minute" and "dollars a month" are none.
fn is_span(words: &[Word], at: usize) -> bool {
    let next = plain(words, at + 1);
    if !matches!(plain(words, at), "a" | "an") {
        return false;
    }
    if figure_words().currencies.contains(&next) || next == "percent" {
        return true;
    }
    let mut back = 1;
    loop {
        back += match before(words, at, back) {
            "to" if before(words, at, back + 1) == "up" => 2,
            word if figure_words().modifiers.contains(&word) => 1,
            _ => break,
        };
    }
    let word = before(words, at, back);
    let takes =
        matches!(word, "in" | "within" | "after" | "for") || figure_words().takes.contains(&word);
    // "It's about an hour"; "is a day" alone may be anything.
    let measures = back > 1 && matches!(word, "is" | "it's" | "that's" | "was");
    (takes || measures) && figure_words().periods.contains(&next)
}

/// "One", "first" and "second" where they are no figures.
fn is_everyday(words: &[Word], at: usize) -> bool {
    let before = at.checked_sub(1).map_or("", |before| plain(words, before));
    let next = plain(words, at + 1);
    match plain(words, at) {
        "first" | "second" => {
            let on_the = before == "the" && at >= 2 && plain(words, at - 2) == "on";
            let of_month = next == "of" && is_calendar(plain(words, at + 2));
            !(of_month || (on_the && (next.is_empty() || words[at].ends_clause)))
        }
        "one" if is_number_word(before) || is_number_word(next) => false,
        "one" => {
            words[at].ends_clause
                || next.is_empty()
                || is_function_word(next)
                || figure_words().harmless.contains(&next)
                || figure_words().before_pronoun.contains(&before)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use patter_language::words::words;

    fn found(text: &str) -> Vec<String> {
        let found = numbers(&words(text));
        let show = |n: &Number| match &n.unit {
            Some(unit) => format!("{} {unit}", n.value),
            None => n.value.clone(),
        };
        found.iter().map(show).collect()
    }

    #[test]
    fn figures_and_words_are_the_same_number() {
        for (text, expected) in [
            ("It's $29.00 a month", &["29 dollar"][..]),
            ("twenty-nine dollars", &["29 dollar"]),
            ("one hundred and five days", &["105 day"]),
            ("a hundred euros", &["100 euro"]),
            ("two thousand three hundred", &["2300"]),
            ("twelve hundred", &["1200"]),
            ("1,250 members", &["1250 member"]),
            ("5% or five per cent", &["5 percent", "5 percent"]),
            ("a 30-day trial", &["30 day"]),
            ("half past six, or 6:30", &["6:30", "6:30"]),
            ("quarter to seven", &["6:45"]),
            ("quarter to one", &["12:45"]),
            ("the 2nd or the twenty first", &["2", "21"]),
            ("on the second", &["2"]),
            ("nine one", &["9", "1"]),
            ("6 in the morning to 11pm", &["6", "11"]),
            ("a couple of days", &["couple"]),
            ("in a week", &["1 week"]),
            ("takes about an hour", &["1 hour"]),
            ("for up to a year", &["1 year"]),
            ("a dollar", &["1 dollar"]),
            ("29 a month", &["29 money"]),
            ("10 Saturday", &["10"]),
            ("seventysix", &["76"]),
            ("½ or ２９", &["½", "２９"]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn everyday_words_are_no_numbers() {
        for text in [
            "One moment, please.",
            "one question",
            "that one is good",
            "one of them",
            "First of all",
            "a second charge",
            "Just a second.",
            "no one",
            "a month",
            "a minute",
            "a couple of questions",
            "How about a day next month?",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
        assert_eq!(found("one month"), ["1 month"]);
        assert_eq!(found("the second of May"), ["2"]);
    }

    #[test]
    fn times_and_days_are_told_from_counts() {
        for (text, expected) in [
            ("at 8", true),
            ("until about six, please", true),
            ("8 o'clock", true),
            ("on the 29th", true),
            ("March 12", true),
            ("9 to 5", true),
            ("6 in the morning", true),
            ("eleven at night", true),
            ("at 12 Harbour Street", false),
            ("5 minutes", false),
            ("0 to 10", false),
            ("2 to 3 days", false),
            ("up to three children", false),
            ("by 5 percent", false),
            ("at 29", false),
        ] {
            let found = numbers(&words(text));
            assert_eq!(found[0].is_date, expected, "{text}");
        }
    }

    #[test]
    fn a_number_knows_what_it_is_counted_by() {
        for (text, expected) in [
            ("29 dollars a month", Some("month")),
            ("$29 per year", Some("year")),
            ("29 dollars monthly", Some("month")),
            ("29 dollars for the whole year", Some("year")),
            ("25 days of paid holiday a year", Some("year")),
            ("29 dollars a class", Some("class")),
            ("each month you pay 29 dollars", Some("month")),
            ("29 dollars, every day", None),
            ("59 dollars for two adults a month", None),
            ("5 minutes on foot", None),
        ] {
            let found = numbers(&words(text));
            assert_eq!(found[0].period.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn numbers_read_out_one_by_one_are_one() {
        let found = numbers(&words("It is four five, one two. And 7 days."));
        let joined: Vec<String> = runs(&found)
            .into_iter()
            .map(|(figures, _)| figures)
            .collect();
        assert_eq!(joined, ["4512", "7"]);
    }
}
