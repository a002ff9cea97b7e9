//! The commands: one file each. Only this folder prints.

mod call;
mod calls;
mod chat;
mod demo;
mod devices;
mod dialogue;
mod doctor;
mod hint;
mod models;
mod playbook;
mod print;
mod replay;
mod say;
mod serve;
mod setup;
mod show;
mod transcribe;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory, Parser, Subcommand};
use patter_call::Engines;
use patter_config as config;
use patter_config::Loaded;
use patter_machine::capacity::Capacity;
use patter_machine::{capacity, priority};

/// A self-contained voice agent: it listens, thinks and speaks on this machine alone.
///
/// Start with `patter setup`, which fetches the models that suit this machine, then `patter demo`, which lets a
/// synthetic caller talk to the agent, or `patter chat`. `patter doctor` says what is still lacking.
#[derive(Parser)]
#[command(version, about, long_about, max_term_width = 100)]
struct Arguments {
    /// Settings; without it `config.toml` here or beside the program, else the defaults
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Look at this machine, fetch the models that suit it, and set them up
    Setup(setup::Options),
    /// Let a synthetic caller talk to the agent, in real time, over a real AudioSocket connection
    Demo(demo::Options),
    /// Play a sound file to the agent as if it were a caller, and record both sides
    Call(call::Options),
    /// Play a recorded call again, faster than real time, with the same turns every time
    Replay(replay::Options),
    /// Answer calls from Asterisk (AudioSocket)
    Serve(serve::Options),
    /// Look at the calls that were recorded: list, show, export, delete
    Calls(calls::Options),
    /// Talk to the agent through microphone and speaker
    Chat(chat::Options),
    /// Talk to the agent in writing: the dialogue of a call, without the sound
    Dialogue(dialogue::Options),
    /// Look at playbooks, check them, import them
    Playbook(playbook::Options),
    /// Speak a text into a WAV or FLAC file, or a pipe
    Say(say::Options),
    /// Turn the speech in a sound file into text: WAV, FLAC, MP3, Ogg, M4A
    Transcribe(transcribe::Options),
    /// Say what is missing or wrong: config, playbooks, models, voice, network, devices; measure how many calls are
    /// carried
    #[command(alias = "check")]
    Doctor(doctor::Options),
    /// List microphones and speakers
    Devices(devices::Options),
    /// List, fetch and verify model files
    Models(models::Options),
    /// Measure this machine with the configured models
    Bench(patter_lab::bench::Options),
    /// Score parts of the agent on data whose right answers are known
    Eval(patter_lab::eval::Options),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Runs the command that was typed.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    whisper_rs_quiet();
    if !matches!(arguments.command, Command::Serve(_)) {
        patter_machine::log::plainly();
    }
    let load = || load(arguments.config.as_deref());
    match arguments.command {
        Command::Setup(options) => setup::run(arguments.config.as_deref(), &options),
        Command::Demo(options) => demo::run(&load()?, &options),
        Command::Call(options) => call::run(&load()?, &options),
        Command::Replay(options) => replay::run(&load()?, &options),
        Command::Serve(options) => {
            let loaded = load()?;
            patter_machine::log::as_configured(&loaded.config.log);
            serve::run(&loaded, &options)
        }
        Command::Calls(options) => calls::run(&load()?, &options),
        Command::Chat(options) => chat::run(&load()?, &options),
        Command::Dialogue(options) => dialogue::run(&load()?, &options),
        Command::Playbook(options) => playbook::run(&load()?, &options),
        Command::Say(options) => say::run(&load()?, &options),
        Command::Transcribe(options) => transcribe::run(&load()?, &options),
        Command::Doctor(options) => doctor::run(arguments.config.as_deref(), &options),
        Command::Devices(options) => devices::run(&options),
        Command::Models(options) => models::run(&load()?, &options),
        Command::Bench(options) => patter_lab::bench::run(load, &options),
        Command::Eval(options) => patter_lab::eval::run(&load()?, &options),
        Command::Completions { shell } => {
            clap_complete::generate(
                shell,
                &mut Arguments::command(),
                "patter",
                &mut std::io::stdout(),
            );
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The settings, with as many calls as were measured where they leave it to that.
fn load(path: Option<&std::path::Path>) -> anyhow::Result<Loaded> {
    let mut loaded = config::load(path)?;
    if loaded.config.serve.max_calls == 0 {
        let measured = Capacity::read(&loaded.resolve(&loaded.config.serve.capacity_file))?;
        loaded.config.serve.max_calls = capacity::max_calls(0, measured.as_ref())?;
    }
    priority::configure(&loaded.config.priority);
    Ok(loaded)
}

/// whisper.cpp writes to stderr what nobody needs.
fn whisper_rs_quiet() {
    patter_speech::whisper::be_quiet();
}

/// Prints an error in one line, and its hint in a second.
pub(crate) fn complain(error: &anyhow::Error) {
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string().replace('\n', " ");
        if !line.contains(&text) {
            if !line.is_empty() {
                line.push_str(": ");
            }
            line.push_str(&text);
        }
    }
    eprintln!("patter: {line}");
    if let Some(hint) = crate::cli::hint::of(error.as_ref()) {
        eprintln!("hint: {hint}");
    }
}

/// Loads all engines, and says so on stderr. Nobody waits for what they do in real time.
fn engines(loaded: &Loaded) -> anyhow::Result<Arc<Engines>> {
    Ok(told(patter_assembly::load(loaded)?))
}

/// Loads all engines for calls in real time; what takes long to learn is learnt behind them.
fn engines_for_callers(loaded: &Loaded) -> anyhow::Result<Arc<Engines>> {
    Ok(told(patter_assembly::load_for_callers(loaded)?))
}

fn told(engines: Engines) -> Arc<Engines> {
    patter_machine::log::info(&format!("ready after {:.1} s", engines.ready_ms / 1000.0));
    Arc::new(engines)
}

/// Prints events as they come: JSON lines, or a conversation to follow.
fn printer(json: bool) -> impl FnMut(&patter_types::event::Stamped) + Send + 'static {
    let lines = print::Lines::to_stdout();
    move |event| {
        if json {
            lines.print(serde_json::to_string(event).unwrap_or_default());
        } else if let Some(line) = show::line(event) {
            lines.print(line);
        }
    }
}
