//! How loud a piece of sound is.
//!
//! In: samples. Out: decibels.

/// The level that stands for digital silence, in dBFS.
pub const FLOOR_DBFS: f32 = -96.0;

/// Root mean square level in dB below full scale; [`FLOOR_DBFS`] for digital silence or no samples.
pub fn dbfs(samples: &[i16]) -> f32 {
    if samples.is_empty() {
        return FLOOR_DBFS;
    }
    let energy: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    let rms = (energy / samples.len() as f64).sqrt() / 32768.0;
    if rms <= 0.0 {
        return FLOOR_DBFS;
    }
    (20.0 * rms.log10()).max(f64::from(FLOOR_DBFS)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_scale_is_zero_and_silence_is_the_floor() {
        assert!(dbfs(&[i16::MIN; 100]).abs() < 0.01);
        assert_eq!(dbfs(&[0; 100]), FLOOR_DBFS);
        assert_eq!(dbfs(&[]), FLOOR_DBFS);
        assert!((dbfs(&[3277; 100]) + 20.0).abs() < 0.01);
    }
}
