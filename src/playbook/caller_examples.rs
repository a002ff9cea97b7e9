//! What callers say who mean an entry (the `examples` of stages, facts and so on): what the classifier learns, and its
//! rules. The sections `[[examples]]`, turns that show the model how to answer, have nothing to do with it.
//!
//! Thread: the one that loads the playbook, before any call ·
//! In: a parsed [`Playbook`] · Out: every [`CallerExample`], broken rules ·
//! Memory: one short id per example ·
//! Source: ours; ids are `flow.…`, `facts.…`, `objections.…`, `intents.…`, `goodbye`, `opt_out` and `unknown`.

use std::collections::BTreeMap;

use super::rules::{MAX_TEXT_CHARACTERS, Report};
use super::{MatchKind, Playbook};
use patter_language::text::normalise;
use patter_types::intent::IntentId;

/// [`IntentId::Unknown`] as a label of examples: what a caller means who means nothing that the playbook knows.
pub const UNKNOWN: &str = "unknown";

/// One example of what a caller says who means something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerExample<'a> {
    /// What is meant.
    pub intent: IntentId,
    /// What the caller says.
    pub text: &'a str,
    /// It is a trigger phrase, often a part of a sentence.
    pub is_phrase: bool,
}

impl Playbook {
    /// All that callers are known to say, in the order of the file's sections: examples, then trigger phrases.
    pub fn caller_examples(&self) -> impl Iterator<Item = CallerExample<'_>> {
        let whole = self.lists_of_examples();
        let whole = whole.into_iter().flat_map(|(intent, _, texts)| {
            texts.iter().map(move |text| CallerExample {
                intent: intent.clone(),
                text,
                is_phrase: false,
            })
        });
        whole.chain(self.phrases().map(|found| CallerExample {
            intent: found.intent(),
            text: found.phrase,
            is_phrase: true,
        }))
    }

    /// What the entry `intent` is, as [`Playbook::matches`] would name it; `None` for one of `[[intents]]`, which
    /// answers nothing itself, and for what is not in the playbook.
    pub fn entry(&self, intent: &IntentId) -> Option<(MatchKind, &str)> {
        match intent {
            IntentId::Stage(id) => self.stage(id).map(|s| (MatchKind::Stage, s.id.as_str())),
            IntentId::Fact(id) => self.fact(id).map(|f| (MatchKind::Fact, f.id.as_str())),
            IntentId::Objection(id) => self
                .objection(id)
                .map(|o| (MatchKind::Objection, o.id.as_str())),
            IntentId::Goodbye => Some((MatchKind::Goodbye, "goodbye")),
            IntentId::OptOut => Some((MatchKind::OptOut, "opt_out")),
            _ => None,
        }
    }

    /// Whether the caller can mean `intent` in `stage`: only `[[intents]]` are bound to stages.
    pub fn is_legal(&self, intent: &IntentId, stage: &str) -> bool {
        let IntentId::Own(id) = intent else {
            return true;
        };
        let own = self.intents.iter().find(|own| own.id == *id);
        own.and_then(|own| own.stages.as_ref())
            .is_none_or(|stages| stages.iter().any(|known| known == stage))
    }

    /// What is meant, the key of the file, and its examples.
    fn lists_of_examples(&self) -> Vec<(IntentId, String, &Vec<String>)> {
        let mut found = Vec::new();
        let mut add = |intent: IntentId, texts| {
            let place = match &intent {
                IntentId::Goodbye | IntentId::OptOut => format!("compliance.{intent}_examples"),
                _ => format!("{intent}.examples"),
            };
            found.push((intent, place, texts));
        };
        for stage in &self.flow {
            add(IntentId::Stage(stage.id.clone()), &stage.examples);
        }
        for objection in &self.objections {
            add(
                IntentId::Objection(objection.id.clone()),
                &objection.examples,
            );
        }
        for fact in &self.facts {
            add(IntentId::Fact(fact.id.clone()), &fact.examples);
        }
        for own in &self.intents {
            add(IntentId::Own(own.id.clone()), &own.examples);
        }
        add(IntentId::Goodbye, &self.compliance.goodbye_examples);
        add(IntentId::OptOut, &self.compliance.opt_out_examples);
        add(IntentId::Unknown, &self.unknown.examples);
        found
    }

    /// Examples that say nothing or contradict each other, intents that are never meant.
    pub(super) fn check_caller_examples(&self, report: &mut Report) {
        for intent in &self.intents {
            let place = format!("intents.{}", intent.id);
            if intent.examples.is_empty() {
                report.add(
                    &format!("{place}.examples"),
                    "there is no example, so it is never recognised",
                    "add what callers say",
                );
            }
            let Some(stages) = &intent.stages else {
                continue;
            };
            let place = format!("{place}.stages");
            if stages.is_empty() {
                report.add(
                    &place,
                    "there is no stage, so it is never recognised",
                    "name a stage, or leave `stages` out for all",
                );
            }
            for stage in stages.iter().filter(|stage| self.stage(stage).is_none()) {
                let known: Vec<&str> = self.flow.iter().map(|stage| stage.id.as_str()).collect();
                let message = format!("there is no stage `{stage}`; known: {}", known.join(", "));
                report.add(
                    &place,
                    message,
                    "name a stage, or leave `stages` out for all",
                );
            }
        }
        let mut owners: BTreeMap<String, IntentId> = BTreeMap::new();
        for found in self.phrases() {
            owners.insert(found.phrase.to_owned(), found.intent());
        }
        for (intent, place, texts) in self.lists_of_examples() {
            for text in texts {
                let words = normalise(text);
                if words.is_empty() {
                    report.add(
                        &place,
                        format!("example `{text}` has no words"),
                        "write what a caller says",
                    );
                    continue;
                }
                if text.chars().count() > MAX_TEXT_CHARACTERS {
                    let message =
                        format!("an example has over {MAX_TEXT_CHARACTERS} characters: `{words}`");
                    report.add(&place, message, "keep the part that shows what is meant");
                }
                if let Some(owner) = owners
                    .insert(words, intent.clone())
                    .filter(|owner| *owner != intent)
                {
                    report.add(
                        &place,
                        format!("example `{text}` also means `{owner}`"),
                        "keep it in one place",
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FITNESS: &str = include_str!("../../playbooks/fitness.toml");

    fn with(added: &str) -> Playbook {
        Playbook::parse(&FITNESS.replacen("[[facts]]", added, 1), "test").unwrap()
    }

    fn problems(added: &str) -> Vec<String> {
        let found = with(added).validate();
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_fault_of_the_examples_is_found() {
        for (intent, expected) in [
            (
                "id = \"chat\"\nexamples = []",
                "`intents.chat.examples`: there is no example",
            ),
            (
                "id = \"chat\"\nexamples = [\"hello you\", \"?\"]",
                "`intents.chat.examples`: example `?` has no words",
            ),
            (
                "id = \"chat\"\nexamples = [\"Is there parking?\"]",
                "`intents.chat.examples`: example `Is there parking?` also means `facts.parking`",
            ),
            (
                "id = \"chat\"\nexamples = [\"hello you\"]\nstages = [\"end\"]",
                "`intents.chat.stages`: there is no stage `end`; known: opening",
            ),
            (
                "id = \"chat\"\nexamples = [\"hello you\"]\nstages = []",
                "`intents.chat.stages`: there is no stage,",
            ),
            (
                "id = \"\"\nexamples = [\"hello you\"]",
                "`intents`: an id is empty",
            ),
            (
                "id = \"chat\"\nexamples = [\"hello you\"]\n[[intents]]\nid = \"chat\"\nexamples = [\"a b\"]",
                "`intents`: id `chat` is used twice",
            ),
        ] {
            let found = problems(&format!("[[intents]]\n{intent}\n\n[[facts]]"));
            let is_found = found.iter().any(|problem| problem.starts_with(expected));
            assert!(is_found, "{intent}: {found:?}");
        }
    }

    #[test]
    fn an_intent_is_legal_in_its_stages_and_others_everywhere() {
        let playbook = with(
            "[[intents]]\nid = \"chat\"\nexamples = [\"hello you\"]\nstages = [\"pitch\", \"closing\"]\n\n[[facts]]",
        );
        assert_eq!(playbook.validate(), []);
        for (intent, stage, expected) in [
            (IntentId::Own("chat".into()), "pitch", true),
            (IntentId::Own("chat".into()), "opening", false),
            (IntentId::Fact("price".into()), "opening", true),
            (IntentId::Goodbye, "opening", true),
        ] {
            assert_eq!(
                playbook.is_legal(&intent, stage),
                expected,
                "{intent} in {stage}"
            );
        }
    }

    #[test]
    fn each_example_belongs_to_an_entry() {
        let playbook =
            with("[[intents]]\nid = \"chat\"\nexamples = [\"hello you there\"]\n\n[[facts]]");
        let mut seen = 0;
        for example in playbook.caller_examples() {
            let entry = playbook.entry(&example.intent);
            let has_none = matches!(example.intent, IntentId::Own(_) | IntentId::Unknown);
            assert_eq!(entry.is_none(), has_none, "{example:?}");
            seen += usize::from(example.is_phrase);
        }
        assert!(seen > 100, "{seen}");
        assert_eq!(IntentId::Unknown.to_string(), UNKNOWN);
        assert_eq!(playbook.entry(&IntentId::Fact("nothing".into())), None);
    }
}
