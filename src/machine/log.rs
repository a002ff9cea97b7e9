//! The program's few words on stderr, one line each, from threads that are not real-time. What callers and the agent
//! say is never among them.
//!
//! Thread: any but the real-time ones. In: messages, for a server with fields beside them. Out: lines on stderr: plain
//! ones for whoever types a command, lines with time and fields, or JSON objects, for the journal of a server. A closed
//! stderr ends nothing.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, Subscriber as Lines};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

use patter_config::LogConfig;

/// Something is wrong, but goes on.
pub fn warn(message: &str) {
    tracing::warn!("{message}");
}

/// Something happened that an operator wants to know.
pub fn info(message: &str) {
    tracing::info!("{message}");
}

/// Lines for whoever types commands, from now on. Only the first who asks for a form gets it.
pub fn plainly() {
    let lines = Lines::builder()
        .with_writer(std::io::stderr)
        .event_format(Plain)
        .finish()
        .with(from(Level::INFO));
    let _ = tracing::subscriber::set_global_default(lines);
}

/// Lines for a journal, as `[log]` wants them, from now on. Only the first who asks for a form gets it.
pub fn as_configured(config: &LogConfig) {
    let level = match config.level.as_str() {
        "error" => Level::ERROR,
        "warn" => Level::WARN,
        _ => Level::INFO,
    };
    let lines = Lines::builder()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false);
    let _ = match config.format.as_str() {
        "json" => {
            let lines = lines.json().flatten_event(true).with_current_span(false);
            tracing::subscriber::set_global_default(lines.finish().with(from(level)))
        }
        "text" => tracing::subscriber::set_global_default(lines.finish().with(from(level))),
        _ => {
            plainly();
            Ok(())
        }
    };
}

/// Patter's messages of a level and above; of libraries only warnings: ONNX Runtime tells of each step of its own.
fn from(level: Level) -> Targets {
    Targets::new()
        .with_target("patter", level)
        .with_default(level.min(Level::WARN))
}

/// `patter: …` and `warning: …`.
struct Plain;

impl<S, N> FormatEvent<S, N> for Plain
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let head = match *event.metadata().level() {
            Level::ERROR | Level::WARN => "warning",
            _ => "patter",
        };
        let mut words = Words::default();
        event.record(&mut words);
        writeln!(writer, "{head}: {}{}", words.message, words.fields)
    }
}

/// A message in one line, and what stands beside it.
#[derive(Default)]
struct Words {
    message: String,
    fields: String,
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}").replace('\n', " ");
        match field.name() {
            "message" => self.message = text,
            name => self.fields += &format!(" {name}={text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    /// Keeps what is written.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_message_is_one_plain_line() {
        let kept = Kept::default();
        let writing = kept.clone();
        let lines = Lines::builder()
            .with_writer(move || writing.clone())
            .event_format(Plain)
            .finish()
            .with(from(Level::INFO));
        tracing::subscriber::with_default(lines, || {
            tracing::info!(target: "ort::logging", "a library's step");
            tracing::warn!(target: "ort::logging", "a library's warning");
            info("two\nlines");
            warn("a {brace}");
            tracing::info!(call = "c1", turns = 3, "call ended");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(
            text,
            "warning: a library's warning\npatter: two lines\nwarning: a {brace}\npatter: call ended call=\"c1\" turns=3\n"
        );
    }
}
