//! Whole calls with scripted engines on a manual clock.

mod scripted;

use std::sync::Arc;

use crossbeam_channel::Receiver;
use patter_audio::{FRAME_MS, SILENCE};
use patter_types::clock::Clock;
use patter_types::event::{Event, EventSink, Stamped};
use patter_types::outcome::Outcome;
use patter_types::reason::Reason;
use patter_types::why::Why;

use crate::load_shedding::LoadShedding;
use crate::playbooks::{Embedders, Learning, PlaybookRegistry};
use crate::replay::ManualCall;
use crate::{CallContext, Engines};
use scripted::{Reply, engines, frame_of};

/// A call, the caller's mouth and ear in it, and all that happened.
struct Scene {
    call: ManualCall,
    events: Receiver<Stamped>,
    past: Vec<Stamped>,
    is_over: bool,
    /// The agent sounded in the last frame.
    sounds: bool,
}

impl Scene {
    fn new(engines: &Arc<Engines>) -> Self {
        let clock = Clock::manual();
        let (sink, events) = EventSink::on("scene", clock.clone());
        Self {
            call: ManualCall::start(engines, CallContext::default(), clock, sink).unwrap(),
            events,
            past: Vec::new(),
            is_over: false,
            sounds: false,
        }
    }

    fn frame(&mut self, frame: &patter_audio::Frame) {
        match self.call.frame(frame) {
            Some(heard) => self.sounds = heard.iter().any(|sample| *sample != 0),
            None => self.is_over = true,
        }
        self.past.extend(self.events.try_iter());
    }

    /// The caller says utterance `number`, for `ms`.
    fn say(&mut self, number: usize, ms: u32) {
        (0..ms / FRAME_MS).for_each(|_| self.frame(&frame_of(number)));
    }

    fn quiet(&mut self, ms: u32) {
        (0..ms / FRAME_MS).for_each(|_| self.frame(&SILENCE));
    }

    /// Quiet until the agent has said what it had to say and has been silent for 1.5 s.
    fn listen(&mut self) {
        let mut silent_ms = 0;
        for _ in 0..3_000 {
            self.frame(&SILENCE);
            silent_ms = if self.sounds { 0 } else { silent_ms + FRAME_MS };
            if self.is_over || silent_ms >= 1_500 {
                return;
            }
        }
        panic!("the agent speaks for a minute");
    }

    fn told(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.past.iter().map(|stamped| &stamped.event)
    }

    fn names(&self) -> Vec<&'static str> {
        self.told().map(Event::name).collect()
    }

    /// What was spoken since event `from`.
    fn spoken(&self, from: usize) -> Vec<String> {
        let spoken = |event: &Event| match event {
            Event::Spoken { text, .. } => Some(text.clone()),
            _ => None,
        };
        self.told().skip(from).filter_map(spoken).collect()
    }

    /// What of each turn was heard.
    fn heard(&self) -> Vec<String> {
        let heard = |event: &Event| match event {
            Event::PlayedUntil { text, .. } => Some(text.clone()),
            _ => None,
        };
        self.told().filter_map(heard).collect()
    }

    fn reason(mut self) -> (String, Vec<Stamped>) {
        self.call.end();
        self.past.extend(self.events.try_iter());
        let reason = self.past.iter().find_map(|stamped| match &stamped.event {
            Event::CallEnd { reason, .. } => Some(reason.clone()),
            _ => None,
        });
        (reason.expect("a call that ended"), self.past)
    }
}

const DUMB: Reply = |_| Some("I see.");

#[test]
fn a_caller_who_agrees_gets_to_the_goal() {
    let says = [
        "yes sure",
        "I'd like more energy.",
        "yes, why not",
        "tomorrow at three in the afternoon",
        "yes please",
        "no thank you, goodbye",
    ];
    let mut scene = Scene::new(&engines(&says, DUMB, |_| ()));
    scene.listen();
    for number in 0..says.len() {
        if scene.is_over {
            break;
        }
        scene.say(number, 800);
        scene.listen();
    }
    let outcomes = scene.told().filter_map(|event| match event {
        Event::Outcome { outcome, .. } => Some(*outcome),
        _ => None,
    });
    assert_eq!(outcomes.collect::<Vec<_>>(), [Outcome::Success]);
    let slots = scene.told().filter_map(|event| match event {
        Event::Slot { slot, value, .. } => Some((slot.as_str(), value.as_str())),
        _ => None,
    });
    let slots: Vec<_> = slots.collect();
    assert!(
        slots.contains(&("day", "2026-11-19")) && slots.contains(&("time", "15:00")),
        "{slots:?}"
    );
}

#[test]
fn an_interruption_stops_the_sound_and_only_what_was_heard_is_history() {
    let says = ["how much is it"];
    let mut scene = Scene::new(&engines(&says, DUMB, |_| ()));
    scene.quiet(2_000);
    assert!(scene.sounds);
    scene.say(0, 100);
    assert!(
        !scene.sounds,
        "paused within 100 ms of the caller's first sound"
    );
    scene.say(0, 700);
    scene.listen();
    let cut = scene.told().find_map(|event| match event {
        Event::BargeIn { played_ms, .. } => Some(*played_ms),
        _ => None,
    });
    assert!(
        cut.is_some_and(|ms| (1_900..=2_200).contains(&ms)),
        "{cut:?}"
    );
    let all = scene.spoken(0).join(" ");
    let first = &scene.heard()[0];
    assert!(
        all.starts_with(first.as_str()) && first.len() < 60,
        "{first}"
    );
    assert!(
        scene
            .spoken(0)
            .iter()
            .any(|text| text.contains("29 dollars")),
        "{all}"
    );
}

