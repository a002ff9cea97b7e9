//! `patter bench turns`: situations of a conversation, played to the agent in real calls over AudioSocket.
//!
//! Threads: `--parallel` callers, each with one call at a time; the server's. In: [`plan`]. Out: [`sample`]s, summed up
//! by [`table`]. Memory: all sound of the calls under way, and the samples.

mod plan;
mod sample;
mod table;

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::caller::measure::active_dbfs;
use crate::caller::noise::{Noise, at_snr};
use crate::caller::{ScriptLine, ScriptedCaller, trim};
use anyhow::Context;
use clap::ValueEnum;
use patter_audio::wav::StereoWriter;
use patter_audio::{FRAME_SAMPLES, SAMPLE_RATE_HZ, ms_to_samples, resample};
use patter_call::Engines;
use patter_config::{EspeakConfig, Loaded};
use patter_engine::voice::{Speaker, Voice};
use patter_language::sentence::Sentences;
use patter_playbook::Playbook;
use patter_server::transport::audiosocket::client;
use patter_server::transport::audiosocket::server::{Server, ServerOptions};
use patter_speech::espeak::Espeak;
use patter_types::event::{Event, Stamped};
use patter_types::line::LineId;
use patter_types::source::Source;

use crate::caller::story::Story;
use plan::{PlannedCall, Row, Say, Situation, VOICES};
use sample::{Call, Outcome, Sample};
use table::{SNR_DB, Summary};

/// Speed of the callers.
const WORDS_PER_MINUTE: u32 = 160;
/// Noise lasts this long before it comes again, in s.
const NOISE_SECONDS: usize = 30;
/// No call is longer.
const CALL_LIMIT: Duration = Duration::from_secs(240);
/// A row is played again for samples that did not come about, this often.
const ROUNDS: u64 = 2;

/// Plays situations of a conversation to the agent, in real time, and measures on the wire how it takes turns.
///
/// Synthetic callers of five voices call over AudioSocket, with the fitness playbook. With 30 samples a row all of it
/// takes about 45 minutes.
#[derive(clap::Args)]
#[command(after_long_help = table::help())]
pub(super) struct Options {
    /// Samples of each row
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..))]
    n: u16,
    /// Only this row; may be given several times
    #[arg(long, value_enum, value_name = "NAME")]
    only: Vec<Row>,
    /// Calls at once
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    parallel: u8,
    /// Rate of the line, in Hz: 8000 as Asterisk's application, or 16000
    #[arg(long, default_value_t = 8_000, value_parser = rate)]
    rate: u32,
    /// Seed of pauses, sounds and noises
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Show the kinds that each row is made of
    #[arg(long)]
    kinds: bool,
    /// Every sample with its times on the wire, as JSON lines
    #[arg(long, value_name = "FILE")]
    calls_json: Option<PathBuf>,
    /// Keep each call there: stereo WAV (caller left, agent right) and events
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// Programs that ran or waited for a core in the last minute, on average.
fn load_average() -> Option<f32> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

fn rate(text: &str) -> Result<u32, String> {
    match text {
        "8000" => Ok(8_000),
        "16000" => Ok(16_000),
        _ => Err("8000 and 16000 are possible".into()),
    }
}

/// All events of the calls under way, by call.
type Events = Arc<Mutex<HashMap<String, Vec<Stamped>>>>;

/// What every call needs.
struct Stage<'a> {
    options: &'a Options,
    server: Server,
    events: Events,
    voices: HashMap<&'static str, Speaker>,
    noises: Vec<(Noise, Vec<i16>)>,
    engines: Arc<Engines>,
}

/// A call that is ready to be made.
struct Ready {
    name: String,
    plan: PlannedCall,
    situation: Situation,
    caller: ScriptedCaller,
}

