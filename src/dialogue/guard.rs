//! What the model may say: each of its sentences is judged before it is spoken.
//!
//! Thread: `responder`, between the model and the voice. In: the model's sentences in order, the caller's words of this
//! call, the agent's last turns. Out: a [`Verdict`]. Memory: the words of the playbook, once a call; short strings per
//! sentence. When late: never, a sentence takes far less than a frame. Source: failure modes of arXiv 2509.04871;
//! limits from `[dialogue]`.
//!
//! A small model invents: prices, days, refunds, itself. Approved lines carry the facts of a call, so the guard may be
//! strict: a number, a date, a name or a promise passes only if the playbook's lines, the slots or (but for promises)
//! the caller's own words hold it, and a wrong refusal costs no more than an approved line in its place. Whether a
//! sentence fits what the caller said is not judged. Numbers in figures are found in any language, those in words,
//! names and promises in English.

use patter_types::reason::Reason;
use std::collections::BTreeMap;

use ground::{Ground, Line};
use patter_config::DialogueConfig;
use patter_playbook::Playbook;

pub mod audit;
mod claims;
mod figures;
mod format;
mod ground;
mod leaks;
mod names;
mod numbers;
mod shape;
#[cfg(test)]
mod tests;
mod words;

/// A reason, and the words that gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// The offending words.
    pub offending: String,
}

impl Refusal {
    fn new(reason: Reason, offending: String) -> Self {
        Self { reason, offending }
    }
}

/// What becomes of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is said, without the marks that are harmless.
    Speak(String),
    /// It is not said, nor is anything after it in this turn.
    Refuse(Refusal),
}

/// How long the model may speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most words of a sentence.
    pub sentence_words: usize,
    /// Most sentences of a turn.
    pub reply_sentences: usize,
}

impl From<&DialogueConfig> for Limits {
    fn from(config: &DialogueConfig) -> Self {
        Self {
            sentence_words: config.max_sentence_words as usize,
            reply_sentences: config.max_reply_sentences as usize,
        }
    }
}

/// One turn of the agent: what is known when it begins, and what was allowed in it so far.
#[derive(Debug, Clone, Default)]
pub struct Turn {
    heard: Line,
    /// Sentences of the last turns, as phrases are looked for.
    before: Vec<String>,
    said: Vec<String>,
    refused: bool,
}

impl Turn {
    /// `heard`: what the caller said in this call; `before`: the agent's last two turns.
    pub fn new<'a>(
        heard: impl Iterator<Item = &'a str>,
        before: impl Iterator<Item = &'a str>,
    ) -> Self {
        let heard: Vec<&str> = heard.collect();
        let sentences = before.flat_map(patter_language::sentence::Sentences::whole);
        Self {
            heard: Line::new(&heard.join("\n"), &[]),
            before: sentences.map(|sentence| words::spaced(&sentence)).collect(),
            ..Self::default()
        }
    }

    /// Takes in what the call knows beside the caller's words, such as the values of slots as they are spoken: they
    /// ground what the caller's words would.
    pub fn knowing<'a>(mut self, lines: impl IntoIterator<Item = &'a str>) -> Self {
        for line in lines {
            self.heard.add(Line::new(line, &[]));
        }
        self
    }

    /// What may be said, joined.
    pub fn said(&self) -> String {
        self.said.join(" ")
    }

    /// A sentence was refused: the turn is over.
    pub fn is_refused(&self) -> bool {
        self.refused
    }

    /// The last words allowed are the beginning of a sentence.
    pub fn is_open(&self) -> bool {
        self.open_clause().is_some()
    }

    fn open_clause(&self) -> Option<&str> {
        self.said
            .last()
            .map(String::as_str)
            .filter(|said| is_clause(said))
    }
}

fn is_clause(text: &str) -> bool {
    text.ends_with([',', ';', ':'])
}

/// Judges the sentences of one call.
#[derive(Debug)]
pub struct Guard {
    ground: Ground,
    /// Nothing is held against facts: a conversation about anything.
    open: bool,
    /// The agent's own name.
    name: String,
    /// The model's way to say that it does not know, as phrases are looked for.
    not_known: String,
    instructions: Vec<String>,
    stages: Vec<String>,
    banned: Vec<String>,
    terms: BTreeMap<String, String>,
    limits: Limits,
}

impl Guard {
    /// A guard that knows `playbook` and the `slots` of the call.
    pub fn new(playbook: &Playbook, slots: &BTreeMap<String, String>, limits: Limits) -> Self {
        let banned = playbook.terminology.avoid.iter();
        Self {
            ground: Ground::new(playbook, slots),
            open: playbook.persona.open,
            name: playbook.role.name.clone(),
            not_known: words::spaced(&playbook.not_known()),
            instructions: leaks::instructions(playbook),
            stages: leaks::stage_names(playbook),
            banned: banned
                .map(|word| words::spaced(word).trim().to_owned())
                .filter(|word| !word.is_empty())
                .collect(),
            terms: playbook.terminology.say.clone(),
            limits,
        }
    }

    /// Judges the next sentence of `turn`; an allowed one counts as said in it.
    pub fn check(&self, turn: &mut Turn, sentence: &str) -> Verdict {
        let cleaned = format::with_terms(&format::clean(sentence, &self.name), &self.terms);
        match self.refusal(turn, &cleaned) {
            None => {
                turn.said.push(cleaned.clone());
                Verdict::Speak(cleaned)
            }
            Some(refusal) => {
                turn.refused = true;
                Verdict::Refuse(refusal)
            }
        }
    }

    /// The first reason against `sentence`: what it is comes before what it claims, and how it sounds comes last.
    fn refusal(&self, turn: &Turn, sentence: &str) -> Option<Refusal> {
        // A clause that was already said belongs to it: "For the trial," "that's 29 dollars."
        let whole = match turn.open_clause() {
            Some(open) => format!("{open} {sentence}"),
            None => sentence.to_owned(),
        };
        let found = patter_language::words::words(&whole);
        let spaced = words::spaced(&whole);
        let (ground, heard) = (&self.ground, &turn.heard);
        let not_known =
            (spaced == self.not_known).then(|| Refusal::new(Reason::NotKnown, sentence.to_owned()));
        let not_grounded = || {
            claims::condolence(&spaced, &heard.spaced)
                .or_else(|| figures::check(ground, heard, &found))
                .or_else(|| names::check(ground, heard, &found))
                .or_else(|| claims::check(ground, heard, &whole))
        };
        not_known
            .filter(|_| !self.open)
            .or_else(|| format::check(sentence))
            .or_else(|| leaks::check(ground, &self.instructions, &self.stages, sentence, &spaced))
            .or_else(|| (!self.open).then(not_grounded).flatten())
            .or_else(|| shape::check(&self.limits, &self.banned, turn, sentence))
    }
}
