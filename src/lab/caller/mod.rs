//! Synthetic callers: what they say and when ([`script`]), the sounds they make beside words ([`sounds`]), what is
//! around them ([`noise`]), what a telephone leaves of it ([`phone`]), and what they measure of the agent, from the
//! sound on the wire alone ([`measure`]).
//!
//! Thread: the client's. In: what the agent says, frame by frame. Out: what the caller says; figures. Memory: the lines
//! as sound. Pure: no threads, no clocks, no engines; the same seed gives the same sound.

pub mod measure;
pub mod noise;
pub mod phone;
pub mod script;
pub mod sounds;
pub mod story;

pub use measure::{AUDIBLE_DBFS, trim};
pub use script::{Cue, Exchange, Placed, ScriptLine, ScriptedCaller};

/// A small generator of pseudo-random numbers: the same seed gives the same sound on every machine.
///
/// Source: Vigna, "An experimental exploration of Marsaglia's xorshift generators" (xorshift64*).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A generator; any seed will do.
    pub fn new(seed: u64) -> Self {
        // Near seeds must not give near sequences; zero would stay zero.
        Self(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// From 0 to below 1.
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// From `low` to below `high`.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// White noise, from -1 to below 1.
    pub fn noise(&mut self) -> f32 {
        self.unit() * 2.0 - 1.0
    }

    /// Brings `items` into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, (self.bits() % (last as u64 + 1)) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_even_and_repeat_with_their_seed() {
        let mut random = Random::new(5);
        let values: Vec<f32> = (0..20_000).map(|_| random.unit()).collect();
        assert!(values.iter().all(|v| (0.0..1.0).contains(v)));
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        let (mut same, mut other) = (Random::new(5), Random::new(6));
        assert_eq!(same.unit(), values[0]);
        assert_ne!(other.unit(), values[0]);
    }

    #[test]
    fn shuffling_keeps_every_item() {
        let mut items: Vec<u32> = (0..50).collect();
        Random::new(1).shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<u32>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<u32>>());
    }
}
