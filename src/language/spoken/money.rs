//! Sums of money: "$29.50", "£1,575.99", "5 USD", "99¢", "$20–30", "$5/month".
//!
//! In: a place in a written text. Out: the sum, the currency after it. Memory: short strings.

use super::figures::{Figure, dash, figure};
use super::quantities::is_adjective;
use super::written::{Kind, Said, Written, fill, join};
use crate::tables::SpokenWords;

/// Hundredths under so many are written with a letter: "50p", but "1080p" is a picture.
const HUNDRED: f64 = 100.0;

/// Names of a currency, as [`crate::tables::MoneySpeech::names`] has them.
type Names = [&'static str; 6];

struct Sum {
    figure: Figure,
    scale: Option<&'static str>,
    /// It counts hundredths.
    is_cents: bool,
    code: &'static str,
    end: usize,
}

impl Sum {
    /// Two decimals, which are hundredths unless the number is multiplied.
    fn hundredths(&self) -> Option<&str> {
        let decimals = self.figure.decimals.as_deref()?;
        (decimals.len() == 2 && self.scale.is_none()).then_some(decimals)
    }
}

pub(super) fn read(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let sign = written.get(at);
    let is_signed = matches!(sign, "-" | "−" | "–" | "+");
    let start = at + usize::from(is_signed);
    if !written.is_fresh(at) || (is_signed && written.gap(start) > start) {
        return None;
    }
    // After a sign of a currency the minus may stand too: "$-3".
    let low = sum(written, words, start).or_else(|| named_late(written, words, start))?;
    let before = match sign {
        _ if !is_signed => "",
        "+" => words.numbers.plus,
        _ => words.numbers.minus,
    };
    let high = dash(written, low.end).and_then(|next| {
        let high = sum(written, words, next).or_else(|| bare(written, words, next, &low))?;
        let value = |sum: &Sum| {
            if sum.is_cents {
                sum.figure.value() / HUNDRED
            } else {
                sum.figure.value()
            }
        };
        // "$1.5–2 million": the scale is that of both.
        let same_scale = low.scale.is_none() || low.scale == high.scale;
        let fits = high.code == low.code && (value(&low) < value(&high) || !same_scale);
        fits.then_some(high)
    });
    let last = high.as_ref().unwrap_or(&low);
    let mut end = last.end;
    let (period, period_end) = period(written, words, end).unwrap_or_default();
    end = end.max(period_end);
    if !written.is_over_unless(end, "-–/") {
        return None;
    }
    let adjective = period.is_empty() && is_adjective(written, words, at, end);
    let said = match &high {
        Some(high) => {
            // "19 dollars and 99 cents to 29 dollars", but "20 to 30 dollars".
            let has_parts = [&low, high]
                .iter()
                .any(|sum| sum.is_cents || sum.hundredths().is_some());
            let first = if has_parts {
                in_words(words, &low, adjective)?
            } else {
                amount(&low)
            };
            join(
                words,
                &[&first, words.numbers.to, &in_words(words, high, adjective)?],
            )
        }
        None => in_words(words, &low, adjective)?,
    };
    let parts = [before, &said, &period]
        .into_iter()
        .filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts.collect();
    let said = Said::new(at, end, join(words, &parts))?;
    let is_open = low
        .figure
        .decimals
        .as_ref()
        .is_some_and(|decimals| decimals.len() == 3);
    Some(if is_open && low.scale.is_none() {
        said.doubted("its mark can stand before decimals or between thousands")
    } else {
        said
    })
}

/// A sum with its currency before or after it.
fn sum(written: &Written, words: &SpokenWords, at: usize) -> Option<Sum> {
    let speech = &words.money;
    if let Some((end, code)) = written.after_any(at, &speech.signs) {
        let next = written.gap(end);
        let mut sum = scaled(written, words, next, code)?;
        // "$5 CAD": the code says which dollars.
        let mut regions = speech.dollars.into_iter();
        let local = regions.find_map(|(region, code)| written.is_in(&[*region]).then_some(*code));
        if let Some(code) = local.filter(|_| written.get(at) == "$") {
            sum.code = code;
        }
        if let Some((end, exact)) = written.after_any(written.gap(sum.end), &speech.signs)
            && written.gap(sum.end) > sum.end
            && written.kind(end - 1) == Kind::Word
            && written.is_over(end)
        {
            (sum.code, sum.end) = (exact, end);
        }
        return Some(sum);
    }
    let mut sum = scaled(written, words, at, "")?;
    let next = written.gap(sum.end);
    if let Some((end, code)) = written.after_any(next, &speech.signs) {
        (sum.code, sum.end) = (code, end);
        // "5 $10": the sign belongs to what follows.
        let is_before = next > at + 1 && written.kind(end) == Kind::Digits;
        return (!is_before).then_some(sum);
    }
    let (end, code) = written.after_any(sum.end, &speech.cents)?;
    let is_letter = written.kind(sum.end) == Kind::Word;
    if is_letter && (sum.figure.value() >= HUNDRED || sum.figure.decimals.is_some()) {
        return None;
    }
    (sum.code, sum.end, sum.is_cents) = (code, end, true);
    Some(sum)
}

/// The upper end of a range without a sign of its own.
fn bare(written: &Written, words: &SpokenWords, at: usize, low: &Sum) -> Option<Sum> {
    let sum = scaled(written, words, at, low.code)?;
    (!low.is_cents).then_some(sum)
}

/// The lower end of a range with its currency after the upper one: "20-30 USD".
fn named_late(written: &Written, words: &SpokenWords, at: usize) -> Option<Sum> {
    let low = scaled(written, words, at, "")?;
    let high = sum(written, words, dash(written, low.end)?)?;
    let names_both = !high.is_cents && written.kind(high.end - 1) != Kind::Digits;
    names_both.then_some(Sum {
        code: high.code,
        ..low
    })
}

/// A number with what multiplies it.
fn scaled(written: &Written, words: &SpokenWords, at: usize, code: &'static str) -> Option<Sum> {
    let figure = foreign(written, words, at).or_else(|| figure(written, words, at))?;
    let mut sum = Sum {
        end: figure.end,
        figure,
        scale: None,
        is_cents: false,
        code,
    };
    let next = written.gap(sum.end);
    let found = written.after_any(next, &words.money.scales);
    // A single letter is a scale of a sum of money only, and only when it touches the number.
    let is_letter = |end: usize| written.slice(next, end).chars().count() == 1;
    let fits = |end: usize| {
        let is_tight = next == sum.end;
        let has_sign = !code.is_empty();
        written.is_over_unless(end, "-–/") && (!is_letter(end) || (is_tight && has_sign))
    };
    if let Some((end, name)) = found.filter(|(end, _)| fits(*end)) {
        (sum.scale, sum.end) = (Some(*name), end);
    }
    Some(sum)
}

/// "29,50" where the comma stands between thousands: two figures are hundredths anyway.
fn foreign(written: &Written, words: &SpokenWords, at: usize) -> Option<Figure> {
    let decimal = words.numbers.decimal;
    let is_bare = written.get(at).strip_prefix(decimal) == Some("");
    if let Some(cents) = written.digits(at + 1).filter(|_| is_bare) {
        return Some(Figure::new(at + 2, "0", cents, decimal));
    }
    let whole = written.digits(at)?;
    let cents = written.digits(at + 2).filter(|digits| digits.len() == 2)?;
    let mark = match written.get(at + 1) {
        "," => ',',
        "." => '.',
        _ => return None,
    };
    let is_mark = mark == words.numbers.thousands || mark == decimal;
    let goes_on = matches!(written.get(at + 3), "," | ".") && written.kind(at + 4) == Kind::Digits;
    (is_mark && !goes_on).then(|| Figure::new(at + 3, whole, cents, decimal))
}

/// "/month", "/mo", "/person".
fn period(written: &Written, words: &SpokenWords, at: usize) -> Option<(String, usize)> {
    let speech = &words.money;
    let word = (written.get(at) == "/")
        .then(|| written.word(at + 1))
        .flatten()?;
    let known = written.after_any(at + 1, &speech.periods);
    let (end, name) = known.map_or((at + 2, None), |(end, name)| (end, Some(*name)));
    // The full stop of "/mo." is dropped where the sentence goes on.
    let stop = name.is_some() && written.get(end) == "." && !written.is_end_of_sentence(end + 1);
    let text = match name {
        Some(name) => name.to_owned(),
        None if word.chars().count() > 1 && !speech.per.is_empty() => {
            join(words, &[speech.per, word])
        }
        None => return None,
    };
    Some((text, end + usize::from(stop)))
}

/// The number without the currency.
fn amount(sum: &Sum) -> String {
    match sum.scale {
        Some(scale) => format!("{} {scale}", sum.figure.text()),
        None => sum.figure.text(),
    }
}

fn in_words(words: &SpokenWords, sum: &Sum, adjective: bool) -> Option<String> {
    let speech = &words.money;
    let mut names = speech.names.into_iter();
    let names: &Names = names.find_map(|(code, names)| (*code == sum.code).then_some(names))?;
    let [one, singular, plural, one_cent, cent, cents] = names;
    let space = if words.spaced { " " } else { "" };
    let counted = |number: &str, is_one: bool, names: [&str; 3]| match (is_one, adjective) {
        (true, false) => names[0].to_owned(),
        (_, true) => format!("{number}{space}{}", names[1]),
        (false, false) => format!("{number}{space}{}", names[2]),
    };
    let whole = [*one, *singular, *plural];
    let part = [*one_cent, *cent, *cents];
    if sum.is_cents {
        return Some(counted(&sum.figure.text(), sum.figure.is_one(), part));
    }
    let Some(hundredths) = sum.hundredths() else {
        let is_one = sum.figure.is_one() && sum.scale.is_none();
        let amount = match sum.scale {
            Some(scale) => format!("{}{space}{scale}", sum.figure.text()),
            None => sum.figure.text(),
        };
        return Some(counted(&amount, is_one, whole));
    };
    let number: u32 = hundredths.parse().ok()?;
    let figure = &sum.figure.whole;
    if number == 0 {
        return Some(counted(figure, figure == "1", whole));
    }
    if speech.joined.is_empty() || one_cent.is_empty() {
        let amount = sum.figure.text();
        return Some(counted(amount.trim_end_matches('0'), false, whole));
    }
    let part = counted(&number.to_string(), number == 1, part);
    if figure.bytes().all(|b| b == b'0') {
        return Some(part);
    }
    let whole = counted(figure, figure == "1", whole);
    let parts = [
        ("{whole}", whole.as_str()),
        ("{part}", &part),
        ("{cents}", &number.to_string()),
    ];
    Some(fill(speech.joined, &parts))
}
