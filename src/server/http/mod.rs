//! What a call server shows and is told over HTTP: health, figures, live calls, data of calls to come, results of calls
//! that ended.
//!
//! Threads: `http` ([`server`]: one thread for all connections); the calls' `events` threads feed [`Shared::watch`].
//! In: requests, events. Out: answers. Memory: all that is kept is bounded, by number, size and time. When late or
//! full: clients are refused or cut off; a call never waits for one.
//!
//! [`registry`] and [`expiring`] are plain values, [`live`], [`metrics`] and `journal` take in events, [`server`] holds
//! the connections (`connections`, `timed`), `routes` turns requests into answers, `stream` sends events as they
//! happen, [`token`] says who may ask.

mod connections;
pub mod expiring;
mod journal;
pub mod live;
pub mod lookup;
pub mod metrics;
pub mod registry;
mod routes;
pub mod server;
mod stream;
mod timed;
pub mod token;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use thiserror::Error;

use crate::session::{Control, call_id};
use expiring::CallKey;
use live::Live;
use metrics::{Gauges, Metrics};
use patter_call::load_shedding::LoadShedding;
use patter_call::playbooks::name_of;
use patter_config::HttpConfig;
use patter_types::event::Stamped;
use registry::{CallData, CallResult, RegisterError, Registry};

/// What can keep the HTTP interface from starting.
#[derive(Debug, Error)]
pub enum HttpError {
    /// The address cannot be listened on.
    #[error("cannot listen for HTTP on {address}: {source}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file of the token cannot be read.
    #[error("cannot read the token file `{path}`: {source}")]
    TokenFile {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It holds no token that can be used.
    #[error("the token file `{path}` must hold 16 to 256 visible ASCII characters")]
    WeakToken {
        /// The file.
        path: String,
    },
    /// The address is not this machine's own, and nothing keeps strangers out.
    #[error("HTTP on {address} can be reached from other machines and has no token")]
    Open {
        /// The address.
        address: String,
    },
    /// The figures cannot be set up.
    #[error("cannot set up the figures: {0}")]
    Metrics(#[from] prometheus::Error),
    /// No thread.
    #[error("cannot start the HTTP thread: {0}")]
    Thread(#[from] std::io::Error),
}

impl HttpError {
    /// What to try next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Listen { source, .. } if source.kind() == std::io::ErrorKind::AddrInUse => {
                Some("another program listens there; choose another port in `http.listen`".into())
            }
            Self::Listen { .. } => {
                Some("`http.listen` must be an address of this machine, such as 127.0.0.1:8091, or empty for no HTTP".into())
            }
            Self::TokenFile { .. } => Some("check `http.token_file`; it is relative to the config file".into()),
            Self::WeakToken { .. } => Some("make one with `openssl rand -hex 32`".into()),
            Self::Open { .. } => Some("set `http.token` or `http.token_file`, or listen on 127.0.0.1".into()),
            Self::Metrics(_) | Self::Thread(_) => None,
        }
    }
}

/// How many calls there are, asked when somebody wants to know.
type Count = Box<dyn Fn() -> u32 + Send + Sync>;

/// Does what somebody wants of a call; false when it is not under way.
type Controls = Box<dyn Fn(&CallKey, Control) -> bool + Send + Sync>;

/// True for a call that has been hung up and is not over yet.
type Closings = Box<dyn Fn(&CallKey) -> bool + Send + Sync>;

/// What the call server and the HTTP interface share.
pub struct Shared {
    /// Calls that run.
    pub live: Live,
    /// Figures.
    pub metrics: Metrics,
    registry: Mutex<Registry>,
    ready: AtomicBool,
    draining: AtomicBool,
    max_calls: u32,
    /// Calls under way and calls that may be, once the server is there to ask.
    counts: OnceLock<(Count, Count)>,
    load: Mutex<Arc<LoadShedding>>,
    controls: OnceLock<Controls>,
    closings: OnceLock<Closings>,
    /// Names of the playbooks that calls may ask for, once they are loaded.
    playbooks: Mutex<Option<Vec<String>>>,
}

impl Shared {
    /// Nothing yet: no call, not ready. `max_calls` holds until [`Self::count_calls`] says better.
    ///
    /// # Errors
    /// The figures cannot be set up.
    pub fn new(config: &HttpConfig, max_calls: u32) -> Result<Arc<Self>, HttpError> {
        let seconds = |s: u32| Duration::from_secs(u64::from(s));
        Ok(Arc::new(Self {
            live: Live::default(),
            metrics: Metrics::new(SystemTime::now())?,
            registry: Mutex::new(Registry::new(
                seconds(config.registration_s),
                seconds(config.result_s),
                config.max_registrations as usize,
            )),
            ready: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            max_calls,
            counts: OnceLock::new(),
            load: Mutex::new(Arc::new(LoadShedding::none())),
            controls: OnceLock::new(),
            closings: OnceLock::new(),
            playbooks: Mutex::new(None),
        }))
    }

    /// Says where calls are counted; without it, the calls seen in the events count. The first one who says it is
    /// believed.
    pub fn count_calls(
        &self,
        active: impl Fn() -> u32 + Send + Sync + 'static,
        max: impl Fn() -> u32 + Send + Sync + 'static,
    ) {
        let _ = self.counts.set((Box::new(active), Box::new(max)));
    }

