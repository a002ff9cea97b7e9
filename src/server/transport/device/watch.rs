//! How a call through devices goes: what callbacks and pump tell, and whoever watches reads.
//!
//! Thread: the callbacks and the pump write, any other reads. Memory: some counters. Nothing here blocks, but for the
//! error that ends a call, which only the pump tells, at its end.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError};

use cpal::ErrorKind;

use super::echo::EchoCanceller;
use super::echo::gate::Duplex;
use super::error::{DeviceError, Direction};
use patter_audio::Frame;
use patter_audio::level::dbfs;

/// Stream errors that end a call, in the order of their codes in [`Counters::faults`]. The last stands for all others.
const FAULTS: [ErrorKind; 6] = [
    ErrorKind::DeviceNotAvailable,
    ErrorKind::StreamInvalidated,
    ErrorKind::HostUnavailable,
    ErrorKind::PermissionDenied,
    ErrorKind::BackendError,
    ErrorKind::Other,
];

/// What went wrong so far in a call through devices; all zero when all is well, but for what the echo canceller mutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeviceReport {
    /// Microphone samples lost because the pump was late, at the device's rate.
    pub mic_dropped: u64,
    /// Speaker callbacks that found too little to play.
    pub speaker_underruns: u64,
    /// Buffer overruns, underruns and reroutings that the system reported and got over.
    pub glitches: u64,
    /// Microphone frames of 20 ms muted because they were, or might have been, the agent's own echo.
    pub echo_muted: u64,
    /// The echo could not be cancelled at some time of the call, and the caller was not heard while the agent spoke.
    pub half_duplex: bool,
}

/// The level of the last frame of one side.
pub(super) struct Level(AtomicU32);

impl Default for Level {
    fn default() -> Self {
        Self(AtomicU32::new(f32::NEG_INFINITY.to_bits()))
    }
}

impl Level {
    pub(super) fn set(&self, frame: &Frame) {
        self.0.store(dbfs(frame).to_bits(), Relaxed);
    }

    fn dbfs(&self) -> f32 {
        f32::from_bits(self.0.load(Relaxed))
    }
}

/// What callbacks tell the pump, and the pump the call's owner.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) mic_dropped: AtomicU64,
    pub(super) underruns: AtomicU64,
    pub(super) heard: Level,
    pub(super) spoken: Level,
    glitches: AtomicU64,
    echo_muted: AtomicU64,
    half_duplex: AtomicBool,
    /// Per direction: 0, or 1 + the place in [`FAULTS`] of the error that ended the stream.
    faults: [AtomicU8; 2],
    /// What ended the call, when it was not one of its sides.
    failed: Mutex<Option<DeviceError>>,
}

impl Counters {
    pub(super) fn note(&self, direction: Direction, kind: ErrorKind) {
        use ErrorKind::{DeviceChanged, RealtimeDenied, Xrun};
        if kind == RealtimeDenied {
            // The callback runs all the same; `patter doctor` says what is granted.
        } else if matches!(kind, Xrun | DeviceChanged) {
            self.glitches.fetch_add(1, Relaxed);
        } else {
            let place = FAULTS.iter().position(|fault| *fault == kind);
            let code = place.map_or(FAULTS.len(), |place| place + 1);
            self.faults[direction as usize].store(code as u8, Relaxed);
        }
    }

    pub(super) fn fault(&self) -> Option<(Direction, ErrorKind)> {
        [Direction::Microphone, Direction::Speaker]
            .into_iter()
            .find_map(|direction| {
                let code = self.faults[direction as usize].load(Relaxed);
                let kind = FAULTS.get(usize::from(code).checked_sub(1)?)?;
                Some((direction, *kind))
            })
    }

    /// Takes over what the canceller has to report; tells the operator once that only one side can speak at a time.
    pub(super) fn note_echo(&self, echo: &EchoCanceller) {
        self.echo_muted.store(echo.muted_frames(), Relaxed);
        if echo.duplex() == Duplex::Half && !self.half_duplex.swap(true, Relaxed) {
            patter_machine::log::warn(
                "the echo of the speaker cannot be cancelled here: the caller is not heard while the agent speaks; \
                 use a headset or turn the volume down",
            );
        }
    }

    /// The call begins: what was lost before is not missed.
    pub(super) fn begin(&self) {
        self.mic_dropped.store(0, Relaxed);
        self.underruns.store(0, Relaxed);
    }

    /// The pump has ended, by an error of a device or without.
    pub(super) fn over(&self, error: Option<DeviceError>) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    fn report(&self) -> DeviceReport {
        DeviceReport {
            mic_dropped: self.mic_dropped.load(Relaxed),
            speaker_underruns: self.underruns.load(Relaxed),
            glitches: self.glitches.load(Relaxed),
            echo_muted: self.echo_muted.load(Relaxed),
            half_duplex: self.half_duplex.load(Relaxed),
        }
    }
}

/// Whoever holds it can see how a call through devices goes.
#[derive(Clone)]
pub struct DeviceWatch(Arc<Counters>);

impl DeviceWatch {
    pub(super) fn new(counters: &Arc<Counters>) -> Self {
        Self(Arc::clone(counters))
    }

    /// How loud the microphone is now, in dBFS, before the echo is taken out.
    pub fn heard_dbfs(&self) -> f32 {
        self.0.heard.dbfs()
    }

    /// How loud the agent is now, in dBFS.
    pub fn spoken_dbfs(&self) -> f32 {
        self.0.spoken.dbfs()
    }

    /// What went wrong so far.
    ///
    /// # Errors
    /// A device did not start, or was lost, which has ended the call.
    pub fn outcome(&self) -> Result<DeviceReport, DeviceError> {
        let failed = self
            .0
            .failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        failed.map_or_else(|| Ok(self.0.report()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_device_is_a_fault_and_an_overrun_is_not() {
        let counters = Counters::default();
        counters.note(Direction::Microphone, ErrorKind::Xrun);
        assert_eq!((counters.report().glitches, counters.fault()), (1, None));
        for kind in FAULTS {
            counters.note(Direction::Speaker, kind);
            assert_eq!(counters.fault(), Some((Direction::Speaker, kind)));
        }
        counters.note(Direction::Speaker, ErrorKind::DeviceBusy);
        assert_eq!(
            counters.fault(),
            Some((Direction::Speaker, ErrorKind::Other))
        );
    }
}
