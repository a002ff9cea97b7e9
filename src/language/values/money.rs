//! Sums of money: "$29.50", "twenty nine dollars fifty", "a hundred bucks".
//!
//! In: the caller's words. Out: "29.50 USD", "120". Memory: short strings. When late or full: a sum too large for 64
//! bits is none. Source: currency codes of ISO 4217; ours for how prices are said.
//!
//! "Twenty nine fifty" is 29.50, but not surely: it may be 2950. A number beside a word that it counts ("two months")
//! is no sum.

use std::ops::Range;

use super::heard::Heard;
use super::quantity::{Amount, Decimal, amount, fraction_of_one, is_everyday};
use super::{Entity, digits};
use crate::tables::Language;

/// A sum of money.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sum {
    units: u64,
    cents: u64,
    currency: Option<&'static str>,
    is_sure: bool,
    words: Range<usize>,
}

/// `previous` with the sum in `heard` in its place; a currency that is not named again stays.
pub(super) fn correct(previous: &Entity, heard: &Heard) -> Option<Entity> {
    let (_, code) = previous.value.split_once(' ').unwrap_or_default();
    let units = heard.language.money.units.iter();
    let currency = units.map(|(_, code)| *code).find(|known| *known == code);
    money_in(heard, currency)
}

/// The sum of money in `heard`.
pub(super) fn capture(heard: &Heard) -> Option<Entity> {
    money_in(heard, None)
}

/// The same, in `currency` when none is named.
fn money_in(heard: &Heard, currency: Option<&'static str>) -> Option<Entity> {
    let mut sums: Vec<Sum> = Vec::new();
    let mut at = 0;
    while at < heard.len() {
        match sum(heard, at) {
            Some(found) => {
                at = found.words.end;
                sums.push(found);
            }
            None => at += 1,
        }
    }
    // "Twenty or thirty dollars".
    let talk = &heard.language.talk;
    let is_open = sums.len() > 1
        && sums.iter().any(|sum| {
            heard.phrase_at(sum.words.end, talk.or) > 0
                || heard.phrase_before(sum.words.start, heard.language.clock.ranges) > 0
        });
    // A number without a currency counts only when none has one.
    if sums.iter().any(|sum| sum.currency.is_some()) {
        sums.retain(|sum| sum.currency.is_some());
    }
    let first = &Sum {
        currency: sums.first()?.currency.or(currency),
        ..sums.first()?.clone()
    };
    let is_single = sums
        .iter()
        .all(|sum| (sum.units, sum.cents) == (first.units, first.cents));
    let spoken = spoken(first, heard.language);
    let number = match first.cents {
        0 => first.units.to_string(),
        cents => format!("{}.{cents:02}", first.units),
    };
    let value = match first.currency {
        Some(currency) => format!("{number} {currency}"),
        None => number,
    };
    Some(Entity::new(
        value,
        spoken,
        first.is_sure && is_single && !is_open,
    ))
}

/// The sum that begins at `at`.
fn sum(heard: &Heard, at: usize) -> Option<Sum> {
    let table = &heard.language.money;
    // "A dollar".
    let one = || {
        let is_one = heard.language.numbers.one.contains(&heard.plain(at));
        let has_unit = heard.meaning_at(at + 1, table.units).is_some();
        (is_one && has_unit).then_some(Amount {
            value: Decimal::whole(1),
            words: at..at + 1,
            is_rough: false,
        })
    };
    // "Half a dollar".
    let fraction = || {
        let (value, words) = fraction_of_one(heard, at)?;
        let has_unit = heard.meaning_at(at + words, table.units).is_some();
        has_unit.then_some(Amount {
            value,
            words: at..at + words,
            is_rough: false,
        })
    };
    let first = amount(heard, at).or_else(fraction).or_else(one)?;
    let mut end = first.words.end;
    let sign = heard.words[at].currency;
    let by_sign = sign.and_then(|sign| table.units.iter().find(|(name, _)| *name == sign));
    // "USD 20" as well as "20 dollars".
    let before = at
        .checked_sub(1)
        .and_then(|before| heard.meaning_at(before, table.units));
    let mut currency = by_sign
        .map(|(_, code)| *code)
        .or(before.map(|(code, _)| code));
    if let Some((code, words)) = heard.meaning_at(end, table.units) {
        currency = Some(code);
        end += words;
    } else if let Some((code, words)) = heard.meaning_at(end, table.cents)
        && let Some(cents) = first.value.integer().filter(|_| currency.is_none())
    {
        return Some(Sum {
            units: cents / 100,
            cents: cents % 100,
            currency: Some(code),
            is_sure: true,
            words: at..end + words,
        });
    }
    let (units, mut cents) = first.value.cents()?;
    let mut is_sure = !first.is_rough;
    let named = currency.is_some();
    let is_whole = first.value.integer().is_some();
    if let Some((more, more_end)) = cents_at(heard, end, named).filter(|_| is_whole && cents == 0) {
        // Without a currency between them the two may be one number read out.
        is_sure &= named;
        cents = more;
        end = more_end;
        if let Some((code, words)) = heard.meaning_at(end, table.units).filter(|_| !named) {
            currency = Some(code);
            end += words;
        }
    } else if currency.is_none() {
        let next = heard.plain(end);
        let counts = heard.language.numbers.measures.contains(&next);
        if is_everyday(heard, &first) || (counts && !heard.is_clause_start(end)) {
            return None;
        }
    }
    Some(Sum {
        units,
        cents,
        currency,
        is_sure,
        words: at..end,
    })
}

