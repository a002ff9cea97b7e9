//! One call, from its first frame to its record.
//!
//! Thread: the connection's own, and the call's `events`, which writes what happens. In: a connection that has said
//! which call it is. Out: the call's record, its recording, its events. Memory: the call's. When an engine, a thread or
//! a file fails: the call is refused, or goes on without its recording, and it is told.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;

use crossbeam_channel::Receiver;

use super::admission::Admitted;
use super::call_id::{CallId, format_uuid};
use super::recorder::{self, Taps};
use super::{Refused, SessionOptions, Sessions, Setup, Surroundings, Transport};
use patter_call::line::{Line, LineEnds};
use patter_call::record::CallFile;
use patter_call::{Call, CallContext, CallError, Engines};
use patter_records::Start;
use patter_turn::conversation::Closed;
use patter_types::event::{Event, EventSink, Stamped};

impl Sessions {
    /// Gives a connection its call, or refuses it. Returns when nothing of the call is left.
    pub fn serve(self: &Arc<Self>, setup: &Setup, uuid: &CallId, transport: impl Transport) {
        match self.admit(setup, uuid) {
            Ok(admitted) => self.run(setup, admitted, transport),
            Err((Refused::Unknown, why)) => {
                self.refuse_later(transport, &setup.options, Refused::Unknown, &why);
            }
            Err((reason, why)) => self.refuse(transport, &setup.options, reason, &why),
        }
    }

    /// Runs a call that has a place; the place is free again last.
    fn run<T: Transport>(&self, setup: &Setup, admitted: Admitted, transport: T) {
        let Setup { engines, options } = setup;
        let Admitted {
            uuid,
            context,
            place: _place,
        } = admitted;
        let id = format_uuid(&uuid);
        let (sink, events) = EventSink::new(&id);
        let recording = recording_of(&id, &context, setup);
        let path = recording.as_ref().map(|(path, _)| path.clone());
        let start = Start {
            number: context.number.clone(),
            campaign: context.campaign.clone(),
            ..Start::now(&id, &engines.config).recorded(path.as_deref())
        };
        let writer = write(events, start, recording, options);
        let (ends, call_ends) = patter_call::line::line();
        // Until its last event is taken in, whoever asks sees that the call is closing.
        let line = Arc::clone(&ends.line);
        {
            let mut lines = self.lines();
            lines.retain(|(_, line)| line.strong_count() > 0);
            lines.push((uuid, Arc::downgrade(&line)));
        }
        match Call::start(engines, context, call_ends, T::NAME, sink.clone()) {
            Ok(call) => {
                self.carry(transport, ends, &sink, path);
                call.join();
            }
            Err(error) => {
                let why = format!("{id}: {error}");
                self.refuse(transport, options, Refused::Failed, &why);
                if let Some(path) = path {
                    recorder::forget(&path);
                }
            }
        }
        drop(sink);
        if let Some(writer) = writer {
            let _ = writer.join();
        }
        drop(line);
        (options.over)(&uuid);
    }

    /// Lets the transport carry the call's sound, and records it. The line is closed afterwards, whatever happened.
    fn carry<T: Transport>(
        &self,
        transport: T,
        ends: LineEnds,
        events: &EventSink,
        recording: Option<PathBuf>,
    ) {
        // Whatever happens here, the call does not go on without its line.
        let line = CloseLine(Arc::clone(&ends.line));
        let (taps, recorder) = match recording.map(|path| recorder::start(path, &line.0)) {
            Some(Ok((taps, recorder))) => (taps, Some(recorder)),
            Some(Err(message)) => {
                events.send(Event::Error { message });
                (Taps::none(), None)
            }
            None => (Taps::none(), None),
        };
        let around = Surroundings {
            events,
            taps,
            stop: &self.stop,
        };
        carried(transport, ends, around);
        drop(line);
        if recorder.is_some_and(|recorder| recorder.join().is_err()) {
            events.send(Event::fault("record"));
        }
    }
}

/// Runs one call by itself, as commands for one caller have it: there is no place to ask for, and no record. Returns
/// when nothing of the call is left. `stop`: true when it is to end now.
///
/// # Errors
/// The call cannot start; the transport has hung up.
pub fn alone<T: Transport>(
    engines: &Arc<Engines>,
    context: CallContext,
    events: EventSink,
    transport: T,
    stop: &AtomicBool,
) -> Result<(), CallError> {
    let (ends, call_ends) = patter_call::line::line();
    let line = CloseLine(Arc::clone(&ends.line));
    let call = match Call::start(engines, context, call_ends, T::NAME, events.clone()) {
        Ok(call) => call,
        Err(error) => {
            transport.refuse();
            return Err(error);
        }
    };
    let around = Surroundings {
        events: &events,
        taps: Taps::none(),
        stop,
    };
    carried(transport, ends, around);
    drop(line);
    call.join();
    Ok(())
}

/// Lets the transport carry the call's sound. After a panic of it what else there is of the call ends as ever.
fn carried<T: Transport>(transport: T, ends: LineEnds, around: Surroundings<'_>) {
    let events = around.events;
    let carried = catch_unwind(AssertUnwindSafe(|| transport.carry(ends, around)));
    if carried.is_err() {
        let thread = std::thread::current();
        events.send(Event::fault(thread.name().unwrap_or(T::NAME)));
    }
}

/// Closes the line when it is dropped, where nobody has done so yet: by a fault.
struct CloseLine(Arc<Line>);

impl Drop for CloseLine {
    fn drop(&mut self) {
        self.0.close(Closed::Error);
    }
}

/// Where the sound of a call goes, and what is written beside it so that the call can be played again; None when sound
/// is not kept.
fn recording_of(id: &str, context: &CallContext, setup: &Setup) -> Option<(PathBuf, CallFile)> {
    let settings = setup.options.record_audio.as_ref()?;
    let folder = setup.options.records.as_ref()?.folder();
    // It may have vanished since the server began; if it cannot be made, the files in it say so.
    let _ = patter_machine::private::create_dir_all(folder);
    let path = recorder::path_for(folder, id, &settings.config.serve.record_format);
    let playbook = context
        .playbook
        .as_ref()
        .unwrap_or(&setup.engines.playbooks.default);
    let file = CallFile::new(settings, playbook, &context.slots, &path);
    if let Err(error) = file.write_beside(&path) {
        patter_machine::log::warn(&error.to_string());
    }
    Some((path, file))
}

/// Starts the call's `events` thread: its record, its call file, and whoever watches, in this order.
fn write(
    events: Receiver<Stamped>,
    start: Start,
    mut recording: Option<(PathBuf, CallFile)>,
    options: &SessionOptions,
) -> Option<JoinHandle<()>> {
    let mut record = options.records.as_ref().map(|store| store.begin(start));
    let watch = Arc::clone(&options.watch);
    patter_call::journal::write(events, None, move |event| {
        if let Some(record) = &mut record {
            record.event(event);
        }
        if let Some((path, file)) = &mut recording
            && let Err(error) = file.observe(event, path)
        {
            patter_machine::log::warn(&error.to_string());
        }
        // Whoever watches may fail: the call's record goes on.
        let _ = catch_unwind(AssertUnwindSafe(|| watch(event)));
    })
    .inspect_err(|error| patter_machine::log::warn(&error.to_string()))
    .ok()
}
