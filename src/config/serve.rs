//! The AudioSocket server, what is known of its calls and what is kept of them: keys, defaults, ranges.

use std::path::PathBuf;

use crate::ConfigError;
use crate::rules::{File, section, within};

/// The formats of recordings by name, which are the endings of their files; the default first.
pub const RECORDING_FORMATS: &[&str] = &["wav", "flac"];

section!(
    /// `[serve]`
    ServeConfig {
        /// Address and port to listen on.
        listen: String = "127.0.0.1:8090".into(),
        /// Calls at once, one more is hung up on; 0 for as many as were measured.
        max_calls: u32 = 8,
        /// File that keeps what was measured, relative to the config file.
        capacity_file: PathBuf = "cache/capacity.json".into(),
        /// Sound sent ahead of the clock, in ms; the floor under barge-in.
        lead_ms: u32 = 40,
        /// Playbooks that calls may name beside `dialogue.playbook`, relative to the config file.
        playbooks: Vec<PathBuf> = Vec::new(),
        /// `accept` or `refuse` calls of which neither a registration nor a lookup knows.
        unknown_calls: String = "accept".into(),
        /// JSON file of call data by UUID, relative to the config file; empty for none.
        lookup_file: PathBuf = PathBuf::new(),
        /// Program and arguments that print the call data of the UUID that is added as the last argument; empty for
        /// none.
        lookup_command: Vec<String> = Vec::new(),
        /// A lookup command is killed after this, in ms.
        lookup_timeout_ms: u32 = 2_000,
        /// A call is ended after this, in s; 0 for never.
        max_call_s: u32 = 3_600,
        /// Calls under way when the program is told to stop may go on for this long, in s.
        drain_s: u32 = 300,
        /// A caller who sends no frame at all for this long is gone, in ms.
        idle_timeout_ms: u32 = 60_000,
        /// Folder for records of calls (`calls.db`, and sound if `record_audio`), relative to the config file; empty
        /// for none.
        records: PathBuf = PathBuf::new(),
        /// Days that calls are kept; 0 for ever.
        keep_days: u32 = 0,
        /// Keep a stereo recording of each call.
        record_audio: bool = false,
        /// Its format: `wav` or `flac`.
        record_format: String = "wav".into(),
    }
);

impl ServeConfig {
    pub(crate) fn check(&self, file: &File<'_>) -> Result<(), ConfigError> {
        let table = file.table("serve");
        within!(table, self.max_calls, 0..=256, "");
        within!(table, self.lead_ms, 20..=60, " ms");
        within!(table, self.idle_timeout_ms, 1_000..=3_600_000, " ms");
        within!(table, self.lookup_timeout_ms, 50..=60_000, " ms");
        let unknown = self.unknown_calls.as_str();
        if !["accept", "refuse"].contains(&unknown) {
            let rule = "`accept` or `refuse`".into();
            return Err(table.error("unknown_calls", format!("`{unknown}`"), rule));
        }
        table.one_of("record_format", &self.record_format, RECORDING_FORMATS)?;
        within!(table, self.max_call_s, 0..=86_400, " s");
        within!(table, self.drain_s, 0..=86_400, " s");
        within!(table, self.keep_days, 0..=36_500, " days");
        if self.listen.parse::<std::net::SocketAddr>().is_err() {
            let rule = "an address with a port, such as 127.0.0.1:8090".into();
            return Err(table.error("listen", format!("`{}`", self.listen), rule));
        }
        Ok(())
    }
}
