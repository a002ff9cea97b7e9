//! `patter chat`: the agent on microphone and speaker.
//!
//! Thread: the command's own carries the sound; `events` prints, `status` draws the line below what is printed. Memory:
//! the last partial transcript. Nobody on the way of the sound waits for a terminal.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use patter_call::CallContext;
use patter_config::Loaded;
use patter_lab::report::Machine;
use patter_server::session;
use patter_server::transport::device;
use patter_server::transport::device::{DeviceOptions, DeviceWatch};
use patter_types::event::{Event, EventSink, Stamped};
use patter_types::free_replies::FreeReplies;
use signal_hook::consts::SIGINT;

use super::print::Lines;
use super::show;

/// What a conversation about anything is made of.
const ASSISTANT: &str = "playbooks/assistant.toml";
/// How often the line of levels is drawn.
const STATUS_EVERY: Duration = Duration::from_millis(100);
/// Columns of a partial transcript that are shown.
const PARTIAL_COLUMNS: usize = 56;
/// The levels that the bar of the microphone goes through, in dBFS: a quiet room, and as loud as it gets.
const BAR_DBFS: (f32, f32) = (-60.0, -6.0);
const BAR: [&str; 9] = [
    "        ",
    "▏       ",
    "█       ",
    "██      ",
    "███     ",
    "████    ",
    "█████   ",
    "██████  ",
    "███████ ",
];

