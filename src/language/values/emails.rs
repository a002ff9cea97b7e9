//! E-mail addresses, as written and as dictated.
//!
//! In: the caller's words. Out: "john.smith@gmail.com", in lower case. Memory: short strings. When late or full: an
//! address of more than [`MAX_LENGTH`] characters is none. Source: RFC 5321 for what an address may hold, of which only
//! what can be dictated is taken.
//!
//! The domain is found first: words up to a "dot" and a last label after an "at". The mailbox is what stands before,
//! back to a word of a sentence. Words side by side are joined, and then the address is not sure.

use super::heard::{ADDRESS_MARKS, Heard};
use super::letters::{self, distance};
use super::{Entity, digits};
use crate::tables::Language;
use domain::{domain, labels};
use spoken::spoken;

mod domain;
mod spoken;

/// Most characters of an address.
const MAX_LENGTH: usize = 80;
/// Most words of one label of a domain, and of a mailbox between two marks.
const MAX_WORDS: usize = 4;
/// A piece of so few letters is read out letter by letter.
const SHORT: usize = 2;

/// The address in `heard`.
pub(super) fn capture(heard: &Heard) -> Option<Entity> {
    let written = heard.words.iter().find(|word| is_address(&word.plain));
    if let Some((mailbox, domain)) = written.and_then(|word| word.plain.split_once('@')) {
        return captured(mailbox, domain, false, true, heard.language);
    }
    let domain = domain(heard)?;
    let before = |end: usize| mailbox(&heard.part(mailbox_start(heard, end)..end));
    // "Bob at gmail, no, at yahoo dot com": the mailbox is before the first "at".
    let earlier = || {
        let at = heard.find(heard.language.email.at)?;
        before(at.start.min(domain.at))
    };
    let mailbox = before(domain.at).or_else(earlier)?;
    let is_sure = domain.is_sure && mailbox.is_sure;
    captured(
        &mailbox.text,
        &domain.text,
        mailbox.is_spelled,
        is_sure,
        heard.language,
    )
}

fn captured(
    mailbox: &str,
    domain: &str,
    is_spelled: bool,
    is_sure: bool,
    language: &Language,
) -> Option<Entity> {
    let address = format!("{mailbox}@{domain}");
    let spoken = spoken(mailbox, domain, is_spelled, language);
    is_address(&address).then(|| Entity::new(address, spoken, is_sure))
}

/// Whether `text` is an address that can be written to, of what can be dictated.
pub(super) fn is_address(text: &str) -> bool {
    let Some((mailbox, domain)) = text.split_once('@') else {
        return false;
    };
    let is_plain = |text: &str, marks: &[char]| {
        text.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || marks.contains(&c))
            && !text.starts_with(|c: char| !c.is_ascii_alphanumeric())
            && !text.ends_with(|c: char| !c.is_ascii_alphanumeric())
            && !text.contains("..")
            && !text.is_empty()
    };
    let labels: Vec<&str> = domain.split('.').collect();
    let last = labels.last().copied().unwrap_or_default();
    text.len() <= MAX_LENGTH
        && is_plain(mailbox, &['.', '_', '-', '+'])
        && labels.len() > 1
        && labels.iter().all(|label| is_plain(label, &['-']))
        && last.len() > 1
        && last.chars().all(|c| c.is_ascii_alphabetic())
}

fn is_at(heard: &Heard, at: usize) -> bool {
    heard.plain(at) == "@"
}

fn dot_at(heard: &Heard, at: usize) -> usize {
    if heard.plain(at) == "." {
        1
    } else {
        heard.phrase_at(at, heard.language.email.dot)
    }
}

/// A mark that is no dot.
fn mark_at(heard: &Heard, at: usize) -> Option<(char, usize)> {
    let plain = heard.plain(at);
    let mut characters = plain.chars();
    match (characters.next(), characters.next()) {
        (Some(mark), None) if ADDRESS_MARKS.contains(&mark) && !matches!(mark, '@' | '.') => {
            Some((mark, 1))
        }
        _ => heard.meaning_at(at, heard.language.email.marks),
    }
}

