//! Calls that nobody thought of: random sound, words, keys, holds and late or dead engines, in any order.
//!
//! A model of the line, the recogniser and the responder carries out what the core decides, on a clock of frames. What
//! must hold in every call: no sound of a turn that was dropped, and none after the end; the history is what was heard; a
//! reply that is owed is answered or bridged; the last word is heard whole; the call ends; what the caller was still
//! saying then is judged.

use std::collections::{BTreeMap, BTreeSet};

use patter_audio::{FRAME_MS, FRAME_SAMPLES, SILENCE};
use patter_engine::marks;
use patter_engine::recognise::AsrError;
use patter_engine::voice::Spoken;
use proptest::prelude::*;

use super::*;
use crate::spoken::Sentence;

const FRAME_US: u64 = FRAME_MS as u64 * 1_000;
/// What the recogniser makes of sound, whatever it was.
const WORDS: [&str; 6] = [
    "",
    "uh huh",
    "how much is it",
    "I want to cancel my membership, please.",
    "my number is four one",
    "hello",
];

/// What happens in one stretch of a call.
#[derive(Debug, Clone)]
enum Stretch {
    Speech(u32),
    Silence(u32),
    /// Keys that come in one moment.
    Keys(Vec<char>),
    /// Others speak, or music plays, from now on.
    Noise(bool),
    /// Somebody puts it on hold for so many frames.
    Hold(u32),
    Load(ShedLevel),
    Stop,
    Failed,
    /// The responder answers nothing more.
    ResponderDies,
    /// The recogniser answers nothing more.
    RecogniserDies,
}

/// Random choices of the engines, used one after the other, round and round.
#[derive(Debug, Clone)]
struct Luck(Vec<u8>, usize);

impl Luck {
    fn next(&mut self, below: u32) -> u32 {
        self.1 += 1;
        u32::from(self.0[self.1 % self.0.len()]) % below
    }
}

struct World {
    conversation: Conversation,
    now: Now,
    gate: (u32, u32),
    paused: bool,
    on_hold: bool,
    rewind: Option<u32>,
    sounding: bool,
    /// Of each turn: its sentences, and the most frames of it that were played.
    made: BTreeMap<u32, (Vec<Sentence>, u32)>,
    /// Those that are announcements.
    announcements: BTreeSet<u32>,
    /// Turns that have left the gate.
    gone: BTreeSet<u32>,
    /// Turns that never were.
    reverted: BTreeSet<u32>,
    /// Turns that were open.
    opened: BTreeSet<u32>,
    /// Turns whose end was told.
    told: BTreeSet<u32>,
    /// What engines will say, by the time at which they do.
    to_come: Vec<(u64, Answer)>,
    responder_is_dead: bool,
    recogniser_is_dead: bool,
    noise_dbfs: f32,
    hung_up: Option<Closed>,
    /// The announcement that ends the call.
    last_word: Option<u32>,
    /// All that was decided.
    log: Vec<String>,
    /// Frames in which nothing was heard though an answer was wanted; None when none is.
    owed_frames: Option<u32>,
    bridged: bool,
    luck: Luck,
}

enum Answer {
    Words(Transcribed),
    Made(Made),
}

fn announcement(frames: usize) -> Arc<Announcement> {
    let (text, samples) = ("One moment, please.", frames * FRAME_SAMPLES);
    Arc::new(Announcement {
        text: text.into(),
        spoken: Spoken {
            samples: vec![0; samples].into(),
            words: marks::estimate(text, samples).into(),
            took_ms: 0.0,
            cached: true,
        },
    })
}

impl World {
    fn new(luck: Vec<u8>) -> Self {
        let settings = Settings {
            turn: TurnConfig::default(),
            load: Some(LoadConfig::default()),
            language: "en".into(),
            partial_ms: 500,
            sure_logprob: -0.5,
            max_call_s: 0,
        };
        let announcements = Announcements {
            filler: announcement(60),
            apology: announcement(150),
            time_up: announcement(120),
        };
        let mut world = Self {
            conversation: Conversation::new(settings, announcements),
            now: Now::default(),
            gate: (0, 0),
            paused: false,
            on_hold: false,
            rewind: None,
            sounding: false,
            made: BTreeMap::new(),
            announcements: BTreeSet::new(),
            gone: BTreeSet::new(),
            reverted: BTreeSet::new(),
            opened: BTreeSet::new(),
            told: BTreeSet::new(),
            to_come: Vec::new(),
            responder_is_dead: false,
            recogniser_is_dead: false,
            noise_dbfs: -70.0,
            hung_up: None,
            last_word: None,
            log: Vec::new(),
            owed_frames: None,
            bridged: false,
            luck: Luck(luck, 0),
        };
        world.step(Input::Begin);
        world
    }

