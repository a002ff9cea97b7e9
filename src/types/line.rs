//! Where in a playbook an approved line stands.
//!
//! Events and call files have it as text, such as `facts.price`; what a line is for is asked of the value and never of
//! the text, because the names in it are free and may hold dots.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::unnamed::Unnamed;

/// The place of an approved line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LineId {
    /// `lines.opening`: the first words of a call.
    Opening,
    /// `lines.repeat`: the caller was not understood.
    Repeat,
    /// `lines.silence`: the caller is silent.
    Silence,
    /// `lines.gone`: the caller stays silent.
    Gone,
    /// `lines.filler`: an answer takes its time.
    Filler,
    /// `lines.trouble`: something in the program has failed.
    Trouble,
    /// `lines.goodbye`: the last words of a call.
    Goodbye,
    /// `lines.fallback`: in place of words that the model may not say.
    Fallback,
    /// `lines.not_known`: the same after a question.
    NotKnown,
    /// `lines.redirect`: to a caller who talks of something else.
    Redirect,
    /// `lines.time_up`: the call has lasted as long as it may.
    TimeUp,
    /// `lines.opt_out`: to a caller who wants no more calls.
    OptOut,
    /// `compliance.opening_notice`: what the law or the house wants heard.
    Notice,
    /// `lines.confirm.SLOT`: the value of this slot, read back.
    ReadBack(String),
    /// `slots.SLOT.ask`: the question for this slot.
    SlotAsk(String),
    /// `flow.STAGE.ask`: the question of this stage.
    StageAsk(String),
    /// `objections.OBJECTION.NUMBER`: an answer to a worry.
    Tactic {
        /// Id of the objection.
        objection: String,
        /// Which of its answers, from 1.
        number: usize,
    },
    /// `facts.FACT`: the answer to a question.
    Fact(String),
    /// `script.LINE`: a line of the script.
    Script(String),
    /// `examples[NUMBER]`: the agent's words in an example, from 0. Only the model is shown them.
    Example(usize),
}

/// The name that [`LineId::Filler`] had in former versions: playbooks and events that have it are still read.
const FORMER_FILLER: &str = "lines.bridge";

impl LineId {
    /// The lines of which every playbook has one at most.
    const SINGLE: [Self; 13] = [
        Self::Opening,
        Self::Repeat,
        Self::Silence,
        Self::Gone,
        Self::Filler,
        Self::Trouble,
        Self::Goodbye,
        Self::Fallback,
        Self::NotKnown,
        Self::Redirect,
        Self::TimeUp,
        Self::OptOut,
        Self::Notice,
    ];
}

/// As events name it.
impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opening => f.write_str("lines.opening"),
            Self::Repeat => f.write_str("lines.repeat"),
            Self::Silence => f.write_str("lines.silence"),
            Self::Gone => f.write_str("lines.gone"),
            Self::Filler => f.write_str("lines.filler"),
            Self::Trouble => f.write_str("lines.trouble"),
            Self::Goodbye => f.write_str("lines.goodbye"),
            Self::Fallback => f.write_str("lines.fallback"),
            Self::NotKnown => f.write_str("lines.not_known"),
            Self::Redirect => f.write_str("lines.redirect"),
            Self::TimeUp => f.write_str("lines.time_up"),
            Self::OptOut => f.write_str("lines.opt_out"),
            Self::Notice => f.write_str("compliance.opening_notice"),
            Self::ReadBack(slot) => write!(f, "lines.confirm.{slot}"),
            Self::SlotAsk(slot) => write!(f, "slots.{slot}.ask"),
            Self::StageAsk(stage) => write!(f, "flow.{stage}.ask"),
            Self::Tactic { objection, number } => write!(f, "objections.{objection}.{number}"),
            Self::Fact(fact) => write!(f, "facts.{fact}"),
            Self::Script(line) => write!(f, "script.{line}"),
            Self::Example(number) => write!(f, "examples[{number}]"),
        }
    }
}

impl FromStr for LineId {
    type Err = Unnamed;

    fn from_str(text: &str) -> Result<Self, Unnamed> {
        let single = || {
            Self::SINGLE
                .into_iter()
                .find(|line| line.to_string() == text)
        };
        let former = || (text == FORMER_FILLER).then_some(Self::Filler);
        single()
            .or_else(former)
            .or_else(|| with_name(text))
            .or_else(|| with_number(text))
            .ok_or_else(|| Unnamed::new("line of a playbook", text))
    }
}

