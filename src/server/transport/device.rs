//! Microphone and speaker through cpal: the only real-time callbacks in the program.
//!
//! ```text
//! mic callback ─ ring (device rate) ─┐               ┌─ resampler ─ echo canceller ─ frames ─► line
//!                                    ├─ device-pump ─┤                   ▲
//! speaker callback ◄─ ring (≤ 60 ms) ┘               └─ resampler ◄──────┴───── frames ─ playback
//! ```
//! Thread: cpal's two callback threads run [`capture_into_ring`] and [`play_from_ring`]; `device-pump` does the rest
//! each 5 ms. In: microphone samples at the device's rate, format and channels; [`Frame`]s from playback. Out:
//! [`Frame`]s into the line; samples at the device's rate, the same on every channel of the speaker. Memory: rings and
//! buffers are made in [`open`]; the callbacks never allocate, free, lock, log, block or wake. When late or full: a
//! full ring drops the newest and counts it; an empty speaker ring plays silence and counts it.
//!   A lost device closes the line; [`DeviceCall::wait`] says which.
//! Source: cpal 0.18 `examples/feedback.rs`; the callback contract is style.md's "Real time".

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64};
use std::thread::JoinHandle;
use std::time::Duration;

use cpal::traits::StreamTrait;
use cpal::{ErrorKind, FromSample, Sample, SizedSample, Stream};
use ringbuf::traits::{Consumer, Observer, Producer};
use ringbuf::{HeapCons, HeapProd};

use patter_audio::resample::Resampler;
use patter_audio::{FRAME_MS, FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ};
use patter_call::line::{Line, LineEnds};
use patter_machine::priority;
use patter_machine::priority::Class;
use patter_turn::conversation::Closed;

pub mod echo;
mod endpoint;
mod error;

pub use endpoint::{DEFAULT_NAME, DeviceInfo, list};
pub use error::{DeviceError, Direction, Named};

use echo::EchoCanceller;
use echo::gate::Duplex;
use endpoint::Endpoint;

/// What the microphone ring holds: how long the pump may stall before sound is lost.
pub const MIC_RING_MS: u32 = 500;
/// What the speaker ring can hold; it is kept filled only to [`SPEAKER_LEAD_MS`].
pub const SPEAKER_RING_MS: u32 = 500;
/// How far the pump runs ahead of the speaker: long enough for a late poll, short enough to fall silent at once.
/// A device that insists on longer callbacks gets two of them and a frame.
pub const SPEAKER_LEAD_MS: u32 = 60;
/// How often the pump looks at both rings.
const POLL_MS: u32 = 5;
const POLL: Duration = Duration::from_millis(POLL_MS as u64);
/// Stream errors that end a call, in the order of their codes in [`Counters::faults`]. The last stands for all others.
const FAULTS: [ErrorKind; 6] = [
    ErrorKind::DeviceNotAvailable,
    ErrorKind::StreamInvalidated,
    ErrorKind::HostUnavailable,
    ErrorKind::PermissionDenied,
    ErrorKind::BackendError,
    ErrorKind::Other,
];

/// Mixes what the microphone gave to mono and puts it into the ring; what does not fit is dropped and counted in
/// samples.
///
/// Real-time: runs in the input callback. `data` is interleaved, whole frames of `channels` samples.
pub fn capture_into_ring<T>(
    data: &[T],
    channels: usize,
    ring: &mut HeapProd<i16>,
    dropped: &AtomicU64,
) where
    T: SizedSample,
    i16: FromSample<T>,
{
    let frames = data.chunks_exact(channels.max(1));
    let wanted = frames.len();
    let kept = ring.push_iter(frames.map(|frame| {
        let sum: i32 = frame
            .iter()
            .map(|&sample| i32::from(i16::from_sample(sample)))
            .sum();
        (sum / frame.len() as i32) as i16
    }));
    dropped.fetch_add((wanted - kept) as u64, Relaxed);
}

/// Plays mono samples from the ring on every channel, then silence; a call that found too few adds one to `underruns`.
///
/// Real-time: runs in the output callback. `data` is interleaved, whole frames of `channels` samples.
pub fn play_from_ring<T>(
    data: &mut [T],
    channels: usize,
    ring: &mut HeapCons<i16>,
    underruns: &AtomicU64,
) where
    T: SizedSample + FromSample<i16>,
{
    let mut short = false;
    for frame in data.chunks_mut(channels.max(1)) {
        let sample = ring.try_pop();
        short |= sample.is_none();
        frame.fill(sample.map_or(T::EQUILIBRIUM, T::from_sample));
    }
    underruns.fetch_add(u64::from(short), Relaxed);
}

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

