//! Shared engines, voices and folders.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crossbeam_channel::Receiver;
use patter_call::{CallContext, Engines};
use patter_config as config;
use patter_config::{EspeakConfig, Loaded};
use patter_engine::voice::{Speaker, Voice};
use patter_lab::caller::{Cue, ScriptLine, ScriptedCaller, trim};
use patter_records::Store;
use patter_server::session::SessionOptions;
use patter_server::transport::audiosocket::server::{Server, ServerOptions};
use patter_speech::espeak::Espeak;
use patter_types::event::{Event, Stamped};
use patter_types::free_replies::FreeReplies;

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn loaded() -> Loaded {
    let mut loaded = config::load(Some(&root().join("config.toml"))).unwrap();
    // What a call does with a model is tested with the smallest one.
    loaded.config.dialogue.free_replies = FreeReplies::Brief;
    loaded
}

/// The engines, loaded once for all tests.
pub(crate) fn engines() -> Arc<Engines> {
    static ENGINES: OnceLock<Arc<Engines>> = OnceLock::new();
    Arc::clone(ENGINES.get_or_init(|| {
        patter_speech::whisper::be_quiet();
        Arc::new(
            patter_assembly::load(&loaded())
                .expect("the default models are missing: run scripts/setup.sh"),
        )
    }))
}

/// Whole calls run one after the other: two cores carry one comfortably.
pub(crate) fn one_at_a_time() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn voice(name: &str) -> Speaker {
    let config = EspeakConfig {
        voice: name.into(),
        words_per_minute: 160,
        ..EspeakConfig::default()
    };
    let voice: Arc<dyn Voice> =
        Arc::new(Espeak::load(&loaded().model(&PathBuf::new()), &config).unwrap());
    Speaker::new(voice, 0)
}

pub(crate) fn caller(lines: &[(Cue, &str)]) -> ScriptedCaller {
    let voice = voice("en-us+f3");
    let line = |(cue, text): &(Cue, &str)| ScriptLine {
        cue: *cue,
        text: (*text).to_owned(),
        samples: trim(&voice.speak(text, false).unwrap().samples),
    };
    ScriptedCaller::new(lines.iter().map(line).collect())
}

/// A server on a free port, and all that happens in its calls. It gives up a silent peer after 3 s.
pub(crate) fn server(max_calls: u32, records: Option<PathBuf>) -> (Server, Receiver<Stamped>) {
    server_that_waits(max_calls, records, Duration::from_secs(3))
}

/// [`server`], for a peer that sends nothing for up to `idle_timeout`.
pub(crate) fn server_that_waits(
    max_calls: u32,
    records: Option<PathBuf>,
    idle_timeout: Duration,
) -> (Server, Receiver<Stamped>) {
    server_like(engines(), |options| {
        options.session.max_calls = max_calls;
        options.idle_timeout = idle_timeout;
        options.session.record_audio = records.as_ref().map(|_| Arc::new(loaded()));
        options.session.records = records.map(|folder| Arc::new(Store::open(&folder, 0).unwrap()));
    })
}

/// A server of `engines` with other options.
pub(crate) fn server_like(
    engines: Arc<Engines>,
    change: impl FnOnce(&mut ServerOptions),
) -> (Server, Receiver<Stamped>) {
    let (sender, events) = crossbeam_channel::unbounded();
    let session = SessionOptions {
        max_calls: 1,
        records: None,
        record_audio: None,
        admit: Arc::new(|_, _| Ok(CallContext::default())),
        refused: Arc::new(|_| ()),
        over: Arc::new(|_| ()),
        watch: Arc::new(move |event| drop(sender.send(event.clone()))),
    };
    let mut options = ServerOptions {
        session,
        lead: Duration::from_millis(40),
        idle_timeout: Duration::from_secs(3),
        longest: None,
    };
    change(&mut options);
    (
        Server::start("127.0.0.1:0", engines, options).unwrap(),
        events,
    )
}

/// Runs the program; its exit code, stdout and stderr.
pub(crate) fn patter(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_patter"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        out.status.code().unwrap_or(-1),
        text(&out.stdout),
        text(&out.stderr),
    )
}

/// Waits until `done` holds, at most ten seconds.
pub(crate) fn wait_until(done: impl Fn() -> bool) -> bool {
    for _ in 0..1_000 {
        if done() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    done()
}

pub(crate) fn finals(events: &[Stamped]) -> Vec<String> {
    events
        .iter()
        .filter_map(|e| match &e.event {
            Event::Final { text, .. } => Some(patter_language::text::normalise(text)),
            _ => None,
        })
        .collect()
}

/// Who or what ended each call.
pub(crate) fn ended_by(events: &[Stamped]) -> Vec<&str> {
    let reasons = events.iter().filter_map(|e| match &e.event {
        Event::CallEnd { reason, .. } => Some(reason.as_str()),
        _ => None,
    });
    reasons.collect()
}
