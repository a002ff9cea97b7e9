//! Text to speech by either voice: keys, defaults, ranges.

use std::path::PathBuf;

use crate::ConfigError;
use crate::rules::{File, section, within};

/// The voices by name; the default first.
pub const VOICES: &[&str] = &["espeak", "piper"];

section!(
    /// `[tts]`
    TtsConfig {
        /// `espeak` or `piper`.
        engine: String = "espeak".into(),
        /// Loudness of each sentence, in LUFS.
        loudness_lufs: f32 = -19.0,
        /// Silence after a sentence, in ms.
        pause_ms: u32 = 200,
        /// Seconds of speech kept for lines said again; 0 for none.
        cache_seconds: u32 = 120,
        /// Where a voice that takes long (`piper`) keeps the playbooks' lines as sound; empty for nowhere.
        line_store: PathBuf = "cache/lines".into(),
        /// Most of it, in MB.
        line_store_mb: u32 = 256,
        /// `[tts.espeak]`
        espeak: EspeakConfig = EspeakConfig::default(),
        /// `[tts.piper]`
        piper: PiperConfig = PiperConfig::default(),
    }
);

impl TtsConfig {
    pub(crate) fn check(&self, file: &File<'_>) -> Result<(), ConfigError> {
        let table = file.table("tts");
        within!(table, self.loudness_lufs, -36.0..=-9.0, " LUFS");
        within!(table, self.pause_ms, 0..=2_000, " ms");
        within!(table, self.cache_seconds, 0..=3_600, " s");
        within!(table, self.line_store_mb, 1..=100_000, " MB");
        self.espeak.check(file)?;
        self.piper.check(file)?;
        table.one_of("engine", &self.engine, VOICES)
    }
}

section!(
    /// `[tts.espeak]`
    EspeakConfig {
        /// Voice as espeak-ng names it.
        voice: String = "en-us".into(),
        /// Words per minute, 80 to 450.
        words_per_minute: u32 = 165,
        /// 0 to 99.
        pitch: u32 = 45,
    }
);

impl EspeakConfig {
    fn check(&self, file: &File<'_>) -> Result<(), ConfigError> {
        let table = file.table("tts.espeak");
        within!(table, self.words_per_minute, 80..=450, "");
        within!(table, self.pitch, 0..=99, "");
        Ok(())
    }
}

section!(
    /// `[tts.piper]`
    PiperConfig {
        /// Voice file in the models folder; its JSON lies beside it.
        voice: PathBuf = "en_US-lessac-medium.onnx".into(),
        /// ONNX Runtime's library in the models folder.
        runtime: PathBuf = "libonnxruntime.so".into(),
        /// Above 1 speaks slower.
        length_scale: f32 = 1.0,
        /// Speaker of a voice that has several.
        speaker: i64 = 0,
    }
);

impl PiperConfig {
    fn check(&self, file: &File<'_>) -> Result<(), ConfigError> {
        let table = file.table("tts.piper");
        within!(table, self.length_scale, 0.3..=3.0, "");
        within!(table, self.speaker, 0..=100_000, "");
        Ok(())
    }
}
