//! Text generation: keys, defaults, ranges.

use std::path::PathBuf;

use crate::ConfigError;
use crate::rules::{File, section, within};

section!(
    /// `[llm]`
    LlmConfig {
        /// Model file in the models folder.
        model: PathBuf = "SmolLM2-135M-Instruct.Q4_1.gguf".into(),
        /// Worker threads.
        threads: u32 = 2,
        /// Tokens of context for all calls together.
        context_tokens: u32 = 8_192,
        /// Tokens that one step may prefill; smaller keeps other calls' replies fluent.
        prefill_chunk_tokens: u32 = 64,
        /// Longest reply, in tokens.
        max_reply_tokens: u32 = 60,
        /// Longest time for a reply, in ms.
        max_reply_ms: u32 = 6_000,
        /// 0 is greedy.
        temperature: f32 = 0.3,
        /// Candidates kept, by count.
        top_k: u32 = 40,
        /// Candidates kept, by mass.
        top_p: f32 = 0.9,
        /// Above 1 makes words already said less likely.
        repeat_penalty: f32 = 1.15,
        /// Seed of the sampler; the same seed gives the same reply.
        seed: u32 = 7,
        /// Layers on the GPU when built with one.
        gpu_layers: u32 = 99,
    }
);

impl LlmConfig {
    pub(crate) fn check(&self, file: &File<'_>) -> Result<(), ConfigError> {
        let table = file.table("llm");
        within!(table, self.threads, 1..=256, "");
        within!(table, self.context_tokens, 512..=1_048_576, " tokens");
        within!(table, self.prefill_chunk_tokens, 8..=4_096, " tokens");
        within!(table, self.max_reply_tokens, 1..=1_000, " tokens");
        within!(table, self.max_reply_ms, 100..=120_000, " ms");
        within!(table, self.temperature, 0.0..=2.0, "");
        within!(table, self.top_k, 1..=1_000, "");
        within!(table, self.top_p, 0.05..=1.0, "");
        within!(table, self.repeat_penalty, 1.0..=2.0, "");
        Ok(())
    }
}
