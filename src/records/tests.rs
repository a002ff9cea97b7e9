//! The records as a whole: what is written is found, and what is deleted is gone.

mod trouble;

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::read::{Filter, Reader, Turn, WholeCall};
use super::remove::{Remover, days_ago};
use super::store::Pace;
use super::{CallRecord, RecordsError, Start, Store, export, schema};
use patter_types::event::{Event, Stamped};
use patter_types::outcome::Outcome;
use patter_types::source::Source;
use patter_types::turn::TurnNumber;

const HOSTILE: &str = "=cmd|' /C calc'!A0 \"quoted\", 'single'; DROP TABLE calls; --\r\nline two\0after NUL \u{202E}txet sdrawkcab\u{202C} שלום 你好 \u{1b}[2J";

const FAST: Pace = Pace {
    batch: Duration::from_millis(10),
    retry: Duration::from_millis(50),
    busy: Duration::from_millis(20),
    cleaning: Duration::from_millis(50),
};

fn start(uuid: &str) -> Start {
    Start {
        uuid: uuid.into(),
        started_at_ms: 1_795_512_600_000,
        asr: "ears.bin".into(),
        llm: "mind.gguf".into(),
        tts: "espeak: en-us".into(),
        ..Start::default()
    }
}

fn stamped(t_ms: u64, event: Event) -> Stamped {
    let call = "c".into();
    Stamped { t_ms, call, event }
}

fn begin(store: &Store, uuid: &str) -> CallRecord {
    let mut record = store.begin(start(uuid));
    record.event(&stamped(
        5,
        Event::CallStart {
            number: None,
            campaign: None,
            slots: [("customer".to_owned(), "Ada".to_owned())].into(),
            transport: "audiosocket".into(),
            playbook: "Fitness".into(),
            version: "0.1.0".into(),
        },
    ));
    record
}

fn heard(text: &str) -> Event {
    Event::Final {
        text: text.into(),
        asr_ms: 70.0,
        logprob: -0.1,
        no_speech: 0.0,
    }
}

fn spoken(turn: u32, text: &str) -> Event {
    Event::Spoken {
        turn: TurnNumber(turn),
        text: text.into(),
        source: Source::Model,
        audio_ms: 900,
        tts_ms: 2.0,
        cached: false,
    }
}

fn played(turn: u32, text: &str, complete: bool) -> Event {
    Event::PlayedUntil {
        turn: TurnNumber(turn),
        played_ms: 500,
        text: text.into(),
        complete,
    }
}

fn stage(from: &str, to: &str) -> Event {
    Event::Stage {
        from: from.into(),
        to: to.into(),
        why: "test".into(),
    }
}

fn slot(turn: u32, value: &str, confirmed: bool) -> Event {
    Event::Slot {
        turn: TurnNumber(turn),
        slot: "day".into(),
        value: value.into(),
        confirmed,
    }
}

fn call_end(reason: &str) -> Event {
    Event::CallEnd {
        reason: reason.into(),
        turns: 3,
        barge_ins: 1,
        false_interruptions: 0,
        speculations: 0,
        speculations_dropped: 0,
        dropped_frames: 0,
        filled_frames: 0,
        most_behind_ms: 0,
    }
}

/// When it was heard, what was heard, said and played, and how it went.
fn in_short(turn: &Turn) -> String {
    let how = match (turn.complete, turn.reopened) {
        (true, _) => "whole",
        (false, true) => "reopened",
        (false, false) => "cut",
    };
    let Turn {
        heard,
        said,
        played,
        heard_at_ms,
        ..
    } = turn;
    format!("{heard_at_ms:?}: {heard} / {said} / {played} / {how}")
}

fn whole(folder: &Path, wanted: &str) -> Option<WholeCall> {
    let reader = Reader::open(folder).ok()?;
    reader.whole(reader.find(wanted).ok()?).ok()?
}

