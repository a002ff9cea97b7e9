//! Microphone and speaker through cpal: the only real-time callbacks in the program.
//!
//! ```text
//! mic callback ─ ring (device rate) ─┐               ┌─ resampler ─ echo canceller ─ frames ─► line
//!                                    ├── the call's ─┤                   ▲
//! speaker callback ◄─ ring (≤ 60 ms) ┘               └─ resampler ◄──────┴───── frames ─ playback
//! ```
//! Thread: cpal's two callback threads run [`capture_into_ring`] and [`play_from_ring`]; the thread that carries the
//! call does the rest each 5 ms. In: microphone samples at the device's rate, format and channels; [`Frame`]s from
//! playback. Out: [`Frame`]s into the line; samples at the device's rate, the same on every channel of the speaker.
//! Memory: rings and buffers are made in [`open`]; the callbacks never allocate, free, lock, log, block or wake. When
//! late or full: a full ring drops the newest and counts it; an empty speaker ring plays silence and counts it. A lost
//! device closes the line; [`DeviceWatch::outcome`] says which. Source: cpal 0.18 `examples/feedback.rs`; the callback
//! contract is style.md's "Real time".

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::time::Duration;

use cpal::traits::StreamTrait;
use cpal::{FromSample, Sample, SizedSample, Stream};
use ringbuf::traits::{Consumer, Observer, Producer};
use ringbuf::{HeapCons, HeapProd};

use patter_audio::resample::Resampler;
use patter_audio::{FRAME_MS, FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ, SILENCE};
use patter_call::line::LineEnds;
use patter_machine::priority;
use patter_machine::priority::Class;
use patter_turn::conversation::Closed;

pub mod echo;
mod endpoint;
mod error;
mod watch;

use crate::session::{Surroundings, Transport};
pub use endpoint::{DEFAULT_NAME, DeviceInfo, list};
pub use error::{DeviceError, Direction, Named};
pub use watch::{DeviceReport, DeviceWatch};

use echo::EchoCanceller;
use endpoint::Endpoint;
use watch::Counters;

/// What the microphone ring holds: how long the pump may stall before sound is lost.
pub const MIC_RING_MS: u32 = 500;
/// What the speaker ring can hold; it is kept filled only to [`SPEAKER_LEAD_MS`].
pub const SPEAKER_RING_MS: u32 = 500;
/// How far the pump runs ahead of the speaker: long enough for a late poll, short enough to fall silent at once.
/// A device that insists on longer callbacks gets two of them and a frame.
pub const SPEAKER_LEAD_MS: u32 = 60;
/// How long both devices run before the call begins.
const SETTLE_MS: u32 = 200;
/// How often the pump looks at both rings.
const POLL_MS: u32 = 5;
const POLL: Duration = Duration::from_millis(POLL_MS as u64);

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

/// Microphone and speaker, opened for a call to come.
pub struct Devices {
    source: Endpoint,
    sink: Endpoint,
    mic_stream: Stream,
    speaker_stream: Stream,
    microphone: Microphone,
    speaker: Speaker,
    echo_cancel: bool,
    counters: Arc<Counters>,
}

/// Opens both devices.
///
/// # Errors
/// A device is missing, unknown, busy or of no use to us.
pub fn open(options: DeviceOptions<'_>) -> Result<Devices, DeviceError> {
    patter_machine::quiet::without_stderr(|| open_aloud(options))
}

fn open_aloud(options: DeviceOptions<'_>) -> Result<Devices, DeviceError> {
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
    Ok(Devices {
        source,
        sink,
        mic_stream,
        speaker_stream,
        microphone: Microphone::new(mic_ring, hear),
        speaker: Speaker::new(speaker_ring, speak, sink_hz, callback),
        echo_cancel: options.echo_cancel,
        counters,
    })
}

impl Devices {
    /// What they are called: microphone and speaker.
    pub fn names(&self) -> [&str; 2] {
        [&self.source.named.1, &self.sink.named.1]
    }

    /// How the call through them goes, while it runs and after it.
    pub fn watch(&self) -> DeviceWatch {
        DeviceWatch::new(&self.counters)
    }

    /// Starts both, and leaves out what the microphone heard before: some systems let a stream run as soon as it is
    /// open, and hand over all of it at once.
    fn begin(&mut self) -> Result<(), DeviceError> {
        // Silence, so that the first callbacks find something and playback's clock starts with the pump.
        self.speaker.fill(|| SILENCE);
        self.sink.play(&self.speaker_stream)?;
        self.source.play(&self.mic_stream)?;
        for _ in 0..SETTLE_MS / POLL_MS {
            self.microphone.ring.clear();
            self.speaker.fill(|| SILENCE);
            std::thread::sleep(POLL);
        }
        self.counters.begin();
        Ok(())
    }

    /// Carries sound until the line is closed.
    fn pump(
        &mut self,
        ends: &mut LineEnds,
        around: &mut Surroundings<'_>,
    ) -> Result<(), DeviceError> {
        self.begin()?;
        let (microphone, speaker) = (&mut self.microphone, &mut self.speaker);
        let counters = &self.counters;
        // The speaker's ring is the part of the way that is known; devices' buffers come on top.
        let mut echo = self
            .echo_cancel
            .then(|| EchoCanceller::new(SPEAKER_LEAD_MS));
        while !ends.line.is_closed() {
            if let Some((direction, kind)) = counters.fault() {
                let named = match direction {
                    Direction::Microphone => &self.source.named,
                    Direction::Speaker => &self.sink.named,
                };
                return Err(DeviceError::Lost(named.clone(), kind));
            }
            if around.stop.load(Acquire) {
                ends.line.close(Closed::Stopped);
            }
            microphone.drain(|frame| {
                counters.heard.set(&frame);
                let frame = echo.as_mut().map_or(frame, |echo| echo.capture(&frame));
                ends.hear(frame);
                around.taps.heard.push(frame);
            });
            speaker.fill(|| {
                let frame = ends.playback.next_frame();
                counters.spoken.set(&frame);
                if let Some(echo) = &mut echo {
                    echo.render(&frame);
                }
                around.taps.spoken.push(frame);
                frame
            });
            if let Some(echo) = &echo {
                counters.note_echo(echo);
            }
            std::thread::sleep(POLL);
        }
        // The last word is in the ring still; a device that stopped asking must not hold us.
        for _ in 0..SPEAKER_RING_MS / POLL_MS {
            if speaker.ring.is_empty() || counters.fault().is_some() {
                break;
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Transport for Devices {
    const NAME: &'static str = "device";

    fn carry(mut self, mut ends: LineEnds, mut around: Surroundings<'_>) {
        priority::enter(Class::Sound);
        let counters = Arc::clone(&self.counters);
        match self.pump(&mut ends, &mut around) {
            Ok(()) => counters.over(None),
            Err(error) => {
                ends.line.close(Closed::Error);
                counters.over(Some(error));
            }
        }
    }

    fn refuse(self) {}
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
}
