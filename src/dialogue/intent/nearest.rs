//! How near a text is to each example.
//!
//! Thread: any, read only after training · In: [`Point`]s · Out: the cosine to each example, 0 to 1 ·
//! Memory: 8 bytes per n-gram of each example; one number per example and text ·
//! Source: the inverted index of text search (Salton and Buckley 1988).

use super::vocabulary::Point;

/// The examples by their n-grams.
pub(super) struct Nearest {
    examples: usize,
    /// Of each n-gram: the examples that hold it, and how much it weighs in them.
    holders: Vec<Vec<(u32, f32)>>,
}

impl Nearest {
    /// Takes the examples; `places` is the size of the vocabulary.
    pub(super) fn of(examples: &[Point], places: usize) -> Self {
        let mut holders = vec![Vec::new(); places];
        for (number, example) in examples.iter().enumerate() {
            let length = example.length().max(f32::MIN_POSITIVE);
            for &(place, weight) in &example.weights {
                holders[place as usize].push((number as u32, weight / length));
            }
        }
        Self {
            examples: examples.len(),
            holders,
        }
    }

    /// The cosine to each example. Unknown n-grams make the text longer, so that it is nearer to none.
    pub(super) fn cosines(&self, point: &Point) -> Vec<f32> {
        let full = (super::features::GROUPS as f32).sqrt();
        let mut cosines = vec![0.0; self.examples];
        for &(place, weight) in &point.weights {
            for &(number, held) in &self.holders[place as usize] {
                cosines[number as usize] += weight * held / full;
            }
        }
        cosines
    }
}
