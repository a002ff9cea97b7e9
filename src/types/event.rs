//! What happened in a call, as JSON lines: one object a line, in order of time.
//!
//! Thread: any thread of a call sends, by an [`EventSink`]. In: [`Event`]s. Out: [`Stamped`] events by a channel.
//! Memory: those that nobody has taken yet.
//!
//! Every line has `t_ms` (since the call began), `call` (its id) and `event`; the other fields are those of the variant
//! of [`Event`] with that name in snake case. Times are in ms, texts in UTF-8.

use std::collections::BTreeMap;

use crossbeam_channel::{Receiver, Sender};
use serde::Serialize;

use crate::chat::Finish;
use crate::clock::Clock;
use crate::intent::IntentId;
use crate::load::{Shares, ShedLevel};
use crate::moves::Move;
use crate::outcome::Outcome;
use crate::reason::Reason;
use crate::source::Source;
use crate::turn::TurnNumber;
use crate::why::Why;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The call began.
    CallStart {
        /// `audiosocket`, `file` or `device`.
        transport: String,
        /// The playbook's title.
        playbook: String,
        /// Version of Patter.
        version: String,
        /// The other side's phone number, where it is known before the call.
        #[serde(skip_serializing_if = "Option::is_none")]
        number: Option<String>,
        /// What the call belongs to, where it is known before the call.
        #[serde(skip_serializing_if = "Option::is_none")]
        campaign: Option<String>,
        /// Values that the call begins with, by slot.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        slots: BTreeMap<String, String>,
    },
    /// The call got no place: the line was hung up at once.
    Busy {
        /// Calls that may be under way.
        max_calls: u32,
    },
    /// The caller began to speak.
    SpeechStart,
    /// The caller paused; the words so far are decoded meanwhile.
    SpeechPause,
    /// The caller went on after a pause.
    SpeechResume,
    /// The caller finished.
    SpeechEnd {
        /// Speech in the turn.
        speech_ms: u32,
        /// Silence that ended it.
        silence_ms: u32,
    },
    /// A sound too short to be speech.
    FalseStart,
    /// What is being said.
    Partial {
        /// The whole transcript so far.
        text: String,
        /// Its beginning that will not change any more.
        agreed: String,
        /// Time to decode.
        asr_ms: f32,
    },
    /// What was said; empty when it was no speech.
    Final {
        /// The transcript.
        text: String,
        /// Time to decode.
        asr_ms: f32,
        /// Mean log probability of its tokens.
        logprob: f32,
        /// Probability of no speech.
        no_speech: f32,
    },
    /// The conversation moved on.
    Stage {
        /// Stage left; empty at the start.
        from: String,
        /// Stage entered.
        to: String,
        /// What led there.
        why: String,
    },
    /// What the caller's words were taken for.
    Intent {
        /// Number of the agent's turn.
        turn: TurnNumber,
        /// An intent of the playbook, or one that every call has.
        intent: IntentId,
        /// The phrase that was heard; empty for a guess.
        phrase: String,
        /// From 0 to 1; 1 for words that were heard as they stand in the playbook.
        probability: f32,
    },
    /// A slot has a new value.
    Slot {
        /// Number of the agent's turn.
        turn: TurnNumber,
        /// Its name.
        slot: String,
        /// Normalised.
        value: String,
        /// The caller said that it is right, or it needs no confirmation.
        confirmed: bool,
    },
    /// What the call came to; an opt-out among it.
    Outcome {
        /// Number of the agent's turn.
        turn: TurnNumber,
        /// `success`, `refused`, `opt_out` or `hand_over`.
        outcome: Outcome,
    },
    /// The model made a reply, as a whole.
    Generated {
        /// Number of the agent's turn.
        turn: TurnNumber,
        /// The text.
        text: String,
        /// Why it ended.
        finish: Finish,
        /// Tokens of the prompt.
        prompt_tokens: usize,
        /// Of these, not in the cache.
        prefilled_tokens: usize,
        /// Tokens made.
        tokens: usize,
        /// To the first token.
        first_token_ms: f32,
        /// To the last.
        total_ms: f32,
    },
    /// A sentence of the model's was not said, nor was anything after it in the turn.
    Guarded {
        /// Number of the agent's turn.
        turn: TurnNumber,
        /// The sentence.
        text: String,
        /// Why.
        reason: Reason,
        /// The words that gave the reason.
        offending: String,
    },
    /// A sentence went to the voice.
    Spoken {
        /// Number of the agent's turn.
        turn: TurnNumber,
        /// The sentence.
        text: String,
        /// Where it is from: `line:…` of the playbook, or `model`.
        source: Source,
        /// Its length as sound.
        audio_ms: u64,
        /// Time to synthesise.
        tts_ms: f32,
        /// It was in the cache.
        cached: bool,
    },
    /// How much of a turn the caller heard; at its end or when cut off.
    PlayedUntil {
        /// Number of the agent's turn.
        turn: TurnNumber,
        /// Sound that went to the line.
        played_ms: u32,
        /// The words in it.
        text: String,
        /// Nothing was cut off.
        complete: bool,
    },
    /// The caller speaks while the agent does: the agent's sound stops, and its place is kept.
    Paused {
        /// Number of the agent's turn.
        turn: TurnNumber,
        /// The caller's speech until then.
        speech_ms: u32,
        /// Sound of the turn that had been played.
        played_ms: u32,
    },
    /// The caller's sound was no turn: the agent goes on.
    FalseInterruption {
        /// Number of the turn.
        turn: TurnNumber,
        /// What it was.
        why: Why,
        /// Speech in it.
        speech_ms: u32,
        /// Sound that is played again, from the beginning of the word that was cut.
        repeated_ms: u32,
    },
    /// The caller interrupted.
    BargeIn {
        /// Number of the turn that was cut off.
        turn: TurnNumber,
        /// The caller's speech until that was decided.
        speech_ms: u32,
        /// From the beginning of the caller's speech to the last frame of the turn that went to the line.
        stop_ms: f32,
        /// Sound of the turn that had been played.
        played_ms: u32,
    },
    /// The caller went on with their last words: the answer to them is forgotten.
    Reopened {
        /// Number of the agent's turn that is forgotten.
        turn: TurnNumber,
    },
    /// A speculative reply was made in a pause of the caller, who then went on.
    SpeculationDropped {
        /// Number of the agent's turn that never was.
        turn: TurnNumber,
    },
    /// The caller is silent and is asked whether they are there.
    Reprompt {
        /// How often, since the caller last spoke.
        nth: u32,
    },
    /// The caller stays silent: the agent says goodbye.
    CallerGone,
    /// Somebody put the call on hold: nothing is said and nothing heard.
    OnHold,
    /// The call goes on.
    OffHold,
    /// The machine is busy, or is so no longer: what is left out has changed.
    Load {
        /// `whole`, `few_partials`, `no_speculation` or `approved_only`.
        step: ShedLevel,
        /// Share of the cores' time that the models take, from 0 to 1.
        busy: f32,
    },
    /// Other programs, a hypervisor or a quota have begun to take a good part of the cores' time, or have ceased to.
    Contention {
        /// Shares of the cores' time in the last half second.
        #[serde(flatten)]
        shares: Shares,
    },
    /// An answer does not come: a filler is said.
    Filler {
        /// Silence until then.
        after_ms: u32,
    },
    /// Where the time went, once a turn is first heard.
    Latency {
        /// Number of the agent's turn.
        turn: TurnNumber,
        /// End of speech to the decision that the turn is over.
        endpoint_ms: f32,
        /// From there to the words; 0 when they were there already.
        asr_ms: f32,
        /// From the words to the first token; 0 for an approved line.
        first_token_ms: f32,
        /// Synthesis of the first sentence.
        tts_ms: f32,
        /// End of speech to the first sample on the line.
        response_ms: f32,
    },
    /// A key on the caller's phone.
    Dtmf {
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        key: String,
    },
    /// Something failed; the call goes on if it can.
    Error {
        /// What, in one line.
        message: String,
    },
    /// The call is over.
    CallEnd {
        /// Who or what ended it: `caller`, `agent`, `stopped`, `too_long` or `error`.
        reason: String,
        /// Turns of the agent.
        turns: u32,
        /// Interruptions.
        barge_ins: u32,
        /// Sounds that paused the agent, and were found to be no interruption.
        false_interruptions: u32,
        /// Speculative replies: made in a pause, before the caller's turn was over.
        speculations: u32,
        /// Of these, dropped because the caller went on.
        speculations_dropped: u32,
        /// Heard frames dropped because the call was late.
        dropped_frames: u64,
        /// Frames of silence put where the line brought none.
        filled_frames: u64,
        /// The most sound that waited to be heard.
        most_behind_ms: u32,
    },
}

