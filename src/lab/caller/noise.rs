//! What is around a caller: a street, other people, music. And how loud it is beside the caller's voice.
//!
//! In: a length, a seed, for babble other people's speech. Out: 16 kHz. Memory: the sound, meant to be played in a
//! loop. The signal-to-noise ratio is the level of the speech where it is audible to that of the noise as a whole.

use std::f32::consts::TAU;

use super::Random;
use super::measure::scale;
use super::sounds::Resonance;
use patter_audio::SAMPLE_RATE_HZ;
use patter_audio::level::dbfs;

const RATE: f32 = SAMPLE_RATE_HZ as f32;
/// Voices that speak at once in babble, at least.
pub const BABBLE_VOICES: usize = 6;

/// A kind of noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noise {
    /// Traffic: coloured noise that swells, with passing cars.
    Street,
    /// Other people who speak at once.
    Babble,
    /// Chords with a beat.
    Music,
}

impl Noise {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Street, Self::Babble, Self::Music];

    /// The name, for reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Street => "street",
            Self::Babble => "babble",
            Self::Music => "music",
        }
    }

    /// Makes `length` samples; `voices` is what other people say, used by babble alone.
    pub fn make(self, length: usize, voices: &[Vec<i16>], seed: u64) -> Vec<i16> {
        match self {
            Self::Street => street(length, seed),
            Self::Babble => babble(length, voices, seed),
            Self::Music => music(length, seed),
        }
    }
}

/// The noise, at `snr_db` below speech of the level `speech_dbfs` (see [`super::measure::active_dbfs`]).
pub fn at_snr(noise: &[i16], speech_dbfs: f32, snr_db: f32) -> Vec<i16> {
    scale(noise, speech_dbfs - snr_db - dbfs(noise))
}

/// To 16 bits, with the loudest place at -6 dBFS.
fn finish(sound: &[f32]) -> Vec<i16> {
    let peak = sound.iter().fold(1e-9f32, |peak, s| peak.max(s.abs()));
    sound.iter().map(|s| (s / peak * 16_384.0) as i16).collect()
}

fn street(length: usize, seed: u64) -> Vec<i16> {
    let mut random = Random::new(seed);
    let mut pools = [0.0f32; 3];
    let phases = [random.unit(), random.unit()];
    // Cars: where each is nearest, in samples, and how loud.
    let mut cars = Vec::new();
    let mut at = random.between(0.5, 3.0) * RATE;
    while at < length as f32 {
        cars.push((
            at,
            random.between(0.5, 1.0),
            random.between(0.5, 1.1) * RATE,
        ));
        at += random.between(3.0, 7.0) * RATE;
    }
    let mut tyres = Resonance::new(900.0, 900.0);
    let sound: Vec<f32> = (0..length)
        .map(|n| {
            let white = random.noise();
            // Three leaky sums at once are close to pink (-3 dB an octave).
            for (pool, (keep, gain)) in
                pools
                    .iter_mut()
                    .zip([(0.9976, 0.1), (0.963, 0.3), (0.57, 1.05)])
            {
                *pool = *pool * keep + white * gain;
            }
            let pink = pools.iter().sum::<f32>() + white * 0.18;
            let seconds = n as f32 / RATE;
            let swing = 1.0
                + 0.3 * (TAU * (0.11 * seconds + phases[0])).sin()
                + 0.2 * (TAU * (0.27 * seconds + phases[1])).sin();
            let passing: f32 = cars
                .iter()
                .map(|&(nearest, gain, width)| {
                    let far = (n as f32 - nearest) / width;
                    gain * (-far * far).exp()
                })
                .sum();
            pink * swing * 0.4 + tyres.step(random.noise()) * passing * 2.0
        })
        .collect();
    finish(&sound)
}

fn babble(length: usize, voices: &[Vec<i16>], seed: u64) -> Vec<i16> {
    let mut random = Random::new(seed);
    let mut sound = vec![0.0f32; length];
    let voices: Vec<&Vec<i16>> = voices.iter().filter(|v| !v.is_empty()).collect();
    if voices.is_empty() {
        return vec![0; length];
    }
    for speaker in 0..BABBLE_VOICES.max(voices.len()) {
        let speech = voices[speaker % voices.len()];
        let start = (random.unit() * speech.len() as f32) as usize;
        let gain = random.between(0.6, 1.0);
        for (to, from) in sound
            .iter_mut()
            .zip(speech.iter().cycle().skip(start % speech.len()))
        {
            *to += f32::from(*from) * gain;
        }
    }
    finish(&sound)
}

