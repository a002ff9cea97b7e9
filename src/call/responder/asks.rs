//! The way to the responder: its inbox, and how far it is.
//!
//! Thread: `controller` sends, `responder` takes, a replay looks at the progress. In and out: values over a channel.
//! Memory: two counters. When late: asks wait, none is lost while the thread runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender};
use patter_turn::work::Ask;

/// An ask on its way.
pub struct Pending {
    /// What is asked.
    pub ask: Ask,
    /// Dropped when it is done, for whoever waits for that.
    pub done: Option<Sender<()>>,
}

/// What a replay must know to wait for this thread.
#[derive(Debug, Default)]
pub struct Progress {
    sent: AtomicU64,
    pub(super) done: AtomicU64,
    /// The thread waits for room in the ring.
    pub(super) blocked: AtomicBool,
}

impl Progress {
    /// True when all asks are done.
    pub fn is_settled(&self) -> bool {
        self.done.load(Ordering::Acquire) == self.sent.load(Ordering::Acquire)
    }

    /// True when the thread waits for room in the ring.
    pub fn is_blocked(&self) -> bool {
        self.blocked.load(Ordering::Acquire)
    }
}

/// The way to this thread. Clones lead to the same.
#[derive(Clone)]
pub struct Asks {
    sender: Sender<Pending>,
    progress: Arc<Progress>,
}

impl Asks {
    /// A way, its other end, and what becomes of the asks.
    pub fn new() -> (Self, Receiver<Pending>, Arc<Progress>) {
        let (sender, inbox) = crossbeam_channel::unbounded();
        let progress = Arc::new(Progress::default());
        let asks = Self {
            sender,
            progress: Arc::clone(&progress),
        };
        (asks, inbox, progress)
    }

    /// Sends an ask; one for a thread that has ended is lost.
    pub fn send(&self, ask: Ask) {
        self.deliver(Pending { ask, done: None });
    }

    /// Sends an ask whose end is waited for: the receiver hangs up then.
    pub fn last(&self, ask: Ask) -> Receiver<()> {
        let (done, ready) = crossbeam_channel::bounded(0);
        self.deliver(Pending {
            ask,
            done: Some(done),
        });
        ready
    }

    fn deliver(&self, pending: Pending) {
        self.progress.sent.fetch_add(1, Ordering::AcqRel);
        let _ = self.sender.send(pending);
    }
}
