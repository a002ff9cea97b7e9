//! The core of a call: what is heard and what engines answer goes in, what is to be done comes out.
//!
//! In: an [`Input`], and what the line shows now ([`Now`]). Out: [`Action`]s, in the order in which they are to be
//! carried out. Memory: one utterance, two turns of the agent, a few texts. When late: partial transcripts are skipped.
//! It waits for no engine: one that is stuck is covered by a filler and then given up, while frames go on being heard.
//! A pure state machine: the same inputs give the same actions.
//!
//! The caller's turn is in one of these states: none ([`TurnTaking::caller_speaking`] is false), under way, paused with
//! a speculative transcript on its way (`Speculation`), over with its words awaited (`Awaited`). The agent's turns are
//! those of [`AgentTurns`].

mod ending;
mod interface;
#[cfg(test)]
mod properties;
mod words;

use std::sync::Arc;

use patter_audio::Frame;
use patter_engine::recognise::Transcript;
use patter_types::clock::CallTimeUs;
use patter_types::event::Event;
use patter_types::expect::Expect;
use patter_types::load::ShedLevel;

use crate::agent::{Agent, AgentTurns, Ended};
use crate::endpointing::Delays;
use crate::keys::Keys;
use crate::no_input::{Activity, SilenceAction, SilenceTimer};
use crate::spoken::Kind;
use crate::taking::{TurnEvent, TurnTaking};
use crate::utterance::Utterance;
use crate::work::{Ask, Purpose};

pub use ending::{Closed, LastWords};
use ending::{Ending, Parting};
pub use interface::{Action, Actions, Announcements, Input, Now, Played, Settings, Summary};

/// A line with more noise than this is a noisy one, in dBFS.
const NOISY_DBFS: f32 = -50.0;
/// What may be heard of an answer between the caller's first sound and the pause, in ms.
const PAUSE_SLACK_MS: u32 = 200;

/// A caller's turn that is over, and whose words are awaited.
#[derive(Debug, Clone, Copy)]
struct Awaited {
    job: u32,
    speech_ms: u32,
    speech_end: CallTimeUs,
    decided: CallTimeUs,
}

/// The transcript that is made while the caller pauses: the final one, if the turn is over.
#[derive(Debug, Clone, Default)]
struct Speculation {
    job: Option<u32>,
    transcript: Option<Transcript>,
}

/// What a caller's turn takes over from the one before, when it goes on with it.
#[derive(Debug, Default)]
struct Continued {
    /// The words awaited when the caller went on: asked for again if that was nothing.
    awaited: Option<Awaited>,
    /// The utterance is heard together with the last one, whose words were these.
    joined: Option<String>,
    /// The answer to the caller's last words has hardly been heard.
    rejoins: bool,
    /// Words that were too long ago to be heard again; and the job that will bring them.
    prefix: String,
    prefix_job: Option<u32>,
}

/// The state of one call.
pub struct Conversation {
    settings: Settings,
    announcements: Announcements,
    /// How long to wait, and for what.
    delays: (Expect, Delays),
    taking: TurnTaking,
    silence: SilenceTimer,
    utterance: Utterance,
    agent: AgentTurns,
    keys: Keys,
    speculation: Speculation,
    awaited: Option<Awaited>,
    continued: Continued,
    /// The words of the last turn.
    last_words: String,
    /// Letters of the agreed words that the language model has been shown.
    shown: usize,
    /// The agent was interrupted and has not answered since: something must be said, whatever it was.
    interrupted: bool,
    asked_again: u32,
    interruptions: u32,
    false_interruptions: u32,
    ending: Ending,
    /// What was said into the agent's last word: it is judged, and not answered any more.
    unanswered: String,
    load: ShedLevel,
    is_noisy: bool,
    on_hold: bool,
}

