//! The time of a call: the machine's, or one that a replay moves by hand.
//!
//! Out: a [`CallTimeUs`]. Memory: one number. A replayed call takes its time from the frames that were
//! played, so that the same sound gives the same times, however fast the machine is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// A point of time: microseconds since the call began. A length of time is a plain number with its unit in its name, so
/// that the two are not taken for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CallTimeUs(pub u64);

impl CallTimeUs {
    /// The microseconds from `earlier` until now; 0 when that comes later.
    pub fn since_us(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// So many microseconds later.
    pub fn plus_us(self, us: u64) -> Self {
        Self(self.0.saturating_add(us))
    }

    /// So many milliseconds earlier, and never before the call began.
    pub fn minus_ms(self, ms: u32) -> Self {
        Self(self.0.saturating_sub(u64::from(ms) * 1_000))
    }

    /// The whole milliseconds since the call began, as events tell the time.
    pub fn as_ms(self) -> u64 {
        self.0 / 1_000
    }
}

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

    /// The time now.
    pub fn now(&self) -> CallTimeUs {
        CallTimeUs(match self {
            Self::Machine(started) => started.elapsed().as_micros() as u64,
            Self::Manual(now) => now.load(Ordering::Acquire),
        })
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
        assert_eq!(other.now(), CallTimeUs(20_000));
    }

    #[test]
    fn a_length_of_time_is_never_below_zero_and_no_time_is_before_the_call() {
        let (early, late) = (CallTimeUs(1_500), CallTimeUs(4_000));
        assert_eq!((late.since_us(early), early.since_us(late)), (2_500, 0));
        assert_eq!(early.plus_us(2_500), late);
        assert_eq!(late.minus_ms(3), CallTimeUs(1_000));
        assert_eq!(early.minus_ms(u32::MAX), CallTimeUs::default());
        assert_eq!((early.as_ms(), late.as_ms()), (1, 4));
    }
}
