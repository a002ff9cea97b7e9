//! The rules a playbook must keep before a voice may read it aloud.
//!
//! TOML and serde check the shape of the file; this checks what it says. Each rule stands for a
//! fault a caller would hear: list marks read aloud, placeholders, two questions in one breath,
//! a phrase that can never match.
//!
//! Thread: the one that loads the playbook, before any call ·
//! In: a parsed [`Playbook`] · Out: every [`Problem`], in the order of the file's sections ·
//! Memory: short strings, freed on return ·
//! Source: failure modes "formatting leak" and "ambiguous objectives" of arXiv 2509.04871.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Playbook;
use super::phrases::MatchKind;
use super::sections::Use;
use patter_language::everyday::Everyday;
use patter_language::text::{
    contains_words, count_words, find_formatting, find_placeholder, normalise, slot_names,
    spoken_length,
};

/// Longest text, in characters: about 20 seconds of English. An ideograph counts as two, so 150 of them fit,
/// 29 seconds at the 5.2 syllables a second of Mandarin (Pellegrino et al. 2011).
pub const MAX_TEXT_CHARACTERS: usize = 300;

/// Most words of role and persona together, which keeps room for facts in the prompt.
const MAX_ROLE_WORDS: usize = 120;

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where in the file, as in `facts.price.say`.
    pub place: String,
    /// What is wrong, in one line.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`: {}", self.place, self.message)
    }
}

/// Collects problems.
#[derive(Default)]
pub(super) struct Report(pub(super) Vec<Problem>);

impl Report {
    pub(super) fn add(&mut self, place: &str, message: impl Into<String>, hint: &str) {
        self.0.push(Problem {
            place: place.to_owned(),
            message: message.into(),
            hint: hint.to_owned(),
        });
    }
}

impl Playbook {
    /// Every broken rule, in the order of the file's sections; empty when the playbook may be used.
    pub fn validate(&self) -> Vec<Problem> {
        let mut report = Report::default();
        self.check_shape(&mut report);
        for (place, text, purpose) in self.texts() {
            self.check_text(&place, text, purpose, &mut report);
        }
        self.check_phrases(&mut report);
        self.check_slot_definitions(&mut report);
        self.check_caller_examples(&mut report);
        self.check_keys(&mut report);
        report.0
    }

    /// Names in one section of what stands in another.
    fn check_names(&self, report: &mut Report) {
        let stages: Vec<&str> = self.flow.iter().map(|stage| stage.id.as_str()).collect();
        let slots: Vec<&str> = self.slots.keys().map(String::as_str).collect();
        let mut known = |place: String, kind: &str, name: &str, names: &[&str]| {
            if !names.contains(&name) {
                report.add(
                    &place,
                    format!("there is no {kind} `{name}`; known: {}", names.join(", ")),
                    "name one that the playbook holds",
                );
            }
        };
        for stage in &self.flow {
            for to in stage.to.iter().flatten() {
                known(format!("flow.{}.to", stage.id), "stage", to, &stages);
            }
            for slot in &stage.needs {
                known(format!("flow.{}.needs", stage.id), "slot", slot, &slots);
            }
        }
        if let Some(success) = &self.success {
            if let Some(stage) = &success.stage {
                known("success.stage".to_owned(), "stage", stage, &stages);
            }
            for slot in &success.slots {
                known("success.slots".to_owned(), "slot", slot, &slots);
            }
        }
        let intents: Vec<String> = self.intent_ids().iter().map(ToString::to_string).collect();
        let intents: Vec<&str> = intents.iter().map(String::as_str).collect();
        for line in &self.script {
            if let Some(stage) = &line.stage {
                known(format!("script.{}.stage", line.id), "stage", stage, &stages);
            }
            known(
                format!("script.{}.intent", line.id),
                "intent",
                &line.intent,
                &intents,
            );
        }
        check_ids(
            "script",
            self.script.iter().map(|line| line.id.as_str()),
            report,
        );
    }

