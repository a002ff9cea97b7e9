//! Several replies to one prompt, each after a thought of its own, and which of them is said.
//!
//! Thread: `responder`. In: a prompt, a budget of time, and whether somebody waits. Out: candidates with what the model
//! finds of them; the best one that may be said. Memory: a few lines of text; the prompt is in the engine's cache from
//! the first candidate on, so that the others cost their own tokens only. When late: candidates that are not whole when
//! the budget ends are dropped; the first is always finished. The reward is [`patter_dialogue::rerank`]'s.

use std::time::{Duration, Instant};

use crossbeam_channel::RecvTimeoutError;

use patter_config::Config;
use patter_dialogue::rerank;
use patter_dialogue::rerank::{Evidence, Formula};
use patter_engine::chat::{ChatSession, Generation};
use patter_engine::chat::{Manner, Piece, Stats};
use patter_types::chat::{ChatMessage, Finish};
use patter_types::priority::Priority;

/// How often a waiting thread looks whether it is still wanted.
const POLL: Duration = Duration::from_millis(5);

/// How many, and how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Most candidates; 1 is no choice.
    pub count: u32,
    /// No candidate after the first is begun or finished later than this; None for no limit, where nobody waits in real
    /// time.
    pub budget: Option<Duration>,
    /// Seed of the first candidate; the others follow by ones.
    pub seed: u32,
}

impl Limits {
    /// The settings'.
    pub fn of(config: &Config) -> Self {
        Self {
            count: config.dialogue.candidates,
            budget: Some(Duration::from_millis(u64::from(config.dialogue.rerank_ms))),
            seed: config.llm.seed,
        }
    }
}

/// One reply that could be said.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// What the model thought before it; empty when that was no thought.
    pub thought: String,
    /// The words.
    pub reply: String,
    /// Figures of the reply, without the thought.
    pub stats: Stats,
    /// What the model finds of it; empty when there was no time to ask.
    pub evidence: Evidence,
    /// Thinking and replying, in ms.
    pub made_ms: f32,
    /// Scoring, in ms; 0 when there was no time for it.
    pub scored_ms: f32,
}

impl Candidate {
    /// The words as if they had just been made, in `total`.
    pub fn into_generation(mut self, total: Duration) -> Generation {
        self.stats.total_ms = milliseconds(total);
        Generation::ready(self.reply, self.stats)
    }
}

/// Makes candidates until there are enough of them, or the time is over. `priority` is asked every few ms: it tells
/// whether somebody waits, or None when nothing is wanted any more. Replies that are empty or think aloud are left out;
/// none at all may be left.
pub fn make(
    session: &dyn ChatSession,
    prompt: &[ChatMessage],
    limits: &Limits,
    mut priority: impl FnMut() -> Option<Priority>,
) -> Vec<Candidate> {
    let started = Instant::now();
    let mut work = Work {
        session,
        prompt,
        priority: &mut priority,
        deadline: None,
    };
    let end = limits.budget.and_then(|budget| started.checked_add(budget));
    let mut made: Vec<Candidate> = Vec::new();
    let mut longest = Duration::ZERO;
    for number in 0..limits.count {
        let begun = Instant::now();
        if number > 0 {
            work.deadline = end;
            // One that cannot be whole in time is not worth its beginning.
            if end.is_some_and(|end| begun + longest > end) {
                break;
            }
        }
        let Some(mut candidate) = work.candidate(limits.seed.wrapping_add(number)) else {
            break;
        };
        candidate.made_ms = milliseconds(begun.elapsed());
        let usable = !candidate.reply.is_empty()
            && !rerank::thinks_aloud(&candidate.thought, &candidate.reply);
        work.deadline = end;
        if usable && limits.count > 1 {
            let asked = Instant::now();
            if let Some(evidence) = work.evidence(&candidate) {
                candidate.evidence = evidence;
                candidate.scored_ms = milliseconds(asked.elapsed());
            }
        }
        longest = longest.max(begun.elapsed());
        if usable {
            made.push(candidate);
        }
    }
    made
}

/// The best of `candidates` that `may_be_said`; the best of all when that holds for none, so that the refusal of it is
/// on record.
pub fn best(
    mut candidates: Vec<Candidate>,
    mut may_be_said: impl FnMut(&str) -> bool,
) -> Option<Candidate> {
    let evidence: Vec<Evidence> = candidates.iter().map(|c| c.evidence).collect();
    let order = Formula::default().order(&evidence);
    let first = *order.first()?;
    let chosen = order
        .into_iter()
        .find(|at| may_be_said(&candidates[*at].reply))
        .unwrap_or(first);
    Some(candidates.swap_remove(chosen))
}

