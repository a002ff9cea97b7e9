//! The AudioSocket server: accepts, limits, and gives each connection a call.
//!
//! Threads: `accept`, and for each call `socket-in`, which goes on as the `connection`'s. In: connections. Out: calls.
//! Memory: a few hundred bytes a call beside the call's own. When full: a call is refused, counted and told of. A
//! connection takes a place only when it has said which call it is: those that say nothing keep nobody out. Source:
//! Asterisk's res_audiosocket.c and chan_audiosocket.c.

use std::net::{SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::admission::{Strangers, Welcome, greet};
use super::connection::{Limits, carry};
use super::{Refused, ServeError, recorder};
use crate::session::call_id;
use patter_call::line::Line;
use patter_call::playbooks::PlaybookRegistry;
use patter_call::record::CallFile;
use patter_call::{Call, CallContext, Engines};
use patter_config::Loaded;
use patter_records::{Start, Store};
use patter_types::event::{Event, EventSink, Stamped};

/// What the server does with calls.
#[derive(Clone)]
pub struct ServerOptions {
    /// Calls at once.
    pub max_calls: u32,
    /// Sound sent ahead of the clock.
    pub lead: Duration,
    /// Longest time without any message from the peer.
    pub idle_timeout: Duration,
    /// Longest call; None for no limit.
    pub longest: Option<Duration>,
    /// Where calls are recorded, and the folder for their sound; None keeps none.
    pub records: Option<Arc<Store>>,
    /// Keep the sound as well, and what is needed to play the call again: these settings.
    pub record_audio: Option<Arc<Loaded>>,
    /// Asked about each call before anything is started for it.
    pub admit: Admit,
    /// Told of each call that got no place.
    pub refused: Arc<dyn Fn(Refused) + Send + Sync>,
    /// Told when a call has no thread left.
    pub over: Over,
    /// Shown every event of every call.
    pub watch: Arc<dyn Fn(&Stamped) + Send + Sync>,
}

impl ServerOptions {
    /// What the config says of serving, but for its records: the calls of a demo or a bench are none of the service's.
    pub fn of(loaded: &Loaded) -> Self {
        let config = &loaded.config.serve;
        let longest_s = u64::from(config.max_call_s);
        Self {
            max_calls: config.max_calls,
            lead: Duration::from_millis(u64::from(config.lead_ms)),
            idle_timeout: Duration::from_millis(u64::from(config.idle_timeout_ms)),
            longest: (longest_s > 0).then(|| Duration::from_secs(longest_s)),
            records: None,
            record_audio: config.record_audio.then(|| Arc::new(loaded.clone())),
            admit: Arc::new(|_, _| Ok(CallContext::default())),
            refused: Arc::new(|_| ()),
            over: Arc::new(|_| ()),
            watch: Arc::new(|_| ()),
        }
    }
}

/// Told of a call's UUID.
pub type Over = Arc<dyn Fn(&[u8; 16]) + Send + Sync>;

/// What is known of a call by its UUID, or why it is refused. It runs on the call's own thread, and may take its time.
pub type Admit =
    Arc<dyn Fn(&[u8; 16], &PlaybookRegistry) -> Result<CallContext, String> + Send + Sync>;

/// What somebody wants of a call under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Nothing is said and nothing heard, until it is resumed.
    Hold,
    /// It goes on.
    Resume,
    /// It ends, with a last word.
    End,
}

/// A running server. Dropping it stops accepting and ends its calls at once.
pub struct Server {
    address: SocketAddr,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

/// What the threads of a server share.
pub(super) struct State {
    /// Calls end now.
    pub(super) stop: AtomicBool,
    /// No call is accepted any more.
    closing: AtomicBool,
    pub(super) active: AtomicU32,
    /// Connections that have not said yet which call they are.
    pub(super) strangers: Strangers,
    pub(super) refused: AtomicU64,
    /// Refusals told of in this stretch of [`TELL_EVERY`], since when, and those that were not.
    pub(super) told: Mutex<(u32, Instant, u64)>,
    /// Of the calls under way, by UUID.
    lines: Mutex<Vec<([u8; 16], Weak<Line>)>>,
    /// What calls begin with from now on.
    current: RwLock<(Arc<Engines>, Arc<ServerOptions>)>,
}

impl State {
    fn current(&self) -> (Arc<Engines>, Arc<ServerOptions>) {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        (Arc::clone(&current.0), Arc::clone(&current.1))
    }

