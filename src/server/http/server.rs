//! The HTTP server: accepts, limits, cuts off.
//!
//! Thread: `http`, one for all connections. In and out: HTTP/1.1 (hyper). Memory: so many connections, each with a
//! bounded head and body. When late: a client whose request does not come, or who does not take the answer, in
//! `client_timeout` is cut off. When full: see `connections`.
//!
//! hyper itself, and no framework on it: the paths are few, and the limits that matter here (heads, stalls, places) are
//! those of its connections.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::connections::{Connections, Place};
use super::routes::{self, Context};
use super::timed::Timed;
use super::token::Token;
use super::{HttpError, Shared};
use patter_config::Loaded;

/// Longest head of a request, with its first line.
const MAX_HEAD_BYTES: usize = 16 << 10;
/// Most header lines of a request.
const MAX_HEADERS: usize = 64;
/// How long to wait when no connection can be accepted, as when no file is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What clients may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once.
    pub max_connections: usize,
    /// A request must come, and its answer be taken, in this time.
    pub client_timeout: Duration,
}

/// A running HTTP server. Dropping it closes all its connections.
pub struct Http {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Starts what the config names; None when it names no address.
///
/// # Errors
/// The address is taken or not this machine's, the token cannot be read, or strangers could ask without one.
pub fn start(loaded: &Loaded, shared: &Arc<Shared>) -> Result<Option<Http>, HttpError> {
    let config = &loaded.config.http;
    if config.listen.is_empty() {
        return Ok(None);
    }
    let limits = Limits {
        max_connections: config.max_connections as usize,
        client_timeout: Duration::from_millis(u64::from(config.client_timeout_ms)),
    };
    let token = Token::of_config(loaded)?;
    Http::start(&config.listen, token, limits, Arc::clone(shared)).map(Some)
}

impl Http {
    /// Listens on `address` (port 0 takes a free one) and serves until dropped.
    ///
    /// # Errors
    /// The address is taken or not this machine's, or strangers could ask without a token.
    pub fn start(
        address: &str,
        token: Option<Token>,
        limits: Limits,
        shared: Arc<Shared>,
    ) -> Result<Self, HttpError> {
        let listen = |source| HttpError::Listen {
            address: address.to_owned(),
            source,
        };
        let listener = TcpListener::bind(address).map_err(listen)?;
        let local = listener.local_addr().map_err(listen)?;
        if token.is_none() && !local.ip().is_loopback() {
            let address = address.to_owned();
            return Err(HttpError::Open { address });
        }
        listener.set_nonblocking(true).map_err(listen)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let context = Arc::new(Context {
            shared,
            token,
            client_timeout: limits.client_timeout,
        });
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("http".into())
            .spawn(move || {
                runtime.spawn(accept(listener, limits, context));
                // Dropping the handle stops as well. With the runtime all connections go.
                let _ = runtime.block_on(stopped);
            })?;
        Ok(Self {
            address: local,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, limits: Limits, context: Arc<Context>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            patter_machine::log::warn(&format!("HTTP is not served: {error}"));
            return;
        }
    };
    let connections = Connections::new(limits.max_connections);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Without a place the connection is closed at once: an answer would have to wait for its taker.
        let Some(place) = connections.admit() else {
            continue;
        };
        let place = Arc::new(place);
        let task = tokio::spawn(serve(stream, Arc::clone(&context), Arc::clone(&place)));
        place.run_by(task.abort_handle());
    }
}

/// One connection, until either side closes it or its time is over.
async fn serve(stream: TcpStream, context: Arc<Context>, place: Arc<Place>) {
    let limit = context.client_timeout;
    let _ = stream.set_nodelay(true);
    let stream = TokioIo::new(Timed::new(stream, limit));
    let service = service_fn(move |request| {
        routes::answer(request, Arc::clone(&context), Arc::clone(&place))
    });
    // A fault of the client's ends its own connection only, and is worth no line in the log.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limit)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .serve_connection(stream, service)
        .await;
}
