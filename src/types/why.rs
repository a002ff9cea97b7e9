//! Why the agent goes on after a sound of the caller's.

use serde::Serialize;

/// Why the agent goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Too short for a word.
    Click,
    /// No words in it: a cough, a laugh, a noise.
    Noise,
    /// "Uh-huh", "okay": the caller listens.
    Backchannel,
}
