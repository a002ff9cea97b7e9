//! The rings between a transport and a call, and the few atomics beside them.
//!
//! Thread: the transport's threads hold [`LineEnds`], the call's hold [`CallEnds`]. In: frames heard. Out: frames to be
//! spoken. Memory: all rings are made here and never grow. When full: of heard frames the newest is dropped and
//! counted; spoken frames wait with the thread that made them. Spoken frames carry the number of their turn, and the
//! gate says what becomes of them: those of the open turn are played, those of the awaited turn wait, all others are
//! dropped; while the agent is paused nothing sounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender};
use ringbuf::traits::Split;
use ringbuf::{HeapCons, HeapProd, HeapRb};

use super::playback::Playback;
use patter_audio::{Frame, ms_to_frames};
use patter_turn::conversation::{Closed, Played};
use patter_turn::keys::MOST_KEYS;
use patter_types::clock::{CallTimeUs, Clock};
use patter_types::turn::TurnNumber;

/// Heard frames kept while the call's thread is busy, or when a network that stood still brings them all at once, in
/// ms. Whatever waits is heard as fast as the machine can.
pub const HEARD_RING_MS: u32 = 10_000;
/// Spoken frames made ahead of the voice's playing, in ms.
pub const SPOKEN_RING_MS: u32 = 20_000;
/// The longest announcement, in ms.
pub const ANNOUNCEMENT_RING_MS: u32 = 30_000;

/// 20 ms that the agent wants to say.
#[derive(Clone, Copy)]
pub struct SpokenFrame {
    /// The agent's turn it belongs to, from 1.
    pub turn: TurnNumber,
    /// Its number within the turn, from 0.
    pub index: u32,
    /// The sound.
    pub samples: Frame,
}

/// What both sides of a line see.
pub struct Line {
    clock: Clock,
    /// A [`Closed`], or 0.
    closed: AtomicU8,
    failed: AtomicBool,
    stopping: AtomicBool,
    /// `open turn << 32 | awaited turn`, 0 for none: in one number, so that no thread sees half of a change.
    gate: AtomicU64,
    /// The awaited turn, if somebody waits for it.
    wanted: AtomicU32,
    paused: AtomicBool,
    /// Somebody has put the call on hold.
    on_hold: AtomicBool,
    /// 1 + the frame to go on from after a pause; 0 for none.
    pub(super) rewind: AtomicU32,
    /// `turn << 32 | frames played of it`.
    pub(super) played: AtomicU64,
    pub(super) first_played_us: AtomicU64,
    pub(super) stopped_us: AtomicU64,
    dropped: AtomicU64,
    filled: AtomicU64,
}

impl Line {
    /// The turn whose frames are played, and the one whose frames wait; [`TurnNumber::NONE`] for none.
    pub fn gate(&self) -> (TurnNumber, TurnNumber) {
        let gate = self.gate.load(Ordering::Acquire);
        (TurnNumber((gate >> 32) as u32), TurnNumber(gate as u32))
    }

    /// Sets the gate. Frames and work of every other turn are dropped. Only the call's `controller` thread does this.
    pub fn set_gate(&self, open: TurnNumber, awaited: TurnNumber) {
        let gate = u64::from(open.0) << 32 | u64::from(awaited.0);
        self.gate.store(gate, Ordering::Release);
    }

    /// True when the frames of `turn` are played as they come.
    pub fn is_open(&self, turn: TurnNumber) -> bool {
        self.gate().0 == turn
    }

    /// Tells that the caller waits for `turn`, though it is not open yet.
    pub fn want(&self, turn: TurnNumber) {
        self.wanted.store(turn.0, Ordering::Release);
    }

    /// True when the caller waits for `turn`: it is open, or will be as soon as the line is free.
    pub fn is_wanted(&self, turn: TurnNumber) -> bool {
        self.is_open(turn) || self.wanted.load(Ordering::Acquire) == turn.0
    }

    /// True when nothing of `turn` will be played any more.
    pub fn is_cancelled(&self, turn: TurnNumber) -> bool {
        let (open, awaited) = self.gate();
        (turn != open && turn != awaited) || self.is_closed()
    }

    /// Stops the sound with the next frame; the place is kept.
    pub fn pause(&self) {
        self.paused.store(true, Ordering::Release);
    }

    /// Lets the sound go on: from `frame` of the open turn, or from where it stopped.
    pub fn resume(&self, frame: Option<u32>) {
        if let Some(frame) = frame {
            self.rewind.store(frame + 1, Ordering::Release);
        }
        self.paused.store(false, Ordering::Release);
    }

