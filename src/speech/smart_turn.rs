//! End of turn by sound: Smart Turn v3.2 (pipecat), by ONNX Runtime.
//!
//! Thread: one for each pass, beside the words. In: an utterance of 16 kHz with the pause after it. Out: how probable
//! it is that the speaker has finished, by melody and pace, whatever the words. Memory: the model once, 40 to 70 MB
//! with the runtime; a lock lets one pass through at a time. When late: the words wait for it. When it fails: the
//! words alone decide, and the log says so. Source: the model's card; the sound becomes numbers as Whisper's feature
//! extractor makes them, of 8 s in place of 30.
//!
//! What the vote brings (`patter eval endpoint`, Whisper base, human prompts by telephone; the thresholds were chosen
//! on the English ones, the Spanish ones were not looked at): how long a whole sentence is waited for, the share of
//! the speaker's own pauses that end the turn, and that of stops inside a sentence that would by a pause of 600 ms.
//!
//! | prompts | by | wait: median, mean, p95 | own pauses cut | stops inside cut |
//! |---|---|---|---|---|
//! | English, 253 | words | 520, 519, 900 ms | 1 of 181 | 59.5 % of 195 |
//! | | words and sound | 400, 469, 900 ms | 2 of 181 | 38.5 % |
//! | Spanish, 70 | words | 520, 551, 900 ms | 0 of 35 | 56.1 % of 57 |
//! | | words and sound | 520, 514, 900 ms | 0 of 35 | 40.4 % |

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ort::session::Session as OrtSession;
use ort::value::Tensor;
use patter_audio::SAMPLE_RATE_HZ;
use patter_engine::recognise::{AsrError, Pass, Recogniser, RecogniserSession, Transcript};
use patter_types::priority::Priority;
use realfft::{RealFftPlanner, RealToComplex};

use crate::runtime;

/// What the model looks at: the last 8 s.
const SAMPLES: usize = 8 * SAMPLE_RATE_HZ as usize;
/// Whisper's frames: 25 ms each 10 ms.
const FRAME: usize = 400;
const HOP: usize = 160;
const FRAMES: usize = SAMPLES / HOP;
const BINS: usize = FRAME / 2 + 1;
/// Whisper's mel bands.
const BANDS: usize = 80;
/// Added to the variance, and least energy of a band, as Whisper's extractor has them.
const VARIANCE_EPSILON: f32 = 1e-7;
const LEAST_ENERGY: f32 = 1e-10;

/// The loaded model, shared by all calls.
pub struct SmartTurn {
    session: Mutex<OrtSession>,
    features: Features,
}

impl SmartTurn {
    /// Loads the model, and ONNX Runtime from `library`.
    ///
    /// # Errors
    /// Missing or damaged files.
    pub fn load(path: &Path, library: &Path) -> Result<Self, AsrError> {
        if !path.is_file() {
            let path = path.to_owned();
            return Err(AsrError::Missing { path });
        }
        let fail = |reason: String| AsrError::Load {
            path: path.to_owned(),
            reason: reason.replace('\n', " "),
        };
        if !library.is_file() {
            let library = library.display();
            return Err(fail(format!(
                "it needs ONNX Runtime, and `{library}` is not there"
            )));
        }
        runtime::load(library).map_err(fail)?;
        let session = || {
            OrtSession::builder()?
                .with_intra_threads(1)?
                .commit_from_file(path)
        };
        let session = session().map_err(|error: ort::Error| fail(error.to_string()))?;
        let loaded = Self {
            session: Mutex::new(session),
            features: Features::new(),
        };
        // A model of another kind is found now, not in a call.
        loaded.finished(&[]).map_err(fail)?;
        Ok(loaded)
    }

    /// Probability that whoever says `utterance` has finished.
    ///
    /// # Errors
    /// What the engine said.
    pub fn finished(&self, utterance: &[i16]) -> Result<f32, String> {
        let shape = [1usize, BANDS, FRAMES];
        let features = self.features.of(utterance);
        let run = || {
            let input = Tensor::from_array((shape, features))?;
            let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
            let found = session.run(ort::inputs![input])?;
            let (_, values) = found[0].try_extract_tensor::<f32>()?;
            Ok(values.first().copied())
        };
        let found = run().map_err(|error: ort::Error| error.to_string())?;
        found.ok_or_else(|| "the model answers with nothing".to_owned())
    }
}