fn wait_for(what: impl Fn() -> bool) -> bool {
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        if what() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

#[test]
fn a_call_is_found_with_its_turns_slots_and_events() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_at(folder.path(), 0, FAST).unwrap();
    let mut record = begin(&store, "0a0a1111");
    let events = [
        (6, stage("", "opening")),
        (6, spoken(1, "Hello.")),
        (6, spoken(1, "Do you have a minute?")),
        (2_000, played(1, "Hello. Do you have a minute?", true)),
        (2_500, Event::SpeechStart),
        (3_600, heard("Sure,")),
        (3_700, spoken(2, "Great.")),
        (
            3_800,
            Event::Reopened {
                turn: TurnNumber(2),
            },
        ),
        (3_800, played(2, "", false)),
        (3_650, Event::SpeechStart),
        (4_500, heard("Sure, go ahead.")),
        (4_501, stage("opening", "pitch")),
        (4_501, slot(3, "tuesday", false)),
        (4_501, slot(3, "wednesday", true)),
        (4_501, spoken(3, "It costs 29 dollars a month.")),
        (
            4_510,
            Event::Latency {
                turn: TurnNumber(3),
                endpoint_ms: 240.0,
                asr_ms: 1.5,
                first_token_ms: 0.0,
                tts_ms: 2.0,
                response_ms: 246.5,
            },
        ),
        (
            6_000,
            Event::BargeIn {
                turn: TurnNumber(3),
                speech_ms: 460,
                stop_ms: 84.0,
                played_ms: 900,
            },
        ),
        (6_000, played(3, "It costs", false)),
        (
            6_500,
            Event::Outcome {
                turn: TurnNumber(4),
                outcome: Outcome::OptOut,
            },
        ),
        (
            6_500,
            Event::Outcome {
                turn: TurnNumber(4),
                outcome: Outcome::Refused,
            },
        ),
        (7_000, Event::SpeechStart),
        (7_500, heard("Never call again.")),
        (7_600, call_end("caller")),
    ];
    for (t_ms, event) in &events {
        record.event(&stamped(*t_ms, event.clone()));
    }
    drop(record);
    drop(store);

    let whole = whole(folder.path(), "0A0A1111").unwrap();
    let call = &whole.call;
    assert_eq!((call.id, call.state.as_str()), (1, "closed"));
    assert_eq!(call.ended_at, Some(1_795_512_607_600));
    assert_eq!(call.duration_ms, 7_600);
    assert_eq!(call.stages, "opening > pitch");
    assert_eq!(
        call.outcome.as_deref(),
        Some("opt_out"),
        "an opt-out holds, whatever comes after it"
    );
    assert_eq!((call.turns, call.barge_ins), (3, 1));
    assert_eq!(call.end_reason.as_deref(), Some("caller"));

    let exchanges: Vec<String> = whole.turns.iter().map(in_short).collect();
    assert_eq!(
        exchanges,
        [
            "None:  / Hello. Do you have a minute? / Hello. Do you have a minute? / whole",
            "Some(2500): Sure, / Great. /  / reopened",
            "Some(3650): Sure, go ahead. / It costs 29 dollars a month. / It costs / cut",
            "Some(7000): Never call again. /  /  / cut",
        ]
    );
    assert_eq!(whole.turns[2].response_ms, Some(246.5));
    assert_eq!(whole.turns[2].asr_ms, Some(1.5));
    let slots = whole.slots.iter().map(|slot| {
        let value = slot.value.as_str();
        (slot.slot.as_str(), value, slot.confirmed, slot.turn.0)
    });
    assert_eq!(
        slots.collect::<Vec<_>>(),
        [("customer", "Ada", true, 0), ("day", "wednesday", true, 3)]
    );

    // Every event is there, as its line stands in a file of events.
    assert_eq!(whole.events.len(), events.len() + 1);
    let (t_ms, last) = &events[events.len() - 1];
    assert_eq!(
        whole.events.last().unwrap().get(),
        serde_json::to_string(&stamped(*t_ms, last.clone())).unwrap()
    );
}

#[test]
fn a_call_that_could_not_begin_ends_by_error() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_at(folder.path(), 0, FAST).unwrap();
    let mut record = store.begin(start("0b"));
    record.event(&stamped(
        1,
        Event::Error {
            message: "no place".into(),
        },
    ));
    drop(record);
    drop(store);
    let call = whole(folder.path(), "0b").unwrap().call;
    assert_eq!(
        (call.state.as_str(), call.end_reason.as_deref()),
        ("closed", Some("error"))
    );
}