    /// True while nothing sounds: the agent is paused, or the call is on hold.
    pub fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Acquire) || self.is_on_hold()
    }

    /// Puts the call on hold, or takes it off: nothing is said and nothing heard meanwhile, and then the call goes on
    /// where it was.
    pub fn put_on_hold(&self, hold: bool) {
        self.on_hold.store(hold, Ordering::Release);
    }

    /// True while the call is on hold.
    pub fn is_on_hold(&self) -> bool {
        self.on_hold.load(Ordering::Acquire)
    }

    /// What has been played last.
    pub fn played(&self) -> Played {
        let packed = self.played.load(Ordering::Acquire);
        Played {
            turn: TurnNumber((packed >> 32) as u32),
            frames: packed as u32,
            first_at: CallTimeUs(self.first_played_us.load(Ordering::Acquire)),
        }
    }

    /// The call's time.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The time now.
    pub fn now(&self) -> CallTimeUs {
        self.clock.now()
    }

    /// Asks for the end of the call, with a last word to the caller.
    pub fn end_politely(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// True once [`Line::end_politely`] was called.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Ends the call, from either side. The first one to end it is the one who did.
    pub fn close(&self, by: Closed) {
        let (order, failed) = (Ordering::AcqRel, Ordering::Relaxed);
        let _ = self.closed.compare_exchange(0, by as u8, order, failed);
    }

    /// True once either side ended the call.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire) != 0
    }

    /// Who ended the call; None while it is under way.
    pub fn closed_by(&self) -> Option<Closed> {
        let closed = self.closed.load(Ordering::Acquire);
        Closed::ALL.into_iter().find(|by| *by as u8 == closed)
    }

    /// A part of the call that answers depend on is gone: it is to end with an apology.
    pub fn fail(&self) {
        self.failed.store(true, Ordering::Release);
    }

    /// True once [`Line::fail`] was called.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Counts a heard frame that found the ring full.
    pub fn count_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a frame of silence that stands for one that the line did not bring.
    pub fn count_filled(&self) {
        self.filled.fetch_add(1, Ordering::Relaxed);
    }

    /// Frames of silence that stand for ones that the line did not bring.
    pub fn filled(&self) -> u64 {
        self.filled.load(Ordering::Relaxed)
    }

    /// Heard frames dropped so far.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// When the sound last stopped because it was paused or interrupted.
    pub fn stopped_at(&self) -> CallTimeUs {
        CallTimeUs(self.stopped_us.load(Ordering::Acquire))
    }
}

/// The transport's side.
pub struct LineEnds {
    /// Heard frames go in here.
    pub incoming: HeapProd<Frame>,
    /// Frames to play come out here.
    pub playback: Playback,
    /// Keys that the caller presses go in here; when it is full, newer ones are lost.
    pub keys: Sender<char>,
    /// Shared state.
    pub line: Arc<Line>,
}

impl LineEnds {
    /// Hands a heard frame to the call; drops and counts it when the call is more than [`HEARD_RING_MS`] behind.
    pub fn hear(&mut self, frame: Frame) {
        use ringbuf::traits::Producer;
        if self.incoming.try_push(frame).is_err() {
            self.line.count_dropped();
        }
    }
}

/// The call's side.
pub struct CallEnds {
    /// Heard frames come out here.
    pub incoming: HeapCons<Frame>,
    /// Frames to be spoken go in here.
    pub speech: HeapProd<SpokenFrame>,
    /// Frames of announcements: lines that must be said even when the thread of `speech` is stuck.
    pub announcements: HeapProd<SpokenFrame>,
    /// Keys come out here.
    pub keys: Receiver<char>,
    /// Shared state.
    pub line: Arc<Line>,
}

/// Makes a line on the machine's clock.
pub fn line() -> (LineEnds, CallEnds) {
    line_on(Clock::machine())
}

/// Makes a line on `clock`.
pub fn line_on(clock: Clock) -> (LineEnds, CallEnds) {
    let ring = |ms| HeapRb::<SpokenFrame>::new(ms_to_frames(ms) as usize).split();
    let (heard_in, heard_out) = HeapRb::new(ms_to_frames(HEARD_RING_MS) as usize).split();
    let (spoken_in, spoken_out) = ring(SPOKEN_RING_MS);
    let (announcement_in, announcement_out) = ring(ANNOUNCEMENT_RING_MS);
    let line = Arc::new(Line {
        clock,
        closed: AtomicU8::new(0),
        failed: AtomicBool::new(false),
        stopping: AtomicBool::new(false),
        gate: AtomicU64::new(0),
        wanted: AtomicU32::new(0),
        paused: AtomicBool::new(false),
        on_hold: AtomicBool::new(false),
        rewind: AtomicU32::new(0),
        played: AtomicU64::new(0),
        first_played_us: AtomicU64::new(0),
        stopped_us: AtomicU64::new(0),
        dropped: AtomicU64::new(0),
        filled: AtomicU64::new(0),
    });
    let (keys_in, keys_out) = crossbeam_channel::bounded(MOST_KEYS);
    let transport = LineEnds {
        keys: keys_in,
        incoming: heard_in,
        playback: Playback::new([spoken_out, announcement_out], Arc::clone(&line)),
        line: Arc::clone(&line),
    };
    let call = CallEnds {
        incoming: heard_out,
        speech: spoken_in,
        announcements: announcement_in,
        keys: keys_out,
        line,
    };
    (transport, call)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringbuf::traits::Consumer;

    #[test]
    fn a_full_ring_drops_the_newest_and_counts() {
        let (mut transport, mut call) = line();
        let room = ms_to_frames(HEARD_RING_MS);
        for n in 0..room + 5 {
            transport.hear([n as i16; 320]);
        }
        assert_eq!(call.line.dropped(), 5);
        assert_eq!(call.incoming.try_pop().map(|f| f[0]), Some(0));
    }

    #[test]
    fn only_the_open_and_the_awaited_turn_live() {
        let (_transport, call) = line();
        call.line.set_gate(TurnNumber(2), TurnNumber(4));
        let alive: Vec<u32> = (1..6)
            .filter(|t| !call.line.is_cancelled(TurnNumber(*t)))
            .collect();
        assert_eq!(alive, [2, 4]);
        assert!(call.line.is_open(TurnNumber(2)) && !call.line.is_open(TurnNumber(4)));
        call.line.close(Closed::Agent);
        assert!(call.line.is_cancelled(TurnNumber(2)));
    }

    #[test]
    fn whoever_ends_a_call_first_is_who_ended_it() {
        let (transport, call) = line();
        assert_eq!(call.line.closed_by(), None);
        for by in Closed::ALL {
            let (_, call) = line();
            call.line.close(by);
            assert_eq!(call.line.closed_by(), Some(by));
        }
        call.line.close(Closed::TooLong);
        transport.line.close(Closed::Caller);
        assert_eq!(transport.line.closed_by(), Some(Closed::TooLong));
    }
}
