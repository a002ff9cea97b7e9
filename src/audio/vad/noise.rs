//! The line's own noise: how loud it is, how much it moves, and whether a sound is too steady to be speech.
//!
//! Thread: `controller`. In: the level of each frame in dBFS, and whether it was taken for speech. Out: dB. Memory:
//! fixed arrays. Level and spread are running means over the frames without speech. The quietest frame of the last 3 s
//! bounds the level from below: even fast talkers pause between syllables, so noise that grew louder is known within 3
//! s though it was taken for speech.

use crate::FRAME_MS;

/// A frame, in seconds.
const FRAME_S: f32 = FRAME_MS as f32 / 1_000.0;
/// Blocks that the floor looks back over.
const BLOCKS: usize = 12;
/// Frames of 20 ms in a block: a quarter of a second.
const FRAMES_PER_BLOCK: usize = 13;
/// Time constant of the means. Fitted: shorter follows the talkers in babble, longer lags behind a passing car.
const MEAN_S: f32 = 2.0;
/// How fast the level rises during speech, in dB a second, so that a wrong guess is not for ever.
const RISE_DB_S: f32 = 1.0;
/// A call may begin in mid-word: the floor counts from here on.
const FLOOR_AFTER_S: f32 = 1.2;
/// Digital silence between words must not pull the level down without end.
const LOWEST_DBFS: f32 = -75.0;
/// Spreads that noise reaches above its mean often. Fitted.
const SPREADS: f32 = 0.8;
/// Frames that a steady sound must last before it counts as one.
const STEADY_FRAMES: usize = 8;
/// How little a steady sound moves, in dB. Tones move by 0.1 dB; a synthesised vowel may stay within 2 dB.
const STEADY_RANGE_DB: f32 = 1.0;

/// The quietest frame of the last 3 s.
pub struct Floor {
    blocks: [f32; BLOCKS],
    block: usize,
    frames: usize,
}

impl Default for Floor {
    fn default() -> Self {
        Self {
            blocks: [f32::INFINITY; BLOCKS],
            block: 0,
            frames: 0,
        }
    }
}

impl Floor {
    /// Takes the level of the next frame.
    pub fn hear(&mut self, level_dbfs: f32) {
        if self.frames == FRAMES_PER_BLOCK {
            self.frames = 0;
            self.block = (self.block + 1) % BLOCKS;
            self.blocks[self.block] = f32::INFINITY;
        }
        self.frames += 1;
        let lowest = &mut self.blocks[self.block];
        *lowest = lowest.min(level_dbfs);
    }

    /// In dBFS; infinite before the first frame.
    pub fn dbfs(&self) -> f32 {
        range(&self.blocks).0
    }
}

/// Follows the noise of one line.
pub struct NoiseTracker {
    level_dbfs: f32,
    spread_db: f32,
    heard_s: f32,
    floor: Floor,
    recent: [f32; STEADY_FRAMES],
    at: usize,
}

impl Default for NoiseTracker {
    /// A tracker that expects a quiet line.
    fn default() -> Self {
        Self {
            level_dbfs: -60.0,
            spread_db: 3.0,
            heard_s: 0.0,
            floor: Floor::default(),
            recent: [crate::level::FLOOR_DBFS; STEADY_FRAMES],
            at: 0,
        }
    }
}

impl NoiseTracker {
    /// The mean level of the noise so far, in dBFS.
    pub fn level_dbfs(&self) -> f32 {
        self.level_dbfs
    }

    /// How far a frame of `level_dbfs` stands above the noise, in dB: 0 is a loud moment of it.
    pub fn excess_db(&self, level_dbfs: f32) -> f32 {
        level_dbfs - self.level_dbfs - SPREADS * self.spread_db
    }

    /// Weight of one more frame in a mean: a plain average at first, so that the first second already tells something.
    pub fn weight(&self) -> f32 {
        FRAME_S / MEAN_S.min(self.heard_s.max(2.0 * FRAME_S))
    }

    /// Takes the level of the next frame; true when the sound has not moved for 160 ms: a tone or a hum, not syllables.
    pub fn hear(&mut self, level_dbfs: f32) -> bool {
        self.heard_s += FRAME_S;
        self.floor.hear(level_dbfs);
        self.recent[self.at] = level_dbfs;
        self.at = (self.at + 1) % STEADY_FRAMES;
        let (low, high) = range(&self.recent);
        high - low < STEADY_RANGE_DB
    }

    /// Learns from the frame just heard, now that it is known whether it was `speech`.
    pub fn learn(&mut self, level_dbfs: f32, speech: bool) {
        let distance = level_dbfs.max(LOWEST_DBFS) - self.level_dbfs;
        let weight = self.weight();
        if !speech {
            self.spread_db += weight * (distance.abs() - self.spread_db);
        }
        if !speech || distance < 0.0 {
            self.level_dbfs += weight * distance;
        } else {
            self.level_dbfs += RISE_DB_S * FRAME_S;
        }
        if self.heard_s > FLOOR_AFTER_S {
            self.level_dbfs = self.level_dbfs.max(self.floor.dbfs());
        }
    }
}

fn range(values: &[f32]) -> (f32, f32) {
    values
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &x| {
            (low.min(x), high.max(x))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(noise: &mut NoiseTracker, frames: usize, level_dbfs: f32, speech: bool) {
        for _ in 0..frames {
            noise.hear(level_dbfs);
            noise.learn(level_dbfs, speech);
        }
    }

    #[test]
    fn the_level_is_the_mean_of_what_is_not_speech() {
        let mut noise = NoiseTracker::default();
        for n in 0..500 {
            feed(&mut noise, 1, if n % 2 == 0 { -46.0 } else { -42.0 }, false);
        }
        assert!((noise.level_dbfs() + 44.0).abs() < 0.1);
        // Two dB of spread: a loud moment of this noise is 1.6 dB above its mean.
        assert!((noise.excess_db(-42.4)).abs() < 0.1);
    }

    #[test]
    fn speech_with_pauses_hardly_moves_the_level() {
        let mut noise = NoiseTracker::default();
        feed(&mut noise, 200, -60.0, false);
        for _ in 0..10 {
            feed(&mut noise, 20, -20.0, true);
            feed(&mut noise, 3, -58.0, false);
        }
        assert!(noise.level_dbfs() < -55.0, "{}", noise.level_dbfs());
    }

    #[test]
    fn noise_that_was_taken_for_speech_is_known_within_three_seconds() {
        let mut noise = NoiseTracker::default();
        feed(&mut noise, 200, -70.0, false);
        feed(&mut noise, FRAMES_PER_BLOCK * (BLOCKS + 1), -40.0, true);
        assert!(noise.level_dbfs() >= -40.0);
    }

    #[test]
    fn a_tone_is_steady_after_160_ms_and_syllables_are_not() {
        let mut noise = NoiseTracker::default();
        let first = (0..100).position(|_| noise.hear(-15.0));
        assert_eq!(first, Some(STEADY_FRAMES - 1));
        let mut noise = NoiseTracker::default();
        assert!((0..100).all(|n| !noise.hear(-15.0 - (n % 5) as f32)));
    }
}