impl Conversation {
    /// The state before the first frame.
    pub fn new(settings: Settings, announcements: Announcements) -> Self {
        let delays = Delays::new(&settings.turn.endpointing, Expect::Any);
        Self {
            delays: (Expect::Any, delays),
            taking: TurnTaking::new(&settings.turn),
            silence: SilenceTimer::new(&settings.turn),
            utterance: Utterance::new(&settings.turn),
            settings,
            announcements,
            agent: AgentTurns::default(),
            keys: Keys::default(),
            speculation: Speculation::default(),
            awaited: None,
            continued: Continued::default(),
            last_words: String::new(),
            shown: 0,
            interrupted: false,
            asked_again: 0,
            interruptions: 0,
            false_interruptions: 0,
            ending: Ending::default(),
            unanswered: String::new(),
            load: ShedLevel::Whole,
            is_noisy: false,
            on_hold: false,
        }
    }

    /// Takes an input, and adds to `out` what is to be done.
    pub fn step(&mut self, input: Input, now: Now, out: &mut Actions) {
        match input {
            Input::Begin => {
                self.agent
                    .ask(Kind::Opening, |turn| Ask::Open { turn }, out);
            }
            Input::Frame {
                sound,
                is_speech,
                noise_dbfs,
                is_burst,
            } => {
                self.is_noisy = noise_dbfs > NOISY_DBFS;
                if self.on_hold {
                    return;
                }
                self.frame(sound, is_speech, is_burst, now, out);
            }
            Input::Transcribed(transcribed) => return self.transcribed(transcribed, now, out),
            Input::Made(made) => return self.agent.made(made),
            Input::Announced { turn, frames } => return self.agent.announced(turn, frames),
            Input::Keys(keys) => return self.keys(keys, now, out),
            Input::Tick => {
                self.keys(&[], now, out);
                self.end_if_due(now, out);
            }
            Input::Closed => self.agent.line_closed(),
            Input::Load(step) => return self.load = step,
            Input::OnHold(on_hold) => {
                if on_hold != self.on_hold {
                    self.on_hold = on_hold;
                    out.push(Action::Event(if on_hold {
                        Event::OnHold
                    } else {
                        Event::OffHold
                    }));
                }
                return;
            }
            Input::Stop => return self.ending.ask(Closed::Stopped, now),
            Input::Failed => return self.fail(now, out),
        }
        self.tick(now, out);
    }

    /// True while a transcription is under way.
    pub fn is_transcribing(&self) -> bool {
        self.utterance.is_pending()
    }

    /// How the call went so far.
    pub fn summary(&self) -> Summary {
        let (speculative, turns) = self.agent.counts();
        Summary {
            turns,
            interruptions: self.interruptions,
            false_interruptions: self.false_interruptions,
            speculative,
        }
    }

    fn frame(
        &mut self,
        sound: &Frame,
        is_speech: bool,
        is_burst: bool,
        now: Now,
        out: &mut Actions,
    ) {
        if self.taking.caller_speaking() {
            self.utterance.push(sound);
        } else {
            self.utterance.between(sound);
        }
        let expect = self.agent.expect();
        if self.delays.0 != expect {
            self.delays = (expect, Delays::new(&self.settings.turn.endpointing, expect));
        }
        self.taking.in_noise(self.is_noisy);
        let agent = self.agent.agent(now);
        match self.taking.step(is_speech, agent, &self.delays.1) {
            Some(event) => self.turn_event(event, now, out),
            None => self.partial(out),
        }
        // Whoever waits does so by the clock, and not by frames that come all at once.
        if !is_burst && let Some(action) = self.silence.step(self.activity(now)) {
            self.silence_action(action, now, out);
        }
    }

    fn activity(&self, now: Now) -> Activity {
        let keys = self.keys.is_under_way();
        if keys || (self.taking.caller_speaking() && !self.taking.is_ignoring()) {
            Activity::Caller
        } else if self.agent.owes(now) || (self.awaited.is_some() && !self.agent.is_speaking()) {
            Activity::Owed
        } else if self.agent.is_speaking() {
            Activity::Agent
        } else {
            Activity::Quiet
        }
    }

