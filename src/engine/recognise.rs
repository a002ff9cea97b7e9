//! Speech to text: sound in, words out.
//!
//! Thread: `transcriber`, one per call, has a session of its own. In: samples of one utterance, 16 kHz. Out: a
//! [`Transcript`].

use std::path::PathBuf;

use patter_types::priority::Priority;
use thiserror::Error;

/// What can go wrong with hearing.
#[derive(Debug, Error)]
pub enum AsrError {
    /// No such file.
    #[error("the speech model `{}` is not there", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is no model, or a damaged one.
    #[error("the speech model `{}` cannot be loaded: {reason}", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// What the engine said.
        reason: String,
    },
    /// Decoding failed.
    #[error("speech could not be decoded: {reason}")]
    Decode {
        /// What the engine said.
        reason: String,
    },
}

impl AsrError {
    /// What to try next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => Some("`patter models list` shows what there is, `patter models fetch` gets it".into()),
            Self::Load { .. } => Some("`patter models verify` finds damaged files; a Whisper model in ggml format is wanted".into()),
            Self::Decode { .. } => None,
        }
    }
}

/// The text of one utterance.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcript {
    /// The words; empty when nothing was said.
    pub text: String,
    /// Probability that there was no speech, 0 to 1.
    pub no_speech: f32,
    /// Mean log probability of the tokens.
    pub logprob: f32,
    /// Probability that the speaker has finished, by how it sounds; None where only the words tell.
    pub finished: Option<f32>,
    /// Time it took, in ms.
    pub took_ms: f32,
}

impl Transcript {
    /// No words.
    pub fn nothing() -> Self {
        Self {
            text: String::new(),
            no_speech: 1.0,
            logprob: 0.0,
            finished: None,
            took_ms: 0.0,
        }
    }
}

/// What a transcript is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// The caller is still speaking: soon is better than exact.
    Partial,
    /// It will be answered.
    Final,
}

/// A loaded speech model that many calls share: what an engine has to bring.
pub trait Recogniser: Send + Sync {
    /// Hearing for one call.
    fn session(&self) -> Box<dyn RecogniserSession>;
}

/// Hearing for one call.
pub trait RecogniserSession: Send {
    /// Decodes one utterance for `pass`. Silence and noise give an empty text. Waits for cores as `priority` says, and
    /// no longer stands back once `hurry` is true.
    ///
    /// # Errors
    /// The engine failed.
    fn transcribe(
        &mut self,
        utterance: &[i16],
        pass: Pass,
        priority: Priority,
        hurry: &dyn Fn() -> bool,
    ) -> Result<Transcript, AsrError>;
}
