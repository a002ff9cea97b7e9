//! What the caller means: an entry of the playbook, or what every call understands.
//!
//! Events, playbooks and the examples of the classifier have it as text, such as `facts.price`; what follows from it is
//! asked of the value and never of the text.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::unnamed::Unnamed;

/// What the caller's words are taken for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum IntentId {
    /// `flow.STAGE`: to go to this stage.
    Stage(String),
    /// `facts.FACT`: to know this.
    Fact(String),
    /// `objections.OBJECTION`: this worry.
    Objection(String),
    /// `intents.INTENT`: one of the playbook's own intents, which answer nothing by themselves.
    Own(String),
    /// `goodbye`: to end the call.
    Goodbye,
    /// `opt_out`: to be called no more.
    OptOut,
    /// `unknown`: nothing that the playbook knows.
    Unknown,
    /// `yes`: agrees to the last question.
    Yes,
    /// `no`: does not.
    No,
    /// `repeat`: to hear the last words again.
    Repeat,
    /// `value`: what was asked for.
    Value,
    /// `rambling`: much, and nothing to the purpose.
    Rambling,
    /// `lost`: anything, in a call that goes round in circles.
    Lost,
}

impl IntentId {
    /// Those that need no playbook.
    const BUILT_IN: [Self; 9] = [
        Self::Goodbye,
        Self::OptOut,
        Self::Unknown,
        Self::Yes,
        Self::No,
        Self::Repeat,
        Self::Value,
        Self::Rambling,
        Self::Lost,
    ];
}

/// As events name it.
impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage(id) => write!(f, "flow.{id}"),
            Self::Fact(id) => write!(f, "facts.{id}"),
            Self::Objection(id) => write!(f, "objections.{id}"),
            Self::Own(id) => write!(f, "intents.{id}"),
            Self::Goodbye => f.write_str("goodbye"),
            Self::OptOut => f.write_str("opt_out"),
            Self::Unknown => f.write_str("unknown"),
            Self::Yes => f.write_str("yes"),
            Self::No => f.write_str("no"),
            Self::Repeat => f.write_str("repeat"),
            Self::Value => f.write_str("value"),
            Self::Rambling => f.write_str("rambling"),
            Self::Lost => f.write_str("lost"),
        }
    }
}

impl FromStr for IntentId {
    type Err = Unnamed;

    fn from_str(text: &str) -> Result<Self, Unnamed> {
        let built_in = || {
            Self::BUILT_IN
                .into_iter()
                .find(|own| own.to_string() == text)
        };
        let found = match text.split_once('.') {
            Some(("flow", id)) => Some(Self::Stage(id.to_owned())),
            Some(("facts", id)) => Some(Self::Fact(id.to_owned())),
            Some(("objections", id)) => Some(Self::Objection(id.to_owned())),
            Some(("intents", id)) => Some(Self::Own(id.to_owned())),
            Some(_) => None,
            None => built_in(),
        };
        found.ok_or_else(|| Unnamed::new("intent", text))
    }
}

impl Serialize for IntentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_intent_has_the_text_that_events_and_playbooks_have() {
        for (intent, text) in [
            (IntentId::Stage("closing".into()), "flow.closing"),
            (IntentId::Fact("price".into()), "facts.price"),
            (IntentId::Objection("a.b".into()), "objections.a.b"),
            (IntentId::Own("chat".into()), "intents.chat"),
            (IntentId::Goodbye, "goodbye"),
            (IntentId::OptOut, "opt_out"),
            (IntentId::Unknown, "unknown"),
            (IntentId::Yes, "yes"),
            (IntentId::No, "no"),
            (IntentId::Repeat, "repeat"),
            (IntentId::Value, "value"),
            (IntentId::Rambling, "rambling"),
            (IntentId::Lost, "lost"),
        ] {
            assert_eq!(intent.to_string(), text);
            assert_eq!(text.parse(), Ok(intent.clone()));
            let json = serde_json::to_string(&intent).unwrap();
            assert_eq!(json, format!("\"{text}\""));
        }
    }

    #[test]
    fn what_names_no_intent_is_refused() {
        for text in [
            "",
            "price",
            "fact.price",
            "facts",
            "Yes",
            "yes.",
            "examples",
        ] {
            let refused = text.parse::<IntentId>().unwrap_err();
            assert_eq!(refused.to_string(), format!("`{text}` names no intent"));
        }
    }

    proptest! {
        #[test]
        fn an_intent_is_read_as_it_is_written(
            intent in prop_oneof![
                any::<String>().prop_map(IntentId::Stage),
                any::<String>().prop_map(IntentId::Fact),
                "[a-z.]{0,12}".prop_map(IntentId::Objection),
                any::<String>().prop_map(IntentId::Own),
                prop::sample::select(IntentId::BUILT_IN.to_vec()),
            ]
        ) {
            prop_assert_eq!(intent.to_string().parse(), Ok(intent));
        }
    }
}
