//! Which of several replies is the best: a Bayesian reward, made of what the model itself finds likely.
//!
//! Thread: any; pure. In: for each candidate, how likely its thought is in the conversation (prior) and its reply after
//! that thought (likelihood). Out: an order. Memory: one number a candidate. When late: nothing here; who makes the
//! candidates keeps the time. Source: AI-Salesman, arXiv 2511.12133: R_bayes = log P(Th) + log P(A* | Th), where the
//! prior stands for a coherent thought and the likelihood for a thought that explains the answer.
//!
//! What is ours, and not the paper's: the paper trains with this reward, on the reference answer A* of its data, beside
//! other rewards of unknown weight. Here nothing is trained. There is no reference in a call, so each candidate's own
//! reply takes its place, and candidates are ranked by it. Both terms are means over tokens, for a sum would prefer
//! whatever is short; whether the paper does that is not known. Both weigh the same, as in the formula. A thought is
//! one line, "The caller wants …, so …", that the model writes before its reply; for an approved line it is made of the
//! line's intent and the stage's goal. It is never spoken, and a reply that repeats it is none ([`thinks_aloud`]).
//!
//! What is known against it: a model finds its own commonplaces and repetitions likely. `patter eval rerank` shows what
//! the configured model makes of it.

use std::cmp::Ordering;

use patter_engine::chat::Score;
use patter_language::text::{count_words, normalise, tokens};

/// How a thought of the model's begins.
pub const THOUGHT_BEGINS: &str = "The caller wants";
/// Words of the longest thought; more is rambling.
const MAX_THOUGHT_WORDS: usize = 30;
/// Words that a thought has at least: less says nothing.
const MIN_THOUGHT_WORDS: usize = 5;

/// A reply of whose first words this share is the thought's, 0 to 1, repeats it. Good replies share words of their
/// matter alone: half at most.
const REPEATED_SHARE: f32 = 0.75;

/// What the model finds of one candidate.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Evidence {
    /// The thought, given the conversation.
    pub prior: Score,
    /// The reply, given the conversation and the thought.
    pub likelihood: Score,
}

/// Which terms make the reward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terms {
    /// The thought alone.
    Prior,
    /// The reply alone.
    Likelihood,
    /// Their sum: the paper's.
    Both,
}

/// How the reward is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Formula {
    /// Its terms.
    pub terms: Terms,
    /// Each term is a mean over its tokens, not their sum.
    pub per_token: bool,
}

impl Default for Formula {
    fn default() -> Self {
        Self {
            terms: Terms::Both,
            per_token: true,
        }
    }
}

impl Formula {
    /// The reward, 0 or below; not a number when a term that it needs has no tokens or no finite value.
    pub fn reward(self, evidence: &Evidence) -> f64 {
        let term = |score: Score| {
            if score.tokens == 0 || !score.log_probability.is_finite() {
                f64::NAN
            } else if self.per_token {
                score.mean()
            } else {
                score.log_probability
            }
        };
        match self.terms {
            Terms::Prior => term(evidence.prior),
            Terms::Likelihood => term(evidence.likelihood),
            Terms::Both => term(evidence.prior) + term(evidence.likelihood),
        }
    }

    /// The candidates' numbers, best first. Of equals the earlier one comes first: the first is what would be said
    /// without a choice. Candidates whose reward is not a number come last, in their own order.
    pub fn order(self, candidates: &[Evidence]) -> Vec<usize> {
        let rewards: Vec<f64> = candidates.iter().map(|c| self.reward(c)).collect();
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        // The sort is stable.
        order.sort_by(|a, b| better_first(rewards[*a], rewards[*b]));
        order
    }
}

/// Numbers from high to low, then what is none.
fn better_first(a: f64, b: f64) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (false, false) => b.partial_cmp(&a).unwrap_or(Ordering::Equal),
        (a, b) => a.cmp(&b),
    }
}

/// The model's `text` as a thought: its first sentence or line, or None when that is too short or too long to be one.
pub fn thought(text: &str) -> Option<String> {
    let line = text.trim_start().lines().next().unwrap_or("").trim();
    let end = line
        .char_indices()
        .find(|(at, letter)| {
            matches!(letter, '.' | '!' | '?' | '。')
                && line[at + letter.len_utf8()..]
                    .chars()
                    .next()
                    .is_none_or(char::is_whitespace)
        })
        .map_or(line.len(), |(at, _)| at);
    let line = line[..end].trim_end_matches([',', ';', ':', ' ']);
    let words = count_words(line);
    (MIN_THOUGHT_WORDS..=MAX_THOUGHT_WORDS)
        .contains(&words)
        .then(|| format!("{line}."))
}

/// True when `text`, as it grows, holds a whole thought or can become none any more.
pub fn is_whole_thought(text: &str) -> bool {
    let text = text.trim_start();
    let ends = |(at, letter): (usize, char)| {
        // A point may stand inside a number: what follows tells.
        letter == '\n'
            || (matches!(letter, '.' | '!' | '?')
                && text[at + 1..].starts_with(char::is_whitespace))
    };
    text.char_indices().any(ends) || count_words(text) > MAX_THOUGHT_WORDS + 1
}

