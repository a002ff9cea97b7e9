//! How busy the models keep the machine, and what is left out when that is too much, or when the language model fails.
//!
//! Thread: any reads. In: the models' time, as [`Cores`] counts it, and what generated sentences took; both by the
//! clock, so a neighbour's share is in them. Out: a [`ShedLevel`]. Memory: a few bytes. When late: each step keeps what
//! the step before left out. What is left out first is missed least: partial transcripts, then speculative answers,
//! then the words of the language model.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use patter_config::LoadConfig;
use patter_engine::chat::Stats;
use patter_machine::cores::Cores;
use patter_types::load::{Shares, ShedLevel};

/// A step is left when the machine is less busy than where it begins, by this share: no step comes and goes with each
/// pass of a model.
const SLACK: f32 = 0.15;

/// Tokens of a short sentence, which is what a caller waits for.
const SENTENCE_TOKENS: f32 = 12.0;
/// What the last sentence took counts as much as all before it: a neighbour comes and goes.
const LAST_SENTENCE: f32 = 0.5;
/// What sentences took is believed for so long, in ms; then one is tried again.
const BELIEVED_MS: u32 = 20_000;

/// Replies that failed in a row, after which the language model is not asked any more.
const MOST_FAILURES: u32 = 3;

/// The step of a machine that is `busy` from 0 to 1, takes `sentence_ms` for a first sentence, where that is known, and
/// was on `before`.
fn next(before: ShedLevel, busy: f32, sentence_ms: Option<f32>, config: &LoadConfig) -> ShedLevel {
    if sentence_ms.is_some_and(|ms| ms > config.slow_sentence_ms as f32) {
        return ShedLevel::ApprovedOnly;
    }
    let begins = |step: ShedLevel| match step {
        ShedLevel::Whole => f32::NEG_INFINITY,
        ShedLevel::FewPartials => config.few_partials_at,
        ShedLevel::NoSpeculation => config.no_speculation_at,
        ShedLevel::ApprovedOnly => config.approved_only_at,
    };
    let holds = |step: &ShedLevel| {
        let slack = if *step <= before { SLACK } else { 0.0 };
        busy >= begins(*step) - slack
    };
    let highest = ShedLevel::ALL.into_iter().rev().find(holds);
    highest.unwrap_or(ShedLevel::Whole)
}

/// The load of one machine, for all its calls.
pub struct LoadShedding {
    /// None: never too much.
    watched: Option<(Cores, LoadConfig)>,
    step: AtomicU8,
    sentences: Sentences,
    failures: Failures,
}

/// How often in a row the language model has failed.
#[derive(Default)]
struct Failures {
    in_a_row: AtomicU32,
    /// When it did last, in ms on the clock of [`Sentences`].
    last_ms: AtomicU32,
}

impl Failures {
    fn push(&self, at_ms: u32) {
        self.last_ms.store(at_ms, Ordering::Relaxed);
        self.in_a_row.fetch_add(1, Ordering::Relaxed);
    }

    /// True when it is not worth asking now; after [`BELIEVED_MS`] it is tried again.
    fn are_too_many(&self, at_ms: u32) -> bool {
        let since_ms = at_ms.wrapping_sub(self.last_ms.load(Ordering::Relaxed));
        self.in_a_row.load(Ordering::Relaxed) >= MOST_FAILURES && since_ms < BELIEVED_MS
    }
}

/// What the first sentences of generated answers took lately.
struct Sentences {
    began: Instant,
    /// The mean's bits, in ms, and when it was so, in ms after `began`; 0 for not known.
    packed: AtomicU64,
}

impl Sentences {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            packed: AtomicU64::new(0),
        }
    }

    /// `at_ms` begins at 1.
    fn push(&self, took_ms: f32, at_ms: u32) {
        let mean = self
            .mean_at(at_ms)
            .map_or(took_ms, |mean| mean + (took_ms - mean) * LAST_SENTENCE);
        let packed = u64::from(mean.to_bits()) << 32 | u64::from(at_ms);
        self.packed.store(packed, Ordering::Relaxed);
    }

    fn mean_at(&self, at_ms: u32) -> Option<f32> {
        let packed = self.packed.load(Ordering::Relaxed);
        let since_ms = at_ms.wrapping_sub(packed as u32);
        (packed != 0 && since_ms < BELIEVED_MS).then(|| f32::from_bits((packed >> 32) as u32))
    }

    fn now_ms(&self) -> u32 {
        self.began.elapsed().as_millis() as u32 + 1
    }
}

