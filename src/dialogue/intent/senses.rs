//! What a text means as a whole, by the vector that an embedding model gives it.
//!
//! Thread: any, read only after training · In: an engine that makes vectors ([`Embed`]), texts · Out: [`Point`]s for a
//! linear model, and its shares joined with those of the n-grams · Memory: one number per dimension and intent, some 70
//! KB for 40 intents · When late: the engine says so, and the n-grams decide alone · Source: a logarithmic pool of two
//! opinions (Genest and Zidek 1986); its weights were chosen on `tests/fixtures/intents/dev.tsv`.

use patter_engine::embed::{Embed, Vector};
use std::sync::Arc;

use super::calibration::Calibration;
use super::linear::Linear;
use super::vocabulary::Point;

/// How much the opinion of the n-grams counts.
const OF_WORDS: f32 = 0.7;

/// How much the opinion of the vectors counts. Both together are more than 1, for they err at different texts.
const OF_SENSES: f32 = 0.5;

/// Length of the points: a longer one is fitted more closely in the same rounds.
const LENGTH: f32 = 0.7;

/// The part of a classifier that goes by vectors.
pub(super) struct Senses {
    pub(super) embed: Arc<dyn Embed>,
    /// Mean of all vectors: what they have in common tells nothing.
    pub(super) centre: Vector,
    pub(super) linear: Linear,
    /// Of the joined shares.
    pub(super) calibration: Calibration,
}

impl Senses {
    /// The share of each intent, as [`Linear::shares`]; `None` without a vector.
    pub(super) fn shares(&self, text: &str) -> Option<Vec<f32>> {
        let vector = self.embed.vector(text)?;
        (vector.len() == self.centre.len())
            .then(|| self.linear.shares(&point(&vector, &self.centre)))
    }
}

/// The centre of texts, and each as a point.
pub(super) fn learn(embed: &dyn Embed, texts: &[&str]) -> Option<(Vector, Vec<Point>)> {
    let vectors = embed.learn(texts)?;
    let size = vectors.first()?.len();
    let mut centre = vec![0.0; size];
    for vector in &vectors {
        for (sum, x) in centre.iter_mut().zip(vector) {
            *sum += x / vectors.len() as f32;
        }
    }
    let points = vectors
        .iter()
        .map(|vector| point(vector, &centre))
        .collect();
    Some((centre.into(), points))
}

fn point(vector: &[f32], centre: &[f32]) -> Point {
    let off: Vec<f32> = vector.iter().zip(centre).map(|(x, c)| x - c).collect();
    let length = off.iter().map(|x| x * x).sum::<f32>().sqrt();
    let part = LENGTH / length.max(f32::MIN_POSITIVE);
    Point {
        weights: (0..).zip(off.iter().map(|x| x * part)).collect(),
    }
}

/// Two opinions as one: shares that sum to 1.
pub(super) fn joined(words: &[f32], senses: &[f32]) -> Vec<f32> {
    let joined = |(word, sense): (&f32, &f32)| word.powf(OF_WORDS) * sense.powf(OF_SENSES);
    let mut shares: Vec<f32> = words.iter().zip(senses).map(joined).collect();
    let sum: f32 = shares.iter().sum::<f32>().max(f32::MIN_POSITIVE);
    shares.iter_mut().for_each(|share| *share /= sum);
    shares
}
