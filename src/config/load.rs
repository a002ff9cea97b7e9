//! What is left out when the models are too busy for all calls: keys, defaults, ranges.

use crate::ConfigError;
use crate::rules::{File, section, within};

section!(
    /// `[load]`: shares of the cores' time that the models take, from which on something is left out.
    LoadConfig {
        /// Partial transcripts come every `partial_ms`.
        few_partials_at: f32 = 0.4,
        /// Time between them then, in ms.
        partial_ms: u32 = 1_500,
        /// No speculative answer is made: none before the caller's turn is over.
        #[serde(alias = "nothing_ahead_at")]
        no_speculation_at: f32 = 0.75,
        /// An approved line is said in place of a generated answer.
        approved_only_at: f32 = 0.93,
        /// Nor is one generated while its first sentence takes longer than this, in ms.
        slow_sentence_ms: u32 = 1_500,
    }
);

impl LoadConfig {
    pub(crate) fn check(&self, file: &File<'_>) -> Result<(), ConfigError> {
        let table = file.table("load");
        within!(table, self.few_partials_at, 0.0..=2.0, "");
        within!(table, self.partial_ms, 100..=10_000, " ms");
        within!(
            table,
            self.no_speculation_at,
            self.few_partials_at..=2.0,
            " (from few_partials_at)"
        );
        within!(
            table,
            self.approved_only_at,
            self.no_speculation_at..=2.0,
            " (from no_speculation_at)"
        );
        within!(table, self.slow_sentence_ms, 100..=60_000, " ms");
        Ok(())
    }
}
