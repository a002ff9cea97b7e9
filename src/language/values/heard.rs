//! What a caller said, as words in which the phrases of a language can be found.
//!
//! In: the text of recognition. Out: [`Heard`]. Memory: two short strings a word. When late or full: words after
//! [`MAX_WORDS`] are not looked at. Source: ours.
//!
//! Sounds in brackets and hesitations are left out, contractions are written in one way, and the marks of a written
//! e-mail address become words.

use std::ops::Range;

use super::emails;
use crate::numbers;
use crate::tables::{Language, Meanings, Phrases};
use crate::words::{Word, words};

/// More words than this are no answer to a question; the search for what was taken back grows with their square.
pub(super) const MAX_WORDS: usize = 120;

/// Marks of a written e-mail address.
pub(super) const ADDRESS_MARKS: &[char] = &['@', '.', '_', '-', '+'];

/// The words of a caller.
#[derive(Clone)]
pub(super) struct Heard {
    pub(super) words: Vec<Word>,
    pub(super) language: &'static Language,
}

impl Heard {
    pub(super) fn new(text: &str, language: &'static Language) -> Self {
        let text = without_sounds(text);
        let mut heard: Vec<Word> = Vec::new();
        let mut plain = String::new();
        for chunk in text.split_whitespace() {
            if is_address(chunk, language) {
                heard.extend(told(&plain, language));
                plain.clear();
                heard.extend(address_words(chunk, heard.last(), language));
                continue;
            }
            // "+44": the sign is said as a word.
            let digits = chunk.strip_prefix('+').filter(|rest| {
                rest.starts_with(|first: char| first.is_ascii_digit() || first == '(')
            });
            match digits.zip(language.digits.plus.first()) {
                Some((digits, plus)) => plain.extend([plus, " ", digits]),
                None => plain.push_str(chunk),
            }
            plain.push(' ');
        }
        heard.extend(told(&plain, language));
        heard.truncate(MAX_WORDS);
        Self {
            words: heard,
            language,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// The word at `at`, or "" beyond the end.
    pub(super) fn plain(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |word| word.plain.as_str())
    }

    /// The word before `at`, or "".
    pub(super) fn before(&self, at: usize) -> &str {
        at.checked_sub(1).map_or("", |before| self.plain(before))
    }

    /// A clause ends between `at` and the word before it.
    pub(super) fn is_clause_start(&self, at: usize) -> bool {
        at.checked_sub(1)
            .and_then(|before| self.words.get(before))
            .is_none_or(|word| word.ends_clause)
    }

    /// The number in words that begins at `at`.
    pub(super) fn number_at(&self, at: usize) -> Option<numbers::Reading> {
        numbers::read_at(&self.language.numbers, &self.words, at)
    }

    /// The words of `range` alone.
    pub(super) fn part(&self, range: Range<usize>) -> Self {
        let end = range.end.min(self.len());
        Self {
            words: self.words[range.start.min(end)..end].to_vec(),
            language: self.language,
        }
    }

    /// All but the words of `range`.
    pub(super) fn without(&self, range: Range<usize>) -> Self {
        let mut rest = self.clone();
        rest.words.drain(range.start..range.end.min(self.len()));
        rest
    }

    /// Words of the longest of `phrases` that begins at `at`; 0 for none.
    pub(super) fn phrase_at(&self, at: usize, phrases: Phrases) -> usize {
        let lengths = phrases.iter().map(|phrase| self.length_at(at, phrase));
        lengths.max().unwrap_or(0)
    }

    /// Words of the longest of `phrases` that ends before `end`; 0 for none.
    pub(super) fn phrase_before(&self, end: usize, phrases: Phrases) -> usize {
        let lengths = phrases.iter().map(|phrase| {
            let length = phrase.split(' ').count();
            let start = end.checked_sub(length);
            start.map_or(0, |start| self.length_at(start, phrase))
        });
        lengths.max().unwrap_or(0)
    }

    fn length_at(&self, at: usize, phrase: &str) -> usize {
        let mut length = 0;
        for word in phrase.split(' ') {
            if self.plain(at + length) != word {
                return 0;
            }
            length += 1;
        }
        length
    }

    /// What the longest phrase that begins at `at` means, and its words.
    pub(super) fn meaning_at<T: Copy>(&self, at: usize, table: Meanings<T>) -> Option<(T, usize)> {
        let found = table
            .iter()
            .map(|(phrase, meaning)| (*meaning, self.length_at(at, phrase)));
        found
            .filter(|(_, length)| *length > 0)
            .max_by_key(|(_, length)| *length)
    }

    /// Where the first of `phrases` is, the longest at its place.
    pub(super) fn find(&self, phrases: Phrases) -> Option<Range<usize>> {
        self.find_from(0, phrases)
    }

    pub(super) fn find_from(&self, from: usize, phrases: Phrases) -> Option<Range<usize>> {
        (from..self.len()).find_map(|at| {
            let length = self.phrase_at(at, phrases);
            (length > 0).then_some(at..at + length)
        })
    }

    /// The first word that one of `phrases` does not cover, from `at` on.
    pub(super) fn after(&self, mut at: usize, lists: &[Phrases]) -> usize {
        loop {
            let lengths = lists.iter().map(|phrases| self.phrase_at(at, *phrases));
            match lengths.max() {
                Some(length) if length > 0 => at += length,
                _ => return at,
            }
        }
    }

    /// Whether `lists` cover all words of `range`.
    pub(super) fn is_only(&self, range: Range<usize>, lists: &[Phrases]) -> bool {
        self.part(range).uncovered(lists) == 0
    }

    /// Words that no phrase of `lists` covers.
    pub(super) fn uncovered(&self, lists: &[Phrases]) -> usize {
        let (mut at, mut count) = (0, 0);
        loop {
            at = self.after(at, lists);
            if at >= self.len() {
                return count;
            }
            at += 1;
            count += 1;
        }
    }

    /// The words without all of `phrases`.
    pub(super) fn without_all(&self, phrases: Phrases) -> Self {
        let mut rest = self.clone();
        let mut from = 0;
        while let Some(found) = rest.find_from(from, phrases) {
            from = found.start;
            let ends = found.end > 0 && rest.words[found.end - 1].ends_clause;
            if let Some(before) = found.start.checked_sub(1) {
                rest.words[before].ends_clause |= ends;
            }
            rest.words.drain(found);
        }
        rest
    }

    /// It asks, and proposes nothing.
    pub(super) fn is_question(&self) -> bool {
        let talk = &self.language.talk;
        let at = self.after(0, &[talk.openers]);
        let at = if at < self.len() { at } else { 0 };
        self.phrase_at(at, talk.proposals) == 0 && self.phrase_at(at, talk.questions) > 0
    }

    /// It says that nothing is given.
    pub(super) fn gives_nothing(&self) -> bool {
        self.find(self.language.talk.nothing).is_some()
    }
}

/// The words of `text` without hesitations, each written in one way.
fn told(text: &str, language: &Language) -> Vec<Word> {
    let talk = &language.talk;
    let mut told: Vec<Word> = Vec::new();
    let mut found = words(text).into_iter().peekable();
    while let Some(mut word) = found.next() {
        // "Uh huh" is an answer, "uh" is none.
        let hum = found.peek().and_then(|next| {
            let both = format!("{} {}", word.plain, next.plain);
            talk.hums.iter().find(|(hum, _)| *hum == both)
        });
        if let Some((_, plain)) = hum {
            word.plain = (*plain).to_owned();
            word.ends_clause = found.next().is_some_and(|next| next.ends_clause);
        }
        if talk.hesitations.contains(&word.plain.as_str()) {
            if let Some(before) = told.last_mut() {
                before.ends_clause |= word.ends_clause;
            }
            continue;
        }
        let known = (talk.spellings.iter()).find(|(written, _)| *written == word.plain);
        if let Some((_, plain)) = known {
            word.plain = (*plain).to_owned();
        }
        told.push(word);
    }
    told
}

/// "[BLANK_AUDIO]" and "(music)" are what recognition writes about sounds; figures in brackets are an area code. Here a
/// bracket that nobody closes hides nothing, while the reader of unfinished turns waits for its end.
fn without_sounds(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(['[', '(']) {
        let close = if rest[start..].starts_with('[') {
            ']'
        } else {
            ')'
        };
        let (before, tail) = rest.split_at(start);
        out.push_str(before);
        let (inside, after) = match tail.find(close) {
            Some(end) => (&tail[1..end], &tail[end + 1..]),
            None => ("", &tail[1..]),
        };
        if inside.contains(|c: char| c.is_ascii_digit()) {
            out.push_str(inside);
        }
        out.push(' ');
        rest = after;
    }
    out.push_str(rest);
    out
}

/// "john@gmail.com", "gmail.com", ".com".
fn is_address(chunk: &str, language: &Language) -> bool {
    let chunk = chunk.trim_end_matches(|c: char| !c.is_alphanumeric());
    if chunk.contains('@') {
        return true;
    }
    let Some((before, end)) = chunk.rsplit_once('.') else {
        return false;
    };
    let is_label = before.is_empty() || before.chars().count() > 1;
    is_label
        && before
            .chars()
            .all(|c| c.is_alphanumeric() || ADDRESS_MARKS.contains(&c))
        && !before.starts_with(|c: char| c.is_ascii_digit())
        && language.email.ends.contains(&end.to_lowercase().as_str())
}

/// A written address as one word; its pieces and marks when it is not whole, or when letters and marks `before` it
/// belong to it.
fn address_words(chunk: &str, before: Option<&Word>, language: &Language) -> Vec<Word> {
    let chunk = chunk.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '@');
    let chunk = chunk.trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '@' | '.'));
    // "J-O-H-N@…": letters that are read out.
    let mailbox = chunk.split('@').next().unwrap_or_default();
    let letters =
        mailbox.split('-').all(|letter| letter.chars().count() == 1) && mailbox.chars().count() > 4;
    let belongs = before.is_some_and(|before| {
        let plain = before.plain.as_str();
        let email = &language.email;
        let is_mark =
            email.dot.contains(&plain) || email.marks.iter().any(|(name, _)| *name == plain);
        is_mark || plain.chars().count() == 1
    });
    if !letters && !belongs && emails::is_address(&chunk.to_lowercase()) {
        return vec![Word {
            text: chunk.to_owned(),
            plain: chunk.to_lowercase(),
            ..Word::default()
        }];
    }
    let mut found: Vec<Word> = Vec::new();
    let mut ordinary = String::new();
    let mut push = |text: String| {
        if !text.is_empty() {
            let is_joined = !found.is_empty();
            found.push(Word {
                plain: text.to_lowercase(),
                text,
                is_joined,
                ..Word::default()
            });
        }
    };
    let mut in_mailbox = true;
    for c in chunk.chars() {
        if c.is_alphanumeric() {
            ordinary.push(c);
        } else {
            push(std::mem::take(&mut ordinary));
            in_mailbox &= c != '@';
            if ADDRESS_MARKS.contains(&c) && !(c == '-' && letters && in_mailbox) {
                push(c.to_string());
            }
        }
    }
    push(ordinary);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables;

    fn english() -> &'static Language {
        tables::of("en").unwrap()
    }

    fn plain(text: &str) -> String {
        let heard = Heard::new(text, english());
        let words: Vec<&str> = heard.words.iter().map(|word| word.plain.as_str()).collect();
        words.join(" ")
    }

    #[test]
    fn sounds_and_hesitations_are_left_out_and_addresses_taken_apart() {
        for (text, expected) in [
            ("[BLANK_AUDIO] Um, it's, uh, four.", "it's four"),
            ("(417) 555 (music) 01", "417 555 01"),
            ("john.smith@gmail.com.", "john.smith@gmail.com"),
            ("dot smith@gmail.com.", "dot smith @ gmail . com"),
            ("J-O-H-N@gmail.com", "j o h n @ gmail . com"),
            ("john at gmail.com please", "john at gmail . com please"),
            ("S.M.I.T.H. at 3.30", "s m i t h at 3.30"),
            ("dont (unclosed", "don't unclosed"),
            ("+44 20", "plus 44 20"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }

    #[test]
    fn phrases_are_found_longest_first_and_taken_out_with_their_comma() {
        let heard = Heard::new("four one, hold on, five", english());
        let rest = heard.without_all(Phrases::new(&["hold", "hold on"]));
        assert_eq!(rest.len(), 3);
        assert!(rest.words[1].ends_clause);
        let hold = [Phrases::new(&["hold on"])];
        assert!(heard.is_only(2..4, &hold) && !heard.is_only(1..4, &hold));
        assert_eq!(heard.phrase_before(4, Phrases::new(&["on", "hold on"])), 2);
    }

    #[test]
    fn questions_give_nothing_and_proposals_may() {
        for (text, is_question) in [
            ("sorry what do you mean", true),
            ("okay how much is it", true),
            ("how about tuesday", false),
            ("can i come on monday", false),
            ("what", true),
        ] {
            let heard = Heard::new(text, english());
            assert_eq!(heard.is_question(), is_question, "{text}");
        }
    }
}
