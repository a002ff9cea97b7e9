//! A model of the line, the recogniser and the responder: it carries out what the core decides, on a clock of frames,
//! and asserts at every step what must hold in every call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use patter_audio::{FRAME_MS, FRAME_SAMPLES, SILENCE};
use patter_config::{LoadConfig, TurnConfig};
use patter_engine::marks;
use patter_engine::recognise::{AsrError, Transcript};
use patter_engine::voice::Spoken;
use patter_types::clock::CallTimeUs;
use patter_types::event::Event;
use patter_types::expect::Expect;
use patter_types::load::ShedLevel;
use patter_types::turn::TurnNumber;

use super::super::*;
use crate::agent::Announcement;
use crate::spoken::Sentence;
use crate::work::{Made, Transcribed, TranscriptionJob};

pub(super) const FRAME_US: u64 = FRAME_MS as u64 * 1_000;
/// What the recogniser makes of sound, whatever it was.
pub(super) const WORDS: [&str; 6] = [
    "",
    "uh huh",
    "how much is it",
    "I want to cancel my membership, please.",
    "my number is four one",
    "hello",
];

/// What happens in one stretch of a call.
#[derive(Debug, Clone)]
pub(super) enum Stretch {
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
pub(super) struct Luck(Vec<u8>, usize);

impl Luck {
    pub(super) fn next(&mut self, below: u32) -> u32 {
        self.1 += 1;
        u32::from(self.0[self.1 % self.0.len()]) % below
    }
}

pub(super) struct World {
    pub(super) conversation: Conversation,
    pub(super) now: Now,
    gate: (TurnNumber, TurnNumber),
    paused: bool,
    on_hold: bool,
    rewind: Option<u32>,
    sounding: bool,
    /// Of each turn: its sentences, and the most frames of it that were played.
    made: BTreeMap<TurnNumber, (Vec<Sentence>, u32)>,
    /// Those that are announcements.
    announcements: BTreeSet<TurnNumber>,
    /// Turns that have left the gate.
    gone: BTreeSet<TurnNumber>,
    /// Turns that never were.
    reverted: BTreeSet<TurnNumber>,
    /// Turns that were open.
    opened: BTreeSet<TurnNumber>,
    /// Turns whose end was told.
    told: BTreeSet<TurnNumber>,
    /// What engines will say, by the time at which they do.
    to_come: Vec<(CallTimeUs, Answer)>,
    responder_is_dead: bool,
    pub(super) recogniser_is_dead: bool,
    noise_dbfs: f32,
    pub(super) hung_up: Option<Closed>,
    /// The announcement that ends the call.
    last_word: Option<TurnNumber>,
    /// All that was decided.
    pub(super) log: Vec<String>,
    /// Frames in which nothing was heard though an answer was wanted; None when none is.
    owed_frames: Option<u32>,
    filled: bool,
    luck: Luck,
}

pub(super) enum Answer {
    Words(Transcribed),
    Made(Made),
}

pub(super) fn announcement(frames: usize) -> Arc<Announcement> {
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
    pub(super) fn new(luck: Vec<u8>) -> Self {
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
            gate: (TurnNumber::NONE, TurnNumber::NONE),
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
            filled: false,
            luck: Luck(luck, 0),
        };
        world.step(Input::Begin);
        world
    }

    pub(super) fn step(&mut self, input: Input) {
        let mut actions = Actions::new();
        self.conversation.step(input, self.now, &mut actions);
        for action in actions {
            self.carry_out(action);
        }
        let (open, awaited) = self.gate;
        self.opened
            .extend((open != TurnNumber::NONE).then_some(open));
        for turn in &self.opened {
            let lives = *turn == open || *turn == awaited;
            assert!(
                lives || self.gone.contains(turn),
                "the end of turn {turn} is not told"
            );
        }
    }

