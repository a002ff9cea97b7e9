//! One AudioSocket connection while its call lasts: bytes in, bytes out.
//!
//! Threads: `socket-in` (drains the socket, waits for no model) and `socket-out` (a frame every 20 ms from accept to
//! close, on an absolute clock). In: bytes, spoken frames. Out: heard frames, keys, bytes. Memory: bounded by the
//! codec. When late: a frame is skipped, never sent in a burst. Lengths, order, silence and half frames of the peer are
//! never trusted; too many faults end the call. Source: Asterisk's res_audiosocket.c and chan_audiosocket.c.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use ringbuf::HeapProd;
use ringbuf::traits::Producer;

use super::budget::Budget;
use super::codec::{self, Decoder, Message};
use super::ear::{Ear, Heard};
use super::silence_fill::SilenceFill;
use crate::session::{Surroundings, Tap, Transport};
use patter_audio::resample::Resampler;
use patter_audio::{FRAME_MS, Frame, SAMPLE_RATE_HZ, SILENCE};
use patter_call::line::{Line, LineEnds};
use patter_call::playback::Playback;
use patter_machine::priority;
use patter_machine::priority::Class;
use patter_turn::conversation::Closed;
use patter_types::event::{Event, EventSink};

/// Faulty messages that a call survives at once: unknown or unexpected ones, sound of no length, another rate again,
/// more keys than anybody presses.
const MAX_FAULTS: u32 = 50;
/// And so many a second; of messages that are unknown also one for each 20 ms of sound: a newer Asterisk may send kinds
/// that we do not know beside each of its frames.
const FAULTS_PER_S: u32 = 1;
/// Keys that are taken at once, as a phone's memory dials them, and a second.
const MAX_KEYS: u32 = 64;
const KEYS_PER_S: u32 = 20;

/// Nothing came in time, and nothing is wrong.
pub(super) fn would_block(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

/// A call whose own threads do not end it in time is ended here, so long after.
const MAX_OVERTIME: Duration = Duration::from_secs(60);

/// What a connection may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Sound sent ahead of the clock.
    pub lead: Duration,
    /// Longest time without any message from the peer.
    pub idle_timeout: Duration,
    /// Longest call; None for no limit.
    pub longest: Option<Duration>,
}

/// The peer has hung up.
fn is_gone(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(
        error.kind(),
        BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof
    )
}

/// What both socket threads see.
struct Shared {
    /// The rate that the peer speaks, in Hz; we answer in it.
    rate_hz: AtomicU32,
    line: Arc<Line>,
}

/// A connection: of a call, once it has said which.
pub(super) struct Connection {
    pub stream: TcpStream,
    /// Holds what has come and was not looked at.
    pub decoder: Decoder,
    pub limits: Limits,
}

impl Transport for Connection {
    const NAME: &'static str = "audiosocket";

    fn carry(self, ends: LineEnds, around: Surroundings<'_>) {
        let Self {
            stream,
            decoder,
            limits,
        } = self;
        let LineEnds {
            incoming,
            playback,
            keys,
            line,
        } = ends;
        let Surroundings {
            events: sink,
            taps,
            stop,
        } = around;
        let shared = Arc::new(Shared {
            rate_hz: AtomicU32::new(8_000),
            line: Arc::clone(&line),
        });
        let out = match stream.try_clone() {
            Ok(out) => out,
            Err(error) => {
                let message = format!("the call's connection cannot be used: {error}");
                sink.send(Event::Error { message });
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
        };
        let sharing = Arc::clone(&shared);
        let player = std::thread::Builder::new()
            .name("socket-out".into())
            .spawn(move || {
                let _fault = CloseOnFault(&sharing.line);
                play(out, playback, &sharing, limits.lead, taps.spoken);
            });
        if let Err(error) = &player {
            // A call that cannot speak is none.
            let message = format!("cannot start a thread: {error}");
            sink.send(Event::Error { message });
            line.close(Closed::Error);
        }
        let mut reader = Reader {
            stream,
            decoder,
            incoming,
            shared,
            keys,
            tap: taps.heard,
            sink,
            began: Instant::now(),
            faults: Budget::new(MAX_FAULTS, FAULTS_PER_S),
            odd: Budget::new(MAX_FAULTS, FAULTS_PER_S),
            pressed: Budget::new(MAX_KEYS, KEYS_PER_S),
        };
        match reader.run(limits, stop) {
            Ok(by) => line.close(by),
            Err(message) => {
                sink.send(Event::Error { message });
                line.close(Closed::Error);
            }
        }
        if let Ok(player) = player
            && player.join().is_err()
        {
            sink.send(Event::fault("socket-out"));
        }
        let _ = reader.stream.shutdown(Shutdown::Both);
    }

    fn refuse(self) {
        let mut stream = self.stream;
        let _ = stream.set_nonblocking(true);
        let _ = stream.write_all(&codec::hang_up());
        let _ = stream.shutdown(Shutdown::Both);
    }
}

/// Closes the line when its owner ends without having done so: by a fault.
struct CloseOnFault<'a>(&'a Line);

impl Drop for CloseOnFault<'_> {
    fn drop(&mut self) {
        self.0.close(Closed::Error);
    }
}

