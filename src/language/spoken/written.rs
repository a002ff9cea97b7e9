//! A written text, cut into runs of digits, words, spaces and single marks.
//!
//! In: a text. Out: its tokens by their number, and what stands around them. Memory: a place for each token. Past
//! either end there are empty tokens, so readers may look as far as they like.

use super::Tongue;
use crate::pack::Pack;
use crate::tables::{Language, SpokenWords};
use crate::text::{is_ideograph, is_word};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Figures from 0 to 9.
    Digits,
    /// Letters; of a script without spaces, one.
    Word,
    /// White space.
    Space,
    /// One character of any other kind.
    Mark,
    /// Past either end.
    Nothing,
}

/// A text and its tokens.
pub(super) struct Written<'a> {
    text: &'a str,
    /// Where each token begins; the last is the end of the text.
    starts: Vec<usize>,
    kinds: Vec<Kind>,
    tongue: &'a Tongue,
}

/// What is said for some tokens.
#[derive(Debug)]
pub(super) struct Said {
    /// The token after them.
    pub end: usize,
    pub parts: Vec<Part>,
    /// They stay as they are.
    pub is_as_written: bool,
    /// Why they can be read otherwise.
    pub doubt: Option<&'static str>,
}

/// A piece of it that was heard as a whole or not at all.
#[derive(Debug)]
pub(super) struct Part {
    /// Its first token.
    pub start: usize,
    pub text: String,
}

impl Said {
    pub(super) fn new(start: usize, end: usize, text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let parts = vec![Part { start, text }];
        Self::of(end, parts)
    }

    pub(super) fn of(end: usize, parts: Vec<Part>) -> Option<Self> {
        Some(Self {
            end,
            parts,
            is_as_written: false,
            doubt: None,
        })
    }

    /// The tokens stay as they are, so that no other reader takes them.
    pub(super) fn as_written(end: usize) -> Option<Self> {
        Some(Self {
            end,
            parts: Vec::new(),
            is_as_written: true,
            doubt: None,
        })
    }

    pub(super) fn doubted(self, why: &'static str) -> Self {
        Self {
            doubt: Some(why),
            ..self
        }
    }
}

fn kind_of(letter: char) -> Kind {
    match letter {
        '0'..='9' => Kind::Digits,
        _ if letter.is_whitespace() => Kind::Space,
        _ if letter.is_alphabetic() || (is_word(letter) && !letter.is_numeric()) => Kind::Word,
        _ => Kind::Mark,
    }
}

impl<'a> Written<'a> {
    pub(super) fn new(text: &'a str, tongue: &'a Tongue) -> Self {
        let mut starts = Vec::new();
        let mut kinds = Vec::new();
        let mut last_letter = ' ';
        for (at, letter) in text.char_indices() {
            let kind = kind_of(letter);
            let joins = kinds.last() == Some(&kind)
                && kind != Kind::Mark
                && !(is_ideograph(letter) || is_ideograph(last_letter));
            if !joins {
                starts.push(at);
                kinds.push(kind);
            }
            last_letter = letter;
        }
        starts.push(text.len());
        Self {
            text,
            starts,
            kinds,
            tongue,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.kinds.len()
    }

    /// The byte where token `at` begins.
    pub(super) fn place(&self, at: usize) -> usize {
        self.starts.get(at).copied().unwrap_or(self.text.len())
    }

    pub(super) fn get(&self, at: usize) -> &'a str {
        self.slice(at, at.saturating_add(1))
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        let range = self.place(start)..self.place(end);
        self.text.get(range).unwrap_or_default()
    }

