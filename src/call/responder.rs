//! The `responder` thread: from the caller's words to sound on the line.
//!
//! Thread: `responder`, one a call. In: [`Ask`]s. Out: spoken frames into the ring, [`Made`] to the controller. Memory:
//! one sentence of sound, the dialogue as it was before the last replies ([`Tentative`]). When late: everything of a
//! turn that is neither open nor awaited is dropped, between tokens, sentences and frames. A reply may be made before
//! it is known to be wanted; it then stands back behind other calls' work, and is undone if the caller goes on.

mod asks;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use ringbuf::HeapProd;
use ringbuf::traits::Producer;

use crate::candidates::{self, Limits};
use crate::line::{Line, SpokenFrame};
use crate::load_shedding::LoadShedding;
use patter_audio::{FRAME_SAMPLES, Frame, SILENCE, samples_to_ms};
use patter_dialogue::Plan;
use patter_dialogue::draft::{Draft, Judged};
use patter_dialogue::guard::{Guard, Verdict};
use patter_dialogue::tentative::Tentative;
use patter_engine::chat::{ChatSession, Generation};
use patter_engine::chat::{Piece, Stats};
use patter_engine::voice::Speaker;
use patter_language::sentence::Sentences;
use patter_machine::priority;
use patter_machine::priority::Class;
use patter_turn::spoken::Sentence;
use patter_turn::work::{Ask, Made};
use patter_types::chat::{ChatMessage, Finish};
use patter_types::event::{Event, EventSink};
use patter_types::load::ShedLevel;
use patter_types::outcome::Outcome;
use patter_types::priority::Priority;
use patter_types::source::Source;
use patter_types::turn::TurnNumber;

pub use asks::{Asks, Pending, Progress};

/// How often a waiting thread looks whether its turn was cancelled.
const POLL: Duration = Duration::from_millis(5);

/// The thread's state.
pub struct Responder {
    /// What is said.
    pub dialogue: Tentative,
    /// What the model may say.
    pub guard: Guard,
    /// How many replies of the model's one is chosen from.
    pub candidates: Limits,
    /// What is left out when the machine is busy.
    pub load: Arc<LoadShedding>,
    /// The call's place in the language model.
    pub llm: Box<dyn ChatSession>,
    /// The voice.
    pub tts: Speaker,
    /// Frames for the line.
    pub speech: HeapProd<SpokenFrame>,
    /// The line.
    pub line: Arc<Line>,
    /// What happens.
    pub events: EventSink,
    /// To the controller.
    pub made: Sender<Made>,
    /// For a replay.
    pub progress: Arc<Progress>,
    /// Events of a turn behind the shut gate: they happen when it opens.
    pub unsent: Vec<Event>,
}

/// One turn being spoken.
struct Reply {
    turn: TurnNumber,
    frames: u32,
    first_token_ms: f32,
    first_done: bool,
}

