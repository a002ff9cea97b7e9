//! What happened in a call, as JSON lines: one object a line, in order of time.
//!
//! Thread: any thread of a call sends; one `events` thread a call writes. In: [`Event`]s. Out: a file, flushed line by line, so that a
//! kill loses nothing that was written. When the disk is full: one warning on stderr, and the call goes on.
//!
//! Every line has `t_ms` (since the call began), `call` (its id) and `event`; the other fields are those of the variant of
//! [`Event`] with that name in snake case. Times are in ms, texts in UTF-8.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender};
use serde::Serialize;

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
    },
    /// The caller began to speak.
    SpeechStart,
    /// The caller paused; the words so far are decoded ahead.
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
    /// The model made a reply, as a whole.
    Generated {
        /// Number of the agent's turn.
        turn: u32,
        /// The text.
        text: String,
        /// Why it ended.
        finish: String,
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
    /// A sentence went to the voice.
    Spoken {
        /// Number of the agent's turn.
        turn: u32,
        /// The sentence.
        text: String,
        /// Where it is from: `line:…` of the playbook, or `model`.
        source: String,
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
        turn: u32,
        /// Sound that went to the line.
        played_ms: u64,
        /// The words in it.
        text: String,
        /// Nothing was cut off.
        complete: bool,
    },
    /// The caller interrupted.
    BargeIn {
        /// Number of the turn that was cut off.
        turn: u32,
        /// The caller's speech until then.
        speech_ms: u32,
        /// Sound of the turn that had been played.
        played_ms: u64,
    },
    /// Where the time went, once a turn is first heard.
    Latency {
        /// Number of the agent's turn.
        turn: u32,
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
        /// `caller`, `agent`, `stopped` or `error`.
        reason: String,
        /// Turns of the agent.
        turns: u32,
        /// Interruptions.
        barge_ins: u32,
        /// Heard frames dropped because the call was late.
        dropped_frames: u64,
    },
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
    started: Instant,
    call: String,
    sender: Sender<Stamped>,
}

impl EventSink {
    /// A sink for the call `id`, and the events as they come.
    pub fn new(id: &str) -> (Self, Receiver<Stamped>) {
        let (sender, receiver) = crossbeam_channel::unbounded();
        let sink = Self {
            started: Instant::now(),
            call: id.to_owned(),
            sender,
        };
        (sink, receiver)
    }

    /// Sends one.
    pub fn send(&self, event: Event) {
        let stamped = Stamped {
            t_ms: self.started.elapsed().as_millis() as u64,
            call: self.call.clone(),
            event,
        };
        // Nobody listening is no reason to end a call.
        let _ = self.sender.send(stamped);
    }
}

/// Starts the `events` thread: writes to `path` if there is one, and shows each event to `watch`. It ends when all sinks are gone.
///
/// # Errors
/// The file cannot be made.
pub fn write(
    events: Receiver<Stamped>,
    path: Option<&Path>,
    mut watch: impl FnMut(&Stamped) + Send + 'static,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    let mut file = path
        .map(|path| {
            std::fs::File::create(path).map_err(|e| {
                std::io::Error::new(
                    e.kind(),
                    format!("cannot write events to `{}`: {e}", path.display()),
                )
            })
        })
        .transpose()?;
    std::thread::Builder::new()
        .name("events".into())
        .spawn(move || {
            for event in events {
                watch(&event);
                let Some(out) = &mut file else { continue };
                let mut line = serde_json::to_vec(&event).unwrap_or_default();
                line.push(b'\n');
                // One write a line: a reader, or a kill, never sees half of one.
                if let Err(error) = out.write_all(&line) {
                    crate::log::warn(&format!("events are no longer written: {error}"));
                    file = None;
                }
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_flat_object() {
        let event = Stamped {
            t_ms: 12,
            call: "c1".into(),
            event: Event::BargeIn {
                turn: 3,
                speech_ms: 160,
                played_ms: 900,
            },
        };
        assert_eq!(
            serde_json::to_string(&event).unwrap(),
            r#"{"t_ms":12,"call":"c1","event":"barge_in","turn":3,"speech_ms":160,"played_ms":900}"#
        );
    }

    #[test]
    fn each_line_is_on_disk_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("e.jsonl");
        let (sink, events) = EventSink::new("c1");
        let (seen_in, seen) = crossbeam_channel::unbounded();
        let thread = write(events, Some(&path), move |e| drop(seen_in.send(e.clone()))).unwrap();
        sink.send(Event::SpeechStart);
        sink.send(Event::FalseStart);
        seen.recv().unwrap();
        seen.recv().unwrap();
        // The second was seen, so the first is written, though the call still runs.
        assert!(
            std::fs::read_to_string(&path)
                .unwrap()
                .starts_with("{\"t_ms\":")
        );
        drop(sink);
        thread.join().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
    }

    #[test]
    fn a_full_disk_ends_the_writing_and_not_the_thread() {
        let (sink, events) = EventSink::new("c1");
        let thread = write(events, Some(Path::new("/dev/full")), |_| ()).unwrap();
        sink.send(Event::SpeechStart);
        sink.send(Event::SpeechStart);
        drop(sink);
        thread.join().unwrap();
    }
}
