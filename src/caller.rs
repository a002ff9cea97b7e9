//! A synthetic caller: waits for its cues, speaks its lines, interrupts where the script says so, and measures what it hears.
//!
//! Thread: its client's. In: what the agent says, frame by frame. Out: what the caller says, and [`Exchange`]s: figures taken from the sound
//! on the wire alone. Memory: the lines as sound. A pure state machine on the count of frames.

use crate::audio::level::dbfs;
use crate::audio::{FRAME_MS, FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ, SILENCE};
use crate::transport::audiosocket::client::{Act, Caller, Recording};

/// Sound above this level is audible, in dBFS.
pub const AUDIBLE_DBFS: f32 = -45.0;
/// The grid on which sound is looked for, in samples: 5 ms.
const GRID: usize = SAMPLE_RATE_HZ as usize / 200;
/// Silence this long is the end of what the agent says, in ms.
const AGENT_DONE_MS: u32 = 900;
/// After this long without any word from the agent the caller goes on, in ms.
const PATIENCE_MS: u32 = 8_000;

/// When a line is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cue {
    /// When the agent has answered and is silent.
    Turn,
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
    speaking: bool,
    /// First and last sample of each spoken line.
    spoken: Vec<(usize, usize)>,
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
            speaking: false,
            spoken: Vec::new(),
        }
    }

    fn hear(&mut self, heard: &Frame) {
        if dbfs(heard) > AUDIBLE_DBFS {
            self.agent_quiet_ms = 0;
            self.agent_speech_ms += FRAME_MS;
            self.agent_answered = true;
            self.waited_ms = 0;
        } else {
            self.agent_quiet_ms += FRAME_MS;
            if self.agent_quiet_ms >= 400 {
                self.agent_speech_ms = 0;
            }
        }
    }

    fn cue_has_come(&self) -> bool {
        let Some(line) = self.lines.get(self.next) else {
            return false;
        };
        match line.cue {
            Cue::Turn => {
                (self.agent_answered && self.agent_quiet_ms >= AGENT_DONE_MS)
                    || self.waited_ms >= PATIENCE_MS
            }
            Cue::Interrupt { after_ms } => {
                self.agent_speech_ms >= after_ms || self.waited_ms >= PATIENCE_MS
            }
        }
    }

    /// What came of each line, from the recording of the wire.
    pub fn exchanges(&self, recording: &Recording) -> Vec<Exchange> {
        let agent = &recording.agent;
        self.spoken
            .iter()
            .zip(&self.lines)
            .enumerate()
            .map(|(number, (&(start, end), line))| {
                let until = self
                    .spoken
                    .get(number + 1)
                    .map_or(agent.len(), |next| next.0);
                let interrupts = line.cue != Cue::Turn;
                let last = interrupts.then(|| last_sound(agent, start)).flatten();
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
}

fn ms(samples: usize) -> f32 {
    samples as f32 * 1000.0 / SAMPLE_RATE_HZ as f32
}

/// The first audible place from `from` on.
fn first_sound(sound: &[i16], from: usize, until: usize) -> Option<usize> {
    (from..until.min(sound.len()).saturating_sub(GRID))
        .step_by(GRID)
        .find(|&at| dbfs(&sound[at..at + GRID]) > AUDIBLE_DBFS)
}

/// Where the sound that goes on at `start` ends: the last audible place before 250 ms of silence.
fn last_sound(sound: &[i16], start: usize) -> Option<usize> {
    let mut last = None;
    let mut at = start;
    while at + GRID <= sound.len() {
        if dbfs(&sound[at..at + GRID]) > AUDIBLE_DBFS {
            last = Some(at + GRID);
        } else if at - last.unwrap_or(start) > SAMPLE_RATE_HZ as usize / 4 {
            return last;
        }
        at += GRID;
    }
    last
}

impl Caller for ScriptedCaller {
    fn frame(&mut self, at_ms: u64, heard: &Frame) -> Act {
        self.hear(heard);
        self.waited_ms += FRAME_MS;
        if !self.speaking {
            if self.next >= self.lines.len() {
                // All is said: wait for the answer to end.
                let over = (self.agent_answered && self.agent_quiet_ms >= 1_500)
                    || self.waited_ms >= PATIENCE_MS;
                return if over {
                    Act::HangUp
                } else {
                    Act::Speak(SILENCE)
                };
            }
            if !self.cue_has_come() {
                return Act::Speak(SILENCE);
            }
            self.speaking = true;
            self.at = 0;
            let start = at_ms as usize * SAMPLE_RATE_HZ as usize / 1000;
            let length = self.lines[self.next].samples.len();
            self.spoken.push((start, start + length));
        }
        let samples = &self.lines[self.next].samples;
        let mut frame = SILENCE;
        let end = (self.at + FRAME_SAMPLES).min(samples.len());
        frame[..end - self.at].copy_from_slice(&samples[self.at..end]);
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

/// Cuts inaudible edges off a line, so that its first and last samples are what a listener would call them.
pub fn trim(samples: &[i16]) -> Vec<i16> {
    let loud = |chunk: &[i16]| dbfs(chunk) > AUDIBLE_DBFS;
    let first = samples.chunks(GRID).position(loud);
    let last = samples.chunks(GRID).rposition(loud);
    match (first, last) {
        (Some(first), Some(last)) => {
            samples[first * GRID..((last + 1) * GRID).min(samples.len())].to_vec()
        }
        _ => Vec::new(),
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
        caller.spoken = vec![(16_000, 16_000 + 9_600)];
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
}
