//! What the caller's words do: to the turn while it lasts, to the agent when it is over.
//!
//! Thread: `listen`. In: answers of `hear`. Out: readings for the turn, jobs for `think`, events. Memory: the words of the last turn. When late: a turn
//! whose words are not there yet waits; the last words of a call that is over, no longer than [`LAST_WORDS`].

use std::time::Instant;

use super::super::hear::{Heard, Purpose};
use super::super::spoken::Times;
use super::super::think::ThinkJob;
use super::{LAST_WORDS, Listener, Waiting};
use crate::agreement;
use patter_engine::recognise::Transcript;
use patter_language::reading as words;
use patter_language::reading::{Kind as WordKind, Reading};
use patter_types::event::Event;
use patter_types::load::Step;

/// Sound that gave no words is worth asking again from this length on, in ms.
const ASK_AGAIN_MS: u32 = 500;
/// So often in a row, while nothing is understood.
const ASK_AGAIN_TIMES: u32 = 2;
/// A line with more noise than this is a noisy one, in dBFS.
const NOISY_DBFS: f32 = -50.0;
/// A hurried speaker has 20.
const MOST_LETTERS_A_SECOND: u32 = 28;
/// What voice activity detection may miss of a word, in ms.
const MISSED_MS: u32 = 100;
/// What noise takes off the log probability of true words: on street, babble and music at 10 dB the default model gives them -0.2 to -0.9.
const NOISE_ALLOWANCE: f32 = 0.7;

impl Listener {
    /// Takes an answer of `hear`.
    pub(super) fn take_heard(&mut self, heard: Heard) {
        let current = self.utterance.answered(heard.utterance, heard.samples);
        let transcript = match heard.result {
            None => return,
            Some(Ok(transcript)) => transcript,
            Some(Err(error)) => {
                self.wires.events.send(Event::Error {
                    message: error.to_string(),
                });
                Transcript::nothing()
            }
        };
        if self.prefix_job.take_if(|job| *job == heard.job).is_some() {
            self.prefix = transcript.text;
            return;
        }
        if let Some(waiting) = self.waiting.take_if(|w| w.job == heard.job) {
            self.answer(&waiting, &transcript);
        } else if current && self.turns.caller_speaking() && heard.purpose != Purpose::Final {
            let whole = self.ahead == Some(heard.job);
            self.words(transcript, heard.agreed, whole);
        }
    }

    /// Words of a turn that is not over; `whole`: decoded in the present pause.
    fn words(&mut self, transcript: Transcript, agreed: String, whole: bool) {
        let mut reading = self.read(&transcript);
        let unsure = transcript.logprob < self.config.asr.sure_logprob;
        if unsure || reading.kind == WordKind::Empty || self.are_too_many(&transcript.text) {
            // Nobody knows how these words end: time will tell.
            reading.ending = reading.ending.at_least_dangling();
        } else if self.is_noisy() {
            reading.ending = reading.ending.at_least_unclear();
        }
        // What Whisper makes of a cough is a word, but not one that it believes in.
        let doubtful = self.turns.holding() && transcript.logprob < self.enough_logprob();
        if doubtful && whole {
            reading.kind = WordKind::Doubtful;
        }
        if (whole || !doubtful)
            && let Some(event) = self.turns.heard(reading, whole)
        {
            self.turn_event(event);
        }
        let undecided = self.turns.holding() || !self.turns.caller_speaking();
        if whole {
            let ready = !undecided && self.prefix_job.is_none();
            let ahead = self.config.turn.speculate && self.load_step < Step::NothingAhead;
            let words = !matches!(reading.kind, WordKind::Empty | WordKind::Doubtful);
            if ready && words && ahead {
                self.floor
                    .ask_reply(&self.with_prefix(&transcript.text), true);
            }
            self.ahead_answer = Some(transcript).filter(|_| self.ahead.is_some());
            return;
        }
        if agreed.len() > self.shown && !undecided && !self.floor.is_speaking() {
            self.shown = agreed.len();
            self.wires.think_jobs.send(ThinkJob::Hearing {
                words: agreed.clone(),
            });
        }
        self.wires.events.send(Event::Partial {
            text: transcript.text,
            agreed,
            asr_ms: transcript.took_ms,
        });
    }

