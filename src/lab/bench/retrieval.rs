//! `patter bench retrieval`: how often the right line is found, and how fast, in made-up libraries of growing size.

mod library;
mod topics;

use std::process::ExitCode;
use std::time::Instant;

use patter_config::Loaded;
use patter_dialogue::retrieval::{Index, Query};

/// Made-up libraries of approved lines, asked in wordings they do not know, as said and as misheard. Prints how often
/// the right line is among the first 1, 3 and 5, and the time of a question. No model is needed.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Lines of the libraries
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "100,1000,10000",
        value_parser = clap::value_parser!(u32).range(1..=library::MOST_LINES as i64)
    )]
    sizes: Vec<u32>,
    /// Questions to each library; a small one is asked once for each line
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    questions: u32,
    /// Another seed makes other mistakes of hearing
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// Lines asked for, as a prompt might show them.
const ASKED_LINES: usize = 5;

#[derive(serde::Serialize)]
struct Row {
    lines: usize,
    /// `said`: without errors; `heard`: with those of a recogniser.
    words: &'static str,
    questions: usize,
    recall_at_1: f32,
    recall_at_3: f32,
    recall_at_5: f32,
    median_us: f32,
    p95_us: f32,
    /// Time to make the index.
    build_ms: f32,
}

pub(crate) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    let rows: Vec<Row> = options
        .sizes
        .iter()
        .flat_map(|&size| measure(size as usize, options))
        .collect();
    print(loaded, &rows, options.json)?;
    Ok(ExitCode::SUCCESS)
}

fn measure(size: usize, options: &Options) -> [Row; 2] {
    let lines = library::lines(size);
    let started = Instant::now();
    let index = Index::new((0u32..).zip(&lines).map(library::entry));
    let build_ms = started.elapsed().as_secs_f32() * 1_000.0;
    let questions = library::questions(&lines, options.questions as usize, options.seed);
    ["said", "heard"].map(|words| {
        let mut ranks = Vec::new();
        let mut times_us = Vec::new();
        for question in &questions {
            let query = Query {
                stage: Some(question.stage),
                intent: None,
                words: match words {
                    "said" => &question.said,
                    _ => &question.heard,
                },
                said: &|_| false,
                filled: &|_| true,
            };
            let started = Instant::now();
            let found = index.find(&query, ASKED_LINES);
            times_us.push(started.elapsed().as_secs_f32() * 1e6);
            ranks.extend(found.iter().position(|line| line.id == question.answer));
        }
        let recall = |places: usize| {
            let found = ranks.iter().filter(|&&rank| rank < places).count();
            found as f32 / questions.len() as f32
        };
        let (median_us, p95_us) = crate::report::median_p95(&mut times_us);
        Row {
            lines: index.len(),
            words,
            questions: questions.len(),
            recall_at_1: recall(1),
            recall_at_3: recall(3),
            recall_at_5: recall(5),
            median_us,
            p95_us,
            build_ms,
        }
    })
}

fn print(loaded: &Loaded, rows: &[Row], json: bool) -> anyhow::Result<()> {
    let machine = crate::report::Machine::of(loaded);
    if json {
        return crate::report::print_json(
            &serde_json::json!({ "machine": machine.processor, "cores": machine.cores, "rows": rows }),
        );
    }
    println!("{} cores of {}", machine.cores, machine.processor);
    println!(
        "{:>6} {:6} {:>9} {:>9} {:>9} {:>9} {:>10} {:>8} {:>9}",
        "lines",
        "words",
        "questions",
        "recall@1",
        "recall@3",
        "recall@5",
        "median us",
        "p95 us",
        "build ms"
    );
    for row in rows {
        println!(
            "{:>6} {:6} {:>9} {:>9.3} {:>9.3} {:>9.3} {:>10.1} {:>8.1} {:>9.1}",
            row.lines,
            row.words,
            row.questions,
            row.recall_at_1,
            row.recall_at_3,
            row.recall_at_5,
            row.median_us,
            row.p95_us,
            row.build_ms
        );
    }
    Ok(())
}
