//! Sound files in, of the kinds that `decode` knows; WAV files out, those of both sides by hound.
//!
//! Thread: ordinary ones only. In: a sound file. Out: mono samples, or a WAV file.
//! Memory: reading holds the clip; [`StereoWriter`] holds one second. When the disk is full: the error says so and the
//! file up to then stays playable, because the header is brought up to date every second.
//! Source: RIFF (Microsoft, 1991).

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::decode::{self, Sound, Trouble};
use super::mix::Pick;
use super::source::Source;
use super::{SAMPLE_RATE_HZ, resample};

/// What can be wrong with a sound file.
#[derive(Debug, Error)]
pub enum WavError {
    /// It cannot be opened.
    #[error("cannot open `{}`: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is none of the kinds that are read, or it is damaged.
    #[error("`{}` is not a WAV or FLAC file, nor MP3, Ogg or M4A, that can be read: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It is of a kind that is known, but not read.
    #[error("`{}` holds {kind}, which is not read", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
        /// The container or the codec, by name.
        kind: String,
    },
    /// Its sound is longer than what is read.
    #[error("`{}` is too long: {hours:.1} hours are the most that is read at its rate", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The limit.
        hours: f64,
    },
    /// Its name asks for a kind that is not written.
    #[error("cannot write `{}`: its name must end in .wav or .flac, the kinds that are written", path.display())]
    Ending {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be written.
    #[error("cannot write `{}`: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl WavError {
    /// What to try next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Open { .. } => "check the path; the file must exist and be readable".into(),
            Self::Format { .. } => format!("{READ} are read; {CONVERT} converts most files"),
            Self::Kind { kind, .. } => {
                // What sox is built without, on most machines.
                let converts = match ["AAC", "ALAC", "Opus", "Matroska", "Windows"]
                    .iter()
                    .any(|name| kind.contains(name))
                {
                    true => "`ffmpeg -i IN OUT.wav`",
                    false => CONVERT,
                };
                format!("convert it: {converts}; {READ} are read")
            }
            Self::TooLong { .. } => "cut it into pieces: `sox IN OUT.wav trim 0 3600`".into(),
            Self::Ending { .. } => {
                "give a name that ends in .wav or .flac, or `-` for a WAV on stdout".into()
            }
            Self::Write { .. } => "check that the folder exists and the disk has room".into(),
        })
    }
}

/// The kinds that are read, for messages.
const READ: &str =
    "WAV (PCM, float, A-law, mu-law, ADPCM), FLAC, MP3, Ogg (Vorbis, Opus) and M4A (AAC)";
/// A command that converts most files.
const CONVERT: &str = "`sox IN -e signed -b 16 OUT.wav`";

/// A clip as it was in the file, mixed to mono.
pub struct Clip {
    /// Mono samples.
    pub samples: Vec<i16>,
    /// Their rate in Hz.
    pub rate_hz: u32,
    /// True when the file ended before its header said it would, or is damaged: what there was is in `samples`.
    pub truncated: bool,
    /// The channel, from 1, that `samples` is instead of the mix, in which the sound was lost: two sides that cancel
    /// each other. `None` for nearly all files.
    pub louder_channel: Option<usize>,
}

/// Which channels of a file are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// All of them, mixed; the loudest where they cancel each other.
    Mixed,
    /// The first: the caller, in a recording of both sides.
    Caller,
}

/// Reads a sound file and mixes it to mono, at the file's own rate (Opus: 48 kHz).
///
/// # Errors
/// No such file, one of a kind that is not read, or hours of sound. A file cut short is not an error: see
/// [`Clip::truncated`].
pub fn read(path: &Path) -> Result<Clip, WavError> {
    read_side(path, Side::Mixed)
}

