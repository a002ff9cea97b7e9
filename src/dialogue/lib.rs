//! Text in, what to say out: one turn of the conversation at a time.
//!
//! Thread: `responder`, one per call. In: what the caller said, what of the last reply was heard. Out: a [`Plan`]:
//! approved lines of the playbook where one fits, else a request to the model. Memory: the history. A pure state
//! machine: no clocks, no engines.
//!
//! [`knowledge`] tells what the words mean ([`intent`], phrases) and which lines answer ([`retrieval`]); [`stages`]
//! where the call may go; [`slots`] what was learnt; `reply` decides the turn; [`guard`] judges what the model makes of
//! it.

#[cfg(test)]
mod behaviour;
mod consent;
pub mod draft;
pub mod guard;
pub mod history;
pub mod intent;
pub mod knowledge;
mod reply;
pub mod rerank;
pub mod retrieval;
pub mod slots;
pub mod stages;
pub mod tentative;
#[cfg(test)]
mod tests;
mod values;

use patter_language::text::{letters, normalise};
use patter_types::intent::IntentId;
use patter_types::line::LineId;
use patter_types::moves::Move;
use patter_types::outcome::Outcome;
use patter_types::source::Source;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::civil::Date;
use serde::Serialize;

use history::History;
use knowledge::{Knowledge, Meaning};
use patter_language::everyday::Everyday;
use patter_types::chat::{ChatMessage, Role};
use patter_types::free_replies::FreeReplies;
use slots::{SlotError, Slots};
use stages::Position;

/// A line to be said, and where it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedLine {
    /// The words.
    pub text: String,
    /// Its place in the playbook; the model's only among what was said last.
    pub source: Source,
    /// It may not be cut off: a legal notice.
    pub uninterruptible: bool,
}

/// What in the caller's words decided the turn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Matched {
    /// What the words were taken for.
    pub intent: IntentId,
    /// The phrase that was heard; empty for a guess.
    pub phrase: String,
    /// From 0 to 1; 1 for words that were heard as they stand in the playbook.
    pub probability: f32,
}

impl Matched {
    fn meaning(meaning: &Meaning) -> Self {
        Self {
            intent: meaning.intent.clone(),
            phrase: meaning.phrase.clone().unwrap_or_default(),
            probability: meaning.probability,
        }
    }

    fn plain(intent: IntentId, words: &str) -> Option<Self> {
        Some(Self {
            intent,
            phrase: words.to_owned(),
            probability: 1.0,
        })
    }
}

/// What to do in this turn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// What in the caller's words decided it; None when nothing was understood, or nothing was said.
    pub matched: Option<Matched>,
    /// Approved lines, in order.
    pub lines: Vec<PlannedLine>,
    /// With no line that fits, or one that the model shall reword: what the model is asked.
    pub prompt: Option<Vec<ChatMessage>>,
    /// Hang up when it has been said.
    pub ends_call: bool,
    /// The stage that was entered, if another one was.
    pub moved: Option<Move>,
    /// Slots that were learnt or confirmed, with their values.
    pub values: Vec<SlotUpdate>,
    /// What the call came to, in the turn in which that is known.
    pub outcome: Option<Outcome>,
}

impl Plan {
    /// The approved lines, joined.
    pub fn text(&self) -> String {
        let lines: Vec<&str> = self.lines.iter().map(|line| line.text.as_str()).collect();
        lines.join(" ")
    }
}

/// A slot's new value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SlotUpdate {
    /// Name of the slot.
    pub slot: String,
    /// Normalised: `2026-11-24`, `15:30`, digits. Empty for a value that the caller took back.
    pub value: String,
    /// The caller said that it is right, or it needs no confirmation.
    pub confirmed: bool,
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
    knowledge: Arc<Knowledge>,
    everyday: &'static Everyday,
    slots: Slots,
    /// The slot whose value was read back, and awaits a yes.
    read_back: Option<String>,
    /// The day of the call, where the caller is.
    today: Date,
    system: String,
    /// How freely the model answers where no approved line fits.
    free_replies: FreeReplies,
    position: Position,
    objections: HashMap<String, usize>,
    last_said: Vec<PlannedLine>,
    /// The words that are being answered.
    now: String,
    /// Places of the lines that were said in this call.
    said: HashSet<LineId>,
    /// What is said if the model's words may not be.
    instead: Vec<PlannedLine>,
    notice: Notice,
    /// Goodbye was said.
    leaving: bool,
    /// See [`Dialogue::lost_after`].
    lost_after: u32,
    /// The caller opted out, or goes to a human: nothing can follow but the end.
    parted: bool,
    succeeded: bool,
    history: History,
}

