//! A chat with a language model, and how a reply of it ended.

use serde::Serialize;

/// Who said a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Instructions.
    System,
    /// The caller.
    User,
    /// The agent.
    Assistant,
}

impl Role {
    /// Its name in chat templates.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One message of a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// Who.
    pub role: Role,
    /// What.
    pub text: String,
}

/// Why generation stopped.
#[derive(Debug, Clone, PartialEq)]
pub enum Finish {
    /// The model ended its turn.
    EndOfTurn,
    /// The token cap.
    Tokens,
    /// The time cap.
    Time,
    /// It had begun to repeat itself.
    Loop,
    /// Cancelled: the caller speaks, or no more of it is wanted.
    Cancelled,
    /// The engine failed.
    Failed(String),
}

/// As events name it.
impl Serialize for Finish {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:?}"))
    }
}
