//! Every address that the program may listen on or connect to, and whether those it listens on are free.
//!
//! Thread: main. In: the config. Out: findings. All of them come from the config: the program knows no others.

use std::net::TcpListener;

use patter_config::Loaded;

use super::Report;

pub(super) fn report(loaded: &Loaded, report: &mut Report) {
    let config = &loaded.config;
    listens("AudioSocket", "serve.listen", &config.serve.listen, report);
    if config.http.listen.is_empty() {
        let off = "HTTP: off (`http.listen` is empty)";
        report.add("network", "ok", off, None);
    } else {
        listens("HTTP", "http.listen", &config.http.listen, report);
    }
    report.add(
        "network",
        "ok",
        "opens no connection; only `patter models fetch` does, to where models/manifest.toml says, and each time it is called",
        None,
    );
    if let Some(program) = config.serve.lookup_command.first() {
        report.add(
            "network",
            "note",
            format!("runs `{program}` for each call (`serve.lookup_command`): what that connects to is its own affair"),
            None,
        );
    }
}

fn listens(what: &str, key: &str, address: &str, report: &mut Report) {
    match TcpListener::bind(address) {
        Ok(_) => {
            let message = format!("{what}: {address} is free to listen on (`{key}`)");
            report.add("network", "ok", message, None);
        }
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => report.add(
            "network",
            "note",
            format!("{what}: {address} is in use (`{key}`)"),
            Some("fine if that is `patter serve`; else choose another port".into()),
        ),
        Err(error) => report.add(
            "network",
            "wrong",
            format!("{what}: cannot listen on {address}: {error}"),
            Some(format!("`{key}` must be an address of this machine, such as 127.0.0.1:8090; a port below 1024 wants more rights")),
        ),
    }
}
