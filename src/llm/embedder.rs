//! Sentences as vectors: alike in direction when they mean alike. A second, small model behind a thread of its own.
//!
//! Threads: `embed`, one for the program, for what callers say; the dialogue threads wait for it, for a few ms.
//! `learn`, one for the program, for texts that are learnt: it stands back behind all calls. In: texts. Out: one vector
//! per text, of length 1. Memory: the model (14 MB for the shipped one), the vectors of all examples, those of the last
//! 64 texts. When late: who asks gives up after half a second and goes on without. Both use one core each and need no
//! permit of [`patter_machine::cores::Cores`]: a text takes some 5 ms, and learning has no right to keep a call
//! waiting. Source: the last layer's tokens pooled as the model's file says; all-MiniLM-L6-v2 takes their mean (Reimers
//! and Gurevych 2019). Run by llama.cpp.

mod store;

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::token::LlamaToken;

use super::engine::backend;
use patter_engine::chat::LlmError;
use patter_engine::embed::{Embed, Vector};
use patter_machine::priority;
use patter_machine::priority::Class;
use store::Store;

/// Longest text, in tokens; of a longer one the end counts.
const MAX_TOKENS: usize = 128;

/// More letters than this are not even looked at.
const MAX_LETTERS: usize = 600;

/// Tokens of the texts that are learnt in one pass.
const PASS_TOKENS: usize = 256;

/// Texts of one pass.
const PASS_TEXTS: usize = 32;

/// Texts of calls whose vectors are kept: a turn is looked at more than once.
const RECENT: usize = 64;

/// A text takes some 5 ms; who has waited this long is better served without its vector.
const PATIENCE: Duration = Duration::from_millis(500);

const NO_VECTORS: &str =
    "it makes no sentence vectors; an embedding model such as all-MiniLM-L6-v2 is wanted";

/// Vectors that were made are written this often while texts are learnt: so much work a kill may cost.
const SAVE_EVERY: Duration = Duration::from_secs(5);

/// Texts that are learnt from; their vectors are kept.
type Lesson = (Vec<String>, Sender<Option<Vec<Vector>>>);
/// What the `embed` thread does: somebody waits for it.
enum Job {
    /// What a caller said.
    Question(String, Sender<Option<Vector>>),
    /// See [`Lesson`].
    Lesson(Lesson),
}

/// The ends of both threads' channels.
struct Inboxes {
    jobs: Receiver<Job>,
    /// What nobody waits for.
    lessons: Receiver<Lesson>,
}

