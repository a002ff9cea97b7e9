use proptest::prelude::*;

use super::*;
use patter_language::reading::Ending;
use patter_types::expect::Expect;

const SPEAKING: Agent = Agent::Speaking {
    interruptible: true,
    left_ms: None,
};
const NOTICE: Agent = Agent::Speaking {
    interruptible: false,
    left_ms: None,
};

fn delays() -> Delays {
    Delays::new(&TurnConfig::default().endpointing, Expect::Any)
}

fn turns() -> TurnTaking {
    TurnTaking::new(&TurnConfig::default())
}

fn reading(kind: Kind, ending: Ending, words: usize) -> Reading {
    Reading {
        ending,
        kind,
        words,
        statement: false,
    }
}

fn words(ending: Ending) -> Reading {
    reading(Kind::Words, ending, 4)
}

/// Plays (speech, ms) and gives what happened at which ms.
fn play(turns: &mut TurnTaking, agent: Agent, script: &[(bool, u32)]) -> Vec<(u32, TurnEvent)> {
    let mut at = 0;
    let mut events = Vec::new();
    for &(speech, ms) in script {
        for _ in 0..ms / FRAME_MS {
            at += FRAME_MS;
            if let Some(event) = turns.step(speech, agent, &delays()) {
                events.push((at, event));
            }
        }
    }
    events
}

fn kinds(events: &[(u32, TurnEvent)]) -> Vec<TurnEvent> {
    events.iter().map(|e| e.1).collect()
}

/// Speech of `ms` and the pause after it, over an agent who speaks: it is paused, and nothing decided.
fn paused(ms: u32) -> TurnTaking {
    let mut turns = turns();
    let events = play(&mut turns, SPEAKING, &[(true, ms), (false, 120)]);
    assert_eq!(events[1], (80, TurnEvent::PauseAgent { speech_ms: 80 }));
    assert_eq!(events.last(), Some(&(ms + 120, TurnEvent::Pause)));
    turns
}

#[test]
fn a_turn_without_known_words_ends_after_a_long_wait() {
    let mut turns = turns();
    let events = play(
        &mut turns,
        Agent::Silent,
        &[(false, 200), (true, 1_000), (false, 1_100)],
    );
    assert_eq!(
        events,
        [
            (260, TurnEvent::SpeechStart),
            (1_200 + 120, TurnEvent::Pause),
            (
                1_200 + 900,
                TurnEvent::TurnEnd {
                    speech_ms: 1_000,
                    silence_ms: 900
                }
            ),
        ]
    );
    assert!(!turns.caller_speaking());
}

#[test]
fn the_wait_depends_on_the_words() {
    for (ending, wait_ms) in [
        (Ending::Complete, 260),
        (Ending::Unclear, 520),
        (Ending::Dangling, 900),
        (Ending::Hesitating, 1_100),
        (Ending::Reading, 900),
    ] {
        let mut turns = turns();
        play(&mut turns, Agent::Silent, &[(true, 800), (false, 120)]);
        assert_eq!(turns.heard(words(ending), true), None);
        let rest = play(&mut turns, Agent::Silent, &[(false, 2_000)]);
        assert_eq!(rest[0].0 + 120, wait_ms, "{ending:?}");
    }
}

#[test]
fn words_from_before_the_pause_do_not_end_the_turn_early() {
    let mut turns = turns();
    play(&mut turns, Agent::Silent, &[(true, 800)]);
    // A partial: the caller has said more since.
    turns.heard(words(Ending::Complete), false);
    let rest = play(&mut turns, Agent::Silent, &[(false, 1_000)]);
    assert_eq!(rest[1].0, 900);
}

#[test]
fn a_caller_who_goes_on_in_a_pause_keeps_the_turn() {
    let mut turns = turns();
    play(&mut turns, Agent::Silent, &[(true, 800), (false, 120)]);
    turns.heard(words(Ending::Dangling), true);
    let rest = play(
        &mut turns,
        Agent::Silent,
        &[(false, 600), (true, 400), (false, 120)],
    );
    assert_eq!(kinds(&rest), [TurnEvent::Resume, TurnEvent::Pause]);
    turns.heard(words(Ending::Complete), true);
    let end = play(&mut turns, Agent::Silent, &[(false, 600)]);
    assert!(
        matches!(
            end[..],
            [(
                _,
                TurnEvent::TurnEnd {
                    speech_ms: 1_200,
                    ..
                }
            )]
        ),
        "{end:?}"
    );
}

