//! The agent's side of the conversation: which of its turns is played, which waits, what was heard.
//!
//! In: what the responder made ([`Made`]), what was played ([`Now`]), decisions about the caller's turn. Out:
//! [`Action`]s: asks for the responder, the gate of the line, events. Memory: at most two turns: the one that is played
//! and the one behind the shut gate. A pure state machine.
//!
//! A turn is asked for ([`AgentTurns::ask`], [`AgentTurns::ask_reply`]) and made behind the gate; it is played once it
//! is wanted ([`AgentTurns::want`]) and nothing that may not be interrupted is before it. A turn made speculatively is
//! dropped without a trace when the caller goes on.

use std::sync::Arc;

use patter_audio::{FRAME_MS, FRAME_SAMPLES};
use patter_engine::voice::Spoken;
use patter_types::clock::CallTimeUs;
use patter_types::event::Event;
use patter_types::expect::Expect;
use patter_types::turn::TurnNumber;
use patter_types::why::Why;

use crate::conversation::{Action, Actions, Now};
use crate::spoken::{Kind, Sentence, SpokenTurn, Times};
use crate::work::{Ask, Made};

/// What the agent does, as the turn-taking sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agent {
    /// Nothing of it sounds or will.
    Silent,
    /// It speaks, is paused in the middle of it, or owes an answer of which nothing sounds yet.
    Speaking {
        /// It may be interrupted; false for legal notices and the like.
        interruptible: bool,
        /// What is left of it, in ms, once that is known.
        left_ms: Option<u32>,
    },
}

/// A line that is ready as sound, for when the responder has none.
pub struct Announcement {
    /// The words.
    pub text: String,
    /// The sound.
    pub spoken: Spoken,
}

/// Its words alone: the sound is long.
impl std::fmt::Debug for Announcement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Announcement").field(&self.text).finish()
    }
}

/// Turns made speculatively, before the caller's turn was over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Speculative {
    /// Played.
    pub played: u32,
    /// Dropped, because the caller went on.
    pub dropped: u32,
}

/// What a tick brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// A turn was played to its end.
    Turn,
    /// A turn that ends the call was.
    Call,
}

struct Next {
    turn: SpokenTurn,
    /// What the caller said, for a reply.
    heard: String,
    /// It was asked for before it was known to be needed.
    speculative: bool,
    /// It is wanted: the gate opens as soon as the line is free.
    wanted: bool,
}

/// See the module.
#[derive(Default)]
pub struct AgentTurns {
    /// Number of the last turn.
    number: TurnNumber,
    playing: Option<SpokenTurn>,
    next: Option<Next>,
    /// When the caller's sound began for which the agent is paused.
    paused_since: Option<CallTimeUs>,
    speculative: Speculative,
    turns: u32,
    expect: Expect,
    /// The turn that ends the call was played, or the line is closed: no other is opened.
    is_over: bool,
}

impl AgentTurns {
    /// What the agent does.
    pub fn agent(&self, now: Now) -> Agent {
        let speaking = |interruptible, left_ms| Agent::Speaking {
            interruptible,
            left_ms,
        };
        match (&self.playing, &self.next) {
            (Some(turn), _) => {
                let played = now.played_of(turn);
                // A farewell has no answer: who says "okay" to it is not asked anything.
                let left_ms = turn.left_ms(played).filter(|_| !turn.ends_call);
                speaking(!turn.is_protected(played), left_ms)
            }
            (None, Some(next)) if next.wanted => speaking(true, None),
            (None, _) => Agent::Silent,
        }
    }

    /// What the caller has been asked for; nothing in particular while the agent speaks.
    pub fn expect(&self) -> Expect {
        if self.is_speaking() {
            Expect::Any
        } else {
            self.expect
        }
    }

    /// True when the agent owes a sound.
    pub fn owes(&self, now: Now) -> bool {
        match &self.playing {
            Some(turn) => {
                let played = now.played_of(turn);
                let dry = !turn.done && played >= turn.frames();
                turn.kind != Kind::Announcement && (played == 0 || dry)
            }
            None => self.next.as_ref().is_some_and(|next| next.wanted),
        }
    }

    /// True when the turn that is played has been heard already, if only in part.
    pub fn has_begun(&self, now: Now) -> bool {
        let playing = self.playing.as_ref();
        playing.is_some_and(|turn| now.played_of(turn) > 0)
    }

