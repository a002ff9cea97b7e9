//! `patter bench neighbours`: what callers hear while other programs want the same cores, memory or disk.
//!
//! Threads: those of the [`callers`], beside the server's own; each neighbour is a process ([`busy`]). In: neighbours,
//! numbers of callers. Out: a table or JSON. Memory: the sound of the calls of one step. Each round begins with a quiet
//! step, and every other step of it is compared with that one: these machines are not the same from one minute to the
//! next.

use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, ensure};
use patter_config::Loaded;
use patter_machine::contention::Reading;
use patter_machine::priority;
use patter_types::load::Shares;
use serde::Serialize;

use super::busy::{Kind, Neighbours};
use super::callers::{self, Round};
use crate::report::Machine;
use crate::report::median_p95;

/// Between two steps, for calls to end in.
const SETTLE: Duration = Duration::from_secs(2);

/// Puts callers on a server of its own, first on the quiet machine, then beside busy neighbours, and prints what they
/// heard: end of speech to first sound, interruption to silence, fillers, dropped frames. Each figure stands
/// beside its ratio to the quiet one, which is the median of the rounds' ratios.
///
/// The callers run on this machine too. Run it on one that does nothing else.
#[derive(clap::Args)]
pub(super) struct Options {
    /// Neighbours of each step, KIND:COUNT; kinds: cpu, nice (cpu at nice 19), memory, disk
    #[arg(long, value_name = "KIND:COUNT,…", value_delimiter = ',',
        default_values = ["cpu:1", "cpu:2", "cpu:4", "nice:2", "nice:4", "memory:1", "disk:1"])]
    beside: Vec<Beside>,
    /// Callers at once, for each kind of step
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_values_t = [1, 4])]
    calls: Vec<u32>,
    /// Length of a step, in seconds of real time; a caller gets about eight answers a minute
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(20..=3_600))]
    seconds: u32,
    /// How often all steps are made
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Ask the system for no priorities, as where it grants none
    #[arg(long)]
    no_priority: bool,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// So many neighbours of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Beside {
    kind: Kind,
    count: u32,
}

impl FromStr for Beside {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no KIND:COUNT such as cpu:2; kinds: cpu, nice, memory, disk; 1 to 64 of them"
            )
        };
        let (kind, count) = text.split_once(':').ok_or_else(wrong)?;
        let count = count.parse().ok().filter(|count| (1..=64).contains(count));
        Ok(Self {
            kind: <Kind as clap::ValueEnum>::from_str(kind, true).map_err(|_| wrong())?,
            count: count.ok_or_else(wrong)?,
        })
    }
}

impl std::fmt::Display for Beside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.kind.name(), self.count)
    }
}

/// What the callers of one step heard.
#[derive(Serialize)]
struct ShedLevel {
    round: u32,
    /// `quiet`, or KIND:COUNT.
    beside: String,
    /// Who had the processor's time; the callers' share is in the program's own.
    shares: Option<Shares>,
    #[serde(flatten)]
    heard: Round,
}

/// How many times as long as on the quiet machine: medians over the rounds.
#[derive(Serialize)]
struct Ratio {
    beside: String,
    calls: u32,
    answer_median: f32,
    answer_p95: f32,
    silence_p95: f32,
}

pub(super) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    ensure!(
        options.calls.iter().all(|calls| (1..=256).contains(calls)),
        "a step has 1 to 256 callers"
    );
    if options.no_priority {
        let none = patter_config::PriorityConfig {
            real_time_sound: false,
            sound_nice: 0,
            models_nice: 0,
            background_nice: 0,
        };
        // Settings are those of the whole program, and were made when it began.
        priority::configure(&none);
    }
    let lines = callers::lines(loaded, 0.4)?;
    let most = options.calls.iter().copied().max().unwrap_or(1);
    let own = callers::server(loaded, most)?;
    let limit = Duration::from_secs(u64::from(options.seconds));
    let mut steps = Vec::new();
    for round in 1..=options.rounds {
        for &calls in &options.calls {
            let conditions = std::iter::once(None).chain(options.beside.iter().map(Some));
            for beside in conditions {
                let name = beside.map_or("quiet".into(), Beside::to_string);
                patter_machine::log::info(&format!(
                    "round {round}: {calls} callers, {name}, {} s in real time",
                    options.seconds
                ));
                let neighbours = beside
                    .map(|beside| Neighbours::start(beside.kind, beside.count))
                    .transpose()?;
                let before = Reading::now();
                let mut heard = callers::round(own.server.address(), calls, limit, &lines);
                let shares = before.and_then(|before| Some(Reading::now()?.since(&before)));
                drop(neighbours);
                // The calls' last events belong to this step.
                std::thread::sleep(SETTLE);
                heard.agent = Some(own.told());
                steps.push(ShedLevel {
                    round,
                    beside: name,
                    shares,
                    heard,
                });
            }
        }
    }
    print(loaded, options, &steps)?;
    Ok(ExitCode::SUCCESS)
}

