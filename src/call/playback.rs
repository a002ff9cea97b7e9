//! The playing end of a line: gives a frame every time it is asked, and never waits, locks or allocates.
//!
//! Thread: the transport's. In: spoken frames from the rings. Out: a frame for the line, silence when there is none.
//! Memory: the last two seconds of what was played, so that a paused turn can go on from just before the word at which
//! it stopped. A turn that stops in the middle fades out over 2.5 ms and comes back over 5 ms: a step in the wave is a
//! click.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ringbuf::HeapCons;
use ringbuf::traits::{Consumer, Observer};

use super::line::{Line, SpokenFrame};
use patter_audio::{FRAME_SAMPLES, Frame, SILENCE};
use patter_types::turn::TurnNumber;

/// Frames that can be played again: two seconds.
pub const HISTORY_FRAMES: u32 = 100;
const FADE_OUT_SAMPLES: usize = 40;
const FADE_IN_SAMPLES: usize = 80;

/// See the module.
pub struct Playback {
    rings: [HeapCons<SpokenFrame>; 2],
    line: Arc<Line>,
    history: Box<[Frame]>,
    /// The turn that `history`, `next` and `newest` are about.
    turn: TurnNumber,
    /// The frame to be played next.
    next: u32,
    /// The frame that comes out of the ring next; those before it are in the history.
    newest: u32,
    /// The last sample, while something sounds.
    sounding: Option<i16>,
    fade_in: bool,
}

impl Playback {
    pub(super) fn new(rings: [HeapCons<SpokenFrame>; 2], line: Arc<Line>) -> Self {
        Self {
            rings,
            line,
            history: vec![SILENCE; HISTORY_FRAMES as usize].into_boxed_slice(),
            turn: TurnNumber::NONE,
            next: 0,
            newest: 0,
            sounding: None,
            fade_in: false,
        }
    }

    /// The next 20 ms for the line: speech of the open turn, or silence.
    pub fn next_frame(&mut self) -> Frame {
        match self.speech() {
            Some(mut frame) => {
                if self.fade_in {
                    self.fade_in = false;
                    for (n, sample) in frame.iter_mut().take(FADE_IN_SAMPLES).enumerate() {
                        *sample = (i32::from(*sample) * n as i32 / FADE_IN_SAMPLES as i32) as i16;
                    }
                }
                self.sounding = Some(frame[FRAME_SAMPLES - 1]);
                frame
            }
            None => self.silence(),
        }
    }

    /// True when no frame of the agent finds room.
    pub fn is_full(&self) -> bool {
        self.rings[0].is_full()
    }

    fn silence(&mut self) -> Frame {
        let mut frame = SILENCE;
        if let Some(last) = self.sounding.take() {
            self.line
                .stopped_us
                .store(self.line.now().0, Ordering::Release);
            let left = |n: usize| (FADE_OUT_SAMPLES - 1 - n) as i32;
            for (n, sample) in frame.iter_mut().take(FADE_OUT_SAMPLES).enumerate() {
                *sample = (i32::from(last) * left(n) / FADE_OUT_SAMPLES as i32) as i16;
            }
        }
        frame
    }

    fn speech(&mut self) -> Option<Frame> {
        // Before the gate: an interruption sets the gate first and ends the pause then, and between the two nothing may
        // sound.
        let paused = self.line.is_paused();
        let (open, awaited) = self.line.gate();
        let mut ready = None;
        for (number, ring) in self.rings.iter_mut().enumerate() {
            while let Some(frame) = ring.try_peek() {
                if frame.turn == open {
                    ready = Some(number);
                    break;
                }
                if frame.turn == awaited {
                    break;
                }
                ring.skip(1);
            }
        }
        if paused {
            return None;
        }
        let rewind = self.line.rewind.swap(0, Ordering::AcqRel);
        if rewind > 0 && self.turn == open {
            let oldest = self.newest.saturating_sub(HISTORY_FRAMES);
            self.next = (rewind - 1).clamp(oldest, self.newest);
            self.fade_in = true;
        }
        if self.turn == open && self.next < self.newest {
            let frame = self.history[(self.next % HISTORY_FRAMES) as usize];
            self.next += 1;
            self.report(open);
            return Some(frame);
        }
        let frame = self.rings[ready?].try_pop()?;
        if self.turn != frame.turn {
            self.turn = frame.turn;
            self.line
                .first_played_us
                .store(self.line.now().0, Ordering::Release);
        }
        self.history[(frame.index % HISTORY_FRAMES) as usize] = frame.samples;
        self.newest = frame.index + 1;
        self.next = self.newest;
        self.report(open);
        Some(frame.samples)
    }

