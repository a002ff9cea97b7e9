//! Calls that get no place: counted, told of, and turned away.
//!
//! Thread: the one of the connection that is refused. In: why. Out: a count, a line in the log, a hang-up by the
//! transport. Memory: a few numbers. When there are many: [`TELL_MOST`] lines in each stretch of [`TELL_EVERY`], and
//! the others are counted; at most [`MAX_UNWELCOME`] wait for their hang-up.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{SessionOptions, Sessions, Transport};

/// Whoever is no caller waits so long for the hang-up: a client that tries again and again takes less of the machine.
const UNWELCOME: Duration = Duration::from_secs(1);
/// So many that are unwelcome wait at once; more are hung up on at once.
const MAX_UNWELCOME: u32 = 64;
/// So many refusals are told of one by one in each stretch of time; the others are counted.
const TELL_MOST: u32 = 5;
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Why a call got no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// `serve.max_calls` is reached.
    MaxCalls,
    /// Too many connections have not said which call they are.
    Flood,
    /// The connection did not begin as its transport does.
    WrongProtocol,
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
        Self::WrongProtocol,
        Self::Unknown,
        Self::Failed,
    ];

    /// Its name in the figures.
    pub fn label(self) -> &'static str {
        match self {
            Self::MaxCalls => "max_calls",
            Self::Flood => "flood",
            // Dashboards know it by this name, from when there was one transport.
            Self::WrongProtocol => "not_audiosocket",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        }
    }
}

/// How many were refused, and what of it was told.
pub(super) struct Refusals {
    count: AtomicU64,
    /// Those that wait for their hang-up.
    unwelcome: AtomicU32,
    told: Mutex<Told>,
}

/// Refusals in this stretch of [`TELL_EVERY`].
struct Told {
    since: Instant,
    /// Those that have a line of their own in the log.
    lines: u32,
    /// Those that have none.
    others: u64,
}

impl Refusals {
    pub(super) fn new() -> Self {
        Self {
            count: AtomicU64::new(0),
            unwelcome: AtomicU32::new(0),
            told: Mutex::new(Told {
                since: Instant::now(),
                lines: 0,
                others: 0,
            }),
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    fn tell(&self, why: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.since.elapsed() >= TELL_EVERY {
            if told.others > 0 {
                patter_machine::log::warn(&format!("{} more calls were refused", told.others));
            }
            *told = Told {
                since: Instant::now(),
                lines: 0,
                others: 0,
            };
        }
        if told.lines < TELL_MOST {
            told.lines += 1;
            patter_machine::log::warn(&format!("a call was refused: {why}"));
        } else {
            told.others += 1;
        }
    }
}

impl Sessions {
    /// Counts a call that got no place and tells of it.
    pub fn count_refused(&self, options: &SessionOptions, reason: Refused, why: &str) {
        self.refusals.count.fetch_add(1, Ordering::Relaxed);
        (options.refused)(reason);
        self.refusals.tell(why);
    }

    /// [`Sessions::count_refused`], and hangs up.
    pub fn refuse(
        &self,
        transport: impl Transport,
        options: &SessionOptions,
        reason: Refused,
        why: &str,
    ) {
        self.count_refused(options, reason, why);
        transport.refuse();
    }

    /// [`Sessions::refuse`], a second later, unless too many wait for that. It is nobody's call.
    pub fn refuse_later(
        &self,
        transport: impl Transport,
        options: &SessionOptions,
        reason: Refused,
        why: &str,
    ) {
        let unwelcome = &self.refusals.unwelcome;
        if unwelcome.fetch_add(1, Ordering::AcqRel) < MAX_UNWELCOME {
            let until = Instant::now() + UNWELCOME;
            while Instant::now() < until && !self.is_stopped() {
                std::thread::sleep(UNWELCOME / 20);
            }
        }
        unwelcome.fetch_sub(1, Ordering::AcqRel);
        self.refuse(transport, options, reason, why);
    }
}
