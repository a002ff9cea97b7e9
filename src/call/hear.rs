//! The `hear` thread: decodes utterances, the newest first where it may choose.
//!
//! Thread: `hear`. In: [`HearJob`]s. Out: [`Heard`]. Memory: one utterance; its buffer goes back with the answer, to be used again. When late: a partial
//! that is followed by another job is skipped.

use crossbeam_channel::{Receiver, Sender};

use crate::agreement::Agreement;
use patter_engine::recognise::Transcript;
use patter_engine::recognise::{AsrError, RecogniserSession};
use patter_machine::priority;
use patter_machine::priority::Class;
use patter_types::urgency::Urgency;

/// What a decode is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The caller is still speaking.
    Partial,
    /// The caller has paused; this may become the final one.
    Ahead,
    /// The caller has finished.
    Final,
}

/// A stretch of sound to decode.
pub struct HearJob {
    /// Number of the utterance.
    pub utterance: u32,
    /// Number of the job; answers carry it.
    pub job: u32,
    /// What for.
    pub purpose: Purpose,
    /// 16 kHz, from the utterance's beginning.
    pub samples: Vec<i16>,
}

/// The answer to a job.
pub struct Heard {
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

/// Runs until the jobs' sender is gone.
pub fn run(
    mut session: Box<dyn RecogniserSession>,
    jobs: &Receiver<HearJob>,
    answers: &Sender<Heard>,
) {
    priority::enter(Class::Model);
    let mut agreement = Agreement::default();
    let mut current = 0;
    for job in jobs {
        if job.utterance != current {
            agreement.reset();
            current = job.utterance;
        }
        let urgency = match job.purpose {
            Purpose::Partial => Urgency::Ahead,
            Purpose::Ahead | Purpose::Final => Urgency::Now,
        };
        let skip = job.purpose != Purpose::Final && !jobs.is_empty();
        let result =
            (!skip).then(|| session.transcribe(&job.samples, urgency, &|| !jobs.is_empty()));
        let agreed = match &result {
            Some(Ok(transcript)) => agreement.update(&transcript.text),
            _ => String::new(),
        };
        let heard = Heard {
            utterance: job.utterance,
            job: job.job,
            purpose: job.purpose,
            result,
            agreed,
            samples: job.samples,
        };
        if answers.send(heard).is_err() {
            return;
        }
    }
}
