//! `patter eval endpoint`: where the agent takes turns to end, by the words and by the sound.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::ensure;
use patter_audio::level::dbfs;
use patter_audio::{SAMPLE_RATE_HZ, ms_to_samples};
use patter_config::Loaded;
use patter_engine::recognise::{Pass, RecogniserSession};
use patter_language::reading::{self, Ending};
use patter_machine::cores::Cores;
use patter_turn::endpointing::{Delays, Pace, by_sound, delay_ms};
use patter_types::expect::Expect;
use patter_types::priority::Priority;
use serde::Serialize;

use super::sentences;
use super::{Figures, percent};
use crate::caller::measure::{active_dbfs, scale, trim};
use crate::caller::phone::telephone;

/// Silence before a sentence, and what a caller has been silent when the words are decoded.
const LEAD_MS: u32 = 200;
const TAIL_MS: u32 = 200;
/// Level of the speech, in dBFS where it is audible.
const SPEECH_DBFS: f32 = -20.0;
/// Pieces of which each is sound or silence, 10 ms.
const PIECE: usize = SAMPLE_RATE_HZ as usize / 100;
/// A piece so far below the speech is silence, in dB.
const BELOW_DB: f32 = 25.0;
/// A silence inside a sentence that is so long is a pause of the speaker's own, in ms.
const OWN_PAUSE_MS: u32 = 120;
/// A shorter one of at least this is the end of a word or of a syllable: somebody could stop there to think.
const WORD_END_MS: u32 = 30;
/// Such an end is taken from this part of the sentence, where the sentence is no fragment of one word.
const MIDDLE: std::ops::Range<f32> = 0.25..0.8;
const LEAST_MS: u32 = 1_200;
/// Lengths of a pause of thought, in ms.
const THOUGHTS_MS: [u32; 3] = [400, 600, 800];

/// Plays recorded sentences of people by telephone, whole and cut off inside, and tells how long the agent would wait.
///
/// Whole ones should be answered soon. A caller who pauses inside one should not be cut off: at pauses that the speaker
/// made (each with its own length), and where a word ends in the middle of a sentence (with pauses of thought). One row
/// by the words alone, one with the sound where `turn.endpointing.sound_model` names a model. The pace of a caller and
/// what a stage asks for are left out. `scripts/human_prompts.py` makes such data.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Sentences: kind, words, names in them (by `;`), voice and WAV file, separated by tabs
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Take every Nth sentence only
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    every: u32,
    /// One JSON array
    #[arg(long)]
    json: bool,
}

/// Where a sound stops.
#[derive(Clone, Copy, PartialEq)]
enum Stop {
    /// At the end of all that is said.
    End,
    /// At a pause of the speaker's own, of this length.
    Pause(u32),
    /// At the end of a word.
    Inside,
}

/// What the agent would do at a stop.
struct Found {
    stop: Stop,
    by_words_ms: u32,
    by_both_ms: Option<u32>,
}

#[derive(Serialize)]
struct Row {
    by: &'static str,
    /// Silence that is waited for after a whole sentence, in ms.
    waited_ms: Option<Figures>,
    waited_mean_ms: f32,
    own_pauses: usize,
    own_pauses_cut: f32,
    word_ends: usize,
    /// Share that is cut off by a pause of each of [`THOUGHTS_MS`].
    word_ends_cut: [f32; THOUGHTS_MS.len()],
}

pub(crate) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    let sentences = sentences::load(&options.data, options.every)?;
    let files = sentences
        .iter()
        .filter_map(|sentence| sentence.recording.as_ref());
    let files: Vec<_> = files.map(|(_, file)| file).collect();
    ensure!(
        !files.is_empty(),
        "it holds no recordings; `scripts/human_prompts.py` makes a file with some"
    );
    let model = patter_assembly::recogniser(loaded, &Cores::of_machine())?;
    let mut session = model.session();
    let mut found = Vec::new();
    for (number, file) in files.iter().enumerate() {
        eprint!("\r{} of {}", number + 1, files.len());
        let sound = trim(&sentences::recorded(file)?);
        let sound = scale(&sound, SPEECH_DBFS - active_dbfs(&sound));
        for (at, stop) in stops(&sound) {
            found.push(listen(loaded, session.as_mut(), &sound[..at], stop)?);
        }
    }
    eprintln!();
    let mut rows = vec![row("words", &found, |found| Some(found.by_words_ms))];
    if found.iter().any(|found| found.by_both_ms.is_some()) {
        rows.push(row("words and sound", &found, |found| found.by_both_ms));
    }
    if options.json {
        crate::report::print_json(&rows)?;
    } else {
        print(loaded, &rows);
    }
    Ok(ExitCode::SUCCESS)
}

