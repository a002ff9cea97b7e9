//! The linear model: how much each n-gram speaks for each intent.
//!
//! Thread: trained by the one that loads the playbook; then shared, read only ·
//! In: points with their intent · Out: the share of each intent, summing to 1 ·
//! Memory: 4 bytes per n-gram and intent at training (6 MB for 50 intents of 25 examples); a short list per text ·
//! Source: multinomial logistic regression by stochastic gradient descent with averaged weights (Polyak and Juditsky
//! 1992), its order fixed by a seed, so that the same playbook gives the same model.

use super::vocabulary::Point;

/// Rounds over the examples: more fit the examples better and callers no better.
const ROUNDS: usize = 8;

/// Size of the steps. They do not shrink; the mean of the later rounds settles them.
const STEP: f32 = 2.0;

/// Pull of every weight towards zero, per example. It keeps one mislabelled example from owning its n-grams.
const PULL: f32 = 5e-6;

/// Intents are padded to a multiple of this, which the processor adds at once.
const LANES: usize = 8;

/// The model.
pub(super) struct Linear {
    /// Intents.
    intents: usize,
    /// The same, padded.
    width: usize,
    /// Of each n-gram, for each intent.
    weights: Vec<f32>,
    /// Of each intent, whatever the text.
    bias: Vec<f32>,
}

impl Linear {
    /// Learns from `examples`, each a point and the number of its intent, below `intents`; `places` is the size of the
    /// vocabulary.
    pub(super) fn train(examples: &[(&Point, usize)], places: usize, intents: usize) -> Self {
        let width = intents.next_multiple_of(LANES);
        let mut model = Self {
            intents,
            width,
            weights: vec![0.0; places * width],
            bias: vec![0.0; width],
        };
        let mut mean = vec![0.0; model.weights.len()];
        let mut mean_bias = vec![0.0; width];
        let mut order: Vec<usize> = (0..examples.len()).collect();
        let mut random = Random::new(examples.len() as u64);
        let mut scores = vec![0.0; width];
        // All weights are times `scale`: one multiplication pulls them all.
        let mut scale = 1.0_f32;
        for round in 0..ROUNDS {
            random.shuffle(&mut order);
            for &index in &order {
                let (point, intent) = examples[index];
                model.add_up(point, scale, &mut scores);
                soften(&mut scores[..intents]);
                scores[intent] -= 1.0;
                scale *= 1.0 - STEP * PULL;
                model.learn(point, &scores, scale);
            }
            // The first round is still far off.
            if round > 0 {
                let part = 1.0 / (ROUNDS - 1) as f32;
                add(&mut mean, &model.weights, scale * part);
                add(&mut mean_bias, &model.bias, part);
            }
        }
        model.weights = mean;
        model.bias = mean_bias;
        model
    }

    /// The share of each intent in a text, 0 to 1, summing to 1.
    pub(super) fn shares(&self, point: &Point) -> Vec<f32> {
        let mut scores = vec![0.0; self.width];
        self.add_up(point, 1.0, &mut scores);
        scores.truncate(self.intents);
        soften(&mut scores);
        scores
    }

    fn add_up(&self, point: &Point, scale: f32, scores: &mut [f32]) {
        scores.fill(0.0);
        for &(place, weight) in &point.weights {
            let start = place as usize * self.width;
            add(scores, &self.weights[start..start + self.width], weight);
        }
        for (score, bias) in scores.iter_mut().zip(&self.bias) {
            *score = *score * scale + bias;
        }
    }

    fn learn(&mut self, point: &Point, errors: &[f32], scale: f32) {
        for &(place, weight) in &point.weights {
            let start = place as usize * self.width;
            let row = &mut self.weights[start..start + self.width];
            add(row, errors, -STEP * weight / scale);
        }
        // A text is longer than one n-gram, so its intents' own weights need smaller steps.
        add(&mut self.bias, errors, -0.1 * STEP);
    }
}

/// Adds `part` times `other` to `sum`.
fn add(sum: &mut [f32], other: &[f32], part: f32) {
    for (sum, other) in sum.iter_mut().zip(other) {
        *sum += part * other;
    }
}

/// Turns scores into shares that sum to 1.
fn soften(scores: &mut [f32]) {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - highest).exp();
        sum += *score;
    }
    for score in scores.iter_mut() {
        *score /= sum;
    }
}

/// Numbers that look random and are the same every time (Vigna's splitmix64).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`, which is not 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(weights: &[(u32, f32)]) -> Point {
        Point {
            weights: weights.to_vec(),
        }
    }

    #[test]
    fn one_wrong_label_among_many_is_outvoted() {
        let texts: Vec<Point> = (0..20)
            .map(|n| point(&[(n % 2, 1.0), (2 + n, 0.5)]))
            .collect();
        let mut examples: Vec<(&Point, usize)> = texts.iter().zip((0..20).map(|n| n % 2)).collect();
        examples[6].1 = 1;
        let model = Linear::train(&examples, 22, 2);
        for intent in 0..2 {
            let shares = model.shares(&point(&[(intent as u32, 1.0)]));
            assert!(shares[intent] > 0.7, "{shares:?}");
            assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
        assert!(
            model
                .shares(&point(&[]))
                .iter()
                .all(|share| (share - 0.5).abs() < 0.2)
        );
    }
}
