//! Time for a line that sends nothing: a phone with silence suppression sends no frames while nobody speaks.
//!
//! Thread: `socket-in`. In: how long no sound has come. Out: frames of silence that are due. Memory: a counter. A pure
//! function of its inputs. The turn-taking counts frames, so a silence must be made of frames too. A short gap is the
//! network's, and its frames come late: it is not filled.

use std::time::Duration;

use patter_audio::FRAME_MS;

/// A gap is the network's up to this length, in ms.
const JITTER_MS: u128 = 240;

/// The gap under way.
#[derive(Debug, Default)]
pub struct SilenceFill {
    filled: u32,
}

impl SilenceFill {
    /// Frames of silence that are due when no sound has come for `since`.
    pub fn due(&mut self, since: Duration) -> u32 {
        if since.as_millis() < JITTER_MS {
            return 0;
        }
        let frames = (since.as_millis() / u128::from(FRAME_MS)) as u32;
        let due = frames.saturating_sub(self.filled);
        self.filled += due;
        due
    }

    /// Sound has come.
    pub fn ended(&mut self) {
        self.filled = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_gap_becomes_as_much_silence_and_jitter_none() {
        let ms = Duration::from_millis;
        let mut fill = SilenceFill::default();
        assert_eq!(fill.due(ms(200)), 0);
        assert_eq!(fill.due(ms(240)), 12);
        assert_eq!(fill.due(ms(250)), 0);
        assert_eq!(fill.due(ms(1_005)), 38);
        fill.ended();
        assert_eq!(fill.due(ms(100)), 0);
        assert_eq!(fill.due(ms(300)), 15);
    }
}
