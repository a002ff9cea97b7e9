//! Other numbers: ranges, percent, units, fractions, years, decades, signs before and after a number.
//!
//! In: a place in a written text. Out: the number, with its unit in words. Memory: short strings. "5/8" can be a day, a
//! fraction, a score: it stays as it is, and is doubted.

use super::codes;
use super::figures::{self, Figure, decade, figure, up_to, year};
use super::written::{Kind, Said, Written, fill, is_dash, join};
use crate::tables::SpokenWords;

pub(super) fn read(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    match written.kind(at) {
        Kind::Mark => marked(written, words, at),
        Kind::Word => numbered(written, words, at),
        Kind::Digits if written.is_fresh(at) => fraction(written, words, at)
            .or_else(|| decades(written, words, at))
            .or_else(|| height(written, words, at))
            .or_else(|| quantity(written, words, at))
            .or_else(|| plain_year(written, words, at))
            .or_else(|| open(written, words, at)),
        _ => None,
    }
}

/// Whether what is read from `start` to `end` describes the noun after it: "a 5 kilometer run".
pub(super) fn is_adjective(
    written: &Written,
    words: &SpokenWords,
    start: usize,
    end: usize,
) -> bool {
    let before = written.word_before(start);
    let noun = written.gap(end);
    let is_noun = |word: &str| {
        word.starts_with(char::is_lowercase)
            && !written.is_small_word(word)
            && word != words.money.per
    };
    let joined = written.get(end) == "-" && written.kind(end + 1) == Kind::Word;
    words.numbers.articles.contains(&before.as_str())
        && (joined || (noun > end && written.word(noun).is_some_and(is_noun)))
}

/// A mark before a number: "-5", "#5", "~20", "½".
fn marked(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let speech = &words.numbers;
    let mark = written.get(at);
    let vulgar = speech
        .fractions
        .into_iter()
        .find(|(_, names)| names[0] == mark);
    if let Some((_, [_, alone, _])) = vulgar {
        return Said::new(at, at + 1, *alone);
    }
    if !written.is_fresh(at) {
        return None;
    }
    if is_dash(mark) || mark == "+" {
        let name = if mark == "+" {
            speech.plus
        } else {
            speech.minus
        };
        figure(written, words, at + 1)?;
        let said = quantity(written, words, at + 1);
        let (end, text): (usize, String) = match said {
            Some(said) => (
                said.end,
                said.parts.into_iter().map(|part| part.text).collect(),
            ),
            None => {
                let figure = figure(written, words, at + 1)?;
                (figure.end, figure.text())
            }
        };
        let is_tight = mark != "—" && !name.is_empty() && written.is_over(end);
        return is_tight
            .then(|| Said::new(at, end, join(words, &[name, &text])))
            .flatten();
    }
    if matches!(mark, "'" | "’") && written.get(at + 2) == speech.decade_end {
        let text = decade(
            written,
            words,
            written.digits(at + 1).filter(|d| d.len() == 2)?,
        )?;
        return written
            .is_over(at + 3)
            .then(|| Said::new(at, at + 3, text))
            .flatten();
    }
    if matches!(mark, "#" | "№") && !speech.number.is_empty() {
        if let Some(code) = codes::letters_and_figures(written, words, at + 1) {
            let text = code
                .parts
                .into_iter()
                .map(|part| part.text)
                .collect::<String>();
            let text = fill(speech.number, &[("{number}", &text)]);
            return Said::new(at, code.end, text);
        }
        let figure = figure(written, words, written.gap(at + 1))?;
        let text = fill(speech.number, &[("{number}", &figure.text())]);
        let is_over = figure.is_plain() && written.is_over(figure.end);
        return is_over.then(|| Said::new(at, figure.end, text)).flatten();
    }
    if let Some((end, name)) = written.after_any(at, &speech.before) {
        let next = written.gap(end);
        let is_number = written.kind(next) == Kind::Digits
            || written.after_any(next, &words.money.signs).is_some();
        return is_number
            .then(|| Said::new(at, next, join(words, &[name, ""])))
            .flatten();
    }
    let half = figure(written, words, at)?;
    quantity(written, words, at).or_else(|| {
        let is_over = written.is_over(half.end);
        is_over
            .then(|| Said::new(at, half.end, half.text()))
            .flatten()
    })
}

