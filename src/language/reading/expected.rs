//! Is what the stage asked for there? Digits, e-mail, name, address, yes or no.
//!
//! In: the words, their language, and how they end when nothing in particular is asked for. Out: how they end now.

use super::phrases::{Words, is_single_letter};
use crate::reading::{Ending, WordLists};
use patter_types::expect::Expect;

/// A number without a wanted count of digits may be over from here on: the shortest phone numbers have seven.
const MIN_NUMBER_DIGITS: u32 = 7;
/// A name and a street in more words than this is a sentence.
const MAX_NAME_WORDS: usize = 4;

/// The ending of `words` for what was asked, given their `plain` ending.
pub(super) fn ending(words: &Words, lists: &WordLists, expect: Expect, plain: Ending) -> Ending {
    if plain == Ending::Hesitating {
        // "Mm-hm" to a question of yes or no.
        let answer = expect == Expect::YesNo && words.only(&[&lists.hums]);
        return if answer { Ending::Unclear } else { plain };
    }
    match expect {
        Expect::Number { digits } => number(words, lists, digits, plain),
        Expect::Email => email(words, lists, plain),
        Expect::Name => name(words, lists, plain),
        Expect::Address => address(words, lists, plain),
        Expect::YesNo => yes_no(words, lists, plain),
        Expect::Any => anything(words, lists, plain),
    }
}

/// What was wanted is there: only words that cannot end a sentence keep it open.
fn at_least_complete(plain: Ending) -> Ending {
    match plain {
        Ending::Unclear => Ending::Complete,
        other => other,
    }
}

fn at_most_unclear(plain: Ending) -> Ending {
    match plain {
        Ending::Complete => Ending::Unclear,
        other => other,
    }
}

/// Digits that were read out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Digits {
    /// All of them.
    pub(super) count: u32,
    /// Words at the end that are digits.
    pub(super) run: usize,
    /// Words after the first digit that are none.
    pub(super) words_after: usize,
}

/// The figures that `word` stands for.
fn figures_of<'a>(word: &'a str, lists: &'a WordLists) -> Option<&'a str> {
    let written = word.chars().any(|c| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_digit() || c == '.');
    if written {
        return Some(word);
    }
    lists.digits.get(word).map(String::as_str)
}

/// Counts digits. It only counts, by the lists of the turn: [`crate::values`] reads the number when the turn is over.
/// `misheard` lets "to" and "for" beside a digit count too.
pub(super) fn digits_of(words: &Words, lists: &WordLists, misheard: bool) -> Digits {
    let all: Vec<&str> = words.iter().collect();
    let plain = |word| figures_of(word, lists);
    let mut found = Digits::default();
    let mut open_tens = false;
    let mut times = 1;
    for (at, word) in all.iter().enumerate() {
        let beside = at.checked_sub(1).is_some_and(|b| plain(all[b]).is_some())
            || all.get(at + 1).is_some_and(|next| plain(next).is_some());
        let heard = || lists.misheard_digits.get(*word).map(String::as_str);
        let value = plain(word).or_else(|| heard().filter(|_| misheard && beside));
        if let Some(&repeat) = lists.repeats.get(*word) {
            times = repeat;
            found.run += 1;
            continue;
        }
        let Some(value) = value else {
            found.words_after += usize::from(found.count > 0);
            found.run = 0;
            (open_tens, times) = (false, 1);
            continue;
        };
        found.run += 1;
        let length = value.chars().filter(char::is_ascii_digit).count() as u32;
        let is_unit = length == 1 && value != "0";
        if !(open_tens && is_unit) {
            found.count += if length == 1 { times } else { length };
        }
        open_tens = word.chars().all(char::is_alphabetic)
            && length == 2
            && value.ends_with('0')
            && value != "10";
        times = 1;
    }
    found
}

fn number(words: &Words, lists: &WordLists, wanted: Option<u32>, plain: Ending) -> Ending {
    // After "no, sorry" the number is read anew.
    let digits = digits_of(&words.after_last(&lists.corrections), lists, true);
    let spelled = words.spelled().len() > 1;
    if words.ends_in(&lists.corrections) > 0 && digits_of(words, lists, true).count > 0 {
        return Ending::Reading;
    }
    let there = wanted.is_some_and(|wanted| digits.count >= wanted);
    match (digits.count, digits.run > 0 || spelled) {
        (0, false) => plain,
        _ if there && digits.run > 0 => Ending::Complete,
        _ if there => at_least_complete(plain),
        (MIN_NUMBER_DIGITS.., true) if wanted.is_none() => Ending::Unclear,
        (_, true) => Ending::Reading,
        _ => at_most_unclear(plain),
    }
}

/// What is there of an e-mail address.
#[derive(Debug, PartialEq, Eq)]
enum Email {
    /// No sign of one.
    None,
    Begun,
    /// A whole one, then so many other words.
    Whole(usize),
}