    fn tick(&mut self, now: Now, out: &mut Actions) {
        if self.agent.tick(now, out) == Some(Ended::Call) {
            out.push(Action::Hangup(self.ending.by()));
        }
    }

    fn turn_event(&mut self, event: TurnEvent, now: Now, out: &mut Actions) {
        match event {
            TurnEvent::SpeechStart => self.speech_start(now, out),
            TurnEvent::PauseAgent { speech_ms } => self.agent.pause(speech_ms, now, out),
            TurnEvent::Interrupt { speech_ms } => {
                let rejoins = self.continued.rejoins;
                let rejoin_ms = rejoins.then(|| self.settings.turn.reopen_ms + PAUSE_SLACK_MS);
                if rejoins {
                    self.taking.reopened();
                } else {
                    self.continued.prefix.clear();
                }
                let was_heard = self.agent.interrupt(speech_ms, rejoin_ms, now, out);
                self.interruptions += u32::from(was_heard);
                self.interrupted = true;
            }
            TurnEvent::FalseInterruption { why, speech_ms } => {
                self.false_interruptions += 1;
                self.agent.resume(why, speech_ms, now, out);
                self.was_nothing(now, out);
                if self.taking.is_ignoring() {
                    // It goes on, and may turn out to be words later, but not more of the last ones.
                    self.utterance.restart();
                }
            }
            TurnEvent::Pause => {
                out.push(Action::Event(Event::SpeechPause));
                self.speculation = Speculation {
                    job: Some(self.transcribe(Purpose::Speculative, out)),
                    transcript: None,
                };
            }
            TurnEvent::Resume => {
                out.push(Action::Event(Event::SpeechResume));
                self.speculation = Speculation::default();
                self.agent.drop_speculative(out);
            }
            TurnEvent::TurnEnd {
                speech_ms,
                silence_ms,
            } => self.turn_end(speech_ms, silence_ms, now, out),
            TurnEvent::FalseStart => {
                out.push(Action::Event(Event::FalseStart));
                self.was_nothing(now, out);
            }
        }
    }

    /// Has the caller's words so far transcribed; returns the job's number.
    fn transcribe(&mut self, purpose: Purpose, out: &mut Actions) -> u32 {
        let job = self.utterance.transcribe(purpose);
        let number = job.job;
        out.push(Action::Transcribe(job));
        number
    }

    fn speech_start(&mut self, now: Now, out: &mut Actions) {
        out.push(Action::Event(Event::SpeechStart));
        let awaited = self.awaited.take();
        // While words are awaited, what is played answers older ones.
        let reopen_ms = self.settings.turn.reopen_ms;
        let rejoins = awaited.is_none() && self.agent.may_rejoin(reopen_ms, now);
        let goes_on = awaited.is_some() || rejoins;
        let join = goes_on && self.utterance.may_join();
        let mut continued = Continued {
            awaited,
            rejoins,
            ..Continued::default()
        };
        match awaited {
            Some(awaited) if !join => continued.prefix_job = Some(awaited.job),
            None if goes_on && !join => continued.prefix.clone_from(&self.last_words),
            // Words that are not known yet: all of the joined ones are new.
            Some(_) => continued.joined = Some(String::new()),
            None => continued.joined = join.then(|| self.last_words.clone()),
        }
        self.continued = continued;
        self.utterance.begin(join);
        self.speculation = Speculation::default();
        self.shown = 0;
    }

    /// The sound was no turn: what it interrupted goes on.
    fn was_nothing(&mut self, now: Now, out: &mut Actions) {
        self.continued.joined = None;
        self.continued.rejoins = false;
        self.speculation = Speculation::default();
        self.agent.drop_speculative(out);
        if let Some(mut awaited) = self.continued.awaited.take() {
            // Their job may have been answered already, when nobody listened.
            match self.continued.prefix_job.take() {
                Some(job) => awaited.job = job,
                None if self.continued.prefix.is_empty() => {
                    awaited.job = self.transcribe(Purpose::Final, out);
                }
                None => {
                    let known = Transcript {
                        text: std::mem::take(&mut self.continued.prefix),
                        ..Transcript::nothing()
                    };
                    return self.answer(&awaited, &known, now, out);
                }
            }
            self.awaited = Some(awaited);
        }
    }

