//! How many: numbers in words and in figures, with decimals.
//!
//! In: the caller's words. Out: "2.5". Memory: short strings. When late or full: a number too large for 64 bits is
//! none. Source: ours.
//!
//! "One moment" and "that one" hold no number.

use std::ops::Range;

use super::heard::Heard;
use super::{Entity, digits};
use crate::numbers;

/// Decimals that are kept.
const MAX_DECIMALS: u32 = 6;

/// A number with decimals: `digits` divided by ten to the power of `decimals`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: u64,
    decimals: u32,
}

impl Decimal {
    pub(super) const fn whole(digits: u64) -> Self {
        Self {
            digits,
            decimals: 0,
        }
    }

    pub(super) fn times(self, factor: u64) -> Option<Self> {
        let digits = self.digits.checked_mul(factor)?;
        Some(Self { digits, ..self }.trimmed())
    }

    /// Without decimals that are zero.
    fn trimmed(mut self) -> Self {
        while self.decimals > 0 && self.digits.is_multiple_of(10) {
            self.digits /= 10;
            self.decimals -= 1;
        }
        self
    }

    /// Whole units and hundredths; None when there are parts of a hundredth.
    pub(super) fn cents(self) -> Option<(u64, u64)> {
        let number = self.trimmed();
        let hundredths = match number.decimals {
            0 => number.digits.checked_mul(100)?,
            1 => number.digits.checked_mul(10)?,
            2 => number.digits,
            _ => return None,
        };
        Some((hundredths / 100, hundredths % 100))
    }

    fn text(self) -> String {
        let number = self.trimmed();
        if number.decimals == 0 {
            return number.digits.to_string();
        }
        let power = 10_u64.pow(number.decimals);
        let (whole, rest) = (number.digits / power, number.digits % power);
        format!("{whole}.{rest:0>width$}", width = number.decimals as usize)
    }

    /// The whole number that it is.
    pub(super) fn integer(self) -> Option<u64> {
        let number = self.trimmed();
        (number.decimals == 0).then_some(number.digits)
    }
}

/// A number in the caller's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) value: Decimal,
    pub(super) words: Range<usize>,
    /// A number by another name: "a couple".
    pub(super) is_rough: bool,
}

/// The amount that begins at `at`.
pub(super) fn amount(heard: &Heard, at: usize) -> Option<Amount> {
    let table = &heard.language.numbers;
    let plain = heard.plain(at);
    let (mut value, mut end, mut is_rough) = (None, at, false);
    if let Some((fraction, factor, words)) = fraction_of(heard, at) {
        (value, end) = (fraction.times(factor), at + words);
    } else if table.one.contains(&plain) {
        // "A hundred", "a dozen".
        let next = heard.plain(at + 1);
        let is_scale = next == table.hundred || scale_at(heard, at + 1).is_some();
        if is_scale {
            (value, end) = (Some(Decimal::whole(1)), at + 1);
            if next == table.hundred {
                let (number, words) = in_words(heard, at + 1)?;
                (value, end) = (Some(Decimal::whole(number)), at + 1 + words);
            }
        } else {
            let (set, words) = heard.meaning_at(at + 1, table.sets)?;
            (value, end, is_rough) = (Some(Decimal::whole(set)), at + 1 + words, set < 12);
        }
    } else if let Some((figures, factor)) = in_figures(heard, at) {
        (value, end) = (figures.times(factor), at + 1);
    } else if let Some((set, words)) = heard.meaning_at(at, table.sets) {
        (value, end, is_rough) = (Some(Decimal::whole(set)), at + words, set < 12);
    } else if let Some((number, words)) = in_words(heard, at) {
        (value, end) = (Some(Decimal::whole(number)), at + words);
        // "A few hundred".
        let is_scale = plain == table.hundred || scale_at(heard, at).is_some();
        is_rough = is_scale
            && !heard.is_clause_start(at)
            && !heard.language.digits.around.contains(&heard.before(at));
    }
    let mut value = value?;
    // "A couple hundred", "a couple of thousand".
    if is_rough
        && heard
            .meaning_at(end.saturating_sub(1), table.sets)
            .is_some()
    {
        let of = usize::from(heard.language.calendar.of.contains(&heard.plain(end)));
        let is_hundred = heard.plain(end + of) == table.hundred;
        if is_hundred || scale_at(heard, end + of).is_some() {
            end += of;
        }
        if is_hundred {
            (value, end) = (value.times(100)?, end + 1);
        }
    }
    if let Some((decimals, words)) = decimals_at(heard, end, value) {
        (value, end) = (decimals, end + words);
    }
    let half = heard.phrase_at(end, table.and_half);
    if half > 0 && value.decimals == 0 {
        let digits = value.digits.checked_mul(10)?.checked_add(5)?;
        (value, end) = (
            Decimal {
                digits,
                decimals: 1,
            },
            end + half,
        );
    }
    if heard.plain(end) == table.and
        && let Some((fraction, words)) = fraction_at(heard, end + 1)
        && value.decimals == 0
    {
        let whole = value.digits.checked_mul(100)?;
        let digits = whole.checked_add(fraction.digits)?;
        (value, end) = (Decimal { digits, ..fraction }, end + 1 + words);
    }
    while let Some((factor, words)) = scale_at(heard, end) {
        (value, end) = (value.times(factor)?, end + words);
    }
    Some(Amount {
        value,
        words: at..end,
        is_rough,
    })
}

/// "Half", "a quarter", in hundredths.
fn fraction_at(heard: &Heard, at: usize) -> Option<(Decimal, usize)> {
    let (minutes, words) = heard.meaning_at(at, heard.language.clock.fractions)?;
    let digits = u64::try_from(minutes).ok()? * 100 / 60;
    let fraction = Decimal {
        digits,
        decimals: 2,
    };
    Some((fraction, words))
}

