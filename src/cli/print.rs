//! Lines for stdout that no call waits for: a terminal that stands still, or a reader that has gone, holds nothing up.
//! Below them a terminal may show one line that changes.
//!
//! Thread: `print`, one for a command in real time. In: lines, from the calls' `events` threads. Out: stdout. Memory:
//! at most [`WAITING`] lines. When full: lines are lost and counted. When nobody reads any more: they are dropped.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError};

/// Lines that may wait for a slow reader: some hours of one call.
const WAITING: usize = 65_536;
/// At the end of a command a reader that stands still is waited for so long.
const LAST: Duration = Duration::from_secs(5);

/// Back to the beginning of the line, and nothing in it.
const CLEAR: &str = "\r\x1b[2K";

enum Print {
    Line(String),
    Status(String),
}

/// The way to the thread. Dropping it waits until the lines are out.
pub(super) struct Lines {
    has_status: bool,
    sender: Option<Sender<Print>>,
    lost: AtomicU64,
    over: Receiver<()>,
}

impl Lines {
    /// Begins to write to stdout.
    pub(super) fn to_stdout() -> Self {
        Self::to(std::io::stdout(), WAITING, false)
    }

    /// The same, with a line below the others where stdout is a terminal.
    pub(super) fn with_status() -> Self {
        let out = std::io::stdout();
        let has_status = out.is_terminal();
        Self::to(out, WAITING, has_status)
    }

    fn to(mut out: impl Write + Send + 'static, waiting: usize, has_status: bool) -> Self {
        let (sender, lines) = crossbeam_channel::bounded::<Print>(waiting);
        let (done, over) = crossbeam_channel::bounded::<()>(0);
        let run = move || {
            let mut status = String::new();
            let mut write = |print: Print| {
                match print {
                    Print::Line(line) if status.is_empty() => writeln!(out, "{line}")?,
                    Print::Line(line) => write!(out, "{CLEAR}{line}\n{status}\r")?,
                    Print::Status(now) if now == status => return Ok(()),
                    Print::Status(now) => {
                        // The cursor stands at its beginning: a line of the log writes over it.
                        write!(out, "{CLEAR}{now}\r")?;
                        status = now;
                    }
                }
                out.flush()
            };
            let ended = lines.into_iter().map(&mut write).find_map(Result::err);
            if let Some(error) = ended {
                patter_machine::log::warn(&format!("nothing more is printed: {error}"));
            }
            drop(done);
        };
        let thread = std::thread::Builder::new().name("print".into());
        if let Err(error) = thread.spawn(run) {
            patter_machine::log::warn(&format!("nothing is printed: {error}"));
        }
        Self {
            has_status,
            sender: Some(sender),
            lost: AtomicU64::new(0),
            over,
        }
    }

    /// Prints a line, sooner or later. It never waits.
    pub(super) fn print(&self, line: String) {
        let print = Print::Line(line);
        let sent = self.sender.as_ref().map(|sender| sender.try_send(print));
        if let Some(Err(TrySendError::Full(_))) = sent {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Lines {
    /// Whether [`Lines::status`] shows anything.
    pub(super) fn has_status(&self) -> bool {
        self.has_status
    }

    /// Shows `line` below the others, in place of the one before; nothing where there is no terminal. One that cannot
    /// be shown now is not missed.
    pub(super) fn status(&self, line: String) {
        if let Some(sender) = self.sender.as_ref().filter(|_| self.has_status) {
            let _ = sender.try_send(Print::Status(line));
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.sender = None;
        // The thread hangs up when it is done.
        let _ = self.over.recv_timeout(LAST);
        let lost = self.lost.load(Ordering::Relaxed);
        if lost > 0 {
            patter_machine::log::warn(&format!(
                "{lost} lines were not printed: stdout stood still"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Writes into memory, once it may.
    struct Slow {
        gate: Receiver<()>,
        out: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.gate.recv();
            self.out.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_stands_still_holds_nobody_up_and_lines_keep_their_order() {
        let (open, gate) = crossbeam_channel::bounded(0);
        let out = Arc::new(Mutex::new(Vec::new()));
        let slow = Slow {
            gate,
            out: Arc::clone(&out),
        };
        let lines = Lines::to(slow, 3, false);
        // Were any of these waited for, the test would not go on: nobody has opened the gate.
        for number in 0..100 {
            lines.print(number.to_string());
        }
        assert!(lines.lost.load(Ordering::Relaxed) >= 96);
        drop(open);
        drop(lines);
        let text = String::from_utf8(out.lock().unwrap().clone()).unwrap();
        assert!(text.starts_with("0\n1\n2\n"), "{text}");
    }

    #[test]
    fn the_line_below_is_drawn_again_behind_each_line() {
        let (open, gate) = crossbeam_channel::bounded(0);
        let out = Arc::new(Mutex::new(Vec::new()));
        let slow = Slow {
            gate,
            out: Arc::clone(&out),
        };
        drop(open);
        let lines = Lines::to(slow, 9, true);
        lines.print("first".into());
        lines.status("level".into());
        lines.status("level".into());
        lines.print("second".into());
        lines.status(String::new());
        drop(lines);
        let text = String::from_utf8(out.lock().unwrap().clone()).unwrap();
        let expected = format!("first\n{CLEAR}level\r{CLEAR}second\nlevel\r{CLEAR}\r");
        assert_eq!(text, expected);
    }

    #[test]
    fn a_reader_that_has_gone_ends_the_printing_and_nothing_else() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let lines = Lines::to(Gone, 3, false);
        for number in 0..100 {
            lines.print(number.to_string());
            std::thread::yield_now();
        }
        drop(lines);
    }
}