    /// Keys of a phone, and words that are understood.
    fn check_keys(&self, report: &mut Report) {
        let everyday = Everyday::of(&self.language);
        for (key, words) in &self.keys {
            let place = format!("keys.{key}");
            let is_key = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#' | 'A'..='D');
            let mut letters = key.chars();
            if !letters.next().is_some_and(is_key) || letters.next().is_some() {
                report.add(
                    &place,
                    "this is no key of a phone",
                    "a key is one of 0 to 9, `*`, `#`, A to D",
                );
            }
            let plain = normalise(words);
            let is_everyday = everyday.is_yes(&plain)
                || everyday.is_no(&plain)
                || everyday.asks_to_repeat(&plain);
            if !is_everyday && self.matches(words).is_none() {
                report.add(
                    &place,
                    format!("nothing in the playbook answers `{words}`"),
                    "take a phrase of a stage, an objection, a fact, an intent or the end of the call, or a plain yes or no",
                );
            }
        }
    }

    /// Stages, ids and numbers.
    fn check_shape(&self, report: &mut Report) {
        if self.persona.open && !self.flow.is_empty() {
            report.add(
                "persona.open",
                "an open conversation has no stages",
                "leave out `open`, or every `[[flow]]`",
            );
        }
        if self.flow.is_empty() && !self.persona.open {
            report.add(
                "flow",
                "there is no stage",
                "add a `[[flow]]` with `id`, `goal` and `ask`",
            );
        }
        check_ids(
            "flow",
            self.flow.iter().map(|stage| stage.id.as_str()),
            report,
        );
        check_ids(
            "objections",
            self.objections
                .iter()
                .map(|objection| objection.id.as_str()),
            report,
        );
        check_ids(
            "facts",
            self.facts.iter().map(|fact| fact.id.as_str()),
            report,
        );
        check_ids(
            "intents",
            self.intents.iter().map(|intent| intent.id.as_str()),
            report,
        );
        for stage in &self.flow {
            if let Some(next) = stage
                .next
                .as_deref()
                .filter(|next| self.stage(next).is_none())
            {
                let known: Vec<&str> = self.flow.iter().map(|stage| stage.id.as_str()).collect();
                let message = format!("there is no stage `{next}`; known: {}", known.join(", "));
                report.add(
                    &format!("flow.{}.next", stage.id),
                    message,
                    "name a stage, or leave `next` out",
                );
            }
        }
        self.check_names(report);
        for objection in self
            .objections
            .iter()
            .filter(|objection| objection.say.is_empty())
        {
            report.add(
                &format!("objections.{}.say", objection.id),
                "there is no answer",
                "add at least one line",
            );
        }
        for fact in &self.facts {
            let place = format!("facts.{}.value", fact.id);
            match (fact.value, &fact.unit) {
                (Some(value), Some(_)) => {
                    let spoken = normalise(&fact.say);
                    if !contains_words(&spoken, &normalise(&value.to_string())) {
                        let message = format!("`{value}` is not in the line that is spoken");
                        report.add(
                            &place,
                            message,
                            "write the same number, in digits, in `say`",
                        );
                    }
                }
                (None, None) => {}
                _ => report.add(
                    &place,
                    "`value` and `unit` belong together",
                    "give both or neither",
                ),
            }
        }
        let role = [
            &self.role.name,
            &self.role.company,
            &self.role.task,
            &self.role.goal,
            &self.persona.tone,
        ];
        let words: usize = role
            .into_iter()
            .chain(&self.persona.style)
            .map(|text| count_words(text))
            .sum();
        if words > MAX_ROLE_WORDS {
            let message = format!(
                "role and persona have {words} words, at most {MAX_ROLE_WORDS} fit the prompt"
            );
            report.add("role", message, "shorten `task`, `goal` and `style`");
        }
    }

    fn check_text(&self, place: &str, text: &str, purpose: Use, report: &mut Report) {
        if text.trim().is_empty() {
            let message = if place == "lines.opening" {
                "there is no opening line"
            } else {
                "the text is empty"
            };
            report.add(place, message, "write one short sentence");
            return;
        }
        let length = spoken_length(text);
        if length > MAX_TEXT_CHARACTERS {
            let message = format!(
                "the text has {length} characters, at most {MAX_TEXT_CHARACTERS} are allowed"
            );
            report.add(
                place,
                message,
                "split it, or leave out what can be asked later",
            );
        }
        if let Some(placeholder) = find_placeholder(text) {
            report.add(
                place,
                format!("`{placeholder}` is a placeholder"),
                "write the real word, or use a `{slot}`",
            );
        }
        // What is read back is no slot of the playbook.
        if purpose != Use::ReadBack {
            self.check_slots(place, text, purpose, report);
        }
        if !purpose.is_spoken() {
            return;
        }
        if let Some(mark) = find_formatting(text) {
            report.add(
                place,
                format!("`{mark}` would be read aloud"),
                "write plain sentences, without lists or markup",
            );
        }
        if text.matches(['?', '？']).count() > 1 {
            report.add(
                place,
                "the line asks several questions",
                "keep one and ask the other later",
            );
        }
        let words = normalise(text);
        for term in self
            .terminology
            .avoid
            .iter()
            .chain(self.terminology.say.keys())
        {
            if contains_words(&words, &normalise(term)) {
                let hint = match self.terminology.say.get(term) {
                    Some(better) => format!("say `{better}`"),
                    None => "choose another word".to_owned(),
                };
                report.add(place, format!("`terminology` rules out `{term}`"), &hint);
            }
        }
    }

