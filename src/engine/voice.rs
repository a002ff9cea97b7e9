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
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use patter_audio::{SAMPLE_RATE_HZ, resample};
use patter_language::spoken;
use thiserror::Error;

use crate::cache;
use crate::finish::Finish;
use crate::marks::{self, WordMark};
use crate::store::LineStore;

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
    /// A line cannot be kept on the disk.
    #[error(transparent)]
    Keep(#[from] patter_audio::wav::WavError),
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
            Self::Keep(error) => error.hint(),
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

    /// What tells its sound from that of any other voice, for lines that are kept on the disk; None for a voice that
    /// speaks again as fast as a file is read, and for one that tells where words begin, which no file keeps.
    fn identity(&self) -> Option<String> {
        None
    }

    /// The same voice loaded once more, so that no call waits for what it speaks; None where calls never wait for each
    /// other.
    ///
    /// # Errors
    /// As when it was loaded.
    fn aside(&self) -> Result<Option<Arc<dyn Voice>>, TtsError> {
        Ok(None)
    }

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
    store: Option<Arc<LineStore>>,
    finish: Option<Finish>,
    since: Instant,
    /// When a call last wanted a sentence, in ms after `since`.
    last_ms: Arc<AtomicU64>,
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
            store: None,
            finish: None,
            since: Instant::now(),
            last_ms: Arc::default(),
        }
    }

    /// The same, with lines that are kept on the disk.
    pub fn keeping(mut self, store: LineStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// The same, with each sentence as loud as the others, and pauses of one length.
    pub fn finishing(mut self, finish: Finish) -> Self {
        self.finish = Some(finish);
        self
    }

    /// Whether lines are kept on the disk.
    pub fn keeps_lines(&self) -> bool {
        self.store.is_some()
    }

    /// Whether a call wanted a sentence within `time`.
    pub fn spoke_within(&self, time: Duration) -> bool {
        let last = Duration::from_millis(self.last_ms.load(Ordering::Relaxed));
        !last.is_zero() && self.since.elapsed().saturating_sub(last) < time
    }

    /// The same, with a voice that calls do not wait for: it takes the memory of another one.
    ///
    /// # Errors
    /// The voice cannot be loaded once more.
    pub fn aside(&self) -> Result<Self, TtsError> {
        let mut aside = self.clone();
        if let Some(voice) = self.voice.aside()? {
            aside.voice = voice;
        }
        Ok(aside)
    }

    /// Whether a line of a playbook is on the disk.
    pub fn has_line(&self, line: &str) -> bool {
        let reads = spoken::spoken(line, self.voice.language());
        self.store
            .as_ref()
            .is_some_and(|store| store.has(&reads.text))
    }

    /// Speaks a line of a playbook onto the disk.
    ///
    /// # Errors
    /// The engine failed, or the disk.
    pub fn speak_ahead(&self, line: &str) -> Result<(), TtsError> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        let reads = spoken::spoken(line, self.voice.language());
        let (samples, _) = self.voiced(&reads.text)?;
        store.put(&reads.text, &samples)?;
        Ok(())
    }

    /// Makes room on the disk for others than `lines`.
    pub fn tidy_lines<'a>(&self, lines: impl Iterator<Item = &'a str>) {
        if let Some(store) = &self.store {
            let language = self.voice.language();
            let texts: Vec<String> = lines
                .map(|line| spoken::spoken(line, language).text)
                .collect();
            store.tidy(texts.iter().map(String::as_str));
        }
    }

    /// What the voice makes of `text`, at 16 kHz.
    fn voiced(&self, text: &str) -> Result<(Vec<i16>, Vec<WordMark>), TtsError> {
        let sound = self.voice.speak(text)?;
        let rate_hz = self.voice.rate_hz();
        let samples = resample::convert(&sound.samples, rate_hz, SAMPLE_RATE_HZ).map_err(|e| {
            TtsError::Speak {
                reason: e.to_string(),
            }
        })?;
        let at_16k =
            |s: usize| (s as u64 * u64::from(SAMPLE_RATE_HZ) / u64::from(rate_hz)) as usize;
        let words = sound.words.iter().map(|mark| WordMark {
            sample: at_16k(mark.sample),
            ..*mark
        });
        let mut words: Vec<WordMark> = words.collect();
        let samples = match self.finish {
            Some(finish) => finish.apply(text, samples, &mut words),
            None => samples,
        };
        Ok((samples, words))
    }

    /// Speaks one sentence. `keep` puts it into the cache: for lines of the playbook, which come again.
    ///
    /// # Errors
    /// The engine failed.
    pub fn speak(&self, text: &str, keep: bool) -> Result<Spoken, TtsError> {
        let started = Instant::now();
        let took_ms = |started: Instant| started.elapsed().as_secs_f32() * 1000.0;
        let now = self.since.elapsed().as_millis() as u64;
        self.last_ms.store(now.max(1), Ordering::Relaxed);
        if let Some((samples, words)) = self.cache.get(text) {
            return Ok(Spoken {
                samples,
                words,
                took_ms: took_ms(started),
                cached: true,
            });
        }
        let reads = spoken::spoken(text, self.voice.language());
        // What does not come again is not there either.
        let store = self.store.as_ref().filter(|_| keep);
        let stored = store.and_then(|store| store.get(&reads.text));
        let cached = stored.is_some();
        let (samples, mut marks) = match stored {
            Some(samples) => (samples, Vec::new()),
            None => self.voiced(&reads.text)?,
        };
        let samples: Arc<[i16]> = samples.into();
        if marks.is_empty() {
            let pause = self.finish.map_or(0, |finish| finish.pause(&reads.text));
            marks = marks::estimate(&reads.text, samples.len().saturating_sub(pause));
        }
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
            cached,
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

    #[test]
    fn a_line_that_was_spoken_ahead_is_not_spoken_again_by_the_next_program() {
        let folder = tempfile::tempdir().unwrap();
        let voice = || {
            let given = Mutex::default();
            Arc::new(Letters {
                tells: false,
                given,
            })
        };
        let speaker = |voice: &Arc<Letters>| {
            let store = LineStore::new(folder.path(), "letters", 1 << 20);
            Speaker::new(Arc::clone(voice) as Arc<dyn Voice>, 60).keeping(store)
        };
        let (text, first) = ("It's $29.50 a month.", voice());
        assert!(!speaker(&first).has_line(text));
        speaker(&first).speak_ahead(text).unwrap();
        let plain = Speaker::new(voice() as Arc<dyn Voice>, 60)
            .speak(text, false)
            .unwrap();
        let second = voice();
        let again = speaker(&second);
        assert!(again.has_line(text) && !again.spoke_within(Duration::MAX));
        let spoken = again.speak(text, true).unwrap();
        assert!(spoken.cached && second.given.lock().unwrap().is_empty());
        assert_eq!((spoken.samples, spoken.words), (plain.samples, plain.words));
        // What a call says of its own is kept nowhere on the disk.
        again.speak("Hello Ada.", true).unwrap();
        assert!(!speaker(&voice()).has_line("Hello Ada."));
        assert!(again.spoke_within(Duration::from_secs(60)));
    }
}
