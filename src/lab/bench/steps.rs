//! `patter bench steps`: what this machine does with the configured models, step by step and in whole calls.

use patter_engine::chat::ChatSession;
use patter_engine::recognise::Pass;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use patter_audio::ms_to_samples;
use patter_config::{EspeakConfig, Loaded};
use patter_dialogue::Dialogue;
use patter_engine::chat::Piece;
use patter_engine::voice::Speaker;
use patter_server::transport::audiosocket::client;
use patter_server::transport::audiosocket::server::{Server, ServerOptions};
use patter_speech::espeak::Espeak;
use patter_types::chat::{ChatMessage, Role};
use patter_types::event::Event;
use patter_types::priority::Priority;

use crate::caller::story::{Story, caller};

/// When the measured caller moved, which no line of the playbook answers: each differs from the one before, so that
/// none is known to the cache.
const MONTHS: [&str; 6] = ["January", "March", "May", "June", "August", "October"];

/// Measures start, memory, hearing, thinking, speaking, and whole calls. Prints n, median and 95th percentile.
#[derive(clap::Args)]
#[group(skip)]
pub(crate) struct Options {
    /// Repetitions of each step
    #[arg(long, default_value_t = 20)]
    repeat: usize,
    /// Whole calls on the wire (each about a minute, in real time)
    #[arg(long, default_value_t = 2)]
    calls: usize,
    /// One JSON array
    #[arg(long)]
    json: bool,
}

impl Options {
    /// Steps alone.
    pub(crate) fn without_calls(repeat: usize) -> Self {
        Self {
            repeat,
            calls: 0,
            json: false,
        }
    }
}

#[derive(serde::Serialize)]
struct Row {
    what: &'static str,
    unit: &'static str,
    n: usize,
    median: f32,
    p95: f32,
}

fn row(what: &'static str, unit: &'static str, mut values: Vec<f32>) -> Row {
    let n = values.len();
    let (median, p95) = crate::report::median_p95(&mut values);
    Row {
        what,
        unit,
        n,
        median,
        p95,
    }
}