    fn check_slots(&self, place: &str, text: &str, purpose: Use, report: &mut Report) {
        let Some(names) = slot_names(text) else {
            report.add(
                place,
                "a `{` or `}` has no partner",
                "write slots as `{name}`",
            );
            return;
        };
        for name in names {
            match self.slots.get(name) {
                None => {
                    let known: Vec<&str> = self.slots.keys().map(String::as_str).collect();
                    let message = format!("there is no slot `{name}`; known: {}", known.join(", "));
                    report.add(
                        place,
                        message,
                        "add it to `[slots]`, with \"\" when it is not known at first",
                    );
                }
                Some(slot) if slot.default.trim().is_empty() && purpose.is_always_complete() => {
                    let message =
                        format!("slot `{name}` has no default, so the line may be missing");
                    report.add(
                        place,
                        message,
                        "give the slot a default, or leave it out of this line",
                    );
                }
                Some(_) => {}
            }
        }
    }

    /// Phrases that could never match, or lead to two entries.
    fn check_phrases(&self, report: &mut Report) {
        let whens = self
            .objections
            .iter()
            .map(|o| (format!("objections.{}.when", o.id), &o.when));
        let whens = whens.chain(
            self.facts
                .iter()
                .map(|f| (format!("facts.{}.when", f.id), &f.when)),
        );
        let ends = [
            (
                "compliance.goodbye_on".to_owned(),
                &self.compliance.goodbye_on,
            ),
            (
                "compliance.opt_out_on".to_owned(),
                &self.compliance.opt_out_on,
            ),
        ];
        for (place, _) in whens.chain(ends).filter(|(_, phrases)| phrases.is_empty()) {
            report.add(
                &place,
                "there is no phrase, so it is never reached",
                "add what callers say",
            );
        }
        let mut owners: BTreeMap<&str, String> = BTreeMap::new();
        for found in self.phrases() {
            let place = match found.kind {
                MatchKind::Stage => format!("flow.{}.enter_on", found.id),
                MatchKind::Fact => format!("facts.{}.when", found.id),
                MatchKind::Objection => format!("objections.{}.when", found.id),
                MatchKind::Goodbye => "compliance.goodbye_on".to_owned(),
                MatchKind::OptOut => "compliance.opt_out_on".to_owned(),
            };
            let normal = normalise(found.phrase);
            if normal != found.phrase || normal.is_empty() {
                let message = format!("phrase `{}` can never match", found.phrase);
                report.add(
                    &place,
                    message,
                    &format!("write it as `{normal}`: lower case, no punctuation"),
                );
            }
            if let Some(owner) = owners.insert(found.phrase, place.clone()) {
                report.add(
                    &place,
                    format!("phrase `{}` also leads to `{owner}`", found.phrase),
                    "keep it in one place",
                );
            }
        }
    }
}

