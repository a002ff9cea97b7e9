//! Does the reward know what belongs together? What matches a caller's line against what was said to another.
//!
//! Thread: one, beside the model's. In: triples, and the chat that each comes in. Out: for each formula, how often the
//! matching one wins; how long scoring takes. Memory: a few numbers a pair.

use std::time::Instant;

use patter_dialogue::rerank::{Evidence, Formula, Terms, before_reply};
use patter_engine::chat::ChatSession;
use patter_types::chat::ChatMessage;
use patter_types::priority::Priority;
use serde::Serialize;

use super::data::{Mean, Triple, rivals};

/// What is held against the matching thought and reply.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Against {
    /// Another line's thought with its reply.
    Both,
    /// Another line's thought before the matching reply: does the thought explain the reply?
    Thought,
}

/// How often the matching one has the higher reward; equals count half.
#[derive(Serialize)]
pub(super) struct Accuracy {
    against: Against,
    formula: &'static str,
    per_token: bool,
    #[serde(flatten)]
    share: Mean,
}

#[derive(Serialize)]
pub(super) struct Pairs {
    pub(super) pairs: usize,
    pub(super) accuracy: Vec<Accuracy>,
    /// Tokens of thought and reply that a scoring reads.
    #[serde(skip)]
    pub(super) tokens: Vec<f32>,
    /// One scoring, with the chat in the cache.
    #[serde(skip)]
    pub(super) scored_ms: Vec<f32>,
}

/// The reply without any thought: whether thinking helps.
const NO_THOUGHT: &str = "reply without a thought";
const FORMULAS: [(&str, Terms); 3] = [
    ("prior", Terms::Prior),
    ("likelihood", Terms::Likelihood),
    ("prior + likelihood", Terms::Both),
];

/// One caller's line: what matches, and its rivals.
struct Judged {
    matching: Evidence,
    /// Another's thought and reply, and another's thought before the matching reply.
    rivals: Vec<(Evidence, Evidence)>,
}

pub(super) fn judge(
    session: &dyn ChatSession,
    triples: &[Triple],
    others: usize,
    chat: impl Fn(&str) -> Vec<ChatMessage>,
    mut progress: impl FnMut(usize),
) -> anyhow::Result<Pairs> {
    let mut out = Pairs {
        pairs: 0,
        accuracy: Vec::new(),
        tokens: Vec::new(),
        scored_ms: Vec::new(),
    };
    let mut judged = Vec::new();
    let mut plain = Vec::new();
    for (number, triple) in triples.iter().enumerate() {
        progress(number);
        let chat = chat(&triple.caller);
        // Its end has no header of the agent's turn; the first scoring reads that.
        let _ = session.warm(chat.clone()).recv();
        let mut score = |thought: &str, reply: &str| -> anyhow::Result<Evidence> {
            let before = if thought.is_empty() {
                String::new()
            } else {
                before_reply(thought)
            };
            let started = Instant::now();
            let parts = vec![before, reply.to_owned()];
            let scores = session
                .score(chat.clone(), parts, Priority::Interactive)
                .wait()?;
            out.scored_ms.push(started.elapsed().as_secs_f32() * 1000.0);
            out.tokens
                .push(scores.iter().map(|s| s.tokens as f32).sum());
            let at = |n: usize| scores.get(n).copied().unwrap_or_default();
            Ok(Evidence {
                prior: at(0),
                likelihood: at(1),
            })
        };
        let rivals: Vec<&Triple> = rivals(number, triples.len(), others)
            .into_iter()
            .map(|rival| &triples[rival])
            .collect();
        let matching = score(&triple.thought, &triple.reply)?;
        let mut of_rivals = Vec::new();
        for rival in &rivals {
            of_rivals.push((
                score(&rival.thought, &rival.reply)?,
                score(&rival.thought, &triple.reply)?,
            ));
        }
        let own_plain = score("", &triple.reply)?;
        let mut plain_rivals = Vec::new();
        for rival in &rivals {
            plain_rivals.push((score("", &rival.reply)?, own_plain));
        }
        out.pairs += rivals.len();
        judged.push(Judged {
            matching,
            rivals: of_rivals,
        });
        plain.push(Judged {
            matching: own_plain,
            rivals: plain_rivals,
        });
    }
    for against in [Against::Both, Against::Thought] {
        for per_token in [true, false] {
            for (name, terms) in FORMULAS {
                let formula = Formula { terms, per_token };
                out.accuracy
                    .extend(accuracy(&judged, against, name, formula));
            }
            if against == Against::Both {
                let formula = Formula {
                    terms: Terms::Likelihood,
                    per_token,
                };
                out.accuracy
                    .extend(accuracy(&plain, against, NO_THOUGHT, formula));
            }
        }
    }
    Ok(out)
}

