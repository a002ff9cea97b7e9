//! What is said to the caller's words: the order in which a turn is decided.
//!
//! Thread: `responder`. In: the caller's words. Out: a [`Plan`]. Memory: what was said and where the call stands, in
//! [`Dialogue`].
//!
//! 1. Words that were not understood, or a wish to hear it again.
//! 2. An end of the call, above all an opt-out.
//! 3. The answer to a read-back, or a value that the stage asks for.
//! 4. A phrase of the playbook that is most of what was said.
//! 5. Yes and no.
//! 6. A guess of the classifier, or a phrase in passing.
//! 7. The model, shown the lines that come nearest.
//!
//! Each step proposes; [`super::stages`] decides which stage may follow.

use std::sync::Arc;

use super::knowledge::{Candidate, Meaning};
use super::stages::Position;
use super::{Dialogue, Matched, Plan, PlannedLine};
use patter_language::text::{count_words, normalise};
use patter_playbook::{Objection, Then, Way};
use patter_types::expect::Expect;
use patter_types::free_replies::FreeReplies;
use patter_types::intent::IntentId;
use patter_types::line::LineId;
use patter_types::moves::Move;
use patter_types::outcome::Outcome;
use patter_types::source::Source;

/// A caller who says this many words about nothing that the playbook knows is led back to the stage's question.
const RAMBLING_WORDS: usize = 45;
/// A guess ends a call only when it is surer than this: a wrong goodbye cannot be taken back.
const SURE_ENOUGH_TO_END: f32 = 0.8;
/// The same for a guess whose answer ends the call, as the wish for a human does: a caller who is handed over in error
/// is at least helped.
const SURE_ENOUGH_TO_PART: f32 = 0.6;
/// Where any words would do for the stage's slot, a guess that they are a question must be this sure.
const SURE_TO_BE_NO_VALUE: f32 = 0.8;

impl Dialogue {
    /// What to say to `heard`; an empty text means that something was said and not understood.
    pub fn reply(&mut self, heard: &str) -> Plan {
        let mut plan = Plan::default();
        self.instead.clear();
        heard.clone_into(&mut self.now);
        self.notice(&mut plan);
        if heard.trim().is_empty() {
            let repeat = self.knowledge.playbook.lines.repeat.clone();
            self.line(&mut plan, &repeat, LineId::Repeat);
            return plan;
        }
        self.history.caller(heard);
        let words = normalise(heard);
        if self.everyday.asks_to_repeat(&words) && !self.last_said.is_empty() {
            plan.matched = Matched::plain(IntentId::Repeat, &words);
            plan.lines.extend(self.last_said.iter().cloned());
            plan.ends_call = self.leaving;
            return plan;
        }
        self.position.reply_given();
        self.answer(&mut plan, heard, &words);
        if !self.asks_the_model() && plan.prompt.take().is_some() {
            let mut lines = self.fallback();
            plan.lines.append(&mut lines);
        }
        let is_notice = |line: &PlannedLine| line.source == Source::Line(LineId::Notice);
        if plan.prompt.is_none() && !plan.ends_call && plan.lines.iter().all(is_notice) {
            // Every line waits for a slot: the caller hears something all the same.
            plan.lines.extend(self.fallback());
        }
        self.note_success(&mut plan);
        if plan.lines.iter().any(|line| !line.uninterruptible) {
            self.last_said.clone_from(&plan.lines);
        }
        plan
    }

    /// What to say to `keys` that were pressed: to what the playbook has them stand for, or to their digits.
    pub fn keyed(&mut self, keys: &str) -> Plan {
        let is_number = matches!(self.expect(), Expect::Number { .. });
        let known = self.knowledge.playbook.keys.get(keys);
        let words = known.filter(|_| !is_number).cloned();
        let is_digit = |key: &char| key.is_ascii_digit();
        self.reply(&words.unwrap_or_else(|| keys.chars().filter(is_digit).collect()))
    }

