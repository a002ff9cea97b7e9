//! The `think` thread: from the caller's words to sound on the line.
//!
//! Thread: `think`. In: [`ThinkJob`]s. Out: spoken frames into the ring, [`Said`] to the listener. Memory: one sentence of sound. When late:
//! everything of a turn that is no longer the line's turn is dropped, between tokens, sentences and frames.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use ringbuf::HeapProd;
use ringbuf::traits::Producer;

use super::line::{Line, SpokenFrame};
use crate::audio::{FRAME_SAMPLES, Frame, SILENCE, samples_to_ms};
use crate::dialogue::sentence::Sentences;
use crate::dialogue::{Dialogue, Plan, PlannedLine};
use crate::events::{Event, EventSink};
use crate::llm::{ChatMessage, Piece, Session, Stats};
use crate::tts::Speaker;

/// How often a waiting thread looks whether its turn was cancelled.
const POLL: Duration = Duration::from_millis(5);

/// Something for the agent to react to.
pub enum ThinkJob {
    /// The call has begun.
    Open {
        /// Number of the agent's turn.
        turn: u32,
    },
    /// The caller said something.
    Reply {
        /// Number of the agent's turn.
        turn: u32,
        /// The caller's words; empty when they were not understood.
        heard: String,
    },
    /// A turn is over: this much of it was heard.
    Played {
        /// The words.
        text: String,
    },
}

/// What the listener must know of a turn to tell what was played.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// A sentence is on its way.
    Sentence {
        /// Number of the agent's turn.
        turn: u32,
        /// The words.
        text: String,
        /// Frames of sound.
        frames: u32,
    },
    /// Figures of the turn's first sentence.
    First {
        /// Number of the agent's turn.
        turn: u32,
        /// To the first token; 0 for an approved line.
        first_token_ms: f32,
        /// Synthesis.
        tts_ms: f32,
    },
    /// There is no more.
    Done {
        /// Number of the agent's turn.
        turn: u32,
        /// Hang up after it.
        ends_call: bool,
    },
}

/// The thread's state.
pub struct Thinker {
    /// What is said.
    pub dialogue: Dialogue,
    /// The call's place in the language model.
    pub llm: Session,
    /// The voice.
    pub tts: Speaker,
    /// Frames for the line.
    pub speech: HeapProd<SpokenFrame>,
    /// The line.
    pub line: Arc<Line>,
    /// What happens.
    pub events: EventSink,
    /// To the listener.
    pub said: Sender<Said>,
}

/// One turn being spoken.
struct Reply {
    turn: u32,
    frames: u32,
    first_token_ms: f32,
    first_done: bool,
}

impl Thinker {
    /// Runs until the jobs' sender is gone.
    pub fn run(mut self, jobs: &Receiver<ThinkJob>) {
        for job in jobs {
            let (turn, plan) = match job {
                ThinkJob::Open { turn } => (turn, self.dialogue.opening()),
                ThinkJob::Reply { turn, heard } => (turn, self.dialogue.reply(&heard)),
                ThinkJob::Played { text } => {
                    self.dialogue.heard_of_reply(&text);
                    self.llm.warm(self.dialogue.so_far());
                    continue;
                }
            };
            let ends_call = plan.ends_call;
            self.speak_plan(turn, plan);
            let _ = self.said.send(Said::Done { turn, ends_call });
        }
    }

    fn cancelled(&self, turn: u32) -> bool {
        self.line.turn() != turn || self.line.is_closed()
    }

    fn speak_plan(&mut self, turn: u32, plan: Plan) {
        if let Some((from, to, why)) = plan.moved {
            self.events.send(Event::Stage { from, to, why });
        }
        let mut reply = Reply {
            turn,
            frames: 0,
            first_token_ms: 0.0,
            first_done: false,
        };
        for line in plan.lines {
            // A line of several sentences is spoken one by one: the first sound comes earlier.
            for part in Sentences::whole(&line.text) {
                if !self.say(&mut reply, &part, &line.source) {
                    return;
                }
            }
        }
        if let Some(prompt) = plan.prompt {
            self.generate(&mut reply, prompt);
        }
    }

