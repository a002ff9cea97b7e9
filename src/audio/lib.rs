//! What sound is, inside Patter: frames of 20 ms, 16 kHz, mono, 16 bits. No devices, no threads.
//!
//! Every edge (socket, device, file, voice) converts to and from this once; see [`resample`], [`wav`], [`flac`] and
//! [`save`].

mod decode;
pub mod flac;
pub mod level;
mod mix;
mod opus;
pub mod recording;
pub mod resample;
mod riff;
pub mod save;
mod source;
pub mod vad;
pub mod wav;

/// The rate of all sound inside Patter, in Hz: what Whisper takes, and wide-band telephony.
pub const SAMPLE_RATE_HZ: u32 = 16_000;

/// The length of a frame, in milliseconds. AudioSocket and webrtc-vad both use 20 ms.
pub const FRAME_MS: u32 = 20;

/// Samples in a frame.
pub const FRAME_SAMPLES: usize = (SAMPLE_RATE_HZ / 1000 * FRAME_MS) as usize;

/// 20 ms of sound at 16 kHz, mono, passed by value so that rings of frames never allocate.
pub type Frame = [i16; FRAME_SAMPLES];

/// A frame of nothing.
pub const SILENCE: Frame = [0; FRAME_SAMPLES];

/// Milliseconds that `samples` last at 16 kHz.
pub fn samples_to_ms(samples: usize) -> u64 {
    samples as u64 * 1000 / u64::from(SAMPLE_RATE_HZ)
}

/// Samples in `ms` milliseconds at 16 kHz.
pub fn ms_to_samples(ms: u32) -> usize {
    ms as usize * SAMPLE_RATE_HZ as usize / 1000
}

/// Whole frames in `ms` milliseconds, rounded up.
pub fn ms_to_frames(ms: u32) -> u32 {
    ms.div_ceil(FRAME_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_20_ms() {
        assert_eq!(FRAME_SAMPLES, 320);
        assert_eq!(samples_to_ms(FRAME_SAMPLES), 20);
        assert_eq!(ms_to_frames(21), 2);
        assert_eq!(ms_to_samples(1000), 16_000);
    }
}