/// How long the agent would wait after `sound`.
fn listen(
    loaded: &Loaded,
    session: &mut dyn RecogniserSession,
    sound: &[i16],
    stop: Stop,
) -> anyhow::Result<Found> {
    let silence = |ms| vec![0; ms_to_samples(ms)];
    let heard = telephone(&[&silence(LEAD_MS), sound, &silence(TAIL_MS)].concat())?;
    let heard = session.transcribe(&heard, Pass::Final, Priority::Interactive, &|| false)?;
    let config = &loaded.config;
    let limits = &config.turn.endpointing;
    let delays = Delays::new(limits, Expect::Any);
    let lists = reading::lists_for(&config.turn.words, &config.asr.language);
    let mut words = reading::read(&heard.text, lists, Expect::Any);
    if heard.text.is_empty() || heard.logprob < config.asr.sure_logprob {
        words.ending = words.ending.at_least_dangling();
    }
    let wait_ms = |ending: Ending| {
        let reading = reading::Reading { ending, ..words };
        delay_ms(Some(&reading), &delays, &Pace::default())
    };
    Ok(Found {
        stop,
        by_words_ms: wait_ms(words.ending),
        by_both_ms: heard
            .finished
            .map(|_| wait_ms(by_sound(words, heard.finished, limits))),
    })
}

/// Where in a sentence the speaker stops, or could: samples, and what stop it is.
fn stops(sound: &[i16]) -> Vec<(usize, Stop)> {
    let level = active_dbfs(sound) - BELOW_DB;
    let is_silent: Vec<bool> = sound
        .chunks(PIECE)
        .map(|piece| dbfs(piece) < level)
        .collect();
    let mut stops = vec![(sound.len(), Stop::End)];
    let mut longest: Option<(usize, usize)> = None;
    let mut at = 0;
    for run in is_silent.chunk_by(|a, b| a == b) {
        let (from, pieces) = (at, run.len());
        at += pieces;
        let ms = pieces as u32 * 10;
        let is_inside = run[0] && from > 0 && at < is_silent.len();
        if is_inside && ms >= OWN_PAUSE_MS {
            stops.push((from * PIECE, Stop::Pause(ms)));
        } else if is_inside
            && ms >= WORD_END_MS
            && MIDDLE.contains(&(from as f32 / is_silent.len() as f32))
            && longest.is_none_or(|(_, most)| pieces > most)
        {
            longest = Some((from, pieces));
        }
    }
    let is_long = sound.len() >= ms_to_samples(LEAST_MS);
    stops.extend(
        longest
            .filter(|_| is_long)
            .map(|(from, _)| (from * PIECE, Stop::Inside)),
    );
    stops
}

fn row(by: &'static str, found: &[Found], wait_ms: impl Fn(&Found) -> Option<u32>) -> Row {
    let waits = |is_wanted: fn(&Stop) -> bool| -> Vec<(Stop, u32)> {
        let wanted = found.iter().filter(|found| is_wanted(&found.stop));
        wanted
            .filter_map(|found| Some((found.stop, wait_ms(found)?)))
            .collect()
    };
    let ends: Vec<f32> = (waits(|stop| *stop == Stop::End)
        .iter()
        .map(|(_, ms)| *ms as f32))
    .collect();
    let pauses = waits(|stop| matches!(stop, Stop::Pause(_)));
    let inside = waits(|stop| *stop == Stop::Inside);
    let own_cut = |(stop, wait): &&(Stop, u32)| matches!(stop, Stop::Pause(ms) if ms > wait);
    let share = |count: usize, all: usize| count as f32 / all as f32;
    Row {
        by,
        waited_mean_ms: ends.iter().sum::<f32>() / ends.len() as f32,
        waited_ms: Figures::of(ends),
        own_pauses: pauses.len(),
        own_pauses_cut: share(pauses.iter().filter(own_cut).count(), pauses.len()),
        word_ends: inside.len(),
        word_ends_cut: THOUGHTS_MS.map(|thought_ms| {
            let cut = inside.iter().filter(|(_, wait)| thought_ms > *wait);
            share(cut.count(), inside.len())
        }),
    }
}

fn print(loaded: &Loaded, rows: &[Row]) {
    println!(
        "{}; silence to wait, in ms; cut off, in percent\n",
        loaded.config.asr.model.display()
    );
    println!(
        "{:18}{:>6}{:>8}{:>8}{:>6}{:>12}{:>6}{:>12}  cut by a pause of",
        "by", "n", "median", "mean", "p95", "own pauses", "cut", "word ends"
    );
    for row in rows {
        let (n, median, p95) =
            (row.waited_ms.as_ref()).map_or((0, 0.0, 0.0), |f| (f.n, f.median, f.p95));
        print!(
            "{:18}{n:>6}{median:>8.0}{:>8.0}{p95:>6.0}{:>12}{:>6}{:>12}",
            row.by,
            row.waited_mean_ms,
            row.own_pauses,
            percent(row.own_pauses_cut),
            row.word_ends
        );
        for (ms, cut) in THOUGHTS_MS.iter().zip(row.word_ends_cut) {
            print!("  {ms}: {}", percent(cut));
        }
        println!();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_stops_at_its_end_at_its_pauses_and_at_the_end_of_a_word() {
        let sound = |ms| vec![8_000i16; ms_to_samples(ms)];
        let silence = |ms| vec![0i16; ms_to_samples(ms)];
        let said = [
            sound(500),
            silence(50),
            sound(300),
            silence(200),
            sound(300),
            silence(30),
            sound(400),
        ];
        let found = stops(&said.concat());
        let at = |ms| ms_to_samples(ms);
        assert!(
            found
                == [
                    (at(1_780), Stop::End),
                    (at(850), Stop::Pause(200)),
                    (at(500), Stop::Inside)
                ]
        );
        // One word is no sentence that somebody could stop in.
        assert!(stops(&[sound(300), silence(50), sound(300)].concat()) == [(at(650), Stop::End)]);
    }
}
