//! One AudioSocket connection while its call lasts: bytes in, bytes out.
//!
//! Threads: `socket-in` (drains the socket, waits for no model) and `socket-out` (a frame every 20 ms from accept to close, on an absolute clock). In:
//! bytes, spoken frames. Out: heard frames, keys, bytes. Memory: bounded by the codec. When late: a frame is skipped, never sent in a burst. Lengths,
//! order, silence and half frames of the peer are never trusted; too many faults end the call.
//! Source: Asterisk's res_audiosocket.c and chan_audiosocket.c.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use ringbuf::HeapProd;
use ringbuf::traits::Producer;

use super::budget::Budget;
use super::codec::{self, Decoder, G711Watch, Message};
use super::gaps::Gaps;
use super::recorder;
use crate::audio::resample::Resampler;
use crate::audio::{FRAME_MS, FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ, SILENCE};
use crate::call::line::{Line, LineEnds};
use crate::call::playback::Playback;
use crate::events::{Event, EventSink};
use crate::priority::{self, Class};

/// Faulty messages that a call survives at once: unknown or unexpected ones, sound of no length, another rate again,
/// more keys than anybody presses.
const MAX_FAULTS: u32 = 50;
/// And so many a second: over a good call of an hour a network or a new Asterisk may send hundreds.
const FAULTS_PER_S: u32 = 1;
/// Keys that are taken at once, as a phone's memory dials them, and a second.
const MAX_KEYS: u32 = 64;
const KEYS_PER_S: u32 = 20;
/// Sound that may have come before its time: what a network kept back comes at once, but never more than the call is long.
const MAX_EARLY: Duration = Duration::from_secs(5);

/// Nothing came in time, and nothing is wrong.
pub(super) fn would_block(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

/// What both socket threads see.
struct Shared {
    /// The rate that the peer speaks, in Hz; we answer in it.
    rate_hz: AtomicU32,
    line: Arc<Line>,
}

/// Carries sound both ways until either side ends the call.
pub(super) fn carry(
    stream: TcpStream,
    decoder: Decoder,
    ends: LineEnds,
    (lead, idle_timeout): (Duration, Duration),
    stop: &AtomicBool,
    sink: &EventSink,
    recording: Option<PathBuf>,
) {
    let LineEnds {
        incoming,
        playback,
        keys,
        line,
    } = ends;
    let shared = Arc::new(Shared {
        rate_hz: AtomicU32::new(8_000),
        line: Arc::clone(&line),
    });
    let (tap, recorder) = match recording.map(|path| recorder::start(path, &line)) {
        Some(Ok((tap, recorder))) => (Some(tap), Some(recorder)),
        Some(Err(message)) => {
            sink.send(Event::Error { message });
            (None, None)
        }
        None => (None, None),
    };
    let (heard_tap, out_tap) = tap.map_or((None, None), |t| (Some(t.0), Some(t.1)));
    let Ok(out) = stream.try_clone() else {
        line.close();
        return;
    };
    let sharing = Arc::clone(&shared);
    let player = std::thread::Builder::new()
        .name("socket-out".into())
        .spawn(move || play(out, playback, &sharing, lead, out_tap));
    if let Err(error) = &player {
        // A call that cannot speak is none.
        let message = format!("cannot start a thread: {error}");
        sink.send(Event::Error { message });
        line.close();
    }
    let mut reader = Reader {
        stream,
        decoder,
        incoming,
        shared,
        keys,
        heard_tap,
        sink,
        began: Instant::now(),
        faults: Budget::new(MAX_FAULTS, FAULTS_PER_S),
        pressed: Budget::new(MAX_KEYS, KEYS_PER_S),
    };
    if let Err(message) = reader.run(idle_timeout, stop) {
        sink.send(Event::Error { message });
    }
    line.close();
    if let Ok(player) = player {
        let _ = player.join();
    }
    let _ = reader.stream.shutdown(Shutdown::Both);
    if let Some(recorder) = recorder {
        let _ = recorder.join();
    }
}

struct Reader<'a> {
    stream: TcpStream,
    decoder: Decoder,
    incoming: HeapProd<Frame>,
    shared: Arc<Shared>,
    keys: Sender<char>,
    heard_tap: Option<HeapProd<Frame>>,
    sink: &'a EventSink,
    began: Instant,
    faults: Budget,
    pressed: Budget,
}

