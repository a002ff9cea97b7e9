//! A text as words: what is written, what is compared, and which marks stand beside them.
//!
//! Apart from [`crate::text::normalise`], because a comma, a sign of money or a point in a number changes the meaning.
//!
//! In: text. Out: [`Word`]s. Memory: two short strings a word. Source: ours; shared by the guard, for what the agent
//! says, and the slots, for what the caller says.

use crate::segment::runs;

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
    let mut words: Vec<Word> = Vec::new();
    let mut end = 0;
    for run in runs(text) {
        let gap = &text[end..run.start];
        let currency = beside(gap, run.text, &mut words);
        words.push(Word {
            text: run.text.to_owned(),
            plain: run.text.to_lowercase().replace('’', "'"),
            currency,
            percent: false,
            ends_clause: false,
            ends_sentence: false,
            is_joined: end > 0 && !gap.contains(char::is_whitespace),
        });
        end = run.end();
    }
    beside(&text[end..], "", &mut words);
    words
}

/// Gives the last of `words` the marks of the `gap` after it; returns the currency of `next`, the word after the gap.
fn beside(gap: &str, next: &str, words: &mut [Word]) -> Option<&'static str> {
    let mut currency = None;
    for (at, c) in gap.char_indices() {
        let Some(sign) = currency_of(c) else {
            mark(c, words);
            continue;
        };
        // "20 €" as well as "€20".
        let leads =
            at + c.len_utf8() == gap.len() && next.starts_with(|c: char| c.is_ascii_digit());
        match words.last_mut() {
            Some(last) if !leads && last.text.ends_with(char::is_numeric) => {
                last.currency = Some(sign);
            }
            _ => currency = Some(sign),
        }
    }
    currency
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
