//! A text as words: what is written, what is compared, and which marks stand beside them.
//!
//! Apart from [`crate::text::normalise`], because a comma, a sign of money or a point in a number changes the meaning.
//!
//! In: text. Out: [`Word`]s. Memory: two short strings a word. Source: ours; shared by the guard, for what the agent
//! says, and the slots, for what the caller says.

/// One word of a sentence, or one number with its marks inside ("29.50", "6:30").
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Word {
    /// As written.
    pub text: String,
    /// Lower case, with a straight apostrophe.
    pub plain: String,
    /// The currency of a sign before it.
    pub currency: Option<&'static str>,
    /// A percent sign follows.
    pub percent: bool,
    /// A comma or a stronger mark follows.
    pub ends_clause: bool,
    /// A mark follows that ends a sentence, or begins a new one inside.
    pub ends_sentence: bool,
    /// No space stands between it and the word before.
    pub is_joined: bool,
}

/// The words of `text`.
pub fn words(text: &str) -> Vec<Word> {
    let chars: Vec<char> = text.chars().collect();
    let mut words: Vec<Word> = Vec::new();
    let mut currency = None;
    let mut is_joined = false;
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let start = at;
        at += 1;
        if c.is_alphanumeric() {
            while chars.get(at).is_some_and(|&c| continues(&chars, at, c)) {
                at += 1;
            }
            let text: String = chars[start..at].iter().collect();
            words.push(Word {
                plain: text.to_lowercase().replace('’', "'"),
                text,
                currency: currency.take(),
                percent: false,
                ends_clause: false,
                ends_sentence: false,
                is_joined,
            });
            is_joined = true;
            continue;
        }
        is_joined &= !c.is_whitespace();
        let Some(sign) = currency_of(c) else {
            mark(c, &mut words);
            continue;
        };
        // "20 €" as well as "€20".
        let leads = chars.get(at).is_some_and(char::is_ascii_digit);
        match words.last_mut() {
            Some(last) if !leads && last.text.ends_with(char::is_numeric) => {
                last.currency = Some(sign)
            }
            _ => currency = Some(sign),
        }
    }
    words
}

fn currency_of(c: char) -> Option<&'static str> {
    match c {
        '$' => Some("dollar"),
        '€' => Some("euro"),
        '£' => Some("pound"),
        '¥' => Some("yen"),
        _ => None,
    }
}

/// Whether the word goes on with `c` at `at`: letters and digits, an apostrophe inside, and marks between figures.
fn continues(chars: &[char], at: usize, c: char) -> bool {
    let next = chars.get(at + 1).copied();
    match c {
        '\'' | '’' => next.is_some_and(char::is_alphanumeric),
        '.' | ',' | ':' => {
            chars[at - 1].is_ascii_digit() && next.is_some_and(|n| n.is_ascii_digit())
        }
        _ => c.is_alphanumeric(),
    }
}

fn mark(c: char, words: &mut [Word]) {
    let Some(last) = words.last_mut() else {
        return;
    };
    match c {
        '%' => last.percent = true,
        ',' | ';' | '–' | '—' | '(' | ')' | '，' => last.ends_clause = true,
        '.' | '!' | '?' | ':' | '。' | '！' | '？' | '\n' => {
            last.ends_clause = true;
            last.ends_sentence = true;
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_inside_a_number_belong_to_it() {
        let found = words("It's $29.50, or 5% by 6:30. Fine");
        let texts: Vec<&str> = found.iter().map(|w| w.text.as_str()).collect();
        assert_eq!(texts, ["It's", "29.50", "or", "5", "by", "6:30", "Fine"]);
        assert_eq!(found[1].currency, Some("dollar"));
        assert_eq!(words("20 € now")[0].currency, Some("euro"));
        assert!(found[1].ends_clause && !found[1].ends_sentence);
        assert!(found[3].percent && found[5].ends_sentence && !found[6].ends_clause);
    }
}