/// The line that `text` names by a name alone.
fn with_name(text: &str) -> Option<LineId> {
    let (section, rest) = text.split_once('.')?;
    let asked = || rest.strip_suffix(".ask").map(str::to_owned);
    match section {
        "lines" => rest
            .strip_prefix("confirm.")
            .map(|slot| LineId::ReadBack(slot.to_owned())),
        "slots" => asked().map(LineId::SlotAsk),
        "flow" => asked().map(LineId::StageAsk),
        "facts" => Some(LineId::Fact(rest.to_owned())),
        "script" => Some(LineId::Script(rest.to_owned())),
        _ => None,
    }
}

/// The line that `text` names by a number.
fn with_number(text: &str) -> Option<LineId> {
    let line = if let Some(rest) = text.strip_prefix("objections.") {
        let (objection, number) = rest.rsplit_once('.')?;
        LineId::Tactic {
            objection: objection.to_owned(),
            number: number.parse().ok()?,
        }
    } else {
        let number = text.strip_prefix("examples[")?.strip_suffix(']')?;
        LineId::Example(number.parse().ok()?)
    };
    // `01` and `+1` are no names of the line that `1` names.
    (line.to_string() == text).then_some(line)
}

impl Serialize for LineId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any line, under any names.
    pub(crate) fn any_line() -> impl Strategy<Value = LineId> {
        let name = || prop_oneof!["[a-z_.]{0,12}", any::<String>()];
        prop_oneof![
            prop::sample::select(LineId::SINGLE.to_vec()),
            name().prop_map(LineId::ReadBack),
            name().prop_map(LineId::SlotAsk),
            name().prop_map(LineId::StageAsk),
            (name(), any::<usize>())
                .prop_map(|(objection, number)| LineId::Tactic { objection, number }),
            name().prop_map(LineId::Fact),
            name().prop_map(LineId::Script),
            any::<usize>().prop_map(LineId::Example),
        ]
    }

    #[test]
    fn each_line_has_the_text_that_events_and_playbooks_have() {
        let single: Vec<String> = LineId::SINGLE.iter().map(LineId::to_string).collect();
        assert_eq!(
            single,
            [
                "lines.opening",
                "lines.repeat",
                "lines.silence",
                "lines.gone",
                "lines.filler",
                "lines.trouble",
                "lines.goodbye",
                "lines.fallback",
                "lines.not_known",
                "lines.redirect",
                "lines.time_up",
                "lines.opt_out",
                "compliance.opening_notice",
            ]
        );
        let tactic = |objection: &str, number| LineId::Tactic {
            objection: objection.into(),
            number,
        };
        for (line, text) in [
            (LineId::ReadBack("day".into()), "lines.confirm.day"),
            (LineId::SlotAsk("day".into()), "slots.day.ask"),
            (LineId::StageAsk("closing".into()), "flow.closing.ask"),
            (LineId::StageAsk("more.ask".into()), "flow.more.ask.ask"),
            (tactic("price", 2), "objections.price.2"),
            (tactic("price.1", 2), "objections.price.1.2"),
            (LineId::Fact("price".into()), "facts.price"),
            (LineId::Fact("price.2".into()), "facts.price.2"),
            (LineId::Script("hello".into()), "script.hello"),
            (LineId::Example(3), "examples[3]"),
        ] {
            assert_eq!(line.to_string(), text);
            assert_eq!(text.parse(), Ok(line.clone()));
            let json = serde_json::to_string(&line).unwrap();
            assert_eq!(json, format!("\"{text}\""));
        }
    }

    #[test]
    fn what_names_no_line_is_refused() {
        for text in [
            "",
            "lines",
            "lines.confirm",
            "lines.Opening",
            "opening",
            "flow.ask",
            "flow.closing",
            "slots.day",
            "fact.price",
            "objections.price",
            "objections.price.two",
            "objections.price.02",
            "objections.price.+2",
            "examples[]",
            "examples[3].agent",
        ] {
            let refused = text.parse::<LineId>().unwrap_err();
            assert_eq!(
                refused.to_string(),
                format!("`{text}` names no line of a playbook")
            );
        }
    }

    #[test]
    fn the_former_name_of_the_filler_is_read() {
        assert_eq!("lines.bridge".parse(), Ok(LineId::Filler));
        assert_eq!(LineId::Filler.to_string(), "lines.filler");
    }

    proptest! {
        #[test]
        fn a_line_is_read_as_it_is_written(line in any_line()) {
            prop_assert_eq!(line.to_string().parse(), Ok(line));
        }

        #[test]
        fn a_text_that_is_read_is_written_the_same(
            section in "(lines|lines\\.confirm|slots|flow|objections|facts|script|examples)",
            rest in "[.\\[][a-z0-9.+\\]]{0,9}(\\.ask)?",
        ) {
            let text = section + &rest;
            if let Ok(line) = text.parse::<LineId>() {
                let is_former = text == FORMER_FILLER;
                prop_assert!(is_former || line.to_string() == text);
            }
        }
    }
}
