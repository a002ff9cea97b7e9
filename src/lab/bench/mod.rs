//! `patter bench`: what this machine does with the configured models.

mod busy;
pub mod callers;
mod churn;
mod endurance;
mod hostile;
mod neighbours;
mod retrieval;
mod serve;
mod steps;
mod turns;

use std::process::ExitCode;
use std::sync::Arc;

use patter_call::Engines;
use patter_config::Loaded;

/// Measures this machine with the configured models: `steps` (also without a name) times each step, `turns` plays
/// situations of a conversation, `endurance` holds one long call over a bad line, `churn` makes many short ones,
/// `serve` finds how many callers at once are carried, `neighbours` what busy neighbours do to calls, `retrieval` looks
/// for approved lines in large libraries.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Options {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    steps: steps::Options,
}

#[derive(clap::Subcommand)]
enum What {
    /// Time start, memory, hearing, thinking, speaking, and whole calls
    Steps(steps::Options),
    /// Play situations of a conversation to the agent: answers, interruptions, coughs, pauses, noise
    Turns(turns::Options),
    /// Hold one long call over a bad line: does memory or delay grow?
    Endurance(endurance::Options),
    /// Make thousands of short calls: is anything left of them?
    Churn(churn::Options),
    /// Put callers on the server, more and more: how many does it carry, also beside hostile clients?
    Serve(serve::Options),
    /// Put callers on the server beside busy neighbours: how much slower does it get?
    Neighbours(neighbours::Options),
    /// Look for approved lines in made-up libraries of growing size: is the right one found, and how fast?
    Retrieval(retrieval::Options),
    #[command(hide = true)]
    Busy(busy::Options),
}

/// `load` gives the settings; a busy neighbour has none.
pub fn run(
    load: impl FnOnce() -> anyhow::Result<Loaded>,
    options: &Options,
) -> anyhow::Result<ExitCode> {
    match &options.what {
        Some(What::Busy(options)) => busy::run(options),
        None => steps::run(&load()?, &options.steps),
        Some(What::Steps(options)) => steps::run(&load()?, options),
        Some(What::Turns(options)) => turns::run(&load()?, options),
        Some(What::Endurance(options)) => endurance::run(&load()?, options),
        Some(What::Churn(options)) => churn::run(&load()?, options),
        Some(What::Serve(options)) => serve::run(&load()?, options),
        Some(What::Neighbours(options)) => neighbours::run(&load()?, options),
        Some(What::Retrieval(options)) => retrieval::run(&load()?, options),
    }
}

/// What each step takes with the models of `loaded`, measured `repeat` times, without whole calls; on stdout.
///
/// # Errors
/// A model is missing or damaged.
pub fn steps_of(loaded: &Loaded, repeat: usize) -> anyhow::Result<()> {
    steps::run(loaded, &steps::Options::without_calls(repeat)).map(drop)
}

/// Engines for calls in real time that have learnt all before the first call, as a server that has run for a while.
fn engines(loaded: &Loaded) -> anyhow::Result<Arc<Engines>> {
    let engines = patter_assembly::load(loaded)?;
    engines.cores.share_with_neighbours();
    patter_machine::log::info(&format!("ready after {:.1} s", engines.ready_ms / 1000.0));
    Ok(Arc::new(engines))
}
