//! From the sound messages of a connection to frames of 16 kHz.
//!
//! Thread: `socket-in`. In: when each message came, the rate that it names, its samples. Out: frames. Memory: a
//! resampler and less than a frame of sound. When late: sound that comes all at once is taken in all at once; more of
//! it than there was time for is an error. A function of its inputs.

use std::time::Duration;

use thiserror::Error;

use super::rates::{NAMED_HZ, RateWatch, Really};
use patter_audio::resample::Resampler;
use patter_audio::{FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ, SILENCE};

/// So much more sound may have come than the call has lasted: a clock that runs fast, or a peer that begins ahead.
const MAX_EARLY: Duration = Duration::from_secs(5);

/// Why the sound cannot be heard.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum EarError {
    /// A byte a sample.
    #[error(
        "the line sends G.711 tagged as PCM: use `c(slin16)` or `c(slin)` in the dialplan's Dial(AudioSocket/…)"
    )]
    G711,
    /// No line is so fast.
    #[error("the peer sends sound faster than anybody speaks")]
    TooFast,
    /// No resampler.
    #[error("{0}")]
    Rate(String),
}

/// What a message turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// Sound.
    Sound,
    /// Sound of no length, or of another rate than the last.
    Odd,
    /// Sound; and from now on what names 8 kHz is heard at this rate, in Hz.
    Really(u32),
}

/// See the module.
pub(super) struct Ear {
    named_hz: u32,
    really_hz: Option<u32>,
    rates: RateWatch,
    resampler: Option<Resampler>,
    /// How much has come.
    sound: Duration,
    /// First sound of which it is not certain yet what it is.
    held: Vec<i16>,
    pcm: Vec<i16>,
}

impl Ear {
    pub(super) fn new() -> Self {
        Self {
            named_hz: 0,
            really_hz: None,
            rates: RateWatch::default(),
            resampler: None,
            sound: Duration::ZERO,
            held: Vec::with_capacity(FRAME_SAMPLES * 32),
            pcm: Vec::with_capacity(FRAME_SAMPLES * 32),
        }
    }

    /// The rate that the messages name, in Hz; 0 before the first.
    pub(super) fn named_hz(&self) -> u32 {
        self.named_hz
    }

    /// Takes in a message that came at `now` since the call began.
    pub(super) fn hear(
        &mut self,
        now: Duration,
        rate_hz: u32,
        samples: &[i16],
    ) -> Result<Heard, EarError> {
        let mut found = self.rates.observe(now, rate_hz, samples.len());
        let real_hz = self.real_hz(rate_hz).max(1);
        self.sound += Duration::from_micros(samples.len() as u64 * 1_000_000 / u64::from(real_hz));
        if self.sound > now + MAX_EARLY {
            found = found.or_else(|| self.rates.too_fast(now));
            if found.is_none() {
                return Err(EarError::TooFast);
            }
        }
        let heard = match found {
            Some(Really::G711) => return Err(EarError::G711),
            Some(Really::Pcm(real_hz)) => {
                self.really_hz = Some(real_hz);
                // What came until now was counted at the wrong rate.
                self.sound = now;
                Heard::Really(real_hz)
            }
            None if samples.is_empty() || (self.named_hz != 0 && rate_hz != self.named_hz) => {
                Heard::Odd
            }
            None => Heard::Sound,
        };
        if rate_hz != self.named_hz || found.is_some() {
            let resampler = Resampler::live(self.real_hz(rate_hz), SAMPLE_RATE_HZ);
            self.resampler = Some(resampler.map_err(|e| EarError::Rate(e.to_string()))?);
            self.named_hz = rate_hz;
        }
        if self.rates.is_unsure() {
            self.held.extend_from_slice(samples);
        } else if let Some(resampler) = &mut self.resampler {
            resampler.push(&self.held, &mut self.pcm);
            self.held.clear();
            resampler.push(samples, &mut self.pcm);
        }
        Ok(heard)
    }

    fn real_hz(&self, named_hz: u32) -> u32 {
        match self.really_hz {
            Some(really_hz) if named_hz == NAMED_HZ => really_hz,
            _ => named_hz,
        }
    }

    /// Hands out the frames that are whole.
    pub(super) fn deliver(&mut self, mut to: impl FnMut(Frame)) {
        let mut frames = self.pcm.chunks_exact(FRAME_SAMPLES);
        for chunk in frames.by_ref() {
            let mut frame = SILENCE;
            frame.copy_from_slice(chunk);
            to(frame);
        }
        let rest = frames.remainder().len();
        let start = self.pcm.len() - rest;
        self.pcm.copy_within(start.., 0);
        self.pcm.truncate(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Frames that come of two seconds of messages of `samples` every 20 ms that name `rate_hz`, and what was told.
    fn two_seconds(rate_hz: u32, samples: usize) -> Result<(usize, Vec<Heard>), EarError> {
        let mut ear = Ear::new();
        let (mut frames, mut told) = (0, Vec::new());
        for n in 0..100u32 {
            let heard = ear.hear(n * 20 * MS, rate_hz, &vec![100; samples])?;
            told.extend((heard != Heard::Sound).then_some(heard));
            ear.deliver(|_| frames += 1);
        }
        Ok((frames, told))
    }

    #[test]
    fn sound_becomes_frames_at_every_rate() {
        for (rate_hz, samples) in [(8_000, 160), (16_000, 320), (48_000, 960)] {
            let (frames, told) = two_seconds(rate_hz, samples).unwrap();
            assert!((98..=100).contains(&frames), "{rate_hz}: {frames}");
            assert!(told.is_empty(), "{told:?}");
        }
    }

    #[test]
    fn sound_of_16_khz_that_names_8_is_heard_for_what_it_is() {
        let (frames, told) = two_seconds(8_000, 320).unwrap();
        assert_eq!(told, [Heard::Really(16_000)]);
        assert!((98..=100).contains(&frames), "from the first: {frames}");
    }

    #[test]
    fn g711_and_a_flood_are_errors() {
        assert_eq!(two_seconds(8_000, 80), Err(EarError::G711));
        let mut ear = Ear::new();
        let flood = (0..1_000).find_map(|_| ear.hear(MS, 16_000, &[0; 320]).err());
        assert_eq!(flood, Some(EarError::TooFast));
    }

    #[test]
    fn another_rate_and_no_sound_are_odd() {
        let mut ear = Ear::new();
        assert_eq!(ear.hear(MS, 8_000, &[0; 160]), Ok(Heard::Sound));
        assert_eq!(ear.hear(MS, 8_000, &[]), Ok(Heard::Odd));
        assert_eq!(ear.hear(MS, 16_000, &[0; 320]), Ok(Heard::Odd));
        assert_eq!(ear.named_hz(), 16_000);
    }
}
