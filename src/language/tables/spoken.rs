//! How what is written is read aloud.
//!
//! In: a part of a pack. Out: its tables. Memory: see [`crate::lists`].
//!
//! In a template a name in braces stands for a part: `{month} {day}`.

use serde::Deserialize;

use crate::lists::{List, Meanings, Phrases, Text, kept};

/// What a voice has to be told of a language.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpokenWords {
    /// A space stands between a number and the word after it.
    pub spaced: bool,
    /// Numbers.
    pub numbers: FigureSpeech,
    /// Sums of money.
    pub money: MoneySpeech,
    /// Days.
    pub dates: DateSpeech,
    /// Times of day.
    pub times: TimeSpeech,
    /// Phone numbers and codes, digit by digit.
    pub digits: DigitSpeech,
    /// E-mail and web addresses.
    pub addresses: AddressSpeech,
    /// Units after a number, with their name for one and for several.
    pub units: Meanings<[Text; 2]>,
    /// Short forms of words.
    pub words: WordSpeech,
}

/// Numbers.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureSpeech {
    /// Stands before decimals.
    pub decimal: char,
    /// Stands between thousands.
    pub thousands: char,
    /// Regions that write the two the other way round.
    pub swapped_regions: Phrases,
    /// Between the ends of a range.
    #[serde(deserialize_with = "kept")]
    pub to: Text,
    /// Before a number below zero.
    #[serde(deserialize_with = "kept")]
    pub minus: Text,
    /// For a plus before or after a number.
    #[serde(deserialize_with = "kept")]
    pub plus: Text,
    /// For the cross after a number.
    #[serde(deserialize_with = "kept")]
    pub times: Text,
    /// For the cross between two numbers.
    #[serde(deserialize_with = "kept")]
    pub by: Text,
    /// Hundredths; holds `{number}`.
    #[serde(deserialize_with = "kept")]
    pub percent: Text,
    /// For a sign that says that a number follows; holds `{number}`.
    #[serde(deserialize_with = "kept")]
    pub number: Text,
    /// Such signs.
    pub number_signs: Phrases,
    /// Those of them that are answers too where a sentence begins: "No. 5".
    pub number_doubts: Phrases,
    /// Between a whole number and a fraction.
    #[serde(deserialize_with = "kept")]
    pub and: Text,
    /// Fractions: as one sign, alone, and after a whole number.
    pub fractions: Meanings<[Text; 3]>,
    /// Figures that have a reading of their own.
    pub fixed: Meanings<Text>,
    /// Signs before a number.
    pub before: Meanings<Text>,
    /// Words after which what is counted stands in the singular: "a 5 kilometer run".
    pub articles: Phrases,
    /// A year is read as two numbers of two digits.
    pub years_in_pairs: bool,
    /// Words before a year.
    pub before_year: Phrases,
    /// The tens of a decade, from the twenties on.
    pub decades: Phrases,
    /// What stands after a decade in figures.
    #[serde(deserialize_with = "kept")]
    pub decade_end: Text,
    /// Feet and inches: `{feet}`, `{inches}`. Empty: not known.
    #[serde(deserialize_with = "kept")]
    pub height: Text,
}

/// Sums of money.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoneySpeech {
    /// Signs and codes, with the code of the currency.
    pub signs: Meanings<Text>,
    /// Regions where "$" stands for another currency, or for one that is not known.
    pub dollars: Meanings<Text>,
    /// Signs of hundredths.
    pub cents: Meanings<Text>,
    /// Of each code: one of it with the number, its singular and plural, and the same of its hundredths.
    pub names: Meanings<[Text; 6]>,
    /// A sum with hundredths: `{whole}`, `{part}` with its name, `{cents}` as a bare number. Empty: decimals stay.
    #[serde(deserialize_with = "kept")]
    pub joined: Text,
    /// What a number is multiplied by, glued to it or after a space. Letters count only glued.
    pub scales: Meanings<Text>,
    /// What a sum is paid for, after a slash.
    pub periods: Meanings<Text>,
    /// Before what else stands after the slash.
    #[serde(deserialize_with = "kept")]
    pub per: Text,
}