/// "No. 5", "nr 5".
fn numbered(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let speech = &words.numbers;
    let word = written.word(at)?.to_lowercase();
    let stop = written.get(at + 1) == ".";
    let is_sign = |sign: &&str| match sign.strip_suffix('.') {
        Some(sign) => stop && sign == word,
        None => *sign == word,
    };
    if !written.is_fresh(at) || !speech.number_signs.iter().any(is_sign) {
        return None;
    }
    let next = written.gap(at + 1 + usize::from(stop));
    let figure = written.digits(next).filter(|_| next > at + 1)?;
    let text = fill(speech.number, &[("{number}", "")]);
    let said = Said::new(at, next, join(words, &[text.trim_end(), ""]))?;
    let opens = matches!(written.kind_before(at), Kind::Nothing) && figure.len() < 3;
    Some(if opens && speech.number_doubts.contains(&word.as_str()) {
        said.doubted("at the beginning it can be an answer; write \"number\", or a comma after it")
    } else {
        said
    })
}

/// "3/4", "1 1/2", "1½".
fn fraction(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let speech = &words.numbers;
    let known = |at: usize| {
        let list = speech.fractions.into_iter();
        let found = list.filter_map(|(text, names)| {
            let sign = written.after(at, names[0]);
            Some((sign.or_else(|| written.after(at, text))?, names))
        });
        found.max_by_key(|(end, _)| *end)
    };
    let is_over = |end: usize| written.is_over_unless(end, "-–") && written.get(end) != "/";
    if let Some((end, [_, alone, _])) = known(at).filter(|(end, _)| is_over(*end)) {
        return Said::new(at, end, *alone);
    }
    let whole = written.digits(at).filter(|digits| digits.len() <= 3)?;
    let (end, [_, _, after]) = known(written.gap(at + 1)).filter(|(end, _)| is_over(*end))?;
    Said::new(at, end, join(words, &[whole, speech.and, after]))
}

/// "1990s", "'90s", "the 90s".
fn decades(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let digits = written.digits(at)?;
    let follows_the = || {
        let before = written.word_before(at);
        let the = written.values().map(|values| values.calendar.the);
        the.is_some_and(|the| the.contains(&before.as_str()))
    };
    let is_known = digits.len() == 4 || (digits.len() == 2 && follows_the());
    if !is_known || written.get(at + 1) != words.numbers.decade_end {
        return None;
    }
    let text = decade(written, words, digits)?;
    written
        .is_over(at + 2)
        .then(|| Said::new(at, at + 2, text))
        .flatten()
}

/// "5'10\"" is 5 foot 10.
fn height(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let template = words.numbers.height;
    let inches: u32 = written.digits(at + 2)?.parse().ok()?;
    let is_feet = matches!(written.get(at + 1), "'" | "’" | "′");
    let is_inches = matches!(written.get(at + 3), "\"" | "”" | "″");
    let parts = [
        ("{feet}", written.get(at)),
        ("{inches}", &inches.to_string()),
    ];
    (is_feet && is_inches && inches < 12 && !template.is_empty())
        .then(|| Said::new(at, at + 4, fill(template, &parts)))
        .flatten()
}

