//! A simulated room for tests: two voices, a speaker, walls, a microphone. No devices, no voice files.
//!
//! Thread: tests. In: what is said when. Out: what the speaker gets and what the microphone hears. Memory: whole
//! scenes. A voice is a train of glottal pulses and hiss through three resonators, shaped into syllables: enough for
//! webrtc-vad. The room is a decaying random impulse response.

use std::f32::consts::TAU;

use patter_audio::level::dbfs;

const RATE_HZ: f32 = 16_000.0;
/// Length of the impulse response, in samples (90 ms).
const RESPONSE_SAMPLES: usize = 1_440;

/// A room and what stands in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) seed: u64,
    /// From the speaker's frame to the microphone's, in ms.
    pub(super) delay_ms: usize,
    /// Level of the echo relative to render, in dB; `None` for a headset.
    pub(super) echo_db: Option<f32>,
    /// How much slower the microphone's clock runs, in parts per million.
    pub(super) drift_ppm: f64,
}

/// What both ends of the device see, sample by sample.
pub(super) struct Scene {
    pub(super) render: Vec<i16>,
    pub(super) mic: Vec<i16>,
}

/// xorshift64.
pub(super) struct Random(pub(super) u64);

impl Random {
    /// 0 to 1.
    fn even(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// Mean 0, variance 1, nearly normal.
    fn normal(&mut self) -> f32 {
        let sum: f32 = (0..12).map(|_| self.even()).sum();
        sum - 6.0
    }
}

/// `seconds` of a voice at `level_dbfs`, of which about a fifth are gaps.
pub(super) fn voice(seed: u64, pitch_hz: f32, seconds: f32, level_dbfs: f32) -> Vec<i16> {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let wanted = (seconds * RATE_HZ) as usize;
    let mut out: Vec<f32> = Vec::with_capacity(wanted);
    let (mut phase, mut memory) = (0.0_f32, [[0.0_f32; 2]; 3]);
    while out.len() < wanted {
        let length = ((0.14 + 0.14 * random.even()) * RATE_HZ) as usize;
        let loudness = 0.4 + 0.6 * random.even();
        let pitch_hz = pitch_hz * (0.85 + 0.3 * random.even());
        let formants_hz = [
            300.0 + 500.0 * random.even(),
            900.0 + 1_300.0 * random.even(),
            2_400.0 + 600.0 * random.even(),
        ];
        for n in 0..length {
            phase += pitch_hz / RATE_HZ;
            let pulse = if phase >= 1.0 {
                phase -= 1.0;
                1.0
            } else {
                0.0
            };
            let source = pulse + 0.02 * random.normal();
            let mut sum = 0.0;
            for (formant_hz, memory) in formants_hz.iter().zip(&mut memory) {
                let radius = 0.97;
                let turn = 2.0 * radius * (TAU * formant_hz / RATE_HZ).cos();
                let next = source + turn * memory[0] - radius * radius * memory[1];
                *memory = [next, memory[0]];
                sum += next;
            }
            let envelope = (std::f32::consts::PI * n as f32 / length as f32).sin();
            out.push(sum * loudness * envelope);
        }
        if random.even() < 0.25 {
            let gap = ((0.06 + 0.14 * random.even()) * RATE_HZ) as usize;
            out.extend(std::iter::repeat_n(0.0, gap));
        }
    }
    out.truncate(wanted);
    let energy: f32 = out.iter().map(|s| s * s).sum();
    let rms = (energy / wanted as f32).sqrt();
    let gain = 32_768.0 * 10_f32.powf(level_dbfs / 20.0) / rms;
    out.iter().map(|s| (s * gain) as i16).collect()
}

/// Lays `sound` at `at_s` seconds into silence of `seconds`.
pub(super) fn placed(sound: &[i16], at_s: f32, seconds: f32) -> Vec<i16> {
    let mut out = vec![0; (seconds * RATE_HZ) as usize];
    let start = (at_s * RATE_HZ) as usize;
    out[start..start + sound.len()].copy_from_slice(sound);
    out
}

impl Room {
    /// Plays `render` and lets `caller` speak; both of the same length. The microphone adds noise at -65 dBFS.
    pub(super) fn scene(&self, render: &[i16], caller: &[i16]) -> Scene {
        let mut random = Random(self.seed.wrapping_mul(0xD134_2543_DE82_EF95) | 1);
        let response: Vec<f32> = (0..RESPONSE_SAMPLES)
            .map(|n| {
                let decay = (-6.9 * n as f32 / RESPONSE_SAMPLES as f32).exp();
                // The direct way is the loudest.
                random.normal() * decay * if n < 4 { 3.0 } else { 0.5 }
            })
            .collect();
        let mut echo = vec![0.0_f32; render.len()];
        for (at, &sample) in render.iter().enumerate().filter(|(_, s)| **s != 0) {
            let ends = echo[at..].iter_mut().zip(&response);
            ends.for_each(|(echo, tap)| *echo += f32::from(sample) * tap);
        }
        let rounded: Vec<i16> = echo.iter().map(|s| (s / 8.0) as i16).collect();
        // An eighth, for the response may amplify.
        let level_db = dbfs(&rounded) + 20.0 * 8_f32.log10() - dbfs(render);
        let gain = self
            .echo_db
            .map_or(0.0, |echo_db| 10_f32.powf((echo_db - level_db) / 20.0));
        let delay = (self.delay_ms * 16) as f64;
        let mic = caller.iter().enumerate().map(|(n, &caller)| {
            let place = n as f64 * (1.0 + self.drift_ppm * 1e-6) - delay;
            let whole = place.floor();
            let at = |place: f64| {
                let inside = place >= 0.0 && place < echo.len() as f64;
                if inside { echo[place as usize] } else { 0.0 }
            };
            let part = (place - whole) as f32;
            let echo = at(whole) * (1.0 - part) + at(whole + 1.0) * part;
            (gain * echo + f32::from(caller) + 18.0 * random.normal()) as i16
        });
        Scene {
            render: render.to_vec(),
            mic: mic.collect(),
        }
    }
}