fn accuracy(
    judged: &[Judged],
    against: Against,
    name: &'static str,
    formula: Formula,
) -> Option<Accuracy> {
    let of_line = |line: &Judged| {
        let own = formula.reward(&line.matching);
        let wins: f64 = line
            .rivals
            .iter()
            .map(|(both, thought)| {
                let other = formula.reward(match against {
                    Against::Both => both,
                    Against::Thought => thought,
                });
                wins(own, other)
            })
            .sum();
        wins / line.rivals.len() as f64
    };
    let shares: Vec<f64> = judged.iter().map(of_line).collect();
    Some(Accuracy {
        against,
        formula: name,
        per_token: formula.per_token,
        share: Mean::of(&shares)?,
    })
}

fn wins(own: f64, other: f64) -> f64 {
    match own.partial_cmp(&other) {
        Some(std::cmp::Ordering::Greater) => 1.0,
        Some(std::cmp::Ordering::Equal) => 0.5,
        // What is no number is not above anything.
        _ => 0.0,
    }
}

pub(super) fn print(pairs: &Pairs) {
    for against in [Against::Both, Against::Thought] {
        println!(
            "{}",
            match against {
                Against::Both => "what matches above another line's thought and reply",
                Against::Thought =>
                    "the matching reply after its thought, above the same after another",
            }
        );
        for row in pairs.accuracy.iter().filter(|row| row.against == against) {
            let Mean { mean, low, high } = row.share;
            println!(
                "  {:<25}{:<10}{:.1} %   ({:.1} to {:.1})",
                row.formula,
                if row.per_token { "mean" } else { "sum" },
                mean * 100.0,
                low * 100.0,
                high * 100.0
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use patter_engine::chat::Score;

    fn evidence(prior: f64, likelihood: f64) -> Evidence {
        let score = |log_probability| Score {
            log_probability,
            tokens: 2,
        };
        Evidence {
            prior: score(prior),
            likelihood: score(likelihood),
        }
    }

    #[test]
    fn equals_count_half_and_what_is_no_number_loses() {
        assert_eq!(wins(-1.0, -2.0), 1.0);
        assert_eq!(wins(-1.0, -1.0), 0.5);
        assert_eq!(wins(f64::NAN, -1.0), 0.0);
        let line = Judged {
            matching: evidence(-1.0, -1.0),
            rivals: vec![
                (evidence(-2.0, -0.5), evidence(-1.0, -3.0)),
                (evidence(-1.0, -1.0), evidence(-1.0, -0.1)),
            ],
        };
        let share = |against, terms| {
            let formula = Formula {
                terms,
                per_token: true,
            };
            accuracy(std::slice::from_ref(&line), against, "", formula)
                .unwrap()
                .share
                .mean
        };
        assert_eq!(share(Against::Both, Terms::Prior), 0.75);
        assert_eq!(share(Against::Both, Terms::Likelihood), 0.25);
        assert_eq!(share(Against::Thought, Terms::Prior), 0.5);
        assert_eq!(share(Against::Thought, Terms::Both), 0.5);
    }
}
