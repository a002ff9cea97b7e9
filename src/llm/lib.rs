//! Text generation: one engine thread serves all calls.
//!
//! Thread: `llm`, one for the program ([`engine`]); calls talk to it by channels through a [`Session`]. In: chat
//! messages. Out: pieces of text as they are made. Memory: one context for all calls; see [`engine`]. When full: a
//! session is refused.

pub mod embedder;
pub mod engine;
mod ggml;
pub mod loops;
pub mod prompt;

use crossbeam_channel::{Receiver, Sender};
use patter_engine::chat::{ChatSession, Demand, Generation, Manner, Piece, Scores, Scoring};
use patter_types::chat::ChatMessage;
use patter_types::priority::Priority;

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
        demand: Demand,
        sink: Sender<Piece>,
    },
    Score {
        slot: u32,
        messages: Vec<ChatMessage>,
        parts: Vec<String>,
        demand: Demand,
        answer: Sender<Scores>,
    },
}

/// One call's share of the engine. Dropping it frees its place.
pub struct Session {
    slot: u32,
    requests: Sender<Request>,
}

impl ChatSession for Session {
    fn warm(&self, messages: Vec<ChatMessage>) -> Receiver<()> {
        let (done, ready) = crossbeam_channel::bounded(0);
        let _ = self.requests.send(Request::Warm {
            slot: self.slot,
            messages,
            done,
        });
        ready
    }

    fn generate_as(
        &self,
        messages: Vec<ChatMessage>,
        manner: Manner,
        priority: Priority,
    ) -> Generation {
        let (generation, sink, demand) = Generation::begin(priority);
        // A dead engine drops the sink, which the receiver sees as the end.
        let _ = self.requests.send(Request::Generate {
            slot: self.slot,
            messages,
            manner,
            demand,
            sink,
        });
        generation
    }

    /// Each part is cut into tokens on its own, and the end of the turn is not scored. The context stays in the cache,
    /// the parts do not. While it runs, the engine keeps up to `llm.prefill_chunk_tokens` rows of logits, each a number
    /// for every word of the model. Source: the chain rule over the model's own distribution, without temperature or
    /// penalty.
    fn score(&self, context: Vec<ChatMessage>, parts: Vec<String>, priority: Priority) -> Scoring {
        let (scoring, answer, demand) = Scoring::begin(priority);
        // A dead engine drops the sink, which the receiver sees as the end.
        let _ = self.requests.send(Request::Score {
            slot: self.slot,
            messages: context,
            parts,
            demand,
            answer,
        });
        scoring
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.requests.send(Request::Close { slot: self.slot });
    }
}
