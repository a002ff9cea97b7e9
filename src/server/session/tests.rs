//! Whole calls over a transport that is no socket: two channels of frames.

#[path = "../../call/tests/scripted.rs"]
mod scripted;

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use patter_audio::{FRAME_MS, Frame, SILENCE, wav};
use patter_call::line::LineEnds;
use patter_call::load_shedding::LoadShedding;
use patter_call::playbooks::{Embedders, Learning, PlaybookRegistry};
use patter_call::{CallContext, Engines};
use patter_config::{Config, Loaded};
use patter_records::Store;
use patter_records::read::{Filter, Reader, WholeCall};
use patter_turn::conversation::Closed;
use patter_types::event::{Event, Stamped};

use super::call_id::{CallId, format_uuid};
use super::{Control, Refused, SessionOptions, Sessions, Surroundings, Transport};

const CALL: CallId = [7; 16];
/// What the caller says.
const SAID: &str = "how much is it";
const FRAME: Duration = Duration::from_millis(FRAME_MS as u64);

/// The transport's side of two channels: for each frame that comes, one goes.
struct Channels {
    heard: Receiver<Frame>,
    spoken: Sender<Frame>,
    refused: Arc<AtomicBool>,
    /// Frames until a fault of the transport; None for none.
    fault_after: Option<u32>,
}

impl Transport for Channels {
    const NAME: &'static str = "channels";

    fn carry(self, mut ends: LineEnds, mut around: Surroundings<'_>) {
        let mut count = 0;
        while !ends.line.is_closed() {
            if around.stop.load(Ordering::Acquire) {
                ends.line.close(Closed::Stopped);
            }
            match self.heard.recv_timeout(FRAME) {
                Ok(frame) => {
                    ends.hear(frame);
                    around.taps.heard.push(frame);
                    let spoken = ends.playback.next_frame();
                    around.taps.spoken.push(spoken);
                    let _ = self.spoken.send(spoken);
                    count += 1;
                    assert_ne!(Some(count), self.fault_after, "a fault that a test makes");
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => ends.line.close(Closed::Caller),
            }
        }
    }

    fn refuse(self) {
        self.refused.store(true, Ordering::Release);
    }
}

/// The caller's side of two channels, and the thread that serves the other.
struct Caller {
    heard: Sender<Frame>,
    spoken: Receiver<Frame>,
    refused: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Caller {
    fn call(sessions: &Arc<Sessions>, uuid: CallId, fault_after: Option<u32>) -> Self {
        let (heard, to_hear) = crossbeam_channel::unbounded();
        let (to_speak, spoken) = crossbeam_channel::unbounded();
        let refused = Arc::new(AtomicBool::new(false));
        let transport = Channels {
            heard: to_hear,
            spoken: to_speak,
            refused: Arc::clone(&refused),
            fault_after,
        };
        let (sessions, setup) = (Arc::clone(sessions), sessions.current());
        let serve = move || sessions.serve(&setup, &uuid, transport);
        let thread = std::thread::Builder::new().name("channels-in".into());
        Self {
            heard,
            spoken,
            refused,
            thread: thread.spawn(serve).unwrap(),
        }
    }

    /// Says nothing for one frame, in real time; true where the agent sounds, None when the line is closed.
    fn frame(&self) -> Option<bool> {
        self.say(SILENCE)
    }

    fn say(&self, frame: Frame) -> Option<bool> {
        std::thread::sleep(FRAME);
        let _ = self.heard.send(frame);
        let frame = self.spoken.recv_timeout(Duration::from_secs(2)).ok()?;
        Some(frame.iter().any(|sample| *sample != 0))
    }

    /// Says nothing until the agent sounds or is silent, as `wanted`, at most ten seconds.
    fn listen_until(&self, wanted: bool) -> bool {
        (0..500).any(|_| self.frame() == Some(wanted))
    }

    fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Acquire)
    }
}

/// Sessions with one place, and what they told.
struct Bench {
    sessions: Arc<Sessions>,
    events: Arc<Mutex<Vec<Stamped>>>,
    refused: Receiver<Refused>,
    /// The places taken in the moment in which a call was said to be over.
    taken_when_over: Receiver<u32>,
    /// A call was seen to be closing by whoever saw its last event.
    was_closing: Arc<AtomicBool>,
    /// How often `admit` was asked.
    asked: Arc<AtomicU32>,
}

