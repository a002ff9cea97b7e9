//! Callers of a measured server: who they are, what they say, what they heard.
//!
//! Threads: one for each caller, beside the server's own. In: a number of callers. Out: a [`Round`]. Memory: the sound
//! of the calls of one round. The callers run on the same machine and take some of its time.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::caller::{Cue, ScriptLine, ScriptedCaller, measure, trim};
use patter_call::CallContext;
use patter_config::Loaded;
use patter_machine::priority;
use patter_machine::priority::Class;
use patter_server::transport::audiosocket::client;
use patter_server::transport::audiosocket::server::{Server, ServerOptions};
use patter_types::event::Event;
use patter_types::load::ShedLevel;
use serde::Serialize;

use crate::caller::story::caller_voice;
use crate::report::{median_p95, memory_mb};

/// What callers say, over and over, 1 to 3 s long; the default speech model understands the most of it.
const LINES: [&str; 6] = [
    "How much is it, and can I bring a friend?",
    "I moved in March.",
    "Can I bring a friend with me on Saturday at ten o'clock?",
    "Do you have a sauna?",
    "What are your opening hours on the weekend?",
    "Is there parking next to the building?",
];
/// Those of them that no line of the playbook answers.
const UNWRITTEN: [&str; 2] = [LINES[1], LINES[3]];
/// What passes from a caller's last word to the agent's first, about, in ms.
const ANSWER_MS: f32 = 600.0;
/// Tokens of context that a call's prompt and history fill.
const TOKENS_PER_CALL: u32 = 910;
/// What the UUIDs of callers begin with.
const CALLER: [u8; 4] = *b"call";
/// Callers come this long after each other.
const STAGGER: Duration = Duration::from_millis(700);
/// Set-ups that are timed in each step.
const SET_UPS: u8 = 6;
/// Between them: until the last one's place is free again.
const SET_UP_PAUSE: Duration = Duration::from_millis(2_500);

/// Times, in ms.
#[derive(Serialize)]
pub struct Times {
    /// How many.
    pub n: usize,
    /// The middle one.
    pub median: f32,
    /// 95 of 100 are not longer.
    pub p95: f32,
}

impl Times {
    fn of(mut values: Vec<f32>) -> Self {
        let (median, p95) = median_p95(&mut values);
        Self {
            n: values.len(),
            median,
            p95,
        }
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let figure = |ms: f32| {
            if ms.is_nan() {
                "-".into()
            } else {
                format!("{ms:.0}")
            }
        };
        write!(
            f,
            "{:>4} {:>6} {:>6}",
            self.n,
            figure(self.median),
            figure(self.p95)
        )
    }
}

/// Where the time of an answer went, and what was lost, as the agent tells it.
#[derive(Serialize)]
pub struct Agent {
    /// From the caller's last word to the decision that the turn is over.
    pub endpoint_ms: Times,
    /// From there to the words.
    pub asr_ms: Times,
    /// From the words to the first token of generated answers.
    pub first_token_ms: Times,
    /// Heard frames that were dropped.
    pub dropped_frames: u64,
    /// Answers so late that a filler was said.
    pub fillers: u32,
    /// The most that was left out because the machine was busy.
    pub left_out: ShedLevel,
}

/// What the callers of one step heard.
#[derive(Serialize)]
pub struct Round {
    /// Callers at once.
    pub calls: u32,
    /// Share of the time that callers spoke.
    pub talk: f32,
    /// From the end of what was said to the first sound of the answer.
    pub answer_ms: Times,
    /// The same, of what approved lines answer.
    pub approved_ms: Times,
    /// From the first sound of an interruption to silence.
    pub silence_ms: Times,
    /// From the connection to the first byte.
    pub set_up_ms: Times,
    /// Lines that nothing came after.
    pub unanswered: usize,
    /// Calls that were refused, or ended before the step did.
    pub lost: u32,
    /// What the agent tells of itself, where it runs here.
    pub agent: Option<Agent>,
    /// Of this process.
    pub memory_mb: f32,
}

