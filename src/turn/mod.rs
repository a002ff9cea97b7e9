//! Whose turn is it? A state machine over voice activity, one step every 20 ms.
//!
//! Thread: `listen`. In: speech or not, agent speaking or not. Out: [`TurnEvent`]s. Memory: a few counters. A pure function of its
//! inputs: time is the count of frames, so the same sound gives the same turns.

use crate::audio::{FRAME_MS, ms_to_frames};
use crate::config::TurnConfig;

/// What happened in this frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnEvent {
    /// The caller has begun to speak.
    SpeechStart,
    /// The caller's speech is long enough to be an interruption, and the agent is speaking.
    BargeIn {
        /// Speech so far, in ms.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Quiet,
    Speaking { barged: bool, paused: bool },
}

/// The state machine of one call.
pub struct Turns {
    start_frames: u32,
    barge_in_frames: u32,
    end_frames: u32,
    pause_frames: u32,
    min_speech_frames: u32,
    max_frames: u32,
    state: State,
    /// Speech frames of the turn.
    speech: u32,
    /// Frames since the last speech frame.
    silence: u32,
    /// Frames of the whole turn.
    length: u32,
}

impl Turns {
    /// A machine for a call in which nobody has spoken.
    pub fn new(config: &TurnConfig) -> Self {
        Self {
            start_frames: ms_to_frames(config.start_ms),
            barge_in_frames: ms_to_frames(config.barge_in_ms),
            end_frames: ms_to_frames(config.end_silence_ms),
            pause_frames: ms_to_frames(config.pause_ms),
            min_speech_frames: ms_to_frames(config.min_speech_ms),
            max_frames: ms_to_frames(config.max_turn_ms),
            state: State::Quiet,
            speech: 0,
            silence: 0,
            length: 0,
        }
    }

    /// True while the caller holds the turn.
    pub fn caller_speaking(&self) -> bool {
        self.state != State::Quiet
    }

    /// Takes the next frame.
    pub fn step(&mut self, is_speech: bool, agent_speaking: bool) -> Option<TurnEvent> {
        match self.state {
            State::Quiet => self.step_quiet(is_speech),
            State::Speaking { barged, paused } => {
                self.step_speaking(is_speech, agent_speaking, barged, paused)
            }
        }
    }

    fn step_quiet(&mut self, is_speech: bool) -> Option<TurnEvent> {
        if is_speech {
            self.speech += 1;
        } else {
            // A single frame that misses does not undo an onset, a lasting silence does.
            self.speech = self.speech.saturating_sub(1);
        }
        if self.speech < self.start_frames {
            return None;
        }
        self.state = State::Speaking {
            barged: false,
            paused: false,
        };
        self.silence = 0;
        self.length = self.speech;
        Some(TurnEvent::SpeechStart)
    }

    fn step_speaking(
        &mut self,
        is_speech: bool,
        agent_speaking: bool,
        barged: bool,
        paused: bool,
    ) -> Option<TurnEvent> {
        self.length += 1;
        if is_speech {
            self.speech += 1;
            self.silence = 0;
        } else {
            self.silence += 1;
        }
        if self.length >= self.max_frames {
            return Some(self.end());
        }
        if is_speech && agent_speaking && !barged && self.speech >= self.barge_in_frames {
            self.state = State::Speaking {
                barged: true,
                paused: false,
            };
            return Some(TurnEvent::BargeIn {
                speech_ms: self.speech * FRAME_MS,
            });
        }
        if is_speech && paused {
            self.state = State::Speaking {
                barged,
                paused: false,
            };
            return Some(TurnEvent::Resume);
        }
        if self.silence >= self.end_frames {
            return Some(if self.speech < self.min_speech_frames {
                self.rest();
                TurnEvent::FalseStart
            } else {
                self.end()
            });
        }
        if self.silence >= self.pause_frames && !paused && self.speech >= self.min_speech_frames {
            self.state = State::Speaking {
                barged,
                paused: true,
            };
            return Some(TurnEvent::Pause);
        }
        None
    }

