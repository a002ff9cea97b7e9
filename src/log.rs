//! The program's few words on stderr, one line each, from threads that are not real-time.

use std::io::Write;

/// Something is wrong, but goes on.
pub fn warn(message: &str) {
    line("warning", message);
}

/// Something happened that an operator wants to know.
pub fn info(message: &str) {
    line("patter", message);
}

fn line(head: &str, message: &str) {
    let text = format!("{head}: {}\n", message.replace('\n', " "));
    // A closed stderr must not end a call.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
