//! Sentences, and texts cut to what is said in one go.
//!
//! Thread: any · In: a text that is clean already · Out: pieces of it · Memory: the pieces · Source: ours.

use super::speech::{MAX_NAME, Slots};
use patter_language::text::spoken_length;

/// Without the mark or the number of a list at its beginning.
pub(super) fn begun(text: &str) -> &str {
    let mut rest = text;
    loop {
        let first = rest.trim_start_matches(|letter: char| {
            letter.is_whitespace()
                || "-–—+、，,。；;：:！!）)".contains(letter)
                || ('①'..='⑳').contains(&letter)
        });
        let after = first.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let number = after.len() < first.len()
            && after.starts_with(['、', '．', '）', '.', ')'])
            && !after
                .chars()
                .nth(1)
                .is_some_and(|letter| letter.is_ascii_digit());
        if !number {
            return first;
        }
        rest = after;
    }
}

/// Sentences with their marks.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let sentences = text
        .split_inclusive(['。', '！', '？', '!', '?'])
        .map(str::trim);
    sentences
        .filter(|sentence| says_something(sentence))
        .collect()
}

/// Whether there is more than marks.
fn says_something(text: &str) -> bool {
    !text
        .trim_matches(|letter: char| letter.is_whitespace() || "。！？!?，,；、".contains(letter))
        .is_empty()
}

/// Whether a sentence asks.
pub(super) fn asks(sentence: &str) -> bool {
    sentence.contains(['？', '?'])
}

/// `text` in pieces of at most `most` (see [`spoken_length`]) with one question each. A question ends its piece, but
/// for what its line says after it. A sentence that waits for a slot stands alone, so that an unknown word silences no
/// other sentence.
pub(super) fn pieces(text: &str, most: usize, slots: &Slots) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let parts = sentences(line)
            .into_iter()
            .flat_map(|sentence| short_parts(sentence, most));
        let parts = parts.map(|part| begun(&part).to_owned());
        let parts: Vec<String> = parts.filter(|part| says_something(part)).collect();
        let last_question = parts.iter().rposition(|part| asks(part));
        for (index, part) in parts.iter().enumerate() {
            let waits = slots.waits(part);
            let follows = last_question.is_some_and(|question| index > question)
                && pieces.last().is_some_and(|last| !slots.waits(last));
            match pieces.last_mut() {
                Some(last)
                    if (open || follows)
                        && !waits
                        && spoken_length(last) + spoken_length(part) <= most =>
                {
                    last.push_str(part)
                }
                _ => pieces.push(part.clone()),
            }
            open = !waits && !asks(part) && !follows;
        }
    }
    pieces
}

/// `text` in as few pieces of at most `most` as its sentences allow.
pub(super) fn paragraphs(text: &str, most: usize) -> Vec<String> {
    let mut paragraphs: Vec<String> = Vec::new();
    for part in sentences(text)
        .into_iter()
        .flat_map(|sentence| short_parts(sentence, most))
    {
        match paragraphs.last_mut() {
            Some(last) if spoken_length(last) + spoken_length(&part) <= most => {
                last.push_str(&part)
            }
            _ => paragraphs.push(part),
        }
    }
    paragraphs
}

/// A sentence cut at commas, or anywhere, where it is too long.
fn short_parts(sentence: &str, most: usize) -> Vec<String> {
    if spoken_length(sentence) <= most {
        return vec![sentence.to_owned()];
    }
    let mut parts: Vec<String> = Vec::new();
    let mut in_slot = false;
    let mut last = String::new();
    let mut comma = None;
    for letter in sentence.chars() {
        last.push(letter);
        in_slot = letter == '{' || in_slot && letter != '}';
        if matches!(letter, '，' | ',' | '；' | '、') && !in_slot {
            comma = Some(last.len());
        }
        // Slots count with their names; room for one keeps the cut outside it.
        if !in_slot && spoken_length(&last) + 2 * MAX_NAME + 2 > most {
            let tail = last.split_off(comma.take().unwrap_or(last.len()));
            parts.push(std::mem::replace(&mut last, tail));
        }
    }
    parts.push(last);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// The first clauses of `text` that are at most `most` long, as one sentence.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let mut short = String::new();
    for clause in text.split_inclusive(['。', '！', '？', '；', '，', ',', '\n']) {
        if !says_something(clause) {
            continue;
        }
        if spoken_length(&short) + spoken_length(clause) > most {
            break;
        }
        short.push_str(clause.trim());
    }
    if short.is_empty() {
        short = text.chars().take(most / 2).collect();
        // Half a slot is none.
        if short.rfind('{') > short.rfind('}') {
            short.truncate(short.rfind('{').unwrap_or(0));
        }
    }
    let trimmed = short.trim_end_matches(['，', ',', '；', '、', '：', ' ']);
    let dot = if trimmed.ends_with(['。', '！', '？']) {
        ""
    } else {
        "。"
    };
    format!("{trimmed}{dot}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::notes::Notes;

    #[test]
    fn pieces_hold_one_question_and_open_slots_stand_alone() {
        let mut slots = Slots::default();
        let text = slots.spoken(
            "您好。您有空吗？我是李明。单号[单号]。可以吗？好。",
            1,
            &mut Notes::default(),
        );
        let found = pieces(&text, 200, &slots);
        assert_eq!(
            found,
            [
                "您好。您有空吗？",
                "我是李明。",
                "单号{单号}。",
                "可以吗？好。"
            ]
        );
        let long = "很长的一句话，".repeat(40);
        let found = pieces(&long, 200, &slots);
        assert!(found.len() > 2 && found.iter().all(|piece| spoken_length(piece) <= 200));
        assert_eq!(found.concat(), long);
    }
}