    fn partial(&mut self, out: &mut Actions) {
        let every_ms = self.settings.partial_ms(self.load);
        let due = self.taking.caller_speaking()
            && self.speculation.job.is_none()
            && (self.utterance).partial_due(every_ms, self.taking.is_undecided());
        if due {
            self.transcribe(Purpose::Partial, out);
        }
    }

    fn turn_end(&mut self, speech_ms: u32, silence_ms: u32, now: Now, out: &mut Actions) {
        out.push(Action::Event(Event::SpeechEnd {
            speech_ms,
            silence_ms,
        }));
        self.continued.awaited = None;
        let speculation = std::mem::take(&mut self.speculation);
        let mut awaited = Awaited {
            job: 0,
            speech_ms,
            speech_end: now.time.minus_ms(silence_ms),
            decided: now.time,
        };
        if let Some(transcript) = speculation.transcript {
            return self.answer(&awaited, &transcript, now, out);
        }
        awaited.job = match speculation.job {
            Some(job) => job,
            None => self.transcribe(Purpose::Final, out),
        };
        self.awaited = Some(awaited);
    }

    /// Keys interrupt the agent as words do, and what was keyed is answered as they are. Without keys: an entry may be
    /// complete because none has come for a while.
    fn keys(&mut self, keys: &[char], now: Now, out: &mut Actions) {
        let mut entry = self.keys.due(now.time);
        let mut has_interrupted = false;
        for key in keys {
            if self.keys.is_superfluous(*key, now.time) {
                continue;
            }
            self.silence.caller_acted();
            let interruptible = match self.agent.agent(now) {
                Agent::Speaking { interruptible, .. } => interruptible,
                Agent::Silent => false,
            };
            if interruptible && !std::mem::replace(&mut has_interrupted, true) {
                let was_heard = self.agent.interrupt(0, None, now, out);
                self.interruptions += u32::from(was_heard);
            }
            let expect = self.agent.expect();
            entry = self.keys.press(*key, now.time, expect).or(entry);
        }
        if let Some(keys) = entry
            && !self.ending.is_parting()
        {
            self.awaited = None;
            self.agent
                .ask(Kind::Reply, |turn| Ask::Keys { turn, keys }, out);
        }
    }

    fn silence_action(&mut self, action: SilenceAction, now: Now, out: &mut Actions) {
        match action {
            SilenceAction::Reprompt { nth } => {
                out.push(Action::ForgetCaller);
                out.push(Action::Event(Event::Reprompt { nth }));
                self.agent
                    .ask(Kind::Reprompt, |turn| Ask::Reprompt { turn }, out);
            }
            SilenceAction::GiveUp => {
                out.push(Action::Event(Event::CallerGone));
                self.agent
                    .ask(Kind::Reprompt, |turn| Ask::GiveUp { turn }, out);
            }
            // In the middle of an answer a filler would only confuse; the time runs on.
            SilenceAction::Filler if self.agent.has_begun(now) => {}
            SilenceAction::Filler => {
                out.push(Action::Event(Event::Filler {
                    after_ms: self.settings.turn.filler_ms,
                }));
                let filler = Arc::clone(&self.announcements.filler);
                self.agent.announce(&filler, false, now, out);
            }
            SilenceAction::Apologise => {
                out.push(Action::Event(Event::Error {
                    message: format!(
                        "no answer within {} ms: the call is ended with an apology",
                        self.settings.turn.apology_ms
                    ),
                }));
                self.part(Parting::Apology, now, out);
            }
        }
    }
}
