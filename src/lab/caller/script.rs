//! A caller with a script: waits for its cues, speaks its lines, interrupts where the script says so.
//!
//! Thread: its client's. In: what the agent says, frame by frame. Out: what the caller says, over what is around it,
//! and [`Placed`]: where on the wire each line was. Memory: the lines as sound. A pure state machine on the count of
//! frames.

use super::measure::{AUDIBLE_DBFS, first_sound, ms, silenced};
use patter_audio::level::dbfs;
use patter_audio::{FRAME_MS, FRAME_SAMPLES, Frame, SILENCE, ms_to_samples};
use patter_server::transport::audiosocket::client::{Act, Caller, Recording};

/// Silence this long is the end of what the agent says, in ms.
const AGENT_DONE_MS: u32 = 900;
/// The agent speaks anew after this much silence, in ms.
const AGENT_PAUSE_MS: u32 = 400;
/// After this long without any word from the agent the caller goes on, in ms.
const PATIENCE_MS: u32 = 8_000;

/// When a line is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cue {
    /// When the agent has answered and is silent.
    Turn,
    /// The same, after a longer or shorter silence.
    Quiet {
        /// Silence of the agent until then, in ms.
        for_ms: u32,
    },
    /// While the agent speaks, this long after it began.
    Interrupt {
        /// Speech of the agent until then, in ms.
        after_ms: u32,
    },
}

/// A line of the script.
pub struct ScriptLine {
    /// When.
    pub cue: Cue,
    /// The words, for the record.
    pub text: String,
    /// 16 kHz; begins and ends with audible sound.
    pub samples: Vec<i16>,
}

/// Where a line was on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Its first sample.
    pub start: usize,
    /// The sample after its last.
    pub end: usize,
    /// Since when the agent was speaking as the line began, to 20 ms; None: it was silent.
    pub agent_since: Option<usize>,
    /// The cue never came; the caller lost patience.
    pub unprompted: bool,
}

/// What came of a line, by the sound on the wire.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Exchange {
    /// The caller's words.
    pub text: String,
    /// It was an interruption.
    pub interrupts: bool,
    /// Last sample of the line to the first audible sample of the agent, in ms.
    pub response_ms: Option<f32>,
    /// First sample of an interruption to the agent's last audible sample, in ms.
    pub silenced_ms: Option<f32>,
}

/// A caller with a script.
pub struct ScriptedCaller {
    lines: Vec<ScriptLine>,
    next: usize,
    at: usize,
    agent_speech_ms: u32,
    agent_quiet_ms: u32,
    agent_answered: bool,
    waited_ms: u32,
    agent_since: Option<usize>,
    speaking: bool,
    spoken: Vec<Placed>,
    background: Vec<i16>,
    leaves_after_ms: Option<u32>,
}

impl ScriptedCaller {
    /// A caller who waits for the agent's first words.
    pub fn new(lines: Vec<ScriptLine>) -> Self {
        Self {
            lines,
            next: 0,
            at: 0,
            agent_speech_ms: 0,
            agent_quiet_ms: 0,
            agent_answered: false,
            waited_ms: 0,
            agent_since: None,
            speaking: false,
            spoken: Vec::new(),
            background: Vec::new(),
            leaves_after_ms: None,
        }
    }

    /// The same caller with `noise` around it for the whole call, in a loop.
    #[must_use]
    pub fn with_background(mut self, noise: Vec<i16>) -> Self {
        self.background = noise;
        self
    }

    /// The same caller, who hangs up when it has heard this much of the answer to its last line.
    #[must_use]
    pub fn leaving_after_ms(mut self, answer_ms: u32) -> Self {
        self.leaves_after_ms = Some(answer_ms);
        self
    }

    /// Where each spoken line was on the wire, in the order of the script.
    pub fn placed(&self) -> &[Placed] {
        &self.spoken
    }

    fn hear(&mut self, at: usize, heard: &Frame) {
        if dbfs(heard) > AUDIBLE_DBFS {
            self.agent_quiet_ms = 0;
            self.agent_speech_ms += FRAME_MS;
            self.agent_answered = true;
            self.waited_ms = 0;
            self.agent_since.get_or_insert(at);
        } else {
            self.agent_quiet_ms += FRAME_MS;
            if self.agent_quiet_ms >= AGENT_PAUSE_MS {
                self.agent_speech_ms = 0;
                self.agent_since = None;
            }
        }
    }

    fn cue_has_come(&self) -> bool {
        let Some(line) = self.lines.get(self.next) else {
            return false;
        };
        let silent = |for_ms| self.agent_answered && self.agent_quiet_ms >= for_ms;
        match line.cue {
            Cue::Turn => silent(AGENT_DONE_MS),
            Cue::Quiet { for_ms } => silent(for_ms),
            Cue::Interrupt { after_ms } => self.agent_speech_ms >= after_ms,
        }
    }

    /// All is said: leave once enough of the answer was heard, or it has ended, or none comes.
    fn is_over(&self) -> bool {
        let enough = self
            .leaves_after_ms
            .is_some_and(|ms| self.agent_answered && self.agent_speech_ms >= ms);
        enough
            || (self.agent_answered && self.agent_quiet_ms >= 1_500)
            || self.waited_ms >= PATIENCE_MS
    }

    /// What came of each line, from the recording of the wire.
    pub fn exchanges(&self, recording: &Recording) -> Vec<Exchange> {
        let agent = &recording.agent;
        self.spoken
            .iter()
            .zip(&self.lines)
            .enumerate()
            .map(|(number, (&Placed { start, end, .. }, line))| {
                let until = self
                    .spoken
                    .get(number + 1)
                    .map_or(agent.len(), |next| next.start);
                let interrupts = matches!(line.cue, Cue::Interrupt { .. });
                let last = interrupts.then(|| silenced(agent, start, end)).flatten();
                let from = last.map_or(end, |last| last.max(end));
                Exchange {
                    text: line.text.clone(),
                    interrupts,
                    response_ms: first_sound(agent, from, until).map(|at| ms(at - end)),
                    silenced_ms: last.map(|at| ms(at - start)),
                }
            })
            .collect()
    }