#[test]
fn the_agent_is_held_after_80_ms_and_cut_when_there_are_words() {
    let mut turns = turns();
    let events = play(&mut turns, SPEAKING, &[(true, 400)]);
    assert_eq!(
        events,
        [
            (60, TurnEvent::SpeechStart),
            (80, TurnEvent::PauseAgent { speech_ms: 80 })
        ]
    );
    assert!(turns.is_undecided());
    let half_a_word = reading(Kind::Words, Ending::Unclear, 1);
    assert_eq!(turns.heard(half_a_word, false), None);
    assert_eq!(
        turns.heard(words(Ending::Unclear), false),
        Some(TurnEvent::Interrupt { speech_ms: 400 })
    );
    let rest = play(&mut turns, Agent::Silent, &[(true, 200), (false, 1_000)]);
    assert!(
        matches!(
            rest[..],
            [(_, TurnEvent::Pause), (_, TurnEvent::TurnEnd { .. })]
        ),
        "{rest:?}"
    );
}

#[test]
fn one_word_is_a_turn_once_it_is_whole() {
    let mut turns = paused(300);
    assert_eq!(
        turns.heard(reading(Kind::Words, Ending::Complete, 1), true),
        Some(TurnEvent::Interrupt { speech_ms: 300 })
    );
}

#[test]
fn a_doubtful_word_pauses_the_agent_until_nothing_follows_it() {
    let doubtful = reading(Kind::Doubtful, Ending::Unclear, 1);
    // "Stop," and then "please": the agent has been silent all the while.
    let mut turns = paused(300);
    assert_eq!(turns.heard(doubtful, true), None);
    let goes_on = play(&mut turns, SPEAKING, &[(false, 180), (true, 300)]);
    assert_eq!(kinds(&goes_on), [TurnEvent::Resume]);
    assert!(turns.is_undecided());
    let both = reading(Kind::Words, Ending::Unclear, 2);
    assert_eq!(
        turns.heard(both, false),
        Some(TurnEvent::Interrupt { speech_ms: 600 })
    );
    // A cough: nothing follows.
    let mut turns = paused(300);
    assert_eq!(turns.heard(doubtful, true), None);
    let resumed = play(&mut turns, SPEAKING, &[(false, 1_000)]);
    let why = Why::Noise;
    let speech_ms = 300;
    assert_eq!(
        resumed,
        [(320, TurnEvent::FalseInterruption { why, speech_ms })],
        "{DOUBT_MS} ms after it"
    );
}

#[test]
fn listening_noises_let_the_agent_go_on() {
    for (kind, why) in [
        (Kind::Backchannel, Why::Backchannel),
        (Kind::Empty, Why::Noise),
        (Kind::Greeting, Why::Backchannel),
    ] {
        let mut turns = paused(360);
        assert_eq!(
            turns.heard(reading(kind, Ending::Complete, 1), true),
            Some(TurnEvent::FalseInterruption {
                why,
                speech_ms: 360
            })
        );
        assert!(!turns.caller_speaking());
    }
}

#[test]
fn a_click_lets_the_agent_go_on_without_any_words() {
    let mut turns = turns();
    let events = play(&mut turns, SPEAKING, &[(true, 80), (false, 200)]);
    assert_eq!(
        events[2],
        (
            200,
            TurnEvent::FalseInterruption {
                why: Why::Click,
                speech_ms: 80
            }
        )
    );
    assert_eq!(events.len(), 3);
}

#[test]
fn an_okay_to_the_end_of_a_question_is_its_answer() {
    let ending = Agent::Speaking {
        interruptible: true,
        left_ms: Some(400),
    };
    for agent in [ending, Agent::Silent] {
        let mut turns = turns();
        play(&mut turns, SPEAKING, &[(true, 300)]);
        play(&mut turns, agent, &[(false, 120)]);
        assert_eq!(
            turns.heard(reading(Kind::Backchannel, Ending::Complete, 1), true),
            Some(TurnEvent::Interrupt { speech_ms: 300 })
        );
    }
}

#[test]
fn hello_is_no_listening_noise_later_in_the_call() {
    let mut turns = turns();
    play(&mut turns, Agent::Silent, &[(true, 500), (false, 1_000)]);
    play(&mut turns, SPEAKING, &[(true, 300), (false, 120)]);
    assert_eq!(
        turns.heard(reading(Kind::Greeting, Ending::Complete, 1), true),
        Some(TurnEvent::Interrupt { speech_ms: 300 })
    );
}

