//! Recordings of both sides, in the format that the file's name asks for.
//!
//! Thread: ordinary ones only. In: frames. Out: a WAV or FLAC file. Memory: that of [`wav`] and [`flac`].

use std::path::Path;

use super::wav::WavError;
use super::{flac, wav};

/// A growing stereo recording at 16 kHz: caller left, agent right.
pub enum Recording {
    /// `*.wav`, and any other name.
    Wav(wav::StereoWriter),
    /// `*.flac`.
    Flac(Box<flac::StereoWriter>),
}

impl Recording {
    /// Creates the file.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn create(path: &Path) -> Result<Self, WavError> {
        let is_flac = path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("flac"));
        Ok(if is_flac {
            Self::Flac(Box::new(flac::StereoWriter::create(path)?))
        } else {
            Self::Wav(wav::StereoWriter::create(path)?)
        })
    }

    /// Appends sound of both sides; the shorter one is filled with silence.
    ///
    /// # Errors
    /// The disk is full or gone. Later calls then do nothing.
    pub fn write(&mut self, caller: &[i16], agent: &[i16]) -> Result<(), WavError> {
        match self {
            Self::Wav(writer) => writer.write(caller, agent),
            Self::Flac(writer) => writer.write(caller, agent),
        }
    }

    /// Closes the file.
    ///
    /// # Errors
    /// The last samples could not be written.
    pub fn finish(self) -> Result<(), WavError> {
        match self {
            Self::Wav(writer) => writer.finish(),
            Self::Flac(writer) => writer.finish(),
        }
    }
}
