//! A language model: chats in, pieces of text out, and what it finds of given words.
//!
//! In: chat messages. Out: [`Piece`]s by a channel. Memory: the pieces that nobody has taken yet. When late: whoever
//! waits may hurry or cancel; dropping a [`Generation`] or a [`Scoring`] cancels it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use patter_types::chat::{ChatMessage, Finish};
use patter_types::priority::Priority;
use thiserror::Error;

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
            Self::Load { .. } => {
                "`patter models verify` finds damaged files; an instruct model in GGUF format is wanted"
                    .into()
            },
            Self::Full { .. } => "raise `serve.max_calls`, if the machine carries more".into(),
            Self::TooLong { .. } => {
                "raise `llm.context_tokens`, lower `serve.max_calls` or `dialogue.history_turns`, or shorten the \
                 playbook"
                    .into()
            },
            Self::Engine { .. } => return None,
        })
    }
}

/// How a reply is made, where it differs from the config.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manner {
    /// Seed of the sampler in place of `llm.seed`.
    pub seed: Option<u32>,
    /// What the agent's turn holds already; the reply goes on from there, and does not repeat it.
    pub begun: String,
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

/// A loaded language model that many calls share: what an engine has to bring.
pub trait ChatModel: Send + Sync {
    /// A place for one call. Dropping it frees the place.
    ///
    /// # Errors
    /// All places are taken, or the engine has ended.
    fn session(&self) -> Result<Box<dyn ChatSession>, LlmError>;

    /// Learns the beginning that the prompts of all calls share, before the first call; waits until that is done. An
    /// engine that keeps no cache need not do anything.
    fn share_prefix(&self, _messages: Vec<ChatMessage>) {}

    /// The same without waiting, behind the calls under way.
    fn share_prefix_behind(&self, _messages: Vec<ChatMessage>) {}
}

/// One call's share of a language model.
pub trait ChatSession: Send {
    /// Begins a reply to `messages`, in a manner of its own. With [`Priority::Speculative`] it stands back behind
    /// everything that somebody waits for, until [`Generation::hurry`].
    fn generate_as(
        &self,
        messages: Vec<ChatMessage>,
        manner: Manner,
        priority: Priority,
    ) -> Generation;

    /// [`ChatSession::generate_as`] as the config says.
    fn generate(&self, messages: Vec<ChatMessage>, priority: Priority) -> Generation {
        self.generate_as(messages, Manner::default(), priority)
    }

    /// Prefills `messages`, so that the next reply finds them in the cache: for the time in which the caller speaks.
    /// The receiver hangs up when it is done, or was overtaken. An engine that keeps no cache need not do anything.
    fn warm(&self, _messages: Vec<ChatMessage>) -> Receiver<()> {
        crossbeam_channel::bounded(0).1
    }

    /// How likely the model finds it that the agent answers `context` with `parts`, said one after the other: a
    /// [`Score`] each, given all before it. An engine that cannot tell gives none, and nothing is re-ranked.
    fn score(
        &self,
        _context: Vec<ChatMessage>,
        _parts: Vec<String>,
        priority: Priority,
    ) -> Scoring {
        Scoring::begin(priority).0
    }
}

/// What who waits can tell the engine. Dropping it cancels.
struct Waiting {
    cancel: Arc<AtomicBool>,
    urgent: Arc<AtomicBool>,
    resting: Arc<AtomicBool>,
}

impl Waiting {
    fn new(priority: Priority) -> Self {
        Self {
            cancel: Arc::default(),
            urgent: Arc::new(AtomicBool::new(priority == Priority::Interactive)),
            resting: Arc::default(),
        }
    }

    fn demand(&self) -> Demand {
        Demand {
            cancel: Arc::clone(&self.cancel),
            urgent: Arc::clone(&self.urgent),
            resting: Arc::clone(&self.resting),
        }
    }

    fn cancel(&self) {
        self.cancel.store(true, Ordering::Release);
    }

    fn hurry(&self) {
        self.urgent.store(true, Ordering::Release);
    }
}

