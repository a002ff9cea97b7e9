//! What the ear would tire of: the same again, several questions at once, too many words.
//!
//! In: a sentence, what was said before. Out: a refusal, if there is one. Memory: short strings.

use super::words::{find, spaced};
use super::{Limits, Refusal, Turn};
use patter_language::stem::singular;
use patter_language::text::count_words;
use patter_types::reason::Reason;

/// A sentence of fewer words may come again in another turn: "I see.", "Thank you."
const MIN_REPEATED_WORDS: usize = 3;
/// From this many words on, another sentence of nearly the same words is a repetition too.
const MIN_SIMILAR_WORDS: usize = 6;
/// Share of the words that two sentences have in common, in percent, from which on they say the same.
const SIMILAR_PERCENT: usize = 85;

/// Whether `sentence` tires the ear after what `turn` knows.
pub(super) fn check(
    limits: &Limits,
    banned: &[String],
    turn: &Turn,
    sentence: &str,
) -> Option<Refusal> {
    let words = spaced(sentence);
    if let Some(word) = find(
        &words,
        &banned.iter().map(String::as_str).collect::<Vec<_>>(),
    ) {
        return Some(Refusal::new(Reason::BannedWord, word.to_owned()));
    }
    if turn
        .said
        .iter()
        .any(|said| repeats(&words, &spaced(said), 1))
        || turn
            .before
            .iter()
            .any(|said| repeats(&words, said, MIN_REPEATED_WORDS))
    {
        return Some(Refusal::new(Reason::Repetition, sentence.to_owned()));
    }
    let marks = |text: &str| text.matches(['?', '？']).count();
    let asked: usize = turn.said.iter().map(|said| marks(said)).sum();
    if marks(sentence) > 0 && asked + marks(sentence) > 1 {
        return Some(Refusal::new(Reason::SeveralQuestions, sentence.to_owned()));
    }
    too_long(limits, turn, sentence)
}

fn repeats(words: &str, said: &str, min_words: usize) -> bool {
    let set = |text: &str| {
        text.split_whitespace()
            .map(singular)
            .collect::<std::collections::BTreeSet<String>>()
    };
    let count = words.split_whitespace().count();
    if count < min_words {
        return false;
    }
    if words == said {
        return true;
    }
    let (new, old) = (set(words), set(said));
    let common = new.intersection(&old).count();
    let larger = new.len().max(old.len());
    count >= MIN_SIMILAR_WORDS && 100 * common >= SIMILAR_PERCENT * larger
}

fn too_long(limits: &Limits, turn: &Turn, sentence: &str) -> Option<Refusal> {
    let words = count_words(sentence) + turn.open_clause().map_or(0, count_words);
    let sentences = turn
        .said
        .iter()
        .filter(|said| !super::is_clause(said))
        .count()
        + 1;
    let offending = if words > limits.sentence_words {
        format!("{words} words")
    } else if sentences > limits.reply_sentences {
        format!("{sentences} sentences")
    } else {
        return None;
    };
    Some(Refusal::new(Reason::TooLong, offending))
}
