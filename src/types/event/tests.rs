//! How events look in a line of JSON.

use super::*;
use crate::line::LineId;
use crate::turn::TurnNumber;

#[test]
fn a_line_is_one_flat_object() {
    let event = Stamped {
        t_ms: 12,
        call: "c1".into(),
        event: Event::BargeIn {
            turn: TurnNumber(3),
            speech_ms: 160,
            stop_ms: 120.5,
            played_ms: 900,
        },
    };
    assert_eq!(
        serde_json::to_string(&event).unwrap(),
        r#"{"t_ms":12,"call":"c1","event":"barge_in","turn":3,"speech_ms":160,"stop_ms":120.5,"played_ms":900}"#
    );
}

#[test]
fn values_with_names_are_written_as_their_names() {
    let written = |event: Event| serde_json::to_string(&event).unwrap();
    let intent = |intent| {
        written(Event::Intent {
            turn: TurnNumber(2),
            intent,
            phrase: "how much".into(),
            probability: 1.0,
        })
    };
    assert_eq!(
        intent(IntentId::Fact("price".into())),
        r#"{"event":"intent","turn":2,"intent":"facts.price","phrase":"how much","probability":1.0}"#
    );
    assert!(intent(IntentId::Rambling).contains(r#""intent":"rambling""#));
    let spoken = |source| {
        written(Event::Spoken {
            turn: TurnNumber(2),
            text: "Hi.".into(),
            source,
            audio_ms: 900,
            tts_ms: 2.5,
            cached: false,
        })
    };
    assert_eq!(
        spoken(LineId::StageAsk("pitch".into()).into()),
        concat!(
            r#"{"event":"spoken","turn":2,"text":"Hi.","source":"line:flow.pitch.ask","#,
            r#""audio_ms":900,"tts_ms":2.5,"cached":false}"#
        )
    );
    assert!(spoken(Source::Model).contains(r#""source":"model""#));
    let moved = |from: Option<&str>| {
        written(Event::from(Move {
            from: from.map(str::to_owned),
            to: "pitch".into(),
            why: "the caller agreed".into(),
        }))
    };
    assert_eq!(
        moved(Some("opening")),
        r#"{"event":"stage","from":"opening","to":"pitch","why":"the caller agreed"}"#
    );
    assert!(moved(None).contains(r#""from":"","to":"pitch""#));
}
