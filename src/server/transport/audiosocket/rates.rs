//! Whether the sound really has the rate that its messages name.
//!
//! Thread: `socket-in`. In: when each message came, the rate that it names, how long it is. Out: the rate that it
//! really has. Memory: the times of half a second. A pure function of its inputs. Source: Asterisk's res_audiosocket.c
//! by release. Up to 20.16, 21.11, 22.6 and 23.0 it sends whatever the channel carries as "16-bit, 8 kHz" (0x10): with
//! `c(slin16)` that is 16 kHz, with `c(ulaw)` or without an option G.711, a byte a sample. The sizes and the pace of
//! the messages tell.

use std::time::Duration;

/// Messages of one size that are looked at together: half a second of the usual 20 ms.
const WINDOW: usize = 25;
/// Of a size that is unusual at 8 kHz fewer are enough: 180 ms of 20 ms each.
const ODD_WINDOW: usize = 9;
/// 20 ms at 8 kHz, in samples: what a peer that names its rate rightly sends.
const USUAL_SAMPLES: usize = 160;
/// Of the times between messages so large a part must be alike: a network that stands still and then brings all at once
/// tells nothing.
const STEADY: (usize, usize) = (7, 8);
/// A message that took less than this on its way after the last came with it.
const SHORTEST: Duration = Duration::from_millis(4);
/// A rate that is this far from a known one is not it; known ones are further apart, but for 44.1 and 48 kHz.
const TOLERANCE: f32 = 0.12;
/// What is sent as 8 kHz by a peer that names no other rate, in Hz. G.711 has half as many samples of two bytes.
const CANDIDATES_HZ: [u32; 9] = [
    4_000, 8_000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000,
];
/// The rate that a peer names which may mean another.
pub const NAMED_HZ: u32 = 8_000;

/// What the sound is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Really {
    /// G.711: a byte a sample.
    G711,
    /// PCM of this rate, in Hz.
    Pcm(u32),
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct RateWatch {
    times: [Duration; WINDOW],
    count: usize,
    samples: usize,
    seen: usize,
    settled: bool,
    all: Option<(Duration, u64)>,
}

impl RateWatch {
    /// Takes in a message of `samples` of two bytes that names `rate_hz` and came at `at`. Some once, when it is
    /// certain that it is not what it names.
    pub fn observe(&mut self, at: Duration, rate_hz: u32, samples: usize) -> Option<Really> {
        if self.settled || rate_hz != NAMED_HZ || samples == 0 {
            self.count = 0;
            return None;
        }
        match &mut self.all {
            Some((_, heard)) => *heard += samples as u64,
            none => *none = Some((at, 0)),
        }
        let window = if samples == USUAL_SAMPLES {
            WINDOW
        } else {
            ODD_WINDOW
        };
        if samples != self.samples || self.count == window {
            self.count = 0;
            self.samples = samples;
        }
        self.times[self.count] = at;
        self.count += 1;
        self.seen += 1;
        if self.count < window {
            return None;
        }
        let really = known(samples as f32 / self.pace()?.as_secs_f32())?;
        self.settle(really)
    }

    /// True while the first messages, of an unusual size, may turn out to be something else: what is in them is better
    /// heard a moment later than wrongly.
    pub fn is_unsure(&self) -> bool {
        let odd = self.samples != USUAL_SAMPLES && self.count > 0;
        odd && !self.settled && self.seen < ODD_WINDOW
    }

    /// What the sound most likely is when more of it has come by `now` than there was time for.
    pub fn too_fast(&mut self, now: Duration) -> Option<Really> {
        let (began, heard) = self.all.filter(|_| !self.settled)?;
        let passed_s = now.saturating_sub(began).as_secs_f32();
        self.settle(known(heard as f32 / passed_s)?)
    }

    fn settle(&mut self, rate_hz: u32) -> Option<Really> {
        self.settled = true;
        match rate_hz {
            NAMED_HZ => None,
            4_000 => Some(Really::G711),
            rate_hz => Some(Really::Pcm(rate_hz)),
        }
    }

    /// The time from one message to the next; None where they keep no pace.
    fn pace(&self) -> Option<Duration> {
        let mut all = [Duration::ZERO; WINDOW - 1];
        let gaps = &mut all[..self.count - 1];
        for (gap, pair) in gaps.iter_mut().zip(self.times.windows(2)) {
            *gap = pair[1].saturating_sub(pair[0]);
        }
        gaps.sort_unstable();
        let middle = gaps[gaps.len() / 2];
        let steady = gaps.iter().filter(|gap| gap.abs_diff(middle) * 4 <= middle);
        let is_steady = steady.count() * STEADY.1 >= gaps.len() * STEADY.0;
        let whole = self.times[self.count - 1].saturating_sub(self.times[0]);
        (middle >= SHORTEST && is_steady).then_some(whole / gaps.len() as u32)
    }
}