impl Responder {
    /// Runs until the jobs' sender is gone.
    pub fn run(mut self, asks: &Receiver<Pending>) {
        priority::enter(Class::Model);
        for Pending { ask, done } in asks {
            self.take(ask);
            // Hangs up on whoever waits for it.
            drop(done);
            self.progress.done.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn take(&mut self, ask: Ask) {
        let (turn, plan) = match ask {
            Ask::Open { turn } => (turn, self.dialogue.opening(turn)),
            Ask::Reply { turn, heard } => (turn, self.dialogue.reply(turn, &heard)),
            Ask::Keys { turn, keys } => (turn, self.dialogue.keyed(turn, &keys)),
            Ask::Reprompt { turn } => (turn, self.dialogue.reprompt()),
            Ask::GiveUp { turn } => (turn, self.dialogue.give_up()),
            Ask::Opened { turn } => return self.opened(turn),
            Ask::Revert { turn } => {
                self.unsent.clear();
                return self.dialogue.revert(turn);
            }
            Ask::Hearing { words } => return self.hearing(&words),
            Ask::Played {
                turn,
                text,
                is_announcement,
            } => {
                self.dialogue.played(turn, &text, is_announcement);
                return self.warm(self.dialogue.so_far());
            }
            Ask::Over { turn, words } => return self.over(turn, words.as_deref()),
        };
        self.unsent.clear();
        let ends_call = plan.ends_call;
        self.speak_plan(turn, plan);
        let _ = self.made.send(Made::Done {
            turn,
            ends_call,
            expect: self.dialogue.expect(),
        });
    }

    /// What the call came to counts, though the caller hung up before the answer was heard.
    fn over(&mut self, turn: TurnNumber, words: Option<&str>) {
        self.unsent
            .retain(|event| matches!(event, Event::Intent { .. } | Event::Outcome { .. }));
        if words.is_some_and(|words| self.dialogue.is_opt_out(words)) {
            self.unsent.clear();
            let outcome = Outcome::OptOut;
            self.unsent.push(Event::Outcome { turn, outcome });
        }
        self.send_unsent();
    }

    fn opened(&mut self, turn: TurnNumber) {
        if self.line.is_open(turn) {
            self.send_unsent();
        }
    }

    /// Prefills the caller's words while they are spoken, if a reply to them would be generated.
    fn hearing(&mut self, words: &str) {
        if let Some(prompt) = self.dialogue.so_far_hearing(words) {
            self.warm(prompt);
        }
    }

    fn warm(&self, prompt: Vec<ChatMessage>) {
        if !self.dialogue.asks_the_model() {
            return;
        }
        let ready = self.llm.warm(prompt);
        if self.line.clock().is_manual() {
            // Nobody waits in real time: the same state of the cache each time is worth more.
            let _ = ready.recv();
        }
    }

    /// Sends an event of `turn`, once the turn is played.
    fn event(&mut self, turn: TurnNumber, event: Event) {
        self.unsent.push(event);
        self.opened(turn);
    }

    fn send_unsent(&mut self) {
        for event in self.unsent.drain(..) {
            self.events.send(event);
        }
    }

    fn cancelled(&self, turn: TurnNumber) -> bool {
        self.line.is_cancelled(turn)
    }

    fn speak_plan(&mut self, turn: TurnNumber, plan: Plan) {
        if let Some(matched) = plan.matched {
            let event = Event::Intent {
                turn,
                intent: matched.intent,
                phrase: matched.phrase,
                probability: matched.probability,
            };
            self.event(turn, event);
        }
        for learnt in plan.values {
            let event = Event::Slot {
                turn,
                slot: learnt.slot,
                value: learnt.value,
                confirmed: learnt.confirmed,
            };
            self.event(turn, event);
        }
        if let Some(outcome) = plan.outcome {
            self.event(turn, Event::Outcome { turn, outcome });
        }
        if let Some(moved) = plan.moved {
            self.event(turn, moved.into());
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
                if !self.say(&mut reply, &part, &line.source, line.uninterruptible) {
                    return;
                }
            }
        }
        match plan.prompt {
            Some(_) if self.load.step() == ShedLevel::ApprovedOnly => self.say_fallback(&mut reply),
            Some(prompt) => self.generate(&mut reply, prompt),
            None => {}
        }
    }

    /// The approved line for when the model says nothing.
    fn say_fallback(&mut self, reply: &mut Reply) {
        for line in self.dialogue.fallback() {
            for part in Sentences::whole(&line.text) {
                self.say(reply, &part, &line.source, line.uninterruptible);
            }
        }
    }

    fn generate(&mut self, reply: &mut Reply, prompt: Vec<ChatMessage>) {
        let started = Instant::now();
        let generation = self.generation(reply.turn, prompt);
        let mut priority = self.priority(reply.turn);
        let is_awaited = priority == Priority::Interactive;
        if is_awaited {
            generation.hurry();
        }
        let mut draft = Draft::new(self.dialogue.guarded_turn());
        let stats = loop {
            if self.cancelled(reply.turn) {
                generation.cancel();
            }
            if priority == Priority::Speculative
                && self.priority(reply.turn) == Priority::Interactive
            {
                priority = Priority::Interactive;
                generation.hurry();
            }
            match generation.pieces.recv_timeout(POLL) {
                Ok(Piece::Text(piece)) => {
                    if reply.first_token_ms == 0.0 {
                        reply.first_token_ms = started.elapsed().as_secs_f32() * 1000.0;
                    }
                    for judged in draft.push(&self.guard, &piece) {
                        if !self.say_judged(reply, judged, Some(&generation)) {
                            generation.cancel();
                        }
                    }
                }
                Ok(Piece::Done(stats)) => break Some(stats),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break None,
            }
        };
        self.report(reply.turn, draft.text(), stats.as_ref());
        // A speculative one stands back: how long it took tells nothing.
        if let Some(stats) = stats.as_ref().filter(|_| is_awaited) {
            self.load.generated(stats);
        }
        if self.cancelled(reply.turn) {
            return;
        }
        let whole = stats.is_some_and(|s| s.finish == Finish::EndOfTurn);
        for judged in draft.end(&self.guard, whole) {
            self.say_judged(reply, judged, None);
        }
        match draft.said() {
            Some(said) => self.dialogue.model_said(&said),
            None => self.say_fallback(reply),
        }
    }

    /// A reply as it comes, or the best of several at once.
    fn generation(&self, turn: TurnNumber, prompt: Vec<ChatMessage>) -> Generation {
        if self.candidates.count > 1 {
            let started = Instant::now();
            let wanted = || (!self.cancelled(turn)).then(|| self.priority(turn));
            let made = candidates::make(self.llm.as_ref(), &prompt, &self.candidates, wanted);
            let guarded = self.dialogue.guarded_turn();
            let may_be_said = |reply: &str| {
                let mut guarded = guarded.clone();
                Sentences::whole(reply).iter().all(|sentence| {
                    matches!(self.guard.check(&mut guarded, sentence), Verdict::Speak(_))
                })
            };
            if let Some(best) = candidates::best(made, may_be_said) {
                return best.into_generation(started.elapsed());
            }
        }
        self.llm.generate(prompt, self.priority(turn))
    }

    /// Speaks a sentence of the model's, if it may be said; false when nothing more of it is wanted.
    fn say_judged(
        &mut self,
        reply: &mut Reply,
        Judged { sentence, verdict }: Judged,
        under_way: Option<&Generation>,
    ) -> bool {
        match verdict {
            Verdict::Speak(text) => {
                self.say_beside(reply, &text, (&Source::Model, false), under_way)
            }
            Verdict::Refuse(refusal) => {
                let event = Event::Guarded {
                    turn: reply.turn,
                    text: sentence,
                    reason: refusal.reason,
                    offending: refusal.offending,
                };
                self.event(reply.turn, event);
                false
            }
        }
    }

    /// Somebody waits for a turn once it is open, or behind a notice.
    fn priority(&self, turn: TurnNumber) -> Priority {
        if self.line.is_wanted(turn) {
            Priority::Interactive
        } else {
            Priority::Speculative
        }
    }

    fn report(&mut self, turn: TurnNumber, text: &str, stats: Option<&Stats>) {
        let Some(stats) = stats else {
            self.load.failed();
            self.events.send(Event::Error {
                message: "the language model has ended".into(),
            });
            return;
        };
        match &stats.finish {
            // Whether it would have come is not known.
            Finish::Cancelled => {}
            Finish::Failed(reason) => {
                self.load.failed();
                let message = format!("the language model made no reply: {reason}");
                self.events.send(Event::Error { message });
            }
            _ => self.load.worked(),
        }
        let generated = Event::Generated {
            turn,
            text: text.trim().to_owned(),
            finish: stats.finish.clone(),
            prompt_tokens: stats.prompt_tokens,
            prefilled_tokens: stats.prefilled_tokens,
            tokens: stats.tokens,
            first_token_ms: stats.first_token_ms,
            total_ms: stats.total_ms,
        };
        self.event(turn, generated);
    }

    /// Speaks one sentence; false when the turn was cancelled meanwhile.
    fn say(&mut self, reply: &mut Reply, text: &str, source: &Source, protected: bool) -> bool {
        self.say_beside(reply, text, (source, protected), None)
    }

    /// The same while the rest of the reply is `under_way`: for the first sentence, which the caller waits for, that
    /// rests while the voice works.
    fn say_beside(
        &mut self,
        reply: &mut Reply,
        text: &str,
        (source, protected): (&Source, bool),
        under_way: Option<&Generation>,
    ) -> bool {
        if self.cancelled(reply.turn) {
            return false;
        }
        let speak = || self.tts.speak(text, *source != Source::Model);
        let spoken = match under_way.filter(|_| !reply.first_done) {
            Some(generation) => generation.resting(speak),
            None => speak(),
        };
        let spoken = match spoken {
            Ok(spoken) => spoken,
            Err(error) => {
                self.events.send(Event::Error {
                    message: error.to_string(),
                });
                return true;
            }
        };
        let event = Event::Spoken {
            turn: reply.turn,
            text: text.to_owned(),
            source: source.clone(),
            audio_ms: samples_to_ms(spoken.samples.len()),
            tts_ms: spoken.took_ms,
            cached: spoken.cached,
        };
        self.event(reply.turn, event);
        if !reply.first_done {
            reply.first_done = true;
            let _ = self.made.send(Made::First {
                turn: reply.turn,
                first_token_ms: reply.first_token_ms,
                tts_ms: spoken.took_ms,
            });
        }
        let _ = self.made.send(Made::Sentence {
            turn: reply.turn,
            sentence: Sentence {
                text: text.to_owned(),
                samples: spoken.samples.len(),
                words: Arc::clone(&spoken.words),
                protected,
            },
        });
        for chunk in spoken.samples.chunks(FRAME_SAMPLES) {
            let mut samples: Frame = SILENCE;
            samples[..chunk.len()].copy_from_slice(chunk);
            let mut frame = SpokenFrame {
                turn: reply.turn,
                index: reply.frames,
                samples,
            };
            loop {
                self.progress.blocked.store(false, Ordering::Release);
                match self.speech.try_push(frame) {
                    Ok(()) => break,
                    Err(back) => frame = back,
                }
                if self.cancelled(reply.turn) {
                    return false;
                }
                self.progress.blocked.store(true, Ordering::Release);
                std::thread::sleep(POLL);
            }
            reply.frames += 1;
        }
        true
    }
}