impl Agent {
    fn of(told: &[Event]) -> Self {
        let (mut endpoint, mut asr, mut first_token) = (Vec::new(), Vec::new(), Vec::new());
        let (mut dropped_frames, mut fillers) = (0, 0);
        let mut left_out = ShedLevel::Whole;
        for event in told {
            match event {
                Event::Latency {
                    endpoint_ms,
                    asr_ms,
                    first_token_ms,
                    ..
                } => {
                    endpoint.push(*endpoint_ms);
                    asr.push(*asr_ms);
                    first_token.extend(Some(*first_token_ms).filter(|ms| *ms > 0.0));
                }
                Event::Load { step, .. } => left_out = left_out.max(*step),
                Event::Filler { .. } => fillers += 1,
                Event::CallEnd {
                    dropped_frames: dropped,
                    ..
                } => dropped_frames += dropped,
                _ => {}
            }
        }
        Self {
            endpoint_ms: Times::of(endpoint),
            asr_ms: Times::of(asr),
            first_token_ms: Times::of(first_token),
            dropped_frames,
            fillers,
            left_out,
        }
    }
}

/// A server of its own, and what its calls tell.
pub struct OwnServer {
    /// The server.
    pub server: Server,
    told: Arc<Mutex<Vec<Event>>>,
}

impl OwnServer {
    /// What was told since the last time.
    pub fn told(&self) -> Agent {
        let told = std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner));
        Agent::of(&told)
    }
}

/// Starts a server for up to `calls` callers.
pub fn server(loaded: &Loaded, calls: u32) -> anyhow::Result<OwnServer> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let mut loaded = loaded.clone();
    // These callers ask the same as long as the step lasts.
    loaded.config.dialogue.lost_after_turns = 0;
    // One place more, for the set-ups that are timed.
    loaded.config.serve.max_calls = calls + 1;
    // As `serve.max_calls` wants it: a call with less would prefill its history again and again.
    let tokens = loaded.config.serve.max_calls * TOKENS_PER_CALL;
    loaded.config.llm.context_tokens = loaded.config.llm.context_tokens.max(tokens);
    let engines = super::engines(&loaded)?;
    let mut serving = ServerOptions::of(&loaded);
    // As where calls are registered: whoever is no caller is not known.
    serving.session.admit = Arc::new(|uuid, _| match uuid.starts_with(&CALLER) {
        true => Ok(CallContext::default()),
        false => Err("nothing is known of it".into()),
    });
    let telling = Arc::clone(&told);
    serving.session.watch = Arc::new(move |event| {
        if matches!(
            event.event,
            Event::CallEnd { .. }
                | Event::Latency { .. }
                | Event::Load { .. }
                | Event::Filler { .. }
        ) {
            let mut told = telling.lock().unwrap_or_else(PoisonError::into_inner);
            told.push(event.event.clone());
        }
    });
    let server = Server::start("127.0.0.1:0", engines, serving)?;
    Ok(OwnServer { server, told })
}