#[test]
fn a_lasting_noise_is_ignored_until_there_are_words_in_it() {
    let mut turns = turns();
    play(&mut turns, SPEAKING, &[(true, 720)]);
    let empty = reading(Kind::Empty, Ending::Unclear, 0);
    assert!(matches!(
        turns.heard(empty, false),
        Some(TurnEvent::FalseInterruption {
            why: Why::Noise,
            ..
        })
    ));
    assert_eq!(play(&mut turns, SPEAKING, &[(true, 2_000)]), []);
    assert!(matches!(
        turns.heard(words(Ending::Unclear), false),
        Some(TurnEvent::Interrupt { .. })
    ));
}

#[test]
fn without_any_words_the_length_decides() {
    let mut turns = turns();
    let events = play(&mut turns, SPEAKING, &[(true, 1_400)]);
    assert_eq!(
        events.last(),
        Some(&(1_200, TurnEvent::Interrupt { speech_ms: 1_200 }))
    );
    let mut turns = paused(300);
    let events = play(&mut turns, SPEAKING, &[(false, 1_200)]);
    assert_eq!(
        kinds(&events),
        [TurnEvent::FalseInterruption {
            why: Why::Noise,
            speech_ms: 300
        }]
    );
}

#[test]
fn a_notice_is_neither_paused_nor_cut_and_the_caller_is_heard_all_the_same() {
    let mut turns = turns();
    let events = play(&mut turns, NOTICE, &[(true, 900), (false, 120)]);
    assert_eq!(kinds(&events), [TurnEvent::SpeechStart, TurnEvent::Pause]);
    assert_eq!(turns.heard(words(Ending::Complete), true), None);
    let events = play(&mut turns, NOTICE, &[(false, 300)]);
    assert!(matches!(events[..], [(_, TurnEvent::TurnEnd { .. })]));
}

#[test]
fn who_speaks_on_when_the_notice_is_over_pauses_what_comes_after_it() {
    let mut turns = turns();
    play(&mut turns, NOTICE, &[(true, 500)]);
    let events = play(&mut turns, SPEAKING, &[(true, 100)]);
    assert_eq!(kinds(&events), [TurnEvent::PauseAgent { speech_ms: 520 }]);
}

#[test]
fn a_caller_who_never_stops_is_cut() {
    let mut turns = turns();
    let events = play(&mut turns, Agent::Silent, &[(true, 26_000)]);
    let ends: Vec<_> = events
        .iter()
        .filter(|e| matches!(e.1, TurnEvent::TurnEnd { silence_ms: 0, .. }))
        .collect();
    assert_eq!(ends.len(), 1);
    assert_eq!(ends[0].0, 25_000);
}

#[test]
fn a_caller_of_long_pauses_is_given_more_time() {
    let wait = |pauses: usize| {
        let mut turns = turns();
        for _ in 0..pauses {
            play(&mut turns, Agent::Silent, &[(true, 600), (false, 120)]);
            turns.heard(words(Ending::Dangling), true);
            play(&mut turns, Agent::Silent, &[(false, 680), (true, 600)]);
            play(&mut turns, Agent::Silent, &[(false, 120)]);
            turns.heard(words(Ending::Complete), true);
            play(&mut turns, Agent::Silent, &[(false, 1_000)]);
        }
        play(&mut turns, Agent::Silent, &[(true, 600), (false, 120)]);
        turns.heard(words(Ending::Unclear), true);
        play(&mut turns, Agent::Silent, &[(false, 2_000)])[0].0
    };
    assert!(wait(4) > wait(0), "{} and {}", wait(4), wait(0));
}

#[test]
fn a_turn_that_was_ended_too_early_teaches_patience() {
    let wait = |reopened: bool| {
        let mut turns = turns();
        for _ in 0..4 {
            play(&mut turns, Agent::Silent, &[(true, 600), (false, 900)]);
            play(&mut turns, SPEAKING, &[(true, 400)]);
            assert!(matches!(
                turns.heard(words(Ending::Unclear), false),
                Some(TurnEvent::Interrupt { .. })
            ));
            if reopened {
                turns.reopened();
            }
            play(&mut turns, Agent::Silent, &[(false, 2_000)]);
        }
        play(&mut turns, Agent::Silent, &[(true, 600)]);
        play(&mut turns, Agent::Silent, &[(false, 2_000)])[1].0
    };
    assert!(
        wait(true) > wait(false),
        "{} and {}",
        wait(true),
        wait(false)
    );
}

