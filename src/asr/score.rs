//! How well speech was heard: word and character errors, names, strings of digits.
//!
//! Pure. In: what was said and what was heard. Out: counts that add up over many utterances. Source: the Levenshtein distance over words and over
//! letters, as usual for WER and CER. Both sides are spelled in one way first, so that `$20` and `twenty dollars` are no error: see [`spelled`].

use std::ops::AddAssign;

use crate::distance::levenshtein;

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

const ONES: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];
const ORDINALS: [&str; 32] = [
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
    "twenty first",
    "twenty second",
    "twenty third",
    "twenty fourth",
    "twenty fifth",
    "twenty sixth",
    "twenty seventh",
    "twenty eighth",
    "twenty ninth",
    "thirtieth",
    "thirty first",
];

/// A text as lower-case words without marks, numbers as words: up to four digits as a number, longer ones and those with a leading zero digit by
/// digit, as are groups of digits that follow each other (`415 555`), `o` and `oh` among digits as zero, sums with their currency behind them.
pub fn spelled(text: &str) -> Vec<String> {
    let text = text.to_lowercase().replace('’', "'");
    let mut words: Vec<String> = Vec::new();
    let tokens: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, '-' | '–' | '—' | '/'))
        .map(|t| t.trim_matches(|c: char| !c.is_alphanumeric() && !"$€£%".contains(c)))
        .filter(|token| !token.is_empty())
        .collect();
    let is_number = |token: &str| token.bytes().all(|b| b.is_ascii_digit());
    for run in tokens.chunk_by(|a, b| is_number(a) && is_number(b)) {
        let digits = run.concat();
        if run.len() > 1 && digits.len() > 4 {
            spell_token(&digits, &mut words);
        } else {
            run.iter().for_each(|token| spell_token(token, &mut words));
        }
    }
    let between_digits = |words: &[String], at: usize| {
        let is_digit = |n: usize| {
            words
                .get(n)
                .is_some_and(|w| ONES[..10].contains(&w.as_str()))
        };
        is_digit(at + 1) || at > 0 && is_digit(at - 1)
    };
    for at in 0..words.len() {
        if matches!(words[at].as_str(), "o" | "oh") && between_digits(&words, at) {
            "zero".clone_into(&mut words[at]);
        }
    }
    words
}

fn spell_token(token: &str, words: &mut Vec<String>) {
    let mut say = |text: &str| words.extend(text.split(' ').map(str::to_owned));
    for (sign, currency) in [('$', "dollars"), ('€', "euros"), ('£', "pounds")] {
        if let Some(sum) = token.strip_prefix(sign).or(token.strip_suffix(sign)) {
            // The cents come behind the currency's name, as they are said.
            let (whole, cents) = sum.split_once('.').unwrap_or((sum, ""));
            spell_token(whole, words);
            words.push(currency.to_owned());
            if cents != "00" {
                spell_token(cents, words);
            }
            return;
        }
    }
    if let Some(share) = token.strip_suffix('%') {
        spell_token(share, words);
        words.push("percent".to_owned());
        return;
    }
    let ordinal = ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|ending| token.strip_suffix(ending)?.parse::<usize>().ok());
    if let Some(word) = ordinal.and_then(|n| ORDINALS.get(n)) {
        return say(word);
    }
    let parts: Vec<&str> = token.split([':', '.', ',']).collect();
    let all_digits = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let clock = ["am", "pm"]
        .iter()
        .find_map(|half| Some((token.strip_suffix(half)?, half)));
    match clock {
        Some((time, half)) if time.split(':').all(|part| all_digits(&part)) => {
            time.split(':').for_each(|part| say(&cardinal(part)));
            return say(half);
        }
        _ => {}
    }
    if parts.iter().all(all_digits) {
        // 1,200 is one number; 3:30 and 4.50 are said as two.
        if token.contains(',') {
            return say(&cardinal(&parts.concat()));
        }
        let said = parts
            .iter()
            .filter(|part| parts.len() == 1 || **part != "00");
        said.for_each(|part| say(&cardinal(part)));
        return;
    }
    let word: String = token.chars().filter(|c| *c != '.' && *c != ',').collect();
    match word.as_str() {
        "" => {}
        "ok" => say("okay"),
        "mr" => say("mister"),
        "mrs" => say("missus"),
        "dr" => say("doctor"),
        word => {
            // Letters and digits in one token are said apart.
            let letters: Vec<char> = word.chars().collect();
            for run in letters.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()) {
                let text: String = run.iter().collect();
                let is_number = run[0].is_ascii_digit();
                say(&if is_number { cardinal(&text) } else { text });
            }
        }
    }
}

/// `digits` as it is said.
fn cardinal(digits: &str) -> String {
    let digit_by_digit = digits.len() > 4 || digits.len() > 1 && digits.starts_with('0');
    let number: usize = match digits.parse() {
        Ok(number) if !digit_by_digit => number,
        _ => {
            let names = digits.chars().filter_map(|c| c.to_digit(10));
            let names = names.map(|digit| ONES[digit as usize]);
            return names.collect::<Vec<_>>().join(" ");
        }
    };
    let below_hundred = |n: usize| match (n / 10, n % 10) {
        _ if n < 20 => ONES[n].to_owned(),
        (tens, 0) => TENS[tens].to_owned(),
        (tens, ones) => format!("{} {}", TENS[tens], ONES[ones]),
    };
    let mut said = Vec::new();
    if number >= 1_000 {
        said.push(format!("{} thousand", ONES[number / 1_000]));
    }
    if number % 1_000 >= 100 {
        said.push(format!("{} hundred", ONES[number % 1_000 / 100]));
    }
    if !number.is_multiple_of(100) || number == 0 {
        said.push(below_hundred(number % 100));
    }
    said.join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn same(said: &str, heard: &str) {
        assert_eq!(spelled(said), spelled(heard));
    }

    #[test]
    fn ways_to_write_the_same_words_are_no_error() {
        same("It's $20, OK?", "it's twenty dollars okay");
        same("$4.50", "four dollars fifty");
        same("$.$ x.$", "dollars dollars x dollars");
        same("1,200 euros", "one thousand two hundred euros");
        same("at 3:30 p.m.", "at three thirty PM");
        same("9am", "nine a.m.");
        same("the 21st of May", "the twenty-first of May");
        same("15%", "fifteen percent");
        same("call 0151 5550100", "call zero one five one, 5 5 5 0 1 0 0");
        same("four oh seven", "four zero seven");
        same("oh really", "Oh, really!");
        same("BK47", "bk forty seven");
        same("10:00", "ten");
        assert_ne!(spelled("14"), spelled("40"));
    }

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
        fn any_text_is_spelled_in_letters(text in ".{0,40}") {
            for word in spelled(&text) {
                prop_assert!(!word.is_empty() && !word.contains(char::is_whitespace));
            }
        }

        #[test]
        fn no_more_errors_than_words(said in "[a-c ]{0,20}", heard in "[a-c ]{0,20}") {
            let score = errors(&said, &heard, &[]);
            let most = score.words.max(spelled(&heard).len() as u32);
            prop_assert!(score.word_errors <= most);
        }
    }
}
