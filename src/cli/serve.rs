//! `patter serve`: answers calls from Asterisk.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use patter::config::Loaded;
use patter::serve::{self, Shared};
use patter::transport::audiosocket::server::{Options as ServerOptions, Server};

/// Listens for AudioSocket connections, in Asterisk `AudioSocket(${UUID},HOST:PORT)` or `Dial(AudioSocket/HOST:PORT/${UUID}/c(slin16))`.
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
}

/// What the config says of serving.
pub(crate) fn server_options(loaded: &Loaded) -> ServerOptions {
    let config = &loaded.config.serve;
    let records = &config.records;
    ServerOptions {
        max_calls: config.max_calls,
        lead: Duration::from_millis(u64::from(config.lead_ms)),
        idle_timeout: Duration::from_millis(u64::from(config.idle_timeout_ms)),
        records: (!records.as_os_str().is_empty()).then(|| loaded.resolve(records)),
        record_audio: config.record_audio.then(|| Arc::new(loaded.clone())),
        watch: Arc::new(|_| ()),
    }
}

pub(crate) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    let loaded = super::with_playbook(loaded, options.playbook.as_ref())?;
    let address = options
        .listen
        .clone()
        .unwrap_or_else(|| loaded.config.serve.listen.clone());
    // A port in use is known at once; the models take seconds.
    drop(std::net::TcpListener::bind(&address).map_err(|source| {
        patter::transport::audiosocket::ServeError::Listen {
            address: address.clone(),
            source,
        }
    })?);
    let shared = Shared::new(&loaded.config.http, loaded.config.serve.max_calls)?;
    // Before the models: whoever watches the program sees that it is alive, and not yet ready.
    let http = serve::http::start(&loaded, &shared)?;
    if let Some(http) = &http {
        patter::log::info(&format!("HTTP on {}", http.address()));
    }
    let engines = super::engines(&loaded)?;
    let mut serving = server_options(&loaded);
    let json = options.json;
    let watching = Arc::clone(&shared);
    serving.watch = Arc::new(move |event| {
        watching.watch(event);
        if json {
            println!("{}", serde_json::to_string(event).unwrap_or_default());
        } else if let Some(line) = super::show::line(event) {
            println!("{} {line}", &event.call[..event.call.len().min(8)]);
        }
    });
    let server = Server::start(&address, engines, serving)?;
    patter::log::info(&format!("listening on {}", server.address()));
    shared.set_ready(true);
    server.wait();
    drop(http);
    Ok(ExitCode::SUCCESS)
}
