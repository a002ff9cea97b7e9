//! `patter eval asr`: how well the speech model hears, by voice, line and noise.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::caller::measure::{active_dbfs, scale, trim};
use crate::caller::noise::{Noise, at_snr};
use crate::caller::phone::telephone;
use crate::score::{Errors, errors};
use anyhow::ensure;
use patter_audio::{SAMPLE_RATE_HZ, ms_to_samples};
use patter_config::{EspeakConfig, Loaded};
use patter_engine::recognise::{Pass, RecogniserSession, Transcript};
use patter_engine::voice::{Speaker, Voice};
use patter_machine::cores::Cores;
use patter_speech::espeak::Espeak;
use patter_types::priority::Priority;
use serde::Serialize;

use super::percent;
use super::sentences::{self, Sentence};

/// Silence before and after the words, as a call's own pre-roll and pause leave it.
const LEAD_MS: u32 = 200;
const TAIL_MS: u32 = 300;
/// Level of the speech, in dBFS where it is audible.
const SPEECH_DBFS: f32 = -20.0;
/// Lengths of what is no speech, its levels, and how many noises of each kind, length and level.
const NOTHING_MS: [u32; 3] = [1_000, 2_000, 4_000];
const NOTHING_DBFS: [f32; 5] = [-60.0, -50.0, -40.0, -30.0, -20.0];
const NOISES: usize = 4;
/// How often to say how far it is.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Speaks sentences with several voices, over clear and bad lines, and counts what the speech model hears wrong.
///
/// Word and character errors, names and strings of digits that are right as a whole, speech that is taken for silence,
/// noise that is taken for speech, and the time it takes. Numbers are compared as words. Exits with 1 when a
/// `--max-wer` is missed.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Sentences: kind, words, names in them (by `;`), and for recordings voice and WAV file, separated by tabs
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Voices of espeak-ng that speak the sentences which have no WAV file
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "VOICE,…",
        default_value = "en-us,en-us+f3,en-gb"
    )]
    voices: Vec<String>,
    /// More of them, counted apart: voices that the model was not trained on
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "VOICE,…",
        default_value = "en-us+m7,en-gb+f4,en-gb-scotland+m2"
    )]
    unseen: Vec<String>,
    /// Signal-to-noise ratios, in dB
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "DB,…",
        default_value = "20,10,5"
    )]
    snr: Vec<f32>,
    /// Take every Nth sentence only
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    every: u32,
    /// Print what was heard wrong on the clear line
    #[arg(long)]
    mistakes: bool,
    /// Highest word error rate of the first row, 0 to 1
    #[arg(long, value_name = "SHARE")]
    max_wer: Option<f32>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// What happens to the sound on its way.
#[derive(Clone, Copy, PartialEq)]
enum Line {
    Clear,
    Phone,
    Noisy(Noise, f32),
}

impl Line {
    fn name(self) -> String {
        match self {
            Self::Clear => "clear".into(),
            Self::Phone => "phone".into(),
            Self::Noisy(noise, snr_db) => format!("{} {snr_db} dB", noise.name()),
        }
    }
}

/// What was heard of many utterances.
#[derive(Default, Clone, Serialize)]
struct Score {
    utterances: u32,
    #[serde(flatten)]
    errors: Errors,
    /// Speech of which nothing was heard.
    unheard: u32,
    #[serde(skip)]
    took_ms: Vec<f32>,
    #[serde(skip)]
    audio_ms: f32,
}

#[derive(Serialize)]
struct Row {
    voices: String,
    line: String,
    kind: String,
    #[serde(flatten)]
    score: Score,
    wer: f32,
    cer: f32,
    names_share: Option<f32>,
    digits_share: Option<f32>,
    unheard_share: f32,
    median_ms: f32,
    p95_ms: f32,
    realtime_factor: f32,
}

impl Row {
    fn of((voices, line, kind): (String, String, String), mut score: Score) -> Self {
        let (median_ms, p95_ms) = crate::report::median_p95(&mut score.took_ms);
        let share = |value: f32| (!value.is_nan()).then_some(value);
        Self {
            wer: score.errors.wer(),
            cer: score.errors.cer(),
            names_share: share(score.errors.names_share()),
            digits_share: share(score.errors.digits_share()),
            unheard_share: score.unheard as f32 / score.utterances as f32,
            median_ms,
            p95_ms,
            realtime_factor: score.took_ms.iter().sum::<f32>() / score.audio_ms,
            voices,
            line,
            kind,
            score,
        }
    }
}

/// Sounds that are no speech, and how many gave no text.
#[derive(Serialize)]
struct Nothing {
    sounds: u32,
    silent: u32,
}

#[derive(Serialize)]
struct Report<'a> {
    model: &'a Path,
    threads: u32,
    rows: &'a [Row],
    no_speech: Nothing,
}

