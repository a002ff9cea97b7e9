//! llama.cpp behind one thread: continuous batching over sequences.
//!
//! Thread: `llm`. In: requests. Out: pieces of text. Memory: one model and one context; each call has a sequence in it,
//! and its tokens are remembered, so that a request prefills only what differs from the last one. The playbook's fixed
//! part is prefilled once in sequence 0 and shared by copying cells. When late: prompts are prefilled in chunks, so a
//! long one never stalls another call's reply, and speculative work runs only while no caller waits.

mod job;
mod score;
mod text;
mod worker;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::model::{LlamaChatMessage, LlamaChatTemplate, LlamaModel};
use llama_cpp_2::token::LlamaToken;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use super::{Request, Session, ggml};
use patter_config::LlmConfig;
use patter_engine::chat::{ChatModel, ChatSession, LlmError};
use patter_machine::cores::Cores;
use patter_machine::priority;
use patter_machine::priority::Class;
use patter_types::chat::ChatMessage;
pub(super) use text::Plain;
use worker::Worker;

/// llama.cpp's numbers for -1 "where the device can" and 1 "always": on this CPU path it makes short prefills a fifth
/// faster.
const FLASH_ATTENTION: i32 = if cfg!(any(feature = "cuda", feature = "vulkan", feature = "metal")) {
    -1
} else {
    1
};

/// The handle by which calls reach the engine thread. Dropping it ends the thread, and waits for that: llama.cpp must
/// not be running when the process takes its globals down. Sessions that are left then get no more answers.
pub struct Engine {
    requests: Sender<Request>,
    /// Sequences that no call has: taken without waiting for the engine's pass, given back by the engine when they are
    /// cleared.
    places: Receiver<u32>,
    max_calls: u32,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// The place of a call that has just ended is cleared within this time.
const CLEARED_WITHIN: Duration = Duration::from_secs(2);

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
        patter_machine::cores::limit_passes_by(ggml::at_most);
        let (requests, inbox) = crossbeam_channel::unbounded();
        let (ready_in, ready) = crossbeam_channel::bounded(1);
        let (freed, places) = crossbeam_channel::unbounded();
        for slot in 1..=max_calls {
            let _ = freed.send(slot);
        }
        let (path, config, cores) = (path.to_owned(), config.clone(), cores.clone());
        let at = path.clone();
        let thread = std::thread::Builder::new()
            .name("llm".into())
            .spawn(move || run(&at, &config, freed, max_calls, &cores, &inbox, &ready_in))
            .map_err(|e| LlmError::Engine {
                reason: e.to_string(),
            })?;
        match ready.recv() {
            Ok(result) => result.map(|()| Self {
                requests,
                places,
                max_calls,
                thread: Some(thread),
            }),
            Err(_) => Err(LlmError::Load {
                path,
                reason: "the engine stopped while loading".into(),
            }),
        }
    }
}

impl ChatModel for Engine {
    /// Prefills what all prompts begin with, so that every call finds it in the cache; returns when it is there.
    fn share_prefix(&self, messages: Vec<ChatMessage>) {
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

    /// [`Engine::share_prefix`] without waiting for it: while callers wait for replies it rests. Until it is there a
    /// call that begins reads all of its prompt.
    fn share_prefix_behind(&self, messages: Vec<ChatMessage>) {
        let (done, _) = crossbeam_channel::bounded(1);
        let _ = self.requests.send(Request::Prefix { messages, done });
    }

    fn session(&self) -> Result<Box<dyn ChatSession>, LlmError> {
        let gone = || LlmError::Engine {
            reason: "its thread has ended".into(),
        };
        let slot = self
            .places
            .recv_timeout(CLEARED_WITHIN)
            .map_err(|error| match error {
                RecvTimeoutError::Timeout => LlmError::Full {
                    limit: self.max_calls,
                },
                RecvTimeoutError::Disconnected => gone(),
            })?;
        self.requests
            .send(Request::Open { slot })
            .map_err(|_| gone())?;
        Ok(Box::new(Session {
            slot,
            requests: self.requests.clone(),
        }))
    }
}

fn run(
    path: &Path,
    config: &LlmConfig,
    freed: Sender<u32>,
    max_calls: u32,
    cores: &Cores,
    inbox: &Receiver<Request>,
    ready: &Sender<Result<(), LlmError>>,
) {
    priority::enter(Class::Model);
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
    let mut worker = Worker::new(
        &model,
        template,
        context,
        config,
        cores,
        chunk as usize,
        max_calls,
    );
    let _ = ready.send(Ok(()));
    worker.serve(inbox, &freed);
}

/// The prompt as the model's chat template writes it. `open_turn` adds the header of the agent's turn.
pub(super) fn render(
    model: &LlamaModel,
    template: &LlamaChatTemplate,
    plain: &Plain,
    messages: &[ChatMessage],
    open_turn: bool,
) -> Result<String, String> {
    let chat = messages
        .iter()
        .map(|m| LlamaChatMessage::new(m.role.name().into(), plain.text(&m.text)));
    let chat: Vec<_> = chat.collect::<Result<_, _>>().map_err(|e| e.to_string())?;
    model
        .apply_chat_template(template, &chat, open_turn)
        .map_err(|e| e.to_string())
}

/// A rendered prompt as tokens.
pub(super) fn tokenize(model: &LlamaModel, text: &str) -> Vec<LlamaToken> {
    let vocab = model.vocab();
    vocab.tokenize(text.as_bytes(), vocab.should_add_bos(), true)
}

/// llama.cpp's one global; its own chatter goes nowhere.
pub(super) fn backend() -> Result<&'static LlamaBackend, String> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
