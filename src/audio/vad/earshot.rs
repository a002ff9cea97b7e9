//! How much a frame sounds like a voice, by the small neural network of the crate earshot.
//!
//! Thread: `controller`. In: 20 ms frames at 16 kHz. Out: a score from 0 to 1 a frame. Memory: about 9 KiB inside the
//! struct, made once; nothing is allocated. Source: earshot, whose steps are 16 ms over windows of 48 ms, so that every
//! frame ends one step or two, and up to 12 ms of sound wait for the next. Alone it needs 50 ms to see an onset and
//! lets go 75 ms after speech.

use earshot::Detector;

use crate::Frame;

/// Samples of one step of the network: 16 ms.
const STEP: usize = 256;

/// One network with its memory of the line, so each call has its own.
pub struct EarshotVad {
    inner: Detector,
    held: [i16; STEP],
    filled: usize,
}

impl Default for EarshotVad {
    fn default() -> Self {
        Self {
            inner: Detector::default(),
            held: [0; STEP],
            filled: 0,
        }
    }
}

impl EarshotVad {
    /// The highest score of the steps that end in `frame`: 0 no voice, 1 voice.
    pub fn score(&mut self, frame: &Frame) -> f32 {
        let mut highest = 0.0f32;
        let mut rest = frame.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(STEP - self.filled));
            self.held[self.filled..self.filled + now.len()].copy_from_slice(now);
            self.filled += now.len();
            rest = later;
            if self.filled == STEP {
                self.filled = 0;
                highest = highest.max(self.inner.predict_i16(&self.held));
            }
        }
        highest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FRAME_SAMPLES;

    #[test]
    fn frames_reach_the_network_as_one_unbroken_stream() {
        let sound: Vec<i16> = (0..40 * FRAME_SAMPLES)
            .map(|n| ((n * n / 7) % 9_001) as i16 - 4_500)
            .collect();
        let mut alone = Detector::default();
        let steps: Vec<f32> = sound
            .chunks_exact(STEP)
            .map(|step| alone.predict_i16(step))
            .collect();
        let mut vad = EarshotVad::default();
        for (n, frame) in sound.chunks_exact(FRAME_SAMPLES).enumerate() {
            let ended = n * FRAME_SAMPLES / STEP..(n + 1) * FRAME_SAMPLES / STEP;
            let highest = steps[ended].iter().copied().fold(0.0, f32::max);
            assert_eq!(vad.score(frame.try_into().unwrap()), highest, "frame {n}");
        }
    }
}
