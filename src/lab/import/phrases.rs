//! What customers say, as phrases for plain matching.
//!
//! Thread: any · In: questions of the scenario, titles of steps · Out: normal phrases, each in one place only · Memory:
//! the phrases taken · Source: ours. Whole clauses, because shorter words of Chinese would match inside others; a
//! caller who words it otherwise is not recognised this way.

use std::collections::BTreeSet;

use super::notes::Notes;
use patter_language::text::{is_ideograph, normalise};

/// Fewest letters of a phrase: shorter ones ("多久") stand inside too many other sentences.
const MIN_LETTERS: usize = 4;

/// Most letters of a phrase from a title; longer ones nobody says.
const MAX_TITLE_LETTERS: usize = 8;

/// Beginnings that carry nothing.
const BEGINNINGS: &[&str] = &[
    "请问",
    "那么",
    "那",
    "另外",
    "还有",
    "嗯",
    "呃",
    "就是",
    "我想问",
    "想问",
];

/// Ends that carry nothing.
const ENDS: &[char] = &['吗', '呢', '吧', '啊', '呀', '了', '嘛', '么', '哦'];

/// Verbs of titles: what is left after them is what the step is about.
const VERBS: &[&str] = &[
    "详细", "系统", "主动", "简要", "说明", "介绍", "讲解", "解释", "确认", "核实", "核对", "核查",
    "了解", "询问", "引导", "阐明", "告知", "收集", "提醒", "推荐", "展示", "明确", "快速", "礼貌",
];

/// The phrases of one playbook.
#[derive(Debug, Default)]
pub(super) struct Phrases(BTreeSet<String>);

impl Phrases {
    /// Those of `phrases` that lead nowhere else yet.
    pub(super) fn take<'a>(&mut self, phrases: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let normal = phrases.into_iter().map(normalise);
        normal
            .filter(|phrase| !phrase.is_empty() && self.0.insert(phrase.clone()))
            .collect()
    }

    /// The clauses of a question; when all are short, the question.
    pub(super) fn of_question(
        &mut self,
        question: &str,
        line: usize,
        notes: &mut Notes,
    ) -> Vec<String> {
        let clauses = question.split(|letter: char| {
            letter.is_ascii_punctuation() && letter != '\''
                || "？，。！；、：…—～“”‘’（）".contains(letter)
        });
        let mut phrases: Vec<String> = clauses
            .map(core)
            .filter(|phrase| phrase.chars().count() >= MIN_LETTERS)
            .collect();
        if phrases.is_empty() {
            phrases.push(normalise(question));
        }
        let taken = self.take(phrases.iter().map(String::as_str));
        if !taken.is_empty() {
            return taken;
        }
        let whole = self.take([question]);
        if whole.is_empty() {
            notes.loss(
                line,
                &format!("`{question}` is asked elsewhere too"),
                "its answer is in `[source]` only",
            );
        }
        whole
    }

    /// What a step is about, as a caller may name it.
    pub(super) fn of_title(&mut self, title: &str) -> Vec<String> {
        let parts = title.split([
            '与', '和', '及', '、', '，', '/', '+', '（', '）', '：', '—', ' ', '并',
        ]);
        let topics = parts.map(|part| {
            let mut part = part;
            while let Some(rest) = VERBS.iter().find_map(|verb| part.strip_prefix(verb)) {
                part = rest;
            }
            part
        });
        let topics: Vec<&str> = topics
            .filter(|topic| {
                (MIN_LETTERS..=MAX_TITLE_LETTERS).contains(&topic.chars().count())
                    && topic.chars().all(is_ideograph)
            })
            .collect();
        self.take(topics)
    }
}

/// A clause without its polite beginning and its particles.
fn core(clause: &str) -> String {
    let mut normal = normalise(clause);
    while let Some(rest) = BEGINNINGS
        .iter()
        .find_map(|beginning| normal.strip_prefix(beginning))
    {
        normal = rest.trim_start().to_owned();
    }
    normal.truncate(normal.trim_end_matches(ENDS).trim_end().len());
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_become_clauses_that_a_caller_may_say() {
        let mut phrases = Phrases::default();
        let mut notes = Notes::default();
        assert_eq!(
            phrases.of_question("请问多久到账呢？钱退到哪里？", 1, &mut notes),
            ["多久到账", "钱退到哪里"]
        );
        assert_eq!(phrases.of_question("多久？", 2, &mut notes), ["多久"]);
        assert!(phrases.of_question("多久到账", 3, &mut notes).is_empty());
        assert!(
            notes
                .finish()
                .iter()
                .any(|note| note.line == 3 && note.loses)
        );
    }

    #[test]
    fn titles_give_their_topics() {
        let found = Phrases::default().of_title("详细说明补偿方案与流程");
        assert_eq!(found, ["补偿方案"]);
    }
}
