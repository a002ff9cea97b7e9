//! Names of persons.
//!
//! In: the caller's words. Out: "John Smith", "Dr Miller". Memory: short strings. When late or full: more than
//! [`MAX_NAME`] words are no name. Source: ours.
//!
//! After "my name is" anything but a word of a sentence is a name; after "it's" and "this is" much else may follow, so
//! those names are not sure. There a word of a sentence is a name too if recognition wrote it with a capital ("Bill").
//! Where nothing announces it, the whole answer must be a name. Letters read out after a name are how it is written.

use std::ops::Range;

use super::Entity;
use super::heard::Heard;
use super::letters::{self, Spelled, distance, read_out};
use crate::tables::{Phrases, Title};
use crate::words::Word;

/// Words of the longest name, without titles.
const MAX_NAME: usize = 4;
/// So many letters may differ between a name as heard and as spelled.
const NEAR: usize = 2;
/// Letters of the shortest word whose end tells a verb.
const MIN_VERB: usize = 6;

/// A name in the caller's words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    title: Option<&'static Title>,
    words: Vec<String>,
    /// The word that was spelled.
    spelled: Option<usize>,
    is_sure: bool,
}

/// The name in `heard`.
pub(super) fn capture(heard: &Heard) -> Option<Entity> {
    let name = name(heard)?;
    captured(&name)
}

fn captured(name: &Name) -> Option<Entity> {
    let words = name.words.join(" ");
    if name.words.is_empty() {
        return None;
    }
    let (value, mut spoken) = match name.title {
        Some((_, written, spoken)) => (format!("{written} {words}"), format!("{spoken} {words}")),
        None => (words.clone(), words.clone()),
    };
    if let Some(word) = name.spelled.and_then(|at| name.words.get(at)) {
        spoken = format!("{spoken}, {}", read_out(word));
    }
    Some(Entity::new(value, spoken, name.is_sure))
}

fn name(heard: &Heard) -> Option<Name> {
    let table = &heard.language.names;
    let spelled = letters::spelled(heard);
    let spelled: Vec<&Spelled> = spelled
        .iter()
        .filter(|word| is_spelling(heard, word))
        .collect();
    // First and last name with a word before each: "first name john, last name smith".
    let first = part_after(heard, table.first, &spelled);
    let last = part_after(heard, table.last, &spelled);
    if let Some(named) = both(first, last) {
        return Some(named);
    }
    let strong = last_of(heard, table.announce);
    let weak = last_of(heard, table.announce_weakly);
    let openers = heard.after(0, &[heard.language.talk.openers]);
    let (start, is_strong, is_announced) = match (strong, weak) {
        (Some(strong), _) => (strong.end, true, true),
        (None, Some(weak)) => (weak.end, false, true),
        (None, None) => (openers, false, false),
    };
    if !is_announced && !is_answer(heard, start, &spelled) {
        return None;
    }
    let (title, words, end) = words_from(heard, start, &spelled, is_announced);
    if !is_strong && words.iter().any(|word| is_verb(heard, word)) {
        return None;
    }
    // "It's Bill" may be one after all.
    let is_name = |word: &&Word| is_particle(heard, &word.plain) || !is_other(heard, &word.plain);
    let is_full = title.is_some() || words.len() > 1 || is_capital(&words);
    let mut name = Name {
        title,
        words: as_written(&words, &table.particles),
        spelled: None,
        is_sure: is_strong || (is_full && words.iter().all(is_name)),
    };
    for word in spelled.iter().filter(|word| word.words.start >= start) {
        // "Smith is spelled s c h m i t t".
        let is_last = heard.phrase_before(word.words.start, table.spelling) > 0
            && word.words.start > end
            && !name.words.is_empty();
        if is_last {
            name.words.pop();
        }
        spell(&mut name, &word.text);
    }
    // "Smith with a y".
    if let Some(last) = name.words.last().map(|last| last.to_lowercase())
        && let Some(new) = letters::given_with(&last, &heard.part(end..heard.len()))
    {
        name.words.pop();
        name.words.push(with_capitals(&new));
        name.spelled = Some(name.words.len() - 1);
        name.is_sure = true;
    }
    let fits = !name.words.is_empty() && name.words.len() <= MAX_NAME;
    fits.then_some(name)
}

