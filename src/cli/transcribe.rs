//! `patter transcribe`: the speech in a sound file as text.
//!
//! Thread: the command's own. In: a file of a kind that [`wav`] reads. Out: lines on stdout, a warning on stderr where
//! the file is not heard as it is. Memory: the whole sound. When Whisper is slow: it waits.

use std::path::PathBuf;
use std::process::ExitCode;

use patter_audio::vad::{Vad, VoiceActivity};
use patter_audio::{FRAME_MS, FRAME_SAMPLES, ms_to_samples, samples_to_ms, wav};
use patter_config::Loaded;
use patter_engine::recognise::{Pass, RecogniserSession};
use patter_language::reading as words;
use patter_machine::cores::Cores;
use patter_turn::agent::Agent;
use patter_turn::agreement::Agreement;
use patter_turn::endpointing::Delays;
use patter_turn::taking::{TurnEvent, TurnTaking};
use patter_types::expect::Expect;
use patter_types::priority::Priority;

/// Finds the utterances in FILE as a call would, and prints the words of each with its place.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// A sound file: WAV (PCM, float, A-law, mu-law, ADPCM), FLAC, MP3, Ogg (Vorbis, Opus) or M4A (AAC)
    file: PathBuf,
    /// Also print what would be known while the speech goes on
    #[arg(long)]
    partials: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    let clip = wav::read(&options.file)?;
    if clip.truncated {
        patter_machine::log::warn(
            "the file is cut short or damaged; what there is of it is transcribed",
        );
    }
    if let Some(channel) = clip.louder_channel {
        patter_machine::log::warn(&format!(
            "the channels of the file cancel each other when mixed; only channel {channel}, the loudest, is transcribed"
        ));
    }
    let samples =
        patter_audio::resample::convert(&clip.samples, clip.rate_hz, patter_audio::SAMPLE_RATE_HZ)?;
    let config = &loaded.config;
    let model = patter_assembly::recogniser(loaded, &Cores::of_machine())?;
    let mut scribe = Scribe {
        session: model.session(),
        agreement: Agreement::default(),
        options,
    };
    let mut vad = Vad::new(&config.vad);
    let mut turns = TurnTaking::new(&config.turn);
    let preroll = ms_to_samples(config.turn.preroll_ms + config.turn.start_ms);
    let (mut start, mut partial_at) = (0, 0);
    // Silence lets the last turn end.
    let tail = vec![0i16; ms_to_samples(config.turn.endpointing.max_ms + 1_000)];
    let delays = Delays::new(&config.turn.endpointing, Expect::Any);
    let lists = words::lists_for(&config.turn.words, &config.asr.language);
    let padded: Vec<i16> = samples.iter().chain(&tail).copied().collect();
    for (number, chunk) in padded.chunks_exact(FRAME_SAMPLES).enumerate() {
        let mut frame = patter_audio::SILENCE;
        frame.copy_from_slice(chunk);
        let end = (number + 1) * FRAME_SAMPLES;
        match turns.step(vad.is_speech(&frame), Agent::Silent, &delays) {
            Some(TurnEvent::SpeechStart) => {
                start = end.saturating_sub(preroll);
                partial_at = start;
                scribe.agreement.reset();
            }
            Some(TurnEvent::Pause) => {
                // As in a call: how long to wait depends on the words.
                let so_far = scribe.session.transcribe(
                    &padded[start..end],
                    Pass::Final,
                    Priority::Interactive,
                    &|| false,
                )?;
                turns.heard(words::read(&so_far.text, lists, Expect::Any), true);
            }
            Some(TurnEvent::TurnEnd { silence_ms, .. }) => {
                let spoken = end
                    - ms_to_samples(
                        silence_ms.saturating_sub(config.turn.pause_ms.min(silence_ms)),
                    );
                scribe.write("final", &padded, start, spoken)?;
            }
            _ => {
                let due = options.partials
                    && turns.caller_speaking()
                    && end - partial_at >= ms_to_samples(config.asr.partial_ms.max(FRAME_MS * 10));
                if due {
                    partial_at = end;
                    scribe.write("partial", &padded, start, end)?;
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

struct Scribe<'a> {
    session: Box<dyn RecogniserSession>,
    agreement: Agreement,
    options: &'a Options,
}

impl Scribe<'_> {
    fn write(
        &mut self,
        kind: &str,
        samples: &[i16],
        start: usize,
        end: usize,
    ) -> anyhow::Result<()> {
        let pass = match kind {
            "partial" => Pass::Partial,
            _ => Pass::Final,
        };
        let transcript =
            self.session
                .transcribe(&samples[start..end], pass, Priority::Interactive, &|| false)?;
        let agreed = self.agreement.update(&transcript.text);
        let (from, to) = (samples_to_ms(start), samples_to_ms(end));
        if self.options.json {
            patter_lab::report::print_json(&serde_json::json!({
                "event": kind, "start_ms": from, "end_ms": to, "text": transcript.text, "agreed": agreed,
                "logprob": transcript.logprob, "no_speech": transcript.no_speech, "asr_ms": transcript.took_ms,
            }))?;
        } else if kind == "partial" {
            println!("{:8.2} s  … {}", to as f32 / 1000.0, transcript.text);
        } else if !transcript.text.is_empty() {
            println!(
                "{:8.2} s  {}   [{:.0} ms]",
                from as f32 / 1000.0,
                transcript.text,
                transcript.took_ms
            );
        }
        Ok(())
    }
}
