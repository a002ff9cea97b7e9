//! Work of the playbooks that goes on behind the calls: learning, and speaking lines ahead.
//!
//! Thread: one for each piece of work, in the background. In: the work. Memory: the work's. When it is no longer wanted:
//! it is told, and waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use patter_machine::priority;
use patter_machine::priority::Class;

/// How often whoever waits looks.
const POLL: Duration = Duration::from_millis(5);

/// Work under way. Dropping it gives it up, and waits for that.
pub(super) struct BehindCalls {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl BehindCalls {
    /// Begins `work` in a thread called `name`; the work asks now and then whether it is still wanted.
    ///
    /// # Errors
    /// No thread.
    pub(super) fn start(
        name: &str,
        work: impl FnOnce(&dyn Fn() -> bool) + Send + 'static,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let run = move || {
            priority::enter(Class::Background);
            work(&|| !stopping.load(Ordering::Acquire));
        };
        let thread = std::thread::Builder::new().name(name.into()).spawn(run)?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }

    /// Waits until it is through, for at most `patience`; whether it is.
    pub(super) fn wait(&self, patience: Duration) -> bool {
        let began = Instant::now();
        let is_through = || self.thread.as_ref().is_none_or(JoinHandle::is_finished);
        while !is_through() && began.elapsed() < patience {
            std::thread::sleep(POLL);
        }
        is_through()
    }
}

impl Drop for BehindCalls {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
