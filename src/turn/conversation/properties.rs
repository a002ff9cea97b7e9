//! Calls that nobody thought of: random sound, words, keys, holds and late or dead engines, in any order.
//!
//! What must hold in every call, asserted at each step of the [`world`]: no sound of a turn that was dropped, and none
//! after the end; the history is what was heard; a reply that is owed is answered or covered by a filler; the last
//! word is heard whole; the call ends; what the caller was still saying then is judged.

mod world;

use patter_audio::FRAME_MS;
use patter_config::{LoadConfig, TurnConfig};
use patter_types::expect::Expect;
use patter_types::load::ShedLevel;
use proptest::prelude::*;

use super::*;
use world::{FRAME_US, Stretch, World};

fn stretch() -> impl Strategy<Value = Stretch> {
    prop_oneof![
        6 => (1..200_u32).prop_map(Stretch::Speech),
        6 => (1..150_u32).prop_map(Stretch::Silence),
        1 => (500..1_500_u32).prop_map(Stretch::Silence),
        1 => prop::collection::vec(prop::sample::select(vec!['1', '2', '#', '*']), 1..7)
            .prop_map(Stretch::Keys),
        1 => any::<bool>().prop_map(Stretch::Noise),
        1 => (1..300_u32).prop_map(Stretch::Hold),
        1 => prop::sample::select(ShedLevel::ALL.to_vec()).prop_map(Stretch::Load),
        1 => prop::sample::select(vec![
            Stretch::ResponderDies,
            Stretch::RecogniserDies,
            Stretch::Stop,
            Stretch::Failed,
        ]),
    ]
}

fn calls() -> impl Strategy<Value = (Vec<Stretch>, Vec<u8>)> {
    let stretches = prop::collection::vec(stretch(), 1..25);
    (stretches, prop::collection::vec(any::<u8>(), 40..80))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// The invariants are asserted at every step of the world; in the end the call is over, whatever happened: nobody
    /// says anything more, so there are reprompts and a goodbye, or an apology.
    #[test]
    fn every_call_is_sound((stretches, luck) in calls()) {
        let mut world = World::new(luck);
        for stretch in &stretches {
            world.run(stretch);
        }
        for _ in 0..90_000 / FRAME_MS {
            world.frame(false);
        }
        prop_assert!(world.hung_up.is_some(), "the call goes on for ever");
        world.end();
    }

    /// The same call twice is the same call, action by action.
    #[test]
    fn a_call_is_a_function_of_its_inputs((stretches, luck) in calls()) {
        let run = || {
            let mut world = World::new(luck.clone());
            stretches.iter().for_each(|stretch| world.run(stretch));
            (world.log, world.now)
        };
        prop_assert_eq!(run(), run());
    }

    /// A caller who hangs up while speaking is heard to the end.
    #[test]
    fn last_words_are_asked_for_and_judged((stretches, luck) in calls()) {
        let mut world = World::new(luck);
        stretches.iter().for_each(|stretch| world.run(stretch));
        world.recogniser_is_dead = true;
        world.run(&Stretch::Hold(1));
        world.run(&Stretch::Speech(40));
        if world.hung_up.is_none() && world.conversation.taking.caller_speaking() {
            world.hung_up = Some(Closed::Caller);
            let over = world.end();
            prop_assert!(over.is_some_and(|words| words.ends_with("never call me again")));
        }
    }

    /// A call that is to end says its last word soon, though the caller speaks on and on.
    #[test]
    fn whoever_stops_a_call_waits_for_seconds((stretches, luck) in calls()) {
        let mut world = World::new(luck);
        stretches.iter().for_each(|stretch| world.run(stretch));
        world.step(Input::Stop);
        let frames = (super::ending::PARTING_AFTER_US / FRAME_US) as u32 + 300;
        world.run(&Stretch::Speech(frames));
        prop_assert!(world.hung_up.is_some());
    }
}

#[test]
fn partials_come_as_often_as_the_load_lets_them() {
    let settings = |partial_ms| Settings {
        turn: TurnConfig::default(),
        load: Some(LoadConfig::default()),
        language: "en".into(),
        partial_ms,
        sure_logprob: -0.5,
        max_call_s: 0,
    };
    assert_eq!(settings(500).partial_ms(ShedLevel::Whole), 500);
    assert_eq!(settings(500).partial_ms(ShedLevel::FewPartials), 1_500);
    assert_eq!(settings(2_000).partial_ms(ShedLevel::ApprovedOnly), 2_000);
    assert_eq!(
        settings(0).partial_ms(ShedLevel::ApprovedOnly),
        0,
        "none are none"
    );
}

/// Words that come while the agent says its last word are judged, and not answered.
#[test]
fn an_opt_out_beside_the_last_word_is_not_lost() {
    let mut world = World::new(vec![2; 40]);
    world.run(&Stretch::Silence(400));
    world.run(&Stretch::Speech(60));
    world.recogniser_is_dead = true;
    // The turn is over and its words are awaited when the call must end.
    world.run(&Stretch::Silence(100));
    assert!(world.conversation.awaited.is_some());
    world.step(Input::Failed);
    world.run(&Stretch::Silence(20));
    world.hung_up = Some(Closed::Caller);
    let words = world.end();
    assert_eq!(words.as_deref(), Some("never call me again"));
}

/// Four digits and a hash that a network kept back are one entry, and it is answered.
#[test]
fn keys_of_one_moment_are_one_entry() {
    // The opening asks for four digits: luck 0 gives `Expect::Number`.
    let mut world = World::new(vec![0; 40]);
    world.run(&Stretch::Silence(200));
    assert_eq!(
        world.conversation.agent.expect(),
        Expect::Number { digits: Some(4) }
    );
    world.step(Input::Keys(&['1', '2', '3', '4', '#']));
    let asked = |world: &World| {
        let keys = world.log.iter().filter(|action| action.contains("Keys {"));
        keys.cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        asked(&world),
        ["Respond(Keys { turn: TurnNumber(2), keys: \"1234\" })"]
    );
    // At a human's pace, too.
    world.run(&Stretch::Silence(10));
    world.step(Input::Keys(&['#']));
    assert_eq!(asked(&world).len(), 1);
    assert!(!world.log.iter().any(|action| action.contains("Revert")));
}
