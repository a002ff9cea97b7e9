//! One turn of the agent: what it is made of, what of it was heard, where it may be cut.
//!
//! In: sentences as they are made, frames played. Out: words heard, the frame to go on from. Memory: the turn's texts
//! and marks. A pure function of its inputs.

use std::sync::Arc;

use patter_audio::{FRAME_MS, FRAME_SAMPLES, ms_to_samples};
use patter_engine::marks;
use patter_engine::marks::WordMark;
use patter_types::clock::CallTimeUs;
use patter_types::expect::Expect;
use patter_types::turn::TurnNumber;

/// A turn that goes on after a pause repeats at least this much, in ms: what was sent last may not have been heard.
const REPEAT_MS: u32 = 160;

/// What a turn of the agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The first words of the call.
    Opening,
    /// An answer to the caller.
    Reply,
    /// A word to a caller who is silent.
    Reprompt,
    /// A line that fills or ends a wait, ready as sound.
    Announcement,
}

/// One sentence of a turn.
#[derive(Debug, Clone)]
pub struct Sentence {
    /// The words.
    pub text: String,
    /// Its length, in samples at 16 kHz.
    pub samples: usize,
    /// Where its words begin.
    pub words: Arc<[WordMark]>,
    /// It may not be cut off.
    pub protected: bool,
}

impl Sentence {
    fn frames(&self) -> u32 {
        self.samples.div_ceil(FRAME_SAMPLES) as u32
    }
}

/// When the caller's turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// The last sound of the caller.
    pub speech_end: CallTimeUs,
    /// The decision that the turn is over.
    pub decided: CallTimeUs,
    /// The words were known and the answer was wanted.
    pub words: CallTimeUs,
}

/// A turn of the agent under way.
#[derive(Debug, Clone)]
pub struct SpokenTurn {
    /// Its number, from 1.
    pub number: TurnNumber,
    /// What it is.
    pub kind: Kind,
    /// No more sentences come.
    pub done: bool,
    /// Hang up after it.
    pub ends_call: bool,
    /// What the caller is asked for by it.
    pub expect: Expect,
    /// To the first token, and synthesis of the first sentence, in ms.
    pub first: Option<(f32, f32)>,
    /// To be reported once it is heard.
    pub times: Option<Times>,
    /// It had to stand back for a filler.
    pub after_filler: bool,
    /// Frames that had been heard before it was set back.
    pub heard_before: u32,
    sentences: Vec<Sentence>,
}

impl SpokenTurn {
    /// A turn of which nothing is made yet.
    pub fn new(number: TurnNumber, kind: Kind) -> Self {
        Self {
            number,
            kind,
            done: false,
            ends_call: false,
            expect: Expect::Any,
            first: None,
            times: None,
            after_filler: false,
            heard_before: 0,
            sentences: Vec::new(),
        }
    }

    /// Adds a sentence.
    pub fn push(&mut self, sentence: Sentence) {
        self.sentences.push(sentence);
    }

    /// Cuts its last sentence to `samples`.
    pub fn cut_to(&mut self, samples: usize) {
        if let Some(last) = self.sentences.last_mut() {
            last.samples = last.samples.min(samples);
        }
    }

    /// Its length so far, in frames.
    pub fn frames(&self) -> u32 {
        self.sentences.iter().map(Sentence::frames).sum()
    }

    /// The sentence that sounds at `frame`, and its first frame.
    fn at(&self, frame: u32) -> Option<(u32, &Sentence)> {
        let mut start = 0;
        self.sentences.iter().find_map(|sentence| {
            let first = start;
            start += sentence.frames();
            (frame < start).then_some((first, sentence))
        })
    }

    /// True when the sentence at `frame` may not be cut off.
    pub fn is_protected(&self, frame: u32) -> bool {
        self.at(frame).is_some_and(|(_, s)| s.protected)
    }

    /// What is left after `frame`, in ms, once all of it is made.
    pub fn left_ms(&self, frame: u32) -> Option<u32> {
        self.done
            .then(|| self.frames().saturating_sub(frame) * FRAME_MS)
    }

    /// The words in the first `frames`.
    pub fn heard(&self, frames: u32) -> String {
        let mut left = frames;
        let mut out: Vec<&str> = Vec::new();
        for sentence in &self.sentences {
            if left == 0 {
                break;
            }
            let played = left as usize * FRAME_SAMPLES;
            out.push(marks::heard(
                &sentence.text,
                &sentence.words,
                sentence.samples,
                played,
            ));
            left = left.saturating_sub(sentence.frames());
        }
        out.retain(|s| !s.is_empty());
        out.join(" ")
    }

    /// The frame to go on from when it was paused at `frame`: just before the word that was cut.
    pub fn resume_from(&self, frame: u32) -> u32 {
        let (first, sentence) = match self.at(frame) {
            Some(found) => found,
            None => return frame,
        };
        let played = (frame - first) as usize * FRAME_SAMPLES;
        let word = marks::word_before(&sentence.words, played, ms_to_samples(REPEAT_MS));
        first + (word / FRAME_SAMPLES) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(text: &str, frames: usize, protected: bool) -> Sentence {
        let samples = frames * FRAME_SAMPLES;
        Sentence {
            text: text.into(),
            samples,
            words: marks::estimate(text, samples).into(),
            protected,
        }
    }

    fn turn() -> SpokenTurn {
        let mut turn = SpokenTurn::new(TurnNumber(1), Kind::Reply);
        turn.push(sentence("Hello there.", 50, true));
        turn.push(sentence("How are you today?", 100, false));
        turn
    }

    #[test]
    fn only_words_that_were_played_count_as_heard() {
        assert_eq!(turn().heard(0), "");
        assert_eq!(turn().heard(50), "Hello there.");
        assert_eq!(turn().heard(50 + 45), "Hello there. How are");
        assert_eq!(turn().heard(150), "Hello there. How are you today?");
        assert_eq!(turn().heard(999), "Hello there. How are you today?");
    }

    #[test]
    fn a_legal_line_is_protected_to_its_end_and_not_further() {
        let turn = turn();
        assert!(turn.is_protected(0) && turn.is_protected(49));
        assert!(!turn.is_protected(50) && !turn.is_protected(150));
    }

    #[test]
    fn a_paused_turn_goes_on_from_the_word_that_was_cut() {
        let turn = turn();
        let starts: Vec<u32> = [100, 130, 145].map(|f| turn.resume_from(f)).into();
        // "How are you today?" has its words at frames 50, 72, 94 and 116.
        assert_eq!(starts, [72, 116, 116]);
        assert_eq!(turn.resume_from(52), 50, "never into the sentence before");
        assert_eq!(turn.resume_from(150), 150);
    }

    #[test]
    fn what_is_left_is_known_when_all_is_made() {
        let mut turn = turn();
        assert_eq!(turn.left_ms(100), None);
        turn.done = true;
        assert_eq!(turn.left_ms(100), Some(1_000));
    }
}