struct Reader<'a> {
    stream: TcpStream,
    decoder: Decoder,
    incoming: HeapProd<Frame>,
    shared: Arc<Shared>,
    keys: Sender<char>,
    tap: Tap,
    sink: &'a EventSink,
    began: Instant,
    faults: Budget,
    /// Sound of no length, and of another rate again.
    odd: Budget,
    pressed: Budget,
}

impl Reader<'_> {
    /// Reads until either side ends the call; who did. An error tells why it had to end.
    fn run(&mut self, limits: Limits, stop: &AtomicBool) -> Result<Closed, String> {
        // All threads of the call have begun: none of them inherits it.
        priority::enter(Class::Sound);
        let mut bytes = [0u8; 8_192];
        let mut ear = Ear::new();
        let mut last = Instant::now();
        let mut heard = Instant::now();
        let mut fill = SilenceFill::default();
        let began = self.began;
        loop {
            if let Some(by) = self.shared.line.closed_by() {
                return Ok(by);
            }
            if stop.load(Ordering::Acquire) {
                return Ok(Closed::Stopped);
            }
            if limits
                .longest
                .is_some_and(|longest| began.elapsed() > longest + MAX_OVERTIME)
            {
                return Err("the call did not end when it had lasted as long as calls may".into());
            }
            loop {
                match self.decoder.next() {
                    Ok(None) => break,
                    Ok(Some(Message::HangUp)) => return Ok(Closed::Caller),
                    Ok(Some(Message::Audio { rate_hz, samples })) => {
                        self.sound(&mut ear, rate_hz, &samples)?;
                        heard = Instant::now();
                        fill.ended();
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
                Ok(0) => return Ok(Closed::Caller),
                Ok(count) => {
                    last = Instant::now();
                    self.decoder.feed(&bytes[..count]);
                }
                Err(e) if would_block(&e) => {
                    if last.elapsed() > limits.idle_timeout {
                        return Err(format!(
                            "nothing came from the peer for {} s",
                            limits.idle_timeout.as_secs()
                        ));
                    }
                    for _ in 0..fill.due(heard.elapsed()) {
                        self.shared.line.count_filled();
                        self.deliver_frame(SILENCE);
                    }
                }
                // Asterisk hangs up so where it has not read all that we sent.
                Err(e) if is_gone(&e) => return Ok(Closed::Caller),
                Err(e) => return Err(format!("the connection broke: {e}")),
            }
        }
    }

    /// Hears a message of sound.
    fn sound(&mut self, ear: &mut Ear, rate_hz: u32, samples: &[i16]) -> Result<(), String> {
        match ear
            .hear(self.began.elapsed(), rate_hz, samples)
            .map_err(|e| e.to_string())?
        {
            Heard::Sound => {}
            // A resampler is made for it: it is not paid back.
            Heard::Odd => Self::take(&mut self.odd, self.began)?,
            Heard::Really(really_hz) => {
                let message = format!(
                    "the line sends sound of {really_hz} Hz as {rate_hz} Hz, as Asterisk does up to 20.16, 21.11, \
                     22.6 and 23.0: it is heard as what it is, and answered in {rate_hz} Hz"
                );
                self.sink.send(Event::Error { message });
            }
        }
        // The peer is answered at the rate that it names: one that misnames its sound takes ours for that rate, too.
        self.shared.rate_hz.store(ear.named_hz(), Ordering::Release);
        ear.deliver(|frame| {
            self.faults.give();
            self.deliver_frame(frame);
        });
        Ok(())
    }

    /// Counts one; an error when there are too many.
    fn fault(&mut self) -> Result<(), String> {
        Self::take(&mut self.faults, self.began)
    }

    fn take(budget: &mut Budget, began: Instant) -> Result<(), String> {
        if budget.take(began.elapsed()) {
            return Ok(());
        }
        Err("the peer does not speak AudioSocket: too many messages that make no sense".into())
    }

    fn deliver_frame(&mut self, frame: Frame) {
        if self.incoming.try_push(frame).is_err() {
            self.shared.line.count_dropped();
        }
        self.tap.push(frame);
    }
}

/// Sends a frame every 20 ms until the line is closed, then hangs up.
fn play(
    mut stream: TcpStream,
    mut playback: Playback,
    shared: &Shared,
    lead: Duration,
    mut tap: Tap,
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
        tap.push(frame);
        let Some(resampler) = &mut resampler else {
            return;
        };
        resampler.push(&frame, &mut pcm);
        let size = (rate / 1000 * FRAME_MS + rate % 1000 * FRAME_MS / 1000) as usize;
        // A rate whose blocks do not fit into a frame may leave it short: a frame must go out all the same.
        let missing = size.saturating_sub(pcm.len());
        pcm.splice(0..0, std::iter::repeat_n(0, missing));
        if codec::encode_audio(rate, &pcm[..size], &mut bytes).is_err() {
            return;
        }
        pcm.drain(..size);
        // Header and payload in one write: Asterisk drops a call whose payload stalls for 5 ms.
        if let Err(error) = stream.write_all(&bytes) {
            let gone = is_gone(&error);
            shared
                .line
                .close(if gone { Closed::Caller } else { Closed::Error });
        }
    }
    // Older Asterisk spins on our end of file: say goodbye first.
    let _ = stream.write_all(&codec::hang_up());
    let _ = stream.shutdown(Shutdown::Write);
}
