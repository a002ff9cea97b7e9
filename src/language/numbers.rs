//! Whole numbers in words: "twenty nine", "one hundred and five", "twenty first".
//!
//! In: words in lower case, the number words of a language. Out: a [`Reading`]. When late or full: a number that is too
//! large stays at the largest. Source: ours; shared by the guard, which looks for numbers in what the agent says, and
//! the slots, which look in what the caller says.

use crate::tables::NumberWords;
use crate::words::Word;

/// A number in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// What it is.
    pub value: u64,
    /// "First", not "one".
    pub is_ordinal: bool,
    /// It holds a hundred or more by name.
    pub is_scaled: bool,
    /// Words that it takes, at least 1.
    pub words: usize,
}

/// The number that begins with word 0; `word` gives "" where the words or their clause end.
pub fn read<'a>(table: &NumberWords, word: impl Fn(usize) -> &'a str) -> Option<Reading> {
    let (mut total, mut group, mut at) = (0_u64, None::<u64>, 0);
    let (mut is_ordinal, mut is_scaled) = (false, false);
    loop {
        let plain = word(at);
        if plain.is_empty() {
            break;
        }
        if let Some(next) = cardinal(table, plain) {
            let Some(sum) = joined(group, next) else {
                break;
            };
            group = Some(sum);
        } else if let Some(next) = ordinal(table, plain) {
            let Some(sum) = joined(group, next) else {
                break;
            };
            group = Some(sum);
            is_ordinal = true;
            at += 1;
            break;
        } else if plain == table.hundred && group.is_none_or(|group| group < 100) {
            group = Some(group.unwrap_or(1) * 100);
            is_scaled = true;
        } else if let Some(scale) = scale(table, plain) {
            total = total.saturating_add(group.take().unwrap_or(1).saturating_mul(scale));
            is_scaled = true;
        } else {
            let joins = plain == table.and
                && at > 0
                && cardinal(table, word(at + 1)).is_some()
                && group.map_or(total > 0, |group| group % 100 == 0 && group > 0);
            if !joins {
                break;
            }
        }
        at += 1;
    }
    (at > 0).then(|| Reading {
        value: total.saturating_add(group.unwrap_or(0)),
        is_ordinal,
        is_scaled,
        words: at,
    })
}

/// The number that begins with word `at` of `words`; where a clause ends, it ends.
pub fn read_at(table: &NumberWords, words: &[Word], at: usize) -> Option<Reading> {
    let in_clause = |offset: usize| {
        let before = offset.checked_sub(1).map(|before| words.get(at + before));
        let has_ended = before.is_some_and(|before| before.is_none_or(|word| word.ends_clause));
        let word = words.get(at + offset).filter(|_| !has_ended);
        word.map_or("", |word| word.plain.as_str())
    };
    read(table, in_clause)
}

/// Whether the commas of `figures` stand before groups of three: "1,250.75", not "29,50".
pub fn has_groups(figures: &str) -> bool {
    let whole = figures.split(['.', ':']).next().unwrap_or_default();
    whole.split(',').skip(1).all(|group| group.len() == 3)
}

/// Whether a word is a number or part of one.
pub fn is_number_word(table: &NumberWords, plain: &str) -> bool {
    cardinal(table, plain).is_some() || plain == table.hundred || scale(table, plain).is_some()
}

/// The number under a hundred that one word is; "twentynine" as well as "twenty".
pub fn cardinal(table: &NumberWords, plain: &str) -> Option<u64> {
    let glued = || {
        let (word, tens) = (table.tens.iter().zip(2_u64..))
            .find_map(|(word, tens)| Some((plain.strip_prefix(word)?, tens)))?;
        let unit = place(&table.small, word).filter(|unit| (1..10).contains(unit))?;
        Some(10 * tens + unit)
    };
    place(&table.small, plain)
        .or_else(|| place(&table.tens, plain).map(|tens| 10 * tens + 20))
        .or_else(glued)
}

fn ordinal(table: &NumberWords, plain: &str) -> Option<u64> {
    place(&table.ordinals, plain)
        .or_else(|| place(&table.ordinal_tens, plain).map(|tens| 10 * tens + 20))
}

fn scale(table: &NumberWords, plain: &str) -> Option<u64> {
    let found = table.scales.iter().find(|(name, _)| *name == plain);
    found.map(|(_, scale)| *scale)
}

/// Adds `next` to the hundreds or tens before it; None when it begins a new number.
fn joined(group: Option<u64>, next: u64) -> Option<u64> {
    match group {
        None => Some(next),
        Some(group) if group >= 100 && group % 100 == 0 => Some(group + next),
        Some(group) if group % 100 >= 20 && group % 10 == 0 && (1..10).contains(&next) => {
            Some(group + next)
        }
        Some(_) => None,
    }
}

fn place(list: &[&str], plain: &str) -> Option<u64> {
    list.iter()
        .zip(0..)
        .find_map(|(name, place)| (*name == plain).then_some(place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables;

    #[test]
    fn numbers_end_where_a_new_one_begins() {
        let english = tables::of("en").unwrap();
        for (text, value, words) in [
            ("twenty nine fifty", 29, 2),
            ("nine one", 9, 1),
            ("one hundred and five days", 105, 4),
            ("two thousand three hundred", 2300, 4),
            ("twelve hundred", 1200, 2),
            ("twentynine", 29, 1),
            ("twenty first of", 21, 2),
            ("hundred and", 100, 1),
        ] {
            let all: Vec<&str> = text.split(' ').collect();
            let word = |at: usize| all.get(at).copied().unwrap_or("");
            let read = read(&english.numbers, word).unwrap();
            assert_eq!((read.value, read.words), (value, words), "{text}");
        }
        assert_eq!(read(&english.numbers, |_| "and"), None);
    }

    #[test]
    fn numbers_end_with_their_clause() {
        let english = tables::of("en").unwrap();
        for (text, at, expected) in [
            ("it is twenty nine", 2, Some((29, 2))),
            ("twenty, nine", 0, Some((20, 1))),
            ("two hundred, and five", 0, Some((200, 2))),
            ("twenty", 1, None),
        ] {
            let read = read_at(&english.numbers, &crate::words::words(text), at);
            assert_eq!(
                read.map(|read| (read.value, read.words)),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn commas_stand_before_groups_of_three_or_before_cents() {
        for (figures, expected) in [("1,250.75", true), ("29,50", false), ("29", true)] {
            assert_eq!(has_groups(figures), expected, "{figures}");
        }
    }
}
