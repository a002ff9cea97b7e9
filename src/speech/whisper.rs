//! Whisper, by whisper.cpp.
//!
//! Thread: `transcriber`. In: 16 kHz samples, up to 30 s. Out: a [`Transcript`]. Memory: the model once; a state of
//! about 30 MB for each pass that may run at once, lent to whichever call decodes; of each call a padded copy of the
//! utterance, reused. The encoder's window (`audio_ctx`, 50 positions a second) is fitted to what was said, which is
//! where the speed comes from: a full window is 30 s. Words of the playbook are not given to it as a beginning (initial
//! prompt): with eight of the words that were to come, base heard 32 prompts of a person worse (19 % of 283 words wrong
//! for 12, in babble 24 for 16), with others' words in noise, too. Source: whisper.cpp; Radford et al. 2022 for the
//! no-speech rule.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState,
};

use patter_audio::SAMPLE_RATE_HZ;
use patter_config::AsrConfig;
use patter_engine::recognise::{AsrError, Pass, Recogniser, RecogniserSession, Transcript};
use patter_machine::cores::Cores;
use patter_models::ggml;
use patter_types::priority::Priority;

use crate::plausible::{Stretch, is_annotation, is_loop, repeats_itself, without_echo};

/// Encoder positions for a second of sound, whisper.cpp's constant.
const POSITIONS_PER_SECOND: usize = 50;
/// Positions left after the speech: the model was trained with silence there.
const MARGIN_POSITIONS: usize = 32;
/// Positions with which a text that repeats itself is heard again.
const SURE_POSITIONS: usize = 768;
/// What a step of Whisper's timestamps is.
const SECONDS_PER_TIMESTAMP: f32 = 0.02;
/// Positions in Whisper's full window of 30 s.
const MAX_POSITIONS: usize = 1_500;
/// Smallest `asr.min_audio_ctx` with which OpenAI's models say everything once. Tiny.en and base, recordings of people:
/// with 160 to 384 they repeat themselves (25 to 143 % of the words wrong), from 512 on seldom (3 to 12 %). What can be
/// told to be an echo is left out since (base at 384: 35 % wrong before, 10 % after), but in noise 384 hears less.
pub const OPENAI_MIN_AUDIO_CTX: u32 = 512;
/// States that are made before the first call, beyond those that passes of `asr.threads` need; 30 MB each.
const MOST_WARM: u32 = 4;
/// Tokens a second that fast speech cannot exceed; stops runaway repetition.
const MAX_TOKENS_PER_SECOND: usize = 10;

/// A loaded model, shared by all calls.
#[derive(Clone)]
pub struct Model {
    context: Arc<WhisperContext>,
    config: AsrConfig,
    cores: Cores,
    /// States that no pass uses now. A pass leaves nothing in its state that the next one sees, so calls need none of
    /// their own.
    idle: Arc<Mutex<Vec<WhisperState>>>,
}

impl Model {
    /// Loads the model file.
    ///
    /// # Errors
    /// Missing, damaged, or no Whisper model.
    pub fn load(path: &Path, config: &AsrConfig, cores: &Cores) -> Result<Self, AsrError> {
        if !path.is_file() {
            return Err(AsrError::Missing {
                path: path.to_owned(),
            });
        }
        let load = |reason: String| AsrError::Load {
            path: path.to_owned(),
            reason,
        };
        ggml::check(path).map_err(load)?;
        let mut parameters = WhisperContextParameters::new();
        parameters.use_gpu(
            config.gpu && cfg!(any(feature = "cuda", feature = "vulkan", feature = "metal")),
        );
        // A tenth faster on two cores, with no more words wrong.
        parameters.flash_attn(true);
        let context = WhisperContext::new_with_params(path, parameters)
            .map_err(|e| load(format!("{e}; the file is damaged or cut short")))?;
        Ok(Self {
            context: Arc::new(context),
            config: config.clone(),
            cores: cores.clone(),
            idle: Arc::default(),
        })
    }