impl LoadShedding {
    /// Watches `cores`.
    pub fn new(cores: &Cores, config: &LoadConfig) -> Self {
        Self {
            watched: Some((cores.clone(), config.clone())),
            step: AtomicU8::new(0),
            sentences: Sentences::new(),
            failures: Failures::default(),
        }
    }

    /// Of a call that nobody waits for in real time: nothing is left out.
    pub fn none() -> Self {
        Self {
            watched: None,
            step: AtomicU8::new(0),
            sentences: Sentences::new(),
            failures: Failures::default(),
        }
    }

    /// Share of the cores' time that the models took in the last seconds, from 0 to 1.
    pub fn busy(&self) -> f32 {
        self.watched.as_ref().map_or(0.0, |(cores, _)| cores.busy())
    }

    /// Who had the processor's time in the last half second; nothing is known where nobody waits in real time.
    pub fn shares(&self) -> Shares {
        let cores = self.watched.as_ref().map(|(cores, _)| cores);
        cores.and_then(Cores::shares).unwrap_or_default()
    }

    /// What the first sentence of a generated answer took lately, in ms.
    pub fn sentence_ms(&self) -> Option<f32> {
        self.sentences.mean_at(self.sentences.now_ms())
    }

    /// The language model could not make a reply.
    pub fn failed(&self) {
        self.failures.push(self.sentences.now_ms());
    }

    /// The language model could make a reply.
    pub fn worked(&self) {
        self.failures.in_a_row.store(0, Ordering::Relaxed);
    }

    /// True while the language model fails: callers hear approved lines only.
    pub fn is_failing(&self) -> bool {
        self.watched.is_some() && self.failures.are_too_many(self.sentences.now_ms())
    }

    /// A generated answer that somebody waited for has come, or as much of it as was wanted.
    pub fn generated(&self, stats: &Stats) {
        if stats.tokens == 0 {
            return;
        }
        let token_ms = (stats.total_ms - stats.first_token_ms) / stats.tokens as f32;
        let took_ms = stats.first_token_ms + token_ms * SENTENCE_TOKENS;
        self.sentences.push(took_ms, self.sentences.now_ms());
    }

    /// What is left out now. It neither waits nor allocates.
    pub fn step(&self) -> ShedLevel {
        let Some((cores, config)) = &self.watched else {
            return ShedLevel::Whole;
        };
        let before = ShedLevel::ALL[usize::from(self.step.load(Ordering::Relaxed)).min(3)];
        if self.is_failing() {
            return ShedLevel::ApprovedOnly;
        }
        let step = next(before, cores.busy(), self.sentence_ms(), config);
        self.step.store(step.number(), Ordering::Relaxed);
        step
    }

