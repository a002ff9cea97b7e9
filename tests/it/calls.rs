//! Records of calls: what a server leaves, and `patter calls` as a user runs it on records made without a call.

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use patter_records::read::{Filter, Reader};
use patter_records::{Start, Store};
use patter_server::transport::audiosocket::codec;
use patter_server::transport::audiosocket::codec::Message;
use patter_types::event::{Event, Stamped};
use patter_types::line::LineId;
use patter_types::outcome::Outcome;
use patter_types::turn::TurnNumber;

use crate::support::{one_at_a_time, server, wait_until};

/// Runs `patter calls` in UTC on the records in `folder`; its exit code, stdout and stderr.
fn calls(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_patter"))
        .current_dir(folder)
        .env("TZ", "UTC")
        .args(["calls", "--records", "."])
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

fn spoken(turn: u32, text: &str) -> Event {
    Event::Spoken {
        turn: TurnNumber(turn),
        text: text.into(),
        source: LineId::Opening.into(),
        audio_ms: 2_000,
        tts_ms: 1.0,
        cached: true,
    }
}

fn played(turn: u32, text: &str, complete: bool) -> Event {
    Event::PlayedUntil {
        turn: TurnNumber(turn),
        played_ms: 1_500,
        text: text.into(),
        complete,
    }
}

fn heard(text: &str) -> Event {
    Event::Final {
        text: text.into(),
        asr_ms: 70.0,
        logprob: -0.1,
        no_speech: 0.0,
    }
}

fn stage(from: &str, to: &str) -> Event {
    Event::Stage {
        from: from.into(),
        to: to.into(),
        why: "test".into(),
    }
}

/// One call with a story and a hostile number, and one a day later that came to nothing.
fn records(folder: &Path) {
    let store = Store::open(folder, 0).unwrap();
    std::fs::write(folder.join("0a0a.wav"), "sound").unwrap();
    std::fs::write(folder.join("0a0a.call.json"), "{}").unwrap();
    let start = Start {
        uuid: "0a0a1111-0000-4000-8000-000000000001".into(),
        started_at_ms: 1_795_512_600_000,
        asr: "ears.bin".into(),
        llm: "mind.gguf".into(),
        tts: "espeak: en-us".into(),
        number: Some("+4930123456".into()),
        campaign: Some("=1+1\u{1b}[2J".into()),
        recording: Some("0a0a.wav".into()),
    };
    let begin = Event::CallStart {
        number: None,
        campaign: None,
        slots: std::collections::BTreeMap::new(),
        transport: "audiosocket".into(),
        playbook: "Fitness".into(),
        version: "0.1.0".into(),
    };
    let end = Event::CallEnd {
        reason: "caller".into(),
        turns: 2,
        barge_ins: 1,
        false_interruptions: 0,
        speculations: 0,
        speculations_dropped: 0,
        dropped_frames: 0,
        filled_frames: 0,
        most_behind_ms: 0,
    };
    let latency = Event::Latency {
        turn: TurnNumber(2),
        endpoint_ms: 240.0,
        asr_ms: 3.0,
        first_token_ms: 0.0,
        tts_ms: 2.0,
        response_ms: 246.0,
    };
    let barge_in = Event::BargeIn {
        turn: TurnNumber(2),
        speech_ms: 460,
        stop_ms: 84.0,
        played_ms: 1_500,
    };
    let slot = Event::Slot {
        turn: TurnNumber(2),
        slot: "day".into(),
        value: "2026-11-26".into(),
        confirmed: false,
    };
    let outcome = Event::Outcome {
        turn: TurnNumber(2),
        outcome: Outcome::Success,
    };
    let story = [
        (5, begin.clone()),
        (6, stage("", "opening")),
        (6, spoken(1, "Do you have a minute?")),
        (1_500, played(1, "Do you have a minute?", true)),
        (61_000, Event::SpeechStart),
        (62_000, heard("Go ahead.\u{1b}[31m")),
        (62_250, stage("opening", "pitch")),
        (62_250, slot),
        (62_250, outcome),
        (62_250, spoken(2, "It costs 29 dollars a month.")),
        (62_260, latency),
        (64_000, barge_in),
        (64_000, played(2, "It costs", false)),
        (65_000, Event::SpeechStart),
        (66_000, heard("Bye.")),
        (66_100, end),
    ];
    let write = |start: Start, story: &[(u64, Event)]| {
        let mut record = store.begin(start.clone());
        for (t_ms, event) in story {
            record.event(&Stamped {
                t_ms: *t_ms,
                call: start.uuid.clone(),
                event: event.clone(),
            });
        }
    };
    write(start.clone(), &story);
    let later = Start {
        uuid: "0b0b2222-0000-4000-8000-000000000002".into(),
        started_at_ms: start.started_at_ms + 86_400_000,
        number: None,
        campaign: None,
        recording: None,
        ..start
    };
    write(later, &[(5, begin)]);
}

#[test]
fn a_list_is_newest_first_and_can_be_narrowed() {
    let folder = tempfile::tempdir().unwrap();
    records(folder.path());
    let first = "     1  2026-11-24 09:30:00    1:06    2 turns  success      0a0a1111  Fitness, +4930123456, =1+1\u{FFFD}[2J\n";
    let second = "     2  2026-11-25 09:30:00    0:00    0 turns  -            0b0b2222  Fitness\n";
    let out = |arguments: &[&str]| {
        let result = calls(folder.path(), arguments);
        assert_eq!(result.0, 0, "{result:?}");
        result.1
    };
    assert_eq!(out(&["list"]), format!("{second}{first}"));
    assert_eq!(out(&["list", "--limit", "1"]), second);
    assert_eq!(out(&["list", "--outcome", "success"]), first);
    assert_eq!(out(&["list", "--outcome", "none"]), second);
    assert_eq!(out(&["list", "--until", "2026-11-24"]), first);
    assert_eq!(out(&["list", "--since", "2026-11-24T09:30:01"]), second);
    assert_eq!(out(&["list", "--until", "2026-11-24T09:30:00Z"]), "");
    let json: serde_json::Value = serde_json::from_str(&out(&["list", "--json"])).unwrap();
    assert_eq!(json[1]["started_at"], "2026-11-24T09:30:00.000Z");
    assert_eq!(json[1]["stages"], "opening > pitch");
    let result = calls(folder.path(), &["list", "--since", "yesterday-ish"]);
    assert_eq!(result.0, 2);
    assert!(result.2.contains("is no day (2026-11-24)"), "{result:?}");
}

#[test]
fn a_call_is_shown_as_a_conversation() {
    let folder = tempfile::tempdir().unwrap();
    records(folder.path());
    let shown = calls(folder.path(), &["show", "0A0A1111"]);
    assert_eq!(
        shown.1,
        "call 1, 0a0a1111-0000-4000-8000-000000000001
  playbook   Fitness
  campaign   =1+1\u{FFFD}[2J
  number     +4930123456
  began      2026-11-24 09:30:00, by audiosocket
  length     1:06, ended by caller
  outcome    success
  stages     opening > pitch
  turns      2, 1 interruption
  models     ears.bin, mind.gguf, espeak: en-us
  version    0.1.0
  recording  ./0a0a.wav
  slot       day = 2026-11-26 (not confirmed)

   0:00  agent   Do you have a minute?
   1:01  caller  Go ahead.\u{FFFD}[31m
   1:02  agent   It costs 29 dollars a month.
                 (heard of it: It costs)
                 [after 246 ms: end of turn 240, words 3, first token 0, voice 2]
   1:05  caller  Bye.
"
    );
    let json = calls(folder.path(), &["show", "1", "--json"]).1;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["id"], 1);
    assert_eq!(json["turns"][1]["played"], "It costs");
    assert_eq!(json["events"][15]["event"], "call_end");
    assert_eq!(json["slots"][0]["confirmed"], false);
}

#[test]
fn exports_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    records(folder.path());
    let result = calls(folder.path(), &["export", "--outcome", "success"]);
    assert_eq!(result.2, "1 call exported\n");
    let json: serde_json::Value = serde_json::from_str(&result.1).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 1);
    assert_eq!(json[0]["events"].as_array().unwrap().len(), 16);
    let arguments = ["export", "--format", "csv", "--out", "calls.csv"];
    let result = calls(folder.path(), &arguments);
    assert_eq!((result.0, result.1.as_str()), (0, ""), "{result:?}");
    let csv = std::fs::read_to_string(folder.path().join("calls.csv")).unwrap();
    let rows: Vec<&str> = csv.split_terminator("\r\n").collect();
    assert_eq!(rows.len(), 3);
    assert!(rows[2].contains(",+4930123456,'=1+1\u{FFFD}[2J,success,caller,opening > pitch,2,1,"));
    let result = calls(folder.path(), &["export", "--out", "/dev/full"]);
    assert_eq!(result.0, 2, "{result:?}");
    assert!(result.2.starts_with("patter: cannot write `/dev/full`"));
    assert_eq!(
        calls(folder.path(), &["export", "--until", "1999-01-01"]).1,
        "[]\n"
    );
}

