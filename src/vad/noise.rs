//! The noise-floor gate: what does not stand out from the line's own noise is not speech.
//!
//! Thread: `listen`. In: the level of each frame in dBFS. Out: a bool. Memory: fixed arrays.
//! The floor is the quietest frame of the last 3 s: even fast talkers pause between syllables. A level that has not moved
//! by 2.5 dB for 160 ms is a tone or a hum, whatever its loudness: syllables rise and fall faster.

/// Quarter-second blocks that the floor looks back over.
const BLOCKS: usize = 12;
/// Frames of 20 ms in a block.
const FRAMES_PER_BLOCK: usize = 13;
/// Frames that a steady sound must last before it counts as one.
const STEADY_FRAMES: usize = 8;
/// How little a steady sound moves, in dB.
const STEADY_RANGE_DB: f32 = 2.5;

/// Keeps the noise floor of one line.
pub struct NoiseGate {
    min_level_dbfs: f32,
    margin_db: f32,
    blocks: [f32; BLOCKS],
    block: usize,
    frames: usize,
    recent: [f32; STEADY_FRAMES],
    at: usize,
}

impl NoiseGate {
    /// A gate that opens for sound above `min_level_dbfs` and `margin_db` above the floor.
    pub fn new(min_level_dbfs: f32, margin_db: f32) -> Self {
        Self {
            min_level_dbfs,
            margin_db,
            blocks: [f32::INFINITY; BLOCKS],
            block: 0,
            frames: 0,
            recent: [crate::audio::level::FLOOR_DBFS; STEADY_FRAMES],
            at: 0,
        }
    }

    /// The quietest frame of the last 3 s, in dBFS.
    pub fn floor_dbfs(&self) -> f32 {
        let floor = self.blocks.iter().copied().fold(f32::INFINITY, f32::min);
        if floor.is_finite() {
            floor
        } else {
            crate::audio::level::FLOOR_DBFS
        }
    }

    /// Takes the level of the next frame; true when it stands out.
    pub fn stands_out(&mut self, level_dbfs: f32) -> bool {
        if self.frames == FRAMES_PER_BLOCK {
            self.frames = 0;
            self.block = (self.block + 1) % BLOCKS;
            self.blocks[self.block] = f32::INFINITY;
        }
        self.frames += 1;
        let lowest = &mut self.blocks[self.block];
        *lowest = lowest.min(level_dbfs);
        self.recent[self.at] = level_dbfs;
        self.at = (self.at + 1) % STEADY_FRAMES;

        // A call may begin in mid-word: until a second is heard, only the fixed level counts.
        let settled = self.blocks.iter().filter(|b| b.is_finite()).count() > 4;
        let above = !settled || level_dbfs >= self.floor_dbfs() + self.margin_db;
        level_dbfs >= self.min_level_dbfs && above && !self.steady()
    }

    fn steady(&self) -> bool {
        let (low, high) = self
            .recent
            .iter()
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &x| {
                (low.min(x), high.max(x))
            });
        high - low < STEADY_RANGE_DB
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_follows_the_noise_within_three_seconds() {
        let mut gate = NoiseGate::new(-50.0, 8.0);
        for _ in 0..200 {
            gate.stands_out(-70.0);
        }
        assert_eq!(gate.floor_dbfs(), -70.0);
        for _ in 0..FRAMES_PER_BLOCK * (BLOCKS + 1) {
            gate.stands_out(-40.0);
        }
        assert_eq!(gate.floor_dbfs(), -40.0);
    }

    #[test]
    fn speech_over_noise_stands_out_and_the_noise_does_not() {
        let mut gate = NoiseGate::new(-50.0, 8.0);
        for n in 0..100 {
            gate.stands_out(-42.0 + (n % 5) as f32);
        }
        for n in 0..100 {
            assert!(
                !gate.stands_out(-42.0 + (n % 5) as f32),
                "noise passed at {n}"
            );
        }
        assert!(gate.stands_out(-20.0));
        assert!(!gate.stands_out(-38.0));
    }

    #[test]
    fn a_steady_tone_stops_counting_after_160_ms() {
        let mut gate = NoiseGate::new(-50.0, 8.0);
        for _ in 0..200 {
            gate.stands_out(-80.0);
        }
        let passed = (0..100).filter(|_| gate.stands_out(-15.0)).count();
        assert!(passed < STEADY_FRAMES, "{passed}");
    }
}
