//! Whether a frame is speech: keys, defaults, ranges.

use crate::ConfigError;
use crate::rules::{File, section, within};

section!(
    /// `[vad]`
    VadConfig {
        /// webrtc-vad's mode, 0 to 3; higher lets less pass as speech.
        aggressiveness: u8 = 2,
        /// Sound below this level is never speech, in dBFS.
        min_level_dbfs: f32 = -50.0,
        /// Speech stands at least this far above the line's own noise, in dB; what lacks speaks against it.
        noise_margin_db: f32 = 8.0,
        /// Evidence that makes a frame speech, in log odds.
        min_evidence: f32 = 1.6,
    }
);

impl VadConfig {
    pub(crate) fn check(&self, file: &File<'_>) -> Result<(), ConfigError> {
        let table = file.table("vad");
        within!(table, self.aggressiveness, 0..=3, "");
        within!(table, self.min_level_dbfs, -90.0..=-10.0, " dBFS");
        within!(table, self.noise_margin_db, 0.0..=40.0, " dB");
        within!(table, self.min_evidence, 0.0..=5.0, "");
        Ok(())
    }
}
