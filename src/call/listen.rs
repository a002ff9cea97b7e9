//! The `listen` thread: hears every frame, decides whose turn it is, and says so to everybody else.
//!
//! Thread: `listen`; in a replay, that of the replay. In: heard frames, answers of `hear` and `think`. Out: jobs for both, events. Memory: one
//! utterance ([`super::utterance`]), the agent's turns ([`super::floor`]). When late: partials are skipped. It waits for no model: an engine that is stuck
//! is bridged and then given up, while frames go on being heard.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Receiver;
use ringbuf::HeapCons;
use ringbuf::traits::{Consumer, Observer};

use super::floor::{Ended, Floor, Notice};
use super::hear::{Heard, Purpose};
use super::line::{Closed, Line};
use super::spoken::Kind;
use super::think::{Said, ThinkJob, ThinkJobs};
use super::utterance::Utterance;
use crate::load::Load;
use patter_audio::vad::Vad;
use patter_audio::{FRAME_MS, Frame};
use patter_config::Config;
use patter_engine::recognise::Transcript;
use patter_machine::priority;
use patter_machine::priority::Class;
use patter_turn::keys::Keys;
use patter_turn::patience::Profile;
use patter_turn::silence::{Air, Silence, SilenceEvent};
use patter_turn::{Agent, TurnEvent, Turns};
use patter_types::event::{Event, EventSink};
use patter_types::expect::Expect;
use patter_types::load::Step;

mod heard;

/// How often the ring is looked at.
const POLL: Duration = Duration::from_millis(5);
/// After the end the caller's last words are waited for, and what they change: they may be the wish to be called no
/// more, which may not be lost on a machine that is late. Only an engine that hangs takes so long.
const LAST_WORDS: Duration = Duration::from_secs(60);

/// Whoever speaks when the call must end may do so for this long, in µs.
const PARTING_PATIENCE_US: u64 = 5_000_000;

/// So much sound may wait without being a burst that a network kept back: half a second.
const BEHIND_FRAMES: usize = 25;
/// What may be heard of an answer between the caller's first sound and the hold, in ms.
const HOLD_SLACK_MS: u32 = 200;
/// A finished utterance whose words are awaited.
#[derive(Clone, Copy)]
struct Waiting {
    job: u32,
    speech_ms: u32,
    speech_end_us: u64,
    decided_us: u64,
}

/// Lines that are ready as sound when an engine is not.
pub struct Notices {
    /// Bridges a wait.
    pub bridge: Notice,
    /// Ends a call that cannot go on.
    pub apology: Notice,
    /// Ends a call that may not go on.
    pub time_up: Notice,
}

/// The ends of the channels that a listener works with.
pub struct Wires {
    /// Heard frames.
    pub incoming: HeapCons<Frame>,
    /// Keys that the caller presses.
    pub keys: Receiver<char>,
    /// The line.
    pub line: Arc<Line>,
    /// What happens.
    pub events: EventSink,
    /// From `hear`.
    pub heard: Receiver<Heard>,
    /// To `think`, for words that are still being said.
    pub think_jobs: ThinkJobs,
    /// From `think`.
    pub said: Receiver<Said>,
    /// What is left out when the machine is busy.
    pub load: Arc<Load>,
}

/// The thread's state.
pub struct Listener {
    wires: Wires,
    config: Arc<Config>,
    /// How long to wait, and for what.
    profile: (Expect, Profile),
    notices: Arc<Notices>,
    vad: Vad,
    turns: Turns,
    silence: Silence,
    utterance: Utterance,
    floor: Floor,
    keys: Keys,
    /// The job that decodes the words while the pause lasts.
    ahead: Option<u32>,
    /// Its answer.
    ahead_answer: Option<Transcript>,
    waiting: Option<Waiting>,
    /// The words awaited when the caller went on: asked for again if that was nothing.
    interrupted: Option<Waiting>,
    /// The utterance is heard together with the last one, whose words were these.
    joined: Option<String>,
    /// The caller goes on while the answer to their last words has hardly been heard.
    rejoins: bool,
    /// Words of the turn that were too long ago to be heard again; and the job that will bring them.
    prefix: String,
    prefix_job: Option<u32>,
    /// The words of the last turn.
    last_words: String,
    /// Agreed words that the language model has been shown.
    shown: usize,
    /// The agent was cut off and has not answered since: something must be said, whatever it was.
    cut: bool,
    asked_again: u32,
    barge_ins: u32,
    false_alarms: u32,
    /// Why the call is to end with a last word, though neither side is through, and since when in µs.
    ending: Option<(Closed, u64)>,
    /// The last word of a call that is to end is being said.
    parting: bool,
    /// What is left out now.
    load_step: Step,
    /// Others take a good part of the cores' time.
    contended: bool,
    on_hold: bool,
    /// The most sound that has waited in the ring.
    most_behind_ms: u32,
}

