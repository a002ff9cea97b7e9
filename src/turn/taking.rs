//! Whose turn is it? A state machine over voice activity and words, one step every 20 ms.
//!
//! Thread: `controller`. In: speech or not, what the agent does, what the words so far sound like. Out: [`TurnEvent`]s.
//! Memory: a few counters. A pure function of its inputs: time is the count of frames, so the same sound and words give
//! the same turns.
//!
//! An interruption has two steps. [`TurnEvent::PauseAgent`] comes after `agent_pause_ms` of speech: the agent's output
//! stops, its place is kept. Then the words decide: [`TurnEvent::Interrupt`] when it is a turn,
//! [`TurnEvent::FalseInterruption`] when it is a cough, a noise or an "uh-huh", and the agent goes on. Nothing is lost
//! by deciding late, since the line is silent already. A turn ends after a silence whose length [`crate::endpointing`]
//! finds from the words ([`patter_language::reading`]) and this caller's pace. [`crate::no_input`] watches for dead
//! air.

use crate::agent::Agent;
use crate::endpointing::{Delays, Pace, delay_ms};
use patter_audio::{FRAME_MS, ms_to_frames};
use patter_config::TurnConfig;
use patter_language::reading::{Kind, Reading};
use patter_types::why::Why;

/// A sound that pauses the agent for this long without any words known, in ms, is decided by its length.
const UNDECIDED_MS: u32 = 1_200;
/// Words that the model does not believe in are a noise when nothing has followed them for this long, in ms: "Stop,
/// please" has a pause of 100 to 300 ms in it, and the agent is silent meanwhile anyway.
const DOUBT_MS: u32 = 440;
/// A backchannel in the last moments of what the agent says is an answer to it, in ms.
const ANSWER_WINDOW_MS: u32 = 700;
/// A partial transcript may end in half a word: it only proves a turn with this many words.
const PROVING_WORDS: usize = 2;

/// What happened in this frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnEvent {
    /// The caller has begun to speak.
    SpeechStart,
    /// The caller speaks while the agent does: stop the sound, keep the place.
    PauseAgent {
        /// Speech so far, in ms.
        speech_ms: u32,
    },
    /// It is a turn: drop what the agent was saying.
    Interrupt {
        /// Speech so far, in ms.
        speech_ms: u32,
    },
    /// It was no turn: the agent goes on.
    FalseInterruption {
        /// What it was.
        why: Why,
        /// Speech in it, in ms.
        speech_ms: u32,
    },
    /// The caller has fallen silent for `pause_ms`; the turn may or may not be over.
    Pause,
    /// The caller goes on after a pause.
    Resume,
    /// The caller has finished.
    TurnEnd {
        /// Speech in the turn, in ms.
        speech_ms: u32,
        /// Silence after it, in ms; 0 when the turn was cut at its longest.
        silence_ms: u32,
    },
    /// It was too short to be speech: a click, a knock.
    FalseStart,
}

/// How far an interruption is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Overlap {
    /// The agent is not concerned.
    None,
    /// The agent is paused, and nothing is decided.
    Undecided,
    /// The agent was cut off.
    Interrupted,
    /// It was found to be noise while it still sounds: the agent has gone on.
    Ignored,
}

/// On a noisy line sound within a pause must last this long to be speech, in ms: beats of music last 100 to 140, words
/// 200 and more.
const BEAT_MS: u32 = 160;
/// What noise hides of the last word before a pause and of the first one after it, in ms: at 10 dB pauses of 300 to 800
/// ms looked as long as 1,260.
const CLIPPED_MS: u32 = 300;

/// The state machine of one call.
pub struct TurnTaking {
    start_frames: u32,
    pause_agent_frames: u32,
    long_frames: u32,
    pause_frames: u32,
    min_speech_frames: u32,
    max_frames: u32,
    open: bool,
    paused: bool,
    overlap: Overlap,
    agent: Agent,
    /// Speech frames of the turn.
    speech: u32,
    /// Frames since the last speech frame.
    silence: u32,
    /// The line is noisy.
    noisy: bool,
    /// Frames of sound in a pause on a noisy line, which may be a beat of music.
    beat: u32,
    /// Frames of the whole turn.
    length: u32,
    reading: Option<Reading>,
    /// The reading covers all that was said.
    fresh: bool,
    pace: Pace,
    /// Turns that the caller has finished.
    finished: u32,
    /// Frames without speech since the last turn ended, and in its last pause.
    since_end: u32,
}

impl TurnTaking {
    /// A machine for a call in which nobody has spoken.
    pub fn new(config: &TurnConfig) -> Self {
        Self {
            start_frames: ms_to_frames(config.start_ms),
            pause_agent_frames: ms_to_frames(config.agent_pause_ms),
            long_frames: ms_to_frames(config.interrupt_ms),
            pause_frames: ms_to_frames(config.pause_ms),
            min_speech_frames: ms_to_frames(config.min_speech_ms),
            max_frames: ms_to_frames(config.max_turn_ms),
            open: false,
            paused: false,
            overlap: Overlap::None,
            agent: Agent::Silent,
            speech: 0,
            silence: 0,
            noisy: false,
            beat: 0,
            length: 0,
            reading: None,
            fresh: false,
            pace: Pace::default(),
            finished: 0,
            since_end: 0,
        }
    }