    fn step(&mut self, input: Input) {
        let mut actions = Actions::new();
        self.conversation.step(input, self.now, &mut actions);
        for action in actions {
            self.carry_out(action);
        }
        let (open, awaited) = self.gate;
        self.opened.extend((open != 0).then_some(open));
        for turn in &self.opened {
            let lives = *turn == open || *turn == awaited;
            assert!(
                lives || self.gone.contains(turn),
                "the end of turn {turn} is not told"
            );
        }
    }

    fn carry_out(&mut self, action: Action) {
        self.log.push(format!("{action:?}"));
        match action {
            Action::Event(Event::Bridged { .. }) => self.bridged = true,
            Action::Event(_) | Action::ForgetCaller => {}
            Action::Gate { open, awaited } => {
                for turn in [open, awaited] {
                    assert!(!self.gone.contains(&turn), "turn {turn} lives again");
                }
                assert!(
                    open == 0 || self.hung_up.is_none(),
                    "{open} opens after the end"
                );
                let before = [self.gate.0, self.gate.1];
                let left = before
                    .into_iter()
                    .filter(|turn| ![open, awaited].contains(turn));
                self.gone.extend(left.filter(|turn| *turn != 0));
                self.gate = (open, awaited);
            }
            Action::Want(_) => self.owed_frames = Some(0),
            Action::Pause => self.paused = true,
            Action::Resume { from } => {
                let rewinds = from.is_some() && self.last_word.is_some();
                assert!(!rewinds, "the last word stutters");
                self.paused = false;
                self.rewind = from;
            }
            Action::Transcribe(job) => self.transcribe(job),
            Action::Respond(ask) => self.respond(ask),
            Action::Announce { turn, announcement } => {
                let sentence = Sentence {
                    text: announcement.text.clone(),
                    samples: announcement.spoken.samples.len(),
                    words: Arc::clone(&announcement.spoken.words),
                    protected: false,
                };
                self.made.insert(turn, (vec![sentence], 0));
                self.announcements.insert(turn);
                if self.conversation.ending.is_parting() {
                    self.last_word = Some(turn);
                }
            }
            Action::TakeOffHold => self.hold(false),
            Action::Hangup(by) => {
                self.hung_up = self.hung_up.or(Some(by));
                if let Some(turn) = self.last_word {
                    let (sentences, played) = &self.made[&turn];
                    let frames = sentences[0].samples.div_ceil(FRAME_SAMPLES);
                    assert_eq!(*played as usize, frames, "the last word is heard whole");
                }
            }
        }
    }

    fn transcribe(&mut self, job: TranscriptionJob) {
        if self.recogniser_is_dead {
            return;
        }
        let text = WORDS[self.luck.next(6) as usize];
        let logprob = -0.1 - self.luck.next(2) as f32;
        let is_skipped = job.purpose != Purpose::Final && self.luck.next(12) == 0;
        let result = if self.luck.next(16) == 0 {
            let reason = "a fault that a test makes".into();
            Err(AsrError::Decode { reason })
        } else {
            Ok(Transcript {
                text: text.into(),
                no_speech: 0.0,
                logprob,
                took_ms: 50.0,
            })
        };
        let transcribed = Transcribed {
            utterance: job.utterance,
            job: job.job,
            purpose: job.purpose,
            result: (!is_skipped).then_some(result),
            agreed: text[..text.find(' ').unwrap_or(0)].to_owned(),
            samples: job.samples,
        };
        self.later(40, Answer::Words(transcribed));
    }

    fn later(&mut self, most_frames: u32, answer: Answer) {
        let delay = u64::from(self.luck.next(most_frames)) * FRAME_US;
        self.to_come.push((self.now.us + delay, answer));
    }

