//! Text in, what to say out: one turn of the conversation at a time.
//!
//! Thread: `think`, one per call. In: what the caller said, what of the last reply was heard. Out: a [`Plan`]: approved lines of the
//! playbook where one fits, else a request to the model. Memory: the history. A pure state machine: no clocks, no engines.

pub mod history;
pub mod playbook;
pub mod sentence;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::llm::ChatMessage;
use crate::turn::words::Expect;
use history::History;
use playbook::{MatchKind, Playbook};

/// A line to be said, and where it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedLine {
    /// The words.
    pub text: String,
    /// `line:…`, naming its place in the playbook.
    pub source: String,
    /// It may not be cut off: a legal notice.
    pub uninterruptible: bool,
}

/// What to do in this turn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Approved lines, in order.
    pub lines: Vec<PlannedLine>,
    /// With no line that fits: what the model is asked.
    pub prompt: Option<Vec<ChatMessage>>,
    /// Hang up when it has been said.
    pub ends_call: bool,
    /// Stage left and entered, and why.
    pub moved: Option<(String, String, String)>,
}

/// The notice that the law or the house wants heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notice {
    /// It must still be said.
    Owed,
    /// It is part of what is being said.
    Planned,
    /// It was heard to its end.
    Heard,
}

/// One call's conversation.
#[derive(Clone)]
pub struct Dialogue {
    playbook: Arc<Playbook>,
    slots: BTreeMap<String, String>,
    system: String,
    stage: usize,
    objections: HashMap<String, usize>,
    last_said: Vec<PlannedLine>,
    notice: Notice,
    /// Goodbye was said.
    leaving: bool,
    history: History,
}

const YES: &[&str] = &[
    "yes",
    "yeah",
    "yep",
    "sure",
    "okay",
    "ok",
    "alright",
    "of course",
    "absolutely",
    "exactly",
    "that's right",
    "that's correct",
    "that's fine",
    "perfect",
    "sounds good",
    "go ahead",
    "yes please",
    "that sounds good",
];
const NO: &[&str] = &["no", "no thanks", "no thank you", "not really", "nope"];
const REPEAT: &[&str] = &[
    "pardon",
    "sorry",
    "what",
    "what did you say",
    "can you repeat that",
    "could you say that again please",
    "i didn't catch that",
    "can you explain that again",
    "could you say that again",
];

impl Dialogue {
    /// The conversation before its first word.
    pub fn new(playbook: Arc<Playbook>, history_turns: usize) -> Self {
        let slots = BTreeMap::new();
        let system = playbook.system_prompt(&slots);
        Self {
            playbook,
            slots,
            system,
            stage: 0,
            objections: HashMap::new(),
            last_said: Vec::new(),
            notice: Notice::Owed,
            leaving: false,
            history: History::new(history_turns),
        }
    }

    /// What every prompt of this playbook begins with.
    pub fn shared_prefix(&self) -> Vec<ChatMessage> {
        self.history.prompt_prefix(&self.system)
    }

    /// What every prompt from here on begins with: for prefilling while the caller speaks.
    pub fn so_far(&self) -> Vec<ChatMessage> {
        self.history.prompt(&self.system, self.goal())
    }

    /// The first words: greeting, notice, and the first stage's question.
    pub fn opening(&mut self) -> Plan {
        let mut plan = Plan::default();
        let playbook = Arc::clone(&self.playbook);
        self.line(&mut plan, &playbook.lines.opening, "lines.opening");
        self.notice(&mut plan);
        if let Some(stage) = playbook.flow.first() {
            self.line(&mut plan, &stage.ask, &format!("flow.{}.ask", stage.id));
            plan.moved = Some((String::new(), stage.id.clone(), "call start".into()));
        }
        self.last_said.clone_from(&plan.lines);
        plan
    }

    /// Adds the notice, until it was heard.
    fn notice(&mut self, plan: &mut Plan) {
        if self.notice == Notice::Owed {
            let notice = &self.playbook.compliance.opening_notice;
            self.line(plan, notice, "compliance.opening_notice");
            self.notice = Notice::Planned;
        }
    }

    /// Takes what the caller heard of the last reply, which a cut may have made shorter than what was planned.
    pub fn heard_of_reply(&mut self, text: &str) {
        self.heard(text, false, false);
    }

