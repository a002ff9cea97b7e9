//! The call file: all that a recorded call needs to be played again.
//!
//! Thread: whoever starts or replays a call. In and out: JSON. Memory: the settings. It lies beside the recording of
//! the sound and holds the settings as they were (the seed of the language model among them), the playbook's path and
//! digest, and what else came into the call beside its sound: values of slots, keys. It is written anew with each key,
//! so that a kill loses none.

use patter_language::reading::lists_for;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::playbooks::CompiledPlaybook;
use patter_config::{Config, Loaded};
use patter_types::event::{Event, Stamped};

/// What can go wrong with a call file.
#[derive(Debug, Error)]
pub enum CallFileError {
    /// It cannot be read or written.
    #[error("call file `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no call file.
    #[error("call file `{}` is not one: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

impl CallFileError {
    /// What to try next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Io { .. } => {
                Some("`patter replay` also takes the recording itself, a WAV file".into())
            }
            Self::Parse { .. } => Some(
                "a call file is written by `patter serve` and `patter call` beside a recording; another version of Patter may have other settings: try `--now`, or the WAV file itself".into(),
            ),
        }
    }
}

/// A key that was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyAt {
    /// When, in ms since the call began.
    pub at_ms: u64,
    /// `0`–`9`, `*`, `#`, `A`–`D`.
    pub key: char,
}

/// More keys than anybody presses are not kept.
const MOST_KEYS: usize = 1_000;

/// See the module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallFile {
    /// Version of Patter that took the call.
    pub version: String,
    /// The recording, beside this file; a stereo one has the caller on the left.
    pub audio: PathBuf,
    /// The playbook.
    pub playbook: PathBuf,
    /// SHA-256 of the playbook, in hexadecimal digits.
    pub playbook_sha256: String,
    /// Values that the call began with, by slot.
    #[serde(default)]
    pub slots: BTreeMap<String, String>,
    /// Keys that the caller pressed, in order.
    #[serde(default)]
    pub keys: Vec<KeyAt>,
    /// The settings.
    pub config: Config,
}

impl CallFile {
    /// Of a call with the settings of `loaded` that follows `playbook`, begins with `slots` and is recorded in `audio`.
    pub fn new(
        loaded: &Loaded,
        playbook: &CompiledPlaybook,
        slots: &BTreeMap<String, String>,
        audio: &Path,
    ) -> Self {
        let mut config = loaded.config.clone();
        config.dialogue.today = config.dialogue.day_of_call().to_string();
        // Replayed by another version, whose packs know other words, the call takes the same turns.
        let language = config.asr.language.clone();
        let lists = lists_for(&config.turn.words, &language).clone();
        config.turn.words.insert(language.to_lowercase(), lists);
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            audio: audio.file_name().map(PathBuf::from).unwrap_or_default(),
            playbook_sha256: playbook.sha256.clone(),
            playbook: std::path::absolute(&playbook.path).unwrap_or_else(|_| playbook.path.clone()),
            slots: slots.clone(),
            keys: Vec::new(),
            config,
        }
    }

    /// Where the call file of a recording lies.
    pub fn path_for(audio: &Path) -> PathBuf {
        audio.with_extension("call.json")
    }

    /// Writes it beside the recording.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_beside(&self, audio: &Path) -> Result<(), CallFileError> {
        let path = Self::path_for(audio);
        let io = |source| CallFileError::Io {
            path: path.clone(),
            source,
        };
        let text = serde_json::to_vec_pretty(self).map_err(|e| io(e.into()))?;
        patter_machine::private::replace(&path, &text).map_err(io)
    }

    /// Takes in an event of the call, and writes it down where a replay needs it.
    ///
    /// # Errors
    /// As [`CallFile::write_beside`].
    pub fn observe(&mut self, event: &Stamped, audio: &Path) -> Result<(), CallFileError> {
        let Event::Dtmf { key } = &event.event else {
            return Ok(());
        };
        let key = key.chars().next().filter(|_| self.keys.len() < MOST_KEYS);
        let Some(key) = key else { return Ok(()) };
        let at_ms = event.t_ms;
        self.keys.push(KeyAt { at_ms, key });
        self.write_beside(audio)
    }

    /// Reads one.
    ///
    /// # Errors
    /// Unreadable, or of another shape.
    pub fn read(path: &Path) -> Result<Self, CallFileError> {
        let text = std::fs::read(path).map_err(|source| CallFileError::Io {
            path: path.to_owned(),
            source,
        })?;
        let parse = |text: &[u8]| {
            let mut file: serde_json::Value = serde_json::from_slice(text)?;
            // Before there was this setting the model always answered.
            if let Some(dialogue) = file.pointer_mut("/config/dialogue")
                && let Some(dialogue) = dialogue.as_object_mut()
            {
                dialogue
                    .entry("free_replies")
                    .or_insert_with(|| "brief".into());
            }
            serde_json::from_value(file)
        };
        parse(&text).map_err(|source| CallFileError::Parse {
            path: path.to_owned(),
            source,
        })
    }

    /// The settings of then, with the models where they are now.
    pub fn loaded(&self, now: &Loaded) -> Loaded {
        let mut config = self.config.clone();
        config.models = now.config.models.clone();
        config.dialogue.playbook = self.playbook.clone();
        Loaded {
            config,
            path: None,
            base: now.base.clone(),
        }
    }

    /// A warning when the playbook is no longer what it was.
    pub fn changed_playbook(&self, loaded: &Loaded) -> Option<String> {
        let playbook = loaded.resolve(&self.playbook);
        (digest(&playbook) != self.playbook_sha256).then(|| {
            format!(
                "the playbook `{}` is not as it was in this call: its turns may differ",
                playbook.display()
            )
        })
    }
}

