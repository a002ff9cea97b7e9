//! Sounds that callers make without meaning to say something: cough, laughter, a knock on the phone, a door.
//!
//! In: a seed. Out: 16 kHz, at [`LEVEL_DBFS`], beginning and ending with audible sound. Memory: the sound. All of it is
//! synthesised: noise or pulses through resonances, as in Klatt's formant synthesizer (1980).

use std::f32::consts::TAU;

use super::Random;
use super::measure::{active_dbfs, scale, trim};
use patter_audio::SAMPLE_RATE_HZ;

/// Level of each sound where it is audible, in dBFS: that of close speech.
pub const LEVEL_DBFS: f32 = -20.0;

const RATE: f32 = SAMPLE_RATE_HZ as f32;

/// A kind of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// Two bursts from the throat, 250 to 400 ms.
    Cough,
    /// Four to six pulses of a vowel, 0.7 to 1.3 s.
    Laughter,
    /// Wide-band noise, 200 to 350 ms: wind, or a hand on the phone.
    NoiseBurst,
    /// A thud and the latch, 250 to 400 ms.
    DoorSlam,
}

impl Sound {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Cough,
        Self::Laughter,
        Self::NoiseBurst,
        Self::DoorSlam,
    ];

    /// The name, for reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cough => "cough",
            Self::Laughter => "laughter",
            Self::NoiseBurst => "noise burst",
            Self::DoorSlam => "door slam",
        }
    }

    /// Makes one, at [`LEVEL_DBFS`].
    pub fn make(self, seed: u64) -> Vec<i16> {
        let mut random = Random::new(seed ^ (self as u64) << 32);
        let sound = match self {
            Self::Cough => cough(&mut random),
            Self::Laughter => laughter(&mut random),
            Self::NoiseBurst => noise_burst(&mut random),
            Self::DoorSlam => door_slam(&mut random),
        };
        let peak = sound.iter().fold(1e-9f32, |peak, s| peak.max(s.abs()));
        let full: Vec<i16> = sound.iter().map(|s| (s / peak * 30_000.0) as i16).collect();
        trim(&scale(&full, LEVEL_DBFS - active_dbfs(&full)))
    }
}

/// A resonance of two poles, with gain 1 at 0 Hz.
pub(super) struct Resonance {
    a: f32,
    b: f32,
    c: f32,
    last: [f32; 2],
}

impl Resonance {
    pub(super) fn new(centre_hz: f32, width_hz: f32) -> Self {
        let radius = (-std::f32::consts::PI * width_hz / RATE).exp();
        let b = 2.0 * radius * (TAU * centre_hz / RATE).cos();
        let c = -radius * radius;
        Self {
            a: 1.0 - b - c,
            b,
            c,
            last: [0.0; 2],
        }
    }

    pub(super) fn step(&mut self, input: f32) -> f32 {
        let out = self.a * input + self.b * self.last[0] + self.c * self.last[1];
        self.last = [out, self.last[0]];
        out
    }
}

/// Resonances side by side, each with its gain.
fn throat(formants: &[(f32, f32, f32)]) -> Vec<(Resonance, f32)> {
    formants
        .iter()
        .map(|&(centre, width, gain)| (Resonance::new(centre, width), gain * width / centre))
        .collect()
}

fn through(throat: &mut [(Resonance, f32)], input: f32) -> f32 {
    throat
        .iter_mut()
        .map(|(resonance, gain)| resonance.step(input) * *gain)
        .sum()
}

fn samples(ms: f32) -> usize {
    (ms * RATE / 1000.0) as usize
}

/// Rises within `attack_ms`, then falls to 37 % every `decay_ms`.
fn envelope(at: usize, attack_ms: f32, decay_ms: f32) -> f32 {
    let ms = at as f32 * 1000.0 / RATE;
    (ms / attack_ms).min(1.0) * (-(ms - attack_ms).max(0.0) / decay_ms).exp()
}

fn cough(random: &mut Random) -> Vec<f32> {
    let size = random.between(0.9, 1.1);
    let mut throat = throat(&[
        (650.0 * size, 150.0, 1.0),
        (1_600.0 * size, 250.0, 0.9),
        (2_800.0 * size, 400.0, 0.6),
    ]);
    let lengths = [random.between(130.0, 180.0), random.between(90.0, 140.0)];
    let pause = random.between(40.0, 70.0);
    let mut out = Vec::new();
    for (length, gain) in lengths.into_iter().zip([1.0, 0.7]) {
        for at in 0..samples(length) {
            let breath = random.noise() * envelope(at, 4.0, length * 0.45) * gain;
            out.push(through(&mut throat, breath) + breath * 0.05);
        }
        for _ in 0..samples(pause) {
            out.push(through(&mut throat, 0.0));
        }
    }
    out
}