impl Bench {
    fn new(folder: Option<&Path>) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let (refused_in, refused) = crossbeam_channel::unbounded();
        let (over_in, taken_when_over) = crossbeam_channel::unbounded();
        let (was_closing, asked) = (Arc::default(), Arc::default());
        let itself: Arc<OnceLock<Weak<Sessions>>> = Arc::default();
        let sessions = {
            let itself = Arc::clone(&itself);
            move || itself.get().and_then(Weak::upgrade)
        };
        let options = SessionOptions {
            max_calls: 1,
            records: folder.map(|folder| Arc::new(Store::open(folder, 0).unwrap())),
            record_audio: folder.map(|_| Arc::new(settings())),
            admit: {
                let asked: Arc<AtomicU32> = Arc::clone(&asked);
                Arc::new(move |uuid, _| {
                    asked.fetch_add(1, Ordering::AcqRel);
                    if *uuid == [0; 16] {
                        return Err("a call that a test does not want".into());
                    }
                    Ok(CallContext {
                        number: Some("+4930123456".into()),
                        ..CallContext::default()
                    })
                })
            },
            refused: Arc::new(move |reason| refused_in.send(reason).unwrap_or_default()),
            over: {
                let sessions = sessions.clone();
                Arc::new(move |_| {
                    let taken = sessions().map(|sessions| sessions.active_calls());
                    over_in.send(taken.unwrap_or(0)).unwrap_or_default();
                })
            },
            watch: {
                let events = Arc::clone(&events);
                let was_closing: Arc<AtomicBool> = Arc::clone(&was_closing);
                Arc::new(move |event: &Stamped| {
                    if matches!(event.event, Event::CallEnd { .. }) {
                        let closes = sessions().is_some_and(|all| all.closings()(&CALL));
                        was_closing.store(closes, Ordering::Release);
                    }
                    events.lock().unwrap().push(event.clone());
                })
            },
        };
        let engines = scripted::engines(&[SAID], |_| Some("I see."), |_| ());
        let sessions = Sessions::new(engines, options);
        let _ = itself.set(Arc::downgrade(&sessions));
        Self {
            sessions,
            events,
            refused,
            taken_when_over,
            was_closing,
            asked,
        }
    }

    fn told(&self) -> Vec<Event> {
        let events = self.events.lock().unwrap();
        events.iter().map(|stamped| stamped.event.clone()).collect()
    }

    fn wait_for_calls(&self, count: u32) {
        for _ in 0..500 {
            if self.sessions.active_calls() == count {
                return;
            }
            std::thread::sleep(FRAME);
        }
        panic!("{count} calls within ten seconds");
    }
}

fn settings() -> Loaded {
    Loaded {
        config: Config::default(),
        path: None,
        base: Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."),
    }
}

/// The one call that `folder` holds, when nobody writes into it any more.
fn only_call(folder: &Path) -> WholeCall {
    let reader = Reader::open(folder).unwrap();
    let calls = reader.list(&Filter::default()).unwrap();
    assert_eq!(calls.len(), 1, "{calls:?}");
    reader.whole(calls[0].id).unwrap().unwrap()
}

