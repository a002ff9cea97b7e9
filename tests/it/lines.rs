//! Lines that are less than good, and engines that stall: the call goes on, and nobody listens to nothing.

use std::time::{Duration, Instant};

use patter_audio::level::dbfs;
use patter_audio::{FRAME_MS, FRAME_SAMPLES, SILENCE};
use patter_call::line::line;
use patter_call::{Call, CallContext};
use patter_lab::caller::{Cue, trim};
use patter_machine::cores::Permit;
use patter_server::transport::audiosocket::client;
use patter_server::transport::audiosocket::client::Conditions;
use patter_turn::conversation::Closed;
use patter_types::event::{Event, EventSink, Stamped};
use patter_types::priority::Priority;

use crate::support::{caller, engines, finals, one_at_a_time, server_that_waits, voice};

const LIMIT: Duration = Duration::from_secs(60);

fn dropped(events: &[Stamped]) -> u64 {
    let end = events.iter().find_map(|e| match e.event {
        Event::CallEnd { dropped_frames, .. } => Some(dropped_frames),
        _ => None,
    });
    end.expect("no end")
}

/// A short conversation over `conditions`; what happened.
fn talk(conditions: Conditions) -> Vec<Stamped> {
    let _turn = one_at_a_time();
    let (server, events) = server_that_waits(1, None, LIMIT);
    let mut caller = caller(&[(Cue::Turn, "How much is it?"), (Cue::Turn, "Thanks, bye.")]);
    let recording =
        client::call_over(&conditions, server.address(), [3; 16], &mut caller, LIMIT).unwrap();
    drop(server);
    let events: Vec<Stamped> = events.iter().collect();
    assert!(recording.agent_hung_up, "after its goodbye: {events:#?}");
    events
}

#[test]
fn a_phone_that_sends_nothing_in_silence_is_answered() {
    let events = talk(Conditions {
        silence_suppressed: true,
        ..Conditions::good(8_000)
    });
    // The voice's soft ends are silence to this phone, so its words are not quite what was said.
    let heard = finals(&events);
    assert_eq!(heard[0], "how much is it", "{events:#?}");
    assert!(heard[1].starts_with("thanks b"), "{heard:?}");
    assert_eq!(dropped(&events), 0);
    let filled = events.iter().find_map(|e| match e.event {
        Event::CallEnd { filled_frames, .. } => Some(filled_frames),
        _ => None,
    });
    assert!(filled.is_some_and(|frames| frames > 300), "{filled:?}");
}

#[test]
fn bursts_of_200_ms_and_a_clock_that_runs_fast_lose_nothing() {
    for drift_percent in [1.0, -1.0] {
        let events = talk(Conditions {
            drift_percent,
            burst_frames: 10,
            ..Conditions::good(8_000)
        });
        assert_eq!(finals(&events), ["how much is it", "thanks bye"]);
        assert_eq!(dropped(&events), 0);
    }
}

