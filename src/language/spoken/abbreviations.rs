//! Short forms of words: "Dr. Smith" and "Elm Dr.", "e.g.", "approx.", "Ltd."
//!
//! In: a place in a written text. Out: the words. Memory: short strings. What is short for two things is taken by what
//! stands around it.

use super::written::{Kind, Said, Written};
use crate::tables::SpokenWords;

/// So many words before a name of a street its number is looked for.
const STREET_WORDS: usize = 4;

pub(super) fn read(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    if written.kind(at) != Kind::Word || !written.is_fresh(at) {
        return None;
    }
    titled(written, words, at)
        .or_else(|| dotted(written, words, at))
        .or_else(|| plain(written, words, at))
}

/// "Dr." and "St." before a name or after one.
fn titled(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let speech = &words.words;
    let word = written.word(at)?;
    let entry = |list: &[(&'static str, &'static str)]| {
        let mut list = list.iter();
        list.find_map(|(short, name)| (*short == word).then_some(*name))
    };
    let (title, after_name) = (entry(&speech.titles), entry(&speech.after_name));
    let stop = usize::from(written.get(at + 1) == ".");
    let end = at + 1 + stop;
    if !written.is_over(end) {
        return None;
    }
    let has_capital = |at: usize| {
        let mut letters = written.word(at).unwrap_or_default().chars();
        letters.next().is_some_and(char::is_uppercase)
    };
    let next = written.gap(end);
    let names = next > end && has_capital(next);
    let before = at
        .checked_sub(2)
        .filter(|_| written.kind_before(at) == Kind::Space);
    let follows_name = before.is_some_and(has_capital);
    // "42nd St."
    let is_counted = before.is_some_and(|before| written.kind_before(before) == Kind::Digits);
    let house = is_counted || has_house_number(written, at);
    if let Some(name) = after_name
        && (house || (follows_name && !(names && title.is_some())))
    {
        let ends = stop > 0 && written.is_end_of_sentence(end);
        return Said::new(at, end - usize::from(ends), name);
    }
    if let Some(name) = title
        && names
    {
        let said = Said::new(at, end, name)?;
        return Some(
            if after_name.is_some() && follows_name && !is_start(written, at - 2) {
                said.doubted("it can be a title or a street; write it out")
            } else {
                said
            },
        );
    }
    None
}

/// Whether a sentence begins with this token, so that its capital letter says nothing.
fn is_start(written: &Written, at: usize) -> bool {
    let before = at.checked_sub(2).map_or("", |before| written.get(before));
    matches!(written.kind_before(at), Kind::Nothing) || matches!(before, "." | "!" | "?")
}

/// "12 Old Elm Dr.": a number, then words with capital letters.
fn has_house_number(written: &Written, at: usize) -> bool {
    let mut place = at;
    for words in 0..STREET_WORDS {
        let Some(before) = place.checked_sub(2) else {
            return false;
        };
        if written.kind_before(place) != Kind::Space {
            return false;
        }
        place = before;
        match written.kind(place) {
            Kind::Digits => return words > 0,
            Kind::Word if written.get(place).starts_with(char::is_uppercase) => {}
            _ => return false,
        }
    }
    false
}

/// "approx.", "e.g.": with a full stop, which stays where it ends the sentence too.
fn dotted(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let speech = &words.words;
    let last = written.after_any(at, &speech.dotted_last);
    let (end, name) = last.or_else(|| written.after_any(at, &speech.dotted))?;
    if !written.is_over(end) {
        return None;
    }
    let has_more = written.rest(end).contains(char::is_alphanumeric);
    let may_end = last.is_some() || !has_more;
    let ends = may_end && written.get(end - 1) == "." && written.is_end_of_sentence(end);
    // "etc." is the last word of its sentence, "e.g." never is: something follows.
    let goes_on = name.ends_with(',');
    let name = if ends && !goes_on {
        format!("{name}.")
    } else {
        (*name).to_owned()
    };
    let comma = goes_on && written.get(end) == ",";
    Said::new(at, end + usize::from(comma), name)
}

/// "Blvd", "w/o".
fn plain(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let (end, name) = written.after_any(at, &words.words.plain)?;
    let is_slashed = written.get(end - 1) == "/";
    if !is_slashed && !written.is_over(end) {
        return None;
    }
    // "w/ breakfast" and "w/breakfast".
    let follows = written.kind(end) == Kind::Word || written.kind(end + 1) == Kind::Word;
    if is_slashed && !follows {
        return None;
    }
    Said::new(at, end, *name)
}
