//! `patter call`: a sound file calls the agent.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use patter_audio::wav;
use patter_call::CallContext;
use patter_call::record::CallFile;
use patter_config::Loaded;
use patter_server::session;
use patter_server::transport::file::FileCall;
use patter_types::event::EventSink;

/// Plays IN to the agent in real time. OUT gets both sides (caller left, agent right), with a call file beside it for
/// `patter replay`; FILE what happened, as JSON lines.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The caller's sound
    #[arg(long, value_name = "IN")]
    wav: PathBuf,
    /// Recording of both sides, stereo
    #[arg(long, value_name = "OUT")]
    out: Option<PathBuf>,
    /// What happened, as JSON lines
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Playbook in place of the config's
    #[arg(long, value_name = "FILE")]
    playbook: Option<PathBuf>,
    /// Print the events to stdout as JSON lines instead of a conversation
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    let clip = wav::read_16k(&options.wav, wav::Side::Mixed)?;
    let out = options
        .out
        .as_deref()
        .map(patter_audio::recording::Recording::create)
        .transpose()?;
    let loaded = patter_lab::report::with_playbook(loaded, options.playbook.as_ref())?;
    let (sink, received) = EventSink::new(&uuid::Uuid::new_v4().to_string());
    let writer = patter_call::journal::write(
        received,
        options.events.as_deref(),
        super::printer(options.json),
    )?;
    let engines = super::engines(&loaded)?;
    if let Some(out) = &options.out {
        CallFile::new(&loaded, &engines.playbooks.default, &BTreeMap::new(), out)
            .write_beside(out)?;
    }
    let mut failed = None;
    let file = FileCall {
        clip: &clip,
        out,
        failed: &mut failed,
    };
    let never = AtomicBool::new(false);
    let ended = session::alone(&engines, CallContext::default(), sink, file, &never);
    let _ = writer.join();
    ended?;
    failed.map_or(Ok(ExitCode::SUCCESS), |error| Err(error.into()))
}
