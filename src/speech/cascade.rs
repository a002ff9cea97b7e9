//! Two speech models: a fast one for what is wanted soon, an exact one for what is answered.
//!
//! The fast one tells that somebody interrupts, and what the words are like so far; it leaves the cores to others while
//! a caller speaks for long. The exact one reads each turn once, in the caller's pause. OpenAI's models write words
//! like "Thank you." for noise, where a small one taught on noise hears nothing: a text that the exact one doubts
//! counts only if the fast one hears something, too.
//!
//! Thread: `transcriber`. In: 16 kHz samples. Out: a [`Transcript`]. Memory: that of both models.

use std::sync::Arc;

use patter_engine::recognise::{AsrError, Pass, Recogniser, RecogniserSession, Transcript};
use patter_types::priority::Priority;

/// Two loaded models, shared by all calls.
pub struct Cascade {
    /// For words while the caller still speaks.
    pub fast: Arc<dyn Recogniser>,
    /// For the final ones.
    pub exact: Arc<dyn Recogniser>,
    /// Below this mean log probability the exact one doubts its text. Whisper base, -0.8: what it writes for street
    /// noise, music and silence lies below -0.93 (246 sounds), single words of a person mostly above -0.8.
    pub sure_logprob: f32,
    /// The same for the fast one.
    pub fast_sure_logprob: f32,
}

impl Recogniser for Cascade {
    fn session(&self) -> Box<dyn RecogniserSession> {
        Box::new(Session {
            fast: self.fast.session(),
            exact: self.exact.session(),
            sure_logprob: self.sure_logprob,
            fast_sure_logprob: self.fast_sure_logprob,
        })
    }
}

struct Session {
    fast: Box<dyn RecogniserSession>,
    exact: Box<dyn RecogniserSession>,
    sure_logprob: f32,
    fast_sure_logprob: f32,
}

impl RecogniserSession for Session {
    fn transcribe(
        &mut self,
        utterance: &[i16],
        pass: Pass,
        priority: Priority,
        hurry: &dyn Fn() -> bool,
    ) -> Result<Transcript, AsrError> {
        if pass == Pass::Partial {
            let mut heard = self.fast.transcribe(utterance, pass, priority, hurry)?;
            // Whoever reads it knows one threshold.
            heard.logprob += self.sure_logprob - self.fast_sure_logprob;
            return Ok(heard);
        }
        let mut heard = self.exact.transcribe(utterance, pass, priority, hurry)?;
        if heard.text.is_empty() || heard.logprob >= self.sure_logprob {
            return Ok(heard);
        }
        let second = self.fast.transcribe(utterance, pass, priority, hurry)?;
        heard.took_ms += second.took_ms;
        if second.text.is_empty() {
            heard.text.clear();
        }
        Ok(heard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hears the same in every sound, and says which model it was by its time.
    #[derive(Clone, Copy)]
    struct Fixed(&'static str, f32, f32);

    impl Recogniser for Fixed {
        fn session(&self) -> Box<dyn RecogniserSession> {
            Box::new(*self)
        }
    }

    impl RecogniserSession for Fixed {
        fn transcribe(
            &mut self,
            _: &[i16],
            _: Pass,
            _: Priority,
            _: &dyn Fn() -> bool,
        ) -> Result<Transcript, AsrError> {
            Ok(Transcript {
                text: self.0.into(),
                no_speech: 0.0,
                logprob: self.1,
                finished: None,
                took_ms: self.2,
            })
        }
    }

    fn heard(fast: &'static str, exact: &'static str, logprob: f32, pass: Pass) -> (String, f32) {
        let cascade = Cascade {
            fast: Arc::new(Fixed(fast, -0.1, 1.0)),
            exact: Arc::new(Fixed(exact, logprob, 10.0)),
            sure_logprob: -0.8,
            fast_sure_logprob: -0.5,
        };
        let transcript = cascade
            .session()
            .transcribe(&[0; 320], pass, Priority::Interactive, &|| false)
            .unwrap();
        (transcript.text, transcript.took_ms)
    }

    #[test]
    fn partials_are_the_fast_ones_and_finals_the_exact_ones() {
        let heard = |pass| heard("a fast text of words", "an exact text of words", -0.1, pass);
        assert_eq!(heard(Pass::Partial), ("a fast text of words".into(), 1.0));
        assert_eq!(heard(Pass::Final), ("an exact text of words".into(), 10.0));
    }

    #[test]
    fn a_partial_is_as_sure_as_its_own_model_is() {
        let cascade = |logprob| Cascade {
            fast: Arc::new(Fixed("hm", logprob, 1.0)),
            exact: Arc::new(Fixed("", 0.0, 1.0)),
            sure_logprob: -0.8,
            fast_sure_logprob: -0.5,
        };
        let logprob = |logprob| {
            let mut session = cascade(logprob).session();
            let heard =
                session.transcribe(&[0; 320], Pass::Partial, Priority::Interactive, &|| false);
            heard.unwrap().logprob
        };
        assert!(logprob(-0.6) < -0.8 && logprob(-0.4) > -0.8);
    }

    #[test]
    fn what_only_the_exact_one_hears_counts_if_it_is_sure() {
        let last = |fast, exact, logprob| heard(fast, exact, logprob, Pass::Final);
        assert_eq!(last("", "Thank you.", -0.1), ("Thank you.".into(), 10.0));
        assert_eq!(last("", "Thank you.", -1.1), (String::new(), 11.0));
        assert_eq!(
            last("tank you", "Thank you.", -1.1),
            ("Thank you.".into(), 11.0)
        );
        let long = "I would like to come on Monday.";
        assert_eq!(last("", long, -0.2), (long.into(), 10.0));
        assert_eq!(last("", long, -0.9), (String::new(), 11.0));
        assert_eq!(last("x", "", 0.0), (String::new(), 10.0));
    }
}
