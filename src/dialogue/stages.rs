//! The stage machine: where the conversation stands in the flow, and where it may go.
//!
//! Thread: `responder`. In: the flow, wishes to enter a stage, which slots are known. Out: the stage entered instead or
//! as wished. Memory: one count a stage.
//!
//! Only this decides what stage is next: the caller's words and the classifier propose, the language model is never
//! asked. What keeps a call from going round in circles is ours ([`MOST_VISITS`], [`MOST_TURNS`]); that a model gets
//! stuck in one stage is a failure named by arXiv 2511.12133, and that a manager overrules the agent's proposal is its
//! remedy.

use patter_playbook::Stage;

/// A stage is not entered more often than this.
pub const MOST_VISITS: u8 = 3;
/// After this many replies in one stage the call moves on.
pub const MOST_TURNS: u32 = 8;

/// Why a stage may not be entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// The stage that the call is in does not lead there.
    NotAfter,
    /// It was entered often enough.
    TooOften,
    /// This slot must be known first.
    Needs(String),
}

/// Where the conversation stands.
#[derive(Debug, Clone)]
pub struct Position {
    stage: usize,
    visits: Vec<u8>,
    turns_here: u32,
}

impl Position {
    /// In the first of `stages` stages.
    pub fn new(stages: usize) -> Self {
        let mut visits = vec![0; stages];
        if let Some(first) = visits.first_mut() {
            *first = 1;
        }
        Self {
            stage: 0,
            visits,
            turns_here: 0,
        }
    }

    /// Number of the stage, from 0.
    pub fn stage(&self) -> usize {
        self.stage
    }

    /// There is no stage after this one in the flow's order.
    pub fn is_last(&self) -> bool {
        self.stage + 1 >= self.visits.len()
    }

    /// The call is or was in `stage`.
    pub fn was_entered(&self, stage: usize) -> bool {
        self.visits.get(stage).is_some_and(|&visits| visits > 0)
    }

    /// A reply was given in this stage.
    pub fn reply_given(&mut self) {
        self.turns_here = self.turns_here.saturating_add(1);
    }

    /// The stage has had its time: the call should move on.
    pub fn is_stuck(&self) -> bool {
        self.turns_here >= MOST_TURNS
    }

    /// Replies that were given in this stage.
    pub fn turns_here(&self) -> u32 {
        self.turns_here
    }

    /// The stage that `next` names, or the one after this in order; None in the last.
    pub fn next(&self, flow: &[Stage]) -> Option<usize> {
        Self::after(flow, self.stage)
    }

    /// [`Position::next`] of `stage`.
    pub fn after(flow: &[Stage], stage: usize) -> Option<usize> {
        let next = match &flow.get(stage)?.next {
            Some(next) => flow.iter().position(|stage| stage.id == *next)?,
            None => stage + 1,
        };
        (next < flow.len()).then_some(next)
    }

    /// Whether stage `to` may be entered from here.
    ///
    /// # Errors
    /// Why not.
    pub fn may_enter(
        &self,
        flow: &[Stage],
        to: usize,
        is_known: &dyn Fn(&str) -> bool,
    ) -> Result<(), Closed> {
        let (Some(here), Some(stage)) = (flow.get(self.stage), flow.get(to)) else {
            return Err(Closed::NotAfter);
        };
        let is_next = self.next(flow) == Some(to);
        let allowed = here
            .to
            .as_ref()
            .is_none_or(|to| to.contains(&stage.id) || is_next);
        if !allowed {
            return Err(Closed::NotAfter);
        }
        if self
            .visits
            .get(to)
            .is_some_and(|&visits| visits >= MOST_VISITS)
        {
            return Err(Closed::TooOften);
        }
        match stage.needs.iter().find(|slot| !is_known(slot)) {
            Some(slot) => Err(Closed::Needs(slot.clone())),
            None => Ok(()),
        }
    }

