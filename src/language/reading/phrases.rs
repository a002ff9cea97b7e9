//! Text and phrases as they are compared: whole words, lower case, no punctuation.
//!
//! In: text. Out: words, and which phrases they begin or end with. Memory: one string a text. Chinese and Japanese
//! characters are words of their own, so that a phrase without spaces is found at the end of a text without spaces.

use serde::{Deserialize, Serialize};

use crate::reading::Mark;
use crate::text::{is_ideograph, is_letter, is_word};

/// A list of phrases, each as `Words` writes its words.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Phrases(Vec<String>);

impl From<Vec<String>> for Phrases {
    fn from(phrases: Vec<String>) -> Self {
        let mut all: Vec<String> = phrases.iter().map(|p| Words::new(p).text).collect();
        all.retain(|phrase| phrase.len() > 1);
        Self(all)
    }
}

impl From<Phrases> for Vec<String> {
    fn from(phrases: Phrases) -> Self {
        phrases.0.iter().map(|p| p.trim().to_owned()).collect()
    }
}

impl Phrases {
    /// The phrases, each with a space before and after it.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// True when `word` is one of them.
    pub(super) fn has(&self, word: &str) -> bool {
        self.iter().any(|phrase| phrase.trim() == word)
    }
}

/// The words of a text. Unlike [`crate::text::normalise`] this leaves out sounds in brackets and keeps the marks inside
/// an address: whether a turn is over hangs on both.
#[derive(Debug, Clone)]
pub(super) struct Words {
    /// Each word with one space around it, so that whole words can be found by plain search.
    text: String,
    /// The sign it ended with.
    pub(super) mark: Mark,
}

impl Words {
    pub(super) fn new(text: &str) -> Self {
        let mut words = String::with_capacity(text.len() + 2);
        words.push(' ');
        let mut brackets = 0_u32;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            // "[BLANK_AUDIO]", "(music)": what recognition writes about sounds.
            match character {
                '[' | '(' => brackets += 1,
                ']' | ')' => brackets = brackets.saturating_sub(1),
                _ => {}
            }
            if brackets > 0 {
                continue;
            }
            let inside = !words.ends_with(' ');
            let joins = inside && characters.peek().is_some_and(|next| next.is_alphanumeric());
            match character {
                _ if is_ideograph(character) => {
                    if inside {
                        words.push(' ');
                    }
                    words.extend([character, ' ']);
                }
                _ if is_word(character) => words.extend(character.to_lowercase()),
                '@' | '_' => words.push(character),
                '\'' | '’' if joins => words.push('\''),
                '.' if joins => words.push('.'),
                _ if inside => words.push(' '),
                _ => {}
            }
        }
        if !words.ends_with(' ') {
            words.push(' ');
        }
        Self {
            text: words,
            mark: mark_of(text),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.iter().count()
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.text.split_whitespace()
    }

    /// Length in words of the longest phrase that the text ends in; 0 for none.
    pub(super) fn ends_in(&self, list: &Phrases) -> usize {
        let ends = list.iter().filter(|phrase| self.text.ends_with(phrase));
        ends.map(|p| p.split_whitespace().count())
            .max()
            .unwrap_or(0)
    }

    pub(super) fn begins_with(&self, list: &Phrases) -> bool {
        list.iter().any(|phrase| self.text.starts_with(phrase))
    }

    pub(super) fn contains(&self, list: &Phrases) -> bool {
        list.iter().any(|phrase| self.text.contains(phrase))
    }

    /// What is left when all phrases of `list` are taken off the beginning, the longest first.
    pub(super) fn after(&self, list: &Phrases) -> Self {
        let mut rest = self.text.as_str();
        while let Some(longest) = longest_start(rest, &[list]) {
            // The space that ends the phrase begins the rest.
            rest = &rest[longest - 1..];
        }
        self.part(rest)
    }

