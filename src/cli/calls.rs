//! `patter calls`: what was recorded of calls.

use std::fmt::Write as _;
use std::io::{BufWriter, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use patter_config::Loaded;
use patter_records::export::without_controls;
use patter_records::read::{CallRow, Filter, NO_OUTCOME, Reader, Turn, WholeCall};
use patter_records::remove::Remover;
use patter_records::{RecordsError, export};

/// Calls that `list` shows unless it is told otherwise.
const LISTED: u32 = 20;

/// Below the options of `--help`.
const GUIDE: &str = "\
`patter serve` records its calls when `serve.records` of the config names a folder: `calls.db` there holds them.
They can be looked at while the server runs. Times are of this machine's time zone, with `--json` and in
exports of UTC. `serve.keep_days` deletes old calls by itself.

Examples:
  patter calls list --since 2d --outcome success    the successful calls of the last two days
  patter calls show 17                              what was said in call 17, with latencies
  patter calls show 9f3c --json                     the call whose UUID begins with 9f3c, with all its events
  patter calls export --format csv --out calls.csv  a row for each call, for a spreadsheet
  patter calls delete --older-than 90               calls and recordings of more than 90 days ago";

/// What was recorded of calls.
#[derive(clap::Args)]
#[command(after_help = GUIDE)]
pub(crate) struct Options {
    /// Folder of the records, in place of the config's `serve.records`
    #[arg(long, global = true, value_name = "FOLDER")]
    records: Option<PathBuf>,
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// List calls, newest first
    List {
        #[command(flatten)]
        filters: Filters,
        /// The newest so many; 0 for all
        #[arg(long, value_name = "N", default_value_t = LISTED)]
        limit: u32,
        /// One JSON array
        #[arg(long)]
        json: bool,
    },
    /// Show one call: what was heard and said, its stages, slots and latencies
    Show {
        /// Number of the list, UUID, or its first 8 characters or more
        call: String,
        /// One JSON object, with all events
        #[arg(long)]
        json: bool,
    },
    /// Write calls for other programs
    Export {
        /// `json`: all of each call, in one array; `csv`: a row a call (RFC 4180), texts that a spreadsheet would run
        /// get ' in front
        #[arg(long, value_enum, default_value = "json")]
        format: Format,
        /// File; without it stdout
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        filters: Filters,
        /// The newest so many; 0 for all
        #[arg(long, value_name = "N", default_value_t = 0)]
        limit: u32,
    },
    /// Delete calls and their recordings, for good
    Delete {
        /// Numbers of the list, UUIDs, or beginnings of them
        #[arg(required_unless_present = "older_than")]
        calls: Vec<String>,
        /// All calls that began more than so many days ago
        #[arg(long, value_name = "DAYS", conflicts_with = "calls")]
        older_than: Option<u32>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(clap::Args)]
struct Filters {
    /// Began then or later: a day (2026-11-24), a time (2026-11-24T09:30), or how long ago (90m, 12h, 7d)
    #[arg(long, value_name = "TIME", value_parser = |text: &str| instant(text, false))]
    since: Option<i64>,
    /// Began before that time, or on that day at the latest
    #[arg(long, value_name = "TIME", value_parser = |text: &str| instant(text, true))]
    until: Option<i64>,
    /// What the call came to
    #[arg(long, value_parser = ["success", "refused", "opt_out", "hand_over", NO_OUTCOME])]
    outcome: Option<String>,
}

impl Filters {
    fn with_limit(&self, limit: u32) -> Filter {
        Filter {
            since_ms: self.since,
            until_ms: self.until,
            outcome: self.outcome.clone(),
            limit: (limit > 0).then_some(limit),
        }
    }
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    Json,
    Csv,
}

pub(crate) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    let folder = folder(loaded, options)?;
    let done = match &options.action {
        Action::List {
            filters,
            limit,
            json,
        } => list(&folder, &filters.with_limit(*limit), *json),
        Action::Show { call, json } => show(&folder, call, *json),
        Action::Export {
            format,
            out,
            filters,
            limit,
        } => write_export(
            &folder,
            *format,
            out.as_deref(),
            &filters.with_limit(*limit),
        ),
        Action::Delete {
            calls,
            older_than,
            yes,
        } => delete(&folder, calls, *older_than, *yes),
    };
    match done {
        // Whoever reads the list has seen enough.
        Err(error) if is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        other => other.map(|()| ExitCode::SUCCESS),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == ErrorKind::BrokenPipe)
}

fn folder(loaded: &Loaded, options: &Options) -> Result<PathBuf, RecordsError> {
    let configured = &loaded.config.serve.records;
    match &options.records {
        Some(folder) => Ok(folder.clone()),
        None if configured.as_os_str().is_empty() => Err(RecordsError::NotKept),
        None => Ok(loaded.resolve(configured)),
    }
}

/// A time as it is typed, in ms since 1970. A day means its beginning, or its end.
fn instant(text: &str, end_of_day: bool) -> Result<i64, String> {
    let here = TimeZone::system();
    let explain = |_| {
        format!(
            "`{text}` is no day (2026-11-24), time (2026-11-24T09:30) or length of time (90m, 12h, 7d)"
        )
    };
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.as_millisecond());
    }
    let zoned = match text.parse::<Date>() {
        Ok(day) if text.len() <= "2026-11-24".len() => {
            let day = if end_of_day {
                day.tomorrow().map_err(explain)?
            } else {
                day
            };
            day.to_zoned(here)
        }
        _ => match text.parse::<DateTime>() {
            Ok(time) => time.to_zoned(here),
            Err(_) => text
                .parse::<Span>()
                .and_then(|span| Zoned::now().checked_sub(span.abs())),
        },
    };
    zoned
        .map(|zoned| zoned.timestamp().as_millisecond())
        .map_err(explain)
}