    /// The turn under way goes on with the last one, which was taken to be over too early: a pause to learn from.
    pub fn reopened(&mut self) {
        self.pace.paused(self.since_end * FRAME_MS);
    }

    /// True while the caller has the turn.
    pub fn caller_speaking(&self) -> bool {
        self.open
    }

    /// True while it is not decided whether the agent is cut off.
    pub fn is_undecided(&self) -> bool {
        self.overlap == Overlap::Undecided
    }

    /// True while a lasting noise is taken for none of the caller's words.
    pub fn is_ignoring(&self) -> bool {
        self.overlap == Overlap::Ignored
    }

    /// Speech of the turn so far, in ms.
    pub fn speech_ms(&self) -> u32 {
        self.speech * FRAME_MS
    }

    /// Whether the line is noisy now: a beat of music, or a word of somebody far away, is no end of a pause then.
    pub fn in_noise(&mut self, noisy: bool) {
        self.noisy = noisy;
    }

    /// Takes the next frame. `delays` says how long to wait in this stage of the call.
    pub fn step(&mut self, is_speech: bool, agent: Agent, delays: &Delays) -> Option<TurnEvent> {
        self.agent = agent;
        if self.open {
            self.step_open(is_speech, delays)
        } else {
            self.step_closed(is_speech)
        }
    }

    /// Takes what the words of the turn so far sound like. `whole`: they were decoded in the present pause, so nothing
    /// is missing.
    pub fn heard(&mut self, reading: Reading, whole: bool) -> Option<TurnEvent> {
        if !self.open {
            return None;
        }
        self.reading = Some(reading);
        self.fresh = whole && self.paused;
        let speaking = matches!(self.agent, Agent::Speaking { .. });
        let undecided = match self.overlap {
            Overlap::Undecided => true,
            Overlap::None => speaking,
            Overlap::Ignored => {
                return (reading.kind == Kind::Words && reading.words >= PROVING_WORDS)
                    .then(|| self.interrupt());
            }
            Overlap::Interrupted => false,
        };
        if !undecided {
            return None;
        }
        let long = self.speech >= self.long_frames;
        match reading.kind {
            Kind::Words if self.overlap == Overlap::Undecided => {
                let proven = self.fresh || long || reading.words >= PROVING_WORDS;
                proven.then(|| self.interrupt())
            }
            Kind::Greeting if self.fresh && self.finished > 0 => self.interrupt_if_undecided(),
            Kind::Backchannel | Kind::Greeting if self.fresh => {
                if self.answers_the_agent() {
                    self.interrupt_if_undecided()
                } else {
                    Some(self.false_interruption(Why::Backchannel))
                }
            }
            Kind::Empty if self.fresh => Some(self.false_interruption(Why::Noise)),
            Kind::Empty if long && self.overlap == Overlap::Undecided => {
                self.overlap = Overlap::Ignored;
                Some(TurnEvent::FalseInterruption {
                    why: Why::Noise,
                    speech_ms: self.speech_ms(),
                })
            }
            _ => None,
        }
    }

    fn answers_the_agent(&self) -> bool {
        match self.agent {
            Agent::Silent => true,
            Agent::Speaking { left_ms, .. } => left_ms.is_some_and(|left| left <= ANSWER_WINDOW_MS),
        }
    }

    fn interrupt_if_undecided(&mut self) -> Option<TurnEvent> {
        (self.overlap == Overlap::Undecided).then(|| self.interrupt())
    }

    fn interrupt(&mut self) -> TurnEvent {
        self.overlap = Overlap::Interrupted;
        TurnEvent::Interrupt {
            speech_ms: self.speech_ms(),
        }
    }

    fn false_interruption(&mut self, why: Why) -> TurnEvent {
        let speech_ms = self.speech_ms();
        self.reset();
        TurnEvent::FalseInterruption { why, speech_ms }
    }

    fn step_closed(&mut self, is_speech: bool) -> Option<TurnEvent> {
        if is_speech {
            self.speech += 1;
        } else {
            self.since_end = self.since_end.saturating_add(1);
            // A single frame that misses does not undo an onset, a lasting silence does.
            self.speech = self.speech.saturating_sub(1);
        }
        if self.speech < self.start_frames {
            return None;
        }
        self.open = true;
        self.silence = 0;
        self.length = self.speech;
        Some(TurnEvent::SpeechStart)
    }