fn laughter(random: &mut Random) -> Vec<f32> {
    let mut throat = throat(&[
        (750.0, 90.0, 1.0),
        (1_250.0, 110.0, 0.7),
        (2_600.0, 170.0, 0.4),
    ]);
    let pulses = 4 + (random.bits() % 3) as usize;
    let high_hz = random.between(170.0, 260.0);
    let mut phase = 0.0f32;
    let mut out = Vec::new();
    for pulse in 0..pulses {
        let gain = 1.0 - 0.1 * pulse as f32;
        let pitch_hz = high_hz * (1.0 - 0.06 * pulse as f32);
        let (voiced, pause) = (random.between(90.0, 120.0), random.between(70.0, 100.0));
        let total = samples(voiced);
        for at in 0..total {
            phase = (phase + pitch_hz / RATE).fract();
            let shape = (std::f32::consts::PI * at as f32 / total as f32).sin();
            // A pulse of the vocal cords, and the breath of the "h" before the vowel.
            let voice = (1.0 - 2.0 * phase).powi(3);
            let breath = random.noise() * if at < total / 4 { 0.5 } else { 0.08 };
            out.push(through(&mut throat, (voice + breath) * shape * gain));
        }
        for _ in 0..samples(pause) {
            let breath = random.noise() * 0.02 * gain;
            out.push(through(&mut throat, breath));
        }
    }
    out
}

fn noise_burst(random: &mut Random) -> Vec<f32> {
    let total = samples(random.between(200.0, 350.0));
    (0..total)
        .map(|at| random.noise() * envelope(at.min(total - at), 5.0, 1e9))
        .collect()
}

fn door_slam(random: &mut Random) -> Vec<f32> {
    let mut panel = throat(&[
        (random.between(90.0, 140.0), 60.0, 1.0),
        (random.between(250.0, 330.0), 80.0, 0.8),
        (700.0, 300.0, 0.5),
    ]);
    let latch_at = samples(random.between(60.0, 110.0));
    (0..samples(random.between(250.0, 400.0)))
        .map(|at| {
            let thud = random.noise() * envelope(at, 1.0, 60.0);
            let click = random.noise() * envelope(at, 0.5, 6.0) * 0.3;
            let latch = match at.checked_sub(latch_at) {
                Some(since) => random.noise() * envelope(since, 0.5, 5.0) * 0.25,
                None => 0.0,
            };
            through(&mut panel, thud) * 4.0 + click + latch
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::measure::{AUDIBLE_DBFS, GRID};
    use super::*;
    use patter_audio::level::dbfs;
    use patter_audio::samples_to_ms;

    /// Share of the energy below `edge_hz`, by a low pass of first order run four times.
    fn share_below(sound: &[i16], edge_hz: f32) -> f64 {
        let step = 1.0 - (-TAU * edge_hz / RATE).exp();
        let mut low: Vec<f32> = sound.iter().map(|&s| f32::from(s)).collect();
        for _ in 0..4 {
            let mut state = 0.0;
            for sample in &mut low {
                state += step * (*sample - state);
                *sample = state;
            }
        }
        let energy = |s: f32| f64::from(s) * f64::from(s);
        low.iter().map(|&s| energy(s)).sum::<f64>()
            / sound.iter().map(|&s| energy(f32::from(s))).sum::<f64>()
    }

    #[test]
    fn each_sound_has_its_length_and_level_and_repeats() {
        for (sound, range) in [
            (Sound::Cough, 200..=450),
            (Sound::Laughter, 600..=1_400),
            (Sound::NoiseBurst, 190..=360),
            (Sound::DoorSlam, 80..=410),
        ] {
            for seed in 0..20 {
                let made = sound.make(seed);
                let ms = samples_to_ms(made.len());
                assert!(range.contains(&ms), "{sound:?} lasts {ms} ms");
                let level = active_dbfs(&made);
                assert!((level - LEVEL_DBFS).abs() < 2.0, "{sound:?} {level}");
                assert!(dbfs(&made[..GRID]) > AUDIBLE_DBFS);
                assert_eq!(made, sound.make(seed));
                assert_ne!(made, sound.make(seed + 1));
            }
        }
    }

    #[test]
    fn sounds_differ_in_colour() {
        let below = |sound: Sound, hz| share_below(&sound.make(3), hz);
        assert!(below(Sound::DoorSlam, 500.0) > 0.3);
        assert!(below(Sound::NoiseBurst, 500.0) < 0.05);
        let laughter = below(Sound::Laughter, 1_500.0);
        assert!(laughter > 0.2, "{laughter}");
        assert!(below(Sound::Cough, 300.0) < 0.2);
    }

    #[test]
    fn laughter_comes_in_pulses() {
        let made = Sound::Laughter.make(1);
        // Level of each 20 ms: it falls well below the loudest and rises again several times.
        let levels: Vec<f32> = made.chunks(320).map(dbfs).collect();
        let top = levels.iter().copied().fold(f32::MIN, f32::max);
        let rises = levels
            .windows(2)
            .filter(|w| w[0] < top - 12.0 && w[1] >= top - 12.0)
            .count();
        assert!((3..=7).contains(&rises), "{rises} pulses");
    }
}
