//! What has to be known of a language to understand what a caller gives, and to judge what the agent says: its words,
//! one table a topic.
//!
//! In: a language code ("en", "en-US"). Out: its tables, which stand in its pack. Memory: none of their own, see
//! [`crate::pack`].
//!
//! Words stand as recognition writes them, in lower case and with a straight apostrophe; a phrase has one space between
//! its words. Which word may follow which stays in code, so a language that builds its dates or times in another order
//! needs a rule there too. What each list is for is told in `packs/en.toml`.

use serde::Deserialize;

pub use crate::lists::{Meanings, Phrases, Text};
use crate::pack;
pub use guard::{FigureWords, GuardWords, LeakWords, PromiseWords, SentenceWords};
pub use numbers::{DigitWords, MoneyWords, NumberWords};
pub use people::{EmailWords, LetterWords, NameWords, Title};
pub use spoken::{
    AddressSpeech, DateSpeech, DigitSpeech, FigureSpeech, MoneySpeech, SpokenWords, TimeSpeech,
    WordSpeech,
};
pub use talk::{AnswerWords, TalkWords};
pub use times::{CalendarWords, ClockWords, DayPart, Span};
pub use writing::{RetrievalWords, WritingWords};

mod guard;
mod numbers;
mod people;
mod spoken;
mod talk;
mod times;
mod writing;

/// The tables of one language. A pack has all of them or none.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Language {
    /// Numbers in words.
    pub numbers: NumberWords,
    /// Numbers read out digit by digit.
    pub digits: DigitWords,
    /// Days and months.
    pub calendar: CalendarWords,
    /// Times of day.
    pub clock: ClockWords,
    /// Sums of money.
    pub money: MoneyWords,
    /// Letters that are spelled.
    pub letters: LetterWords,
    /// E-mail addresses.
    pub email: EmailWords,
    /// Names of people.
    pub names: NameWords,
    /// Yes and no.
    pub answers: AnswerWords,
    /// What surrounds an answer.
    pub talk: TalkWords,
}

/// The tables that are known of the language with this code.
pub fn of(code: &str) -> Option<&'static Language> {
    pack::of(code)?.values.as_ref()
}
