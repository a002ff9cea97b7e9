//! What has to be known of a language to understand what a caller gives: its words, one table a topic.
//!
//! Thread: any, read only. In: a language code ("en", "en-US"). Out: the tables of it. Memory: none, all is static. When late or full: never.
//! Source: ours; a further language is a second file beside `english`, and a row in [`of`].
//!
//! Words stand as recognition writes them, in lower case and with a straight apostrophe; a phrase has one space between its words. Which word may follow
//! which stays in code, so a language that builds its dates or times in another order needs a rule there too.

mod english;

/// The tables of one language.
pub(super) struct Language {
    pub(super) numbers: NumberWords,
    pub(super) digits: DigitWords,
    pub(super) calendar: CalendarWords,
    pub(super) clock: ClockWords,
    pub(super) money: MoneyWords,
    pub(super) letters: LetterWords,
    pub(super) email: EmailWords,
    pub(super) names: NameWords,
    pub(super) answers: AnswerWords,
    pub(super) talk: TalkWords,
}

/// The tables that are known of the language with this code.
pub(super) fn of(code: &str) -> Option<&'static Language> {
    let short = code.split(['-', '_']).next().unwrap_or_default();
    short.eq_ignore_ascii_case("en").then_some(&ENGLISH)
}

pub(super) use english::ENGLISH;

/// A list of words or phrases.
pub(super) type Phrases = &'static [&'static str];

/// Words with what they stand for.
pub(super) type Meanings<T> = &'static [(&'static str, T)];