    fn respond(&mut self, ask: Ask) {
        let (turn, ends_call) = match ask {
            Ask::Open { turn } | Ask::Keys { turn, .. } | Ask::Reprompt { turn } => (turn, false),
            Ask::Reply { turn, .. } => (turn, self.luck.next(8) == 0),
            Ask::GiveUp { turn } => (turn, true),
            Ask::Revert { turn } => {
                self.reverted.insert(turn);
                return;
            }
            Ask::Played { turn, text, .. } => return self.was_played(turn, &text),
            Ask::Opened { turn } => {
                assert!(self.hung_up.is_none(), "turn {turn} opens after the end");
                return;
            }
            Ask::Hearing { .. } | Ask::Over { .. } => return,
        };
        if self.responder_is_dead {
            return;
        }
        let mut delay = u64::from(self.luck.next(120)) * FRAME_US;
        let first = Made::First {
            turn,
            first_token_ms: 1.0,
            tts_ms: 1.0,
        };
        self.to_come
            .push((self.now.us + delay, Answer::Made(first)));
        for _ in 0..=self.luck.next(2) {
            let text = "That is twenty nine dollars a month.";
            let samples = (20 + self.luck.next(100)) as usize * FRAME_SAMPLES;
            let sentence = Sentence {
                text: text.into(),
                samples,
                words: marks::estimate(text, samples).into(),
                protected: self.luck.next(6) == 0,
            };
            let made = Made::Sentence { turn, sentence };
            self.to_come.push((self.now.us + delay, Answer::Made(made)));
            delay += u64::from(self.luck.next(30)) * FRAME_US;
        }
        let expect = match self.luck.next(3) {
            0 => Expect::Number { digits: Some(4) },
            1 => Expect::YesNo,
            _ => Expect::Any,
        };
        let done = Made::Done {
            turn,
            ends_call,
            expect,
        };
        self.to_come.push((self.now.us + delay, Answer::Made(done)));
    }

    /// The history is what was heard: told once, and as much as was played.
    fn was_played(&mut self, turn: u32, text: &str) {
        assert!(
            self.told.insert(turn),
            "the end of turn {turn} is told twice"
        );
        self.gone.insert(turn);
        let (sentences, played) = self.made.get(&turn).cloned().unwrap_or_default();
        let (mut left, mut expected) = (played as usize * FRAME_SAMPLES, Vec::new());
        for sentence in &sentences {
            let words = marks::heard(&sentence.text, &sentence.words, sentence.samples, left);
            expected.push(if left == 0 { "" } else { words });
            left = left.saturating_sub(sentence.samples.div_ceil(FRAME_SAMPLES) * FRAME_SAMPLES);
        }
        expected.retain(|words| !words.is_empty());
        assert_eq!(
            text,
            expected.join(" "),
            "turn {turn}, {played} frames of it"
        );
    }

    fn hold(&mut self, on_hold: bool) {
        self.on_hold = on_hold;
        self.step(Input::OnHold(on_hold));
    }

    /// The line plays 20 ms; true when something sounds.
    fn play(&mut self) -> bool {
        let (open, _) = self.gate;
        let mut plays = false;
        if !self.paused && !self.on_hold && open != 0 {
            let (sentences, most) = self.made.entry(open).or_default();
            let frames: u32 = sentences
                .iter()
                .map(|sentence| sentence.samples.div_ceil(FRAME_SAMPLES) as u32)
                .sum();
            let played = &mut self.now.played;
            let mut next = if played.turn == open {
                played.frames
            } else {
                0
            };
            if let Some(from) = self.rewind.take().filter(|_| played.turn == open) {
                next = from.min(next);
            }
            if next < frames {
                if played.turn != open {
                    played.first_us = self.now.us;
                }
                (played.turn, played.frames) = (open, next + 1);
                *most = (*most).max(next + 1);
                plays = true;
            }
        }
        if self.sounding && !plays {
            self.now.stopped_us = self.now.us;
        }
        self.sounding = plays;
        plays
    }

    fn frame(&mut self, is_speech: bool) {
        if self.hung_up.is_some() {
            return;
        }
        self.now.us += FRAME_US;
        let plays = self.play();
        let due = |entry: &mut (u64, Answer)| entry.0 <= self.now.us;
        let mut answers: Vec<_> = self.to_come.extract_if(.., due).collect();
        answers.sort_by_key(|(at, _)| *at);
        self.step(Input::OnHold(self.on_hold));
        if !self.on_hold {
            self.step(Input::Frame {
                sound: &SILENCE,
                is_speech,
                noise_dbfs: self.noise_dbfs,
                is_burst: false,
            });
        }
        for (_, answer) in answers {
            match answer {
                Answer::Words(transcribed) => self.step(Input::Transcribed(transcribed)),
                Answer::Made(made) => {
                    if let Made::Sentence { turn, sentence } = &made {
                        // What is made for a turn that is gone is dropped on its way.
                        let entry = self.made.entry(*turn).or_default();
                        entry.0.push(sentence.clone());
                    }
                    self.step(Input::Made(made));
                }
            }
        }
        self.step(if self.hung_up.is_some() {
            Input::Closed
        } else {
            Input::Tick
        });
        self.watch_debt(plays, is_speech);
    }

