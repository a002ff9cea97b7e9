//! A call on a manual clock: the same threads, steps and engines, as fast as they go, with the same turns every time.
//!
//! Thread: that of the caller of [`ManualCall::frame`], which is also the call's `controller`; `transcriber` and
//! `responder` run as in any call. In: heard frames. Out: spoken frames, events whose times are the count of frames.
//! Memory: that of a call. When late: never; each frame waits until every engine has answered, so an engine takes no
//! time on this clock.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::controller::Controller;
use super::line::{LineEnds, line_on};
use super::responder::Progress;
use super::{CallContext, CallError, Engines, Parts, parts};
use patter_audio::{FRAME_MS, Frame};
use patter_turn::conversation::Closed;
use patter_types::clock::Clock;
use patter_types::event::{Event, EventSink};

/// How often an engine that works is looked at.
const POLL: Duration = Duration::from_micros(100);

/// See the module.
pub struct ManualCall {
    clock: Clock,
    events: EventSink,
    ends: LineEnds,
    controller: Controller,
    progress: Arc<Progress>,
    threads: Vec<JoinHandle<()>>,
}

impl ManualCall {
    /// Starts a call that `events` tells of; the sink is to be on `clock`, which is to be a manual one.
    ///
    /// # Errors
    /// No place in an engine, no thread.
    pub fn start(
        engines: &Arc<Engines>,
        context: CallContext,
        clock: Clock,
        events: EventSink,
    ) -> Result<Self, CallError> {
        let (ends, call_ends) = line_on(clock.clone());
        let Parts {
            threads,
            controller,
            progress,
        } = parts(engines, context, call_ends, "replay", events.clone())?;
        let mut call = Self {
            clock,
            events,
            ends,
            controller: controller(),
            progress,
            threads,
        };
        call.controller.begin();
        call.settle();
        Ok(call)
    }

    /// The caller presses a key.
    pub fn press(&mut self, key: char) {
        self.events.send(Event::Dtmf { key: key.into() });
        let _ = self.ends.keys.try_send(key);
    }

    /// The next 20 ms: what is heard, what is spoken. None once the agent has ended the call.
    pub fn frame(&mut self, heard: &Frame) -> Option<Frame> {
        if self.ends.line.is_closed() {
            return None;
        }
        self.clock.advance_us(u64::from(FRAME_MS) * 1_000);
        self.controller.frame(heard);
        self.settle();
        let spoken = self.ends.playback.next_frame();
        self.settle();
        Some(spoken)
    }

    /// Waits until no engine has anything left to say about the frames so far.
    fn settle(&mut self) {
        loop {
            let settled = self.is_settled();
            self.controller.answers();
            if settled && self.is_settled() {
                return;
            }
            std::thread::sleep(POLL);
        }
    }

    fn is_settled(&self) -> bool {
        let thinking = self.progress.is_settled()
            || (self.progress.is_blocked() && self.ends.playback.is_full());
        (self.controller.is_settled() && thinking) || self.ends.line.has_failed()
    }

    /// Hangs up, and waits for the call's threads.
    pub fn end(self) {
        self.ends.line.close(Closed::Caller);
        self.controller.finish();
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}