    /// What comes after the last phrase of `list`, or the whole.
    pub(super) fn after_last(&self, list: &Phrases) -> Self {
        let ends = list
            .iter()
            .filter_map(|p| Some(self.text.rfind(p)? + p.len() - 1));
        self.part(&self.text[ends.max().unwrap_or(0)..])
    }

    /// True when the text is made of phrases of these lists and nothing else.
    pub(super) fn only(&self, lists: &[&Phrases]) -> bool {
        let mut rest = self.text.as_str();
        while let Some(longest) = longest_start(rest, lists) {
            rest = &rest[longest - 1..];
        }
        rest == " " && self.text != " "
    }

    /// Single letters at the end, as when a word is spelled.
    pub(super) fn spelled(&self) -> Vec<&str> {
        let mut letters: Vec<&str> = self
            .iter()
            .rev()
            .take_while(|word| is_single_letter(word))
            .collect();
        letters.reverse();
        letters
    }

    /// A single letter that is no word at the end of other words: the rest of it was not heard yet.
    pub(super) fn last_is_stray_letter(&self) -> bool {
        let spelled = self.spelled();
        self.count() > 1 && spelled.len() == 1 && !matches!(spelled[0], "a" | "i" | "o" | "u" | "y")
    }

    fn part(&self, text: &str) -> Self {
        Self {
            text: text.to_owned(),
            mark: self.mark,
        }
    }
}

fn longest_start(text: &str, lists: &[&Phrases]) -> Option<usize> {
    let phrases = lists.iter().flat_map(|list| list.iter());
    phrases.filter(|p| text.starts_with(p)).map(str::len).max()
}

fn mark_of(text: &str) -> Mark {
    let text = text.trim_end();
    if text.ends_with(['?', '？']) {
        Mark::Question
    } else if text.ends_with([',', '，', '、']) {
        Mark::Comma
    } else if text.ends_with("..") || text.ends_with(['…', '-', '–', '—']) {
        Mark::CutOff
    } else {
        Mark::None
    }
}

pub(super) fn is_single_letter(word: &str) -> bool {
    is_letter(word) && !word.starts_with(is_ideograph)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        Words::new(text).iter().map(str::to_owned).collect()
    }

    fn list(phrases: &[&str]) -> Phrases {
        Phrases::from(phrases.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn words_are_lower_case_without_punctuation() {
        assert_eq!(words("It’s TOO-expensive!"), ["it's", "too", "expensive"]);
        assert_eq!(words("4,512 or 45-12."), ["4", "512", "or", "45", "12"]);
        assert_eq!(words("J.Smith@mail.co.uk."), ["j.smith@mail.co.uk"]);
        assert_eq!(words("[BLANK_AUDIO] (music)"), [""; 0]);
        assert_eq!(words("我的号码是 12"), ["我", "的", "号", "码", "是", "12"]);
    }

    #[test]
    fn phrases_are_found_as_whole_words() {
        let text = Words::new("Okay, so I want the other one");
        assert_eq!(text.ends_in(&list(&["one", "other one", "her one"])), 2);
        assert!(text.begins_with(&list(&["okay"])) && !text.begins_with(&list(&["ok"])));
        assert_eq!(text.after(&list(&["okay", "so"])).count(), 5);
        assert_eq!(text.after_last(&list(&["so", "want"])).count(), 3);
        assert!(Words::new("uh huh, okay").only(&[&list(&["okay", "uh huh"])]));
        assert!(!Words::new("").only(&[&list(&["okay"])]));
    }

    #[test]
    fn a_script_without_spaces_is_compared_by_its_end() {
        assert_eq!(Words::new("我想取消，因为").ends_in(&list(&["因为"])), 2);
        assert_eq!(Words::new("好的。").ends_in(&list(&["好的"])), 2);
    }

    #[test]
    fn spelling_is_letters_at_the_end() {
        assert_eq!(Words::new("smith S M I").spelled(), ["s", "m", "i"]);
        assert!(Words::new("I'd like to c").last_is_stray_letter());
        assert!(!Words::new("so do I").last_is_stray_letter());
    }
}
