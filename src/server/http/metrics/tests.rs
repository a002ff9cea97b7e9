//! The text, byte for byte, and its form.

use super::*;
use crate::http::live::Live;
use crate::http::tests::{call_end, call_start, stamped};
use patter_types::reason::Reason;
use patter_types::turn::TurnNumber;
use patter_types::why::Why;

fn after(events: Vec<Event>) -> String {
    let live = Live::default();
    let metrics = Metrics::new(UNIX_EPOCH).unwrap();
    for (n, event) in (0..).zip(events) {
        let event = stamped(n * 10_000, "c1", event);
        let ended = live.observe(&event, UNIX_EPOCH);
        metrics.observe(&event, ended.as_ref());
    }
    metrics.refused(Refused::MaxCalls);
    metrics
        .render(Gauges {
            active_calls: 1,
            max_calls: 8,
            ready: true,
            draining: false,
            registrations: 3,
            load: (0.25, 1),
            shares: Shares {
                own: 0.25,
                neighbours: 0.5,
                polite: 0.125,
                stolen: 0.0625,
                pressure: 0.75,
                throttled: 0.0,
            },
            sentence_ms: Some(250.0),
        })
        .unwrap()
}

fn a_call() -> String {
    after(vec![
        call_start(),
        Event::Latency {
            turn: TurnNumber(1),
            endpoint_ms: 250.0,
            asr_ms: 0.0,
            first_token_ms: 125.0,
            tts_ms: f32::NAN,
            response_ms: 500.0,
        },
        Event::Paused {
            turn: TurnNumber(1),
            speech_ms: 80,
            played_ms: 100,
        },
        Event::FalseInterruption {
            turn: TurnNumber(1),
            why: Why::Noise,
            speech_ms: 80,
            repeated_ms: 20,
        },
        Event::BargeIn {
            turn: TurnNumber(1),
            speech_ms: 160,
            stop_ms: 125.0,
            played_ms: 900,
        },
        Event::Guarded {
            turn: TurnNumber(1),
            text: "It is 5 pounds.".into(),
            reason: Reason::UngroundedPrice,
            offending: "5 pounds".into(),
        },
        Event::Filler { after_ms: 1_800 },
        Event::Error {
            message: "no \"such\" \\ thing\n".into(),
        },
        call_end("caller", 4),
    ])
}

#[test]
fn the_text_of_a_call_is_exact() {
    let text = a_call();
    // What the machine says of the process differs from run to run.
    let own: String = text
        .split_inclusive('\n')
        .filter(|line| !line.contains("process_"))
        .collect();
    let own = own.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    assert_eq!(own, include_str!("../../../../tests/fixtures/metrics.prom"));
}

#[test]
fn every_line_has_the_form_that_prometheus_reads() {
    let text = a_call();
    assert!(text.ends_with('\n') && !text.contains('\r'));
    let name = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let mut family = ("", "");
    let mut seen = std::collections::BTreeSet::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (of, help) = rest.split_once(' ').unwrap();
            assert!(name(of) && !help.is_empty());
            assert!(seen.insert(of), "{of} comes twice");
            family = (of, "");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (of, kind) = rest.split_once(' ').unwrap();
            assert_eq!(of, family.0);
            assert!(["counter", "gauge", "histogram"].contains(&kind));
            assert_eq!(kind == "counter", of.ends_with("_total"), "{of}");
            family.1 = kind;
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            value.parse::<f64>().unwrap();
            let (of, labels) = series.split_once('{').unwrap_or((series, "}"));
            assert!(labels.ends_with('}'), "{line}");
            for label in labels.trim_end_matches('}').split(',') {
                let Some((key, value)) = label.split_once('=') else {
                    assert_eq!(label, "");
                    continue;
                };
                assert!(name(key) && value.starts_with('"') && value.ends_with('"'));
            }
            let base = match family.1 {
                "histogram" => ["_bucket", "_sum", "_count"]
                    .iter()
                    .find_map(|ending| of.strip_suffix(ending))
                    .unwrap(),
                _ => of,
            };
            assert_eq!(base, family.0, "{line}");
        }
    }
}

#[test]
fn buckets_rise_to_the_count() {
    let text = a_call();
    for series in [
        "patter_barge_in_stop_seconds",
        "patter_call_duration_seconds",
    ] {
        let counts: Vec<u64> = text
            .lines()
            .filter(|line| line.starts_with(&format!("{series}_bucket")))
            .map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
            .collect();
        assert!(counts.is_sorted());
        let count = format!("{series}_count {}\n", counts.last().unwrap());
        assert!(text.contains(&count));
    }
}

#[test]
fn nothing_that_people_said_is_in_it() {
    let text = a_call();
    assert!(!text.contains("pounds") && !text.contains("c1") && !text.contains("such"));
}

#[cfg(target_os = "linux")]
#[test]
fn the_process_is_measured() {
    let text = after(vec![]);
    let value = |name: &str| -> f64 {
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")));
        line.unwrap().rsplit_once(' ').unwrap().1.parse().unwrap()
    };
    assert!(value("process_resident_memory_bytes") > 1e6);
    assert!(value("process_threads") >= 1.0);
    assert!(value("process_open_fds") >= 3.0);
}
