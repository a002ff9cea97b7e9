//! The sections of a playbook, key by key as they stand in the file, and all the texts in them.
//!
//! Thread: any, read only · In: TOML through serde · Out: plain data · Memory: all at load ·
//! Source: the nine prompt sections of arXiv 2509.04871.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Playbook;
use patter_types::expect::Expect;
use patter_types::intent::IntentId;

/// Who the agent is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Persona {
    /// The tone in a few words.
    pub tone: String,
    /// Habits of speech, a few words each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub style: Vec<String>,
    /// How approved lines are spoken where they do not say it themselves.
    #[serde(default, skip_serializing_if = "is_default")]
    pub way: Way,
    /// A conversation about anything, to try the agent out: there are no stages, the model answers whatever no line
    /// does, and what it says is not held against facts. Not for customers.
    #[serde(default, skip_serializing_if = "is_default")]
    pub open: bool,
}

/// One stage of the call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Unique name of the stage.
    pub id: String,
    /// What the stage is for.
    pub goal: String,
    /// What the agent does in it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    /// Phrases of the caller that move the call here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enter_on: Vec<String>,
    /// What callers say who mean it, for the classifier alone.
    #[serde(default, alias = "like", skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
    /// The approved line, with its question, that this stage says.
    pub ask: String,
    /// Stage after a plain yes; the following one when absent.
    pub next: Option<String>,
    /// Stages that may follow, besides `next`; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Vec<String>>,
    /// Slots that must be known before the call comes here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// Slots that are asked for here, in order, each from the caller: the stage is left when they are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collect: Vec<String>,
    /// How the line is spoken; as `persona.way` says when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<Way>,
    /// What the caller is asked for: how long to wait for them to finish depends on it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub expect: Expect,
}

/// A worry of the caller.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Objection {
    /// Unique name of the objection.
    pub id: String,
    /// Phrases that show it.
    pub when: Vec<String>,
    /// What callers say who mean it, for the classifier alone.
    #[serde(default, alias = "like", skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
    /// What to answer the first time, the second time, and so on.
    pub say: Vec<String>,
    /// How the lines are spoken; as `persona.way` says when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<Way>,
}

/// An approved answer.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// Unique name of the fact.
    pub id: String,
    /// Phrases that ask for it.
    pub when: Vec<String>,
    /// What callers say who mean it, for the classifier alone.
    #[serde(default, alias = "like", skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
    /// The sentence to speak.
    pub say: String,
    /// The number in the sentence, if it holds one that matters.
    pub value: Option<f64>,
    /// What the number counts.
    pub unit: Option<String>,
    /// How the line is spoken; as `persona.way` says when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<Way>,
    /// What happens after the line; the stage's question is asked again when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<Then>,
}

/// How an approved line reaches the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Word for word.
    #[default]
    Verbatim,
    /// The model puts it in words that fit what the caller said; the guard falls back to the line itself.
    Guided,
    /// The model answers from the facts, with this line as an example; the guard falls back to the line itself.
    Free,
}

/// What happens after a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// The call goes to a human: the agent says the line and leaves.
    HandOver,
    /// The agent says the line and ends the call.
    End,
}

/// An approved line for one stage, one meaning of the caller's words, or both.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptLine {
    /// Unique name of the line.
    pub id: String,
    /// The stage it belongs to; every stage when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// What the caller means: `facts.price`, `objections.price`, an id of `[[intents]]`, or `unknown` for words that
    /// nothing else answers.
    pub intent: String,
    /// The words to speak.
    pub say: String,
    /// How they are spoken; as `persona.way` says when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<Way>,
    /// The caller cannot cut it off.
    #[serde(default, skip_serializing_if = "is_default")]
    pub uninterruptible: bool,
    /// Lines of higher priority come first; the entry's own line has 0.
    #[serde(default, skip_serializing_if = "is_default")]
    pub priority: i32,
    /// It is said at most once in a call.
    #[serde(default, skip_serializing_if = "is_default")]
    pub once: bool,
    /// What happens after the line; the stage's question is asked again when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<Then>,
}

impl ScriptLine {
    /// What the line answers; None where [`ScriptLine::intent`] is nothing that a caller can mean.
    pub fn answers(&self) -> Option<IntentId> {
        self.intent.parse().ok()
    }
}

/// When the call has reached its goal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Success {
    /// The stage that must have been entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The slots that must be known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slots: Vec<String>,
}

/// Something callers mean that no fact, objection or stage answers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// Unique name of the intent.
    pub id: String,
    /// What callers say who mean it.
    #[serde(alias = "like")]
    pub examples: Vec<String>,
    /// Stages in which it can be meant; every stage when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stages: Option<Vec<String>>,
}