    /// Makes the states of all passes that may run at once, and warms them by decoding a moment of silence.
    ///
    /// # Errors
    /// No memory.
    pub fn warm(&self) -> Result<(), AsrError> {
        let total = self.cores.total();
        // Where cores are short, passes get half of their threads, and twice as many run; on a large machine the rest
        // is made when it is needed.
        let passes = total / self.config.threads.clamp(1, total);
        let passes = passes.max(total.min(passes * 2).min(MOST_WARM)).max(1);
        let states: Result<Vec<_>, _> = (0..passes).map(|_| self.state()).collect();
        for state in states? {
            self.idle().push(state);
            let silence = [0; SAMPLE_RATE_HZ as usize];
            let mut session = self.session();
            session.transcribe(&silence, Pass::Final, Priority::Interactive, &|| false)?;
        }
        Ok(())
    }

    fn idle(&self) -> MutexGuard<'_, Vec<WhisperState>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> Result<WhisperState, AsrError> {
        let idle = self.idle().pop();
        idle.map_or_else(
            || {
                self.context.create_state().map_err(|e| AsrError::Decode {
                    reason: e.to_string(),
                })
            },
            Ok,
        )
    }
}

impl Recogniser for Model {
    fn session(&self) -> Box<dyn RecogniserSession> {
        Box::new(Session {
            model: self.clone(),
            samples: Vec::with_capacity(30 * SAMPLE_RATE_HZ as usize),
        })
    }
}

/// Sends what whisper.cpp and ggml would write to stderr nowhere. For the program's start.
pub fn be_quiet() {
    whisper_rs::install_logging_hooks();
}

/// Hearing for one call.
pub struct Session {
    model: Model,
    samples: Vec<f32>,
}

impl RecogniserSession for Session {
    /// Of an utterance more than 29 s are cut.
    fn transcribe(
        &mut self,
        utterance: &[i16],
        pass: Pass,
        priority: Priority,
        hurry: &dyn Fn() -> bool,
    ) -> Result<Transcript, AsrError> {
        let rate = SAMPLE_RATE_HZ as usize;
        let utterance = &utterance[..utterance.len().min(29 * rate)];
        self.samples.clear();
        self.samples
            .extend(utterance.iter().map(|&s| f32::from(s) / 32768.0));
        // whisper.cpp refuses less than a second.
        if self.samples.len() < rate + rate / 10 {
            self.samples.resize(rate + rate / 10, 0.0);
        }
        let positions = utterance.len().div_ceil(rate / POSITIONS_PER_SECOND) + MARGIN_POSITIONS;
        let positions = positions
            .max(self.model.config.min_audio_ctx as usize)
            .min(MAX_POSITIONS);
        let started = Instant::now();
        let seconds = utterance.len() as f32 / rate as f32;
        let mut transcript = self.decode(positions, priority, hurry)?;
        let is_worth_it = pass == Pass::Final && positions < MAX_POSITIONS;
        // A short window is what most repetitions come from; a caller's own is heard twice. A model that was taught
        // without timestamps was taught short windows, too.
        let may_be_echo = self.model.config.timestamps && positions < SURE_POSITIONS;
        if is_worth_it && may_be_echo && repeats_itself(&transcript.text) {
            transcript = self.decode(SURE_POSITIONS, priority, hurry)?;
        }
        if is_worth_it && is_loop(&transcript.text, seconds) {
            transcript = self.decode(MAX_POSITIONS, priority, hurry)?;
        }
        if is_loop(&transcript.text, seconds) {
            transcript.text.clear();
        }
        transcript.took_ms = started.elapsed().as_secs_f32() * 1000.0;
        Ok(transcript)
    }
}