impl Listener {
    /// The state before the first frame.
    pub fn new(
        config: Arc<Config>,
        wires: Wires,
        utterance: Utterance,
        floor: Floor,
        notices: Arc<Notices>,
    ) -> Self {
        Self {
            profile: (
                Expect::Any,
                Profile::new(&config.turn.patience, Expect::Any),
            ),
            vad: Vad::new(&config.vad),
            turns: Turns::new(&config.turn),
            silence: Silence::new(&config.turn),
            config,
            wires,
            notices,
            utterance,
            floor,
            keys: Keys::default(),
            ahead: None,
            ahead_answer: None,
            waiting: None,
            interrupted: None,
            joined: None,
            rejoins: false,
            prefix: String::new(),
            prefix_job: None,
            last_words: String::new(),
            shown: 0,
            cut: false,
            asked_again: 0,
            barge_ins: 0,
            false_alarms: 0,
            ending: None,
            parting: false,
            load_step: Step::Whole,
            contended: false,
            on_hold: false,
            most_behind_ms: 0,
        }
    }

    /// Runs until the line is closed.
    pub fn run(mut self) {
        priority::enter(Class::Sound);
        self.begin();
        while !self.wires.line.is_closed() {
            let mut idle = true;
            let behind_ms = self.wires.incoming.occupied_len() as u32 * FRAME_MS;
            self.most_behind_ms = self.most_behind_ms.max(behind_ms);
            while let Some(frame) = self.wires.incoming.try_pop() {
                idle = false;
                self.frame(&frame);
                if self.is_behind() {
                    // What a network kept back is heard four times as fast as it was said: words have time to come.
                    self.answers();
                    std::thread::sleep(POLL);
                }
            }
            self.answers();
            if idle {
                std::thread::sleep(POLL);
            }
        }
        // What came before the end was said, though nobody has listened to it yet.
        while let Some(frame) = self.wires.incoming.try_pop() {
            self.frame(&frame);
        }
        self.finish();
    }

    /// More sound waits than a line's jitter brings.
    fn is_behind(&self) -> bool {
        self.wires.incoming.occupied_len() > BEHIND_FRAMES
    }

    /// Asks for the agent's first words.
    pub fn begin(&mut self) {
        self.floor
            .ask(Kind::Opening, |turn| ThinkJob::Open { turn });
        self.floor.tick();
    }

    /// The call is over.
    pub fn finish(mut self) {
        self.answers();
        let words = self.last_words();
        self.floor.finish();
        let (ahead, turns) = self.floor.counts();
        let (done, ready) = crossbeam_channel::bounded(0);
        self.wires.think_jobs.send(ThinkJob::Over {
            turn: turns,
            words,
            done,
        });
        // The thread hangs up when it is done; nothing is sent.
        let _ = ready.recv_timeout(LAST_WORDS);
        let by = self.wires.line.closed_by().unwrap_or(Closed::Caller);
        self.wires.events.send(Event::CallEnd {
            reason: by.name().into(),
            turns,
            barge_ins: self.barge_ins,
            false_alarms: self.false_alarms,
            made_ahead: ahead.hits + ahead.dropped,
            ahead_dropped: ahead.dropped,
            dropped_frames: self.wires.line.dropped(),
            filled_frames: self.wires.line.filled(),
            most_behind_ms: self.most_behind_ms,
        });
    }

    /// True when no answer is awaited: neither words nor sound.
    pub fn is_settled(&self) -> bool {
        !self.utterance.is_pending()
    }

    /// Hears one frame.
    pub fn frame(&mut self, frame: &Frame) {
        self.watch_load();
        if self.is_on_hold() {
            return;
        }
        let speech = self.vad.is_speech(frame);
        if self.turns.caller_speaking() {
            self.utterance.push(frame);
        } else {
            self.utterance.between(frame);
        }
        let expect = self.floor.expect();
        if self.profile.0 != expect {
            self.profile = (expect, Profile::new(&self.config.turn.patience, expect));
        }
        self.turns.in_noise(self.is_noisy());
        match self.turns.step(speech, self.floor.agent(), &self.profile.1) {
            Some(event) => self.turn_event(event),
            None => self.partial(),
        }
        // Whoever waits does so by the clock, and not by frames that come all at once.
        if !self.is_behind() {
            let air = self.air();
            if let Some(event) = self.silence.step(air) {
                self.silence_event(event);
            }
        }
        self.tick();
    }

    /// On hold time stands still: a turn under way goes on after it, and nobody is asked whether they are there.
    fn is_on_hold(&mut self) -> bool {
        let on_hold = self.wires.line.is_on_hold();
        if on_hold != self.on_hold {
            self.on_hold = on_hold;
            self.wires.events.send(if on_hold {
                Event::OnHold
            } else {
                Event::OffHold
            });
        }
        on_hold
    }

