//! AudioSocket, as Asterisk speaks it.
//!
//! [`codec`] turns bytes into messages and back and knows no socket; [`server`] accepts calls; [`client`] plays
//! Asterisk's part, for the demo, the tests and the measurements on the wire.

pub mod budget;
pub mod client;
pub mod codec;
mod connection;
mod ear;
mod hello;
pub mod rates;
pub mod server;
pub mod silence_fill;

use thiserror::Error;

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