    /// The same, for words that were said `besides` the replies (a holding line), or when the caller's next words are `answered` already.
    pub fn heard(&mut self, text: &str, besides: bool, answered: bool) {
        let notice = self
            .playbook
            .fill(&self.playbook.compliance.opening_notice, &self.slots);
        if self.notice == Notice::Planned && !besides {
            let heard = notice.is_none_or(|notice| text.contains(notice.trim()));
            self.notice = if heard { Notice::Heard } else { Notice::Owed };
        }
        if answered {
            self.history.agent_before_the_last_words(text);
        } else {
            self.history.agent(text);
        }
    }

    /// A word to a caller who is silent.
    pub fn remind(&self) -> Plan {
        let mut plan = Plan::default();
        self.line(&mut plan, &self.playbook.lines.silence, "lines.silence");
        plan
    }

    /// The last word to a caller who stays silent.
    pub fn give_up(&self) -> Plan {
        let mut plan = Plan::default();
        self.line(&mut plan, &self.playbook.lines.gone, "lines.gone");
        plan.ends_call = true;
        plan
    }

    /// What the caller was asked for by the last words: the stage's question, or nothing in particular.
    pub fn expect(&self) -> Expect {
        let stage = self.playbook.flow.get(self.stage);
        let asked = |stage: &&playbook::Stage| {
            let source = format!("line:flow.{}.ask", stage.id);
            self.last_said
                .last()
                .is_some_and(|line| line.source == source)
        };
        stage
            .filter(asked)
            .map_or(Expect::Any, |stage| stage.expect)
    }

    /// What the prompt begins with when the caller has said `words` and goes on; None when an approved line would answer them.
    pub fn so_far_hearing(&self, words: &str) -> Option<Vec<ChatMessage>> {
        if self.playbook.matches(words).is_some() {
            return None;
        }
        let mut history = self.history.clone();
        history.caller(words);
        Some(history.prompt(&self.system, self.goal()))
    }

    fn goal(&self) -> &str {
        self.playbook
            .flow
            .get(self.stage)
            .map_or("", |stage| &stage.goal)
    }

    /// What to say to `heard`; an empty text means that something was said and not understood.
    pub fn reply(&mut self, heard: &str) -> Plan {
        let mut plan = Plan::default();
        let playbook = Arc::clone(&self.playbook);
        self.notice(&mut plan);
        if heard.trim().is_empty() {
            self.line(&mut plan, &playbook.lines.repeat, "lines.repeat");
            return plan;
        }
        self.history.caller(heard);
        let words = playbook::normalise(heard);
        if REPEAT.contains(&words.as_str()) && !self.last_said.is_empty() {
            plan.lines.extend(self.last_said.iter().cloned());
            return plan;
        }
        let last_stage = self.stage + 1 >= playbook.flow.len();
        let plain_no = NO.contains(&words.as_str());
        let plain_yes = YES.contains(&words.as_str());
        if (last_stage || self.leaving) && (plain_no || plain_yes) {
            self.goodbye(&mut plan);
        } else if let Some(found) = playbook.matches(heard) {
            self.follow(&mut plan, found.kind, found.id, found.phrase);
        } else if plain_yes {
            self.advance(&mut plan, "the caller agreed");
        } else {
            plan.prompt = Some(self.so_far());
        }
        if plan.lines.iter().any(|line| !line.uninterruptible) {
            self.last_said.clone_from(&plan.lines);
        }
        plan
    }

    /// The line for when the model brought nothing that can be said.
    pub fn fallback(&self) -> PlannedLine {
        PlannedLine {
            text: self
                .playbook
                .fill(&self.playbook.lines.fallback, &self.slots)
                .unwrap_or_else(|| "Sorry, could you say that again?".into()),
            source: "line:lines.fallback".into(),
            uninterruptible: false,
        }
    }

    /// Remembers what the model said, for a caller who asks again.
    pub fn model_said(&mut self, text: &str) {
        self.last_said = vec![PlannedLine {
            text: text.to_owned(),
            source: "model".into(),
            uninterruptible: false,
        }];
    }

