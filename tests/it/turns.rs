//! Turn-taking with the real engines on a manual clock: the same turns on every machine, however slow.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crossbeam_channel::Receiver;
use patter_audio::level::dbfs;
use patter_audio::{FRAME_MS, FRAME_SAMPLES, Frame, SILENCE};
use patter_call::replay::ManualCall;
use patter_call::{CallContext, Engines};
use patter_lab::caller::trim;
use patter_types::clock::Clock;
use patter_types::event::{Event, EventSink, Stamped};
use patter_types::why::Why;

use crate::support::{engines, finals, one_at_a_time, voice};

/// A caller who hears the agent and speaks when the test says so.
struct Scene {
    call: ManualCall,
    events: Receiver<Stamped>,
    heard: Vec<Frame>,
    ended: bool,
}

impl Scene {
    fn new(engines: &Arc<Engines>) -> Self {
        let clock = Clock::manual();
        let (sink, events) = EventSink::on("scene", clock.clone());
        Self {
            call: ManualCall::start(engines, CallContext::default(), clock, sink).unwrap(),
            events,
            heard: Vec::new(),
            ended: false,
        }
    }

    fn frame(&mut self, frame: &Frame) {
        match self.call.frame(frame) {
            Some(heard) => self.heard.push(heard),
            None => self.ended = true,
        }
    }

    fn play(&mut self, samples: &[i16]) {
        for chunk in samples.chunks(FRAME_SAMPLES) {
            let mut frame = SILENCE;
            frame[..chunk.len()].copy_from_slice(chunk);
            self.frame(&frame);
        }
    }

    fn say(&mut self, text: &str) {
        // The voice never speaks a line twice in the same way; two runs of a scene must hear the same.
        static SAID: Mutex<BTreeMap<String, Vec<i16>>> = Mutex::new(BTreeMap::new());
        let samples = SAID
            .lock()
            .unwrap()
            .entry(text.to_owned())
            .or_insert_with(|| trim(&voice("en-us+f3").speak(text, false).unwrap().samples))
            .clone();
        self.play(&samples);
    }

    fn wait(&mut self, ms: u32) {
        for _ in 0..ms / FRAME_MS {
            self.frame(&SILENCE);
        }
    }

    /// Waits until the agent has spoken for `ms` without a longer pause.
    fn wait_for_speech(&mut self, ms: u32) {
        let mut spoken = 0;
        for _ in 0..1_000 {
            self.frame(&SILENCE);
            if self.heard.last().is_some_and(|f| dbfs(f) > -45.0) {
                spoken += FRAME_MS;
            }
            if spoken >= ms {
                return;
            }
        }
        panic!("the agent does not speak");
    }

    /// Waits until the agent has been silent for a second.
    fn wait_for_silence(&mut self) {
        let mut quiet = 0;
        for _ in 0..2_000 {
            self.frame(&SILENCE);
            let silent = self.heard.last().is_none_or(|f| dbfs(f) < -45.0);
            quiet = if silent { quiet + FRAME_MS } else { 0 };
            if quiet >= 1_000 {
                return;
            }
        }
        panic!("the agent does not stop");
    }

    /// After the opening and its question.
    fn opened() -> Self {
        let mut scene = Self::new(&engines());
        scene.wait_for_silence();
        scene
    }

    fn end(self) -> (Vec<Stamped>, Vec<Frame>) {
        self.call.end();
        (self.events.iter().collect(), self.heard)
    }
}

fn has(events: &[Stamped], what: impl Fn(&Event) -> bool) -> bool {
    events.iter().any(|e| what(&e.event))
}

/// The agent's turns: what was heard of them, and whether that was all.
fn played(events: &[Stamped]) -> Vec<(String, bool)> {
    events
        .iter()
        .filter_map(|e| match &e.event {
            Event::PlayedUntil { text, complete, .. } => Some((text.clone(), *complete)),
            _ => None,
        })
        .collect()
}

/// Two puffs of noise with a resonance, as a cough has.
fn cough() -> Vec<i16> {
    let mut seed = 12_345u32;
    let (mut low, mut out) = (0.0f32, Vec::new());
    for n in 0..16 * 340 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (seed >> 16) as f32 / 32_768.0 - 1.0;
        low += (noise - low) * 0.5;
        let t = n % (16 * 180);
        let swell = (t as f32 / 160.0).min(1.0) * (-(t as f32) / 1_400.0).exp();
        out.push((low * swell * 14_000.0) as i16);
    }
    out
}

