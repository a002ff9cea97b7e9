//! The `listen` thread: hears every frame, decides whose turn it is, and keeps what was played.
//!
//! Thread: `listen`. In: heard frames, answers of `hear` and `think`. Out: jobs for both, events. Memory: one utterance of at most 30 s,
//! made at the start; the buffers of jobs are used again. When late: partials are skipped.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use ringbuf::HeapCons;
use ringbuf::traits::Consumer;

use super::hear::{HearJob, Heard, Purpose};
use super::line::Line;
use super::think::{Said, ThinkJob};
use crate::asr::Transcript;
use crate::audio::{FRAME_MS, FRAME_SAMPLES, Frame, ms_to_frames, ms_to_samples};
use crate::config::Config;
use crate::events::{Event, EventSink};
use crate::turn::{TurnEvent, Turns};
use crate::vad::Vad;

/// How often the ring is looked at.
const POLL: Duration = Duration::from_millis(5);
/// Speech that gave no words is worth asking again from this length on, in ms.
const ASK_AGAIN_MS: u32 = 500;

/// The caller's utterance under way.
#[derive(Default)]
struct Utterance {
    number: u32,
    samples: Vec<i16>,
    /// Length at the last partial, in samples.
    partial_at: usize,
    /// The job that decodes the words ahead, while the pause lasts.
    ahead: Option<u32>,
    /// Its answer.
    ahead_answer: Option<Transcript>,
}

/// A finished utterance whose words are awaited.
struct Waiting {
    job: u32,
    speech_ms: u32,
    speech_end_us: u64,
    decided_us: u64,
}

/// The agent's turn under way.
struct Reply {
    turn: u32,
    sentences: Vec<(String, u32)>,
    done: bool,
    ends_call: bool,
    first: Option<(f32, f32)>,
    /// End of speech, decision, words: to be reported once it is heard. None for the opening.
    times: Option<(u64, u64, u64)>,
}

impl Reply {
    fn frames(&self) -> u32 {
        self.sentences.iter().map(|s| s.1).sum()
    }

    /// The words in the first `played` frames; a word counts when more than half of it was played, judged by its letters.
    fn heard(&self, played: u32) -> String {
        let mut left = played;
        let mut out: Vec<&str> = Vec::new();
        for (text, frames) in &self.sentences {
            if left >= *frames {
                out.push(text);
                left -= frames;
                continue;
            }
            let letters = text.chars().count() as f32;
            let reached = letters * left as f32 / (*frames).max(1) as f32;
            let mut end = 0;
            let mut at = 0.0;
            for word in text.split_inclusive(' ') {
                let length = word.chars().count() as f32;
                if at + length / 2.0 > reached {
                    break;
                }
                at += length;
                end += word.len();
            }
            out.push(text[..end].trim_end());
            break;
        }
        out.retain(|s| !s.is_empty());
        out.join(" ")
    }
}

/// The thread's state.
pub struct Listener {
    incoming: HeapCons<Frame>,
    line: Arc<Line>,
    events: EventSink,
    hear_jobs: Sender<HearJob>,
    heard: Receiver<Heard>,
    think_jobs: Sender<ThinkJob>,
    said: Receiver<Said>,
    vad: Vad,
    turns: Turns,
    preroll: std::collections::VecDeque<Frame>,
    preroll_frames: usize,
    partial_samples: usize,
    utterance: Utterance,
    hear_busy: bool,
    jobs: u32,
    spare: Vec<Vec<i16>>,
    waiting: Option<Waiting>,
    reply: Option<Reply>,
    /// The agent was cut off and has not answered since: something must be said, whatever it was.
    cut: bool,
    agent_turns: u32,
    barge_ins: u32,
    ended_by_agent: bool,
}