#[test]
fn deleting_asks_and_takes_the_recording_too() {
    let folder = tempfile::tempdir().unwrap();
    records(folder.path());
    let result = calls(folder.path(), &["delete", "0a0a1111"]);
    assert_eq!(result.0, 2);
    assert_eq!(
        result.2,
        "patter: nothing was deleted; to be deleted: 1\nhint: `--yes` deletes without asking\n"
    );
    let result = calls(folder.path(), &["delete", "0a0a1111", "1", "--yes"]);
    assert_eq!(
        (result.0, result.2.as_str()),
        (0, "1 call and 1 recording deleted\n")
    );
    assert!(!folder.path().join("0a0a.wav").exists());
    assert!(!folder.path().join("0a0a.call.json").exists());
    let result = calls(folder.path(), &["show", "1"]);
    assert_eq!(result.0, 2);
    assert_eq!(
        result.2,
        "patter: there is no call `1`\nhint: `patter calls list` shows the calls\n"
    );
    // The remaining call is of another day than today, whatever day that is.
    let result = calls(folder.path(), &["delete", "--older-than", "36500", "--yes"]);
    assert_eq!(
        (result.0, result.2.as_str()),
        (0, "0 calls and 0 recordings deleted\n")
    );
    assert_eq!(calls(folder.path(), &["delete"]).0, 2);
}

