//! `patter playbook schema`: the playbook's JSON schema, for editors.

use std::process::ExitCode;

use patter_playbook::Playbook;

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    println!("{}", serde_json::to_string_pretty(&Playbook::schema())?);
    Ok(ExitCode::SUCCESS)
}
