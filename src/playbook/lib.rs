//! The playbook: one TOML file that says who the agent is, what it may say, and when.
//!
//! Nine sections describe the call (role, persona, flow, objections, facts, terminology, examples,
//! compliance, slots) and a tenth, `lines`, holds the fixed sentences every call needs. The file is
//! the only place with words for the caller, so all that is said can be read and approved there.
//!
//! Thread: loaded once before a call; then shared, read only, by the dialogue threads ·
//! In: TOML text, what the caller said as text, slot values ·
//! Out: [`Match`], filled lines ready to speak, the prompt of the language model ·
//! Memory: all at load; short strings per turn ·
//! When late or full: a file over [`MAX_FILE_BYTES`] is refused ·
//! Source: the nine prompt sections of arXiv 2509.04871, with small prompts as in arXiv 2602.15859.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

mod caller_examples;
mod graph;
mod lint;
mod phrases;
mod place;
mod prompt;
mod renamed;
mod rules;
mod sections;
mod slot;
mod spoken;

pub use caller_examples::{CallerExample, UNKNOWN};
pub use graph::{Edge, Graph, Node, NodeKind};
use patter_language::text;
use patter_types::text::line_and_column;
pub use phrases::{Match, MatchKind};
pub use place::Places;
pub use prompt::{FULL_PROMPT_RULES, OPEN_PROMPT_RULES, PROMPT_RULES};
pub use rules::MAX_TEXT_CHARACTERS;
pub use rules::Problem;
pub use sections::{
    Compliance, Example, Fact, Intent, Lines, Objection, Persona, Role, ScriptLine, Source,
    SourceSection, Stage, Success, Terminology, Then, Unknown, Use, Way,
};
pub use slot::{Origin, Slot, SlotType};
pub use spoken::LineReading;

/// Longest playbook file that is read, in bytes; the shipped ones have up to 20,000.
pub const MAX_FILE_BYTES: u64 = 256 * 1024;

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A playbook as read from its file. [`Playbook::load`] has also checked its rules.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    title = "Patter playbook",
    description = "What the agent may say on a call, in nine sections and the fixed lines."
)]
pub struct Playbook {
    /// Name of the playbook for people, never spoken.
    pub title: String,
    /// Language of every line, as in `en`.
    pub language: String,
    /// Section 1: who the agent is and what for.
    pub role: Role,
    /// Section 2: how the agent sounds.
    pub persona: Persona,
    /// Section 3: the stages of the call, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flow: Vec<Stage>,
    /// Section 4: worries of the caller and what to answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objections: Vec<Objection>,
    /// Section 3 as well: lines for one stage, one meaning of the caller's words, or both.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub script: Vec<ScriptLine>,
    /// Section 5: approved answers, the most important first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// What else callers mean; lines elsewhere refer to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intents: Vec<Intent>,
    /// What callers ask that has no answer here.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unknown: Unknown,
    /// Section 6: words to use and words to leave out.
    #[serde(default)]
    pub terminology: Terminology,
    /// Section 7: turns that show how to answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
    /// Section 8: what must be said, and what ends the call.
    pub compliance: Compliance,
    /// Section 9: what the call knows, and what it asks the caller for.
    #[serde(default)]
    pub slots: BTreeMap<String, Slot>,
    /// Section 1 as well: when the call has reached its goal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<Success>,
    /// What a key on the caller's phone stands for: words, as if the caller had said them. Where a number is asked for,
    /// keys are its digits.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, String>,
    /// The fixed sentences of every call.
    pub lines: Lines,
    /// Where it is from, when it was imported.
    pub source: Option<Source>,
}

/// Why there is no playbook.
#[derive(Debug, Error)]
pub enum PlaybookError {
    /// The file could not be read.
    #[error("cannot read playbook `{path}`", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The text is not TOML, or a key is missing, unknown or of the wrong type.
    #[error("playbook `{name}`, line {line}, column {column}: {message}")]
    Toml {
        /// The playbook.
        name: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong, in one line.
        message: String,
    },
    /// The text is a playbook that breaks a rule.
    #[error("playbook `{name}`, {problem}")]
    Rule {
        /// The playbook.
        name: String,
        /// The first broken rule.
        problem: Problem,
    },
}

impl PlaybookError {
    /// What to try next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { .. } => "the shipped playbooks are in `playbooks/`".into(),
            Self::Toml { .. } => {
                "compare with `playbooks/fitness.toml`, which holds every key".into()
            }
            Self::Rule { problem, .. } => problem.hint.to_string(),
        })
    }
}

