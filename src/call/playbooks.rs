//! The playbooks that calls may follow, each made ready: learnt, and with its announcements as sound.
//!
//! Thread: the one that loads or reloads; then shared. In: playbook files, the engines that learn and speak. Out:
//! [`CompiledPlaybook`]s by name. Memory: that of [`Knowledge`], and a few seconds of sound, per playbook. When late or
//! full: where sentences are new to the embedding model learning takes seconds, on a busy machine more; it is waited
//! for, or goes on behind the first calls in a `playbooks` thread ([`Learning`]). Calls under way keep the playbook
//! that they began with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::CallError;
use super::ahead;
use super::behind::BehindCalls;
use super::record::digest;
use patter_config::Loaded;
use patter_dialogue::Dialogue;
use patter_dialogue::knowledge::Knowledge;
use patter_engine::chat::LlmError;
use patter_engine::embed::Embed;
use patter_engine::voice::Speaker;
use patter_language::sentence::Sentences;
use patter_playbook::Playbook;
use patter_turn::agent::Announcement;
use patter_turn::conversation::Announcements;

/// Where embedders come from: one is loaded when the first playbook wants it.
pub trait Embedders: Send + Sync {
    /// Whether the settings name one for playbooks in `language` ("en").
    fn knows(&self, settings: &Loaded, language: &str) -> bool;

    /// Loads it.
    ///
    /// # Errors
    /// Missing or damaged file, a model that makes no sentence vectors.
    fn load(&self, settings: &Loaded) -> Result<Arc<dyn Embed>, LlmError>;
}

/// A playbook that is ready for calls.
pub struct CompiledPlaybook {
    /// Its file.
    pub path: PathBuf,
    /// SHA-256 of the file as it was read, in hexadecimal digits.
    pub sha256: String,
    /// What it says and means.
    pub knowledge: Arc<Knowledge>,
    /// Its lines that need no engine.
    pub announcements: Announcements,
}

/// When playbooks learn what their examples mean. By their words they learn at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learning {
    /// Before the first call: the same words are understood in the same way from the first turn on.
    First,
    /// While calls are answered already.
    Behind,
    /// Behind the calls under way, and before the next, if it takes no longer than this.
    Within(Duration),
}

/// Learns behind the calls.
fn learn(
    playbooks: Vec<Arc<CompiledPlaybook>>,
    embed: Arc<dyn Embed>,
) -> std::io::Result<BehindCalls> {
    BehindCalls::start("playbooks", move |wanted| {
        let started = std::time::Instant::now();
        let mut each = playbooks.iter();
        if each.all(|playbook| playbook.knowledge.sense(Arc::clone(&embed), wanted)) {
            patter_machine::log::info(&format!(
                "playbooks are learnt, after {:.1} s",
                started.elapsed().as_secs_f32()
            ));
        } else if wanted() {
            patter_machine::log::warn(
                "the embedding model has failed: callers are understood by their words alone",
            );
        }
    })
}

/// All of them.
pub struct PlaybookRegistry {
    /// The one of calls that name none.
    pub default: Arc<CompiledPlaybook>,
    by_name: BTreeMap<String, Arc<CompiledPlaybook>>,
    /// Before the engine: it is told to stop first.
    _learner: Option<BehindCalls>,
    _ahead: Option<BehindCalls>,
    /// Shared by all, and by the registry after a reload.
    embed: Option<Arc<dyn Embed>>,
}

