//! Whose voice is it? In a noisy place, sounds far below the caller's own voice are other people's, or a radio.
//!
//! Thread: `controller`. In: the level of each frame that sounds like speech, and the line's noise, in dBFS. Out:
//! whether it is loud enough to be the caller's. Memory: one count a dB. The caller's level is what their loudest tenth
//! of speech reaches, of the last ten seconds of it. On a quiet line nothing is judged: soft endings of words count
//! there.
//!
//! Where the reach comes from: 37 lines of synthetic voices at 10 dB over street noise, babble and music. Of the level
//! alone, 8 dB below the loudest tenth of the line, 300 ms of silence are seen 280 ms (street, babble) and 380 ms
//! (music) after its end, median; 12 dB below it takes 1 s and more, or the end is never seen. Inside short answers 8
//! dB leaves gaps of 140 ms (median; 90 %: 220).

/// Levels that are told apart, from -96 to 0 dBFS.
const BINS: usize = 97;
/// Worth of a frame of the caller's.
const OWN: u32 = 4;
/// Worth of one that was judged to be somebody else's: not nothing, so that who moves away from the phone is heard
/// again.
const OTHER: u32 = 1;
/// Ten seconds of the caller's frames; from there on, the old ones count half.
const MOST: u32 = 500 * OWN;
/// Frames that must be known before anything is judged: 400 ms of speech.
const LEAST: u32 = 20 * OWN;
/// What the caller's level is: this share of their speech is below it.
const SHARE: f32 = 0.9;
/// Noise further below the caller's level than this is a quiet line, in dB.
const QUIET_DB: f32 = 25.0;
/// The caller's voice reaches down to here, in dB below their level, in the worst noise.
const REACH_DB: f32 = 8.0;
/// It reaches to this far above the noise, in dB, when that is lower.
const ABOVE_NOISE_DB: f32 = 8.0;

/// The caller's own level.
pub struct Foreground {
    counts: [u32; BINS],
    total: u32,
}

impl Default for Foreground {
    fn default() -> Self {
        Self {
            counts: [0; BINS],
            total: 0,
        }
    }
}

impl Foreground {
    /// Takes the level of a frame that sounds like speech; true when it is the caller's.
    pub fn is_near(&mut self, level_dbfs: f32, noise_dbfs: f32) -> bool {
        let near = self
            .reach_dbfs(noise_dbfs)
            .is_none_or(|reach| level_dbfs >= reach);
        let worth = if near { OWN } else { OTHER };
        if let Some(count) = self.counts.get_mut(bin(level_dbfs)) {
            *count += worth;
            self.total += worth;
        }
        if self.total > MOST {
            for count in &mut self.counts {
                *count /= 2;
            }
            self.total = self.counts.iter().sum();
        }
        near
    }

    /// Forgets the caller's level: they were not heard for long, and may have moved away.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Down to which level sounds are the caller's, in dBFS; None where nothing is judged.
    fn reach_dbfs(&self, noise_dbfs: f32) -> Option<f32> {
        if self.total < LEAST {
            return None;
        }
        let level = self.level_dbfs();
        (noise_dbfs > level - QUIET_DB).then(|| (level - REACH_DB).min(noise_dbfs + ABOVE_NOISE_DB))
    }

    fn level_dbfs(&self) -> f32 {
        let below = (self.total as f32 * SHARE) as u32;
        let mut seen = 0;
        let at = self.counts.iter().position(|count| {
            seen += count;
            seen > below
        });
        at.unwrap_or(0) as f32 - (BINS - 1) as f32
    }
}

fn bin(level_dbfs: f32) -> usize {
    (level_dbfs + (BINS - 1) as f32).clamp(0.0, (BINS - 1) as f32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hears `frames` of `level_dbfs`; how many are near.
    fn hear(voice: &mut Foreground, frames: usize, level_dbfs: f32, noise_dbfs: f32) -> usize {
        (0..frames)
            .filter(|_| voice.is_near(level_dbfs, noise_dbfs))
            .count()
    }

    #[test]
    fn other_people_are_further_away_than_the_caller() {
        let mut voice = Foreground::default();
        assert_eq!(hear(&mut voice, 50, -20.0, -33.0), 50);
        assert_eq!(hear(&mut voice, 50, -29.0, -33.0), 0);
        assert_eq!(hear(&mut voice, 50, -27.0, -33.0), 50);
    }

    #[test]
    fn on_a_quiet_line_the_softest_sound_is_the_callers() {
        let mut voice = Foreground::default();
        hear(&mut voice, 50, -20.0, -60.0);
        assert_eq!(hear(&mut voice, 50, -50.0, -60.0), 50);
    }

    #[test]
    fn a_little_noise_takes_little_away() {
        let mut voice = Foreground::default();
        hear(&mut voice, 50, -20.0, -42.0);
        assert_eq!(hear(&mut voice, 10, -33.0, -42.0), 10);
        assert_eq!(hear(&mut voice, 10, -35.0, -42.0), 0);
    }

    #[test]
    fn a_knock_makes_nobody_deaf_and_who_moves_away_is_heard_again() {
        let mut voice = Foreground::default();
        hear(&mut voice, 100, -25.0, -36.0);
        hear(&mut voice, 8, -5.0, -36.0);
        assert_eq!(hear(&mut voice, 10, -26.0, -36.0), 10);
        // 12 dB softer from now on: heard again in less than a minute and a half, at once when the level is forgotten.
        let deaf = (0..).take_while(|_| !voice.is_near(-37.0, -48.0)).count();
        assert!(deaf < 4_500, "{deaf} frames");
        hear(&mut voice, 500, -25.0, -36.0);
        voice.forget();
        assert!(voice.is_near(-37.0, -48.0));
    }
}
