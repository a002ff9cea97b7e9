//! What may be claimed: the approved lines of the playbook, and what the caller said.
//!
//! Thread: any, read only. In: a playbook, slots; texts of the caller. Out: [`Ground`], and [`Line`]s to look claims up in.
//! Memory: the words of the playbook, once a call.
//!
//! A number alone proves little: "30 days" is the time to get one's money back, and no length of a trial. So a claim must also be about what the
//! approved line is about: at least half of the words of its clause that have a meaning, and of the playbook's words elsewhere in the sentence,
//! must be in the line, or in the phrases of callers that lead to it.

use std::collections::{BTreeMap, HashSet};

use super::figures::CALENDAR;
use super::numbers::{Number, is_number_word, numbers, runs};
use super::words::{MEASURES, is_function_word, spaced, stem};
use crate::dialogue::playbook::Playbook;
use crate::dialogue::words::{Word, words};

/// One text that claims can be looked up in.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    /// As phrases are looked for.
    pub(super) spaced: String,
    /// Stems of its words, and of the phrases that lead to it.
    pub(super) stems: HashSet<String>,
    /// Its numbers.
    pub(super) numbers: Vec<Number>,
    /// Figures of numbers that can be read out one by one: several side by side, long ones, and times.
    pub(super) runs: Vec<String>,
}

impl Line {
    /// A text, and texts that tell what it is about.
    pub(super) fn new(text: &str, about: &[&str]) -> Self {
        let found = words(text);
        let numbers = numbers(&found);
        let about = about.iter().flat_map(|text| words(text));
        Self {
            spaced: spaced(text),
            stems: found
                .iter()
                .cloned()
                .chain(about)
                .map(|word| stem(&word.plain))
                .collect(),
            runs: read_out(&numbers),
            numbers,
        }
    }
}

/// Figures of a number that is long enough to be a code.
const CODE_FIGURES: usize = 4;

fn read_out(numbers: &[Number]) -> Vec<String> {
    let several = runs(numbers).into_iter().filter(|(figures, parts)| {
        let is_time = numbers[parts.start].value.contains(':');
        parts.len() > 1 || figures.len() >= CODE_FIGURES || is_time
    });
    several.map(|(figures, _)| figures).collect()
}

/// All that the playbook approves.
#[derive(Debug)]
pub(super) struct Ground {
    /// The lines that are spoken, and the values of the slots.
    pub(super) lines: Vec<Line>,
    /// Stems that any of them holds: what the playbook talks about, and the names it knows.
    pub(super) known: HashSet<String>,
    /// Stems of names and titles: every line is about those.
    neutral: HashSet<String>,
}

impl Ground {
    pub(super) fn new(playbook: &Playbook, slots: &BTreeMap<String, String>) -> Self {
        let mut lines = Vec::new();
        let mut add = |text: &str, about: &[&str]| {
            let filled = playbook
                .fill(text, slots)
                .unwrap_or_else(|| text.to_owned());
            lines.push(Line::new(&filled, about));
        };
        for stage in &playbook.flow {
            add(&stage.ask, &[]);
        }
        for objection in &playbook.objections {
            let about: Vec<&str> = objection.when.iter().map(String::as_str).collect();
            for say in &objection.say {
                add(say, &about);
            }
        }
        for fact in &playbook.facts {
            let mut about: Vec<&str> = fact.when.iter().map(String::as_str).collect();
            about.push(&fact.id);
            add(&fact.say, &about);
            if let (Some(value), Some(unit)) = (fact.value, &fact.unit) {
                about.push(&fact.say);
                add(&format!("{value} {unit}"), &about);
            }
        }
        let fixed = &playbook.lines;
        for line in [
            &fixed.opening,
            &fixed.repeat,
            &fixed.silence,
            &fixed.gone,
            &fixed.bridge,
            &fixed.trouble,
            &fixed.goodbye,
            &fixed.fallback,
            &fixed.not_known,
            &playbook.compliance.opening_notice,
        ] {
            add(line, &[]);
        }
        let defaults = playbook.slots.iter();
        let defaults = defaults.map(|(name, slot)| (name, &slot.default));
        for (name, value) in defaults.chain(slots) {
            add(value, &[name]);
        }
        let role = &playbook.role;
        let names = format!("{} {} {}", role.name, role.company, playbook.title);
        let neutral: HashSet<String> = words(&names).iter().map(|word| stem(&word.plain)).collect();
        let spoken = lines
            .iter()
            .flat_map(|line| line.spaced.split_whitespace())
            .map(stem);
        let known = spoken.chain(neutral.iter().cloned()).collect();
        Self {
            lines,
            known,
            neutral,
        }
    }

    /// Whether a line that `fits` is about `topics`.
    pub(super) fn supports(&self, topics: &[String], fits: impl Fn(&Line) -> bool) -> bool {
        self.lines.iter().any(|line| {
            let shared = topics
                .iter()
                .filter(|topic| line.stems.contains(*topic))
                .count();
            2 * shared >= topics.len() && fits(line)
        })
    }

    /// Whether any line holds `phrase`.
    pub(super) fn says(&self, phrase: &str) -> bool {
        self.lines
            .iter()
            .any(|line| super::words::holds(&line.spaced, phrase))
    }

    /// What a claim that is the words `first` to `last` is about.
    pub(super) fn topics(&self, words: &[Word], first: usize, last: usize) -> Vec<String> {
        let before = words[..first].iter().rposition(|word| word.ends_clause);
        let start = before.map_or(0, |at| at + 1);
        let after = words[last..].iter().position(|word| word.ends_clause);
        let end = after.map_or(words.len(), |at| last + at + 1);
        // The word after a number is what it counts.
        let counted = last + usize::from(!words[last].ends_clause);
        let others = words
            .iter()
            .enumerate()
            .filter(|(at, _)| *at < first || *at > counted);
        others
            .filter_map(|(at, word)| {
                let topic = self.topic(&word.plain)?;
                let is_near = (start..end).contains(&at);
                (is_near || self.known.contains(&topic)).then_some(topic)
            })
            .collect()
    }

    /// What `spaced` is about beside the words of `phrase`.
    pub(super) fn topics_beside(&self, spaced: &str, phrase: &str) -> Vec<String> {
        let others = spaced
            .split_whitespace()
            .filter(|word| !phrase.split(' ').any(|part| part == *word));
        others.filter_map(|word| self.topic(word)).collect()
    }

    fn topic(&self, plain: &str) -> Option<String> {
        let stemmed = stem(plain);
        let is_plain = is_function_word(plain)
            || is_function_word(&stemmed)
            || stemmed.chars().count() < 2
            || is_number_word(plain)
            || MEASURES.contains(&stemmed.as_str())
            || CALENDAR.contains(&stemmed.as_str())
            || self.neutral.contains(&stemmed);
        (!is_plain).then_some(stemmed)
    }
}