    /// The text from token `at` on.
    pub(super) fn rest(&self, at: usize) -> &'a str {
        self.text.get(self.place(at)..).unwrap_or_default()
    }

    pub(super) fn kind(&self, at: usize) -> Kind {
        self.kinds.get(at).copied().unwrap_or(Kind::Nothing)
    }

    /// The kind of the token before.
    pub(super) fn kind_before(&self, at: usize) -> Kind {
        at.checked_sub(1)
            .map_or(Kind::Nothing, |before| self.kind(before))
    }

    pub(super) fn digits(&self, at: usize) -> Option<&'a str> {
        (self.kind(at) == Kind::Digits).then(|| self.get(at))
    }

    pub(super) fn word(&self, at: usize) -> Option<&'a str> {
        (self.kind(at) == Kind::Word).then(|| self.get(at))
    }

    /// What is known of values in this language.
    pub(super) fn values(&self) -> Option<&'static Language> {
        self.tongue.pack?.values.as_ref()
    }

    /// A word that says little, where the language has a list of them.
    pub(super) fn is_small_word(&self, word: &str) -> bool {
        let is_small = |pack: &Pack| pack.retrieval.small_words.contains(&word);
        self.tongue.pack.is_some_and(is_small)
    }

    pub(super) fn is_in(&self, regions: &[&str]) -> bool {
        let mut own = self.tongue.regions.iter();
        own.any(|region| regions.contains(&region.as_str()))
    }

    /// The token after one space, if there is one.
    pub(super) fn gap(&self, at: usize) -> usize {
        at + usize::from(matches!(self.get(at), " " | "\u{a0}" | "\u{202f}"))
    }

    /// The token after `text`, if the text goes on with it up to the end of a token.
    pub(super) fn after(&self, at: usize, text: &str) -> Option<usize> {
        let starts = !text.is_empty() && self.rest(at).starts_with(text);
        let end = self.place(at) + text.len();
        let found = || self.starts.binary_search(&end).ok();
        starts.then(found).flatten()
    }

    /// The entry of a list that the text goes on with, the longest one, and the token after it.
    pub(super) fn after_any<'t, T>(
        &self,
        at: usize,
        list: &'t [(&'static str, T)],
    ) -> Option<(usize, &'t T)> {
        let found = list
            .iter()
            .filter_map(|(text, entry)| Some((self.after(at, text)?, entry)));
        found.max_by_key(|(end, _)| *end)
    }

    /// The word before token `at` and the space between, in lower case.
    pub(super) fn word_before(&self, at: usize) -> String {
        let word = at
            .checked_sub(2)
            .filter(|_| self.kind_before(at) == Kind::Space)
            .and_then(|before| self.word(before));
        word.map(str::to_lowercase).unwrap_or_default()
    }

    /// Whether something new begins here, and no word or figure goes on.
    pub(super) fn is_fresh(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else {
            return true;
        };
        match self.kind(before) {
            Kind::Digits => false,
            Kind::Word => self.get(before).starts_with(is_ideograph),
            Kind::Mark if is_joint(self.get(before)) => {
                matches!(self.get(before), "-" | "–" | "/")
                    && matches!(self.kind_before(before), Kind::Space | Kind::Nothing)
            }
            _ => true,
        }
    }

    /// Whether what ends before token `at` is over there: no letter or figure follows, neither at once nor after a mark
    /// that joins.
    pub(super) fn is_over(&self, at: usize) -> bool {
        self.is_over_unless(at, "")
    }

    /// The same, where the marks in `open` end it too: "5 km/day".
    pub(super) fn is_over_unless(&self, at: usize, open: &str) -> bool {
        let is_letter = |at: usize| match self.kind(at) {
            Kind::Digits => true,
            Kind::Word => !self.get(at).starts_with(is_ideograph),
            _ => false,
        };
        let mark = self.get(at);
        let joins = self.kind(at) == Kind::Mark && is_joint(mark) && !open.contains(mark);
        !(is_letter(at) || joins && is_letter(at + 1))
    }

    /// Whether a sentence ends before token `at`: nothing follows but marks, or a word with a capital letter.
    pub(super) fn is_end_of_sentence(&self, at: usize) -> bool {
        let rest = self.rest(at);
        let closed = rest.trim_start_matches(['"', '\'', ')', '”', '’', ']']);
        if closed.trim().is_empty() {
            return true;
        }
        closed.starts_with(char::is_whitespace)
            && closed.trim_start().starts_with(char::is_uppercase)
    }
}

/// Marks that join what stands on both sides.
fn is_joint(mark: &str) -> bool {
    matches!(
        mark,
        "." | ","
            | ":"
            | "/"
            | "\\"
            | "-"
            | "–"
            | "_"
            | "@"
            | "#"
            | "'"
            | "’"
            | "="
            | "&"
            | "%"
            | "$"
            | "€"
            | "£"
            | "~"
            | "^"
    )
}

/// A template with its parts put in.
pub(super) fn fill(template: &str, parts: &[(&str, &str)]) -> String {
    let mut filled = template.to_owned();
    for (name, value) in parts {
        filled = filled.replace(name, value);
    }
    filled
}

/// Words with spaces between them, in languages that have them.
pub(super) fn join(words: &SpokenWords, parts: &[&str]) -> String {
    parts.join(if words.spaced { " " } else { "" })
}

/// Whether the mark is a dash that can stand for "to".
pub(super) fn is_dash(mark: &str) -> bool {
    matches!(mark, "-" | "–" | "‐" | "‑" | "−" | "—")
}
