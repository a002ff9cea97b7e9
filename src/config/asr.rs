//! Speech to text: keys, defaults, ranges.

use std::path::PathBuf;

use crate::ConfigError;
use crate::rules::{File, section, within};

section!(
    /// `[asr]`
    AsrConfig {
        /// Model file in the models folder.
        model: PathBuf = "patter-asr-v4.bin".into(),
        /// Model for what is heard while the caller still speaks; empty for the same one.
        partial_model: PathBuf = PathBuf::new(),
        /// Language code; Whisper's English-only models ignore it.
        language: String = "en".into(),
        /// Worker threads; all engines together should not exceed the cores.
        threads: u32 = 2,
        /// Time between partial transcripts, in ms; 0 for none.
        partial_ms: u32 = 500,
        /// Above this probability of "no speech" a transcript is dropped.
        no_speech_threshold: f32 = 0.6,
        /// Below this mean log probability of its tokens a transcript is dropped.
        min_logprob: f32 = -1.5,
        /// Below this one a transcript does not cut the agent off, and is not taken for a finished sentence.
        sure_logprob: f32 = -0.5,
        /// Smallest encoder window, in positions of 20 ms.
        min_audio_ctx: u32 = 224,
        /// The model was trained with timestamps (OpenAI's were; the default one was not).
        timestamps: bool = false,
        /// `min_audio_ctx` of `partial_model`.
        partial_min_audio_ctx: u32 = 224,
        /// `timestamps` of `partial_model`.
        partial_timestamps: bool = false,
        /// `sure_logprob` of `partial_model`.
        partial_sure_logprob: f32 = -0.5,
        /// Run on the GPU when built with one.
        gpu: bool = true,
    }
);

impl AsrConfig {
    /// The settings of `partial_model`, where there is one.
    pub fn partial(&self) -> Option<Self> {
        let is_named = !self.partial_model.as_os_str().is_empty();
        is_named.then(|| Self {
            model: self.partial_model.clone(),
            min_audio_ctx: self.partial_min_audio_ctx,
            timestamps: self.partial_timestamps,
            ..self.clone()
        })
    }

    pub(crate) fn check(&self, file: &File<'_>) -> Result<(), ConfigError> {
        let table = file.table("asr");
        within!(table, self.threads, 1..=256, "");
        within!(table, self.partial_ms, 0..=10_000, " ms");
        within!(table, self.no_speech_threshold, 0.0..=1.0, "");
        within!(table, self.min_logprob, -10.0..=0.0, "");
        within!(table, self.sure_logprob, -10.0..=0.0, "");
        within!(table, self.min_audio_ctx, 64..=1_500, " positions");
        within!(table, self.partial_sure_logprob, -10.0..=0.0, "");
        within!(table, self.partial_min_audio_ctx, 64..=1_500, " positions");
        Ok(())
    }
}