fn read_side(path: &Path, side: Side) -> Result<Clip, WavError> {
    let open = |source| WavError::Open {
        path: path.to_owned(),
        source,
    };
    let source = Source::open(path).map_err(open)?;
    let decoded = |pick| -> Result<Sound, WavError> {
        decode::read(source.reader().map_err(open)?, pick).map_err(|e| trouble(path, e))
    };
    let mut sound = decoded(match side {
        Side::Mixed => Pick::Mixed,
        Side::Caller => Pick::Channel(0),
    })?;
    // Whether the mix has lost the sound is known only at its end. Few files are read twice, none is held twice.
    let louder = sound.lost.filter(|_| side == Side::Mixed);
    if let Some(channel) = louder {
        sound.samples = Vec::new();
        sound = decoded(Pick::Channel(channel))?;
    }
    Ok(Clip {
        samples: sound.samples,
        rate_hz: sound.rate_hz,
        truncated: sound.truncated,
        louder_channel: louder.map(|channel| channel + 1),
    })
}

/// Reads a sound file as 16 kHz mono.
///
/// # Errors
/// As [`read`].
pub fn read_16k(path: &Path, side: Side) -> Result<Vec<i16>, WavError> {
    let clip = read_side(path, side)?;
    resample::convert(&clip.samples, clip.rate_hz, SAMPLE_RATE_HZ).map_err(|e| WavError::Format {
        path: path.to_owned(),
        reason: e.to_string(),
    })
}

fn trouble(path: &Path, trouble: Trouble) -> WavError {
    let path = path.to_owned();
    match trouble {
        Trouble::Form(reason) => WavError::Format { path, reason },
        Trouble::Kind(kind) => WavError::Kind { path, kind },
        Trouble::TooLong(hours) => WavError::TooLong { path, hours },
    }
}

/// Writes a mono clip.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, samples: &[i16], rate_hz: u32) -> Result<(), WavError> {
    let fail = |reason: String| WavError::Write {
        path: path.to_owned(),
        reason,
    };
    let bytes = encoded(samples, rate_hz).map_err(fail)?;
    patter_machine::private::create(path)
        .and_then(|mut file| file.write_all(&bytes))
        .map_err(|e| fail(e.to_string()))
}

/// A mono clip as the bytes of a WAV file: its sizes are known, so that it can go to a pipe.
pub(super) fn encoded(samples: &[i16], rate_hz: u32) -> Result<Vec<u8>, String> {
    let data_bytes = u32::try_from(samples.len() * 2)
        .ok()
        .filter(|&bytes| bytes <= u32::MAX - 36)
        .ok_or("it is longer than a WAV file can be")?;
    let mut bytes = Vec::with_capacity(44 + samples.len() * 2);
    bytes.extend(b"RIFF");
    bytes.extend((36 + data_bytes).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16u32.to_le_bytes());
    // PCM, mono.
    bytes.extend([1, 0, 1, 0]);
    bytes.extend(rate_hz.to_le_bytes());
    bytes.extend((rate_hz * 2).to_le_bytes());
    // Bytes and bits in a sample.
    bytes.extend([2, 0, 16, 0]);
    bytes.extend(b"data");
    bytes.extend(data_bytes.to_le_bytes());
    bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    Ok(bytes)
}

fn spec(channels: u16, rate_hz: u32) -> hound::WavSpec {
    hound::WavSpec {
        channels,
        sample_rate: rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    }
}

/// A growing stereo recording at 16 kHz: caller left, agent right.
pub struct StereoWriter {
    writer: Option<hound::WavWriter<BufWriter<std::fs::File>>>,
    path: PathBuf,
    since_flush: usize,
}

