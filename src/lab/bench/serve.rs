//! `patter bench serve`: how many callers at once the server carries, as they hear it on the wire.
//!
//! Threads: those of the [`callers`] and hostile clients, beside the server's own. In: numbers of callers. Out: a table
//! or JSON. Memory: the sound of the calls of one step.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use patter_config::Loaded;

use super::callers::{self, Round};
use super::hostile::Hostile;
use crate::report::Machine;

/// Puts callers on the server, a step at a time, and prints what they heard: end of speech to first sound, interruption
/// to silence, set-up. The callers speak their share of the time; most of their lines interrupt the agent. The last
/// line names the most callers that kept within `--p95`.
#[derive(clap::Args)]
pub(super) struct Options {
    /// A server that runs already, such as 127.0.0.1:8090; without it one is started here
    #[arg(long, value_name = "ADDR")]
    address: Option<SocketAddr>,
    /// Callers at once, a step for each
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_values_t = [1, 2, 4, 8])]
    calls: Vec<u32>,
    /// Share of the time that a caller speaks, 0.1 to 0.6
    #[arg(long, default_value_t = 0.4)]
    talk: f32,
    /// Length of a step, in seconds of real time
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Clients beside the callers that send garbage, one byte a second, nothing, or floods
    #[arg(long, default_value_t = 0)]
    hostile: u32,
    /// Longest p95 from end of speech to first sound of a step that is carried, in ms
    #[arg(long, default_value_t = 1_200.0)]
    p95: f32,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    ensure!(
        (0.1..=0.6).contains(&options.talk),
        "`{}` is not a share from 0.1 to 0.6",
        options.talk
    );
    ensure!(
        options.calls.iter().all(|calls| (1..=256).contains(calls)),
        "a step has 1 to 256 callers"
    );
    let lines = callers::lines(loaded, options.talk)?;
    let most = options.calls.iter().copied().max().unwrap_or(1);
    let own = match options.address {
        Some(_) => None,
        None => Some(callers::server(loaded, most)?),
    };
    let address = options
        .address
        .or(own.as_ref().map(|own| own.server.address()));
    let address = address.context("no server")?;
    let hostile = Hostile::start(address, options.hostile);
    let limit = Duration::from_secs(u64::from(options.seconds));
    let mut steps = Vec::new();
    for &calls in &options.calls {
        patter_machine::log::info(&format!(
            "{calls} callers, {} s in real time",
            options.seconds
        ));
        let mut round = callers::round(address, calls, limit, &lines);
        round.agent = own.as_ref().map(callers::OwnServer::told);
        steps.push(round);
    }
    drop(hostile);
    print(loaded, options, &steps)?;
    Ok(ExitCode::SUCCESS)
}

fn print(loaded: &Loaded, options: &Options, steps: &[Round]) -> anyhow::Result<()> {
    let machine = Machine::of(loaded);
    let is_carried = |step: &&Round| step.answer_ms.p95 <= options.p95 && step.lost == 0;
    let most = steps.iter().filter(is_carried).map(|step| step.calls).max();
    if options.json {
        return crate::report::print_json(&serde_json::json!({
            "machine": machine.processor, "cores": machine.cores, "models": machine.models, "hostile": options.hostile,
            "p95_ms": options.p95, "carried": most, "steps": steps,
        }));
    }
    println!(
        "{machine}; the callers run on it too; {} hostile clients",
        options.hostile
    );
    println!("n, median and p95 in ms; by the agent itself: endpoint, words, first token");
    println!(
        "{:>5} {:>5} {:>19} {:>19} {:>19} {:>19} {:>10} {:>4} {:>5}",
        "calls",
        "talk",
        "answer",
        "of approved lines",
        "silence",
        "set-up",
        "unanswered",
        "lost",
        "MB"
    );
    for step in steps {
        println!(
            "{:>5} {:>5.2} {:>19} {:>19} {:>19} {:>19} {:>10} {:>4} {:>5.0}",
            step.calls,
            step.talk,
            step.answer_ms.to_string(),
            step.approved_ms.to_string(),
            step.silence_ms.to_string(),
            step.set_up_ms.to_string(),
            step.unanswered,
            step.lost,
            step.memory_mb
        );
        if let Some(agent) = &step.agent {
            println!(
                "{:>11} {:>19} {:>19} {:>19} {:>10} frames dropped; left out: {}",
                "",
                agent.endpoint_ms.to_string(),
                agent.asr_ms.to_string(),
                agent.first_token_ms.to_string(),
                agent.dropped_frames,
                agent.left_out.name()
            );
        }
    }
    match most {
        Some(calls) => println!(
            "carried with a p95 of at most {:.0} ms: {calls} calls",
            options.p95
        ),
        None => println!("no step kept a p95 of at most {:.0} ms", options.p95),
    }
    Ok(())
}