pub(super) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    let mut loaded = loaded.clone();
    loaded.config.dialogue.playbook = Story::Fitness.playbook().into();
    loaded.config.serve.max_calls = loaded.config.serve.max_calls.max(options.parallel.into());
    if let Some(folder) = &options.keep {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    }
    let mut samples_file = match &options.calls_json {
        Some(path) => Some(
            std::fs::File::create(path)
                .with_context(|| format!("cannot write `{}`", path.display()))?,
        ),
        None => None,
    };
    let load = load_average();
    let machine = crate::report::Machine::of(&loaded);
    if load.is_some_and(|load| load > machine.cores as f32 / 2.0) {
        patter_machine::log::warn(&format!(
            "other programs keep this machine busy (load {:.1} on {} cores): the times will be too long",
            load.unwrap_or_default(),
            machine.cores
        ));
    }
    let stage = Stage::set(&loaded, options)?;
    let rows: Vec<Row> = Row::value_variants()
        .iter()
        .copied()
        .filter(|row| options.only.is_empty() || options.only.contains(row))
        .collect();
    let mut progress = Progress::new(&rows, options);
    let mut summaries = Vec::new();
    for row in rows {
        let samples = stage.row(row, &mut progress)?;
        if let Some(file) = &mut samples_file {
            for sample in &samples {
                writeln!(file, "{}", serde_json::to_string(sample)?)?;
            }
        }
        summaries.push(table::summary(row, &samples));
    }
    if options.json {
        crate::report::print_json(&serde_json::json!({
            "machine": machine.processor,
            "cores": machine.cores,
            "models": machine.models,
            "rate_hz": options.rate,
            "parallel": options.parallel,
            "seed": options.seed,
            "load_before": load,
            "rows": summaries,
        }))?;
    } else {
        table::print(&machine, &summaries, options.kinds);
    }
    let missed = |row: &Summary| row.verdict == "fail";
    Ok(ExitCode::from(u8::from(summaries.iter().any(missed))))
}

impl<'a> Stage<'a> {
    fn set(loaded: &Loaded, options: &'a Options) -> anyhow::Result<Self> {
        let voices = VOICES
            .iter()
            .map(|name| {
                let config = EspeakConfig {
                    voice: (*name).into(),
                    words_per_minute: WORDS_PER_MINUTE,
                    ..EspeakConfig::default()
                };
                let voice: Arc<dyn Voice> =
                    Arc::new(Espeak::load(&loaded.model(&PathBuf::new()), &config)?);
                Ok((*name, Speaker::new(voice, 300)))
            })
            .collect::<anyhow::Result<HashMap<_, _>>>()?;
        let noises = noises(&voices, options.seed)?;
        let engines = crate::bench::engines(loaded)?;
        let events = Events::default();
        let sink = Arc::clone(&events);
        let mut serving = ServerOptions::of(loaded);
        serving.session.watch = Arc::new(move |event| {
            let mut calls = sink.lock().unwrap_or_else(PoisonError::into_inner);
            calls
                .entry(event.call.clone())
                .or_default()
                .push(event.clone());
        });
        Ok(Self {
            options,
            server: Server::start("127.0.0.1:0", Arc::clone(&engines), serving)?,
            events,
            voices,
            noises,
            engines,
        })
    }

    /// All samples of a row.
    fn row(&self, row: Row, progress: &mut Progress) -> anyhow::Result<Vec<Sample>> {
        let wanted = usize::from(self.options.n);
        let mut samples: Vec<Sample> = Vec::new();
        for round in 0..ROUNDS {
            let there = |s: &&Sample| s.outcome != Outcome::Skipped;
            let missing = wanted.saturating_sub(samples.iter().filter(there).count());
            let calls = plan::calls(row, missing, self.options.seed + round * 1_000);
            if round > 0 {
                progress.add(row, &calls);
            }
            let ready = calls
                .into_iter()
                .enumerate()
                .map(|(number, plan)| self.prepare(row, round, number, plan))
                .collect::<anyhow::Result<Vec<Ready>>>()?;
            samples.extend(self.play(row, ready, progress)?);
        }
        Ok(samples)
    }

    /// Makes the calls, `--parallel` at a time; the samples in the order of the calls.
    fn play(
        &self,
        row: Row,
        ready: Vec<Ready>,
        progress: &mut Progress,
    ) -> anyhow::Result<Vec<Sample>> {
        let (jobs_in, jobs) = crossbeam_channel::unbounded();
        let (done_in, done) = crossbeam_channel::unbounded();
        for job in ready.into_iter().enumerate() {
            let _ = jobs_in.send(job);
        }
        drop(jobs_in);
        let mut results = std::thread::scope(|scope| {
            for _ in 0..self.options.parallel {
                let (jobs, done) = (jobs.clone(), done_in.clone());
                scope.spawn(move || {
                    for (number, ready) in &jobs {
                        let steps = ready.plan.steps.len();
                        let _ = done.send((number, steps, self.call(ready)));
                    }
                });
            }
            drop(done_in);
            let mut results = Vec::new();
            progress.show(row);
            for (number, steps, result) in done {
                progress.done(row, steps);
                results.push((number, result));
            }
            results
        });
        results.sort_by_key(|(number, _)| *number);
        let mut samples = Vec::new();
        for (_, result) in results {
            samples.extend(result?);
        }
        Ok(samples)
    }

