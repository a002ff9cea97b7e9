//! `patter playbook import`: scenario files to playbooks and personas.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use patter_lab::import;
use patter_lab::import::{ImportError, Imported, MAX_FILE_BYTES};

/// Writes FOLDER/NAME.toml, a playbook, and FOLDER/personas/NAME.toml, the customer, for each FILE.
///
/// What is not as usual is told on stderr as `file:line: what; what was done`. Exit codes: 0 all is imported, 1
/// something needs a look (lines that begin with `loss`), 2 a file cannot be used.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Scenarios in Markdown; a name like `task-2-1-4-3.md` tells the customer's archetype, 1 to 5
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Where the playbooks go
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    out: PathBuf,
    /// Replace files that are there
    #[arg(long)]
    force: bool,
    /// One JSON array
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let mut rows = Vec::new();
    let (mut lost, mut unusable) = (false, false);
    for file in &options.files {
        match one(file, options) {
            Ok((imported, paths)) => {
                lost |= tell(file, &imported);
                let row = Row::new(file, &imported, paths);
                if options.json {
                    rows.push(row);
                } else {
                    println!(
                        "{}: {} steps, {} of them spoken, {} stages; {} questions, {} facts, {} slots to fill",
                        row.playbook,
                        row.steps,
                        row.spoken_steps,
                        row.stages,
                        row.questions,
                        row.facts,
                        row.open_slots
                    );
                }
            }
            Err(error) => {
                super::super::complain(&error);
                unusable = true;
            }
        }
    }
    if options.json {
        patter_lab::report::print_json(&rows)?;
    }
    let code = if unusable { 2 } else { u8::from(lost) };
    Ok(ExitCode::from(code))
}

#[derive(serde::Serialize)]
struct Row {
    file: String,
    playbook: String,
    persona: String,
    steps: usize,
    spoken_steps: usize,
    stages: usize,
    objections: usize,
    questions: usize,
    facts: usize,
    open_slots: usize,
    notes: Vec<import::Note>,
}

impl Row {
    fn new(file: &Path, imported: &Imported, [playbook, persona]: [PathBuf; 2]) -> Self {
        let made = &imported.playbook;
        Self {
            file: file.display().to_string(),
            playbook: playbook.display().to_string(),
            persona: persona.display().to_string(),
            steps: imported.steps,
            spoken_steps: imported.spoken_steps,
            stages: made.flow.len(),
            objections: made.objections.len(),
            questions: imported.questions,
            facts: made.facts.len(),
            open_slots: made
                .slots
                .values()
                .filter(|slot| slot.default.is_empty())
                .count(),
            notes: imported.notes.clone(),
        }
    }
}

/// Imports `file` and writes both of its parts.
fn one(file: &Path, options: &Options) -> anyhow::Result<(Imported, [PathBuf; 2])> {
    let name = file.display();
    let mut bytes = Vec::new();
    std::fs::File::open(file)
        .and_then(|opened| opened.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .with_context(|| format!("cannot read `{name}`"))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let error = ImportError::TooLarge { bytes: bytes.len() };
        return Err(error).with_context(|| format!("cannot import `{name}`"));
    }
    let text = String::from_utf8(bytes).with_context(|| format!("`{name}` is not UTF-8"))?;
    let stem = file
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    let imported =
        import::import(&stem, &text).with_context(|| format!("cannot import `{name}`"))?;
    let playbook = options.out.join(format!("{stem}.toml"));
    let persona = options.out.join("personas").join(format!("{stem}.toml"));
    for path in [&playbook, &persona] {
        anyhow::ensure!(
            options.force || !path.exists(),
            "`{}` is there already; `--force` replaces it",
            path.display()
        );
    }
    let folder = options.out.join("personas");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    for (path, text) in [
        (&playbook, imported.playbook.to_toml()?),
        (&persona, imported.persona.to_toml()?),
    ] {
        std::fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok((imported, [playbook, persona]))
}

/// Tells what was unusual; whether any of it loses something.
fn tell(file: &Path, imported: &Imported) -> bool {
    for note in &imported.notes {
        let kind = if note.loses { "loss: " } else { "" };
        eprintln!("{kind}{}:{note}", file.display());
    }
    imported.notes.iter().any(|note| note.loses)
}