impl Playbook {
    /// Reads the file at `path` and checks its rules.
    ///
    /// # Errors
    /// When the file cannot be read or is too large, is not a playbook, or breaks a rule.
    pub fn load(path: &Path) -> Result<Self, PlaybookError> {
        let name = path.display().to_string();
        let playbook = Self::parse(&Self::read_text(path)?, &name)?;
        match playbook.validate().into_iter().next() {
            Some(problem) => Err(PlaybookError::Rule { name, problem }),
            None => Ok(playbook),
        }
    }

    /// The text of the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read, is no UTF-8, or is over [`MAX_FILE_BYTES`].
    pub fn read_text(path: &Path) -> Result<String, PlaybookError> {
        let unreadable = |source| PlaybookError::Read {
            path: path.to_owned(),
            source,
        };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(unreadable)?;
        file.take(MAX_FILE_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            let message = format!("the file is over {MAX_FILE_BYTES} bytes");
            return Err(unreadable(io::Error::new(
                io::ErrorKind::FileTooLarge,
                message,
            )));
        }
        let text = String::from_utf8(bytes);
        text.map_err(|e| unreadable(io::Error::new(io::ErrorKind::InvalidData, e)))
    }

    /// Reads a playbook from text; `name` stands in the error. The rules are left to
    /// [`Playbook::validate`], so that a check can show all that is wrong.
    ///
    /// # Errors
    /// When the text is not TOML, or a key is missing, unknown or of the wrong type.
    pub fn parse(text: &str, name: &str) -> Result<Self, PlaybookError> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let is_doubled = error.message().starts_with("duplicate field");
            let doubled = is_doubled.then(|| Places::new(text).doubled()).flatten();
            let (start, message) = doubled.unwrap_or_else(|| {
                let start = error.span().map_or(0, |span| span.start);
                let message = text::single_spaced(error.message());
                (start, renamed::without_former(&message))
            });
            let (line, column) = line_and_column(text, start);
            PlaybookError::Toml {
                name: name.to_owned(),
                line,
                column,
                message,
            }
        })
    }

    /// The JSON schema of a playbook's file.
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// The playbook as TOML that [`Playbook::parse`] reads back; comments of a file it was read from are gone.
    ///
    /// # Errors
    /// When a number cannot be written.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string_pretty(self)
    }

    /// The stage with this id.
    pub fn stage(&self, id: &str) -> Option<&Stage> {
        self.flow.iter().find(|stage| stage.id == id)
    }

    /// The stage after a plain yes in stage `id`; `None` in the last one.
    pub fn stage_after(&self, id: &str) -> Option<&Stage> {
        let position = self.flow.iter().position(|stage| stage.id == id)?;
        match &self.flow[position].next {
            Some(next) => self.stage(next),
            None => self.flow.get(position + 1),
        }
    }

    /// The fact with this id.
    pub fn fact(&self, id: &str) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.id == id)
    }

    /// The objection with this id.
    pub fn objection(&self, id: &str) -> Option<&Objection> {
        self.objections.iter().find(|objection| objection.id == id)
    }

    /// `line` with each `{slot}` replaced from `slots`, else from the playbook's defaults.
    /// `None` when a slot has no value: such a line is never spoken.
    pub fn fill(&self, line: &str, slots: &BTreeMap<String, String>) -> Option<String> {
        let known = |value: Option<&String>| {
            let value = value?.trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        let default = |name: &str| self.slots.get(name).map(|slot| &slot.default);
        let mut filled = String::with_capacity(line.len());
        let mut rest = line;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after.split_once('}')?;
            filled.push_str(before);
            filled.push_str(&known(slots.get(name)).or_else(|| known(default(name)))?);
            rest = tail;
        }
        filled.push_str(rest);
        Some(filled)
    }

    /// Every text that may be read aloud.
    pub fn spoken_texts(&self) -> impl Iterator<Item = &str> {
        let texts = self.texts().into_iter();
        texts.filter(|text| text.2.is_spoken()).map(|text| text.1)
    }

    /// Names of the slots that `line` holds.
    pub fn slots_in(&self, line: &str) -> Vec<String> {
        let names = text::slot_names(line).unwrap_or_default();
        names.into_iter().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FITNESS: &str = include_str!("../../playbooks/fitness.toml");

    /// Each shipped playbook with the name of its file.
    pub(crate) const SHIPPED: [(&str, &str); 5] = [
        ("fitness", FITNESS),
        (
            "bank_complaint",
            include_str!("../../playbooks/bank_complaint.toml"),
        ),
        (
            "interview_scheduling",
            include_str!("../../playbooks/interview_scheduling.toml"),
        ),
        (
            "appointment_confirmation",
            include_str!("../../playbooks/appointment_confirmation.toml"),
        ),
        (
            "satisfaction_survey",
            include_str!("../../playbooks/satisfaction_survey.toml"),
        ),
    ];

    fn shipped() -> [Playbook; 5] {
        SHIPPED.map(|(name, text)| Playbook::parse(text, name).unwrap())
    }

    #[test]
    fn shipped_playbooks_break_no_rule() {
        for playbook in shipped() {
            assert_eq!(playbook.validate(), [], "{}", playbook.title);
            assert!(
                playbook.facts.len() >= 12
                    && playbook.objections.len() >= 6
                    && playbook.examples.len() >= 3
            );
            assert!(
                playbook
                    .objections
                    .iter()
                    .all(|objection| objection.say.len() >= 2)
            );
        }
    }

    #[test]
    fn written_playbooks_read_back_the_same() {
        for playbook in shipped() {
            let text = playbook.to_toml().unwrap();
            assert_eq!(Playbook::parse(&text, "written").unwrap(), playbook);
        }
    }

    #[test]
    fn shipped_facts_leave_the_question_to_the_stage() {
        for playbook in shipped() {
            assert!(playbook.facts.iter().all(|fact| !fact.say.contains('?')));
            assert!(playbook.flow.iter().all(|stage| stage.ask.ends_with('?')));
        }
    }

    #[test]
    fn first_clause_of_each_answer_is_short() {
        for playbook in shipped() {
            let facts = playbook.facts.iter().map(|fact| &fact.say);
            for line in facts.chain(
                playbook
                    .objections
                    .iter()
                    .flat_map(|objection| &objection.say),
            ) {
                let clause = line.split(['.', ',', '?']).next().unwrap();
                assert!(clause.len() <= 45, "{line}");
            }
        }
    }

    #[test]
    fn plain_yes_skips_the_objection_stage() {
        let [fitness, bank, ..] = shipped();
        assert_eq!(fitness.stage_after("opening").unwrap().id, "discovery");
        assert_eq!(fitness.stage_after("pitch").unwrap().id, "closing");
        assert_eq!(bank.stage_after("close"), None);
    }

    #[test]
    fn unfilled_slot_keeps_the_line_unspoken() {
        let [fitness, ..] = shipped();
        let mut slots = BTreeMap::new();
        assert_eq!(fitness.fill("See you {day}.", &slots), None);
        assert_eq!(fitness.fill("See you {nowhere}.", &slots), None);
        assert_eq!(fitness.fill("See you {day", &slots), None);
        assert_eq!(fitness.fill("Hi {customer}.", &slots).unwrap(), "Hi there.");
        slots.insert("day".to_owned(), "{time}".to_owned());
        assert_eq!(
            fitness.fill("See you {day}.", &slots).unwrap(),
            "See you {time}."
        );
    }

    #[test]
    fn unknown_key_is_named_with_its_line() {
        let text = FITNESS.replace("tone = ", "tune = ");
        let error = Playbook::parse(&text, "fitness").unwrap_err();
        let line = text
            .lines()
            .position(|line| line.starts_with("tune"))
            .unwrap()
            + 1;
        let message = error.to_string();
        assert!(
            message.starts_with(&format!("playbook `fitness`, line {line}, column 1: ")),
            "{message}"
        );
        assert!(
            message.contains("`tune`") && !message.contains('\n'),
            "{message}"
        );
    }

    #[test]
    fn load_names_the_file_or_the_broken_rule() {
        let error = Playbook::load(Path::new("no/such.toml")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read playbook `no/such.toml`");
        let path =
            std::env::temp_dir().join(format!("patter-playbook-{}.toml", std::process::id()));
        std::fs::write(
            &path,
            FITNESS.replace("Do you have a minute?", "Do you have XX minutes?"),
        )
        .unwrap();
        let error = Playbook::load(&path).unwrap_err();
        std::fs::remove_file(&path).unwrap();
        assert!(error.to_string().contains("`flow.opening.ask`"), "{error}");
        assert!(error.hint().is_some());
    }
}
