//! The events of a call as JSON lines in a file.
//!
//! Thread: one `events` thread a call. In: [`Stamped`] events. Out: a file, written line by line, so that a kill loses
//! nothing that was written. Memory: one line. When the disk is full: one warning, and the call goes on.

use std::io::Write;
use std::path::Path;

use crossbeam_channel::Receiver;
use patter_types::event::Stamped;

/// Starts the `events` thread: writes to `path` if there is one, and shows each event to `watch`. It ends when all
/// sinks are gone.
///
/// # Errors
/// The file cannot be made.
pub fn write(
    events: Receiver<Stamped>,
    path: Option<&Path>,
    mut watch: impl FnMut(&Stamped) + Send + 'static,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    let mut file = path
        .map(|path| {
            patter_machine::private::create(path).map_err(|e| {
                std::io::Error::new(
                    e.kind(),
                    format!("cannot write events to `{}`: {e}", path.display()),
                )
            })
        })
        .transpose()?;
    std::thread::Builder::new()
        .name("events".into())
        .spawn(move || {
            for event in events {
                watch(&event);
                let Some(out) = &mut file else { continue };
                let mut line = serde_json::to_vec(&event).unwrap_or_default();
                line.push(b'\n');
                // One write a line: a reader, or a kill, never sees half of one.
                if let Err(error) = out.write_all(&line) {
                    patter_machine::log::warn(&format!("events are no longer written: {error}"));
                    file = None;
                }
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use patter_types::event::{Event, EventSink};

    #[test]
    fn each_line_is_on_disk_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("e.jsonl");
        let (sink, events) = EventSink::new("c1");
        let (seen_in, seen) = crossbeam_channel::unbounded();
        let thread = write(events, Some(&path), move |e| drop(seen_in.send(e.clone()))).unwrap();
        sink.send(Event::SpeechStart);
        sink.send(Event::FalseStart);
        seen.recv().unwrap();
        seen.recv().unwrap();
        // The second was seen, so the first is written, though the call still runs.
        assert!(
            std::fs::read_to_string(&path)
                .unwrap()
                .starts_with("{\"t_ms\":")
        );
        drop(sink);
        thread.join().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
    }

    #[test]
    fn a_full_disk_ends_the_writing_and_not_the_thread() {
        let (sink, events) = EventSink::new("c1");
        let thread = write(events, Some(Path::new("/dev/full")), |_| ()).unwrap();
        sink.send(Event::SpeechStart);
        sink.send(Event::SpeechStart);
        drop(sink);
        thread.join().unwrap();
    }
}