#[test]
fn an_okay_in_mid_sentence_stops_nothing_for_good() {
    let _turn = one_at_a_time();
    let mut scene = Scene::opened();
    scene.say("How much is it?");
    scene.wait_for_speech(900);
    scene.say("Okay.");
    scene.wait_for_silence();
    let (events, heard) = scene.end();
    assert!(
        has(&events, |e| matches!(
            e,
            Event::FalseInterruption {
                why: Why::Backchannel,
                ..
            }
        )),
        "{events:#?}"
    );
    assert!(!has(&events, |e| matches!(e, Event::BargeIn { .. })));
    let price = played(&events).last().cloned().unwrap();
    assert_eq!(
        price,
        (
            "It's 29 dollars a month. There is no joining fee.".into(),
            true
        )
    );
    // On the line: sound, a gap of less than 0.7 s, and sound again.
    let loud: Vec<bool> = heard.iter().map(|f| dbfs(f) > -45.0).collect();
    let pause = events
        .iter()
        .find_map(|e| matches!(e.event, Event::Paused { .. }).then_some(e.t_ms))
        .unwrap();
    let at = (pause / 20) as usize;
    let gap = loud[at + 1..].iter().take_while(|l| !**l).count() * 20;
    assert!((200..=700).contains(&gap), "a gap of {gap} ms");
}

#[test]
fn a_cough_stops_nothing_for_good() {
    let _turn = one_at_a_time();
    let mut scene = Scene::opened();
    scene.say("How much is it?");
    scene.wait_for_speech(900);
    scene.play(&cough());
    scene.wait_for_silence();
    let (events, _) = scene.end();
    assert!(!has(&events, |e| matches!(e, Event::BargeIn { .. })));
    assert!(played(&events).last().is_some_and(|p| p.1), "{events:#?}");
}

#[test]
fn what_was_paused_goes_on_from_the_beginning_of_the_word() {
    let _turn = one_at_a_time();
    let run = |okay: bool| {
        let mut scene = Scene::opened();
        scene.say("How much is it?");
        scene.wait_for_speech(900);
        if okay {
            scene.say("Okay.");
        }
        scene.wait_for_silence();
        scene.end()
    };
    let ((events, resumed), (_, whole)) = (run(true), run(false));
    let (at, repeated_ms) = events
        .iter()
        .find_map(|e| match e.event {
            Event::FalseInterruption { repeated_ms, .. } => {
                Some((e.t_ms as usize / 20, repeated_ms))
            }
            _ => None,
        })
        .unwrap();
    let pause = events
        .iter()
        .find_map(|e| matches!(e.event, Event::Paused { .. }).then_some(e.t_ms as usize / 20))
        .unwrap();
    assert!((160..900).contains(&repeated_ms), "{repeated_ms}");
    // Both calls are the same up to the pause. The frame after it is one that was played before; the fades
    // aside.
    let from = pause - 1 - (repeated_ms / 20) as usize;
    for n in 1..20 {
        assert_eq!(
            resumed[at - 1 + n],
            whole[from + n],
            "frame {n} after the return"
        );
    }
}

#[test]
fn an_interruption_is_answered_and_only_what_was_heard_is_remembered() {
    let _turn = one_at_a_time();
    let mut scene = Scene::opened();
    scene.say("How much is it?");
    scene.wait_for_speech(1_200);
    scene.say("It's too expensive.");
    scene.wait_for_silence();
    let (events, _) = scene.end();
    let stop = events.iter().find_map(|e| match e.event {
        Event::BargeIn { stop_ms, .. } => Some(stop_ms),
        _ => None,
    });
    assert!(stop.is_some_and(|ms| ms <= 100.0), "{stop:?}");
    assert_eq!(finals(&events), ["how much is it", "it's too expensive"]);
    let turns = played(&events);
    let (cut, answer) = (&turns[turns.len() - 2], &turns[turns.len() - 1]);
    assert!(cut.0.starts_with("It's 29 dollars") && !cut.1, "{cut:?}");
    assert!(answer.0.starts_with("I hear you.") && answer.1);
}

#[test]
fn the_notice_is_heard_to_its_end_and_the_caller_is_answered_after_it() {
    let _turn = one_at_a_time();
    let mut scene = Scene::new(&engines());
    // Into the notice: the two sentences before it take about 4.5 s.
    scene.wait_for_speech(5_400);
    scene.say("How much is it?");
    scene.wait_for_silence();
    let (events, _) = scene.end();
    assert!(!has(&events, |e| matches!(e, Event::Paused { .. })));
    let turns = played(&events);
    assert!(
        turns[0].0.ends_with("this call may be recorded."),
        "{turns:?}"
    );
    assert!(turns[1].0.starts_with("It's 29 dollars a month."));
}

#[test]
fn a_notice_that_was_not_reached_is_caught_up_on() {
    let _turn = one_at_a_time();
    let mut scene = Scene::new(&engines());
    scene.wait_for_speech(1_000);
    scene.say("How much is it?");
    scene.wait_for_silence();
    let (events, _) = scene.end();
    let turns = played(&events);
    assert!(!turns[0].1);
    assert!(
        turns[1]
            .0
            .starts_with("I'm a virtual assistant, and this call may be recorded. It's 29"),
        "{turns:?}"
    );
}

#[test]
fn digits_read_slowly_and_a_thought_in_mid_sentence_are_one_turn() {
    let _turn = one_at_a_time();
    let mut scene = Scene::opened();
    scene.say("My account number is four five");
    scene.wait(700);
    scene.say("one two");
    scene.wait_for_silence();
    let (events, _) = scene.end();
    assert_eq!(finals(&events).len(), 1, "{:?}", finals(&events));
    assert!(has(&events, |e| matches!(e, Event::SpeechResume)));
}

