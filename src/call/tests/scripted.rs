//! Engines without models: a caller whose sound says what they mean, a recogniser that reads it, a model that says what
//! a test tells it, a voice of fixed speed.
//!
//! They implement the same traits as the real ones, so a whole call runs on a manual clock: in milliseconds, in
//! parallel, with the same turns on every machine.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use patter_audio::vad::VoiceActivity;
use patter_audio::{FRAME_SAMPLES, Frame};
use patter_config::{Config, Loaded};
use patter_engine::chat::{ChatModel, ChatSession, Generation, LlmError, Manner, Piece, Stats};
use patter_engine::embed::Embed;
use patter_engine::recognise::{AsrError, Pass, Recogniser, RecogniserSession, Transcript};
use patter_engine::voice::{Sound, Speaker, TtsError, Voice};
use patter_machine::cores::Cores;
use patter_types::chat::{ChatMessage, Finish, Role};
use patter_types::free_replies::FreeReplies;
use patter_types::priority::Priority;

// The room above names what it takes from `call`: tests of `server` take in this file, too.
use super::{Embedders, Engines, Learning, LoadShedding, PlaybookRegistry};

/// What a caller's frames hold: the number of what is said.
pub(super) type Utterances = Arc<Vec<&'static str>>;

/// A frame of the caller saying utterance `number`.
pub(super) fn frame_of(number: usize) -> Frame {
    [number as i16 + 1; FRAME_SAMPLES]
}

struct Ear;

impl VoiceActivity for Ear {
    fn is_speech(&mut self, frame: &Frame) -> bool {
        frame[0] != 0
    }

    fn noise_dbfs(&self) -> f32 {
        -80.0
    }
}

/// Reads the utterances in the sound. Their words may be none, and one that begins with `~` is not believed in.
struct Reader(Utterances);

impl Recogniser for Reader {
    fn session(&self) -> Box<dyn RecogniserSession> {
        Box::new(Reader(Arc::clone(&self.0)))
    }
}

impl RecogniserSession for Reader {
    fn transcribe(
        &mut self,
        utterance: &[i16],
        _pass: Pass,
        _urgency: Priority,
        _hurry: &dyn Fn() -> bool,
    ) -> Result<Transcript, AsrError> {
        let said: BTreeSet<i16> = utterance.iter().copied().filter(|s| *s != 0).collect();
        let words = said.iter().map(|number| self.0[*number as usize - 1]);
        let words: Vec<&str> = words.collect();
        let text = words.join(" ");
        if text == "!" {
            let reason = "a fault that a test makes".into();
            return Err(AsrError::Decode { reason });
        }
        Ok(Transcript {
            text: text.trim_start_matches('~').to_owned(),
            no_speech: 0.0,
            logprob: if text.starts_with('~') { -1.2 } else { -0.1 },
            finished: None,
            took_ms: 0.0,
        })
    }
}

/// What the model says to the caller's last words; None when it fails.
pub(super) type Reply = fn(&str) -> Option<&'static str>;

struct Parrot(Reply);

impl ChatModel for Parrot {
    fn session(&self) -> Result<Box<dyn ChatSession>, LlmError> {
        Ok(Box::new(Parrot(self.0)))
    }
}

impl ChatSession for Parrot {
    fn generate_as(
        &self,
        messages: Vec<ChatMessage>,
        _manner: Manner,
        priority: Priority,
    ) -> Generation {
        let heard = messages.iter().rev().find(|m| m.role == Role::User);
        let reply = (self.0)(heard.map_or("", |message| &message.text));
        let (generation, sink, _) = Generation::begin(priority);
        let mut stats = Stats {
            finish: Finish::EndOfTurn,
            prompt_tokens: 1,
            prefilled_tokens: 1,
            tokens: 1,
            first_token_ms: 0.0,
            total_ms: 0.0,
        };
        match reply {
            // As a model makes it: piece by piece.
            Some(text) => text.split_inclusive(' ').for_each(|piece| {
                sink.send(Piece::Text(piece.to_owned())).unwrap();
            }),
            None => stats.finish = Finish::Failed("a fault that a test makes".into()),
        }
        sink.send(Piece::Done(stats)).unwrap();
        generation
    }
}

/// Twenty letters a second.
struct Ticker;

impl Voice for Ticker {
    fn rate_hz(&self) -> u32 {
        patter_audio::SAMPLE_RATE_HZ
    }

    fn language(&self) -> &str {
        "en"
    }

    fn speak(&self, text: &str) -> Result<Sound, TtsError> {
        Ok(Sound {
            samples: vec![1_000; text.chars().count() * 800],
            words: Vec::new(),
        })
    }
}

struct NoEmbedders;

impl Embedders for NoEmbedders {
    fn knows(&self, _: &Loaded, _: &str) -> bool {
        false
    }

    fn load(&self, _: &Loaded) -> Result<Arc<dyn Embed>, LlmError> {
        Err(LlmError::Missing {
            path: PathBuf::new(),
        })
    }
}

/// Engines for a caller who says these things, and a model that replies so, with the shipped playbook.
pub(super) fn engines(
    utterances: &[&'static str],
    reply: Reply,
    change: fn(&mut Config),
) -> Arc<Engines> {
    let mut config = Config::default();
    config.dialogue.today = "2026-11-18".into();
    config.dialogue.free_replies = FreeReplies::Brief;
    change(&mut config);
    let settings = Loaded {
        config,
        path: None,
        base: Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."),
    };
    let voice = Speaker::new(Arc::new(Ticker), 60);
    let playbooks =
        PlaybookRegistry::load(&settings, &voice, &NoEmbedders, None, Learning::First).unwrap();
    let cores = Cores::new(2);
    let engines = Engines {
        vad: Arc::new(|_| Box::new(Ear)),
        recogniser: Arc::new(Reader(Arc::new(utterances.to_vec()))),
        llm: Arc::new(Parrot(reply)),
        voice,
        embedders: Arc::new(NoEmbedders),
        playbooks: Arc::new(playbooks),
        load: Arc::new(LoadShedding::new(&cores, &settings.config.load)),
        cores,
        config: Arc::new(settings.config),
        ready_ms: 0.0,
    };
    engines.share_prefix();
    Arc::new(engines)
}
