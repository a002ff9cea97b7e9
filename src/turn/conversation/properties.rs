//! Calls that nobody thought of: random sound, words, keys, holds and late or dead engines, in any order.
//!
//! A model of the line, the recogniser and the responder carries out what the core decides, on a clock of frames. What
//! must hold in every call: no sound of a turn that was dropped; the history is what was heard; a reply that is owed is
//! answered or bridged; the call ends.

use std::collections::{BTreeMap, BTreeSet};

use patter_audio::{FRAME_MS, FRAME_SAMPLES, SILENCE};
use patter_engine::marks;
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
    Key(char),
    /// Somebody puts it on hold for so many frames.
    Hold(u32),
    Load(ShedLevel),
    Stop,
    Failed,
    /// The responder answers nothing more.
    ResponderDies,
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
    /// Turns that are over, or never were.
    gone: BTreeSet<u32>,
    /// Turns that were open.
    opened: BTreeSet<u32>,
    /// Turns whose end was told.
    told: BTreeSet<u32>,
    /// What engines will say, by the time at which they do.
    to_come: Vec<(u64, Answer)>,
    responder_is_dead: bool,
    hung_up: Option<Closed>,
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
            max_call_s: 120,
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
            opened: BTreeSet::new(),
            told: BTreeSet::new(),
            to_come: Vec::new(),
            responder_is_dead: false,
            hung_up: None,
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
        match action {
            Action::Event(Event::Bridged { .. }) => self.bridged = true,
            Action::Event(_) | Action::ForgetCaller => {}
            Action::Gate { open, awaited } => {
                for turn in [open, awaited] {
                    assert!(!self.gone.contains(&turn), "turn {turn} lives again");
                }
                self.gate = (open, awaited);
            }
            Action::Want(_) => self.owed_frames = Some(0),
            Action::Pause => self.paused = true,
            Action::Resume { from } => {
                self.paused = false;
                self.rewind = from;
            }
            Action::Transcribe(job) => {
                let text = WORDS[self.luck.next(6) as usize];
                let logprob = -0.1 - self.luck.next(2) as f32;
                let transcribed = Transcribed {
                    utterance: job.utterance,
                    job: job.job,
                    purpose: job.purpose,
                    result: Some(Ok(Transcript {
                        text: text.into(),
                        no_speech: 0.0,
                        logprob,
                        took_ms: 50.0,
                    })),
                    agreed: String::new(),
                    samples: job.samples,
                };
                self.later(40, Answer::Words(transcribed));
            }
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
            }
            Action::TakeOffHold => self.hold(false),
            Action::Hangup(by) => self.hung_up = self.hung_up.or(Some(by)),
        }
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
                self.gone.insert(turn);
                return;
            }
            Ask::Played { turn, text, .. } => return self.was_played(turn, &text),
            Ask::Opened { .. } | Ask::Hearing { .. } | Ask::Over { .. } => return,
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
        let done = Made::Done {
            turn,
            ends_call,
            expect: Expect::Any,
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
                noise_dbfs: -70.0,
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
        self.step(Input::Tick);
        self.watch_debt(plays, is_speech);
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
        if self.on_hold || self.conversation.taking.caller_speaking() {
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
            Stretch::Key(key) if self.hung_up.is_none() => self.step(Input::Key(*key)),
            Stretch::Hold(frames) => {
                self.hold(true);
                (0..*frames).for_each(|_| self.frame(false));
                self.hold(false);
            }
            Stretch::Load(step) => self.step(Input::Load(*step)),
            Stretch::Stop => self.step(Input::Stop),
            Stretch::Failed => self.step(Input::Failed),
            Stretch::ResponderDies => self.responder_is_dead = true,
            Stretch::Key(_) => {}
        }
    }
}

fn stretch() -> impl Strategy<Value = Stretch> {
    prop_oneof![
        6 => (1..200_u32).prop_map(Stretch::Speech),
        6 => (1..150_u32).prop_map(Stretch::Silence),
        1 => (500..1_500_u32).prop_map(Stretch::Silence),
        1 => prop::sample::select(vec!['1', '#', '*']).prop_map(Stretch::Key),
        1 => (1..300_u32).prop_map(Stretch::Hold),
        1 => prop::sample::select(ShedLevel::ALL.to_vec()).prop_map(Stretch::Load),
        1 => Just(Stretch::ResponderDies),
    ]
}

fn calls() -> impl Strategy<Value = (Vec<Stretch>, Vec<u8>)> {
    let last = prop_oneof![
        4 => Just(None),
        1 => Just(Some(Stretch::Stop)),
        1 => Just(Some(Stretch::Failed)),
    ];
    let stretches = (prop::collection::vec(stretch(), 1..25), last).prop_map(|(mut all, last)| {
        all.extend(last);
        all
    });
    (stretches, prop::collection::vec(any::<u8>(), 40..80))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// The invariants are asserted at every step of the world; in the end the call is over, whatever happened.
    #[test]
    fn every_call_is_sound((stretches, luck) in calls()) {
        let mut world = World::new(luck);
        for stretch in &stretches {
            world.run(stretch);
        }
        // Nobody says anything more: reprompts, then goodbye; or an apology; at the latest the longest time of a call.
        for _ in 0..130_000 / FRAME_MS {
            world.frame(false);
        }
        prop_assert!(world.hung_up.is_some(), "the call goes on for ever");
        let asked = stretches.iter().any(|s| matches!(s, Stretch::Stop));
        if !asked && world.responder_is_dead {
            prop_assert_ne!(world.hung_up, Some(Closed::Stopped));
        }
    }

    /// The same call twice is the same call.
    #[test]
    fn a_call_is_a_function_of_its_inputs((stretches, luck) in calls()) {
        let run = || {
            let mut world = World::new(luck.clone());
            stretches.iter().for_each(|stretch| world.run(stretch));
            (world.now, world.gate, world.told, world.hung_up)
        };
        prop_assert_eq!(run(), run());
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
