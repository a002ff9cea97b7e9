//! What the import met that is not as usual, by line.
//!
//! Thread: any · In: findings of the parsers · Out: [`Note`]s in the order of the lines · Memory: one short text each ·
//! Source: ours.

use std::fmt;

use serde::Serialize;

/// Something unusual in a file, and what was done about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Note {
    /// Line of the file, from 1.
    pub line: usize,
    /// What it is.
    pub what: String,
    /// What was done.
    pub done: String,
    /// Something of the file is used nowhere, or a rule of playbooks is broken: a person should look.
    pub loses: bool,
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}; {}", self.line, self.what, self.done)
    }
}

/// Collects notes.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<Note>);

impl Notes {
    /// Handled without loss.
    pub(super) fn add(&mut self, line: usize, what: &str, done: &str) {
        self.push(line, what, done, false);
    }

    /// Not handled, or not wholly.
    pub(super) fn loss(&mut self, line: usize, what: &str, done: &str) {
        self.push(line, what, done, true);
    }

    fn push(&mut self, line: usize, what: &str, done: &str, loses: bool) {
        self.0.push(Note {
            line: line.max(1),
            what: what.to_owned(),
            done: done.to_owned(),
            loses,
        });
    }

    /// All notes by line, each once.
    pub(super) fn finish(mut self) -> Vec<Note> {
        self.0.sort();
        self.0.dedup();
        self.0
    }
}