/// A recogniser whose words come with how the sound of them ends.
pub struct Listening {
    /// For the words.
    pub words: Arc<dyn Recogniser>,
    /// For the sound.
    pub sound: Arc<SmartTurn>,
}

impl Recogniser for Listening {
    fn session(&self) -> Box<dyn RecogniserSession> {
        Box::new(Session {
            words: self.words.session(),
            sound: Arc::clone(&self.sound),
        })
    }
}

struct Session {
    words: Box<dyn RecogniserSession>,
    sound: Arc<SmartTurn>,
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
            return self.words.transcribe(utterance, pass, priority, hurry);
        }
        std::thread::scope(|scope| {
            let sound = &self.sound;
            let builder = std::thread::Builder::new().name("turn-end".into());
            let finished = builder.spawn_scoped(scope, || sound.finished(utterance));
            let mut heard = self.words.transcribe(utterance, pass, priority, hurry)?;
            let finished = finished
                .map_err(|error| error.to_string())
                .and_then(|thread| thread.join().unwrap_or_else(|_| Err("it ended".into())));
            heard.finished = finished
                .inspect_err(|error| {
                    let why = format!("the words alone tell where a turn ends: {error}");
                    patter_machine::log::warn(&why);
                })
                .ok();
            Ok(heard)
        })
    }
}

/// Whisper's log mel spectrogram of 8 s.
struct Features {
    fourier: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    /// For each band its first bin, and the weights from there on.
    bands: Vec<(usize, Vec<f32>)>,
}

impl Features {
    fn new() -> Self {
        let turn = std::f32::consts::TAU / FRAME as f32;
        let window = (0..FRAME).map(|n| 0.5 - 0.5 * (n as f32 * turn).cos());
        Self {
            fourier: RealFftPlanner::new().plan_fft_forward(FRAME),
            window: window.collect(),
            bands: bands(),
        }
    }

    /// `BANDS` rows of `FRAMES`; a short utterance has silence before it.
    fn of(&self, utterance: &[i16]) -> Vec<f32> {
        let utterance = &utterance[utterance.len().saturating_sub(SAMPLES)..];
        let mut sound = vec![0.0f32; SAMPLES - utterance.len()];
        sound.extend(utterance.iter().map(|&x| f32::from(x) / 32_768.0));
        normalise(&mut sound);
        let pad = FRAME / 2;
        let before: Vec<f32> = sound[1..=pad].iter().rev().copied().collect();
        let after: Vec<f32> = sound[SAMPLES - 1 - pad..SAMPLES - 1]
            .iter()
            .rev()
            .copied()
            .collect();
        let padded = [before, sound, after].concat();

        let mut frame = self.fourier.make_input_vec();
        let mut spectrum = self.fourier.make_output_vec();
        let mut found = vec![0.0f32; BANDS * FRAMES];
        for number in 0..FRAMES {
            let from = &padded[number * HOP..];
            for ((out, x), weight) in frame.iter_mut().zip(from).zip(&self.window) {
                *out = x * weight;
            }
            // It fails on other lengths only, and these are its own.
            if self.fourier.process(&mut frame, &mut spectrum).is_err() {
                continue;
            }
            let energies: Vec<f32> = spectrum.iter().map(|x| x.norm_sqr()).collect();
            for (band, (first, weights)) in self.bands.iter().enumerate() {
                let bins = energies[*first..].iter().zip(weights);
                let energy: f32 = bins.map(|(energy, weight)| energy * weight).sum();
                found[band * FRAMES + number] = energy.max(LEAST_ENERGY).log10();
            }
        }
        let least = found.iter().copied().fold(f32::MIN, f32::max) - 8.0;
        for x in &mut found {
            *x = (x.max(least) + 4.0) / 4.0;
        }
        found
    }
}

/// Zero mean and a variance of one.
fn normalise(sound: &mut [f32]) {
    let count = sound.len() as f64;
    let mean = sound.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
    let variance = (sound.iter().map(|&x| (f64::from(x) - mean).powi(2))).sum::<f64>() / count;
    let scale = (variance as f32 + VARIANCE_EPSILON).sqrt();
    for x in sound {
        *x = (*x - mean as f32) / scale;
    }
}

