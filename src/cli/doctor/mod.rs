//! `patter doctor`: what is missing or wrong, and how to mend it; and how many calls the machine carries.

mod asterisk;
mod capacity;
mod neighbours;
mod network;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use patter_config as config;
use patter_config::Loaded;
use patter_models as models;
use patter_models::{Manifest, Status};
use patter_playbook::Playbook;
use patter_records::RecordsError;
use patter_records::read::Reader;
use patter_speech::whisper::OPENAI_MIN_AUDIO_CTX;

/// Loads and tries everything that a call needs, without a call; with `--capacity` also with as many calls as the
/// machine carries. Exits with 1 when something is wrong.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Measure how many calls at once are answered in time, with synthetic callers, in real time; keep the result for
    /// `serve.max_calls = 0`
    #[arg(long)]
    capacity: bool,
    /// Length of a round of that measure, in seconds
    #[arg(long, default_value_t = 60, requires = "capacity", value_parser = clap::value_parser!(u32).range(20..=600))]
    seconds: u32,
    /// One JSON array
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Finding {
    part: String,
    state: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Default)]
struct Report {
    findings: Vec<Finding>,
}

impl Report {
    fn add(
        &mut self,
        part: &str,
        state: &'static str,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        self.findings.push(Finding {
            part: part.to_owned(),
            state,
            message: message.into(),
            hint,
        });
    }

    fn result<E: std::error::Error + 'static>(&mut self, part: &str, result: Result<String, E>) {
        match result {
            Ok(message) => self.add(part, "ok", message, None),
            Err(error) => {
                let hint = crate::cli::hint::of(&error);
                self.add(part, "wrong", error.to_string(), hint);
            }
        }
    }
}

pub(crate) fn run(path: Option<&Path>, options: &Options) -> anyhow::Result<ExitCode> {
    let mut report = Report::default();
    match config::load(path) {
        Ok(loaded) => {
            let from = loaded
                .path
                .as_ref()
                .map_or("the defaults".into(), |p| format!("`{}`", p.display()));
            report.add("config", "ok", format!("{from} is sound"), None);
            files(&loaded, &mut report);
            playbooks(&loaded, &mut report);
            engines(&loaded, &mut report);
            network::report(&loaded, &mut report);
            records(&loaded, &mut report);
            let is_sound = !report.findings.iter().any(|f| f.state == "wrong");
            if options.capacity && is_sound {
                capacity::measure(&loaded, options.seconds, &mut report)?;
            }
            capacity::report(&loaded, &mut report);
        }
        Err(error) => report.result("config", Err::<String, _>(error)),
    }
    neighbours::report(&mut report);
    asterisk::report(&mut report);
    devices(&mut report);
    let wrong = report.findings.iter().any(|f| f.state == "wrong");
    if options.json {
        patter_lab::report::print_json(&report.findings)?;
    } else {
        for finding in &report.findings {
            println!(
                "{:7} {:10} {}",
                finding.state, finding.part, finding.message
            );
            if let Some(hint) = &finding.hint {
                println!("        hint: {hint}");
            }
        }
    }
    Ok(ExitCode::from(u8::from(wrong)))
}

/// Reads all of the records, which a start does not.
fn records(loaded: &Loaded, report: &mut Report) {
    let folder = &loaded.config.serve.records;
    if folder.as_os_str().is_empty() {
        return;
    }
    let checked = match Reader::open(&loaded.resolve(folder)) {
        Err(RecordsError::Missing { .. }) => Ok("there are none yet".to_owned()),
        Err(error) => Err(error),
        Ok(reader) => reader
            .check()
            .map(|calls| format!("{calls} calls, all of them readable")),
    };
    report.result("records", checked);
}

