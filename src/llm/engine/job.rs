//! What a call's place in the engine is busy with: reading a prompt, replying, or scoring words.
//!
//! Thread: `llm`. In: what a request asks for, and the model's logits. Out: pieces of a reply; its figures. Memory: the
//! tokens of one prompt and one reply. When late: a reply past its limits ends with what it has.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::vocab::LlamaVocab;

use super::score::ScoreTask;
use super::text::take_whole_letters;
use patter_config::LlmConfig;
use patter_engine::chat::{Demand, LlmError, Manner, Piece, Scores, Stats};
use patter_types::chat::{ChatMessage, Finish};
use patter_types::priority::Priority;

/// What a request wants of its slot.
pub(super) struct Order {
    pub(super) messages: Vec<ChatMessage>,
    pub(super) want: Want,
    pub(super) demand: Demand,
}

/// What for.
pub(super) enum Want {
    /// Nothing yet: the prompt is read for later. The sender is dropped when that is done, to tell who waits.
    Prefill(Sender<()>),
    /// A reply.
    Reply(Manner, Sender<Piece>),
    /// How likely these parts are, said one after the other.
    Score(Vec<String>, Sender<Scores>),
}

impl Order {
    /// A prompt to be read for later.
    pub(super) fn prefill(messages: Vec<ChatMessage>, done: Sender<()>) -> Self {
        Self {
            messages,
            want: Want::Prefill(done),
            demand: Demand::default(),
        }
    }
}

impl Want {
    /// Tells who waits that nothing will come.
    pub(super) fn refuse(self, error: LlmError) {
        match self {
            Self::Prefill(_) => {}
            Self::Reply(_, sink) => drop(sink.send(Piece::Done(failed(error.to_string())))),
            Self::Score(_, answer) => drop(answer.send(Err(error))),
        }
    }
}

/// An order that is being carried out.
pub(super) struct Job {
    /// Tokens still to be prefilled.
    pub(super) pending: VecDeque<LlamaToken>,
    pub(super) task: Task,
    pub(super) demand: Demand,
    pub(super) started: Instant,
    pub(super) prompt_tokens: usize,
    pub(super) prefilled: usize,
    /// Where in the batch its logits will be, in order.
    pub(super) logits_at: Vec<i32>,
}

pub(super) enum Task {
    Prefill { _done: Sender<()> },
    Reply(Reply),
    Score(ScoreTask),
}

impl Job {
    pub(super) fn is_urgent(&self) -> bool {
        self.demand.is_urgent()
    }

    pub(super) fn is_resting(&self) -> bool {
        self.demand.is_resting()
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.demand.is_cancelled()
    }

    /// True for a reply that takes longer than a caller waits.
    pub(super) fn is_late(&self, config: &LlmConfig) -> bool {
        let limit = Duration::from_millis(u64::from(config.max_reply_ms));
        matches!(self.task, Task::Reply(_)) && self.started.elapsed() > limit
    }

    /// True when the model's opinion after the token at `position`, which was just taken off `pending`, is of use.
    pub(super) fn wants_logits(&self, position: usize) -> bool {
        match &self.task {
            Task::Score(scores) => scores.wants_logits(position),
            _ => self.pending.is_empty(),
        }
    }

    /// The sampled token that the model has not read yet.
    pub(super) fn take_next(&mut self) -> Option<LlamaToken> {
        match &mut self.task {
            Task::Reply(reply) => reply.next.take(),
            _ => None,
        }
    }
}

/// A reply under way.
pub(super) struct Reply {
    sampler: LlamaSampler,
    sink: Sender<Piece>,
    /// The last sampled token, not yet in the cache.
    next: Option<LlamaToken>,
    made: Vec<LlamaToken>,
    /// Bytes of a letter that is not complete yet.
    partial: Vec<u8>,
    first_token: Option<Duration>,
}

impl Reply {
    pub(super) fn new(sampler: LlamaSampler, sink: Sender<Piece>) -> Self {
        Self {
            sampler,
            sink,
            next: None,
            made: Vec::new(),
            partial: Vec::new(),
            first_token: None,
        }
    }

    pub(super) fn sampler(&mut self) -> &mut LlamaSampler {
        &mut self.sampler
    }

    /// Takes the token that was sampled `after` the request came; why the reply ends with it, if it does.
    pub(super) fn push(
        &mut self,
        token: LlamaToken,
        after: Duration,
        vocab: &LlamaVocab,
        max_tokens: usize,
    ) -> Option<Finish> {
        self.first_token.get_or_insert(after);
        if vocab.is_eog(token) {
            return Some(Finish::EndOfTurn);
        }
        self.made.push(token);
        let bytes = vocab.token_to_piece(token, false, None);
        self.partial.extend_from_slice(&bytes);
        let text = take_whole_letters(&mut self.partial);
        if !text.is_empty() && self.sink.send(Piece::Text(text)).is_err() {
            return Some(Finish::Cancelled);
        }
        if crate::loops::is_looping(&self.made) {
            return Some(Finish::Loop);
        }
        if self.made.len() >= max_tokens {
            return Some(Finish::Tokens);
        }
        self.next = Some(token);
        None
    }

    /// Sends the figures.
    pub(super) fn end(
        self,
        finish: Finish,
        total: Duration,
        prompt_tokens: usize,
        prefilled: usize,
    ) {
        let ms = |d: Duration| d.as_secs_f32() * 1000.0;
        let _ = self.sink.send(Piece::Done(Stats {
            finish,
            prompt_tokens,
            prefilled_tokens: prefilled,
            tokens: self.made.len(),
            first_token_ms: self.first_token.map_or(0.0, ms),
            total_ms: ms(total),
        }));
    }
}

/// How urgent the work of `jobs` is.
pub(super) fn priority<'a>(mut jobs: impl Iterator<Item = &'a Job>) -> Priority {
    if jobs.any(Job::is_urgent) {
        Priority::Interactive
    } else {
        Priority::Speculative
    }
}

fn failed(reason: String) -> Stats {
    Stats {
        finish: Finish::Failed(reason),
        prompt_tokens: 0,
        prefilled_tokens: 0,
        tokens: 0,
        first_token_ms: 0.0,
        total_ms: 0.0,
    }
}