    /// True while a turn is played.
    pub fn is_speaking(&self) -> bool {
        self.playing.is_some()
    }

    /// True when the answer to the caller's last words has hardly been heard: whoever speaks now goes on with them.
    pub fn may_rejoin(&self, reopen_ms: u32, now: Now) -> bool {
        let hardly = |turn: &SpokenTurn| is_hardly_heard(turn, reopen_ms, now);
        let waits = |next: &Next| next.turn.kind == Kind::Reply;
        self.playing.as_ref().is_some_and(hardly) || self.next.as_ref().is_some_and(waits)
    }

    /// Nobody hears anything any more: no turn is opened.
    pub fn line_closed(&mut self) {
        self.is_over = true;
    }

    /// Number of the last turn that was asked for.
    pub fn last_number(&self) -> TurnNumber {
        self.number
    }

    /// Turns made speculatively, and turns in all.
    pub fn counts(&self) -> (Speculative, u32) {
        (self.speculative, self.turns)
    }

    fn gate(&self, out: &mut Actions) {
        let number = |turn: Option<&SpokenTurn>| turn.map_or(TurnNumber::NONE, |turn| turn.number);
        out.push(Action::Gate {
            open: number(self.playing.as_ref()),
            awaited: number(self.next.as_ref().map(|next| &next.turn)),
        });
    }

    /// Has a turn made and played. Another one that waits is dropped.
    pub fn ask(&mut self, kind: Kind, ask: impl FnOnce(TurnNumber) -> Ask, out: &mut Actions) {
        self.make(SpokenTurn::new(self.number.next(), kind), "", false, out);
        self.want(None, out);
        out.push(Action::Respond(ask(self.number)));
    }

    /// Has the answer to `heard` made behind the gate; `speculative`: before it is known to be needed.
    pub fn ask_reply(&mut self, heard: &str, speculative: bool, out: &mut Actions) {
        let turn = SpokenTurn::new(self.number.next(), Kind::Reply);
        self.make(turn, heard, speculative, out);
        out.push(Action::Respond(Ask::Reply {
            turn: self.number,
            heard: heard.to_owned(),
        }));
    }

    fn make(&mut self, turn: SpokenTurn, heard: &str, speculative: bool, out: &mut Actions) {
        self.drop_next(out);
        self.number = turn.number;
        self.next = Some(Next {
            turn,
            heard: heard.to_owned(),
            speculative,
            wanted: false,
        });
        self.gate(out);
    }

    /// True when the turn behind the gate answers these words.
    pub fn answers(&self, heard: &str) -> bool {
        self.next.as_ref().is_some_and(|next| next.heard == heard)
    }

    /// The turn behind the gate is to be played.
    pub fn want(&mut self, times: Option<Times>, out: &mut Actions) {
        if let Some(next) = &mut self.next {
            next.wanted = true;
            next.turn.times = times;
            out.push(Action::Want(next.turn.number));
        }
    }

    /// The caller went on: what was made for their words so far is dropped, and the dialogue forgets it.
    pub fn drop_next(&mut self, out: &mut Actions) {
        let Some(next) = self.next.take() else { return };
        self.gate(out);
        self.forget(&next, out);
    }

    fn forget(&mut self, next: &Next, out: &mut Actions) {
        let turn = next.turn.number;
        if next.speculative && !next.wanted {
            self.speculative.dropped += 1;
            out.push(Action::Event(Event::SpeculationDropped { turn }));
        }
        out.push(Action::Respond(Ask::Revert { turn }));
    }

    /// Drops what was made speculatively, if it is not wanted.
    pub fn drop_speculative(&mut self, out: &mut Actions) {
        let next = self.next.as_ref();
        if next.is_some_and(|next| next.speculative && !next.wanted) {
            self.drop_next(out);
        }
    }

    /// Stops the sound, and keeps the place. The caller's sound began `speech_ms` ago.
    pub fn pause(&mut self, speech_ms: u32, now: Now, out: &mut Actions) {
        out.push(Action::Pause);
        self.paused_since = Some(now.time.minus_ms(speech_ms));
        if let Some(turn) = &mut self.playing {
            let played = now.played_of(turn);
            turn.heard_before = turn.heard_before.max(played);
            out.push(Action::Event(Event::Paused {
                turn: turn.number,
                speech_ms,
                played_ms: played * FRAME_MS,
            }));
        }
    }

