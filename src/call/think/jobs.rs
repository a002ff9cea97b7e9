//! What the `think` thread is asked and tells: the jobs for it, its answers to the listener, and how far it is.
//!
//! Thread: `listen` sends jobs, `think` answers, a replay looks at the progress. In and out: values over channels. Memory: two counters. When late: jobs
//! wait, none is lost while the thread runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender};

use super::super::spoken::Sentence;
use patter_types::expect::Expect;

/// Something for the agent to react to.
pub enum ThinkJob {
    /// The call has begun.
    Open {
        /// Number of the agent's turn.
        turn: u32,
    },
    /// The caller said something. The turn may be dropped later: then comes a [`ThinkJob::Revert`].
    Reply {
        /// Number of the agent's turn.
        turn: u32,
        /// The caller's words; empty when they were not understood.
        heard: String,
    },
    /// The caller pressed keys that belong together.
    Keys {
        /// Number of the agent's turn.
        turn: u32,
        /// The keys.
        keys: String,
    },
    /// The caller is silent: a gentle word.
    Remind {
        /// Number of the agent's turn.
        turn: u32,
    },
    /// The caller stays silent: goodbye.
    GiveUp {
        /// Number of the agent's turn.
        turn: u32,
    },
    /// The turn is played from now on.
    Opened {
        /// Its number.
        turn: u32,
    },
    /// The turn never was: the caller went on. What was done for it is undone.
    Revert {
        /// Its number.
        turn: u32,
    },
    /// Words of the caller that will not change any more, while the caller still speaks.
    Hearing {
        /// All of them, from the turn's beginning.
        words: String,
    },
    /// A turn is over: this much of it was heard.
    Played {
        /// Its number.
        turn: u32,
        /// The words.
        text: String,
        /// It was no turn of this thread, but a holding line.
        besides: bool,
    },
    /// The line is closed.
    Over {
        /// Number of the last turn.
        turn: u32,
        /// What the caller was still saying, not to be answered any more.
        words: Option<String>,
        /// Dropped when the events of it are on record.
        done: Sender<()>,
    },
}

/// What the listener must know of a turn to tell what was played.
#[derive(Debug, Clone)]
pub enum Said {
    /// A sentence is on its way.
    Sentence {
        /// Number of the agent's turn.
        turn: u32,
        /// The sentence.
        sentence: Sentence,
    },
    /// Figures of the turn's first sentence.
    First {
        /// Number of the agent's turn.
        turn: u32,
        /// To the first token; 0 for an approved line.
        first_token_ms: f32,
        /// Synthesis.
        tts_ms: f32,
    },
    /// There is no more.
    Done {
        /// Number of the agent's turn.
        turn: u32,
        /// Hang up after it.
        ends_call: bool,
        /// What the caller is asked for.
        expect: Expect,
    },
}

impl Said {
    /// Number of the agent's turn.
    pub fn turn(&self) -> u32 {
        match self {
            Self::Sentence { turn, .. } | Self::First { turn, .. } | Self::Done { turn, .. } => {
                *turn
            }
        }
    }
}

/// What a replay must know to wait for this thread.
#[derive(Debug, Default)]
pub struct Progress {
    pub(super) sent: AtomicU64,
    pub(super) done: AtomicU64,
    /// The thread waits for room in the ring.
    pub(super) blocked: AtomicBool,
}

impl Progress {
    /// True when all jobs are done.
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
pub struct ThinkJobs {
    sender: Sender<ThinkJob>,
    progress: Arc<Progress>,
}

impl ThinkJobs {
    /// A way, its other end, and what becomes of the jobs.
    pub fn new() -> (Self, Receiver<ThinkJob>, Arc<Progress>) {
        let (sender, inbox) = crossbeam_channel::unbounded();
        let progress = Arc::new(Progress::default());
        let jobs = Self {
            sender,
            progress: Arc::clone(&progress),
        };
        (jobs, inbox, progress)
    }

    /// Sends a job; one for a thread that has ended is lost.
    pub fn send(&self, job: ThinkJob) {
        self.progress.sent.fetch_add(1, Ordering::AcqRel);
        let _ = self.sender.send(job);
    }
}