    /// Nobody says so much in the time that there was speech: Whisper makes sentences of the beginnings of words.
    fn are_too_many(&self, words: &str) -> bool {
        let letters = words.chars().filter(|letter| letter.is_alphanumeric());
        let speech_ms = self.turns.speech_ms() + MISSED_MS;
        // A turn that goes on with the last one has that one's words too.
        self.joined.is_none() && letters.count() as u32 * 1_000 > MOST_LETTERS_A_SECOND * speech_ms
    }

    /// Below this a transcript does not cut the agent off. In noise a model is less sure of true words too.
    fn enough_logprob(&self) -> f32 {
        let sure = self.config.asr.sure_logprob;
        if self.is_noisy() {
            sure - NOISE_ALLOWANCE
        } else {
            sure
        }
    }

    /// What the words sound like; of a turn that goes on with the last one, what is new decides what kind they are.
    fn read(&self, transcript: &Transcript) -> Reading {
        let lists = words::lists_for(&self.config.turn.words, &self.config.asr.language);
        let mut reading = words::read(&transcript.text, lists, self.floor.expect());
        if let Some(before) = self.joined.as_deref().filter(|words| !words.is_empty())
            && let Some(new) = agreement::after(&transcript.text, before)
        {
            reading.kind = words::read(new, lists, self.floor.expect()).kind;
        }
        reading
    }

    /// The caller's words are there: let the agent answer.
    pub(super) fn answer(&mut self, waiting: &Waiting, transcript: &Transcript) {
        self.wires.events.send(Event::Final {
            text: transcript.text.clone(),
            asr_ms: transcript.took_ms,
            logprob: transcript.logprob,
            no_speech: transcript.no_speech,
        });
        let text = &self.with_prefix(&transcript.text);
        self.prefix.clear();
        if text.is_empty() {
            self.floor.drop_next();
            let worth_asking = self.cut || waiting.speech_ms >= ASK_AGAIN_MS;
            if self.floor.is_speaking() || !worth_asking || self.asked_again >= ASK_AGAIN_TIMES {
                return;
            }
            self.asked_again += 1;
        } else {
            self.asked_again = 0;
        }
        self.cut = false;
        self.last_words.clone_from(text);
        if !self.floor.answers(text) {
            self.floor.ask_reply(text, false);
        }
        self.floor.want(Some(Times {
            speech_end_us: waiting.speech_end_us,
            decided_us: waiting.decided_us,
            words_us: self.wires.line.now_us(),
        }));
        self.tick();
    }

    /// The whole turn: words that were too long ago to be heard again come first.
    fn with_prefix(&self, text: &str) -> String {
        format!("{} {text}", self.prefix).trim().to_owned()
    }

    /// What the caller was still saying when the call ended: it may be the wish to be called no more.
    pub(super) fn last_words(&mut self) -> Option<String> {
        let job = match &self.waiting {
            Some(waiting) => waiting.job,
            None if self.turns.caller_speaking() => self.utterance.decode(Purpose::Final),
            None => return None,
        };
        let deadline = Instant::now() + LAST_WORDS;
        while let Ok(heard) = self.wires.heard.recv_deadline(deadline) {
            if heard.job != job {
                if self.prefix_job == Some(heard.job)
                    && let Some(Ok(before)) = heard.result
                {
                    self.prefix = before.text;
                }
                continue;
            }
            let transcript = heard.result?.ok()?;
            if transcript.text.is_empty() {
                return None;
            }
            self.wires.events.send(Event::Final {
                text: transcript.text.clone(),
                asr_ms: transcript.took_ms,
                logprob: transcript.logprob,
                no_speech: transcript.no_speech,
            });
            return Some(self.with_prefix(&transcript.text));
        }
        None
    }

    /// The line is a noisy one.
    pub(super) fn is_noisy(&self) -> bool {
        self.vad.noise_dbfs() > NOISY_DBFS
    }
}
