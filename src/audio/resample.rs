//! Rate conversion of a stream of samples, by rubato's FFT resampler.
//!
//! Thread: whoever owns it. In and out: `i16` mono. Memory: buffers are made in [`Resampler::new`]; `push` allocates
//! only if `out` must grow. When late: it never is. A clip is converted in blocks of 20 ms and comes out without delay;
//! a live stream in blocks of 10 ms, of which half is the filter's delay: whoever is interrupted hears each of these
//! milliseconds. Source: rubato, `Fft` with both sides fixed.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _};
use thiserror::Error;

/// The rates that a line, a file, a device or a voice may have, in Hz.
pub const RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=384_000;

/// Why no resampler could be made.
#[derive(Debug, Error)]
pub enum ResampleError {
    /// A rate outside [`RATES_HZ`].
    #[error(
        "cannot convert from {from_hz} Hz to {to_hz} Hz: rates from 4000 to 384000 Hz are possible"
    )]
    Rate {
        /// Rate of the input.
        from_hz: u32,
        /// Rate of the output.
        to_hz: u32,
    },
    /// The library refused.
    #[error("cannot convert from {from_hz} Hz to {to_hz} Hz: {message}")]
    Library {
        /// Rate of the input.
        from_hz: u32,
        /// Rate of the output.
        to_hz: u32,
        /// What it said.
        message: String,
    },
}

/// Converts a stream from one rate to another; a plain copy when they are equal.
pub struct Resampler {
    inner: Option<Inner>,
}

struct Inner {
    fft: Fft<f32>,
    block_in: usize,
    block_out: usize,
    pending: Vec<f32>,
    converted: Vec<f32>,
    /// Output samples still to be dropped: the filter's start-up delay.
    skip: usize,
    delay: usize,
}

/// Blocks a second for a clip.
const CLIP_BLOCKS: u32 = 50;
/// Blocks a second for a live stream: shorter blocks, a softer filter, less delay.
const LIVE_BLOCKS: u32 = 100;

impl Resampler {
    /// A converter for a clip: what comes out is as long as what went in, and not delayed.
    ///
    /// # Errors
    /// A rate that is out of range.
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Self, ResampleError> {
        let mut made = Self::with_blocks(from_hz, to_hz, CLIP_BLOCKS)?;
        made.reset();
        Ok(made)
    }

    /// A converter for a stream in real time: each 10 ms that go in bring 10 ms out, delayed by 5 ms.
    ///
    /// # Errors
    /// A rate that is out of range.
    pub fn live(from_hz: u32, to_hz: u32) -> Result<Self, ResampleError> {
        Self::with_blocks(from_hz, to_hz, LIVE_BLOCKS)
    }

    fn with_blocks(from_hz: u32, to_hz: u32, blocks: u32) -> Result<Self, ResampleError> {
        if !RATES_HZ.contains(&from_hz) || !RATES_HZ.contains(&to_hz) {
            return Err(ResampleError::Rate { from_hz, to_hz });
        }
        if from_hz == to_hz {
            return Ok(Self { inner: None });
        }
        let fft = Fft::<f32>::new_custom(
            from_hz as usize,
            to_hz as usize,
            (from_hz / blocks) as usize,
            1,
            1,
            rubato::WindowFunction::BlackmanHarris2,
            FixedSync::Both,
        )
        .map_err(|error| ResampleError::Library {
            from_hz,
            to_hz,
            message: error.to_string(),
        })?;
        let (block_in, block_out) = (fft.input_frames_next(), fft.output_frames_next());
        let delay = fft.output_delay();
        Ok(Self {
            inner: Some(Inner {
                fft,
                block_in,
                block_out,
                pending: Vec::with_capacity(block_in * 2),
                converted: vec![0.0; block_out],
                skip: 0,
                delay,
            }),
        })
    }

    /// Converts `input` and appends what is ready to `out`.
    pub fn push(&mut self, input: &[i16], out: &mut Vec<i16>) {
        let Some(inner) = &mut self.inner else {
            out.extend_from_slice(input);
            return;
        };
        for &sample in input {
            inner.pending.push(f32::from(sample) / 32768.0);
            if inner.pending.len() == inner.block_in {
                inner.convert(out);
            }
        }
    }

    /// Appends what is still held back, and forgets it: the end of the stream, or of an utterance.
    pub fn finish(&mut self, out: &mut Vec<i16>) {
        let Some(inner) = &mut self.inner else { return };
        let held_in = inner.pending.len();
        let ratio = inner.block_out as f64 / inner.block_in as f64;
        // What the filter's delay holds back comes out only when silence follows it.
        let mut wanted =
            inner.delay.min(inner.delay + inner.block_out) - inner.skip.min(inner.delay);
        wanted += (held_in as f64 * ratio).round() as usize;
        let start = out.len();
        while out.len() - start < wanted {
            inner.pending.resize(inner.block_in, 0.0);
            inner.convert(out);
        }
        out.truncate(start + wanted);
        self.reset();
    }