#[test]
fn a_quick_yes_is_answered_at_once() {
    let _turn = one_at_a_time();
    let mut scene = Scene::opened();
    scene.say("Yes.");
    scene.wait_for_silence();
    let (events, _) = scene.end();
    let response = events.iter().find_map(|e| match e.event {
        Event::Latency { response_ms, .. } => Some(response_ms),
        _ => None,
    });
    assert!(response.is_some_and(|ms| ms <= 300.0), "{response:?}");
    assert!(has(&events, |e| matches!(
        e,
        Event::CallEnd {
            speculations: 1,
            speculations_dropped: 0,
            ..
        }
    )));
}

#[test]
fn a_caller_who_goes_on_after_a_pause_that_was_too_long_is_taken_as_one() {
    let _turn = one_at_a_time();
    let mut scene = Scene::opened();
    scene.say("I want to cancel.");
    // The agent has just begun to answer.
    scene.wait_for_speech(60);
    scene.say("My internet plan.");
    scene.wait_for_silence();
    let (events, _) = scene.end();
    assert!(has(&events, |e| matches!(e, Event::Reopened { .. })));
    let last = finals(&events).pop().unwrap();
    assert!(last.starts_with("i want to cancel"), "{last}");
    assert!(last.contains("my internet"), "{last}");
}

#[test]
fn a_silent_caller_is_asked_twice_and_let_go() {
    let _turn = one_at_a_time();
    let mut scene = Scene::opened();
    for _ in 0..2_500 {
        scene.frame(&SILENCE);
    }
    assert!(scene.ended, "the agent ends the call");
    let (events, _) = scene.end();
    let asked: Vec<u32> = events
        .iter()
        .filter_map(|e| match e.event {
            Event::Reprompt { nth } => Some(nth),
            _ => None,
        })
        .collect();
    assert_eq!(asked, [1, 2]);
    let goodbye = played(&events).pop().unwrap();
    assert!(goodbye.1 && goodbye.0.contains("Goodbye"), "{goodbye:?}");
}

#[test]
fn a_hello_into_the_greeting_is_no_turn_and_the_greeting_goes_on() {
    let _turn = one_at_a_time();
    let mut scene = Scene::new(&engines());
    scene.wait_for_speech(300);
    scene.say("Hello?");
    scene.wait_for_silence();
    let (events, _) = scene.end();
    let turns = played(&events);
    assert_eq!(turns.len(), 1, "{turns:?}");
    assert!(turns[0].1 && turns[0].0.ends_with("Do you have a minute?"));
}

#[test]
fn a_caller_of_one_breath_words_and_one_who_never_stops_do_no_harm() {
    let _turn = one_at_a_time();
    let mut scene = Scene::opened();
    let word: Vec<i16> = voice("en-us+f3").speak("Yes.", false).unwrap().samples[..1_600].to_vec();
    // More of them in one stage would be taken for a call that goes round in circles.
    for _ in 0..12 {
        scene.play(&word);
        scene.wait(300);
    }
    for _ in 0..12 {
        scene.say("My account number is four five one two and");
    }
    // Such words want patience, and half a minute of them is taken for noise.
    scene.wait(2_000);
    scene.wait_for_silence();
    scene.say("How much is it?");
    scene.wait_for_silence();
    let (events, _) = scene.end();
    assert_eq!(
        finals(&events).last().map(String::as_str),
        Some("how much is it")
    );
    // All of it would be 30 s; where it is cut there may be a short pause.
    let cut = has(&events, |e| {
        matches!(
            e,
            Event::SpeechEnd {
                speech_ms: 15_000..26_000,
                ..
            }
        )
    });
    assert!(
        cut,
        "a turn of half a minute is cut at its longest: {events:#?}"
    );
    assert!(!has(&events, |e| matches!(e, Event::Error { .. })));
}

#[test]
fn the_same_call_gives_the_same_events_every_time() {
    let _turn = one_at_a_time();
    let run = || {
        let mut scene = Scene::opened();
        scene.say("How much is it?");
        scene.wait_for_speech(800);
        scene.say("Mm hmm.");
        scene.wait_for_silence();
        scene.say("I moved in March.");
        scene.wait_for_silence();
        scene.say("Thanks, bye.");
        scene.wait_for_silence();
        let (mut events, _) = scene.end();
        for event in &mut events {
            // The first call fills the cache of spoken lines, and the voice may make a new line a frame longer than the
            // last time. The program's own test of `replay` compares times too.
            event.t_ms = 0;
            match &mut event.event {
                Event::Spoken {
                    cached, audio_ms, ..
                } => (*cached, *audio_ms) = (false, 0),
                Event::PlayedUntil { played_ms, .. } => *played_ms = 0,
                _ => {}
            }
        }
        events
    };
    let (first, second) = (run(), run());
    for (first, second) in first.iter().zip(&second) {
        assert_eq!(first, second);
    }
    assert_eq!(first.len(), second.len());
    assert!(has(&first, |e| matches!(e, Event::Generated { .. })));
    assert!(has(&first, |e| matches!(
        e,
        Event::FalseInterruption { .. }
    )));
}
