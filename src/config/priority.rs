//! Which threads go before which: keys, defaults, ranges.

use crate::ConfigError;
use crate::rules::{File, section, within};

section!(
    /// `[priority]`: what threads ask the system for; values of nice are added to that of the program.
    PriorityConfig {
        /// Threads of sound ask to be real-time.
        real_time_sound: bool = true,
        /// Where they may not.
        sound_nice: i32 = -11,
        /// Passes of models.
        models_nice: i32 = -5,
        /// Learning, records, recordings.
        background_nice: i32 = 5,
    }
);

impl PriorityConfig {
    pub(crate) fn check(&self, file: &File<'_>) -> Result<(), ConfigError> {
        let table = file.table("priority");
        within!(table, self.sound_nice, -20..=19, "");
        within!(table, self.models_nice, -20..=19, "");
        within!(table, self.background_nice, -20..=19, "");
        Ok(())
    }
}
