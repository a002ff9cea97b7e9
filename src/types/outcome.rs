//! What a call came to.

use serde::Serialize;

/// What the call came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The playbook's goal is reached.
    Success,
    /// The caller said no for good.
    Refused,
    /// The caller will not be called again.
    OptOut,
    /// A human takes over.
    HandOver,
}

impl Outcome {
    /// Its name in events, figures and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused => "refused",
            Self::OptOut => "opt_out",
            Self::HandOver => "hand_over",
        }
    }
}
