//! `patter say`: text to a sound file, or into a pipe.
//!
//! Thread: the command's own. In: a text. Out: a WAV or FLAC file, and figures on stdout; where the sound goes to no
//! file, they go to stderr. Or the text alone, as the voice gets it. Memory: the whole speech.
//! When the name asks for another kind: refused, before any work.

use std::path::PathBuf;
use std::process::ExitCode;

use patter_audio::save::Target;
use patter_audio::{SAMPLE_RATE_HZ, samples_to_ms};
use patter_config::Loaded;
use patter_language::spoken::spoken;

/// Speaks TEXT with the configured voice, or another. Figures, short forms and signs are read in words, which
/// `--spoken` shows.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// What to say
    text: String,
    /// The file, 16 kHz mono: `.wav` or `.flac`; `-` is a WAV on stdout
    #[arg(long, value_name = "FILE", required_unless_present = "spoken")]
    out: Option<PathBuf>,
    /// Print what the voice gets of TEXT, and speak nothing
    #[arg(long, conflicts_with_all = ["out", "json"])]
    spoken: bool,
    /// `espeak` or `piper`
    #[arg(long)]
    engine: Option<String>,
    /// Voice in place of the config's: a name for espeak, a file for Piper
    #[arg(long)]
    voice: Option<String>,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    let target = options.out.as_deref().map(Target::of).transpose()?;
    let mut loaded = loaded.clone();
    if let Some(voice) = &options.voice {
        loaded.config.tts.espeak.voice.clone_from(voice);
        loaded.config.tts.piper.voice = std::path::absolute(voice)?;
    }
    let engine = options.engine.as_deref();
    let (Some(target), Some(out)) = (target, &options.out) else {
        let language = patter_assembly::voice_language(&loaded, engine)?;
        println!("{}", spoken(&options.text, &language).text);
        return Ok(ExitCode::SUCCESS);
    };
    let speaker = patter_assembly::voice(&loaded, engine)?;
    let speech = speaker.speak(&options.text, false)?;
    target.write(&speech.samples, SAMPLE_RATE_HZ)?;
    let audio_ms = samples_to_ms(speech.samples.len());
    let figures = if options.json {
        serde_json::to_string(&serde_json::json!({
            "out": out, "audio_ms": audio_ms, "tts_ms": speech.took_ms,
        }))?
    } else {
        format!(
            "{}: {:.2} s of speech, made in {:.0} ms",
            out.display(),
            audio_ms as f32 / 1000.0,
            speech.took_ms
        )
    };
    if target.is_file() {
        println!("{figures}");
    } else {
        eprintln!("{figures}");
    }
    Ok(ExitCode::SUCCESS)
}