fn email_of(words: &Words, lists: &WordLists) -> Email {
    let all: Vec<&str> = words.iter().collect();
    let (mut at, mut whole, mut dots) = (false, None, false);
    for (index, word) in all.iter().enumerate() {
        let before = index.checked_sub(1).map(|b| all[b]);
        if whole.is_some()
            && (lists.email_dot.has(word)
                || before.is_some_and(|b| lists.email_dot.has(b) && lists.email_ends.has(word)))
        {
            whole = Some(index);
            continue;
        }
        at |= word.contains('@') || (index > 0 && lists.email_at.has(word));
        dots |= lists.email_dot.has(word) || word.contains('@');
        let written = word
            .rsplit_once('.')
            .is_some_and(|(_, end)| lists.email_ends.has(end));
        let spoken = lists.email_ends.has(word) && before.is_some_and(|b| lists.email_dot.has(b));
        if at && (written || spoken) {
            whole = Some(index);
        }
    }
    match whole {
        // "… dot co dot": the domain goes on.
        Some(last) if lists.email_dot.has(all[last]) => Email::Begun,
        Some(last) => Email::Whole(all.len() - 1 - last),
        None if dots || words.spelled().len() > 1 => Email::Begun,
        None => Email::None,
    }
}

fn email(words: &Words, lists: &WordLists, plain: Ending) -> Ending {
    match email_of(words, lists) {
        Email::Whole(0) => Ending::Complete,
        Email::Whole(_) => at_least_complete(plain),
        Email::Begun => Ending::Reading,
        Email::None if words.ends_in(&lists.email_at) > 0 => Ending::Reading,
        // A name or a word: the first part of an address.
        Email::None if plain == Ending::Unclear && !words.only(&[&lists.greetings]) => {
            Ending::Reading
        }
        Email::None if words.contains(&lists.email_cues) => at_most_unclear(plain),
        Email::None => plain,
    }
}

/// Letters are read out at the end, or a letter is explained: "s as in sugar".
fn is_spelling(words: &Words, lists: &WordLists) -> bool {
    let spelled = words.spelled();
    if spelled.len() > 1 {
        // A name said and then spelled in full is done.
        let joined = spelled.concat();
        return !words.iter().any(|word| word == joined);
    }
    let all: Vec<&str> = words.iter().collect();
    let tail = &all[all.len().saturating_sub(4)..];
    lists.spelling_cues.iter().any(|cue| {
        let cue: Vec<&str> = cue.split_whitespace().collect();
        tail.windows(cue.len() + 1)
            .any(|part| is_single_letter(part[0]) && part[1..] == cue[..])
    })
}

fn name(words: &Words, lists: &WordLists, plain: Ending) -> Ending {
    if plain == Ending::Dangling && words.spelled().len() < 2 {
        return plain;
    }
    if is_spelling(words, lists) {
        return Ending::Reading;
    }
    if words.spelled().len() > 1 {
        return Ending::Complete;
    }
    let mut rest = words.after(&lists.fillers);
    let announced = rest.begins_with(&lists.name_cues);
    rest = rest.after(&lists.name_cues);
    match rest.count() {
        0 if announced => Ending::Dangling,
        0 => plain,
        // A sentence that is no name has a beginning of its own.
        _ if !announced
            && (rest.begins_with(&lists.clauses) || rest.begins_with(&lists.subjects)) =>
        {
            plain
        }
        1 => at_most_unclear(plain),
        2..=MAX_NAME_WORDS => at_least_complete(plain),
        _ => plain,
    }
}

fn address(words: &Words, lists: &WordLists, plain: Ending) -> Ending {
    let words = words.after_last(&lists.corrections);
    let digits = digits_of(&words, lists, false);
    let street = words.iter().any(|word| {
        lists.streets.iter().map(str::trim).any(|street| {
            // "Hauptstraße" is one word.
            word == street || (street.chars().count() > 3 && word.ends_with(street))
        })
    });
    if words.ends_in(&lists.address_open) > 0 && digits.count > 0 {
        return Ending::Reading;
    }
    match (digits.count > 0, street) {
        _ if plain == Ending::Dangling => plain,
        (true, true) => at_least_complete(plain),
        (true, false) if digits.run > 0 || digits.words_after < 2 => Ending::Reading,
        (true, false) => at_least_complete(plain),
        (false, true) => at_most_unclear(plain),
        (false, false) => plain,
    }
}

fn yes_no(words: &Words, lists: &WordLists, plain: Ending) -> Ending {
    let body = words.after(&lists.fillers);
    let answers = [words, &body]
        .iter()
        .any(|text| text.begins_with(&lists.yes) || text.begins_with(&lists.no));
    if answers {
        at_least_complete(plain)
    } else {
        anything(words, lists, plain)
    }
}

/// Nothing was asked for, and still something may be read out.
fn anything(words: &Words, lists: &WordLists, plain: Ending) -> Ending {
    match email_of(words, lists) {
        Email::Whole(0) => return Ending::Complete,
        Email::Begun if words.contains(&lists.email_cues) => return Ending::Reading,
        Email::None if words.contains(&lists.email_cues) => return at_most_unclear(plain),
        _ => {}
    }
    if plain == Ending::Dangling && words.spelled().len() < 2 {
        return plain;
    }
    if is_spelling(words, lists) {
        return Ending::Reading;
    }
    let digits = digits_of(&words.after_last(&lists.corrections), lists, false);
    if digits.run == 0 {
        return plain;
    }
    let announced = words.contains(&lists.number_cues);
    if !announced && digits.run < 2 {
        // "At ten", "forty two": as often the end as not.
        return at_most_unclear(plain);
    }
    // Four digits are a common code, and six and more a number; fewer of a number are its beginning. Of one that was
    // announced nobody but the stage knows the length, and who is cut off in it must begin again: it gets the time for
    // another group of digits.
    match digits.count {
        10.. => Ending::Unclear,
        4 | 6.. if !announced => Ending::Unclear,
        2 if !announced => at_most_unclear(plain),
        _ => Ending::Reading,
    }
}