impl Listener {
    /// The state before the first frame.
    #[expect(
        clippy::too_many_arguments,
        reason = "the ends of all channels of one call meet here"
    )]
    pub fn new(
        config: &Config,
        incoming: HeapCons<Frame>,
        line: Arc<Line>,
        events: EventSink,
        hear_jobs: Sender<HearJob>,
        heard: Receiver<Heard>,
        think_jobs: Sender<ThinkJob>,
        said: Receiver<Said>,
    ) -> Self {
        let preroll_frames = ms_to_frames(config.turn.preroll_ms + config.turn.start_ms) as usize;
        let longest = ms_to_samples(config.turn.max_turn_ms + config.turn.preroll_ms + 1_000);
        Self {
            incoming,
            line,
            events,
            hear_jobs,
            heard,
            think_jobs,
            said,
            vad: Vad::new(&config.vad),
            turns: Turns::new(&config.turn),
            preroll: std::collections::VecDeque::with_capacity(preroll_frames + 1),
            preroll_frames,
            partial_samples: ms_to_samples(config.asr.partial_ms),
            utterance: Utterance {
                samples: Vec::with_capacity(longest),
                ..Utterance::default()
            },
            hear_busy: false,
            jobs: 0,
            spare: Vec::new(),
            waiting: None,
            reply: None,
            cut: false,
            agent_turns: 0,
            barge_ins: 0,
            ended_by_agent: false,
        }
    }

    /// Runs until the line is closed.
    pub fn run(mut self) {
        let turn = self.line.next_turn();
        self.begin_reply(turn, None);
        let _ = self.think_jobs.send(ThinkJob::Open { turn });
        while !self.line.is_closed() {
            let mut idle = true;
            while let Some(frame) = self.incoming.try_pop() {
                idle = false;
                self.frame(&frame);
            }
            self.answers();
            self.watch_playing();
            if idle {
                std::thread::sleep(POLL);
            }
        }
        self.answers();
        if let Some(reply) = self.reply.take() {
            self.close_reply(&reply);
        }
        self.events.send(Event::CallEnd {
            reason: if self.ended_by_agent {
                "agent"
            } else {
                "caller"
            }
            .into(),
            turns: self.agent_turns,
            barge_ins: self.barge_ins,
            dropped_frames: self.line.dropped(),
        });
    }

    fn frame(&mut self, frame: &Frame) {
        let speech = self.vad.is_speech(frame);
        if self.turns.caller_speaking() {
            self.utterance.samples.extend_from_slice(frame);
        } else {
            if self.preroll.len() == self.preroll_frames {
                self.preroll.pop_front();
            }
            self.preroll.push_back(*frame);
        }
        let agent_speaking = self.reply.is_some();
        match self.turns.step(speech, agent_speaking) {
            Some(TurnEvent::SpeechStart) => self.speech_start(),
            Some(TurnEvent::BargeIn { speech_ms }) => self.barge_in(speech_ms),
            Some(TurnEvent::Pause) => {
                self.events.send(Event::SpeechPause);
                let job = self.decode(Purpose::Ahead);
                self.utterance.ahead = Some(job);
                self.utterance.ahead_answer = None;
            }
            Some(TurnEvent::Resume) => {
                self.events.send(Event::SpeechResume);
                self.utterance.ahead = None;
                self.utterance.ahead_answer = None;
            }
            Some(TurnEvent::TurnEnd {
                speech_ms,
                silence_ms,
            }) => self.turn_end(speech_ms, silence_ms),
            Some(TurnEvent::FalseStart) => self.events.send(Event::FalseStart),
            None => self.partial(),
        }
    }

    fn speech_start(&mut self) {
        self.events.send(Event::SpeechStart);
        self.utterance.number += 1;
        self.utterance.samples.clear();
        self.utterance.partial_at = 0;
        self.utterance.ahead = None;
        self.utterance.ahead_answer = None;
        for frame in self.preroll.drain(..) {
            self.utterance.samples.extend_from_slice(&frame);
        }
    }

    fn partial(&mut self) {
        let due = self.partial_samples > 0
            && self.turns.caller_speaking()
            && self.utterance.ahead.is_none()
            && !self.hear_busy
            && self.utterance.samples.len() >= self.utterance.partial_at + self.partial_samples;
        if due {
            self.utterance.partial_at = self.utterance.samples.len();
            self.decode(Purpose::Partial);
        }
    }

    fn decode(&mut self, purpose: Purpose) -> u32 {
        self.jobs += 1;
        let mut samples = self.spare.pop().unwrap_or_default();
        samples.clear();
        samples.extend_from_slice(&self.utterance.samples);
        self.hear_busy = true;
        let _ = self.hear_jobs.send(HearJob {
            utterance: self.utterance.number,
            job: self.jobs,
            purpose,
            samples,
        });
        self.jobs
    }

    fn barge_in(&mut self, speech_ms: u32) {
        // The add comes first: from here on the line is silent.
        self.line.next_turn();
        let Some(reply) = self.reply.take() else {
            return;
        };
        let played = self.frames_played(&reply);
        self.cut = true;
        if played > 0 {
            self.barge_ins += 1;
            self.events.send(Event::BargeIn {
                turn: reply.turn,
                speech_ms,
                played_ms: u64::from(played * FRAME_MS),
            });
        }
        self.close_reply(&reply);
    }

    fn turn_end(&mut self, speech_ms: u32, silence_ms: u32) {
        self.events.send(Event::SpeechEnd {
            speech_ms,
            silence_ms,
        });
        let now = self.line.now_us();
        let ahead = self.utterance.ahead.take();
        let mut waiting = Waiting {
            job: 0,
            speech_ms,
            speech_end_us: now.saturating_sub(u64::from(silence_ms) * 1_000),
            decided_us: now,
        };
        match (self.utterance.ahead_answer.take(), ahead) {
            (Some(transcript), _) => self.answer(&waiting, &transcript),
            (None, Some(job)) => {
                waiting.job = job;
                self.waiting = Some(waiting);
            }
            (None, None) => {
                waiting.job = self.decode(Purpose::Final);
                self.waiting = Some(waiting);
            }
        }
    }

    fn answers(&mut self) {
        while let Ok(heard) = self.heard.try_recv() {
            self.take_heard(heard);
        }
        while let Ok(said) = self.said.try_recv() {
            self.take_said(said);
        }
    }

    fn take_heard(&mut self, heard: Heard) {
        self.hear_busy = heard.job != self.jobs;
        self.spare.push(heard.samples);
        let transcript = match heard.result {
            Ok(transcript) => transcript,
            Err(error) => {
                self.events.send(Event::Error {
                    message: error.to_string(),
                });
                Transcript {
                    text: String::new(),
                    no_speech: 1.0,
                    logprob: 0.0,
                    took_ms: 0.0,
                }
            }
        };
        if let Some(waiting) = self.waiting.take_if(|w| w.job == heard.job) {
            self.answer(&waiting, &transcript);
        } else if self.utterance.ahead == Some(heard.job) {
            self.utterance.ahead_answer = Some(transcript);
        } else if heard.utterance == self.utterance.number
            && heard.purpose != Purpose::Final
            && self.turns.caller_speaking()
        {
            self.events.send(Event::Partial {
                text: transcript.text,
                agreed: heard.agreed,
                asr_ms: transcript.took_ms,
            });
        }
    }

    /// The caller's words are there: let the agent answer.
    fn answer(&mut self, waiting: &Waiting, transcript: &Transcript) {
        self.events.send(Event::Final {
            text: transcript.text.clone(),
            asr_ms: transcript.took_ms,
            logprob: transcript.logprob,
            no_speech: transcript.no_speech,
        });
        let answering = self.reply.is_some();
        let worth_asking = self.cut || waiting.speech_ms >= ASK_AGAIN_MS;
        if transcript.text.is_empty() && (answering || !worth_asking) {
            return;
        }
        self.cut = false;
        let turn = self.line.next_turn();
        if let Some(reply) = self.reply.take() {
            self.close_reply(&reply);
        }
        self.begin_reply(
            turn,
            Some((
                waiting.speech_end_us,
                waiting.decided_us,
                self.line.now_us(),
            )),
        );
        let _ = self.think_jobs.send(ThinkJob::Reply {
            turn,
            heard: transcript.text.clone(),
        });
    }

    fn begin_reply(&mut self, turn: u32, times: Option<(u64, u64, u64)>) {
        self.agent_turns += 1;
        self.reply = Some(Reply {
            turn,
            sentences: Vec::new(),
            done: false,
            ends_call: false,
            first: None,
            times,
        });
    }

    fn take_said(&mut self, said: Said) {
        let turn = match &said {
            Said::Sentence { turn, .. } | Said::First { turn, .. } | Said::Done { turn, .. } => {
                *turn
            }
        };
        let Some(reply) = self.reply.as_mut().filter(|r| r.turn == turn) else {
            return;
        };
        match said {
            Said::Sentence { text, frames, .. } => reply.sentences.push((text, frames)),
            Said::First {
                first_token_ms,
                tts_ms,
                ..
            } => reply.first = Some((first_token_ms, tts_ms)),
            Said::Done { ends_call, .. } => {
                reply.done = true;
                reply.ends_call = ends_call;
            }
        }
    }

    fn frames_played(&self, reply: &Reply) -> u32 {
        let played = self.line.played();
        if played.turn == reply.turn {
            played.frames
        } else {
            0
        }
    }

    fn watch_playing(&mut self) {
        let played = self.line.played();
        let events = &self.events;
        let Some(reply) = &mut self.reply else { return };
        if played.turn == reply.turn
            && let (Some((speech_end, decided, words)), Some((first_token_ms, tts_ms))) =
                (reply.times, reply.first)
        {
            reply.times = None;
            let ms = |from: u64, to: u64| to.saturating_sub(from) as f32 / 1000.0;
            events.send(Event::Latency {
                turn: reply.turn,
                endpoint_ms: ms(speech_end, decided),
                asr_ms: ms(decided, words),
                first_token_ms,
                tts_ms,
                response_ms: ms(speech_end, played.first_us),
            });
        }
        let all_played = reply.done
            && (reply.frames() == 0
                || (played.turn == reply.turn && played.frames >= reply.frames()));
        if all_played && let Some(reply) = self.reply.take() {
            self.close_reply(&reply);
            if reply.ends_call {
                self.ended_by_agent = true;
                self.line.close();
            }
        }
    }

    /// The turn is over, played to its end or cut: what was heard of it goes to the record and to the history.
    fn close_reply(&mut self, reply: &Reply) {
        let played = self.frames_played(reply);
        let text = reply.heard(played);
        self.events.send(Event::PlayedUntil {
            turn: reply.turn,
            played_ms: u64::from(played * FRAME_MS),
            text: text.clone(),
            complete: reply.done && played >= reply.frames(),
        });
        let _ = self.think_jobs.send(ThinkJob::Played { text });
    }
}

const _: () = assert!(
    FRAME_SAMPLES == 320,
    "the rings' memory is worked out for 20 ms frames"
);

#[cfg(test)]
mod tests {
    use super::*;

    fn reply() -> Reply {
        Reply {
            turn: 1,
            sentences: vec![
                ("Hello there.".into(), 50),
                ("How are you today?".into(), 100),
            ],
            done: false,
            ends_call: false,
            first: None,
            times: None,
        }
    }

    #[test]
    fn only_words_that_were_played_count_as_heard() {
        assert_eq!(reply().heard(0), "");
        assert_eq!(reply().heard(50), "Hello there.");
        assert_eq!(reply().heard(50 + 45), "Hello there. How are");
        assert_eq!(reply().heard(150), "Hello there. How are you today?");
        assert_eq!(reply().heard(999), "Hello there. How are you today?");
    }
}
