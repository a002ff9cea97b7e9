//! A server as an operator runs it: call data, last words, signals.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use patter_audio::wav;
use patter_call::CallContext;
use patter_call::playbooks::PlaybookRegistry;
use patter_lab::caller::Cue;
use patter_records::Store;
use patter_server::http::Shared;
use patter_server::session::call_id;
use patter_server::transport::audiosocket::codec::Message;
use patter_server::transport::audiosocket::{client, codec};
use patter_types::event::{Event, Stamped};
use patter_types::line::LineId;
use patter_types::load::ShedLevel;
use patter_types::outcome::Outcome;
use patter_types::source::Source;

use crate::support::{
    caller, ended_by, engines, loaded, one_at_a_time, patter, root, server, server_like, wait_until,
};

/// Of what is said in place of the model's words.
const FALLBACK: Source = Source::Line(LineId::Fallback);

/// A caller who is connected, sends silence and listens.
struct Silent {
    stream: TcpStream,
    stop: Arc<std::sync::atomic::AtomicBool>,
    thread: Option<std::thread::JoinHandle<bool>>,
}

impl Silent {
    fn call(address: SocketAddr, uuid: [u8; 16]) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nonblocking(false).unwrap();
        let mut hello = Vec::new();
        codec::encode(&Message::Uuid(uuid), &mut hello).unwrap();
        stream.write_all(&hello).unwrap();
        let kept = stream.try_clone().unwrap();
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut reader = stream.try_clone().unwrap();
            let reading =
                std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
            let mut frame = Vec::new();
            codec::encode_audio(8_000, &[0; 160], &mut frame).unwrap();
            while !stopping.load(std::sync::atomic::Ordering::Acquire) && !reading.is_finished() {
                if stream.write_all(&frame).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            reading.is_finished()
        });
        Self {
            stream: kept,
            stop,
            thread: Some(thread),
        }
    }

    /// Waits up to 20 s: what is said when the end is asked for, and a last word.
    fn is_hung_up_on_in_time(&self) -> bool {
        (0..2).any(|_| wait_until(|| self.was_hung_up_on()))
    }

    fn press(&self, key: u8) {
        let mut bytes = Vec::new();
        codec::encode(&Message::Dtmf(key), &mut bytes).unwrap();
        (&self.stream).write_all(&bytes).unwrap();
    }

    fn was_hung_up_on(&self) -> bool {
        self.thread
            .as_ref()
            .is_some_and(|thread| thread.is_finished())
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.stop.store(true, std::sync::atomic::Ordering::Release);
        let _ = self.thread.take().map(std::thread::JoinHandle::join);
    }
}

