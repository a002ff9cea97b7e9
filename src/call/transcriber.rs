//! The `transcriber` thread: turns utterances into words, the newest first where it may choose.
//!
//! Thread: `transcriber`, one a call. In: [`TranscriptionJob`]s. Out: [`Transcribed`]. Memory: one utterance; its
//! buffer goes back with the answer, to be used again. When late: a partial that is followed by another job is skipped.

use crossbeam_channel::{Receiver, Sender};
use patter_engine::recognise::{Pass, RecogniserSession};
use patter_machine::priority::{self, Class};
use patter_turn::agreement::Agreement;
use patter_turn::work::{Purpose, Transcribed, TranscriptionJob};
use patter_types::priority::Priority;

/// Runs until the jobs' sender is gone.
pub fn run(
    mut session: Box<dyn RecogniserSession>,
    jobs: &Receiver<TranscriptionJob>,
    answers: &Sender<Transcribed>,
) {
    priority::enter(Class::Model);
    let mut agreement = Agreement::default();
    let mut current = 0;
    for job in jobs {
        if job.utterance != current {
            agreement.reset();
            current = job.utterance;
        }
        let (pass, priority) = match job.purpose {
            Purpose::Partial => (Pass::Partial, Priority::Speculative),
            Purpose::Speculative | Purpose::Final => (Pass::Final, Priority::Interactive),
        };
        let skip = job.purpose != Purpose::Final && !jobs.is_empty();
        let result =
            (!skip).then(|| session.transcribe(&job.samples, pass, priority, &|| !jobs.is_empty()));
        let agreed = match &result {
            Some(Ok(transcript)) => agreement.update(&transcript.text),
            _ => String::new(),
        };
        let transcribed = Transcribed {
            utterance: job.utterance,
            job: job.job,
            purpose: job.purpose,
            result,
            agreed,
            samples: job.samples,
        };
        if answers.send(transcribed).is_err() {
            return;
        }
    }
}