/// Letters that spell a name, and not "I" beside "a".
fn is_spelling(heard: &Heard, word: &Spelled) -> bool {
    word.text.chars().count() > 2
        || heard.is_only(0..word.words.start, &[heard.language.names.announce])
        || word.words.len() == heard.len()
}

/// Where the last of `phrases` is that something follows.
fn last_of(heard: &Heard, phrases: Phrases) -> Option<Range<usize>> {
    let mut found: Option<Range<usize>> = None;
    let mut from = 0;
    while let Some(next) = heard.find_from(from, phrases) {
        from = next.end;
        if next.end < heard.len() {
            found = Some(next);
        }
    }
    found
}

/// The name after one of `phrases`.
fn part_after(heard: &Heard, phrases: Phrases, spelled: &[&Spelled]) -> Option<Name> {
    let table = &heard.language.names;
    let found = last_of(heard, phrases)?;
    let (title, words, end) = words_from(heard, found.end, spelled, true);
    let mut name = Name {
        title,
        words: as_written(&words, &table.particles),
        spelled: None,
        is_sure: true,
    };
    if let Some(word) = spelled
        .iter()
        .find(|word| word.words.start >= found.end && word.words.start <= end + 1)
    {
        spell(&mut name, &word.text);
    }
    (!name.words.is_empty()).then_some(name)
}

fn both(first: Option<Name>, last: Option<Name>) -> Option<Name> {
    match (first, last) {
        (Some(mut first), Some(last)) => {
            let before = first.words.len();
            first.spelled = first.spelled.or(last.spelled.map(|at| at + before));
            first.words.extend(last.words);
            Some(first)
        }
        (first, last) => first.or(last),
    }
}

/// Whether the words from `start` on are a name and nothing else.
fn is_answer(heard: &Heard, start: usize, spelled: &[&Spelled]) -> bool {
    let (_, words, end) = words_from(heard, start, spelled, false);
    let table = &heard.language.names;
    let end = spelled
        .iter()
        .filter(|word| word.words.start >= start)
        .map(|word| word.words.end)
        .max()
        .unwrap_or(end)
        .max(end);
    let is_spelled = spelled.iter().any(|word| word.words.start >= start);
    (!words.is_empty() || is_spelled)
        && (heard.phrase_at(end, heard.language.letters.with) > 0
            || heard.is_only(end..heard.len(), &[table.ends, heard.language.talk.closers]))
}

fn is_particle(heard: &Heard, plain: &str) -> bool {
    heard.language.names.particles.contains(&plain)
}

/// A word of a sentence.
fn is_other(heard: &Heard, plain: &str) -> bool {
    let table = &heard.language.names;
    table.others.contains(&plain) || table.ends.contains(&plain)
}

/// Capitals before `start` tell names from other words: not all words have one, and not all letters.
fn tells_by_capitals(heard: &Heard, start: usize) -> bool {
    let mut before = heard.words.iter().take(start);
    let mut is_start = true;
    before.all(|word| {
        let is_capital = begins_large(word);
        let pronoun = word.plain.split('\'').next().unwrap_or_default();
        let is_pronoun = heard.language.names.capitals.contains(&pronoun);
        let fits = if is_capital {
            is_pronoun || (is_start && word.text.contains(char::is_lowercase))
        } else {
            true
        };
        is_start = word.ends_sentence;
        fits
    })
}

/// It begins with a capital and goes on without: "Bill", not "OK" and not "I'm".
fn is_written_as_name(heard: &Heard, word: &Word) -> bool {
    let days = heard.language.calendar.weekdays.iter();
    let is_day = days
        .clone()
        .any(|names| names.contains(&word.plain.as_str()));
    begins_large(word)
        && word.text.chars().skip(1).any(char::is_lowercase)
        && !word.text.contains(['\'', '’'])
        && !is_day
}