impl Reader<'_> {
    /// Reads until either side ends the call; an error tells why it had to end.
    fn run(&mut self, idle_timeout: Duration, stop: &AtomicBool) -> Result<(), String> {
        // All threads of the call have begun: none of them inherits it.
        priority::enter(Class::Sound);
        let mut bytes = [0u8; 8_192];
        let mut rate = 0;
        let mut resampler = None;
        let mut pcm: Vec<i16> = Vec::with_capacity(FRAME_SAMPLES * 32);
        let mut g711 = G711Watch::new();
        let mut last = Instant::now();
        let mut heard = Instant::now();
        let mut gaps = Gaps::default();
        let began = Instant::now();
        let mut sound = Duration::ZERO;
        loop {
            if self.shared.line.is_closed() || stop.load(Ordering::Acquire) {
                return Ok(());
            }
            loop {
                match self.decoder.next() {
                    Ok(None) => break,
                    Ok(Some(Message::HangUp)) => return Ok(()),
                    Ok(Some(Message::Audio { rate_hz, samples })) => {
                        if g711.observe(rate_hz, samples.len() * 2) {
                            return Err("the line sends G.711 tagged as PCM: use `c(slin16)` or `c(slin)` in the dialplan's Dial(AudioSocket/…)".into());
                        }
                        sound += Duration::from_micros(
                            samples.len() as u64 * 1_000_000 / u64::from(rate_hz.max(1)),
                        );
                        if sound > began.elapsed() + MAX_EARLY {
                            return Err("the peer sends sound faster than anybody speaks".into());
                        }
                        if samples.is_empty() || (rate != 0 && rate_hz != rate) {
                            self.fault()?;
                        }
                        if rate_hz != rate {
                            resampler = Some(
                                Resampler::live(rate_hz, SAMPLE_RATE_HZ)
                                    .map_err(|e| e.to_string())?,
                            );
                            rate = rate_hz;
                            self.shared.rate_hz.store(rate_hz, Ordering::Release);
                        }
                        if let Some(resampler) = &mut resampler {
                            resampler.push(&samples, &mut pcm);
                        }
                        heard = Instant::now();
                        gaps.ended();
                        self.deliver(&mut pcm);
                    }
                    Ok(Some(Message::Dtmf(key))) => {
                        if !self.pressed.take(self.began.elapsed()) {
                            self.fault()?;
                            continue;
                        }
                        let key = char::from(key);
                        self.sink.send(Event::Dtmf { key: key.into() });
                        let _ = self.keys.try_send(key);
                    }
                    Ok(Some(Message::Error(_))) => return Err("the peer reported an error".into()),
                    Ok(Some(Message::Uuid(_) | Message::Unknown { .. })) | Err(_) => {
                        self.fault()?;
                    }
                }
            }
            match self.stream.read(&mut bytes) {
                Ok(0) => return Ok(()),
                Ok(count) => {
                    last = Instant::now();
                    self.decoder.feed(&bytes[..count]);
                }
                Err(e) if would_block(&e) => {
                    if last.elapsed() > idle_timeout {
                        return Err(format!(
                            "nothing came from the peer for {} s",
                            idle_timeout.as_secs()
                        ));
                    }
                    for _ in 0..gaps.due(heard.elapsed()) {
                        self.shared.line.count_filled();
                        self.deliver_frame(SILENCE);
                    }
                }
                Err(e) => return Err(format!("the connection broke: {e}")),
            }
        }
    }

    /// Counts one; an error when there are too many.
    fn fault(&mut self) -> Result<(), String> {
        if self.faults.take(self.began.elapsed()) {
            return Ok(());
        }
        Err("the peer does not speak AudioSocket: too many messages that make no sense".into())
    }

    fn deliver_frame(&mut self, frame: Frame) {
        if self.incoming.try_push(frame).is_err() {
            self.shared.line.count_dropped();
        }
        if let Some(tap) = &mut self.heard_tap {
            let _ = tap.try_push(frame);
        }
    }

    fn deliver(&mut self, pcm: &mut Vec<i16>) {
        let mut frames = pcm.chunks_exact(FRAME_SAMPLES);
        for chunk in frames.by_ref() {
            let mut frame = SILENCE;
            frame.copy_from_slice(chunk);
            self.deliver_frame(frame);
        }
        let rest = frames.remainder().len();
        let start = pcm.len() - rest;
        pcm.copy_within(start.., 0);
        pcm.truncate(rest);
    }
}

/// Sends a frame every 20 ms until the line is closed, then hangs up.
fn play(
    mut stream: TcpStream,
    mut playback: Playback,
    shared: &Shared,
    lead: Duration,
    mut tap: Option<HeapProd<Frame>>,
) {
    priority::enter(Class::Sound);
    let frame_time = Duration::from_millis(u64::from(FRAME_MS));
    let mut due = Instant::now();
    let mut rate = 0;
    let mut resampler: Option<Resampler> = None;
    let mut pcm: Vec<i16> = Vec::with_capacity(16_384);
    let mut bytes: Vec<u8> = Vec::with_capacity(16_384);
    while !shared.line.is_closed() {
        let ahead = due.saturating_duration_since(Instant::now());
        if ahead > lead {
            std::thread::sleep((ahead - lead).min(frame_time));
            continue;
        }
        // Late by more than a few frames: those are lost; a burst would only be dropped further on.
        if Instant::now() > due + frame_time * 5 {
            due = Instant::now();
        }
        due += frame_time;
        let line_rate = shared.rate_hz.load(Ordering::Acquire);
        if line_rate != rate {
            rate = line_rate;
            resampler = Resampler::live(SAMPLE_RATE_HZ, rate).ok();
            pcm.clear();
        }
        let frame = playback.next_frame();
        if let Some(tap) = &mut tap {
            let _ = tap.try_push(frame);
        }
        let Some(resampler) = &mut resampler else {
            break;
        };
        resampler.push(&frame, &mut pcm);
        let size = (rate / 1000 * FRAME_MS + rate % 1000 * FRAME_MS / 1000) as usize;
        // A rate whose blocks do not fit into a frame may leave it short: a frame must go out all the same.
        let missing = size.saturating_sub(pcm.len());
        pcm.splice(0..0, std::iter::repeat_n(0, missing));
        if codec::encode_audio(rate, &pcm[..size], &mut bytes).is_err() {
            break;
        }
        pcm.drain(..size);
        // Header and payload in one write: Asterisk drops a call whose payload stalls for 5 ms.
        if stream.write_all(&bytes).is_err() {
            break;
        }
    }
    shared.line.close();
    // Older Asterisk spins on our end of file: say goodbye first.
    let _ = stream.write_all(&codec::hang_up());
    let _ = stream.shutdown(Shutdown::Write);
}
