//! The AudioSocket server: accepts, limits, and gives each connection a call.
//!
//! Threads: `accept`, and for each call `socket-in` (drains the socket, waits for no model) and `socket-out` (a frame every 20 ms from
//! accept to close, on an absolute clock). In: bytes. Out: bytes. Memory: bounded by the codec; a recording's rings. When late: a frame is skipped, never
//! sent in a burst. Lengths, order, silence and half frames of the peer are never trusted; its faults end its own call only.
//! Source: Asterisk's res_audiosocket.c and chan_audiosocket.c.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use ringbuf::traits::{Consumer, Observer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use super::codec::{self, Decoder, G711Watch, Message};
use super::gaps::Gaps;
use super::{Refused, ServeError};
use crate::audio::resample::Resampler;
use crate::audio::wav::StereoWriter;
use crate::audio::{FRAME_MS, FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ, SILENCE};
use crate::call::books::Books;
use crate::call::line::{Line, LineEnds};
use crate::call::playback::Playback;
use crate::call::record::CallFile;
use crate::call::{Call, Engines, Setup};
use crate::config::Loaded;
use crate::events::{Event, EventSink, Stamped};
use crate::records::{Start, Store};

/// The first message must have come by then.
const HELLO_TIMEOUT: Duration = Duration::from_secs(2);
/// The socket is looked at this often when nothing comes.
const READ_TIMEOUT: Duration = Duration::from_millis(20);
/// A peer that takes nothing for this long is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);
/// Faulty messages that end a call.
const MAX_FAULTS: u32 = 50;
/// Frames that may wait for the recorder.
const RECORD_RING_FRAMES: usize = 500;
/// Frames of the caller that a recording may lag behind the agent's.
const RECORD_SLACK_FRAMES: usize = 50;

/// What the server does with calls.
#[derive(Clone)]
pub struct Options {
    /// Calls at once.
    pub max_calls: u32,
    /// Sound sent ahead of the clock.
    pub lead: Duration,
    /// Longest time without any message from the peer.
    pub idle_timeout: Duration,
    /// Where calls are recorded, and the folder for their sound; None keeps none.
    pub records: Option<Arc<Store>>,
    /// Keep the sound as well, and what is needed to play the call again: these settings.
    pub record_audio: Option<Arc<Loaded>>,
    /// Asked about each call before anything is started for it.
    pub admit: Admit,
    /// Told of each call that got no place.
    pub refused: Arc<dyn Fn(Refused) + Send + Sync>,
    /// Told when a call has no thread left.
    pub over: Over,
    /// Shown every event of every call.
    pub watch: Arc<dyn Fn(&Stamped) + Send + Sync>,
}

/// Told of a call's UUID.
pub type Over = Arc<dyn Fn(&[u8; 16]) + Send + Sync>;

/// What is known of a call by its UUID, or why it is refused. It runs on the call's own thread, and may take its time.
pub type Admit = Arc<dyn Fn(&[u8; 16], &Books) -> Result<Setup, String> + Send + Sync>;

/// A running server. Dropping it stops accepting and ends its calls at once.
pub struct Server {
    address: SocketAddr,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

/// What the threads of a server share.
struct State {
    /// Calls end now.
    stop: AtomicBool,
    /// No call is accepted any more.
    closing: AtomicBool,
    active: AtomicU32,
    refused: AtomicU64,
    /// Of the calls under way.
    lines: Mutex<Vec<Weak<Line>>>,
    /// What calls begin with from now on.
    current: RwLock<(Arc<Engines>, Arc<Options>)>,
}

impl State {
    fn current(&self) -> (Arc<Engines>, Arc<Options>) {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        (Arc::clone(&current.0), Arc::clone(&current.1))
    }

    fn lines(&self) -> MutexGuard<'_, Vec<Weak<Line>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse(&self, stream: TcpStream, options: &Options, reason: Refused, why: &str) {
        self.count_refused(options, reason, why);
        hang_up(stream);
    }