    /// Lets the sound go on from just before the word at which it was paused.
    pub fn resume(&mut self, why: Why, speech_ms: u32, now: Now, out: &mut Actions) {
        let paused = self.paused_since.take().is_some();
        let from = self.playing.as_ref().map(|turn| {
            let played = now.played_of(turn);
            (turn.number, played, turn.resume_from(played))
        });
        out.push(Action::Resume {
            from: from.filter(|_| paused).map(|(.., from)| from),
        });
        if paused && let Some((turn, played, from)) = from {
            out.push(Action::Event(Event::FalseInterruption {
                turn,
                why,
                speech_ms,
                repeated_ms: (played - from.min(played)) * FRAME_MS,
            }));
        }
    }

    /// The caller has taken the turn: what is played ends here. With `rejoin_ms` the caller went on with their last
    /// words, and the answer to them is forgotten, if no more than that of it was heard. Returns true when something of
    /// the agent had been heard.
    pub fn interrupt(
        &mut self,
        speech_ms: u32,
        rejoin_ms: Option<u32>,
        now: Now,
        out: &mut Actions,
    ) -> bool {
        let since = self.paused_since.take();
        if self.playing.as_ref().is_some_and(is_last_word) {
            // Whoever speaks into it cannot keep the call from ending.
            out.push(Action::Resume { from: None });
            return false;
        }
        let playing = self.playing.take();
        self.drop_next(out);
        self.gate(out);
        out.push(Action::Resume { from: None });
        let Some(turn) = playing else { return false };
        let played = now.played_of(&turn);
        if played > 0 {
            let stopped_after = |since| ms(since, now.stopped_at);
            out.push(Action::Event(Event::BargeIn {
                turn: turn.number,
                speech_ms,
                stop_ms: since.map_or(0.0, stopped_after),
                played_ms: played * FRAME_MS,
            }));
        }
        if rejoin_ms.is_some_and(|ms| is_hardly_heard(&turn, ms, now)) {
            let turn = turn.number;
            out.push(Action::Event(Event::Reopened { turn }));
            out.push(Action::Respond(Ask::Revert { turn }));
        }
        self.close(&turn, now, out);
        played > 0
    }

    /// Says `announcement` at once, without the responder. What is owed comes after it, unless the announcement ends
    /// the call.
    pub fn announce(
        &mut self,
        announcement: &Arc<Announcement>,
        ends_call: bool,
        now: Now,
        out: &mut Actions,
    ) {
        if let Some(mut owed) = self.playing.take() {
            if ends_call || now.played_of(&owed) > 0 {
                self.close(&owed, now, out);
            } else {
                owed.after_filler = true;
                out.push(Action::Want(owed.number));
                let behind = self.next.replace(Next {
                    turn: owed,
                    heard: String::new(),
                    speculative: false,
                    wanted: true,
                });
                // Whatever waited behind it was never wanted before it. The gate is set below, and never shut on what
                // is owed.
                if let Some(behind) = behind {
                    self.forget(&behind, out);
                }
            }
        }
        if ends_call {
            self.drop_next(out);
            // It sounds though the agent was paused a moment ago, and from its beginning to its end.
            self.paused_since = None;
            out.push(Action::Resume { from: None });
        }
        self.number = self.number.next();
        self.turns += 1;
        let mut turn = SpokenTurn::new(self.number, Kind::Announcement);
        turn.push(Sentence {
            text: announcement.text.clone(),
            samples: announcement.spoken.samples.len(),
            words: Arc::clone(&announcement.spoken.words),
            protected: ends_call,
        });
        turn.done = true;
        turn.ends_call = ends_call;
        out.push(Action::Announce {
            turn: turn.number,
            announcement: Arc::clone(announcement),
        });
        self.playing = Some(turn);
        self.gate(out);
    }

    /// Of the announcement `turn` only the first `frames` found room on the line.
    pub fn announced(&mut self, turn: TurnNumber, frames: u32) {
        let playing = self.playing.as_mut();
        if let Some(turn) = playing.filter(|playing| playing.number == turn) {
            turn.cut_to(frames as usize * FRAME_SAMPLES);
        }
    }

