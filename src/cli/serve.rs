//! `patter serve`: answers calls from Asterisk.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use patter_call::Engines;
use patter_config::Loaded;
use patter_records::Store;
use patter_server::http::Shared;
use patter_server::http::lookup::Lookup;
use patter_server::session::SessionOptions;
use patter_server::transport::audiosocket::server::{Server, ServerOptions};
use patter_types::event::Stamped;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How often a stopping server looks whether its calls are over.
const POLL: Duration = Duration::from_millis(20);
/// After the last call its dialplan can still ask what it came to.
const AFTERWORD: Duration = Duration::from_secs(3);
/// A call that was asked to end says its last word by then.
const LAST_WORDS: Duration = Duration::from_secs(20);

/// Listens for AudioSocket connections, in Asterisk `AudioSocket(${UUID},HOST:PORT)` or
/// `Dial(AudioSocket/HOST:PORT/${UUID}/c(slin16))`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Address and port, in place of the config's
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Playbook in place of the config's
    #[arg(long, value_name = "FILE")]
    playbook: Option<std::path::PathBuf>,
    /// Print the events of all calls to stdout as JSON lines
    #[arg(long)]
    json: bool,
    /// Print what callers and the agent say to stdout, as a conversation to follow
    #[arg(long, conflicts_with = "json")]
    follow: bool,
}

/// The records that the config asks for.
fn records(loaded: &Loaded) -> anyhow::Result<Option<Arc<Store>>> {
    let config = &loaded.config.serve;
    if config.records.as_os_str().is_empty() {
        return Ok(None);
    }
    let folder = loaded.resolve(&config.records);
    Ok(Some(Arc::new(Store::open(&folder, config.keep_days)?)))
}

pub(crate) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    let loaded = patter_lab::report::with_playbook(loaded, options.playbook.as_ref())?;
    let address = options
        .listen
        .clone()
        .unwrap_or_else(|| loaded.config.serve.listen.clone());
    // A port in use is known at once; the models take seconds.
    drop(std::net::TcpListener::bind(&address).map_err(|source| {
        patter_server::transport::audiosocket::ServeError::Listen {
            address: address.clone(),
            source,
        }
    })?);
    let shared = Shared::new(&loaded.config.http, loaded.config.serve.max_calls)?;
    // Before the models: whoever watches the program sees that it is alive, and not yet ready.
    let http = patter_server::http::server::start(&loaded, &shared)?;
    if let Some(http) = &http {
        patter_machine::log::info(&format!("HTTP on {}", http.address()));
    }
    let records = records(&loaded)?;
    let engines = super::engines_for_callers(&loaded)?;
    let (json, follow) = (options.json, options.follow);
    let watching = Arc::clone(&shared);
    let lines = (json || follow).then(super::print::Lines::to_stdout);
    let watch: Arc<dyn Fn(&Stamped) + Send + Sync> = Arc::new(move |event| {
        watching.watch(event);
        let Some(lines) = &lines else { return };
        if json {
            lines.print(serde_json::to_string(event).unwrap_or_default());
        } else if let Some(line) = super::show::line(event) {
            let call = event.call.get(..8).unwrap_or(&event.call);
            lines.print(format!("{call} {line}"));
        }
    });
    let serving = |loaded: &Loaded| {
        let lookup = Lookup::new(loaded, Arc::clone(&shared));
        let (refusing, ending) = (Arc::clone(&shared), Arc::clone(&shared));
        let base = ServerOptions::of(loaded);
        ServerOptions {
            session: SessionOptions {
                admit: Arc::new(move |uuid, playbooks| lookup.admit(uuid, playbooks)),
                refused: Arc::new(move |reason| refusing.metrics.refused(reason)),
                over: Arc::new(move |uuid| ending.call_over(uuid)),
                watch: Arc::clone(&watch),
                records: records.clone(),
                ..base.session.clone()
            },
            ..base
        }
    };
    warn_of_open(&engines);
    // Before the server: a signal that comes at once is not lost.
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP]).context("cannot wait for signals")?;
    let server = Server::start(&address, Arc::clone(&engines), serving(&loaded))?;
    patter_machine::log::info(&format!("listening on {}", server.address()));
    let (active, most) = server.counters();
    shared.count_calls(active, most);
    shared.control_calls(server.controls());
    shared.watch_closings(server.closings());
    shared.offer_playbooks(engines.playbooks.names());
    shared.watch_load(&engines.load);
    shared.set_ready(true);
    let mut now = (loaded, engines);
    for signal in signals.forever() {
        if signal != SIGHUP {
            break;
        }
        match reload(&now.0, options, &now.1) {
            Ok((loaded, engines)) => {
                server.replace(Arc::clone(&engines), serving(&loaded));
                shared.watch_load(&engines.load);
                shared.offer_playbooks(engines.playbooks.names());
                patter_machine::log::info(
                    "reloaded: new calls follow the new settings and playbooks",
                );
                now = (loaded, engines);
            }
            Err(error) => {
                patter_machine::log::warn(&format!("not reloaded, all stays as it was: {error:#}"))
            }
        }
    }
    shared.set_draining(true);
    drain(&server, &now.0, &mut signals);
    drop(http);
    Ok(ExitCode::SUCCESS)
}

