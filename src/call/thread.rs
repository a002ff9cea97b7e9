//! The threads of a call: whichever of them dies, the call ends cleanly and its record says why.
//!
//! Thread: any thread of a call. In: its work. Out: its handle; after a fault an event, and the end of the call. A call
//! without `transcriber` or `responder` can still apologise; one without `controller` can only hang up.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use super::line::Line;
use patter_turn::conversation::Closed;
use patter_types::event::{Event, EventSink};

/// Starts a thread without which no answer comes: after a fault the call ends with an apology.
pub(super) fn spawn_engine(
    name: &'static str,
    line: &Arc<Line>,
    events: &EventSink,
    work: impl FnOnce() + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    spawn(name, line, events, work, |line, _| line.fail())
}

/// Starts the thread that hears and decides: after a fault of it nothing can be said any more, and the call is over.
pub(super) fn spawn_controller(
    line: &Arc<Line>,
    events: &EventSink,
    work: impl FnOnce() + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    spawn("controller", line, events, work, |line, events| {
        line.close(Closed::Error);
        let mut end = Event::end(Closed::Error.name(), line.played().turn.0);
        if let Event::CallEnd {
            dropped_frames,
            filled_frames,
            ..
        } = &mut end
        {
            (*dropped_frames, *filled_frames) = (line.dropped(), line.filled());
        }
        events.send(end);
    })
}

fn spawn(
    name: &'static str,
    line: &Arc<Line>,
    events: &EventSink,
    work: impl FnOnce() + Send + 'static,
    after_fault: impl FnOnce(&Line, &EventSink) + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    let (line, events) = (Arc::clone(line), events.clone());
    std::thread::Builder::new()
        .name(name.into())
        .spawn(move || {
            // The thread's state is gone with it: nothing of it is looked at again.
            if catch_unwind(AssertUnwindSafe(work)).is_err() {
                events.send(Event::fault(name));
                after_fault(&line, &events);
            }
        })
}

#[cfg(test)]
mod tests {
    use super::super::line::line;
    use super::*;

    fn names(received: &crossbeam_channel::Receiver<patter_types::event::Stamped>) -> Vec<String> {
        received
            .try_iter()
            .map(|e| e.event.name().to_owned())
            .collect()
    }

    #[test]
    fn a_controller_that_dies_ends_the_call_with_an_event() {
        let (ends, _call) = line();
        let (sink, received) = EventSink::new("c1");
        let fault = || panic!("a fault that a test makes");
        spawn_controller(&ends.line, &sink, fault)
            .unwrap()
            .join()
            .unwrap();
        assert_eq!(ends.line.closed_by(), Some(Closed::Error));
        assert_eq!(names(&received), ["error", "call_end"]);
    }

    #[test]
    fn an_engine_that_dies_leaves_the_line_open_for_an_apology() {
        let (ends, _call) = line();
        let (sink, received) = EventSink::new("c1");
        let fault = || panic!("a fault that a test makes");
        spawn_engine("responder", &ends.line, &sink, fault)
            .unwrap()
            .join()
            .unwrap();
        assert!(ends.line.has_failed() && !ends.line.is_closed());
        assert_eq!(names(&received), ["error"]);
        spawn_engine("transcriber", &ends.line, &sink, || ())
            .unwrap()
            .join()
            .unwrap();
        assert!(names(&received).is_empty(), "an end is no fault");
    }
}
