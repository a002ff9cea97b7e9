//! How well speech was heard: word and character errors, names, strings of digits.
//!
//! Pure. In: what was said and what was heard. Out: counts that add up over many utterances. Source: the Levenshtein
//! distance over words and over letters, as usual for WER and CER. Both sides are spelled in one way first, so that
//! `$20` and `twenty dollars` are no error: see [`super::spelling`].

use std::ops::AddAssign;

use super::spelling::{ONES, spelled};
use patter_language::distance::levenshtein;

/// Errors of one utterance, or of many together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Errors {
    /// Words that were said.
    pub words: u32,
    /// Words replaced, left out or put in.
    pub word_errors: u32,
    /// Letters that were said, without spaces.
    pub letters: u32,
    /// Letters replaced, left out or put in.
    pub letter_errors: u32,
    /// Names that were said.
    pub names: u32,
    /// Those heard, each letter right.
    pub names_right: u32,
    /// Strings of at least [`DIGITS`] digits that were said.
    pub digits: u32,
    /// Those heard, each digit right.
    pub digits_right: u32,
}

/// So many digits one after the other are a string of digits.
pub const DIGITS: usize = 3;

impl Errors {
    /// Word error rate; above 1 when more was put in than said. NaN without words.
    pub fn wer(&self) -> f32 {
        self.word_errors as f32 / self.words as f32
    }

    /// Character error rate; NaN without letters.
    pub fn cer(&self) -> f32 {
        self.letter_errors as f32 / self.letters as f32
    }

    /// Share of names heard; NaN without names.
    pub fn names_share(&self) -> f32 {
        self.names_right as f32 / self.names as f32
    }

    /// Share of strings of digits heard; NaN without.
    pub fn digits_share(&self) -> f32 {
        self.digits_right as f32 / self.digits as f32
    }
}

impl AddAssign for Errors {
    fn add_assign(&mut self, other: Self) {
        self.words += other.words;
        self.word_errors += other.word_errors;
        self.letters += other.letters;
        self.letter_errors += other.letter_errors;
        self.names += other.names;
        self.names_right += other.names_right;
        self.digits += other.digits;
        self.digits_right += other.digits_right;
    }
}

/// Compares what was heard with what was said; `names` are the proper nouns in it.
pub fn errors(said: &str, heard: &str, names: &[String]) -> Errors {
    let (said, heard) = (spelled(said), spelled(heard));
    let letters = |words: &[String]| words.concat().chars().collect::<Vec<_>>();
    let (said_letters, heard_letters) = (letters(&said), letters(&heard));
    let mut there = heard.clone();
    let names_right = names
        .iter()
        .filter(|name| {
            let name = spelled(name);
            let found = there.windows(name.len()).position(|part| part == name);
            // A name said twice is to be heard twice.
            found.is_some_and(|at| there.drain(at..at + name.len()).count() > 0)
        })
        .count();
    let mut strings = digit_strings(&heard);
    let digits = digit_strings(&said);
    let digits_right = digits
        .iter()
        .filter(|wanted| {
            let found = strings.iter().position(|string| string == *wanted);
            found.map(|at| strings.remove(at)).is_some()
        })
        .count();
    Errors {
        words: said.len() as u32,
        word_errors: levenshtein(&said, &heard) as u32,
        letters: said_letters.len() as u32,
        letter_errors: levenshtein(&said_letters, &heard_letters) as u32,
        names: names.len() as u32,
        names_right: names_right as u32,
        digits: digits.len() as u32,
        digits_right: digits_right as u32,
    }
}

/// Runs of at least [`DIGITS`] spoken digits; two of a kind may be said as `double`.
fn digit_strings(words: &[String]) -> Vec<String> {
    let mut strings = vec![String::new()];
    let mut times = 1;
    for word in words {
        let digit = ONES[..10].iter().position(|one| one == word);
        match (digit, word.as_str()) {
            (Some(digit), _) => {
                if let Some(string) = strings.last_mut() {
                    string.push_str(&digit.to_string().repeat(times));
                }
                times = 1;
            }
            (None, "double") => times = 2,
            (None, "triple") => times = 3,
            (None, _) => {
                strings.push(String::new());
                times = 1;
            }
        }
    }
    strings.retain(|string| string.len() >= DIGITS);
    strings
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn errors_are_counted_by_word_and_letter() {
        let score = errors("I want a refund", "I won't a", &[]);
        assert_eq!((score.words, score.word_errors), (4, 2));
        assert_eq!((score.letters, score.letter_errors), (12, 8));
        assert!((score.wer() - 0.5).abs() < 1e-6);
        assert_eq!(errors("yes", "oh yes please", &[]).word_errors, 2);
    }

    #[test]
    fn names_and_digits_count_only_as_a_whole() {
        let names = ["Anna Miller".to_owned(), "Leeds".to_owned()];
        let score = errors(
            "This is Anna Miller from Leeds, my number is 4155550100, box 12",
            "This is Anna Miller from leads, my number is 415 555 0100, box twelve",
            &names,
        );
        assert_eq!((score.names, score.names_right), (2, 1));
        assert_eq!((score.digits, score.digits_right), (1, 1));
        let score = errors("4155550100", "four one double five 0100", &[]);
        assert_eq!((score.digits, score.digits_right), (1, 0));
        let score = errors("4 1 5 5 5 5", "four one five triple five", &[]);
        assert_eq!((score.digits, score.digits_right), (1, 1));
    }

    proptest! {
        #[test]
        fn nothing_is_wrong_with_what_was_heard_as_it_was_said(text in "[ -~]{0,40}") {
            let score = errors(&text, &text, &[]);
            prop_assert_eq!((score.word_errors, score.letter_errors), (0, 0));
            prop_assert_eq!(score.digits, score.digits_right);
        }

        #[test]
        fn no_more_errors_than_words(said in "[a-c ]{0,20}", heard in "[a-c ]{0,20}") {
            let score = errors(&said, &heard, &[]);
            let most = score.words.max(spelled(&heard).len() as u32);
            prop_assert!(score.word_errors <= most);
        }
    }
}