/// What follows a number: a percent sign, a unit.
enum Suffix {
    Percent,
    Unit([&'static str; 2]),
    /// "30-min".
    Compound(&'static str),
    Times,
    Plus,
}

fn suffix(written: &Written, words: &SpokenWords, at: usize) -> Option<(usize, Suffix)> {
    let next = written.gap(at);
    if written.get(next) == "%" {
        return Some((next + 1, Suffix::Percent));
    }
    let unit = written.after_any(next, &words.units);
    // A single letter that touches the number is more often something else: "5m", "30s".
    let is_letter = |end: usize| next == at && written.slice(next, end).len() == 1;
    if let Some((end, names)) = unit
        && !is_letter(end)
        && written.is_over_unless(end, "-–/")
    {
        let dotted = written.get(end) == "." && written.kind(end - 1) == Kind::Word;
        let stop = dotted && !written.is_end_of_sentence(end + 1);
        return Some((end + usize::from(stop), Suffix::Unit(*names)));
    }
    if written.get(at) == "-"
        && words.spaced
        && let Some((end, [one, _])) = written.after_any(at + 1, &words.units)
        && written.slice(at + 1, end).len() > 1
        && written.is_over_unless(end, "-")
    {
        return Some((end, Suffix::Compound(one)));
    }
    let cross = matches!(written.get(at), "x" | "X" | "×");
    if cross && !words.numbers.times.is_empty() && written.is_over(at + 1) {
        return Some((at + 1, Suffix::Times));
    }
    let goes_on = matches!(written.kind(at + 1), Kind::Digits | Kind::Word)
        || matches!(written.get(at + 1), "+" | "-" | "/" | "(" | "$" | "=");
    let plus = written.get(at) == "+" && !goes_on;
    (plus && !words.numbers.plus.is_empty()).then_some((at + 1, Suffix::Plus))
}

/// A number with a unit, a range, or both.
fn quantity(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let low = figure(written, words, at)?;
    if let Some(said) = crossed(written, words, at, &low) {
        return Some(said);
    }
    let own = suffix(written, words, low.end);
    let range = |end: usize| up_to(written, words, figures::dash(written, end)?, &low);
    // "50%–60%" and "5 km – 10 km" say the unit twice.
    let high = range(low.end).or_else(|| range(own.as_ref()?.0));
    let last = high.as_ref().unwrap_or(&low);
    let found = suffix(written, words, last.end);
    let end = found.as_ref().map_or(last.end, |(end, _)| *end);
    let is_year = |figure: &Figure| figure.is_plain() && figure.whole.len() == 4;
    let amount = match &high {
        Some(high) => {
            let name = |figure: &Figure| {
                let years = is_year(&low) && is_year(high) && found.is_none();
                let year = years.then(|| year(written, words, &figure.whole)).flatten();
                year.unwrap_or_else(|| figure.text())
            };
            join(words, &[&name(&low), words.numbers.to, &name(high)])
        }
        None => last.text(),
    };
    let has_suffix = found.is_some();
    let is_one = high.is_none() && low.is_one();
    let adjective = is_adjective(written, words, at, end);
    let text = match found {
        Some((_, Suffix::Percent)) => fill(words.numbers.percent, &[("{number}", &amount)]),
        Some((_, Suffix::Unit([one, many]))) => {
            let name = if is_one || adjective { one } else { many };
            join(words, &[&amount, name])
        }
        Some((_, Suffix::Compound(name))) => format!("{amount}-{name}"),
        Some((_, Suffix::Times)) => join(words, &[&amount, words.numbers.times]),
        Some((_, Suffix::Plus)) => join(words, &[&amount, words.numbers.plus]),
        None if high.is_some() => amount,
        None => return None,
    };
    // A code in two groups is no range: "90210-1234".
    let is_long = |figure: &Figure| figure.is_plain() && figure.whole.len() > 4;
    let is_code = high
        .as_ref()
        .is_some_and(|high| is_long(&low) || is_long(high));
    let open = if has_suffix { "-–/" } else { "" };
    (!is_code && written.is_over_unless(end, open))
        .then(|| Said::new(at, end, text))
        .flatten()
}

/// "10x15", "3 × 4".
fn crossed(written: &Written, words: &SpokenWords, at: usize, low: &Figure) -> Option<Said> {
    let cross = written.gap(low.end);
    let next = written.gap(cross + 1);
    let mark = written.get(cross);
    let is_cross =
        mark == "×" || (matches!(mark, "x" | "X") && cross == low.end && next == cross + 1);
    let high = figure(written, words, next).filter(|_| is_cross)?;
    let by = words.numbers.by;
    let text = join(words, &[&low.text(), by, ""]);
    let is_number = !by.is_empty() && written.is_over(high.end);
    is_number.then(|| Said::new(at, next, text)).flatten()
}

/// "in 2026", "since 1999.": not where it counts what follows.
fn plain_year(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let digits = written.digits(at)?;
    let text = year(written, words, digits)?;
    let before = written.word_before(at);
    let next = written.gap(at + 1);
    let counts = |word: &str| !written.is_small_word(&word.to_lowercase());
    let counted = next > at + 1 && written.word(next).is_some_and(counts);
    let is_code = codes::is_announced(written, words, at);
    let is_year = !is_code && words.numbers.before_year.contains(&before.as_str()) && !counted;
    (is_year && written.is_over(at + 1))
        .then(|| Said::new(at, at + 1, text))
        .flatten()
}

/// "5/8", "9-5": what nobody can be sure of. "9 to 5" is understood as hours and as a score.
fn open(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let mark = written.get(at + 1);
    let short = |at: usize| written.digits(at).is_some_and(|digits| digits.len() <= 2);
    if !short(at) || !short(at + 2) || !written.is_over(at + 3) {
        return None;
    }
    let why = match mark {
        "/" => "it can be a day, a fraction or a score; write it in words",
        "-" | "–" => {
            let why = "it can be hours, a score or a code; write it in words";
            let text = join(
                words,
                &[written.get(at), words.numbers.to, written.get(at + 2)],
            );
            return Some(Said::new(at, at + 3, text)?.doubted(why));
        }
        _ => return None,
    };
    Some(Said::as_written(at + 3)?.doubted(why))
}