/// A fraction of one of what follows: "half a", "a quarter of a".
pub(super) fn fraction_of_one(heard: &Heard, at: usize) -> Option<(Decimal, usize)> {
    let (fraction, words) = fraction_at(heard, at)?;
    let mut end = at + words;
    end += usize::from(heard.language.calendar.of.contains(&heard.plain(end)));
    end += usize::from(heard.language.numbers.one.contains(&heard.plain(end)));
    Some((fraction, end - at))
}

/// "Half a million", "half a dozen": the fraction, what it is of, and the words.
fn fraction_of(heard: &Heard, at: usize) -> Option<(Decimal, u64, usize)> {
    let (fraction, words) = fraction_of_one(heard, at)?;
    let end = at + words;
    let set = heard.meaning_at(end, heard.language.numbers.sets);
    let is_hundred = heard.plain(end) == heard.language.numbers.hundred;
    let (factor, more) = set
        .or(is_hundred.then_some((100, 1)))
        .or_else(|| scale_at(heard, end))?;
    Some((fraction, factor, words + more))
}

fn scale_at(heard: &Heard, at: usize) -> Option<(u64, usize)> {
    if at > 0 && heard.is_clause_start(at) {
        return None;
    }
    heard
        .meaning_at(at, heard.language.numbers.scales)
        .or_else(|| heard.meaning_at(at, heard.language.money.scales))
}

/// A cardinal in words.
fn in_words(heard: &Heard, at: usize) -> Option<(u64, usize)> {
    let read = heard.number_at(at)?;
    (!read.is_ordinal).then_some((read.value, read.words))
}

/// "29", "1,250.75", "29,50", "1.5k"; with what to multiply it by.
fn in_figures(heard: &Heard, at: usize) -> Option<(Decimal, u64)> {
    let plain = heard.plain(at);
    let end = plain.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ','));
    let (figures, suffix) = plain.split_at(end.unwrap_or(plain.len()));
    let factor = match suffix {
        "" => 1,
        _ => {
            let scales = heard.language.money.scales.iter();
            scales.clone().find(|(name, _)| *name == suffix)?.1
        }
    };
    if !figures.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    // A comma groups thousands, or it stands before cents.
    let is_grouped = numbers::has_groups(figures);
    let decimal_comma = !is_grouped && figures.matches(',').count() == 1 && !figures.contains('.');
    let figures = match (is_grouped, decimal_comma) {
        (true, _) => figures.replace(',', ""),
        (false, true) => figures.replace(',', "."),
        _ => return None,
    };
    let (whole, decimals) = figures.split_once('.').unwrap_or((&figures, ""));
    let places = u32::try_from(decimals.len()).ok()?;
    if places > MAX_DECIMALS || decimals.contains('.') {
        return None;
    }
    let digits = format!("{whole}{decimals}").parse().ok()?;
    let value = Decimal {
        digits,
        decimals: places,
    };
    Some((value, factor))
}

/// "Point five", "point zero five".
fn decimals_at(heard: &Heard, at: usize, whole: Decimal) -> Option<(Decimal, usize)> {
    let point = heard.phrase_at(at, heard.language.numbers.point);
    if point == 0 || whole.decimals > 0 {
        return None;
    }
    let mut value = whole;
    let mut end = at + point;
    while let Some((digits, words)) = digits::plain_piece(heard, end) {
        let places = u32::try_from(digits.len()).ok()?;
        if value.decimals + places > MAX_DECIMALS {
            break;
        }
        let more: u64 = digits.parse().ok()?;
        let shifted = value.digits.checked_mul(10_u64.pow(places))?;
        value = Decimal {
            digits: shifted.checked_add(more)?,
            decimals: value.decimals + places,
        };
        end += words;
    }
    (value.decimals > 0).then_some((value, end - at))
}

/// All amounts in `heard`, in order.
fn amounts(heard: &Heard) -> Vec<Amount> {
    let mut found: Vec<Amount> = Vec::new();
    let mut at = 0;
    while at < heard.len() {
        match amount(heard, at) {
            Some(amount) => {
                at = amount.words.end;
                found.push(amount);
            }
            None => at += 1,
        }
    }
    found
}

/// "One moment", "that one": not a number.
pub(super) fn is_everyday(heard: &Heard, amount: &Amount) -> bool {
    let table = &heard.language.numbers;
    let next = heard.plain(amount.words.end);
    let follows_place = (amount.words.start.checked_sub(1)).is_some_and(|before| {
        heard
            .meaning_at(before, heard.language.digits.places)
            .is_some()
    });
    let is_pronoun = amount.value == Decimal::whole(1)
        && (follows_place
            || table
                .before_pronoun
                .contains(&heard.before(amount.words.start))
            || heard.language.calendar.of.contains(&next));
    is_pronoun || table.harmless.contains(&next)
}

/// The number in `heard`.
pub(super) fn number(heard: &Heard) -> Option<Entity> {
    let found = amounts(heard);
    let mut found = found.iter().filter(|amount| !is_everyday(heard, amount));
    let first = found.next()?;
    // "Two or three", "nine one": which of them?
    let is_single = found.all(|other| other.value == first.value);
    let before = heard.before(first.words.start);
    let is_negative = heard.language.numbers.minus.contains(&before);
    let sign = if is_negative { "-" } else { "" };
    let text = first.value.text();
    let said = if is_negative {
        format!("{before} {text}")
    } else {
        text.clone()
    };
    Some(Entity::new(
        format!("{sign}{text}"),
        said,
        is_single && !first.is_rough,
    ))
}