/// What a part of an address was said as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Word,
    Letters,
    Digits,
}

/// Letters, digits or a word at `at`.
fn piece(heard: &Heard, at: usize) -> Option<(String, usize, Piece)> {
    let is_mark = |at: usize| {
        let word = heard.words.get(at).filter(|word| word.is_joined);
        word.is_some_and(|word| word.plain.chars().all(|c| ADDRESS_MARKS.contains(&c)))
    };
    let follows_mark =
        at > 0 && is_mark(at - 1) && heard.words.get(at).is_some_and(|word| word.is_joined);
    if is_mark(at + 1) || follows_mark {
        let word = heard
            .words
            .get(at)
            .filter(|word| word.plain.chars().all(char::is_alphanumeric))?;
        let kind = if word.plain.chars().count() == 1 {
            Piece::Letters
        } else {
            Piece::Word
        };
        return Some((word.plain.clone(), 1, kind));
    }
    let letter_before = heard.before(at).chars().count() == 1;
    if let Some(spelled) = letters::run(heard, at).filter(letters::Spelled::is_plain) {
        let text = spelled.text.replace('\'', "");
        return Some((text, spelled.words.len(), Piece::Letters));
    }
    let plain = heard.plain(at);
    // "Oh" beside letters is one, beside digits it is a zero.
    let is_oh = heard.language.digits.zero.contains(&plain);
    if is_oh && (plain.chars().count() == 1 || letter_before) {
        return Some(("o".to_owned(), 1, Piece::Letters));
    }
    if let Some((digits, words)) = digits::piece(heard, at) {
        return Some((digits, words, Piece::Digits));
    }
    let is_word = !plain.is_empty() && plain.chars().all(|c| c.is_alphanumeric() || c == '\'');
    let kind = if plain.chars().count() == 1 {
        Piece::Letters
    } else {
        Piece::Word
    };
    is_word.then(|| (plain.replace('\'', ""), 1, kind))
}

/// A mailbox in the caller's words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mailbox {
    text: String,
    /// It was read out in letters.
    is_spelled: bool,
    is_sure: bool,
}

/// Where the mailbox before the "at" at `end` begins: after a word of a sentence.
fn mailbox_start(heard: &Heard, end: usize) -> usize {
    let table = &heard.language.email;
    let talk = &heard.language.talk;
    // A written address has its mailbox in one piece, after what was dictated with marks.
    if is_at(heard, end) && heard.words.get(end).is_some_and(|word| word.is_joined) {
        let mut start = end;
        while start > 0 {
            let before = start - 1;
            let is_joined = heard.words[start].is_joined;
            let is_mark = |at: usize| mark_at(heard, at).is_some() || dot_at(heard, at) > 0;
            let is_letter = |at: usize| heard.plain(at).chars().count() == 1;
            let goes_on = is_joined
                || is_mark(before)
                || (start < end && is_mark(start))
                || (is_letter(before) && is_letter(start) && !is_at(heard, start));
            if !goes_on {
                return start;
            }
            start = before;
        }
        return 0;
    }
    let mut start = 0;
    let mut noise_until = 0;
    for at in 0..end {
        noise_until = noise_until.max(at + heard.phrase_at(at, table.noise));
        noise_until = noise_until.max(at + letters::with_at(heard, at));
        if at < noise_until {
            continue;
        }
        let announced = heard.phrase_at(at, table.announce);
        let single = heard.plain(at).chars().count() == 1;
        let is_part =
            |at: usize| heard.plain(at).chars().count() == 1 || digits::piece(heard, at).is_some();
        let beside_letter =
            single && (at + 1 == end || is_part(at + 1) || (at > start && is_part(at - 1)));
        // "I" and "a" are letters beside others; "it" before a mark is part of an address.
        let before_mark = dot_at(heard, at + 1) > 0 || mark_at(heard, at + 1).is_some();
        let after_mark = at > start
            && (heard.phrase_before(at, table.dot) > 0
                || heard.before(at) == "."
                || table
                    .marks
                    .iter()
                    .any(|(name, _)| *name == heard.before(at)));
        let explains = heard.phrase_at(at, heard.language.letters.explain) > 0
            && heard.before(at).chars().count() == 1
            && at > start;
        let is_stop =
            table.stops.contains(&heard.plain(at)) || talk.openers.contains(&heard.plain(at));
        if announced > 0 && at + announced <= end && !after_mark && !before_mark {
            start = start.max(at + announced);
        } else if is_stop && !beside_letter && !after_mark && !before_mark && !explains {
            start = start.max(at + 1);
        }
    }
    // "Hello at …": a greeting may be a mailbox, when nothing else is one.
    let is_free = |at: usize| {
        !table.stops.contains(&heard.plain(at)) && heard.phrase_at(at, table.announce) == 0
    };
    match end.checked_sub(1) {
        Some(last) if start >= end && is_free(last) => last,
        _ => start,
    }
}

