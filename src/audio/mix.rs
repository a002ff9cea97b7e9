//! Blocks of all channels in, mono out: mixed, or one of the channels.
//!
//! Thread: ordinary ones only. In: blocks of a file's sound, its channels by turns. Out: mono samples, and whether the
//! mix has lost the sound. Memory: the mono samples, of [`LONGEST_HOURS`] hours at the most. When it is longer: an
//! error.

use super::decode::Trouble;
use super::resample::RATES_HZ;

/// The most hours of sound that are read.
const LONGEST_HOURS: u64 = 6;
/// The rate up to which that many hours are read, in Hz; the memory for them is the most that is used at any rate.
const LONGEST_AT_HZ: u64 = 48_000;
/// The most channels that a file may have.
const MOST_CHANNELS: usize = 64;
/// The mix has lost the sound when the loudest channel has more than this many times its energy: 12 dB.
const LOST: u64 = 16;

/// What of the channels is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pick {
    /// All of them, mixed.
    Mixed,
    /// One, from 0.
    Channel(usize),
}

/// Takes a file's sound block by block.
pub(super) struct Mixer {
    pick: Pick,
    pub(super) rate_hz: u32,
    pub(super) samples: Vec<i16>,
    /// Of each channel: the sum of its squares.
    energies: Vec<u64>,
    mixed: u64,
    longest: usize,
}

impl Mixer {
    pub(super) fn new(pick: Pick) -> Self {
        Self {
            pick,
            rate_hz: 0,
            samples: Vec::new(),
            energies: Vec::new(),
            mixed: 0,
            longest: 0,
        }
    }

    /// Takes a block. The number of channels may change on the way, the rate may not.
    pub(super) fn add(
        &mut self,
        block: &[i16],
        channels: usize,
        rate_hz: u32,
    ) -> Result<(), Trouble> {
        if channels == 0 || channels > MOST_CHANNELS {
            return Err(Trouble::Form(format!("it has {channels} channels")));
        }
        if self.rate_hz != rate_hz {
            if self.rate_hz != 0 {
                return Err(Trouble::Form("its rate changes on the way".into()));
            }
            if !RATES_HZ.contains(&rate_hz) {
                return Err(Trouble::Form(format!(
                    "its rate is {rate_hz} Hz, and rates from {} to {} Hz are read",
                    RATES_HZ.start(),
                    RATES_HZ.end()
                )));
            }
            self.rate_hz = rate_hz;
            self.longest = (LONGEST_HOURS * 3_600 * LONGEST_AT_HZ.min(rate_hz.into())) as usize;
        }
        if self.energies.len() < channels {
            self.energies.resize(channels, 0);
        }
        if self.samples.len() + block.len() / channels > self.longest {
            let seconds = self.longest as f64 / f64::from(rate_hz);
            return Err(Trouble::TooLong(seconds / 3_600.0));
        }
        for frame in block.chunks_exact(channels) {
            for (energy, &sample) in self.energies.iter_mut().zip(frame) {
                *energy += square(sample);
            }
            let sample = match self.pick {
                Pick::Mixed => {
                    let sum: i32 = frame.iter().map(|&s| i32::from(s)).sum();
                    (sum / channels as i32) as i16
                }
                Pick::Channel(n) => frame.get(n).copied().unwrap_or(frame[0]),
            };
            self.mixed += square(sample);
            self.samples.push(sample);
        }
        Ok(())
    }

    /// The loudest channel, where what was picked has far less of the sound: two sides that cancel each other.
    pub(super) fn lost(&self) -> Option<usize> {
        let (channel, &energy) = self
            .energies
            .iter()
            .enumerate()
            .max_by_key(|&(_, energy)| energy)?;
        (energy > self.mixed.saturating_mul(LOST)).then_some(channel)
    }
}

fn square(sample: i16) -> u64 {
    u64::from(sample.unsigned_abs()).pow(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed(frames: impl Iterator<Item = [i16; 2]>) -> Mixer {
        let mut mixer = Mixer::new(Pick::Mixed);
        let block: Vec<i16> = frames.flatten().collect();
        mixer.add(&block, 2, 16_000).unwrap();
        mixer
    }

    #[test]
    fn sides_that_cancel_are_told_and_sides_that_do_not_are_mixed() {
        let wave = |n: i32| (f64::from(n) * 0.1).sin() * 8_000.0;
        let opposed = mixed((0..1_000).map(|n| [(wave(n) * 0.9) as i16, (-wave(n)) as i16]));
        assert_eq!(opposed.lost(), Some(1));
        let one_side = mixed((0..1_000).map(|n| [wave(n) as i16, 0]));
        assert_eq!(one_side.lost(), None);
        assert_eq!(one_side.samples[7], (wave(7) as i16) / 2);
        let silent = mixed((0..1_000).map(|_| [0, 0]));
        assert_eq!(silent.lost(), None);
    }

    #[test]
    fn sound_without_end_and_absurd_rates_are_refused() {
        let mut mixer = Mixer::new(Pick::Mixed);
        assert!(mixer.add(&[], 1, 3_999).is_err());
        let hour = vec![0i16; 3_600 * 4_000];
        for _ in 0..6 {
            mixer.add(&hour, 1, 4_000).unwrap();
        }
        let error = mixer.add(&[0], 1, 4_000).unwrap_err();
        assert!(matches!(error, Trouble::TooLong(hours) if hours == 6.0));
    }

    #[test]
    fn a_rate_that_changes_and_too_many_channels_are_refused() {
        let mut mixer = Mixer::new(Pick::Channel(0));
        mixer.add(&[1, 2, 3, 4], 2, 8_000).unwrap();
        mixer.add(&[5], 1, 8_000).unwrap();
        assert_eq!(mixer.samples, [1, 3, 5]);
        assert!(mixer.add(&[5], 1, 16_000).is_err());
        assert!(mixer.add(&[0; 65], 65, 8_000).is_err());
    }
}