    fn answer(&mut self, plan: &mut Plan, heard: &str, words: &str) {
        let yes = self.everyday.is_yes(words);
        let no = self.everyday.is_no(words);
        let rambles = count_words(words) >= RAMBLING_WORDS;
        let meaning = self.meaning(heard).filter(|m| !(rambles && m.in_passing));
        let intent = meaning.as_ref().map(|meaning| &meaning.intent);
        let sure = meaning.as_ref().is_some_and(Meaning::is_sure);
        let probability = meaning.as_ref().map_or(0.0, |meaning| meaning.probability);
        let ends = matches!(intent, Some(IntentId::OptOut | IntentId::Goodbye));
        if self.parted && intent != Some(&IntentId::OptOut) {
            // Whoever opted out, or was promised a human, is sold nothing more.
            plan.matched = meaning.as_ref().map(Matched::meaning);
            return self.goodbye(plan);
        }
        let asks = matches!(intent, Some(IntentId::Fact(_)));
        let answers = asks || matches!(intent, Some(IntentId::Objection(_)));
        // A "no, thanks" to what was read back is no objection.
        let to_read_back = self.read_back.is_some() && (yes || no);
        let no_value = asks && self.takes_any_words() && probability >= SURE_TO_BE_NO_VALUE;
        let elsewhere = ends || no_value || (sure && answers && !to_read_back);
        if !elsewhere && self.take_values(plan, heard, words, meaning.as_ref()) {
            return;
        }
        let decides = yes || no;
        let is_last = self.position.is_last() && !self.knowledge.playbook.persona.open;
        if (is_last || self.leaving) && decides {
            let decided = if no { IntentId::No } else { IntentId::Yes };
            plan.matched = Matched::plain(decided, words);
            return self.goodbye(plan);
        }
        if self.leaving && meaning.is_none() && !self.everyday.is_question(heard, words) {
            return self.goodbye(plan);
        }
        self.leaving &= ends;
        if self.knowledge.playbook.persona.open && meaning.is_none() {
            // There is no question of a stage that a yes or a no could answer.
            return self.ask_the_model(plan, heard);
        }
        if self.is_lost() && !ends {
            self.give_over(plan, words);
        } else if yes {
            plan.matched = Matched::plain(IntentId::Yes, words);
            self.said_yes(plan);
        } else if let Some(meaning) = meaning
            && (sure || !no)
        {
            plan.matched = Some(Matched::meaning(&meaning));
            self.follow(plan, &meaning, heard);
        } else if no {
            plan.matched = Matched::plain(IntentId::No, words);
            self.refused(plan, heard);
        } else if rambles {
            self.redirect(plan);
        } else {
            self.ask_the_model(plan, heard);
        }
    }

    /// What the words mean here: stages that may not follow are not guessed, and no guess ends the call unless it is
    /// sure.
    pub(super) fn meaning(&self, heard: &str) -> Option<Meaning> {
        let flow = &self.knowledge.playbook.flow;
        let legal = |intent: &IntentId| match intent {
            IntentId::Stage(id) => {
                flow.iter()
                    .position(|stage| stage.id == *id)
                    .is_some_and(|to| {
                        to > self.position.stage()
                            && self.position.resolve(flow, to, &self.is_known()).is_some()
                    })
            }
            _ => self.knowledge.playbook.is_legal(intent, self.stage()),
        };
        let meaning = self.knowledge.meaning(heard, legal)?;
        let least = match &meaning.intent {
            IntentId::OptOut | IntentId::Goodbye => SURE_ENOUGH_TO_END,
            intent if self.knowledge.parts(intent) => SURE_ENOUGH_TO_PART,
            _ => 0.0,
        };
        (meaning.probability >= least).then_some(meaning)
    }

    /// Whether these words are the wish to be called no more.
    pub fn is_opt_out(&self, heard: &str) -> bool {
        self.meaning(heard)
            .is_some_and(|m| m.intent == IntentId::OptOut)
    }

