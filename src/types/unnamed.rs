//! The fault of a text that was to name something, and names nothing.

use std::fmt;

/// A text that names nothing of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unnamed {
    kind: &'static str,
    text: String,
}

impl Unnamed {
    /// `text` names no `kind`.
    pub(crate) fn new(kind: &'static str, text: &str) -> Self {
        let text = text.to_owned();
        Self { kind, text }
    }
}

impl fmt::Display for Unnamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` names no {}", self.text, self.kind)
    }
}

impl std::error::Error for Unnamed {}