fn said(events: &[Stamped]) -> Vec<&str> {
    let texts = events.iter().filter_map(|e| match &e.event {
        Event::PlayedUntil { text, .. } => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

#[test]
fn a_call_that_must_end_hears_a_last_word() {
    let _turn = one_at_a_time();
    let (server, events) = server(1, None);
    let caller = Silent::call(server.address(), [1; 16]);
    assert!(wait_until(|| server.active_calls() == 1));
    server.end_calls_politely();
    // The opening may be said for five seconds more; then comes the last word.
    assert!(caller.is_hung_up_on_in_time());
    drop(server);
    let events: Vec<Stamped> = events.iter().collect();
    assert_eq!(ended_by(&events), ["stopped"], "{events:#?}");
    let playbook = &engines().playbooks.default.knowledge.playbook;
    assert_eq!(said(&events).last(), Some(&playbook.lines.trouble.as_str()));
}

#[test]
fn a_call_that_lasts_too_long_is_ended() {
    let _turn = one_at_a_time();
    let mut loaded = loaded();
    loaded.config.serve.max_call_s = 2;
    let hasty = Arc::new(engines().with_settings(&loaded).unwrap());
    let (server, events) = server_like(hasty, |_| ());
    let caller = Silent::call(server.address(), [2; 16]);
    assert!(caller.is_hung_up_on_in_time());
    drop(server);
    let events: Vec<Stamped> = events.iter().collect();
    assert_eq!(ended_by(&events), ["too_long"], "{events:#?}");
}

#[test]
fn a_machine_that_is_too_busy_says_approved_lines_only() {
    let _turn = one_at_a_time();
    let mut loaded = loaded();
    // Busy from the first frame on.
    loaded.config.load.few_partials_at = 0.0;
    loaded.config.load.no_speculation_at = 0.0;
    loaded.config.load.approved_only_at = 0.0;
    let busy = Arc::new(engines().with_settings(&loaded).unwrap());
    let (server, events) = server_like(busy, |_| ());
    let mut caller = caller(&[
        (Cue::Turn, "I moved in March."),
        (Cue::Turn, "Thanks, bye."),
    ]);
    let limit = Duration::from_secs(60);
    client::call(server.address(), [6; 16], 8_000, &mut caller, limit).unwrap();
    drop(server);
    let events: Vec<Stamped> = events.iter().collect();
    let happened = |wanted: &dyn Fn(&Event) -> bool| events.iter().any(|e| wanted(&e.event));
    assert!(happened(&|e| matches!(
        e,
        Event::Load {
            step: ShedLevel::ApprovedOnly,
            ..
        }
    )));
    assert!(!happened(&|e| matches!(e, Event::Generated { .. })));
    let fallback = |e: &Event| matches!(e, Event::Spoken { source, .. } if *source == FALLBACK);
    assert!(happened(&fallback), "{events:#?}");
    assert!(happened(&|e| matches!(
        e,
        Event::CallEnd {
            speculations: 0,
            ..
        }
    )));
}

#[test]
fn a_language_model_that_fails_is_told_of_and_then_left_alone() {
    let _turn = one_at_a_time();
    let mut loaded = loaded();
    // No prompt fits.
    loaded.config.llm.context_tokens = 256;
    loaded.config.serve.max_calls = 1;
    let engines = Arc::new(patter_assembly::load(&loaded).unwrap());
    let shared = Shared::new(&loaded.config.http, 1).unwrap();
    shared.set_ready(true);
    shared.watch_load(&engines.load);
    let watching = Arc::clone(&shared);
    let (server, events) = server_like(Arc::clone(&engines), |options| {
        let first = Arc::clone(&options.session.watch);
        options.session.watch = Arc::new(move |event| {
            watching.watch(event);
            first(event);
        });
    });
    let odd = [
        "I moved in March.",
        "My sister paints.",
        "The rain was loud.",
        "I like old trains.",
    ];
    let lines: Vec<(Cue, &str)> = odd.iter().map(|text| (Cue::Turn, *text)).collect();
    let mut caller = caller(&lines);
    let limit = Duration::from_secs(45);
    client::call(server.address(), [0x33; 16], 8_000, &mut caller, limit).unwrap();
    drop(server);
    let not_ready = shared.not_ready();
    let events: Vec<Event> = events.iter().map(|stamped| stamped.event).collect();
    let told = |e: &&Event| matches!(e, Event::Error { message } if message.contains("made no reply: a prompt of"));
    assert_eq!(events.iter().filter(told).count(), 3, "{events:#?}");
    let fallback = |e: &&Event| matches!(e, Event::Spoken { source, .. } if *source == FALLBACK);
    assert!(events.iter().filter(fallback).count() >= 3, "{events:#?}");
    assert!(events.iter().any(|e| matches!(
        e,
        Event::Load {
            step: ShedLevel::ApprovedOnly,
            ..
        }
    )));
    assert!(not_ready.is_some_and(|why| why.contains("the language model fails")));
    let figures = shared.metrics.render(Default::default()).unwrap();
    assert!(
        figures.contains("\npatter_llm_failures_total 3\n"),
        "{figures}"
    );
}

#[test]
fn a_reload_does_not_wait_for_callers_who_keep_the_language_model_busy() {
    let _turn = one_at_a_time();
    let engines = engines();
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopping = Arc::clone(&stop);
    let busy = engines.llm.session().unwrap();
    let always = std::thread::spawn(move || {
        let message = patter_types::chat::ChatMessage {
            role: patter_types::chat::Role::User,
            text: "Tell me a long story.".into(),
        };
        while !stopping.load(std::sync::atomic::Ordering::Acquire) {
            let reply = busy.generate(
                vec![message.clone()],
                patter_types::priority::Priority::Interactive,
            );
            for _ in reply.pieces.iter() {}
        }
    });
    let (done, reloaded) = crossbeam_channel::bounded(1);
    let settings = loaded();
    let reload = std::thread::spawn(move || {
        let again = engines.with_settings(&settings).is_ok();
        done.send(again).unwrap();
    });
    let came = reloaded.recv_timeout(Duration::from_secs(60));
    stop.store(true, std::sync::atomic::Ordering::Release);
    always.join().unwrap();
    reload.join().unwrap();
    assert_eq!(came, Ok(true), "it waits for the callers");
}

/// Sends silence as the call `uuid` for a second and a half; the loudest sample that came back.
fn short_call(address: SocketAddr, uuid: [u8; 16]) -> i16 {
    let mut quiet = caller(&[]);
    let limit = Duration::from_millis(1_500);
    let recording = client::call(address, uuid, 16_000, &mut quiet, limit).unwrap();
    let loud = recording.agent.iter().map(|s| s.saturating_abs()).max();
    loud.unwrap_or(0)
}

#[test]
fn a_call_is_recorded_as_flac_also_after_the_folder_has_vanished() {
    let _turn = one_at_a_time();
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("records");
    let store = Arc::new(Store::open(&folder, 0).unwrap());
    let mut settings = loaded();
    settings.config.serve.record_format = "flac".into();
    let (server, events) = server_like(engines(), |options| {
        options.session.max_calls = 2;
        options.session.record_audio = Some(Arc::new(settings));
        options.session.records = Some(store);
    });
    let file = |n: u8| folder.join(format!("{}.flac", call_id::format_uuid(&[n; 16])));
    let seconds = |n: u8| wav::read(&file(n)).map(|clip| clip.samples.len() as f32 / 16_000.0);
    assert!(short_call(server.address(), [1; 16]) > 1_000);
    assert!(wait_until(|| server.active_calls() == 0));
    assert!(
        (1.2..2.0).contains(&seconds(1).unwrap()),
        "{:?}",
        seconds(1).ok()
    );
    // The folder vanishes in the middle of a call.
    let address = server.address();
    let during = std::thread::spawn(move || short_call(address, [2; 16]));
    assert!(wait_until(|| file(2).exists()));
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(during.join().unwrap() > 1_000, "the call goes on");
    assert!(short_call(server.address(), [3; 16]) > 1_000);
    assert!(wait_until(|| server.active_calls() == 0));
    assert!(
        (1.2..2.0).contains(&seconds(3).unwrap()),
        "{:?}",
        seconds(3).ok()
    );
    drop(server);
    let ends = events
        .iter()
        .filter(|e| matches!(e.event, Event::CallEnd { .. }));
    assert_eq!(ends.count(), 3);
}

#[test]
fn models_that_are_deleted_are_missed_at_the_next_start_only() {
    let _turn = one_at_a_time();
    let folder = tempfile::tempdir().unwrap();
    let book = root().join("playbooks/fitness.toml");
    std::fs::copy(book, folder.path().join("book.toml")).unwrap();
    let models = folder.path().join("models");
    std::fs::create_dir(&models).unwrap();
    for entry in std::fs::read_dir(root().join("models")).unwrap() {
        let path = entry.unwrap().path();
        std::os::unix::fs::symlink(&path, models.join(path.file_name().unwrap())).unwrap();
    }
    let here = root().display();
    let settings = format!(
        "[models]\nfolder = \"models\"\n[dialogue]\nplaybook = \"book.toml\"\nembedding_store = \"{here}/cache/embeddings.bin\"\n"
    );
    let mut served = Served::start(folder.path(), &settings);
    std::fs::remove_dir_all(&models).unwrap();
    let mut caller = caller(&[(Cue::Turn, "How much is it?"), (Cue::Turn, "Thanks, bye.")]);
    let limit = Duration::from_secs(60);
    let recording = client::call(served.address, [9; 16], 8_000, &mut caller, limit).unwrap();
    let exchanges = caller.exchanges(&recording);
    assert!(
        exchanges.iter().all(|e| e.response_ms.is_some()),
        "{exchanges:?}"
    );
    served.signal("-HUP");
    served.wait_for("reloaded: new calls");
    assert!(short_call(served.address, [8; 16]) > 1_000);
}

/// A language model that still works when the program's globals are taken down crashes it.
#[test]
fn a_server_that_is_gone_keeps_no_engine_alive() {
    let _turn = one_at_a_time();
    let own = Arc::new(engines().with_settings(&loaded()).unwrap());
    let left = Arc::downgrade(&own);
    let shared = Shared::new(&loaded().config.http, 1).unwrap();
    let watching = Arc::clone(&shared);
    let (server, _events) = server_like(own, |options| {
        options.session.watch = Arc::new(move |event| watching.watch(event));
    });
    let (active, most) = server.counters();
    shared.count_calls(active, most);
    shared.control_calls(server.controls());
    assert!(short_call(server.address(), [4; 16]) > 1_000);
    assert_eq!(shared.calls().1, 1);
    drop(server);
    assert!(left.upgrade().is_none());
    assert_eq!(shared.calls(), (0, 0));
}

#[test]
fn call_data_chooses_the_playbook_and_fills_its_slots() {
    let _turn = one_at_a_time();
    let mut loaded = loaded();
    loaded.config.serve.playbooks = vec!["playbooks/appointment_confirmation.toml".into()];
    let engines = Arc::new(engines().with_settings(&loaded).unwrap());
    let admit = |uuid: &[u8; 16], playbooks: &PlaybookRegistry| {
        let slots = [("customer", "Anna Price"), ("shoe_size", "9")];
        match uuid[0] {
            3 => Ok(CallContext {
                playbook: playbooks.get("appointment_confirmation").cloned(),
                slots: slots
                    .map(|(slot, value)| (slot.to_owned(), value.to_owned()))
                    .into(),
                ..CallContext::default()
            }),
            _ => Err("unknown".to_owned()),
        }
    };
    let (server, events) = server_like(engines, |options| options.session.admit = Arc::new(admit));
    let stranger = Silent::call(server.address(), [4; 16]);
    assert!(wait_until(|| stranger.was_hung_up_on()));
    assert_eq!(server.refused_calls(), 1);
    let known = Silent::call(server.address(), [3; 16]);
    assert!(wait_until(|| server.active_calls() == 1));
    std::thread::sleep(Duration::from_secs(1));
    drop(known);
    assert!(wait_until(|| server.active_calls() == 0));
    drop(server);
    let events: Vec<Stamped> = events.iter().collect();
    assert!(
        events.iter().all(|e| e.call.starts_with("03030303")),
        "{events:#?}"
    );
    let of = |wanted: fn(&Event) -> Option<&str>| events.iter().find_map(|e| wanted(&e.event));
    let title = of(|event| match event {
        Event::CallStart { playbook, .. } => Some(playbook),
        _ => None,
    });
    assert_eq!(title, Some("Appointment confirmation"));
    let spoken = of(|event| match event {
        Event::Spoken { text, .. } if text.contains("Anna Price") => Some(text),
        _ => None,
    });
    assert!(spoken.is_some(), "{events:#?}");
    let error = of(|event| match event {
        Event::Error { message } => Some(message),
        _ => None,
    });
    assert!(
        error.is_some_and(|e| e.contains("no slot `shoe_size`")),
        "{error:?}"
    );
}

#[test]
fn a_recorded_call_replays_with_its_own_playbook_slots_and_keys() {
    let _turn = one_at_a_time();
    let mut loaded = loaded();
    loaded.config.serve.playbooks = vec!["playbooks/appointment_confirmation.toml".into()];
    let engines = Arc::new(engines().with_settings(&loaded).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(folder.path(), 0).unwrap());
    let admit = |_: &[u8; 16], playbooks: &PlaybookRegistry| {
        Ok(CallContext {
            playbook: playbooks.get("appointment_confirmation").cloned(),
            slots: [("customer".to_owned(), "Anna Price".to_owned())].into(),
            ..CallContext::default()
        })
    };
    let (server, events) = server_like(engines, |options| {
        options.session.admit = Arc::new(admit);
        options.session.record_audio = Some(Arc::new(loaded));
        options.session.records = Some(store);
    });
    let caller = Silent::call(server.address(), [7; 16]);
    std::thread::sleep(Duration::from_secs(3));
    caller.press(b'0');
    std::thread::sleep(Duration::from_secs(2));
    drop(caller);
    assert!(wait_until(|| server.active_calls() == 0));
    drop(server);
    let happened: Vec<Event> = events.iter().map(|stamped| stamped.event).collect();
    let outcome = |outcome: &Event| {
        matches!(
            outcome,
            Event::Outcome {
                outcome: Outcome::HandOver,
                ..
            }
        )
    };
    assert!(happened.iter().any(outcome), "{happened:#?}");

    let file = folder
        .path()
        .join(format!("{}.call.json", call_id::format_uuid(&[7; 16])));
    let (code, stdout, stderr) = patter(root(), &["replay", file.to_str().unwrap(), "--json"]);
    assert_eq!(code, 0, "{stderr}");
    let replayed: Vec<serde_json::Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |name: &str| replayed.iter().find(|event| event["event"] == name);
    let start = of("call_start").unwrap();
    assert_eq!(start["playbook"], "Appointment confirmation");
    assert_eq!(start["slots"]["customer"], "Anna Price");
    assert_eq!(of("dtmf").unwrap()["key"], "0");
    assert_eq!(of("outcome").unwrap()["outcome"], "hand_over");
}

/// `patter serve` with a config of its own, listening on a free port.
struct Served {
    process: Child,
    lines: BufReader<ChildStderr>,
    /// What it has said so far.
    said: Vec<String>,
    address: SocketAddr,
}

impl Served {
    fn start(folder: &Path, config: &str) -> Self {
        Self::start_with(folder, config, &[], Stdio::null())
    }

    fn start_with(folder: &Path, config: &str, more: &[&str], stdout: Stdio) -> Self {
        let path = folder.join("config.toml");
        std::fs::write(&path, config).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_patter"))
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(&path)
            .args(more)
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut served = Self {
            lines: BufReader::new(process.stderr.take().unwrap()),
            said: Vec::new(),
            process,
            address: "127.0.0.1:1".parse().unwrap(),
        };
        let line = served.wait_for("listening on ");
        let address = line.split("listening on ").nth(1).unwrap();
        let end = address.find(|c: char| !c.is_ascii_digit() && !".:".contains(c));
        served.address = address[..end.unwrap_or(address.len())].parse().unwrap();
        served
    }

    /// The next line of stderr that holds `part`.
    fn wait_for(&mut self, part: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "no `{part}`");
            self.said.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
    }

    fn signal(&self, name: &str) {
        // The shell has it built in; a machine need not have the program.
        let command = format!("kill {name} {}", self.process.id());
        assert!(
            Command::new("sh")
                .args(["-c", &command])
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn config(more: &str) -> String {
    let here = root().display();
    format!(
        "[models]\nfolder = \"{here}/models\"\n[dialogue]\nplaybook = \"book.toml\"\nembedding_store = \"{here}/cache/embeddings.bin\"\n[serve]\n{more}"
    )
}

#[test]
fn signals_reload_and_drain() {
    let _turn = one_at_a_time();
    let folder = tempfile::tempdir().unwrap();
    let book = std::fs::read_to_string(root().join("playbooks/fitness.toml")).unwrap();
    let path = folder.path().join("book.toml");
    std::fs::write(&path, &book).unwrap();
    let mut served = Served::start(folder.path(), &config("drain_s = 1\n"));

    std::fs::write(&path, "not a playbook").unwrap();
    served.signal("-HUP");
    let line = served.wait_for("not reloaded");
    assert!(line.contains("book.toml"), "{line}");
    std::fs::write(&path, &book).unwrap();
    served.signal("-HUP");
    served.wait_for("reloaded: new calls");

    let caller = Silent::call(served.address, [5; 16]);
    std::thread::sleep(Duration::from_millis(500));
    assert!(!caller.was_hung_up_on(), "the faulty playbook did no harm");
    served.signal("-TERM");
    served.wait_for("stopping: 1 calls under way may go on for 1 s");
    assert!(
        wait_until(|| TcpStream::connect(served.address).is_err()),
        "no call is taken any more"
    );
    assert!(!caller.was_hung_up_on());
    assert!(caller.is_hung_up_on_in_time(), "with a last word");
    let status = served.process.wait().unwrap();
    assert!(status.success(), "{status}");
}

#[test]
fn a_first_start_answers_calls_before_the_playbook_is_learnt() {
    let _turn = one_at_a_time();
    let folder = tempfile::tempdir().unwrap();
    let book = root().join("playbooks/fitness.toml");
    std::fs::copy(book, folder.path().join("book.toml")).unwrap();
    let stored = format!("{}/cache/embeddings.bin", root().display());
    let fresh = folder.path().join("vectors.bin");
    let settings = config("").replace(&stored, &fresh.display().to_string());
    let mut served = Served::start(folder.path(), &settings);
    let learnt = |served: &Served| served.said.iter().any(|line| line.contains("are learnt"));
    assert!(!learnt(&served), "{:?}", served.said);
    assert!(short_call(served.address, [8; 16]) > 1_000);
    served.wait_for("playbooks are learnt");
    assert!(wait_until(|| fresh.is_file()), "kept for the next start");
}

#[test]
fn a_reader_of_the_events_that_goes_or_stands_still_ends_and_holds_no_call() {
    let _turn = one_at_a_time();
    let folder = tempfile::tempdir().unwrap();
    let book = root().join("playbooks/fitness.toml");
    std::fs::copy(book, folder.path().join("book.toml")).unwrap();
    let settings = config("");
    let served = || Served::start_with(folder.path(), &settings, &["--json"], Stdio::piped());
    for stays in [false, true] {
        let mut served = served();
        let reader = served.process.stdout.take().filter(|_| stays);
        for call in 0..3 {
            assert!(
                short_call(served.address, [0x40 + call; 16]) > 1_000,
                "call {call}"
            );
        }
        served.signal("-TERM");
        assert!(served.process.wait().unwrap().success());
        drop(reader);
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut served.lines, &mut rest).unwrap();
        assert!(!rest.contains("panicked"), "{rest}");
        assert_eq!(rest.matches("call ended").count(), 3, "{rest}");
    }
}

#[test]
fn a_start_that_is_ended_while_it_learns_ends_at_once() {
    let _turn = one_at_a_time();
    let folder = tempfile::tempdir().unwrap();
    let book = root().join("playbooks/fitness.toml");
    std::fs::copy(book, folder.path().join("book.toml")).unwrap();
    let settings = config("").replace("embeddings.bin", "none-of-this-name.bin");
    let settings = settings.replace(
        &format!("{}/cache", root().display()),
        &folder.path().display().to_string(),
    );
    let mut served = Served::start(folder.path(), &settings);
    served.signal("-TERM");
    assert!(served.process.wait().unwrap().success());
}

#[test]
fn the_journal_is_json_and_tells_nothing_that_was_said() {
    let _turn = one_at_a_time();
    let folder = tempfile::tempdir().unwrap();
    let book = root().join("playbooks/fitness.toml");
    std::fs::copy(book, folder.path().join("book.toml")).unwrap();
    let settings = config("max_call_s = 1\n[log]\nformat = \"json\"\n");
    let mut served = Served::start(folder.path(), &settings);
    let _caller = Silent::call(served.address, [0xab; 16]);
    let lines: Vec<String> = ["call began", "call ended"]
        .map(|part| served.wait_for(part))
        .into();
    for line in &lines {
        let told: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(told["call"], "abababab-abab-abab-abab-abababababab");
        assert_eq!(told["level"], "INFO");
        assert!(!line.contains("Alex"), "{line}");
    }
    assert!(lines[1].contains("too_long"), "{}", lines[1]);
}

#[test]
fn a_second_signal_ends_calls_at_once() {
    let _turn = one_at_a_time();
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(
        root().join("playbooks/fitness.toml"),
        folder.path().join("book.toml"),
    )
    .unwrap();
    let mut served = Served::start(folder.path(), &config(""));
    let caller = Silent::call(served.address, [6; 16]);
    std::thread::sleep(Duration::from_millis(500));
    served.signal("-TERM");
    served.wait_for("a second signal ends them");
    served.signal("-TERM");
    served.wait_for("ended at once");
    assert!(served.process.wait().unwrap().success());
    assert!(wait_until(|| caller.was_hung_up_on()));
}

#[test]
fn a_key_interrupts_and_is_answered() {
    let _turn = one_at_a_time();
    let (server, events) = server(1, None);
    let caller = Silent::call(server.address(), [7; 16]);
    assert!(wait_until(|| server.active_calls() == 1));
    let began = |e: &Stamped| matches!(e.event, Event::Spoken { .. });
    let mut heard: Vec<Stamped> = Vec::new();
    while !heard.iter().any(began) {
        heard.push(events.recv_timeout(Duration::from_secs(20)).unwrap());
    }
    std::thread::sleep(Duration::from_millis(700));
    caller.press(b'0');
    assert!(wait_until(|| caller.was_hung_up_on()), "handed over");
    drop(server);
    heard.extend(events.iter());
    let events = heard;
    let at = |wanted: &dyn Fn(&Event) -> bool| events.iter().position(|e| wanted(&e.event));
    let key = at(&|e| matches!(e, Event::Dtmf { key } if key == "0"));
    let cut = at(&|e| matches!(e, Event::BargeIn { .. }));
    let outcome = at(&|e| {
        matches!(
            e,
            Event::Outcome {
                outcome: Outcome::HandOver,
                ..
            }
        )
    });
    assert!(key.is_some() && key < cut && cut < outcome, "{events:#?}");
    assert_eq!(ended_by(&events), ["agent"]);
}
