//! Does the choice help? Candidates as a call makes them, against a good reply that somebody wrote.
//!
//! Thread: one, beside the model's. In: triples, and the chat that each comes in. Out: how like the good reply the
//! chosen one is, beside what would be said without a choice; what a candidate costs. Memory: one turn's candidates at
//! a time.

use patter_call::candidates;
use patter_call::candidates::Limits;
use patter_engine::chat::ChatSession;
use patter_engine::chat::Piece;
use patter_types::chat::ChatMessage;
use patter_types::priority::Priority;
use serde::Serialize;

use super::data::{Mean, Triple, likeness};

#[derive(Serialize)]
pub(super) struct BestOf {
    pub(super) turns: usize,
    /// Candidates of a turn.
    count: u32,
    /// Candidates that were empty or thought aloud.
    dropped: usize,
    /// Turns in which no candidate was left: the reply is made as with re-ranking off.
    none_left: usize,
    /// Candidates that the model wrote no thought for.
    without_thought: usize,
    /// Turns with several candidates that all said the same.
    all_alike: usize,
    /// Likeness to the good reply: of a reply as it is made with re-ranking off.
    off: Option<Mean>,
    /// Of the first candidate.
    first: Option<Mean>,
    /// Of all candidates: a choice by lot.
    lot: Option<Mean>,
    /// Of the chosen one.
    best: Option<Mean>,
    /// Of the likest one: what no choice can exceed.
    ceiling: Option<Mean>,
    /// The chosen one less a choice by lot, turn by turn.
    best_less_lot: Option<Mean>,
    /// The chosen one less a reply with re-ranking off, turn by turn.
    best_less_off: Option<Mean>,
    /// Of all made: thinking and replying.
    #[serde(skip)]
    pub(super) made_ms: Vec<f32>,
    /// Of all made: scoring.
    #[serde(skip)]
    pub(super) scored_ms: Vec<f32>,
    /// A reply with re-ranking off.
    #[serde(skip)]
    pub(super) off_ms: Vec<f32>,
}

pub(super) fn choose(
    session: &dyn ChatSession,
    triples: &[Triple],
    limits: &Limits,
    chat: impl Fn(&str) -> Vec<ChatMessage>,
    mut progress: impl FnMut(usize),
    mut show: impl FnMut(&str),
) -> BestOf {
    let mut off = Vec::new();
    let mut first = Vec::new();
    let mut lot = Vec::new();
    let mut chosen = Vec::new();
    let mut ceiling = Vec::new();
    let mut out = BestOf {
        turns: 0,
        count: limits.count,
        dropped: 0,
        none_left: 0,
        without_thought: 0,
        all_alike: 0,
        off: None,
        first: None,
        lot: None,
        best: None,
        ceiling: None,
        best_less_lot: None,
        best_less_off: None,
        made_ms: Vec::new(),
        scored_ms: Vec::new(),
        off_ms: Vec::new(),
    };
    for (number, triple) in triples.iter().enumerate() {
        progress(number);
        let chat = chat(&triple.caller);
        let _ = session.warm(chat.clone()).recv();
        let (plain, took_ms) = read(session, chat.clone());
        let made = candidates::make(session, &chat, limits, || Some(Priority::Interactive));
        out.turns += 1;
        out.off_ms.push(took_ms);
        out.made_ms.extend(made.iter().map(|c| c.made_ms));
        out.scored_ms.extend(made.iter().map(|c| c.scored_ms));
        out.dropped += limits.count as usize - made.len();
        out.none_left += usize::from(made.is_empty());
        out.without_thought += made.iter().filter(|c| c.thought.is_empty()).count();
        let alike = made.windows(2).all(|pair| pair[0].reply == pair[1].reply);
        out.all_alike += usize::from(alike && made.len() > 1);
        show(&format!("caller  {}\noff     {plain}", triple.caller));
        for candidate in &made {
            show(&format!(
                "{:.2} {:.2}  {}\n        {}",
                candidate.evidence.prior.mean(),
                candidate.evidence.likelihood.mean(),
                candidate.thought,
                candidate.reply
            ));
        }
        let like = |reply: &str| likeness(reply, &triple.reply);
        let of_plain = like(&plain);
        let of_all: Vec<f64> = made.iter().map(|c| like(&c.reply)).collect();
        off.push(of_plain);
        first.push(of_all.first().copied().unwrap_or(of_plain));
        let sum: f64 = of_all.iter().sum();
        lot.push(if of_all.is_empty() {
            of_plain
        } else {
            sum / of_all.len() as f64
        });
        ceiling.push(of_all.into_iter().reduce(f64::max).unwrap_or(of_plain));
        let best = candidates::best(made, |_| true).map_or(plain, |best| best.reply);
        show(&format!("chosen  {best}\n"));
        chosen.push(like(&best));
    }
    let less = |one: &[f64], other: &[f64]| -> Option<Mean> {
        let differences: Vec<f64> = one.iter().zip(other).map(|(a, b)| a - b).collect();
        Mean::of(&differences)
    };
    out.best_less_lot = less(&chosen, &lot);
    out.best_less_off = less(&chosen, &off);
    out.off = Mean::of(&off);
    out.first = Mean::of(&first);
    out.lot = Mean::of(&lot);
    out.best = Mean::of(&chosen);
    out.ceiling = Mean::of(&ceiling);
    out
}

/// A reply as it is made with re-ranking off, and how long it took, in ms.
fn read(session: &dyn ChatSession, chat: Vec<ChatMessage>) -> (String, f32) {
    let mut text = String::new();
    for piece in &session.generate(chat, Priority::Interactive).pieces {
        match piece {
            Piece::Text(piece) => text.push_str(&piece),
            Piece::Done(stats) => return (text.trim().to_owned(), stats.total_ms),
        }
    }
    (text.trim().to_owned(), f32::NAN)
}

pub(super) fn print(best_of: &BestOf) {
    println!(
        "{} turns, the best of {} candidates each; {} candidates dropped (empty, or thought aloud), {} turns with none left",
        best_of.turns, best_of.count, best_of.dropped, best_of.none_left
    );
    println!(
        "{} candidates without a thought, {} turns whose candidates were all alike",
        best_of.without_thought, best_of.all_alike
    );
    println!("likeness to the good reply (F1 of words; not its meaning)");
    for (name, mean) in [
        ("re-ranking off", best_of.off),
        ("first candidate", best_of.first),
        ("choice by lot", best_of.lot),
        ("chosen", best_of.best),
        ("likest (ceiling)", best_of.ceiling),
        ("chosen less lot", best_of.best_less_lot),
        ("chosen less off", best_of.best_less_off),
    ] {
        if let Some(Mean { mean, low, high }) = mean {
            println!("  {name:<25}{mean:+.3}   ({low:+.3} to {high:+.3})");
        }
    }
}
