//! Voicing by WebRTC's detector, through the webrtc-vad crate.
//!
//! Thread: `controller`. In: 20 ms frames at 16 kHz. Out: a bool. Memory: one C struct, made once.
//! Source: webrtc-vad (libfvad): Gaussian mixtures over six bands.

use webrtc_vad::{SampleRate, Vad, VadMode};

use crate::Frame;

/// One detector; it has a memory of the line, so each call has its own.
pub struct WebrtcVad {
    inner: Vad,
}

impl WebrtcVad {
    /// `aggressiveness` from 0 to 3; larger values count as 3.
    pub fn new(aggressiveness: u8) -> Self {
        let mode = match aggressiveness {
            0 => VadMode::Quality,
            1 => VadMode::LowBitrate,
            2 => VadMode::Aggressive,
            _ => VadMode::VeryAggressive,
        };
        Self {
            inner: Vad::new_with_rate_and_mode(SampleRate::Rate16kHz, mode),
        }
    }

    /// True when the detector takes `frame` for speech.
    pub fn is_voiced(&mut self, frame: &Frame) -> bool {
        // Its only error is a frame of the wrong length, which the type rules out.
        self.inner.is_voice_segment(frame).unwrap_or(false)
    }
}