    /// Forgets everything heard so far; keeps the memory.
    pub fn reset(&mut self) {
        if let Some(inner) = &mut self.inner {
            inner.fft.reset();
            inner.pending.clear();
            inner.skip = inner.delay;
        }
    }
}

impl Inner {
    fn convert(&mut self, out: &mut Vec<i16>) {
        let done = match (
            InterleavedSlice::new(&self.pending, 1, self.block_in),
            InterleavedSlice::new_mut(&mut self.converted, 1, self.block_out),
        ) {
            (Ok(input), Ok(mut output)) => self
                .fft
                .process_into_buffer(&input, &mut output, None)
                .is_ok(),
            _ => false,
        };
        self.pending.clear();
        if !done {
            // Only wrong buffer sizes can bring us here; silence keeps the clock right.
            self.converted.fill(0.0);
        }
        let skipped = self.skip.min(self.block_out);
        self.skip -= skipped;
        out.extend(
            self.converted[skipped..]
                .iter()
                .map(|&x| (x * 32768.0).round().clamp(-32768.0, 32767.0) as i16),
        );
    }
}

/// Converts a whole clip: same duration, no delay.
///
/// # Errors
/// A rate that is out of range.
pub fn convert(samples: &[i16], from_hz: u32, to_hz: u32) -> Result<Vec<i16>, ResampleError> {
    let mut resampler = Resampler::new(from_hz, to_hz)?;
    let mut out =
        Vec::with_capacity(samples.len() * to_hz as usize / from_hz.max(1) as usize + 1024);
    resampler.push(samples, &mut out);
    resampler.finish(&mut out);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(rate_hz: u32, freq: f64, samples: usize) -> Vec<i16> {
        (0..samples)
            .map(|n| {
                let phase = n as f64 * freq * std::f64::consts::TAU / f64::from(rate_hz);
                (phase.sin() * 12_000.0) as i16
            })
            .collect()
    }

    /// Relative error energy between a converted tone and the tone made at the target rate.
    fn error_db(got: &[i16], want: &[i16]) -> f64 {
        let edge = got.len() / 10;
        let (mut error, mut total) = (0.0, 0.0);
        for (g, w) in got.iter().zip(want).skip(edge).take(got.len() - 2 * edge) {
            error += f64::from(g - w).powi(2);
            total += f64::from(*w).powi(2);
        }
        10.0 * (error / total).log10()
    }

    #[test]
    fn a_tone_keeps_pitch_phase_and_length_between_all_rates() {
        for from_hz in [8_000, 16_000, 22_050, 24_000, 44_100, 48_000] {
            for to_hz in [8_000, 16_000, 22_050, 24_000, 44_100, 48_000] {
                let input = tone(from_hz, 440.0, from_hz as usize / 2);
                let got = convert(&input, from_hz, to_hz).unwrap();
                let length = to_hz as usize / 2;
                assert!(
                    got.len().abs_diff(length) <= 1,
                    "{from_hz} to {to_hz}: {}",
                    got.len()
                );
                let error = error_db(&got, &tone(to_hz, 440.0, got.len()));
                // The filter's delay may end on half a sample, which is 0.06 rad of this tone at 22.05 kHz.
                assert!(error < -20.0, "{from_hz} to {to_hz}: {error} dB");
            }
        }
    }

    #[test]
    fn pieces_give_the_same_as_the_whole() {
        let input = tone(22_050, 700.0, 9_000);
        let whole = convert(&input, 22_050, 16_000).unwrap();
        let mut resampler = Resampler::new(22_050, 16_000).unwrap();
        let mut out = Vec::new();
        for piece in input.chunks(97) {
            resampler.push(piece, &mut out);
        }
        resampler.finish(&mut out);
        assert_eq!(out, whole);
    }

    #[test]
    fn a_live_stream_gives_each_frame_at_once_and_5_ms_late() {
        for (from_hz, to_hz) in [
            (8_000, 16_000),
            (16_000, 8_000),
            (48_000, 16_000),
            (16_000, 48_000),
        ] {
            let mut resampler = Resampler::live(from_hz, to_hz).unwrap();
            let input = tone(from_hz, 440.0, from_hz as usize / 2);
            let mut out = Vec::new();
            for (number, frame) in input.chunks(from_hz as usize / 50).enumerate() {
                resampler.push(frame, &mut out);
                assert_eq!(out.len(), (number + 1) * to_hz as usize / 50);
            }
            let delay = to_hz as usize / 200;
            let error = error_db(&out[delay..], &tone(to_hz, 440.0, out.len() - delay));
            assert!(error < -30.0, "{from_hz} to {to_hz}: {error} dB");
        }
    }

    #[test]
    fn tones_above_the_new_band_do_not_fold_back() {
        let got = convert(&tone(48_000, 11_000.0, 48_000), 48_000, 16_000).unwrap();
        assert!(crate::level::dbfs(&got[2_000..12_000]) < -50.0);
    }

    #[test]
    fn absurd_rates_are_refused() {
        assert!(Resampler::new(0, 16_000).is_err());
        assert!(Resampler::new(16_000, u32::MAX).is_err());
    }
}