#[test]
fn what_happened_is_in_the_file_while_the_call_runs() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), 0).unwrap();
    let mut record = begin(&store, "0c");
    record.event(&stamped(10, spoken(1, "Hello.")));
    assert!(wait_for(
        || whole(folder.path(), "0c").is_some_and(|call| call.events.len() == 2)
    ));
    let seen = whole(folder.path(), "0c").unwrap();
    assert_eq!(seen.call.state, "open");
    assert_eq!(
        (seen.call.turns, seen.turns[0].said.as_str()),
        (1, "Hello.")
    );
}

#[test]
fn old_calls_go_with_their_recordings_and_young_ones_stay() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_at(folder.path(), 0, FAST).unwrap();
    for (name, days) in [("old", 31), ("young", 29)] {
        for ending in ["wav", "call.json"] {
            std::fs::write(folder.path().join(format!("{name}.{ending}")), "sound").unwrap();
        }
        let mut record = store.begin(Start {
            started_at_ms: days_ago(days),
            recording: Some(format!("{name}.wav")),
            ..start(name)
        });
        record.event(&stamped(7, spoken(1, "A secret word.")));
    }
    drop(store);
    let store = Store::open_at(folder.path(), 30, FAST).unwrap();
    assert!(wait_for(|| whole(folder.path(), "old").is_none()));
    drop(store);
    let there = |name: &str| folder.path().join(name).exists();
    assert!(!there("old.wav") && !there("old.call.json"));
    assert!(there("young.wav") && there("young.call.json"));
    assert!(whole(folder.path(), "young").is_some());
    let left: i64 = Connection::open(schema::path_in(folder.path()))
        .unwrap()
        .query_row("SELECT count(*) FROM events", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 1, "the events of the old call are gone as well");
}

#[test]
fn deleted_words_are_out_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_at(folder.path(), 0, FAST).unwrap();
    let mut record = begin(&store, "17");
    record.event(&stamped(7, spoken(1, "xyzzyplugh")));
    drop(record);
    drop(store);
    let bytes = || std::fs::read(schema::path_in(folder.path())).unwrap();
    let holds = |bytes: Vec<u8>| bytes.windows(10).any(|window| window == b"xyzzyplugh");
    assert!(holds(bytes()));
    let removed = Remover::open(folder.path()).unwrap().remove(&[1]).unwrap();
    assert_eq!((removed.calls, removed.recordings), (1, 0));
    assert!(!holds(bytes()));
}

#[test]
fn a_recording_outside_the_folder_is_not_touched() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("records");
    let outside = parent.path().join("precious.wav");
    std::fs::write(&outside, "sound").unwrap();
    let store = Store::open_at(&folder, 0, FAST).unwrap();
    drop(store.begin(Start {
        recording: Some("../precious.wav".into()),
        ..start("18")
    }));
    drop(store);
    Remover::open(&folder).unwrap().remove(&[1]).unwrap();
    assert!(outside.exists());
}