/// Numbers in words.
pub(super) struct NumberWords {
    /// From zero to nineteen.
    pub(super) small: [&'static str; 20],
    /// From twenty to ninety, in tens.
    pub(super) tens: [&'static str; 8],
    /// The word for hundred.
    pub(super) hundred: &'static str,
    /// From a thousand on.
    pub(super) scales: Meanings<u64>,
    /// From the zeroth to the nineteenth.
    pub(super) ordinals: [&'static str; 20],
    /// From the twentieth to the ninetieth, in tens.
    pub(super) ordinal_tens: [&'static str; 8],
    /// Between hundreds and what follows.
    pub(super) and: &'static str,
    /// One, before "hundred".
    pub(super) one: Phrases,
    /// Before decimals.
    pub(super) point: Phrases,
    /// Before a number below zero.
    pub(super) minus: Phrases,
    /// A half more.
    pub(super) and_half: Phrases,
    /// Numbers with a name.
    pub(super) sets: Meanings<u64>,
    /// What a number may count without being one: "one moment", "two questions".
    pub(super) harmless: Phrases,
    /// Before "one" where it stands for a thing: "that one".
    pub(super) before_pronoun: Phrases,
    /// What is counted and is no money.
    pub(super) measures: Phrases,
}

/// Numbers that are read out digit by digit.
pub(super) struct DigitWords {
    /// Zero, beside the number word.
    pub(super) zero: Phrases,
    /// The next digit so many times.
    pub(super) repeats: Meanings<usize>,
    /// What recognition writes for digits; counts between digits only.
    pub(super) misheard: Meanings<&'static str>,
    /// Between digits of one number.
    pub(super) joins: Phrases,
    /// Before the code of a country.
    pub(super) plus: Phrases,
    /// What may stand around a short number that is all the answer.
    pub(super) around: Phrases,
    /// Places of digits from the left, from 1; from the right, from -1.
    pub(super) places: Meanings<i32>,
    /// After a place: "the last digit".
    pub(super) digit: Phrases,
    /// Digits at the end or the beginning: "it ends in four five".
    pub(super) ends: Phrases,
    /// Digits at the beginning.
    pub(super) starts: Phrases,
}

/// Lengths of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    /// So many days.
    Days(i64),
    /// So many months.
    Months(i64),
}

/// Days.
pub(super) struct CalendarWords {
    /// From January on; the first of each is spoken.
    pub(super) months: [Phrases; 12],
    /// From Monday on; the first of each is spoken.
    pub(super) weekdays: [Phrases; 7],
    /// Days from today.
    pub(super) near: Meanings<i64>,
    /// Days of every year, as month and day.
    pub(super) feasts: Meanings<(i8, i8)>,
    /// Lengths of time.
    pub(super) spans: Meanings<Span>,
    /// Between a day and its month.
    pub(super) of: Phrases,
    /// Before a day.
    pub(super) the: Phrases,
    /// Before a length of time that begins now.
    pub(super) within: Phrases,
    /// After a length of time that begins now.
    pub(super) from_now: Phrases,
    /// Between a length of time and the day it begins on.
    pub(super) from: Phrases,
    /// After a length of time that ends now.
    pub(super) ago: Phrases,
    /// Before a weekday of the week after this one.
    pub(super) next: Phrases,
    /// Before a weekday, a month or a day that is over.
    pub(super) last: Phrases,
    /// After a weekday: weeks to add to the one that comes first.
    pub(super) weeks_after: Meanings<i64>,
    /// The week after this one, beside a weekday.
    pub(super) next_week: Phrases,
    /// This week, beside a weekday.
    pub(super) this_week: Phrases,
    /// The month after this one, beside a day.
    pub(super) next_month: Phrases,
    /// This month, beside a day.
    pub(super) this_month: Phrases,
    /// The month before this one, beside a day.
    pub(super) last_month: Phrases,
    /// Years from this one.
    pub(super) years: Meanings<i16>,
    /// Words that tell of what was: a day without a year is in the past.
    pub(super) past: Phrases,
    /// The same words where they tell of no past: "I was thinking of Friday".
    pub(super) not_past: Phrases,
    /// What may follow "the twelfth" when it is a day.
    pub(super) after_day: Phrases,
    /// Ends of an ordinal in figures.
    pub(super) ordinal_ends: Phrases,
    /// Days of the month as they are spoken, from the first.
    pub(super) days: [&'static str; 31],
    /// A whole date as it is spoken.
    pub(super) spoken: &'static str,
    /// The same with a year.
    pub(super) spoken_with_year: &'static str,
}

/// A part of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DayPart {
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
pub(super) struct ClockWords {
    /// Minutes after an hour: "ten past three".
    pub(super) past: Phrases,
    /// Minutes before an hour: "ten to three".
    pub(super) to: Phrases,
    /// A part of an hour before an hour: "quarter of three".
    pub(super) to_fraction: Phrases,
    /// Before two times of which one is the beginning and one the end.
    pub(super) ranges: Phrases,
    /// Parts of an hour in minutes.
    pub(super) fractions: Meanings<i32>,
    /// After a whole hour.
    pub(super) sharp: Phrases,
    /// Times with a name, in minutes.
    pub(super) named: Meanings<i32>,
    /// Parts of the day.
    pub(super) parts: Meanings<DayPart>,
    /// Before an hour.
    pub(super) at: Phrases,
    /// The word between minutes and "past".
    pub(super) minutes: Phrases,
    /// After a whole hour on a clock of 24 hours: "fifteen hundred hours".
    pub(super) hours: Phrases,
    /// What may stand around an hour that is all the answer.
    pub(super) around: Phrases,
    /// What makes a number no hour when it follows.
    pub(super) counted: Phrases,
    /// A time as it is spoken: a whole hour, a quarter past, half past, a quarter to, and hour with minutes.
    pub(super) spoken: [&'static str; 5],
    /// Before minutes under ten.
    pub(super) oh: &'static str,
    /// After midnight, before noon, after noon, from six, from nine in the evening.
    pub(super) spoken_parts: [&'static str; 5],
}

/// A currency as it is spoken: one, several, and one and several of its hundredths.
pub(super) type CurrencyName = (&'static str, [&'static str; 4]);

/// Sums of money.
pub(super) struct MoneyWords {
    /// Codes of currencies.
    pub(super) units: Meanings<&'static str>,
    /// Hundredths of them.
    pub(super) cents: Meanings<&'static str>,
    /// Scales that only money has.
    pub(super) scales: Meanings<u64>,
    /// How each code is spoken.
    pub(super) spoken: &'static [CurrencyName],
}

/// Letters read out.
pub(super) struct LetterWords {
    /// Between a letter and the word that explains it.
    pub(super) explain: Phrases,
    /// Words of spelling alphabets.
    pub(super) alphabet: Phrases,
    /// Letters as recognition writes their names; counts beside letters only.
    pub(super) names: Meanings<char>,
    /// After "double" for the letter w.
    pub(super) double_u: Phrases,
    /// The next letter so many times.
    pub(super) repeats: Meanings<usize>,
    /// Before a letter, and of no matter.
    pub(super) cases: Phrases,
    /// Marks inside a name.
    pub(super) marks: Meanings<char>,
    /// Letters that sound alike: what was meant, and what was heard in its place.
    pub(super) similar: &'static [(&'static str, &'static str)],
    /// Before a letter that is to be put in.
    pub(super) with: Phrases,
    /// Before a letter that is to be left out.
    pub(super) without: Phrases,
    /// After a letter that is to be added.
    pub(super) at_end: Phrases,
    /// After a letter that is to be put first.
    pub(super) at_start: Phrases,
}

/// E-mail addresses.
pub(super) struct EmailWords {
    /// Between mailbox and domain.
    pub(super) at: Phrases,
    /// Between labels.
    pub(super) dot: Phrases,
    /// Other marks.
    pub(super) marks: Meanings<char>,
    /// Last labels.
    pub(super) ends: Phrases,
    /// Last labels that follow "co".
    pub(super) after_co: Phrases,
    /// Last labels that can be spoken as a word.
    pub(super) spoken_ends: Phrases,
    /// What recognition writes for them.
    pub(super) misheard: Meanings<&'static str>,
    /// Domains that need no "at" before them.
    pub(super) domains: Phrases,
    /// Before an address.
    pub(super) announce: Phrases,
    /// Words of sentences, which are no part of an address.
    pub(super) stops: Phrases,
    /// How an address is written: of no matter.
    pub(super) noise: Phrases,
}

/// A title: as heard, as written, as spoken.
pub(super) type Title = (&'static str, &'static str, &'static str);

/// Names of persons.
pub(super) struct NameWords {
    /// Before a name.
    pub(super) announce: Phrases,
    /// Before a name, or before anything else.
    pub(super) announce_weakly: Phrases,
    /// Before a first name.
    pub(super) first: Phrases,
    /// Before a last name.
    pub(super) last: Phrases,
    /// Titles.
    pub(super) titles: &'static [Title],
    /// Parts of names that are written small.
    pub(super) particles: Phrases,
    /// Words that are no names.
    pub(super) others: Phrases,
    /// Between a name and its letters.
    pub(super) spelling: Phrases,
    /// Words that end a name.
    pub(super) ends: Phrases,
    /// Ends of words that are no names after a weak announcement.
    pub(super) verb_ends: Phrases,
}

/// Yes, no, and picking from a list.
pub(super) struct AnswerWords {
    /// Plain agreement.
    pub(super) yes: Phrases,
    /// Agreement, if a clause ends with it: "I do".
    pub(super) yes_short: Phrases,
    /// Agreement, if nothing else is said.
    pub(super) yes_alone: Phrases,
    /// Half-hearted agreement.
    pub(super) yes_perhaps: Phrases,
    /// Denial.
    pub(super) no: Phrases,
    /// Denial, surely if a clause ends with it: "I don't".
    pub(super) no_short: Phrases,
    /// Denial of the rest of the clause: "I don't think that's right".
    pub(super) no_clause: Phrases,
    /// Neither.
    pub(super) open: Phrases,
    /// Places in a list, from 1; from its end, from -1.
    pub(super) places: Meanings<i32>,
    /// More than one of a list, or none.
    pub(super) several: Phrases,
    /// Words of a choice that do not tell it from others.
    pub(super) small: Phrases,
}

/// How people talk around what they give.
pub(super) struct TalkWords {
    /// Sounds of thinking, of no matter anywhere.
    pub(super) hesitations: Phrases,
    /// Two of those that are an answer together.
    pub(super) hums: Meanings<&'static str>,
    /// Beginnings that change nothing.
    pub(super) openers: Phrases,
    /// Ends that change nothing.
    pub(super) closers: Phrases,
    /// Requests to wait, and what leaves all open: of no matter beside a value.
    pub(super) waiting: Phrases,
    /// Nothing is given.
    pub(super) nothing: Phrases,
    /// Beginnings of questions that give nothing.
    pub(super) questions: Phrases,
    /// Beginnings of questions that propose something.
    pub(super) proposals: Phrases,
    /// After these the caller begins anew.
    pub(super) restarts: Phrases,
    /// Beginnings of a correction.
    pub(super) denials: Phrases,
    /// Before what is not meant.
    pub(super) not: Phrases,
    /// After what is not meant.
    pub(super) unfit: Phrases,
    /// How a value is read back.
    pub(super) confirm: &'static str,
    /// Between two of which neither is chosen.
    pub(super) or: Phrases,
    /// Words that recognition writes in several ways.
    pub(super) spellings: Meanings<&'static str>,
}
