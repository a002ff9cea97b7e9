//! Text to speech: a sentence in, 16 kHz samples out.
//!
//! Thread: `responder`, one per call; a voice that cannot work for two calls at once locks inside. In: one sentence.
//! Out: samples at 16 kHz. Memory: one voice for all calls, and the [`cache`] of lines said before. When late: the line
//! is silent until it is done.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use patter_audio::{SAMPLE_RATE_HZ, resample};
use thiserror::Error;

use crate::cache;
use crate::marks::{self, WordMark};

/// What can go wrong with speaking.
#[derive(Debug, Error)]
pub enum TtsError {
    /// A file of the voice is missing.
    #[error("the voice needs `{}`, which is not there", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The voice cannot be loaded.
    #[error("the voice `{name}` cannot be loaded: {reason}")]
    Load {
        /// The voice.
        name: String,
        /// Why.
        reason: String,
    },
    /// A text could not be spoken.
    #[error("the voice could not speak: {reason}")]
    Speak {
        /// Why.
        reason: String,
    },
}

impl TtsError {
    /// What to try next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => Some(
                "`patter models fetch` gets the defaults; `tts.engine = \"espeak\"` needs no voice file".into(),
            ),
            Self::Load { .. } => Some(
                "`patter models verify` finds damaged files; `tts.engine = \"espeak\"` is the default voice".into(),
            ),
            Self::Speak { .. } => None,
        }
    }
}

/// What a voice makes of a sentence.
pub struct Sound {
    /// Mono, at [`Voice::rate_hz`].
    pub samples: Vec<i16>,
    /// Where its words begin, in samples of that rate; empty if the engine does not tell.
    pub words: Vec<WordMark>,
}

/// One voice: what an engine file has to bring.
pub trait Voice: Send + Sync {
    /// Rate of the samples it makes, in Hz.
    fn rate_hz(&self) -> u32;

    /// Speaks `text`.
    ///
    /// # Errors
    /// The engine failed on this text.
    fn speak(&self, text: &str) -> Result<Sound, TtsError>;
}

/// A loaded voice and its cache, shared by all calls.
#[derive(Clone)]
pub struct Speaker {
    voice: Arc<dyn Voice>,
    cache: Arc<cache::LineCache>,
}

/// One spoken sentence.
pub struct Spoken {
    /// 16 kHz mono.
    pub samples: Arc<[i16]>,
    /// Where its words begin.
    pub words: Arc<[WordMark]>,
    /// Time that it took, in ms.
    pub took_ms: f32,
    /// It had been said before.
    pub cached: bool,
}

impl Speaker {
    /// Wraps a voice.
    pub fn new(voice: Arc<dyn Voice>, cache_seconds: u32) -> Self {
        Self {
            voice,
            cache: Arc::new(cache::LineCache::new(
                cache_seconds as usize * SAMPLE_RATE_HZ as usize,
            )),
        }
    }

    /// Speaks one sentence. `keep` puts it into the cache: for lines of the playbook, which come again.
    ///
    /// # Errors
    /// The engine failed.
    pub fn speak(&self, text: &str, keep: bool) -> Result<Spoken, TtsError> {
        let started = Instant::now();
        let took_ms = |started: Instant| started.elapsed().as_secs_f32() * 1000.0;
        if let Some((samples, words)) = self.cache.get(text) {
            return Ok(Spoken {
                samples,
                words,
                took_ms: took_ms(started),
                cached: true,
            });
        }
        let sound = self.voice.speak(text)?;
        let rate_hz = self.voice.rate_hz();
        let samples: Arc<[i16]> = resample::convert(&sound.samples, rate_hz, SAMPLE_RATE_HZ)
            .map_err(|e| TtsError::Speak {
                reason: e.to_string(),
            })?
            .into();
        let words: Arc<[WordMark]> = if sound.words.is_empty() {
            marks::estimate(text, samples.len()).into()
        } else {
            let at_16k =
                |s: usize| (s as u64 * u64::from(SAMPLE_RATE_HZ) / u64::from(rate_hz)) as usize;
            let moved = sound.words.iter().map(|m| WordMark {
                sample: at_16k(m.sample),
                ..*m
            });
            moved.collect()
        };
        if keep {
            self.cache
                .put(text, Arc::clone(&samples), Arc::clone(&words));
        }
        Ok(Spoken {
            samples,
            words,
            took_ms: took_ms(started),
            cached: false,
        })
    }
}
