//! What goes into a conversation, what it goes by, and what comes out.

use std::collections::BTreeMap;
use std::sync::Arc;

use patter_audio::Frame;
use patter_config::{LoadConfig, TurnConfig};
use patter_language::reading::WordLists;
use patter_types::clock::CallTimeUs;
use patter_types::event::Event;
use patter_types::load::ShedLevel;
use patter_types::turn::TurnNumber;

use super::Closed;
use crate::agent::{Announcement, Speculative};
use crate::spoken::SpokenTurn;
use crate::work::{Ask, Made, Transcribed, TranscriptionJob};

/// How much of a turn has been played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Played {
    /// The turn.
    pub turn: TurnNumber,
    /// Frames of it that went to the line.
    pub frames: u32,
    /// When the first of them went.
    pub first_at: CallTimeUs,
}

/// The call's clock, and what the line shows. It is taken before a step: of a turn that is cut without a pause before
/// it, one frame more may be played than the step knows of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// The time.
    pub time: CallTimeUs,
    /// What was played last.
    pub played: Played,
    /// When the sound last stopped because it was paused or interrupted.
    pub stopped_at: CallTimeUs,
}

impl Now {
    /// Frames of `turn` that were played.
    pub fn played_of(self, turn: &SpokenTurn) -> u32 {
        if self.played.turn == turn.number {
            self.played.frames
        } else {
            0
        }
    }
}

/// Something that happens to a call.
#[derive(Debug)]
pub enum Input<'a> {
    /// The call begins.
    Begin,
    /// 20 ms of the caller's side.
    Frame {
        /// The sound.
        sound: &'a Frame,
        /// What voice activity detection makes of it.
        is_speech: bool,
        /// The line's own noise, in dBFS.
        noise_dbfs: f32,
        /// It waited with many others, because a network kept them back: it does not tell how time passes.
        is_burst: bool,
    },
    /// The recogniser has answered.
    Transcribed(Transcribed),
    /// The responder has made something.
    Made(Made),
    /// Of the announcement `turn` only so many frames found room on the line.
    Announced {
        /// The turn.
        turn: TurnNumber,
        /// Frames of it.
        frames: u32,
    },
    /// The caller has pressed these keys, since the last step.
    Keys(&'a [char]),
    /// Time has passed: what was played since, and what is due, is looked at.
    Tick,
    /// The line is closed: what was played until then is looked at, and nothing is opened any more.
    Closed,
    /// So much is left out now, because the machine is busy.
    Load(ShedLevel),
    /// The call has been put on hold by somebody, or taken off. Time stands still meanwhile.
    OnHold(bool),
    /// The program is being stopped: the call is to end with a last word.
    Stop,
    /// A part of the call that answers depend on is gone: it is to end with an apology.
    Failed,
}

/// Something to be done, in order.
#[derive(Debug)]
pub enum Action {
    /// It happened.
    Event(Event),
    /// Only frames of these turns of the agent may live: the open one's are played, the awaited one's wait;
    /// [`TurnNumber::NONE`] for none.
    Gate {
        /// The turn that is played.
        open: TurnNumber,
        /// The turn that is made behind the gate.
        awaited: TurnNumber,
    },
    /// The caller waits for this turn, though it is not open yet.
    Want(TurnNumber),
    /// The agent's sound stops with the next frame; its place is kept.
    Pause,
    /// It goes on: from this frame of the open turn, or from where it stopped.
    Resume {
        /// The frame.
        from: Option<u32>,
    },
    /// The recogniser is asked.
    Transcribe(TranscriptionJob),
    /// The responder is asked.
    Respond(Ask),
    /// The sound of an announcement goes to the line, as this turn.
    Announce {
        /// The turn.
        turn: TurnNumber,
        /// The announcement.
        announcement: Arc<Announcement>,
    },
    /// Whoever was heard is not there any more: voice activity detection forgets how loud they are.
    ForgetCaller,
    /// Whoever put the call on hold cannot keep it there.
    TakeOffHold,
    /// The call is over.
    Hangup(Closed),
}

/// Actions of a step, for whoever carries them out.
pub type Actions = Vec<Action>;

/// Lines that are ready as sound when an engine is not.
#[derive(Clone)]
pub struct Announcements {
    /// Fills a wait.
    pub filler: Arc<Announcement>,
    /// Ends a call that cannot go on.
    pub apology: Arc<Announcement>,
    /// Ends a call that may not go on.
    pub time_up: Arc<Announcement>,
}

/// What a conversation goes by.
pub struct Settings {
    /// `[turn]`.
    pub turn: TurnConfig,
    /// `[load]`, where the call leaves anything out on a busy machine.
    pub load: Option<LoadConfig>,
    /// Language of the caller's words.
    pub language: String,
    /// Time between partial transcripts, in ms; 0 for none.
    pub partial_ms: u32,
    /// Below this log probability a transcript does not interrupt the agent, and is no finished sentence.
    pub sure_logprob: f32,
    /// A call is ended after this, in s; 0 for never.
    pub max_call_s: u32,
}

impl Settings {
    pub(super) fn words(&self) -> &BTreeMap<String, WordLists> {
        &self.turn.words
    }

    /// Time between partial transcripts on `step`, in ms; 0 for none.
    pub(super) fn partial_ms(&self, step: ShedLevel) -> u32 {
        match &self.load {
            Some(load) if self.partial_ms > 0 && step > ShedLevel::Whole => {
                self.partial_ms.max(load.partial_ms)
            }
            _ => self.partial_ms,
        }
    }
}

/// How a call went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Turns of the agent.
    pub turns: u32,
    /// Interruptions that were turns.
    pub interruptions: u32,
    /// Interruptions that were none.
    pub false_interruptions: u32,
    /// Turns made speculatively.
    pub speculative: Speculative,
}
