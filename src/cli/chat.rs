//! `patter chat`: the agent on microphone and speaker.

use std::path::PathBuf;
use std::process::ExitCode;

use patter_call::{Call, CallContext};
use patter_config::Loaded;
use patter_server::transport::device;
use patter_server::transport::device::DeviceOptions;
use patter_types::event::EventSink;

/// Talks through the sound card. The agent's echo from open speakers is cancelled; a headset is still the surest.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Microphone by name, as `patter devices` lists it
    #[arg(long)]
    input: Option<String>,
    /// Speaker by name
    #[arg(long)]
    output: Option<String>,
    /// Leave the microphone as it is: the agent hears itself unless you wear a headset
    #[arg(long)]
    no_echo_cancel: bool,
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
    let loaded = patter_lab::report::with_playbook(loaded, options.playbook.as_ref())?;
    let name = |typed: &Option<String>, configured: &str| {
        typed
            .clone()
            .or_else(|| (!configured.is_empty()).then(|| configured.to_owned()))
    };
    let input = name(&options.input, &loaded.config.device.input);
    let output = name(&options.output, &loaded.config.device.output);
    let (ends, call_ends) = patter_call::line::line();
    // The devices first: a missing one is known at once, the models take seconds.
    let device_options = DeviceOptions {
        input: input.as_deref(),
        output: output.as_deref(),
        echo_cancel: loaded.config.device.echo_cancel && !options.no_echo_cancel,
    };
    let devices = device::open(device_options, ends)?;
    let engines = super::engines_for_callers(&loaded)?;
    let (sink, received) = EventSink::new(&uuid::Uuid::new_v4().to_string());
    let writer = patter_call::journal::write(
        received,
        options.events.as_deref(),
        super::printer(options.json),
    )?;
    let call = Call::start(&engines, CallContext::default(), call_ends, "device", sink)?;
    let report = devices.wait();
    call.join();
    let _ = writer.join();
    let report = report?;
    if report.mic_dropped + report.speaker_underruns > 0 {
        patter_machine::log::warn(&format!(
            "the sound card lost {} samples heard and ran dry {} times",
            report.mic_dropped, report.speaker_underruns
        ));
    }
    Ok(ExitCode::SUCCESS)
}
