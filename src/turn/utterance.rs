//! What the caller is saying: its sound, and the jobs that turn it into words.
//!
//! In: heard frames. Out: [`TranscriptionJob`]s. Memory: one utterance of at most 30 s, made at the start; the buffers
//! of jobs are used again. When late: a partial is not asked for while another job runs.

use std::collections::VecDeque;

use patter_audio::{Frame, ms_to_frames, ms_to_samples};
use patter_config::TurnConfig;

use crate::work::{Purpose, TranscriptionJob};

/// While it is open whether the agent is cut off, words are wanted sooner: after this much speech, and again after as
/// much, in ms.
const PROVE_MS: u32 = 320;
/// Whisper hears this much at once, in ms.
const WHOLE_MS: u32 = 29_000;

/// The utterance under way, or the last one.
pub struct Utterance {
    number: u32,
    samples: Vec<i16>,
    /// An utterance is joined with the one before up to this length: a whole turn must find room after it.
    join_samples: usize,
    preroll: VecDeque<Frame>,
    preroll_frames: usize,
    /// Length at the last job, in samples.
    transcribed_at: usize,
    job: u32,
    /// Jobs without an answer.
    pending: u32,
    spare: Vec<Vec<i16>>,
}

impl Utterance {
    /// Nothing was said yet.
    pub fn new(config: &TurnConfig) -> Self {
        let preroll_frames = ms_to_frames(config.preroll_ms + config.start_ms) as usize;
        let longest = ms_to_samples(WHOLE_MS);
        let turn_ms = config.max_turn_ms + config.preroll_ms + config.start_ms;
        Self {
            number: 0,
            samples: Vec::with_capacity(longest),
            join_samples: longest.saturating_sub(ms_to_samples(turn_ms)),
            preroll: VecDeque::with_capacity(preroll_frames + 1),
            preroll_frames,
            transcribed_at: 0,
            job: 0,
            pending: 0,
            spare: Vec::new(),
        }
    }

    /// A frame between utterances.
    pub fn between(&mut self, frame: &Frame) {
        if self.preroll.len() == self.preroll_frames {
            self.preroll.pop_front();
        }
        self.preroll.push_back(*frame);
    }

    /// A frame of the utterance.
    pub fn push(&mut self, frame: &Frame) {
        // The longest turn fits; this only guards the memory.
        if self.samples.len() + frame.len() <= self.samples.capacity() {
            self.samples.extend_from_slice(frame);
        }
    }

    /// True when the next utterance can be heard together with the last one.
    pub fn may_join(&self) -> bool {
        self.samples.len() <= self.join_samples
    }

    /// What was said so far was no part of it.
    pub fn restart(&mut self) {
        self.samples.clear();
        self.transcribed_at = 0;
    }

    /// An utterance begins; with `join` it goes on with the last one.
    pub fn begin(&mut self, join: bool) {
        if !join {
            self.samples.clear();
        }
        self.number += 1;
        self.transcribed_at = self.samples.len();
        for frame in self.preroll.drain(..) {
            self.samples.extend_from_slice(&frame);
        }
    }

    /// True when a partial transcript is due, where they come every `every_ms`, 0 for never; `proving`: words are
    /// wanted to decide an interruption.
    pub fn partial_due(&self, every_ms: u32, proving: bool) -> bool {
        let every_ms = match (proving, every_ms) {
            (true, 0) => PROVE_MS,
            (true, usual) => usual.min(PROVE_MS),
            (false, usual) => usual,
        };
        let since = self.samples.len().saturating_sub(self.transcribed_at);
        every_ms > 0 && self.pending == 0 && since >= ms_to_samples(every_ms)
    }

    /// The job that transcribes the words so far.
    pub fn transcribe(&mut self, purpose: Purpose) -> TranscriptionJob {
        self.transcribed_at = self.samples.len();
        self.job += 1;
        self.pending += 1;
        let mut samples = self.spare.pop().unwrap_or_default();
        samples.clear();
        samples.extend_from_slice(&self.samples);
        TranscriptionJob {
            utterance: self.number,
            job: self.job,
            purpose,
            samples,
        }
    }

    /// A job has been answered; its buffer comes back. False when it was about an utterance that is over.
    pub fn answered(&mut self, utterance: u32, samples: Vec<i16>) -> bool {
        self.pending = self.pending.saturating_sub(1);
        self.spare.push(samples);
        utterance == self.number
    }

    /// True while a job runs.
    pub fn is_pending(&self) -> bool {
        self.pending > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utterance() -> Utterance {
        Utterance::new(&TurnConfig::default())
    }

    #[test]
    fn the_first_consonant_is_kept_and_old_silence_is_not() {
        let mut utterance = utterance();
        for n in 0..100 {
            utterance.between(&[n; 320]);
        }
        utterance.begin(false);
        utterance.push(&[100; 320]);
        let samples = utterance.transcribe(Purpose::Final).samples;
        assert_eq!(samples.len(), 19 * 320);
        assert_eq!((samples[0], samples[18 * 320]), (82, 100));
    }

    #[test]
    fn a_turn_that_goes_on_is_transcribed_as_one() {
        let mut utterance = utterance();
        utterance.begin(false);
        utterance.push(&[1; 320]);
        utterance.between(&[2; 320]);
        utterance.begin(true);
        utterance.push(&[3; 320]);
        let job = utterance.transcribe(Purpose::Speculative);
        let heads: Vec<i16> = job.samples.iter().step_by(320).copied().collect();
        assert_eq!(heads, [1, 2, 3]);
        assert_eq!(job.utterance, 2);
        utterance.begin(false);
        assert!(
            utterance
                .transcribe(Purpose::Speculative)
                .samples
                .is_empty()
        );
    }

    #[test]
    fn partials_come_one_at_a_time_and_sooner_when_they_prove_something() {
        let mut utterance = utterance();
        utterance.begin(false);
        let mut due = Vec::new();
        for n in 1..=50 {
            utterance.push(&[0; 320]);
            if utterance.partial_due(500, false) {
                due.push(n);
                let job = utterance.transcribe(Purpose::Partial);
                if n < 40 {
                    assert!(utterance.answered(job.utterance, job.samples));
                }
            }
        }
        assert_eq!(due, [25, 50]);
        assert!(!utterance.partial_due(500, true), "one is still running");
        utterance.answered(1, Vec::new());
        for _ in 0..16 {
            utterance.push(&[0; 320]);
        }
        assert!(!utterance.partial_due(500, false) && utterance.partial_due(500, true));
    }
}