impl Event {
    /// A thread of the call ended by a fault in the program.
    pub fn fault(thread: &str) -> Self {
        Self::Error {
            message: format!("the thread `{thread}` of the call ended by a fault in the program"),
        }
    }

    /// The end of a call of which no more than this is known.
    pub fn end(reason: &str, turns: u32) -> Self {
        Self::CallEnd {
            reason: reason.to_owned(),
            turns,
            barge_ins: 0,
            false_interruptions: 0,
            speculations: 0,
            speculations_dropped: 0,
            dropped_frames: 0,
            filled_frames: 0,
            most_behind_ms: 0,
        }
    }

    /// Its name, as in the field `event` of its line.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CallStart { .. } => "call_start",
            Self::SpeechStart => "speech_start",
            Self::SpeechPause => "speech_pause",
            Self::SpeechResume => "speech_resume",
            Self::SpeechEnd { .. } => "speech_end",
            Self::FalseStart => "false_start",
            Self::Partial { .. } => "partial",
            Self::Final { .. } => "final",
            Self::Stage { .. } => "stage",
            Self::Intent { .. } => "intent",
            Self::Slot { .. } => "slot",
            Self::Outcome { .. } => "outcome",
            Self::Generated { .. } => "generated",
            Self::Guarded { .. } => "guarded",
            Self::Spoken { .. } => "spoken",
            Self::PlayedUntil { .. } => "played_until",
            Self::Paused { .. } => "paused",
            Self::FalseInterruption { .. } => "false_interruption",
            Self::BargeIn { .. } => "barge_in",
            Self::Reopened { .. } => "reopened",
            Self::SpeculationDropped { .. } => "speculation_dropped",
            Self::Reprompt { .. } => "reprompt",
            Self::CallerGone => "caller_gone",
            Self::Busy { .. } => "busy",
            Self::Filler { .. } => "filler",
            Self::Load { .. } => "load",
            Self::Contention { .. } => "contention",
            Self::OnHold => "on_hold",
            Self::OffHold => "off_hold",
            Self::Latency { .. } => "latency",
            Self::Dtmf { .. } => "dtmf",
            Self::Error { .. } => "error",
            Self::CallEnd { .. } => "call_end",
        }
    }

    fn forget_costs(&mut self) {
        match self {
            Self::Partial { asr_ms, .. } | Self::Final { asr_ms, .. } => *asr_ms = 0.0,
            Self::Generated {
                finish,
                tokens,
                first_token_ms,
                total_ms,
                ..
            } => {
                (*first_token_ms, *total_ms) = (0.0, 0.0);
                if *finish == Finish::Cancelled {
                    // How many more were made before the word reached the engine is a matter of time.
                    *tokens = 0;
                }
            }
            Self::Spoken { tts_ms, .. } => *tts_ms = 0.0,
            Self::Latency {
                first_token_ms,
                tts_ms,
                ..
            } => (*first_token_ms, *tts_ms) = (0.0, 0.0),
            _ => {}
        }
    }
}

