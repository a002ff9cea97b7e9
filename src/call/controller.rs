//! The `controller` thread: the shell around the conversation's core. It feeds the core with what is heard and
//! answered, and carries out what the core decides.
//!
//! Thread: `controller`; in a replay, that of the replay. In: heard frames, keys, answers of `transcriber` and
//! `responder`. Out: jobs for both, the gate of the line, events. Memory: that of [`Conversation`]. When late: frames
//! wait in the line's ring; after a burst they are heard four times as fast as they were said.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use patter_audio::vad::VoiceActivity;
use patter_audio::{FRAME_MS, FRAME_SAMPLES, Frame, SILENCE};
use patter_machine::priority::{self, Class};
use patter_turn::agent::Announcement;
use patter_turn::conversation::Closed;
use patter_turn::work::{Ask, Made, Transcribed, TranscriptionJob};
use patter_turn::{Action, Actions, Conversation, Input, Now};
use patter_types::event::{Event, EventSink};
use patter_types::load::ShedLevel;
use ringbuf::traits::{Consumer, Observer, Producer};
use ringbuf::{HeapCons, HeapProd};

use crate::line::{Line, SpokenFrame};
use crate::load_shedding::LoadShedding;
use crate::responder::Asks;
use patter_types::turn::TurnNumber;

/// How often the ring is looked at.
const POLL: Duration = Duration::from_millis(5);
/// After the end the caller's last words are waited for, and what they change: they may be the wish to be called no
/// more, which may not be lost on a machine that is late. Only an engine that hangs takes so long.
const LAST_WORDS: Duration = Duration::from_secs(60);
/// So much sound may wait without being a burst that a network kept back: half a second.
const BEHIND_FRAMES: usize = 25;

/// The ends of the channels that the thread works with.
pub struct Wires {
    /// Heard frames.
    pub incoming: HeapCons<Frame>,
    /// Keys that the caller presses.
    pub keys: Receiver<char>,
    /// Frames of announcements.
    pub announcements: HeapProd<SpokenFrame>,
    /// The line.
    pub line: Arc<Line>,
    /// What happens.
    pub events: EventSink,
    /// To the transcriber.
    pub jobs: Sender<TranscriptionJob>,
    /// From the transcriber.
    pub transcribed: Receiver<Transcribed>,
    /// To the responder.
    pub asks: Asks,
    /// From the responder.
    pub made: Receiver<Made>,
    /// What is left out when the machine is busy.
    pub load: Arc<LoadShedding>,
}

/// The thread's state.
pub struct Controller {
    wires: Wires,
    vad: Box<dyn VoiceActivity>,
    conversation: Conversation,
    /// Reused from step to step.
    actions: Actions,
    /// What is left out now.
    load_step: ShedLevel,
    /// Others take a good part of the cores' time.
    contended: bool,
    /// The most sound that has waited in the ring.
    most_behind_ms: u32,
}

impl Controller {
    /// The state before the first frame.
    pub fn new(wires: Wires, vad: Box<dyn VoiceActivity>, conversation: Conversation) -> Self {
        Self {
            wires,
            vad,
            conversation,
            actions: Actions::with_capacity(32),
            load_step: ShedLevel::Whole,
            contended: false,
            most_behind_ms: 0,
        }
    }

    /// Runs until the line is closed.
    pub fn run(mut self) {
        priority::enter(Class::Sound);
        self.begin();
        while !self.wires.line.is_closed() {
            let mut idle = true;
            let behind_ms = self.wires.incoming.occupied_len() as u32 * FRAME_MS;
            self.most_behind_ms = self.most_behind_ms.max(behind_ms);
            while let Some(frame) = self.wires.incoming.try_pop() {
                idle = false;
                self.frame(&frame);
                if self.is_behind() {
                    // What a network kept back is heard four times as fast as it was said: words have time to come.
                    self.answers();
                    std::thread::sleep(POLL);
                }
            }
            self.answers();
            if idle {
                std::thread::sleep(POLL);
            }
        }
        // What came before the end was said, though nobody has listened to it yet.
        while let Some(frame) = self.wires.incoming.try_pop() {
            self.frame(&frame);
        }
        self.finish();
    }

    /// More sound waits than a line's jitter brings.
    fn is_behind(&self) -> bool {
        self.wires.incoming.occupied_len() > BEHIND_FRAMES
    }

    /// Asks for the agent's first words.
    pub fn begin(&mut self) {
        self.step(Input::Begin);
    }

    /// Hears one frame.
    pub fn frame(&mut self, frame: &Frame) {
        self.watch_load();
        if self.watch_hold() {
            return;
        }
        let is_speech = self.vad.is_speech(frame);
        self.step(Input::Frame {
            sound: frame,
            is_speech,
            noise_dbfs: self.vad.noise_dbfs(),
            is_burst: self.is_behind(),
        });
    }

