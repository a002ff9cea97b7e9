//! What is meant for the agent and not for the caller: its instructions, its thoughts, and what it is made of.
//!
//! In: a sentence as phrases are looked for, the playbook. Out: a refusal, if there is one. Memory: the instructions,
//! once a call.

use super::Refusal;
use super::ground::Ground;
use super::words::{find, holds, leak_words, spaced};
use patter_language::text::count_words;
use patter_playbook::{FULL_PROMPT_RULES, OPEN_PROMPT_RULES, PROMPT_RULES, Playbook};
use patter_types::reason::Reason;

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
    let rules = [PROMPT_RULES, FULL_PROMPT_RULES, OPEN_PROMPT_RULES];
    let rules = rules.iter().flat_map(|rules| rules.split_inclusive('.'));
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
        (leak_words().prompt_words, Reason::PromptLeak),
        (leak_words().thoughts, Reason::Thought),
        (leak_words().off_persona, Reason::OffPersona),
    ] {
        let own = |phrase: &&&str| holds(spaced, phrase) && !ground.says(phrase);
        if let Some(phrase) = phrases.iter().find(own) {
            return refuse(reason, phrase);
        }
    }
    // "Let me think." asks for a moment; what follows a colon is the thought itself.
    let thinks_aloud = find(spaced, &leak_words().thinking)?;
    text.contains(':')
        .then(|| Refusal::new(Reason::Thought, thinks_aloud.to_owned()))
}

/// How the stages are named as such: "closing stage", "stage closing", or an id that is no word but has a "_".
pub(super) fn stage_names(playbook: &Playbook) -> Vec<String> {
    let ids = playbook.flow.iter().map(|stage| stage.id.to_lowercase());
    ids.flat_map(|id| {
        let words = spaced(&id);
        let words = words.trim();
        let mut names: Vec<String> = leak_words()
            .stage_kinds
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
    let is_label = count_words(label) <= 3 && leak_words().labels.contains(&last.as_str());
    is_label.then_some(label)
}