impl Dialogue {
    /// The same, handed over after so many replies in one stage; never after 0.
    pub fn lost_after(mut self, turns: u32) -> Self {
        self.lost_after = turns;
        self
    }

    /// The same, with a model that may answer so freely; before that it gets the brief prompt.
    pub fn answering(mut self, free_replies: FreeReplies) -> Self {
        self.free_replies = free_replies;
        self.system = self.system_prompt();
        self
    }

    /// The conversation before its first word, today.
    pub fn new(knowledge: Arc<Knowledge>, history_turns: usize) -> Self {
        Self::on(jiff::Zoned::now().date(), knowledge, history_turns)
    }

    /// The conversation before its first word, on the day `today`: "tomorrow" is the day after it.
    pub fn on(today: Date, knowledge: Arc<Knowledge>, history_turns: usize) -> Self {
        let slots = Slots::new(&knowledge.playbook);
        let free_replies = FreeReplies::Brief;
        let system = knowledge
            .playbook
            .system_prompt(free_replies, &slots.to_map());
        Self {
            everyday: Everyday::of(&knowledge.playbook.language),
            position: Position::new(knowledge.playbook.flow.len()),
            knowledge,
            slots,
            read_back: None,
            today,
            system,
            free_replies,
            objections: HashMap::new(),
            last_said: Vec::new(),
            now: String::new(),
            notice: Notice::Owed,
            leaving: false,
            lost_after: patter_config::LOST_AFTER,
            parted: false,
            said: HashSet::new(),
            instead: Vec::new(),
            succeeded: false,
            history: History::new(history_turns),
        }
    }

    /// Takes what is known of the call before it begins: values of slots. What the playbook has no slot for is
    /// returned, and nothing else is lost.
    pub fn know(&mut self, slots: &BTreeMap<String, String>) -> Vec<SlotError> {
        let set = slots
            .iter()
            .map(|(name, value)| self.slots.set(name, value));
        let errors = set.filter_map(Result::err).collect();
        self.system = self.system_prompt();
        errors
    }

    fn system_prompt(&self) -> String {
        let playbook = &self.knowledge.playbook;
        playbook.system_prompt(self.free_replies, &self.known())
    }

    /// Whether the model may be asked at all.
    pub fn asks_the_model(&self) -> bool {
        self.free_replies != FreeReplies::Off
    }

    /// The slots that have a value.
    pub fn known(&self) -> BTreeMap<String, String> {
        self.slots.to_map()
    }

    /// What every prompt of this playbook begins with.
    pub fn shared_prefix(&self) -> Vec<ChatMessage> {
        self.history.prompt_prefix(&self.system)
    }

    /// What every prompt from here on begins with: for prefilling while the caller speaks.
    pub fn so_far(&self) -> Vec<ChatMessage> {
        self.history
            .prompt(&self.system, self.note_before().as_deref())
    }

    /// The first words: greeting, notice, and the first stage's question.
    pub fn opening(&mut self) -> Plan {
        let mut plan = Plan::default();
        let knowledge = Arc::clone(&self.knowledge);
        let playbook = &knowledge.playbook;
        self.line(&mut plan, &playbook.lines.opening, LineId::Opening);
        self.notice(&mut plan);
        if let Some(stage) = playbook.flow.first() {
            self.line(&mut plan, &stage.ask, LineId::StageAsk(stage.id.clone()));
            plan.moved = Some(Move {
                from: None,
                to: stage.id.clone(),
                why: "call start".into(),
            });
        }
        self.last_said.clone_from(&plan.lines);
        plan
    }

    /// Adds the notice, until it was heard.
    fn notice(&mut self, plan: &mut Plan) {
        if self.notice == Notice::Owed {
            let notice = &self.knowledge.playbook.compliance.opening_notice;
            self.line(plan, notice, LineId::Notice);
            self.notice = Notice::Planned;
        }
    }

    /// Takes what the caller heard of the last reply, which a cut may have made shorter than what was planned.
    pub fn heard_of_reply(&mut self, text: &str) {
        self.heard(text, false, false);
    }

    /// The same, for words that were said `besides` the replies (a filler), or when the caller's next words are
    /// `answered` already.
    pub fn heard(&mut self, text: &str, besides: bool, answered: bool) {
        let notice = self.fill(&self.knowledge.playbook.compliance.opening_notice);
        if self.notice == Notice::Planned && !besides {
            // A voice takes sentences one by one, and other blanks and marks may stand between them.
            let plain = |text: &str| letters(text).collect::<String>();
            let heard = notice.is_none_or(|notice| plain(text).contains(&plain(&notice)));
            self.notice = if heard { Notice::Heard } else { Notice::Owed };
        }
        if answered {
            self.history.agent_before_the_last_words(text);
        } else {
            self.history.agent(text);
        }
    }

