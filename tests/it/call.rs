//! Whole calls: a caller with a voice, a real connection, the real engines.

use std::time::Duration;

use patter_audio::wav;
use patter_lab::caller::Cue;
use patter_records::read::Reader;
use patter_server::transport::audiosocket::client;
use patter_types::event::{Event, Stamped};
use patter_types::line::LineId;
use patter_types::source::Source;

use crate::support::{caller, finals, one_at_a_time, server};

const LIMIT: Duration = Duration::from_secs(120);

#[test]
fn a_caller_is_understood_answered_and_may_interrupt() {
    let _turn = one_at_a_time();
    let folder = tempfile::tempdir().unwrap();
    let (server, events) = server(2, Some(folder.path().to_owned()));
    let mut caller = caller(&[
        (Cue::Turn, "How much is it?"),
        (Cue::Interrupt { after_ms: 1_000 }, "It's too expensive."),
        (Cue::Turn, "Thanks, bye."),
    ]);
    let recording = client::call(server.address(), [7; 16], 8_000, &mut caller, LIMIT).unwrap();
    drop(server);
    let events: Vec<Stamped> = events.iter().collect();

    assert_eq!(
        finals(&events),
        ["how much is it", "it's too expensive", "thanks bye"]
    );
    let exchanges = caller.exchanges(&recording);
    assert!(
        exchanges.iter().all(|e| e.response_ms.is_some()),
        "{exchanges:?}"
    );
    assert!(exchanges[1].silenced_ms.is_some());
    assert!(
        recording.agent_hung_up,
        "the agent ends the call after its goodbye"
    );

    // The program's own figures agree with those that the caller took on the wire. What it hands to the line is sent
    // `lead_ms` ahead of the clock; the rest is the way there, and the far end's own frame.
    let own = |pick: &dyn Fn(&Event) -> Option<f32>| -> Vec<f32> {
        events.iter().filter_map(|e| pick(&e.event)).collect()
    };
    let stops = own(&|e| match e {
        Event::BargeIn { stop_ms, .. } => Some(*stop_ms),
        _ => None,
    });
    let responses = own(&|e| match e {
        Event::Latency { response_ms, .. } => Some(*response_ms),
        _ => None,
    });
    // One figure of a busy machine may be late on its way; none comes before its time.
    assert_eq!(responses.len(), exchanges.len());
    let wire = exchanges.iter().map(|exchange| exchange.response_ms);
    let ways: Vec<f32> = responses
        .iter()
        .chain(&stops[..1])
        .zip(wire.chain([exchanges[1].silenced_ms]))
        .map(|(own, wire)| wire.unwrap_or(f32::NAN) - own)
        .collect();
    assert!(ways.iter().all(|way| *way > -20.0), "{ways:?}");

    // The interruption cut the price: what was heard of it is a true beginning of what was said.
    let cut = events
        .iter()
        .find_map(|e| match &e.event {
            Event::BargeIn { turn, .. } => Some(*turn),
            _ => None,
        })
        .expect("no barge-in");
    let said: Vec<&str> = events
        .iter()
        .filter_map(|e| match &e.event {
            Event::Spoken { turn, text, .. } if *turn == cut => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let heard = events
        .iter()
        .find_map(|e| match &e.event {
            Event::PlayedUntil {
                turn,
                text,
                complete,
                ..
            } if *turn == cut => Some((text.as_str(), *complete)),
            _ => None,
        })
        .unwrap();
    assert!(!heard.1);
    assert!(
        said.join(" ").starts_with(heard.0) && heard.0.len() < said.join(" ").len(),
        "{said:?} / {heard:?}"
    );

    // The record has all of it: events that start and end, and both sides' sound.
    let id = "07070707-0707-0707-0707-070707070707";
    let reader = Reader::open(folder.path()).unwrap();
    let whole = reader.whole(reader.find(id).unwrap()).unwrap().unwrap();
    let lines: Vec<String> = events
        .iter()
        .map(|event| serde_json::to_string(event).unwrap())
        .collect();
    let kept: Vec<&str> = whole.events.iter().map(|line| line.get()).collect();
    assert_eq!(kept, lines);
    assert!(lines[0].contains("\"event\":\"call_start\""));
    assert!(lines[lines.len() - 1].contains("\"event\":\"call_end\""));
    assert_eq!(whole.call.state, "closed");
    assert_eq!(whole.call.end_reason.as_deref(), Some("agent"));
    let words: Vec<String> = whole
        .turns
        .iter()
        .map(|turn| patter_language::text::normalise(&turn.heard))
        .filter(|words| !words.is_empty())
        .collect();
    assert_eq!(words, finals(&events));
    let kept_cut = whole.turns.iter().find(|turn| turn.n == cut);
    assert_eq!(kept_cut.unwrap().played, heard.0);
    let sound = wav::read(&folder.path().join(format!("{id}.wav"))).unwrap();
    let seconds = sound.samples.len() as f32 / 16_000.0;
    #[cfg(unix)]
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        use std::os::unix::fs::PermissionsExt;
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?} may be read by others", entry.path());
    }
    let call_seconds = recording.agent.len() as f32 / 16_000.0;
    assert!(
        (seconds - call_seconds).abs() < 2.0,
        "{seconds} s recorded of {call_seconds} s"
    );
}

#[test]
fn what_no_line_answers_is_generated_and_two_calls_run_at_once() {
    let _turn = one_at_a_time();
    let (server, events) = server(2, None);
    let address = server.address();
    let other = std::thread::spawn(move || {
        let mut caller = caller(&[(Cue::Turn, "Thanks, bye.")]);
        client::call(address, [2; 16], 16_000, &mut caller, LIMIT).unwrap()
    });
    let mut caller = caller(&[
        (Cue::Turn, "I moved in March."),
        (Cue::Turn, "Thanks, bye."),
    ]);
    let recording = client::call(address, [1; 16], 16_000, &mut caller, LIMIT).unwrap();
    assert!(other.join().unwrap().agent_hung_up);
    assert!(recording.agent_hung_up);
    drop(server);
    let events: Vec<Stamped> = events.iter().collect();
    let generated = events.iter().find_map(|e| match &e.event {
        Event::Generated {
            text,
            prompt_tokens,
            prefilled_tokens,
            ..
        } => Some((text.clone(), *prompt_tokens, *prefilled_tokens)),
        _ => None,
    });
    let (text, prompt, prefilled) = generated.expect("nothing was generated");
    assert!(!text.is_empty());
    assert!(
        prefilled < prompt,
        "the playbook's part was not in the cache: {prefilled} of {prompt}"
    );
    // The model is small: what it says, or an approved line in its place.
    let spoken: Vec<(&str, &Source)> = events
        .iter()
        .filter_map(|e| match &e.event {
            Event::Spoken { text, source, .. } => Some((text.as_str(), source)),
            _ => None,
        })
        .collect();
    assert!(
        spoken
            .iter()
            .any(|(_, source)| matches!(source, Source::Model | Source::Line(LineId::Fallback)))
    );
    for event in &events {
        if let Event::Guarded { text, .. } = &event.event {
            assert!(!spoken.contains(&(text.as_str(), &Source::Model)), "{text}");
        }
    }
    let ends = events
        .iter()
        .filter(|e| matches!(e.event, Event::CallEnd { .. }))
        .count();
    assert_eq!(ends, 2);
}