fn any_reading() -> impl Strategy<Value = Option<(Reading, bool)>> {
    let kind = prop_oneof![
        Just(Kind::Words),
        Just(Kind::Backchannel),
        Just(Kind::Greeting),
        Just(Kind::Doubtful),
        Just(Kind::Empty)
    ];
    let ending = prop_oneof![
        Just(Ending::Complete),
        Just(Ending::Dangling),
        Just(Ending::Reading)
    ];
    proptest::option::weighted(0.1, (kind, ending, 0..5usize, any::<bool>())).prop_map(|some| {
        some.map(|(kind, ending, words, whole)| (reading(kind, ending, words), whole))
    })
}

fn any_agent() -> impl Strategy<Value = Agent> {
    prop_oneof![
        Just(Agent::Silent),
        Just(SPEAKING),
        Just(NOTICE),
        Just(Agent::Speaking {
            interruptible: true,
            left_ms: Some(200)
        })
    ]
}

proptest! {
    #[test]
    fn every_start_ends_once_and_every_pause_is_decided_once(
        runs in proptest::collection::vec((any::<bool>(), any_agent(), 1..30usize, any_reading()), 0..150)
    ) {
        let (mut turns, delays) = (turns(), delays());
        let (mut open, mut paused) = (false, false);
        let mut check = |turns: &TurnTaking, event: Option<TurnEvent>| -> Result<(), TestCaseError> {
            match event {
                Some(TurnEvent::SpeechStart) => { prop_assert!(!open); open = true; }
                Some(TurnEvent::PauseAgent { .. }) => { prop_assert!(open && !paused); paused = true; }
                Some(TurnEvent::Interrupt { .. }) => { prop_assert!(open); paused = false; }
                Some(TurnEvent::FalseInterruption { .. }) => {
                    prop_assert!(open);
                    paused = false;
                    open = turns.caller_speaking();
                }
                Some(TurnEvent::TurnEnd { .. } | TurnEvent::FalseStart) => {
                    prop_assert!(open && !paused, "a turn ended while the agent was paused");
                    open = false;
                }
                Some(TurnEvent::Pause | TurnEvent::Resume) => prop_assert!(open),
                None => open = turns.caller_speaking(),
            }
            prop_assert_eq!(turns.caller_speaking(), open);
            prop_assert_eq!(turns.is_undecided(), paused);
            Ok(())
        };
        for (speech, agent, frames, heard) in runs {
            for _ in 0..frames {
                let event = turns.step(speech, agent, &delays);
                check(&turns, event)?;
            }
            if let Some((reading, whole)) = heard {
                let event = turns.heard(reading, whole);
                check(&turns, event)?;
            }
        }
        // Whatever was, a silence of two seconds ends it.
        for _ in 0..100 {
            let event = turns.step(false, Agent::Silent, &delays);
            check(&turns, event)?;
        }
        prop_assert!(!turns.caller_speaking());
    }
}

#[test]
fn a_beat_of_music_does_not_keep_a_turn_open_and_a_word_does() {
    let beats = [(false, 360), (true, 120)].repeat(5);
    let script = [&[(true, 800)][..], &beats].concat();
    let mut quiet = turns();
    let events = kinds(&play(&mut quiet, Agent::Silent, &script));
    assert!(events.iter().filter(|e| **e == TurnEvent::Resume).count() == 5);
    assert!(quiet.caller_speaking());

    let mut noisy = turns();
    noisy.in_noise(true);
    let events = play(&mut noisy, Agent::Silent, &script);
    assert!(!kinds(&events).contains(&TurnEvent::Resume), "{events:?}");
    let ended = events
        .iter()
        .any(|(at, e)| matches!(e, TurnEvent::TurnEnd { speech_ms: 800, .. }) && *at < 2_600);
    assert!(ended, "{events:?}");

    let mut noisy = turns();
    noisy.in_noise(true);
    let script = [(true, 800), (false, 360), (true, 200), (false, 200)];
    let events = play(&mut noisy, Agent::Silent, &script);
    assert_eq!(events[2], (800 + 360 + 160, TurnEvent::Resume));
    assert_eq!(noisy.speech_ms(), 1_000);
}