/// What callbacks tell the pump, and the pump the call's owner.
#[derive(Default)]
struct Counters {
    mic_dropped: AtomicU64,
    underruns: AtomicU64,
    glitches: AtomicU64,
    echo_muted: AtomicU64,
    half_duplex: AtomicBool,
    /// Per direction: 0, or 1 + the place in [`FAULTS`] of the error that ended the stream.
    faults: [AtomicU8; 2],
}

impl Counters {
    fn note(&self, direction: Direction, kind: ErrorKind) {
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

    fn fault(&self) -> Option<(Direction, ErrorKind)> {
        [Direction::Microphone, Direction::Speaker]
            .into_iter()
            .find_map(|direction| {
                let code = self.faults[direction as usize].load(Relaxed);
                let kind = FAULTS.get(usize::from(code).checked_sub(1)?)?;
                Some((direction, *kind))
            })
    }

    /// Takes over what the canceller has to report; tells the operator once that only one side can speak at a time.
    fn note_echo(&self, echo: &EchoCanceller) {
        self.echo_muted.store(echo.muted_frames(), Relaxed);
        if echo.duplex() == Duplex::Half && !self.half_duplex.swap(true, Relaxed) {
            patter_machine::log::warn(
                "the echo of the speaker cannot be cancelled here: the caller is not heard while the agent speaks; use a headset or turn the volume down",
            );
        }
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

/// Samples of one channel in `ms` milliseconds; never none, so that a ring can be made.
fn samples(ms: u32, rate_hz: u32) -> usize {
    (u64::from(ms) * u64::from(rate_hz) / 1000).max(1) as usize
}

/// The pump's half of the microphone.
struct Microphone {
    ring: HeapCons<i16>,
    resampler: Resampler,
    chunk: Vec<i16>,
    converted: Vec<i16>,
}

impl Microphone {
    fn new(ring: HeapCons<i16>, resampler: Resampler) -> Self {
        Self {
            chunk: vec![0; ring.capacity().get()],
            converted: Vec::with_capacity(samples(2 * MIC_RING_MS, SAMPLE_RATE_HZ)),
            ring,
            resampler,
        }
    }

    /// Passes on every whole frame that has arrived.
    fn drain(&mut self, mut on_frame: impl FnMut(Frame)) {
        let heard = self.ring.pop_slice(&mut self.chunk);
        self.resampler
            .push(&self.chunk[..heard], &mut self.converted);
        let (frames, rest) = self.converted.as_chunks::<FRAME_SAMPLES>();
        let used = self.converted.len() - rest.len();
        frames.iter().for_each(|frame| on_frame(*frame));
        self.converted.drain(..used);
    }
}

/// The pump's half of the speaker.
struct Speaker {
    ring: HeapProd<i16>,
    resampler: Resampler,
    converted: Vec<i16>,
    /// A frame at the device's rate.
    frame: usize,
    /// The most the ring should hold.
    lead: usize,
}

impl Speaker {
    fn new(ring: HeapProd<i16>, resampler: Resampler, rate_hz: u32, callback: usize) -> Self {
        let frame = samples(FRAME_MS, rate_hz);
        let lead = samples(SPEAKER_LEAD_MS, rate_hz).max(2 * callback + frame);
        Self {
            frame,
            // The resampler gives whole blocks, which may be longer than a frame.
            lead: lead.min(ring.capacity().get().saturating_sub(2 * frame)),
            converted: Vec::with_capacity(8 * frame),
            ring,
            resampler,
        }
    }

    /// Takes frames until another one would exceed the lead.
    fn fill(&mut self, mut next_frame: impl FnMut() -> Frame) {
        for _ in 0..SPEAKER_RING_MS / FRAME_MS {
            if self.ring.occupied_len() + self.frame > self.lead {
                return;
            }
            self.converted.clear();
            self.resampler.push(&next_frame(), &mut self.converted);
            self.ring.push_slice(&self.converted);
        }
    }
}

/// Closes the line however its owner ends: an early error, a panic, a system without threads.
struct CloseLine(Arc<Line>);

impl Drop for CloseLine {
    fn drop(&mut self) {
        self.0.close(Closed::Error);
    }
}

/// A call through microphone and speaker. Dropping it hangs up.
pub struct DeviceCall {
    line: Arc<Line>,
    counters: Arc<Counters>,
    pump: Option<JoinHandle<Result<DeviceReport, DeviceError>>>,
    _streams: [Stream; 2],
}

impl DeviceCall {
    /// Hangs up: closes the line, after which [`DeviceCall::wait`] returns.
    pub fn stop(&self) {
        self.line.close(Closed::Caller);
    }

    /// What went wrong so far.
    pub fn report(&self) -> DeviceReport {
        self.counters.report()
    }

    /// Waits until the line is closed, by either side, and what was given to the speaker has been played.
    ///
    /// # Errors
    /// A device was lost during the call.
    pub fn wait(mut self) -> Result<DeviceReport, DeviceError> {
        match self.pump.take() {
            Some(pump) => pump.join().unwrap_or(Err(DeviceError::Panicked)),
            None => Ok(self.report()),
        }
    }
}

impl Drop for DeviceCall {
    fn drop(&mut self) {
        self.line.close(Closed::Caller);
        if let Some(pump) = self.pump.take() {
            // Its outcome is for `wait`; here it only has to be gone before the streams are.
            let _ = pump.join();
        }
    }
}

/// Which devices, and how they are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceOptions<'a> {
    /// Microphone: an id or a name; `None` and `"default"` mean the system's choice.
    pub input: Option<&'a str>,
    /// Speaker, likewise.
    pub output: Option<&'a str>,
    /// Take the agent's own voice out of what the microphone hears.
    pub echo_cancel: bool,
}

/// Opens both devices and starts the call.
///
/// # Errors
/// A device is missing, unknown, busy or of no use to us; the line is closed then.
pub fn open(options: DeviceOptions<'_>, mut ends: LineEnds) -> Result<DeviceCall, DeviceError> {
    let line = Arc::clone(&ends.line);
    let guard = CloseLine(Arc::clone(&line));
    let host = endpoint::host()?;
    let source = Endpoint::find(&host, Direction::Microphone, options.input)?;
    let sink = Endpoint::find(&host, Direction::Speaker, options.output)?;
    let (source_hz, sink_hz) = (source.rate_hz(), sink.rate_hz());
    let hear = source.resampler(source_hz, SAMPLE_RATE_HZ)?;
    let speak = sink.resampler(SAMPLE_RATE_HZ, sink_hz)?;

    let counters = Arc::new(Counters::default());
    let (mic_stream, mic_ring) = source.open_input(&counters)?;
    let (speaker_stream, speaker_ring) = sink.open_output(&counters)?;
    let callback = speaker_stream.buffer_size().unwrap_or(0) as usize;
    let mut microphone = Microphone::new(mic_ring, hear);
    let mut speaker = Speaker::new(speaker_ring, speak, sink_hz, callback);
    // Silence, so that the first callbacks find something and playback's clock starts with the pump.
    speaker.fill(|| [0; FRAME_SAMPLES]);
    sink.play(&speaker_stream)?;
    source.play(&mic_stream)?;

    let shared = Arc::clone(&counters);
    let names = [source.named, sink.named];
    let echo_cancel = options.echo_cancel;
    let run = move || {
        priority::enter(Class::Sound);
        let line = &guard.0;
        // Made here, for it cannot move between threads. The speaker's ring is the part of the way that is known;
        // devices' buffers come on top.
        let mut echo = echo_cancel.then(|| EchoCanceller::new(SPEAKER_LEAD_MS));
        while !line.is_closed() {
            if let Some((direction, kind)) = shared.fault() {
                return Err(DeviceError::Lost(names[direction as usize].clone(), kind));
            }
            microphone.drain(|frame| {
                let frame = echo.as_mut().map_or(frame, |echo| echo.capture(&frame));
                if ends.incoming.try_push(frame).is_err() {
                    line.count_dropped();
                }
            });
            speaker.fill(|| {
                let frame = ends.playback.next_frame();
                if let Some(echo) = &mut echo {
                    echo.render(&frame);
                }
                frame
            });
            if let Some(echo) = &echo {
                shared.note_echo(echo);
            }
            std::thread::sleep(POLL);
        }
        let report = shared.report();
        // The last word is in the ring still; a device that stopped asking must not hold us.
        for _ in 0..SPEAKER_RING_MS / POLL_MS {
            if speaker.ring.is_empty() || shared.fault().is_some() {
                break;
            }
            std::thread::sleep(POLL);
        }
        Ok(report)
    };
    let pump = std::thread::Builder::new()
        .name("device-pump".into())
        .spawn(run)
        .map_err(DeviceError::Thread)?;
    Ok(DeviceCall {
        line,
        counters,
        pump: Some(pump),
        _streams: [mic_stream, speaker_stream],
    })
}

#[cfg(test)]
mod tests {
    use ringbuf::HeapRb;
    use ringbuf::traits::Split;

    use super::*;

    #[test]
    fn partial_underrun_zero_pads_tail() {
        let (mut writer, mut ring) = HeapRb::new(8).split();
        writer.push_slice(&[100, 200]);
        let underruns = AtomicU64::new(0);
        let mut data = [7_i16; 4];
        play_from_ring(&mut data, 1, &mut ring, &underruns);
        assert_eq!(data, [100, 200, 0, 0]);
        // Silence is the middle of an unsigned format, not its zero.
        let mut unsigned = [7_u16; 2];
        play_from_ring(&mut unsigned, 1, &mut ring, &underruns);
        assert_eq!(unsigned, [32_768; 2]);
        assert_eq!(underruns.into_inner(), 2);
    }

    #[test]
    fn full_ring_drops_newest_and_counts() {
        let (mut ring, mut reader) = HeapRb::new(3).split();
        let dropped = AtomicU64::new(0);
        capture_into_ring(&[1_i16, 2, 3, 4, 5], 1, &mut ring, &dropped);
        assert_eq!(reader.pop_iter().collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(dropped.into_inner(), 2);
    }

    #[test]
    fn stereo_is_mixed_to_mono() {
        let (mut ring, mut reader) = HeapRb::new(8).split();
        let dropped = AtomicU64::new(0);
        capture_into_ring(&[0.5_f32, -0.25, 2.0, 2.0], 2, &mut ring, &dropped);
        capture_into_ring(&[i16::MIN, i16::MIN], 2, &mut ring, &dropped);
        let heard: Vec<_> = reader.pop_iter().collect();
        assert_eq!(heard, [4_096, i16::MAX, i16::MIN]);
    }

    #[test]
    fn mono_is_copied_to_every_channel() {
        let (mut writer, mut ring) = HeapRb::new(8).split();
        writer.push_slice(&[16_384, -16_384]);
        let underruns = AtomicU64::new(0);
        let mut data = [9.0_f32; 6];
        play_from_ring(&mut data, 3, &mut ring, &underruns);
        assert_eq!(data, [0.5, 0.5, 0.5, -0.5, -0.5, -0.5]);
        assert_eq!(underruns.into_inner(), 0);
    }

    #[test]
    fn microphone_at_the_device_rate_becomes_whole_frames() {
        let (mut writer, ring) = HeapRb::new(samples(MIC_RING_MS, 48_000)).split();
        let resampler = Resampler::new(48_000, SAMPLE_RATE_HZ).unwrap();
        let mut microphone = Microphone::new(ring, resampler);
        let mut frames = 0;
        for _ in 0..100 {
            writer.push_slice(&[1_000; 480]);
            microphone.drain(|_| frames += 1);
        }
        assert!((48..=50).contains(&frames), "{frames} frames in 1 s");
    }

    #[test]
    fn the_speaker_never_runs_further_ahead_than_its_lead() {
        for rate_hz in [16_000, 44_100, 48_000] {
            let (writer, mut ring) = HeapRb::new(samples(SPEAKER_RING_MS, rate_hz)).split();
            let resampler = Resampler::new(SAMPLE_RATE_HZ, rate_hz).unwrap();
            let mut speaker = Speaker::new(writer, resampler, rate_hz, 0);
            let lead = samples(SPEAKER_LEAD_MS, rate_hz);
            let mut frames = 0;
            for _ in 0..100 {
                speaker.fill(|| {
                    frames += 1;
                    [1_000; FRAME_SAMPLES]
                });
                assert!(ring.occupied_len() <= lead);
                assert_eq!(ring.skip(rate_hz as usize / 100), rate_hz as usize / 100);
            }
            assert!((50..=55).contains(&frames), "{frames} frames in 1 s");
        }
    }

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