pub(crate) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    let sentences = sentences::load(&options.data, options.every)?;
    for db in &options.snr {
        ensure!(
            (-30.0..=60.0).contains(db),
            "`{db}` is no signal-to-noise ratio from -30 to 60 dB"
        );
    }
    let config = &loaded.config.asr;
    let model = patter_assembly::recogniser(loaded, &Cores::of_machine())?;
    let mut bench = Bench {
        session: model.session(),
        babble: Vec::new(),
        scores: Vec::new(),
        mistakes: options.mistakes,
    };
    let mut utterances = spoken(loaded, options, &sentences)?;
    bench.babble = utterances.iter().map(|u| u.sound.clone()).collect();
    let noisy = |snr_db: &f32| Noise::ALL.map(|noise| Line::Noisy(noise, *snr_db));
    let mut lines = vec![Line::Clear, Line::Phone];
    lines.extend(options.snr.iter().flat_map(noisy));
    // Voices one after the other would heat the processor unevenly between rows.
    utterances.sort_by_key(|u| u.sentence);
    let (mut told, total) = (Instant::now(), utterances.len() * lines.len());
    for (number, utterance) in utterances.iter().enumerate() {
        for (nth, line) in lines.iter().enumerate() {
            bench.hear(utterance, &sentences[utterance.sentence], *line)?;
            if told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                eprintln!("{} of {total} utterances", number * lines.len() + nth);
            }
        }
    }
    let no_speech = bench.nothing()?;
    let rows: Vec<Row> = bench
        .scores
        .into_iter()
        .map(|(key, score)| Row::of(key, score))
        .collect();
    let threads = config.threads;
    let report = Report {
        model: &config.model,
        threads,
        rows: &rows,
        no_speech,
    };
    if options.json {
        crate::report::print_json(&report)?;
    } else {
        print(&report);
    }
    let missed = options
        .max_wer
        .is_some_and(|most| rows.first().is_some_and(|row| row.wer > most));
    Ok(ExitCode::from(u8::from(missed)))
}

/// A sentence in one voice.
struct Utterance {
    sentence: usize,
    voices: String,
    /// 16 kHz, without silence around it.
    sound: Vec<i16>,
}

/// The recordings, and every voice on what was not recorded.
fn spoken(
    loaded: &Loaded,
    options: &Options,
    sentences: &[Sentence],
) -> anyhow::Result<Vec<Utterance>> {
    let mut utterances = Vec::new();
    let mut add = |sentence: usize, voices: &str, sound: &[i16]| {
        let sound = trim(sound);
        utterances.push(Utterance {
            sentence,
            voices: voices.to_owned(),
            sound: scale(&sound, SPEECH_DBFS - active_dbfs(&sound)),
        });
    };
    for (number, sentence) in sentences.iter().enumerate() {
        if let Some((voice, file)) = &sentence.recording {
            add(number, voice, &sentences::recorded(file)?);
        }
    }
    for (group, voices) in [("seen", &options.voices), ("unseen", &options.unseen)] {
        for voice in voices.iter().filter(|voice| !voice.is_empty()) {
            let config = EspeakConfig {
                voice: voice.clone(),
                ..loaded.config.tts.espeak.clone()
            };
            let voice: Arc<dyn Voice> =
                Arc::new(Espeak::load(&loaded.model(&PathBuf::new()), &config)?);
            let speaker = Speaker::new(voice, 0);
            for (number, sentence) in sentences.iter().enumerate() {
                if sentence.recording.is_none() {
                    add(
                        number,
                        group,
                        &speaker.speak(&sentence.words, false)?.samples,
                    );
                }
            }
        }
    }
    Ok(utterances)
}

struct Bench {
    session: Box<dyn RecogniserSession>,
    /// What other people say.
    babble: Vec<Vec<i16>>,
    /// In the order in which they came; the kind `all` before the others.
    scores: Vec<((String, String, String), Score)>,
    mistakes: bool,
}

