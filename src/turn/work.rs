//! What the conversation asks of engines, and what they answer: sound to be transcribed, turns to be made.
//!
//! Plain values: who carries them to which thread is not known here.

use patter_engine::recognise::{AsrError, Transcript};
use patter_types::expect::Expect;
use patter_types::turn::TurnNumber;

use crate::spoken::Sentence;

/// What a transcription is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The caller is still speaking.
    Partial,
    /// The caller has paused; this may become the final one.
    Speculative,
    /// The caller has finished.
    Final,
}

/// A stretch of sound to transcribe.
pub struct TranscriptionJob {
    /// Number of the utterance.
    pub utterance: u32,
    /// Number of the job; answers carry it.
    pub job: u32,
    /// What for.
    pub purpose: Purpose,
    /// 16 kHz, from the utterance's beginning.
    pub samples: Vec<i16>,
}

/// The sound by its length alone.
impl std::fmt::Debug for TranscriptionJob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TranscriptionJob")
            .field("job", &self.job)
            .field("purpose", &self.purpose)
            .field("samples", &self.samples.len())
            .finish_non_exhaustive()
    }
}

/// The answer to a [`TranscriptionJob`].
#[derive(Debug)]
pub struct Transcribed {
    /// Number of the utterance.
    pub utterance: u32,
    /// Number of the job.
    pub job: u32,
    /// What it was for.
    pub purpose: Purpose,
    /// The words; None when the job was skipped, because a newer one was waiting.
    pub result: Option<Result<Transcript, AsrError>>,
    /// The words that will not change any more.
    pub agreed: String,
    /// The job's buffer.
    pub samples: Vec<i16>,
}

/// Something for the responder to react to. Turns are the agent's, numbered from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// The call has begun.
    Open {
        /// Number of the agent's turn.
        turn: TurnNumber,
    },
    /// The caller said something. The turn may be dropped later: then comes an [`Ask::Revert`].
    Reply {
        /// Number of the agent's turn.
        turn: TurnNumber,
        /// The caller's words; empty when they were not understood.
        heard: String,
    },
    /// The caller pressed keys that belong together.
    Keys {
        /// Number of the agent's turn.
        turn: TurnNumber,
        /// The keys.
        keys: String,
    },
    /// The caller is silent: a gentle word.
    Reprompt {
        /// Number of the agent's turn.
        turn: TurnNumber,
    },
    /// The caller stays silent: goodbye.
    GiveUp {
        /// Number of the agent's turn.
        turn: TurnNumber,
    },
    /// The turn is played from now on.
    Opened {
        /// Its number.
        turn: TurnNumber,
    },
    /// The turn never was: the caller went on. What was done for it is undone.
    Revert {
        /// Its number.
        turn: TurnNumber,
    },
    /// Words of the caller that will not change any more, while the caller still speaks.
    Hearing {
        /// All of them, from the turn's beginning.
        words: String,
    },
    /// A turn is over: this much of it was heard.
    Played {
        /// Its number.
        turn: TurnNumber,
        /// The words.
        text: String,
        /// It was not made by the responder, but an announcement.
        is_announcement: bool,
    },
    /// The call is over.
    Over {
        /// Number of the last turn.
        turn: TurnNumber,
        /// What the caller was still saying, not to be answered any more.
        words: Option<String>,
    },
}

/// What the conversation must know of a turn to tell what was played.
#[derive(Debug, Clone)]
pub enum Made {
    /// A sentence is on its way.
    Sentence {
        /// Number of the agent's turn.
        turn: TurnNumber,
        /// The sentence.
        sentence: Sentence,
    },
    /// Figures of the turn's first sentence.
    First {
        /// Number of the agent's turn.
        turn: TurnNumber,
        /// To the first token; 0 for an approved line.
        first_token_ms: f32,
        /// Synthesis.
        tts_ms: f32,
    },
    /// There is no more.
    Done {
        /// Number of the agent's turn.
        turn: TurnNumber,
        /// Hang up after it.
        ends_call: bool,
        /// What the caller is asked for.
        expect: Expect,
    },
}

impl Made {
    /// Number of the agent's turn.
    pub fn turn(&self) -> TurnNumber {
        match self {
            Self::Sentence { turn, .. } | Self::First { turn, .. } | Self::Done { turn, .. } => {
                *turn
            }
        }
    }
}