/// Speaks `text` to an agent on the machine's clock, and stalls all models from then on for `stall`. Returns what
/// happened, and whether the agent was heard in each 20 ms from the caller's last word on.
fn stalled(text: &str, stall: Duration, listen: Duration) -> (Vec<Stamped>, Vec<bool>) {
    let _turn = one_at_a_time();
    let engines = engines();
    let (mut ends, call_ends) = line();
    let (sink, events) = EventSink::new("stalled");
    let call = Call::start(&engines, CallContext::default(), call_ends, "test", sink).unwrap();
    let words = trim(&voice("en-us+f3").speak(text, false).unwrap().samples);
    let opening = 560 * FRAME_SAMPLES;
    let until = opening + words.len() + listen.as_millis() as usize * 16;
    let started = Instant::now();
    let mut heard = Vec::new();
    let mut permit: Option<(Permit, Instant)> = None;
    for (number, at) in (0..until).step_by(FRAME_SAMPLES).enumerate() {
        let mut frame = SILENCE;
        if at >= opening && at < opening + words.len() {
            let end = words.len().min(at - opening + FRAME_SAMPLES);
            frame[..end - (at - opening)].copy_from_slice(&words[at - opening..end]);
        }
        ends.hear(frame);
        let spoken = ends.playback.next_frame();
        if at >= opening + words.len() {
            heard.push(dbfs(&spoken) > -45.0);
            if heard.len() == 1 {
                permit = Some((
                    engines.cores.take(u32::MAX, Priority::Interactive),
                    Instant::now(),
                ));
            }
        }
        permit = permit.filter(|(_, since)| since.elapsed() < stall);
        if ends.line.is_closed() {
            break;
        }
        let due = started + Duration::from_millis(u64::from(FRAME_MS)) * (number as u32 + 1);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    drop(permit);
    ends.line.close(Closed::Caller);
    call.join();
    (events.iter().collect(), heard)
}

#[test]
fn an_opt_out_before_a_hang_up_counts_on_a_machine_that_is_seconds_late() {
    let _turn = one_at_a_time();
    let engines = engines();
    let (mut ends, call_ends) = line();
    let (sink, events) = EventSink::new("late");
    let call = Call::start(&engines, CallContext::default(), call_ends, "test", sink).unwrap();
    let voice = voice("en-us+f3");
    let words = trim(&voice.speak("Don't call me again.", false).unwrap().samples);
    let opening = 560 * FRAME_SAMPLES;
    let started = Instant::now();
    for (number, at) in (0..opening + words.len())
        .step_by(FRAME_SAMPLES)
        .enumerate()
    {
        let mut frame = SILENCE;
        if at >= opening {
            let end = words.len().min(at - opening + FRAME_SAMPLES);
            frame[..end - (at - opening)].copy_from_slice(&words[at - opening..end]);
        }
        ends.hear(frame);
        let _ = ends.playback.next_frame();
        let due = started + Duration::from_millis(u64::from(FRAME_MS)) * (number as u32 + 1);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    let permit = engines.cores.take(u32::MAX, Priority::Interactive);
    ends.line.close(Closed::Caller);
    std::thread::sleep(Duration::from_secs(4));
    drop(permit);
    call.join();
    let events: Vec<Stamped> = events.iter().collect();
    let opted_out = |e: &Stamped| {
        let outcome = patter_types::outcome::Outcome::OptOut;
        matches!(&e.event, Event::Outcome { outcome: seen, .. } if *seen == outcome)
    };
    assert!(events.iter().any(opted_out), "{events:#?}");
}

#[test]
fn an_engine_that_stalls_for_five_seconds_gets_a_filler_and_then_answers() {
    let stall = Duration::from_secs(5);
    let (events, heard) = stalled("How much is it?", stall, Duration::from_secs(9));
    let filled = events
        .iter()
        .any(|e| matches!(e.event, Event::Filler { .. }));
    assert!(filled, "{events:#?}");
    let last = events.iter().rev().find_map(|e| match &e.event {
        Event::PlayedUntil { text, .. } => Some(text.clone()),
        _ => None,
    });
    assert!(
        last.as_deref().is_some_and(|t| t.starts_with("It's 29")),
        "{last:?}"
    );
    // Never more than four seconds without a sound of the agent.
    let longest = heard.split(|h| *h).map(<[bool]>::len).max().unwrap();
    assert!(longest < 200, "{} ms of dead air", longest * 20);
    assert_eq!(dropped(&events), 0);
}

#[test]
fn an_engine_that_never_answers_ends_the_call_with_an_apology() {
    let stall = Duration::from_secs(20);
    let (events, _) = stalled("How much is it?", stall, Duration::from_secs(19));
    let last = events.iter().rev().find_map(|e| match &e.event {
        Event::PlayedUntil { text, complete, .. } => Some((text.clone(), *complete)),
        _ => None,
    });
    let (text, complete) = last.unwrap();
    assert!(
        text.starts_with("I'm sorry, I have a problem") && complete,
        "{text}"
    );
    assert!(events.iter().any(|e| matches!(
        &e.event,
        Event::CallEnd { reason, .. } if reason == "error"
    )));
}