fn list(folder: &Path, filter: &Filter, json: bool) -> anyhow::Result<()> {
    let calls = Reader::open(folder)?.list(filter)?;
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(&calls)?)?;
    } else if calls.is_empty() {
        eprintln!("no such calls");
    } else {
        for call in &calls {
            writeln!(out, "{}", list_line(call))?;
        }
    }
    Ok(())
}

fn list_line(call: &CallRow) -> String {
    let came_to = match call.state.as_str() {
        "closed" => call.outcome.as_deref().unwrap_or("-"),
        state => state,
    };
    let mut line = format!(
        "{:>6}  {}  {:>6}  {:>3} turns  {came_to:11}  {:8}  {}",
        call.id,
        local(call.started_at),
        length(call.duration_ms),
        call.turns,
        call.uuid.get(..8).unwrap_or(&call.uuid),
        plain(&call.playbook),
    );
    for text in [&call.number, &call.campaign].into_iter().flatten() {
        let _ = write!(line, ", {}", plain(text));
    }
    line
}

fn show(folder: &Path, wanted: &str, json: bool) -> anyhow::Result<()> {
    let reader = Reader::open(folder)?;
    let unknown = || RecordsError::Unknown {
        wanted: wanted.to_owned(),
    };
    let whole = reader.whole(reader.find(wanted)?)?.ok_or_else(unknown)?;
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(&whole)?)?;
    } else {
        let recording = reader.recording(&whole.call);
        out.write_all(story(&whole, recording.as_deref()).as_bytes())?;
    }
    Ok(())
}

/// A call for people to read.
fn story(whole: &WholeCall, recording: Option<&Path>) -> String {
    let call = &whole.call;
    let mut text = format!("call {}, {}\n", call.id, plain(&call.uuid));
    let mut fact = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "  {name:10} {}", plain(value));
        }
    };
    fact("playbook", &call.playbook);
    fact("campaign", call.campaign.as_deref().unwrap_or_default());
    fact("number", call.number.as_deref().unwrap_or_default());
    fact(
        "began",
        &format!("{}, by {}", local(call.started_at), call.transport),
    );
    let end = match (call.state.as_str(), call.end_reason.as_deref()) {
        ("interrupted", _) => ", cut off when the program ended".to_owned(),
        ("open", _) => ", under way".to_owned(),
        (_, Some(reason)) => format!(", ended by {reason}"),
        (_, None) => String::new(),
    };
    fact("length", &format!("{}{end}", length(call.duration_ms)));
    fact("outcome", call.outcome.as_deref().unwrap_or("-"));
    fact("stages", &call.stages);
    fact(
        "turns",
        &format!(
            "{}, {}",
            call.turns,
            counted(call.barge_ins as usize, "interruption")
        ),
    );
    fact(
        "models",
        &format!("{}, {}, {}", call.asr, call.llm, call.tts),
    );
    fact("version", &call.version);
    if let Some(recording) = recording {
        fact("recording", &recording.display().to_string());
    }
    if call.lost_events > 0 {
        fact(
            "lost",
            &format!(
                "{} events, while the disk could not be written",
                call.lost_events
            ),
        );
    }
    for slot in &whole.slots {
        let sure = if slot.confirmed {
            ""
        } else {
            " (not confirmed)"
        };
        fact("slot", &format!("{} = {}{sure}", slot.slot, slot.value));
    }
    text.push('\n');
    for turn in &whole.turns {
        exchange(&mut text, turn);
    }
    text
}

