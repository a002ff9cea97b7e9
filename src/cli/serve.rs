//! `patter serve`: answers calls from Asterisk.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use patter::config::Loaded;
use patter::records::Store;
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

/// What the config says of serving, but for its records: the calls of a demo or a bench are none of the service's.
pub(crate) fn server_options(loaded: &Loaded) -> ServerOptions {
    let config = &loaded.config.serve;
    ServerOptions {
        max_calls: config.max_calls,
        lead: Duration::from_millis(u64::from(config.lead_ms)),
        idle_timeout: Duration::from_millis(u64::from(config.idle_timeout_ms)),
        records: None,
        record_audio: config.record_audio.then(|| Arc::new(loaded.clone())),
        watch: Arc::new(|_| ()),
    }
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
    let records = records(&loaded)?;
    let engines = super::engines(&loaded)?;
    let mut serving = server_options(&loaded);
    serving.records = records;
    let json = options.json;
    serving.watch = Arc::new(move |event| {
        if json {
            println!("{}", serde_json::to_string(event).unwrap_or_default());
        } else if let Some(line) = super::show::line(event) {
            println!("{} {line}", &event.call[..event.call.len().min(8)]);
        }
    });
    let server = Server::start(&address, engines, serving)?;
    patter::log::info(&format!("listening on {}", server.address()));
    server.wait();
    Ok(ExitCode::SUCCESS)
}