impl StereoWriter {
    /// Creates the file.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn create(path: &Path) -> Result<Self, WavError> {
        let fail = |reason: String| WavError::Write {
            path: path.to_owned(),
            reason,
        };
        let file = patter_machine::private::create(path).map_err(|e| fail(e.to_string()))?;
        let writer = hound::WavWriter::new(BufWriter::new(file), spec(2, SAMPLE_RATE_HZ))
            .map_err(|e| fail(e.to_string()))?;
        Ok(Self {
            writer: Some(writer),
            path: path.to_owned(),
            since_flush: 0,
        })
    }

    /// Appends sound of both sides; the shorter one is filled with silence.
    ///
    /// # Errors
    /// The disk is full or gone. Later calls then do nothing.
    pub fn write(&mut self, caller: &[i16], agent: &[i16]) -> Result<(), WavError> {
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        let count = caller.len().max(agent.len());
        let result = (0..count)
            .try_for_each(|n| {
                writer.write_sample(caller.get(n).copied().unwrap_or(0))?;
                writer.write_sample(agent.get(n).copied().unwrap_or(0))
            })
            .and_then(|()| {
                self.since_flush += count;
                if self.since_flush >= SAMPLE_RATE_HZ as usize {
                    self.since_flush = 0;
                    writer.flush()?;
                }
                Ok(())
            });
        result.map_err(|e| {
            self.writer = None;
            WavError::Write {
                path: self.path.clone(),
                reason: e.to_string(),
            }
        })
    }

    /// Closes the file.
    ///
    /// # Errors
    /// The last samples could not be written.
    pub fn finish(mut self) -> Result<(), WavError> {
        match self.writer.take() {
            Some(writer) => writer.finalize().map_err(|e| WavError::Write {
                path: self.path.clone(),
                reason: e.to_string(),
            }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let samples: Vec<i16> = (0..5_000).map(|n| (n * 7 % 3_000) as i16 - 1_500).collect();
        write(&path, &samples, 16_000).unwrap();
        assert_eq!(read_16k(&path, Side::Mixed).unwrap(), samples);
    }

    #[test]
    fn a_file_cut_short_gives_what_there_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        write(&path, &[1_000; 4_000], 16_000).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let clip = read(&path).unwrap();
        assert!(clip.truncated);
        assert!((1_900..2_000).contains(&clip.samples.len()));
    }

    #[test]
    fn two_sides_that_cancel_give_the_louder_and_the_caller_stays_the_caller() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let caller: Vec<i16> = (0..5_000).map(|n| (n * 7 % 3_000) as i16 - 1_500).collect();
        let agent: Vec<i16> = caller.iter().map(|&s| -s - s / 50).collect();
        let mut writer = StereoWriter::create(&path).unwrap();
        writer.write(&caller, &agent).unwrap();
        writer.finish().unwrap();
        let clip = read(&path).unwrap();
        assert_eq!((clip.louder_channel, clip.truncated), (Some(2), false));
        assert!(clip.samples == agent);
        assert!(read_16k(&path, Side::Mixed).unwrap() == agent);
        assert!(read_16k(&path, Side::Caller).unwrap() == caller);
    }

    #[test]
    fn a_kind_that_is_not_read_is_named_with_what_converts_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        write(&path, &[7; 50], 8_000).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        // The format's number.
        bytes[20] = 0x31;
        std::fs::write(&path, &bytes).unwrap();
        let error = read(&path).err().unwrap();
        assert!(error.to_string().contains("holds GSM 6.10"), "{error}");
        let hint = error.hint().unwrap();
        assert!(hint.contains("sox IN -e signed -b 16 OUT.wav"), "{hint}");
        let folder = read(folder.path()).err().unwrap();
        assert!(folder.to_string().contains("it is a folder"), "{folder}");
    }

    #[test]
    fn every_prefix_and_garbage_is_an_error_or_a_clip_and_never_a_panic() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        write(&path, &[7; 50], 8_000).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for length in 0..bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let _ = read(&path);
        }
        std::fs::write(&path, b"RIFF this is no wave file at all, not even near").unwrap();
        let message = read(&path).err().unwrap().to_string();
        assert!(message.contains("is not a WAV or FLAC file"), "{message}");
        assert!(!message.contains('\n'));
    }

    #[test]
    fn an_unfinished_recording_is_readable_up_to_the_last_second() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let mut writer = StereoWriter::create(&path).unwrap();
        for _ in 0..150 {
            writer.write(&[100; 320], &[300; 320]).unwrap();
        }
        // What is on disk now is what a kill would leave.
        let copy = folder.path().join("b.wav");
        std::fs::copy(&path, &copy).unwrap();
        let clip = read(&copy).unwrap();
        assert!(clip.samples.len() >= 2 * 16_000, "{}", clip.samples.len());
        assert!(clip.samples.iter().all(|&s| s == 200));
        writer.finish().unwrap();
    }
}
