//! E-mail addresses as they are read out: "john dot smith at gmail dot com".
//!
//! In: an address. Out: words. Memory: a short string. Source: ours.
//!
//! What could be taken for something else than a part of the address is read out letter by letter.

use super::SHORT;
use crate::numbers;
use crate::tables::{Language, Phrases};
use crate::values::letters;

/// An address as it is read out: "john dot smith at gmail dot com".
pub(super) fn spoken(mailbox: &str, domain: &str, is_spelled: bool, language: &Language) -> String {
    let table = &language.email;
    let first = |phrases: Phrases| phrases.first().copied().unwrap_or_default();
    let mut words: Vec<String> = Vec::new();
    read(mailbox, is_spelled, language, &mut words);
    words.push(first(table.at).to_owned());
    let (front, last) = domain.rsplit_once('.').unwrap_or((domain, ""));
    read(front, false, language, &mut words);
    words.push(first(table.dot).to_owned());
    if table.spoken_ends.contains(&last) {
        words.push(last.to_owned());
    } else {
        words.push(letters::read_out(last));
    }
    words.join(" ")
}

/// The words in which `part` of an address is read out.
pub(super) fn read(part: &str, is_spelled: bool, language: &Language, words: &mut Vec<String>) {
    let table = &language.email;
    let mut rest = part;
    while let Some(first) = rest.chars().next() {
        let same = |c: char| {
            c.is_ascii_alphabetic() == first.is_ascii_alphabetic()
                && c.is_ascii_digit() == first.is_ascii_digit()
        };
        let end = if first.is_ascii_alphanumeric() {
            rest.find(|c: char| !same(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (piece, tail) = rest.split_at(end);
        rest = tail;
        if first.is_ascii_digit() {
            let digits = piece.chars().filter_map(|digit| digit.to_digit(10));
            let small = &language.numbers.small;
            words.extend(
                digits
                    .filter_map(|digit| small.get(digit as usize))
                    .map(|word| (*word).to_owned()),
            );
        } else if first == '.' {
            words.push(table.dot.first().copied().unwrap_or_default().to_owned());
        } else if !first.is_ascii_alphabetic() {
            let name = table.marks.iter().find(|(_, mark)| *mark == first);
            words.extend(name.map(|(name, _)| (*name).to_owned()));
        } else if is_spelled || !is_speakable(piece, language) {
            // The pause after the last letter too.
            words.push(format!("{},", letters::read_out(piece)));
        } else {
            words.push(piece.to_owned());
        }
    }
}

/// Whether a voice can say `piece` as a word, and whoever hears it takes it for nothing else.
pub(super) fn is_speakable(piece: &str, language: &Language) -> bool {
    let has_vowel = piece.contains(['a', 'e', 'i', 'o', 'u'])
        || (piece.len() > SHORT + 1 && piece.contains('y'));
    let email = &language.email;
    let talk = &language.talk;
    let lists: [Phrases; 13] = [
        email.at,
        email.dot,
        email.announce,
        email.stops,
        email.noise,
        talk.hesitations,
        talk.openers,
        talk.not,
        talk.restarts,
        talk.nothing,
        talk.waiting,
        language.letters.cases,
        language.digits.zero,
    ];
    let is_part = |phrases: &Phrases| {
        phrases
            .iter()
            .any(|phrase| phrase.split(' ').any(|word| word == piece))
    };
    let is_taken = lists.iter().any(is_part)
        || email
            .marks
            .iter()
            .any(|(name, _)| name.split(' ').any(|word| word == piece))
        || language.letters.alphabet.contains(&piece)
        || language
            .letters
            .names
            .iter()
            .any(|(name, _)| *name == piece)
        || language
            .digits
            .repeats
            .iter()
            .any(|(name, _)| *name == piece)
        || talk.spellings.iter().any(|(name, _)| *name == piece)
        || talk.questions.contains(&piece)
        || numbers::is_number_word(&language.numbers, piece);
    piece.len() > SHORT && has_vowel && !is_taken
}