    /// Says who does what somebody wants of a call. The first one who says it is believed.
    pub fn control_calls(
        &self,
        controls: impl Fn(&CallKey, Control) -> bool + Send + Sync + 'static,
    ) {
        let _ = self.controls.set(Box::new(controls));
    }

    /// Does what somebody wants of a call; false when it is not under way.
    fn control(&self, uuid: &CallKey, control: Control) -> bool {
        self.controls.get().is_some_and(|does| does(uuid, control))
    }

    /// Says who knows which calls have been hung up. The first one who says it is believed.
    pub fn watch_closings(&self, closings: impl Fn(&CallKey) -> bool + Send + Sync + 'static) {
        let _ = self.closings.set(Box::new(closings));
    }

    /// The call has been hung up, by either side, and its last words are not judged yet.
    fn is_closing(&self, uuid: &CallKey) -> bool {
        self.live.runs(&call_id::format_uuid(uuid))
            && self
                .closings
                .get()
                .is_some_and(|is_closing| is_closing(uuid))
    }

    /// Says which playbooks calls may ask for from now on.
    pub fn offer_playbooks<'a>(&self, names: impl Iterator<Item = &'a str>) {
        let names = names.map(str::to_owned).collect();
        *self
            .playbooks
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(names);
    }

    /// Says whose load is shown from now on.
    pub fn watch_load(&self, load: &Arc<LoadShedding>) {
        *self.load.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(load);
    }

    /// Calls under way, and calls that may be.
    pub fn calls(&self) -> (u32, u32) {
        match self.counts.get() {
            Some((active, max)) => (active(), max()),
            None => {
                let active = u32::try_from(self.live.count()).unwrap_or(u32::MAX);
                (active, self.max_calls)
            }
        }
    }

    /// The models are loaded and calls are accepted.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Release);
    }

    /// No new call is taken; those that run go on.
    pub fn set_draining(&self, draining: bool) {
        self.draining.store(draining, Ordering::Release);
    }

    /// No new call is taken.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Why a call that came now would not be answered.
    pub fn not_ready(&self) -> Option<String> {
        let (active, max) = self.calls();
        if self.is_draining() {
            Some("draining: no new call is taken".into())
        } else if !self.ready.load(Ordering::Acquire) {
            Some("starting: the models are not loaded yet".into())
        } else if active >= max {
            Some(format!("full: {active} of {max} calls"))
        } else if self.load().is_failing() {
            Some("degraded: the language model fails, callers hear approved lines only".into())
        } else {
            None
        }
    }

    /// Takes in an event of a call, on that call's `events` thread.
    pub fn watch(&self, event: &Stamped) {
        let ended = self.live.observe(event, SystemTime::now());
        // First: a dialplan asks for it now, and the log may have to wait.
        if let Some(result) = &ended {
            self.keep(result.clone());
            self.live.over(&event.call);
        }
        self.metrics.observe(event, ended.as_ref());
        journal::tell(event, ended.as_ref());
    }

    /// The call has no thread left. One that ended properly was seen in its events; of another, what is known is kept
    /// as a result.
    pub fn call_over(&self, uuid: &CallKey) {
        if let Some(result) = self.live.lost(&call_id::format_uuid(uuid)) {
            self.metrics.ended(&result);
            self.keep(result);
        }
    }

    /// Registers a call; true when it replaced another registration.
    ///
    /// # Errors
    /// See [`Registry::register`]; it asks for a playbook that is not loaded; no call is taken any more.
    pub fn register(&self, uuid: CallKey, data: CallData) -> Result<bool, RegisterError> {
        if self.is_draining() {
            return Err(RegisterError::Draining);
        }
        let playbooks = self
            .playbooks
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let (Some(name), Some(loaded)) = (&data.playbook, playbooks.as_ref())
            && !loaded.contains(&name_of(Path::new(name)))
        {
            return Err(RegisterError::Playbook {
                name: name.clone(),
                loaded: loaded.join(", "),
            });
        }
        drop(playbooks);
        self.registry().register(uuid, data, Instant::now())
    }

    /// What is registered for a call that has come; it is forgotten here.
    pub fn take(&self, uuid: &CallKey) -> Option<CallData> {
        self.registry().take(uuid, Instant::now())
    }

    /// What the call came to.
    pub fn result(&self, uuid: &CallKey) -> Option<CallResult> {
        self.registry().result(uuid, Instant::now()).cloned()
    }

    fn registered(&self, uuid: &CallKey) -> Option<CallData> {
        self.registry().registered(uuid, Instant::now()).cloned()
    }

    fn forget(&self, uuid: &CallKey) -> bool {
        self.registry().forget(uuid, Instant::now())
    }

    fn keep(&self, result: CallResult) {
        if let Some(uuid) = call_id::parse_uuid(&result.call) {
            self.registry().ended(uuid, result, Instant::now());
        }
    }

    fn gauges(&self) -> Gauges {
        let (active_calls, max_calls) = self.calls();
        let load = self.load();
        Gauges {
            load: (load.busy(), load.step().number()),
            shares: load.shares(),
            sentence_ms: load.sentence_ms(),
            active_calls,
            max_calls,
            ready: self.not_ready().is_none(),
            draining: self.is_draining(),
            registrations: self.registry().counts(Instant::now()).0,
        }
    }

    fn load(&self) -> Arc<LoadShedding> {
        Arc::clone(&self.load.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