#[test]
fn a_call_over_two_channels_is_recorded_and_does_as_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(Some(folder.path()));
    let control = bench.sessions.controls();
    assert!(!control(&CALL, Control::Hold), "nothing is under way");
    let caller = Caller::call(&bench.sessions, CALL, None);
    assert!(caller.listen_until(true), "the agent begins");
    assert_eq!(bench.sessions.active_calls(), 1);

    assert!(control(&CALL, Control::Hold));
    assert!(caller.listen_until(false));
    let sounds = (0..25).filter(|_| caller.frame() == Some(true)).count();
    assert_eq!(sounds, 0, "nothing is said while the call is on hold");
    assert!(control(&CALL, Control::Resume));
    assert!(caller.listen_until(true), "the agent goes on");

    let sounds = (0..40).filter(|_| caller.say(scripted::frame_of(0)) == Some(true));
    assert!(sounds.count() < 20, "the agent lets the caller speak");
    assert!(caller.listen_until(true), "the agent answers");
    assert!(!bench.sessions.closings()(&CALL));
    assert!(control(&CALL, Control::End));
    // With its last word, and then the agent hangs up.
    assert!((0..1_000).any(|_| caller.frame().is_none()));
    caller.thread.join().unwrap();
    assert!(bench.was_closing.load(Ordering::Acquire));
    assert_eq!(bench.taken_when_over.try_iter().collect::<Vec<_>>(), [1]);
    assert_eq!(bench.sessions.active_calls(), 0);
    assert!(!control(&CALL, Control::Hold));
    assert_eq!(bench.sessions.refused_calls(), 0);

    let seen = bench.told();
    let is_said = |event: &Event| matches!(event, Event::Final { text, .. } if text == SAID);
    assert!(seen.iter().any(is_said), "{seen:?}");
    drop((bench, control));
    let record = only_call(folder.path());
    let call = &record.call;
    assert_eq!(
        (call.uuid.as_str(), call.transport.as_str()),
        (format_uuid(&CALL).as_str(), "channels")
    );
    assert_eq!(
        (call.state.as_str(), call.end_reason.as_deref()),
        ("closed", Some("stopped"))
    );
    assert_eq!(call.number.as_deref(), Some("+4930123456"));
    assert_eq!(record.events.len(), seen.len());
    let recording = folder.path().join(call.recording.as_ref().unwrap());
    let clip = wav::read(&recording).unwrap();
    assert!(clip.samples.iter().any(|sample| *sample != 0));
    assert!(recording.with_extension("call.json").exists());
}

#[test]
fn a_call_that_finds_all_places_taken_is_refused_and_told_of() {
    let bench = Bench::new(None);
    let first = Caller::call(&bench.sessions, CALL, None);
    bench.wait_for_calls(1);
    let second = Caller::call(&bench.sessions, [8; 16], None);
    let refused = Arc::clone(&second.refused);
    second.thread.join().unwrap();
    assert!(refused.load(Ordering::Acquire) && !first.is_refused());
    assert_eq!(bench.asked.load(Ordering::Acquire), 1);
    assert_eq!(
        bench.refused.try_iter().collect::<Vec<_>>(),
        [Refused::MaxCalls]
    );
    let busy = Event::Busy { max_calls: 1 };
    let of_second: Vec<_> = {
        let events = bench.events.lock().unwrap();
        let second = events
            .iter()
            .filter(|event| event.call == format_uuid(&[8; 16]));
        second.map(|stamped| stamped.event.clone()).collect()
    };
    assert_eq!(of_second, [busy]);

    // The caller hangs up: there is a place again, but not for everybody.
    let Caller { heard, thread, .. } = first;
    drop(heard);
    thread.join().unwrap();
    let unknown = Caller::call(&bench.sessions, [0; 16], None);
    let refused = Arc::clone(&unknown.refused);
    unknown.thread.join().unwrap();
    assert!(refused.load(Ordering::Acquire));
    assert_eq!(bench.refused.try_recv(), Ok(Refused::Unknown));
    assert_eq!(bench.sessions.refused_calls(), 2);
    assert_eq!(bench.sessions.active_calls(), 0);
}

#[test]
fn a_transport_that_fails_ends_its_own_call_alone() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(Some(folder.path()));
    let caller = Caller::call(&bench.sessions, CALL, Some(20));
    assert!((0..50).any(|_| caller.frame().is_none()));
    // The thread itself ends as any other.
    caller.thread.join().unwrap();
    let fault = Event::fault("channels-in");
    assert_eq!(
        bench.told().iter().filter(|event| **event == fault).count(),
        1
    );
    assert_eq!(bench.taken_when_over.try_iter().collect::<Vec<_>>(), [1]);
    assert_eq!(bench.sessions.active_calls(), 0);

    let next = Caller::call(&bench.sessions, CALL, None);
    bench.wait_for_calls(1);
    bench.sessions.stop();
    next.thread.join().unwrap();
    assert_eq!(bench.sessions.active_calls(), 0);
    drop(bench);
    let reader = Reader::open(folder.path()).unwrap();
    let calls = reader.list(&Filter::default()).unwrap();
    let ends: Vec<_> = calls
        .iter()
        .rev()
        .map(|call| call.end_reason.as_deref())
        .collect();
    assert_eq!(ends, [Some("error"), Some("stopped")]);
    let failed = reader.whole(calls[1].id).unwrap().unwrap();
    let is_fault = |event: &str| event.contains("`channels-in` of the call ended by a fault");
    assert!(failed.events.iter().any(|event| is_fault(event.get())));
    assert!(reader.recording(&failed.call).unwrap().exists());
}