#[test]
fn lists_are_newest_first_and_filtered() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_at(folder.path(), 0, FAST).unwrap();
    let outcomes = [Some(Outcome::Success), None, Some(Outcome::Refused)];
    for (n, outcome) in outcomes.into_iter().enumerate() {
        let mut record = store.begin(Start {
            started_at_ms: 1_000 * n as i64,
            ..start(&format!("19abcdef-{n}"))
        });
        if let Some(outcome) = outcome {
            record.event(&stamped(
                1,
                Event::Outcome {
                    turn: TurnNumber(1),
                    outcome,
                },
            ));
        }
    }
    drop(store);
    let reader = Reader::open(folder.path()).unwrap();
    let ids = |filter: Filter| -> Vec<i64> {
        let calls = reader.list(&filter).unwrap();
        calls.iter().map(|call| call.id).collect()
    };
    let all = Filter::default();
    assert_eq!(ids(all.clone()), [3, 2, 1]);
    let limit = Some(2);
    assert_eq!(
        ids(Filter {
            limit,
            ..all.clone()
        }),
        [3, 2]
    );
    let since_ms = Some(1_000);
    assert_eq!(
        ids(Filter {
            since_ms,
            ..all.clone()
        }),
        [3, 2]
    );
    let until_ms = Some(1_000);
    assert_eq!(
        ids(Filter {
            until_ms,
            ..all.clone()
        }),
        [1]
    );
    let outcome = Some("refused".to_owned());
    assert_eq!(
        ids(Filter {
            outcome,
            ..all.clone()
        }),
        [3]
    );
    let outcome = Some("none".to_owned());
    assert_eq!(ids(Filter { outcome, ..all }), [2]);

    assert_eq!(reader.find("2").unwrap(), 2);
    assert_eq!(reader.find("19abcdef-1").unwrap(), 2);
    assert_eq!(reader.find("19ABCDEF-1").unwrap(), 2);
    let error = reader.find("19abcdef").unwrap_err();
    assert_eq!(error.to_string(), "`19abcdef` may be any of 3, 2, 1");
    for wanted in ["", "19", "77", "19777777", "19' OR '1'='1", "20abcdef"] {
        let error = reader.find(wanted).unwrap_err();
        assert!(matches!(error, RecordsError::Unknown { .. }), "{error}");
    }
    for wanted in ["%", "19a", "19abcde"] {
        let error = reader.find(wanted).unwrap_err();
        assert!(matches!(error, RecordsError::Short { .. }), "{error}");
    }
}

#[test]
fn hostile_texts_come_back_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_at(folder.path(), 0, FAST).unwrap();
    let mut record = store.begin(Start {
        number: Some(HOSTILE.into()),
        ..start(HOSTILE)
    });
    record.event(&stamped(1, heard(HOSTILE)));
    record.event(&stamped(2, spoken(1, HOSTILE)));
    record.event(&stamped(3, slot(1, HOSTILE, true)));
    drop(record);
    drop(store);
    let seen = whole(folder.path(), "1").unwrap();
    assert_eq!(seen.call.uuid, HOSTILE);
    assert_eq!(seen.call.number.as_deref(), Some(HOSTILE));
    assert_eq!(seen.turns[0].heard, HOSTILE);
    assert_eq!(seen.turns[0].said, HOSTILE);
    assert_eq!(seen.slots[0].value, HOSTILE);
    let mut out = Vec::new();
    let reader = Reader::open(folder.path()).unwrap();
    let calls = reader.list(&Filter::default()).unwrap();
    assert_eq!(export::json(&reader, &calls, &mut out).unwrap(), 1);
    let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(json[0]["events"][1]["text"], HOSTILE);
    assert_eq!(json[0]["turns"][0]["heard"], HOSTILE);
    assert_eq!(json[0]["started_at"], "2026-11-24T09:30:00.000Z");
}

/// Events go by other names since; whoever keeps records finds those of before as they were written.
#[test]
fn events_of_a_former_version_are_read_as_they_were_written() {
    const THEN: [&str; 3] = [
        r#"{"t_ms":9,"call":"c","event":"hold","turn":1,"speech_ms":80,"played_ms":900}"#,
        r#"{"t_ms":10,"call":"c","event":"released","turn":1,"why":"click","speech_ms":80,"repeated_ms":0}"#,
        r#"{"t_ms":11,"call":"c","event":"call_end","false_alarms":1,"made_ahead":2,"ahead_dropped":1}"#,
    ];
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_at(folder.path(), 0, FAST).unwrap();
    let mut record = begin(&store, "18");
    record.event(&stamped(7, spoken(1, "Hello.")));
    drop(record);
    drop(store);
    let database = Connection::open(schema::path_in(folder.path())).unwrap();
    for (n, line) in THEN.iter().enumerate() {
        let sql = "INSERT INTO events (call, n, t_ms, event, json) VALUES (1, ?1, 9, 'hold', ?2)";
        database.execute(sql, (n as i64 + 10, line)).unwrap();
    }
    drop(database);
    let call = whole(folder.path(), "18").unwrap();
    let lines: Vec<&str> = call.events.iter().map(|line| line.get()).collect();
    assert_eq!(lines[lines.len() - THEN.len()..], THEN);
    assert_eq!(call.turns.len(), 1);
}
