//! `patter eval rerank`: whether the reward that chooses between replies knows what belongs together, whether the
//! choice helps, and what it costs.
//!
//! Thread: one, beside the model's. In: what callers say, each with a thought and a good reply. Out: a table or JSON.
//! Memory: one chat at a time. Source: arXiv 2511.12133, R_bayes; the table of callers' lines and the measure of
//! likeness are our own, and so are the figures: they cannot be held against the paper's.

mod best_of;
mod data;
mod pairs;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use patter_call::candidates::Limits;
use patter_config::Loaded;
use patter_dialogue::Dialogue;
use patter_dialogue::knowledge::Knowledge;
use patter_machine::cores::Cores;
use patter_playbook::Playbook;
use patter_types::chat::{ChatMessage, Role};
use serde::Serialize;

use super::Figures;

const TRIPLES: &str = include_str!("triples.tsv");

/// Holds what matches a caller's line (a thought, a reply) against what was said to others, and chooses among replies
/// of the model's own.
///
/// Intervals are where the figure lies in 95 of 100 resamples of the callers' lines.
#[derive(clap::Args)]
pub(super) struct Options {
    /// Callers' lines, each with a thought and a good reply, separated by tabs; `#` begins a comment
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Playbook in place of the config's
    #[arg(long, value_name = "FILE")]
    playbook: Option<PathBuf>,
    /// Use only the first lines
    #[arg(long, value_name = "LINES", value_parser = clap::value_parser!(u32).range(2..))]
    n: Option<u32>,
    /// Other lines that each is held against
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    others: u32,
    /// Candidates of each turn; 0 leaves the choice out
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(0..=16))]
    candidates: u32,
    /// Print the candidates
    #[arg(long)]
    show: bool,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    model: String,
    lines: usize,
    #[serde(flatten)]
    pairs: pairs::Pairs,
    best_of: Option<best_of::BestOf>,
    /// What a scoring reads, in tokens.
    tokens: Option<Figures>,
    /// One scoring of a given thought and reply, with the chat in the cache, in ms.
    scored_ms: Option<Figures>,
    /// One candidate: its thought and its reply, in ms.
    candidate_made_ms: Option<Figures>,
    /// One candidate: its scoring, in ms.
    candidate_scored_ms: Option<Figures>,
    /// A reply with re-ranking off, in ms.
    reply_off_ms: Option<Figures>,
}

pub(super) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    let loaded = crate::report::with_playbook(loaded, options.playbook.as_ref())?;
    let config = &loaded.config;
    let (text, name) = match &options.data {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read `{}`", path.display()))?;
            (text, path.display().to_string())
        }
        None => (TRIPLES.to_owned(), "the shipped table".into()),
    };
    let mut triples = data::triples(&text).with_context(|| format!("in {name}"))?;
    triples.truncate(options.n.map_or(usize::MAX, |n| n as usize));

    let mut dialogue = Dialogue::new(
        Arc::new(Knowledge::new(Playbook::load(
            &loaded.resolve(&config.dialogue.playbook),
        )?)),
        config.dialogue.history_turns as usize,
    )
    .answering(config.dialogue.free_replies.or_brief());
    let opening = dialogue.opening().text();
    dialogue.heard_of_reply(&opening);
    let so_far = dialogue.so_far();
    let chat = |caller: &str| -> Vec<ChatMessage> {
        let mut chat = so_far.clone();
        chat.push(ChatMessage {
            role: Role::User,
            text: caller.to_owned(),
        });
        chat
    };

    let mut settings = loaded.clone();
    // Whole replies on a busy machine too: the seed alone decides the words.
    settings.config.llm.max_reply_ms = 120_000;
    let engine = patter_assembly::chat_model(&settings, 1, &Cores::of_machine())?;
    let session = engine.session()?;
    let progress = |what: &'static str| {
        let count = triples.len();
        let quiet = options.show;
        move |number: usize| {
            if !quiet {
                eprint!("\rpatter: {what} {} of {count}  ", number + 1);
            }
        }
    };
    let pairs = pairs::judge(
        session.as_ref(),
        &triples,
        options.others as usize,
        chat,
        progress("pairs of line"),
    )?;
    let best_of = (options.candidates > 0).then(|| {
        let limits = Limits {
            count: options.candidates,
            budget: None,
            seed: config.llm.seed,
        };
        let show = |text: &str| {
            if options.show {
                eprintln!("{text}");
            }
        };
        let progress = progress("candidates of line");
        best_of::choose(session.as_ref(), &triples, &limits, chat, progress, show)
    });
    eprintln!();
    let of_candidates = |values: fn(&best_of::BestOf) -> &Vec<f32>| {
        Figures::of(best_of.as_ref().map_or(Vec::new(), |b| values(b).clone()))
    };
    let report = Report {
        model: config.llm.model.display().to_string(),
        lines: triples.len(),
        tokens: Figures::of(pairs.tokens.clone()),
        scored_ms: Figures::of(pairs.scored_ms.clone()),
        candidate_made_ms: of_candidates(|b| &b.made_ms),
        candidate_scored_ms: of_candidates(|b| &b.scored_ms),
        reply_off_ms: of_candidates(|b| &b.off_ms),
        pairs,
        best_of,
    };
    if options.json {
        crate::report::print_json(&report)?;
    } else {
        print(&report);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(report: &Report) {
    println!(
        "{} callers' lines, {} pairs, {}",
        report.lines, report.pairs.pairs, report.model
    );
    pairs::print(&report.pairs);
    if let Some(best_of) = &report.best_of {
        best_of::print(best_of);
    }
    for (name, figures) in [
        ("tokens of a scoring", &report.tokens),
        ("scoring ms", &report.scored_ms),
        ("candidate made ms", &report.candidate_made_ms),
        ("candidate scored ms", &report.candidate_scored_ms),
        ("reply, off, ms", &report.reply_off_ms),
    ] {
        if let Some(figures) = figures {
            println!("{name:<27}{figures}");
        }
    }
}
