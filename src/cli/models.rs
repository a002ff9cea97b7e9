//! `patter models`: what there is, what is missing, and how it comes here.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use patter_config::Loaded;
use patter_models as models;
use patter_models::{Fetcher, Manifest, Model, Outcome, Progress, Status};

/// Model files are named in `manifest.toml` of the models folder. Nothing else in Patter ever fetches one.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// List the models of the manifest and whether they are here
    List {
        /// One JSON array
        #[arg(long)]
        json: bool,
    },
    /// Fetch models: those named, or the defaults
    Fetch {
        /// Names from `patter models list`; none means the defaults
        names: Vec<String>,
        /// Take the files from a folder instead of the network
        #[arg(long, value_name = "FOLDER")]
        from: Option<PathBuf>,
    },
    /// Check the files that are here against their sha256
    Verify {
        /// Names; none means all that are here
        names: Vec<String>,
        /// One JSON array
        #[arg(long)]
        json: bool,
    },
}

pub(crate) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    let folder = loaded.resolve(&loaded.config.models.folder);
    let manifest = Manifest::load(&folder.join("manifest.toml"))?;
    match &options.action {
        Action::List { json } => list(&manifest, &folder, *json),
        Action::Fetch { names, from } => fetch(&manifest, folder, names, from.clone()),
        Action::Verify { names, json } => verify(&manifest, &folder, names, *json),
    }
}

fn chosen<'a>(manifest: &'a Manifest, names: &[String]) -> anyhow::Result<Vec<&'a Model>> {
    names.iter().map(|name| Ok(manifest.find(name)?)).collect()
}

fn word(status: &Status) -> String {
    match status {
        Status::Missing => "missing".into(),
        Status::Present => "here".into(),
        Status::SizeDiffers { expected, found } => {
            format!("wrong size: {found} bytes, should be {expected}")
        }
        Status::HashDiffers { .. } => "damaged: its sha256 differs".into(),
        Status::Ok => "here".into(),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn list(manifest: &Manifest, folder: &std::path::Path, json: bool) -> anyhow::Result<ExitCode> {
    let mut rows = Vec::new();
    for model in &manifest.models {
        let status = models::status(model, folder)?;
        if json {
            rows.push(serde_json::json!({
                "name": model.name, "step": format!("{:?}", model.step).to_lowercase(), "file": model.file, "default": model.default,
                "size_bytes": model.size_bytes, "licence": model.licence, "purpose": model.purpose, "status": word(&status),
            }));
        } else {
            println!(
                "{:34} {:>10}  {:8} {}{}\n    {}",
                model.name,
                megabytes(model.size_bytes),
                format!("{:?}", model.step).to_lowercase(),
                word(&status),
                if model.default { ", default" } else { "" },
                model.purpose
            );
        }
    }
    if json {
        patter_lab::report::print_json(&rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn fetch(
    manifest: &Manifest,
    folder: PathBuf,
    names: &[String],
    from: Option<PathBuf>,
) -> anyhow::Result<ExitCode> {
    let wanted = if names.is_empty() {
        manifest.defaults().collect()
    } else {
        chosen(manifest, names)?
    };
    let fetcher = Fetcher { folder, from };
    for model in wanted {
        fetch_one(&fetcher, model)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Fetches `model` unless it is there, with its progress, and says how that ended.
pub(crate) fn fetch_one(fetcher: &Fetcher, model: &Model) -> anyhow::Result<()> {
    let mut bar = Bar::new(&model.name);
    let outcome = fetcher.fetch(model, &mut |progress| bar.show(&progress));
    bar.clear();
    match outcome? {
        Outcome::AlreadyThere => println!("{}: already here", model.name),
        Outcome::Fetched {
            source,
            sha256,
            checked,
        } => {
            let verdict = match checked {
                true => "is right",
                false => "(the manifest has none to check it against)",
            };
            println!(
                "{}: fetched from {source}, sha256 {sha256} {verdict}",
                model.name
            );
        }
    }
    Ok(())
}

fn verify(
    manifest: &Manifest,
    folder: &std::path::Path,
    names: &[String],
    json: bool,
) -> anyhow::Result<ExitCode> {
    let wanted = if names.is_empty() {
        manifest.models.iter().collect()
    } else {
        chosen(manifest, names)?
    };
    let mut rows = Vec::new();
    let mut wrong = false;
    for model in wanted {
        let status = models::verify(model, folder)?;
        if names.is_empty() && status == Status::Missing {
            continue;
        }
        let text = match &status {
            Status::Ok => "right".to_owned(),
            Status::Present => "here; the manifest has no sha256 to check it against".to_owned(),
            other => word(other),
        };
        let good = matches!(status, Status::Ok | Status::Present);
        wrong |= !good;
        if json {
            rows.push(serde_json::json!({ "name": model.name, "file": model.file, "ok": good, "status": text }));
        } else {
            println!("{:34} {text}", model.name);
        }
    }
    if json {
        patter_lab::report::print_json(&rows)?;
    }
    if wrong {
        eprintln!("hint: `patter models fetch NAME` gets a wrong or missing file anew");
    }
    Ok(ExitCode::from(u8::from(wrong)))
}

/// Progress on stderr: a line that renews itself on a terminal, a line every few seconds elsewhere.
struct Bar<'a> {
    name: &'a str,
    terminal: bool,
    shown: Option<Instant>,
}

impl<'a> Bar<'a> {
    fn new(name: &'a str) -> Self {
        Self {
            name,
            terminal: std::io::stderr().is_terminal(),
            shown: None,
        }
    }

    fn show(&mut self, progress: &Progress) {
        let pause = Duration::from_millis(if self.terminal { 100 } else { 5_000 });
        let text = match progress {
            Progress::Source(source) => format!("{}: from {source}", self.name),
            Progress::Bytes { done, total } => {
                if self.shown.is_some_and(|at| at.elapsed() < pause) {
                    return;
                }
                let of = total.map_or(String::new(), |t| format!(" of {}", megabytes(t)));
                format!("{}: {}{of}", self.name, megabytes(*done))
            }
            Progress::Verifying => format!("{}: checking its sha256", self.name),
        };
        self.shown = Some(Instant::now());
        let line = if self.terminal {
            format!("\r\x1b[K{text}")
        } else {
            format!("{text}\n")
        };
        let _ = std::io::stderr().write_all(line.as_bytes());
    }

    fn clear(&self) {
        if self.terminal {
            let _ = std::io::stderr().write_all(b"\r\x1b[K");
        }
    }
}