    fn watch_load(&mut self) {
        let step = self.wires.load.step();
        if step != self.load_step {
            self.load_step = step;
            let busy = self.wires.load.busy();
            self.wires.events.send(Event::Load { step, busy });
        }
        let shares = self.wires.load.shares();
        if shares.is_contended(self.contended) != self.contended {
            self.contended = !self.contended;
            self.wires.events.send(Event::Contention { shares });
        }
    }

    fn air(&self) -> Air {
        let keys = self.keys.is_under_way();
        if keys || (self.turns.caller_speaking() && !self.turns.ignoring()) {
            Air::Caller
        } else if self.floor.owes() || (self.waiting.is_some() && !self.floor.is_speaking()) {
            Air::Owed
        } else if self.floor.is_speaking() {
            Air::Agent
        } else {
            Air::Quiet
        }
    }

    fn tick(&mut self) {
        if self.floor.tick() == Some(Ended::Call) {
            let early = self.ending.filter(|_| self.parting);
            let by = early.map_or(Closed::Agent, |(by, _)| by);
            self.wires.line.close(by);
        }
    }

    fn turn_event(&mut self, event: TurnEvent) {
        match event {
            TurnEvent::SpeechStart => self.speech_start(),
            TurnEvent::Hold { speech_ms } => self.floor.hold(speech_ms),
            TurnEvent::Cancel { speech_ms } => {
                let rejoin_ms = self
                    .rejoins
                    .then(|| self.config.turn.reopen_ms + HOLD_SLACK_MS);
                if self.rejoins {
                    self.turns.reopened();
                } else {
                    self.prefix.clear();
                }
                let heard = self.floor.cut(speech_ms, rejoin_ms);
                self.barge_ins += u32::from(heard);
                self.cut = true;
            }
            TurnEvent::Release { why, speech_ms } => {
                self.false_alarms += 1;
                self.floor.release(why, speech_ms);
                self.was_nothing();
                if self.turns.ignoring() {
                    // It goes on, and may turn out to be words later, but not more of the last ones.
                    self.utterance.restart();
                }
            }
            TurnEvent::Pause => {
                self.wires.events.send(Event::SpeechPause);
                self.ahead_answer = None;
                self.ahead = Some(self.utterance.decode(Purpose::Ahead));
            }
            TurnEvent::Resume => {
                self.wires.events.send(Event::SpeechResume);
                self.ahead = None;
                self.ahead_answer = None;
                self.floor.drop_ahead();
            }
            TurnEvent::TurnEnd {
                speech_ms,
                silence_ms,
            } => self.turn_end(speech_ms, silence_ms),
            TurnEvent::FalseStart => {
                self.wires.events.send(Event::FalseStart);
                self.was_nothing();
            }
        }
    }

    fn speech_start(&mut self) {
        self.wires.events.send(Event::SpeechStart);
        let waiting = self.waiting.take();
        // While words are awaited, what is played answers older ones.
        self.rejoins = waiting.is_none() && self.floor.may_rejoin(self.config.turn.reopen_ms);
        let goes_on = waiting.is_some() || self.rejoins;
        let join = goes_on && self.utterance.may_join();
        self.joined = None;
        self.prefix.clear();
        self.prefix_job = None;
        match waiting {
            Some(waiting) if !join => self.prefix_job = Some(waiting.job),
            None if goes_on && !join => self.prefix.clone_from(&self.last_words),
            // Words that are not known yet: all of the joined ones are new.
            Some(_) => self.joined = Some(String::new()),
            None => self.joined = join.then(|| self.last_words.clone()),
        }
        self.interrupted = waiting;
        self.utterance.begin(join);
        self.ahead = None;
        self.ahead_answer = None;
        self.shown = 0;
    }

    /// The sound was no turn: what it interrupted goes on.
    fn was_nothing(&mut self) {
        self.joined = None;
        self.rejoins = false;
        self.ahead = None;
        self.ahead_answer = None;
        self.floor.drop_ahead();
        if let Some(mut waiting) = self.interrupted.take() {
            // Their job may have been answered already, when nobody listened.
            match self.prefix_job.take() {
                Some(job) => waiting.job = job,
                None if self.prefix.is_empty() => {
                    waiting.job = self.utterance.decode(Purpose::Final);
                }
                None => {
                    let text = std::mem::take(&mut self.prefix);
                    let known = Transcript {
                        text,
                        ..Transcript::nothing()
                    };
                    return self.answer(&waiting, &known);
                }
            }
            self.waiting = Some(waiting);
        }
    }

    fn partial(&mut self) {
        let usual_ms = self.config.asr.partial_ms;
        let every_ms = self.wires.load.partial_ms(self.load_step, usual_ms);
        let due = self.turns.caller_speaking()
            && self.ahead.is_none()
            && self.utterance.partial_due(every_ms, self.turns.holding());
        if due {
            self.utterance.decode(Purpose::Partial);
        }
    }

