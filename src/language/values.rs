//! Values in what a caller says: dates, times, sums, numbers, names, addresses, choices.
//!
//! Thread: `responder`, once per turn. In: the caller's words, what a slot takes, the day of the call, the language of
//! the playbook. Out: [`Entity`] values. Memory: short strings per turn. When late or full: words after the first 120
//! are not looked at. A pure function of its input: no clock, no engine. Source: ours; ISO 8601, E.164, ISO 4217 and
//! RFC 5321 for how values are written.
//!
//! No value is better than a wrong one: "I don't know", a question, and words that may mean anything give none. A value
//! that was not said plainly is not `sure`, and is read back before it counts. Of a language without a table (see
//! [`crate::tables`]) only digits and addresses are understood, as written.

use jiff::civil::Date;

use crate::tables;
use crate::text::single_spaced;
use heard::Heard;

mod answers;
mod corrections;
mod dates;
mod digits;
mod emails;
mod heard;
mod letters;
mod money;
mod names;
mod quantity;
mod times;

/// Most digits of a slot.
pub const MAX_DIGITS: usize = digits::MAX_DIGITS;

/// The values of [`SlotKind::YesNo`].
pub const YES: &str = "yes";
/// See [`YES`].
pub const NO: &str = "no";

/// What a slot takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotKind {
    /// The words themselves, at most 200 characters.
    Text,
    /// The name of a person.
    Name,
    /// A day: "2026-11-24".
    Date,
    /// A time of the day: "15:30".
    Time,
    /// A sum of money: "29.50 USD", "120".
    Money,
    /// A phone number of 7 to 15 digits, with "+" where the caller said so.
    Phone,
    /// Digits of a code or a number.
    Digits {
        /// How many there are, from 1 to [`MAX_DIGITS`], when that is known.
        count: Option<u32>,
    },
    /// An e-mail address in lower case.
    Email,
    /// "yes" or "no".
    YesNo,
    /// A number: "2.5".
    Number,
    /// One of these, written as here.
    Choice(Vec<String>),
}

/// A value that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// In the form that [`SlotKind`] tells, without braces and control characters.
    pub value: String,
    /// As it is read back: words that a voice says right, and a listener understands.
    pub spoken: String,
    /// It is whole and was said plainly; otherwise it must be read back, or continued.
    pub sure: bool,
}

impl Entity {
    /// A value and how it is read back, both without marks that a line or a voice could take for something else.
    pub fn new(value: impl AsRef<str>, spoken: impl AsRef<str>, sure: bool) -> Self {
        Self {
            value: speakable(value.as_ref(), false),
            spoken: speakable(spoken.as_ref(), true),
            sure,
        }
    }
}

/// `text` without what a line or a voice could take for something else: braces, marks of formatting, control
/// characters.
pub fn speakable(text: &str, is_spoken: bool) -> String {
    const MARKS: &[char] = &[
        '{', '}', '[', ']', '<', '>', '*', '#', '`', '|', '\\', '•', '…', '~', '^',
    ];
    let plain = text.chars().map(|c| {
        let is_mark = MARKS.contains(&c) || (is_spoken && c == '_');
        let turns_text = matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let is_zero_wide = matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}');
        let is_hidden = c.is_control() || turns_text || is_zero_wide;
        if is_mark || is_hidden { ' ' } else { c }
    });
    single_spaced(&plain.collect::<String>())
}

/// The value for a slot of `kind` in the caller's `words`; None when they hold none. `today` is the day of the call
/// where the caller is, `language` the one of the playbook ("en").
pub fn capture(kind: &SlotKind, words: &str, today: Date, language: &str) -> Option<Entity> {
    match tables::of(language) {
        Some(language) => {
            let heard = Heard::new(words, language);
            let found = corrections::capture(kind, &heard, today)?;
            (!found.value.is_empty()).then_some(found)
        }
        None => written(kind, words),
    }
}

