//! The call file: all that a recorded call needs to be played again.
//!
//! Thread: whoever starts or replays a call. In and out: JSON. Memory: the settings. It lies beside the recording of the sound and holds the settings
//! as they were (the seed of the language model among them) and the playbook's path and digest.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::config::{Config, Loaded};

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
    /// The settings.
    pub config: Config,
}

impl CallFile {
    /// What `loaded` would play `audio` with.
    pub fn new(loaded: &Loaded, audio: &Path) -> Self {
        let playbook = loaded.resolve(&loaded.config.dialogue.playbook);
        let mut config = loaded.config.clone();
        config.dialogue.today = config.dialogue.day_of_call().to_string();
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            audio: audio.file_name().map(PathBuf::from).unwrap_or_default(),
            playbook_sha256: digest(&playbook),
            playbook: std::path::absolute(&playbook).unwrap_or(playbook),
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
        crate::private::write(&path, &text).map_err(io)
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
        serde_json::from_slice(&text).map_err(|source| CallFileError::Parse {
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
fn digest(path: &Path) -> String {
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
        CallFile::new(&loaded, &audio).write_beside(&audio).unwrap();
        let read = CallFile::read(&folder.path().join("c1.call.json")).unwrap();
        assert_eq!(read.audio, Path::new("c1.wav"));
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
