//! What is meant for the agent and not for the caller: its instructions, its thoughts, and what it is made of.
//!
//! Thread: any. In: a sentence as phrases are looked for, the playbook. Out: a refusal, if there is one. Memory: the instructions, once a call.

use super::Refusal;
use super::ground::Ground;
use super::words::{find, holds, spaced};
use patter_playbook::{PROMPT_RULES, Playbook};
use patter_types::reason::Reason;

/// Words of the prompt and of the playbook's form.
const PROMPT_WORDS: &[&str] = &[
    "goal now",
    "system prompt",
    "the prompt",
    "my prompt",
    "my instructions",
    "these instructions",
    "the instructions",
    "instructions say",
    "the playbook",
    "my playbook",
    "use only these facts",
    "as instructed",
    "opening notice",
    "system message",
    "im start",
    "im end",
    "ask at most one question",
];
/// Labels of sections and of the other side's lines.
const LABELS: &[&str] = &[
    "goal",
    "goals",
    "system",
    "user",
    "caller",
    "customer",
    "client",
    "human",
    "rules",
    "rule",
    "facts",
    "fact",
    "tone",
    "role",
    "persona",
    "flow",
    "stage",
    "step",
    "objection",
    "objections",
    "terminology",
    "example",
    "examples",
    "compliance",
    "slots",
    "note",
    "notes",
    "instruction",
    "instructions",
    "context",
    "task",
    "script",
    "output",
    "input",
];
const THOUGHTS: &[&str] = &[
    "i should",
    "i must remember",
    "the user",
    "the caller",
    "the customer",
    "as the agent",
    "as an agent",
    "as the assistant",
    "my goal is",
    "my task is",
    "the goal is",
    "the task is",
    "i will respond",
    "i will reply",
    "my response",
    "my reply",
    "in this scenario",
    "role play",
    "roleplay",
    "i am supposed to",
    "according to the facts",
    "according to the rules",
    "according to the script",
    "the agent",
    "step by step",
    "let us think",
    "chain of thought",
    "in character",
];
/// What a machine says of itself, and what a machine that plays a person says. "I am a virtual assistant" is true and allowed.
const OFF_PERSONA: &[&str] = &[
    "language model",
    "chatbot",
    "chat bot",
    "as an ai",
    "large language",
    "artificial intelligence model",
    "ai model",
    "openai",
    "chatgpt",
    "gpt",
    "hugging face",
    "smollm",
    "personal opinions",
    "personal opinion",
    "personal experience",
    "personal experiences",
    "do not have opinions",
    "do not have feelings",
    "do not have emotions",
    "have no feelings",
    "do not have a body",
    "training data",
    "i was trained",
    "trained on",
    "trained by",
    "knowledge cutoff",
    "i was created",
    "i was programmed",
    "i was designed",
    "i am programmed",
    "i am designed",
    "designed to help",
    "i am a human",
    "i am human",
    "i am a real",
    "i am a person",
    "real person",
    "real human",
    "not a robot",
    "not a bot",
    "not a machine",
    "not an ai",
    "not a virtual",
    "my wife",
    "my husband",
    "my kids",
    "my children",
    "my mother",
    "my father",
    "my family",
    "my friend",
    "my friends",
    "when i was young",
    "when i was a",
    "i grew up",
    "i was born",
    "my childhood",
    "text based",
];

/// Texts of the playbook that are written for the agent.
pub(super) fn instructions(playbook: &Playbook) -> Vec<String> {
    let role = [&playbook.role.task, &playbook.role.goal];
    let stages = playbook
        .flow
        .iter()
        .flat_map(|stage| std::iter::once(&stage.goal).chain(&stage.steps));
    let written = role
        .into_iter()
        .chain(stages)
        .chain(&playbook.compliance.rules);
    let rules = PROMPT_RULES.split_inclusive('.');
    written
        .map(String::as_str)
        .chain(rules)
        .map(spaced)
        .filter(|text| text.split_whitespace().count() >= 3)
        .collect()
}

/// Words of an instruction that is found inside a longer sentence too: a shorter one may be there by chance.
const LONG_INSTRUCTION: usize = 6;

/// The first leak in `text`, whose words are `spaced`.
pub(super) fn check(
    ground: &Ground,
    instructions: &[String],
    stages: &[String],
    text: &str,
    spaced: &str,
) -> Option<Refusal> {
    let refuse = |reason, offending: &str| Some(Refusal::new(reason, offending.trim().to_owned()));
    if let Some(label) = label(text) {
        return refuse(Reason::PromptLeak, label);
    }
    let repeats = |instruction: &&String| {
        spaced == instruction.as_str()
            || (instruction.split_whitespace().count() >= LONG_INSTRUCTION
                && spaced.contains(instruction.as_str()))
    };
    if let Some(instruction) = instructions.iter().find(repeats) {
        return refuse(Reason::PromptLeak, instruction);
    }
    let written = text.to_lowercase();
    let names_stage = |stage: &&String| {
        // An id with its mark is never said by chance, its words are: "we will follow up".
        holds(spaced, stage) || (stage.contains('_') && written.contains(stage.as_str()))
    };
    if let Some(stage) = stages.iter().find(names_stage) {
        return refuse(Reason::PromptLeak, stage);
    }
    for (phrases, reason) in [
        (PROMPT_WORDS, Reason::PromptLeak),
        (THOUGHTS, Reason::Thought),
        (OFF_PERSONA, Reason::OffPersona),
    ] {
        let own = |phrase: &&&str| holds(spaced, phrase) && !ground.says(phrase);
        if let Some(phrase) = phrases.iter().find(own) {
            return refuse(reason, phrase);
        }
    }
    // "Let me think." asks for a moment; what follows a colon is the thought itself.
    let thinks_aloud = find(spaced, &["let me think"])?;
    text.contains(':')
        .then(|| Refusal::new(Reason::Thought, thinks_aloud.to_owned()))
}

/// How the stages are named as such: "closing stage", "stage closing", or an id that is no word but has a "_".
pub(super) fn stage_names(playbook: &Playbook) -> Vec<String> {
    let ids = playbook.flow.iter().map(|stage| stage.id.to_lowercase());
    ids.flat_map(|id| {
        let words = spaced(&id);
        let words = words.trim();
        let mut names: Vec<String> = ["stage", "phase", "step"]
            .iter()
            .flat_map(|kind| [format!("{words} {kind}"), format!("{kind} {words}")])
            .collect();
        if id.contains('_') {
            names.push(id.clone());
        }
        names
    })
    .collect()
}

/// "Goal: …" at the beginning.
fn label(text: &str) -> Option<&str> {
    let (label, _) = text.split_once(':')?;
    let last = label.split_whitespace().last()?.to_lowercase();
    let is_label = label.split_whitespace().count() <= 3 && LABELS.contains(&last.as_str());
    is_label.then_some(label)
}
