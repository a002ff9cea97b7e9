//! How many calls at once a machine carries: measured by `patter doctor --capacity`, kept in a file, used by `patter
//! serve`.
//!
//! Thread: main. In: a JSON file. Out: a [`Capacity`]. Memory: some hundred bytes.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a capacity cannot be had.
#[derive(Debug, Error)]
pub enum CapacityError {
    /// The file cannot be read or written.
    #[error("cannot use the capacity file `{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what was written.
    #[error("the capacity file `{}` is damaged: {source}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// Nothing was measured, and the config leaves it to the measure.
    #[error("`serve.max_calls` is 0, as many as were measured, but nothing was measured")]
    NotMeasured,
    /// Not even one call was carried.
    #[error("`serve.max_calls` is 0, as many as were measured, but not even one call was carried")]
    None,
}

impl CapacityError {
    /// What to try next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::File { .. } => {
                "check `serve.capacity_file`; it is relative to the config file".into()
            }
            Self::Damaged { .. } => "delete it, and measure with `patter doctor --capacity`".into(),
            Self::NotMeasured => {
                "measure with `patter doctor --capacity`, or set `serve.max_calls`".into()
            }
            Self::None => {
                "take smaller models or a faster machine, or set `serve.max_calls` all the same"
                    .into()
            }
        })
    }
}

/// What was measured, and on what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Capacity {
    /// Calls at once that were carried; 0 when one was too many.
    pub calls: u32,
    /// Longest p95 from a caller's last word to the agent's first sound that counted as carried, in ms.
    pub p95_ms: f32,
    /// Share of the time that callers spoke.
    pub talk: f32,
    /// The processor.
    pub machine: String,
    /// Its cores.
    pub cores: usize,
    /// The models' files.
    pub models: String,
    /// When, as in 2026-11-24.
    pub day: String,
    /// Version of Patter.
    pub version: String,
}

impl Capacity {
    /// Reads `path`; None when there is no such file.
    ///
    /// # Errors
    /// It cannot be read, or is damaged.
    pub fn read(path: &Path) -> Result<Option<Self>, CapacityError> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                let path = path.to_owned();
                return Err(CapacityError::File { path, source });
            }
        };
        let parsed = serde_json::from_slice(&text);
        parsed.map(Some).map_err(|source| CapacityError::Damaged {
            path: path.to_owned(),
            source,
        })
    }

    /// Writes `path`, and its folder.
    ///
    /// # Errors
    /// The folder cannot be made, or the file not written.
    pub fn write(&self, path: &Path) -> Result<(), CapacityError> {
        let written = || {
            if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
                crate::private::create_dir_all(folder)?;
            }
            let mut text = serde_json::to_vec_pretty(self)?;
            text.push(b'\n');
            crate::private::write(path, &text)
        };
        written().map_err(|source| CapacityError::File {
            path: path.to_owned(),
            source,
        })
    }

    /// It was measured on this machine with these models.
    pub fn holds_for(&self, machine: &str, cores: usize, models: &str) -> bool {
        self.machine == machine && self.cores == cores && self.models == models
    }
}

/// The calls that may be under way where the config wants `wanted`, 0 for as many as were `measured`.
///
/// # Errors
/// Nothing was measured, or no call was carried.
pub fn max_calls(wanted: u32, measured: Option<&Capacity>) -> Result<u32, CapacityError> {
    match (wanted, measured) {
        (1.., _) => Ok(wanted),
        (0, None) => Err(CapacityError::NotMeasured),
        (0, Some(capacity)) if capacity.calls == 0 => Err(CapacityError::None),
        (0, Some(capacity)) => Ok(capacity.calls),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capacity(calls: u32) -> Capacity {
        Capacity {
            calls,
            p95_ms: 1_200.0,
            talk: 0.4,
            machine: "a processor".into(),
            cores: 2,
            models: "a, b, c".into(),
            day: "2026-11-24".into(),
            version: "0.1.0".into(),
        }
    }

    #[test]
    fn what_is_written_is_read_and_what_is_damaged_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("capacity.json");
        assert!(Capacity::read(&path).unwrap().is_none());
        capacity(6).write(&path).unwrap();
        assert_eq!(Capacity::read(&path).unwrap(), Some(capacity(6)));
        for damaged in ["", "{", "[]", "{\"calls\": -1}", "\0"] {
            std::fs::write(&path, damaged).unwrap();
            let error = Capacity::read(&path).unwrap_err();
            assert!(matches!(error, CapacityError::Damaged { .. }), "{damaged}");
            assert!(error.hint().unwrap().contains("doctor"));
        }
        let below_a_file = path.join("capacity.json");
        assert!(capacity(6).write(&below_a_file).is_err());
    }

    #[test]
    fn nought_calls_are_as_many_as_were_measured() {
        assert_eq!(max_calls(3, None).unwrap(), 3);
        assert_eq!(max_calls(3, Some(&capacity(6))).unwrap(), 3);
        assert_eq!(max_calls(0, Some(&capacity(6))).unwrap(), 6);
        assert!(matches!(
            max_calls(0, None),
            Err(CapacityError::NotMeasured)
        ));
        let none = max_calls(0, Some(&capacity(0)));
        assert!(matches!(none, Err(CapacityError::None)));
    }

    #[test]
    fn another_machine_or_model_is_another_capacity() {
        let measured = capacity(6);
        assert!(measured.holds_for("a processor", 2, "a, b, c"));
        assert!(!measured.holds_for("a processor", 4, "a, b, c"));
        assert!(!measured.holds_for("a processor", 2, "a, b, d"));
    }
}
