//! Which approved lines fit what the caller just said: an index over a playbook's lines, asked once a turn.
//!
//! Thread: any; the index is built once and shared, and no question changes it. In: the lines ([`Entry`]); then the
//! stage, the intent, and the caller's words ([`Query`]). Out: at most `k` lines, best first ([`Found`]); the same for
//! the same question, on every machine. Memory: the index, eight bytes for each word and each trigram of a line, and
//! the terms; a question takes four bytes a line, and its own words. When late or full: of long talk only the end
//! counts (2 kB), and of an endless word the beginning. Source: BM25 over several fields, Robertson and Zaragoza, "The
//! Probabilistic Relevance Framework: BM25 and Beyond" (2009), section 3.6; character trigrams as in Damashek, "Gauging
//! Similarity with n-Grams" (Science 267, 1995).

#[cfg(test)]
mod hostile;
mod postings;
mod terms;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::HashMap;

use postings::{Builder, Postings};
use terms::Terms;

/// Share of the relevance that character trigrams decide; the rest is the words'.
const GRAM_SHARE: f32 = 0.4;
/// What it adds that the line is for the caller's intent, beside a relevance from 0 to 1.
const SAME_INTENT: f32 = 0.5;
/// What it adds, as a part of the score, that the line is of this very stage, and not for all of them.
const SAME_STAGE: f32 = 0.15;
/// What the highest priority adds, as a part of the score, and the lowest takes off.
const PRIORITY: f32 = 0.1;
/// The priority that brings half of that.
const HALF_PRIORITY: f32 = 10.0;
/// What is left of the score of a line that is said for the second time.
const SAID_BEFORE: f32 = 0.85;

/// An approved line, as the index takes it.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Names the line in what is found, and where it is asked whether it was said. Unique.
    pub id: u32,
    /// The line.
    pub text: &'a str,
    /// Phrases and examples of what it answers.
    pub about: &'a str,
    /// The only stage it may be said in; None: every stage.
    pub stage: Option<&'a str>,
    /// The intent it answers; None: found by its words alone.
    pub intent: Option<&'a str>,
    /// Higher is better, between lines that fit about as well.
    pub priority: i32,
    /// It may be said only once in a call.
    pub once: bool,
    /// What must be filled before it can be said.
    pub slots: &'a [String],
}

/// What is looked for.
#[derive(Clone, Copy)]
pub struct Query<'a> {
    /// Where the conversation stands; None: nowhere, so that only lines for every stage fit.
    pub stage: Option<&'a str>,
    /// What the caller wants, if that is known.
    pub intent: Option<&'a str>,
    /// The caller's words; without any, stage, intent and priority decide, in this order.
    pub words: &'a str,
    /// Whether the line of this id was said in this call.
    pub said: &'a dyn Fn(u32) -> bool,
    /// Whether the slot of this name has a value.
    pub filled: &'a dyn Fn(&str) -> bool,
}

/// A line that may be said now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The entry's id.
    pub id: u32,
    /// What decides the order. Compare it within one answer only.
    pub score: f32,
    /// How well the caller's words fit, stage and intent aside: from 0, nothing in common, to below 1. For a threshold.
    pub relevance: f32,
}

/// The approved lines, ready to be searched.
#[derive(Debug, Default)]
pub struct Index {
    lines: Vec<Line>,
    stages: HashMap<String, u32>,
    intents: HashMap<String, u32>,
    words: Postings<String>,
    grams: Postings<[char; 3]>,
}

/// An entry without its words.
#[derive(Debug)]
struct Line {
    id: u32,
    stage: Option<u32>,
    intent: Option<u32>,
    priority: i32,
    once: bool,
    slots: Box<[String]>,
}

/// A line in the running for an answer.
struct Candidate<'a> {
    found: Found,
    line: &'a Line,
}

