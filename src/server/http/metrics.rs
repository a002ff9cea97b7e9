//! Figures for a monitoring system, in Prometheus's text format 0.0.4.
//!
//! Threads: the calls' `events` threads count (atomic adds, no call waits), `http` renders. In: [`Stamped`] events,
//! results, gauges read when asked. Out: text. Memory: a fixed set of series: labels are names from the program, never
//! what people said. When late or full: nothing is queued. Source: Prometheus, "Exposition formats" and "Metric and
//! label naming" (seconds, `_total`).

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    Opts, Registry, TextEncoder,
};

use super::registry::CallResult;
use crate::session::Refused;
use patter_types::chat::Finish;
use patter_types::event::{Event, Stamped};
use patter_types::load::Shares;
use patter_types::outcome::Outcome;

/// What [`Metrics::render`] gives.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Steps of an answer: a conversation feels natural below 0.5 s and broken above 2 s, so most bounds lie there.
const LATENCY_S: &[f64] = &[
    0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0,
];
/// First sound of an interruption to silence: the pause comes after 80 ms of speech and two frames.
const STOP_S: &[f64] = &[
    0.04, 0.06, 0.08, 0.1, 0.12, 0.14, 0.16, 0.2, 0.25, 0.3, 0.4, 0.6, 1.0,
];
/// Calls from a wrong number to half an hour.
const CALL_S: &[f64] = &[
    5.0, 15.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 1_200.0, 1_800.0,
];

/// What is read when the figures are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gauges {
    /// Calls under way.
    pub active_calls: u32,
    /// Calls that may be.
    pub max_calls: u32,
    /// A call would be answered.
    pub ready: bool,
    /// No new call is taken.
    pub draining: bool,
    /// Calls that are registered.
    pub registrations: usize,
    /// Share of the cores' time that the models take, and the number of the step of what is left out.
    pub load: (f32, u8),
    /// Who has the processor's time.
    pub shares: Shares,
    /// What the first sentence of a generated answer took lately, in ms.
    pub sentence_ms: Option<f32>,
}

/// See the module.
pub struct Metrics {
    registry: Registry,
    latency: HistogramVec,
    stop: Histogram,
    duration: Histogram,
    started: IntCounter,
    ended: IntCounterVec,
    refused: IntCounterVec,
    turns: IntCounter,
    pauses: IntCounter,
    false_interruptions: IntCounterVec,
    guarded: IntCounterVec,
    dropped_frames: IntCounter,
    filled_frames: IntCounter,
    fillers: IntCounter,
    speculations: IntCounter,
    speculations_dropped: IntCounter,
    errors: IntCounter,
    failed_replies: IntCounter,
    lost_events: IntCounter,
    active: IntGauge,
    max: IntGauge,
    ready: IntGauge,
    draining: IntGauge,
    registrations: IntGauge,
    busy: Gauge,
    load_step: IntGauge,
    cores_time: GaugeVec,
    pressure: Gauge,
    throttled: Gauge,
    sentence: Gauge,
    process: Option<Process>,
}

/// Figures of the process, where the system tells them.
struct Process {
    resident: IntGauge,
    threads: IntGauge,
    open_files: IntGauge,
}

