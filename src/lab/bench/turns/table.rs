//! From samples to rows, and what a row has to reach. Pure but for printing.

use std::collections::BTreeMap;

use super::plan::{Row, Situation};
use super::sample::{Outcome, Sample};

/// Signal-to-noise ratio of the rows in noise, in dB.
pub(super) const SNR_DB: f32 = 10.0;
/// An interruption that silences the agent within this time counts for ISR, in ms.
const PROMPT_MS: f32 = 500.0;

/// What a row has to reach.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    /// Median in ms, at most.
    Median(f32),
    /// 95th percentile in ms, at most.
    P95(f32),
    /// A share in %, at least.
    AtLeast(&'static str, f32),
    /// A share in %, at most.
    AtMost(&'static str, f32),
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Median(ms) => write!(f, "median <= {ms} ms"),
            Self::P95(ms) => write!(f, "p95 <= {ms} ms"),
            Self::AtLeast(share, percent) => write!(f, "{share} >= {percent} %"),
            Self::AtMost(share, percent) => write!(f, "{share} <= {percent} %"),
        }
    }
}

/// Targets of a row; none for a row that only informs. Times are what people take for a natural answer (200 to 700 ms);
/// 500 ms for a stop is that of the published benchmarks, ours is stricter.
pub(super) fn targets(row: Row) -> &'static [Target] {
    use Target::{AtLeast, AtMost, Median, P95};
    match row {
        Row::Approved => &[Median(450.0), P95(800.0)],
        Row::Generated => &[Median(700.0), P95(1_100.0)],
        Row::Interruption => &[
            Median(180.0),
            P95(280.0),
            AtLeast("ISR", 100.0),
            AtLeast("detected", 98.0),
        ],
        Row::FalseInterruption => &[AtLeast("resumed", 90.0), Median(700.0)],
        // An agent that never answers cuts nobody off.
        Row::CutOff => &[AtMost("cut off", 3.0), AtMost("no answer", 5.0)],
        Row::InterruptionNoise => &[AtLeast("detected", 95.0)],
        Row::CutOffNoise => &[AtMost("cut off", 5.0), AtMost("no answer", 5.0)],
        Row::Afterthought | Row::FalseInterruptionNoise | Row::Task => &[],
    }
}

/// A row of the table.
#[derive(Debug, Clone, serde::Serialize)]
pub(super) struct Summary {
    pub(super) situation: &'static str,
    pub(super) snr_db: Option<f32>,
    /// Samples.
    pub(super) n: usize,
    /// Exchanges that were no sample: the situation did not come about.
    pub(super) skipped: usize,
    /// Samples that have the row's figure.
    pub(super) timed: usize,
    pub(super) median_ms: Option<f32>,
    pub(super) p95_ms: Option<f32>,
    /// In %.
    pub(super) shares: BTreeMap<&'static str, f32>,
    pub(super) kinds: BTreeMap<String, Kind>,
    /// `pass`, `fail`, or `none` for a row without targets or samples.
    pub(super) verdict: &'static str,
    /// Targets that were missed.
    pub(super) missed: Vec<String>,
}

/// The samples of one kind in a row.
#[derive(Debug, Clone, serde::Serialize)]
pub(super) struct Kind {
    n: usize,
    /// Of the row's first share, in %.
    good: f32,
    median_ms: Option<f32>,
}

fn percent(part: usize, whole: usize) -> f32 {
    part as f32 * 100.0 / whole as f32
}

fn figures(samples: &[&Sample]) -> Vec<f32> {
    samples.iter().filter_map(|s| s.figure_ms).collect()
}

/// Median and 95th percentile; None without values.
fn median_p95(mut values: Vec<f32>) -> Option<(f32, f32)> {
    (!values.is_empty()).then(|| crate::report::median_p95(&mut values))
}

/// The shares of a row, the one that kinds show first.
fn shares(situation: Situation, samples: &[&Sample]) -> Vec<(&'static str, f32)> {
    let n = samples.len();
    let share = |outcomes: &[Outcome]| {
        let there = samples.iter().filter(|s| outcomes.contains(&s.outcome));
        percent(there.count(), n)
    };
    match situation {
        Situation::Approved | Situation::Generated => {
            vec![("answered", share(&[Outcome::Answered]))]
        }
        Situation::Interruption => {
            let silent = figures(samples);
            let prompt = silent.iter().filter(|ms| **ms < PROMPT_MS).count();
            let mut out = vec![("detected", share(&[Outcome::Silent]))];
            if !silent.is_empty() {
                out.push(("ISR", percent(prompt, silent.len())));
            }
            out
        }
        Situation::FalseInterruption => vec![
            ("resumed", share(&[Outcome::Resumed, Outcome::KeptOn])),
            ("never stopped", share(&[Outcome::KeptOn])),
        ],
        Situation::CutOff | Situation::Afterthought => vec![
            ("cut off", share(&[Outcome::CutOff])),
            ("no answer", share(&[Outcome::NoAnswer])),
        ],
        Situation::Task => vec![("SASR", share(&[Outcome::RightLine]))],
    }
}