struct Work<'a> {
    session: &'a dyn ChatSession,
    prompt: &'a [ChatMessage],
    priority: &'a mut dyn FnMut() -> Option<Priority>,
    deadline: Option<Instant>,
}

impl Work<'_> {
    /// Whether somebody waits; None when it is no use any more.
    fn wanted(&mut self) -> Option<Priority> {
        let late = self.deadline.is_some_and(|end| Instant::now() >= end);
        if late { None } else { (self.priority)() }
    }

    fn candidate(&mut self, seed: u32) -> Option<Candidate> {
        let mut manner = Manner {
            seed: Some(seed),
            begun: rerank::THOUGHT_BEGINS.into(),
        };
        let (text, _) = self.generate(manner.clone(), rerank::is_whole_thought)?;
        let thought = rerank::thought(&format!("{}{text}", rerank::THOUGHT_BEGINS));
        let thought = thought.unwrap_or_default();
        manner.begun = begun_with(&thought);
        let (reply, stats) = self.generate(manner, |_| false)?;
        let stats = stats.filter(|stats| !matches!(stats.finish, Finish::Failed(_)))?;
        Some(Candidate {
            thought,
            reply: reply.trim().to_owned(),
            stats,
            evidence: Evidence::default(),
            made_ms: 0.0,
            scored_ms: 0.0,
        })
    }

    /// Text until its end, or until there is `enough`, and then no figures; None when it is no use any more.
    fn generate(
        &mut self,
        manner: Manner,
        enough: impl Fn(&str) -> bool,
    ) -> Option<(String, Option<Stats>)> {
        let priority = self.wanted()?;
        let generation = self
            .session
            .generate_as(self.prompt.to_vec(), manner, priority);
        let mut text = String::new();
        loop {
            if self.wanted()? == Priority::Interactive {
                generation.hurry();
            }
            match generation.pieces.recv_timeout(POLL) {
                Ok(Piece::Text(piece)) => {
                    text.push_str(&piece);
                    if enough(&text) {
                        return Some((text, None));
                    }
                }
                Ok(Piece::Done(stats)) => return Some((text, Some(stats))),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    fn evidence(&mut self, candidate: &Candidate) -> Option<Evidence> {
        let priority = self.wanted()?;
        let parts = vec![begun_with(&candidate.thought), candidate.reply.clone()];
        let scoring = self.session.score(self.prompt.to_vec(), parts, priority);
        loop {
            if self.wanted()? == Priority::Interactive {
                scoring.hurry();
            }
            if let Some(scores) = scoring.wait_for(POLL).ok()? {
                let [prior, likelihood] = scores[..] else {
                    return None;
                };
                return Some(Evidence { prior, likelihood });
            }
        }
    }
}

fn begun_with(thought: &str) -> String {
    if thought.is_empty() {
        String::new()
    } else {
        rerank::before_reply(thought)
    }
}

fn milliseconds(duration: Duration) -> f32 {
    duration.as_secs_f32() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use patter_engine::chat::Score;

    fn candidate(reply: &str, mean: f64) -> Candidate {
        let score = Score {
            log_probability: mean,
            tokens: 1,
        };
        Candidate {
            thought: "The caller wants to know the price.".into(),
            reply: reply.into(),
            stats: Stats {
                finish: Finish::EndOfTurn,
                prompt_tokens: 1,
                prefilled_tokens: 1,
                tokens: 1,
                first_token_ms: 1.0,
                total_ms: 1.0,
            },
            evidence: Evidence {
                prior: score,
                likelihood: score,
            },
            made_ms: 1.0,
            scored_ms: 1.0,
        }
    }

    fn chosen(candidates: &[(&str, f64)], may_be_said: impl FnMut(&str) -> bool) -> Option<String> {
        let all = candidates.iter().map(|c| candidate(c.0, c.1)).collect();
        best(all, may_be_said).map(|candidate| candidate.reply)
    }

    #[test]
    fn the_best_that_may_be_said_is_taken() {
        let all = [("one", -2.0), ("two", -1.0), ("three", -3.0)];
        assert_eq!(chosen(&all, |_| true).as_deref(), Some("two"));
        assert_eq!(chosen(&all, |text| text != "two").as_deref(), Some("one"));
        assert_eq!(chosen(&all, |_| false).as_deref(), Some("two"));
        assert_eq!(chosen(&[], |_| true), None);
    }

    #[test]
    fn a_chosen_reply_reads_like_one_that_was_just_made() {
        let generation = candidate("Yes.", -1.0).into_generation(Duration::from_millis(250));
        let pieces: Vec<Piece> = generation.pieces.iter().collect();
        assert!(matches!(&pieces[0], Piece::Text(text) if text == "Yes."));
        assert!(matches!(&pieces[1], Piece::Done(stats) if stats.total_ms == 250.0));
    }
}