    pub(super) fn carry_out(&mut self, action: Action) {
        self.log.push(format!("{action:?}"));
        match action {
            Action::Event(Event::Filler { .. }) => self.filled = true,
            Action::Event(_) | Action::ForgetCaller => {}
            Action::Gate { open, awaited } => {
                for turn in [open, awaited] {
                    assert!(!self.gone.contains(&turn), "turn {turn} lives again");
                }
                assert!(
                    open == TurnNumber::NONE || self.hung_up.is_none(),
                    "{open} opens after the end"
                );
                let before = [self.gate.0, self.gate.1];
                let left = before
                    .into_iter()
                    .filter(|turn| ![open, awaited].contains(turn));
                self.gone
                    .extend(left.filter(|turn| *turn != TurnNumber::NONE));
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

    pub(super) fn transcribe(&mut self, job: TranscriptionJob) {
        if self.recogniser_is_dead {
            return;
        }
        let text = WORDS[self.luck.next(6) as usize];
        let logprob = -0.1 - self.luck.next(2) as f32;
        let finished = [None, Some(0.1), Some(0.95)][self.luck.next(3) as usize];
        let is_skipped = job.purpose != Purpose::Final && self.luck.next(12) == 0;
        let result = if self.luck.next(16) == 0 {
            let reason = "a fault that a test makes".into();
            Err(AsrError::Decode { reason })
        } else {
            Ok(Transcript {
                text: text.into(),
                no_speech: 0.0,
                logprob,
                finished,
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

    pub(super) fn later(&mut self, most_frames: u32, answer: Answer) {
        let delay = u64::from(self.luck.next(most_frames)) * FRAME_US;
        self.to_come.push((self.now.time.plus_us(delay), answer));
    }

    pub(super) fn respond(&mut self, ask: Ask) {
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
            .push((self.now.time.plus_us(delay), Answer::Made(first)));
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
            self.to_come
                .push((self.now.time.plus_us(delay), Answer::Made(made)));
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
        self.to_come
            .push((self.now.time.plus_us(delay), Answer::Made(done)));
    }

    /// The history is what was heard: told once, and as much as was played.
    pub(super) fn was_played(&mut self, turn: TurnNumber, text: &str) {
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

    pub(super) fn hold(&mut self, on_hold: bool) {
        self.on_hold = on_hold;
        self.step(Input::OnHold(on_hold));
    }

    /// The line plays 20 ms; true when something sounds.
    pub(super) fn play(&mut self) -> bool {
        let (open, _) = self.gate;
        let mut plays = false;
        if !self.paused && !self.on_hold && open != TurnNumber::NONE {
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
                    played.first_at = self.now.time;
                }
                (played.turn, played.frames) = (open, next + 1);
                *most = (*most).max(next + 1);
                plays = true;
            }
        }
        if self.sounding && !plays {
            self.now.stopped_at = self.now.time;
        }
        self.sounding = plays;
        plays
    }

    pub(super) fn frame(&mut self, is_speech: bool) {
        if self.hung_up.is_some() {
            return;
        }
        self.now.time = self.now.time.plus_us(FRAME_US);
        let plays = self.play();
        let due = |entry: &mut (CallTimeUs, Answer)| entry.0 <= self.now.time;
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

    /// The line is closed: frames that were still in it, then what the caller was still saying. Gives the words that
    /// are judged at the end.
    pub(super) fn end(&mut self) -> Option<String> {
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
        let untold =
            |turn: &&TurnNumber| !self.told.contains(turn) && !self.reverted.contains(turn);
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

    /// A reply that is owed is answered or covered by a filler, and in the end given up.
    pub(super) fn watch_debt(&mut self, plays: bool, is_speech: bool) {
        if plays && self.announcements.contains(&self.now.played.turn) {
            // A filler is no answer: the debt stays, and no other filler is said.
            self.owed_frames = self.owed_frames.map(|_| 0);
            return;
        }
        if plays || is_speech || self.hung_up.is_some() {
            self.owed_frames = None;
            self.filled = false;
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
        let longest_ms = if self.filled {
            config.apology_ms
        } else {
            config.filler_ms
        };
        assert!(
            *frames * FRAME_MS <= longest_ms + 100,
            "nothing for {} ms",
            *frames * FRAME_MS
        );
    }

    pub(super) fn run(&mut self, stretch: &Stretch) {
        match stretch {
            Stretch::Speech(frames) => (0..*frames).for_each(|_| self.frame(true)),
            Stretch::Silence(frames) => (0..*frames).for_each(|_| self.frame(false)),
            Stretch::Keys(keys) if self.hung_up.is_none() => {
                (self.filled, self.owed_frames) = (false, None);
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