/// What a caller says, and when.
pub type Line = (Cue, &'static str, Arc<[i16]>);

/// The lines as sound, with cues that make the caller speak its share of the time.
pub fn lines(loaded: &Loaded, talk: f32) -> anyhow::Result<Vec<Line>> {
    let voice = caller_voice(loaded)?;
    let spoken = LINES.map(|text| {
        voice
            .speak(text, false)
            .map(|spoken| (text, trim(&spoken.samples)))
    });
    let spoken: Vec<(&str, Vec<i16>)> = spoken.into_iter().collect::<Result<_, _>>()?;
    let mean_ms = spoken
        .iter()
        .map(|(_, sound)| measure::ms(sound.len()))
        .sum::<f32>()
        / spoken.len() as f32;
    let listens_ms = mean_ms * (1.0 - talk) / talk;
    let after_ms = (listens_ms - ANSWER_MS).max(200.0) as u32;
    let cue = |number: usize| match number {
        0 => Cue::Turn,
        _ => Cue::Interrupt { after_ms },
    };
    let lines = spoken.into_iter().enumerate();
    Ok(lines
        .map(|(number, (text, sound))| (cue(number), text, sound.into()))
        .collect())
}

/// What one caller brings home.
#[derive(Default)]
struct Heard {
    answers: Vec<f32>,
    approved: Vec<f32>,
    silences: Vec<f32>,
    unanswered: usize,
    spoke_ms: f32,
    lasted_ms: f32,
    was_lost: bool,
}

/// Puts `calls` callers on the server at `address` for `limit`.
pub fn round(address: SocketAddr, calls: u32, limit: Duration, lines: &[Line]) -> Round {
    let callers: Vec<_> = (0..calls)
        .map(|number| {
            let lines = lines.to_vec();
            std::thread::spawn(move || {
                // A caller's phone is no program that waits for a core: what it hears late is the agent's doing.
                priority::enter(Class::Sound);
                std::thread::sleep(STAGGER * number);
                call(address, number as usize, &lines, limit)
            })
        })
        .collect();
    std::thread::sleep(limit / 2);
    // One place is taken for a moment, in the middle of the step.
    let set_ups = (0..SET_UPS).filter_map(|_| {
        let took = set_up(address);
        std::thread::sleep(SET_UP_PAUSE);
        took
    });
    let set_ups: Vec<f32> = set_ups.collect();
    let mut all = Heard::default();
    let mut lost = 0;
    for caller in callers {
        let heard = caller.join().unwrap_or_else(|_| Heard {
            was_lost: true,
            ..Heard::default()
        });
        lost += u32::from(heard.was_lost);
        all.answers.extend(heard.answers);
        all.approved.extend(heard.approved);
        all.silences.extend(heard.silences);
        all.unanswered += heard.unanswered;
        all.spoke_ms += heard.spoke_ms;
        all.lasted_ms += heard.lasted_ms;
    }
    Round {
        calls,
        talk: all.spoke_ms / all.lasted_ms.max(1.0),
        answer_ms: Times::of(all.answers),
        approved_ms: Times::of(all.approved),
        silence_ms: Times::of(all.silences),
        set_up_ms: Times::of(set_ups),
        unanswered: all.unanswered,
        lost,
        agent: None,
        memory_mb: memory_mb("VmRSS"),
    }
}

fn caller_uuid() -> [u8; 16] {
    let mut uuid = uuid::Uuid::new_v4().into_bytes();
    uuid[..CALLER.len()].copy_from_slice(&CALLER);
    uuid
}

fn call(address: SocketAddr, number: usize, lines: &[Line], limit: Duration) -> Heard {
    let script = lines.iter().cycle().skip(number % lines.len());
    // The first line waits for the opening, whichever it is.
    let script = script
        .take(400)
        .enumerate()
        .map(|(at, (cue, text, sound))| ScriptLine {
            cue: if at == 0 { Cue::Turn } else { *cue },
            text: (*text).to_owned(),
            samples: sound.to_vec(),
        });
    let mut caller = ScriptedCaller::new(script.collect());
    let uuid = caller_uuid();
    let began = Instant::now();
    let Ok(recording) = client::call(address, uuid, 8_000, &mut caller, limit) else {
        return Heard {
            was_lost: true,
            ..Heard::default()
        };
    };
    let exchanges = caller.exchanges(&recording);
    // The last line was cut off by the end of the step.
    let whole = &exchanges[..exchanges.len().saturating_sub(1)];
    let placed = caller.placed().iter();
    let approved = whole
        .iter()
        .filter(|e| !UNWRITTEN.contains(&e.text.as_str()));
    // From where the opening is over.
    let first = placed.clone().next().map_or(0, |line| line.start);
    Heard {
        answers: whole.iter().filter_map(|e| e.response_ms).collect(),
        approved: approved.filter_map(|e| e.response_ms).collect(),
        silences: whole.iter().filter_map(|e| e.silenced_ms).collect(),
        unanswered: whole.iter().filter(|e| e.response_ms.is_none()).count(),
        spoke_ms: placed.map(|line| measure::ms(line.end - line.start)).sum(),
        lasted_ms: began.elapsed().as_secs_f32() * 1_000.0 - measure::ms(first),
        was_lost: recording.agent_hung_up || began.elapsed() + Duration::from_secs(2) < limit,
    }
}

/// From the connection to the first byte of the agent's, in ms; None when it is refused.
fn set_up(address: SocketAddr) -> Option<f32> {
    use patter_server::transport::audiosocket::codec;
    use patter_server::transport::audiosocket::codec::{Decoder, Message};
    use std::io::{Read, Write};
    let began = Instant::now();
    let mut stream = std::net::TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut bytes = Vec::new();
    codec::encode(&Message::Uuid(caller_uuid()), &mut bytes).ok()?;
    stream.write_all(&bytes).ok()?;
    let mut answer = [0; 2_048];
    let count = stream.read(&mut answer).ok()?;
    let took_ms = began.elapsed().as_secs_f32() * 1_000.0;
    let mut decoder = Decoder::new();
    decoder.feed(&answer[..count]);
    matches!(decoder.next(), Ok(Some(Message::Audio { .. }))).then_some(took_ms)
}
