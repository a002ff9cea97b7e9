//! `patter bench churn`: many short calls, to see what each of them leaves behind.
//!
//! Threads: one for each caller at once, beside the server's own. In: a number of calls. Out: a table or JSON. Memory:
//! a few kilobytes a caller.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use patter_config::Loaded;
use patter_machine::contention::Reading;
use patter_records::Store;
use patter_server::transport::audiosocket::codec;
use patter_server::transport::audiosocket::codec::Message;
use patter_server::transport::audiosocket::server::{Server, ServerOptions};
use serde::Serialize;

use crate::report::Machine;
use crate::report::{median_p95, memory_mb};

/// How long the machine is watched before the first call.
const IDLE: Duration = Duration::from_secs(10);
/// What calls leave behind is counted when they have had this long to end.
const SETTLE: Duration = Duration::from_secs(5);
/// Memory is compared with what it was after this share of the calls: by then caches and pools are filled.
const WARM_SHARE: u32 = 20;

/// Calls the server again and again; each caller listens for a moment and hangs up. Prints what the idle server takes
/// of a core, and memory, threads and open files before the calls, when the server is warm, and after them. Calls are
/// recorded, in a folder that is deleted afterwards.
#[derive(clap::Args)]
pub(super) struct Options {
    /// Calls
    #[arg(long, default_value_t = 10_000)]
    calls: u32,
    /// Of them, at once
    #[arg(long, default_value_t = 4)]
    parallel: u32,
    /// Length of a call, in ms
    #[arg(long, default_value_t = 100)]
    length_ms: u64,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// What the process holds.
#[derive(Serialize)]
struct Held {
    calls: u32,
    memory_mb: f32,
    threads: u32,
    open_files: u32,
}

impl Held {
    fn now(calls: u32) -> Self {
        let entries = |path: &str| std::fs::read_dir(path).map_or(0, |all| all.count() as u32);
        Self {
            calls,
            memory_mb: memory_mb("VmRSS"),
            threads: entries("/proc/self/task"),
            // Counting opens one.
            open_files: entries("/proc/self/fd").saturating_sub(1),
        }
    }
}

pub(super) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    ensure!(
        (1..=64).contains(&options.parallel),
        "1 to 64 calls at once"
    );
    let folder = std::env::temp_dir().join(format!("patter-churn-{}", std::process::id()));
    let result = measure(loaded, options, &folder);
    let _ = std::fs::remove_dir_all(&folder);
    result
}

fn measure(
    loaded: &Loaded,
    options: &Options,
    folder: &std::path::Path,
) -> anyhow::Result<ExitCode> {
    let mut loaded = loaded.clone();
    // A call that is over still has its place for a moment.
    loaded.config.serve.max_calls = options.parallel * 2 + 2;
    let engines = super::engines(&loaded)?;
    let mut serving = ServerOptions::of(&loaded);
    serving.session.records = Some(Arc::new(Store::open(folder, 0)?));
    serving.session.record_audio = None;
    let server = Server::start("127.0.0.1:0", engines, serving)?;
    let idle = idle_share()?;
    let mut held = vec![Held::now(0)];
    let done = AtomicU32::new(0);
    let failed = AtomicU32::new(0);
    let mut took_ms = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..options.parallel)
            .map(|_| scope.spawn(|| call_again(server.address(), options, &done, &failed)))
            .collect();
        while callers.iter().any(|caller| !caller.is_finished()) {
            std::thread::sleep(Duration::from_millis(200));
            let so_far = done.load(Ordering::Acquire).min(options.calls);
            let last = held.last().map_or(0, |h| h.calls);
            if last == 0 && so_far >= options.calls / WARM_SHARE || so_far >= last + 2_000 {
                held.push(Held::now(so_far));
                patter_machine::log::info(&format!("{so_far} of {} calls", options.calls));
            }
        }
        let took = callers.into_iter().filter_map(|caller| caller.join().ok());
        took.flatten().collect::<Vec<f32>>()
    });
    std::thread::sleep(SETTLE);
    held.push(Held::now(options.calls));
    let (median, p95) = median_p95(&mut took_ms);
    let failed = failed.load(Ordering::Acquire);
    let machine = Machine::of(&loaded);
    let warm = &held[1.min(held.len() - 1)];
    let end = held.last().context("nothing was measured")?;
    let growth = (end.memory_mb / warm.memory_mb - 1.0) * 100.0;
    if options.json {
        crate::report::print_json(&serde_json::json!({
            "machine": machine.processor, "cores": machine.cores, "models": machine.models, "idle_core_percent": idle * 100.0,
            "held": held, "growth_percent": growth, "set_up_ms": {"n": took_ms.len(), "median": median, "p95": p95}, "failed": failed,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    println!("{machine}");
    println!("idle: {:.2} % of a core", idle * 100.0);
    println!(
        "{:>7} {:>9} {:>8} {:>11}",
        "calls", "memory MB", "threads", "open files"
    );
    for h in &held {
        println!(
            "{:>7} {:>9.1} {:>8} {:>11}",
            h.calls, h.memory_mb, h.threads, h.open_files
        );
    }
    println!("memory from {} calls on: {growth:+.1} %", warm.calls);
    println!(
        "connection to first byte: n {}, median {median:.0} ms, p95 {p95:.0} ms; {failed} got none",
        took_ms.len()
    );
    Ok(ExitCode::SUCCESS)
}

/// What the process takes of a core when nobody calls, from 0 to 1.
fn idle_share() -> anyhow::Result<f32> {
    let read = || Reading::now().context("only Linux tells what a process takes of a core");
    let before = read()?;
    std::thread::sleep(IDLE);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(read()?.since(&before).own * cores as f32)
}

/// Calls until all calls are made; how long each took from the connection to the first byte, in ms.
fn call_again(
    address: SocketAddr,
    options: &Options,
    done: &AtomicU32,
    failed: &AtomicU32,
) -> Vec<f32> {
    let mut took = Vec::new();
    while done.fetch_add(1, Ordering::AcqRel) < options.calls {
        match call(address, options.length_ms) {
            Ok(ms) => took.push(ms),
            Err(_) => drop(failed.fetch_add(1, Ordering::AcqRel)),
        }
    }
    took
}

fn call(address: SocketAddr, length_ms: u64) -> anyhow::Result<f32> {
    let began = Instant::now();
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut bytes = Vec::new();
    codec::encode(
        &Message::Uuid(uuid::Uuid::new_v4().into_bytes()),
        &mut bytes,
    )?;
    stream.write_all(&bytes)?;
    let mut first = [0; 1];
    stream.read_exact(&mut first)?;
    let took_ms = began.elapsed().as_secs_f32() * 1_000.0;
    ensure!(first[0] != codec::hang_up()[0], "refused");
    std::thread::sleep(Duration::from_millis(length_ms));
    stream.write_all(&codec::hang_up())?;
    // Until the server has closed it too.
    let _ = std::io::copy(&mut stream, &mut std::io::sink());
    Ok(took_ms)
}
