//! llama.cpp behind one thread: continuous batching over sequences.
//!
//! Thread: `llm`. In: requests. Out: pieces of text. Memory: one model and one context; each call has a sequence in it, and its tokens
//! are remembered, so that a request prefills only what differs from the last one. The playbook's fixed part is prefilled once in
//! sequence 0 and shared by copying cells. When late: prompts are prefilled in chunks, so a long one never stalls another call's reply, and
//! work done ahead of its need runs only while no caller waits.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::model::{LlamaChatMessage, LlamaChatTemplate, LlamaModel};
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;

use super::{ChatMessage, Finish, LlmError, Piece, Request, Role, Session, Stats};
use crate::config::LlmConfig;
use crate::cores::{Cores, Urgency};

/// The sequence that holds the shared beginning of all prompts.
const PREFIX: i32 = 0;
/// llama.cpp's numbers for -1 "where the device can" and 1 "always": on this CPU path it makes short prefills a fifth faster.
const FLASH_ATTENTION: i32 = if cfg!(any(feature = "cuda", feature = "vulkan", feature = "metal")) {
    -1
} else {
    1
};
/// Prompt tokens of one pass that nobody waits for: it is over within about 50 ms when somebody does.
const AHEAD_CHUNK: usize = 16;
/// Tokens that the repeat penalty looks back over.
const PENALTY_WINDOW: i32 = 64;

/// The handle by which calls reach the engine thread. Dropping it ends the thread, and waits for that: llama.cpp must not be
/// running when the process takes its globals down. Sessions that are left then get no more answers.
pub struct Engine {
    requests: Sender<Request>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.requests.send(Request::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Engine {
    /// Loads the model and starts the thread; returns when it is ready.
    ///
    /// # Errors
    /// Missing or damaged file, no memory.
    pub fn start(
        path: &Path,
        config: &LlmConfig,
        max_calls: u32,
        cores: &Cores,
    ) -> Result<Self, LlmError> {
        if !path.is_file() {
            return Err(LlmError::Missing {
                path: path.to_owned(),
            });
        }
        let (requests, inbox) = crossbeam_channel::unbounded();
        let (ready_in, ready) = crossbeam_channel::bounded(1);
        let (path, config, cores) = (path.to_owned(), config.clone(), cores.clone());
        let at = path.clone();
        let thread = std::thread::Builder::new()
            .name("llm".into())
            .spawn(move || run(&at, &config, max_calls, &cores, &inbox, &ready_in))
            .map_err(|e| LlmError::Engine {
                reason: e.to_string(),
            })?;
        match ready.recv() {
            Ok(result) => result.map(|()| Self {
                requests,
                thread: Some(thread),
            }),
            Err(_) => Err(LlmError::Load {
                path,
                reason: "the engine stopped while loading".into(),
            }),
        }
    }

    /// Prefills what all prompts begin with, so that every call finds it in the cache; returns when it is there.
    pub fn share_prefix(&self, messages: Vec<ChatMessage>) {
        let (done, ready) = crossbeam_channel::bounded(1);
        if self
            .requests
            .send(Request::Prefix { messages, done })
            .is_ok()
        {
            // The sender is dropped when the prefix is there, or could not be made.
            let _ = ready.recv();
        }
    }

    /// A place for one call.
    ///
    /// # Errors
    /// All places are taken.
    pub fn session(&self) -> Result<Session, LlmError> {
        let (reply, answer) = crossbeam_channel::bounded(1);
        let gone = || LlmError::Engine {
            reason: "its thread has ended".into(),
        };
        self.requests
            .send(Request::Open { reply })
            .map_err(|_| gone())?;
        let slot = answer.recv().map_err(|_| gone())??;
        Ok(Session {
            slot,
            requests: self.requests.clone(),
        })
    }
}

fn run(
    path: &Path,
    config: &LlmConfig,
    max_calls: u32,
    cores: &Cores,
    inbox: &Receiver<Request>,
    ready: &Sender<Result<(), LlmError>>,
) {
    let load = |reason: String| LlmError::Load {
        path: path.to_owned(),
        reason,
    };
    let backend = match backend() {
        Ok(backend) => backend,
        Err(reason) => return drop(ready.send(Err(load(reason)))),
    };
    let gpu_layers = if cfg!(any(feature = "cuda", feature = "vulkan", feature = "metal")) {
        config.gpu_layers
    } else {
        0
    };
    let parameters = LlamaModelParams::default().with_n_gpu_layers(gpu_layers);
    let model = match LlamaModel::load_from_file(backend, path, &parameters) {
        Ok(model) => model,
        Err(e) => {
            return drop(ready.send(Err(load(format!(
                "{e}; it is damaged, cut short or no GGUF file"
            )))));
        }
    };
    let template = match model.chat_template(None) {
        Ok(template) => template,
        Err(_) => {
            return drop(ready.send(Err(load(
                "it has no chat template; an instruct model is wanted".into(),
            ))));
        }
    };
    let chunk = config.prefill_chunk_tokens.max(max_calls + 1);
    let parameters = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(config.context_tokens))
        .with_n_batch(chunk)
        .with_n_ubatch(chunk)
        .with_n_seq_max(max_calls + 1)
        .with_kv_unified(true)
        .with_flash_attention_policy(FLASH_ATTENTION)
        .with_n_threads(config.threads as i32)
        .with_n_threads_batch(config.threads as i32);
    let context = match model.new_context(backend, parameters) {
        Ok(context) => context,
        Err(e) => {
            return drop(ready.send(Err(load(format!(
                "no context of {} tokens: {e}",
                config.context_tokens
            )))));
        }
    };
    let mut worker = Worker {
        model: &model,
        cores,
        template,
        context,
        config,
        batch: LlamaBatch::new(chunk as usize, 1),
        chunk: chunk as usize,
        slots: (0..=max_calls).map(|_| Slot::default()).collect(),
    };
    worker.slots[PREFIX as usize].open = true;
    let _ = ready.send(Ok(()));
    worker.serve(inbox);
}

/// llama.cpp's one global; its own chatter goes nowhere.
fn backend() -> Result<&'static LlamaBackend, String> {
    static BACKEND: std::sync::OnceLock<Result<LlamaBackend, String>> = std::sync::OnceLock::new();
    BACKEND
        .get_or_init(|| {
            let mut backend = LlamaBackend::init().map_err(|e| e.to_string())?;
            backend.void_logs();
            Ok(backend)
        })
        .as_ref()
        .map_err(Clone::clone)
}

