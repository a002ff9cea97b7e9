//! Dead activity: nobody speaks, or the agent owes an answer that does not come.
//!
//! Thread: `controller`. In: who is busy, once every 20 ms. Out: what to do about the silence. Memory: counters. A pure
//! function of its inputs. A quiet caller is asked twice whether they are there, then the call ends politely. An answer
//! that does not come is first covered by a filler, then given up with an apology: a caller never listens
//! to nothing.

use patter_audio::ms_to_frames;
use patter_config::TurnConfig;

/// Who is busy in this frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
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
pub enum SilenceAction {
    /// Ask whether the caller is there.
    Reprompt {
        /// How often that was done since the caller last spoke, from 1.
        nth: u32,
    },
    /// The caller does not answer: end the call politely.
    GiveUp,
    /// Say a filler: a short line that something is under way.
    Filler,
    /// The answer will not come: apologise and end.
    Apologise,
}

/// The watch of one call.
pub struct SilenceTimer {
    no_input_frames: u32,
    reprompts: u32,
    filler_frames: u32,
    apology_frames: u32,
    quiet: u32,
    owed: u32,
    asked: u32,
    filled: bool,
}

impl SilenceTimer {
    /// A watch at the start of a call.
    pub fn new(config: &TurnConfig) -> Self {
        Self {
            no_input_frames: ms_to_frames(config.no_input_ms),
            reprompts: config.reprompts,
            filler_frames: ms_to_frames(config.filler_ms),
            apology_frames: ms_to_frames(config.apology_ms),
            quiet: 0,
            owed: 0,
            asked: 0,
            filled: false,
        }
    }

    /// The caller did something that is no sound: whatever was owed before, the wait begins anew.
    pub fn caller_acted(&mut self) {
        (self.quiet, self.asked, self.owed, self.filled) = (0, 0, 0, false);
    }

    /// Takes the next frame.
    pub fn step(&mut self, activity: Activity) -> Option<SilenceAction> {
        if activity != Activity::Quiet {
            self.quiet = 0;
        }
        match activity {
            Activity::Caller => {
                self.asked = 0;
                self.owed = 0;
                self.filled = false;
                None
            }
            Activity::Agent => {
                // A filler is no answer: the debt stays.
                if !self.filled {
                    self.owed = 0;
                }
                None
            }
            Activity::Owed => self.owed(),
            Activity::Quiet => self.quiet(),
        }
    }

    fn owed(&mut self) -> Option<SilenceAction> {
        self.owed += 1;
        if self.owed == self.filler_frames && !self.filled {
            self.filled = true;
            return Some(SilenceAction::Filler);
        }
        (self.owed == self.apology_frames).then_some(SilenceAction::Apologise)
    }

    fn quiet(&mut self) -> Option<SilenceAction> {
        self.owed = 0;
        self.filled = false;
        self.quiet += 1;
        if self.no_input_frames == 0 || self.quiet != self.no_input_frames {
            return None;
        }
        self.asked += 1;
        Some(if self.asked > self.reprompts {
            SilenceAction::GiveUp
        } else {
            SilenceAction::Reprompt { nth: self.asked }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(silence: &mut SilenceTimer, activity: Activity, ms: u32) -> Vec<(u32, SilenceAction)> {
        (1..=ms / 20)
            .filter_map(|n| silence.step(activity).map(|event| (n * 20, event)))
            .collect()
    }

    fn watch() -> SilenceTimer {
        SilenceTimer::new(&TurnConfig {
            no_input_ms: 5_000,
            reprompts: 2,
            filler_ms: 1_500,
            apology_ms: 6_000,
            ..TurnConfig::default()
        })
    }

    #[test]
    fn a_quiet_caller_is_asked_twice_and_then_let_go() {
        let mut silence = watch();
        let mut events = Vec::new();
        for _ in 0..3 {
            run(&mut silence, Activity::Agent, 1_000);
            events.extend(run(&mut silence, Activity::Quiet, 5_000));
        }
        assert_eq!(
            events,
            [
                (5_000, SilenceAction::Reprompt { nth: 1 }),
                (5_000, SilenceAction::Reprompt { nth: 2 }),
                (5_000, SilenceAction::GiveUp)
            ]
        );
    }

    #[test]
    fn a_word_of_the_caller_begins_the_count_anew() {
        let mut silence = watch();
        run(&mut silence, Activity::Quiet, 5_000);
        run(&mut silence, Activity::Caller, 200);
        assert_eq!(
            run(&mut silence, Activity::Quiet, 5_000),
            [(5_000, SilenceAction::Reprompt { nth: 1 })]
        );
    }

    #[test]
    fn a_late_answer_gets_one_filler_and_is_then_given_up() {
        let mut silence = watch();
        assert_eq!(
            run(&mut silence, Activity::Owed, 2_000),
            [(1_500, SilenceAction::Filler)]
        );
        // The filler sounds for a second.
        assert_eq!(run(&mut silence, Activity::Agent, 1_000), []);
        assert_eq!(
            run(&mut silence, Activity::Owed, 5_000),
            [(4_000, SilenceAction::Apologise)]
        );
    }

    #[test]
    fn an_answer_in_time_needs_no_filler() {
        let mut silence = watch();
        for _ in 0..5 {
            assert_eq!(run(&mut silence, Activity::Owed, 1_480), []);
            run(&mut silence, Activity::Agent, 20);
            run(&mut silence, Activity::Caller, 20);
        }
    }
}
