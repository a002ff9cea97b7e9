//! One pass of the model after the other, over what all calls need next.
//!
//! Thread: `llm`. In: requests. Out: what they ask for, through their own channels. Memory: one batch; the tokens that
//! are in the cache. When late: a caller's reply goes before speculative work, one token each before prompts.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::{LlamaChatTemplate, LlamaModel};
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;

use super::job::{self, Job, Order, Reply, Task, Want};
use super::score::ScoreTask;
use super::text::Plain;
use super::{render, tokenize};
use crate::Request;
use crate::prompt::share;
use patter_config::LlmConfig;
use patter_engine::chat::LlmError;
use patter_machine::cores::Cores;
use patter_types::chat::{ChatMessage, Finish};
use patter_types::priority::Priority;

/// The sequence that holds the shared beginning of all prompts.
const PREFIX: i32 = 0;
/// Prompt tokens of one pass that nobody waits for: it is over within about 50 ms when somebody does.
const SPECULATIVE_CHUNK: usize = 16;
/// How soon a reply that rested goes on.
const REST: Duration = Duration::from_millis(1);
/// Tokens that the repeat penalty looks back over.
const PENALTY_WINDOW: i32 = 64;

#[derive(Default)]
struct Slot {
    open: bool,
    /// Tokens whose cells are in the cache, in order.
    cached: Vec<LlamaToken>,
    job: Option<Job>,
}

pub(super) struct Worker<'a> {
    model: &'a LlamaModel,
    cores: &'a Cores,
    template: LlamaChatTemplate,
    plain: Plain,
    context: LlamaContext<'a>,
    config: &'a LlmConfig,
    batch: LlamaBatch<'a>,
    chunk: usize,
    slots: Vec<Slot>,
}

impl<'a> Worker<'a> {
    /// `chunk`: most tokens of a pass.
    pub(super) fn new(
        model: &'a LlamaModel,
        template: LlamaChatTemplate,
        context: LlamaContext<'a>,
        config: &'a LlmConfig,
        cores: &'a Cores,
        chunk: usize,
        max_calls: u32,
    ) -> Self {
        let mut slots: Vec<Slot> = (0..=max_calls).map(|_| Slot::default()).collect();
        slots[PREFIX as usize].open = true;
        Self {
            model,
            cores,
            template,
            plain: Plain::of(model),
            context,
            config,
            batch: LlamaBatch::new(chunk, 1),
            chunk,
            slots,
        }
    }

    /// Runs until it is told to stop; the slots of calls that have ended are `freed`.
    pub(super) fn serve(&mut self, inbox: &Receiver<Request>, freed: &Sender<u32>) {
        loop {
            if self.slots.iter().all(|s| s.job.is_none()) {
                match inbox.recv() {
                    Ok(Request::Stop) | Err(_) => return,
                    Ok(request) => self.accept(request, freed),
                }
            }
            while let Ok(request) = inbox.try_recv() {
                if matches!(request, Request::Stop) {
                    return;
                }
                self.accept(request, freed);
            }
            self.step(inbox);
        }
    }

    fn accept(&mut self, request: Request, freed: &Sender<u32>) {
        match request {
            Request::Stop => {}
            Request::Open { slot } => self.slots[slot as usize].open = true,
            Request::Close { slot } => {
                self.finish(slot as usize, Finish::Cancelled);
                self.forget(slot as usize);
                self.slots[slot as usize] = Slot::default();
                let _ = freed.send(slot);
            }
            Request::Prefix { messages, done } => {
                self.begin(PREFIX as usize, Order::prefill(messages, done));
            }
            Request::Warm {
                slot,
                messages,
                done,
            } => self.begin(slot as usize, Order::prefill(messages, done)),
            Request::Generate {
                slot,
                messages,
                manner,
                demand,
                sink,
            } => {
                let order = Order {
                    messages,
                    want: Want::Reply(manner, sink),
                    demand,
                };
                self.begin(slot as usize, order);
            }
            Request::Score {
                slot,
                messages,
                parts,
                demand,
                answer,
            } => {
                let order = Order {
                    messages,
                    want: Want::Score(parts, answer),
                    demand,
                };
                self.begin(slot as usize, order);
            }
        }
    }

    fn forget(&mut self, slot: usize) {
        let _ = self.context.kv_cache_seq_rm(slot as i32, None, None);
        self.slots[slot].cached.clear();
    }

    /// Leaves the first `keep` tokens of `slot` in the cache, if there are as many.
    fn trim(&mut self, slot: usize, keep: usize) {
        if self
            .context
            .kv_cache_seq_rm(slot as i32, Some(keep as u32), None)
            .is_err()
        {
            // Some architectures cannot forget a part; then all is made anew.
            self.forget(slot);
        }
        self.slots[slot].cached.truncate(keep);
    }

