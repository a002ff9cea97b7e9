//! The two rings between a transport and a call, and the few atomics beside them.
//!
//! Thread: the transport's threads hold [`LineEnds`], the call's hold [`CallEnds`]. In: frames heard. Out: frames to be spoken.
//! Memory: both rings are made here and never grow. When full: of heard frames the newest is dropped and counted; spoken
//! frames wait with the thread that made them. Cancelling is one atomic add on the turn number: spoken frames carry
//! theirs, and [`Playback`] drops those of an older turn as it meets them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use ringbuf::traits::{Consumer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use crate::audio::{Frame, SILENCE, ms_to_frames};

/// Heard frames kept while the call's thread is busy, in ms.
pub const HEARD_RING_MS: u32 = 2_000;
/// Spoken frames made ahead of the voice's playing, in ms.
pub const SPOKEN_RING_MS: u32 = 20_000;

/// 20 ms that the agent wants to say.
#[derive(Clone, Copy)]
pub struct SpokenFrame {
    /// The agent's turn it belongs to.
    pub turn: u32,
    /// Its number within the turn, from 0.
    pub index: u32,
    /// The sound.
    pub samples: Frame,
}

/// What both sides of a line see.
pub struct Line {
    started: Instant,
    closed: AtomicBool,
    turn: AtomicU32,
    /// `turn << 32 | frames played of it`.
    played: AtomicU64,
    first_played_us: AtomicU64,
    dropped: AtomicU64,
}

/// How much of a turn has been played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Played {
    /// The turn.
    pub turn: u32,
    /// Frames of it that went to the line.
    pub frames: u32,
    /// When the first of them went, in µs since the line began.
    pub first_us: u64,
}

impl Line {
    /// The turn whose frames may be played.
    pub fn turn(&self) -> u32 {
        self.turn.load(Ordering::Acquire)
    }

    /// Cancels the running turn: its frames are no longer played, its work is to be dropped. Returns the new turn.
    pub fn next_turn(&self) -> u32 {
        self.turn.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// What has been played last.
    pub fn played(&self) -> Played {
        let packed = self.played.load(Ordering::Acquire);
        Played {
            turn: (packed >> 32) as u32,
            frames: packed as u32,
            first_us: self.first_played_us.load(Ordering::Acquire),
        }
    }

    /// Microseconds since the line began.
    pub fn now_us(&self) -> u64 {
        self.started.elapsed().as_micros() as u64
    }

    /// Ends the call, from either side.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// True once either side ended the call.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Counts a heard frame that found the ring full.
    pub fn count_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// Heard frames dropped so far.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// The transport's side.
pub struct LineEnds {
    /// Heard frames go in here.
    pub incoming: HeapProd<Frame>,
    /// Frames to play come out here.
    pub playback: Playback,
    /// Shared state.
    pub line: Arc<Line>,
}

impl LineEnds {
    /// Hands a heard frame to the call; drops and counts it when the call is more than two seconds behind.
    pub fn hear(&mut self, frame: Frame) {
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
    /// Shared state.
    pub line: Arc<Line>,
}

/// Makes a line.
pub fn line() -> (LineEnds, CallEnds) {
    let (heard_in, heard_out) = HeapRb::new(ms_to_frames(HEARD_RING_MS) as usize).split();
    let (spoken_in, spoken_out) = HeapRb::new(ms_to_frames(SPOKEN_RING_MS) as usize).split();
    let line = Arc::new(Line {
        started: Instant::now(),
        closed: AtomicBool::new(false),
        turn: AtomicU32::new(0),
        played: AtomicU64::new(0),
        first_played_us: AtomicU64::new(0),
        dropped: AtomicU64::new(0),
    });
    let transport = LineEnds {
        incoming: heard_in,
        playback: Playback {
            ring: spoken_out,
            line: Arc::clone(&line),
        },
        line: Arc::clone(&line),
    };
    let call = CallEnds {
        incoming: heard_out,
        speech: spoken_in,
        line,
    };
    (transport, call)
}

/// The playing end: gives a frame every time it is asked, and never waits, locks or allocates.
pub struct Playback {
    ring: HeapCons<SpokenFrame>,
    line: Arc<Line>,
}

impl Playback {
    /// The next 20 ms for the line: speech of the current turn, or silence.
    pub fn next_frame(&mut self) -> Frame {
        let turn = self.line.turn();
        while let Some(frame) = self.ring.try_pop() {
            if frame.turn != turn {
                continue;
            }
            if frame.index == 0 {
                self.line
                    .first_played_us
                    .store(self.line.now_us(), Ordering::Release);
            }
            let packed = u64::from(frame.turn) << 32 | u64::from(frame.index + 1);
            self.line.played.store(packed, Ordering::Release);
            return frame.samples;
        }
        SILENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(turn: u32, index: u32) -> SpokenFrame {
        SpokenFrame {
            turn,
            index,
            samples: [index as i16 + 1; 320],
        }
    }

    #[test]
    fn a_cancelled_turn_falls_silent_with_the_next_frame() {
        let (mut transport, mut call) = line();
        for index in 0..10 {
            assert!(call.speech.try_push(spoken(0, index)).is_ok());
        }
        assert_eq!(transport.playback.next_frame()[0], 1);
        assert_eq!(transport.playback.next_frame()[0], 2);
        assert_eq!(call.line.next_turn(), 1);
        assert_eq!(transport.playback.next_frame(), SILENCE);
        let played = call.line.played();
        assert_eq!((played.turn, played.frames), (0, 2));
        assert!(call.speech.try_push(spoken(1, 0)).is_ok());
        assert_eq!(transport.playback.next_frame()[0], 1);
        assert_eq!(call.line.played().turn, 1);
    }

    #[test]
    fn an_empty_ring_is_silence() {
        let (mut transport, _call) = line();
        assert_eq!(transport.playback.next_frame(), SILENCE);
    }

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
}
