//! Numbers in figures: "1,250,000", "3.5", ".5".
//!
//! In: a place in a written text. Out: the number, as a voice gets it. Memory: short strings.

use super::written::{Kind, Written, is_dash};
use crate::tables::{FigureSpeech, SpokenWords};

/// A number.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    /// The token after it.
    pub end: usize,
    /// With its marks between thousands.
    pub whole: String,
    pub decimals: Option<String>,
    /// The mark before the decimals.
    decimal: char,
}

impl Figure {
    pub(super) fn new(end: usize, whole: &str, decimals: &str, decimal: char) -> Self {
        Self {
            end,
            whole: whole.to_owned(),
            decimals: Some(decimals.to_owned()),
            decimal,
        }
    }

    /// As a voice gets it.
    pub(super) fn text(&self) -> String {
        match &self.decimals {
            Some(decimals) => format!("{}{}{decimals}", self.whole, self.decimal),
            None => self.whole.clone(),
        }
    }

    pub(super) fn is_one(&self) -> bool {
        self.whole == "1" && self.decimals.is_none()
    }

    /// The whole part is nothing else than figures, without marks between.
    pub(super) fn is_plain(&self) -> bool {
        self.decimals.is_none() && self.whole.bytes().all(|b| b.is_ascii_digit())
    }

    pub(super) fn value(&self) -> f64 {
        let whole: String = self.whole.chars().filter(char::is_ascii_digit).collect();
        let decimals = self.decimals.as_deref().unwrap_or_default();
        format!("{whole}.{decimals}0").parse().unwrap_or_default()
    }

    /// Begins with a zero that a quantity does not have.
    pub(super) fn is_padded(&self) -> bool {
        self.whole.len() > 1 && self.whole.starts_with('0')
    }
}

/// The marks before decimals and between thousands, where the voice is at home.
fn marks(written: &Written, speech: &FigureSpeech) -> (char, char) {
    if written.is_in(&speech.swapped_regions) {
        (speech.thousands, speech.decimal)
    } else {
        (speech.decimal, speech.thousands)
    }
}

/// The number that begins at `at`, if it is one: "1.2.3" is none.
pub(super) fn figure(written: &Written, words: &SpokenWords, at: usize) -> Option<Figure> {
    let (decimal, thousands) = marks(written, &words.numbers);
    let is_mark = |at: usize, mark: char| written.get(at).strip_prefix(mark) == Some("");
    if is_mark(at, decimal) && matches!(written.kind_before(at), Kind::Space | Kind::Nothing) {
        let decimals = written.digits(at + 1)?;
        return Some(Figure {
            end: at + 2,
            whole: "0".into(),
            decimals: Some(decimals.to_owned()),
            decimal,
        });
    }
    let first = written.digits(at)?;
    let is_group = |at: usize| written.digits(at).is_some_and(|digits| digits.len() == 3);
    let mut whole = first.to_owned();
    let mut end = at + 1;
    if first.len() <= 3 {
        while is_group(end + 1) {
            if is_mark(end, thousands) {
                whole.push(thousands);
            } else if !matches!(written.get(end), "\u{a0}" | "\u{202f}") {
                break;
            }
            whole.push_str(written.get(end + 1));
            end += 2;
        }
    }
    let decimals = written
        .digits(end + 1)
        .filter(|_| is_mark(end, decimal))
        .map(str::to_owned);
    end += if decimals.is_some() { 2 } else { 0 };
    let goes_on = [decimal, thousands].iter().any(|mark| is_mark(end, *mark))
        && written.kind(end + 1) == Kind::Digits;
    (!goes_on).then_some(Figure {
        end,
        whole,
        decimals,
        decimal,
    })
}

/// The number from `at` on, if it can be the other end of a range: it is larger.
pub(super) fn up_to(
    written: &Written,
    words: &SpokenWords,
    at: usize,
    low: &Figure,
) -> Option<Figure> {
    let high = figure(written, words, at)?;
    let fits = low.value() < high.value() && !low.is_padded() && !high.is_padded();
    fits.then_some(high)
}

/// The token after a dash that means "to": "5-7", "5 – 7". A hyphen with spaces around it is a pause.
pub(super) fn dash(written: &Written, at: usize) -> Option<usize> {
    let mark = written.gap(at);
    if !is_dash(written.get(mark)) {
        return None;
    }
    let next = written.gap(mark + 1);
    let is_tight = mark == at && next == mark + 1;
    let is_wide = mark > at && next > mark + 1 && written.get(mark) == "–";
    (is_tight || is_wide).then_some(next)
}

/// A year as it is read: "twenty twenty-six". Voices read the years from 2000 to 2009 right.
pub(super) fn year(written: &Written, words: &SpokenWords, year: &str) -> Option<String> {
    let value: usize = year.parse().ok().filter(|_| year.len() == 4)?;
    let language = written.values().filter(|_| words.numbers.years_in_pairs)?;
    let table = &language.numbers;
    let (century, rest) = (value / 100, value % 100);
    if !(11..=20).contains(&century) || (century == 20 && rest < 10) {
        return None;
    }
    let pair = |number: usize| -> Option<String> {
        let unit = table.small.get(number % 10)?;
        match number {
            0..20 => table.small.get(number).map(|word| (*word).to_owned()),
            _ if number.is_multiple_of(10) => {
                table.tens.get(number / 10 - 2).map(|w| (*w).to_owned())
            }
            _ => Some(format!("{}-{unit}", table.tens.get(number / 10 - 2)?)),
        }
    };
    let century = pair(century)?;
    let oh = language.clock.oh;
    Some(match rest {
        0 => format!("{century} {}", table.hundred),
        1..10 => format!("{century} {oh} {}", pair(rest)?),
        _ => format!("{century} {}", pair(rest)?),
    })
}

/// A year that is read as it stands where there is no other way.
pub(super) fn year_or_figures(written: &Written, words: &SpokenWords, text: &str) -> String {
    year(written, words, text).unwrap_or_else(|| text.to_owned())
}

/// The decade that begins with the year `text`, of four figures or two: the "1990" of "1990s".
pub(super) fn decade(written: &Written, words: &SpokenWords, text: &str) -> Option<String> {
    let value: usize = text.parse().ok().filter(|value| value % 10 == 0)?;
    let tens = (value % 100 / 10).checked_sub(2)?;
    let tens = words.numbers.decades.get(tens)?;
    if text.len() == 2 {
        return Some((*tens).to_owned());
    }
    let century = format!("{}00", value / 100);
    let century = year(written, words, &century)?;
    let century = century.strip_suffix(written.values()?.numbers.hundred)?;
    Some(format!("{century}{tens}"))
}
