//! How likely the model finds given words: what re-ranking is made of.
//!
//! Thread: any, beside `llm`. In: a chat, and words of the agent's next turn in parts. Out: a [`Score`] a part. Memory: none here; while it runs, the engine
//! keeps up to `llm.prefill_chunk_tokens` rows of logits, each a number for every word of the model. When late: who waits may cancel.
//! Source: the chain rule over the model's own distribution, without temperature or penalty.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::{ChatMessage, LlmError, Request, Session, Waiting};
use crate::cores::Urgency;

pub(crate) type Answer = Sender<Result<Vec<Score>, LlmError>>;

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
    answer: Receiver<Result<Vec<Score>, LlmError>>,
    waiting: Waiting,
}

impl Scoring {
    /// Waits for all of them.
    ///
    /// # Errors
    /// The words do not fit into the call's share of the context; the engine failed or has ended.
    pub fn wait(self) -> Result<Vec<Score>, LlmError> {
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

impl Session {
    /// How likely the model finds it that the agent answers `context` with `parts`, said one after the other: a [`Score`] each, given all before it.
    /// Each part is cut into tokens on its own, and the end of the turn is not scored. The context stays in the cache, the parts do not.
    /// With [`Urgency::Ahead`] it stands back behind everything that somebody waits for, until [`Scoring::hurry`].
    pub fn score(
        &self,
        context: Vec<ChatMessage>,
        parts: Vec<String>,
        urgency: Urgency,
    ) -> Scoring {
        let (sink, answer) = crossbeam_channel::bounded(1);
        let waiting = Waiting::new(urgency);
        let request = Request::Score {
            slot: self.slot,
            messages: context,
            parts,
            urgent: Arc::clone(&waiting.urgent),
            cancel: Arc::clone(&waiting.cancel),
            answer: sink,
        };
        // A dead engine drops the sink, which the receiver sees as the end.
        let _ = self.requests.send(request);
        Scoring { answer, waiting }
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