/// Each kind of step compared with the quiet one of its round, in the order of the steps.
fn ratios(steps: &[ShedLevel]) -> Vec<Ratio> {
    let mut kinds: Vec<(&str, u32)> = Vec::new();
    for step in steps {
        let kind = (step.beside.as_str(), step.heard.calls);
        if step.beside != "quiet" && !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    let median = |kind: (&str, u32), figure: &dyn Fn(&Round) -> f32| {
        let of_kind = steps
            .iter()
            .filter(|step| (step.beside.as_str(), step.heard.calls) == kind);
        let ratio = |step: &ShedLevel| {
            let quiet = steps.iter().find(|quiet| {
                quiet.beside == "quiet"
                    && quiet.round == step.round
                    && quiet.heard.calls == step.heard.calls
            })?;
            Some(figure(&step.heard) / figure(&quiet.heard)).filter(|ratio| ratio.is_finite())
        };
        median_p95(&mut of_kind.filter_map(ratio).collect::<Vec<f32>>()).0
    };
    let of = |kind: (&str, u32)| Ratio {
        beside: kind.0.to_owned(),
        calls: kind.1,
        answer_median: median(kind, &|heard| heard.answer_ms.median),
        answer_p95: median(kind, &|heard| heard.answer_ms.p95),
        silence_p95: median(kind, &|heard| heard.silence_ms.p95),
    };
    kinds.into_iter().map(of).collect()
}

fn print(loaded: &Loaded, options: &Options, steps: &[ShedLevel]) -> anyhow::Result<()> {
    let machine = Machine::of(loaded);
    let granted = priority::told(&priority::probe());
    let ratios = ratios(steps);
    if options.json {
        return crate::report::print_json(&serde_json::json!({
            "machine": machine.processor, "cores": machine.cores, "models": machine.models, "priorities": granted,
            "steps": steps, "ratios": ratios,
        }));
    }
    println!("{machine}; the callers run on it too; {granted}");
    println!("n, median and p95 in ms; of the cores' time: own and neighbours', in percent");
    println!(
        "{:>9} {:>5} {:>19} {:>19} {:>7} {:>7} {:>4} {:>9}  left out",
        "beside", "calls", "answer", "silence", "fillers", "dropped", "lost", "own/other"
    );
    for step in steps {
        let heard = &step.heard;
        let agent = heard.agent.as_ref().context("the agent tells nothing")?;
        let percent = |share: fn(&Shares) -> f32| {
            step.shares
                .map_or(f32::NAN, |shares| share(&shares) * 100.0)
        };
        println!(
            "{:>9} {:>5} {:>19} {:>19} {:>7} {:>7} {:>4} {:>4.0}/{:<4.0}  {}",
            step.beside,
            heard.calls,
            heard.answer_ms.to_string(),
            heard.silence_ms.to_string(),
            agent.fillers,
            agent.dropped_frames,
            heard.lost,
            percent(|shares| shares.own),
            percent(|shares| shares.neighbours + shares.polite),
            agent.left_out.name()
        );
    }
    println!(
        "times as long as quiet, median of {} rounds",
        options.rounds
    );
    println!(
        "{:>9} {:>5} {:>13} {:>13} {:>13}",
        "beside", "calls", "answer median", "answer p95", "silence p95"
    );
    for ratio in ratios {
        println!(
            "{:>9} {:>5} {:>13.2} {:>13.2} {:>13.2}",
            ratio.beside, ratio.calls, ratio.answer_median, ratio.answer_p95, ratio.silence_p95
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::callers::Times;

    #[test]
    fn neighbours_are_a_kind_and_a_count() {
        let beside: Beside = "nice:2".parse().unwrap();
        assert_eq!((beside.kind, beside.count), (Kind::Nice, 2));
        assert_eq!(beside.to_string(), "nice:2");
        for wrong in ["", "cpu", "cpu:", "cpu:0", "cpu:65", "loop:1", "cpu:x"] {
            let error = wrong.parse::<Beside>().unwrap_err();
            assert!(error.contains("KIND:COUNT"), "{error}");
        }
    }

    #[test]
    fn each_step_is_compared_with_the_quiet_one_of_its_round() {
        let nothing = || Times {
            n: 0,
            median: f32::NAN,
            p95: f32::NAN,
        };
        let step = |round, beside: &str, calls, p95| ShedLevel {
            round,
            beside: beside.into(),
            shares: None,
            heard: Round {
                calls,
                talk: 0.4,
                answer_ms: Times {
                    n: 30,
                    median: p95 / 2.0,
                    p95,
                },
                approved_ms: nothing(),
                silence_ms: nothing(),
                set_up_ms: Times {
                    n: 1,
                    median: 9.0,
                    p95: 9.0,
                },
                unanswered: 0,
                lost: 0,
                agent: None,
                memory_mb: 1.0,
            },
        };
        let steps = [
            step(1, "quiet", 1, 400.0),
            step(1, "cpu:1", 1, 600.0),
            step(1, "quiet", 4, 500.0),
            step(1, "cpu:1", 4, 1_000.0),
            step(2, "quiet", 1, 800.0),
            step(2, "cpu:1", 1, 1_600.0),
            step(3, "quiet", 1, 400.0),
            step(3, "cpu:1", 1, 4_000.0),
        ];
        let ratios = ratios(&steps);
        assert_eq!(ratios.len(), 2);
        assert_eq!((ratios[0].calls, ratios[0].answer_p95), (1, 2.0));
        assert_eq!((ratios[1].calls, ratios[1].answer_p95), (4, 2.0));
        assert!(ratios[0].silence_p95.is_nan(), "nobody interrupted");
    }
}
