//! Text to speech: a sentence in, 16 kHz samples out.
//!
//! Thread: `responder`, one per call; a voice that cannot work for two calls at once locks inside. In: one sentence, as
//! it is written. Out: samples at 16 kHz, and where in the written sentence its words begin. Memory: one voice for all
//! calls, and the [`cache`] of lines said before. When late: the line is silent until it is done.
//!
//! A voice gets what [`patter_language::spoken`] makes of the sentence; all else of the program knows the written form
//! alone.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use patter_audio::{SAMPLE_RATE_HZ, resample};
use patter_language::spoken;
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

    /// The language it speaks, with its region where that is known: `en-us`. Names of espeak-ng's voices will do.
    fn language(&self) -> &str;

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
        let reads = spoken::spoken(text, self.voice.language());
        let sound = self.voice.speak(&reads.text)?;
        let rate_hz = self.voice.rate_hz();
        let samples: Arc<[i16]> = resample::convert(&sound.samples, rate_hz, SAMPLE_RATE_HZ)
            .map_err(|e| TtsError::Speak {
                reason: e.to_string(),
            })?
            .into();
        let marks = if sound.words.is_empty() {
            marks::estimate(&reads.text, samples.len())
        } else {
            let at_16k =
                |s: usize| (s as u64 * u64::from(SAMPLE_RATE_HZ) / u64::from(rate_hz)) as usize;
            let moved = sound.words.iter().map(|m| WordMark {
                sample: at_16k(m.sample),
                ..*m
            });
            moved.collect()
        };
        // History and transcripts keep what was heard as it is written.
        let words: Arc<[WordMark]> = (marks.iter())
            .map(|mark| WordMark {
                at: reads.written_at(mark.at),
                ..*mark
            })
            .collect();
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A hundred samples a letter; it tells where words begin, or does not, and keeps what it was given.
    struct Letters {
        tells: bool,
        given: Mutex<Vec<String>>,
    }

    impl Voice for Letters {
        fn rate_hz(&self) -> u32 {
            SAMPLE_RATE_HZ
        }

        fn language(&self) -> &str {
            "en-us"
        }

        fn speak(&self, text: &str) -> Result<Sound, TtsError> {
            self.given.lock().unwrap().push(text.to_owned());
            let samples = text.chars().count() * 100;
            let words = if self.tells {
                marks::estimate(text, samples)
            } else {
                Vec::new()
            };
            Ok(Sound {
                samples: vec![1; samples],
                words,
            })
        }
    }

    #[test]
    fn a_voice_gets_words_and_what_was_heard_is_as_written() {
        let text = "It's $29.50 a month.";
        let read = "It's 29 dollars and 50 cents a month.";
        for tells in [true, false] {
            let given = Mutex::default();
            let voice = Arc::new(Letters { tells, given });
            let speaker = Speaker::new(Arc::clone(&voice) as Arc<dyn Voice>, 60);
            let spoken = speaker.speak(text, true).unwrap();
            assert_eq!(*voice.given.lock().unwrap(), [read]);
            let samples = spoken.samples.len();
            assert_eq!(samples, read.len() * 100);
            let heard = |until: &str| {
                let played = (read.find(until).unwrap() + until.len()) * 100;
                marks::heard(text, &spoken.words, samples, played)
            };
            assert_eq!(heard("It's"), "It's");
            // A sum counts when all of it was heard.
            assert_eq!(heard("29 dollars"), "It's");
            assert_eq!(heard("cents"), "It's $29.50");
            assert_eq!(heard("month."), text);
            assert!(speaker.speak(text, true).unwrap().cached);
        }
    }
}
