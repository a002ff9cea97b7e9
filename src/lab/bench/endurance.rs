//! `patter bench endurance`: one long call over a bad line, to see whether memory or delay grow.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crate::caller::{Cue, ScriptLine, ScriptedCaller, trim};
use anyhow::Context;
use patter_config::Loaded;
use patter_server::transport::audiosocket::client;
use patter_server::transport::audiosocket::client::Conditions;
use patter_server::transport::audiosocket::server::{Server, ServerOptions};
use patter_types::event::Event;

use crate::caller::story::caller_voice;
use crate::report::{median_p95, memory_mb};

/// What the caller says over and over: questions, an interruption, listening.
const LINES: [(Cue, &str); 6] = [
    (Cue::Turn, "How much is it?"),
    (Cue::Interrupt { after_ms: 1_000 }, "Okay."),
    (Cue::Turn, "Is there parking?"),
    (Cue::Turn, "I moved in March."),
    (
        Cue::Interrupt { after_ms: 1_200 },
        "What are your opening hours?",
    ),
    (Cue::Turn, "Can I bring a friend?"),
];
/// Seconds that a round of them takes, at least.
const ROUND_S: u32 = 25;

/// Holds one call for long, over a line whose clock drifts, whose frames come in bursts and whose silence is not sent.
/// Prints memory, delay and answer times of the first and the last quarter, side by side.
#[derive(clap::Args)]
pub(super) struct Options {
    /// Length of the call, in real time
    #[arg(long, default_value_t = 30)]
    minutes: u32,
    /// How much faster than ours the caller's clock runs, in per cent
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    drift: f32,
    /// Frames that come together
    #[arg(long, default_value_t = 10)]
    burst: u32,
    /// Send silence too
    #[arg(long)]
    no_suppression: bool,
    /// All events of the call, as JSON lines
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    let mut loaded = loaded.clone();
    loaded.config.dialogue.playbook = crate::caller::story::Story::Fitness.playbook().into();
    // This caller asks the same for half an hour.
    loaded.config.dialogue.lost_after_turns = 0;
    let engines = super::engines(&loaded)?;
    let voice = caller_voice(&loaded)?;
    let rounds = (options.minutes * 60).div_ceil(ROUND_S).max(1);
    let lines: anyhow::Result<Vec<ScriptLine>> = (0..rounds)
        .flat_map(|_| LINES)
        .map(|(cue, text)| {
            Ok(ScriptLine {
                cue,
                text: text.to_owned(),
                samples: trim(&voice.speak(text, false)?.samples),
            })
        })
        .collect();
    let mut caller = ScriptedCaller::new(lines?);
    let (seen_in, seen) = crossbeam_channel::unbounded();
    let mut serving = ServerOptions::of(&loaded);
    serving.session.watch = Arc::new(move |event| {
        let memory = memory_mb("VmRSS");
        drop(seen_in.send((event.clone(), memory)));
    });
    let server = Server::start("127.0.0.1:0", engines, serving)?;
    let conditions = Conditions {
        rate_hz: 8_000,
        drift_percent: options.drift,
        burst_frames: options.burst,
        silence_suppressed: !options.no_suppression,
        // What is measured is the memory of the agent, in the same process.
        recorded: false,
    };
    patter_machine::log::info(&format!(
        "one call of {} minutes, in real time",
        options.minutes
    ));
    let limit = Duration::from_secs(u64::from(options.minutes) * 60);
    let uuid = uuid::Uuid::new_v4().into_bytes();
    client::call_over(&conditions, server.address(), uuid, &mut caller, limit)?;
    drop(server);
    let events: Vec<_> = seen.iter().collect();
    if let Some(path) = &options.events {
        let mut lines = String::new();
        for (event, _) in &events {
            writeln!(lines, "{}", serde_json::to_string(event)?)?;
        }
        std::fs::write(path, lines)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    let figures = Figures::of(&events);
    if options.json {
        crate::report::print_json(&figures)?;
    } else {
        figures.print();
    }
    Ok(ExitCode::SUCCESS)
}

/// What the call was like, at its beginning and at its end.
#[derive(serde::Serialize)]
struct Figures {
    minutes: f32,
    answers: usize,
    first_quarter_response_ms: [f32; 2],
    last_quarter_response_ms: [f32; 2],
    first_quarter_memory_mb: f32,
    last_quarter_memory_mb: f32,
    most_behind_ms: u32,
    dropped_frames: u64,
}

impl Figures {
    fn of(events: &[(patter_types::event::Stamped, f32)]) -> Self {
        let end_ms = events.last().map_or(0, |(e, _)| e.t_ms);
        let quarter = |last: bool| {
            events.iter().filter(move |(e, _)| {
                if last {
                    e.t_ms > end_ms / 4 * 3
                } else {
                    e.t_ms <= end_ms / 4
                }
            })
        };
        let responses = |last: bool| -> Vec<f32> {
            let response = |event: &Event| match event {
                Event::Latency { response_ms, .. } => Some(*response_ms),
                _ => None,
            };
            quarter(last)
                .filter_map(|(e, _)| response(&e.event))
                .collect()
        };
        let both = |last: bool| {
            let (median, p95) = median_p95(&mut responses(last));
            [median, p95]
        };
        let memory = |last: bool| quarter(last).map(|(_, mb)| *mb).fold(0.0, f32::max);
        let (behind, dropped) = events
            .iter()
            .find_map(|(e, _)| match e.event {
                Event::CallEnd {
                    most_behind_ms,
                    dropped_frames,
                    ..
                } => Some((most_behind_ms, dropped_frames)),
                _ => None,
            })
            .unwrap_or_default();
        Self {
            minutes: end_ms as f32 / 60_000.0,
            answers: events
                .iter()
                .filter(|(e, _)| matches!(e.event, Event::Latency { .. }))
                .count(),
            first_quarter_response_ms: both(false),
            last_quarter_response_ms: both(true),
            first_quarter_memory_mb: memory(false),
            last_quarter_memory_mb: memory(true),
            most_behind_ms: behind,
            dropped_frames: dropped,
        }
    }

    fn print(&self) {
        println!(
            "{:.1} minutes, {} answers, {} frames dropped, at most {} ms of sound waited",
            self.minutes, self.answers, self.dropped_frames, self.most_behind_ms
        );
        println!("{:32} {:>14} {:>14}", "", "first quarter", "last quarter");
        let row =
            |what: &str, first: f32, last: f32| println!("{what:32} {first:>14.0} {last:>14.0}");
        let (first, last) = (
            self.first_quarter_response_ms,
            self.last_quarter_response_ms,
        );
        row("answer, median, ms", first[0], last[0]);
        row("answer, p95, ms", first[1], last[1]);
        row(
            "resident memory, highest, MB",
            self.first_quarter_memory_mb,
            self.last_quarter_memory_mb,
        );
    }
}
