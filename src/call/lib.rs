//! One conversation: wires the steps together.
//!
//! Threads of a call: `controller` ([`controller`]: voice activity, and the conversation's core), `transcriber`
//! ([`transcriber`]: speech to text), `responder` ([`responder`]: dialogue, language model, voice), and those of its
//! transport. In: heard frames. Out: spoken frames, events. Memory: bounded rings and one utterance. When late: heard
//! frames are dropped and counted, partials are skipped, finals never.
//!
//! Here belongs what carries out the decisions of [`patter_turn`] and [`patter_dialogue`]. Here may not be: an engine
//! by name, a transport.

mod ahead;
mod behind;
pub mod candidates;
pub mod controller;
pub mod journal;
pub mod line;
pub mod load_shedding;
pub mod playback;
pub mod playbooks;
pub mod record;
pub mod replay;
pub mod responder;
#[cfg(test)]
mod tests;
mod thread;
pub mod transcriber;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::load_shedding::LoadShedding;
use controller::{Controller, Wires};
use line::CallEnds;
use patter_audio::vad::VoiceActivity;
use patter_config::{Config, Loaded, VadConfig};
use patter_dialogue::Dialogue;
use patter_dialogue::guard::{Guard, Limits};
use patter_engine::chat::{ChatModel, LlmError};
use patter_engine::recognise::{AsrError, Recogniser};
use patter_engine::voice::{Speaker, TtsError};
use patter_machine::cores::Cores;
use patter_playbook::PlaybookError;
use patter_turn::Conversation;
use patter_turn::conversation::Closed;
use patter_types::chat::ChatMessage;
use patter_types::event::{Event, EventSink};
use patter_types::free_replies::FreeReplies;
use playbooks::{CompiledPlaybook, Embedders, Learning, PlaybookRegistry};
use responder::{Asks, Progress};

/// Whoever reloads waits so long for what is learnt behind the calls under way; then the rest is learnt behind new
/// ones.
const RELOAD_PATIENCE: Duration = Duration::from_secs(20);

/// Makes a voice activity detector, in the thread of the call that it listens to.
pub type MakeVad = dyn Fn(&VadConfig) -> Box<dyn VoiceActivity> + Send + Sync;

/// Everything that calls share: engines, playbooks, settings. Which engines there are is not known here.
pub struct Engines {
    /// Speech or not.
    pub vad: Arc<MakeVad>,
    /// Hearing.
    pub recogniser: Arc<dyn Recogniser>,
    /// Thinking.
    pub llm: Arc<dyn ChatModel>,
    /// Speaking.
    pub voice: Speaker,
    /// What vectors of sentences come from.
    pub embedders: Arc<dyn Embedders>,
    /// What is said.
    pub playbooks: Arc<PlaybookRegistry>,
    /// The budget of threads that the models share.
    pub cores: Cores,
    /// How busy they are, and what is left out.
    pub load: Arc<LoadShedding>,
    /// Settings.
    pub config: Arc<Config>,
    /// How long loading took, in ms.
    pub ready_ms: f32,
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
    /// Has the language model read what all calls begin with: the last thing to do before the first call.
    pub fn share_prefix(&self) {
        if self.config.dialogue.free_replies != FreeReplies::Off {
            let prefix = shared_prefix(&self.config, &self.playbooks.default);
            self.llm.share_prefix(prefix);
        }
    }

    /// [`Engines::share_prefix`] without waiting for it: it rests while callers wait for replies.
    pub fn share_prefix_behind(&self) {
        if self.config.dialogue.free_replies != FreeReplies::Off {
            let prefix = shared_prefix(&self.config, &self.playbooks.default);
            self.llm.share_prefix_behind(prefix);
        }
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
        let before = Some(self.playbooks.as_ref());
        let playbooks = PlaybookRegistry::load(
            loaded,
            &self.voice,
            self.embedders.as_ref(),
            before,
            learning,
        )?;
        let mut config = loaded.config.clone();
        if config.llm != self.config.llm {
            // The model that is loaded stays, and may answer as freely as it may now.
            config.dialogue.free_replies = self.config.dialogue.free_replies;
        }
        if config.dialogue.free_replies != FreeReplies::Off {
            self.llm
                .share_prefix_behind(shared_prefix(&config, &playbooks.default));
        }
        config.asr.clone_from(&self.config.asr);
        config.llm.clone_from(&self.config.llm);
        config.tts.clone_from(&self.config.tts);
        Ok(Self {
            vad: Arc::clone(&self.vad),
            recogniser: Arc::clone(&self.recogniser),
            llm: Arc::clone(&self.llm),
            voice: self.voice.clone(),
            embedders: Arc::clone(&self.embedders),
            playbooks: Arc::new(playbooks),
            cores: self.cores.clone(),
            load: Arc::new(LoadShedding::new(&self.cores, &config.load)),
            config: Arc::new(config),
            ready_ms: started.elapsed().as_secs_f32() * 1000.0,
        })
    }
}