/// The mailbox that all words of `heard` make.
fn mailbox(heard: &Heard) -> Option<Mailbox> {
    let table = &heard.language.email;
    let mut text = String::new();
    let (mut at, mut words, mut is_sure, mut letters) = (0, 0, true, 0);
    let mut was_word = false;
    let mut last_word = 0;
    while at < heard.len() {
        let noise = heard.phrase_at(at, table.noise);
        if noise > 0 {
            at += noise;
            continue;
        }
        // "Smith with a y".
        let with = letters::with_at(heard, at);
        if with > 0 {
            let last = text
                .char_indices()
                .rfind(|(_, c)| !c.is_alphabetic())
                .map_or(0, |(at, mark)| at + mark.len_utf8());
            let new = letters::given_with(&text[last..], &heard.part(at..at + with))?;
            text.truncate(last);
            text.push_str(&new);
            // What is spelled after it is the word as it is now.
            last_word = last;
            at += with;
            continue;
        }
        let dot = dot_at(heard, at);
        let mark = if dot > 0 {
            Some(('.', dot))
        } else {
            mark_at(heard, at)
        };
        if let Some((mark, length)) = mark {
            text.push(mark);
            at += length;
            was_word = false;
            continue;
        }
        // "J for juliet".
        if let Some((letter, length)) = explained(heard, at) {
            text.push_str(&letter);
            letters += 1;
            at += length;
            was_word = false;
            continue;
        }
        if heard.phrase_at(at, table.at) > 0 && !heard.words[at].is_joined {
            return None;
        }
        if let Some(mark) = mark_between(heard, at).filter(|_| !text.is_empty()) {
            text.push(mark);
            is_sure &= mark == '.';
            was_word = false;
        }
        let (piece, length, kind) = piece(heard, at)?;
        // "Laura, l a u r a": the letters are how the word is written.
        let is_same = was_word
            && kind == Piece::Letters
            && piece.len() > SHORT
            && text
                .get(last_word..)
                .is_some_and(|word| distance(word, &piece) <= SHORT);
        if is_same {
            text.truncate(last_word);
        }
        last_word = text.len();
        // Words side by side may have had a mark between them.
        is_sure &= !(was_word && kind == Piece::Word);
        was_word = kind == Piece::Word;
        words += usize::from(was_word);
        letters += if kind == Piece::Letters {
            piece.len()
        } else {
            0
        };
        text.push_str(&piece);
        at += length;
    }
    let fits = words <= 2 * MAX_WORDS && !text.is_empty();
    fits.then_some(Mailbox {
        text,
        is_spelled: letters > SHORT,
        is_sure,
    })
}