/// Talks through the sound card, about anything: `playbooks/assistant.toml`, where the language model may answer freely
/// (see `patter setup`), else the config's playbook. You see what is heard while you speak, how loud the microphone is,
/// and how long each answer took. The agent's echo from open speakers is cancelled; a headset is still the surest.
/// Ctrl-C hangs up.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Microphone by name, as `patter devices` lists it
    #[arg(long)]
    input: Option<String>,
    /// Speaker by name
    #[arg(long)]
    output: Option<String>,
    /// Leave the microphone as it is: the agent hears itself unless you wear a headset
    #[arg(long)]
    no_echo_cancel: bool,
    /// What happened, as JSON lines
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Talk by this playbook, as a caller of its calls would
    #[arg(long, value_name = "FILE")]
    playbook: Option<PathBuf>,
    /// Print the events to stdout as JSON lines instead of a conversation
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    let playbook = options.playbook.clone().or_else(|| assistant(loaded));
    let loaded = patter_lab::report::with_playbook(loaded, playbook.as_ref())?;
    let config = &loaded.config;
    let name = |typed: &Option<String>, configured: &str| {
        typed
            .clone()
            .or_else(|| (!configured.is_empty()).then(|| configured.to_owned()))
    };
    let input = name(&options.input, &config.device.input);
    let output = name(&options.output, &config.device.output);
    // The devices first: a missing one is known at once, the models take seconds.
    let devices = device::open(DeviceOptions {
        input: input.as_deref(),
        output: output.as_deref(),
        echo_cancel: config.device.echo_cancel && !options.no_echo_cancel,
    })?;
    let [microphone, speaker] = devices.names();
    patter_machine::log::info(&format!("microphone `{microphone}`, speaker `{speaker}`"));
    patter_machine::log::info(&Machine::of(&loaded).models);
    patter_machine::log::info(&format!("playbook: {}", config.dialogue.playbook.display()));
    if options.playbook.is_none() && config.dialogue.free_replies == FreeReplies::Off {
        patter_machine::log::info(
            "the language model may not answer freely (`dialogue.free_replies`), so this is a call by the playbook; \
             `patter setup --set people` brings a model to talk with about anything",
        );
    }
    let engines = super::engines_for_callers(&loaded)?;
    let is_open = engines.playbooks.default.knowledge.playbook.persona.open;
    ensure!(
        !is_open || config.dialogue.free_replies != FreeReplies::Off,
        "a conversation about anything wants a model that may answer freely, and `dialogue.free_replies` is \"off\"; \
         `patter setup --set people` brings one"
    );
    let (sink, received) = EventSink::new(&uuid::Uuid::new_v4().to_string());
    let watch = devices.watch();
    let screen = Screen::new(options.json);
    let printing = Arc::clone(&screen);
    let json = options.json;
    let writer = patter_call::journal::write(received, options.events.as_deref(), move |event| {
        printing.show(event, json);
    })?;
    let stop = Arc::new(AtomicBool::new(false));
    // Ctrl-C hangs up; once more ends the program where it stands.
    signal_hook::flag::register_conditional_shutdown(SIGINT, 130, Arc::clone(&stop))
        .and_then(|_| signal_hook::flag::register(SIGINT, Arc::clone(&stop)))
        .context("cannot wait for signals")?;
    let drawing = screen.draw(watch.clone());
    let ended = session::alone(&engines, CallContext::default(), sink, devices, &stop);
    let _ = writer.join();
    drop(drawing);
    screen.sum_up();
    ended?;
    let report = watch.outcome()?;
    // It runs dry once at the end, when nothing more is said.
    if report.mic_dropped > 0 || report.speaker_underruns > 1 {
        patter_machine::log::warn(&format!(
            "the sound card lost {} samples heard and ran dry {} times",
            report.mic_dropped, report.speaker_underruns
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// The playbook of a conversation about anything, where there is one and the model may have it.
fn assistant(loaded: &Loaded) -> Option<PathBuf> {
    let path = loaded.resolve(std::path::Path::new(ASSISTANT));
    let may_answer = loaded.config.dialogue.free_replies != FreeReplies::Off;
    (may_answer && path.exists()).then_some(path)
}

/// What the terminal shows: lines of what happened, and below them what is heard now.
struct Screen {
    lines: Lines,
    partial: Mutex<String>,
    answers_ms: Mutex<Vec<f32>>,
    over: AtomicBool,
}

impl Screen {
    fn new(json: bool) -> Arc<Self> {
        Arc::new(Self {
            lines: if json {
                Lines::to_stdout()
            } else {
                Lines::with_status()
            },
            partial: Mutex::default(),
            answers_ms: Mutex::default(),
            over: AtomicBool::new(false),
        })
    }

    fn show(&self, event: &Stamped, json: bool) {
        let mut partial = self.partial.lock().unwrap_or_else(PoisonError::into_inner);
        match &event.event {
            Event::Partial { text, .. } => partial.clone_from(text),
            Event::Final { .. } | Event::FalseStart => partial.clear(),
            Event::Latency { response_ms, .. } => {
                let mut answers = self
                    .answers_ms
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                answers.push(*response_ms);
            }
            _ => {}
        }
        drop(partial);
        if json {
            self.lines
                .print(serde_json::to_string(event).unwrap_or_default());
        } else if !matches!(event.event, Event::Load { .. } | Event::Contention { .. })
            && let Some(line) = show::line(event)
        {
            self.lines.print(line);
        }
    }

    /// Starts to draw the levels and the partial transcript, until what it returns is dropped.
    fn draw(self: &Arc<Self>, watch: DeviceWatch) -> Option<Drawing> {
        if !self.lines.has_status() {
            return None;
        }
        let screen = Arc::clone(self);
        let run = move || {
            while !screen.over.load(Ordering::Acquire) {
                let partial = screen
                    .partial
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone();
                screen
                    .lines
                    .status(status(watch.heard_dbfs(), watch.spoken_dbfs(), &partial));
                std::thread::sleep(STATUS_EVERY);
            }
            screen.lines.status(String::new());
        };
        let thread = std::thread::Builder::new().name("status".into());
        let thread = thread.spawn(run).ok()?;
        Some(Drawing(Arc::clone(self), Some(thread)))
    }

    /// Prints how long answers took.
    fn sum_up(&self) {
        let mut answers = self
            .answers_ms
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        answers.sort_by(f32::total_cmp);
        if let (Some(median), Some(slowest)) = (answers.get(answers.len() / 2), answers.last()) {
            patter_machine::log::info(&format!(
                "{} answers, {median:.0} ms after your last sound in the median, {slowest:.0} ms at the slowest",
                answers.len()
            ));
        }
    }
}

/// The thread that draws; dropping it ends it.
struct Drawing(Arc<Screen>, Option<std::thread::JoinHandle<()>>);

impl Drop for Drawing {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Release);
        if let Some(thread) = self.1.take() {
            let _ = thread.join();
        }
    }
}

/// The line below the others: how loud both sides are, and the end of what is heard so far.
fn status(heard_dbfs: f32, spoken_dbfs: f32, partial: &str) -> String {
    let bar = |dbfs: f32| {
        let (low, high) = BAR_DBFS;
        let part = ((dbfs - low) / (high - low)).clamp(0.0, 1.0);
        BAR[(part * (BAR.len() - 1) as f32).round() as usize]
    };
    // A wide character takes two columns.
    let mut columns = 0;
    let fits = |letter: &char| {
        columns += patter_language::text::spoken_length(letter.encode_utf8(&mut [0; 4]));
        columns <= PARTIAL_COLUMNS
    };
    let mut end: Vec<char> = partial.chars().rev().take_while(fits).collect();
    end.reverse();
    let end: String = end.into_iter().collect();
    let cut = if end.len() < partial.len() { "…" } else { "" };
    format!(
        "you {} agent {} {cut}{end}",
        bar(heard_dbfs),
        bar(spoken_dbfs)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_shows_levels_and_the_end_of_what_is_heard() {
        assert_eq!(status(-90.0, -6.0, ""), "you          agent ███████  ");
        let long = "one two three four five six seven eight nine ten eleven twelve thirteen";
        let shown = status(f32::NEG_INFINITY, 0.0, long);
        assert!(
            shown.ends_with("eleven twelve thirteen") && shown.contains(" …"),
            "{shown}"
        );
        let wide = status(0.0, 0.0, &"您".repeat(60));
        assert_eq!(wide.matches('您').count(), PARTIAL_COLUMNS / 2, "{wide}");
        // Never wider than a small terminal.
        assert!(shown.chars().count() < 90, "{}", shown.chars().count());
    }
}
