//! What each side really said and heard.
//!
//! Thread: `responder`. In: the caller's words, and the part of the agent's words that was played. Out: messages for
//! the model. Memory: the whole call as text; the model sees the last few exchanges.

use patter_language::text::count_words;
use patter_playbook::Playbook;
use patter_types::chat::{ChatMessage, Role};
use patter_types::free_replies::FreeReplies;
use std::collections::BTreeMap;

/// Words of history that a prompt holds at most, about 400 tokens: a call's share of the default context is 900.
const MOST_WORDS: usize = 300;

fn words_in(messages: &[ChatMessage]) -> usize {
    messages.iter().map(|m| count_words(&m.text)).sum()
}

/// The words of one call.
#[derive(Clone)]
pub struct History {
    messages: Vec<ChatMessage>,
    turns: usize,
}

impl History {
    /// `turns`: exchanges that the model sees.
    pub fn new(turns: usize) -> Self {
        Self {
            messages: Vec::new(),
            turns,
        }
    }

    /// The caller said `text`.
    pub fn caller(&mut self, text: &str) {
        self.push(Role::User, text);
    }

    /// The caller heard `text` from the agent.
    pub fn agent(&mut self, text: &str) {
        self.push(Role::Assistant, text);
    }

    /// The caller heard `text` from the agent before they said their last words.
    pub fn agent_before_the_last_words(&mut self, text: &str) {
        let last = self.messages.pop_if(|m| m.role == Role::User);
        self.agent(text);
        self.messages.extend(last);
    }

    /// What one side said, from the call's beginning.
    pub fn words_of(&self, role: Role) -> impl DoubleEndedIterator<Item = &str> {
        let own = self.messages.iter().filter(move |m| m.role == role);
        own.map(|message| message.text.as_str())
    }

    /// Two messages of one side in a row become one: chat templates want them to alternate.
    fn push(&mut self, role: Role, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        match self.messages.last_mut() {
            Some(last) if last.role == role => {
                last.text.push(' ');
                last.text.push_str(text);
            }
            _ => self.messages.push(ChatMessage {
                role,
                text: text.to_owned(),
            }),
        }
    }

    /// What all prompts begin with.
    pub fn prompt_prefix(&self, system: &str) -> Vec<ChatMessage> {
        vec![ChatMessage {
            role: Role::System,
            text: system.to_owned(),
        }]
    }

    /// The prompt: system text, the newest exchanges, and `note` before the caller's last words (or at the
    /// end, where those will follow), so that it is prefilled before they are spoken. Old exchanges leave in blocks, so
    /// that the cached beginning stays the same for several turns.
    pub fn prompt(&self, system: &str, note: Option<&str>) -> Vec<ChatMessage> {
        let mut prompt = self.prompt_prefix(system);
        let limit = self.turns * 2;
        let over = self.messages.len().saturating_sub(limit);
        let block = (limit / 2).max(1);
        let skip = over.div_ceil(block) * block;
        let mut recent = &self.messages[skip.min(self.messages.len().saturating_sub(1))..];
        // Long-winded turns must not fill a call's share of the context.
        while recent.len() > 2 && words_in(recent) > MOST_WORDS {
            recent = &recent[recent.len() / 2..];
        }
        // Many templates refuse a chat that the assistant begins, after a cut.
        if recent.len() < self.messages.len()
            && recent.len() > 1
            && recent[0].role == Role::Assistant
        {
            recent = &recent[1..];
        }
        prompt.extend_from_slice(recent);
        let asked = prompt.last().is_some_and(|m| m.role == Role::User);
        let at = prompt.len() - usize::from(asked);
        if let Some(note) = note {
            let note = ChatMessage {
                role: Role::System,
                text: note.to_owned(),
            };
            prompt.insert(at, note);
        }
        prompt
    }
}

/// Adds `note` to the caller's last words.
pub(crate) fn put_behind(prompt: &mut [ChatMessage], note: &str) {
    if let Some(last) = prompt.last_mut().filter(|m| m.role == Role::User) {
        last.text = format!("{}\n{note}", last.text);
    }
}