/// The caller's words, the agent's, and how long the caller waited for them.
fn exchange(text: &mut String, turn: &Turn) {
    let at = |ms: Option<i64>| ms.map_or_else(String::new, length);
    if !turn.heard.is_empty() {
        let _ = writeln!(
            text,
            "{:>7}  caller  {}",
            at(turn.heard_at_ms),
            plain(&turn.heard)
        );
    }
    let said = if turn.said.is_empty() {
        &turn.played
    } else {
        &turn.said
    };
    if !said.is_empty() {
        let _ = writeln!(text, "{:>7}  agent   {}", at(turn.said_at_ms), plain(said));
    }
    if turn.reopened {
        let _ = writeln!(text, "                 (forgotten: the caller went on)");
    } else if !turn.complete && turn.said_at_ms.is_some() {
        let heard = match turn.played.as_str() {
            "" => "nothing",
            played => played,
        };
        let _ = writeln!(text, "                 (heard of it: {})", plain(heard));
    }
    if let Some(response_ms) = turn.response_ms {
        let part = |ms: Option<f64>| ms.unwrap_or_default();
        let _ = writeln!(
            text,
            "                 [after {response_ms:.0} ms: end of turn {:.0}, words {:.0}, first token {:.0}, voice {:.0}]",
            part(turn.endpoint_ms),
            part(turn.asr_ms),
            part(turn.first_token_ms),
            part(turn.tts_ms)
        );
    }
}

fn write_export(
    folder: &Path,
    format: Format,
    out: Option<&Path>,
    filter: &Filter,
) -> anyhow::Result<()> {
    let reader = Reader::open(folder)?;
    let calls = reader.list(filter)?;
    let write = |out: &mut dyn Write| -> Result<usize, RecordsError> {
        let mut out = BufWriter::new(out);
        match format {
            Format::Json => export::json(&reader, &calls, &mut out),
            Format::Csv => export::csv(&calls, &mut out).map(|()| calls.len()),
        }
    };
    let count = match out {
        Some(path) => {
            let named = || format!("cannot write `{}`", path.display());
            let mut file = patter_machine::private::create(path).with_context(named)?;
            write(&mut file).with_context(named)?
        }
        None => write(&mut std::io::stdout().lock())?,
    };
    eprintln!("{} exported", counted(count, "call"));
    Ok(())
}

fn delete(
    folder: &Path,
    calls: &[String],
    older_than: Option<u32>,
    yes: bool,
) -> anyhow::Result<()> {
    let reader = Reader::open(folder)?;
    let remover = Remover::open(folder)?;
    let ids = match older_than {
        Some(days) => remover.older_than(days)?,
        None => {
            let found = calls.iter().map(|call| reader.find(call));
            let mut ids = found.collect::<Result<Vec<_>, _>>()?;
            ids.sort_unstable();
            ids.dedup();
            ids
        }
    };
    if !ids.is_empty() && !yes && !says_yes(ids.len())? {
        return Err(RecordsError::Unconfirmed { calls: ids.len() }.into());
    }
    let removed = remover.remove(&ids)?;
    eprintln!(
        "{} and {} deleted",
        counted(removed.calls, "call"),
        counted(removed.recordings, "recording")
    );
    Ok(())
}

/// Asks on a terminal; nobody there says no.
fn says_yes(count: usize) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    eprint!(
        "delete {} with recordings, for good? [y/N] ",
        counted(count, "call")
    );
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// The time of day here.
fn local(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(
        |_| "?".to_owned(),
        |at| {
            at.to_zoned(TimeZone::system())
                .strftime("%Y-%m-%d %H:%M:%S")
                .to_string()
        },
    )
}

/// Minutes and seconds.
fn length(ms: i64) -> String {
    let seconds = ms.max(0) / 1_000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// A text of a caller's or of a line's that cannot move the cursor, nor turn the line around.
fn plain(text: &str) -> String {
    without_controls(text, &[]).replace(
        [
            '\u{202A}', '\u{202B}', '\u{202C}', '\u{202D}', '\u{202E}', '\u{2066}', '\u{2067}',
            '\u{2068}', '\u{2069}',
        ],
        "\u{FFFD}",
    )
}