fn check_ids<'a>(section: &str, ids: impl Iterator<Item = &'a str>, report: &mut Report) {
    let mut seen = BTreeSet::new();
    for id in ids {
        if id.trim().is_empty() {
            report.add(section, "an id is empty", "give each entry a short name");
        } else if !seen.insert(id) {
            report.add(
                section,
                format!("id `{id}` is used twice"),
                "rename one of them",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FITNESS: &str = include_str!("../../playbooks/fitness.toml");

    /// Problems after the shipped playbook was changed in one place.
    fn problems(from: &str, to: &str) -> Vec<String> {
        assert!(FITNESS.contains(from), "{from}");
        let playbook = Playbook::parse(&FITNESS.replacen(from, to, 1), "test").unwrap();
        playbook.validate().iter().map(Problem::to_string).collect()
    }

    #[test]
    fn each_unspeakable_line_is_found() {
        const ASK: &str = "Do you have a minute?";
        let long = "word ".repeat(61);
        for (line, expected) in [
            ("Do you have XX minutes?", "`xx` is a placeholder"),
            ("Is [..] good?", "`[` is a placeholder"),
            ("**Now**?", "`*` would be read aloud"),
            ("1. Now?", "`1.` would be read aloud"),
            ("- Now?", "`-` would be read aloud"),
            (
                "Point number two, now?",
                "`point number` would be read aloud",
            ),
            ("Now? Or later?", "the line asks several questions"),
            ("", "the text is empty"),
            ("Is the gym near?", "`terminology` rules out `gym`"),
            (
                "Is {d} good?",
                "there is no slot `d`; known: customer, day, time",
            ),
            ("Is {day good?", "a `{` or `}` has no partner"),
            (
                &long,
                "the text has 305 characters, at most 300 are allowed",
            ),
        ] {
            let expected = format!("`flow.opening.ask`: {expected}");
            let found = problems(ASK, line);
            assert!(found.contains(&expected), "{line}: {found:?}");
        }
    }

    #[test]
    fn each_fault_of_the_whole_is_found() {
        const PARKING: &str = "\"parking\"]";
        for (from, to, expected) in [
            (
                "{customer}",
                "{day}",
                "`lines.opening`: slot `day` has no default",
            ),
            (
                "value = 29\n",
                "value = 30\n",
                "`facts.price.value`: `30` is not",
            ),
            (
                "unit = \"days\"\n",
                "",
                "`facts.guarantee.value`: `value` and",
            ),
            (
                "[\"is there parking\", \"parking\"]",
                "[]",
                "`facts.parking.when`: there is no",
            ),
            (
                PARKING,
                "\"Parking?\"]",
                "`facts.parking.when`: phrase `Parking?` can never",
            ),
            (
                PARKING,
                "\"scam\"]",
                "phrase `scam` also leads to `facts.parking.when`",
            ),
            (
                "id = \"confirm\"",
                "id = \"closing\"",
                "`flow`: id `closing` is used",
            ),
            (
                "next = \"closing\"",
                "next = \"end\"",
                "`flow.pitch.next`: there is no",
            ),
            (
                "next = \"closing\"",
                "to = [\"nowhere\"]",
                "`flow.pitch.to`: there is no stage `nowhere`; known: opening, discovery",
            ),
            (
                "collect = [\"day\", \"time\"]",
                "collect = [\"date\"]",
                "`flow.closing.collect`: there is no slot `date`; known: customer, day, time",
            ),
            (
                "intent = \"facts.price\"",
                "intent = \"facts.prize\"",
                "there is no intent `facts.prize`",
            ),
        ] {
            let found = problems(from, to);
            let is_found = found.iter().any(|problem| problem.contains(expected));
            assert!(is_found, "{to}: {found:?}");
        }
    }

    #[test]
    fn missing_stages_and_opening_line_are_found() {
        let mut playbook = Playbook::parse(FITNESS, "test").unwrap();
        playbook.flow.clear();
        playbook.success = None;
        playbook.script.clear();
        playbook.lines.opening.clear();
        let found: Vec<String> = playbook.validate().iter().map(Problem::to_string).collect();
        assert_eq!(
            found,
            [
                "`flow`: there is no stage",
                "`lines.opening`: there is no opening line"
            ]
        );
    }

    #[test]
    fn every_problem_says_what_to_do() {
        let playbook =
            Playbook::parse(&FITNESS.replace("Great.", "**Great** [..]."), "test").unwrap();
        let found = playbook.validate();
        assert!(found.len() > 1 && found.iter().all(|problem| !problem.hint.is_empty()));
    }

    #[test]
    fn stages_and_a_conversation_about_anything_exclude_each_other() {
        let problems = |text: &str| {
            let playbook = Playbook::parse(text, "test").unwrap();
            let problems = playbook.validate();
            problems
                .into_iter()
                .map(|problem| problem.place)
                .collect::<Vec<_>>()
        };
        let open = FITNESS.replacen("[persona]", "[persona]\nopen = true", 1);
        assert!(problems(&open).contains(&"persona.open".to_owned()));
        let assistant = include_str!("../../playbooks/assistant.toml");
        assert_eq!(problems(assistant), [""; 0]);
        let closed = assistant.replacen("open = true", "open = false", 1);
        assert_eq!(problems(&closed), ["flow"]);
    }
}