/// The digest of a file; empty when it cannot be read.
pub(super) fn digest(path: &Path) -> String {
    std::fs::read(path)
        .map(|bytes| {
            Sha256::digest(bytes)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect()
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_file_brings_back_the_settings_and_sees_a_changed_playbook() {
        let folder = tempfile::tempdir().unwrap();
        let playbook = folder.path().join("p.toml");
        std::fs::write(&playbook, "title = 1").unwrap();
        let mut loaded = Loaded {
            config: Config::default(),
            path: None,
            base: folder.path().to_owned(),
        };
        loaded.config.dialogue.playbook = "p.toml".into();
        loaded.config.llm.seed = 99;
        let audio = folder.path().join("c1.wav");
        let book = book(&playbook);
        let slots = BTreeMap::from([("customer".to_owned(), "Ada".to_owned())]);
        let mut file = CallFile::new(&loaded, &book, &slots, &audio);
        file.write_beside(&audio).unwrap();
        for (t_ms, key) in [(1_250, "1"), (1_900, "#")] {
            let event = Event::Dtmf { key: key.into() };
            let call = "c1".into();
            let event = Stamped { t_ms, call, event };
            file.observe(&event, &audio).unwrap();
        }
        let read = CallFile::read(&folder.path().join("c1.call.json")).unwrap();
        assert_eq!(read, file);
        assert_eq!(read.audio, Path::new("c1.wav"));
        assert_eq!(read.slots["customer"], "Ada");
        let key = |at_ms, key| KeyAt { at_ms, key };
        assert_eq!(read.keys, [key(1_250, '1'), key(1_900, '#')]);
        let then = read.loaded(&Loaded {
            config: Config::default(),
            path: None,
            base: PathBuf::new(),
        });
        assert_eq!(then.config.llm.seed, 99);
        assert_eq!(read.changed_playbook(&then), None);
        std::fs::write(&playbook, "title = 2").unwrap();
        assert!(read.changed_playbook(&then).unwrap().contains("p.toml"));
    }

    fn book(path: &Path) -> CompiledPlaybook {
        use patter_dialogue::knowledge::Knowledge;
        use patter_playbook::Playbook;
        use std::sync::Arc;
        let text = include_str!("../../playbooks/fitness.toml");
        let announcement = || {
            Arc::new(patter_turn::agent::Announcement {
                text: String::new(),
                spoken: patter_engine::voice::Spoken {
                    samples: Vec::new().into(),
                    words: Vec::new().into(),
                    took_ms: 0.0,
                    cached: false,
                },
            })
        };
        CompiledPlaybook {
            path: path.to_owned(),
            sha256: digest(path),
            knowledge: Knowledge::new(Playbook::parse(text, "fitness").unwrap()).into(),
            announcements: patter_turn::conversation::Announcements {
                filler: announcement(),
                apology: announcement(),
                time_up: announcement(),
            },
        }
    }

    /// Settings, the sound's place and the file of a call in `folder`.
    fn call_in(folder: &Path, change: fn(&mut Config)) -> (Loaded, PathBuf, CallFile) {
        let mut loaded = Loaded {
            config: Config::default(),
            path: None,
            base: folder.to_owned(),
        };
        change(&mut loaded.config);
        let audio = folder.join("c1.wav");
        let playbook = book(Path::new("p.toml"));
        let file = CallFile::new(&loaded, &playbook, &BTreeMap::new(), &audio);
        (loaded, audio, file)
    }

    #[test]
    fn a_call_file_with_the_former_names_of_settings_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let (_, audio, now) = call_in(folder.path(), |config| {
            config.turn.agent_pause_ms = 100;
            config.load.no_speculation_at = 0.5;
        });
        let mut text = serde_json::to_string(&now).unwrap();
        for (name, former) in [
            ("agent_pause_ms", "hold_ms"),
            ("interrupt_ms", "cancel_ms"),
            ("no_input_ms", "remind_ms"),
            ("reprompts", "reminders"),
            ("filler_ms", "bridge_ms"),
            ("no_speculation_at", "nothing_ahead_at"),
            ("endpointing", "patience"),
        ] {
            assert_eq!(text.matches(name).count(), 1, "{name}");
            text = text.replace(name, former);
        }
        let path = CallFile::path_for(&audio);
        std::fs::write(&path, text).unwrap();
        assert_eq!(CallFile::read(&path).unwrap(), now);
    }

    #[test]
    fn in_a_call_from_before_the_setting_the_model_answered() {
        let folder = tempfile::tempdir().unwrap();
        let (loaded, audio, now) = call_in(folder.path(), |_| {});
        let mut file = serde_json::to_value(&now).unwrap();
        let dialogue = file.pointer_mut("/config/dialogue").unwrap();
        assert!(
            dialogue
                .as_object_mut()
                .unwrap()
                .remove("free_replies")
                .is_some()
        );
        let path = CallFile::path_for(&audio);
        std::fs::write(&path, file.to_string()).unwrap();
        let read = CallFile::read(&path).unwrap();
        assert_eq!(
            read.loaded(&loaded).config.dialogue.free_replies,
            patter_types::free_replies::FreeReplies::Brief
        );
    }

    #[test]
    fn what_is_no_call_file_is_an_error_with_a_hint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.call.json");
        assert!(CallFile::read(&path).unwrap_err().hint().is_some());
        std::fs::write(&path, "{\"version\": 3}").unwrap();
        let error = CallFile::read(&path).unwrap_err();
        assert!(error.to_string().contains("is not one"), "{error}");
    }
}