impl From<Move> for Event {
    fn from(moved: Move) -> Self {
        Self::Stage {
            from: moved.from.unwrap_or_default(),
            to: moved.to,
            why: moved.why,
        }
    }
}

/// An event with its time and call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stamped {
    /// Since the call began.
    pub t_ms: u64,
    /// The call.
    pub call: String,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// Where a call's threads send what happens. Clones share it.
#[derive(Clone)]
pub struct EventSink {
    clock: Clock,
    call: String,
    sender: Sender<Stamped>,
}

impl EventSink {
    /// A sink for the call `id` on the machine's clock, and the events as they come.
    pub fn new(id: &str) -> (Self, Receiver<Stamped>) {
        Self::on(id, Clock::machine())
    }

    /// A sink on `clock`.
    pub fn on(id: &str, clock: Clock) -> (Self, Receiver<Stamped>) {
        let (sender, receiver) = crossbeam_channel::unbounded();
        let sink = Self {
            clock,
            call: id.to_owned(),
            sender,
        };
        (sink, receiver)
    }

    /// Sends one. On a manual clock what an engine took is left out: there it takes no time, and the same call gives
    /// the same events.
    pub fn send(&self, mut event: Event) {
        if self.clock.is_manual() {
            event.forget_costs();
        }
        let stamped = Stamped {
            t_ms: self.clock.now().as_ms(),
            call: self.call.clone(),
            event,
        };
        // Nobody listening is no reason to end a call.
        let _ = self.sender.send(stamped);
    }
}

#[cfg(test)]
mod tests;
