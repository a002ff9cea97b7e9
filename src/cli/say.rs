//! `patter say`: text to a WAV file.

use std::path::PathBuf;
use std::process::ExitCode;

use patter::audio::{SAMPLE_RATE_HZ, samples_to_ms, wav};
use patter::config::Loaded;
use patter::tts::Speaker;

/// Speaks TEXT with the configured voice, or another.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// What to say
    text: String,
    /// The WAV file, 16 kHz mono
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
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
    let mut loaded = loaded.clone();
    if let Some(voice) = &options.voice {
        loaded.config.tts.espeak.voice.clone_from(voice);
        loaded.config.tts.piper.voice = std::path::absolute(voice)?;
    }
    let speaker = Speaker::load(&loaded, options.engine.as_deref())?;
    let spoken = speaker.speak(&options.text, false)?;
    wav::write(&options.out, &spoken.samples, SAMPLE_RATE_HZ)?;
    let audio_ms = samples_to_ms(spoken.samples.len());
    if options.json {
        super::print_json(&serde_json::json!({
            "out": options.out, "audio_ms": audio_ms, "tts_ms": spoken.took_ms,
        }))?;
    } else {
        println!(
            "{}: {:.2} s of speech, made in {:.0} ms",
            options.out.display(),
            audio_ms as f32 / 1000.0,
            spoken.took_ms
        );
    }
    Ok(ExitCode::SUCCESS)
}
