//! Names of people, places and firms that nobody gave.
//!
//! In: a sentence as words, the playbook's ground, the caller's words. Out: a refusal, if there is one.
//!
//! A capital letter inside a sentence marks a name in English. At the beginning of a sentence every word has one, so
//! there a name is seen only when a second one follows it ("John Smith").

use super::Refusal;
use super::figures::is_calendar;
use super::ground::{Ground, Line};
use super::words::{english, is_function_word, sentence_words};
use patter_language::stem::singular;
use patter_language::words::Word;
use patter_types::reason::Reason;

/// The first name of `words` that neither `ground` nor what was `heard` holds.
pub(super) fn check(ground: &Ground, heard: &Line, words: &[Word]) -> Option<Refusal> {
    let is_name = |at: usize| {
        words
            .get(at)
            .is_some_and(|word| is_unknown_name(ground, heard, word))
    };
    let starts = |at: usize| at == 0 || words[at - 1].ends_sentence;
    let first = (0..words.len())
        .find(|&at| is_name(at) && (!starts(at) || (is_name(at + 1) && !words[at].ends_clause)))?;
    let end = (first..words.len()).take_while(|&at| is_name(at)).last()?;
    let texts: Vec<&str> = words[first..=end]
        .iter()
        .map(|word| word.text.as_str())
        .collect();
    Some(Refusal::new(Reason::UngroundedName, texts.join(" ")))
}

fn is_unknown_name(ground: &Ground, heard: &Line, word: &Word) -> bool {
    if !word.text.starts_with(char::is_uppercase) || word.text.chars().count() < 2 {
        return false;
    }
    let plain = word.plain.as_str();
    let stemmed = singular(plain);
    let is_known = |known: &dyn Fn(&str) -> bool| known(plain) || known(&stemmed);
    !(is_function_word(plain)
        || sentence_words().capitals.contains(&plain)
        || is_calendar(&stemmed)
        || is_contraction(plain)
        || plain.chars().any(char::is_numeric)
        || is_known(&|word| ground.known.contains(word))
        || is_known(&|word| heard.stems.contains(word)))
}

/// "I've", "They'd": a pronoun, never a name.
fn is_contraction(plain: &str) -> bool {
    plain.split_once('\'').is_some_and(|(stem, rest)| {
        is_function_word(stem) && rest != "s" || english().names.capitals.contains(&stem)
    })
}