    fn generate(&mut self, reply: &mut Reply, prompt: Vec<ChatMessage>) {
        let started = Instant::now();
        let generation = self.llm.generate(prompt);
        let mut sentences = Sentences::default();
        let mut text = String::new();
        let mut spoken = 0;
        let stats = loop {
            if self.cancelled(reply.turn) {
                generation.cancel();
            }
            match generation.pieces.recv_timeout(POLL) {
                Ok(Piece::Text(piece)) => {
                    if reply.first_token_ms == 0.0 {
                        reply.first_token_ms = started.elapsed().as_secs_f32() * 1000.0;
                    }
                    text.push_str(&piece);
                    for sentence in sentences.push(&piece) {
                        spoken += 1;
                        if !self.say(reply, &sentence, "model") {
                            generation.cancel();
                        }
                    }
                }
                Ok(Piece::Done(stats)) => break Some(stats),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break None,
            }
        };
        self.report(reply.turn, &text, stats.as_ref());
        if self.cancelled(reply.turn) {
            return;
        }
        // Half a sentence at the cap is not worth saying when a whole one was said.
        let whole = stats.is_some_and(|s| s.finish == crate::llm::Finish::EndOfTurn);
        if whole || spoken == 0 {
            for sentence in sentences.finish() {
                spoken += 1;
                self.say(reply, &sentence, "model");
            }
        }
        if spoken == 0 {
            let PlannedLine { text, source } = self.dialogue.fallback();
            self.say(reply, &text, &source);
        } else {
            self.dialogue.model_said(&text);
        }
    }

    fn report(&self, turn: u32, text: &str, stats: Option<&Stats>) {
        let Some(stats) = stats else {
            self.events.send(Event::Error {
                message: "the language model has ended".into(),
            });
            return;
        };
        self.events.send(Event::Generated {
            turn,
            text: text.trim().to_owned(),
            finish: format!("{:?}", stats.finish),
            prompt_tokens: stats.prompt_tokens,
            prefilled_tokens: stats.prefilled_tokens,
            tokens: stats.tokens,
            first_token_ms: stats.first_token_ms,
            total_ms: stats.total_ms,
        });
    }

    /// Speaks one sentence; false when the turn was cancelled meanwhile.
    fn say(&mut self, reply: &mut Reply, text: &str, source: &str) -> bool {
        if self.cancelled(reply.turn) {
            return false;
        }
        let spoken = match self.tts.speak(text, source != "model") {
            Ok(spoken) => spoken,
            Err(error) => {
                self.events.send(Event::Error {
                    message: error.to_string(),
                });
                return true;
            }
        };
        self.events.send(Event::Spoken {
            turn: reply.turn,
            text: text.to_owned(),
            source: source.to_owned(),
            audio_ms: samples_to_ms(spoken.samples.len()),
            tts_ms: spoken.took_ms,
            cached: spoken.cached,
        });
        if !reply.first_done {
            reply.first_done = true;
            let _ = self.said.send(Said::First {
                turn: reply.turn,
                first_token_ms: reply.first_token_ms,
                tts_ms: spoken.took_ms,
            });
        }
        let _ = self.said.send(Said::Sentence {
            turn: reply.turn,
            text: text.to_owned(),
            frames: spoken.samples.len().div_ceil(FRAME_SAMPLES) as u32,
        });
        for chunk in spoken.samples.chunks(FRAME_SAMPLES) {
            let mut samples: Frame = SILENCE;
            samples[..chunk.len()].copy_from_slice(chunk);
            let mut frame = SpokenFrame {
                turn: reply.turn,
                index: reply.frames,
                samples,
            };
            while let Err(back) = self.speech.try_push(frame) {
                if self.cancelled(reply.turn) {
                    return false;
                }
                frame = back;
                std::thread::sleep(POLL);
            }
            reply.frames += 1;
        }
        true
    }
}
