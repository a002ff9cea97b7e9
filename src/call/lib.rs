//! One conversation: wires the steps together.
//!
//! Threads of a call: `listen` ([`listen`]: voice activity, turns, barge-in), `hear` ([`hear`]: Whisper), `think` ([`think`]: dialogue,
//! language model, voice), and those of its transport. In: heard frames. Out: spoken frames, events. Memory: bounded rings and
//! one utterance. When late: heard frames are dropped and counted, partials are skipped, finals never.

pub mod agreement;
pub mod books;
pub mod candidates;
pub mod floor;
pub mod hear;
pub mod journal;
pub mod line;
pub mod listen;
pub mod load;
pub mod playback;
pub mod record;
pub mod replay;
pub mod spoken;
pub mod think;
mod thread;
pub mod utterance;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::load::Load;
use books::{Book, Books, Embedders, Learning};
use floor::Floor;
use line::{CallEnds, Closed};
use listen::{Listener, Wires};
use patter_config::{Config, Loaded};
use patter_dialogue::Dialogue;
use patter_dialogue::guard::{Guard, Limits};
use patter_engine::chat::{ChatModel, LlmError};
use patter_engine::recognise::{AsrError, Recogniser};
use patter_engine::voice::{Speaker, TtsError};
use patter_machine::cores::Cores;
use patter_playbook::PlaybookError;
use patter_types::chat::ChatMessage;
use patter_types::event::{Event, EventSink};
use think::{Progress, ThinkJobs};
use utterance::Utterance;

/// Whoever reloads waits so long for what is learnt behind the calls under way; then the rest is learnt behind new
/// ones.
const RELOAD_PATIENCE: Duration = Duration::from_secs(20);

/// Everything that calls share: engines, playbooks, settings. Which engines there are is not known here.
pub struct Engines {
    /// Hearing.
    pub recogniser: Arc<dyn Recogniser>,
    /// Thinking.
    pub llm: Arc<dyn ChatModel>,
    /// Speaking.
    pub voice: Speaker,
    /// What vectors of sentences come from.
    pub embedders: Arc<dyn Embedders>,
    /// What is said.
    pub books: Arc<Books>,
    /// The budget of threads that the models share.
    pub cores: Cores,
    /// How busy they are, and what is left out.
    pub load: Arc<Load>,
    /// Settings.
    pub config: Arc<Config>,
    /// How long loading took, in ms.
    pub ready_ms: f32,
}

/// Loaded engines, for [`Engines::new`].
pub struct Loading {
    /// Hearing.
    pub recogniser: Arc<dyn Recogniser>,
    /// Thinking.
    pub llm: Arc<dyn ChatModel>,
    /// Speaking.
    pub voice: Speaker,
    /// What vectors of sentences come from.
    pub embedders: Arc<dyn Embedders>,
    /// The budget of threads that the models share.
    pub cores: Cores,
    /// When loading began.
    pub began: Instant,
}

