//! The n-grams of the examples, and texts as points among them.
//!
//! Thread: any, read only after training · In: [`Features`] · Out: [`Point`] ·
//! Memory: all at training, about 24 bytes per n-gram; a few kilobytes per text ·
//! Source: tf-idf with damped counts (Salton and Buckley 1988). An n-gram that no example has makes the text longer all
//! the same: the less of a text is known, the less any intent can claim it.

use std::collections::HashMap;

use super::features::{Features, GROUPS};

/// A text among the n-grams of the examples.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Point {
    /// The n-grams it shares with examples, and how much each weighs. Each group has a length of 1 or less.
    pub(super) weights: Vec<(u32, f32)>,
}

impl Point {
    /// Length of the point, 0 to the root of [`GROUPS`].
    pub(super) fn length(&self) -> f32 {
        let squares = self.weights.iter().map(|(_, weight)| weight * weight);
        squares.sum::<f32>().sqrt()
    }
}

/// The n-grams of the examples.
pub(super) struct Vocabulary {
    /// Place of each n-gram, group by group.
    places: [HashMap<u64, u32>; GROUPS],
    /// How much each tells: rare ones more.
    rarity: Vec<f32>,
    /// The same for an n-gram that no example has.
    rarity_of_unseen: f32,
}

impl Vocabulary {
    /// Takes the n-grams of the examples.
    pub(super) fn of<'a>(examples: impl Iterator<Item = &'a Features>) -> Self {
        let mut places: [HashMap<u64, u32>; GROUPS] = Default::default();
        let mut holders: Vec<u32> = Vec::new();
        let mut count = 0_u32;
        for example in examples {
            count += 1;
            for (group, places) in example.groups.iter().zip(&mut places) {
                for same in group.chunk_by(|a, b| a == b) {
                    let next = holders.len() as u32;
                    let place = *places.entry(same[0]).or_insert(next);
                    if place == next {
                        holders.push(0);
                    }
                    holders[place as usize] += 1;
                }
            }
        }
        let rarity = |holders: u32| ((1 + count) as f32 / (1 + holders) as f32).ln() + 1.0;
        Self {
            rarity: holders.into_iter().map(rarity).collect(),
            rarity_of_unseen: rarity(0),
            places,
        }
    }

    /// How many n-grams there are.
    pub(super) fn len(&self) -> usize {
        self.rarity.len()
    }

    /// Where a text is among them.
    pub(super) fn point(&self, features: &Features) -> Point {
        let mut weights = Vec::with_capacity(features.groups.iter().map(Vec::len).sum());
        for (group, places) in features.groups.iter().zip(&self.places) {
            let first = weights.len();
            let mut squares = 0.0;
            for same in group.chunk_by(|a, b| a == b) {
                let damped = 1.0 + (same.len() as f32).ln();
                let place = places.get(&same[0]);
                let rarity =
                    place.map_or(self.rarity_of_unseen, |&place| self.rarity[place as usize]);
                let weight = damped * rarity;
                squares += weight * weight;
                weights.extend(place.map(|&place| (place, weight)));
            }
            let length = squares.sqrt();
            for (_, weight) in &mut weights[first..] {
                *weight /= length;
            }
        }
        Point { weights }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary(examples: &[&str]) -> Vocabulary {
        let features: Vec<Features> = examples.iter().map(|text| Features::of(text)).collect();
        Vocabulary::of(features.iter())
    }

    #[test]
    fn a_text_is_as_long_as_it_is_known() {
        let vocabulary = vocabulary(&["how much is it", "is there parking"]);
        let length = |text: &str| vocabulary.point(&Features::of(text)).length();
        assert!((length("is it much") - 3.0_f32.sqrt()).abs() < 0.5);
        assert!((length("how much is it") - 3.0_f32.sqrt()).abs() < 1e-3);
        assert!(length("how much is zzyzx") < length("how much is it"));
        assert_eq!(length("zzyzx qqoqq"), 0.0);
        assert_eq!(length(""), 0.0);
    }

    #[test]
    fn rare_n_grams_weigh_more() {
        let vocabulary = vocabulary(&["the pool", "the sauna", "the price"]);
        let point = vocabulary.point(&Features::of("the pool"));
        let heaviest = point.weights.iter().map(|w| w.1).fold(0.0, f32::max);
        assert!(point.weights[0].1 < heaviest || point.weights[1].1 < heaviest);
        assert!(vocabulary.len() > 20);
    }
}
