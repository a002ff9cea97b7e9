//! The questions customers ask, and the approved answers.
//!
//! Thread: any · In: the section · Out: pairs with their lines · Memory: the texts · Source: OutboundEval (arXiv
//! 2510.21244), whose files spell a pair in eight ways: `Q:` and `A:`, `问：` and `答：`, `客户问：` and `回答：`, `问题1：` and
//! `答案：`, numbered, bold, on a bullet or not, quoted or not, and with no prefix at all.

use super::markdown::{Item, Marker, Section, after_label, unquoted};
use super::notes::Notes;

const QUESTION: &[&str] = &["客户问", "问题", "客户", "问", "Q", "q"];
const ANSWER: &[&str] = &["回答", "答案", "答", "A", "a"];

/// A question with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    /// Line of the question.
    pub(super) line: usize,
    pub(super) question: String,
    pub(super) answer: String,
}

/// All pairs in their order.
pub(super) fn pairs(section: &Section, notes: &mut Notes) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = Vec::new();
    for line in section.filled() {
        let item = Item::of(line);
        let text = item.text.as_str();
        // Quotes may stand around the text, or around the prefix too.
        let bare = unquoted(text);
        let open = pairs.last_mut().filter(|pair| pair.answer.is_empty());
        if let Some(answer) = after_label(bare, ANSWER) {
            match pairs.last_mut() {
                Some(pair) => extend(&mut pair.answer, unquoted(answer)),
                None => notes.loss(
                    item.line,
                    "an answer without a question",
                    "it is in `[source]` only",
                ),
            }
        } else if let Some(question) = after_label(bare, QUESTION) {
            push(&mut pairs, item.line, question, notes);
        } else if item.marker == Marker::Heading {
            notes.add(
                item.line,
                "a heading among the questions",
                "it was passed over",
            );
        } else if let Some(pair) = open
            && (item.indent > 0 || !text.contains(['？', '?']))
        {
            extend(&mut pair.answer, bare);
        } else if item.indent > 0
            && let Some(pair) = pairs.last_mut()
        {
            extend(&mut pair.answer, bare);
        } else {
            push(&mut pairs, item.line, text, notes);
        }
    }
    close(&mut pairs, notes);
    pairs
}

/// Opens a pair, with its answer when that stands on the same line.
fn push(pairs: &mut Vec<Pair>, line: usize, text: &str, notes: &mut Notes) {
    close(pairs, notes);
    let mut split = None;
    for sign in ["答：", "答:", "A：", "A:"] {
        if let Some((question, answer)) = text.split_once(sign)
            && question
                .trim_end()
                .ends_with(['？', '?', '”', '」', '。', '！'])
        {
            split = Some((question.trim(), answer.trim()));
        }
    }
    let (question, answer) = split.unwrap_or((text, ""));
    pairs.push(Pair {
        line,
        question: unquoted(question.trim_end_matches(['：', ':'])).to_owned(),
        answer: unquoted(answer).to_owned(),
    });
}

/// Drops a last question that got no answer.
fn close(pairs: &mut Vec<Pair>, notes: &mut Notes) {
    if let Some(pair) = pairs.pop_if(|pair| pair.answer.is_empty()) {
        notes.loss(
            pair.line,
            &format!("`{}` has no answer", pair.question),
            "it is in `[source]` only",
        );
    }
}

fn extend(answer: &mut String, text: &str) {
    if !answer.is_empty() && !answer.ends_with(['。', '！', '？', '!', '?', '；', '，', '：'])
    {
        answer.push('，');
    }
    answer.push_str(text);
}
