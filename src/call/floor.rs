//! The agent's side of the conversation: which of its turns is played, which waits, what was heard.
//!
//! Thread: `listen`. In: what `think` made ([`Said`]), what was played ([`Line`]), decisions of the listener. Out: jobs for `think`, the gate
//! of the line, events. Memory: at most two turns: the one that is played and the one behind the shut gate.
//!
//! A turn is asked for ([`Floor::ask`], [`Floor::ask_reply`]) and made behind the gate; it is played once it is wanted ([`Floor::want`]) and nothing that may not be cut
//! off is before it. A turn made ahead of its need is dropped without a trace when the caller goes on.

use std::sync::Arc;

use ringbuf::HeapProd;
use ringbuf::traits::Producer;

use super::line::{Line, SpokenFrame};
use super::spoken::{Kind, Sentence, SpokenTurn, Times};
use super::think::{Said, ThinkJob, ThinkJobs};
use patter_audio::{FRAME_MS, FRAME_SAMPLES, SILENCE};
use patter_engine::voice::Spoken;
use patter_turn::Agent;
use patter_types::event::{Event, EventSink};
use patter_types::expect::Expect;
use patter_types::why::Why;

/// A line that is ready as sound, for when the `think` thread has none.
pub struct Notice {
    /// The words.
    pub text: String,
    /// The sound.
    pub spoken: Spoken,
}

/// Turns made ahead of the caller's end of turn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ahead {
    /// Played.
    pub hits: u32,
    /// Dropped, because the caller went on.
    pub dropped: u32,
}

/// What a tick of the floor brought.
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
    ahead: bool,
    /// It is wanted: the gate opens as soon as the line is free.
    wanted: bool,
}

/// See the module.
pub struct Floor {
    line: Arc<Line>,
    events: EventSink,
    jobs: ThinkJobs,
    notices: HeapProd<SpokenFrame>,
    numbers: u32,
    playing: Option<SpokenTurn>,
    next: Option<Next>,
    /// When the caller's sound began that holds the line, in µs.
    held_since_us: Option<u64>,
    ahead: Ahead,
    turns: u32,
    expect: Expect,
}

impl Floor {
    /// A floor on which nobody has spoken.
    pub fn new(
        line: Arc<Line>,
        events: EventSink,
        jobs: ThinkJobs,
        notices: HeapProd<SpokenFrame>,
    ) -> Self {
        Self {
            line,
            events,
            jobs,
            notices,
            numbers: 0,
            playing: None,
            next: None,
            held_since_us: None,
            ahead: Ahead::default(),
            turns: 0,
            expect: Expect::Any,
        }
    }

