//! `patter playbook lint`: what is wrong in playbooks, and what is doubtful, by file and line.

use patter_dialogue::history::fullest_prompt;
use std::path::PathBuf;
use std::process::ExitCode;

use patter_config::Loaded;
use patter_engine::chat::LlmError;
use patter_llm::prompt;
use patter_llm::prompt::PromptReader;
use patter_playbook::{Places, Playbook, PlaybookError, Problem};
use patter_types::chat::ChatMessage;

/// Checks playbooks: rules that a call insists on (`wrong`), and what a caller may stumble over (`doubt`): dead ends,
/// several goals, numbers that disagree, former names of keys, a prompt too long for `llm.context_tokens`. Exits with 1
/// when it finds either. A `note` names what can be read aloud in two ways, and changes no exit code.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The playbooks; the config's and all beside it if there are none
    files: Vec<PathBuf>,
    /// One JSON array, an object for each file
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Finding {
    level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    place: String,
    message: String,
    hint: String,
}

/// Tokens of a playbook's prompts.
#[derive(serde::Serialize)]
struct Budget {
    /// What every prompt begins with.
    shared: usize,
    /// The prompt of a call whose history is full.
    longest: usize,
    /// What one call has room for.
    limit: usize,
    /// The model is not here to count them.
    estimated: bool,
}

#[derive(serde::Serialize)]
struct Report {
    file: PathBuf,
    title: Option<String>,
    prompt_tokens: Option<Budget>,
    findings: Vec<Finding>,
}

/// The level of findings that are no faults.
const NOTE: &str = "note";

impl Report {
    fn is_faulty(&self) -> bool {
        self.findings.iter().any(|finding| finding.level != NOTE)
    }
}

pub(crate) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    let files = if options.files.is_empty() {
        crate::cli::doctor::playbooks_of(loaded)
    } else {
        options.files.clone()
    };
    let model = loaded.model(&loaded.config.llm.model);
    let reader = match PromptReader::load(&model) {
        Ok(reader) => Some(reader),
        Err(LlmError::Missing { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let mut reports = Vec::new();
    for file in files {
        reports.push(lint(loaded, reader.as_ref(), file)?);
    }
    let found = reports.iter().any(Report::is_faulty);
    if options.json {
        patter_lab::report::print_json(&reports)?;
    } else {
        reports.iter().for_each(print);
    }
    Ok(ExitCode::from(u8::from(found)))
}

fn lint(loaded: &Loaded, reader: Option<&PromptReader>, file: PathBuf) -> anyhow::Result<Report> {
    let text = Playbook::read_text(&file)?;
    let playbook = match Playbook::parse(&text, &file.display().to_string()) {
        Ok(playbook) => playbook,
        Err(error) => return Ok(unread(file, &error)),
    };
    let places = Places::new(&text);
    let finding = |level: &'static str, problem: Problem| Finding {
        level,
        line: places.line(&problem.place),
        place: problem.place,
        message: problem.message,
        hint: problem.hint,
    };
    let wrong = playbook.validate().into_iter();
    let mut findings: Vec<Finding> = wrong.map(|p| finding("wrong", p)).collect();
    let doubts = playbook.doubts().into_iter();
    findings.extend(doubts.chain(places.renamed()).map(|p| finding("doubt", p)));
    let budget = budget(loaded, reader, &playbook)?;
    findings.extend(over(&budget, loaded).map(|p| finding("doubt", p)));
    let notes = playbook.spoken_doubts(&super::voice_language(loaded, &playbook));
    findings.extend(notes.into_iter().map(|p| finding(NOTE, p)));
    Ok(Report {
        file,
        title: Some(playbook.title),
        prompt_tokens: Some(budget),
        findings,
    })
}

/// The report on a file that is no playbook.
fn unread(file: PathBuf, error: &PlaybookError) -> Report {
    let (line, message) = match error {
        PlaybookError::Toml { line, message, .. } => (Some(*line), message.clone()),
        other => (None, other.to_string()),
    };
    let finding = Finding {
        level: "wrong",
        line,
        place: "file".into(),
        message,
        hint: error.hint().unwrap_or_default(),
    };
    Report {
        file,
        title: None,
        prompt_tokens: None,
        findings: vec![finding],
    }
}

fn budget(
    loaded: &Loaded,
    reader: Option<&PromptReader>,
    playbook: &Playbook,
) -> anyhow::Result<Budget> {
    let config = &loaded.config;
    let count = |messages: &[ChatMessage], open_turn| match reader {
        Some(reader) => Ok::<_, LlmError>(reader.read(messages, open_turn)?.tokens),
        None => Ok(prompt::estimate(messages)),
    };
    let longest = fullest_prompt(
        playbook,
        config.dialogue.free_replies,
        config.dialogue.history_turns as usize,
    );
    let shared = count(&longest[..1], false)?;
    let share = prompt::share(&config.llm, config.serve.max_calls as usize, shared);
    Ok(Budget {
        shared,
        longest: count(&longest, true)?,
        limit: (shared + share).saturating_sub(config.llm.max_reply_tokens as usize),
        estimated: reader.is_none(),
    })
}

/// The problem of a playbook whose prompts have no room.
fn over(budget: &Budget, loaded: &Loaded) -> Option<Problem> {
    let config = &loaded.config;
    (budget.longest > budget.limit).then(|| Problem {
        place: "role".into(),
        message: format!(
            "with {} exchanges a prompt has {}{} tokens, but one of {} calls has room for {}",
            config.dialogue.history_turns,
            if budget.estimated { "about " } else { "" },
            budget.longest,
            config.serve.max_calls,
            budget.limit
        ),
        hint: "raise `llm.context_tokens`, lower `serve.max_calls` or `dialogue.history_turns`, or shorten the playbook".into(),
    })
}

fn print(report: &Report) {
    let file = report.file.display();
    for finding in &report.findings {
        let line = finding
            .line
            .map(|line| format!(":{line}"))
            .unwrap_or_default();
        println!(
            "{:7} {file}{line} `{}`: {}",
            finding.level, finding.place, finding.message
        );
        println!("        hint: {}", finding.hint);
    }
    if let (true, Some(title), Some(budget)) =
        (!report.is_faulty(), &report.title, &report.prompt_tokens)
    {
        let about = if budget.estimated { "about " } else { "" };
        println!(
            "ok      {file} {title}: {about}{} tokens in every prompt, {} with a full history, of {}",
            budget.shared, budget.longest, budget.limit
        );
    }
}