    /// What it goes by, where it leaves anything out.
    pub fn leaves_out(&self) -> Option<LoadConfig> {
        self.watched.as_ref().map(|(_, config)| config.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_model_that_fails_three_times_in_a_row_is_left_alone_and_tried_again() {
        let failures = Failures::default();
        for at_ms in [10, 20] {
            failures.push(at_ms);
            assert!(!failures.are_too_many(at_ms));
        }
        failures.push(30);
        assert!(failures.are_too_many(31) && failures.are_too_many(30 + BELIEVED_MS - 1));
        assert!(!failures.are_too_many(30 + BELIEVED_MS), "once more");
        failures.push(30 + BELIEVED_MS);
        assert!(failures.are_too_many(31 + BELIEVED_MS));

        let load = LoadShedding::new(&Cores::new(1), &LoadConfig::default());
        (0..MOST_FAILURES).for_each(|_| load.failed());
        assert!(load.is_failing());
        assert_eq!(load.step(), ShedLevel::ApprovedOnly);
        load.worked();
        assert_eq!(load.step(), ShedLevel::Whole);
        let nobody_waits = LoadShedding::none();
        (0..MOST_FAILURES).for_each(|_| nobody_waits.failed());
        assert_eq!(nobody_waits.step(), ShedLevel::Whole);
    }

    #[test]
    fn each_step_begins_where_the_config_says_and_ends_below_it() {
        let config = LoadConfig {
            few_partials_at: 0.4,
            no_speculation_at: 0.6,
            approved_only_at: 0.9,
            ..LoadConfig::default()
        };
        let mut step = ShedLevel::Whole;
        let mut went = |busy: f32| {
            step = next(step, busy, None, &config);
            step.number()
        };
        let up = [0.0, 0.39, 0.4, 0.59, 0.6, 0.89, 0.9, 1.0].map(&mut went);
        assert_eq!(up, [0, 0, 1, 1, 2, 2, 3, 3]);
        let down = [0.76, 0.74, 0.46, 0.44, 0.26, 0.24].map(&mut went);
        assert_eq!(down, [3, 2, 2, 1, 1, 0]);
        assert_eq!([1.0, 0.0].map(&mut went), [3, 0], "steps may be skipped");
    }

    #[test]
    fn a_threshold_that_cannot_be_reached_switches_its_step_off() {
        let config = LoadConfig {
            approved_only_at: 2.0,
            ..LoadConfig::default()
        };
        assert_eq!(
            next(ShedLevel::Whole, 1.0, None, &config),
            ShedLevel::NoSpeculation
        );
    }

    proptest! {
        #[test]
        fn busier_never_means_less_left_out(before in 0..4usize, a in 0.0f32..1.0, b in 0.0f32..1.0) {
            let config = LoadConfig::default();
            let step = |busy| next(ShedLevel::ALL[before], busy, None, &config);
            prop_assert!(step(a.min(b)) <= step(a.max(b)));
        }
    }

    #[test]
    fn sentences_that_come_too_late_are_left_out_until_one_is_tried_again() {
        let config = LoadConfig::default();
        let step = |ms| next(ShedLevel::Whole, 0.1, ms, &config);
        assert_eq!(step(None), ShedLevel::Whole);
        assert_eq!(step(Some(1_500.0)), ShedLevel::Whole);
        assert_eq!(step(Some(1_501.0)), ShedLevel::ApprovedOnly);
        let sentences = Sentences::new();
        assert_eq!(sentences.mean_at(1), None);
        sentences.push(400.0, 1);
        sentences.push(2_800.0, 5_000);
        assert_eq!(sentences.mean_at(5_000), Some(1_600.0));
        assert_eq!(sentences.mean_at(24_999), Some(1_600.0));
        assert_eq!(
            sentences.mean_at(25_000),
            None,
            "forgotten: the next answer is generated"
        );
    }

    #[test]
    fn a_reply_counts_by_its_first_sentence_and_not_by_its_length() {
        let load = LoadShedding::new(&Cores::new(2), &LoadConfig::default());
        let stats = |tokens, total_ms| Stats {
            finish: patter_types::chat::Finish::EndOfTurn,
            prompt_tokens: 400,
            prefilled_tokens: 20,
            tokens,
            first_token_ms: 100.0,
            total_ms,
        };
        load.generated(&stats(0, 9_000.0));
        assert_eq!(load.sentence_ms(), None, "nothing came");
        load.generated(&stats(60, 700.0));
        assert_eq!(load.sentence_ms(), Some(220.0));
        load.generated(&stats(24, 24.0 * 250.0 + 100.0));
        assert_eq!(
            load.step(),
            ShedLevel::ApprovedOnly,
            "{:?}",
            load.sentence_ms()
        );
    }

    #[test]
    fn idle_cores_leave_nothing_out() {
        let load = LoadShedding::new(&Cores::new(2), &LoadConfig::default());
        assert_eq!(load.step(), ShedLevel::Whole);
    }
}