fn shared_prefix(config: &Config, playbook: &CompiledPlaybook) -> Vec<ChatMessage> {
    let turns = config.dialogue.history_turns as usize;
    Dialogue::new(Arc::clone(&playbook.knowledge), turns)
        .answering(config.dialogue.free_replies)
        .shared_prefix()
}

/// What a call is about, known before it begins.
#[derive(Clone, Default)]
pub struct CallContext {
    /// Its playbook; the config's when absent.
    pub playbook: Option<Arc<CompiledPlaybook>>,
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

/// The threads of a call beside its controller, and the controller.
struct Parts {
    threads: Vec<JoinHandle<()>>,
    /// Made in its own thread: the voice activity detector may not move between threads.
    controller: Box<dyn FnOnce() -> Controller + Send>,
    progress: Arc<Progress>,
}

impl Call {
    /// Starts the threads of a call on `ends`. It ends when the line is closed, by either side.
    ///
    /// # Errors
    /// No place in an engine, no thread.
    pub fn start(
        engines: &Arc<Engines>,
        context: CallContext,
        ends: CallEnds,
        transport: &str,
        events: EventSink,
    ) -> Result<Self, CallError> {
        let line = Arc::clone(&ends.line);
        let Parts {
            mut threads,
            controller,
            ..
        } = parts(engines, context, ends, transport, events.clone())?;
        let run = move || controller().run();
        let controlling = thread::spawn_controller(&line, &events, run);
        threads.push(controlling.inspect_err(|_| line.close(Closed::Error))?);
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

/// Takes a place in each engine and starts `transcriber` and `responder`.
fn parts(
    engines: &Arc<Engines>,
    context: CallContext,
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
    let CallContext {
        playbook,
        slots,
        number,
        campaign,
    } = context;
    let playbook = playbook.unwrap_or_else(|| Arc::clone(&engines.playbooks.default));
    let CallEnds {
        incoming,
        speech,
        announcements,
        keys,
        line,
    } = ends;
    let config = &engines.config;
    let (jobs, transcriber_inbox) = crossbeam_channel::unbounded();
    let (transcribed_sender, transcribed) = crossbeam_channel::unbounded();
    let (asks, responder_inbox, progress) = Asks::new();
    let (made_sender, made) = crossbeam_channel::unbounded();
    let mut candidates = candidates::Limits::of(config);
    let mut load = Arc::clone(&engines.load);
    if line.clock().is_manual() {
        // Nobody waits in real time.
        candidates.budget = None;
        load = Arc::new(LoadShedding::none());
    }
    let mut dialogue = Dialogue::on(
        config.dialogue.day_of_call(),
        Arc::clone(&playbook.knowledge),
        config.dialogue.history_turns as usize,
    )
    .lost_after(config.dialogue.lost_after_turns)
    .answering(config.dialogue.free_replies);
    let unknown = dialogue.know(&slots);
    events.send(Event::CallStart {
        transport: transport.to_owned(),
        playbook: playbook.knowledge.playbook.title.clone(),
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
    let responder = responder::Responder {
        guard: Guard::new(
            &playbook.knowledge.playbook,
            &dialogue.known(),
            Limits::from(&config.dialogue),
        ),
        dialogue: dialogue.into(),
        candidates,
        load: Arc::clone(&load),
        llm: thinking,
        tts: engines.voice.clone(),
        speech,
        line: Arc::clone(&line),
        events: events.clone(),
        made: made_sender,
        progress: Arc::clone(&progress),
        unsent: Vec::new(),
    };
    let transcribe = move || transcriber::run(hearing, &transcriber_inbox, &transcribed_sender);
    let started =
        thread::spawn_engine("transcriber", &line, &events, transcribe).and_then(|transcriber| {
            let respond = move || responder.run(&responder_inbox);
            Ok(vec![
                transcriber,
                thread::spawn_engine("responder", &line, &events, respond)?,
            ])
        });
    let threads = started.inspect_err(|_| line.close(Closed::Error))?;
    let settings = patter_turn::conversation::Settings {
        turn: config.turn.clone(),
        load: load.leaves_out(),
        language: config.asr.language.clone(),
        partial_ms: config.asr.partial_ms,
        sure_logprob: config.asr.sure_logprob,
        max_call_s: config.serve.max_call_s,
    };
    let wires = Wires {
        incoming,
        keys,
        announcements,
        line,
        events,
        jobs,
        transcribed,
        asks,
        made,
        load,
    };
    let conversation = Conversation::new(settings, playbook.announcements.clone());
    let (vad, config) = (Arc::clone(&engines.vad), Arc::clone(config));
    Ok(Parts {
        threads,
        controller: Box::new(move || Controller::new(wires, vad(&config.vad), conversation)),
        progress,
    })
}