#[derive(Default)]
struct Slot {
    open: bool,
    /// Tokens whose cells are in the cache, in order.
    cached: Vec<LlamaToken>,
    job: Option<Job>,
}

struct Job {
    /// Prompt tokens still to be prefilled.
    pending: std::collections::VecDeque<LlamaToken>,
    /// The last sampled token, not yet in the cache.
    next: Option<LlamaToken>,
    made: Vec<LlamaToken>,
    /// Bytes of a letter that is not complete yet.
    partial: Vec<u8>,
    sampler: LlamaSampler,
    urgent: Arc<AtomicBool>,
    cancel: Arc<AtomicBool>,
    sink: Option<Sender<Piece>>,
    /// Dropped with the job, to tell who waits for a prefill.
    _done: Option<Sender<()>>,
    started: Instant,
    first_token: Option<Duration>,
    prompt_tokens: usize,
    prefilled: usize,
    /// Where in the batch its logits will be.
    logits_at: Option<i32>,
}

impl Job {
    fn is_urgent(&self) -> bool {
        self.urgent.load(Ordering::Acquire)
    }
}

/// What a request wants of its slot.
struct Order {
    urgent: Arc<AtomicBool>,
    cancel: Arc<AtomicBool>,
    sink: Option<Sender<Piece>>,
    done: Option<Sender<()>>,
}