impl Bench {
    fn hear(
        &mut self,
        utterance: &Utterance,
        sentence: &Sentence,
        line: Line,
    ) -> anyhow::Result<()> {
        let mut sound = vec![0; ms_to_samples(LEAD_MS)];
        sound.extend_from_slice(&utterance.sound);
        sound.resize(sound.len() + ms_to_samples(TAIL_MS), 0);
        let sound = match line {
            Line::Clear => sound,
            Line::Phone => telephone(&sound)?,
            Line::Noisy(noise, snr_db) => {
                let others = self.others(utterance.sentence);
                let noise = noise.make(sound.len(), &others, utterance.sentence as u64);
                let noise = at_snr(&noise, SPEECH_DBFS, snr_db);
                let mixed = sound.iter().zip(&noise);
                mixed.map(|(s, n)| s.saturating_add(*n)).collect()
            }
        };
        let heard = self
            .session
            .transcribe(&sound, Pass::Final, Priority::Interactive, &|| false)?;
        let errors = errors(&sentence.words, &heard.text, &sentence.names);
        if self.mistakes && line == Line::Clear && errors.word_errors > 0 {
            let told = told(&heard);
            eprintln!("{}: {} | {told}", utterance.voices, sentence.words);
        }
        for kind in ["all", &sentence.kind] {
            // By kind on the clear line only: thirty rows are enough.
            if kind != "all" && line != Line::Clear {
                continue;
            }
            let key = (utterance.voices.clone(), line.name(), kind.to_owned());
            let at = self.scores.iter().position(|(there, _)| *there == key);
            let at = at.unwrap_or_else(|| {
                self.scores.push((key, Score::default()));
                self.scores.len() - 1
            });
            let score = &mut self.scores[at].1;
            score.utterances += 1;
            score.errors += errors;
            score.unheard += u32::from(heard.text.is_empty());
            score.took_ms.push(heard.took_ms);
            score.audio_ms += sound.len() as f32 * 1_000.0 / SAMPLE_RATE_HZ as f32;
        }
        Ok(())
    }

    /// People who say something else.
    fn others(&self, than: usize) -> Vec<Vec<i16>> {
        let all = self.babble.iter().cycle().skip(than * 7 + 3);
        all.take(crate::caller::noise::BABBLE_VOICES)
            .cloned()
            .collect()
    }

    /// Silence and noise, from hardly audible to loud, clear and by telephone.
    fn nothing(&mut self) -> anyhow::Result<Nothing> {
        let mut heard = Nothing {
            sounds: 0,
            silent: 0,
        };
        let mut sounds: BTreeMap<String, Vec<i16>> = BTreeMap::new();
        for length_ms in NOTHING_MS {
            let length = ms_to_samples(length_ms);
            let silence = vec![0; length];
            sounds.insert(format!("silence {length_ms} phone"), telephone(&silence)?);
            sounds.insert(format!("silence {length_ms}"), silence);
            for noise in [Noise::Street, Noise::Music] {
                for level_dbfs in NOTHING_DBFS.repeat(NOISES) {
                    let seed = sounds.len() as u64;
                    let sound = at_snr(&noise.make(length, &[], seed), level_dbfs, 0.0);
                    let name = format!("{} {seed} {length_ms} ms {level_dbfs} dBFS", noise.name());
                    sounds.insert(format!("{name} phone"), telephone(&sound)?);
                    sounds.insert(name, sound);
                }
            }
        }
        for (name, sound) in sounds {
            let transcript =
                self.session
                    .transcribe(&sound, Pass::Final, Priority::Interactive, &|| false)?;
            heard.sounds += 1;
            heard.silent += u32::from(transcript.text.is_empty());
            if self.mistakes && !transcript.text.is_empty() {
                eprintln!("{name}: | {}", told(&transcript));
            }
        }
        Ok(heard)
    }
}

/// A transcript and how sure of it the model is.
fn told(transcript: &Transcript) -> String {
    format!(
        "{} | log probability {:.2}, no speech {:.2}",
        transcript.text, transcript.logprob, transcript.no_speech
    )
}

fn print(report: &Report<'_>) {
    let of = |share: Option<f32>| percent(share.unwrap_or(f32::NAN));
    println!(
        "{}, {} threads; percent, times in ms\n",
        report.model.display(),
        report.threads
    );
    println!(
        "{:10}{:14}{:10}{:>6}{:>7}{:>7}{:>7}{:>7}{:>8}{:>9}{:>8}{:>7}{:>7}",
        "voices",
        "line",
        "kind",
        "n",
        "words",
        "WER",
        "CER",
        "names",
        "digits",
        "unheard",
        "median",
        "p95",
        "RTF"
    );
    for row in report.rows {
        println!(
            "{:10}{:14}{:10}{:>6}{:>7}{:>7}{:>7}{:>7}{:>8}{:>9}{:>8.0}{:>7.0}{:>7.3}",
            row.voices,
            row.line,
            row.kind,
            row.score.utterances,
            row.score.errors.words,
            percent(row.wer),
            percent(row.cer),
            of(row.names_share),
            of(row.digits_share),
            percent(row.unheard_share),
            row.median_ms,
            row.p95_ms,
            row.realtime_factor
        );
    }
    let Nothing { sounds, silent } = report.no_speech;
    println!(
        "\nno speech (silence, street, music, {} to {} s, clear and by phone): no text in {} of {sounds} ({} %)",
        NOTHING_MS[0] / 1_000,
        NOTHING_MS[2] / 1_000,
        silent,
        percent(silent as f32 / sounds as f32)
    );
}
