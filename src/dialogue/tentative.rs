//! A dialogue whose last replies can be undone: they are made before it is known whether they are wanted.
//!
//! In: the number of the agent's turn with each step. Out: plans. Memory: the dialogue as it was before its
//! last replies. A pure state machine.

use std::ops::Deref;

use patter_types::turn::TurnNumber;

use crate::{Dialogue, Plan};

/// Replies that can be undone: one behind the gate, one that is hardly heard, and one more.
const REMEMBERED: usize = 3;

/// See the module. What only looks at the dialogue goes to it as it stands.
pub struct Tentative {
    dialogue: Dialogue,
    /// The dialogue before each reply that may still be undone, by the number of the reply's turn.
    before: Vec<(TurnNumber, Dialogue)>,
}

impl Deref for Tentative {
    type Target = Dialogue;

    fn deref(&self) -> &Dialogue {
        &self.dialogue
    }
}

impl From<Dialogue> for Tentative {
    fn from(dialogue: Dialogue) -> Self {
        Self {
            dialogue,
            before: Vec::with_capacity(REMEMBERED),
        }
    }
}

impl Tentative {
    fn remember(&mut self, turn: TurnNumber) {
        if self.before.len() == REMEMBERED {
            self.before.remove(0);
        }
        self.before.push((turn, self.dialogue.clone()));
    }

    /// [`Dialogue::opening`] as `turn`.
    pub fn opening(&mut self, turn: TurnNumber) -> Plan {
        self.remember(turn);
        self.dialogue.opening()
    }

    /// [`Dialogue::reply`] as `turn`.
    pub fn reply(&mut self, turn: TurnNumber, heard: &str) -> Plan {
        self.remember(turn);
        self.dialogue.reply(heard)
    }

    /// [`Dialogue::keyed`] as `turn`.
    pub fn keyed(&mut self, turn: TurnNumber, keys: &str) -> Plan {
        self.remember(turn);
        self.dialogue.keyed(keys)
    }

    /// [`Dialogue::reprompt`].
    pub fn reprompt(&mut self) -> Plan {
        self.dialogue.reprompt()
    }

    /// [`Dialogue::give_up`].
    pub fn give_up(&mut self) -> Plan {
        self.dialogue.give_up()
    }

    /// [`Dialogue::fallback`].
    pub fn fallback(&mut self) -> Vec<crate::PlannedLine> {
        self.dialogue.fallback()
    }

    /// [`Dialogue::model_said`].
    pub fn model_said(&mut self, said: &str) {
        self.dialogue.model_said(said);
    }

    /// The reply `turn` never was: the dialogue is as before it.
    pub fn revert(&mut self, turn: TurnNumber) {
        if let Some(at) = self.before.iter().position(|(number, _)| *number == turn)
            && let Some((_, dialogue)) = self.before.drain(at..).next()
        {
            self.dialogue = dialogue;
        }
    }

    /// What was heard of a turn is part of every dialogue that may be gone back to, and comes before the words that a
    /// reply behind the gate answers already.
    pub fn played(&mut self, turn: TurnNumber, text: &str, is_announcement: bool) {
        for (_, before) in &mut self.before {
            before.heard(text, is_announcement, false);
        }
        let answered = self.before.last().is_some_and(|(last, _)| *last > turn);
        self.dialogue.heard(text, is_announcement, answered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::Knowledge;
    use patter_playbook::Playbook;
    use std::sync::Arc;

    fn tentative() -> Tentative {
        let text = include_str!("../../playbooks/fitness.toml");
        let playbook = Playbook::parse(text, "fitness").unwrap();
        Dialogue::new(Arc::new(Knowledge::new(playbook)), 6).into()
    }

    /// What the model would be shown now: the whole of a dialogue that can be seen.
    fn seen(dialogue: &Tentative) -> Vec<String> {
        let messages = dialogue.so_far();
        messages.into_iter().map(|message| message.text).collect()
    }

    #[test]
    fn a_reply_that_never_was_leaves_no_trace() {
        let mut dialogue = tentative();
        let opening = dialogue.opening(TurnNumber(1));
        dialogue.played(TurnNumber(1), &opening.text(), false);
        let before = seen(&dialogue);
        dialogue.reply(TurnNumber(2), "How much is it?");
        assert_ne!(seen(&dialogue), before);
        dialogue.revert(TurnNumber(2));
        assert_eq!(seen(&dialogue), before);
        dialogue.revert(TurnNumber(2));
        assert_eq!(seen(&dialogue), before, "once is enough");
    }

    #[test]
    fn what_was_heard_stays_when_a_later_reply_is_undone() {
        let mut dialogue = tentative();
        let opening = dialogue.opening(TurnNumber(1)).text();
        // The caller interrupts: the reply is made while the opening still sounds.
        dialogue.reply(TurnNumber(2), "How much is it?");
        dialogue.played(TurnNumber(1), &opening, false);
        dialogue.revert(TurnNumber(2));
        assert!(seen(&dialogue).iter().any(|text| text.contains(&opening)));
    }
}
