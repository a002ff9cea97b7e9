//! How well an approach finds what callers mean: right answers, honest silence, honest probabilities, time.
//!
//! Thread: any, never in a call ·
//! In: labelled lines, one [`Answer`] for each · Out: a [`Score`] ·
//! Memory: one answer per line ·
//! When late or full: a line of the file that cannot be read is an error with its number ·
//! Source: expected calibration error over ten equal bins as in Guo et al. 2017 (arXiv 1706.04599), Brier's score of
//! "the named intent is the right one".

use std::collections::BTreeMap;

use serde::Serialize;
use thiserror::Error;

use patter_playbook::UNKNOWN;

/// Bins of the calibration, each a tenth of probability wide.
pub const BINS: usize = 10;

/// One labelled line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How it was made: `clean`, `asr`, …
    pub kind: String,
    /// What is meant, as in [`CallerExample::intent`](patter_playbook::CallerExample); `None` for none of them.
    pub intent: Option<String>,
    /// The caller's words.
    pub text: String,
}

/// Why labelled lines cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum LinesError {
    /// Not three columns.
    #[error("line {number} has not the three columns kind, intent and words, separated by tabs")]
    Columns {
        /// From 1.
        number: usize,
    },
    /// The playbook has no such intent.
    #[error("line {number}: the playbook has no intent `{intent}`")]
    Intent {
        /// From 1.
        number: usize,
        /// What stands there.
        intent: String,
    },
    /// Nothing to measure.
    #[error("there is no line")]
    Empty,
}

/// Reads labelled lines, `kind<TAB>intent<TAB>words` each; empty ones and those after `#` are left out.
///
/// # Errors
/// When a line has other columns, or an intent that `known` refuses.
pub fn read_lines(text: &str, known: impl Fn(&str) -> bool) -> Result<Vec<Line>, LinesError> {
    let mut lines = Vec::new();
    for (index, row) in text.lines().enumerate() {
        let number = index + 1;
        if row.trim().is_empty() || row.starts_with('#') {
            continue;
        }
        let columns: Vec<&str> = row.split('\t').map(str::trim).collect();
        let [kind, intent, text] = columns[..] else {
            return Err(LinesError::Columns { number });
        };
        if intent != UNKNOWN && !known(intent) {
            let intent = intent.to_owned();
            return Err(LinesError::Intent { number, intent });
        }
        lines.push(Line {
            kind: kind.to_owned(),
            intent: (intent != UNKNOWN).then(|| intent.to_owned()),
            text: text.to_owned(),
        });
    }
    if lines.is_empty() {
        return Err(LinesError::Empty);
    }
    Ok(lines)
}

/// What an approach says to one line.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What it takes the caller to mean; `None` when it abstains.
    pub intent: Option<String>,
    /// The most probable intent, also when it abstains.
    pub best: Option<String>,
    /// Probability that `best` is right, 0 to 1; `None` for an approach that gives none.
    pub probability: Option<f32>,
    /// Time it took, in milliseconds.
    pub took_ms: f32,
}

/// Lines of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KindScore {
    /// The kind.
    pub kind: String,
    /// Its known lines.
    pub known: usize,
    /// Share of them with the right answer, 0 to 1; an abstention is wrong.
    pub accuracy: f32,
    /// Its lines that mean nothing the playbook knows.
    pub unknown: usize,
    /// Share of those in which the approach abstained, 0 to 1.
    pub rejected: f32,
}

/// Lines whose probability fell into one bin.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Bin {
    /// Lines in it.
    pub lines: usize,
    /// Mean probability of them.
    pub probability: f32,
    /// Share of them in which the best intent was right.
    pub right: f32,
}

/// How an approach did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// All lines, then those of each kind.
    pub kinds: Vec<KindScore>,
    /// Of the answers that named an intent, the share that was right.
    pub precision: f32,
    /// Share of the known lines whose best intent was right, said or not.
    pub best_right: f32,
    /// Expected calibration error over [`BINS`] bins, 0 to 1, of the lines with a probability; not a number without
    /// any.
    pub calibration_error: f32,
    /// Brier's score of "the best intent is right", 0 to 1, of the same lines.
    pub brier: f32,
    /// The bins.
    pub bins: Vec<Bin>,
    /// What was meant, what was answered instead, and how often; the most frequent first.
    pub confused: Vec<(String, String, usize)>,
    /// Median time of a line, in milliseconds.
    pub median_ms: f32,
    /// 95th percentile of the times (nearest rank), in milliseconds.
    pub p95_ms: f32,
}

/// `part` of `whole`, 0 to 1; not a number of nothing.
fn share(part: usize, whole: usize) -> f32 {
    part as f32 / whole as f32
}

fn of_kind(kind: &str, rows: &[(&Line, &Answer)]) -> KindScore {
    let (known, unknown): (Vec<_>, Vec<_>) = rows.iter().partition(|(l, _)| l.intent.is_some());
    let right = known.iter().filter(|(l, a)| l.intent == a.intent).count();
    let rejected = unknown.iter().filter(|(_, a)| a.intent.is_none()).count();
    KindScore {
        kind: kind.to_owned(),
        known: known.len(),
        accuracy: share(right, known.len()),
        unknown: unknown.len(),
        rejected: share(rejected, unknown.len()),
    }
}

