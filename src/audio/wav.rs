//! WAV files in and out, by hound; what reads them reads FLAC too.
//!
//! Thread: ordinary ones only. In: any PCM or float WAV. Out: 16 kHz mono samples, or a file.
//! Memory: reading holds the clip; [`StereoWriter`] holds one second. When the disk is full: the error says so and the file
//! up to then stays playable, because the header is brought up to date every second.

use std::io::{BufReader, BufWriter, Read, Seek};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{SAMPLE_RATE_HZ, flac, resample};

/// What can be wrong with a WAV file.
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
    /// It is neither WAV nor FLAC, or it is damaged.
    #[error("`{}` is not a WAV or FLAC file that can be read: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
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
            Self::Format { .. } => {
                "PCM of 8 to 32 bits or 32-bit float is read; `sox IN -b 16 OUT.wav` converts most files".into()
            }
            Self::Write { .. } => "check that the folder exists and the disk has room".into(),
        })
    }
}

/// A clip as it was in the file, mixed to mono.
pub struct Clip {
    /// Mono samples.
    pub samples: Vec<i16>,
    /// Their rate in Hz.
    pub rate_hz: u32,
    /// True when the file ended before its header said it would: what there was is in `samples`.
    pub truncated: bool,
}

/// Which channels of a file are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// All of them, mixed.
    Mixed,
    /// The first: the caller, in a recording of both sides.
    Caller,
}

/// Reads a WAV or FLAC file and mixes it to mono, at the file's own rate.
///
/// # Errors
/// No such file, no WAV, a format that nobody uses. A file cut short is not an error: see [`Clip::truncated`].
pub fn read(path: &Path) -> Result<Clip, WavError> {
    read_side(path, Side::Mixed)
}

fn read_side(path: &Path, side: Side) -> Result<Clip, WavError> {
    let format = |reason: String| WavError::Format {
        path: path.to_owned(),
        reason,
    };
    let open = |source| WavError::Open {
        path: path.to_owned(),
        source,
    };
    let mut file = std::fs::File::open(path).map_err(open)?;
    let mut magic = Vec::new();
    (&mut file)
        .take(flac::MAGIC.len() as u64)
        .read_to_end(&mut magic)
        .and_then(|_| file.rewind())
        .map_err(open)?;
    if magic == flac::MAGIC {
        return clip_of(flac::read(file).map_err(format)?, side).map_err(format);
    }
    let reader = hound::WavReader::new(BufReader::new(file)).map_err(|e| format(e.to_string()))?;
    let spec = reader.spec();
    let channels = usize::from(spec.channels);
    check_form(channels, spec.sample_rate).map_err(format)?;
    let (samples, truncated) = match (spec.sample_format, spec.bits_per_sample) {
        (hound::SampleFormat::Int, bits @ 1..=32) => {
            let to_i16 = |x: i32| match bits {
                16.. => x >> (bits - 16),
                _ => x << (16 - bits),
            };
            let samples = reader.into_samples::<i32>();
            mix(samples.map(|x| x.ok().map(to_i16)), channels, side)
        }
        (hound::SampleFormat::Float, 32) => {
            let to_i16 = |x: f32| (x.clamp(-1.0, 1.0) * 32767.0) as i32;
            let samples = reader.into_samples::<f32>();
            mix(samples.map(|x| x.ok().map(to_i16)), channels, side)
        }
        (kind, bits) => return Err(format(format!("{bits} bits of {kind:?} are not supported"))),
    };
    if samples.is_empty() && truncated {
        return Err(format("it ends before the first sample".into()));
    }
    Ok(Clip {
        samples,
        rate_hz: spec.sample_rate,
        truncated,
    })
}

/// Reads a WAV file as 16 kHz mono.
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

fn check_form(channels: usize, rate_hz: u32) -> Result<(), String> {
    if channels == 0 || channels > 64 {
        return Err(format!("it has {channels} channels"));
    }
    if !resample::RATES_HZ.contains(&rate_hz) {
        return Err(format!("its rate is {rate_hz} Hz"));
    }
    Ok(())
}

fn clip_of(read: flac::Samples, side: Side) -> Result<Clip, String> {
    check_form(read.channels, read.rate_hz)?;
    let samples = read.samples.into_iter().map(|x| Some(i32::from(x)));
    let (samples, _) = mix(samples, read.channels, side);
    Ok(Clip {
        samples,
        rate_hz: read.rate_hz,
        truncated: read.truncated,
    })
}

/// The samples of one or all channels, and whether one was missing, after which there is no more.
fn mix(
    samples: impl Iterator<Item = Option<i32>>,
    channels: usize,
    side: Side,
) -> (Vec<i16>, bool) {
    let mut out = Vec::new();
    let (mut sum, mut count) = (0i32, 0usize);
    for sample in samples {
        let Some(sample) = sample else {
            return (out, true);
        };
        if side == Side::Mixed || count == 0 {
            sum += sample.clamp(-32768, 32767);
        }
        count += 1;
        if count == channels {
            let mixed = if side == Side::Mixed { channels } else { 1 };
            out.push((sum / mixed as i32) as i16);
            (sum, count) = (0, 0);
        }
    }
    (out, false)
}

/// Writes a mono clip.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, samples: &[i16], rate_hz: u32) -> Result<(), WavError> {
    let fail = |e: hound::Error| WavError::Write {
        path: path.to_owned(),
        reason: e.to_string(),
    };
    let mut writer = hound::WavWriter::create(path, spec(1, rate_hz)).map_err(fail)?;
    let mut block = writer.get_i16_writer(samples.len() as u32);
    for &sample in samples {
        block.write_sample(sample);
    }
    block.flush().map_err(fail)?;
    writer.finalize().map_err(fail)
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
        let file = crate::private::create(path).map_err(|e| fail(e.to_string()))?;
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