    /// The stage to enter when `to` is wished for: `to` itself; the stage that asks for a slot which `to` needs; None
    /// when the call stays where it is.
    pub fn resolve(
        &self,
        flow: &[Stage],
        to: usize,
        is_known: &dyn Fn(&str) -> bool,
    ) -> Option<usize> {
        match self.may_enter(flow, to, is_known) {
            Ok(()) => Some(to),
            Err(Closed::Needs(slot)) => {
                let asks = flow
                    .iter()
                    .position(|stage| stage.collect.contains(&slot))?;
                let other = asks != self.stage && asks != to;
                (other && self.may_enter(flow, asks, is_known).is_ok()).then_some(asks)
            }
            Err(_) => None,
        }
    }

    /// Enters stage `to`.
    pub fn enter(&mut self, to: usize) {
        if let Some(visits) = self.visits.get_mut(to) {
            *visits = visits.saturating_add(1);
            self.stage = to;
            self.turns_here = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stage(id: usize) -> Stage {
        Stage {
            id: format!("s{id}"),
            goal: String::new(),
            steps: Vec::new(),
            enter_on: Vec::new(),
            ask: "Well?".into(),
            next: None,
            ..Stage::default()
        }
    }

    #[test]
    fn a_list_of_ways_out_closes_all_others() {
        let mut flow: Vec<Stage> = (0..4).map(stage).collect();
        flow[0].to = Some(vec!["s2".into()]);
        let position = Position::new(4);
        let known = |_: &str| true;
        assert_eq!(position.may_enter(&flow, 2, &known), Ok(()));
        // The next one is always allowed.
        assert_eq!(position.may_enter(&flow, 1, &known), Ok(()));
        assert_eq!(position.may_enter(&flow, 3, &known), Err(Closed::NotAfter));
    }

    #[test]
    fn a_stage_that_needs_a_slot_sends_the_call_to_the_stage_that_asks_for_it() {
        let mut flow: Vec<Stage> = (0..3).map(stage).collect();
        flow[1].collect = vec!["day".into()];
        flow[2].needs = vec!["day".into()];
        let position = Position::new(3);
        assert_eq!(position.resolve(&flow, 2, &|_| false), Some(1));
        assert_eq!(position.resolve(&flow, 2, &|_| true), Some(2));
        flow[1].collect.clear();
        assert_eq!(position.resolve(&flow, 2, &|_| false), None);
    }

    #[test]
    fn nobody_is_led_in_circles() {
        let flow: Vec<Stage> = (0..2).map(stage).collect();
        let mut position = Position::new(2);
        let mut moves = 0;
        while let Some(to) = position.resolve(&flow, 1 - position.stage(), &|_| true) {
            position.enter(to);
            moves += 1;
            assert!(moves < 10);
        }
        assert_eq!(moves, 2 * usize::from(MOST_VISITS) - 1);
    }

    #[test]
    fn a_stage_has_its_time() {
        let mut position = Position::new(2);
        for _ in 0..MOST_TURNS {
            assert!(!position.is_stuck());
            position.reply_given();
        }
        assert!(position.is_stuck());
        position.enter(1);
        assert!(!position.is_stuck() && position.is_last());
    }

    proptest! {
        #[test]
        fn only_legal_stages_are_entered(
            ways in prop::collection::vec(prop::option::of(prop::collection::vec(0usize..6, 0..3)), 1..6),
            wishes in prop::collection::vec((0usize..7, any::<bool>()), 0..40),
        ) {
            let count = ways.len();
            let mut flow: Vec<Stage> = (0..count).map(stage).collect();
            for (stage, ways) in flow.iter_mut().zip(&ways) {
                stage.to = ways.as_ref().map(|ways| ways.iter().map(|way| format!("s{way}")).collect());
            }
            flow[count - 1].needs = vec!["slot".into()];
            let mut position = Position::new(count);
            for (wish, known) in wishes {
                let before = position.stage();
                let Some(to) = position.resolve(&flow, wish, &|_| known) else { continue };
                prop_assert!(to < count);
                let listed = flow[before].to.as_ref().is_none_or(|to_ids| to_ids.contains(&flow[to].id));
                prop_assert!(listed || position.next(&flow) == Some(to));
                prop_assert!(known || to != count - 1);
                position.enter(to);
                prop_assert!(position.visits.iter().all(|&visits| visits <= MOST_VISITS));
            }
        }
    }
}