fn nearest_rank(sorted: &[f32], part: f32) -> f32 {
    let rank = (sorted.len() as f32 * part).ceil() as usize;
    let last = sorted.len().saturating_sub(1);
    sorted
        .get(rank.saturating_sub(1).min(last))
        .copied()
        .unwrap_or(f32::NAN)
}

/// Compares answers with what was meant, line by line.
pub fn score(lines: &[Line], answers: &[Answer]) -> Score {
    let rows: Vec<(&Line, &Answer)> = lines.iter().zip(answers).collect();
    let mut by_kind: BTreeMap<&str, Vec<(&Line, &Answer)>> = BTreeMap::new();
    for row in &rows {
        by_kind.entry(&row.0.kind).or_default().push(*row);
    }
    let mut kinds = vec![of_kind("all", &rows)];
    kinds.extend(by_kind.iter().map(|(kind, rows)| of_kind(kind, rows)));

    let mut bins = vec![Bin::default(); BINS];
    let mut squares = 0.0;
    let mut judged = 0;
    for (line, answer) in &rows {
        let Some(probability) = answer.probability else {
            continue;
        };
        let right = line.intent.is_some() && line.intent == answer.best;
        let truth = f32::from(u8::from(right));
        let bin = &mut bins[((probability * BINS as f32) as usize).min(BINS - 1)];
        bin.lines += 1;
        bin.probability += probability;
        bin.right += truth;
        squares += (probability - truth).powi(2);
        judged += 1;
    }
    let mut gaps = 0.0;
    for bin in bins.iter_mut().filter(|bin| bin.lines > 0) {
        gaps += (bin.probability - bin.right).abs();
        bin.probability /= bin.lines as f32;
        bin.right /= bin.lines as f32;
    }

    let mut confused: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (line, answer) in rows.iter().filter(|(l, a)| l.intent != a.intent) {
        let meant = line.intent.as_deref().unwrap_or(UNKNOWN);
        let said = answer.intent.as_deref().unwrap_or(UNKNOWN);
        *confused.entry((meant, said)).or_default() += 1;
    }
    let mut confused: Vec<(String, String, usize)> = confused
        .into_iter()
        .map(|((meant, said), times)| (meant.to_owned(), said.to_owned(), times))
        .collect();
    confused.sort_by_key(|(_, _, times)| std::cmp::Reverse(*times));

    let named = rows.iter().filter(|(_, a)| a.intent.is_some()).count();
    let named_right = rows
        .iter()
        .filter(|(l, a)| a.intent.is_some() && l.intent == a.intent)
        .count();
    let known = rows.iter().filter(|(l, _)| l.intent.is_some());
    let best_right = known.filter(|(l, a)| l.intent == a.best).count();
    let mut times: Vec<f32> = answers.iter().map(|answer| answer.took_ms).collect();
    times.sort_by(f32::total_cmp);
    Score {
        precision: share(named_right, named),
        best_right: share(best_right, kinds[0].known),
        calibration_error: gaps / judged as f32,
        brier: squares / judged as f32,
        bins,
        confused,
        median_ms: nearest_rank(&times, 0.5),
        p95_ms: nearest_rank(&times, 0.95),
        kinds,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(intent: Option<&str>, best: &str, probability: f32) -> Answer {
        Answer {
            intent: intent.map(str::to_owned),
            best: Some(best.to_owned()),
            probability: Some(probability),
            took_ms: probability,
        }
    }

    #[test]
    fn faulty_lines_are_named_by_number() {
        let known = |intent: &str| intent == "a";
        assert_eq!(
            read_lines("clean\ta\tone\n\nbad", known),
            Err(LinesError::Columns { number: 3 })
        );
        assert!(matches!(
            read_lines("# note\nclean\tb\tone", known),
            Err(LinesError::Intent { number: 2, .. })
        ));
        assert_eq!(read_lines("\n", known), Err(LinesError::Empty));
        let lines = read_lines("clean\ta\tone\nasr\tunknown\ttwo", known).unwrap();
        assert_eq!(lines[1].intent, None);
        assert_eq!(lines[0].text, "one");
    }

    #[test]
    fn an_abstention_is_wrong_on_a_known_line_and_right_on_another() {
        let lines = read_lines(
            "clean\ta\t1\nclean\ta\t2\nasr\ta\t3\nasr\tb\t4\nclean\tunknown\t5\nclean\tunknown\t6",
            |_| true,
        )
        .unwrap();
        let answers = [
            answer(Some("a"), "a", 0.95),
            answer(None, "a", 0.35),
            answer(Some("b"), "b", 0.65),
            answer(Some("b"), "b", 0.85),
            answer(None, "a", 0.05),
            answer(Some("b"), "b", 0.55),
        ];
        let score = score(&lines, &answers);
        let shares: Vec<(&str, f32, f32)> = score
            .kinds
            .iter()
            .map(|k| (k.kind.as_str(), k.accuracy, k.rejected))
            .collect();
        assert_eq!(shares[0], ("all", 0.5, 0.5));
        assert_eq!(shares[2].1, 0.5);
        assert!(shares[1].2.is_nan());
        assert_eq!((score.precision, score.best_right), (0.5, 0.75));
        let gaps = 0.05 + 0.65 + 0.65 + 0.15 + 0.05 + 0.55;
        assert!((score.calibration_error - gaps / 6.0).abs() < 1e-6);
        assert_eq!(score.bins[9].lines, 1);
        assert_eq!(score.confused.len(), 3);
        assert_eq!((score.median_ms, score.p95_ms), (0.55, 0.95));
    }
}