/// What the playbook has no answer to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unknown {
    /// What callers say that sounds like an entry and is none, for the classifier alone.
    #[serde(default, alias = "like", skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
}

/// Words to use and words to leave out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Terminology {
    /// From the word not to use to the word to use.
    #[serde(default)]
    pub say: BTreeMap<String, String>,
    /// Words and phrases never to say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub avoid: Vec<String>,
}

/// One good turn.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What the caller says.
    pub caller: String,
    /// What the agent answers.
    pub agent: String,
}

/// What must be said, and what ends the call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compliance {
    /// Rules for the agent, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// Said right after the opening line, to its end, whatever the caller does.
    pub opening_notice: String,
    /// Places of other lines that may not be cut off, such as `facts.risk` or `lines.goodbye`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uninterruptible: Vec<String>,
    /// Phrases that end the call.
    pub goodbye_on: Vec<String>,
    /// Phrases that end the call and forbid the next one.
    pub opt_out_on: Vec<String>,
    /// What callers say who end the call, for the classifier alone.
    #[serde(default, alias = "goodbye_like", skip_serializing_if = "Vec::is_empty")]
    pub goodbye_examples: Vec<String>,
    /// What callers say who want no more calls, for the classifier alone.
    #[serde(default, alias = "opt_out_like", skip_serializing_if = "Vec::is_empty")]
    pub opt_out_examples: Vec<String>,
}

/// The fixed sentences of every call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
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
    /// A filler: said when an answer takes long.
    #[serde(alias = "bridge")]
    pub filler: String,
    /// The last line of a call in which no answer can be made.
    pub trouble: String,
    /// The last line of the call.
    pub goodbye: String,
    /// Said when no answer came in time.
    pub fallback: String,
    /// Said when the playbook holds no answer.
    pub not_known: String,
    /// Said to a caller who talks on and on about something else, before the stage's question; that question alone when
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<String>,
    /// Reads a value of the caller's back: `{value}`, and `{label}` for what it is. In English there is one when it is
    /// left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<String>,
    /// The last line of a call that must end: it has lasted too long, or the agent is being switched off; `trouble`
    /// when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_up: Option<String>,
    /// Answers a caller who will not be called again; `goodbye` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opt_out: Option<String>,
}

/// Where an imported playbook is from. Kept for people, so that nothing of the source is lost: never spoken, never
/// shown to the model, not checked by the rules.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Name of the file it was made from.
    pub file: String,
    /// The sections of that file that this one was made from, untouched, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<SourceSection>,
}

/// One section of the source.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceSection {
    /// Its heading.
    pub title: String,
    /// Line of the heading, from 1.
    pub line: usize,
    /// All lines below it.
    pub text: String,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What a text is for, from the least to the most strictly checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Read by the model or by people.
    Written,
    /// As `Written`, and must be complete with the defaults of the slots.
    WrittenAlways,
    /// Read aloud.
    Spoken,
    /// Read aloud, and must be complete with the defaults of the slots.
    SpokenAlways,
    /// Read aloud with a value of the caller's.
    ReadBack,
}

impl Use {
    /// It is said to the caller.
    pub fn is_spoken(self) -> bool {
        matches!(self, Self::Spoken | Self::SpokenAlways | Self::ReadBack)
    }

    /// All its slots are filled whenever it is said.
    pub fn is_always_complete(self) -> bool {
        matches!(self, Self::WrittenAlways | Self::SpokenAlways)
    }
}

impl Playbook {
    /// Every text of the file with its place and use.
    pub fn texts(&self) -> Vec<(String, &str, Use)> {
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
        for line in &self.script {
            add(format!("script.{}.say", line.id), &line.say, Use::Spoken);
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
            ("filler", &lines.filler),
            ("trouble", &lines.trouble),
            ("goodbye", &lines.goodbye),
            ("fallback", &lines.fallback),
            ("not_known", &lines.not_known),
        ] {
            add(format!("lines.{name}"), text, Use::SpokenAlways);
        }
        for (name, text) in [
            ("redirect", &lines.redirect),
            ("time_up", &lines.time_up),
            ("opt_out", &lines.opt_out),
        ] {
            if let Some(text) = text {
                add(format!("lines.{name}"), text, Use::SpokenAlways);
            }
        }
        for (name, slot) in &self.slots {
            if let Some(ask) = &slot.ask {
                add(format!("slots.{name}.ask"), ask, Use::Spoken);
            }
        }
        if let Some(text) = &lines.confirm {
            add("lines.confirm".to_owned(), text, Use::ReadBack);
        }
        texts
    }
}