#[test]
fn a_sign_of_listening_or_a_cough_lets_the_agent_go_on() {
    for (said, why) in [
        ("uh huh", Why::Backchannel),
        ("", Why::Noise),
        ("~thank you", Why::Noise),
    ] {
        let says = [said];
        let mut scene = Scene::new(&engines(&says, DUMB, |_| ()));
        scene.quiet(2_000);
        scene.say(0, 300);
        scene.quiet(600);
        assert!(scene.sounds, "`{said}`: the agent goes on");
        let resumed = scene.told().find_map(|event| match event {
            Event::FalseInterruption { why, .. } => Some(*why),
            _ => None,
        });
        assert_eq!(resumed, Some(why), "`{said}`");
        scene.listen();
        assert_eq!(
            scene.heard()[0],
            scene.spoken(0).join(" "),
            "`{said}`: all of it was heard"
        );
    }
}

#[test]
fn what_the_model_may_not_say_is_replaced_by_an_approved_line() {
    let says = ["what do your trainers think of running up the stairs of old towers"];
    let reply: Reply = |_| Some("It costs 999 dollars.");
    let mut scene = Scene::new(&engines(&says, reply, |_| ()));
    scene.listen();
    let before = scene.past.len();
    scene.say(0, 2_400);
    scene.listen();
    let refused = scene.told().find_map(|event| match event {
        Event::Guarded { reason, .. } => Some(*reason),
        _ => None,
    });
    assert_eq!(
        refused,
        Some(Reason::UngroundedPrice),
        "{:?}",
        scene.names()
    );
    let spoken = scene.spoken(before);
    assert!(
        !spoken.is_empty() && !spoken.iter().any(|text| text.contains("999")),
        "{spoken:?}"
    );
}

#[test]
fn engines_that_fail_cost_their_words_and_not_the_call() {
    let says = [
        "!",
        "what do your trainers think of running up the stairs of old towers",
    ];
    let mut scene = Scene::new(&engines(&says, |_| None, |_| ()));
    scene.listen();
    scene.say(0, 800);
    scene.listen();
    let before = scene.past.len();
    scene.say(1, 2_400);
    scene.listen();
    let errors = scene.told().filter_map(|event| match event {
        Event::Error { message } => Some(message.as_str()),
        _ => None,
    });
    let errors: Vec<_> = errors.collect();
    assert!(errors[0].contains("could not be decoded"), "{errors:?}");
    assert!(
        errors
            .last()
            .is_some_and(|last| last.contains("made no reply")),
        "{errors:?}"
    );
    assert!(!scene.is_over && !scene.spoken(before).is_empty());
}

#[test]
fn a_silent_caller_is_asked_twice_and_then_let_go() {
    let mut scene = Scene::new(&engines(&[], DUMB, |_| ()));
    scene.quiet(60_000);
    let asked = scene
        .names()
        .iter()
        .filter(|name| **name == "reprompt")
        .count();
    assert_eq!(asked, 2);
    assert!(scene.is_over);
    assert_eq!(scene.reason().0, "agent");
}

#[test]
fn last_words_are_heard_though_the_line_is_gone() {
    let says = ["please never call me again"];
    let mut scene = Scene::new(&engines(&says, DUMB, |_| ()));
    scene.listen();
    scene.say(0, 900);
    let (reason, past) = scene.reason();
    assert_eq!(reason, "caller");
    let opted_out = past.iter().any(|stamped| {
        matches!(
            stamped.event,
            Event::Outcome {
                outcome: Outcome::OptOut,
                ..
            }
        )
    });
    assert!(opted_out);
}

#[test]
fn the_longest_call_ends_with_a_last_word_that_nobody_can_talk_away() {
    let says = ["and then I went to see my sister and she told me all about it"];
    let change = |config: &mut patter_config::Config| config.serve.max_call_s = 8;
    let mut scene = Scene::new(&engines(&says, DUMB, change));
    scene.quiet(5_000);
    scene.say(0, 20_000);
    assert!(scene.is_over);
    let (reason, past) = scene.reason();
    assert_eq!(reason, "too_long");
    let told = past.iter().map(|stamped| &stamped.event);
    let last = told.rev().find_map(|event| match event {
        Event::PlayedUntil { text, complete, .. } => Some((text.clone(), *complete)),
        _ => None,
    });
    let (text, complete) = last.unwrap();
    assert!(
        complete && text.ends_with("help you."),
        "the last word, heard whole: {text}"
    );
}

#[test]
fn the_same_call_is_the_same_call_beside_others() {
    let run = || {
        let says = ["how much is it", "uh huh", "yes, tomorrow"];
        let mut scene = Scene::new(&engines(&says, DUMB, |_| ()));
        scene.quiet(1_500);
        for number in 0..says.len() {
            scene.say(number, 700);
            scene.quiet(3_000);
        }
        scene.reason().1
    };
    let first = run();
    std::thread::scope(|scope| {
        let others: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        for other in others {
            assert_eq!(other.join().unwrap(), first);
        }
    });
}
