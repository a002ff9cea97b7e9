//! From a model's share to a probability that can be believed.
//!
//! Thread: trained by the one that loads the playbook; then shared, read only ·
//! In: shares of texts the model has not seen, and whether each was right · Out: a probability, 0 to 1 ·
//! Memory: two numbers ·
//! Source: Platt 1999, on the log odds of the share.

/// The map from shares to probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Calibration {
    /// How much one unit of log odds counts.
    pub(super) slope: f32,
    /// Log odds at a share of one half.
    pub(super) offset: f32,
}

/// Steps of Newton's method, each for the slope and then for the offset; about 20 are needed.
const STEPS: usize = 40;

/// Pull of the slope towards 1 and the offset towards 0, in examples: what a handful of examples cannot tell stays as
/// it is.
const PULL: f32 = 4.0;

/// Shares nearer to 0 or 1 than this count as this near.
const EDGE: f32 = 1e-4;

fn log_odds(share: f32) -> f32 {
    let share = share.clamp(EDGE, 1.0 - EDGE);
    (share / (1.0 - share)).ln()
}

impl Calibration {
    /// Learns from shares and whether what they spoke for was right.
    pub(super) fn fit(judged: &[(f32, bool)]) -> Self {
        let mut map = Self {
            slope: 1.0,
            offset: 0.0,
        };
        for _ in 0..STEPS {
            let (mut error, mut spread) = (PULL * (map.slope - 1.0), PULL);
            for &(share, right) in judged {
                let odds = log_odds(share);
                let probability = map.probability(share);
                error += (probability - f32::from(u8::from(right))) * odds;
                spread += probability * (1.0 - probability) * odds * odds;
            }
            // A share that speaks less the greater it is would be noise.
            map.slope = (map.slope - error / spread).clamp(0.1, 10.0);
            let (mut error, mut spread) = (PULL * map.offset, PULL);
            for &(share, right) in judged {
                let probability = map.probability(share);
                error += probability - f32::from(u8::from(right));
                spread += probability * (1.0 - probability);
            }
            map.offset = (map.offset - error / spread).clamp(-10.0, 10.0);
        }
        map
    }

    /// The probability that a `share` of the model is right.
    pub(super) fn probability(&self, share: f32) -> f32 {
        1.0 / (1.0 + (-self.slope * log_odds(share) - self.offset).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boastful_model_is_toned_down() {
        let judged: Vec<(f32, bool)> = (0..1_000)
            .map(|n| (if n % 2 == 0 { 0.99 } else { 0.6 }, n % 20 < 14))
            .collect();
        let map = Calibration::fit(&judged);
        assert!((map.probability(0.99) - 0.7).abs() < 0.06, "{map:?}");
        assert!(map.probability(0.99) >= map.probability(0.6));
    }

    #[test]
    fn few_examples_change_little() {
        let map = Calibration::fit(&[(0.9, false)]);
        assert!((map.slope - 1.0).abs() < 0.5 && map.offset.abs() < 0.5);
        let none = Calibration::fit(&[]);
        assert!((none.probability(0.8) - 0.8).abs() < 1e-3);
        assert!(none.probability(1.0) <= 1.0 && none.probability(f32::NAN).is_nan());
    }
}
