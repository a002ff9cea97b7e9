//! `patter eval intent`: how well a playbook's intents are told from callers' words.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, ensure};
use patter_config::Loaded;
use patter_dialogue::intent::compare::{Approach, answers, mislabelled};
use patter_dialogue::intent::measure::{Line, Score, read_lines, score};
use patter_dialogue::intent::{Classifier, Labelled};
use patter_playbook::Playbook;

use super::percent;

/// Compares the ways of telling what a caller means on labelled lines. An abstention is wrong on a known line and right
/// on an unknown one. Exits with 1 when the classifier is below a `--min-…`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The playbook
    #[arg(long, value_name = "FILE")]
    playbook: PathBuf,
    /// Labelled lines: kind, intent (`facts.price`, `unknown`, …) and words, separated by tabs
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Measure again with this share of the examples given to a wrong intent, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    flip: f32,
    /// How often, with other examples each time
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// Least share of known lines that the classifier must get right, 0 to 1
    #[arg(long, value_name = "SHARE")]
    min_accuracy: Option<f32>,
    /// Least share of unknown lines in which the classifier must abstain, 0 to 1
    #[arg(long, value_name = "SHARE")]
    min_rejected: Option<f32>,
    /// One JSON array
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Row {
    approach: &'static str,
    flipped: f32,
    seed: u64,
    #[serde(flatten)]
    score: Score,
}

pub(crate) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    for share in [
        Some(options.flip),
        options.min_accuracy,
        options.min_rejected,
    ] {
        let share = share.unwrap_or(0.0);
        ensure!(
            (0.0..=1.0).contains(&share),
            "`{share}` is not a share from 0 to 1"
        );
    }
    let playbook = Playbook::load(&options.playbook)?;
    let name = options.data.display();
    let text =
        std::fs::read_to_string(&options.data).with_context(|| format!("cannot read `{name}`"))?;
    let known = |intent: &str| {
        playbook
            .caller_examples()
            .any(|example| example.intent.to_string() == intent)
    };
    let lines = read_lines(&text, known).with_context(|| format!("`{name}`"))?;
    let examples = Labelled::all_of(&playbook);
    let embed = patter_assembly::embedder_for(loaded, &playbook.language)?;
    let measure = |flipped: f32, seed: u64| {
        let examples = mislabelled(&examples, flipped, seed);
        let row = |approach| Row {
            approach: Approach::name(approach),
            flipped,
            seed,
            score: score(
                &lines,
                &answers(approach, &playbook, &examples, &lines, embed.as_ref()),
            ),
        };
        Approach::ALL.map(row)
    };
    let mut rows: Vec<Row> = measure(0.0, 0).into();
    if options.flip > 0.0 {
        rows.extend((1..=options.seeds).flat_map(|seed| measure(options.flip, seed)));
    }
    if options.json {
        crate::report::print_json(&rows)?;
    } else {
        let started = Instant::now();
        let intents = Classifier::train_on(&examples, embed.clone())
            .intents()
            .count();
        let took_ms = started.elapsed().as_millis();
        println!(
            "{} examples of {intents} intents learnt in {took_ms} ms; {} lines",
            examples.len(),
            lines.len()
        );
        print(&rows, &lines);
    }
    let classifier = rows
        .iter()
        .find(|row| row.approach == Approach::Classifier.name());
    let below = |least: Option<f32>, share: f32| least.is_some_and(|least| share < least);
    let failed = classifier.is_some_and(|row| {
        let all = &row.score.kinds[0];
        below(options.min_accuracy, all.accuracy) || below(options.min_rejected, all.rejected)
    });
    Ok(ExitCode::from(u8::from(failed)))
}

fn print(rows: &[Row], lines: &[Line]) {
    let kinds: Vec<String> = rows.first().map_or(Vec::new(), |row| {
        row.score.kinds.iter().map(|k| k.kind.clone()).collect()
    });
    print!("\n{:26}{:>8}", "percent", "flipped");
    for kind in &kinds {
        print!("{:>14}", format!("right {kind}"));
    }
    for kind in &kinds {
        print!("{:>14}", format!("reject {kind}"));
    }
    println!(
        "{:>10}{:>6}{:>7}{:>8}{:>8}",
        "precision", "ECE", "Brier", "ms", "p95 ms"
    );
    for row in rows {
        print!("{:26}{:>8}", row.approach, percent(row.flipped));
        for kind in &row.score.kinds {
            print!("{:>14}", percent(kind.accuracy));
        }
        for kind in &row.score.kinds {
            print!("{:>14}", percent(kind.rejected));
        }
        let number = |value: f32| {
            if value.is_nan() {
                "-".into()
            } else {
                format!("{value:.3}")
            }
        };
        println!(
            "{:>10}{:>6}{:>7}{:>8}{:>8}",
            percent(row.score.precision),
            percent(row.score.calibration_error),
            number(row.score.brier),
            number(row.score.median_ms),
            number(row.score.p95_ms)
        );
    }
    let Some(row) = rows
        .iter()
        .find(|row| row.approach == Approach::Classifier.name())
    else {
        return;
    };
    println!(
        "\nwhat the classifier said, and how often it was right ({} lines)",
        lines.len()
    );
    for (number, bin) in row.score.bins.iter().enumerate() {
        println!(
            "  {:.1} to {:.1}: {:4} lines, said {:>5}, right {:>5}",
            number as f32 / 10.0,
            (number + 1) as f32 / 10.0,
            bin.lines,
            if bin.lines > 0 {
                percent(bin.probability)
            } else {
                "-".into()
            },
            if bin.lines > 0 {
                percent(bin.right)
            } else {
                "-".into()
            },
        );
    }
    println!("\nmost confused");
    for (meant, said, times) in row.score.confused.iter().take(12) {
        println!("  {times:3} times {meant} taken for {said}");
    }
}
