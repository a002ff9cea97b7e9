//! What the caller is asked for: values are taken from their words, read back, corrected, and the stage goes on when it
//! has what it collects.
//!
//! Thread: `responder`. In: the caller's words. Out: lines and learnt values in the [`Plan`]. Memory:
//! [`super::slots::Slots`].

use std::sync::Arc;

use super::knowledge::Meaning;
use super::slots::SlotStatus;
use super::{Dialogue, Matched, Plan, SlotUpdate};
use patter_language::sentence::Sentences;
use patter_language::text::normalise;
use patter_language::values::SlotKind;
use patter_playbook::{Slot, Stage};
use patter_types::expect::Expect;
use patter_types::intent::IntentId;
use patter_types::line::LineId;
use patter_types::source::Source;

impl Dialogue {
    /// Whether a slot has a value that counts, as it is now.
    pub(super) fn is_known(&self) -> impl Fn(&str) -> bool + use<> {
        let known = self.slots.to_map();
        move |name| known.contains_key(name)
    }

    /// `text` with the values of its slots; None when one has none.
    pub(super) fn fill(&self, text: &str) -> Option<String> {
        self.knowledge.playbook.fill(text, &self.slots.to_map())
    }

    fn stage_here(&self) -> Option<&Stage> {
        self.knowledge.playbook.flow.get(self.position.stage())
    }

    /// Slots that this stage asks for and that are not known yet.
    pub(super) fn missing(&self) -> Vec<String> {
        let collect = self.stage_here().map_or(&[][..], |stage| &stage.collect);
        let missing = self.slots.missing(collect).into_iter();
        missing.map(str::to_owned).collect()
    }

    /// Takes what `heard` says of the slots that are read back or asked for; false when that is nothing.
    pub(super) fn take_values(
        &mut self,
        plan: &mut Plan,
        heard: &str,
        words: &str,
        meaning: Option<&Meaning>,
    ) -> bool {
        // Something else was said since: these words do not answer the read-back.
        let asked = |name: &String| {
            let last = self.last_said.last().and_then(|line| line.source.line());
            matches!(last, Some(LineId::ReadBack(slot)) if slot == name)
        };
        self.read_back = self.read_back.take().filter(asked);
        if let Some(name) = self.read_back.clone() {
            let before = self.slots.captured(&name).cloned();
            let standing = self.slots.hear(&name, heard, self.today).ok().flatten();
            let changed = self.slots.captured(&name) != before.as_ref();
            if standing == Some(SlotStatus::Awaiting) && !changed {
                return self.take_asked(plan, heard, words, meaning);
            }
            self.read_back = None;
            plan.matched = Matched::plain(IntentId::Value, words);
            self.learn(plan, &name);
            self.after_read_back(plan, &name);
            return true;
        }
        self.take_asked(plan, heard, words, meaning)
    }

    /// The caller has said whether a value is right: the stage goes on. A value of another stage sends the call back
    /// there if it was wrong, and to the question of this one if it was right.
    fn after_read_back(&mut self, plan: &mut Plan, name: &str) {
        let knowledge = Arc::clone(&self.knowledge);
        let flow = &knowledge.playbook.flow;
        let collects = |stage: &Stage| stage.collect.iter().any(|slot| slot == name);
        if self.stage_here().is_none_or(collects) {
            self.agreed(plan, "what the stage asks for is known");
        } else if self.slots.standing(name).is_some() {
            self.ask_again(plan);
        } else if let Some(to) = flow.iter().position(collects) {
            self.enter(plan, to, "the caller took a value back");
        } else {
            self.ask_again(plan);
        }
    }

    /// Any words would do for what is asked for, or any that begin with a no.
    pub(super) fn takes_any_words(&self) -> bool {
        let missing = self.missing();
        let slot = missing
            .first()
            .and_then(|name| self.knowledge.playbook.slots.get(name));
        slot.is_some_and(|slot| matches!(slot.kind(), SlotKind::Text | SlotKind::YesNo))
    }

    fn take_asked(
        &mut self,
        plan: &mut Plan,
        heard: &str,
        words: &str,
        meaning: Option<&Meaning>,
    ) -> bool {
        let taken = self.take_new(plan, heard);
        if taken {
            // Words that the playbook lists for a later stage were understood.
            if self.stage_said(meaning).is_some() {
                for learnt in &mut plan.values {
                    let standing = self.slots.confirm(&learnt.slot, true);
                    learnt.confirmed = standing == Some(SlotStatus::Known);
                }
            }
            plan.matched = Matched::plain(IntentId::Value, words);
            self.go_on(plan, meaning);
        }
        taken || self.take_correction(plan, heard, words)
    }

