//! What is said: keys, defaults, ranges.

use std::path::PathBuf;

use patter_types::free_replies::FreeReplies;

use crate::ConfigError;
use crate::rules::{File, section, within};

/// More replies than this in one stage are a call that goes round in circles, unless the settings say otherwise.
pub const LOST_AFTER: u32 = 16;

section!(
    /// `[dialogue]`
    DialogueConfig {
        /// Playbook, relative to the config file.
        playbook: PathBuf = "playbooks/fitness.toml".into(),
        /// Model that makes vectors of sentences, in the models folder; empty for none.
        embedding_model: PathBuf = "all-minilm-l6-v2.Q4_0.gguf".into(),
        /// Languages of playbooks that it is used with.
        embedding_languages: Vec<String> = vec!["en".into()],
        /// File that keeps its vectors of the examples, relative to the config file; empty for none.
        embedding_store: PathBuf = "cache/embeddings.bin".into(),
        /// How the language model answers where no approved line fits.
        free_replies: FreeReplies = FreeReplies::Off,
        /// Exchanges that the model sees; older ones are left out.
        history_turns: u32 = 6,
        /// A call with more replies than this in one stage is handed over; 0 for never.
        lost_after_turns: u32 = LOST_AFTER,
        /// Replies that the model makes for one turn, of which the best is said; 1 is no choice.
        candidates: u32 = 1,
        /// No candidate is made later than this after the first was begun, in ms.
        rerank_ms: u32 = 1_500,
        /// A longer sentence of the model's is not said, in words.
        max_sentence_words: u32 = 30,
        /// Sentences of the model's in one turn; those after it are not said.
        max_reply_sentences: u32 = 3,
        /// The day of the call, as in 2026-11-24; today when empty.
        today: String = String::new(),
    }
);

impl DialogueConfig {
    /// The day of a call that begins now: "tomorrow" is the day after it.
    pub fn day_of_call(&self) -> jiff::civil::Date {
        let today = || jiff::Zoned::now().date();
        self.today.parse().unwrap_or_else(|_| today())
    }

    pub(crate) fn check(&self, file: &File<'_>) -> Result<(), ConfigError> {
        let table = file.table("dialogue");
        within!(table, self.history_turns, 1..=100, "");
        within!(table, self.lost_after_turns, 0..=1_000, "");
        within!(table, self.candidates, 1..=16, "");
        within!(table, self.rerank_ms, 100..=60_000, " ms");
        within!(table, self.max_sentence_words, 5..=100, " words");
        within!(table, self.max_reply_sentences, 1..=10, "");
        let today = &self.today;
        if !today.is_empty() && today.parse::<jiff::civil::Date>().is_err() {
            let rule = "a day such as 2026-11-24, or empty for today".into();
            return Err(table.error("today", format!("`{today}`"), rule));
        }
        Ok(())
    }
}
