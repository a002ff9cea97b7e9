//! `patter demo`: a synthetic caller talks to the agent.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use patter_audio::recording::Recording;
use patter_config::Loaded;
use patter_lab::caller::Exchange;
use patter_lab::caller::story::{Story, caller};
use patter_lab::report::median_p95;
use patter_server::transport::audiosocket::client;
use patter_server::transport::audiosocket::server::{Server, ServerOptions};

/// Runs one whole call on this machine: server, real AudioSocket connection, caller. Needs no sound card and no
/// network.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Recording, stereo: caller left, agent right
    #[arg(long, value_name = "FILE", default_value = "demo.wav")]
    out: PathBuf,
    /// What happened, as JSON lines
    #[arg(long, value_name = "FILE", default_value = "demo.jsonl")]
    events: PathBuf,
    /// Which call
    #[arg(long, value_enum, default_value_t = Story::Fitness)]
    story: Story,
    /// Print the events to stdout as JSON lines instead of a conversation
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    let mut loaded = loaded.clone();
    loaded.config.dialogue.playbook = options.story.playbook().into();
    // Both files first: a folder that is not writable is known before the call.
    let mut recorder = Recording::create(&options.out)?;
    patter_machine::private::create(&options.events)
        .with_context(|| format!("cannot write `{}`", options.events.display()))?;
    let engines = super::engines_for_callers(&loaded)?;
    let mut caller = caller(&loaded, options.story)?;

    // The server's calls write through this sink's file, so that the demo's record is one call's.
    let (copy_in, copy) = crossbeam_channel::unbounded();
    let writer =
        patter_call::journal::write(copy, Some(&options.events), super::printer(options.json))?;
    let mut serving = ServerOptions::of(&loaded);
    serving.session.watch = Arc::new(move |event| drop(copy_in.send(event.clone())));
    let server = Server::start("127.0.0.1:0", engines, serving)?;
    let uuid = uuid::Uuid::new_v4().into_bytes();
    let recording = client::call(
        server.address(),
        uuid,
        16_000,
        &mut caller,
        Duration::from_secs(180),
    )
    .context("the demo's caller could not reach the demo's server")?;
    drop(server);
    let _ = writer.join();
    recorder.write(&recording.caller, &recording.agent)?;
    recorder.finish()?;
    let exchanges = caller.exchanges(&recording);
    if options.json {
        return Ok(ExitCode::SUCCESS);
    }
    report(&exchanges);
    println!(
        "\n{}: both sides, caller left, agent right; {}: what happened",
        options.out.display(),
        options.events.display()
    );
    Ok(ExitCode::SUCCESS)
}

/// The figures that the caller took on the wire.
fn report(exchanges: &[Exchange]) {
    println!("\nMeasured on the wire by the caller:");
    for exchange in exchanges {
        let number = |value: Option<f32>| value.map_or("   –".into(), |v| format!("{v:4.0}"));
        let stop = if exchange.interrupts {
            format!(
                ", agent silent {} ms after the interruption began",
                number(exchange.silenced_ms)
            )
        } else {
            String::new()
        };
        println!(
            "  {:42} answer after {} ms{stop}",
            exchange.text,
            number(exchange.response_ms)
        );
    }
    let mut answers: Vec<f32> = exchanges
        .iter()
        .filter(|e| !e.interrupts)
        .filter_map(|e| e.response_ms)
        .collect();
    let (median, p95) = median_p95(&mut answers);
    println!(
        "  end of speech to first sound: median {median:.0} ms, p95 {p95:.0} ms, n {}",
        answers.len()
    );
}
