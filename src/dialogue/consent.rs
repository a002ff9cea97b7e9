//! What counts as consent, and what becomes of a call that goes round in circles.
//!
//! Thread: `responder`. In: a yes, or one more reply in a stage. Out: lines in the [`Plan`]. Nobody has agreed to what
//! the call is about by agreeing to something else, or by staying on the line.

use super::{Dialogue, Matched, Plan};
use patter_types::expect::Expect;
use patter_types::intent::IntentId;
use patter_types::line::LineId;
use patter_types::outcome::Outcome;
use patter_types::source::Source;

impl Dialogue {
    /// A yes means the last question. Where that was a tactic's and not the stage's own, it is no consent to what the
    /// whole call is about.
    pub(super) fn said_yes(&mut self, plan: &mut Plan) {
        let to_tactic = self.last_said.last().is_some_and(|line| {
            let is_tactic = matches!(line.source, Source::Line(LineId::Tactic { .. }));
            is_tactic && line.text.ends_with(['?', '？'])
        });
        if to_tactic && self.next_is_success() && self.missing().is_empty() {
            self.ask_again(plan);
        } else {
            self.agreed(plan, "the caller agreed");
        }
    }

    /// The next stage is the one that makes the call a success.
    fn next_is_success(&self) -> bool {
        let playbook = &self.knowledge.playbook;
        let next = self.position.next(&playbook.flow);
        let success = playbook.success.as_ref().and_then(|s| s.stage.as_ref());
        next.is_some_and(|next| Some(&playbook.flow[next].id) == success)
    }

    /// The stage had its time, and nothing that the caller must decide or give stands between it and the next.
    pub(super) fn may_move_on(&self) -> bool {
        let playbook = &self.knowledge.playbook;
        let stage = playbook.flow.get(self.position.stage());
        let decides = stage.is_none_or(|stage| stage.expect == Expect::YesNo);
        self.position.is_stuck() && !decides && !self.next_is_success() && self.missing().is_empty()
    }

    /// So many replies were given in this stage that the call goes round in circles.
    pub(super) fn is_lost(&self) -> bool {
        self.lost_after > 0 && self.position.turns_here() > self.lost_after
    }

    /// The call goes round in circles: a human will do better.
    pub(super) fn give_over(&mut self, plan: &mut Plan, words: &str) {
        plan.matched = Matched::plain(IntentId::Lost, words);
        plan.outcome = Some(Outcome::HandOver);
        let not_known = self.knowledge.playbook.lines.not_known.clone();
        self.line(plan, &not_known, LineId::NotKnown);
        self.goodbye(plan);
        self.parted = true;
    }
}
