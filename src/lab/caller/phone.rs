//! What a telephone line leaves of a voice.
//!
//! In and out: 16 kHz. Memory: the sound. Source: the band of ITU-T G.712 (300 to 3,400 Hz) and the companding curve of
//! G.711 (mu = 255), in its continuous form with 8 bits.

use std::f32::consts::TAU;

use patter_audio::SAMPLE_RATE_HZ;
use patter_audio::resample::{ResampleError, convert};

const PHONE_RATE_HZ: u32 = 8_000;
const LOW_HZ: f32 = 300.0;
const HIGH_HZ: f32 = 3_400.0;
const MU: f32 = 255.0;

/// `sound` as it comes from a telephone.
///
/// # Errors
/// The resampler failed.
pub fn telephone(sound: &[i16]) -> Result<Vec<i16>, ResampleError> {
    let mut narrow = convert(sound, SAMPLE_RATE_HZ, PHONE_RATE_HZ)?;
    let rate = PHONE_RATE_HZ as f32;
    // Each pole 6 dB an octave; a telephone's edges are about as steep as two.
    for _ in 0..2 {
        high_pass(&mut narrow, 1.0 / (1.0 + TAU * LOW_HZ / rate));
        low_pass(&mut narrow, 1.0 - (-TAU * HIGH_HZ / rate).exp());
    }
    for sample in &mut narrow {
        *sample = companded(*sample);
    }
    convert(&narrow, PHONE_RATE_HZ, SAMPLE_RATE_HZ)
}

fn high_pass(sound: &mut [i16], keep: f32) {
    let (mut before, mut out) = (0.0, 0.0);
    for sample in sound {
        let now = f32::from(*sample);
        out = keep * (out + now - before);
        before = now;
        *sample = out as i16;
    }
}

fn low_pass(sound: &mut [i16], take: f32) {
    let mut out = 0.0;
    for sample in sound {
        out += take * (f32::from(*sample) - out);
        *sample = out as i16;
    }
}

/// Through mu-law and back.
fn companded(sample: i16) -> i16 {
    let level = f32::from(sample) / 32_768.0;
    let code = (level.signum() * (MU * level.abs()).ln_1p() / MU.ln_1p() * 127.0).round() / 127.0;
    let level = code.signum() * ((code.abs() * MU.ln_1p()).exp_m1() / MU);
    (level * 32_767.0) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use patter_audio::level::dbfs;

    fn tone(hz: f32) -> Vec<i16> {
        let at = |n: usize| (n as f32 / SAMPLE_RATE_HZ as f32 * hz * TAU).sin() * 8_000.0;
        (0..16_000).map(|n| at(n) as i16).collect()
    }

    fn loss_db(hz: f32) -> f32 {
        let sound = tone(hz);
        let phone = telephone(&sound).unwrap();
        assert!(phone.len().abs_diff(sound.len()) < 400, "{}", phone.len());
        dbfs(&sound) - dbfs(&phone)
    }

    #[test]
    fn the_band_of_speech_passes_and_the_rest_does_not() {
        assert!(loss_db(1_000.0) < 3.0, "{}", loss_db(1_000.0));
        assert!(loss_db(60.0) > 20.0, "{}", loss_db(60.0));
        assert!(loss_db(6_000.0) > 30.0, "{}", loss_db(6_000.0));
    }

    #[test]
    fn mu_law_is_finer_where_it_is_quiet() {
        let error = |sample: i16| (f32::from(companded(sample)) - f32::from(sample)).abs();
        let worst = |from: i16, to: i16| (from..to).map(error).fold(0.0f32, f32::max);
        assert!(worst(1, 300) < 12.0, "{}", worst(1, 300));
        let loud = worst(20_000, 32_000);
        assert!((200.0..1_000.0).contains(&loud), "{loud}");
        assert!(companded(i16::MIN) < -32_000 && companded(0) == 0);
    }
}
