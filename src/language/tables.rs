//! What has to be known of a language to understand what a caller gives: its words, one table a topic.
//!
//! Thread: any, read only. In: a language code ("en", "en-US"). Out: the tables of it. Memory: none, all is static. When late or full: never.
//! Source: ours; a further language is a second file beside `english`, and a row in [`of`].
//!
//! Words stand as recognition writes them, in lower case and with a straight apostrophe; a phrase has one space between its words. Which word may follow
//! which stays in code, so a language that builds its dates or times in another order needs a rule there too.

mod english;

/// The tables of one language.
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
    let short = code.split(['-', '_']).next().unwrap_or_default();
    short.eq_ignore_ascii_case("en").then_some(&ENGLISH)
}

pub use english::ENGLISH;

/// A list of words or phrases.
pub type Phrases = &'static [&'static str];

/// Words with what they stand for.
pub type Meanings<T> = &'static [(&'static str, T)];

/// Numbers in words.
pub struct NumberWords {
    /// From zero to nineteen.
    pub small: [&'static str; 20],
    /// From twenty to ninety, in tens.
    pub tens: [&'static str; 8],
    /// The word for hundred.
    pub hundred: &'static str,
    /// From a thousand on.
    pub scales: Meanings<u64>,
    /// From the zeroth to the nineteenth.
    pub ordinals: [&'static str; 20],
    /// From the twentieth to the ninetieth, in tens.
    pub ordinal_tens: [&'static str; 8],
    /// Between hundreds and what follows.
    pub and: &'static str,
    /// One, before "hundred".
    pub one: Phrases,
    /// Before decimals.
    pub point: Phrases,
    /// Before a number below zero.
    pub minus: Phrases,
    /// A half more.
    pub and_half: Phrases,
    /// Numbers with a name.
    pub sets: Meanings<u64>,
    /// What a number may count without being one: "one moment", "two questions".
    pub harmless: Phrases,
    /// Before "one" where it stands for a thing: "that one".
    pub before_pronoun: Phrases,
    /// What is counted and is no money.
    pub measures: Phrases,
}

/// Numbers that are read out digit by digit.
pub struct DigitWords {
    /// Zero, beside the number word.
    pub zero: Phrases,
    /// The next digit so many times.
    pub repeats: Meanings<usize>,
    /// What recognition writes for digits; counts between digits only.
    pub misheard: Meanings<&'static str>,
    /// Between digits of one number.
    pub joins: Phrases,
    /// Before the code of a country.
    pub plus: Phrases,
    /// What may stand around a short number that is all the answer.
    pub around: Phrases,
    /// Places of digits from the left, from 1; from the right, from -1.
    pub places: Meanings<i32>,
    /// After a place: "the last digit".
    pub digit: Phrases,
    /// Digits at the end or the beginning: "it ends in four five".
    pub ends: Phrases,
    /// Digits at the beginning.
    pub starts: Phrases,
}

/// Lengths of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// So many days.
    Days(i64),
    /// So many months.
    Months(i64),
}

/// Days.
pub struct CalendarWords {
    /// From January on; the first of each is spoken.
    pub months: [Phrases; 12],
    /// From Monday on; the first of each is spoken.
    pub weekdays: [Phrases; 7],
    /// Days from today.
    pub near: Meanings<i64>,
    /// Days of every year, as month and day.
    pub feasts: Meanings<(i8, i8)>,
    /// Lengths of time.
    pub spans: Meanings<Span>,
    /// Between a day and its month.
    pub of: Phrases,
    /// Before a day.
    pub the: Phrases,
    /// Before a length of time that begins now.
    pub within: Phrases,
    /// After a length of time that begins now.
    pub from_now: Phrases,
    /// Between a length of time and the day it begins on.
    pub from: Phrases,
    /// After a length of time that ends now.
    pub ago: Phrases,
    /// Before a weekday of the week after this one.
    pub next: Phrases,
    /// Before a weekday, a month or a day that is over.
    pub last: Phrases,
    /// After a weekday: weeks to add to the one that comes first.
    pub weeks_after: Meanings<i64>,
    /// The week after this one, beside a weekday.
    pub next_week: Phrases,
    /// This week, beside a weekday.
    pub this_week: Phrases,
    /// The month after this one, beside a day.
    pub next_month: Phrases,
    /// This month, beside a day.
    pub this_month: Phrases,
    /// The month before this one, beside a day.
    pub last_month: Phrases,
    /// Years from this one.
    pub years: Meanings<i16>,
    /// Words that tell of what was: a day without a year is in the past.
    pub past: Phrases,
    /// The same words where they tell of no past: "I was thinking of Friday".
    pub not_past: Phrases,
    /// What may follow "the twelfth" when it is a day.
    pub after_day: Phrases,
    /// Ends of an ordinal in figures.
    pub ordinal_ends: Phrases,
    /// Days of the month as they are spoken, from the first.
    pub days: [&'static str; 31],
    /// A whole date as it is spoken.
    pub spoken: &'static str,
    /// The same with a year.
    pub spoken_with_year: &'static str,
}

/// A part of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayPart {
    /// From midnight to noon.
    Am,
    /// From noon to midnight.
    Pm,
    /// Until noon.
    Morning,
    /// From noon on.
    Afternoon,
    /// Before the night.
    Evening,
    /// Before and after midnight.
    Night,
}

/// Times of the day.
pub struct ClockWords {
    /// Minutes after an hour: "ten past three".
    pub past: Phrases,
    /// Minutes before an hour: "ten to three".
    pub to: Phrases,
    /// A part of an hour before an hour: "quarter of three".
    pub to_fraction: Phrases,
    /// Before two times of which one is the beginning and one the end.
    pub ranges: Phrases,
    /// Parts of an hour in minutes.
    pub fractions: Meanings<i32>,
    /// After a whole hour.
    pub sharp: Phrases,
    /// Times with a name, in minutes.
    pub named: Meanings<i32>,
    /// Parts of the day.
    pub parts: Meanings<DayPart>,
    /// Before an hour.
    pub at: Phrases,
    /// The word between minutes and "past".
    pub minutes: Phrases,
    /// After a whole hour on a clock of 24 hours: "fifteen hundred hours".
    pub hours: Phrases,
    /// What may stand around an hour that is all the answer.
    pub around: Phrases,
    /// What makes a number no hour when it follows.
    pub counted: Phrases,
    /// A time as it is spoken: a whole hour, a quarter past, half past, a quarter to, and hour with minutes.
    pub spoken: [&'static str; 5],
    /// Before minutes under ten.
    pub oh: &'static str,
    /// After midnight, before noon, after noon, from six, from nine in the evening.
    pub spoken_parts: [&'static str; 5],
}

/// A currency as it is spoken: one, several, and one and several of its hundredths.
pub type CurrencyName = (&'static str, [&'static str; 4]);

/// Sums of money.
pub struct MoneyWords {
    /// Codes of currencies.
    pub units: Meanings<&'static str>,
    /// Hundredths of them.
    pub cents: Meanings<&'static str>,
    /// Scales that only money has.
    pub scales: Meanings<u64>,
    /// How each code is spoken.
    pub spoken: &'static [CurrencyName],
}

/// Letters read out.
pub struct LetterWords {
    /// Between a letter and the word that explains it.
    pub explain: Phrases,
    /// Words of spelling alphabets.
    pub alphabet: Phrases,
    /// Letters as recognition writes their names; counts beside letters only.
    pub names: Meanings<char>,
    /// After "double" for the letter w.
    pub double_u: Phrases,
    /// The next letter so many times.
    pub repeats: Meanings<usize>,
    /// Before a letter, and of no matter.
    pub cases: Phrases,
    /// Marks inside a name.
    pub marks: Meanings<char>,
    /// Letters that sound alike: what was meant, and what was heard in its place.
    pub similar: &'static [(&'static str, &'static str)],
    /// Before a letter that is to be put in.
    pub with: Phrases,
    /// Before a letter that is to be left out.
    pub without: Phrases,
    /// After a letter that is to be added.
    pub at_end: Phrases,
    /// After a letter that is to be put first.
    pub at_start: Phrases,
}

/// E-mail addresses.
pub struct EmailWords {
    /// Between mailbox and domain.
    pub at: Phrases,
    /// Between labels.
    pub dot: Phrases,
    /// Other marks.
    pub marks: Meanings<char>,
    /// Last labels.
    pub ends: Phrases,
    /// Last labels that follow "co".
    pub after_co: Phrases,
    /// Last labels that can be spoken as a word.
    pub spoken_ends: Phrases,
    /// What recognition writes for them.
    pub misheard: Meanings<&'static str>,
    /// Domains that need no "at" before them.
    pub domains: Phrases,
    /// Before an address.
    pub announce: Phrases,
    /// Words of sentences, which are no part of an address.
    pub stops: Phrases,
    /// How an address is written: of no matter.
    pub noise: Phrases,
}

/// A title: as heard, as written, as spoken.
pub type Title = (&'static str, &'static str, &'static str);

/// Names of persons.
pub struct NameWords {
    /// Before a name.
    pub announce: Phrases,
    /// Before a name, or before anything else.
    pub announce_weakly: Phrases,
    /// Before a first name.
    pub first: Phrases,
    /// Before a last name.
    pub last: Phrases,
    /// Titles.
    pub titles: &'static [Title],
    /// Parts of names that are written small.
    pub particles: Phrases,
    /// Words that are no names.
    pub others: Phrases,
    /// Between a name and its letters.
    pub spelling: Phrases,
    /// Words that end a name.
    pub ends: Phrases,
    /// Ends of words that are no names after a weak announcement.
    pub verb_ends: Phrases,
}

/// Yes, no, and picking from a list.
pub struct AnswerWords {
    /// Plain agreement.
    pub yes: Phrases,
    /// Agreement, if a clause ends with it: "I do".
    pub yes_short: Phrases,
    /// Agreement, if nothing else is said.
    pub yes_alone: Phrases,
    /// Half-hearted agreement.
    pub yes_perhaps: Phrases,
    /// Denial.
    pub no: Phrases,
    /// Denial, surely if a clause ends with it: "I don't".
    pub no_short: Phrases,
    /// Denial of the rest of the clause: "I don't think that's right".
    pub no_clause: Phrases,
    /// Neither.
    pub open: Phrases,
    /// Places in a list, from 1; from its end, from -1.
    pub places: Meanings<i32>,
    /// More than one of a list, or none.
    pub several: Phrases,
    /// Words of a choice that do not tell it from others.
    pub small: Phrases,
}

/// How people talk around what they give.
pub struct TalkWords {
    /// Sounds of thinking, of no matter anywhere.
    pub hesitations: Phrases,
    /// Two of those that are an answer together.
    pub hums: Meanings<&'static str>,
    /// Beginnings that change nothing.
    pub openers: Phrases,
    /// Ends that change nothing.
    pub closers: Phrases,
    /// Requests to wait, and what leaves all open: of no matter beside a value.
    pub waiting: Phrases,
    /// Nothing is given.
    pub nothing: Phrases,
    /// Beginnings of questions that give nothing.
    pub questions: Phrases,
    /// Beginnings of questions that propose something.
    pub proposals: Phrases,
    /// After these the caller begins anew.
    pub restarts: Phrases,
    /// Beginnings of a correction.
    pub denials: Phrases,
    /// Before what is not meant.
    pub not: Phrases,
    /// After what is not meant.
    pub unfit: Phrases,
    /// How a value is read back.
    pub confirm: &'static str,
    /// Between two of which neither is chosen.
    pub or: Phrases,
    /// Words that recognition writes in several ways.
    pub spellings: Meanings<&'static str>,
}