fn begins_large(word: &Word) -> bool {
    word.text.starts_with(char::is_uppercase)
}

/// Title and words of a name from `start` on, and where they end. Where it `is_announced`, a word of a sentence that is
/// written as names are is one: "Bill".
fn words_from<'a>(
    heard: &'a Heard,
    start: usize,
    spelled: &[&Spelled],
    is_announced: bool,
) -> (Option<&'static Title>, Vec<&'a Word>, usize) {
    let table = &heard.language.names;
    let by_capitals = is_announced && tells_by_capitals(heard, start);
    let mut title = None;
    let mut words: Vec<&Word> = Vec::new();
    let mut at = heard.after(start, &[heard.language.talk.hesitations]);
    while at < heard.len() && words.len() < MAX_NAME {
        let plain = heard.plain(at);
        if spelled.iter().any(|word| word.words.contains(&at)) {
            break;
        }
        let known = table.titles.iter().find(|(heard, _, _)| *heard == plain);
        if let Some(known) = known.filter(|_| words.is_empty() && title.is_none()) {
            title = Some(known);
            at += 1;
            continue;
        }
        let is_particle = is_particle(heard, plain);
        let is_name = by_capitals
            && heard
                .words
                .get(at)
                .is_some_and(|word| is_written_as_name(heard, word));
        let is_other = is_other(heard, plain) && !is_name;
        let has_letters = plain.chars().any(char::is_alphabetic)
            && plain
                .chars()
                .all(|c| c.is_alphabetic() || matches!(c, '\'' | '\u{300}'..='\u{36f}'));
        let is_initial = plain.chars().count() == 1;
        if !has_letters || (is_other && !is_particle) || (is_initial && words.is_empty()) {
            break;
        }
        words.push(&heard.words[at]);
        at += 1;
        if heard.is_clause_start(at) {
            break;
        }
    }
    // "Mary de" is cut off.
    while words
        .last()
        .is_some_and(|last| table.particles.contains(&last.plain.as_str()) && words.len() > 1)
    {
        words.pop();
        at -= 1;
    }
    if words.is_empty() {
        return (None, words, start);
    }
    (title, words, at)
}

/// "I'm calling": no name, though nobody has listed it.
fn is_verb(heard: &Heard, word: &Word) -> bool {
    let is_small = word.text.chars().next().is_some_and(char::is_lowercase);
    let ends = heard.language.names.verb_ends.iter();
    is_small
        && word.plain.chars().count() >= MIN_VERB
        && ends.clone().any(|end| word.plain.ends_with(end))
}

fn is_capital(words: &[&Word]) -> bool {
    let has_case = |word: &&&Word| word.text.chars().next().is_some_and(char::is_uppercase);
    !words.is_empty() && words.iter().filter(has_case).count() == words.len()
}

/// The words of a name as they are written, with the hyphen of a double name.
fn as_written(words: &[&Word], particles: &[&str]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in words {
        let text = written(word, particles);
        match out.last_mut() {
            Some(last) if word.is_joined => {
                last.push('-');
                last.push_str(&text);
            }
            _ => out.push(text),
        }
    }
    out
}

/// A name as it is written: "O'Brien", "van".
fn written(word: &Word, particles: &[&str]) -> String {
    let text = &word.text;
    if particles.contains(&text.as_str()) {
        return text.clone();
    }
    let is_shouted = text.chars().count() > 1 && text.chars().all(|c| !c.is_lowercase());
    let has_case = text.chars().any(char::is_uppercase) && !is_shouted;
    if has_case {
        text.clone()
    } else {
        with_capitals(&word.plain)
    }
}

