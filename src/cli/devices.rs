//! `patter devices`: microphones and speakers.

use std::process::ExitCode;

use patter_server::transport::device;

/// Lists what `patter chat` can use.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// One JSON array
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let devices = device::list()?;
    if options.json {
        let all: Vec<_> = devices
            .iter()
            .map(|d| {
                serde_json::json!({
                    "name": d.name, "id": d.id, "input": d.input, "output": d.output,
                    "default_input": d.default_input, "default_output": d.default_output,
                    "min_rate_hz": d.rates_hz.0, "max_rate_hz": d.rates_hz.1, "channels": d.channels,
                })
            })
            .collect();
        patter_lab::report::print_json(&all)?;
        return Ok(ExitCode::SUCCESS);
    }
    if devices.is_empty() {
        println!(
            "this machine has no microphone and no speaker; `patter call --wav` and `patter serve` need none"
        );
    }
    for d in devices {
        let kind = match (d.input, d.output) {
            (true, true) => "both",
            (true, false) => "microphone",
            _ => "speaker",
        };
        let default = if d.default_input || d.default_output {
            ", default"
        } else {
            ""
        };
        println!(
            "{kind:10}  {}  ({}–{} Hz, {} channels{default})",
            d.name, d.rates_hz.0, d.rates_hz.1, d.channels
        );
    }
    Ok(ExitCode::SUCCESS)
}