/// Cents after the units: "fifty", "and fifty cents", "oh five".
fn cents_at(heard: &Heard, at: usize, named: bool) -> Option<(u64, usize)> {
    let table = &heard.language.numbers;
    let joined = usize::from(named && heard.plain(at) == table.and);
    let start = at + joined;
    if !named && heard.is_clause_start(at) {
        return None;
    }
    let is_zero = |at: usize| {
        let plain = heard.plain(at);
        heard.language.digits.zero.contains(&plain) || plain == table.small[0]
    };
    let (value, words) = if is_zero(start) {
        let (digit, words) = digits::piece(heard, start + 1)?;
        (
            digit.parse().ok().filter(|digit: &u64| *digit < 10)?,
            words + 1,
        )
    } else {
        let next = amount(heard, start)?;
        if heard.words[start].currency.is_some() {
            return None;
        }
        (next.value.integer()?, next.words.len())
    };
    let end = start + words;
    let unit = heard.meaning_at(end, heard.language.money.cents);
    let end = end + unit.map_or(0, |(_, words)| words);
    let has_own_unit = heard.meaning_at(end, heard.language.money.units).is_some() && named;
    let counts =
        heard.language.numbers.measures.contains(&heard.plain(end)) && !heard.is_clause_start(end);
    let is_pair = value >= 10 || is_zero(start);
    let fits = value < 100 && (unit.is_some() || (is_pair && !counts && !has_own_unit));
    fits.then_some((value, end))
}

/// How several of the currency `name` are spoken: "dollars".
pub(super) fn several(name: &'static str, language: &Language) -> &'static str {
    let money = &language.money;
    let known = money.units.iter().find(|(unit, _)| *unit == name);
    let spoken = known.and_then(|(_, code)| money.spoken.iter().find(|(known, _)| known == code));
    spoken.map_or(name, |(_, [_, several, ..])| several)
}

/// A sum as it is read out: "29 dollars and 50 cents", "29 50".
fn spoken(sum: &Sum, language: &Language) -> String {
    let zero = language.numbers.small[0];
    let and = language.numbers.and;
    let point = language.numbers.point.first().copied().unwrap_or_default();
    let (units, cents) = (sum.units, sum.cents);
    let named = sum.currency.and_then(|code| {
        let names = language.money.spoken.iter();
        names.clone().find(|(known, _)| *known == code)
    });
    let Some((_, [one, many, cent_one, cent_many])) = named else {
        let small = |digit: u64| language.numbers.small[(digit % 10) as usize];
        return match (units, cents) {
            (_, 0) => units.to_string(),
            (1.., 10..) => format!("{units} {cents}"),
            _ => format!(
                "{} {point} {} {}",
                if units == 0 {
                    zero.to_owned()
                } else {
                    units.to_string()
                },
                small(cents / 10),
                small(cents % 10)
            ),
        };
    };
    let unit = if units == 1 { one } else { many };
    let cent = if cents == 1 { cent_one } else { cent_many };
    match (units, cents) {
        (_, 0) => format!("{units} {unit}"),
        (0, _) if !cent.is_empty() => format!("{cents} {cent}"),
        _ if cent.is_empty() => format!("{units}.{cents:02} {unit}"),
        _ => format!("{units} {unit} {and} {cents} {cent}"),
    }
}