/// Days.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateSpeech {
    /// Figures have the day before the month.
    pub day_first: bool,
    /// Regions where that is the other way round.
    pub swapped_regions: Phrases,
    /// A day and a month are a date when full stops stand after both: "24.11.".
    pub dotted: bool,
    /// Months and weekdays have a capital letter.
    pub capitals: bool,
    /// Names of the months as they are read, and then as they are written short.
    #[serde(deserialize_with = "kept")]
    pub months: [Phrases; 12],
    /// The same of the weekdays, from Monday on.
    #[serde(deserialize_with = "kept")]
    pub weekdays: [Phrases; 7],
    /// Short names that are other words too.
    pub careful: Phrases,
    /// Days of the month as they are read; none where the figure is.
    pub days: Phrases,
    /// What a day ends in after a word; `days` have none.
    pub day_endings: Meanings<Text>,
    /// What it ends in after any other.
    #[serde(deserialize_with = "kept")]
    pub day_ending: Text,
    /// A day with its month, where the month comes first: `{month}`, `{day}`. Empty: it never does.
    #[serde(deserialize_with = "kept")]
    pub month_day: Text,
    /// The same where the day comes first.
    #[serde(deserialize_with = "kept")]
    pub day_month: Text,
    /// The same with a year: `{date}`, `{year}`.
    #[serde(deserialize_with = "kept")]
    pub with_year: Text,
    /// Between a day and its month, and a month and its year, as they are written.
    pub of: Phrases,
    /// Words before a day in figures without its year: "by 5/8".
    pub before: Phrases,
}

/// Times of day.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeSpeech {
    /// What stands after a time, as it is written and as it is read.
    pub parts: Meanings<Text>,
    /// A whole hour: `{hour}`.
    #[serde(deserialize_with = "kept")]
    pub whole: Text,
    /// An hour with minutes: `{hour}`, `{minute}`.
    #[serde(deserialize_with = "kept")]
    pub minutes: Text,
    /// The same with minutes under ten.
    #[serde(deserialize_with = "kept")]
    pub few_minutes: Text,
    /// What is read for one o'clock.
    #[serde(deserialize_with = "kept")]
    pub one: Text,
    /// After a whole hour of the afternoon, which is then counted from noon; empty where hours go on to 24.
    #[serde(deserialize_with = "kept")]
    pub afternoon: Text,
    /// What is read for 0:00; empty where it is a time like others.
    #[serde(deserialize_with = "kept")]
    pub midnight: Text,
}

/// What is read digit by digit.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DigitSpeech {
    /// Lengths of the groups of phone numbers.
    pub phones: List<List<usize>>,
    /// Between groups.
    #[serde(deserialize_with = "kept")]
    pub pause: Text,
    /// Before a number to be called.
    pub call: Phrases,
    /// Numbers that are called and are no quantities.
    pub short: Phrases,
    /// Before a code.
    pub codes: Phrases,
    /// Between such a word and the code.
    pub code_links: Phrases,
    /// Letters that a voice reads as words, and what names them.
    pub letters: Meanings<Text>,
}

/// E-mail and web addresses.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressSpeech {
    /// Names of the marks in an address.
    pub marks: Meanings<Text>,
    /// Before a word that is searched for: "#offers".
    #[serde(deserialize_with = "kept")]
    pub tag: Text,
}

/// Short forms of words.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordSpeech {
    /// Stand before a name, with or without a full stop.
    pub titles: Meanings<Text>,
    /// Stand after a name: "Elm Dr."
    pub after_name: Meanings<Text>,
    /// Have a full stop, which is not said; something follows them.
    pub dotted: Meanings<Text>,
    /// The same of words that may end a sentence: a capital letter after them begins another.
    pub dotted_last: Meanings<Text>,
    /// Have none.
    pub plain: Meanings<Text>,
    /// Signs between words.
    pub signs: Meanings<Text>,
    /// Between two words that a slash joins: "he/she". Empty: it stays.
    #[serde(deserialize_with = "kept")]
    pub or: Text,
    /// Words that a slash joins, with a reading of their own.
    pub joined: Meanings<Text>,
}
