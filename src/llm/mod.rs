//! Text generation: one engine thread serves all calls.
//!
//! Thread: `llm`, one for the program ([`engine`]); calls talk to it by channels through a [`Session`]. In: chat messages. Out: pieces of
//! text as they are made. Memory: one context for all calls; see [`engine`]. When full: a session is refused.

pub mod embedder;
pub mod engine;
pub mod loops;
pub mod prompt;
pub mod score;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender};
use serde::Serialize;
use thiserror::Error;

use crate::cores::Urgency;

/// What can go wrong with thinking.
#[derive(Debug, Error, Clone)]
pub enum LlmError {
    /// No such file.
    #[error("the language model `{}` is not there", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is no model, or a damaged one.
    #[error("the language model `{}` cannot be loaded: {reason}", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// What the engine said.
        reason: String,
    },
    /// All sequences are in use.
    #[error("the language model already serves {limit} calls")]
    Full {
        /// How many it can.
        limit: u32,
    },
    /// The prompt does not fit.
    #[error("a prompt of {tokens} tokens does not fit into the {limit} of one call")]
    TooLong {
        /// Its length.
        tokens: usize,
        /// What fits.
        limit: usize,
    },
    /// The engine failed in the middle.
    #[error("the language model failed: {reason}")]
    Engine {
        /// What it said.
        reason: String,
    },
}

impl LlmError {
    /// What to try next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing { .. } => "`patter models list` shows what there is, `patter models fetch` gets it".into(),
            Self::Load { .. } => "`patter models verify` finds damaged files; an instruct model in GGUF format is wanted".into(),
            Self::Full { .. } => "raise `serve.max_calls`, if the machine carries more".into(),
            Self::TooLong { .. } => "raise `llm.context_tokens`, lower `serve.max_calls` or `dialogue.history_turns`, or shorten the playbook".into(),
            Self::Engine { .. } => return None,
        })
    }
}

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

/// How a reply is made, where it differs from the config.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manner {
    /// Seed of the sampler in place of `llm.seed`.
    pub seed: Option<u32>,
    /// What the agent's turn holds already; the reply goes on from there, and does not repeat it.
    pub begun: String,
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

/// What a generation sends.
#[derive(Debug, Clone)]
pub enum Piece {
    /// A few letters more.
    Text(String),
    /// The end.
    Done(Stats),
}

/// Figures of one generation.
#[derive(Debug, Clone)]
pub struct Stats {
    /// Why it ended.
    pub finish: Finish,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens that had to be prefilled; the rest was in the cache.
    pub prefilled_tokens: usize,
    /// Tokens made.
    pub tokens: usize,
    /// From the request to the first token, in ms.
    pub first_token_ms: f32,
    /// From the request to the end, in ms.
    pub total_ms: f32,
}

pub(crate) enum Request {
    Stop,
    Open {
        slot: u32,
    },
    Close {
        slot: u32,
    },
    Prefix {
        messages: Vec<ChatMessage>,
        done: Sender<()>,
    },
    Warm {
        slot: u32,
        messages: Vec<ChatMessage>,
        done: Sender<()>,
    },
    Generate {
        slot: u32,
        messages: Vec<ChatMessage>,
        manner: Manner,
        urgent: Arc<AtomicBool>,
        cancel: Arc<AtomicBool>,
        sink: Sender<Piece>,
    },
    Score {
        slot: u32,
        messages: Vec<ChatMessage>,
        parts: Vec<String>,
        urgent: Arc<AtomicBool>,
        cancel: Arc<AtomicBool>,
        answer: score::Answer,
    },
}

/// One call's share of the engine. Dropping it frees its place.
pub struct Session {
    slot: u32,
    requests: Sender<Request>,
}

/// What who waits can tell the engine. Dropping it cancels.
struct Waiting {
    cancel: Arc<AtomicBool>,
    urgent: Arc<AtomicBool>,
}

impl Waiting {
    fn new(urgency: Urgency) -> Self {
        Self {
            cancel: Arc::default(),
            urgent: Arc::new(AtomicBool::new(urgency == Urgency::Now)),
        }
    }

    fn cancel(&self) {
        self.cancel.store(true, Ordering::Release);
    }

    fn hurry(&self) {
        self.urgent.store(true, Ordering::Release);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// A running generation. Dropping it cancels.
pub struct Generation {
    /// Pieces as they come; the last is [`Piece::Done`].
    pub pieces: Receiver<Piece>,
    waiting: Waiting,
}

impl Generation {
    /// One that is over: all of `text` at once.
    pub fn ready(text: String, stats: Stats) -> Self {
        let (sink, pieces) = crossbeam_channel::unbounded();
        // The receiver is held here.
        let _ = sink.send(Piece::Text(text));
        let _ = sink.send(Piece::Done(stats));
        Self {
            pieces,
            waiting: Waiting::new(Urgency::Ahead),
        }
    }

    /// Stops it before the next token.
    pub fn cancel(&self) {
        self.waiting.cancel();
    }

    /// Somebody waits for it now: it no longer stands back behind other calls.
    pub fn hurry(&self) {
        self.waiting.hurry();
    }
}

impl Session {
    /// Prefills `messages`, so that the next reply finds them in the cache: for the time in which the caller speaks. It stands back behind
    /// everything that somebody waits for. The receiver hangs up when it is done, or was overtaken.
    pub fn warm(&self, messages: Vec<ChatMessage>) -> Receiver<()> {
        let (done, ready) = crossbeam_channel::bounded(0);
        let _ = self.requests.send(Request::Warm {
            slot: self.slot,
            messages,
            done,
        });
        ready
    }

    /// Begins a reply to `messages`. Whatever they share with the last request is in the cache already. With [`Urgency::Ahead`] it
    /// stands back behind everything that somebody waits for, until [`Generation::hurry`].
    pub fn generate(&self, messages: Vec<ChatMessage>, urgency: Urgency) -> Generation {
        self.generate_as(messages, Manner::default(), urgency)
    }

    /// [`Session::generate`] in a manner of its own.
    pub fn generate_as(
        &self,
        messages: Vec<ChatMessage>,
        manner: Manner,
        urgency: Urgency,
    ) -> Generation {
        let (sink, pieces) = crossbeam_channel::unbounded();
        let waiting = Waiting::new(urgency);
        let request = Request::Generate {
            slot: self.slot,
            messages,
            manner,
            urgent: Arc::clone(&waiting.urgent),
            cancel: Arc::clone(&waiting.cancel),
            sink,
        };
        // A dead engine drops the sink, which the receiver sees as the end.
        let _ = self.requests.send(request);
        Generation { pieces, waiting }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.requests.send(Request::Close { slot: self.slot });
    }
}
