//! Codes, account numbers and long runs of figures, one figure at a time: "ZIP 90210", "BA117", "SW1A 1AA".
//!
//! In: a place in a written text. Out: its figures and letters, in groups. Memory: short strings.

use super::written::{Kind, Said, Written};
use crate::tables::SpokenWords;

/// As many figures without a mark between them are no quantity.
const LONG: usize = 5;
/// Most letters in a row of a code: "COVID19" is none.
const MOST_LETTERS: usize = 3;
/// A code has at least so many characters, or begins with a figure.
const FEWEST: usize = 4;
/// So many words and marks back a code may be announced: "your PIN is: 4821".
const LINKS: usize = 6;

pub(super) fn read(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    if !written.is_fresh(at) {
        return None;
    }
    letters_and_figures(written, words, at).or_else(|| figures(written, words, at))
}

/// The characters of a text, one by one.
pub(super) fn one_by_one(text: &str) -> String {
    let letters: Vec<String> = text.chars().map(String::from).collect();
    letters.join(" ")
}

/// The figures of a number one by one, in groups that can be written down.
pub(super) fn in_groups(words: &SpokenWords, digits: &str) -> String {
    let lengths: &[usize] = match digits.len() {
        0..=5 => return one_by_one(digits),
        10 => &[3, 3, 4],
        11 => &[3, 4, 4],
        length if length % 4 == 0 => &[4],
        _ => &[3],
    };
    let mut groups = Vec::new();
    let mut rest = digits;
    let mut lengths = lengths.iter().copied().cycle();
    while !rest.is_empty() {
        let length = lengths.next().unwrap_or(3);
        // No figure is left alone at the end.
        let length = if rest.len() <= length + 1 {
            rest.len()
        } else {
            length
        };
        let (group, after) = rest.split_at(length);
        groups.push(one_by_one(group));
        rest = after;
    }
    groups.join(words.digits.pause)
}

/// Figures in three groups or more, with dashes: "12-34-56".
pub(super) fn groups(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    if !written.is_fresh(at) {
        return None;
    }
    let mut groups = vec![one_by_one(written.digits(at)?)];
    let mut end = at + 1;
    while matches!(written.get(end), "-" | "–") {
        let group = written.get(end + 1);
        match written.kind(end + 1) {
            Kind::Digits => groups.push(one_by_one(group)),
            // "1-800-FLOWERS": letters on the keys of a phone.
            Kind::Word if groups.len() >= 2 && group.bytes().all(|b| b.is_ascii_uppercase()) => {
                groups.push(group.to_owned());
            }
            _ => break,
        }
        end += 2;
    }
    let is_code = match groups.len() {
        0 | 1 => false,
        2 => is_zip(written, at) || is_announced(written, words, at),
        _ => true,
    };
    (is_code && written.is_over(end))
        .then(|| Said::new(at, end, groups.join(words.digits.pause)))
        .flatten()
}

/// "90210-1234".
fn is_zip(written: &Written, at: usize) -> bool {
    let length = |at: usize| written.digits(at).map_or(0, str::len);
    let announced = length(at) >= LONG || length(at + 2) >= LONG;
    announced || (length(at) == 4 && length(at + 2) == 4 && written.get(at).starts_with('0'))
}

/// "BA117": capital letters and figures without a space. "B12" and "A1" voices read right.
pub(super) fn letters_and_figures(
    written: &Written,
    words: &SpokenWords,
    at: usize,
) -> Option<Said> {
    let is_part = |at: usize| match written.kind(at) {
        Kind::Digits => true,
        Kind::Word => {
            let word = written.get(at);
            word.len() <= MOST_LETTERS && word.bytes().all(|b| b.is_ascii_uppercase())
        }
        _ => false,
    };
    let mut end = at;
    while is_part(end) {
        end += 1;
        let joins = written.get(end) == "-" && is_part(end + 1) && end > at;
        end += usize::from(joins);
    }
    let code = written.slice(at, end);
    let has = |kind| (at..end).any(|at| written.kind(at) == kind);
    let is_long = code.len() >= FEWEST || (code.len() > 2 && written.kind(at) == Kind::Digits);
    let is_code = has(Kind::Digits) && has(Kind::Word) && is_long;
    if !is_code || !written.is_over(end) {
        return None;
    }
    let letters = code.chars().filter(|letter| *letter != '-').map(|letter| {
        let letter = letter.to_string();
        let mut names = words.digits.letters.into_iter();
        let name = names.find_map(|(sign, name)| (*sign == letter).then_some(*name));
        name.map_or(letter, str::to_owned)
    });
    let letters: Vec<String> = letters.collect();
    Said::new(at, end, letters.join(" "))
}

/// Figures that are long, announced, or begin with a zero.
fn figures(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let digits = written.digits(at)?;
    if !written.is_over(at + 1) {
        return None;
    }
    let is_code = digits.len() > 2 && is_announced(written, words, at);
    let is_padded = digits.len() > 2 && digits.starts_with('0');
    // "12500 people": not so long that nobody writes a quantity so.
    let counts = digits.len() < 2 * LONG - 3 && counts_something(written, at + 1);
    let is_long = digits.len() >= LONG && !counts;
    (is_long || is_padded || is_code)
        .then(|| Said::new(at, at + 1, in_groups(words, digits)))
        .flatten()
}

/// Whether a word follows that is no name.
fn counts_something(written: &Written, at: usize) -> bool {
    let word = written.word(written.gap(at)).unwrap_or_default();
    follows_word(written, at) && word.starts_with(char::is_lowercase)
}

/// Whether a word follows that may be what is counted.
fn follows_word(written: &Written, at: usize) -> bool {
    let word = written.gap(at);
    let is_word = |word: &str| !written.is_small_word(&word.to_lowercase());
    word > at && written.word(word).is_some_and(is_word)
}

/// Whether a word before says that a code follows: "PIN", "account ending in".
pub(super) fn is_announced(written: &Written, words: &SpokenWords, at: usize) -> bool {
    let speech = &words.digits;
    let mut place = at;
    for _ in 0..LINKS {
        let Some(before) = place.checked_sub(1) else {
            return false;
        };
        place = before;
        let word = written.get(place).to_lowercase();
        let word = word.as_str();
        match written.kind(place) {
            Kind::Space => {}
            Kind::Mark if matches!(word, ":" | "#" | "." | "\"" | "*") => {}
            Kind::Word if speech.codes.contains(&word) => return true,
            Kind::Word if speech.code_links.contains(&word) => {}
            Kind::Word if speech.call.contains(&word) => {
                let is_long = written.get(at).len() >= LONG;
                return is_long || !follows_word(written, at + 1);
            }
            _ => return false,
        }
    }
    false
}