    /// What the agent does, as the turn-taking sees it.
    pub fn agent(&self) -> Agent {
        let speaking = |interruptible, left_ms| Agent::Speaking {
            interruptible,
            left_ms,
        };
        match (&self.playing, &self.next) {
            (Some(turn), _) => {
                let played = self.played(turn);
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
    pub fn owes(&self) -> bool {
        match &self.playing {
            Some(turn) => {
                let played = self.played(turn);
                let dry = !turn.done && played >= turn.frames();
                turn.kind != Kind::Notice && (played == 0 || dry)
            }
            None => self.next.as_ref().is_some_and(|next| next.wanted),
        }
    }

    /// True when the turn that is played has been heard already, if only in part.
    pub fn has_begun(&self) -> bool {
        self.playing
            .as_ref()
            .is_some_and(|turn| self.played(turn) > 0)
    }

    /// True while a turn is played.
    pub fn is_speaking(&self) -> bool {
        self.playing.is_some()
    }

    /// True when the answer to the caller's last words has hardly been heard: whoever speaks now goes on with them.
    pub fn may_rejoin(&self, reopen_ms: u32) -> bool {
        let hardly = |turn: &SpokenTurn| self.is_hardly_heard(turn, reopen_ms);
        let waits = |next: &Next| next.turn.kind == Kind::Reply;
        self.playing.as_ref().is_some_and(hardly) || self.next.as_ref().is_some_and(waits)
    }

    fn is_hardly_heard(&self, turn: &SpokenTurn, reopen_ms: u32) -> bool {
        let played = self.played(turn);
        turn.kind == Kind::Reply && played * FRAME_MS < reopen_ms && !turn.is_protected(played)
    }

    /// Turns made ahead, and turns in all.
    pub fn counts(&self) -> (Ahead, u32) {
        (self.ahead, self.turns)
    }

    fn gate(&self) {
        let number = |turn: Option<&SpokenTurn>| turn.map_or(0, |turn| turn.number);
        self.line.set_gate(
            number(self.playing.as_ref()),
            number(self.next.as_ref().map(|next| &next.turn)),
        );
    }

    /// Has a turn made and played. Another one that waits is dropped.
    pub fn ask(&mut self, kind: Kind, job: impl FnOnce(u32) -> ThinkJob) {
        self.make(SpokenTurn::new(self.numbers + 1, kind), "", false);
        self.want(None);
        self.jobs.send(job(self.numbers));
    }

    /// Has the answer to `heard` made behind the gate, `ahead` of knowing whether it is needed.
    pub fn ask_reply(&mut self, heard: &str, ahead: bool) {
        self.make(SpokenTurn::new(self.numbers + 1, Kind::Reply), heard, ahead);
        self.jobs.send(ThinkJob::Reply {
            turn: self.numbers,
            heard: heard.to_owned(),
        });
    }

    fn make(&mut self, turn: SpokenTurn, heard: &str, ahead: bool) {
        self.drop_next();
        self.numbers = turn.number;
        self.next = Some(Next {
            turn,
            heard: heard.to_owned(),
            ahead,
            wanted: false,
        });
        self.gate();
    }

    /// True when the turn behind the gate answers these words.
    pub fn answers(&self, heard: &str) -> bool {
        self.next.as_ref().is_some_and(|next| next.heard == heard)
    }

    /// The turn behind the gate is to be played.
    pub fn want(&mut self, times: Option<Times>) {
        if let Some(next) = &mut self.next {
            next.wanted = true;
            next.turn.times = times;
            self.line.want(next.turn.number);
        }
    }

    /// The caller went on: what was made for their words so far is dropped, and the dialogue forgets it.
    pub fn drop_next(&mut self) {
        let Some(next) = self.next.take() else { return };
        self.gate();
        if next.ahead && !next.wanted {
            self.ahead.dropped += 1;
            self.events.send(Event::AheadDropped {
                turn: next.turn.number,
            });
        }
        self.jobs.send(ThinkJob::Revert {
            turn: next.turn.number,
        });
    }

    /// Drops what was made ahead of its need, if that has not come.
    pub fn drop_ahead(&mut self) {
        if self
            .next
            .as_ref()
            .is_some_and(|next| next.ahead && !next.wanted)
        {
            self.drop_next();
        }
    }

    /// Stops the sound, and keeps the place. The caller's sound began `speech_ms` ago.
    pub fn hold(&mut self, speech_ms: u32) {
        self.line.hold();
        let since = self
            .line
            .now_us()
            .saturating_sub(u64::from(speech_ms) * 1_000);
        self.held_since_us = Some(since);
        let playing = self.playing.as_ref();
        let played = playing.map_or(0, |turn| self.played(turn));
        if let Some(turn) = &mut self.playing {
            turn.heard_before = turn.heard_before.max(played);
            self.events.send(Event::Hold {
                turn: turn.number,
                speech_ms,
                played_ms: played * FRAME_MS,
            });
        }
    }

    /// Lets the sound go on from just before the word that was cut.
    pub fn release(&mut self, why: Why, speech_ms: u32) {
        let held = self.held_since_us.take().is_some();
        let from = self.playing.as_ref().map(|turn| {
            let played = self.played(turn);
            (turn.number, played, turn.resume_from(played))
        });
        self.line
            .release(from.filter(|_| held).map(|(.., from)| from));
        if held && let Some((turn, played, from)) = from {
            self.events.send(Event::Released {
                turn,
                why,
                speech_ms,
                repeated_ms: (played - from.min(played)) * FRAME_MS,
            });
        }
    }

    /// The caller has taken the turn: what is played ends here. With `rejoin` the caller went on with their last words, and the answer to
    /// them is forgotten, if no more than `rejoin_ms` of it was heard. Returns true when something of the agent had been heard.
    pub fn cut(&mut self, speech_ms: u32, rejoin_ms: Option<u32>) -> bool {
        let since = self.held_since_us.take();
        let playing = self.playing.take();
        self.drop_next();
        self.gate();
        self.line.release(None);
        let Some(turn) = playing else { return false };
        let played = self.played(&turn);
        if played > 0 {
            let stopped = self.line.stopped_us();
            self.events.send(Event::BargeIn {
                turn: turn.number,
                speech_ms,
                stop_ms: since.map_or(0.0, |since| stopped.saturating_sub(since) as f32 / 1_000.0),
                played_ms: played * FRAME_MS,
            });
        }
        if rejoin_ms.is_some_and(|ms| self.is_hardly_heard(&turn, ms)) {
            self.events.send(Event::Reopened { turn: turn.number });
            self.jobs.send(ThinkJob::Revert { turn: turn.number });
        }
        self.close(&turn);
        played > 0
    }

    /// Says `notice` at once, without the `think` thread. What is owed comes after it, unless the notice ends the call.
    pub fn say(&mut self, notice: &Notice, ends_call: bool) {
        if let Some(mut owed) = self.playing.take() {
            if ends_call || self.played(&owed) > 0 {
                self.close(&owed);
            } else {
                owed.bridged = true;
                self.line.want(owed.number);
                self.next = Some(Next {
                    turn: owed,
                    heard: String::new(),
                    ahead: false,
                    wanted: true,
                });
            }
        }
        if ends_call {
            self.drop_next();
        }
        self.numbers += 1;
        self.turns += 1;
        let mut pushed = 0;
        let mut turn = SpokenTurn::new(self.numbers, Kind::Notice);
        for (index, chunk) in notice.spoken.samples.chunks(FRAME_SAMPLES).enumerate() {
            let mut samples = SILENCE;
            samples[..chunk.len()].copy_from_slice(chunk);
            let frame = SpokenFrame {
                turn: turn.number,
                index: index as u32,
                samples,
            };
            // A notice longer than its ring is cut short; the playbook's rules keep lines below that.
            if self.notices.try_push(frame).is_err() {
                break;
            }
            pushed += FRAME_SAMPLES;
        }
        turn.push(Sentence {
            text: notice.text.clone(),
            samples: notice.spoken.samples.len().min(pushed),
            words: Arc::clone(&notice.spoken.words),
            protected: false,
        });
        turn.done = true;
        turn.ends_call = ends_call;
        self.playing = Some(turn);
        self.gate();
    }

    /// Takes what `think` tells of a turn.
    pub fn said(&mut self, said: Said) {
        let next = self.next.as_mut().map(|next| &mut next.turn);
        let number = said.turn();
        let Some(turn) = self
            .playing
            .as_mut()
            .filter(|t| t.number == number)
            .or(next.filter(|t| t.number == number))
        else {
            return;
        };
        match said {
            Said::Sentence { sentence, .. } => turn.push(sentence),
            Said::First {
                first_token_ms,
                tts_ms,
                ..
            } => turn.first = Some((first_token_ms, tts_ms)),
            Said::Done {
                ends_call, expect, ..
            } => {
                turn.done = true;
                turn.ends_call = ends_call;
                turn.expect = expect;
            }
        }
    }

    fn played(&self, turn: &SpokenTurn) -> u32 {
        let played = self.line.played();
        if played.turn == turn.number {
            played.frames
        } else {
            0
        }
    }

    /// Looks what was played since, and opens the gate of a turn that is wanted.
    pub fn tick(&mut self) -> Option<Ended> {
        self.report_latency();
        let ended = self.finish_played();
        self.open_next();
        ended
    }

    fn finish_played(&mut self) -> Option<Ended> {
        let turn = self.playing.as_ref()?;
        if !turn.done || self.played(turn) < turn.frames() {
            return None;
        }
        let turn = self.playing.take()?;
        self.gate();
        self.close(&turn);
        Some(if turn.ends_call {
            Ended::Call
        } else {
            Ended::Turn
        })
    }

    fn open_next(&mut self) {
        if !self.next.as_ref().is_some_and(|next| next.wanted) {
            return;
        }
        if let Some(turn) = &self.playing {
            if turn.kind == Kind::Notice || turn.is_protected(self.played(turn)) {
                return;
            }
            if let Some(turn) = self.playing.take() {
                self.close(&turn);
            }
        }
        let Some(next) = self.next.take() else { return };
        self.ahead.hits += u32::from(next.ahead);
        self.turns += u32::from(!next.turn.bridged);
        let number = next.turn.number;
        self.playing = Some(next.turn);
        // The gate first: whoever hears that it is open looks at it.
        self.gate();
        self.jobs.send(ThinkJob::Opened { turn: number });
    }

    fn report_latency(&mut self) {
        let played = self.line.played();
        let Some(turn) = &mut self.playing else {
            return;
        };
        if played.turn != turn.number || turn.first.is_none() {
            return;
        }
        if let (Some(times), Some((first_token_ms, tts_ms))) = (turn.times.take(), turn.first) {
            let ms = |from: u64, to: u64| to.saturating_sub(from) as f32 / 1000.0;
            self.events.send(Event::Latency {
                turn: turn.number,
                endpoint_ms: ms(times.speech_end_us, times.decided_us),
                asr_ms: ms(times.decided_us, times.words_us),
                first_token_ms,
                tts_ms,
                response_ms: ms(times.speech_end_us, played.first_us),
            });
        }
    }

    /// The turn is over, played to its end or cut: what was heard of it goes to the record and to the history.
    fn close(&mut self, turn: &SpokenTurn) {
        let played = self.played(turn).max(turn.heard_before);
        let text = turn.heard(played);
        let complete = turn.done && played >= turn.frames();
        if played > 0 {
            self.expect = turn.expect;
        }
        self.events.send(Event::PlayedUntil {
            turn: turn.number,
            played_ms: played * FRAME_MS,
            text: text.clone(),
            complete,
        });
        self.jobs.send(ThinkJob::Played {
            turn: turn.number,
            text,
            besides: turn.kind == Kind::Notice,
        });
    }

    /// The call is over.
    pub fn finish(&mut self) {
        if let Some(turn) = self.playing.take() {
            self.close(&turn);
        }
    }
}
