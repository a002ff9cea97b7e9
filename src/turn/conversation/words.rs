//! What the caller's words do: to the turn while it lasts, to the agent when it is over.
//!
//! In: answers of the recogniser. Out: readings for the turn, asks for the responder, events. When late: a turn whose
//! words are not there yet waits.

use patter_engine::recognise::Transcript;
use patter_language::reading::{self, Kind, Reading};
use patter_language::text::letters;
use patter_types::event::Event;
use patter_types::load::ShedLevel;

use super::{Action, Actions, Awaited, Conversation, Now};
use crate::agreement::after;
use crate::endpointing::by_sound;
use crate::spoken::Times;
use crate::work::{Ask, Purpose, Transcribed};

/// Sound that gave no words is worth asking again from this length on, in ms.
const ASK_AGAIN_MS: u32 = 500;
/// So often in a row, while nothing is understood.
const ASK_AGAIN_TIMES: u32 = 2;
/// A hurried speaker has 20.
const MOST_LETTERS_A_SECOND: u32 = 28;
/// What voice activity detection may miss of a word, in ms.
const MISSED_MS: u32 = 100;
/// What noise takes off the log probability of true words: on street, babble and music at 10 dB the default model gives
/// them -0.2 to -0.9.
const NOISE_ALLOWANCE: f32 = 0.7;

impl Conversation {
    /// Takes an answer of the recogniser.
    pub(super) fn transcribed(&mut self, heard: Transcribed, now: Now, out: &mut Actions) {
        let current = self.utterance.answered(heard.utterance, heard.samples);
        let transcript = match heard.result {
            None => return,
            Some(Ok(transcript)) => transcript,
            Some(Err(error)) => {
                out.push(Action::Event(Event::Error {
                    message: error.to_string(),
                }));
                Transcript::nothing()
            }
        };
        let continued = &mut self.continued;
        if continued
            .prefix_job
            .take_if(|job| *job == heard.job)
            .is_some()
        {
            continued.prefix = transcript.text;
            return;
        }
        if let Some(awaited) = self.awaited.take_if(|awaited| awaited.job == heard.job) {
            self.answer(&awaited, &transcript, now, out);
        } else if current && self.taking.caller_speaking() && heard.purpose != Purpose::Final {
            let whole = self.speculation.job == Some(heard.job);
            self.words(transcript, heard.agreed, whole, now, out);
        }
    }

    /// Words of a turn that is not over; `whole`: transcribed in the present pause.
    fn words(
        &mut self,
        transcript: Transcript,
        agreed: String,
        whole: bool,
        now: Now,
        out: &mut Actions,
    ) {
        let mut reading = self.read(&transcript);
        let unsure = transcript.logprob < self.settings.sure_logprob;
        if unsure || reading.kind == Kind::Empty || self.are_too_many(&transcript.text) {
            // Nobody knows how these words end: time will tell.
            reading.ending = reading.ending.at_least_dangling();
        } else if self.is_noisy {
            reading.ending = reading.ending.at_least_unclear();
        }
        let limits = &self.settings.turn.endpointing;
        reading.ending = by_sound(reading, transcript.finished, limits);
        // What Whisper makes of a cough is a word, but not one that it believes in.
        let doubtful = self.taking.is_undecided() && transcript.logprob < self.enough_logprob();
        if doubtful && whole {
            reading.kind = Kind::Doubtful;
        }
        if (whole || !doubtful)
            && let Some(event) = self.taking.heard(reading, whole)
        {
            self.turn_event(event, now, out);
        }
        let undecided = self.taking.is_undecided() || !self.taking.caller_speaking();
        if whole {
            let ready = !undecided && self.continued.prefix_job.is_none();
            let speculate = self.settings.turn.speculate && self.load < ShedLevel::NoSpeculation;
            let words = !matches!(reading.kind, Kind::Empty | Kind::Doubtful);
            if ready && words && speculate && !self.ending.is_parting() {
                let heard = self.with_prefix(&transcript.text);
                self.agent.ask_reply(&heard, true, out);
            }
            let speculating = self.speculation.job.is_some();
            self.speculation.transcript = Some(transcript).filter(|_| speculating);
            return;
        }
        if agreed.len() > self.shown && !undecided && !self.agent.is_speaking() {
            self.shown = agreed.len();
            out.push(Action::Respond(Ask::Hearing {
                words: agreed.clone(),
            }));
        }
        out.push(Action::Event(Event::Partial {
            text: transcript.text,
            agreed,
            asr_ms: transcript.took_ms,
        }));
    }

    /// Nobody says so much in the time that there was speech: Whisper makes sentences of the beginnings of words.
    fn are_too_many(&self, words: &str) -> bool {
        let speech_ms = self.taking.speech_ms() + MISSED_MS;
        // A turn that goes on with the last one has that one's words too.
        self.continued.joined.is_none()
            && letters(words).count() as u32 * 1_000 > MOST_LETTERS_A_SECOND * speech_ms
    }

    /// Below this a transcript does not cut the agent off. In noise a model is less sure of true words too.
    fn enough_logprob(&self) -> f32 {
        let sure = self.settings.sure_logprob;
        if self.is_noisy {
            sure - NOISE_ALLOWANCE
        } else {
            sure
        }
    }

    /// What the words sound like; of a turn that goes on with the last one, what is new decides what kind they are.
    fn read(&self, transcript: &Transcript) -> Reading {
        let lists = reading::lists_for(self.settings.words(), &self.settings.language);
        let mut found = reading::read(&transcript.text, lists, self.agent.expect());
        let before = self.continued.joined.as_deref();
        if let Some(before) = before.filter(|words| !words.is_empty())
            && let Some(new) = after(&transcript.text, before)
        {
            found.kind = reading::read(new, lists, self.agent.expect()).kind;
        }
        found
    }

    /// The caller's words are there: let the agent answer.
    pub(super) fn answer(
        &mut self,
        awaited: &Awaited,
        transcript: &Transcript,
        now: Now,
        out: &mut Actions,
    ) {
        out.push(Action::Event(Event::Final {
            text: transcript.text.clone(),
            asr_ms: transcript.took_ms,
            logprob: transcript.logprob,
            no_speech: transcript.no_speech,
        }));
        let text = self.with_prefix(&transcript.text);
        self.continued.prefix.clear();
        if self.ending.is_parting() {
            self.unanswered = format!("{} {text}", self.unanswered).trim().to_owned();
            return;
        }
        if text.is_empty() {
            self.agent.drop_next(out);
            let worth_asking = self.interrupted || awaited.speech_ms >= ASK_AGAIN_MS;
            if self.agent.is_speaking() || !worth_asking || self.asked_again >= ASK_AGAIN_TIMES {
                return;
            }
            self.asked_again += 1;
        } else {
            self.asked_again = 0;
        }
        self.interrupted = false;
        if !self.agent.answers(&text) {
            self.agent.ask_reply(&text, false, out);
        }
        self.last_words = text;
        let times = Times {
            speech_end: awaited.speech_end,
            decided: awaited.decided,
            words: now.time,
        };
        self.agent.want(Some(times), out);
        self.tick(now, out);
    }

    /// The whole turn: words that were too long ago to be heard again come first.
    pub(super) fn with_prefix(&self, text: &str) -> String {
        format!("{} {text}", self.continued.prefix)
            .trim()
            .to_owned()
    }
}