/// True when `reply` says what was only to be thought: small models like to repeat the line before.
pub fn thinks_aloud(thought: &str, reply: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let words = normalise(text);
        tokens(&words).map(str::to_owned).collect()
    };
    let (thought, said) = (words(thought), words(reply));
    let of_caller = |pair: &[String]| pair[0] == "the" && pair[1] == "caller";
    if said.windows(2).any(of_caller) {
        return true;
    }
    // As much of the reply as the thought is long: what follows may be good, but comes too late.
    let said = &said[..said.len().min(thought.len())];
    let repeated = said.iter().filter(|word| thought.contains(word)).count();
    !said.is_empty()
        && repeated as f32 >= REPEATED_SHARE * said.len() as f32
        && said.len() >= MIN_THOUGHT_WORDS
}

/// What the agent's turn begins with before the reply, in the model's eyes.
pub fn before_reply(thought: &str) -> String {
    format!("{thought}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn score(log_probability: f64, tokens: usize) -> Score {
        Score {
            log_probability,
            tokens,
        }
    }

    fn evidence(prior: (f64, usize), likelihood: (f64, usize)) -> Evidence {
        Evidence {
            prior: score(prior.0, prior.1),
            likelihood: score(likelihood.0, likelihood.1),
        }
    }

    fn formula(terms: Terms, per_token: bool) -> Formula {
        Formula { terms, per_token }
    }

    #[test]
    fn the_reward_is_the_papers_sum_of_two_logarithms() {
        let one = evidence((-10.0, 5), (-30.0, 10));
        assert_eq!(formula(Terms::Prior, false).reward(&one), -10.0);
        assert_eq!(formula(Terms::Likelihood, false).reward(&one), -30.0);
        assert_eq!(formula(Terms::Both, false).reward(&one), -40.0);
        assert_eq!(formula(Terms::Both, true).reward(&one), -5.0);
        assert_eq!(Formula::default(), formula(Terms::Both, true));
    }

    #[test]
    fn a_mean_does_not_prefer_what_is_short() {
        let long = evidence((-10.0, 10), (-20.0, 20));
        let short = evidence((-6.0, 3), (-8.0, 4));
        assert_eq!(formula(Terms::Both, false).order(&[long, short]), [1, 0]);
        assert_eq!(formula(Terms::Both, true).order(&[long, short]), [0, 1]);
    }

    #[test]
    fn of_equals_the_first_wins_and_what_is_no_number_comes_last() {
        let good = evidence((-1.0, 1), (-1.0, 1));
        let bad = evidence((-2.0, 1), (-2.0, 1));
        let unscored = Evidence::default();
        let impossible = evidence((-1.0, 1), (f64::NEG_INFINITY, 3));
        let nan = evidence((f64::NAN, 2), (-1.0, 1));
        let all = [unscored, bad, good, nan, good, impossible];
        assert_eq!(Formula::default().order(&all), [2, 4, 1, 0, 3, 5]);
        assert_eq!(Formula::default().order(&[]), Vec::<usize>::new());
        // A thought that was not scored does not matter where it is not asked for.
        let half = evidence((0.0, 0), (-0.5, 1));
        assert_eq!(
            formula(Terms::Likelihood, true).order(&[good, half]),
            [1, 0]
        );
    }

    proptest! {
        #[test]
        fn every_candidate_has_one_place_and_rewards_fall(
            values in prop::collection::vec((any::<f64>(), 0usize..9, any::<f64>(), 0usize..9), 0..12)
        ) {
            let candidates: Vec<Evidence> =
                values.iter().map(|v| evidence((v.0, v.1), (v.2, v.3))).collect();
            for formula in [Formula::default(), formula(Terms::Likelihood, false)] {
                let order = formula.order(&candidates);
                let mut places = order.clone();
                places.sort_unstable();
                prop_assert_eq!(places, (0..candidates.len()).collect::<Vec<_>>());
                for pair in order.windows(2) {
                    let (a, b) = (formula.reward(&candidates[pair[0]]), formula.reward(&candidates[pair[1]]));
                    prop_assert!(b.is_nan() || a > b || (a == b && pair[0] < pair[1]), "{a} {b}");
                }
            }
        }
    }

    #[test]
    fn a_thought_is_one_sentence_of_some_length() {
        assert_eq!(
            thought(" The caller wants the price, so I name it. Then I ask.\nIt's 29.").as_deref(),
            Some("The caller wants the price, so I name it.")
        );
        assert_eq!(
            thought("The caller wants to pay 29.50 a month").as_deref(),
            Some("The caller wants to pay 29.50 a month.")
        );
        assert_eq!(thought("The caller wants"), None);
        assert_eq!(thought(""), None);
        assert_eq!(thought(&"word ".repeat(31)), None);
    }

    #[test]
    fn a_thought_is_whole_at_its_end_and_not_at_a_point_in_a_number() {
        assert!(!is_whole_thought("The caller wants to pay 29."));
        assert!(!is_whole_thought("The caller wants to pay 29.50"));
        assert!(is_whole_thought("The caller wants the price. "));
        assert!(is_whole_thought("The caller wants the price\n"));
        assert!(is_whole_thought(&"word ".repeat(32)));
    }

    #[test]
    fn a_reply_that_thinks_aloud_is_seen() {
        let thought = "The caller wants to know about a contract.";
        for reply in [
            "The caller wants to know about a contract.",
            "The client wants to know about a contract.",
            "Well, I think the caller is worried.",
        ] {
            assert!(thinks_aloud(thought, reply), "{reply}");
        }
        for reply in [
            "There's no contract. The membership runs from month to month.",
            "Do you want to know about the contract?",
            "A contract.",
            "",
        ] {
            assert!(!thinks_aloud(thought, reply), "{reply}");
        }
    }
}