    fn end(&mut self) -> TurnEvent {
        let event = TurnEvent::TurnEnd {
            speech_ms: self.speech * FRAME_MS,
            silence_ms: self.silence * FRAME_MS,
        };
        self.rest();
        event
    }

    fn rest(&mut self) {
        self.state = State::Quiet;
        self.speech = 0;
        self.silence = 0;
        self.length = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn play(turns: &mut Turns, script: &[(bool, u32)], agent: bool) -> Vec<(u32, TurnEvent)> {
        let mut at = 0;
        let mut events = Vec::new();
        for &(speech, frames) in script {
            for _ in 0..frames {
                at += FRAME_MS;
                if let Some(event) = turns.step(speech, agent) {
                    events.push((at, event));
                }
            }
        }
        events
    }

    #[test]
    fn a_turn_starts_pauses_and_ends() {
        let mut turns = Turns::new(&TurnConfig::default());
        let events = play(&mut turns, &[(false, 10), (true, 50), (false, 30)], false);
        assert_eq!(
            events,
            [
                (260, TurnEvent::SpeechStart),
                (1200 + 160, TurnEvent::Pause),
                (
                    1200 + 440,
                    TurnEvent::TurnEnd {
                        speech_ms: 1000,
                        silence_ms: 440
                    }
                ),
            ]
        );
        assert!(!turns.caller_speaking());
    }

    #[test]
    fn a_pause_inside_a_turn_does_not_end_it() {
        let mut turns = Turns::new(&TurnConfig::default());
        let events = play(
            &mut turns,
            &[(true, 50), (false, 15), (true, 30), (false, 40)],
            false,
        );
        let kinds: Vec<_> = events.iter().map(|e| e.1).collect();
        assert_eq!(
            kinds,
            [
                TurnEvent::SpeechStart,
                TurnEvent::Pause,
                TurnEvent::Resume,
                TurnEvent::Pause,
                TurnEvent::TurnEnd {
                    speech_ms: 1600,
                    silence_ms: 440
                },
            ]
        );
    }

    #[test]
    fn a_barge_in_comes_after_its_speech_once_and_only_while_the_agent_speaks() {
        let mut turns = Turns::new(&TurnConfig::default());
        let events = play(&mut turns, &[(true, 40)], true);
        assert_eq!(
            events,
            [
                (60, TurnEvent::SpeechStart),
                (160, TurnEvent::BargeIn { speech_ms: 160 })
            ]
        );
        let mut turns = Turns::new(&TurnConfig::default());
        assert_eq!(play(&mut turns, &[(true, 40)], false).len(), 1);
    }

    #[test]
    fn a_click_is_a_false_start_and_interrupts_nobody() {
        let mut turns = Turns::new(&TurnConfig::default());
        let events = play(&mut turns, &[(true, 4), (false, 60)], true);
        let kinds: Vec<_> = events.iter().map(|e| e.1).collect();
        assert_eq!(kinds, [TurnEvent::SpeechStart, TurnEvent::FalseStart]);
    }

    #[test]
    fn a_caller_who_never_stops_is_cut() {
        let mut turns = Turns::new(&TurnConfig::default());
        let events = play(&mut turns, &[(true, 1_300)], false);
        let ends: Vec<_> = events
            .iter()
            .filter(|e| matches!(e.1, TurnEvent::TurnEnd { silence_ms: 0, .. }))
            .collect();
        assert_eq!(ends.len(), 1);
        assert_eq!(ends[0].0, 25_000);
    }

    proptest! {
        #[test]
        fn starts_and_ends_alternate_whatever_is_heard(frames in proptest::collection::vec(any::<(bool, bool)>(), 0..3_000)) {
            let mut turns = Turns::new(&TurnConfig::default());
            let mut open = false;
            for (speech, agent) in frames {
                match turns.step(speech, agent) {
                    Some(TurnEvent::SpeechStart) => { prop_assert!(!open); open = true; }
                    Some(TurnEvent::TurnEnd { .. } | TurnEvent::FalseStart) => { prop_assert!(open); open = false; }
                    Some(_) => prop_assert!(open),
                    None => {}
                }
                prop_assert_eq!(turns.caller_speaking(), open);
            }
        }
    }
}