    /// Takes what the responder tells of a turn.
    pub fn made(&mut self, made: Made) {
        let next = self.next.as_mut().map(|next| &mut next.turn);
        let number = made.turn();
        let playing = self.playing.as_mut().filter(|turn| turn.number == number);
        let Some(turn) = playing.or(next.filter(|turn| turn.number == number)) else {
            return;
        };
        match made {
            Made::Sentence { sentence, .. } => turn.push(sentence),
            Made::First {
                first_token_ms,
                tts_ms,
                ..
            } => turn.first = Some((first_token_ms, tts_ms)),
            Made::Done {
                ends_call, expect, ..
            } => {
                turn.done = true;
                turn.ends_call = ends_call;
                turn.expect = expect;
            }
        }
    }

    /// Looks what was played since, and opens the gate of a turn that is wanted.
    pub fn tick(&mut self, now: Now, out: &mut Actions) -> Option<Ended> {
        self.report_latency(now, out);
        let ended = self.finish_played(now, out);
        self.open_next(now, out);
        ended
    }

    fn finish_played(&mut self, now: Now, out: &mut Actions) -> Option<Ended> {
        let turn = self.playing.as_ref()?;
        if !turn.done || now.played_of(turn) < turn.frames() {
            return None;
        }
        let turn = self.playing.take()?;
        self.gate(out);
        self.close(&turn, now, out);
        self.is_over |= turn.ends_call;
        Some(if turn.ends_call {
            Ended::Call
        } else {
            Ended::Turn
        })
    }

    fn open_next(&mut self, now: Now, out: &mut Actions) {
        if self.is_over || !self.next.as_ref().is_some_and(|next| next.wanted) {
            return;
        }
        if let Some(turn) = &self.playing {
            if turn.kind == Kind::Announcement || turn.is_protected(now.played_of(turn)) {
                return;
            }
            if let Some(turn) = self.playing.take() {
                self.close(&turn, now, out);
            }
        }
        let Some(next) = self.next.take() else { return };
        self.speculative.played += u32::from(next.speculative);
        self.turns += u32::from(!next.turn.after_filler);
        let turn = next.turn.number;
        self.playing = Some(next.turn);
        // The gate first: whoever hears that it is open looks at it.
        self.gate(out);
        out.push(Action::Respond(Ask::Opened { turn }));
    }

    fn report_latency(&mut self, now: Now, out: &mut Actions) {
        let Some(turn) = &mut self.playing else {
            return;
        };
        if now.played.turn != turn.number || turn.first.is_none() {
            return;
        }
        if let (Some(times), Some((first_token_ms, tts_ms))) = (turn.times.take(), turn.first) {
            out.push(Action::Event(Event::Latency {
                turn: turn.number,
                endpoint_ms: ms(times.speech_end, times.decided),
                asr_ms: ms(times.decided, times.words),
                first_token_ms,
                tts_ms,
                response_ms: ms(times.speech_end, now.played.first_at),
            }));
        }
    }

    /// The turn is over, played to its end or cut: what was heard of it goes to the record and to the history.
    fn close(&mut self, turn: &SpokenTurn, now: Now, out: &mut Actions) {
        let played = now.played_of(turn).max(turn.heard_before);
        let text = turn.heard(played);
        let complete = turn.done && played >= turn.frames();
        if played > 0 {
            self.expect = turn.expect;
        }
        out.push(Action::Event(Event::PlayedUntil {
            turn: turn.number,
            played_ms: played * FRAME_MS,
            text: text.clone(),
            complete,
        }));
        out.push(Action::Respond(Ask::Played {
            turn: turn.number,
            text,
            is_announcement: turn.kind == Kind::Announcement,
        }));
    }

    /// The call is over.
    pub fn finish(&mut self, now: Now, out: &mut Actions) {
        if let Some(turn) = self.playing.take() {
            self.close(&turn, now, out);
        }
        // A turn that stood back behind a filler was open before.
        if let Some(next) = self.next.take_if(|next| next.turn.after_filler) {
            self.close(&next.turn, now, out);
        }
    }
}

/// From one time to another, in ms.
fn ms(from: CallTimeUs, to: CallTimeUs) -> f32 {
    to.since_us(from) as f32 / 1_000.0
}

fn is_last_word(turn: &SpokenTurn) -> bool {
    turn.kind == Kind::Announcement && turn.ends_call
}

fn is_hardly_heard(turn: &SpokenTurn, reopen_ms: u32, now: Now) -> bool {
    let played = now.played_of(turn);
    turn.kind == Kind::Reply && played * FRAME_MS < reopen_ms && !turn.is_protected(played)
}
