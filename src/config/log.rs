//! What an operator reads: keys, defaults, allowed words.

use crate::ConfigError;
use crate::rules::{File, section};

section!(
    /// `[log]`: lines of `patter serve` on stderr.
    LogConfig {
        /// `text`, `json` or `plain`.
        format: String = "text".into(),
        /// `info`, `warn` or `error`.
        level: String = "info".into(),
    }
);

impl LogConfig {
    pub(crate) fn check(&self, file: &File<'_>) -> Result<(), ConfigError> {
        let table = file.table("log");
        table.one_of("format", &self.format, &["text", "json", "plain"])?;
        table.one_of("level", &self.level, &["info", "warn", "error"])
    }
}
