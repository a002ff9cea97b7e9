//! The sections of a playbook, key by key as they stand in the file, and all the texts in them.
//!
//! Thread: any, read only · In: TOML through serde · Out: plain data · Memory: all at load ·
//! Source: the nine prompt sections of arXiv 2509.04871.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Playbook;
use crate::turn::words::Expect;

/// Who the agent is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The agent's own name.
    pub name: String,
    /// The company it speaks for.
    pub company: String,
    /// What it does on this call, as a sentence to the agent.
    pub task: String,
    /// The one result that makes the call a success.
    pub goal: String,
}

/// How the agent sounds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Persona {
    /// The tone in a few words.
    pub tone: String,
    /// Habits of speech, a few words each.
    #[serde(default)]
    pub style: Vec<String>,
}

/// One stage of the call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Unique name of the stage.
    pub id: String,
    /// What the stage is for.
    pub goal: String,
    /// What the agent does in it, in order.
    #[serde(default)]
    pub steps: Vec<String>,
    /// Phrases of the caller that move the call here.
    #[serde(default)]
    pub enter_on: Vec<String>,
    /// The approved line, with its question, that this stage says.
    pub ask: String,
    /// Stage after a plain yes; the following one when absent.
    pub next: Option<String>,
    /// What the caller is asked for: how long to wait for them to finish depends on it.
    #[serde(default)]
    pub expect: Expect,
}

/// A worry of the caller.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objection {
    /// Unique name of the objection.
    pub id: String,
    /// Phrases that show it.
    pub when: Vec<String>,
    /// What to answer the first time, the second time, and so on.
    pub say: Vec<String>,
}

/// An approved answer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// Unique name of the fact.
    pub id: String,
    /// Phrases that ask for it.
    pub when: Vec<String>,
    /// The sentence to speak.
    pub say: String,
    /// The number in the sentence, if it holds one that matters.
    pub value: Option<f64>,
    /// What the number counts.
    pub unit: Option<String>,
}

/// Words to use and words to leave out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terminology {
    /// From the word not to use to the word to use.
    #[serde(default)]
    pub say: BTreeMap<String, String>,
    /// Words and phrases never to say.
    #[serde(default)]
    pub avoid: Vec<String>,
}

/// One good turn.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What the caller says.
    pub caller: String,
    /// What the agent answers.
    pub agent: String,
}

/// What must be said, and what ends the call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compliance {
    /// Rules for the agent, one sentence each.
    #[serde(default)]
    pub rules: Vec<String>,
    /// Said right after the opening line, to its end, whatever the caller does.
    pub opening_notice: String,
    /// Places of other lines that may not be cut off, such as `facts.risk` or `lines.goodbye`.
    #[serde(default)]
    pub uninterruptible: Vec<String>,
    /// Phrases that end the call.
    pub goodbye_on: Vec<String>,
    /// Phrases that end the call and forbid the next one.
    pub opt_out_on: Vec<String>,
}

/// The fixed sentences of every call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lines {
    /// The first line of the call.
    pub opening: String,
    /// Said when the caller was not understood.
    pub repeat: String,
    /// Said when the caller is quiet for long.
    pub silence: String,
    /// The last line of a call whose caller stays quiet.
    pub gone: String,
    /// Said when an answer takes long.
    pub bridge: String,
    /// The last line of a call in which no answer can be made.
    pub trouble: String,
    /// The last line of the call.
    pub goodbye: String,
    /// Said when no answer came in time.
    pub fallback: String,
    /// Said when the playbook holds no answer.
    pub not_known: String,
}

/// What a text is for, from the least to the most strictly checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Read by the model or by people.
    Written,
    /// As `Written`, and must be complete with the defaults of the slots.
    WrittenAlways,
    /// Read aloud.
    Spoken,
    /// Read aloud, and must be complete with the defaults of the slots.
    SpokenAlways,
}

impl Use {
    pub(super) fn is_spoken(self) -> bool {
        matches!(self, Self::Spoken | Self::SpokenAlways)
    }

    pub(super) fn is_always_complete(self) -> bool {
        matches!(self, Self::WrittenAlways | Self::SpokenAlways)
    }
}

impl Playbook {
    /// Every text of the file with its place and use.
    pub(super) fn texts(&self) -> Vec<(String, &str, Use)> {
        let mut texts: Vec<(String, &str, Use)> = Vec::new();
        let mut add = |place: String, text, purpose| texts.push((place, text, purpose));
        add("title".to_owned(), &self.title, Use::Written);
        add("language".to_owned(), &self.language, Use::Written);
        add("role.name".to_owned(), &self.role.name, Use::WrittenAlways);
        add(
            "role.company".to_owned(),
            &self.role.company,
            Use::WrittenAlways,
        );
        add("role.task".to_owned(), &self.role.task, Use::WrittenAlways);
        add("role.goal".to_owned(), &self.role.goal, Use::WrittenAlways);
        add("persona.tone".to_owned(), &self.persona.tone, Use::Written);
        for (index, text) in self.persona.style.iter().enumerate() {
            add(format!("persona.style[{index}]"), text, Use::Written);
        }
        for stage in &self.flow {
            add(format!("flow.{}.goal", stage.id), &stage.goal, Use::Written);
            for (index, text) in stage.steps.iter().enumerate() {
                add(
                    format!("flow.{}.steps[{index}]", stage.id),
                    text,
                    Use::Written,
                );
            }
            add(format!("flow.{}.ask", stage.id), &stage.ask, Use::Spoken);
        }
        for objection in &self.objections {
            for (index, text) in objection.say.iter().enumerate() {
                add(
                    format!("objections.{}.say[{index}]", objection.id),
                    text,
                    Use::Spoken,
                );
            }
        }
        for fact in &self.facts {
            add(format!("facts.{}.say", fact.id), &fact.say, Use::Spoken);
            if let Some(unit) = &fact.unit {
                add(format!("facts.{}.unit", fact.id), unit, Use::Written);
            }
        }
        for (index, example) in self.examples.iter().enumerate() {
            add(
                format!("examples[{index}].caller"),
                &example.caller,
                Use::Written,
            );
            add(
                format!("examples[{index}].agent"),
                &example.agent,
                Use::Spoken,
            );
        }
        for (index, text) in self.compliance.rules.iter().enumerate() {
            add(
                format!("compliance.rules[{index}]"),
                text,
                Use::WrittenAlways,
            );
        }
        add(
            "compliance.opening_notice".to_owned(),
            &self.compliance.opening_notice,
            Use::SpokenAlways,
        );
        let lines = &self.lines;
        for (name, text) in [
            ("opening", &lines.opening),
            ("repeat", &lines.repeat),
            ("silence", &lines.silence),
            ("gone", &lines.gone),
            ("bridge", &lines.bridge),
            ("trouble", &lines.trouble),
            ("goodbye", &lines.goodbye),
            ("fallback", &lines.fallback),
            ("not_known", &lines.not_known),
        ] {
            add(format!("lines.{name}"), text, Use::SpokenAlways);
        }
        texts
    }
}
