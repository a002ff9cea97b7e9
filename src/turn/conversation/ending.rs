//! How a call ends: who ended it, its last word to the caller, and the caller's last words.

use std::sync::Arc;

use patter_types::clock::CallTimeUs;
use patter_types::event::Event;

use super::{Action, Actions, Conversation, Now};
use crate::work::{Ask, Purpose, Transcribed};

/// Whoever speaks when the call must end may do so for this long, in µs.
pub(super) const PARTING_AFTER_US: u64 = 5_000_000;

/// Who or what ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// The caller hung up, or their line is gone.
    Caller = 1,
    /// The agent was through.
    Agent,
    /// The program is being stopped.
    Stopped,
    /// The call has lasted as long as calls may.
    TooLong,
    /// A part of the call failed, or the peer sent what is no call.
    Error,
}

impl Closed {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Caller,
        Self::Agent,
        Self::Stopped,
        Self::TooLong,
        Self::Error,
    ];

    /// Its name in the events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Agent => "agent",
            Self::Stopped => "stopped",
            Self::TooLong => "too_long",
            Self::Error => "error",
        }
    }
}

/// The last word to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parting {
    /// The call cannot go on.
    Apology,
    /// It may not.
    TimeUp,
}

/// Whether a call is to end though neither side is through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Ending {
    /// It is not.
    #[default]
    No,
    /// It is, with a last word: when nobody speaks, or after [`PARTING_AFTER_US`].
    Asked { by: Closed, since: CallTimeUs },
    /// The last word is being said.
    Parting { by: Closed },
}

impl Ending {
    /// The call is to end; whoever wanted that first did.
    pub(super) fn ask(&mut self, by: Closed, now: Now) {
        if *self == Self::No {
            *self = Self::Asked {
                by,
                since: now.time,
            };
        }
    }

    pub(super) fn is_parting(self) -> bool {
        matches!(self, Self::Parting { .. })
    }

    /// Who has ended the call, when a turn that ends it was played.
    pub(super) fn by(self) -> Closed {
        match self {
            Self::Parting { by } => by,
            _ => Closed::Agent,
        }
    }
}

/// What the caller was still saying when the call ended: it may be the wish to be called no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastWords {
    pub(super) job: u32,
}

impl Conversation {
    /// A call that must end does so with a last word: when nobody speaks, or after a while.
    pub(super) fn end_if_due(&mut self, now: Now, out: &mut Actions) {
        let longest_us = u64::from(self.settings.max_call_s) * 1_000_000;
        if longest_us > 0 && now.time >= CallTimeUs(longest_us) {
            self.ending.ask(Closed::TooLong, now);
        }
        match self.ending {
            Ending::No => {}
            // Whoever puts it on hold now would keep the last word from being said.
            Ending::Parting { .. } => self.take_off_hold(out),
            Ending::Asked { since, .. } => {
                self.take_off_hold(out);
                let is_quiet = !self.agent.is_speaking()
                    && !self.taking.caller_speaking()
                    && self.awaited.is_none();
                if is_quiet || now.time.since_us(since) >= PARTING_AFTER_US {
                    self.part(Parting::TimeUp, now, out);
                }
            }
        }
    }

    fn take_off_hold(&mut self, out: &mut Actions) {
        if self.on_hold {
            out.push(Action::TakeOffHold);
        }
    }

    /// A part that answers depend on is gone.
    pub(super) fn fail(&mut self, now: Now, out: &mut Actions) {
        if !self.ending.is_parting() {
            self.part(Parting::Apology, now, out);
        }
    }

    /// Says the last word.
    pub(super) fn part(&mut self, parting: Parting, now: Now, out: &mut Actions) {
        let by = match (parting, self.ending) {
            (Parting::TimeUp, Ending::Asked { by, .. }) => by,
            _ => Closed::Error,
        };
        self.ending = Ending::Parting { by };
        self.take_off_hold(out);
        let announcement = Arc::clone(match parting {
            Parting::Apology => &self.announcements.apology,
            Parting::TimeUp => &self.announcements.time_up,
        });
        self.agent.announce(&announcement, true, now, out);
    }

    /// The line is closed. What is left of the agent's turn goes to the record; what the caller was still saying is
    /// transcribed, and comes back by [`Conversation::last_words`]. None when nothing was being said: then the call is
    /// [`Conversation::over`].
    pub fn close(&mut self, out: &mut Actions) -> Option<LastWords> {
        let job = match &self.awaited {
            Some(awaited) => awaited.job,
            None if self.taking.caller_speaking() => self.transcribe(Purpose::Final, out),
            None => return None,
        };
        Some(LastWords { job })
    }

    /// Takes an answer of the recogniser after [`Conversation::close`]; the words, once they are those that were
    /// awaited, empty when there are none.
    pub fn last_words(
        &mut self,
        awaited: LastWords,
        transcribed: Transcribed,
        out: &mut Actions,
    ) -> Option<String> {
        let result = transcribed.result.and_then(Result::ok);
        if transcribed.job != awaited.job {
            if self.continued.prefix_job == Some(transcribed.job)
                && let Some(before) = result
            {
                self.continued.prefix = before.text;
            }
            return None;
        }
        let transcript = result.filter(|transcript| !transcript.text.is_empty());
        let Some(transcript) = transcript else {
            return Some(String::new());
        };
        out.push(Action::Event(Event::Final {
            text: transcript.text.clone(),
            asr_ms: transcript.took_ms,
            logprob: transcript.logprob,
            no_speech: transcript.no_speech,
        }));
        Some(self.with_prefix(&transcript.text))
    }

    /// The call is over; `words`: what the caller was still saying. What was said into the agent's last word, and not
    /// answered any more, comes before them.
    pub fn over(&mut self, words: Option<String>, now: Now, out: &mut Actions) {
        self.agent.finish(now, out);
        let all = [
            std::mem::take(&mut self.unanswered),
            words.unwrap_or_default(),
        ]
        .join(" ");
        let words = Some(all.trim().to_owned()).filter(|words| !words.is_empty());
        let turn = self.agent.last_number();
        out.push(Action::Respond(Ask::Over { turn, words }));
    }
}
