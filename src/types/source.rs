//! Who made a sentence of the agent's: the playbook or the model.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::line::LineId;
use crate::unnamed::Unnamed;

/// Before the line's place.
const LINE: &str = "line:";
/// The model's sentences all have the same source.
const MODEL: &str = "model";

/// Where a sentence is from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// `line:…`: an approved line of the playbook.
    Line(LineId),
    /// `model`: the language model made it.
    Model,
}

impl Source {
    /// The approved line, if it is one.
    pub fn line(&self) -> Option<&LineId> {
        match self {
            Self::Line(line) => Some(line),
            Self::Model => None,
        }
    }
}

impl From<LineId> for Source {
    fn from(line: LineId) -> Self {
        Self::Line(line)
    }
}

/// As events name it.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "{LINE}{line}"),
            Self::Model => f.write_str(MODEL),
        }
    }
}

impl FromStr for Source {
    type Err = Unnamed;

    fn from_str(text: &str) -> Result<Self, Unnamed> {
        match text.strip_prefix(LINE) {
            Some(line) => line.parse().map(Self::Line),
            None if text == MODEL => Ok(Self::Model),
            None => Err(Unnamed::new("source of a sentence", text)),
        }
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::line::tests::any_line;

    #[test]
    fn each_source_has_the_text_that_events_have() {
        for (source, text) in [
            (Source::Model, "model"),
            (Source::Line(LineId::NotKnown), "line:lines.not_known"),
            (LineId::Fact("price".into()).into(), "line:facts.price"),
        ] {
            assert_eq!(source.to_string(), text);
            assert_eq!(text.parse(), Ok(source.clone()));
            let json = serde_json::to_string(&source).unwrap();
            assert_eq!(json, format!("\"{text}\""));
        }
        assert_eq!(Source::Model.line(), None);
        assert_eq!(Source::from(LineId::Gone).line(), Some(&LineId::Gone));
    }

    #[test]
    fn what_names_no_source_is_refused() {
        for (text, kind) in [
            ("", "source of a sentence"),
            ("Model", "source of a sentence"),
            ("facts.price", "source of a sentence"),
        ] {
            let refused = text.parse::<Source>().unwrap_err();
            assert_eq!(refused.to_string(), format!("`{text}` names no {kind}"));
        }
        let refused = "line:x".parse::<Source>().unwrap_err();
        assert_eq!(refused.to_string(), "`x` names no line of a playbook");
    }

    proptest! {
        #[test]
        fn a_source_is_read_as_it_is_written(line in prop::option::of(any_line())) {
            let source = line.map_or(Source::Model, Source::Line);
            prop_assert_eq!(source.to_string().parse(), Ok(source));
        }
    }
}