impl Session {
    /// Decodes the samples with an encoder window of `positions`.
    fn decode(
        &self,
        positions: usize,
        priority: Priority,
        hurry: &dyn Fn() -> bool,
    ) -> Result<Transcript, AsrError> {
        let config = &self.model.config;
        let seconds = self.samples.len().div_ceil(SAMPLE_RATE_HZ as usize);
        let mut parameters = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        parameters.set_language(Some(&config.language));
        parameters.set_translate(false);
        parameters.set_no_context(true);
        parameters.set_no_timestamps(!config.timestamps);
        parameters.set_single_segment(true);
        parameters.set_temperature(0.0);
        parameters.set_temperature_inc(0.0);
        parameters.set_suppress_blank(true);
        parameters.set_suppress_nst(true);
        parameters.set_audio_ctx(positions as i32);
        parameters.set_max_tokens((seconds * MAX_TOKENS_PER_SECOND + 8) as i32);
        parameters.set_print_special(false);
        parameters.set_print_progress(false);
        parameters.set_print_realtime(false);
        parameters.set_print_timestamps(false);
        let permit = self
            .model
            .cores
            .take_or_hurry(config.threads, priority, hurry);
        parameters.set_n_threads(permit.threads() as i32);
        let mut state = self.model.state()?;
        state
            .full(parameters, &self.samples)
            .map_err(|e| AsrError::Decode {
                reason: e.to_string(),
            })?;
        drop(permit);
        let seconds = self.samples.len() as f32 / SAMPLE_RATE_HZ as f32;
        let transcript = self.collect(&state, seconds);
        self.model.idle().push(state);
        Ok(transcript)
    }

    /// What a pass has found in `seconds` of sound.
    fn collect(&self, state: &WhisperState, seconds: f32) -> Transcript {
        let config = &self.model.config;
        let mut stretches = vec![Stretch::default()];
        let (mut no_speech, mut logprob, mut tokens) = (0.0f32, 0.0f32, 0u32);
        let first_special = self.model.context.token_eot();
        let first_timestamp = self.model.context.token_beg();
        for segment in state.as_iter() {
            no_speech = no_speech.max(segment.no_speech_probability());
            for n in 0..segment.n_tokens() {
                let Some(token) = segment.get_token(n) else {
                    continue;
                };
                let id = token.token_id();
                if id < first_special {
                    logprob += token.token_probability().max(1e-9).ln();
                    tokens += 1;
                    if let Some(stretch) = stretches.last_mut() {
                        stretch
                            .bytes
                            .extend_from_slice(token.to_bytes().unwrap_or_default());
                    }
                } else if id >= first_timestamp {
                    let start_s = (id - first_timestamp) as f32 * SECONDS_PER_TIMESTAMP;
                    stretches.push(Stretch {
                        start_s,
                        bytes: Vec::new(),
                    });
                }
            }
        }
        let text = without_echo(&stretches, seconds);
        let logprob = if tokens == 0 {
            0.0
        } else {
            logprob / tokens as f32
        };
        let text = text.trim();
        let keep = no_speech < config.no_speech_threshold
            && logprob >= config.min_logprob
            && text.chars().any(char::is_alphanumeric)
            && !is_annotation(text);
        Transcript {
            text: if keep { text.to_owned() } else { String::new() },
            no_speech,
            logprob,
            finished: None,
            took_ms: 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_and_short_files_are_refused_before_the_engine_sees_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.bin");
        let config = AsrConfig::default();
        let error = Model::load(&path, &config, &Cores::new(1))
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("is not there"), "{error}");
        for bytes in [
            &b"abc"[..],
            &[0x11; 4_000],
            &[b"lmgg".as_slice(), &[0xff; 4_000]].concat(),
        ] {
            std::fs::write(&path, bytes).unwrap();
            let error = Model::load(&path, &config, &Cores::new(1))
                .err()
                .unwrap()
                .to_string();
            assert!(error.contains("cannot be loaded"), "{error}");
        }
    }
}