    /// Speaks the caller's lines.
    fn prepare(
        &self,
        row: Row,
        round: u64,
        number: usize,
        plan: PlannedCall,
    ) -> anyhow::Result<Ready> {
        let voice = self.voices.get(plan.voice).context("no such voice")?;
        let speak = |text: &str| -> anyhow::Result<Vec<i16>> {
            Ok(trim(&voice.speak(text, true)?.samples))
        };
        let mut words = Vec::new();
        let mut lines = Vec::new();
        for step in &plan.steps {
            let samples = match &step.say {
                Say::Words(text) => speak(text)?,
                Say::Pieces(pieces, pauses) => {
                    let mut whole = Vec::new();
                    for (number, piece) in pieces.iter().enumerate() {
                        whole.extend(speak(piece)?);
                        if let Some(pause_ms) = pauses.get(number) {
                            whole.resize(whole.len() + ms_to_samples(*pause_ms), 0);
                        }
                    }
                    whole
                }
                Say::Sound(sound, seed) => sound.make(self.options.seed ^ (*seed << 8)),
            };
            if !matches!(step.say, Say::Sound(..)) {
                words.extend_from_slice(&samples);
            }
            lines.push(ScriptLine {
                cue: step.cue,
                text: step.say.text(),
                samples,
            });
        }
        let situation = row.situation();
        let mut caller = ScriptedCaller::new(lines);
        if situation != Situation::FalseInterruption {
            // The answer itself is not measured, only its beginning.
            caller = caller.leaving_after_ms(600);
        }
        let noise = plan
            .noise
            .and_then(|kind| self.noises.iter().find(|(k, _)| *k == kind));
        if let Some((_, noise)) = noise {
            caller = caller.with_background(at_snr(noise, active_dbfs(&words), SNR_DB));
        }
        let row_name = row.to_possible_value();
        let row_name = row_name.as_ref().map_or("row", |value| value.get_name());
        let mut name = format!("{row_name}-{}", round as usize * 1_000 + number + 1);
        for part in plan.noise.iter().map(|n| n.name()).chain([plan.voice]) {
            name = format!("{name}-{part}");
        }
        Ok(Ready {
            name,
            plan,
            situation,
            caller,
        })
    }

    /// Makes one call and measures it.
    fn call(&self, ready: Ready) -> anyhow::Result<Vec<Sample>> {
        let Ready {
            name,
            plan,
            situation,
            mut caller,
        } = ready;
        let uuid = uuid::Uuid::new_v4();
        let recording = client::call(
            self.server.address(),
            uuid.into_bytes(),
            self.options.rate,
            &mut caller,
            CALL_LIMIT,
        )
        .context("the caller could not reach the server")?;
        let events = self.events_of(&uuid.to_string());
        if let Some(folder) = &self.options.keep {
            keep(folder, &name, &recording, &events)?;
        }
        let call = Call {
            name: &name,
            situation,
            voice: plan.voice,
            noise: plan.noise.map(Noise::name),
            steps: &plan.steps,
            placed: caller.placed(),
            agent: &recording.agent,
            events: &events,
        };
        let mut failed = None;
        let samples = sample::samples(&call, &mut |sources| {
            self.line(sources).unwrap_or_else(|error| {
                failed = Some(error);
                Vec::new()
            })
        });
        match failed {
            Some(error) => Err(error),
            None => Ok(samples),
        }
    }

