//! The HTTP interface of the server and who may reach it: keys, defaults, ranges.

use std::path::PathBuf;

use crate::ConfigError;
use crate::rules::{File, Table, section, within};
use crate::secret::Secret;

section!(
    /// `[http]`
    HttpConfig {
        /// Address and port to listen on; empty for no HTTP.
        listen: String = String::new(),
        /// What clients must show; empty for none.
        token: Secret = Secret::default(),
        /// File that holds it instead, relative to the config file; empty for none.
        token_file: PathBuf = PathBuf::new(),
        /// A call that is registered and does not come is forgotten after this time, in s.
        registration_s: u32 = 600,
        /// Calls that may be registered at once.
        max_registrations: u32 = 10_000,
        /// What a call came to can be asked for this long, in s.
        result_s: u32 = 3_600,
        /// Connections at once.
        max_connections: u32 = 64,
        /// A client that does not send its request, or take its answer, in this time is cut off, in ms.
        client_timeout_ms: u32 = 10_000,
    }
);

impl HttpConfig {
    pub(crate) fn check(&self, file: &File<'_>) -> Result<(), ConfigError> {
        let table = file.table("http");
        within!(table, self.registration_s, 10..=86_400, " s");
        within!(table, self.max_registrations, 1..=100_000, "");
        within!(table, self.result_s, 10..=604_800, " s");
        within!(table, self.max_connections, 4..=1_024, "");
        within!(table, self.client_timeout_ms, 1_000..=60_000, " ms");
        self.check_access(&table)
    }

    fn check_access(&self, table: &Table<'_>) -> Result<(), ConfigError> {
        let has_file = !self.token_file.as_os_str().is_empty();
        if !self.token.is_empty() && !self.token.is_strong() {
            let rule = "16 to 256 visible ASCII characters, or empty".into();
            return Err(table.error("token", "a text not shown here".into(), rule));
        }
        if !self.token.is_empty() && has_file {
            let value = format!("`{}`", self.token_file.display());
            let rule = "empty when `token` is set".into();
            return Err(table.error("token_file", value, rule));
        }
        if self.listen.is_empty() {
            return Ok(());
        }
        let value = format!("`{}`", self.listen);
        match self.listen.parse::<std::net::SocketAddr>() {
            Err(_) => {
                let rule = "an address with a port, such as 127.0.0.1:8091, or empty for no HTTP";
                Err(table.error("listen", value, rule.into()))
            }
            Ok(address) if !address.ip().is_loopback() && self.token.is_empty() && !has_file => {
                let rule = "a loopback address such as 127.0.0.1:8091, or `token` or `token_file` must be set";
                Err(table.error("listen", value, rule.into()))
            }
            Ok(_) => Ok(()),
        }
    }
}
