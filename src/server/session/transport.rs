//! What a transport has to bring, so that its connections can be calls.

use std::sync::atomic::AtomicBool;

use super::recorder::Taps;
use patter_call::line::LineEnds;
use patter_types::event::EventSink;

/// One connection that has said which call it is: it brings the caller's sound and takes the agent's.
///
/// [`Sessions::serve`](super::Sessions::serve) calls one of the two, once, in the connection's own thread;
/// [`alone`](super::alone) does so for commands that have one caller.
pub trait Transport {
    /// Its name in the events of its calls, such as `audiosocket`.
    const NAME: &'static str;

    /// Carries sound both ways until the line is closed, by either side, and returns when nothing more is sent: heard
    /// frames, keys and the end go in, and every 20 ms a frame is asked for and sent. What is no fault of the call,
    /// such as a peer that hangs up, closes the line with who did it. A panic ends this call alone.
    fn carry(self, ends: LineEnds, around: Surroundings<'_>);

    /// There is no place for it: hangs up.
    fn refuse(self);
}

/// What a call has beside its line.
pub struct Surroundings<'a> {
    /// Where errors, keys and the like are told.
    pub events: &'a EventSink,
    /// Where the sound goes as well, to be recorded: each frame heard and each frame sent.
    pub taps: Taps,
    /// True when all calls end now: the line is closed as [`Stopped`](patter_turn::conversation::Closed::Stopped).
    pub stop: &'a AtomicBool,
}