    /// The events of a call, once it has ended.
    fn events_of(&self, call: &str) -> Vec<Stamped> {
        let deadline = Instant::now() + Duration::from_secs(3);
        loop {
            {
                let mut calls = self.events.lock().unwrap_or_else(PoisonError::into_inner);
                let ended = calls.get(call).is_some_and(|events| {
                    events
                        .iter()
                        .any(|e| matches!(e.event, Event::CallEnd { .. }))
                });
                if ended || Instant::now() > deadline {
                    return calls.remove(call).unwrap_or_default();
                }
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The approved lines with these sources in the agent's own voice, as the line carries them.
    fn line(&self, sources: &[Source]) -> anyhow::Result<Vec<i16>> {
        let mut sound = Vec::new();
        for source in sources {
            let playbook = &self.engines.playbooks.default.knowledge.playbook;
            let Some(text) = source.line().and_then(|line| text_of(playbook, line)) else {
                continue;
            };
            for sentence in Sentences::whole(&text) {
                sound.extend_from_slice(&self.engines.voice.speak(&sentence, false)?.samples);
                // The agent sends whole frames.
                sound.resize(sound.len().next_multiple_of(FRAME_SAMPLES), 0);
            }
        }
        let narrow = resample::convert(&sound, SAMPLE_RATE_HZ, self.options.rate)?;
        Ok(resample::convert(
            &narrow,
            self.options.rate,
            SAMPLE_RATE_HZ,
        )?)
    }
}

/// The words of an approved line, as far as these calls come to hear it.
fn text_of(playbook: &Playbook, line: &LineId) -> Option<String> {
    let text = match line {
        LineId::Fact(id) => &playbook.fact(id)?.say,
        LineId::Tactic { objection, number } => {
            let index = number.checked_sub(1)?;
            playbook.objection(objection)?.say.get(index)?
        }
        LineId::StageAsk(id) => &playbook.stage(id)?.ask,
        LineId::Opening => &playbook.lines.opening,
        LineId::Repeat => &playbook.lines.repeat,
        LineId::Goodbye => &playbook.lines.goodbye,
        LineId::Fallback => &playbook.lines.fallback,
        LineId::NotKnown => &playbook.lines.not_known,
        LineId::OptOut => playbook.lines.opt_out.as_ref()?,
        LineId::Notice => &playbook.compliance.opening_notice,
        _ => return None,
    };
    playbook.fill(text, &std::collections::BTreeMap::new())
}

/// Each noise, once for all calls; other people say other sentences than the callers.
fn noises(
    voices: &HashMap<&'static str, Speaker>,
    seed: u64,
) -> anyhow::Result<Vec<(Noise, Vec<i16>)>> {
    const OTHERS: [&str; 7] = [
        "We went to the market and then we walked home along the river with the children.",
        "No, he never told me that. I thought the train was at nine, not at ten.",
        "The weather was lovely all week, and on Sunday we had lunch in the garden.",
        "Two coffees and a sandwich, please. And do you have any of that apple cake left?",
        "She started the new job in the spring, and so far she likes the people there.",
        "I left it on the kitchen table, next to the newspaper. Did you look there?",
        "They are painting the house next door, so we keep the windows closed until noon.",
    ];
    let others = OTHERS
        .iter()
        .enumerate()
        .map(|(number, text)| {
            let voice = voices
                .get(VOICES[number % VOICES.len()])
                .context("no such voice")?;
            Ok(voice.speak(text, false)?.samples.to_vec())
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let length = NOISE_SECONDS * SAMPLE_RATE_HZ as usize;
    Ok(Noise::ALL
        .iter()
        .map(|noise| (*noise, noise.make(length, &others, seed)))
        .collect())
}

fn keep(
    folder: &Path,
    name: &str,
    recording: &client::Recording,
    events: &[Stamped],
) -> anyhow::Result<()> {
    let mut writer = StereoWriter::create(&folder.join(format!("{name}.wav")))?;
    writer.write(&recording.caller, &recording.agent)?;
    writer.finish()?;
    let path = folder.join(format!("{name}.jsonl"));
    let mut lines = String::new();
    for event in events {
        lines += &serde_json::to_string(event)?;
        lines.push('\n');
    }
    std::fs::write(&path, lines).with_context(|| format!("cannot write `{}`", path.display()))
}

/// How far the whole run is, for stderr.
struct Progress {
    started: Instant,
    parallel: f32,
    total: usize,
    done: usize,
    /// Estimated seconds of all calls, and of those that are done.
    seconds: f32,
    seconds_done: f32,
}

impl Progress {
    fn new(rows: &[Row], options: &Options) -> Self {
        let mut progress = Self {
            started: Instant::now(),
            parallel: f32::from(options.parallel),
            total: 0,
            done: 0,
            seconds: 0.0,
            seconds_done: 0.0,
        };
        for row in rows {
            progress.add(*row, &plan::calls(*row, options.n.into(), options.seed));
        }
        progress
    }

    fn add(&mut self, row: Row, calls: &[PlannedCall]) {
        self.total += calls.len();
        let seconds = |call: &PlannedCall| row.situation().call_seconds(call.steps.len());
        self.seconds += calls.iter().map(seconds).sum::<f32>();
    }

    fn done(&mut self, row: Row, steps: usize) {
        self.done += 1;
        self.seconds_done += row.situation().call_seconds(steps);
        self.show(row);
    }

    fn show(&self, row: Row) {
        let left = self.seconds - self.seconds_done;
        // Once some calls are done, what they took tells more than the estimate.
        let pace = if self.seconds_done > 0.0 {
            self.started.elapsed().as_secs_f32() / self.seconds_done
        } else {
            1.0 / self.parallel
        };
        let noise = if row.noisy() { " in noise" } else { "" };
        eprintln!(
            "{}{noise}: {} of {} calls done, about {:.0} s left",
            row.situation().name(),
            self.done,
            self.total,
            left * pace
        );
    }
}