    /// Takes what the engines have answered since, and keys.
    pub fn answers(&mut self) {
        if self.wires.line.is_closed() {
            self.step(Input::Closed);
        }
        while let Ok(transcribed) = self.wires.transcribed.try_recv() {
            self.step(Input::Transcribed(transcribed));
        }
        while let Ok(made) = self.wires.made.try_recv() {
            self.step(Input::Made(made));
        }
        let keys: Vec<char> = self.wires.keys.try_iter().collect();
        if !keys.is_empty() {
            self.step(Input::Keys(&keys));
        }
        if self.wires.line.is_closed() {
            return self.step(Input::Closed);
        }
        self.watch_hold();
        if self.wires.line.has_failed() {
            self.step(Input::Failed);
        }
        if self.wires.line.is_stopping() {
            self.step(Input::Stop);
        }
        self.step(Input::Tick);
    }

    /// Whether the call is on hold; the conversation is told of a change.
    fn watch_hold(&mut self) -> bool {
        let on_hold = self.wires.line.is_on_hold();
        self.step(Input::OnHold(on_hold));
        on_hold
    }

    /// True when no words are awaited.
    pub fn is_settled(&self) -> bool {
        !self.conversation.is_transcribing()
    }

    /// The call is over.
    pub fn finish(mut self) {
        self.answers();
        let words = self.last_words();
        let now = self.now();
        self.conversation.over(words, now, &mut self.actions);
        let done = self.carry_out();
        if let Some(done) = done {
            // The thread hangs up when it is done; nothing is sent.
            let _ = done.recv_timeout(LAST_WORDS);
        }
        let line = &self.wires.line;
        let summary = self.conversation.summary();
        let speculative = summary.speculative;
        self.wires.events.send(Event::CallEnd {
            reason: line.closed_by().unwrap_or(Closed::Caller).name().into(),
            turns: summary.turns,
            barge_ins: summary.interruptions,
            false_interruptions: summary.false_interruptions,
            speculations: speculative.played + speculative.dropped,
            speculations_dropped: speculative.dropped,
            dropped_frames: line.dropped(),
            filled_frames: line.filled(),
            most_behind_ms: self.most_behind_ms,
        });
    }

    /// What the caller was still saying.
    fn last_words(&mut self) -> Option<String> {
        let awaited = self.conversation.close(&mut self.actions);
        self.carry_out();
        let awaited = awaited?;
        let deadline = Instant::now() + LAST_WORDS;
        while let Ok(transcribed) = self.wires.transcribed.recv_deadline(deadline) {
            let actions = &mut self.actions;
            let words = self.conversation.last_words(awaited, transcribed, actions);
            self.carry_out();
            if let Some(words) = words {
                return Some(words).filter(|words| !words.is_empty());
            }
        }
        None
    }

    fn watch_load(&mut self) {
        let step = self.wires.load.step();
        if step != self.load_step {
            self.load_step = step;
            let busy = self.wires.load.busy();
            self.wires.events.send(Event::Load { step, busy });
            self.step(Input::Load(step));
        }
        let shares = self.wires.load.shares();
        if shares.is_contended(self.contended) != self.contended {
            self.contended = !self.contended;
            self.wires.events.send(Event::Contention { shares });
        }
    }

    fn now(&self) -> Now {
        let line = &self.wires.line;
        Now {
            time: line.now(),
            played: line.played(),
            stopped_at: line.stopped_at(),
        }
    }

    fn step(&mut self, input: Input) {
        let now = self.now();
        self.conversation.step(input, now, &mut self.actions);
        self.carry_out();
    }

    /// Does what was decided, in order. Of the last ask of a call the receiver hangs up when it is done.
    fn carry_out(&mut self) -> Option<Receiver<()>> {
        let mut done = None;
        let mut actions = std::mem::take(&mut self.actions);
        for action in actions.drain(..) {
            match action {
                Action::Event(event) => self.wires.events.send(event),
                Action::Gate { open, awaited } => self.wires.line.set_gate(open, awaited),
                Action::Want(turn) => self.wires.line.want(turn),
                Action::Pause => self.wires.line.pause(),
                Action::Resume { from } => self.wires.line.resume(from),
                // A thread that has ended is told of by `Line::has_failed`.
                Action::Transcribe(job) => drop(self.wires.jobs.send(job)),
                Action::Respond(ask @ Ask::Over { .. }) => done = Some(self.wires.asks.last(ask)),
                Action::Respond(ask) => self.wires.asks.send(ask),
                Action::Announce { turn, announcement } => self.announce(turn, &announcement),
                Action::ForgetCaller => self.vad.forget_caller(),
                Action::TakeOffHold => self.wires.line.put_on_hold(false),
                Action::Hangup(by) => self.wires.line.close(by),
            }
        }
        self.actions = actions;
        done
    }

    fn announce(&mut self, turn: TurnNumber, announcement: &Announcement) {
        let chunks = announcement.spoken.samples.chunks(FRAME_SAMPLES);
        for (index, chunk) in chunks.enumerate() {
            let index = index as u32;
            let mut samples = SILENCE;
            samples[..chunk.len()].copy_from_slice(chunk);
            let frame = SpokenFrame {
                turn,
                index,
                samples,
            };
            // One longer than its ring is cut short; the playbook's rules keep lines below that.
            if self.wires.announcements.try_push(frame).is_err() {
                let frames = index;
                let input = Input::Announced { turn, frames };
                return self.conversation.step(input, self.now(), &mut Vec::new());
            }
        }
    }
}
