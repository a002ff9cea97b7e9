//! Dead air: nobody speaks, or the agent owes an answer that does not come.
//!
//! Thread: `listen`. In: who is busy, once every 20 ms. Out: what to do about the silence. Memory: counters. A pure function of its inputs.
//! A quiet caller is asked twice whether they are there, then the call ends politely. An answer that does not come is first bridged by a
//! short holding line, then given up with an apology: a caller never listens to nothing.

use patter_audio::ms_to_frames;
use patter_config::TurnConfig;

/// Who is busy in this frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Air {
    /// The caller speaks.
    Caller,
    /// The agent speaks.
    Agent,
    /// The caller has finished, and the agent's answer is not heard yet.
    Owed,
    /// Nobody speaks, and the agent waits for the caller.
    Quiet,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SilenceEvent {
    /// Ask whether the caller is there.
    Remind {
        /// How often that was done since the caller last spoke, from 1.
        nth: u32,
    },
    /// The caller does not answer: end the call politely.
    GiveUp,
    /// Say a short holding line.
    Bridge,
    /// The answer will not come: apologise and end.
    Apologise,
}

/// The watch of one call.
pub struct Silence {
    remind_frames: u32,
    reminders: u32,
    bridge_frames: u32,
    apology_frames: u32,
    quiet: u32,
    owed: u32,
    asked: u32,
    bridged: bool,
}

impl Silence {
    /// A watch at the start of a call.
    pub fn new(config: &TurnConfig) -> Self {
        Self {
            remind_frames: ms_to_frames(config.remind_ms),
            reminders: config.reminders,
            bridge_frames: ms_to_frames(config.bridge_ms),
            apology_frames: ms_to_frames(config.apology_ms),
            quiet: 0,
            owed: 0,
            asked: 0,
            bridged: false,
        }
    }

    /// Takes the next frame.
    pub fn step(&mut self, air: Air) -> Option<SilenceEvent> {
        if air != Air::Quiet {
            self.quiet = 0;
        }
        match air {
            Air::Caller => {
                self.asked = 0;
                self.owed = 0;
                self.bridged = false;
                None
            }
            Air::Agent => {
                // A holding line is no answer: the debt stays.
                if !self.bridged {
                    self.owed = 0;
                }
                None
            }
            Air::Owed => self.owed(),
            Air::Quiet => self.quiet(),
        }
    }

    fn owed(&mut self) -> Option<SilenceEvent> {
        self.owed += 1;
        if self.owed == self.bridge_frames && !self.bridged {
            self.bridged = true;
            return Some(SilenceEvent::Bridge);
        }
        (self.owed == self.apology_frames).then_some(SilenceEvent::Apologise)
    }

    fn quiet(&mut self) -> Option<SilenceEvent> {
        self.owed = 0;
        self.bridged = false;
        self.quiet += 1;
        if self.remind_frames == 0 || self.quiet != self.remind_frames {
            return None;
        }
        self.asked += 1;
        Some(if self.asked > self.reminders {
            SilenceEvent::GiveUp
        } else {
            SilenceEvent::Remind { nth: self.asked }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(silence: &mut Silence, air: Air, ms: u32) -> Vec<(u32, SilenceEvent)> {
        (1..=ms / 20)
            .filter_map(|n| silence.step(air).map(|event| (n * 20, event)))
            .collect()
    }

    fn watch() -> Silence {
        Silence::new(&TurnConfig {
            remind_ms: 5_000,
            reminders: 2,
            bridge_ms: 1_500,
            apology_ms: 6_000,
            ..TurnConfig::default()
        })
    }

    #[test]
    fn a_quiet_caller_is_asked_twice_and_then_let_go() {
        let mut silence = watch();
        let mut events = Vec::new();
        for _ in 0..3 {
            run(&mut silence, Air::Agent, 1_000);
            events.extend(run(&mut silence, Air::Quiet, 5_000));
        }
        assert_eq!(
            events,
            [
                (5_000, SilenceEvent::Remind { nth: 1 }),
                (5_000, SilenceEvent::Remind { nth: 2 }),
                (5_000, SilenceEvent::GiveUp)
            ]
        );
    }

    #[test]
    fn a_word_of_the_caller_begins_the_count_anew() {
        let mut silence = watch();
        run(&mut silence, Air::Quiet, 5_000);
        run(&mut silence, Air::Caller, 200);
        assert_eq!(
            run(&mut silence, Air::Quiet, 5_000),
            [(5_000, SilenceEvent::Remind { nth: 1 })]
        );
    }

    #[test]
    fn a_late_answer_is_bridged_once_and_then_given_up() {
        let mut silence = watch();
        assert_eq!(
            run(&mut silence, Air::Owed, 2_000),
            [(1_500, SilenceEvent::Bridge)]
        );
        // The holding line sounds for a second.
        assert_eq!(run(&mut silence, Air::Agent, 1_000), []);
        assert_eq!(
            run(&mut silence, Air::Owed, 5_000),
            [(4_000, SilenceEvent::Apologise)]
        );
    }

    #[test]
    fn an_answer_in_time_needs_no_bridge() {
        let mut silence = watch();
        for _ in 0..5 {
            assert_eq!(run(&mut silence, Air::Owed, 1_480), []);
            run(&mut silence, Air::Agent, 20);
            run(&mut silence, Air::Caller, 20);
        }
    }
}
