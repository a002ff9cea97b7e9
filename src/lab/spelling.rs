//! One spelling for texts that are written in many ways: numbers, sums, times, American and British words.
//!
//! It has its own words and numbers, apart from those of `patter-language`: a score must stay the same measure when the
//! product learns to read more, and must not share the product's mistakes.
//!
//! Pure. In: a text. Out: lower-case words without marks. Source for the British words: openai/whisper measures in the
//! same way (`EnglishSpellingNormalizer`, with a list of whole words where this has stems).

/// The first ten are the digits.
pub(super) const ONES: [&str; 20] = [
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

/// Beginnings of words in British and in American spelling.
const BRITISH: &[(&str, &str)] = &[
    ("analys", "analyz"),
    ("apologis", "apologiz"),
    ("authoris", "authoriz"),
    ("behaviour", "behavior"),
    ("cancell", "cancel"),
    ("catalogue", "catalog"),
    ("centre", "center"),
    ("cheque", "check"),
    ("colour", "color"),
    ("customis", "customiz"),
    ("defence", "defense"),
    ("enquir", "inquir"),
    ("favour", "favor"),
    ("fibre", "fiber"),
    ("finalis", "finaliz"),
    ("flavour", "flavor"),
    ("grey", "gray"),
    ("harbour", "harbor"),
    ("honour", "honor"),
    ("humour", "humor"),
    ("jewellery", "jewelry"),
    ("labour", "labor"),
    ("licence", "license"),
    ("litre", "liter"),
    ("metre", "meter"),
    ("neighbour", "neighbor"),
    ("organis", "organiz"),
    ("parlour", "parlor"),
    ("plough", "plow"),
    ("practis", "practic"),
    ("prioritis", "prioritiz"),
    ("programme", "program"),
    ("realis", "realiz"),
    ("recognis", "recogniz"),
    ("rumour", "rumor"),
    ("sceptic", "skeptic"),
    ("specialis", "specializ"),
    ("summaris", "summariz"),
    ("theatre", "theater"),
    ("traveller", "traveler"),
    ("travelling", "traveling"),
    ("tyre", "tire"),
    ("vapour", "vapor"),
];

/// A text as lower-case words without marks, numbers as words: up to four digits as a number, longer ones and those
/// with a leading zero digit by digit, as are groups of digits that follow each other (`415 555`), `o` and `oh` among
/// digits as zero, sums with their currency behind them, British words as American ones.
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
    // Two hundred and fifty is 250, too.
    let is_below_hundred =
        |word: &String| ONES[1..].contains(&word.as_str()) || TENS[2..].contains(&word.as_str());
    let inside_number = |at: usize, words: &[String]| {
        words[at] == "and"
            && at > 0
            && matches!(words[at - 1].as_str(), "hundred" | "thousand")
            && words.get(at + 1).is_some_and(is_below_hundred)
    };
    (0..words.len())
        .filter(|&at| !inside_number(at, &words))
        .map(|at| words[at].clone())
        .collect()
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
    let american = BRITISH
        .iter()
        .find_map(|(british, american)| Some(format!("{american}{}", word.strip_prefix(british)?)));
    match american.as_deref().unwrap_or(&word) {
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
        same("$250", "two hundred and fifty dollars");
        assert_ne!(spelled("a hundred and more"), spelled("a hundred more"));
        same("at 3:30 p.m.", "at three thirty PM");
        same("9am", "nine a.m.");
        same("the 21st of May", "the twenty-first of May");
        same("15%", "fifteen percent");
        same("call 0151 5550100", "call zero one five one, 5 5 5 0 1 0 0");
        same("four oh seven", "four zero seven");
        same("oh really", "Oh, really!");
        same("BK47", "bk forty seven");
        same("10:00", "ten");
        same("My neighbour's tyres", "my neighbor's tires");
        same("cancelled, cancelling, cancel", "canceled canceling cancel");
        assert_ne!(spelled("14"), spelled("40"));
    }

    proptest! {
        #[test]
        fn any_text_is_spelled_in_letters(text in ".{0,40}") {
            for word in spelled(&text) {
                prop_assert!(!word.is_empty() && !word.contains(char::is_whitespace));
            }
        }
    }
}
