//! A second opinion on numbers: which of a text nobody gave. For evaluations and tests; the guard itself reads numbers
//! in its own way.
//!
//! It shares no code with the readers that the guard and the slots use, only the names of numbers: a mistake of theirs
//! would not be seen by themselves.
//!
//! In: what was said, what was given. Out: numbers that were not given. Memory: short strings.
//!
//! It is generous with what was given ("nine one" gives 9, 1 and 91) and strict with what was said. "One" alone is a
//! pronoun more often than a figure and is left out.

use std::collections::BTreeSet;

use super::words::english;

/// More number words than this in a row are read in pieces.
const LONGEST: usize = 8;
/// More number words than this are never read as one number: a sum of millions in words has eleven.
const LONGEST_SAID: usize = 16;

/// A word that stands for a number.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// Below 100, in words.
    Small(u64),
    /// 100 and more, in words.
    Scale(u64),
    /// In figures, without marks.
    Figures(String),
}

/// Numbers that were given, in every way they can be read.
#[derive(Debug, Clone, Default)]
pub struct Given(BTreeSet<String>);

impl Given {
    /// Adds all numbers of `text`.
    pub fn add(&mut self, text: &str) {
        for run in runs(text) {
            for from in 0..run.len() {
                for to in from + 1..=run.len().min(from + LONGEST) {
                    self.0.extend(readings(&run[from..to]));
                }
            }
        }
    }

    /// The numbers of `text` that were never given, as they can be read.
    pub fn invented(&self, text: &str) -> Vec<String> {
        let invented = runs(text).into_iter().filter(|run| !self.covers(run));
        invented
            .map(|run| readings(&run).into_iter().next().unwrap_or_default())
            .collect()
    }

    /// Whether a run can be cut into pieces that were all given.
    fn covers(&self, run: &[Token]) -> bool {
        // Each cut is judged once: trying every way to cut a long run would take forever.
        let mut reached = vec![false; run.len() + 1];
        reached[0] = true;
        for from in 0..run.len() {
            for to in from + 1..=run.len().min(from + LONGEST_SAID) {
                if reached[from] && !reached[to] {
                    let readings = readings(&run[from..to]);
                    reached[to] = readings.iter().any(|reading| self.0.contains(reading));
                }
            }
        }
        reached[run.len()]
    }
}

fn token(word: &str) -> Option<Token> {
    let numbers = &english().numbers;
    let small = numbers.small.iter().position(|unit| *unit == word);
    let tens = || numbers.tens.iter().position(|ten| *ten == word);
    if let Some(value) = small {
        return Some(Token::Small(value as u64));
    }
    if let Some(value) = tens() {
        return Some(Token::Small(value as u64 * 10 + 20));
    }
    if word == numbers.hundred {
        return Some(Token::Scale(100));
    }
    if let Some((_, value)) = numbers.scales.iter().find(|(name, _)| *name == word) {
        return Some(Token::Scale(*value));
    }
    let figures: String = word.chars().filter(char::is_ascii_digit).collect();
    (!figures.is_empty()).then_some(Token::Figures(figures))
}

/// Number words in a row; "and" between them belongs to the row, "one" alone is none.
fn runs(text: &str) -> Vec<Vec<Token>> {
    let text = text.to_lowercase();
    let mut all = vec![Vec::new()];
    for word in text
        .split(|c: char| c.is_whitespace() || "-–—/".contains(c))
        .filter(|word| !word.is_empty())
    {
        // Cents of nothing are written or left out.
        let plain = word.trim_matches(|c: char| !c.is_alphanumeric());
        let plain = plain.strip_suffix(".00").unwrap_or(plain);
        match (token(plain), all.last_mut()) {
            (Some(token), Some(run)) => run.push(token),
            // "two hundred and five" is one number, "six and eleven" are two.
            (None, Some(run))
                if plain == english().numbers.and
                    && matches!(run.last(), Some(Token::Scale(_))) => {}
            (None, Some(run)) if !run.is_empty() => all.push(Vec::new()),
            _ => {}
        }
        if word.ends_with([',', '.', '?', '!', ';']) {
            all.push(Vec::new());
        }
    }
    all.retain(|run| !run.is_empty() && *run != [Token::Small(1)]);
    all
}

/// The ways to read tokens as one number, the likeliest first.
fn readings(tokens: &[Token]) -> Vec<String> {
    let mut ways = Vec::new();
    ways.extend(as_cardinal(tokens).map(|value| value.to_string()));
    let joined: Option<String> = tokens
        .iter()
        .map(|token| match token {
            Token::Small(value) => Some(value.to_string()),
            Token::Figures(figures) => Some(figures.clone()),
            Token::Scale(_) => None,
        })
        .collect();
    ways.extend(joined);
    ways
}

/// "two hundred and five" as 205; None for words that are not one number.
fn as_cardinal(tokens: &[Token]) -> Option<u64> {
    let (mut total, mut group, mut last): (u64, u64, Option<u64>) = (0, 0, None);
    for token in tokens {
        match *token {
            Token::Small(value) => {
                let fits = match last {
                    None => true,
                    Some(last) if last >= 100 => value < 100,
                    Some(last) => last >= 20 && last % 10 == 0 && (1..10).contains(&value),
                };
                if !fits {
                    return None;
                }
                group = group.checked_add(value)?;
                last = Some(value);
            }
            Token::Scale(100) => {
                group = group.max(1).checked_mul(100)?;
                last = Some(100);
            }
            Token::Scale(scale) => {
                total = total.checked_add(group.max(1).checked_mul(scale)?)?;
                group = 0;
                last = Some(scale);
            }
            Token::Figures(ref figures) => {
                if last.is_some() {
                    return None;
                }
                group = figures.parse().ok()?;
                last = Some(1);
            }
        }
    }
    total.checked_add(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invented(given: &str, said: &str) -> Vec<String> {
        let mut numbers = Given::default();
        numbers.add(given);
        numbers.invented(said)
    }

    #[test]
    fn a_number_is_given_in_words_or_figures() {
        for (given, said) in [
            ("It's 29 dollars.", "Twenty nine dollars a month."),
            ("twenty-nine", "That's $29.00."),
            ("My number is nine one", "So that is 91?"),
            ("on the 2nd", "on the 2nd"),
            ("at 6:30", "at six thirty"),
            ("two hundred and ninety", "290"),
            ("from 6 to 11", "six to eleven"),
            ("", "That one is a good one, one moment."),
        ] {
            assert_eq!(invented(given, said), [""; 0], "{given} / {said}");
        }
    }

    #[test]
    fn a_long_run_is_judged_at_once() {
        let said = format!("{} nine", "two ".repeat(200));
        assert_eq!(invented("two, two two", &said).len(), 1);
        assert_eq!(invented("two, nine", &said), [""; 0]);
    }

    #[test]
    fn a_number_that_nobody_gave_is_named() {
        for (given, said, expected) in [
            ("It's 29 dollars.", "It's 39 dollars.", "39"),
            ("It's 29 dollars.", "It's two ninety.", "290"),
            ("", "Twenty one days.", "21"),
            ("nine one", "eleven", "11"),
            ("6 and 11", "611", "611"),
            ("a hundred", "five hundred", "500"),
        ] {
            assert_eq!(invented(given, said), [expected], "{given} / {said}");
        }
    }
}