/// Says which playbooks are not for customers.
fn warn_of_open(engines: &Engines) {
    for name in engines.playbooks.names() {
        let playbook = engines.playbooks.get(name);
        if playbook.is_some_and(|playbook| playbook.knowledge.playbook.persona.open) {
            patter_machine::log::warn(&format!(
                "the playbook `{name}` is a conversation about anything (`persona.open`): what the agent says in it is \
                 held against no facts, so it is not for customers"
            ));
        }
    }
}

/// The settings as they are on disk now, and engines that follow them.
fn reload(
    before: &Loaded,
    options: &Options,
    engines: &Engines,
) -> anyhow::Result<(Loaded, Arc<Engines>)> {
    let loaded = super::load(before.path.as_deref())?;
    let loaded = patter_lab::report::with_playbook(&loaded, options.playbook.as_ref())?;
    let (old, new) = (&before.config, &loaded.config);
    let stays = [
        ("models", old.models != new.models),
        ("asr", old.asr != new.asr),
        ("llm", old.llm != new.llm),
        ("tts", old.tts != new.tts),
        (
            "dialogue.embedding_model",
            old.dialogue.embedding_model != new.dialogue.embedding_model,
        ),
        ("http", old.http != new.http),
        ("log", old.log != new.log),
        ("serve.records", old.serve.records != new.serve.records),
        (
            "serve.keep_days",
            old.serve.keep_days != new.serve.keep_days,
        ),
        ("serve.listen", old.serve.listen != new.serve.listen),
        ("serve.max_calls", old.serve.max_calls < new.serve.max_calls),
    ];
    for (name, _) in stays.iter().filter(|(_, changed)| *changed) {
        patter_machine::log::warn(&format!(
            "`{name}` has changed, and takes effect at the next start"
        ));
    }
    let engines = engines.with_settings(&loaded)?;
    Ok((loaded, Arc::new(engines)))
}

/// Calls under way end by themselves, or with a last word when their time is up; a second signal ends them at once.
fn drain(server: &Server, loaded: &Loaded, signals: &mut Signals) {
    server.stop_accepting();
    let longest = Duration::from_secs(u64::from(loaded.config.serve.drain_s));
    match server.active_calls() {
        0 => {}
        calls => patter_machine::log::info(&format!(
            "stopping: {calls} calls under way may go on for {} s; a second signal ends them",
            longest.as_secs()
        )),
    }
    let began = Instant::now();
    let mut polite = false;
    let had_calls = server.active_calls() > 0;
    while server.active_calls() > 0 {
        if signals.pending().any(|signal| signal != SIGHUP) {
            patter_machine::log::warn("calls under way are ended at once");
            return;
        }
        if !polite && began.elapsed() >= longest {
            polite = true;
            server.end_calls_politely();
        }
        if began.elapsed() >= longest + LAST_WORDS {
            patter_machine::log::warn("calls that did not end are ended at once");
            return;
        }
        std::thread::sleep(POLL);
    }
    let over = Instant::now();
    while had_calls && over.elapsed() < AFTERWORD && !signals.pending().any(|s| s != SIGHUP) {
        std::thread::sleep(POLL);
    }
}