/// The mark that stood before the word at `at` where recognition wrote none of the words for it: "nina.roy at …". What
/// is no dot may be any other mark.
fn mark_between(heard: &Heard, at: usize) -> Option<char> {
    let before = heard.words.get(at.checked_sub(1)?)?;
    let word = heard.words.get(at)?;
    let is_mark = |word: &str| word.chars().all(|c| ADDRESS_MARKS.contains(&c));
    let is_letters = before.plain.chars().count() == 1 && word.plain.chars().count() == 1;
    let is_joined =
        word.is_joined && !is_letters && !is_mark(&before.plain) && !is_mark(&word.plain);
    is_joined.then_some(if before.ends_sentence { '.' } else { '-' })
}

fn explained(heard: &Heard, at: usize) -> Option<(String, usize)> {
    let plain = heard.plain(at);
    let explain = heard.phrase_at(at + 1, heard.language.letters.explain);
    let is_letter = plain.chars().count() == 1 && explain > 0;
    let fits = is_letter
        && heard.plain(at + 1 + explain).starts_with(plain)
        && heard.plain(at + 1 + explain).len() > plain.len();
    fits.then(|| (plain.to_owned(), explain + 2))
}

/// `previous` with the part changed that `heard` speaks of: the domain, a mark, a letter, a piece.
pub(super) fn correct(previous: &Entity, heard: &Heard) -> Option<Entity> {
    let (mailbox, domain) = previous.value.split_once('@')?;
    let language = heard.language;
    if let Some(whole) = capture(heard) {
        return Some(whole);
    }
    if let Some(changed) = swapped(&previous.value, heard) {
        let (mailbox, domain) = changed.split_once('@')?;
        return captured(mailbox, domain, false, true, language);
    }
    let table = &language.email;
    let start = heard.after(
        0,
        &[
            table.announce,
            table.stops,
            table.at,
            language.talk.denials,
            language.talk.openers,
        ],
    );
    if let Some((text, _, is_sure)) = labels(heard, start) {
        return captured(mailbox, &text, false, is_sure, language);
    }
    // "Smith with a y": the piece that was named, or the one before the at.
    let pieces: Vec<&str> = mailbox.split(|c: char| !c.is_ascii_alphabetic()).collect();
    // "Lora, l o r a".
    for spelled in letters::spelled(heard) {
        let near = |piece: &&&str| piece.len() > SHORT && distance(piece, &spelled.text) <= SHORT;
        if let Some(piece) = pieces.iter().find(near) {
            let mailbox = mailbox.replacen(*piece, &spelled.text, 1);
            return captured(&mailbox, domain, true, true, language);
        }
    }
    let named = pieces
        .iter()
        .find(|piece| piece.len() > 1 && (0..heard.len()).any(|at| heard.plain(at) == **piece));
    let piece = named.or(pieces.iter().rev().find(|piece| piece.len() > 1))?;
    let new = letters::with_letter(piece, heard)?;
    let at = mailbox.rfind(piece)?;
    let mailbox = format!("{}{new}{}", &mailbox[..at], &mailbox[at + piece.len()..]);
    captured(&mailbox, domain, true, true, language)
}

/// "Underscore, not dash", "dot net instead of dot com".
fn swapped(address: &str, heard: &Heard) -> Option<String> {
    let not = heard.find(heard.language.talk.not)?;
    let written = |part: Heard| -> Option<String> {
        let around = [part.language.talk.denials, part.language.digits.around];
        let part = part.part(part.after(0, &around)..part.len());
        mailbox(&part).map(|mailbox| mailbox.text)
    };
    let new = written(heard.part(0..not.start))?;
    let old = written(heard.part(not.end..heard.len()))?;
    // A mark of the mailbox comes first: every domain has a dot.
    let mailbox = address.split('@').next().unwrap_or_default();
    let at = mailbox.rfind(&old).or_else(|| address.rfind(&old))?;
    Some(format!(
        "{}{new}{}",
        &address[..at],
        &address[at + old.len()..]
    ))
}

/// An address as it is written, in a language without a table.
pub(super) fn written(text: &str) -> Option<String> {
    let found = text.split_whitespace().find(|word| word.contains('@'))?;
    let trimmed = found
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    is_address(&trimmed).then_some(trimmed)
}