/// What can keep a call from starting.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Hearing.
    #[error(transparent)]
    Asr(#[from] AsrError),
    /// Thinking.
    #[error(transparent)]
    Llm(#[from] LlmError),
    /// Speaking.
    #[error(transparent)]
    Tts(#[from] TtsError),
    /// The playbook.
    #[error(transparent)]
    Playbook(#[from] PlaybookError),
    /// No thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

impl Engines {
    /// Reads the playbooks that the config names, learns them, and speaks their first lines into the cache.
    ///
    /// # Errors
    /// A playbook is missing or faulty, an engine failed.
    pub fn new(loaded: &Loaded, engines: Loading, learning: Learning) -> Result<Self, CallError> {
        let config = &loaded.config;
        let Loading {
            recogniser,
            llm,
            voice,
            embedders,
            cores,
            began,
        } = engines;
        let books = Books::load(loaded, &voice, embedders.as_ref(), None, learning)?;
        llm.share_prefix(shared_prefix(config, &books.default));
        Ok(Self {
            recogniser,
            llm,
            voice,
            embedders,
            books: Arc::new(books),
            load: Arc::new(Load::new(&cores, &config.load)),
            cores,
            config: Arc::new(config.clone()),
            ready_ms: began.elapsed().as_secs_f32() * 1000.0,
        })
    }

    /// The same engines with other settings and playbooks, for the calls that begin from now on. What an engine was
    /// loaded with stays as it is.
    ///
    /// # Errors
    /// A playbook is missing or faulty; then nothing has changed.
    pub fn with_settings(&self, loaded: &Loaded) -> Result<Self, CallError> {
        let started = Instant::now();
        // A call that begins meanwhile understands as before; on a machine that is busy with calls nothing waits for
        // long.
        let learning = Learning::Within(RELOAD_PATIENCE);
        let before = Some(self.books.as_ref());
        let books = Books::load(
            loaded,
            &self.voice,
            self.embedders.as_ref(),
            before,
            learning,
        )?;
        self.llm
            .share_prefix_behind(shared_prefix(&loaded.config, &books.default));
        let mut config = loaded.config.clone();
        config.asr.clone_from(&self.config.asr);
        config.llm.clone_from(&self.config.llm);
        config.tts.clone_from(&self.config.tts);
        Ok(Self {
            recogniser: Arc::clone(&self.recogniser),
            llm: Arc::clone(&self.llm),
            voice: self.voice.clone(),
            embedders: Arc::clone(&self.embedders),
            books: Arc::new(books),
            cores: self.cores.clone(),
            load: Arc::new(Load::new(&self.cores, &config.load)),
            config: Arc::new(config),
            ready_ms: started.elapsed().as_secs_f32() * 1000.0,
        })
    }
}

fn shared_prefix(config: &Config, book: &Book) -> Vec<ChatMessage> {
    let turns = config.dialogue.history_turns as usize;
    Dialogue::new(Arc::clone(&book.knowledge), turns).shared_prefix()
}

/// What a call is about, known before it begins.
#[derive(Clone, Default)]
pub struct Setup {
    /// Its playbook; the config's when absent.
    pub book: Option<Arc<Book>>,
    /// Values of slots. Those that the playbook does not have are told in an error event and left out.
    pub slots: BTreeMap<String, String>,
    /// The other side's phone number.
    pub number: Option<String>,
    /// What the call belongs to.
    pub campaign: Option<String>,
}

/// A running call.
pub struct Call {
    threads: Vec<JoinHandle<()>>,
}

/// The threads of a call beside its listener, and the listener.
struct Parts {
    threads: Vec<JoinHandle<()>>,
    /// Made in its own thread: the voice activity detector may not move between threads.
    listener: Box<dyn FnOnce() -> Listener + Send>,
    progress: Arc<Progress>,
}

impl Call {
    /// Starts the threads of a call on `ends`. It ends when the line is closed, by either side.
    ///
    /// # Errors
    /// No place in an engine, no thread.
    pub fn start(
        engines: &Arc<Engines>,
        setup: Setup,
        ends: CallEnds,
        transport: &str,
        events: EventSink,
    ) -> Result<Self, CallError> {
        let line = Arc::clone(&ends.line);
        let Parts {
            mut threads,
            listener,
            ..
        } = parts(engines, setup, ends, transport, events.clone())?;
        let listening = thread::spawn_listener(&line, &events, move || listener().run());
        threads.push(listening.inspect_err(|_| line.close(Closed::Error))?);
        Ok(Self { threads })
    }

    /// Waits until all threads of the call have ended.
    pub fn join(self) {
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

/// The values that the call really begins with, of those that were wanted.
fn given(dialogue: &Dialogue, wanted: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut known = dialogue.known();
    known.retain(|slot, _| wanted.contains_key(slot));
    known
}

/// Takes a place in each engine and starts `hear` and `think`.
fn parts(
    engines: &Arc<Engines>,
    setup: Setup,
    ends: CallEnds,
    transport: &str,
    events: EventSink,
) -> Result<Parts, CallError> {
    let started = (|| {
        let hearing = engines.recogniser.session();
        let thinking = engines.llm.session()?;
        Ok::<_, CallError>((hearing, thinking))
    })();
    let (hearing, thinking) = match started {
        Ok(both) => both,
        Err(error) => {
            events.send(Event::Error {
                message: error.to_string(),
            });
            ends.line.close(Closed::Error);
            return Err(error);
        }
    };
    let Setup {
        book,
        slots,
        number,
        campaign,
    } = setup;
    let book = book.unwrap_or_else(|| Arc::clone(&engines.books.default));
    let CallEnds {
        incoming,
        speech,
        notices,
        keys,
        line,
    } = ends;
    let config = &engines.config;
    let (hear_jobs, hear_inbox) = crossbeam_channel::unbounded();
    let (heard_sender, heard) = crossbeam_channel::unbounded();
    let (think_jobs, think_inbox, progress) = ThinkJobs::new();
    let (said_sender, said) = crossbeam_channel::unbounded();
    let mut candidates = candidates::Limits::of(config);
    let mut load = Arc::clone(&engines.load);
    if line.clock().is_manual() {
        // Nobody waits in real time.
        candidates.budget = None;
        load = Arc::new(Load::none());
    }
    let mut dialogue = Dialogue::on(
        config.dialogue.day_of_call(),
        Arc::clone(&book.knowledge),
        config.dialogue.history_turns as usize,
    )
    .lost_after(config.dialogue.lost_after_turns);
    let unknown = dialogue.know(&slots);
    events.send(Event::CallStart {
        transport: transport.to_owned(),
        playbook: book.knowledge.playbook.title.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        number,
        campaign,
        slots: given(&dialogue, &slots),
    });
    for error in unknown {
        events.send(Event::Error {
            message: format!("call data: {error}"),
        });
    }
    let thinker = think::Thinker {
        guard: Guard::new(
            &book.knowledge.playbook,
            &dialogue.known(),
            Limits::from(&config.dialogue),
        ),
        dialogue,
        candidates,
        load: Arc::clone(&load),
        llm: thinking,
        tts: engines.voice.clone(),
        speech,
        line: Arc::clone(&line),
        events: events.clone(),
        said: said_sender,
        progress: Arc::clone(&progress),
        before: Vec::new(),
        unsent: Vec::new(),
    };
    let hear = move || hear::run(hearing, &hear_inbox, &heard_sender);
    let started = thread::spawn_engine("hear", &line, &events, hear).and_then(|hear| {
        let think = move || thinker.run(&think_inbox);
        Ok(vec![
            hear,
            thread::spawn_engine("think", &line, &events, think)?,
        ])
    });
    let threads = started.inspect_err(|_| line.close(Closed::Error))?;
    let floor = Floor::new(
        Arc::clone(&line),
        events.clone(),
        think_jobs.clone(),
        notices,
    );
    let utterance = Utterance::new(config, hear_jobs);
    let wires = Wires {
        incoming,
        keys,
        line,
        events,
        heard,
        think_jobs,
        said,
        load,
    };
    let notices = Arc::clone(&book.notices);
    let config = Arc::clone(config);
    Ok(Parts {
        threads,
        listener: Box::new(move || Listener::new(config, wires, utterance, floor, notices)),
        progress,
    })
}
