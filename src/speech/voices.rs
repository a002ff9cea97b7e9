//! Voices by name.
//!
//! Thread: the one that loads. In: the config. Out: a [`Speaker`] for all calls.

use std::path::PathBuf;
use std::sync::Arc;

use crate::{espeak, piper};
use patter_config::{Loaded, VOICES};
use patter_engine::finish::Finish;
use patter_engine::store::LineStore;
use patter_engine::voice::{Speaker, TtsError, Voice};

/// Loads the voice that the config names, or `engine` instead.
///
/// # Errors
/// Missing or damaged files.
pub fn load(loaded: &Loaded, engine: Option<&str>) -> Result<Speaker, TtsError> {
    let config = &loaded.config.tts;
    let voice: Arc<dyn Voice> = match engine.unwrap_or(&config.engine) {
        "espeak" => Arc::new(espeak::Espeak::load(
            &loaded.model(&PathBuf::new()),
            &config.espeak,
        )?),
        "piper" => Arc::new(piper::PiperVoice::load(loaded)?),
        other => return Err(unknown(other)),
    };
    let finish = Finish {
        loudness_lufs: config.loudness_lufs,
        pause_ms: config.pause_ms,
    };
    let store = voice
        .identity()
        .filter(|_| !config.line_store.as_os_str().is_empty());
    let store = store.map(|identity| {
        let most_bytes = u64::from(config.line_store_mb) << 20;
        LineStore::new(
            &loaded.resolve(&config.line_store),
            &format!("{identity} {finish:?}"),
            most_bytes,
        )
    });
    let speaker = Speaker::new(voice, config.cache_seconds).finishing(finish);
    Ok(match store {
        Some(store) => speaker.keeping(store),
        None => speaker,
    })
}

/// The language of that voice, which need not be loaded for it.
///
/// # Errors
/// There is no such engine; the file that describes a Piper voice is missing or damaged.
pub fn language(loaded: &Loaded, engine: Option<&str>) -> Result<String, TtsError> {
    let config = &loaded.config.tts;
    match engine.unwrap_or(&config.engine) {
        "espeak" => Ok(config.espeak.voice.clone()),
        "piper" => piper::language(loaded),
        other => Err(unknown(other)),
    }
}

fn unknown(engine: &str) -> TtsError {
    TtsError::Load {
        name: engine.to_owned(),
        reason: format!("there is no such engine; known are {}", VOICES.join(", ")),
    }
}