    fn count_refused(&self, options: &Options, reason: Refused, why: &str) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        (options.refused)(reason);
        crate::log::warn(&format!("a call was refused: {why}"));
    }
}

impl Server {
    /// Listens on `address` (port 0 takes a free one) and serves until dropped.
    ///
    /// # Errors
    /// The address is taken or not this machine's.
    pub fn start(
        address: &str,
        engines: Arc<Engines>,
        options: Options,
    ) -> Result<Self, ServeError> {
        let listen = |source| ServeError::Listen {
            address: address.to_owned(),
            source,
        };
        let listener = TcpListener::bind(address).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let local = listener.local_addr().map_err(listen)?;
        let state = Arc::new(State {
            stop: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            active: AtomicU32::new(0),
            refused: AtomicU64::new(0),
            lines: Mutex::new(Vec::new()),
            current: RwLock::new((engines, Arc::new(options))),
        });
        let accepting = Arc::clone(&state);
        let thread = std::thread::Builder::new()
            .name("accept".into())
            .spawn(move || accept(listener, &accepting))?;
        Ok(Self {
            address: local,
            state,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Calls under way.
    pub fn active_calls(&self) -> u32 {
        self.state.active.load(Ordering::Acquire)
    }

    /// Counts the calls under way and those that may be, as long as anybody asks.
    pub fn counters(&self) -> (impl Fn() -> u32 + use<>, impl Fn() -> u32 + use<>) {
        let (active, most) = (Arc::clone(&self.state), Arc::clone(&self.state));
        (
            move || active.active.load(Ordering::Acquire),
            move || most.current().1.max_calls,
        )
    }

    /// Calls refused since the start, for whatever reason.
    pub fn refused_calls(&self) -> u64 {
        self.state.refused.load(Ordering::Relaxed)
    }

    /// Calls that begin from now on use these; the others go on with what they began with.
    pub fn replace(&self, engines: Arc<Engines>, options: Options) {
        let mut current = self
            .state
            .current
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = (engines, Arc::new(options));
    }

    /// Stops listening: nobody can connect any more. Calls under way go on.
    pub fn stop_accepting(&self) {
        self.state.closing.store(true, Ordering::Release);
    }

    /// Asks each call under way for its end, with a last word to the caller.
    pub fn end_calls_politely(&self) {
        for line in self.state.lines().iter().filter_map(Weak::upgrade) {
            line.end_politely();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn accept(listener: TcpListener, state: &Arc<State>) {
    let mut listener = Some(listener);
    let mut calls: Vec<JoinHandle<()>> = Vec::new();
    while !state.stop.load(Ordering::Acquire) {
        calls.retain(|call| !call.is_finished());
        if state.closing.load(Ordering::Acquire) {
            listener = None;
        }
        let stream = match listener.as_ref().map(TcpListener::accept) {
            Some(Ok((stream, _))) => stream,
            Some(Err(_)) | None => {
                // Nothing to accept, or no file left: both pass.
                std::thread::sleep(Duration::from_millis(5));
                continue;
            }
        };
        let (engines, options) = state.current();
        if state.active.load(Ordering::Acquire) >= options.max_calls {
            let why = "`serve.max_calls` is reached";
            state.refuse(stream, &options, Refused::MaxCalls, why);
            continue;
        }
        state.active.fetch_add(1, Ordering::AcqRel);
        let serving = Arc::clone(state);
        let wishes = Arc::clone(&options);
        let spawned = std::thread::Builder::new()
            .name("socket-in".into())
            .spawn(move || {
                serve_one(stream, &engines, &wishes, &serving);
                serving.active.fetch_sub(1, Ordering::AcqRel);
            });
        match spawned {
            Ok(call) => calls.push(call),
            Err(error) => {
                state.active.fetch_sub(1, Ordering::AcqRel);
                state.count_refused(&options, Refused::Failed, &error.to_string());
            }
        }
    }
    drop(listener);
    for call in calls {
        let _ = call.join();
    }
}

fn hang_up(mut stream: TcpStream) {
    let _ = stream.set_nonblocking(true);
    let _ = stream.write_all(&codec::hang_up());
    let _ = stream.shutdown(Shutdown::Both);
}

/// One connection, from its first byte to its record.
fn serve_one(mut stream: TcpStream, engines: &Arc<Engines>, options: &Options, state: &State) {
    let ready = stream
        .set_nonblocking(false)
        .and_then(|()| stream.set_nodelay(true))
        .and_then(|()| stream.set_read_timeout(Some(READ_TIMEOUT)))
        .and_then(|()| stream.set_write_timeout(Some(WRITE_TIMEOUT)));
    if ready.is_err() {
        return;
    }
    let mut decoder = Decoder::new();
    let Some(uuid) = hello(&mut stream, &mut decoder, &state.stop) else {
        let why = "it did not begin as AudioSocket does, with a UUID";
        return state.refuse(stream, options, Refused::NotAudioSocket, why);
    };
    let id = codec::format_uuid(&uuid);
    let setup = match (options.admit)(&uuid, &engines.books) {
        Ok(setup) => setup,
        Err(why) => {
            return state.refuse(stream, options, Refused::Unknown, &format!("{id}: {why}"));
        }
    };
    let (sink, events) = EventSink::new(&id);
    let recording = options.record_audio.as_ref().and_then(|settings| {
        let path = recording_path(options.records.as_ref()?.folder(), &id);
        if let Err(error) = CallFile::new(settings, &path).write_beside(&path) {
            crate::log::warn(&error.to_string());
        }
        Some(path)
    });
    let start = Start {
        number: setup.number.clone(),
        campaign: setup.campaign.clone(),
        ..Start::now(&id, &engines.config).recorded(recording.as_deref())
    };
    let mut record = options.records.as_ref().map(|store| store.begin(start));
    let watch = Arc::clone(&options.watch);
    let writer = crate::events::write(events, None, move |event| {
        if let Some(record) = &mut record {
            record.event(event);
        }
        watch(event);
    });
    if let Err(error) = &writer {
        crate::log::warn(&error.to_string());
    }
    let (ends, call_ends) = crate::call::line::line();
    {
        let mut lines = state.lines();
        lines.retain(|line| line.strong_count() > 0);
        lines.push(Arc::downgrade(&ends.line));
    }
    match Call::start(engines, setup, call_ends, "audiosocket", sink.clone()) {
        Ok(call) => {
            carry(
                stream,
                decoder,
                ends,
                options,
                &state.stop,
                &sink,
                recording,
            );
            call.join();
        }
        Err(error) => state.refuse(stream, options, Refused::Failed, &format!("{id}: {error}")),
    }
    drop(sink);
    if let Ok(writer) = writer {
        let _ = writer.join();
    }
    (options.over)(&uuid);
}

/// Where the sound of the call `id` goes. Two calls may bring the same UUID; neither recording may be lost.
fn recording_path(folder: &Path, id: &str) -> PathBuf {
    (1..)
        .map(|n| match n {
            1 => folder.join(format!("{id}.wav")),
            n => folder.join(format!("{id}-{n}.wav")),
        })
        .find(|path| !path.exists())
        .unwrap_or_else(|| folder.join(id))
}

/// Waits for the UUID, which is always the first message.
fn hello(stream: &mut TcpStream, decoder: &mut Decoder, stop: &AtomicBool) -> Option<[u8; 16]> {
    let deadline = Instant::now() + HELLO_TIMEOUT;
    let mut bytes = [0; 512];
    while Instant::now() < deadline && !stop.load(Ordering::Acquire) {
        match decoder.next() {
            Ok(Some(Message::Uuid(uuid))) => return Some(uuid),
            Ok(None) => {}
            Ok(Some(_)) | Err(_) => return None,
        }
        match stream.read(&mut bytes) {
            Ok(0) => return None,
            Ok(count) => decoder.feed(&bytes[..count]),
            Err(e) if would_block(&e) => {}
            Err(_) => return None,
        }
    }
    None
}

fn would_block(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

/// What both socket threads see.
struct Shared {
    /// The rate that the peer speaks, in Hz; we answer in it.
    rate_hz: AtomicU32,
    line: Arc<Line>,
}

fn carry(
    stream: TcpStream,
    decoder: Decoder,
    ends: LineEnds,
    options: &Options,
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
    let (tap, recorder) = match recording.map(|path| start_recorder(path, &line)) {
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
    let lead = options.lead;
    let player = std::thread::Builder::new()
        .name("socket-out".into())
        .spawn(move || play(out, playback, &sharing, lead, out_tap));
    let mut reader = Reader {
        stream,
        decoder,
        incoming,
        shared,
        keys,
        heard_tap,
        sink,
        faults: 0,
    };
    if let Err(message) = reader.run(options.idle_timeout, stop) {
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
    faults: u32,
}

impl Reader<'_> {
    /// Reads until either side ends the call; an error tells why it had to end.
    fn run(&mut self, idle_timeout: Duration, stop: &AtomicBool) -> Result<(), String> {
        let mut bytes = [0u8; 8_192];
        let mut rate = 0;
        let mut resampler = None;
        let mut pcm: Vec<i16> = Vec::with_capacity(FRAME_SAMPLES * 32);
        let mut g711 = G711Watch::new();
        let mut last = Instant::now();
        let mut heard = Instant::now();
        let mut gaps = Gaps::default();
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
                        let key = char::from(key);
                        self.sink.send(Event::Dtmf { key: key.into() });
                        let _ = self.keys.try_send(key);
                    }
                    Ok(Some(Message::Error(_))) => return Err("the peer reported an error".into()),
                    Ok(Some(Message::Uuid(_) | Message::Unknown { .. })) | Err(_) => {
                        self.faults += 1;
                        if self.faults > MAX_FAULTS {
                            return Err("the peer does not speak AudioSocket: too many messages that make no sense".into());
                        }
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

type Taps = (HeapProd<Frame>, HeapProd<Frame>);

/// Starts the `record` thread, which writes what the two taps bring.
fn start_recorder(path: PathBuf, line: &Arc<Line>) -> Result<(Taps, JoinHandle<()>), String> {
    let mut writer = StereoWriter::create(&path).map_err(|e| e.to_string())?;
    let (heard_in, mut heard): (_, HeapCons<Frame>) = HeapRb::new(RECORD_RING_FRAMES).split();
    let (spoken_in, mut spoken): (_, HeapCons<Frame>) = HeapRb::new(RECORD_RING_FRAMES).split();
    let line = Arc::clone(line);
    let thread = std::thread::Builder::new()
        .name("record".into())
        .spawn(move || {
            loop {
                // The line may close while this round runs: look before, and run once more.
                let closed = line.is_closed();
                // Our own clock sends a frame every 20 ms; the peer may send none. So the agent's side is the clock.
                while let Some(agent) = spoken.try_pop() {
                    // A peer whose clock runs fast, or a burst: the two sides must not drift apart.
                    let over = heard.occupied_len().saturating_sub(RECORD_SLACK_FRAMES);
                    heard.skip(over);
                    let caller = heard.try_pop().unwrap_or(SILENCE);
                    if let Err(error) = writer.write(&caller, &agent) {
                        crate::log::warn(&error.to_string());
                        return;
                    }
                }
                if closed {
                    break;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            if let Err(error) = writer.finish() {
                crate::log::warn(&error.to_string());
            }
        })
        .map_err(|e| e.to_string())?;
    Ok(((heard_in, spoken_in), thread))
}
