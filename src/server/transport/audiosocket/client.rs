//! Asterisk's part of AudioSocket: a caller that dials our server and measures on the wire.
//!
//! Thread: the caller of [`call`]. In: the frames that a [`Caller`] wants to say. Out: what both sides said, on one
//! clock. Memory: the whole call. Like a phone it plays one frame every 20 ms; sound that comes ahead of that clock
//! waits, as it would at the far end.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::codec::{self, Decoder, Message};
use patter_audio::resample::Resampler;
use patter_audio::{FRAME_MS, FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ, SILENCE};

/// What a caller does in a frame.
#[expect(
    clippy::large_enum_variant,
    reason = "frames go by value, so that nothing allocates"
)]
pub enum Act {
    /// Say this.
    Speak(Frame),
    /// Hang up.
    HangUp,
}

/// Somebody who calls.
pub trait Caller {
    /// Called every 20 ms with what is heard; gives what is said.
    fn frame(&mut self, at_ms: u64, heard: &Frame) -> Act;
}

/// What the line is like between the caller and us.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conditions {
    /// Rate of the sound, in Hz.
    pub rate_hz: u32,
    /// How much faster than ours the caller's clock runs, in per cent.
    pub drift_percent: f32,
    /// Frames that come together; 1 for a smooth line.
    pub burst_frames: u32,
    /// Frames of silence are not sent.
    pub silence_suppressed: bool,
    /// Both sides are kept, 64 kB a second.
    pub recorded: bool,
}

impl Conditions {
    /// A smooth line.
    pub fn good(rate_hz: u32) -> Self {
        Self {
            rate_hz,
            drift_percent: 0.0,
            burst_frames: 1,
            silence_suppressed: false,
            recorded: true,
        }
    }
}

/// Both sides of a call as they were on the wire, 16 kHz; empty if [`Conditions::recorded`] is not set.
#[derive(Default)]
pub struct Recording {
    /// The caller.
    pub caller: Vec<i16>,
    /// The agent.
    pub agent: Vec<i16>,
    /// The agent hung up.
    pub agent_hung_up: bool,
}

/// Calls `address`, at the line rate `rate_hz`, until either side hangs up or `limit` is over.
///
/// # Errors
/// The server cannot be reached. A connection that breaks later is an end like any other.
pub fn call(
    address: SocketAddr,
    uuid: [u8; 16],
    rate_hz: u32,
    caller: &mut dyn Caller,
    limit: Duration,
) -> std::io::Result<Recording> {
    call_over(&Conditions::good(rate_hz), address, uuid, caller, limit)
}

/// [`call`] over a line that is less than good.
///
/// # Errors
/// As [`call`].
pub fn call_over(
    conditions: &Conditions,
    address: SocketAddr,
    uuid: [u8; 16],
    caller: &mut dyn Caller,
    limit: Duration,
) -> std::io::Result<Recording> {
    let invalid = |e: String| std::io::Error::new(std::io::ErrorKind::InvalidInput, e);
    let rate_hz = conditions.rate_hz;
    let frame_s = FRAME_MS as f32 / 1_000.0 / (1.0 + conditions.drift_percent / 100.0);
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(2))?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    let mut bytes = Vec::new();
    codec::encode(&Message::Uuid(uuid), &mut bytes).map_err(|e| invalid(e.to_string()))?;
    send(&mut stream, &bytes)?;
    let mut up = Resampler::live(SAMPLE_RATE_HZ, rate_hz).map_err(|e| invalid(e.to_string()))?;
    let mut ear = Ear {
        decoder: Decoder::new(),
        down: None,
        rate_hz: 0,
        samples: VecDeque::new(),
        pcm: Vec::new(),
        closed: false,
    };
    let mut recording = Recording::default();
    let mut pcm: Vec<i16> = Vec::new();
    let mut waiting: Vec<u8> = Vec::new();
    let size = (rate_hz * FRAME_MS / 1000) as usize;
    let started = Instant::now();
    let mut number = 0u32;
    while started.elapsed() < limit {
        ear.read(&mut stream);
        if ear.closed {
            recording.agent_hung_up = true;
            break;
        }
        let heard = ear.frame();
        let at_ms = u64::from(number * FRAME_MS);
        let Act::Speak(said) = caller.frame(at_ms, &heard) else {
            break;
        };
        if conditions.recorded {
            recording.agent.extend_from_slice(&heard);
            recording.caller.extend_from_slice(&said);
        }
        up.push(&said, &mut pcm);
        while pcm.len() >= size {
            let silent = pcm[..size].iter().all(|s| s.unsigned_abs() < 8);
            if !(silent && conditions.silence_suppressed) {
                codec::encode_audio(rate_hz, &pcm[..size], &mut bytes)
                    .map_err(|e| invalid(e.to_string()))?;
                waiting.extend_from_slice(&bytes);
            }
            pcm.drain(..size);
        }
        number += 1;
        if number.is_multiple_of(conditions.burst_frames.max(1)) && !waiting.is_empty() {
            if send(&mut stream, &waiting).is_err() {
                recording.agent_hung_up = true;
                return Ok(recording);
            }
            waiting.clear();
        }
        let due = started + Duration::from_secs_f32(frame_s * number as f32);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok(recording)
}

fn send(stream: &mut TcpStream, mut bytes: &[u8]) -> std::io::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(2);
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(0) => return Err(std::io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

struct Ear {
    decoder: Decoder,
    down: Option<Resampler>,
    rate_hz: u32,
    samples: VecDeque<i16>,
    pcm: Vec<i16>,
    closed: bool,
}

impl Ear {
    fn read(&mut self, stream: &mut TcpStream) {
        let mut bytes = [0u8; 8_192];
        loop {
            match stream.read(&mut bytes) {
                Ok(0) => {
                    self.closed = true;
                    return;
                }
                Ok(count) => {
                    self.decoder.feed(&bytes[..count]);
                    self.decode();
                }
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(_) => {
                    self.closed = true;
                    return;
                }
            }
        }
    }

    fn decode(&mut self) {
        loop {
            match self.decoder.next() {
                Ok(Some(Message::Audio { rate_hz, samples })) => {
                    if rate_hz != self.rate_hz {
                        self.rate_hz = rate_hz;
                        self.down = Resampler::live(rate_hz, SAMPLE_RATE_HZ).ok();
                    }
                    if let Some(down) = &mut self.down {
                        self.pcm.clear();
                        down.push(&samples, &mut self.pcm);
                        self.samples.extend(&self.pcm);
                    }
                }
                Ok(Some(Message::HangUp)) => self.closed = true,
                Ok(Some(_)) | Err(_) => {}
                Ok(None) => return,
            }
        }
    }

    fn frame(&mut self) -> Frame {
        let mut frame = SILENCE;
        if self.samples.len() >= FRAME_SAMPLES {
            for (to, from) in frame.iter_mut().zip(self.samples.drain(..FRAME_SAMPLES)) {
                *to = from;
            }
        }
        frame
    }
}