    fn follow(&mut self, plan: &mut Plan, kind: MatchKind, id: &str, phrase: &str) {
        let playbook = Arc::clone(&self.playbook);
        match kind {
            MatchKind::OptOut | MatchKind::Goodbye => self.goodbye(plan),
            MatchKind::Fact => {
                if let Some(fact) = playbook.fact(id) {
                    self.line(plan, &fact.say, &format!("facts.{id}"));
                }
                self.ask(plan);
            }
            MatchKind::Objection => {
                let used = self.objections.entry(id.to_owned()).or_default();
                let tactic = playbook
                    .objection(id)
                    .and_then(|o| o.say.get(*used))
                    .cloned();
                *used += 1;
                match tactic {
                    Some(say) => {
                        let number = self.objections.get(id).copied().unwrap_or(1);
                        self.line(plan, &say, &format!("objections.{id}.{number}"));
                    }
                    None => self.goodbye(plan),
                }
            }
            MatchKind::Stage => {
                let to = playbook
                    .flow
                    .iter()
                    .position(|s| s.id == id)
                    .unwrap_or(self.stage);
                if to > self.stage {
                    self.enter(plan, to, &format!("the caller said `{phrase}`"));
                } else {
                    self.advance(plan, "the caller agreed");
                }
            }
        }
    }

    fn advance(&mut self, plan: &mut Plan, why: &str) {
        let playbook = Arc::clone(&self.playbook);
        let here = playbook
            .flow
            .get(self.stage)
            .map(|s| s.id.as_str())
            .unwrap_or("");
        let next = playbook
            .stage_after(here)
            .and_then(|next| playbook.flow.iter().position(|s| s.id == next.id));
        match next {
            Some(to) => self.enter(plan, to, why),
            None => self.goodbye(plan),
        }
    }

    fn enter(&mut self, plan: &mut Plan, to: usize, why: &str) {
        let name = |n: usize| {
            self.playbook
                .flow
                .get(n)
                .map(|s| s.id.clone())
                .unwrap_or_default()
        };
        plan.moved = Some((name(self.stage), name(to), why.to_owned()));
        self.stage = to;
        self.ask(plan);
    }

    /// The stage's question, unless it was the last thing said.
    fn ask(&self, plan: &mut Plan) {
        let Some(stage) = self.playbook.flow.get(self.stage) else {
            return;
        };
        let source = format!("flow.{}.ask", stage.id);
        let just_asked = self
            .last_said
            .iter()
            .any(|l| l.source == format!("line:{source}"));
        if !just_asked || plan.lines.is_empty() {
            self.line(plan, &stage.ask, &source);
        }
    }

    fn goodbye(&mut self, plan: &mut Plan) {
        self.leaving = true;
        self.line(plan, &self.playbook.lines.goodbye, "lines.goodbye");
        plan.ends_call = true;
    }

