//! Two stories that a synthetic caller plays, each against its playbook, and the voice in which.

use std::path::PathBuf;
use std::sync::Arc;

use patter_config::{EspeakConfig, Loaded};
use patter_engine::voice::{Sound, Speaker, TtsError, Voice};
use patter_speech::espeak::Espeak;
use patter_speech::piper::PiperVoice;

use super::{Cue, ScriptLine, ScriptedCaller, trim};

/// The caller's voice by espeak-ng: another one than the agent's, of those that the default speech model knows.
const CALLER_VOICE: &str = "en-us+f3";
const CALLER_WORDS_PER_MINUTE: u32 = 160;

/// The caller's script: a sale with questions, an interruption, and something that no approved line answers.
const FITNESS: &[(Cue, &str)] = &[
    (Cue::Turn, "Sure, go ahead."),
    (Cue::Turn, "I want to lose weight."),
    (Cue::Turn, "How much is it?"),
    (Cue::Interrupt { after_ms: 1_200 }, "It's too expensive."),
    (Cue::Turn, "I moved in March."),
    (Cue::Turn, "Yes, please."),
    (Cue::Turn, "Saturday is better."),
    (Cue::Turn, "Thanks, bye."),
];

const BANK: &[(Cue, &str)] = &[
    (Cue::Turn, "I was charged twice."),
    (Cue::Turn, "My account number is four five one two."),
    (Cue::Turn, "That's right."),
    (Cue::Interrupt { after_ms: 1_200 }, "Are you a robot?"),
    (Cue::Turn, "I want my money back."),
    (Cue::Turn, "Yes, please."),
    (Cue::Turn, "Thanks, bye."),
];

/// Which call is played.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Story {
    /// A club sells a membership
    Fitness,
    /// A bank's customer complains
    Bank,
}

impl Story {
    /// Its playbook.
    pub fn playbook(self) -> &'static str {
        match self {
            Self::Fitness => "playbooks/fitness.toml",
            Self::Bank => "playbooks/bank_complaint.toml",
        }
    }

    fn script(self) -> &'static [(Cue, &'static str)] {
        match self {
            Self::Fitness => FITNESS,
            Self::Bank => BANK,
        }
    }
}

/// Another person by the same voice: its sound runs so much faster, and its speech as much slower.
const CALLER_PITCH: f32 = 1.16;

/// A voice with a higher pitch.
struct Higher(PiperVoice);

impl Voice for Higher {
    fn rate_hz(&self) -> u32 {
        (self.0.rate_hz() as f32 * CALLER_PITCH) as u32
    }

    fn language(&self) -> &str {
        self.0.language()
    }

    fn speak(&self, text: &str) -> Result<Sound, TtsError> {
        self.0.speak(text)
    }
}

/// The caller's voice: the agent's Piper voice, higher, where that is what the agent speaks with, for a speech model
/// that is made for people hears espeak-ng badly; else one of espeak-ng's.
///
/// # Errors
/// The voice's files are missing.
pub fn caller_voice(loaded: &Loaded) -> anyhow::Result<Speaker> {
    if loaded.config.tts.engine == "piper" {
        let mut loaded = loaded.clone();
        loaded.config.tts.piper.length_scale *= CALLER_PITCH;
        let voice = Higher(PiperVoice::load(&loaded)?);
        return Ok(Speaker::new(Arc::new(voice), 0));
    }
    let voice: Arc<dyn Voice> = Arc::new(Espeak::load(
        &loaded.model(&PathBuf::new()),
        &EspeakConfig {
            voice: CALLER_VOICE.into(),
            words_per_minute: CALLER_WORDS_PER_MINUTE,
            ..EspeakConfig::default()
        },
    )?);
    Ok(Speaker::new(voice, 0))
}

/// Speaks the lines of a story in the caller's voice.
///
/// # Errors
/// As [`caller_voice`]; the voice failed.
pub fn caller(loaded: &Loaded, story: Story) -> anyhow::Result<ScriptedCaller> {
    let speaker = caller_voice(loaded)?;
    let lines = story.script().iter().map(|(cue, text)| {
        Ok(ScriptLine {
            cue: *cue,
            text: (*text).to_owned(),
            samples: trim(&speaker.speak(text, false)?.samples),
        })
    });
    Ok(ScriptedCaller::new(lines.collect::<anyhow::Result<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_story_has_four_turns_and_an_interruption() {
        for story in [Story::Fitness, Story::Bank] {
            let script = story.script();
            assert!(script.len() >= 5);
            assert_eq!(script.iter().filter(|l| l.0 != Cue::Turn).count(), 1);
        }
    }
}