    fn follow(&mut self, plan: &mut Plan, meaning: &Meaning, heard: &str) {
        match &meaning.intent {
            IntentId::Objection(id) => self.object(plan, id, heard),
            IntentId::Stage(id) => {
                let flow = &self.knowledge.playbook.flow;
                let to = flow.iter().position(|stage| stage.id == *id);
                self.lead(plan, to.unwrap_or(self.position.stage()), meaning);
            }
            IntentId::OptOut => {
                plan.outcome = Some(Outcome::OptOut);
                self.parted = true;
                match self.knowledge.playbook.lines.opt_out.clone() {
                    Some(line) => {
                        self.leaving = true;
                        self.line(plan, &line, LineId::OptOut);
                        plan.ends_call = true;
                    }
                    None => self.goodbye(plan),
                }
            }
            IntentId::Goodbye => self.goodbye(plan),
            intent => self.approved(plan, intent, heard),
        }
    }

    /// The caller's words stand for stage `to`.
    fn lead(&mut self, plan: &mut Plan, to: usize, meaning: &Meaning) {
        let here = self.position.stage();
        let (said, surely) = match &meaning.phrase {
            Some(phrase) => (format!("`{phrase}`"), self.everyday.is_yes(phrase)),
            None => (
                format!("what may mean it ({:.2})", meaning.probability),
                false,
            ),
        };
        // "That's fine" agrees to what was asked last, whichever earlier stage lists it.
        let agreed = to == here || (to < here && surely);
        if to > here {
            self.enter(plan, to, &format!("the caller said {said}"));
        } else if !agreed {
            self.go_back(plan, to, &format!("the caller went back with {said}"));
        } else if self.position.is_last() {
            // More than a plain yes: the caller may not be done, so the call goes on.
            self.ask_again(plan);
        } else {
            self.agreed(plan, "the caller agreed");
        }
    }

    /// To an earlier stage: what it asks for is asked for anew.
    fn go_back(&mut self, plan: &mut Plan, to: usize, why: &str) {
        let knowledge = Arc::clone(&self.knowledge);
        let flow = &knowledge.playbook.flow;
        if self.position.resolve(flow, to, &self.is_known()) == Some(to)
            && let Some(stage) = flow.get(to)
        {
            stage
                .collect
                .iter()
                .for_each(|slot| self.slots.forget(slot));
        }
        self.enter(plan, to, why);
    }

    /// The stage's question, even if it was the last thing said.
    pub(super) fn ask_again(&mut self, plan: &mut Plan) {
        let knowledge = Arc::clone(&self.knowledge);
        if let Some(stage) = knowledge.playbook.flow.get(self.position.stage()) {
            self.line(plan, &stage.ask, LineId::StageAsk(stage.id.clone()));
        }
    }

    /// The best approved line for `intent`, and what follows it.
    fn approved(&mut self, plan: &mut Plan, intent: &IntentId, heard: &str) {
        let lines = self.lines_for(intent, heard);
        let usable = |line: &Candidate| {
            !(self.knowledge.is_once(&line.place) && self.said.contains(&line.place))
        };
        match lines.into_iter().find(usable) {
            Some(line) => self.say_line(plan, &line, heard),
            None => self.ask_the_model(plan, heard),
        }
    }

    fn say_line(&mut self, plan: &mut Plan, line: &Candidate, heard: &str) {
        let before = plan.lines.len();
        self.line(plan, &line.text, line.place.clone());
        let Some(last) = plan.lines.get_mut(before) else {
            return self.ask_the_model(plan, heard);
        };
        last.uninterruptible |= line.uninterruptible;
        self.said.insert(line.place.clone());
        match line.then {
            Some(Then::HandOver) => {
                plan.outcome = Some(Outcome::HandOver);
                self.leaving = true;
                self.parted = true;
                plan.ends_call = true;
            }
            Some(Then::End) => {
                self.leaving = true;
                plan.ends_call = true;
            }
            None if self.may_move_on() => self.agreed(plan, "the stage had its time"),
            None => self.ask(plan),
        }
        self.reword(plan, before, line.way);
    }

