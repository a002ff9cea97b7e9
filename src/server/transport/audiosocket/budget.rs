//! What a peer may do so and so often: some at once, and then a few a second.
//!
//! Thread: `socket-in`. In: when. Out: whether it is still within the budget. Memory: two numbers. A pure function of
//! its inputs. A fault now and then over a long call is a network's; as many at once are a peer's that means no good.

use std::time::Duration;

/// A leaking bucket.
#[derive(Debug, Clone)]
pub struct Budget {
    left: f32,
    most: f32,
    per_s: f32,
    at: Duration,
}

impl Budget {
    /// `most` at once, and `per_s` a second from then on.
    pub fn new(most: u32, per_s: u32) -> Self {
        Self {
            left: most as f32,
            most: most as f32,
            per_s: per_s as f32,
            at: Duration::ZERO,
        }
    }

    /// Takes one, at `now` since the call began; false when none is left.
    pub fn take(&mut self, now: Duration) -> bool {
        let passed_s = now.saturating_sub(self.at).as_secs_f32();
        self.at = self.at.max(now);
        self.left = (self.left + passed_s * self.per_s).min(self.most);
        let is_left = self.left >= 1.0;
        if is_left {
            self.left -= 1.0;
        }
        is_left
    }

    /// Gives one back, for something good.
    pub fn give(&mut self) {
        self.left = (self.left + 1.0).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_many_as_there_are_at_once_and_then_as_they_come_back() {
        let s = Duration::from_secs_f32;
        let mut budget = Budget::new(3, 2);
        let at_once = [0.0; 4].map(|at| budget.take(s(at)));
        assert_eq!(at_once, [true, true, true, false]);
        assert!(!budget.take(s(0.4)));
        assert!(budget.take(s(0.6)));
        let spread = (0..1_000).all(|n| budget.take(s(1.0 + n as f32)));
        assert!(spread, "one a second is within two");
        let again = [2_000.0; 4].map(|at| budget.take(s(at)));
        assert_eq!(again, [true, true, true, false], "nothing is saved up");
        for _ in 0..9 {
            budget.give();
        }
        let given = [2_000.0; 4].map(|at| budget.take(s(at)));
        assert_eq!(given, [true, true, true, false], "nor given in advance");
    }

    proptest! {
        #[test]
        fn never_more_than_the_budget_whenever_it_is_asked(
            steps in proptest::collection::vec(0u64..500, 1..400),
            (most, per_s) in (1u32..60, 0u32..30),
        ) {
            let mut budget = Budget::new(most, per_s);
            let (mut now_ms, mut taken) = (0u64, 0u32);
            for step in steps {
                now_ms += step;
                taken += u32::from(budget.take(Duration::from_millis(now_ms)));
            }
            let allowed = most as f32 + now_ms as f32 / 1_000.0 * per_s as f32;
            prop_assert!(taken as f32 <= allowed + 1.0, "{taken} of {allowed}");
        }
    }
}