    /// The line is closed: frames that were still in it, then what the caller was still saying. Gives the words that are
    /// judged at the end.
    fn end(&mut self) -> Option<String> {
        for _ in 0..3 {
            self.step(Input::Closed);
        }
        let mut actions = Actions::new();
        let awaited = self.conversation.close(&mut actions);
        let words = awaited.and_then(|awaited| {
            let transcribed = Transcribed {
                utterance: 0,
                job: awaited.job,
                purpose: Purpose::Final,
                result: Some(Ok(Transcript {
                    text: "never call me again".into(),
                    ..Transcript::nothing()
                })),
                agreed: String::new(),
                samples: Vec::new(),
            };
            self.conversation
                .last_words(awaited, transcribed, &mut actions)
        });
        self.conversation.over(words, self.now, &mut actions);
        let over = actions.iter().find_map(|action| match action {
            Action::Respond(Ask::Over { words, .. }) => Some(words.clone()),
            _ => None,
        });
        for action in actions {
            if !matches!(action, Action::Transcribe(_)) {
                self.carry_out(action);
            }
        }
        let opened = self.opened.iter();
        let untold = |turn: &&u32| !self.told.contains(turn) && !self.reverted.contains(turn);
        assert_eq!(
            opened.filter(untold).count(),
            0,
            "turns whose end is never told"
        );
        assert_eq!(
            self.conversation.summary().turns as usize,
            self.opened.len(),
            "turns that were opened"
        );
        over.expect("the responder is told of the end")
    }

    /// A reply that is owed is answered or bridged, and in the end given up.
    fn watch_debt(&mut self, plays: bool, is_speech: bool) {
        if plays && self.announcements.contains(&self.now.played.turn) {
            // A filler is no answer: the debt stays, and is not bridged again.
            self.owed_frames = self.owed_frames.map(|_| 0);
            return;
        }
        if plays || is_speech || self.hung_up.is_some() {
            self.owed_frames = None;
            self.bridged = false;
            return;
        }
        let keys = self.conversation.keys.is_under_way();
        if self.on_hold || keys || self.conversation.taking.caller_speaking() {
            return;
        }
        let Some(frames) = &mut self.owed_frames else {
            return;
        };
        *frames += 1;
        let config = &self.conversation.settings.turn;
        let longest_ms = if self.bridged {
            config.apology_ms
        } else {
            config.bridge_ms
        };
        assert!(
            *frames * FRAME_MS <= longest_ms + 100,
            "nothing for {} ms",
            *frames * FRAME_MS
        );
    }

    fn run(&mut self, stretch: &Stretch) {
        match stretch {
            Stretch::Speech(frames) => (0..*frames).for_each(|_| self.frame(true)),
            Stretch::Silence(frames) => (0..*frames).for_each(|_| self.frame(false)),
            Stretch::Keys(keys) if self.hung_up.is_none() => {
                (self.bridged, self.owed_frames) = (false, None);
                self.step(Input::Keys(keys));
            }
            Stretch::Noise(is_noisy) => self.noise_dbfs = if *is_noisy { -40.0 } else { -70.0 },
            Stretch::Hold(frames) => {
                self.hold(true);
                (0..*frames).for_each(|_| self.frame(false));
                self.hold(false);
            }
            Stretch::Load(step) => self.step(Input::Load(*step)),
            Stretch::Stop if self.hung_up.is_none() => self.step(Input::Stop),
            Stretch::Failed if self.hung_up.is_none() => self.step(Input::Failed),
            Stretch::ResponderDies => self.responder_is_dead = true,
            Stretch::RecogniserDies => self.recogniser_is_dead = true,
            Stretch::Keys(_) | Stretch::Stop | Stretch::Failed => {}
        }
    }
}

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
    assert_eq!(asked(&world), ["Respond(Keys { turn: 2, keys: \"1234\" })"]);
    // At a human's pace, too.
    world.run(&Stretch::Silence(10));
    world.step(Input::Keys(&['#']));
    assert_eq!(asked(&world).len(), 1);
    assert!(!world.log.iter().any(|action| action.contains("Revert")));
}