    /// Takes another value for a slot that was known: "no, Sunday is better". The stage's question comes after it; if
    /// that does not hold the new value, it is said first.
    fn take_correction(&mut self, plan: &mut Plan, heard: &str, words: &str) -> bool {
        let names: Vec<String> = self
            .slots
            .from_caller()
            .into_iter()
            .map(str::to_owned)
            .collect();
        let mut changed: Vec<String> = Vec::new();
        for name in names {
            let slot = self.knowledge.playbook.slots.get(&name);
            let may_change = match slot.map(Slot::kind) {
                Some(SlotKind::Text) | None => false,
                // Nearly anything can be taken for it, so only what is plainly a correction counts.
                Some(kind) if kind.is_open() => self.everyday.corrects(words),
                Some(_) => true,
            };
            if !may_change || self.slots.standing(&name) != Some(SlotStatus::Known) {
                continue;
            }
            let before = self.slots.captured(&name).cloned();
            let _ = self.slots.hear(&name, heard, self.today);
            if self.slots.captured(&name) != before.as_ref() {
                self.learn(plan, &name);
                if self.slots.standing(&name) == Some(SlotStatus::Awaiting) {
                    self.read_it_back(plan, &name);
                    plan.matched = Matched::plain(IntentId::Value, words);
                    return true;
                }
                changed.push(name);
            }
        }
        if changed.is_empty() {
            return false;
        }
        plan.matched = Matched::plain(IntentId::Value, words);
        let ask = self.stage_here().map_or("", |stage| &stage.ask);
        let in_ask = self.knowledge.playbook.slots_in(ask);
        changed.retain(|name| !in_ask.contains(name));
        for name in changed {
            self.say_it_back(plan, &name);
        }
        self.ask_again(plan);
        true
    }

    /// Says the value of a slot as its read-back does, without asking whether it is right.
    fn say_it_back(&self, plan: &mut Plan, name: &str) {
        let Some(line) = self.slots.read_back(name, &self.knowledge.playbook) else {
            return;
        };
        let mut statements = Sentences::whole(&line);
        statements.retain(|sentence| !sentence.ends_with(['?', '？']));
        self.line(
            plan,
            &statements.join(" "),
            LineId::ReadBack(name.to_owned()),
        );
    }

    /// Takes values for the slots of this stage, and says nothing yet.
    pub(super) fn take_new(&mut self, plan: &mut Plan, heard: &str) -> bool {
        let collect = self.stage_here().map_or(Vec::new(), |s| s.collect.clone());
        // A question is no answer, though any words would do for one.
        if self.takes_any_words() && self.everyday.is_question(heard, &normalise(heard)) {
            return false;
        }
        let taken = self.slots.hear_all(&collect, heard, self.today);
        let taken = taken.unwrap_or_default();
        for (name, _) in &taken {
            self.learn(plan, name);
        }
        !taken.is_empty()
    }

    fn learn(&self, plan: &mut Plan, name: &str) {
        let captured = self.slots.captured(name);
        plan.values.push(SlotUpdate {
            slot: name.to_owned(),
            value: captured.map_or_else(String::new, |captured| captured.value.clone()),
            confirmed: self.slots.standing(name) == Some(SlotStatus::Known),
        });
    }

    /// After a value: the next one, or the next stage; the one whose phrase was said, if it is further on ("a three" is
    /// a score, and a problem).
    fn go_on(&mut self, plan: &mut Plan, meaning: Option<&Meaning>) {
        let said = self.stage_said(meaning);
        match said.filter(|_| self.missing().is_empty()) {
            Some(to) => self.enter(plan, to, "the caller said it with what was asked for"),
            None => self.agreed(plan, "what the stage asks for is known"),
        }
    }

    /// The later stage whose phrase was heard.
    fn stage_said(&self, meaning: Option<&Meaning>) -> Option<usize> {
        let flow = &self.knowledge.playbook.flow;
        let meaning = meaning.filter(|meaning| meaning.phrase.is_some())?;
        let IntentId::Stage(id) = &meaning.intent else {
            return None;
        };
        let to = flow.iter().position(|stage| stage.id == *id)?;
        (to > self.position.stage()).then_some(to)
    }

    /// Reads back or asks for what this stage still lacks; false when that is nothing.
    pub(super) fn ask_for_missing(&mut self, plan: &mut Plan) -> bool {
        let Some(name) = self.missing().into_iter().next() else {
            return false;
        };
        if self.slots.standing(&name) == Some(SlotStatus::Awaiting)
            && self.read_it_back(plan, &name)
        {
            return true;
        }
        let playbook = &self.knowledge.playbook;
        let own = playbook.slots.get(&name).and_then(|slot| slot.ask.as_ref());
        match (own, self.stage_here()) {
            (Some(ask), _) => self.line(plan, ask, LineId::SlotAsk(name)),
            (None, Some(stage)) => {
                self.line(plan, &stage.ask, LineId::StageAsk(stage.id.clone()));
            }
            (None, None) => {}
        }
        true
    }

    /// Reads the value of a slot back; false when there is no line for it.
    fn read_it_back(&mut self, plan: &mut Plan, name: &str) -> bool {
        let Some(line) = self.slots.read_back(name, &self.knowledge.playbook) else {
            return false;
        };
        self.line(plan, &line, LineId::ReadBack(name.to_owned()));
        self.read_back = Some(name.to_owned());
        true
    }

    /// What the caller was asked for by the last words: a slot, the stage's question, or nothing in particular.
    pub fn expect(&self) -> Expect {
        let Some(last) = self.last_said.last() else {
            return Expect::Any;
        };
        let Source::Line(line) = &last.source else {
            return Expect::Any;
        };
        match (line, self.stage_here()) {
            (LineId::ReadBack(_), _) => Expect::YesNo,
            (LineId::SlotAsk(slot), _) => self.expect_of(slot),
            (LineId::StageAsk(id), Some(stage)) if *id == stage.id => {
                match (&stage.expect, stage.collect.as_slice()) {
                    (Expect::Any, [slot]) => self.expect_of(slot),
                    (expect, _) => *expect,
                }
            }
            _ => Expect::Any,
        }
    }

    fn expect_of(&self, slot: &str) -> Expect {
        let slot = self.knowledge.playbook.slots.get(slot);
        slot.map_or(Expect::Any, |slot| slot.expect())
    }
}