impl PlaybookRegistry {
    /// Loads what the config names; `before` lends its embedding model.
    ///
    /// # Errors
    /// A file is missing or faulty, the embedding model cannot be loaded, a line cannot be spoken.
    pub fn load(
        loaded: &Loaded,
        tts: &Speaker,
        embedders: &dyn Embedders,
        before: Option<&Self>,
        learning: Learning,
    ) -> Result<Self, CallError> {
        let config = &loaded.config;
        let mut embed = before.and_then(|before| before.embed.clone());
        let mut to_learn = Vec::new();
        let mut read = |path: &Path| -> Result<Arc<CompiledPlaybook>, CallError> {
            let path = loaded.resolve(path);
            let sha256 = digest(&path);
            let playbook = Playbook::load(&path)?;
            let knows = embedders.knows(loaded, &playbook.language);
            if knows && embed.is_none() {
                embed = Some(embedders.load(loaded)?);
            }
            let now = embed
                .clone()
                .filter(|_| knows && learning == Learning::First);
            let knowledge = Arc::new(Knowledge::sensing(playbook, now));
            let compiled = compile(loaded, (path, sha256), knowledge, tts).map(Arc::new)?;
            if knows && learning != Learning::First {
                to_learn.push(Arc::clone(&compiled));
            }
            Ok(compiled)
        };
        let default = read(&config.dialogue.playbook)?;
        let mut by_name = BTreeMap::new();
        for path in &config.serve.playbooks {
            by_name.insert(name_of(path), read(path)?);
        }
        by_name
            .entry(name_of(&config.dialogue.playbook))
            .or_insert_with(|| Arc::clone(&default));
        let learner = match &embed {
            Some(embed) if !to_learn.is_empty() => Some(learn(to_learn, Arc::clone(embed))?),
            _ => None,
        };
        if let (Learning::Within(patience), Some(learner)) = (learning, &learner)
            && !learner.wait(patience)
        {
            patter_machine::log::info(
                "playbooks are still being learnt, behind the calls that begin now",
            );
        }
        let ahead = match learning {
            Learning::First => None,
            Learning::Behind | Learning::Within(_) => {
                let mut playbooks = vec![Arc::clone(&default)];
                let others = by_name
                    .values()
                    .filter(|other| !Arc::ptr_eq(other, &default));
                playbooks.extend(others.cloned());
                ahead::speak(tts, &playbooks)?
            }
        };
        Ok(Self {
            default,
            by_name,
            _learner: learner,
            _ahead: ahead,
            embed,
        })
    }

    /// The playbook of that name: its file's, without the ending.
    pub fn get(&self, name: &str) -> Option<&Arc<CompiledPlaybook>> {
        self.by_name.get(name)
    }

    /// The names there are.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }
}

/// What calls a playbook's file by.
pub fn name_of(path: &Path) -> String {
    path.file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Speaks into the cache what each call begins with, and what must be there at once.
fn compile(
    loaded: &Loaded,
    (path, sha256): (PathBuf, String),
    knowledge: Arc<Knowledge>,
    tts: &Speaker,
) -> Result<CompiledPlaybook, CallError> {
    let playbook = &knowledge.playbook;
    let turns = loaded.config.dialogue.history_turns as usize;
    for line in Dialogue::new(Arc::clone(&knowledge), turns).opening().lines {
        for sentence in Sentences::whole(&line.text) {
            tts.speak(&sentence, true)?;
        }
    }
    // What takes the place of a reply that may not be said is there at once.
    for line in [&playbook.lines.fallback, &playbook.lines.not_known] {
        let text = playbook.fill(line, &Default::default()).unwrap_or_default();
        for sentence in Sentences::whole(&text) {
            tts.speak(&sentence, true)?;
        }
    }
    let announcement = |text: &str| -> Result<Arc<Announcement>, CallError> {
        let text = playbook.fill(text, &Default::default()).unwrap_or_default();
        let spoken = tts.speak(&text, true)?;
        Ok(Arc::new(Announcement { text, spoken }))
    };
    let lines = &playbook.lines;
    let announcements = Announcements {
        filler: announcement(&lines.filler)?,
        apology: announcement(&lines.trouble)?,
        time_up: announcement(lines.time_up.as_ref().unwrap_or(&lines.trouble))?,
    };
    Ok(CompiledPlaybook {
        path,
        sha256,
        knowledge,
        announcements,
    })
}