    /// Hands the lines from `first` on to the model where their way says so; they stand by for when its words may not
    /// be said.
    fn reword(&mut self, plan: &mut Plan, first: usize, way: Way) {
        // What the law wants said is said as it stands, and so is the last word.
        let fixed = plan.ends_call || plan.lines[first..].iter().any(|line| line.uninterruptible);
        if way == Way::Verbatim || fixed {
            return;
        }
        self.instead = plan.lines.split_off(first);
        let text: Vec<&str> = self.instead.iter().map(|line| line.text.as_str()).collect();
        let task = match way {
            Way::Guided => "Say this in words that fit what the caller said, and change no fact:",
            _ => "Answer the caller. You may use this:",
        };
        let note = format!("{task} {}", text.join(" "));
        plan.prompt = Some(self.prompt_to_answer(Some(&note)));
    }

    fn object(&mut self, plan: &mut Plan, id: &str, heard: &str) {
        let script = self.lines_for(&IntentId::Objection(id.to_owned()), heard);
        if let Some(line) = script
            .into_iter()
            .find(|line| !self.said.contains(&line.place))
        {
            return self.say_line(plan, &line, heard);
        }
        let knowledge = Arc::clone(&self.knowledge);
        let objection = knowledge.playbook.objection(id);
        let way = objection.and_then(|objection| objection.way);
        let tactics = objection.map_or(&[][..], |objection| &objection.say);
        let used = self.objections.get(id).copied().unwrap_or(0);
        // A tactic whose slot has no value cannot be said.
        let mut left = tactics.iter().enumerate().skip(used);
        let tactic = left.find(|(_, say)| self.fill(say).is_some());
        let number = tactic.map_or(tactics.len(), |(at, _)| at) + 1;
        self.objections.insert(id.to_owned(), number);
        match tactic {
            Some((_, say)) => {
                let first = plan.lines.len();
                let objection = id.to_owned();
                self.line(plan, say, LineId::Tactic { objection, number });
                self.reword(
                    plan,
                    first,
                    way.unwrap_or(self.knowledge.playbook.persona.way),
                );
            }
            // Every tactic was tried: a firm no.
            None => {
                plan.outcome = Some(Outcome::Refused);
                self.goodbye(plan);
            }
        }
    }

    /// A plain no: the worry that stands for it in the playbook, so that the caller is asked once more, in other words;
    /// else the stage's question in the model's.
    fn refused(&mut self, plan: &mut Plan, heard: &str) {
        let everyday = self.everyday;
        let noes = |objection: &&Objection| {
            let phrases = objection.when.iter();
            phrases.filter(|phrase| everyday.is_no(phrase)).count()
        };
        let stands_for_no = self
            .knowledge
            .playbook
            .objections
            .iter()
            .rev()
            .filter(|objection| noes(objection) > 0)
            .max_by_key(noes);
        match stands_for_no.map(|objection| objection.id.clone()) {
            Some(id) => self.object(plan, &id, heard),
            None => self.ask_the_model(plan, heard),
        }
    }

    /// A yes: on to the next stage, once this one has what it asks for.
    pub(super) fn agreed(&mut self, plan: &mut Plan, why: &str) {
        if self.ask_for_missing(plan) {
            return;
        }
        match self.position.next(&self.knowledge.playbook.flow) {
            Some(to) => self.enter(plan, to, why),
            None => self.goodbye(plan),
        }
    }

    pub(super) fn enter(&mut self, plan: &mut Plan, to: usize, why: &str) {
        let knowledge = Arc::clone(&self.knowledge);
        let flow = &knowledge.playbook.flow;
        let Some(to) = self.position.resolve(flow, to, &self.is_known()) else {
            // Not from here: the stage asks for what it still lacks.
            if !self.ask_for_missing(plan) {
                self.ask(plan);
            }
            return;
        };
        // A stage whose line waits for a slot has nothing to say; the call goes on to one that has.
        let is_known = self.is_known();
        let may_speak = |stage: &usize| {
            let needs = &flow[*stage].needs;
            self.fill(&flow[*stage].ask).is_some() && needs.iter().all(|slot| is_known(slot))
        };
        let after = std::iter::successors(Some(to), |&stage| Position::after(flow, stage));
        let to = after.take(flow.len()).find(may_speak).unwrap_or(to);
        let name = |n: usize| flow.get(n).map(|stage| stage.id.clone());
        // Several moves of one turn are told as one, from where it began.
        let from = match plan.moved.take() {
            Some(moved) => moved.from,
            None => name(self.position.stage()),
        };
        plan.moved = Some(Move {
            from,
            to: name(to).unwrap_or_default(),
            why: why.to_owned(),
        });
        self.position.enter(to);
        // What the stage asks for may be known already, or be said in the same breath.
        let collects = flow.get(to).is_some_and(|stage| !stage.collect.is_empty());
        let led_here = plan
            .matched
            .as_ref()
            .is_some_and(|matched| matches!(matched.intent, IntentId::Stage(_)));
        let heard = std::mem::take(&mut self.now);
        let took = collects && led_here && !self.takes_any_words() && self.take_new(plan, &heard);
        self.now = heard;
        if took || (collects && self.missing().is_empty()) {
            self.agreed(plan, "what the stage asks for is known");
        } else {
            self.ask(plan);
        }
    }