/// Slaney's mel bands from 0 to 8 kHz, each of the same area: linear below 1 kHz, 27 steps for a factor of 6.4 above.
fn bands() -> Vec<(usize, Vec<f32>)> {
    const BREAK_HZ: f64 = 1_000.0;
    const BREAK_MEL: f64 = 15.0;
    let step = 6.4f64.ln() / 27.0;
    let half_rate_hz = f64::from(SAMPLE_RATE_HZ) / 2.0;
    let highest_mel = BREAK_MEL + (half_rate_hz / BREAK_HZ).ln() / step;
    let hz = |number: usize| {
        let mel = highest_mel * number as f64 / (BANDS + 1) as f64;
        if mel < BREAK_MEL {
            mel * BREAK_HZ / BREAK_MEL
        } else {
            BREAK_HZ * ((mel - BREAK_MEL) * step).exp()
        }
    };
    let band = |number: usize| {
        let (low, middle, high) = (hz(number), hz(number + 1), hz(number + 2));
        let weight = |bin: usize| {
            let at = half_rate_hz * bin as f64 / (BINS - 1) as f64;
            let slope = ((at - low) / (middle - low)).min((high - at) / (high - middle));
            (slope.max(0.0) * 2.0 / (high - low)) as f32
        };
        let first = (0..BINS).find(|&bin| weight(bin) > 0.0).unwrap_or(0);
        let weights = (first..BINS).map(weight).take_while(|&weight| weight > 0.0);
        (first, weights.collect())
    };
    (0..BANDS).map(band).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two tones that die away, 2 s.
    fn tones() -> Vec<i16> {
        let tone = |hz: f64, n: f64| (hz * n * std::f64::consts::TAU / 16_000.0).sin();
        let at = |n: f64| {
            (6_000.0 * tone(440.0, n) + 3_000.0 * tone(2_500.0, n)) * (-n / 20_000.0).exp()
        };
        (0..32_000).map(|n| at(f64::from(n)) as i16).collect()
    }

    #[test]
    fn features_are_those_of_whispers_own_extractor() {
        let found = Features::new().of(&tones());
        // Made by pipecat's, which is Whisper's for 8 s, in Python.
        for (band, frame, expected) in [
            (0, 0, -0.0819),
            (10, 650, 1.7447),
            (11, 650, 1.8342),
            (52, 650, 0.4164),
            (53, 700, 0.0157),
            (52, 799, 0.3418),
            (79, 700, -0.0819),
            (30, 599, 0.2483),
        ] {
            let value = found[band * FRAMES + frame];
            assert!((value - expected).abs() < 2e-3, "{band} {frame}: {value}");
        }
        let mean = found.iter().sum::<f32>() / found.len() as f32;
        assert!((mean + 0.03873).abs() < 1e-3, "{mean}");
    }

    #[test]
    fn the_model_finds_what_it_finds_in_python_whatever_the_length() {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
        let path = models.join("smart-turn-v3.2-cpu.onnx");
        let library = models.join("libonnxruntime.so");
        if !path.is_file() {
            eprintln!("skipped: `patter models fetch smart-turn-v3.2` brings what this test needs");
            return;
        }
        let model = SmartTurn::load(&path, &library).unwrap();
        let finished = model.finished(&tones()).unwrap();
        assert!((finished - 0.985).abs() < 0.02, "{finished}");
        for length in [0, 1, SAMPLES - 1, SAMPLES, SAMPLES + 1, 20 * 16_000] {
            let found = model.finished(&vec![100; length]).unwrap();
            assert!((0.0..=1.0).contains(&found), "{length}: {found}");
        }
        // A voice is a model of another kind.
        let voice = models.join("en_US-joe-medium.onnx");
        if voice.is_file() {
            let error = SmartTurn::load(&voice, &library).err().unwrap();
            assert!(error.to_string().contains("cannot be loaded"), "{error}");
        }
    }

    #[test]
    fn a_missing_or_damaged_model_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let [model, library] = ["m.onnx", "lib.so"].map(|name| folder.path().join(name));
        let load = || SmartTurn::load(&model, &library).err().unwrap().to_string();
        assert!(load().contains("is not there"));
        std::fs::write(&model, b"no model").unwrap();
        assert!(load().contains("it needs ONNX Runtime, and"));
    }
}
