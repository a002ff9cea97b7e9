//! What every voice's sound goes through: the silence around it is cut off, it is made as loud as all others, and the
//! pause after it is added.
//!
//! In and out: 16 kHz samples of one sentence, and where its words begin. Memory: the sound twice. Source: EBU R 128
//! for the loudness (crate `ebur128`), without a limiter: a sound whose peaks would be too high stays softer.

use ebur128::{EbuR128, Mode};
use patter_audio::{SAMPLE_RATE_HZ, ms_to_samples};

use crate::marks::WordMark;

/// How loud a voice is, and how long it pauses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finish {
    /// Loudness of each sentence, in LUFS.
    pub loudness_lufs: f32,
    /// Silence after a sentence, in ms; after a clause it is half of it.
    pub pause_ms: u32,
}

/// Piece of sound whose level is looked at, 5 ms.
const WINDOW: usize = SAMPLE_RATE_HZ as usize / 200;
/// Energy of silence, beside the loudest piece's: -45 dB. The soft beginning of an "f" or an "h" is above it.
const SILENCE: f32 = 3.2e-5;
/// Kept before the first piece that is no silence, in ms.
const LEAD_MS: u32 = 10;
/// Kept after the last one, in ms: a voice dies away.
const TAIL_MS: u32 = 40;
/// Highest sample after the gain: -1 dBFS, R 128's own.
const HIGHEST: f32 = 0.891 * 32_768.0;
/// Least and greatest gain: 18 dB either way; what lacks more is no speech.
const GAINS: std::ops::RangeInclusive<f32> = 0.125..=8.0;
/// R 128 weighs pieces of 400 ms; a shorter sound is weighed as if it went on.
const LEAST_WEIGHED: usize = SAMPLE_RATE_HZ as usize / 2;

impl Finish {
    /// Finishes the sound of `text`.
    pub(crate) fn apply(&self, text: &str, samples: Vec<i16>, marks: &mut [WordMark]) -> Vec<i16> {
        let Some((from, to)) = speech(&samples) else {
            return samples;
        };
        for mark in marks {
            mark.sample = mark.sample.saturating_sub(from).min(to - from);
        }
        let speech = &samples[from..to];
        let gain = gain(speech, self.loudness_lufs);
        let louder = speech.iter().map(|&x| (f32::from(x) * gain) as i16);
        let mut finished: Vec<i16> = louder.collect();
        finished.resize(finished.len() + self.pause(text), 0);
        finished
    }

    /// The pause after `text`, in samples.
    pub(crate) fn pause(&self, text: &str) -> usize {
        let pause = ms_to_samples(self.pause_ms);
        let is_clause = text
            .trim_end()
            .ends_with([',', ';', ':', '，', '；', '：', '、']);
        if is_clause { pause / 2 } else { pause }
    }
}

/// Where the sound begins and ends; None for silence.
fn speech(samples: &[i16]) -> Option<(usize, usize)> {
    let energy = |window: &[i16]| {
        window.iter().map(|&x| f32::from(x).powi(2)).sum::<f32>() / window.len() as f32
    };
    let energies: Vec<f32> = samples.chunks(WINDOW).map(energy).collect();
    let loudest = energies.iter().copied().fold(0.0, f32::max);
    let is_sound = |energy: &f32| *energy > loudest * SILENCE;
    let first = energies.iter().position(is_sound)?;
    let last = energies.iter().rposition(is_sound)?;
    let from = (first * WINDOW).saturating_sub(ms_to_samples(LEAD_MS));
    let to = ((last + 1) * WINDOW + ms_to_samples(TAIL_MS)).min(samples.len());
    Some((from, to))
}

/// What makes `samples` as loud as wanted.
fn gain(samples: &[i16], loudness_lufs: f32) -> f32 {
    let peak = samples.iter().map(|x| x.unsigned_abs()).max().unwrap_or(0);
    let Some(found) = loudness(samples).filter(|_| peak > 0) else {
        return 1.0;
    };
    let wanted = 10f32.powf((loudness_lufs - found) / 20.0);
    wanted
        .clamp(*GAINS.start(), *GAINS.end())
        .min(HIGHEST / f32::from(peak))
}

/// Loudness, in LUFS; None for what is no louder than silence.
pub fn loudness(samples: &[i16]) -> Option<f32> {
    let mut meter = EbuR128::new(1, SAMPLE_RATE_HZ, Mode::I).ok()?;
    let mut fed = 0;
    while fed < LEAST_WEIGHED && !samples.is_empty() {
        meter.add_frames_i16(samples).ok()?;
        fed += samples.len();
    }
    let found = meter.loudness_global().ok()?;
    found.is_finite().then_some(found as f32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FINISH: Finish = Finish {
        loudness_lufs: -19.0,
        pause_ms: 200,
    };

    fn tone(ms: u32, amplitude: f32) -> Vec<i16> {
        let step = 440.0 * std::f32::consts::TAU / SAMPLE_RATE_HZ as f32;
        let at = |n: usize| (amplitude * (n as f32 * step).sin()) as i16;
        (0..ms_to_samples(ms)).map(at).collect()
    }

    #[test]
    fn soft_and_loud_voices_are_equally_loud_short_words_too() {
        for (ms, amplitude) in [
            (150, 900.0),
            (150, 9_000.0),
            (2_000, 900.0),
            (2_000, 20_000.0),
        ] {
            let found = FINISH.apply("Yes.", tone(ms, amplitude), &mut []);
            let speech = &found[..found.len() - ms_to_samples(200)];
            let loudness = loudness(speech).unwrap();
            assert!(
                (loudness + 19.0).abs() < 0.7,
                "{ms} ms, {amplitude}: {loudness} LUFS"
            );
        }
    }

    #[test]
    fn peaks_are_not_cut_off_for_loudness() {
        // A click stands far above the tone.
        let mut samples = tone(1_000, 500.0);
        samples[8_000] = 12_000;
        let found = FINISH.apply("Yes.", samples, &mut []);
        let peak = found.iter().map(|x| x.unsigned_abs()).max().unwrap();
        assert!((29_000..29_200).contains(&peak), "{peak}");
    }

    #[test]
    fn silence_around_is_cut_off_and_the_pause_is_the_same_for_all() {
        let silent = |ms| vec![0i16; ms_to_samples(ms)];
        let samples = [silent(90), tone(500, 9_000.0), silent(340)].concat();
        let mark = |sample| WordMark { at: 0, sample };
        let mut marks = [mark(0), mark(ms_to_samples(90)), mark(ms_to_samples(600))];
        let found = FINISH.apply("Yes.", samples.clone(), &mut marks);
        assert_eq!(found.len(), ms_to_samples(10 + 500 + 40 + 200));
        let places = marks.map(|mark| mark.sample);
        assert_eq!(places, [0, ms_to_samples(10), ms_to_samples(520)]);
        let clause = FINISH.apply("Well,", samples, &mut []);
        assert_eq!(found.len() - clause.len(), ms_to_samples(100));
        assert_eq!(FINISH.apply("", silent(50), &mut []), silent(50));
    }

    proptest! {
        #[test]
        fn no_sound_is_too_short_or_too_loud(samples in prop::collection::vec(any::<i16>(), 0..3_000)) {
            let found = FINISH.apply("Yes.", samples.clone(), &mut []);
            prop_assert!(found.len() <= samples.len() + ms_to_samples(200));
        }
    }
}
