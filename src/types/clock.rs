//! The time of a call: the machine's, or one that a replay moves by hand.
//!
//! Out: microseconds since the call began. Memory: one number. A replayed call takes its time from the frames that were
//! played, so that the same sound gives the same times, however fast the machine is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// A clock that begins at zero. Clones show the same time.
#[derive(Debug, Clone)]
pub enum Clock {
    /// Runs by itself.
    Machine(Instant),
    /// Stands until [`Clock::advance_us`] moves it.
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// The machine's time from now on.
    pub fn machine() -> Self {
        Self::Machine(Instant::now())
    }

    /// A clock that stands at zero.
    pub fn manual() -> Self {
        Self::Manual(Arc::default())
    }

    /// Microseconds since the beginning.
    pub fn now_us(&self) -> u64 {
        match self {
            Self::Machine(started) => started.elapsed().as_micros() as u64,
            Self::Manual(now) => now.load(Ordering::Acquire),
        }
    }

    /// Moves a manual clock on; the machine's goes by itself.
    pub fn advance_us(&self, us: u64) {
        if let Self::Manual(now) = self {
            now.fetch_add(us, Ordering::AcqRel);
        }
    }

    /// True when nobody waits for this clock in real time.
    pub fn is_manual(&self) -> bool {
        matches!(self, Self::Manual(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_stands_until_it_is_moved() {
        let clock = Clock::manual();
        let other = clock.clone();
        clock.advance_us(20_000);
        assert_eq!(other.now_us(), 20_000);
    }
}