    /// The next frame of what is around the caller.
    fn around(&self, at: usize) -> Frame {
        let mut frame = SILENCE;
        if !self.background.is_empty() {
            for (n, sample) in frame.iter_mut().enumerate() {
                *sample = self.background[(at + n) % self.background.len()];
            }
        }
        frame
    }
}

impl Caller for ScriptedCaller {
    fn frame(&mut self, at_ms: u64, heard: &Frame) -> Act {
        let now = ms_to_samples(at_ms as u32);
        self.hear(now, heard);
        self.waited_ms += FRAME_MS;
        let mut frame = self.around(now);
        if !self.speaking {
            if self.next >= self.lines.len() {
                return if self.is_over() {
                    Act::HangUp
                } else {
                    Act::Speak(frame)
                };
            }
            let come = self.cue_has_come();
            if !come && self.waited_ms < PATIENCE_MS {
                return Act::Speak(frame);
            }
            self.speaking = true;
            self.at = 0;
            self.spoken.push(Placed {
                start: now,
                end: now + self.lines[self.next].samples.len(),
                agent_since: self.agent_since,
                unprompted: !come,
            });
        }
        let samples = &self.lines[self.next].samples;
        let end = (self.at + FRAME_SAMPLES).min(samples.len());
        for (to, from) in frame.iter_mut().zip(&samples[self.at..end]) {
            *to = to.saturating_add(*from);
        }
        self.at = end;
        if self.at >= samples.len() {
            self.speaking = false;
            self.next += 1;
            self.agent_answered = false;
            self.agent_speech_ms = 0;
            self.waited_ms = 0;
        }
        Act::Speak(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(ms: usize) -> Vec<i16> {
        (0..ms * 16)
            .map(|n| if n % 40 < 20 { 6_000 } else { -6_000 })
            .collect()
    }

    #[test]
    fn figures_come_from_the_sound() {
        let mut caller = ScriptedCaller::new(vec![ScriptLine {
            cue: Cue::Interrupt { after_ms: 500 },
            text: "stop".into(),
            samples: tone(600),
        }]);
        caller.spoken = vec![Placed {
            start: 16_000,
            end: 16_000 + 9_600,
            agent_since: Some(0),
            unprompted: false,
        }];
        let mut agent = tone(1_150);
        agent.resize(16 * 2_500, 0);
        agent.extend(tone(500));
        let recording = Recording {
            caller: Vec::new(),
            agent,
            agent_hung_up: false,
        };
        let exchange = &caller.exchanges(&recording)[0];
        assert_eq!(exchange.silenced_ms, Some(150.0));
        assert_eq!(exchange.response_ms, Some(900.0));
    }

    #[test]
    fn a_caller_waits_for_its_turn_and_interrupts_on_cue() {
        let line = |cue| ScriptLine {
            cue,
            text: "x".into(),
            samples: tone(100),
        };
        let mut caller = ScriptedCaller::new(vec![
            line(Cue::Turn),
            line(Cue::Interrupt { after_ms: 300 }),
        ]);
        let mut loud = SILENCE;
        loud.copy_from_slice(&tone(20));
        let mut at = 0;
        let mut step = |caller: &mut ScriptedCaller, frame: &Frame, count: usize| {
            for _ in 0..count {
                caller.frame(at, frame);
                at += 20;
            }
        };
        step(&mut caller, &loud, 50);
        assert!(caller.spoken.is_empty());
        step(&mut caller, &SILENCE, 60);
        assert_eq!(caller.spoken.len(), 1);
        step(&mut caller, &loud, 20);
        assert_eq!(caller.spoken.len(), 2);
    }

    fn speak(caller: &mut ScriptedCaller, from_ms: u64, heard: &Frame, frames: u64) -> Vec<Frame> {
        (0..frames)
            .filter_map(|n| match caller.frame(from_ms + n * 20, heard) {
                Act::Speak(frame) => Some(frame),
                Act::HangUp => None,
            })
            .collect()
    }

    #[test]
    fn noise_lies_under_silence_and_speech() {
        let line = ScriptLine {
            cue: Cue::Interrupt { after_ms: 40 },
            text: "x".into(),
            samples: vec![1_000; 640],
        };
        let mut caller = ScriptedCaller::new(vec![line]).with_background(vec![7; 500]);
        let mut loud = SILENCE;
        loud.copy_from_slice(&tone(20));
        let said = speak(&mut caller, 0, &loud, 4);
        assert_eq!(said, [[7; 320], [1_007; 320], [1_007; 320], [7; 320]]);
        let placed = Placed {
            start: 320,
            end: 960,
            agent_since: Some(0),
            unprompted: false,
        };
        assert_eq!(caller.placed(), [placed]);
    }

    #[test]
    fn a_caller_leaves_when_it_has_heard_enough_and_speaks_when_nobody_answers() {
        let line = ScriptLine {
            cue: Cue::Turn,
            text: "x".into(),
            samples: tone(20),
        };
        let mut caller = ScriptedCaller::new(vec![line]).leaving_after_ms(100);
        let said = speak(&mut caller, 0, &SILENCE, 500);
        assert!(caller.placed()[0].unprompted);
        assert_eq!(said.len(), 500);
        let mut loud = SILENCE;
        loud.copy_from_slice(&tone(20));
        assert_eq!(speak(&mut caller, 10_000, &loud, 50).len(), 4);
    }
}
