//! `patter eval`: how well the parts do, on data whose right answers are known; one file each.

mod asr;
mod endpoint;
mod guard;
mod intent;
mod rerank;
mod sentences;

use std::fmt;
use std::process::ExitCode;

use patter_config::Loaded;
use serde::Serialize;

/// Scores parts of the agent on data whose right answers are known.
#[derive(clap::Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// How well the speech model hears: word errors by voice, line and noise
    Asr(asr::Options),
    /// Where turns end: how long whole sentences are waited for, and how many are cut off inside
    Endpoint(endpoint::Options),
    /// Hostile callers against the model: what the guard lets through
    Guard(guard::Options),
    /// How well a playbook's intents are told from callers' words
    Intent(intent::Options),
    /// The reward that chooses between replies: does it know what belongs together, and what does it cost?
    Rerank(rerank::Options),
}

/// Runs what `options` names.
///
/// # Errors
/// A file or a model is missing or faulty.
pub fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    match &options.what {
        What::Asr(options) => asr::run(loaded, options),
        What::Endpoint(options) => endpoint::run(loaded, options),
        What::Guard(options) => guard::run(loaded, options),
        What::Intent(options) => intent::run(loaded, options),
        What::Rerank(options) => rerank::run(loaded, options),
    }
}

/// A share in percent; `-` for none.
fn percent(share: f32) -> String {
    if share.is_nan() {
        "-".into()
    } else {
        format!("{:.1}", share * 100.0)
    }
}

/// How values are spread.
#[derive(Serialize)]
struct Figures {
    n: usize,
    median: f32,
    p95: f32,
}

impl Figures {
    /// None of no values.
    fn of(mut values: Vec<f32>) -> Option<Self> {
        let n = values.len();
        let (median, p95) = crate::report::median_p95(&mut values);
        (n > 0).then_some(Self { n, median, p95 })
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { n, median, p95 } = self;
        write!(formatter, "median {median:.2}, p95 {p95:.2}, n {n}")
    }
}