impl Index {
    /// Reads the lines.
    pub fn new<'a>(entries: impl IntoIterator<Item = Entry<'a>>) -> Self {
        let mut index = Self::default();
        let (mut words, mut grams) = (Builder::default(), Builder::default());
        for entry in entries {
            index.lines.push(Line {
                id: entry.id,
                stage: entry.stage.map(|name| number(&mut index.stages, name)),
                intent: entry.intent.map(|name| number(&mut index.intents, name)),
                priority: entry.priority,
                once: entry.once,
                slots: entry.slots.into(),
            });
            let (about_words, about_grams) = Terms::of(entry.about).into_keys();
            let (text_words, text_grams) = Terms::of(entry.text).into_keys();
            words.push([about_words, text_words]);
            grams.push([about_grams, text_grams]);
        }
        index.words = words.build();
        index.grams = grams.build();
        index
    }

    /// How many lines it holds.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The `k` best lines that may be said now: of this stage or of all, with every slot filled, and not said before if
    /// once is all they are good for. Without words: all such lines. With words: those that share some, or answer the
    /// intent.
    ///
    /// Lines of the same score come by priority, then by id.
    pub fn find(&self, query: &Query<'_>, k: usize) -> Vec<Found> {
        let k = k.min(self.lines.len());
        if k == 0 {
            return Vec::new();
        }
        let asked = Terms::of(terms::end_of(query.words));
        let relevance = self.relevance(&asked);
        let stage = query.stage.and_then(|name| self.stages.get(name).copied());
        let intent = query
            .intent
            .and_then(|name| self.intents.get(name).copied());
        let mut best: Vec<Candidate<'_>> = Vec::with_capacity(k + 1);
        for (line, relevance) in self.lines.iter().zip(relevance) {
            if line.stage.is_some() && line.stage != stage {
                continue;
            }
            let same_stage = line.stage.is_some();
            let same_intent = line.intent.is_some() && line.intent == intent;
            let score = if asked.is_empty() {
                score_without_words(line, same_stage, same_intent)
            } else if relevance > 0.0 || same_intent {
                score_of(line, relevance, same_stage, same_intent)
            } else {
                continue;
            };
            let found = Found {
                id: line.id,
                score,
                relevance,
            };
            admit(Candidate { found, line }, query, k, &mut best);
        }
        best.into_iter().map(|candidate| candidate.found).collect()
    }

    /// For each line, how well the words fit.
    fn relevance(&self, asked: &Terms) -> Vec<f32> {
        let mut scores = vec![0.0; self.lines.len()];
        if asked.is_empty() {
            return scores;
        }
        let words = asked.words.iter().map(|word| (&word.key, word.weight));
        self.words
            .add(words.collect(), 1.0 - GRAM_SHARE, &mut scores);
        let grams = asked.grams.iter().map(|gram| (gram, 1.0));
        self.grams.add(grams.collect(), GRAM_SHARE, &mut scores);
        scores
    }
}

/// The number of a name, the next one if it is new.
fn number(names: &mut HashMap<String, u32>, name: &str) -> u32 {
    let next = names.len() as u32;
    *names.entry(name.to_owned()).or_insert(next)
}

/// Stage and priority are factors, so that they tip the balance between lines that fit about as well, however strong
/// the evidence is.
fn score_of(line: &Line, relevance: f32, same_stage: bool, same_intent: bool) -> f32 {
    let evidence = relevance + if same_intent { SAME_INTENT } else { 0.0 };
    let stage = if same_stage { SAME_STAGE } else { 0.0 };
    evidence * (1.0 + stage + PRIORITY * priority(line))
}

/// Priority is below 1, so that stage, intent and priority decide in this order.
fn score_without_words(line: &Line, same_stage: bool, same_intent: bool) -> f32 {
    let bit = |is: bool, worth: f32| if is { worth } else { 0.0 };
    1.0 + bit(same_stage, 4.0) + bit(same_intent, 2.0) + priority(line)
}

/// The priority, from -1 to 1.
fn priority(line: &Line) -> f32 {
    let priority = line.priority as f32;
    priority / (priority.abs() + HALF_PRIORITY)
}

/// Takes a line among the `k` best, if it is one of them and may be said.
fn admit<'a>(
    mut candidate: Candidate<'a>,
    query: &Query<'_>,
    k: usize,
    best: &mut Vec<Candidate<'a>>,
) {
    let beaten = |candidate: &Candidate<'_>, best: &[Candidate<'_>]| {
        best.len() == k
            && best
                .last()
                .is_some_and(|last| order(last, candidate).is_lt())
    };
    // The caller's functions may be slow, and what a line loses by them only puts it further back.
    if beaten(&candidate, best) || !candidate.line.slots.iter().all(|name| (query.filled)(name)) {
        return;
    }
    if (query.said)(candidate.found.id) {
        if candidate.line.once {
            return;
        }
        candidate.found.score *= SAID_BEFORE;
        if beaten(&candidate, best) {
            return;
        }
    }
    let at = best.partition_point(|other| order(other, &candidate).is_le());
    best.insert(at, candidate);
    best.truncate(k);
}

/// The better of two lines first.
fn order(one: &Candidate<'_>, other: &Candidate<'_>) -> Ordering {
    let by_score = other.found.score.total_cmp(&one.found.score);
    by_score
        .then(other.line.priority.cmp(&one.line.priority))
        .then(one.line.id.cmp(&other.line.id))
}
