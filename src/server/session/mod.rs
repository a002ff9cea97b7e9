//! What any transport needs to give its connections a call: places, refusals, records, recordings, control.
//!
//! A transport brings one connection per call and knows how sound travels on it ([`Transport`]). [`Sessions`] knows the
//! rest: whether there is a place and what is known of the call (`admission`), who is turned away and that it is told
//! of (`refusals`), and the call from its first frame to its record (`run`, `recorder`). The HTTP interface shows and
//! controls calls by what is here, and knows no transport.
//!
//! Thread: any. A call runs in the thread of its connection, which the transport has started for it; `record` writes
//! its sound. Memory: a few hundred bytes a call beside the call's own. When full: a call is refused, counted and told
//! of.

mod admission;
pub mod call_id;
mod options;
mod recorder;
mod refusals;
mod run;
#[cfg(test)]
mod tests;
mod transport;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use call_id::CallId;
use patter_call::Engines;
use patter_call::line::Line;
use refusals::Refusals;

pub use options::{Admit, Over, SessionOptions};
pub use recorder::{Tap, Taps};
pub use refusals::Refused;
pub use run::alone;
pub use transport::{Surroundings, Transport};

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

/// What a call begins with. It keeps that, whatever is replaced meanwhile.
#[derive(Clone)]
pub struct Setup {
    /// The engines that it shares with others.
    pub engines: Arc<Engines>,
    /// What is done with calls.
    pub options: Arc<SessionOptions>,
}

/// The calls of a server, whatever brings their sound.
pub struct Sessions {
    /// Calls end now.
    stop: AtomicBool,
    active: AtomicU32,
    refusals: Refusals,
    /// Of the calls under way, by UUID.
    lines: Mutex<Vec<(CallId, Weak<Line>)>>,
    /// What calls begin with from now on.
    current: RwLock<Setup>,
}

impl Sessions {
    /// No call yet; those to come begin with these.
    pub fn new(engines: Arc<Engines>, options: SessionOptions) -> Arc<Self> {
        Arc::new(Self {
            stop: AtomicBool::new(false),
            active: AtomicU32::new(0),
            refusals: Refusals::new(),
            lines: Mutex::new(Vec::new()),
            current: RwLock::new(Setup {
                engines,
                options: Arc::new(options),
            }),
        })
    }

    /// What a call that comes now begins with.
    pub fn current(&self) -> Setup {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    /// Calls that begin from now on use these; the others go on with what they began with.
    pub fn replace(&self, engines: Arc<Engines>, options: SessionOptions) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Setup {
            engines,
            options: Arc::new(options),
        };
    }

    /// Ends all calls at once; whoever waits to be refused waits no longer.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    /// True once [`Sessions::stop`] was called.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Calls under way.
    pub fn active_calls(&self) -> u32 {
        self.active.load(Ordering::Acquire)
    }

    /// Calls refused since the start, for whatever reason.
    pub fn refused_calls(&self) -> u64 {
        self.refusals.count()
    }

    /// Counts the calls under way and those that may be, as long as the sessions live. Whoever asks does not keep them
    /// alive: their engines must end before the program does.
    pub fn counters(self: &Arc<Self>) -> (impl Fn() -> u32 + use<>, impl Fn() -> u32 + use<>) {
        let (active, most) = (Arc::downgrade(self), Arc::downgrade(self));
        (
            move || {
                let sessions = active.upgrade();
                sessions.map_or(0, |sessions| sessions.active_calls())
            },
            move || {
                let sessions = most.upgrade();
                sessions.map_or(0, |sessions| sessions.current().options.max_calls)
            },
        )
    }

    /// Asks each call under way for its end, with a last word to the caller.
    pub fn end_calls_politely(&self) {
        let lines = self.lines();
        for line in lines.iter().filter_map(|(_, line)| line.upgrade()) {
            line.end_politely();
        }
    }

    /// Does what somebody wants of a call, as long as the sessions live; false for a call that is not under way.
    pub fn controls(self: &Arc<Self>) -> impl Fn(&CallId, Control) -> bool + use<> {
        let sessions = Arc::downgrade(self);
        move |uuid, control| {
            let Some(sessions) = sessions.upgrade() else {
                return false;
            };
            let lines = sessions.lines();
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
    pub fn closings(self: &Arc<Self>) -> impl Fn(&CallId) -> bool + use<> {
        let sessions = Arc::downgrade(self);
        move |uuid| {
            sessions.upgrade().is_some_and(|sessions| {
                let lines = sessions.lines();
                let mut of_call = lines.iter().filter(|(call, _)| call == uuid);
                of_call.any(|(_, line)| line.upgrade().is_some_and(|line| line.is_closed()))
            })
        }
    }

    fn lines(&self) -> MutexGuard<'_, Vec<(CallId, Weak<Line>)>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