impl Metrics {
    /// All series, at zero.
    ///
    /// # Errors
    /// Two series of one name: a mistake in this file.
    pub fn new(now: SystemTime) -> Result<Self, prometheus::Error> {
        let all = Registry::new();
        let counter = |name: &str, help: &str| -> Result<IntCounter, prometheus::Error> {
            let counter = IntCounter::new(name, help)?;
            all.register(Box::new(counter.clone()))?;
            Ok(counter)
        };
        let labelled = |name: &str, help: &str, labels: &[&str]| {
            let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
            all.register(Box::new(counters.clone()))?;
            Ok::<_, prometheus::Error>(counters)
        };
        let gauge = |name: &str, help: &str| -> Result<IntGauge, prometheus::Error> {
            let gauge = IntGauge::new(name, help)?;
            all.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let histogram = |name: &str, help: &str, bounds: &[f64]| {
            let options = HistogramOpts::new(name, help).buckets(bounds.to_vec());
            let histogram = Histogram::with_opts(options)?;
            all.register(Box::new(histogram.clone()))?;
            Ok::<_, prometheus::Error>(histogram)
        };
        let latency = HistogramVec::new(
            HistogramOpts::new(
                "patter_turn_latency_seconds",
                "Where the time of an answer went; response is end of speech to first sound",
            )
            .buckets(LATENCY_S.to_vec()),
            &["step"],
        )?;
        all.register(Box::new(latency.clone()))?;
        for step in ["endpoint", "asr", "first_token", "tts", "response"] {
            latency.with_label_values(&[step]);
        }
        let busy = Gauge::new(
            "patter_models_busy_ratio",
            "Share of the cores' time that the models took in the last seconds",
        )?;
        all.register(Box::new(busy.clone()))?;
        let ratio = |name: &str, help: &str| -> Result<Gauge, prometheus::Error> {
            let gauge = Gauge::new(name, help)?;
            all.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let cores_time = GaugeVec::new(
            Opts::new(
                "patter_cores_time_ratio",
                "Share of the time of all cores: this program, other programs, polite ones (nice), the hypervisor",
            ),
            &["who"],
        )?;
        all.register(Box::new(cores_time.clone()))?;
        let build = labelled_gauge(&all)?;
        build.set(1.0);
        let began = Gauge::new(
            "process_start_time_seconds",
            "When the program began, in seconds since 1970",
        )?;
        began.set(
            now.duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs_f64(),
        );
        all.register(Box::new(began))?;
        let process = read_process()
            .map(|_| {
                Ok::<_, prometheus::Error>(Process {
                    resident: gauge("process_resident_memory_bytes", "Memory of the program")?,
                    threads: gauge("process_threads", "Threads of the program")?,
                    open_files: gauge("process_open_fds", "Open files and sockets")?,
                })
            })
            .transpose()?;
        let refused = labelled(
            "patter_calls_refused_total",
            "Connections that got no call",
            &["reason"],
        )?;
        for reason in Refused::ALL {
            refused.with_label_values(&[reason.label()]);
        }
        let false_interruptions = labelled(
            "patter_false_interruptions_total",
            "Sounds that paused the agent and were no turn",
            &["why"],
        )?;
        for why in ["click", "noise", "backchannel"] {
            false_interruptions.with_label_values(&[why]);
        }
        Ok(Self {
            latency,
            process,
            refused,
            false_interruptions,
            stop: histogram(
                "patter_barge_in_stop_seconds",
                "From the caller's first sound of an interruption to the agent's silence",
                STOP_S,
            )?,
            duration: histogram(
                "patter_call_duration_seconds",
                "Length of calls that ended",
                CALL_S,
            )?,
            started: counter("patter_calls_started_total", "Calls that began")?,
            ended: labelled(
                "patter_calls_ended_total",
                "Calls that ended, by who ended them and what they came to",
                &["reason", "outcome"],
            )?,
            turns: counter("patter_turns_total", "Turns of the agent in ended calls")?,
            pauses: counter(
                "patter_pauses_total",
                "Times the agent was paused because the caller spoke",
            )?,
            guarded: labelled(
                "patter_guard_refusals_total",
                "Sentences of the model that were not said",
                &["reason"],
            )?,
            dropped_frames: counter(
                "patter_frames_dropped_total",
                "Heard frames dropped because a call was late, in ended calls",
            )?,
            filled_frames: counter(
                "patter_frames_filled_total",
                "Frames of silence put where the line brought none, in ended calls",
            )?,
            fillers: counter(
                "patter_fillers_total",
                "Fillers said because an answer came late",
            )?,
            speculations: counter(
                "patter_speculations_total",
                "Speculative answers, made in a pause of the caller, in ended calls",
            )?,
            speculations_dropped: counter(
                "patter_speculations_dropped_total",
                "Of these, dropped because the caller went on",
            )?,
            errors: counter("patter_errors_total", "Errors in calls")?,
            failed_replies: counter(
                "patter_llm_failures_total",
                "Replies that the language model could not make",
            )?,
            lost_events: counter(
                "patter_events_lost_total",
                "Events that slow listeners of the HTTP interface did not get",
            )?,
            active: gauge("patter_calls_active", "Calls under way")?,
            max: gauge("patter_calls_max", "Calls that may be under way at once")?,
            ready: gauge("patter_ready", "1 when a call would be answered")?,
            draining: gauge("patter_draining", "1 when no new call is taken")?,
            registrations: gauge("patter_calls_registered", "Calls that are announced")?,
            busy,
            cores_time,
            pressure: ratio(
                "patter_cores_pressure_ratio",
                "Share of the time in which something that could run waited for a core",
            )?,
            throttled: ratio(
                "patter_cores_throttled_ratio",
                "Share of the time in which the quota of the program's control group was used up",
            )?,
            sentence: ratio(
                "patter_first_sentence_seconds",
                "What the first sentence of a generated answer took lately; 0 when none was generated",
            )?,
            load_step: gauge(
                "patter_load_step",
                "What is left out: 0 nothing, 1 most partials, 2 speculative answers, 3 generated answers",
            )?,
            registry: all,
        })
    }

    /// Counts an event; `ended` is what the call came to, with its last.
    pub fn observe(&self, event: &Stamped, ended: Option<&CallResult>) {
        match &event.event {
            Event::CallStart { .. } => self.started.inc(),
            Event::Latency {
                endpoint_ms,
                asr_ms,
                first_token_ms,
                tts_ms,
                response_ms,
                ..
            } => {
                for (step, ms) in [
                    ("endpoint", endpoint_ms),
                    ("asr", asr_ms),
                    ("first_token", first_token_ms),
                    ("tts", tts_ms),
                    ("response", response_ms),
                ] {
                    observe_ms(&self.latency.with_label_values(&[step]), *ms);
                }
            }
            Event::Paused { .. } => self.pauses.inc(),
            Event::FalseInterruption { why, .. } => {
                self.false_interruptions
                    .with_label_values(&[&name_of(why)])
                    .inc();
            }
            Event::BargeIn { stop_ms, .. } => observe_ms(&self.stop, *stop_ms),
            Event::Guarded { reason, .. } => {
                self.guarded.with_label_values(&[&name_of(reason)]).inc();
            }
            Event::Filler { .. } => self.fillers.inc(),
            Event::Error { .. } => self.errors.inc(),
            Event::Generated {
                finish: Finish::Failed(_),
                ..
            } => self.failed_replies.inc(),
            Event::CallEnd {
                turns,
                speculations,
                speculations_dropped,
                dropped_frames,
                filled_frames,
                ..
            } => {
                self.turns.inc_by(u64::from(*turns));
                self.speculations.inc_by(u64::from(*speculations));
                self.speculations_dropped
                    .inc_by(u64::from(*speculations_dropped));
                self.dropped_frames.inc_by(*dropped_frames);
                self.filled_frames.inc_by(*filled_frames);
            }
            _ => {}
        }
        if let Some(result) = ended {
            self.ended(result);
        }
    }

    /// Counts a call that is over.
    pub fn ended(&self, result: &CallResult) {
        let outcome = result.outcome.map_or("none", Outcome::name);
        self.ended
            .with_label_values(&[result.reason.as_str(), outcome])
            .inc();
        self.duration
            .observe(std::time::Duration::from_millis(result.duration_ms).as_secs_f64());
    }

    /// Counts a connection that got no call.
    pub fn refused(&self, reason: Refused) {
        self.refused.with_label_values(&[reason.label()]).inc();
    }

    /// Counts events that a slow listener did not get.
    pub fn lost_events(&self, count: u64) {
        self.lost_events.inc_by(count);
    }

    /// The text of all series.
    ///
    /// # Errors
    /// A series that cannot be written: a mistake in this file.
    pub fn render(&self, gauges: Gauges) -> Result<String, prometheus::Error> {
        self.active.set(i64::from(gauges.active_calls));
        self.max.set(i64::from(gauges.max_calls));
        self.ready.set(i64::from(gauges.ready));
        self.draining.set(i64::from(gauges.draining));
        let registered = i64::try_from(gauges.registrations).unwrap_or(i64::MAX);
        self.registrations.set(registered);
        self.busy.set(f64::from(gauges.load.0));
        self.load_step.set(i64::from(gauges.load.1));
        let shares = gauges.shares;
        for (who, share) in [
            ("patter", shares.own),
            ("neighbours", shares.neighbours),
            ("polite", shares.polite),
            ("hypervisor", shares.stolen),
        ] {
            self.cores_time
                .with_label_values(&[who])
                .set(f64::from(share));
        }
        self.pressure.set(f64::from(shares.pressure));
        self.throttled.set(f64::from(shares.throttled));
        let sentence_ms = gauges.sentence_ms.unwrap_or(0.0);
        self.sentence.set(f64::from(sentence_ms) / 1_000.0);
        if let (Some(process), Some((resident, threads, open_files))) =
            (&self.process, read_process())
        {
            process.resident.set(resident);
            process.threads.set(threads);
            process.open_files.set(open_files);
        }
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

fn labelled_gauge(all: &Registry) -> Result<Gauge, prometheus::Error> {
    let options = Opts::new("patter_build_info", "The program's version; always 1")
        .const_label("version", env!("CARGO_PKG_VERSION"));
    let gauge = Gauge::with_opts(options)?;
    all.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}

fn observe_ms(histogram: &Histogram, ms: f32) {
    // One value that is no number would spoil the sum for ever.
    if ms.is_finite() && ms >= 0.0 {
        histogram.observe(f64::from(ms) / 1_000.0);
    }
}

/// The name that a variant has in the events.
fn name_of(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// Memory in bytes, threads and open files of this process, as Linux tells them.
fn read_process() -> Option<(i64, i64, i64)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let field = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        line.split_whitespace().next()?.parse::<i64>().ok()
    };
    let open_files = std::fs::read_dir("/proc/self/fd").ok()?.count();
    Some((
        field("VmRSS:")?.saturating_mul(1_024),
        field("Threads:")?,
        i64::try_from(open_files).ok()?,
    ))
}

#[cfg(test)]
mod tests;
