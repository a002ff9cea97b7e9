//! How busy the models keep the machine, and what is left out when that is too much.
//!
//! Thread: any reads. In: the models' time, as [`Cores`] counts it. Out: a [`Step`]. Memory: one byte. When late: each step keeps what the step before
//! left out. What is left out first is missed least: partial transcripts, then answers made ahead, then the words of the language model.

use std::sync::atomic::{AtomicU8, Ordering};

use serde::Serialize;

use crate::config::LoadConfig;
use crate::cores::Cores;

/// A step is left when the machine is less busy than where it begins, by this share: no step comes and goes with each pass of a model.
const SLACK: f32 = 0.15;

/// What is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Nothing.
    Whole,
    /// Most partial transcripts.
    FewPartials,
    /// And answers made before the caller's turn is over.
    NothingAhead,
    /// And generated answers: an approved line is said in their place.
    ApprovedOnly,
}

impl Step {
    const ALL: [Self; 4] = [
        Self::Whole,
        Self::FewPartials,
        Self::NothingAhead,
        Self::ApprovedOnly,
    ];

    /// Its number, from 0.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Its name in logs and events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::FewPartials => "few_partials",
            Self::NothingAhead => "nothing_ahead",
            Self::ApprovedOnly => "approved_only",
        }
    }
}

/// The step of a machine that is `busy` from 0 to 1, and was on `before`.
fn next(before: Step, busy: f32, config: &LoadConfig) -> Step {
    let begins = |step: Step| match step {
        Step::Whole => f32::NEG_INFINITY,
        Step::FewPartials => config.few_partials_at,
        Step::NothingAhead => config.nothing_ahead_at,
        Step::ApprovedOnly => config.approved_only_at,
    };
    let holds = |step: &Step| {
        let slack = if *step <= before { SLACK } else { 0.0 };
        busy >= begins(*step) - slack
    };
    let highest = Step::ALL.into_iter().rev().find(holds);
    highest.unwrap_or(Step::Whole)
}

/// The load of one machine, for all its calls.
pub struct Load {
    /// None: never too much.
    watched: Option<(Cores, LoadConfig)>,
    step: AtomicU8,
}

impl Load {
    /// Watches `cores`.
    pub fn new(cores: &Cores, config: &LoadConfig) -> Self {
        Self {
            watched: Some((cores.clone(), config.clone())),
            step: AtomicU8::new(0),
        }
    }

    /// Of a call that nobody waits for in real time: nothing is left out.
    pub fn none() -> Self {
        Self {
            watched: None,
            step: AtomicU8::new(0),
        }
    }

    /// Share of the cores' time that the models took in the last seconds, from 0 to 1.
    pub fn busy(&self) -> f32 {
        self.watched.as_ref().map_or(0.0, |(cores, _)| cores.busy())
    }

    /// What is left out now. It neither waits nor allocates.
    pub fn step(&self) -> Step {
        let Some((cores, config)) = &self.watched else {
            return Step::Whole;
        };
        let before = Step::ALL[usize::from(self.step.load(Ordering::Relaxed)).min(3)];
        let step = next(before, cores.busy(), config);
        self.step.store(step.number(), Ordering::Relaxed);
        step
    }

    /// Time between partial transcripts on `step`, in ms, where it is `usual_ms` else; 0 for none.
    pub fn partial_ms(&self, step: Step, usual_ms: u32) -> u32 {
        match &self.watched {
            Some((_, config)) if usual_ms > 0 && step > Step::Whole => {
                usual_ms.max(config.partial_ms)
            }
            _ => usual_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_step_begins_where_the_config_says_and_ends_below_it() {
        let config = LoadConfig {
            few_partials_at: 0.4,
            nothing_ahead_at: 0.6,
            approved_only_at: 0.9,
            ..LoadConfig::default()
        };
        let mut step = Step::Whole;
        let mut went = |busy: f32| {
            step = next(step, busy, &config);
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
        assert_eq!(next(Step::Whole, 1.0, &config), Step::NothingAhead);
    }

    proptest! {
        #[test]
        fn busier_never_means_less_left_out(before in 0..4usize, a in 0.0f32..1.0, b in 0.0f32..1.0) {
            let config = LoadConfig::default();
            let step = |busy| next(Step::ALL[before], busy, &config);
            prop_assert!(step(a.min(b)) <= step(a.max(b)));
        }
    }

    #[test]
    fn idle_cores_leave_nothing_out() {
        let load = Load::new(&Cores::new(2), &LoadConfig::default());
        assert_eq!(load.step(), Step::Whole);
        let partial_ms = |step, usual_ms| load.partial_ms(step, usual_ms);
        assert_eq!(partial_ms(Step::Whole, 500), 500);
        assert_eq!(partial_ms(Step::FewPartials, 500), 1_500);
        assert_eq!(partial_ms(Step::ApprovedOnly, 2_000), 2_000);
        assert_eq!(partial_ms(Step::ApprovedOnly, 0), 0, "none are none");
    }
}
