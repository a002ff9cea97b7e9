//! The AudioSocket server: accepts connections and lets each say which call it is.
//!
//! Threads: `accept`, and for each call `socket-in`, which goes on as the `connection`'s. In: connections. Out: calls,
//! which [`Sessions`] runs. Memory: a few hundred bytes a connection. When full: a call is refused, counted and told
//! of. A connection takes a place only when it has said which call it is: those that say nothing keep nobody out.
//! Source: Asterisk's res_audiosocket.c and chan_audiosocket.c.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use super::ServeError;
use super::connection::Limits;
use super::hello::{Strangers, greet};
use crate::session::call_id::CallId;
use crate::session::{Control, Refused, SessionOptions, Sessions, Setup};
use patter_call::Engines;
use patter_config::Loaded;

/// What the server does with connections, and with their calls.
#[derive(Clone)]
pub struct ServerOptions {
    /// What is done with calls.
    pub session: SessionOptions,
    /// Sound sent ahead of the clock.
    pub lead: Duration,
    /// Longest time without any message from the peer.
    pub idle_timeout: Duration,
    /// Longest call; None for no limit.
    pub longest: Option<Duration>,
}

impl ServerOptions {
    /// What the config says of serving, but for its records, as [`SessionOptions::of`].
    pub fn of(loaded: &Loaded) -> Self {
        let config = &loaded.config.serve;
        let longest_s = u64::from(config.max_call_s);
        Self {
            session: SessionOptions::of(loaded),
            lead: Duration::from_millis(u64::from(config.lead_ms)),
            idle_timeout: Duration::from_millis(u64::from(config.idle_timeout_ms)),
            longest: (longest_s > 0).then(|| Duration::from_secs(longest_s)),
        }
    }

    fn split(self) -> (SessionOptions, Limits) {
        let limits = Limits {
            lead: self.lead,
            idle_timeout: self.idle_timeout,
            longest: self.longest,
        };
        (self.session, limits)
    }
}

/// A running server. Dropping it stops accepting and ends its calls at once.
pub struct Server {
    address: SocketAddr,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

/// What the threads of a server share.
struct State {
    sessions: Arc<Sessions>,
    /// No call is accepted any more.
    closing: AtomicBool,
    /// Connections that have not said yet which call they are.
    strangers: Strangers,
    /// Of connections that come from now on.
    limits: RwLock<Limits>,
}

impl State {
    /// What a call that comes now begins with.
    fn current(&self) -> (Setup, Limits) {
        // Held while the rest is asked for, as in `replace`: no call gets one half of what is replaced.
        let limits = self.limits.read().unwrap_or_else(PoisonError::into_inner);
        (self.sessions.current(), *limits)
    }

    fn replace(&self, engines: Arc<Engines>, options: ServerOptions) {
        let (options, wanted) = options.split();
        let mut limits = self.limits.write().unwrap_or_else(PoisonError::into_inner);
        *limits = wanted;
        self.sessions.replace(engines, options);
    }
}

impl Server {
    /// Listens on `address` (port 0 takes a free one) and serves until dropped.
    ///
    /// # Errors
    /// The address is taken or not this machine's.
    pub fn start(
        address: &str,
        engines: Arc<Engines>,
        options: ServerOptions,
    ) -> Result<Self, ServeError> {
        let listen = |source| ServeError::Listen {
            address: address.to_owned(),
            source,
        };
        let listener = TcpListener::bind(address).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let local = listener.local_addr().map_err(listen)?;
        let (options, limits) = options.split();
        let state = Arc::new(State {
            sessions: Sessions::new(engines, options),
            closing: AtomicBool::new(false),
            strangers: Strangers::default(),
            limits: RwLock::new(limits),
        });
        let accepting = Arc::clone(&state);
        let thread = std::thread::Builder::new()
            .name("accept".into())
            .spawn(move || accept(listener, &accepting))?;
        Ok(Self {
            address: local,
            state,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// As [`Sessions::active_calls`].
    pub fn active_calls(&self) -> u32 {
        self.state.sessions.active_calls()
    }

    /// As [`Sessions::counters`].
    pub fn counters(&self) -> (impl Fn() -> u32 + use<>, impl Fn() -> u32 + use<>) {
        self.state.sessions.counters()
    }

    /// As [`Sessions::refused_calls`].
    pub fn refused_calls(&self) -> u64 {
        self.state.sessions.refused_calls()
    }

    /// Calls that begin from now on use these; the others go on with what they began with.
    pub fn replace(&self, engines: Arc<Engines>, options: ServerOptions) {
        self.state.replace(engines, options);
    }

    /// Stops listening: nobody can connect any more. Calls under way go on.
    pub fn stop_accepting(&self) {
        self.state.closing.store(true, Ordering::Release);
    }

    /// As [`Sessions::end_calls_politely`].
    pub fn end_calls_politely(&self) {
        self.state.sessions.end_calls_politely();
    }

    /// As [`Sessions::controls`].
    pub fn controls(&self) -> impl Fn(&CallId, Control) -> bool + use<> {
        self.state.sessions.controls()
    }

    /// As [`Sessions::closings`].
    pub fn closings(&self) -> impl Fn(&CallId) -> bool + use<> {
        self.state.sessions.closings()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.sessions.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn accept(listener: TcpListener, state: &State) {
    let sessions = &state.sessions;
    let mut listener = Some(listener);
    let mut calls: Vec<JoinHandle<()>> = Vec::new();
    while !sessions.is_stopped() {
        calls.retain(|call| !call.is_finished());
        if state.closing.load(Ordering::Acquire) {
            listener = None;
        }
        let stream = match listener.as_ref().map(TcpListener::accept) {
            Some(Ok((stream, _))) => stream,
            Some(Err(_)) | None => {
                // Nothing to accept, or no file left: both pass.
                std::thread::sleep(Duration::from_millis(5));
                continue;
            }
        };
        let (setup, limits) = state.current();
        let stranger = state.strangers.come();
        let serving = Arc::clone(sessions);
        let options = Arc::clone(&setup.options);
        let spawned = std::thread::Builder::new()
            .name("socket-in".into())
            .spawn(move || {
                let greeted = greet(stream, limits, stranger, &serving, &setup.options);
                if let Some((uuid, connection)) = greeted {
                    serving.serve(&setup, &uuid, connection);
                }
            });
        match spawned {
            Ok(call) => calls.push(call),
            Err(error) => sessions.count_refused(&options, Refused::Failed, &error.to_string()),
        }
    }
    drop(listener);
    for call in calls {
        let _ = call.join();
    }
}