fn music(length: usize, seed: u64) -> Vec<i16> {
    // Root and chord of each bar in half tones from A2 (110 Hz): the commonest four chords of pop music.
    const CHORDS: [[f32; 4]; 4] = [
        [3.0, 15.0, 19.0, 22.0],
        [10.0, 14.0, 17.0, 22.0],
        [0.0, 12.0, 15.0, 19.0],
        [8.0, 12.0, 15.0, 20.0],
    ];
    let mut random = Random::new(seed);
    let beat = (random.between(0.48, 0.56) * RATE) as usize;
    let sound: Vec<f32> = (0..length)
        .map(|n| {
            let seconds = n as f32 / RATE;
            let chord = &CHORDS[n / (beat * 4) % CHORDS.len()];
            let since_beat = (n % beat) as f32 / RATE;
            let since_half = (n % (beat / 2)) as f32 / RATE;
            let strum = 0.35 + 0.65 * (-since_half * 6.0).exp();
            let tones: f32 = chord
                .iter()
                .map(|half_tones| {
                    let hz = 110.0 * (half_tones / 12.0).exp2();
                    (1..=4)
                        .map(|partial| {
                            (TAU * (hz * partial as f32 * seconds).fract()).sin()
                                / (partial * partial) as f32
                        })
                        .sum::<f32>()
                })
                .sum();
            let kick = (TAU * 60.0 * since_beat).sin() * (-since_beat * 18.0).exp() * 2.0;
            let hat = random.noise() * (-since_half * 60.0).exp() * 0.6;
            tones * strum * 0.4 + kick + hat
        })
        .collect();
    finish(&sound)
}

#[cfg(test)]
mod tests {
    use super::super::measure::active_dbfs;
    use super::*;

    const SECONDS: usize = 12;

    fn voices() -> Vec<Vec<i16>> {
        // Stand-ins for speech: tones with pauses.
        (0..7usize)
            .map(|voice| {
                (0..40_000)
                    .map(|n| {
                        let on = n / (1_600 + voice * 130) % 3 != 0;
                        let tone = (n as f32 * 0.02 * (voice + 3) as f32).sin();
                        if on { (tone * 8_000.0) as i16 } else { 0 }
                    })
                    .collect()
            })
            .collect()
    }

    fn make(kind: Noise) -> Vec<i16> {
        kind.make(SECONDS * SAMPLE_RATE_HZ as usize, &voices(), 4)
    }

    /// Differences of neighbours against the sound itself: grows with frequency, 2 for white noise.
    fn brightness(sound: &[i16]) -> f64 {
        let energy = |s: f64| s * s;
        let total: f64 = sound.iter().map(|&s| energy(f64::from(s))).sum();
        let steps: f64 = sound
            .windows(2)
            .map(|w| energy(f64::from(w[1]) - f64::from(w[0])))
            .sum();
        steps / total
    }

    #[test]
    fn the_ratio_to_speech_is_what_was_asked() {
        let speech = &voices()[0];
        for kind in Noise::ALL {
            let noise = at_snr(&make(kind), active_dbfs(speech), 10.0);
            let snr = active_dbfs(speech) - dbfs(&noise);
            assert!((snr - 10.0).abs() < 0.2, "{kind:?}: {snr}");
        }
    }

    #[test]
    fn noise_repeats_with_its_seed_and_is_never_silent() {
        for kind in Noise::ALL {
            let noise = make(kind);
            assert_eq!(noise.len(), SECONDS * SAMPLE_RATE_HZ as usize);
            assert_eq!(noise, make(kind));
            let mean = dbfs(&noise);
            let quietest = noise.chunks(8_000).map(dbfs).fold(0.0, f32::min);
            assert!(quietest > mean - 15.0, "{kind:?}: {quietest} of {mean}");
        }
    }

    #[test]
    fn street_and_music_are_darker_than_white_noise() {
        assert!(brightness(&make(Noise::Street)) < 0.6);
        assert!(brightness(&make(Noise::Music)) < 0.4);
        let white: Vec<i16> = {
            let mut random = Random::new(1);
            (0..16_000)
                .map(|_| (random.noise() * 9_000.0) as i16)
                .collect()
        };
        assert!((brightness(&white) - 2.0).abs() < 0.1);
    }

    #[test]
    fn a_street_swells_and_music_has_a_beat() {
        let spread = |noise: &[i16], chunk: usize| {
            let levels: Vec<f32> = noise.chunks_exact(chunk).map(dbfs).collect();
            let top = levels.iter().copied().fold(f32::MIN, f32::max);
            top - levels.iter().copied().fold(f32::MAX, f32::min)
        };
        assert!(spread(&make(Noise::Street), 16_000) > 3.0);
        assert!(spread(&make(Noise::Music), 800) > 3.0);
    }
}