impl Order {
    /// A prompt to be read for later.
    fn prefill(done: Sender<()>) -> Self {
        Self {
            urgent: Arc::default(),
            cancel: Arc::default(),
            sink: None,
            done: Some(done),
        }
    }
}

struct Worker<'a> {
    model: &'a LlamaModel,
    cores: &'a Cores,
    template: LlamaChatTemplate,
    context: LlamaContext<'a>,
    config: &'a LlmConfig,
    batch: LlamaBatch<'a>,
    chunk: usize,
    slots: Vec<Slot>,
}

impl Worker<'_> {
    fn serve(&mut self, inbox: &Receiver<Request>) {
        loop {
            if self.slots.iter().all(|s| s.job.is_none()) {
                match inbox.recv() {
                    Ok(Request::Stop) | Err(_) => return,
                    Ok(request) => self.accept(request),
                }
            }
            while let Ok(request) = inbox.try_recv() {
                if matches!(request, Request::Stop) {
                    return;
                }
                self.accept(request);
            }
            self.step(inbox);
        }
    }

    fn accept(&mut self, request: Request) {
        match request {
            Request::Stop => {}
            Request::Open { reply } => {
                let free = self.slots.iter().position(|s| !s.open);
                let answer = match free {
                    Some(slot) => {
                        self.slots[slot].open = true;
                        Ok(slot as u32)
                    }
                    None => Err(LlmError::Full {
                        limit: self.slots.len() as u32 - 1,
                    }),
                };
                let _ = reply.send(answer);
            }
            Request::Close { slot } => {
                self.finish(slot as usize, Finish::Cancelled);
                self.forget(slot as usize);
                self.slots[slot as usize] = Slot::default();
            }
            Request::Prefix { messages, done } => {
                self.begin(PREFIX as usize, &messages, Order::prefill(done));
            }
            Request::Warm {
                slot,
                messages,
                done,
            } => self.begin(slot as usize, &messages, Order::prefill(done)),
            Request::Generate {
                slot,
                messages,
                urgent,
                cancel,
                sink,
            } => {
                let order = Order {
                    urgent,
                    cancel,
                    sink: Some(sink),
                    done: None,
                };
                self.begin(slot as usize, &messages, order);
            }
        }
    }

    fn forget(&mut self, slot: usize) {
        let _ = self.context.kv_cache_seq_rm(slot as i32, None, None);
        self.slots[slot].cached.clear();
    }

    /// The prompt as tokens. `open_turn` adds the header of the agent's turn.
    fn tokens(&self, messages: &[ChatMessage], open_turn: bool) -> Result<Vec<LlamaToken>, String> {
        let chat: Result<Vec<_>, _> = messages
            .iter()
            .map(|m| {
                let role = match m.role {
                    Role::System => "system",
                    Role::User => "user",
                    Role::Assistant => "assistant",
                };
                LlamaChatMessage::new(role.into(), plain(&m.text))
            })
            .collect();
        let chat = chat.map_err(|e| e.to_string())?;
        let text = self
            .model
            .apply_chat_template(&self.template, &chat, open_turn)
            .map_err(|e| e.to_string())?;
        let vocab = self.model.vocab();
        Ok(vocab.tokenize(text.as_bytes(), vocab.should_add_bos(), true))
    }

    fn begin(&mut self, slot: usize, messages: &[ChatMessage], order: Order) {
        let Order {
            urgent,
            cancel,
            sink,
            done,
        } = order;
        let started = Instant::now();
        self.finish(slot, Finish::Cancelled);
        let refuse = |reason: String| {
            if let Some(sink) = &sink {
                let _ = sink.send(Piece::Done(failed(reason)));
            }
        };
        let tokens = match self.tokens(messages, sink.is_some()) {
            Ok(tokens) => tokens,
            Err(reason) => return refuse(reason),
        };
        // The prefix's cells are shared, so only what comes after it counts against a call's share.
        let prefix = &self.slots[PREFIX as usize].cached;
        let share = (self.config.context_tokens as usize).saturating_sub(prefix.len())
            / (self.slots.len() - 1).max(1);
        let limit =
            (share + common(prefix, &tokens)).saturating_sub(self.config.max_reply_tokens as usize);
        if tokens.is_empty() || tokens.len() > limit {
            let error = LlmError::TooLong {
                tokens: tokens.len(),
                limit,
            };
            return refuse(error.to_string());
        }
        if self.slots[slot].cached.is_empty() && slot != PREFIX as usize {
            self.copy_prefix(slot, &tokens);
        }
        // The last prompt token is always decoded anew: its logits are wanted.
        let keep = common(&self.slots[slot].cached, &tokens).min(tokens.len() - 1);
        if self
            .context
            .kv_cache_seq_rm(slot as i32, Some(keep as u32), None)
            .is_err()
        {
            // Some architectures cannot forget a part; then all is made anew.
            self.forget(slot);
        }
        let keep = keep.min(self.slots[slot].cached.len());
        self.slots[slot].cached.truncate(keep);
        self.slots[slot].job = Some(Job {
            pending: tokens[keep..].iter().copied().collect(),
            next: None,
            made: Vec::new(),
            partial: Vec::new(),
            sampler: self.sampler(),
            urgent,
            cancel,
            sink,
            _done: done,
            started,
            first_token: None,
            prompt_tokens: tokens.len(),
            prefilled: tokens.len() - keep,
            logits_at: None,
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

    fn sampler(&self) -> LlamaSampler {
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
            chain.push(LlamaSampler::dist(c.seed));
        } else {
            chain.push(LlamaSampler::greedy());
        }
        LlamaSampler::chain_simple(chain)
    }

    /// One pass of the model over what all calls need next.
    fn step(&mut self, inbox: &Receiver<Request>) {
        self.drop_cancelled();
        let jobs = self.slots.iter().filter_map(|s| s.job.as_ref());
        let urgency = if jobs.clone().any(Job::is_urgent) {
            Urgency::Now
        } else {
            Urgency::Ahead
        };
        self.fill_batch(urgency);
        if self.batch.n_tokens() == 0 {
            return;
        }
        let jobs = self.slots.iter().filter_map(|s| s.job.as_ref());
        let hurry = || !inbox.is_empty() || jobs.clone().any(Job::is_urgent);
        let permit = self
            .cores
            .take_or_hurry(self.config.threads, urgency, hurry);
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
            self.sample(slot);
        }
    }

    fn drop_cancelled(&mut self) {
        for slot in 0..self.slots.len() {
            let Some(job) = &self.slots[slot].job else {
                continue;
            };
            let limit = Duration::from_millis(u64::from(self.config.max_reply_ms));
            if job.cancel.load(Ordering::Acquire) {
                self.finish(slot, Finish::Cancelled);
            } else if job.sink.is_some() && job.started.elapsed() > limit {
                self.finish(slot, Finish::Time);
            }
        }
    }

    fn fill_batch(&mut self, urgency: Urgency) {
        self.batch.clear();
        let loading = self.slots.iter().filter(|s| s.open).count() == 1;
        let mut room = match urgency {
            Urgency::Ahead if !loading => self.chunk.min(AHEAD_CHUNK),
            _ => self.chunk,
        };
        // While somebody waits, work done ahead rests.
        let serve = |job: &Job| urgency == Urgency::Ahead || job.is_urgent();
        // Replies under way come first: one token each.
        for slot in 0..self.slots.len() {
            if room == 0 {
                break;
            }
            let Slot { cached, job, .. } = &mut self.slots[slot];
            if let Some(job) = job.as_mut().filter(|job| serve(job))
                && let Some(token) = job.next.take()
            {
                let at = self.batch.n_tokens();
                if self
                    .batch
                    .add(token, cached.len() as i32, &[slot as i32], true)
                    .is_ok()
                {
                    cached.push(token);
                    job.logits_at = Some(at);
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
                let last = job.pending.is_empty();
                let at = self.batch.n_tokens();
                if self
                    .batch
                    .add(token, cached.len() as i32, &[slot as i32], last)
                    .is_err()
                {
                    break;
                }
                cached.push(token);
                room -= 1;
                if last {
                    job.logits_at = Some(at);
                }
            }
        }
    }

    fn sample(&mut self, slot: usize) {
        let Some(job) = &mut self.slots[slot].job else {
            return;
        };
        let Some(at) = job.logits_at.take() else {
            return;
        };
        let Some(sink) = &job.sink else {
            return self.finish(slot, Finish::EndOfTurn);
        };
        let token = job.sampler.sample(&self.context, at);
        job.first_token.get_or_insert_with(|| job.started.elapsed());
        if self.model.vocab().is_eog(token) {
            return self.finish(slot, Finish::EndOfTurn);
        }
        job.made.push(token);
        let bytes = self.model.vocab().token_to_piece(token, false, None);
        job.partial.extend_from_slice(&bytes);
        let text = take_whole_letters(&mut job.partial);
        if !text.is_empty() && sink.send(Piece::Text(text)).is_err() {
            return self.finish(slot, Finish::Cancelled);
        }
        if super::loops::is_looping(&job.made) {
            return self.finish(slot, Finish::Loop);
        }
        if job.made.len() >= self.config.max_reply_tokens as usize {
            return self.finish(slot, Finish::Tokens);
        }
        job.next = Some(token);
    }

    fn finish(&mut self, slot: usize, finish: Finish) {
        let Some(job) = self.slots[slot].job.take() else {
            return;
        };
        if let Some(sink) = job.sink {
            let ms = |d: Duration| d.as_secs_f32() * 1000.0;
            let _ = sink.send(Piece::Done(Stats {
                finish,
                prompt_tokens: job.prompt_tokens,
                prefilled_tokens: job.prefilled,
                tokens: job.made.len(),
                first_token_ms: job.first_token.map_or(0.0, ms),
                total_ms: ms(job.started.elapsed()),
            }));
        }
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

fn common(a: &[LlamaToken], b: &[LlamaToken]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

/// What somebody says must not become a control token of the template, nor end a C string.
fn plain(text: &str) -> String {
    text.replace("<|", "< |")
        .replace("|>", "| >")
        .replace('\0', " ")
}

/// Takes complete UTF-8 off the front; bytes that can never become any are dropped.
fn take_whole_letters(bytes: &mut Vec<u8>) -> String {
    let mut text = String::new();
    loop {
        match std::str::from_utf8(bytes) {
            Ok(all) => {
                text.push_str(all);
                bytes.clear();
                return text;
            }
            Err(e) => {
                let good = e.valid_up_to();
                text.push_str(&String::from_utf8_lossy(&bytes[..good]));
                match e.error_len() {
                    Some(bad) => drop(bytes.drain(..good + bad)),
                    None => {
                        bytes.drain(..good);
                        return text;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_wait_until_they_are_whole() {
        let mut bytes = "né".as_bytes()[..2].to_vec();
        assert_eq!(take_whole_letters(&mut bytes), "n");
        bytes.push(0xa9);
        assert_eq!(take_whole_letters(&mut bytes), "é");
        let mut bytes = vec![b'a', 0xff, b'b'];
        assert_eq!(take_whole_letters(&mut bytes), "ab");
    }

    #[test]
    fn a_caller_cannot_say_control_tokens() {
        assert!(!plain("<|im_end|>\n<|im_start|>system").contains("<|"));
    }

    #[test]
    fn a_missing_or_damaged_model_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.gguf");
        let start = || {
            Engine::start(&path, &LlmConfig::default(), 1, &Cores::new(1))
                .err()
                .unwrap()
                .to_string()
        };
        assert!(start().contains("is not there"));
        std::fs::write(&path, [b"GGUF".as_slice(), &[0x7f; 5_000]].concat()).unwrap();
        assert!(start().contains("cannot be loaded"));
    }
}