    /// The prompt as tokens. `open_turn` adds the header of the agent's turn.
    fn tokens(&self, messages: &[ChatMessage], open_turn: bool) -> Result<Vec<LlamaToken>, String> {
        let text = render(self.model, &self.template, &self.plain, messages, open_turn)?;
        Ok(tokenize(self.model, &text))
    }

    /// Words of the agent's turn as tokens; none of them is a control token.
    fn words(&self, text: &str) -> Vec<LlamaToken> {
        let vocab = self.model.vocab();
        vocab.tokenize(self.plain.text(text).as_bytes(), false, false)
    }

    fn begin(&mut self, slot: usize, order: Order) {
        let started = Instant::now();
        self.finish(slot, Finish::Cancelled);
        let Order {
            messages,
            want,
            demand,
        } = order;
        let open_turn = !matches!(want, Want::Prefill(_));
        let mut tokens = match self.tokens(&messages, open_turn) {
            Ok(tokens) => tokens,
            Err(reason) => return want.refuse(LlmError::Engine { reason }),
        };
        let context = tokens.len();
        let mut parts = Vec::new();
        match &want {
            Want::Prefill(_) => {}
            Want::Reply(manner, _) => tokens.extend(self.words(&manner.begun)),
            Want::Score(texts, _) => parts = texts.iter().map(|text| self.words(text)).collect(),
        }
        let scored: usize = parts.iter().map(Vec::len).sum();
        let to_come = match want {
            Want::Score(..) => scored,
            _ => self.config.max_reply_tokens as usize,
        };
        // The prefix's cells are shared, so only what comes after it counts against a call's share.
        let prefix = &self.slots[PREFIX as usize].cached;
        let share = share(self.config, self.slots.len() - 1, prefix.len());
        let limit = (share + common(prefix, &tokens)).saturating_sub(to_come);
        if tokens.is_empty() || tokens.len() > limit {
            return want.refuse(LlmError::TooLong {
                tokens: tokens.len(),
                limit,
            });
        }
        if self.slots[slot].cached.is_empty() && slot != PREFIX as usize {
            self.copy_prefix(slot, &tokens);
        }
        // The last prompt token is always decoded anew: its logits are wanted.
        let keep = common(&self.slots[slot].cached, &tokens).min(tokens.len() - 1);
        self.trim(slot, keep);
        let keep = keep.min(self.slots[slot].cached.len());
        let task = match want {
            Want::Prefill(done) => Task::Prefill { _done: done },
            Want::Reply(manner, sink) => {
                let seed = manner.seed.unwrap_or(self.config.seed);
                Task::Reply(Reply::new(self.sampler(seed), sink))
            }
            Want::Score(_, answer) => {
                let scores = ScoreTask::new(context, parts, answer);
                if scored == 0 {
                    return scores.end();
                }
                tokens.extend_from_slice(scores.to_read());
                Task::Score(scores)
            }
        };
        self.slots[slot].job = Some(Job {
            pending: tokens[keep..].iter().copied().collect(),
            task,
            demand,
            started,
            prompt_tokens: tokens.len(),
            prefilled: tokens.len() - keep,
            logits_at: Vec::new(),
        });
    }

    fn copy_prefix(&mut self, slot: usize, tokens: &[LlamaToken]) {
        let shared = common(&self.slots[PREFIX as usize].cached, tokens);
        if shared == 0 {
            return;
        }
        let _ = self.context.kv_cache_seq_rm(slot as i32, None, None);
        if self
            .context
            .kv_cache_seq_cp(PREFIX, slot as i32, Some(0), Some(shared as u32))
            .is_ok()
        {
            self.slots[slot].cached = tokens[..shared].to_vec();
        }
    }

    fn sampler(&self, seed: u32) -> LlamaSampler {
        let c = self.config;
        let mut chain = vec![LlamaSampler::penalties(
            self.model.n_vocab(),
            PENALTY_WINDOW,
            c.repeat_penalty,
            0.0,
            0.0,
        )];
        if c.temperature > 0.0 {
            chain.push(LlamaSampler::top_k(c.top_k as i32));
            chain.push(LlamaSampler::top_p(c.top_p, 1));
            chain.push(LlamaSampler::temp(c.temperature));
            chain.push(LlamaSampler::dist(seed));
        } else {
            chain.push(LlamaSampler::greedy());
        }
        LlamaSampler::chain_simple(chain)
    }

    fn jobs(&self) -> impl Iterator<Item = &Job> + Clone {
        self.slots.iter().filter_map(|slot| slot.job.as_ref())
    }

