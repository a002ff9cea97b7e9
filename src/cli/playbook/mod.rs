//! `patter playbook`: to look at playbooks, check them and make them, without a call; one file each.

mod import;
mod lint;
mod schema;
mod show;

use std::process::ExitCode;

use patter_config::Loaded;
use patter_language::pack::short;
use patter_playbook::Playbook;

/// Playbooks say who the agent is, what it may say, and when.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Turn scenario files of the OutboundEval benchmark into playbooks and customer personas
    Import(import::Options),
    /// Say what is wrong or doubtful in playbooks, by file and line
    Lint(lint::Options),
    /// Print the playbook's JSON schema, for editors that complete and check TOML
    Schema,
    /// Print a playbook's flow as a graph, the prompt that the model gets of it, or how its lines are read aloud
    Show(show::Options),
}

/// The language that the playbook's lines are read in: that of the voice with its region, where the two fit.
fn voice_language(loaded: &Loaded, playbook: &Playbook) -> String {
    let voice = patter_assembly::voice_language(loaded, None).ok();
    voice
        .filter(|voice| short(voice) == short(&playbook.language))
        .unwrap_or_else(|| playbook.language.clone())
}

pub(crate) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    match &options.what {
        What::Import(options) => import::run(options),
        What::Lint(options) => lint::run(loaded, options),
        What::Schema => schema::run(),
        What::Show(options) => show::run(loaded, options),
    }
}