/// `previous` as the caller's `words` correct it: "no, nine, not five", "the last digit is four", "not Tuesday,
/// Wednesday", "with a y". None when they say nothing that could stand in its place; a bare "no" is left to
/// [`SlotKind::YesNo`].
pub fn correct(
    previous: &Entity,
    kind: &SlotKind,
    words: &str,
    today: Date,
    language: &str,
) -> Option<Entity> {
    match tables::of(language) {
        Some(language) => {
            let heard = Heard::new(words, language);
            let found = corrections::correct(previous, kind, &heard, today)?;
            (!found.value.is_empty()).then_some(found)
        }
        None => written(kind, words),
    }
}

/// A number that is given in several turns: `previous` and the digits of `words` after it. The whole number said anew
/// takes its place. None when `words` hold no digits, or more than `kind` takes.
pub fn continue_digits(
    previous: &Entity,
    kind: &SlotKind,
    words: &str,
    language: &str,
) -> Option<Entity> {
    if !matches!(kind, SlotKind::Phone | SlotKind::Digits { .. }) {
        return None;
    }
    match tables::of(language) {
        Some(language) => digits::go_on(previous, &Heard::new(words, language), kind),
        None => {
            let more = written(kind, words)?;
            let value = format!("{}{}", previous.value, more.value);
            let sure = kind.is_whole(&value);
            (value.len() <= MAX_DIGITS).then(|| Entity::new(&value, grouped(&value), sure))
        }
    }
}

impl SlotKind {
    /// Whether `value` is all that is asked for: a number may come in several turns.
    pub fn is_whole(&self, value: &str) -> bool {
        digits::is_whole(self, value)
    }

    /// Nearly anything can be taken for it, so it is heard only in the answer to its own question.
    pub fn is_open(&self) -> bool {
        matches!(
            self,
            Self::Text | Self::Name | Self::Number | Self::YesNo | Self::Digits { .. }
        )
    }
}

/// What can be understood without knowing the language: digits and addresses that are written as such.
fn written(kind: &SlotKind, words: &str) -> Option<Entity> {
    match kind {
        SlotKind::Phone | SlotKind::Digits { .. } => {
            let is_part = |c: char| {
                c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '/' | '(' | ')' | '+')
            };
            let runs = words.split(|c: char| !is_part(c));
            let digits =
                runs.map(|run| run.chars().filter(char::is_ascii_digit).collect::<String>());
            let value = digits
                .max_by_key(String::len)
                .filter(|digits| !digits.is_empty())?;
            let sure = kind.is_whole(&value);
            let fits = value.len() <= MAX_DIGITS
                && !matches!(kind, SlotKind::Digits { count: Some(wanted) } if value.len() > *wanted as usize);
            fits.then(|| Entity::new(&value, grouped(&value), sure))
        }
        SlotKind::Email => {
            let address = emails::written(words)?;
            Some(Entity::new(&address, address.replace('_', " _ "), true))
        }
        _ => None,
    }
}

/// Figures one by one, with a pause after each three.
fn grouped(digits: &str) -> String {
    let figures: Vec<String> = digits.chars().map(String::from).collect();
    let groups: Vec<String> = figures.chunks(3).map(|group| group.join(" ")).collect();
    groups.join(", ")
}

/// It begins as a correction does, in a language that is known: "okay but" takes nothing back, "okay no" does.
pub fn takes_back(words: &str, code: &str) -> bool {
    let Some(language) = tables::of(code) else {
        return true;
    };
    let heard = Heard::new(words, language);
    let talk = &language.talk;
    let longest = |at: usize, one, other| heard.phrase_at(at, one).max(heard.phrase_at(at, other));
    let mut at = 0;
    loop {
        let retraction = longest(at, talk.denials, talk.restarts);
        // "No problem" is longer than the "no" in it.
        let filler = longest(at, talk.openers, language.answers.yes);
        if retraction.max(filler) == 0 {
            return false;
        }
        if retraction >= filler {
            return true;
        }
        at += filler;
    }
}

/// Nothing but agreement, in a language that is known.
pub fn is_only_yes(words: &str, code: &str) -> bool {
    let Some(language) = tables::of(code) else {
        return false;
    };
    let (answers, talk) = (&language.answers, &language.talk);
    let lists = [
        answers.yes,
        answers.yes_short,
        answers.yes_alone,
        talk.openers,
        talk.closers,
    ];
    Heard::new(words, language).uncovered(&lists) == 0
}

#[cfg(test)]
mod tests;
