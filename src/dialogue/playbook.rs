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

use serde::Deserialize;
use thiserror::Error;

mod phrases;
mod rules;
mod sections;
mod text;

pub use phrases::{Match, MatchKind};
pub use rules::Problem;
pub use sections::{
    Compliance, Example, Fact, Lines, Objection, Persona, Role, Stage, Terminology,
};
pub use text::normalise;

use text::count_words;

/// Longest playbook file that is read, in bytes; the shipped ones have about 15,000.
pub const MAX_FILE_BYTES: u64 = 256 * 1024;

/// Most words of [`Playbook::system_prompt`]: a small model on a processor reads few tokens a second.
pub const MAX_PROMPT_WORDS: usize = 260;

/// Most facts in [`Playbook::system_prompt`]; the others are found by [`Playbook::matches`].
const MAX_PROMPT_FACTS: usize = 10;

const PROMPT_RULES: &str = "Reply in one or two short spoken sentences. Ask at most one question. \
Never use lists. Use only these facts. If the facts do not say it, say you do not know.";

/// A playbook as read from its file. [`Playbook::load`] has also checked its rules.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
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
    #[serde(default)]
    pub flow: Vec<Stage>,
    /// Section 4: worries of the caller and what to answer.
    #[serde(default)]
    pub objections: Vec<Objection>,
    /// Section 5: approved answers, the most important first.
    #[serde(default)]
    pub facts: Vec<Fact>,
    /// Section 6: words to use and words to leave out.
    #[serde(default)]
    pub terminology: Terminology,
    /// Section 7: turns that show how to answer.
    #[serde(default)]
    pub examples: Vec<Example>,
    /// Section 8: what must be said, and what ends the call.
    pub compliance: Compliance,
    /// Section 9: default of each slot; an empty one is unknown until the call fills it.
    #[serde(default)]
    pub slots: BTreeMap<String, String>,
    /// The fixed sentences of every call.
    pub lines: Lines,
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
        let unreadable = |source| PlaybookError::Read {
            path: path.to_owned(),
            source,
        };
        let mut text = String::new();
        let mut file = File::open(path)
            .map_err(unreadable)?
            .take(MAX_FILE_BYTES + 1);
        let size = file.read_to_string(&mut text).map_err(unreadable)?;
        if size as u64 > MAX_FILE_BYTES {
            let message = format!("the file is over {MAX_FILE_BYTES} bytes");
            return Err(unreadable(io::Error::new(
                io::ErrorKind::FileTooLarge,
                message,
            )));
        }
        let name = path.display().to_string();
        let playbook = Self::parse(&text, &name)?;
        match playbook.validate().into_iter().next() {
            Some(problem) => Err(PlaybookError::Rule { name, problem }),
            None => Ok(playbook),
        }
    }

    /// Reads a playbook from text; `name` stands in the error. The rules are left to
    /// [`Playbook::validate`], so that a check can show all that is wrong.
    ///
    /// # Errors
    /// When the text is not TOML, or a key is missing, unknown or of the wrong type.
    pub fn parse(text: &str, name: &str) -> Result<Self, PlaybookError> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let start = error.span().map_or(0, |span| span.start);
            let before = text.get(..start).unwrap_or(text);
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            PlaybookError::Toml {
                name: name.to_owned(),
                line: before.matches('\n').count() + 1,
                column: before[line_start..].chars().count() + 1,
                message: error
                    .message()
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" "),
            }
        })
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
        let value_of = |values: &BTreeMap<String, String>, name: &str| {
            let value = values.get(name)?.trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        let mut filled = String::with_capacity(line.len());
        let mut rest = line;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after.split_once('}')?;
            filled.push_str(before);
            filled.push_str(&value_of(slots, name).or_else(|| value_of(&self.slots, name))?);
            rest = tail;
        }
        filled.push_str(rest);
        Some(filled)
    }

    /// The prompt of a small language model, at most [`MAX_PROMPT_WORDS`] words: who it is, its
    /// goal and tone, the first facts of the file that can be said now, and the rules.
    pub fn system_prompt(&self, slots: &BTreeMap<String, String>) -> String {
        let fill = |line: &str| self.fill(line, slots).unwrap_or_default();
        let role = &self.role;
        let head = format!(
            "You are {} of {}, a voice agent on a phone call. {}\nGoal: {}\nTone: {}. {}.\n",
            fill(&role.name),
            fill(&role.company),
            fill(&role.task),
            fill(&role.goal),
            self.persona.tone,
            self.persona.style.join(", "),
        );
        let mut room =
            MAX_PROMPT_WORDS.saturating_sub(count_words(&head) + count_words(PROMPT_RULES) + 2);
        // Rules come before facts for their place in the budget: a call can look a fact up later.
        let mut take = |text: &str| {
            let words = count_words(text);
            let fits = !text.is_empty() && words <= room;
            room -= if fits { words } else { 0 };
            fits
        };
        let terms = self
            .terminology
            .say
            .iter()
            .map(|(from, to)| format!("Say {to}, not {from}."));
        let rules: Vec<String> = self
            .compliance
            .rules
            .iter()
            .map(|rule| fill(rule))
            .chain(terms)
            .filter(|text| take(text))
            .collect();
        let facts = self
            .facts
            .iter()
            .filter_map(|fact| self.fill(&fact.say, slots));
        let facts: Vec<String> = facts
            .filter(|text| take(text))
            .take(MAX_PROMPT_FACTS)
            .collect();
        format!(
            "{head}Facts: {}\nRules: {PROMPT_RULES} {}",
            facts.join(" "),
            rules.join(" ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FITNESS: &str = include_str!("../../playbooks/fitness.toml");
    const BANK: &str = include_str!("../../playbooks/bank_complaint.toml");

    fn shipped() -> [Playbook; 2] {
        [("fitness", FITNESS), ("bank_complaint", BANK)]
            .map(|(name, text)| Playbook::parse(text, name).unwrap())
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
        let [fitness, bank] = shipped();
        assert_eq!(fitness.stage_after("opening").unwrap().id, "discovery");
        assert_eq!(fitness.stage_after("pitch").unwrap().id, "closing");
        assert_eq!(bank.stage_after("close"), None);
    }

    #[test]
    fn unfilled_slot_keeps_the_line_unspoken() {
        let [fitness, _] = shipped();
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

    #[test]
    fn prompt_of_a_shipped_playbook_is_compact() {
        for playbook in shipped() {
            let prompt = playbook.system_prompt(&BTreeMap::new());
            assert!(
                count_words(&prompt) <= MAX_PROMPT_WORDS,
                "{}",
                count_words(&prompt)
            );
            let facts = playbook
                .facts
                .iter()
                .filter(|fact| prompt.contains(&fact.say))
                .count();
            assert!((6..=10).contains(&facts), "{facts} facts");
            for part in [
                &playbook.role.company,
                &playbook.role.goal,
                "Never use lists.",
                "Use only these facts.",
            ] {
                assert!(prompt.contains(part), "{part}");
            }
        }
    }
}
