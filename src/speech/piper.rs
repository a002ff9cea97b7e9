//! Piper voices, by piper-rs and ONNX Runtime.
//!
//! Thread: any; a lock lets one sentence through at a time. In: text. Out: samples at the voice's rate. Memory: the
//! voice, about 60–100 MB. ONNX Runtime's library is loaded when the first voice is, never before. Text becomes
//! phonemes in [`super::espeak`], because espeak-ng has one state for the whole program.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::espeak;
use patter_config::Loaded;
use patter_engine::voice::{Sound, TtsError, Voice};

/// A loaded Piper voice.
pub struct PiperVoice {
    piper: Mutex<piper_rs::Piper>,
    espeak_voice: String,
    rate_hz: u32,
    models: PathBuf,
    length_scale: f32,
    speaker: i64,
    /// The voice's file, and the one that describes it.
    files: (PathBuf, PathBuf),
    /// Name, length and time of the voice's file.
    mark: String,
}

impl PiperVoice {
    /// Loads the voice that the config names, and ONNX Runtime.
    ///
    /// # Errors
    /// Missing or damaged files.
    pub fn load(loaded: &Loaded) -> Result<Self, TtsError> {
        let config = &loaded.config.tts.piper;
        let (voice, json) = files(loaded);
        let runtime = loaded.model(&config.runtime);
        for path in [&runtime, &voice, &json] {
            if !path.is_file() {
                return Err(TtsError::Missing { path: path.clone() });
            }
        }
        crate::runtime::load(&runtime).map_err(|reason| TtsError::Load {
            name: runtime.display().to_string(),
            reason: reason.replace('\n', " "),
        })?;
        let fail = |reason: String| TtsError::Load {
            name: voice.display().to_string(),
            reason: reason.replace('\n', " "),
        };
        let about = read_about(&json).map_err(fail)?;
        Ok(Self {
            piper: Mutex::new(open(&voice, &json)?),
            espeak_voice: about.espeak.voice,
            rate_hz: about.audio.sample_rate,
            models: loaded.model(&PathBuf::new()),
            length_scale: config.length_scale * about.inference.length_scale,
            speaker: config.speaker,
            mark: mark_of(&voice),
            files: (voice, json),
        })
    }
}

fn open(voice: &Path, json: &Path) -> Result<piper_rs::Piper, TtsError> {
    piper_rs::Piper::new(voice, json).map_err(|e| TtsError::Load {
        name: voice.display().to_string(),
        reason: e.to_string().replace('\n', " "),
    })
}

/// What changes when another voice is put in a file's place.
fn mark_of(voice: &Path) -> String {
    let about = std::fs::metadata(voice).ok();
    let modified = about.as_ref().and_then(|about| about.modified().ok());
    let bytes = about.map_or(0, |about| about.len());
    format!("{} {bytes} {modified:?}", voice.display())
}

/// The voice's file, and the one that describes it.
fn files(loaded: &Loaded) -> (PathBuf, PathBuf) {
    let voice = loaded.model(&loaded.config.tts.piper.voice);
    let mut json = voice.clone().into_os_string();
    json.push(".json");
    (voice, json.into())
}

/// The language of the voice that the config names, as espeak-ng calls it.
///
/// # Errors
/// The file that describes the voice is missing or damaged.
pub(crate) fn language(loaded: &Loaded) -> Result<String, TtsError> {
    let (voice, json) = files(loaded);
    if !json.is_file() {
        return Err(TtsError::Missing { path: json });
    }
    let about = read_about(&json).map_err(|reason| TtsError::Load {
        name: voice.display().to_string(),
        reason: reason.replace('\n', " "),
    })?;
    Ok(about.espeak.voice)
}

#[derive(serde::Deserialize)]
struct About {
    audio: AboutAudio,
    espeak: AboutEspeak,
    inference: AboutInference,
}
#[derive(serde::Deserialize)]
struct AboutAudio {
    sample_rate: u32,
}
#[derive(serde::Deserialize)]
struct AboutEspeak {
    voice: String,
}
#[derive(serde::Deserialize)]
struct AboutInference {
    length_scale: f32,
}

fn read_about(json: &Path) -> Result<About, String> {
    let text = std::fs::read_to_string(json).map_err(|e| e.to_string())?;
    let about: About = serde_json::from_str(&text).map_err(|e| format!("its JSON: {e}"))?;
    if !patter_audio::resample::RATES_HZ.contains(&about.audio.sample_rate) {
        return Err(format!("its JSON says {} Hz", about.audio.sample_rate));
    }
    Ok(about)
}

impl Voice for PiperVoice {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn language(&self) -> &str {
        &self.espeak_voice
    }

    fn identity(&self) -> Option<String> {
        Some(format!(
            "piper {} {} {} {}",
            self.mark, self.espeak_voice, self.length_scale, self.speaker
        ))
    }

    fn aside(&self) -> Result<Option<Arc<dyn Voice>>, TtsError> {
        let (voice, json) = &self.files;
        let again = Self {
            piper: Mutex::new(open(voice, json)?),
            espeak_voice: self.espeak_voice.clone(),
            models: self.models.clone(),
            files: self.files.clone(),
            mark: self.mark.clone(),
            ..*self
        };
        Ok(Some(Arc::new(again)))
    }

    fn speak(&self, text: &str) -> Result<Sound, TtsError> {
        let phonemes = espeak::phonemes(&self.models, &self.espeak_voice, text)?;
        if phonemes.trim().is_empty() {
            return Ok(Sound {
                samples: Vec::new(),
                words: Vec::new(),
            });
        }
        let mut piper = self.piper.lock().unwrap_or_else(PoisonError::into_inner);
        let (samples, _) = piper
            .create(
                &phonemes,
                true,
                Some(self.speaker),
                Some(self.length_scale),
                None,
                None,
            )
            .map_err(|e| TtsError::Speak {
                reason: e.to_string().replace('\n', " "),
            })?;
        let samples = samples
            .iter()
            .map(|&x| (x * 32767.0).clamp(-32768.0, 32767.0) as i16);
        Ok(Sound {
            samples: samples.collect(),
            words: Vec::new(),
        })
    }
}