    /// Adds a line, unless one of its slots has no value: then it is never spoken.
    fn line(&self, plan: &mut Plan, text: &str, place: &str) {
        if let Some(text) = self.playbook.fill(text, &self.slots)
            && !text.trim().is_empty()
        {
            plan.lines.push(PlannedLine {
                text,
                source: format!("line:{place}"),
                uninterruptible: place == "compliance.opening_notice"
                    || self
                        .playbook
                        .compliance
                        .uninterruptible
                        .iter()
                        .any(|p| p == place),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitness() -> Dialogue {
        let playbook =
            Playbook::parse(include_str!("../../playbooks/fitness.toml"), "fitness").unwrap();
        Dialogue::new(Arc::new(playbook), 6)
    }

    /// After its opening was heard.
    fn opened() -> Dialogue {
        let mut dialogue = fitness();
        let opening = dialogue.opening();
        dialogue.heard_of_reply(&said(&opening));
        dialogue
    }

    fn said(plan: &Plan) -> String {
        plan.lines
            .iter()
            .map(|l| l.text.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn a_sale_goes_from_greeting_to_goodbye_on_approved_lines() {
        let mut dialogue = opened();
        let steps = [
            ("Sure, go ahead.", "discovery"),
            ("I want to lose weight.", "pitch"),
            ("Yes, please.", "closing"),
            ("Saturday at ten works", "confirm"),
        ];
        for (heard, stage) in steps {
            let plan = dialogue.reply(heard);
            assert_eq!(
                plan.moved.as_ref().map(|m| m.1.as_str()),
                Some(stage),
                "{heard}"
            );
            assert!(!plan.lines.is_empty() && plan.prompt.is_none());
        }
        let plan = dialogue.reply("Thanks, bye.");
        assert!(plan.ends_call);
        assert!(said(&plan).contains("oodbye"), "{}", said(&plan));
    }

    #[test]
    fn an_objection_gets_its_tactics_in_order_and_then_a_goodbye() {
        let mut dialogue = opened();
        let first = dialogue.reply("It's too expensive.");
        let second = dialogue.reply("That's too expensive.");
        assert_ne!(said(&first), said(&second));
        assert!(!second.ends_call);
        assert!(dialogue.reply("It's too expensive.").ends_call);
    }

    #[test]
    fn what_no_line_fits_goes_to_the_model_with_the_history() {
        let mut dialogue = opened();
        let plan = dialogue.reply("My grandmother collects stamps from Peru");
        let prompt = plan.prompt.unwrap();
        assert!(
            prompt
                .iter()
                .any(|m| m.text.starts_with("Hi there, this is Alex"))
        );
        assert!(
            prompt
                .last()
                .unwrap()
                .text
                .starts_with("My grandmother collects stamps from Peru")
        );
        assert!(plan.lines.is_empty());
    }

    #[test]
    fn a_caller_who_did_not_catch_it_hears_it_again() {
        let mut dialogue = opened();
        let price = dialogue.reply("How much is it?");
        assert_eq!(dialogue.reply("Pardon?").lines, price.lines);
        assert!(!dialogue.reply("").lines.is_empty());
    }

    #[test]
    fn opting_out_ends_the_call() {
        let mut dialogue = opened();
        assert!(dialogue.reply("Please take me off your list.").ends_call);
    }

    #[test]
    fn a_notice_that_was_cut_off_is_said_first_until_it_was_heard() {
        let mut dialogue = fitness();
        let opening = dialogue.opening();
        let notice = opening
            .lines
            .iter()
            .find(|l| l.uninterruptible)
            .cloned()
            .unwrap();
        assert!(!opening.lines[0].uninterruptible);
        // While it is being said it is not said twice.
        assert_ne!(dialogue.clone().reply("How much is it?").lines[0], notice);
        dialogue.heard("One moment, please.", true, false);
        dialogue.heard_of_reply("Hi there, this is");
        let price = dialogue.reply("How much is it?");
        assert_eq!(price.lines[0], notice);
        assert!(price.lines.len() > 1);
        dialogue.heard_of_reply(&said(&price));
        assert_ne!(dialogue.reply("How much is it?").lines[0], notice);
    }

    #[test]
    fn lines_that_the_playbook_marks_may_not_be_cut_off() {
        let mut playbook =
            Playbook::parse(include_str!("../../playbooks/fitness.toml"), "fitness").unwrap();
        playbook.compliance.uninterruptible = vec!["facts.cancel".into()];
        let mut dialogue = Dialogue::new(Arc::new(playbook), 6);
        let opening = dialogue.opening();
        dialogue.heard_of_reply(&said(&opening));
        assert!(dialogue.reply("Can I cancel any time?").lines[0].uninterruptible);
        assert!(!dialogue.reply("How much is it?").lines[0].uninterruptible);
    }

    #[test]
    fn a_silent_caller_is_asked_and_then_let_go() {
        let dialogue = opened();
        assert!(said(&dialogue.remind()).contains("are you still there"));
        assert!(!dialogue.remind().ends_call && dialogue.give_up().ends_call);
        assert!(!dialogue.give_up().lines.is_empty());
    }

    #[test]
    fn what_is_still_being_said_is_prefilled_as_the_beginning_of_the_prompt() {
        let mut dialogue = opened();
        assert_eq!(dialogue.so_far_hearing("how much is it"), None);
        let ahead = dialogue.so_far_hearing("My grandmother collects").unwrap();
        let prompt = dialogue
            .reply("My grandmother collects stamps")
            .prompt
            .unwrap();
        assert_eq!(ahead.len(), prompt.len());
        assert_eq!(ahead[..ahead.len() - 1], prompt[..prompt.len() - 1]);
        let (ahead, whole) = (&ahead[ahead.len() - 1], &prompt[prompt.len() - 1]);
        assert!(whole.text.starts_with(&ahead.text));
    }

    #[test]
    fn what_is_asked_for_is_known_right_after_the_question() {
        let mut dialogue = opened();
        assert_eq!(dialogue.expect(), Expect::YesNo);
        dialogue.reply("How much is it?");
        assert_eq!(dialogue.expect(), Expect::Any);
        dialogue.reply("I want to lose weight.");
        assert_eq!(dialogue.expect(), Expect::YesNo);
        dialogue.model_said("Something else.");
        assert_eq!(dialogue.expect(), Expect::Any);
    }

    #[test]
    fn an_okay_to_the_goodbye_sells_nothing() {
        let mut dialogue = opened();
        assert!(dialogue.reply("Please take me off your list.").ends_call);
        let plan = dialogue.reply("Okay.");
        assert!(plan.ends_call && plan.moved.is_none());
    }
}
