//! Is this frame speech?
//!
//! Thread: `listen`, one per call. In: 20 ms frames. Out: a bool a frame. Memory: made once. When late: not its business.
//! webrtc-vad judges the spectrum; the [`noise::NoiseGate`] before it keeps line hum, hiss and tones from counting as speech.

pub mod noise;
pub mod webrtc;

use crate::audio::Frame;
use crate::config::VadConfig;

/// Voice activity detection for one call.
pub struct Vad {
    webrtc: webrtc::WebrtcVad,
    gate: noise::NoiseGate,
}

impl Vad {
    /// A detector that has heard nothing yet.
    pub fn new(config: &VadConfig) -> Self {
        Self {
            webrtc: webrtc::WebrtcVad::new(config.aggressiveness),
            gate: noise::NoiseGate::new(config.min_level_dbfs, config.noise_margin_db),
        }
    }

    /// True when `frame` holds speech.
    pub fn is_speech(&mut self, frame: &Frame) -> bool {
        // Both always run: each keeps its own memory of the line.
        let loud = self.gate.stands_out(crate::audio::level::dbfs(frame));
        let voiced = self.webrtc.is_voiced(frame);
        loud && voiced
    }

    /// The line's own noise as measured so far, in dBFS.
    pub fn noise_dbfs(&self) -> f32 {
        self.gate.floor_dbfs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::FRAME_SAMPLES;

    fn run(vad: &mut Vad, samples: &[i16]) -> usize {
        samples
            .chunks_exact(FRAME_SAMPLES)
            .filter(|chunk| vad.is_speech((*chunk).try_into().unwrap()))
            .count()
    }

    fn hum(seconds: usize, amplitude: f64) -> Vec<i16> {
        (0..seconds * 16_000)
            .map(|n| {
                let t = n as f64 / 16_000.0 * std::f64::consts::TAU;
                let wave = (t * 50.0).sin() + 0.5 * (t * 150.0).sin() + 0.3 * (t * 250.0).sin();
                (wave * amplitude) as i16
            })
            .collect()
    }

    #[test]
    fn silence_and_mains_hum_are_not_speech() {
        let mut vad = Vad::new(&VadConfig::default());
        assert_eq!(run(&mut vad, &vec![0; 32_000]), 0);
        let false_frames = run(&mut vad, &hum(5, 3_000.0));
        assert!(
            false_frames <= 8,
            "{false_frames} frames of hum passed as speech"
        );
    }
}
