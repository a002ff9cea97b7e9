//! What the language model is told of a playbook: the prompt that all turns begin with, and the notes of a turn.
//!
//! Pure. In: a playbook, the values of slots, how able the model is. Out: text. The prompt is the same for all calls of
//! a playbook whose slots are, so it is read once and shared. A small model gets the stage's goal before the caller's
//! words. One that follows a prompt gets, behind them, how to say that it does not know: of fifteen questions that the
//! fitness club's facts do not answer, Qwen2.5-Coder of 0.5 and of 1.5 billion parameters answered none with words of
//! its own when it was told there, and one to ten of them when it was told anywhere else.

use std::collections::BTreeMap;

use patter_language::sentence::Sentences;
use patter_language::text::count_words;
use patter_types::free_replies::FreeReplies;

use crate::{Playbook, Stage};

/// Most words of a prompt for a small model: on a processor it reads few tokens a second.
const MAX_PROMPT_WORDS: usize = 260;
/// Most words of a prompt for a model that follows long ones. They are read once for all calls.
const MAX_FULL_PROMPT_WORDS: usize = 900;
/// Most examples of good answers in a prompt; the others are found by what the caller says.
const MAX_PROMPT_EXAMPLES: usize = 2;
/// Most facts in a prompt for a small model; the others are found by [`Playbook::matches`].
const MAX_PROMPT_FACTS: usize = 10;
/// The last rules of every prompt for a small model.
pub const PROMPT_RULES: &str = "Reply in one or two short spoken sentences. Ask at most one question. \
Never use lists. Use only these facts. If the facts do not say it, say you do not know.";
/// The rules of a prompt for a model that follows long ones.
pub const FULL_PROMPT_RULES: &str = "Reply in one or two short spoken sentences, as on the telephone: no lists, no \
emojis, at most one question. Say only what the facts say: no other price, time, name, offer or promise.";
/// The rules of a prompt for a conversation about anything.
pub const OPEN_PROMPT_RULES: &str = "Reply in one or two short spoken sentences: no lists, no emojis, no code, at most \
one question. If you do not know something, say so.";
/// How a model says that it does not know where the playbook has no line for it.
const NOT_KNOWN: &str = "I'm not sure about that.";

/// Counts the words that still fit.
struct Room(usize);

impl Room {
    /// Whether `text` fits; if so, it is taken.
    fn take(&mut self, text: &str) -> bool {
        let words = count_words(text);
        let fits = !text.is_empty() && words <= self.0;
        self.0 -= if fits { words } else { 0 };
        fits
    }
}

/// What of a playbook fits into a prompt.
struct Material {
    rules: String,
    examples: String,
    facts: String,
}

impl Playbook {
    /// What every prompt begins with, for a model that gets a prompt in `style`.
    pub fn system_prompt(&self, style: FreeReplies, slots: &BTreeMap<String, String>) -> String {
        match style {
            _ if self.persona.open => self.open_prompt(slots),
            FreeReplies::Full => self.full_prompt(slots),
            FreeReplies::Off | FreeReplies::Brief => self.brief_prompt(slots),
        }
    }

    /// What stands before the caller's last words while the conversation is in `stage`.
    pub fn note_before(&self, style: FreeReplies, stage: Option<&Stage>) -> Option<String> {
        let stage = stage.filter(|_| style != FreeReplies::Full)?;
        Some(format!("Goal now: {}", stage.goal))
    }

    /// What stands behind the caller's last words, with a `task` of this turn alone.
    pub fn note_behind(&self, task: Option<&str>) -> String {
        let task = task.map_or(String::new(), |task| format!("{task} "));
        if self.persona.open {
            return format!("({task}Answer in one or two short spoken sentences.)");
        }
        let not_known = self.not_known();
        format!(
            "({task}Answer only from the facts. If they do not say it, answer: \"{not_known}\")"
        )
    }

