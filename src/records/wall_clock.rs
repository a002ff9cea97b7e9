//! Whether the day that the machine shows can be believed when old calls are to be deleted.
//!
//! Thread: `records`. In: the wall clock and the monotonic one. Out: yes or no. Memory: three numbers. A wall clock
//! that has jumped may be wrong by years, and would take every call for an old one; so after a jump nothing is deleted
//! for a day, in which somebody may notice.

use std::time::{Duration, Instant};

/// More than a change to summer time, or a correction over the network, moves it.
const JUMP_MS: i64 = 2 * 3_600 * 1_000;
/// Time to notice.
const DISTRUST: Duration = Duration::from_secs(24 * 3_600);

pub(super) struct WallClock {
    wall_ms: i64,
    at: Instant,
    distrusted_until: Option<Instant>,
}

/// What is to be thought of the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    Steady,
    /// It has just jumped.
    Jumped,
    /// It has jumped not long ago.
    Doubtful,
}

impl WallClock {
    /// A clock that shows `wall_ms` since 1970 at `at`.
    pub(super) fn new(wall_ms: i64, at: Instant) -> Self {
        Self {
            wall_ms,
            at,
            distrusted_until: None,
        }
    }

    /// It shows `wall_ms` at `at`.
    pub(super) fn look(&mut self, wall_ms: i64, at: Instant) -> Trust {
        let passed_ms = i64::try_from(at.duration_since(self.at).as_millis()).unwrap_or(i64::MAX);
        let expected_ms = self.wall_ms.saturating_add(passed_ms);
        (self.wall_ms, self.at) = (wall_ms, at);
        if wall_ms.saturating_sub(expected_ms).saturating_abs() > JUMP_MS {
            self.distrusted_until = Some(at + DISTRUST);
            return Trust::Jumped;
        }
        match self.distrusted_until {
            Some(until) if at < until => Trust::Doubtful,
            _ => Trust::Steady,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn a_jump_stops_deleting_for_a_day_and_small_corrections_do_not() {
        let began = Instant::now();
        let mut clock = WallClock::new(1_000_000, began);
        let ms = |hours: i64| 1_000_000 + hours * 3_600_000;
        assert_eq!(clock.look(ms(1), began + HOUR), Trust::Steady);
        assert_eq!(clock.look(ms(3), began + 2 * HOUR), Trust::Steady);
        let year = 365 * 24;
        assert_eq!(clock.look(ms(year), began + 3 * HOUR), Trust::Jumped);
        let mut after =
            |hours: u32| clock.look(ms(year - 3 + i64::from(hours)), began + hours * HOUR);
        assert_eq!(after(4), Trust::Doubtful);
        assert_eq!(after(26), Trust::Doubtful);
        assert_eq!(after(28), Trust::Steady);
    }

    #[test]
    fn a_clock_that_goes_back_or_shows_nonsense_has_jumped() {
        let began = Instant::now();
        for nonsense in [i64::MIN, 0, i64::MAX] {
            let mut clock = WallClock::new(1_795_512_600_000, began);
            assert_eq!(clock.look(nonsense, began + HOUR), Trust::Jumped);
        }
    }
}