/// The handle of the threads. Dropping it ends them and waits for that, as [`super::engine::Engine`] does.
pub struct Embedder {
    jobs: Option<Sender<Job>>,
    lessons: Option<Sender<Lesson>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Embedder {
    fn drop(&mut self) {
        self.jobs = None;
        self.lessons = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Embedder {
    /// Loads the model and starts the threads. Vectors of texts that are learnt are kept in the file `store` from one
    /// start to the next; without one each start makes them again, about 2 ms each.
    ///
    /// # Errors
    /// Missing or damaged file, a model that makes no sentence vectors, no thread.
    pub fn start(path: &Path, store: Option<&Path>) -> Result<Self, LlmError> {
        if !path.is_file() {
            return Err(LlmError::Missing {
                path: path.to_owned(),
            });
        }
        let (lessons, lessons_in) = crossbeam_channel::unbounded();
        let (jobs, jobs_in) = crossbeam_channel::unbounded();
        let inboxes = Inboxes {
            jobs: jobs_in,
            lessons: lessons_in,
        };
        let (ready_in, ready) = crossbeam_channel::bounded(1);
        let (at, store) = (path.to_owned(), store.map(Path::to_owned));
        let thread = std::thread::Builder::new()
            .name("embed".into())
            .spawn(move || run(&at, store, &inboxes, &ready_in))
            .map_err(|e| LlmError::Engine {
                reason: e.to_string(),
            })?;
        let started = ready.recv().unwrap_or_else(|_| {
            Err(LlmError::Load {
                path: path.to_owned(),
                reason: "the engine stopped while loading".into(),
            })
        });
        started.map(|()| Self {
            jobs: Some(jobs),
            lessons: Some(lessons),
            thread: Some(thread),
        })
    }
}

impl Embed for Embedder {
    fn learn(&self, texts: &[&str]) -> Option<Vec<Vector>> {
        let (answer, answered) = crossbeam_channel::bounded(1);
        let lesson = (owned(texts), answer);
        self.jobs.as_ref()?.send(Job::Lesson(lesson)).ok()?;
        answered.recv().ok()?
    }

    fn learn_behind(&self, texts: &[&str]) -> bool {
        let (answer, answered) = crossbeam_channel::bounded(1);
        let lessons = self.lessons.as_ref();
        let sent = lessons.is_some_and(|lessons| lessons.send((owned(texts), answer)).is_ok());
        sent && answered.recv().is_ok_and(|vectors| vectors.is_some())
    }

    fn vector(&self, text: &str) -> Option<Vector> {
        let (answer, answered) = crossbeam_channel::bounded(1);
        let question = Job::Question(text.to_owned(), answer);
        self.jobs.as_ref()?.send(question).ok()?;
        answered.recv_timeout(PATIENCE).ok()?
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn run(
    path: &Path,
    store: Option<PathBuf>,
    inboxes: &Inboxes,
    ready: &Sender<Result<(), LlmError>>,
) {
    priority::enter(Class::Model);
    let load = |reason: String| LlmError::Load {
        path: path.to_owned(),
        reason,
    };
    let model = backend().and_then(|backend| {
        let parameters = LlamaModelParams::default().with_n_gpu_layers(0);
        LlamaModel::load_from_file(backend, path, &parameters)
            .map_err(|e| format!("{e}; it is damaged, cut short or no GGUF file"))
    });
    let model = match model {
        Ok(model) => model,
        Err(reason) => return drop(ready.send(Err(load(reason)))),
    };
    if !makes_vectors(&model) {
        return drop(ready.send(Err(load(NO_VECTORS.into()))));
    }
    let mut context = match context(&model) {
        Ok(context) => context,
        Err(reason) => return drop(ready.send(Err(load(reason)))),
    };
    let mut probe =
        |text: &str| vectors(&model, &mut context, &[text]).map(|mut all| all.remove(0));
    let Some(first) = probe("How much is it?") else {
        return drop(ready.send(Err(load(NO_VECTORS.into()))));
    };
    let store = Mutex::new(Store::open(store, &first));
    std::thread::scope(|scope| {
        let learning = std::thread::Builder::new()
            .name("learn".into())
            .spawn_scoped(scope, || {
                priority::enter(Class::Background);
                teach(&model, &store, &inboxes.lessons);
            });
        let failed = |e: std::io::Error| LlmError::Engine {
            reason: e.to_string(),
        };
        let _ = ready.send(learning.map(drop).map_err(failed));
        answer(&model, &mut context, &store, &inboxes.jobs);
    });
    locked(&store).save();
}

/// The vectors are shared by both threads, and locked for moments only: never while one is made.
fn locked(store: &Mutex<Store>) -> MutexGuard<'_, Store> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The `embed` thread: what callers say, and lessons that somebody waits for.
fn answer(
    model: &LlamaModel,
    context: &mut LlamaContext<'_>,
    store: &Mutex<Store>,
    jobs: &Receiver<Job>,
) {
    let mut recent: VecDeque<(String, Vector)> = VecDeque::with_capacity(RECENT);
    for job in jobs {
        let (text, answer) = match job {
            Job::Question(text, answer) => (text, answer),
            Job::Lesson((texts, answer)) => {
                drop(answer.send(learn(model, context, store, &texts)));
                continue;
            }
        };
        let known = recent.iter().find(|(known, _)| *known == text);
        let vector = match known {
            Some((_, vector)) => Some(vector.clone()),
            None => vectors(model, context, &[&text]).map(|mut all| all.remove(0)),
        };
        if let (None, Some(vector)) = (known, &vector) {
            recent.truncate(RECENT - 1);
            recent.push_front((text, vector.clone()));
        }
        drop(answer.send(vector));
    }
}

/// The `learn` thread: lessons that nobody waits for.
fn teach(model: &LlamaModel, store: &Mutex<Store>, lessons: &Receiver<Lesson>) {
    for (texts, answer) in lessons {
        let vectors = context(model).ok();
        let vectors = vectors.and_then(|mut context| learn(model, &mut context, store, &texts));
        drop(answer.send(vectors));
    }
}

/// Whether the model reads a text as a whole and says how its tokens become one vector. llama.cpp does not check that:
/// it crashes.
fn makes_vectors(model: &LlamaModel) -> bool {
    let value = |key: &str| model.meta_val_str(key).unwrap_or_default();
    let family = value("general.architecture");
    let is_causal = value(&format!("{family}.attention.causal")) != "false";
    // 0 is for no pooling.
    let pooling = value(&format!("{family}.pooling_type"));
    !is_causal && pooling.parse().is_ok_and(|kind: u32| kind > 0)
}

fn context(model: &LlamaModel) -> Result<LlamaContext<'_>, String> {
    let parameters = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(PASS_TOKENS as u32))
        .with_n_batch(PASS_TOKENS as u32)
        .with_n_ubatch(PASS_TOKENS as u32)
        .with_n_seq_max(PASS_TEXTS as u32)
        .with_kv_unified(true)
        .with_embeddings(true)
        .with_n_threads(1)
        .with_n_threads_batch(1);
    model
        .new_context(backend()?, parameters)
        .map_err(|e| format!("no context: {e}"))
}

/// The vectors of texts that are learnt from; only those that the store lacks are made.
fn learn(
    model: &LlamaModel,
    context: &mut LlamaContext<'_>,
    store: &Mutex<Store>,
    texts: &[String],
) -> Option<Vec<Vector>> {
    let mut missing: Vec<&str> = {
        let mut store = locked(store);
        for text in texts {
            store.keep(text);
        }
        let texts = texts.iter().map(String::as_str);
        texts.filter(|text| store.get(text).is_none()).collect()
    };
    missing.sort_unstable();
    missing.dedup();
    for some in missing.chunks(PASS_TEXTS) {
        let made = vectors(model, context, some)?;
        let mut store = locked(store);
        for (text, vector) in some.iter().zip(made) {
            store.put(text, vector);
        }
        store.save_if_older(SAVE_EVERY);
    }
    let mut store = locked(store);
    if missing.is_empty() {
        // All of a playbook is there: what was made for it in parts is kept.
        store.save();
    }
    texts.iter().map(|text| store.get(text).cloned()).collect()
}

/// The vectors of up to [`PASS_TEXTS`] texts; `None` when the model fails or makes none.
fn vectors(
    model: &LlamaModel,
    context: &mut LlamaContext<'_>,
    texts: &[&str],
) -> Option<Vec<Vector>> {
    let tokens: Vec<Vec<LlamaToken>> = texts.iter().map(|text| tokens(model, text)).collect();
    let mut made = Vec::with_capacity(texts.len());
    let mut rest = tokens.as_slice();
    while !rest.is_empty() {
        let mut sum = 0;
        let fits = |text: &&Vec<LlamaToken>| {
            sum += text.len();
            sum <= PASS_TOKENS
        };
        let (now, later) = rest.split_at(rest.iter().take_while(fits).count());
        rest = later;
        let mut batch = LlamaBatch::new(PASS_TOKENS, PASS_TEXTS as i32);
        for (number, text) in now.iter().enumerate() {
            batch.add_sequence(text, number as i32, true).ok()?;
        }
        context.encode(&mut batch).ok()?;
        for number in 0..now.len() {
            made.push(of_length_one(
                context.embeddings_seq_ith(number as i32).ok()?,
            )?);
        }
    }
    Some(made)
}

/// At most [`MAX_TOKENS`], the marks at both ends included.
fn tokens(model: &LlamaModel, text: &str) -> Vec<LlamaToken> {
    let mut letters = text.char_indices().rev();
    let start = letters.nth(MAX_LETTERS - 1).map_or(0, |(start, _)| start);
    let mut tokens = model
        .vocab()
        .tokenize(&text.as_bytes()[start..], true, false);
    if tokens.len() > MAX_TOKENS {
        tokens.drain(1..=tokens.len() - MAX_TOKENS);
    }
    tokens
}

fn of_length_one(vector: &[f32]) -> Option<Vector> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    let usable = length.is_finite() && length > 0.0;
    usable.then(|| vector.iter().map(|x| x / length).collect())
}