/// What a caller says in a turn of [`fullest_prompt`]: 20 words, more than most turns on the telephone have.
const CALLER_TURN: &str = "I would like to know a little more about that first, if you have a moment to explain \
                           it, please.";

/// The longest prompt that an ordinary call comes to: the history is full, the agent always said its longest line.
pub fn fullest_prompt(
    playbook: &Playbook,
    style: FreeReplies,
    history_turns: usize,
) -> Vec<ChatMessage> {
    let spoken = playbook
        .texts()
        .into_iter()
        .filter(|text| text.2.is_spoken());
    let longest = spoken.map(|text| text.1).max_by_key(|text| text.len());
    let slots = BTreeMap::new();
    let stages = playbook.flow.iter();
    let notes = stages.filter_map(|stage| playbook.note_before(style, Some(stage)));
    let note = notes.max_by_key(String::len);
    let mut history = History::new(history_turns);
    for _ in 0..history_turns {
        history.agent(longest.unwrap_or_default());
        history.caller(CALLER_TURN);
    }
    let system = playbook.system_prompt(style, &slots);
    let mut prompt = history.prompt(&system, note.as_deref());
    if style == FreeReplies::Full {
        put_behind(&mut prompt, &playbook.note_behind(None));
    }
    prompt
}

#[cfg(test)]
mod tests {
    use super::*;

    const FITNESS: &str = include_str!("../../playbooks/fitness.toml");

    #[test]
    fn sides_alternate_and_empty_words_leave_no_message() {
        let mut history = History::new(6);
        history.agent("Hello.");
        history.caller("I");
        history.agent("  ");
        history.caller("am here.");
        let prompt = history.prompt("system", Some("g"));
        assert_eq!(prompt.len(), 4);
        assert_eq!(prompt[3].text, "I am here.");
    }

    #[test]
    fn the_note_is_prefilled_before_the_caller_speaks() {
        let mut history = History::new(6);
        history.agent("Hello.");
        let before = history.prompt("s", Some("sell"));
        history.caller("Hi.");
        let after = history.prompt("s", Some("sell"));
        assert_eq!(before[..], after[..before.len()]);
        assert_eq!(after.len(), before.len() + 1);
    }

    #[test]
    fn what_was_heard_before_the_last_words_stands_before_them() {
        let mut history = History::new(6);
        history.caller("How much is it?");
        history.agent_before_the_last_words("Hello, this is Alex.");
        let texts: Vec<String> = history
            .prompt("s", Some("g"))
            .into_iter()
            .map(|m| m.text)
            .collect();
        assert_eq!(texts[1..], ["Hello, this is Alex.", "g", "How much is it?"]);
    }

    #[test]
    fn long_winded_turns_leave_sooner() {
        let mut history = History::new(6);
        for _ in 0..6 {
            history.caller(&"word ".repeat(100));
            history.agent("Yes.");
        }
        history.caller("And now?");
        let prompt = history.prompt("s", Some("g"));
        assert!(
            words_in(&prompt) <= MOST_WORDS + 10,
            "{}",
            words_in(&prompt)
        );
        assert_eq!(prompt.last().unwrap().text, "And now?");
    }

    #[test]
    fn old_exchanges_leave_in_blocks_and_the_newest_stays() {
        let mut history = History::new(3);
        let mut starts = Vec::new();
        for n in 0..20 {
            history.caller(&format!("c{n}"));
            let prompt = history.prompt("s", Some("g"));
            assert!(prompt.len() <= 9, "{}", prompt.len());
            assert_eq!(prompt.last().unwrap().text, format!("c{n}"));
            starts.push(prompt[1].text.clone());
            history.agent(&format!("a{n}"));
        }
        let changes = starts.windows(2).filter(|w| w[0] != w[1]).count();
        assert!(changes < 19, "the cached beginning changed with every turn");
    }

    #[test]
    fn the_fullest_prompt_has_all_exchanges_and_ends_with_the_caller() {
        let playbook = Playbook::parse(FITNESS, "test").unwrap();
        let prompt = fullest_prompt(&playbook, FreeReplies::Brief, 6);
        assert_eq!(prompt.len(), 2 + 12);
        assert_eq!(prompt[13].text, CALLER_TURN);
        assert!(prompt[1].text.len() > 80);
    }
}