    fn lines(&self) -> MutexGuard<'_, Vec<([u8; 16], Weak<Line>)>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
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
        let state = Arc::new(State {
            stop: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            active: AtomicU32::new(0),
            strangers: Strangers::default(),
            refused: AtomicU64::new(0),
            told: Mutex::new((0, Instant::now(), 0)),
            lines: Mutex::new(Vec::new()),
            current: RwLock::new((engines, Arc::new(options))),
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

    /// Calls under way.
    pub fn active_calls(&self) -> u32 {
        self.state.active.load(Ordering::Acquire)
    }

    /// Counts the calls under way and those that may be, as long as the server lives. Whoever asks does not keep it
    /// alive: its engines must end before the program does.
    pub fn counters(&self) -> (impl Fn() -> u32 + use<>, impl Fn() -> u32 + use<>) {
        let (active, most) = (Arc::downgrade(&self.state), Arc::downgrade(&self.state));
        (
            move || {
                let state = active.upgrade();
                state.map_or(0, |state| state.active.load(Ordering::Acquire))
            },
            move || {
                let state = most.upgrade();
                state.map_or(0, |state| state.current().1.max_calls)
            },
        )
    }

    /// Calls refused since the start, for whatever reason.
    pub fn refused_calls(&self) -> u64 {
        self.state.refused.load(Ordering::Relaxed)
    }

    /// Calls that begin from now on use these; the others go on with what they began with.
    pub fn replace(&self, engines: Arc<Engines>, options: ServerOptions) {
        let mut current = self
            .state
            .current
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = (engines, Arc::new(options));
    }

    /// Stops listening: nobody can connect any more. Calls under way go on.
    pub fn stop_accepting(&self) {
        self.state.closing.store(true, Ordering::Release);
    }

    /// Asks each call under way for its end, with a last word to the caller.
    pub fn end_calls_politely(&self) {
        let lines = self.state.lines();
        for line in lines.iter().filter_map(|(_, line)| line.upgrade()) {
            line.end_politely();
        }
    }

    /// Does what somebody wants of a call, as long as the server lives; false for a call that is not under way.
    pub fn controls(&self) -> impl Fn(&[u8; 16], Control) -> bool + use<> {
        let state = Arc::downgrade(&self.state);
        move |uuid, control| {
            let Some(state) = state.upgrade() else {
                return false;
            };
            let lines = state.lines();
            let of_call = lines.iter().filter(|(call, _)| call == uuid);
            let mut found = false;
            for line in of_call.filter_map(|(_, line)| line.upgrade()) {
                found = true;
                match control {
                    Control::Hold => line.put_on_hold(true),
                    Control::Resume => line.put_on_hold(false),
                    Control::End => line.end_politely(),
                }
            }
            found
        }
    }

    /// True for a call that has been hung up, by either side, and is not over yet: its last words are still judged.
    pub fn closings(&self) -> impl Fn(&[u8; 16]) -> bool + use<> {
        let state = Arc::downgrade(&self.state);
        move |uuid| {
            state.upgrade().is_some_and(|state| {
                let lines = state.lines();
                let mut of_call = lines.iter().filter(|(call, _)| call == uuid);
                of_call.any(|(_, line)| line.upgrade().is_some_and(|line| line.is_closed()))
            })
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn accept(listener: TcpListener, state: &Arc<State>) {
    let mut listener = Some(listener);
    let mut calls: Vec<JoinHandle<()>> = Vec::new();
    while !state.stop.load(Ordering::Acquire) {
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
        let (engines, options) = state.current();
        let stranger = state.strangers.come();
        let serving = Arc::clone(state);
        let wishes = Arc::clone(&options);
        let spawned = std::thread::Builder::new()
            .name("socket-in".into())
            .spawn(move || {
                if let Some(welcome) = greet(stream, stranger, &engines, &wishes, &serving) {
                    serve_one(welcome, &engines, &wishes, &serving);
                }
            });
        match spawned {
            Ok(call) => calls.push(call),
            Err(error) => state.count_refused(&options, Refused::Failed, &error.to_string()),
        }
    }
    drop(listener);
    for call in calls {
        let _ = call.join();
    }
}

/// One call, from its first frame to its record.
fn serve_one(welcome: Welcome, engines: &Arc<Engines>, options: &ServerOptions, state: &State) {
    let Welcome {
        uuid,
        context,
        place: _place,
        stream,
        decoder,
    } = welcome;
    let id = call_id::format_uuid(&uuid);
    let (sink, events) = EventSink::new(&id);
    let recording = options.record_audio.as_ref().and_then(|settings| {
        let folder = options.records.as_ref()?.folder();
        // It may have vanished since the server began; if it cannot be made, the files in it say so.
        let _ = patter_machine::private::create_dir_all(folder);
        let path = recorder::path_for(folder, &id, &settings.config.serve.record_format);
        let playbook = context
            .playbook
            .as_ref()
            .unwrap_or(&engines.playbooks.default);
        let file = CallFile::new(settings, playbook, &context.slots, &path);
        if let Err(error) = file.write_beside(&path) {
            patter_machine::log::warn(&error.to_string());
        }
        Some((path, file))
    });
    let (recording, mut call_file) = match recording {
        Some((path, file)) => (Some(path.clone()), Some((path, file))),
        None => (None, None),
    };
    let start = Start {
        number: context.number.clone(),
        campaign: context.campaign.clone(),
        ..Start::now(&id, &engines.config).recorded(recording.as_deref())
    };
    let mut record = options.records.as_ref().map(|store| store.begin(start));
    let watch = Arc::clone(&options.watch);
    let writer = patter_call::journal::write(events, None, move |event| {
        if let Some(record) = &mut record {
            record.event(event);
        }
        if let Some((path, file)) = &mut call_file
            && let Err(error) = file.observe(event, path)
        {
            patter_machine::log::warn(&error.to_string());
        }
        // Whoever watches may fail: the call's record goes on.
        let _ = catch_unwind(AssertUnwindSafe(|| watch(event)));
    });
    if let Err(error) = &writer {
        patter_machine::log::warn(&error.to_string());
    }
    let (ends, call_ends) = patter_call::line::line();
    // Until its last event is taken in, whoever asks sees that the call is closing.
    let line = Arc::clone(&ends.line);
    {
        let mut lines = state.lines();
        lines.retain(|(_, line)| line.strong_count() > 0);
        lines.push((uuid, Arc::downgrade(&ends.line)));
    }
    match Call::start(engines, context, call_ends, "audiosocket", sink.clone()) {
        Ok(call) => {
            let limits = Limits {
                lead: options.lead,
                idle_timeout: options.idle_timeout,
                longest: options.longest,
            };
            let carried = AssertUnwindSafe(|| {
                carry(stream, decoder, ends, limits, &state.stop, &sink, recording);
            });
            // The line is closed with it; what else there is of the call ends as ever.
            if catch_unwind(carried).is_err() {
                sink.send(Event::fault("socket-in"));
            }
            call.join();
        }
        Err(error) => {
            state.refuse(stream, options, Refused::Failed, &format!("{id}: {error}"));
            if let Some(path) = recording {
                recorder::forget(&path);
            }
        }
    }
    drop(sink);
    if let Ok(writer) = writer {
        let _ = writer.join();
    }
    drop(line);
    (options.over)(&uuid);
}
