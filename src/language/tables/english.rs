//! English.
//!
//! Thread: any, read only. In: nothing. Out: [`ENGLISH`]. Memory: none, all is static. When late or full: never. Source: ours, from how callers of
//! banks, clubs and couriers say things; spelling words of the International Civil Aviation Organization, and common ones beside them.

mod answers;
mod dates;
mod email;
mod letters;
mod money;
mod names;
mod numbers;
mod talk;
mod times;

use super::Language;

/// All that is known of English.
pub static ENGLISH: Language = Language {
    numbers: numbers::NUMBERS,
    digits: numbers::DIGITS,
    calendar: dates::CALENDAR,
    clock: times::CLOCK,
    money: money::MONEY,
    letters: letters::LETTERS,
    email: email::EMAIL,
    names: names::NAMES,
    answers: answers::ANSWERS,
    talk: talk::TALK,
};