    fn report(&self, turn: TurnNumber) {
        let packed = u64::from(turn.0) << 32 | u64::from(self.next);
        self.line.played.store(packed, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::{CallEnds, LineEnds, line};
    use super::*;
    use ringbuf::traits::Producer;

    fn spoken(turn: u32, index: u32) -> SpokenFrame {
        SpokenFrame {
            turn: TurnNumber(turn),
            index,
            samples: [index as i16 + 1; 320],
        }
    }

    fn playing(frames: u32) -> (LineEnds, CallEnds) {
        let (transport, mut call) = line();
        for index in 0..frames {
            assert!(call.speech.try_push(spoken(1, index)).is_ok());
        }
        call.line.set_gate(TurnNumber(1), TurnNumber(0));
        (transport, call)
    }

    /// The frame's number by its last sample, which no fade touches.
    fn heard(transport: &mut LineEnds) -> i16 {
        transport.playback.next_frame()[319]
    }

    #[test]
    fn a_cancelled_turn_falls_silent_with_the_next_frame() {
        let (mut transport, mut call) = playing(10);
        assert_eq!(heard(&mut transport), 1);
        assert_eq!(heard(&mut transport), 2);
        call.line.set_gate(TurnNumber(0), TurnNumber(2));
        assert_eq!(heard(&mut transport), 0);
        assert_eq!(transport.playback.next_frame(), SILENCE);
        let played = call.line.played();
        assert_eq!((played.turn, played.frames), (TurnNumber(1), 2));
        assert!(call.speech.try_push(spoken(2, 0)).is_ok());
        assert_eq!(heard(&mut transport), 0, "its gate is shut");
        call.line.set_gate(TurnNumber(2), TurnNumber(0));
        assert_eq!(heard(&mut transport), 1);
        assert_eq!(call.line.played().turn, TurnNumber(2));
    }

    #[test]
    fn what_waits_at_a_shut_gate_is_dropped_when_its_turn_is() {
        let (mut transport, mut call) = line();
        for index in 0..5 {
            assert!(call.speech.try_push(spoken(1, index)).is_ok());
        }
        call.line.set_gate(TurnNumber(0), TurnNumber(1));
        assert_eq!(transport.playback.next_frame(), SILENCE);
        call.line.set_gate(TurnNumber(0), TurnNumber(2));
        assert!(call.speech.try_push(spoken(2, 0)).is_ok());
        call.line.set_gate(TurnNumber(2), TurnNumber(0));
        assert_eq!(heard(&mut transport), 1);
        assert_eq!(call.line.played().turn, TurnNumber(2));
    }

    #[test]
    fn a_paused_turn_goes_on_from_an_earlier_frame() {
        let (mut transport, call) = playing(40);
        for n in 1..=20 {
            assert_eq!(heard(&mut transport), n);
        }
        call.line.pause();
        for _ in 0..10 {
            assert_eq!(heard(&mut transport), 0);
        }
        assert_eq!(call.line.played().frames, 20);
        call.line.resume(Some(14));
        for n in 15..=40 {
            assert_eq!(heard(&mut transport), n);
        }
        assert_eq!(call.line.played().frames, 40);
        assert_eq!(heard(&mut transport), 0);
    }

    #[test]
    fn it_cannot_go_further_back_than_it_remembers() {
        let (mut transport, call) = playing(300);
        for _ in 0..250 {
            transport.playback.next_frame();
        }
        call.line.pause();
        transport.playback.next_frame();
        call.line.resume(Some(3));
        assert_eq!(heard(&mut transport), 151);
    }

    #[test]
    fn a_stop_and_a_return_are_faded() {
        let (mut transport, mut call) = line();
        for index in 0..4 {
            let frame = SpokenFrame {
                turn: TurnNumber(1),
                index,
                samples: [8_000; 320],
            };
            assert!(call.speech.try_push(frame).is_ok());
        }
        call.line.set_gate(TurnNumber(1), TurnNumber(0));
        transport.playback.next_frame();
        call.line.pause();
        let out = transport.playback.next_frame();
        assert!(out[0] > 7_000 && out.windows(2).all(|w| w[0] >= w[1]) && out[40] == 0);
        call.line.resume(Some(0));
        let back = transport.playback.next_frame();
        assert!(back[0] == 0 && back.windows(2).all(|w| w[0] <= w[1]) && back[80] == 8_000);
    }

    #[test]
    fn an_announcement_is_played_between_two_turns_though_the_other_ring_is_full() {
        let (mut transport, mut call) = line();
        assert!(call.speech.try_push(spoken(3, 0)).is_ok());
        assert!(call.announcements.try_push(spoken(2, 0)).is_ok());
        call.line.set_gate(TurnNumber(2), TurnNumber(3));
        assert_eq!(heard(&mut transport), 1);
        assert_eq!(call.line.played().turn, TurnNumber(2));
        assert_eq!(heard(&mut transport), 0);
        call.line.set_gate(TurnNumber(3), TurnNumber(0));
        assert_eq!(heard(&mut transport), 1);
        assert_eq!(call.line.played().turn, TurnNumber(3));
    }

    #[test]
    fn an_empty_ring_is_silence() {
        let (mut transport, _call) = line();
        assert_eq!(transport.playback.next_frame(), SILENCE);
    }
}