    /// The words by which the model says that it does not know: the first sentence of the approved line for that.
    pub fn not_known(&self) -> String {
        let line = self.fill(&self.lines.not_known, &BTreeMap::new());
        let sentences = Sentences::whole(&line.unwrap_or_default());
        sentences
            .into_iter()
            .next()
            .unwrap_or_else(|| NOT_KNOWN.into())
    }

    /// Rules of the playbook, and the words that it wants.
    fn rules<'a>(
        &'a self,
        slots: &'a BTreeMap<String, String>,
    ) -> impl Iterator<Item = String> + 'a {
        let terms = self
            .terminology
            .say
            .iter()
            .map(|(from, to)| format!("Say {to}, not {from}."));
        let rules = self.compliance.rules.iter();
        rules
            .map(|rule| self.fill(rule, slots).unwrap_or_default())
            .chain(terms)
    }

    /// What of the playbook fits into `room`, each fact and example as its format has it. Rules come before facts for
    /// their place in it: a call can look a fact up later. A few examples show the tone; the facts that leave for them
    /// are found by what the caller says.
    fn material(
        &self,
        mut room: Room,
        slots: &BTreeMap<String, String>,
        most_facts: usize,
        fact_of: fn(&str) -> String,
        example_of: fn(&str, &str) -> String,
    ) -> Material {
        let rules: Vec<String> = self.rules(slots).filter(|text| room.take(text)).collect();
        let examples = self.examples.iter().filter_map(|example| {
            let agent = self.fill(&example.agent, slots)?;
            Some(example_of(&example.caller, &agent))
        });
        let examples: String = examples
            .filter(|text| room.take(text))
            .take(MAX_PROMPT_EXAMPLES)
            .collect();
        let facts = self.facts.iter();
        let facts: String = facts
            .filter_map(|fact| self.fill(&fact.say, slots))
            .map(|fact| fact_of(&fact))
            .filter(|text| room.take(text))
            .take(most_facts)
            .collect();
        Material {
            rules: rules.join(" "),
            examples,
            facts,
        }
    }

    /// At most [`MAX_PROMPT_WORDS`] words: who the agent is, its goal and tone, the first facts of the file that can be
    /// said now, and the rules.
    fn brief_prompt(&self, slots: &BTreeMap<String, String>) -> String {
        let fill = |line: &str| self.fill(line, slots).unwrap_or_default();
        let role = &self.role;
        let head = format!(
            "You are {} of {}, a voice agent on a phone call. {}\nGoal: {}\nTone: {}. {}.\n",
            fill(&role.name),
            fill(&role.company),
            fill(&role.task),
            fill(&role.goal),
            self.persona.tone,
            self.persona.style.join(", "),
        );
        let used = count_words(&head) + count_words(PROMPT_RULES) + 2;
        let room = Room(MAX_PROMPT_WORDS.saturating_sub(used));
        let Material {
            rules,
            examples,
            facts,
        } = self.material(
            room,
            slots,
            MAX_PROMPT_FACTS,
            |fact| format!(" {fact}"),
            |caller, agent| format!("\nCaller: {caller} You: {agent}"),
        );
        let facts = facts.trim_start();
        format!("{head}Facts: {facts}\nRules: {PROMPT_RULES} {rules}{examples}")
    }

    /// For a conversation about anything: who the agent is, how it speaks, and two examples.
    fn open_prompt(&self, slots: &BTreeMap<String, String>) -> String {
        let fill = |line: &str| self.fill(line, slots).unwrap_or_default();
        let head = format!(
            "You are {} of {}, a voice assistant. {}\nYour tone: {}. {}.\n\nRules: {OPEN_PROMPT_RULES}",
            fill(&self.role.name),
            fill(&self.role.company),
            fill(&self.role.task),
            self.persona.tone,
            self.persona.style.join(", "),
        );
        let room = Room(MAX_PROMPT_WORDS.saturating_sub(count_words(&head)));
        let Material {
            rules, examples, ..
        } = self.material(room, slots, 0, str::to_owned, |caller, agent| {
            format!("\nThey: {caller}\nYou: {agent}")
        });
        format!("{head} {rules}\n\nExamples:{examples}")
    }

    /// At most [`MAX_FULL_PROMPT_WORDS`] words: the same with every fact that fits.
    fn full_prompt(&self, slots: &BTreeMap<String, String>) -> String {
        let fill = |line: &str| self.fill(line, slots).unwrap_or_default();
        let role = &self.role;
        let head = format!(
            "You are {} of {}, talking to a customer on the telephone. {} Your goal: {}\nYour tone: {}. {}.",
            fill(&role.name),
            fill(&role.company),
            fill(&role.task),
            fill(&role.goal),
            self.persona.tone,
            self.persona.style.join(", "),
        );
        let used = count_words(&head) + count_words(FULL_PROMPT_RULES) + 10;
        let room = Room(MAX_FULL_PROMPT_WORDS.saturating_sub(used));
        let Material {
            rules,
            examples,
            facts,
        } = self.material(
            room,
            slots,
            usize::MAX,
            |fact| format!("\n- {fact}"),
            |caller, agent| format!("\nCustomer: {caller}\nYou: {agent}"),
        );
        format!(
            "{head}\n\nFacts:{facts}\n\nRules: {FULL_PROMPT_RULES} {rules}\n\nExamples:{examples}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::SHIPPED;

    fn shipped() -> Vec<Playbook> {
        let parsed = |(name, text): (&str, &str)| Playbook::parse(text, name).unwrap();
        SHIPPED.map(parsed).into()
    }

    #[test]
    fn a_brief_prompt_of_a_shipped_playbook_is_compact() {
        for playbook in shipped() {
            let prompt = playbook.system_prompt(FreeReplies::Brief, &BTreeMap::new());
            let words = count_words(&prompt);
            assert!(words <= MAX_PROMPT_WORDS, "{words}");
            let facts = playbook.facts.iter();
            let facts = facts.filter(|fact| prompt.contains(&fact.say)).count();
            assert!((6..=10).contains(&facts), "{facts} facts");
            let examples = playbook.examples.iter();
            let shown = examples.filter(|example| prompt.contains(&example.agent));
            assert_eq!(shown.count(), MAX_PROMPT_EXAMPLES, "{prompt}");
            for part in [
                &playbook.role.company,
                &playbook.role.goal,
                "Never use lists.",
                "Use only these facts.",
            ] {
                assert!(prompt.contains(part), "{part}");
            }
        }
    }

    #[test]
    fn a_full_prompt_holds_every_fact_and_its_note_how_to_say_that_one_is_missing() {
        for playbook in shipped() {
            let slots = BTreeMap::new();
            let prompt = playbook.system_prompt(FreeReplies::Full, &slots);
            let words = count_words(&prompt);
            assert!(words <= MAX_FULL_PROMPT_WORDS, "{words}");
            for fact in &playbook.facts {
                if let Some(said) = playbook.fill(&fact.say, &slots) {
                    assert!(prompt.contains(&said), "{}: {said}", playbook.title);
                }
            }
            assert_eq!(
                playbook.note_before(FreeReplies::Full, playbook.flow.first()),
                None
            );
            let note = playbook.note_behind(None);
            assert!(playbook.lines.not_known.starts_with(&playbook.not_known()));
            assert!(note.contains(&playbook.not_known()), "{note}");
        }
    }

    #[test]
    fn a_playbook_of_many_facts_leaves_some_out() {
        let mut playbook = shipped().remove(0);
        let fact = playbook.facts[0].clone();
        playbook.facts = vec![fact; 400];
        let prompt = playbook.system_prompt(FreeReplies::Full, &BTreeMap::new());
        assert!(count_words(&prompt) <= MAX_FULL_PROMPT_WORDS);
        assert!(prompt.contains("Examples:\nCustomer:"));
    }
}