    /// The stage's question, unless it was the last thing said.
    pub(super) fn ask(&mut self, plan: &mut Plan) {
        let knowledge = Arc::clone(&self.knowledge);
        let Some(stage) = knowledge.playbook.flow.get(self.position.stage()) else {
            return;
        };
        // What was begun is asked for by itself.
        let begun = |slot: &String| self.slots.standing(slot).is_some();
        if stage.collect.iter().any(begun) && self.ask_for_missing(plan) {
            return;
        }
        let ask = LineId::StageAsk(stage.id.clone());
        let just_asked = self.last_said.iter().any(|l| l.source.line() == Some(&ask));
        if !just_asked || plan.lines.is_empty() {
            self.line(plan, &stage.ask, ask);
        }
    }

    pub(super) fn goodbye(&mut self, plan: &mut Plan) {
        self.leaving = true;
        self.line(
            plan,
            &self.knowledge.playbook.lines.goodbye,
            LineId::Goodbye,
        );
        plan.ends_call = true;
    }

    fn redirect(&mut self, plan: &mut Plan) {
        plan.matched = Matched::plain(IntentId::Rambling, "");
        if let Some(line) = self.knowledge.playbook.lines.redirect.clone() {
            self.line(plan, &line, LineId::Redirect);
        }
        if let Some(stage) = self.knowledge.playbook.flow.get(self.position.stage()) {
            self.line(plan, &stage.ask, LineId::StageAsk(stage.id.clone()));
        }
    }

    /// No line fits: the model answers, shown the lines that come nearest.
    fn ask_the_model(&mut self, plan: &mut Plan, heard: &str) {
        let unknown = self.lines_for(&IntentId::Unknown, heard);
        if let Some(line) = unknown
            .into_iter()
            .find(|line| !self.said.contains(&line.place))
        {
            return self.say_line(plan, &line, heard);
        }
        let filled = self.is_known();
        let hints = self
            .knowledge
            .hints(self.stage(), heard, &self.said, &filled);
        let hints: Vec<String> = hints
            .iter()
            .filter_map(|hint| self.fill(&hint.text))
            // A full prompt holds most of them, and said again they are what a small model repeats.
            .filter(|hint| self.free_replies != FreeReplies::Full || !self.system.contains(hint))
            .collect();
        let task = match self.free_replies {
            FreeReplies::Full => "A fact, too:",
            _ => "You may say:",
        };
        let task = format!("{task} {}", hints.join(" "));
        let task = Some(task.as_str()).filter(|_| !hints.is_empty());
        plan.prompt = Some(self.prompt_to_answer(task));
    }

    fn lines_for(&self, intent: &IntentId, heard: &str) -> Vec<Candidate> {
        let filled = self.is_known();
        let lines = self
            .knowledge
            .lines_for(self.stage(), intent, heard, &self.said, &filled);
        lines.into_iter().cloned().collect()
    }

    /// Adds a line, unless one of its slots has no value: then it is never spoken.
    pub(super) fn line(&self, plan: &mut Plan, text: &str, place: LineId) {
        if let Some(text) = self.fill(text)
            && !text.trim().is_empty()
        {
            plan.lines.push(PlannedLine {
                text,
                uninterruptible: place == LineId::Notice || self.knowledge.is_marked(&place),
                source: Source::Line(place),
            });
        }
    }
}