    /// One pass of the model over what all calls need next.
    fn step(&mut self, inbox: &Receiver<Request>) {
        self.drop_cancelled();
        let priority = job::priority(self.jobs());
        self.fill_batch(priority);
        if self.batch.n_tokens() == 0 {
            // Whoever is wanted rests.
            if inbox.is_empty() && self.jobs().next().is_some() {
                std::thread::sleep(REST);
            }
            return;
        }
        let hurry = || !inbox.is_empty() || self.jobs().any(Job::is_urgent);
        let permit = self
            .cores
            .take_or_hurry(self.config.threads, priority, hurry);
        let decoded = self.context.decode(&mut self.batch);
        drop(permit);
        if let Err(e) = decoded {
            for slot in 0..self.slots.len() {
                if self.slots[slot].job.is_some() {
                    self.finish(slot, Finish::Failed(e.to_string()));
                    // What is in the cache is not known any more.
                    self.forget(slot);
                }
            }
            return;
        }
        for slot in 0..self.slots.len() {
            self.take_logits(slot);
        }
    }

    fn drop_cancelled(&mut self) {
        for slot in 0..self.slots.len() {
            let Some(job) = &self.slots[slot].job else {
                continue;
            };
            if job.is_cancelled() {
                self.finish(slot, Finish::Cancelled);
            } else if job.is_late(self.config) {
                self.finish(slot, Finish::Time);
            }
        }
    }

    fn fill_batch(&mut self, priority: Priority) {
        self.batch.clear();
        let loading = self.slots.iter().filter(|s| s.open).count() == 1;
        let mut room = match priority {
            Priority::Speculative if !loading => self.chunk.min(SPECULATIVE_CHUNK),
            _ => self.chunk,
        };
        // While somebody waits, speculative work rests.
        let serve =
            |job: &Job| (priority == Priority::Speculative || job.is_urgent()) && !job.is_resting();
        // Replies under way come first: one token each.
        for slot in 0..self.slots.len() {
            if room == 0 {
                break;
            }
            let Slot { cached, job, .. } = &mut self.slots[slot];
            if let Some(job) = job.as_mut().filter(|job| serve(job))
                && let Some(token) = job.take_next()
            {
                let at = self.batch.n_tokens();
                if self
                    .batch
                    .add(token, cached.len() as i32, &[slot as i32], true)
                    .is_ok()
                {
                    cached.push(token);
                    job.logits_at.push(at);
                    room -= 1;
                }
            }
        }
        // Then prompts; the shared prefix, which nobody waits for, last.
        for slot in (1..self.slots.len()).chain([PREFIX as usize]) {
            let Slot { cached, job, .. } = &mut self.slots[slot];
            let Some(job) = job.as_mut().filter(|job| serve(job)) else {
                continue;
            };
            while room > 0
                && let Some(token) = job.pending.pop_front()
            {
                let wanted = job.wants_logits(cached.len());
                let at = self.batch.n_tokens();
                if self
                    .batch
                    .add(token, cached.len() as i32, &[slot as i32], wanted)
                    .is_err()
                {
                    break;
                }
                cached.push(token);
                room -= 1;
                if wanted {
                    job.logits_at.push(at);
                }
            }
        }
    }

    /// Gives `slot`'s job what the pass found for it.
    fn take_logits(&mut self, slot: usize) {
        let Some(job) = &mut self.slots[slot].job else {
            return;
        };
        let rows = std::mem::take(&mut job.logits_at);
        let Some(last) = rows.last() else {
            return;
        };
        let ended = match &mut job.task {
            Task::Prefill { .. } => Some(Finish::EndOfTurn),
            Task::Reply(reply) => {
                let token = reply.sampler().sample(&self.context, *last);
                let limit = self.config.max_reply_tokens as usize;
                reply.push(token, job.started.elapsed(), &self.model.vocab(), limit)
            }
            Task::Score(scores) => {
                for row in &rows {
                    scores.push(self.context.get_logits_ith(*row));
                }
                job.pending.is_empty().then_some(Finish::EndOfTurn)
            }
        };
        if let Some(finish) = ended {
            self.finish(slot, finish);
        }
    }

    fn finish(&mut self, slot: usize, finish: Finish) {
        let Some(job) = self.slots[slot].job.take() else {
            return;
        };
        match job.task {
            Task::Prefill { .. } => {}
            Task::Reply(reply) => {
                let total = job.started.elapsed();
                reply.end(finish, total, job.prompt_tokens, job.prefilled);
            }
            Task::Score(scores) => {
                self.trim(slot, scores.context());
                match finish {
                    Finish::Failed(reason) => scores.fail(LlmError::Engine { reason }),
                    _ => scores.end(),
                }
            }
        }
    }
}

fn common(a: &[LlamaToken], b: &[LlamaToken]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}