fn known(rate_hz: f32) -> Option<u32> {
    let off = |known: &u32| (rate_hz / *known as f32 - 1.0).abs();
    CANDIDATES_HZ
        .into_iter()
        .min_by(|a, b| off(a).total_cmp(&off(b)))
        .filter(|known| off(known) < TOLERANCE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Duration = Duration::from_millis(1);

    /// What is said of messages of `samples`, one every `every_ms`; and at which it is said.
    fn steady(rate_hz: u32, samples: usize, every_ms: f32) -> Option<(usize, Really)> {
        let mut watch = RateWatch::default();
        (0..200).find_map(|n| {
            let at = Duration::from_secs_f32(n as f32 * every_ms / 1_000.0);
            watch
                .observe(at, rate_hz, samples)
                .map(|really| (n, really))
        })
    }

    #[test]
    fn sound_that_is_what_it_names_is_let_be_whatever_its_messages_size() {
        for (samples, every_ms) in [
            (80, 10.0),
            (160, 20.0),
            (240, 30.0),
            (320, 40.0),
            (480, 60.0),
        ] {
            assert_eq!(steady(8_000, samples, every_ms), None, "{every_ms} ms");
        }
        assert_eq!(steady(16_000, 320, 20.0), None);
        assert_eq!(
            steady(16_000, 160, 20.0),
            None,
            "a peer that names 16 kHz knows of rates"
        );
    }

    #[test]
    fn sound_that_names_8_khz_and_is_not_is_seen_in_half_a_second() {
        let seen = |samples, every_ms| steady(8_000, samples, every_ms);
        assert_eq!(seen(160, 10.0), Some((24, Really::Pcm(16_000))));
        assert_eq!(seen(320, 20.0), Some((8, Really::Pcm(16_000))));
        assert_eq!(seen(640, 40.0), Some((8, Really::Pcm(16_000))));
        assert_eq!(seen(480, 20.0), Some((8, Really::Pcm(24_000))));
        assert_eq!(seen(960, 20.0), Some((8, Really::Pcm(48_000))));
        assert_eq!(seen(80, 20.0), Some((8, Really::G711)));
        assert_eq!(seen(120, 30.0), Some((8, Really::G711)));
    }

    #[test]
    fn a_network_that_stands_still_and_then_brings_all_at_once_says_nothing() {
        let mut watch = RateWatch::default();
        // Two seconds at once, then as usual.
        let burst = (0..100).map(|_| 2_000 * MS);
        let usual = (1..300).map(|n| 2_000 * MS + n * 20 * MS);
        for at in burst.chain(usual) {
            assert_eq!(watch.observe(at, 8_000, 160), None, "{at:?}");
        }
    }

    #[test]
    fn a_machine_that_reads_late_is_told_apart_in_the_long_run() {
        let mut watch = RateWatch::default();
        // 16 kHz that is read in threes: no pace, but twice as much as there is time for.
        for n in 0..600u32 {
            assert_eq!(watch.observe((n / 3 * 60) * MS, 8_000, 320), None);
        }
        assert_eq!(watch.too_fast(12_000 * MS), Some(Really::Pcm(16_000)));
        assert_eq!(watch.too_fast(12_000 * MS), None, "once");
    }

    #[test]
    fn a_flood_is_no_rate() {
        let mut watch = RateWatch::default();
        for n in 0..5_000u32 {
            assert_eq!(watch.observe(n * MS / 50, 8_000, 320), None);
        }
        assert_eq!(watch.too_fast(100 * MS), None);
    }

    proptest! {
        #[test]
        fn eight_khz_stays_eight_khz_on_a_line_that_jitters(
            late_ms in prop::collection::vec(0u32..60, 300),
            every_ms in prop::sample::select(vec![10u32, 20, 30, 40, 60]),
        ) {
            let mut watch = RateWatch::default();
            let mut last = Duration::ZERO;
            for (n, late) in (0u32..).zip(late_ms) {
                last = last.max((n * every_ms + late) * MS);
                prop_assert_eq!(watch.observe(last, 8_000, every_ms as usize * 8), None);
            }
        }
    }
}