/// Sums up a row's samples.
pub(super) fn summary(row: Row, all: &[Sample]) -> Summary {
    let situation = row.situation();
    let samples: Vec<&Sample> = all
        .iter()
        .filter(|s| s.outcome != Outcome::Skipped)
        .collect();
    let timed = figures(&samples);
    let times = timed.len();
    let (median_ms, p95_ms) = median_p95(timed).unzip();
    let shares: BTreeMap<&str, f32> = if samples.is_empty() {
        BTreeMap::new()
    } else {
        self::shares(situation, &samples).into_iter().collect()
    };
    let mut groups: BTreeMap<String, Vec<&Sample>> = BTreeMap::new();
    for sample in &samples {
        for name in std::iter::once(sample.kind).chain(sample.noise) {
            groups.entry(name.to_owned()).or_default().push(sample);
        }
    }
    let kinds = groups
        .into_iter()
        .filter(|(_, group)| group.len() < samples.len())
        .map(|(name, group)| {
            let kind = Kind {
                n: group.len(),
                good: self::shares(situation, &group).first().map_or(0.0, |s| s.1),
                median_ms: median_p95(figures(&group)).map(|m| m.0),
            };
            (name, kind)
        })
        .collect();
    let missed: Vec<String> = targets(row)
        .iter()
        .filter_map(|target| {
            let (value, reached) = match target {
                Target::Median(most) => (median_ms, median_ms.is_some_and(|v| v <= *most)),
                Target::P95(most) => (p95_ms, p95_ms.is_some_and(|v| v <= *most)),
                Target::AtLeast(name, least) => {
                    let value = shares.get(name).copied();
                    (value, value.is_some_and(|v| v >= *least))
                }
                Target::AtMost(name, most) => {
                    let value = shares.get(name).copied();
                    (value, value.is_some_and(|v| v <= *most))
                }
            };
            let got = value.map_or("none".into(), |v| format!("{v:.0}"));
            (!reached).then(|| format!("{target}: {got}"))
        })
        .collect();
    let verdict = match (
        samples.is_empty() || targets(row).is_empty(),
        missed.is_empty(),
    ) {
        (true, _) => "none",
        (_, true) => "pass",
        (_, false) => "fail",
    };
    Summary {
        situation: situation.name(),
        snr_db: row.noisy().then_some(SNR_DB),
        n: samples.len(),
        skipped: all.len() - samples.len(),
        timed: times,
        median_ms,
        p95_ms,
        shares,
        kinds,
        verdict,
        missed: if verdict == "fail" {
            missed
        } else {
            Vec::new()
        },
    }
}

/// Prints the rows for people; with `kinds`, what each row is made of.
pub(super) fn print(machine: &impl std::fmt::Display, rows: &[Summary], kinds: bool) {
    println!("{machine}");
    println!(
        "{:20} {:6} {:>4} {:>7} {:>7} {:>7}  {:34} verdict",
        "", "noise", "n", "skipped", "median", "p95", "shares"
    );
    let number = |value: Option<f32>| value.map_or("–".into(), |v| format!("{v:.0} ms"));
    for row in rows {
        let noise = row.snr_db.map_or("–".into(), |snr| format!("{snr:.0} dB"));
        let shares: Vec<String> = row
            .shares
            .iter()
            .map(|(name, share)| format!("{name} {share:.0} %"))
            .collect();
        let verdict = match row.verdict {
            "fail" => format!("fail: {}", row.missed.join("; ")),
            "none" => "–".into(),
            other => other.into(),
        };
        println!(
            "{:20} {noise:6} {:>4} {:>7} {:>7} {:>7}  {:34} {verdict}",
            row.situation,
            row.n,
            row.skipped,
            number(row.median_ms),
            number(row.p95_ms),
            shares.join(", ")
        );
        for (name, kind) in row.kinds.iter().filter(|_| kinds) {
            println!(
                "    {name:23} {:>4} {:>7} {:>7} {:>7}  {:.0} %",
                kind.n,
                "",
                number(kind.median_ms),
                "",
                kind.good
            );
        }
    }
}