fn files(loaded: &Loaded, report: &mut Report) {
    let folder = loaded.resolve(&loaded.config.models.folder);
    let manifest = match Manifest::load(&folder.join("manifest.toml")) {
        Ok(manifest) => manifest,
        Err(error) => return report.result("models", Err::<String, _>(error)),
    };
    for model in manifest.defaults() {
        match models::status(model, &folder) {
            Ok(Status::Ok | Status::Present) => {}
            Ok(Status::Missing) => {
                // A default that the config does not use may be missing.
                report.add(
                    "models",
                    "note",
                    format!("default `{}` is not here", model.name),
                    Some(format!("`patter models fetch {}`", model.name)),
                );
            }
            Ok(_) => report.add(
                "models",
                "wrong",
                format!("`{}` has the wrong size", model.name),
                Some(format!("`patter models fetch {}`", model.name)),
            ),
            Err(error) => report.add(
                "models",
                "wrong",
                format!("`{}`: {error}", model.name),
                None,
            ),
        }
    }
    let config = &loaded.config;
    let is_default = config.asr.model == patter_config::AsrConfig::default().model;
    if is_default {
        report.add(
            "asr",
            "note",
            "the default speech model is made for synthetic callers and mishears people",
            Some("`patter setup` gets models for people, and sets them up".into()),
        );
    } else if config.asr.timestamps && config.asr.min_audio_ctx < OPENAI_MIN_AUDIO_CTX {
        report.add(
            "asr",
            "note",
            format!(
                "with `asr.min_audio_ctx` {} OpenAI's models repeat short utterances several times",
                config.asr.min_audio_ctx
            ),
            Some(format!(
                "set `asr.min_audio_ctx` to {OPENAI_MIN_AUDIO_CTX} or more"
            )),
        );
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as u32;
    for (name, threads) in [
        ("asr.threads", config.asr.threads),
        ("llm.threads", config.llm.threads),
    ] {
        if threads > cores {
            report.add(
                "config",
                "wrong",
                format!("`{name}` is {threads}, but there are {cores} cores: replies get slower"),
                Some(format!("set `{name}` to {cores} or less")),
            );
        }
    }
}

/// The config's playbook, and the others of its folder.
pub(crate) fn playbooks_of(loaded: &Loaded) -> Vec<PathBuf> {
    let used = loaded.resolve(&loaded.config.dialogue.playbook);
    let mut paths = vec![used.clone()];
    if let Some(entries) = used
        .parent()
        .and_then(|folder| std::fs::read_dir(folder).ok())
    {
        let mut others: Vec<_> = entries
            .filter_map(|e| e.ok().map(|e| e.path()))
            .filter(|p| p.extension().is_some_and(|e| e == "toml") && *p != used)
            .collect();
        others.sort();
        paths.extend(others);
    }
    paths
}

fn playbooks(loaded: &Loaded, report: &mut Report) {
    for path in playbooks_of(loaded) {
        let name = path.display().to_string();
        let parsed = std::fs::read_to_string(&path)
            .ok()
            .and_then(|text| Playbook::parse(&text, &name).ok());
        match parsed {
            Some(playbook) => {
                let problems = playbook.validate();
                if problems.is_empty() {
                    report.add(
                        "playbook",
                        "ok",
                        format!("`{name}`: {}", playbook.title),
                        None,
                    );
                }
                for problem in problems {
                    report.add(
                        "playbook",
                        "wrong",
                        format!("`{name}` {}: {}", problem.place, problem.message),
                        Some(problem.hint.to_string()),
                    );
                }
            }
            None => report.result("playbook", Playbook::load(&path).map(|p| p.title)),
        }
    }
}

fn engines(loaded: &Loaded, report: &mut Report) {
    let config = &loaded.config;
    let cores = patter_machine::cores::Cores::of_machine();
    let ms = |started: std::time::Instant| started.elapsed().as_millis();
    let started = std::time::Instant::now();
    report.result(
        "asr",
        patter_assembly::recogniser(loaded, &cores).map(|_| {
            format!(
                "`{}` loads and decodes ({} ms)",
                config.asr.model.display(),
                ms(started)
            )
        }),
    );
    let started = std::time::Instant::now();
    report.result(
        "llm",
        patter_assembly::chat_model(loaded, 1, &cores).map(|_| {
            format!(
                "`{}` loads ({} ms)",
                config.llm.model.display(),
                ms(started)
            )
        }),
    );
    if !config.dialogue.embedding_model.as_os_str().is_empty() {
        let started = std::time::Instant::now();
        let path = loaded.model(&config.dialogue.embedding_model);
        report.result(
            "intent",
            patter_llm::embedder::Embedder::start(&path, None).map(|_| {
                let model = config.dialogue.embedding_model.display();
                format!("`{model}` loads ({} ms)", ms(started))
            }),
        );
    }
    let started = std::time::Instant::now();
    report.result(
        "tts",
        patter_assembly::voice(loaded, None)
            .and_then(|voice| voice.speak("This is a test.", false))
            .map(|_| format!("`{}` speaks ({} ms)", config.tts.engine, ms(started))),
    );
}

fn devices(report: &mut Report) {
    match patter_server::transport::device::list() {
        Ok(devices)
            if devices.iter().any(|d| d.default_input)
                && devices.iter().any(|d| d.default_output) =>
        {
            report.add("devices", "ok", "microphone and speaker are there", None);
        }
        Ok(_) => report.add(
            "devices",
            "note",
            "no microphone or no speaker: `patter chat` cannot work here",
            Some("`patter serve`, `call` and `demo` need none".into()),
        ),
        Err(error) => report.add("devices", "note", error.to_string(), error.hint()),
    }
}