/// The engine's end of a request: what whoever waits has decided since.
#[derive(Debug, Clone, Default)]
pub struct Demand {
    cancel: Arc<AtomicBool>,
    urgent: Arc<AtomicBool>,
    resting: Arc<AtomicBool>,
}

impl Demand {
    /// It is wanted, and not now: what it has brought is being spoken, and needs the cores.
    pub fn is_resting(&self) -> bool {
        self.resting.load(Ordering::Acquire)
    }

    /// Nobody wants it any more.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Acquire)
    }

    /// Somebody waits for it.
    pub fn is_urgent(&self) -> bool {
        self.urgent.load(Ordering::Acquire)
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
    /// One that an engine is about to make: it sends the pieces, and looks at the demand. A sender that is dropped
    /// without [`Piece::Done`] is an engine that has died.
    pub fn begin(priority: Priority) -> (Self, Sender<Piece>, Demand) {
        let (sink, pieces) = crossbeam_channel::unbounded();
        let waiting = Waiting::new(priority);
        let demand = waiting.demand();
        (Self { pieces, waiting }, sink, demand)
    }

    /// One that is over: all of `text` at once.
    pub fn ready(text: String, stats: Stats) -> Self {
        let (sink, pieces) = crossbeam_channel::unbounded();
        // The receiver is held here.
        let _ = sink.send(Piece::Text(text));
        let _ = sink.send(Piece::Done(stats));
        Self {
            pieces,
            waiting: Waiting::new(Priority::Speculative),
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

    /// This generation makes nothing while `work` runs: what it has brought is being spoken, and each would slow
    /// the other down. The caller waits for the voice, not for the words after.
    pub fn resting<T>(&self, work: impl FnOnce() -> T) -> T {
        struct Wake<'a>(&'a AtomicBool);
        impl Drop for Wake<'_> {
            fn drop(&mut self) {
                self.0.store(false, Ordering::Release);
            }
        }
        self.waiting.resting.store(true, Ordering::Release);
        let _wake = Wake(&self.waiting.resting);
        work()
    }
}

/// How likely the model finds some words.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Score {
    /// Natural logarithm of their probability, all tokens together; 0 or below.
    pub log_probability: f64,
    /// Their length.
    pub tokens: usize,
}

impl Score {
    /// Mean log probability of a token; not a number for no words.
    pub fn mean(self) -> f64 {
        self.log_probability / self.tokens as f64
    }
}

/// Scores on their way. Dropping it cancels.
pub struct Scoring {
    answer: Receiver<Scores>,
    waiting: Waiting,
}

/// What an engine sends as the answer to [`ChatSession::score`].
pub type Scores = Result<Vec<Score>, LlmError>;

impl Scoring {
    /// One that an engine is about to answer, as [`Generation::begin`].
    pub fn begin(priority: Priority) -> (Self, Sender<Scores>, Demand) {
        let (sink, answer) = crossbeam_channel::bounded(1);
        let waiting = Waiting::new(priority);
        let demand = waiting.demand();
        (Self { answer, waiting }, sink, demand)
    }

    /// Waits for all of them.
    ///
    /// # Errors
    /// The words do not fit into the call's share of the context; the engine failed or has ended.
    pub fn wait(self) -> Scores {
        self.answer.recv().unwrap_or_else(|_| Err(ended()))
    }

    /// Waits for at most `limit`; None when there is no answer yet.
    ///
    /// # Errors
    /// As [`Scoring::wait`].
    pub fn wait_for(&self, limit: Duration) -> Result<Option<Vec<Score>>, LlmError> {
        match self.answer.recv_timeout(limit) {
            Ok(answer) => answer.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(ended()),
        }
    }

    /// Somebody waits for it now: it no longer stands back behind other calls.
    pub fn hurry(&self) {
        self.waiting.hurry();
    }
}

fn ended() -> LlmError {
    LlmError::Engine {
        reason: "scoring was cancelled".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_no_words_is_no_number() {
        let score = Score {
            log_probability: -6.0,
            tokens: 4,
        };
        assert_eq!(score.mean(), -1.5);
        assert!(Score::default().mean().is_nan());
    }
}