/// The long help: how each row is counted, and its targets.
pub(super) fn help() -> String {
    use clap::ValueEnum;
    let mut text = String::from(
        "\
Rows, all times from the sound on the wire (audible: above -45 dBFS, on a grid of 5 ms):
  approved answer, generated answer
      The caller's last audible sample to the agent's first. An answer of the other kind (the words were misheard) is skipped,
      and so is the exchange after a question that nobody answered for 8 s: a late answer would count for it.
  interruption
      The caller breaks in with a sentence 0.8 to 2.5 s into a line that would go on for 1.7 s or more. First sample of the sentence to
      the agent's last audible one before it is silent to the end of the sentence. detected: that is within 1.5 s; ISR: of the detected, below 500 ms.
  false interruption
      Cough, laughter, noise burst, door slam, \"Uh huh.\", \"Mm hmm.\", \"Okay.\" in the middle of a line. resumed: the agent never stopped (a gap of
      0 ms), or the first 500 ms after the gap are the same line, from 1.5 s before the stop to 0.5 s after it (normalised cross-correlation\n      with that line in the agent's voice above 0.8). The time is the longest
      gap, from the last audible sample to the next.
  cut-off
      Digits, and sentences with pauses of 300 to 800 ms, and quick words. cut off: the agent was audible between the first and the last sample of the
      turn. The time is that of the answer after the real end.
  afterthought
      A whole sentence, a pause of 300 to 800 ms, and more: nothing but time could have told. Counted as a cut-off, without a target.
  the same at 10 dB
      Street, babble and music under the whole call, 10 dB below the level of the caller's speech.
  task perceived
      SASR: one call, one task of the caller (\"I want to cancel my gym membership.\"); the share of calls in which the next turn of the agent has the playbook's approved
      line for that task, by the source in the call's events.
Targets:
",
    );
    for row in Row::value_variants() {
        let list: Vec<String> = targets(*row).iter().map(Target::to_string).collect();
        let noise = if row.noisy() { " at 10 dB" } else { "" };
        let list = if list.is_empty() {
            "none".to_owned()
        } else {
            list.join(", ")
        };
        text += &format!("  {}{noise}: {list}\n", row.situation().name());
    }
    text + "Exit code 1: a target was missed."
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(outcome: Outcome, figure_ms: Option<f32>, kind: &'static str) -> Sample {
        Sample {
            situation: "x",
            noise: None,
            kind,
            voice: "en-us",
            call: "c".into(),
            text: "x".into(),
            line_start_ms: 0.0,
            line_end_ms: 0.0,
            agent_since_ms: None,
            stopped_ms: None,
            spoke_ms: None,
            likeness: None,
            figure_ms,
            outcome,
            sources: Vec::new(),
        }
    }

    #[test]
    fn a_missed_interruption_lowers_detection_and_not_isr() {
        let mut samples = vec![sample(Outcome::Silent, Some(150.0), "s"); 9];
        samples.push(sample(Outcome::NotSilent, None, "s"));
        samples.push(sample(Outcome::Skipped, None, "s"));
        let row = summary(Row::Interruption, &samples);
        assert_eq!((row.n, row.skipped, row.timed), (10, 1, 9));
        assert_eq!(row.shares["detected"], 90.0);
        assert_eq!(row.shares["ISR"], 100.0);
        assert_eq!(row.verdict, "fail");
        assert_eq!(row.missed, ["detected >= 98 %: 90"]);
    }

    #[test]
    fn an_agent_that_never_stops_for_a_cough_passes() {
        let samples = vec![
            sample(Outcome::KeptOn, Some(0.0), "cough"),
            sample(Outcome::Resumed, Some(600.0), "laughter"),
        ];
        let row = summary(Row::FalseInterruption, &samples);
        assert_eq!(row.shares["resumed"], 100.0);
        assert_eq!(row.verdict, "pass");
        assert_eq!(row.kinds.len(), 2);
        let cut = [sample(Outcome::Cut, None, "cough")];
        assert_eq!(summary(Row::FalseInterruption, &cut).missed.len(), 2);
    }

    #[test]
    fn no_samples_are_no_verdict() {
        let row = summary(Row::CutOff, &[]);
        assert_eq!((row.verdict, row.n, row.median_ms), ("none", 0, None));
        assert!(
            serde_json::to_string(&row)
                .unwrap()
                .contains("\"verdict\":\"none\"")
        );
    }

    #[test]
    fn the_help_names_every_target() {
        let text = help();
        assert!(text.contains(
            "interruption: median <= 180 ms, p95 <= 280 ms, ISR >= 100 %, detected >= 98 %"
        ));
        assert!(text.contains("cut-off at 10 dB: cut off <= 5 %"));
    }
}