    fn turn_end(&mut self, speech_ms: u32, silence_ms: u32) {
        self.wires.events.send(Event::SpeechEnd {
            speech_ms,
            silence_ms,
        });
        self.interrupted = None;
        let now = self.wires.line.now_us();
        let ahead = self.ahead.take();
        let mut waiting = Waiting {
            job: 0,
            speech_ms,
            speech_end_us: now.saturating_sub(u64::from(silence_ms) * 1_000),
            decided_us: now,
        };
        match (self.ahead_answer.take(), ahead) {
            (Some(transcript), _) => self.answer(&waiting, &transcript),
            (None, Some(job)) => {
                waiting.job = job;
                self.waiting = Some(waiting);
            }
            (None, None) => {
                waiting.job = self.utterance.decode(Purpose::Final);
                self.waiting = Some(waiting);
            }
        }
    }

    /// Takes what the engines have answered since.
    pub fn answers(&mut self) {
        while let Ok(heard) = self.wires.heard.try_recv() {
            self.take_heard(heard);
        }
        while let Ok(said) = self.wires.said.try_recv() {
            self.floor.said(said);
        }
        self.keys();
        self.end_if_due();
        self.tick();
    }

    /// A key interrupts the agent as words do, and what was keyed is answered as they are.
    fn keys(&mut self) {
        let now_us = self.wires.line.now_us();
        let mut entry = self.keys.due(now_us);
        while let Ok(key) = self.wires.keys.try_recv() {
            if matches!(
                self.floor.agent(),
                Agent::Speaking {
                    interruptible: true,
                    ..
                }
            ) {
                self.barge_ins += u32::from(self.floor.cut(0, None));
            }
            entry = self.keys.press(key, now_us, self.floor.expect()).or(entry);
        }
        if let Some(keys) = entry
            && !self.parting
        {
            self.waiting = None;
            self.floor
                .ask(Kind::Reply, |turn| ThinkJob::Keys { turn, keys });
        }
    }

    /// A call that must end does so with a last word: when nobody speaks, or after [`PARTING_PATIENCE_US`].
    fn end_if_due(&mut self) {
        let line = &self.wires.line;
        if line.has_failed() && !self.parting && !line.is_closed() {
            return self.apologise();
        }
        let now_us = self.wires.line.now_us();
        let longest_us = u64::from(self.config.serve.max_call_s) * 1_000_000;
        let due = if self.wires.line.is_stopping() {
            Some(Closed::Stopped)
        } else {
            (longest_us > 0 && now_us >= longest_us).then_some(Closed::TooLong)
        };
        self.ending = self.ending.or(due.map(|by| (by, now_us)));
        let Some((_, since_us)) = self.ending else {
            return;
        };
        // Whoever puts it on hold now would keep the last word from being said.
        self.wires.line.put_on_hold(false);
        if self.parting {
            return;
        }
        let is_quiet = !self.floor.is_speaking() && !self.turns.caller_speaking();
        if is_quiet || now_us - since_us >= PARTING_PATIENCE_US {
            self.parting = true;
            self.waiting = None;
            let notices = Arc::clone(&self.notices);
            self.floor.say(&notices.time_up, true);
        }
    }

    fn silence_event(&mut self, event: SilenceEvent) {
        match event {
            SilenceEvent::Remind { nth } => {
                self.vad.forget_caller();
                self.wires.events.send(Event::Reminder { nth });
                self.floor
                    .ask(Kind::Reminder, |turn| ThinkJob::Remind { turn });
            }
            SilenceEvent::GiveUp => {
                self.wires.events.send(Event::CallerGone);
                self.floor
                    .ask(Kind::Reminder, |turn| ThinkJob::GiveUp { turn });
            }
            // In the middle of an answer a holding line would only confuse; the time runs on.
            SilenceEvent::Bridge if self.floor.has_begun() => {}
            SilenceEvent::Bridge => {
                self.wires.events.send(Event::Bridged {
                    after_ms: self.config.turn.bridge_ms,
                });
                let notices = Arc::clone(&self.notices);
                self.floor.say(&notices.bridge, false);
            }
            SilenceEvent::Apologise => {
                self.wires.events.send(Event::Error {
                    message: format!(
                        "no answer within {} ms: the call is ended with an apology",
                        self.config.turn.apology_ms
                    ),
                });
                self.apologise();
            }
        }
    }

    /// Ends a call that cannot go on.
    fn apologise(&mut self) {
        self.parting = true;
        self.ending = Some((Closed::Error, self.wires.line.now_us()));
        self.waiting = None;
        self.wires.line.put_on_hold(false);
        let notices = Arc::clone(&self.notices);
        self.floor.say(&notices.apology, true);
    }
}