pub(crate) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    let mut loaded = loaded.clone();
    loaded.config.dialogue.playbook = Story::Fitness.playbook().into();
    let engines = super::engines(&loaded)?;
    let mut rows = vec![row("ready to take a call", "ms", vec![engines.ready_ms])];

    let espeak = |voice: &str| -> anyhow::Result<Espeak> {
        let config = EspeakConfig {
            voice: voice.into(),
            ..EspeakConfig::default()
        };
        Ok(Espeak::load(&loaded.model(&PathBuf::new()), &config)?)
    };
    let voice = Speaker::new(std::sync::Arc::new(espeak("en-us+f3")?), 0);
    let mut utterance = voice
        .speak(
            "I'd like to change my appointment. Can we do Saturday morning instead?",
            false,
        )?
        .samples
        .to_vec();
    utterance.resize(ms_to_samples(3_000), 0);
    let mut session = engines.recogniser.session();
    let asr: Result<Vec<f32>, _> = (0..options.repeat)
        .map(|_| {
            session
                .transcribe(&utterance, Pass::Final, Priority::Interactive, &|| false)
                .map(|t| t.took_ms)
        })
        .collect();
    rows.push(row("a 3 s utterance to text", "ms", asr?));

    let thinking = engines.llm.session()?;
    let mut first_tokens = Vec::new();
    for month in MONTHS.into_iter().cycle().take(options.repeat) {
        // A call that gets nowhere would be handed over.
        let mut dialogue = Dialogue::new(Arc::clone(&engines.playbooks.default.knowledge), 6)
            .answering(engines.config.dialogue.free_replies.or_brief());
        dialogue.heard_of_reply("Great. What would you like from training?");
        // As in a call: the history is prefilled while the caller speaks.
        thinking.warm(dialogue.so_far());
        std::thread::sleep(Duration::from_millis(1_000));
        let Some(prompt) = dialogue.reply(&format!("I moved in {month}.")).prompt else {
            continue;
        };
        let generation = thinking.generate(prompt, Priority::Interactive);
        for piece in &generation.pieces {
            if let Piece::Done(stats) = piece {
                first_tokens.push(stats.first_token_ms);
            }
        }
    }
    ensure!(
        options.repeat == 0 || !first_tokens.is_empty(),
        "the playbook answers all that the language model is measured with"
    );
    rows.push(row("words to first token", "ms", first_tokens));
    let decode = tokens_per_second(thinking.as_ref(), options.repeat.min(5));
    rows.push(row("decode", "tokens/s", decode));

    let speak = (0..options.repeat).map(|number| {
        let line = format!("That is {number} dollars a month, and the first week is free.");
        let spoken = engines.voice.speak(&line, false);
        spoken.map(|spoken| spoken.took_ms)
    });
    rows.push(row(
        "a sentence to sound",
        "ms",
        speak.collect::<Result<_, _>>()?,
    ));
    drop(thinking);
    drop(session);

    let mut serving = ServerOptions::of(&loaded);
    let (latency_in, latencies) = crossbeam_channel::unbounded();
    serving.session.watch = Arc::new(move |stamped| {
        if let Event::Latency { first_token_ms, .. } = stamped.event {
            let _ = latency_in.send(first_token_ms > 0.0);
        }
    });
    let server = Server::start("127.0.0.1:0", engines, serving)?;
    let (mut approved, mut generated, mut unclear) = (Vec::new(), Vec::new(), Vec::new());
    let mut silenced = Vec::new();
    for number in 0..options.calls {
        eprintln!("call {} of {}, in real time", number + 1, options.calls);
        let mut caller = caller(&loaded, Story::Fitness)?;
        let uuid = uuid::Uuid::new_v4().into_bytes();
        let recording = client::call(
            server.address(),
            uuid,
            8_000,
            &mut caller,
            Duration::from_secs(180),
        )?;
        let exchanges = caller.exchanges(&recording);
        // The agent's own events tell which answers the model made; how long they took is measured on the wire.
        let made: Vec<bool> = latencies.try_iter().collect();
        let answered = || {
            exchanges
                .iter()
                .filter(|exchange| exchange.response_ms.is_some())
        };
        let is_told = made.len() == answered().count();
        for (number, exchange) in answered().enumerate() {
            if exchange.interrupts {
                continue;
            }
            match made.get(number).filter(|_| is_told) {
                Some(true) => generated.extend(exchange.response_ms),
                Some(false) => approved.extend(exchange.response_ms),
                None => unclear.extend(exchange.response_ms),
            }
        }
        let interruptions = exchanges.iter().filter(|exchange| exchange.interrupts);
        silenced.extend(interruptions.filter_map(|exchange| exchange.silenced_ms));
    }
    for (what, answers) in [
        ("end of speech to an approved line, on the wire", approved),
        ("end of speech to a generated reply, on the wire", generated),
        ("end of speech to either, on the wire", unclear),
    ] {
        rows.push(row(what, "ms", answers));
    }
    rows.push(row("interruption to silence, on the wire", "ms", silenced));
    rows.push(row(
        "resident memory, after the calls",
        "MB",
        vec![crate::report::memory_mb("VmRSS")],
    ));
    rows.push(row(
        "resident memory, highest",
        "MB",
        vec![crate::report::memory_mb("VmHWM")],
    ));
    print(&loaded, &rows, options.json)?;
    Ok(ExitCode::SUCCESS)
}

fn tokens_per_second(session: &dyn ChatSession, repeat: usize) -> Vec<f32> {
    let message = |text: &str| {
        vec![ChatMessage {
            role: Role::User,
            text: text.to_owned(),
        }]
    };
    let mut out = Vec::new();
    for number in 0..repeat {
        let story = message(&format!(
            "Tell me a long story about {number} ships and the sea."
        ));
        let generation = session.generate(story, Priority::Interactive);
        for piece in &generation.pieces {
            if let Piece::Done(stats) = piece
                && stats.tokens > 5
            {
                out.push(
                    (stats.tokens - 1) as f32 * 1000.0 / (stats.total_ms - stats.first_token_ms),
                );
            }
        }
    }
    out
}

fn print(loaded: &Loaded, rows: &[Row], json: bool) -> anyhow::Result<()> {
    let machine = crate::report::Machine::of(loaded);
    if json {
        return crate::report::print_json(
            &serde_json::json!({ "machine": machine.processor, "cores": machine.cores, "models": machine.models, "rows": rows }),
        );
    }
    println!("{machine}");
    println!("{:48} {:>4} {:>9} {:>9}", "", "n", "median", "p95");
    for row in rows.iter().filter(|row| row.n > 0) {
        println!(
            "{:48} {:>4} {:>9.1} {:>9.1} {}",
            row.what, row.n, row.median, row.p95, row.unit
        );
    }
    Ok(())
}
