//! AudioSocket, as Asterisk speaks it.
//!
//! [`codec`] turns bytes into messages and back and knows no socket; [`server`] accepts calls; [`client`] plays
//! Asterisk's part, for the demo, the tests and the measurements on the wire.

mod admission;
pub mod budget;
pub mod client;
pub mod codec;
mod connection;
mod ear;
pub mod rates;
mod recorder;
pub mod server;
pub mod silence_fill;

use thiserror::Error;

/// Why a call got no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// `serve.max_calls` is reached.
    MaxCalls,
    /// Too many connections have not said which call they are.
    Flood,
    /// The connection did not begin as AudioSocket does.
    NotAudioSocket,
    /// Nothing is known of a call with this UUID, and the settings want that.
    Unknown,
    /// An engine, a thread or a playbook failed.
    Failed,
}

impl Refused {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::MaxCalls,
        Self::Flood,
        Self::NotAudioSocket,
        Self::Unknown,
        Self::Failed,
    ];

    /// Its name in the figures.
    pub fn label(self) -> &'static str {
        match self {
            Self::MaxCalls => "max_calls",
            Self::Flood => "flood",
            Self::NotAudioSocket => "not_audiosocket",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        }
    }
}

/// What can keep the server from serving.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// No thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

impl ServeError {
    /// What to try next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Listen { source, .. } if source.kind() == std::io::ErrorKind::AddrInUse => {
                Some("another program listens there; choose another port with `--listen` or `serve.listen`".into())
            }
            Self::Listen { .. } => Some("the address must be one of this machine; 127.0.0.1:8090 is the default".into()),
            Self::Thread(_) => None,
        }
    }
}