#[test]
fn where_nothing_was_recorded_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let result = calls(folder.path(), &["list"]);
    assert_eq!(result.0, 2);
    assert!(
        result.2.starts_with(
            "patter: there are no records of calls: `./calls.db` does not exist\nhint: "
        ),
        "{result:?}"
    );
    assert!(!folder.path().join("calls.db").exists());
    std::fs::write(folder.path().join("calls.db"), "no database".repeat(100)).unwrap();
    let result = calls(folder.path(), &["list"]);
    assert!(
        result
            .2
            .starts_with("patter: the records `./calls.db` are damaged: "),
        "{result:?}"
    );
    let without = crate::support::patter(folder.path(), &["calls", "list"]);
    assert_eq!(without.0, 2);
    assert!(
        without
            .2
            .starts_with("patter: no records of calls are kept: `serve.records` is empty\nhint: "),
        "{without:?}"
    );
}

#[test]
fn a_server_records_its_calls_and_two_of_one_uuid_apart() {
    let _turn = one_at_a_time();
    let folder = tempfile::tempdir().unwrap();
    let (server, events) = server(2, Some(folder.path().to_owned()));
    for _ in 0..2 {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        let mut hello = Vec::new();
        codec::encode(&Message::Uuid([0x3a; 16]), &mut hello).unwrap();
        stream.write_all(&hello).unwrap();
        assert!(wait_until(|| server.active_calls() == 1));
        std::thread::sleep(Duration::from_millis(1_500));
        drop(stream);
        assert!(wait_until(|| server.active_calls() == 0));
    }
    drop(server);
    let lines: Vec<String> = events
        .iter()
        .map(|event| serde_json::to_string(&event).unwrap())
        .collect();
    let reader = Reader::open(folder.path()).unwrap();
    let mut calls = reader.list(&Filter::default()).unwrap();
    calls.reverse();
    assert_eq!(calls.len(), 2);
    let mut kept = Vec::new();
    for call in &calls {
        assert_eq!(call.uuid, "3a3a3a3a-3a3a-3a3a-3a3a-3a3a3a3a3a3a");
        assert_eq!(call.state, "closed");
        assert_eq!(call.end_reason.as_deref(), Some("caller"));
        assert_eq!(
            (call.transport.as_str(), call.playbook.as_str()),
            ("audiosocket", "Fitness membership")
        );
        assert_eq!(call.asr, "patter-asr-v4.bin");
        assert_eq!(call.tts, "espeak: en-us");
        assert!(reader.recording(call).unwrap().exists());
        let whole = reader.whole(call.id).unwrap().unwrap();
        assert!(whole.turns[0].said.starts_with("Hi there"));
        assert!(!whole.turns[0].complete);
        kept.extend(whole.events.iter().map(|line| line.get().to_owned()));
    }
    assert_ne!(calls[0].recording, calls[1].recording);
    assert_eq!(kept, lines);
    let jsonl = std::fs::read_dir(folder.path()).unwrap().any(|entry| {
        entry
            .unwrap()
            .path()
            .extension()
            .is_some_and(|e| e == "jsonl")
    });
    assert!(!jsonl);
}
