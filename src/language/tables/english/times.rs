//! English times of the day.
//!
//! Thread: any, read only. In: nothing. Out: a table. Memory: none. When late or full: never. Source: ours.

use crate::tables::{ClockWords, DayPart};

// Laid out by hand: a phrase a line would be many pages.
#[rustfmt::skip]
pub(super) const CLOCK: ClockWords = ClockWords {
    past: &["past", "after"],
    to: &["to", "till", "til"],
    to_fraction: &["to", "till", "til", "of", "before"],
    ranges: &["from", "between"],
    fractions: &[("half", 30), ("quarter", 15), ("a quarter", 15)],
    sharp: &["o'clock", "sharp", "on the dot", "o clock", "exactly"],
    named: &[
        ("noon", 720),
        ("midday", 720),
        ("mid day", 720),
        ("twelve noon", 720),
        ("12 noon", 720),
        ("midnight", 0),
        ("twelve midnight", 0),
        ("12 midnight", 0),
    ],
    parts: &[
        ("am", DayPart::Am),
        ("a m", DayPart::Am),
        ("pm", DayPart::Pm),
        ("p m", DayPart::Pm),
        ("in the morning", DayPart::Morning),
        ("this morning", DayPart::Morning),
        ("tomorrow morning", DayPart::Morning),
        ("morning", DayPart::Morning),
        ("in the afternoon", DayPart::Afternoon),
        ("this afternoon", DayPart::Afternoon),
        ("tomorrow afternoon", DayPart::Afternoon),
        ("afternoon", DayPart::Afternoon),
        ("in the evening", DayPart::Evening),
        ("this evening", DayPart::Evening),
        ("evening", DayPart::Evening),
        ("at night", DayPart::Night),
        ("night", DayPart::Night),
        ("tonight", DayPart::Night),
    ],
    at: &[
        "at", "by", "around", "about", "at about", "at around", "from", "after", "till", "until",
        "before", "make it", "say", "like", "for",
        "earlier than", "no earlier than", "later than", "no later than", "not before", "not after", "past",
    ],
    minutes: &["minutes", "minute"],
    hours: &["hours"],
    around: &[
        "it's", "it is", "is", "the", "a", "that's", "that is", "that would be", "would be", "just",
        "only", "maybe", "say", "make it", "i think", "i guess", "i'd like", "i want", "i'd say",
        "i would say", "let's say", "let's do", "how about", "what about", "would", "could", "we do",
        "works", "works for me", "is fine", "is good", "is great", "is better", "is perfect", "fine",
        "good", "great", "better", "perfect", "sounds good", "suits me", "would work", "would be good",
        "would be great", "would be fine", "would be better", "work", "be", "ish", "can i come at",
        "at", "around", "about", "by", "for", "best", "is best", "i can do", "i could do", "can do",
        "i'm free", "i am free", "i prefer", "i'd prefer", "probably", "in", "on", "and", "then",
        "today", "tomorrow", "tonight", "next", "week", "this", "o'clock", "for me", "me",
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
        "in the morning", "in the afternoon", "in the evening", "at night", "morning", "afternoon",
        "evening", "any time", "anytime",
    ],
    counted: &[
        "dollar", "dollars", "euro", "euros", "pound", "pounds", "percent", "minute", "minutes",
        "hour", "hours", "day", "days", "week", "weeks", "month", "months", "year", "years", "people",
        "persons", "of", "kids", "times", "things", "questions", "january", "february", "march",
        "april", "may", "june", "july", "august", "september", "october", "november", "december",
        "more", "street", "digits",
    ],
    spoken: [
        "{hour} o'clock{part}",
        "quarter past {hour}{part}",
        "half past {hour}{part}",
        "quarter to {next}{part}",
        "{hour} {minutes}{part}",
    ],
    oh: "oh",
    spoken_parts: [
        " at night",
        " in the morning",
        " in the afternoon",
        " in the evening",
        " at night",
    ],
};