    /// A word to a caller who is silent.
    pub fn reprompt(&self) -> Plan {
        let mut plan = Plan::default();
        self.line(
            &mut plan,
            &self.knowledge.playbook.lines.silence,
            LineId::Silence,
        );
        plan
    }

    /// The last word to a caller who stays silent.
    pub fn give_up(&self) -> Plan {
        let mut plan = Plan::default();
        self.line(&mut plan, &self.knowledge.playbook.lines.gone, LineId::Gone);
        plan.ends_call = true;
        plan
    }

    /// Id of the stage that the conversation is in; empty when the playbook has none.
    pub fn stage(&self) -> &str {
        self.knowledge
            .playbook
            .flow
            .get(self.position.stage())
            .map_or("", |stage| &stage.id)
    }

    /// What the prompt begins with when the caller has said `words` and goes on; None when an approved line would
    /// answer them.
    pub fn so_far_hearing(&self, words: &str) -> Option<Vec<ChatMessage>> {
        if !self.asks_the_model() || self.meaning(words).is_some() {
            return None;
        }
        let mut history = self.history.clone();
        history.caller(words);
        Some(history.prompt(&self.system, self.note_before().as_deref()))
    }

    /// The prompt to answer the caller's last words, with a `task` for this turn alone. It stands behind the words, so
    /// that nothing before it is prefilled again.
    fn prompt_to_answer(&self, task: Option<&str>) -> Vec<ChatMessage> {
        let mut prompt = self.so_far();
        if self.free_replies == FreeReplies::Full || self.knowledge.playbook.persona.open {
            let note = self.knowledge.playbook.note_behind(task);
            history::put_behind(&mut prompt, &note);
        } else if let Some(task) = task {
            prompt.push(ChatMessage {
                role: Role::System,
                text: task.to_owned(),
            });
        }
        prompt
    }

    /// Says once that the goal is reached.
    fn note_success(&mut self, plan: &mut Plan) {
        let playbook = &self.knowledge.playbook;
        let Some(success) = playbook.success.as_ref().filter(|_| !self.succeeded) else {
            return;
        };
        let entered = |id: &String| {
            playbook
                .flow
                .iter()
                .position(|stage| stage.id == *id)
                .is_some_and(|stage| self.position.was_entered(stage))
        };
        let is_known = self.is_known();
        if success.stage.iter().all(entered) && success.slots.iter().all(|slot| is_known(slot)) {
            plan.outcome = plan.outcome.or(Some(Outcome::Success));
            self.succeeded = true;
        }
    }

    fn note_before(&self) -> Option<String> {
        let playbook = &self.knowledge.playbook;
        let stage = playbook.flow.get(self.position.stage());
        playbook.note_before(self.free_replies, stage)
    }

    /// What a sentence of the model's is held against: the caller's words, what is known of them, and the agent's last
    /// two turns.
    pub fn guarded_turn(&self) -> guard::Turn {
        let last = self.history.words_of(Role::Assistant).rev().take(2);
        let known = self.slots.to_map();
        guard::Turn::new(self.history.words_of(Role::User), last)
            .knowing(known.values().map(String::as_str))
    }

    /// The lines for when the model brought nothing that can be said: a question is not known, to anything else comes
    /// the stage's question.
    pub fn fallback(&mut self) -> Vec<PlannedLine> {
        if !self.instead.is_empty() {
            self.last_said.clone_from(&self.instead);
            return std::mem::take(&mut self.instead);
        }
        let mut plan = Plan::default();
        let knowledge = Arc::clone(&self.knowledge);
        let playbook = &knowledge.playbook;
        let heard = self.history.words_of(Role::User).next_back().unwrap_or("");
        let again = self
            .last_said
            .iter()
            .any(|line| line.source == Source::Line(LineId::Fallback));
        if self.everyday.is_question(heard, &normalise(heard)) || again {
            self.line(&mut plan, &playbook.lines.not_known, LineId::NotKnown);
        } else {
            self.line(&mut plan, &playbook.lines.fallback, LineId::Fallback);
            if let Some(stage) = playbook.flow.get(self.position.stage()) {
                // Even if it was just asked: it was not answered.
                self.line(&mut plan, &stage.ask, LineId::StageAsk(stage.id.clone()));
            }
        }
        self.last_said.clone_from(&plan.lines);
        plan.lines
    }

    /// Remembers what the model said, for a caller who asks again.
    pub fn model_said(&mut self, text: &str) {
        self.last_said = vec![PlannedLine {
            text: text.to_owned(),
            source: Source::Model,
            uninterruptible: false,
        }];
    }
}
