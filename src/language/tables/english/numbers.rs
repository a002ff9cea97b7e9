//! English numbers, and numbers read out digit by digit.
//!
//! Thread: any, read only. In: nothing. Out: two tables. Memory: none. When late or full: never. Source: ours.

use crate::tables::{DigitWords, NumberWords};

// Laid out by hand: a phrase a line would be many pages.
#[rustfmt::skip]
pub(super) const NUMBERS: NumberWords = NumberWords {
    small: [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
        "nineteen",
    ],
    tens: [
        "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ],
    hundred: "hundred",
    scales: &[
        ("thousand", 1_000),
        ("million", 1_000_000),
        ("billion", 1_000_000_000),
    ],
    ordinals: [
        "zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth",
        "ninth", "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth",
        "sixteenth", "seventeenth", "eighteenth", "nineteenth",
    ],
    ordinal_tens: [
        "twentieth", "thirtieth", "fortieth", "fiftieth", "sixtieth", "seventieth", "eightieth",
        "ninetieth",
    ],
    and: "and",
    one: &["a", "an"],
    point: &["point"],
    minus: &["minus", "negative"],
    and_half: &["and a half", "and one half", "and half"],
    sets: &[("dozen", 12), ("couple", 2), ("pair", 2)],
    harmless: &[
        "moment", "moments", "second", "seconds", "sec", "question", "questions", "thing", "things",
        "last", "quick", "simple", "reason", "reasons", "step", "point", "person", "word", "words",
        "more", "other", "way",
    ],
    before_pronoun: &[
        "that", "this", "which", "no", "any", "every", "the", "another", "good", "right", "new",
        "each", "last", "other", "first", "wrong",
    ],
    measures: &[
        "second", "seconds", "minute", "minutes", "hour", "hours", "day", "days", "night", "nights",
        "week", "weeks", "month", "months", "year", "years", "time", "times", "percent", "people",
        "persons", "charges", "payments", "orders", "items", "accounts", "cards", "calls", "kids",
        "o'clock", "am", "pm", "more",
    ],
};

// Laid out by hand: a phrase a line would be many pages.
#[rustfmt::skip]
pub(super) const DIGITS: DigitWords = DigitWords {
    zero: &["oh", "o", "nought", "naught", "nil", "aught"],
    repeats: &[("double", 2), ("triple", 3), ("treble", 3)],
    misheard: &[
        ("to", "2"),
        ("too", "2"),
        ("for", "4"),
        ("fore", "4"),
        ("ate", "8"),
        ("won", "1"),
        ("tree", "3"),
        ("free", "3"),
        ("sex", "6"),
    ],
    joins: &[
        "and", "then", "and then", "dash", "hyphen", "space", "dot", "point", "minus", "comma",
        "next", "followed by", "slash", "again",
    ],
    plus: &["plus"],
    around: &[
        "it's", "it is", "it was", "is", "my", "the", "a", "number", "numbers", "pin", "code", "zip", "post",
        "postcode", "digit", "digits", "are", "last", "first", "four", "six", "phone", "account",
        "card", "order", "reference", "that's", "that is", "that would be", "would be", "it ends in",
        "it ends with", "ends in", "ends with", "starts with", "just", "only", "about", "around",
        "maybe", "say", "make it", "we are", "we're", "there are", "there's", "there is", "there will be", "of us",
        "for", "i think", "i guess", "i have", "i've got", "we have", "i need", "i'd like", "i want",
        "here it is", "so far", "area", "it goes", "dialing", "security", "customer", "membership", "policy", "tracking",
    ],
    places: &[
        ("first", 1),
        ("second", 2),
        ("third", 3),
        ("fourth", 4),
        ("fifth", 5),
        ("sixth", 6),
        ("seventh", 7),
        ("eighth", 8),
        ("ninth", 9),
        ("tenth", 10),
        ("last", -1),
        ("final", -1),
        ("second to last", -2),
        ("second last", -2),
        ("next to last", -2),
        ("third to last", -3),
        ("third last", -3),
    ],
    digit: &["digit", "digits", "number", "numbers", "one", "figure", "figures"],
    ends: &["end in", "end with", "it ends in", "it ends with", "ends in", "ends with", "ending in", "ending with", "at the end it's"],
    starts: &["area code is", "start with", "begin with", "it starts with", "it begins with", "starts with", "begins with", "starting with", "beginning with"],
};