    fn step_open(&mut self, is_speech: bool, delays: &Delays) -> Option<TurnEvent> {
        self.length += 1;
        let sounds = is_speech;
        let is_speech = is_speech && !self.is_beat();
        if !sounds {
            self.beat = 0;
        }
        if is_speech {
            self.speech += std::mem::take(&mut self.beat).max(1);
        } else {
            self.silence += 1;
        }
        let silence = self.silence;
        if is_speech {
            self.silence = 0;
        }
        if self.length >= self.max_frames {
            return Some(self.at_the_longest());
        }
        if is_speech && self.may_pause_agent() {
            self.overlap = Overlap::Undecided;
            return Some(TurnEvent::PauseAgent {
                speech_ms: self.speech_ms(),
            });
        }
        if is_speech && self.paused {
            self.paused = false;
            self.fresh = false;
            self.pace.paused(silence * FRAME_MS);
            return Some(TurnEvent::Resume);
        }
        match self.overlap {
            Overlap::Undecided => self.step_undecided(),
            Overlap::Ignored => {
                if self.silence >= self.pause_frames {
                    if self.agent == Agent::Silent {
                        // The agent has come to its end meanwhile: what there was in the noise may be an answer.
                        self.overlap = Overlap::None;
                    } else {
                        self.reset();
                    }
                }
                None
            }
            Overlap::None | Overlap::Interrupted => self.step_turn(delays),
        }
    }

    /// Counts a frame of sound; true while it may be a mere beat.
    fn is_beat(&mut self) -> bool {
        let decided = matches!(self.overlap, Overlap::None | Overlap::Interrupted);
        let counts = self.paused && self.noisy && decided;
        if !counts {
            self.beat = 0;
            return false;
        }
        self.beat += 1;
        self.beat < ms_to_frames(BEAT_MS)
    }

    fn may_pause_agent(&self) -> bool {
        let interruptible = matches!(
            self.agent,
            Agent::Speaking {
                interruptible: true,
                ..
            }
        );
        self.overlap == Overlap::None && interruptible && self.speech >= self.pause_agent_frames
    }

    fn at_the_longest(&mut self) -> TurnEvent {
        match self.overlap {
            // Whoever speaks for so long means it.
            Overlap::Undecided => self.interrupt(),
            Overlap::Ignored => self.false_interruption(Why::Noise),
            Overlap::None | Overlap::Interrupted => self.end(),
        }
    }

    fn step_undecided(&mut self) -> Option<TurnEvent> {
        let undecided = ms_to_frames(UNDECIDED_MS);
        if self.silence == 0 {
            // Too long for a backchannel: with words it is a turn at once, without any known after a while.
            let words = self.reading.is_some_and(|r| r.kind == Kind::Words);
            let long = self.speech >= self.long_frames && words;
            return (long || self.speech >= undecided).then(|| self.interrupt());
        }
        if self.silence >= self.pause_frames && self.speech < self.min_speech_frames {
            return Some(self.false_interruption(Why::Click));
        }
        if self.pauses() {
            return Some(TurnEvent::Pause);
        }
        let doubtful = self.fresh && self.reading.is_some_and(|r| r.kind == Kind::Doubtful);
        if doubtful && self.silence >= ms_to_frames(DOUBT_MS) {
            return Some(self.false_interruption(Why::Noise));
        }
        if self.silence >= undecided {
            // The words do not come.
            return Some(if self.speech >= self.long_frames {
                self.interrupt()
            } else {
                self.false_interruption(Why::Noise)
            });
        }
        None
    }

    fn step_turn(&mut self, delays: &Delays) -> Option<TurnEvent> {
        if self.silence == 0 {
            return None;
        }
        if self.pauses() {
            return Some(TurnEvent::Pause);
        }
        let reading = self.reading.filter(|_| self.fresh);
        let clipped_ms = if self.noisy { CLIPPED_MS } else { 0 };
        let delay_ms = delay_ms(reading.as_ref(), delays, &self.pace) + clipped_ms;
        // What has just begun may be a word.
        if self.silence < ms_to_frames(delay_ms).max(self.pause_frames) || self.beat > 0 {
            return None;
        }
        Some(if self.speech < self.min_speech_frames {
            self.reset();
            TurnEvent::FalseStart
        } else {
            self.end()
        })
    }

    fn pauses(&mut self) -> bool {
        let pauses = !self.paused
            && self.silence >= self.pause_frames
            && self.speech >= self.min_speech_frames;
        self.paused |= pauses;
        pauses
    }

    fn end(&mut self) -> TurnEvent {
        let event = TurnEvent::TurnEnd {
            speech_ms: self.speech_ms(),
            silence_ms: self.silence * FRAME_MS,
        };
        self.finished += 1;
        self.since_end = self.silence;
        self.pace
            .ended(self.reading.map_or(0, |reading| reading.words));
        self.reset();
        event
    }

    fn reset(&mut self) {
        self.open = false;
        self.paused = false;
        self.overlap = Overlap::None;
        self.speech = 0;
        self.silence = 0;
        self.beat = 0;
        self.length = 0;
        self.reading = None;
        self.fresh = false;
    }
}

#[cfg(test)]
mod tests;