/// "o'brien" is "O'Brien", "smith-jones" is "Smith-Jones"; the s of "john's" stays small.
fn with_capitals(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut is_start = true;
    let mut rest = word.chars().peekable();
    while let Some(letter) = rest.next() {
        if is_start && letter.is_alphabetic() {
            out.extend(letter.to_uppercase());
        } else {
            out.push(letter);
        }
        is_start = matches!(letter, '-') || (letter == '\'' && rest.clone().count() > 1);
    }
    out
}

/// Puts a spelled word into `name`: over the word that it spells, or after the others.
fn spell(name: &mut Name, text: &str) {
    let written = with_capitals(text);
    let near = name.words.iter().rposition(|word| {
        let word = word.to_lowercase();
        distance(&word, text) <= NEAR.min(text.len() / 2)
    });
    let same_letter = || {
        let first = text.chars().next();
        let last = name.words.last().map(|word| word.to_lowercase());
        last.filter(|last| last.chars().next() == first && name.words.len() > 1)
            .map(|_| name.words.len() - 1)
    };
    let at = near.or_else(same_letter);
    match at {
        Some(at) => {
            name.words[at] = written;
            name.spelled = Some(at);
        }
        None => {
            name.words.push(written);
            name.spelled = Some(name.words.len() - 1);
        }
    }
    name.is_sure = true;
}

/// `previous` with the part changed that `heard` speaks of: a letter, the first or the last name, or the name that
/// sounds like the new one.
pub(super) fn correct(previous: &Entity, heard: &Heard) -> Option<Entity> {
    let table = &heard.language.names;
    let mut old: Vec<String> = previous.value.split(' ').map(str::to_owned).collect();
    let title = table
        .titles
        .iter()
        .find(|(_, written, _)| old.first().is_some_and(|first| first == written));
    if title.is_some() {
        old.remove(0);
    }
    let changed = |words: Vec<String>, spelled: Option<usize>| {
        let name = Name {
            title,
            words,
            spelled,
            is_sure: true,
        };
        captured(&name)
    };
    // The word that was named, or the last.
    let named = old.iter().position(|word| {
        let word = word.to_lowercase();
        (0..heard.len()).any(|at| heard.plain(at) == word)
    });
    let at = named.or(old.len().checked_sub(1))?;
    let word = old.get(at)?.to_lowercase();
    // "It's Smythe with an e" names a new word, which has its e already.
    let names_another = named.is_none() && name(heard).is_some_and(|name| !name.words.is_empty());
    if let Some(new) = letters::with_letter(&word, heard).filter(|_| !names_another) {
        old[at] = with_capitals(&new);
        return changed(old, Some(at));
    }
    let spelled = letters::spelled(heard);
    let spelled: Vec<&Spelled> = spelled.iter().collect();
    let first = part_after(heard, table.first, &spelled);
    let last = part_after(heard, table.last, &spelled);
    if first.is_none() && last.is_none() {
        let new = name(heard)?;
        // One word: for the one that sounds like it, and for the only one.
        if let [word] = new.words.as_slice()
            && new.title.is_none()
        {
            let lower = word.to_lowercase();
            let near = old.iter().position(|old| {
                let old = old.to_lowercase();
                distance(&old, &lower) <= NEAR.min(lower.len() / 2)
            });
            let near = near.or(named.filter(|_| new.spelled.is_some()));
            let only = (old.len() == 1 && title.is_some()).then_some(0);
            if let Some(at) = near.or(only) {
                old[at].clone_from(word);
                return changed(old, new.spelled.map(|_| at));
            }
        }
        return captured(&new);
    }
    let mut spelled_at = None;
    if let Some(last) = last {
        let at = old.len().saturating_sub(1);
        let at = if old.len() > 1 { at } else { old.len() };
        old.truncate(at);
        spelled_at = last.spelled.map(|word| word + at);
        old.extend(last.words);
    }
    if let Some(first) = first {
        old.splice(..1.min(old.len()), first.words.clone());
        spelled_at = first.spelled.or(spelled_at);
    }
    changed(old, spelled_at)
}
