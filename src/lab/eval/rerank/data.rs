//! What callers say, with a thought and a good reply to each; and figures over them.
//!
//! Thread: any; pure. In: a table, separated by tabs. Out: triples; means with intervals. Memory: the table.

use anyhow::Context;
use patter_language::text::normalise;
use serde::Serialize;

/// Resamples of an interval.
const RESAMPLES: usize = 2_000;

/// What belongs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Triple {
    pub(super) caller: String,
    pub(super) thought: String,
    pub(super) reply: String,
}

/// Reads `text`: caller, thought and reply a line; `#` begins a comment.
pub(super) fn triples(text: &str) -> anyhow::Result<Vec<Triple>> {
    let mut out = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
        let [caller, thought, reply] = cells[..] else {
            anyhow::bail!(
                "line {}: {} cells in place of caller, thought and reply",
                index + 1,
                cells.len()
            );
        };
        let whole = [caller, thought, reply].iter().all(|cell| !cell.is_empty());
        anyhow::ensure!(whole, "line {}: an empty cell", index + 1);
        out.push(Triple {
            caller: caller.to_owned(),
            thought: thought.to_owned(),
            reply: reply.to_owned(),
        });
    }
    (out.len() > 1)
        .then_some(out)
        .context("at least two lines are wanted")
}

/// The rivals of triple `number` of `count`: near ones first, by turns after and before it, so that each pair is judged
/// from both sides.
pub(super) fn rivals(number: usize, count: usize, most: usize) -> Vec<usize> {
    let steps = (1..count).flat_map(|step| [step, count - step]);
    let mut out: Vec<usize> = Vec::new();
    for step in steps {
        let rival = (number + step) % count;
        if out.len() < most && !out.contains(&rival) {
            out.push(rival);
        }
    }
    out
}

/// A mean, and where it lies in 95 of 100 resamples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Mean {
    pub(super) mean: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Mean {
    /// Of one value a caller's line; lines are resampled, with the same draws each time.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        let mean = |sum: f64| sum / values.len() as f64;
        let mut state = 7u64;
        let mut draw = || {
            // Knuth's MMIX; the high bits are the random ones.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            values[(state >> 33) as usize % values.len()]
        };
        let mut means: Vec<f64> = (0..RESAMPLES)
            .map(|_| mean((0..values.len()).map(|_| draw()).sum()))
            .collect();
        means.sort_by(f64::total_cmp);
        Some(Self {
            mean: mean(values.iter().sum()),
            low: means[RESAMPLES / 40],
            high: means[RESAMPLES - 1 - RESAMPLES / 40],
        })
    }
}

/// How alike two replies are, 0 to 1: F1 of their words, as often as they occur. It sees words, not meaning.
/// Spaces alone part them: another division of the words would be another score.
pub(super) fn likeness(one: &str, other: &str) -> f64 {
    let words = |text: &str| -> Vec<String> {
        let text = normalise(text);
        text.split_whitespace().map(str::to_owned).collect()
    };
    let (one, mut other) = (words(one), words(other));
    let length = one.len() + other.len();
    let mut shared = 0;
    for word in &one {
        if let Some(at) = other.iter().position(|w| w == word) {
            other.swap_remove(at);
            shared += 1;
        }
    }
    if length == 0 {
        0.0
    } else {
        2.0 * f64::from(shared) / length as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_is_whole_and_says_nothing_twice() {
        let triples = triples(super::super::TRIPLES).unwrap();
        assert!(triples.len() >= 60, "{}", triples.len());
        for (number, triple) in triples.iter().enumerate() {
            let thought = patter_dialogue::rerank::thought(&triple.thought);
            assert_eq!(thought.as_deref(), Some(triple.thought.as_str()));
            assert!(
                triples[..number]
                    .iter()
                    .all(|t| t.caller != triple.caller && t.reply != triple.reply),
                "{}",
                triple.caller
            );
        }
    }

    #[test]
    fn a_table_with_a_hole_names_its_line() {
        let error = |text: &str| triples(text).unwrap_err().to_string();
        assert!(error("a\tb\tc\n\na\tb\n").contains("line 3: 2 cells"));
        assert!(error("a\t \tc\n").contains("line 1: an empty cell"));
        assert!(error("# a\n").contains("at least two"));
    }

    #[test]
    fn rivals_are_others_and_judged_from_both_sides() {
        assert_eq!(rivals(0, 5, 3), [1, 4, 2]);
        assert_eq!(rivals(4, 5, 9), [0, 3, 1, 2]);
        for most in [2, 4] {
            for one in 0..7 {
                for other in rivals(one, 7, most) {
                    assert!(other != one && rivals(other, 7, most).contains(&one));
                }
            }
        }
    }

    #[test]
    fn an_interval_holds_its_mean_and_narrows_with_more_lines() {
        let values = |count: usize| -> Vec<f64> { (0..count).map(|n| (n % 2) as f64).collect() };
        let (few, many) = (
            Mean::of(&values(20)).unwrap(),
            Mean::of(&values(2_000)).unwrap(),
        );
        assert_eq!((few.mean, many.mean), (0.5, 0.5));
        assert!(few.low < 0.5 && few.high > 0.5);
        assert!(many.high - many.low < (few.high - few.low) / 5.0);
        assert_eq!(Mean::of(&[]), None);
    }

    #[test]
    fn likeness_counts_shared_words() {
        assert_eq!(likeness("It's free.", "it's FREE"), 1.0);
        assert_eq!(likeness("a b", "b c"), 0.5);
        assert_eq!(likeness("free free free", "free"), 0.5);
        assert_eq!(likeness("", ""), 0.0);
    }
}
