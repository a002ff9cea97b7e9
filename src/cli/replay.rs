//! `patter replay`: a recorded call once more, on a clock that does not wait.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use patter_audio::recording::Recording;
use patter_audio::{FRAME_MS, FRAME_SAMPLES, SILENCE, ms_to_frames, samples_to_ms, wav};
use patter_call::CallContext;
use patter_call::record::{CallFile, KeyAt};
use patter_call::replay::ManualCall;
use patter_config::Loaded;
use patter_types::clock::Clock;
use patter_types::event::EventSink;

/// Silence after the caller's sound, in ms: the last answer is heard.
const TAIL_MS: u32 = 12_000;

/// Plays a recorded call through the same steps and engines, faster than real time. The engines take no time on its
/// clock, so the same sound, settings and playbook give the same turns every time.
///
/// CALL is a sound file (of a stereo recording the left side, the caller, is played) or the `.call.json` that
/// `patter serve` and `patter call` keep beside a recording: it brings the settings and the playbook of then, what was
/// known of the call, and the keys. To see what a change does to it, replay it with `--now`, which takes the present
/// settings and playbook, and compare with what happened then:
///
///   patter replay CALL.call.json --now --events after.jsonl
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Options {
    /// Recording, or call file
    call: PathBuf,
    /// Take the present settings and playbook, not those of the call file
    #[arg(long)]
    now: bool,
    /// Playbook in place of the config's
    #[arg(long, value_name = "FILE")]
    playbook: Option<PathBuf>,
    /// Recording of both sides, stereo
    #[arg(long, value_name = "OUT")]
    out: Option<PathBuf>,
    /// What happened, as JSON lines
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Print the events to stdout as JSON lines instead of a conversation
    #[arg(long)]
    json: bool,
    /// Play the recording so many times in a row, as one long call
    #[arg(long, value_name = "N", default_value_t = 1)]
    repeat: u32,
}

pub(crate) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    let (mut loaded, sound, file) = what_to_play(loaded, options)?;
    let (slots, keys) = file.map(|file| (file.slots, file.keys)).unwrap_or_default();
    // On this clock a model may take its time.
    loaded.config.llm.max_reply_ms = 120_000;
    let clip = wav::read_16k(&sound, wav::Side::Caller)?;
    let mut out = options.out.as_deref().map(Recording::create).transpose()?;
    let clock = Clock::manual();
    let (sink, received) = EventSink::on("replay", clock.clone());
    let writer = patter_call::journal::write(
        received,
        options.events.as_deref(),
        super::printer(options.json),
    )?;
    let engines = super::engines(&loaded)?;
    let started = Instant::now();
    let context = CallContext {
        slots,
        ..CallContext::default()
    };
    let mut call = ManualCall::start(&engines, context, clock.clone(), sink)?;
    let frames = clip.len().div_ceil(FRAME_SAMPLES) * options.repeat.max(1) as usize;
    let tail = ms_to_frames(TAIL_MS) as usize;
    let per_clip = clip.len().div_ceil(FRAME_SAMPLES).max(1);
    let mut told = Instant::now();
    for number in 0..frames + tail {
        let mut heard = SILENCE;
        let at = number % per_clip * FRAME_SAMPLES;
        if number < frames {
            let chunk = &clip[at..clip.len().min(at + FRAME_SAMPLES)];
            heard[..chunk.len()].copy_from_slice(chunk);
        }
        // One that was pressed after the last sound comes with it.
        let frame_of = |key: &KeyAt| ((key.at_ms / u64::from(FRAME_MS)) as usize).min(per_clip - 1);
        let now = keys
            .iter()
            .filter(|key| number < frames && frame_of(key) == number % per_clip);
        for key in now {
            call.press(key.key);
        }
        let Some(spoken) = call.frame(&heard) else {
            break;
        };
        if let Some(out) = &mut out {
            out.write(&heard, &spoken)?;
        }
        if told.elapsed().as_secs() >= 10 {
            told = Instant::now();
            patter_machine::log::info(&format!(
                "{:.0} of {:.0} s played, {:.0} MB in use",
                clock.now().0 as f64 / 1e6,
                samples_to_ms(frames * FRAME_SAMPLES) as f64 / 1e3,
                patter_lab::report::memory_mb("VmRSS")
            ));
        }
    }
    call.end();
    let _ = writer.join();
    if let Some(out) = out {
        out.finish()?;
    }
    let played_s = clock.now().0 as f32 / 1e6;
    let took_s = started.elapsed().as_secs_f32();
    patter_machine::log::info(&format!(
        "{played_s:.1} s of call in {took_s:.1} s, {:.1} times as fast as it was; {:.0} MB in use",
        played_s / took_s.max(0.001),
        patter_lab::report::memory_mb("VmRSS")
    ));
    Ok(ExitCode::SUCCESS)
}

/// The settings to play with, the sound, and the call file if that is what was given.
fn what_to_play(
    loaded: &Loaded,
    options: &Options,
) -> anyhow::Result<(Loaded, PathBuf, Option<CallFile>)> {
    let present = patter_lab::report::with_playbook(loaded, options.playbook.as_ref())?;
    if options.call.extension().is_none_or(|e| e != "json") {
        return Ok((present, options.call.clone(), None));
    }
    let file = CallFile::read(&options.call)?;
    let folder = options.call.parent().unwrap_or(Path::new(""));
    let sound = folder.join(&file.audio);
    if options.now {
        return Ok((present, sound, Some(file)));
    }
    let playbook = options.playbook.as_ref();
    let mut then = file.loaded(loaded);
    if let Some(path) = playbook {
        then.config.dialogue.playbook = std::path::absolute(path).context("the playbook's path")?;
    } else if let Some(warning) = file.changed_playbook(&then) {
        patter_machine::log::warn(&warning);
    }
    Ok((then, sound, Some(file)))
}
