//! Finds what the caller meant: the entry of the playbook whose phrase was heard.
//!
//! Thread: the dialogue's, once per turn; also on partial text, as it is cheap ·
//! In: what the caller said, as text · Out: at most one [`Match`] ·
//! Memory: two short strings per call ·
//! Source: ours; whole-word containment, so that no word of a phrase is guessed.

use super::Playbook;
use patter_language::everyday::Everyday;
use patter_language::text::{count_words, normalise, places_of};
use patter_types::intent::IntentId;

/// What kind of entry the caller's words matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchKind {
    /// A stage to move to.
    Stage,
    /// A question with an approved answer.
    Fact,
    /// A worry with tactics.
    Objection,
    /// The caller ends the call.
    Goodbye,
    /// The caller wants no more calls.
    OptOut,
}

impl MatchKind {
    /// Its name in output for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Fact => "fact",
            Self::Objection => "objection",
            Self::Goodbye => "goodbye",
            Self::OptOut => "opt_out",
        }
    }
}

/// The entry that fits the caller's words best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match<'a> {
    /// Kind of the entry.
    pub kind: MatchKind,
    /// Its id; `goodbye` or `opt_out` for the two that have none.
    pub id: &'a str,
    /// The phrase that was heard.
    pub phrase: &'a str,
}

impl Match<'_> {
    /// What the caller means by it.
    pub fn intent(&self) -> IntentId {
        let id = || self.id.to_owned();
        match self.kind {
            MatchKind::Stage => IntentId::Stage(id()),
            MatchKind::Fact => IntentId::Fact(id()),
            MatchKind::Objection => IntentId::Objection(id()),
            MatchKind::Goodbye => IntentId::Goodbye,
            MatchKind::OptOut => IntentId::OptOut,
        }
    }

    /// Whether the phrase is less than half of what was said, and so may not be what it is about. An opt-out is never
    /// said in passing, and a goodbye not as the last words.
    pub fn is_in_passing(&self, heard: &str) -> bool {
        let heard = normalise(heard);
        let ends = match self.kind {
            MatchKind::OptOut => true,
            MatchKind::Goodbye => heard.ends_with(self.phrase),
            _ => false,
        };
        !ends && 2 * count_words(self.phrase) < count_words(&heard)
    }
}

impl Playbook {
    /// The entry whose phrase is heard as whole words in `heard`. The phrase with most words wins,
    /// then the longer one, then the later kind in [`MatchKind`]; but an opt-out always wins,
    /// because a call after one is against the law in many places. A stage or a goodbye that is denied or doubted
    /// ("I don't think I can make it") is not meant.
    pub fn matches(&self, heard: &str) -> Option<Match<'_>> {
        let heard = normalise(heard);
        let everyday = Everyday::of(&self.language);
        let means_it = |found: &Match<'_>| {
            places_of(&heard, found.phrase).any(|at| {
                let denied = matches!(found.kind, MatchKind::Stage | MatchKind::Goodbye)
                    && everyday.negates(heard[..at].trim_end())
                    && !everyday.has_negation(found.phrase);
                !denied
            })
        };
        self.phrases().filter(means_it).max_by_key(|found| {
            let opt_out = found.kind == MatchKind::OptOut;
            let words = count_words(found.phrase);
            (opt_out, words, found.phrase.len(), found.kind)
        })
    }

    /// Everything that a script may answer: entries of the playbook, and what every playbook understands.
    pub fn intent_ids(&self) -> Vec<IntentId> {
        let stages = self.flow.iter().map(|stage| &stage.id);
        let objections = self.objections.iter().map(|objection| &objection.id);
        let facts = self.facts.iter().map(|fact| &fact.id);
        let own = self.intents.iter().map(|intent| &intent.id);
        stages
            .cloned()
            .map(IntentId::Stage)
            .chain(objections.cloned().map(IntentId::Objection))
            .chain(facts.cloned().map(IntentId::Fact))
            .chain(own.cloned().map(IntentId::Own))
            .chain([IntentId::Goodbye, IntentId::OptOut, IntentId::Unknown])
            .collect()
    }

    /// What callers say who mean `intent`: its phrases and examples.
    pub fn caller_examples_of(&self, intent: &IntentId) -> Vec<&str> {
        self.caller_examples()
            .filter(|example| example.intent == *intent)
            .map(|example| example.text)
            .collect()
    }

    /// Every phrase with the entry it leads to.
    pub(super) fn phrases(&self) -> impl Iterator<Item = Match<'_>> {
        let stages = self
            .flow
            .iter()
            .map(|s| (MatchKind::Stage, s.id.as_str(), &s.enter_on));
        let facts = self
            .facts
            .iter()
            .map(|f| (MatchKind::Fact, f.id.as_str(), &f.when));
        let objections = self
            .objections
            .iter()
            .map(|o| (MatchKind::Objection, o.id.as_str(), &o.when));
        let ends = [
            (MatchKind::Goodbye, "goodbye", &self.compliance.goodbye_on),
            (MatchKind::OptOut, "opt_out", &self.compliance.opt_out_on),
        ];
        let entries = stages.chain(facts).chain(objections).chain(ends);
        entries.flat_map(|(kind, id, phrases)| {
            phrases.iter().map(move |phrase| Match { kind, id, phrase })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FITNESS: &str = include_str!("../../playbooks/fitness.toml");
    const BANK: &str = include_str!("../../playbooks/bank_complaint.toml");

    fn shipped() -> [Playbook; 2] {
        [("fitness", FITNESS), ("bank_complaint", BANK)]
            .map(|(name, text)| Playbook::parse(text, name).unwrap())
    }

    fn heard<'a>(playbook: &'a Playbook, text: &str) -> (MatchKind, &'a str) {
        let found = playbook
            .matches(text)
            .unwrap_or_else(|| panic!("no match for `{text}`"));
        (found.kind, found.id)
    }

    #[test]
    fn sales_caller_finds_the_entry_meant() {
        use MatchKind::{Fact, Goodbye, Objection, OptOut, Stage};
        let [fitness, _] = shipped();
        for (text, expected) in [
            ("so how much is it then", (Fact, "price")),
            ("How much is it?", (Fact, "price")),
            ("How much is the fitness membership?", (Fact, "price")),
            ("Is there a contract?", (Fact, "contract")),
            ("Can I cancel any time?", (Fact, "cancel")),
            ("Are you open on Sunday?", (Fact, "hours")),
            ("Are you a robot?", (Fact, "robot")),
            ("I want to talk to a human.", (Fact, "human")),
            ("It's too expensive.", (Objection, "price")),
            ("I have a busy schedule.", (Objection, "time")),
            ("I’m not interested.", (Objection, "not_interested")),
            ("I'm really not interested.", (Goodbye, "goodbye")),
            ("I can't make it on Monday.", (Objection, "cannot_that_day")),
            (
                "I can't make it on Wednesday.",
                (Objection, "cannot_that_day"),
            ),
            ("I want to lose weight.", (Stage, "pitch")),
            ("Yes, please.", (Stage, "closing")),
            ("Okay, I'm interested.", (Stage, "closing")),
            ("Saturday at ten works", (Stage, "confirm")),
            ("Great, see you on Friday.", (Goodbye, "goodbye")),
            ("Please take me off your list.", (OptOut, "opt_out")),
        ] {
            assert_eq!(heard(&fitness, text), expected, "{text}");
        }
    }

    #[test]
    fn complaining_caller_finds_the_entry_meant() {
        use MatchKind::{Fact, Goodbye, Objection, Stage};
        let [_, bank] = shipped();
        for (text, expected) in [
            ("I was charged twice.", (Stage, "verify")),
            ("My account number is 4 5 1 2.", (Stage, "explain")),
            ("That's correct.", (Stage, "offer")),
            ("Yes, please.", (Stage, "close")),
            ("I want my money back.", (Objection, "money_back")),
            ("I've been waiting for 3 weeks.", (Objection, "waiting")),
            (
                "I don't give that information on the phone.",
                (Objection, "no_details"),
            ),
            ("Why was I charged $50?", (Fact, "double_charge")),
            ("How long will it take?", (Fact, "refund_time")),
            ("I lost my card.", (Fact, "lost_card")),
            ("Thanks, bye.", (Goodbye, "goodbye")),
        ] {
            assert_eq!(heard(&bank, text), expected, "{text}");
        }
    }

    #[test]
    fn callers_of_the_other_playbooks_find_the_entry_meant() {
        use MatchKind::{Fact, Goodbye, Objection, OptOut, Stage};
        let read = |name: &str| {
            let shipped = super::super::tests::SHIPPED;
            let found = shipped.iter().find(|(other, _)| *other == name);
            Playbook::parse(found.unwrap().1, name).unwrap()
        };
        for (name, text, expected) in [
            (
                "interview_scheduling",
                "Yes, speaking.",
                (Stage, "interest"),
            ),
            (
                "interview_scheduling",
                "I'd rather come in.",
                (Stage, "day"),
            ),
            (
                "interview_scheduling",
                "Thursday at ten is fine.",
                (Stage, "email"),
            ),
            (
                "interview_scheduling",
                "It's anna at gmail dot com.",
                (Stage, "confirm"),
            ),
            ("interview_scheduling", "No.", (Objection, "no")),
            (
                "interview_scheduling",
                "I already have a job.",
                (Objection, "found_job"),
            ),
            (
                "interview_scheduling",
                "I can't make it on Monday.",
                (Objection, "cannot_that_day"),
            ),
            (
                "interview_scheduling",
                "How much does it pay?",
                (Fact, "pay"),
            ),
            (
                "interview_scheduling",
                "Do I have to work nights?",
                (Fact, "nights"),
            ),
            (
                "interview_scheduling",
                "I work nights.",
                (Objection, "works_daytime"),
            ),
            (
                "appointment_confirmation",
                "Yes, I'll be there.",
                (Stage, "settled"),
            ),
            (
                "appointment_confirmation",
                "No, I can't make it on Monday.",
                (Objection, "cannot_come"),
            ),
            (
                "appointment_confirmation",
                "Can we move it?",
                (Stage, "day"),
            ),
            (
                "appointment_confirmation",
                "Next week on Tuesday.",
                (Stage, "time"),
            ),
            (
                "appointment_confirmation",
                "At ten in the morning.",
                (Stage, "settled"),
            ),
            (
                "appointment_confirmation",
                "I have to cancel.",
                (Stage, "cancel"),
            ),
            (
                "appointment_confirmation",
                "Until when can I cancel?",
                (Fact, "cancel_rule"),
            ),
            (
                "appointment_confirmation",
                "My tooth hurts.",
                (Fact, "pain"),
            ),
            (
                "appointment_confirmation",
                "I'm afraid I can't.",
                (Objection, "cannot_come"),
            ),
            (
                "appointment_confirmation",
                "I'm afraid of the drill.",
                (Objection, "afraid"),
            ),
            (
                "appointment_confirmation",
                "Great, see you on Friday.",
                (Goodbye, "goodbye"),
            ),
            ("satisfaction_survey", "Sure, go ahead.", (Stage, "score")),
            ("satisfaction_survey", "I'd say 9.", (Stage, "praise")),
            (
                "satisfaction_survey",
                "Eight out of ten.",
                (Stage, "praise"),
            ),
            ("satisfaction_survey", "4 out of 10.", (Stage, "problem")),
            ("satisfaction_survey", "Two out of ten.", (Stage, "problem")),
            (
                "satisfaction_survey",
                "He was friendly.",
                (Stage, "heating"),
            ),
            (
                "satisfaction_survey",
                "It works fine.",
                (Stage, "follow_up"),
            ),
            (
                "satisfaction_survey",
                "It's only 15 degrees in here.",
                (Fact, "still_broken"),
            ),
            (
                "satisfaction_survey",
                "I can smell gas.",
                (Objection, "gas_smell"),
            ),
            (
                "satisfaction_survey",
                "Stop calling me.",
                (OptOut, "opt_out"),
            ),
        ] {
            assert_eq!(heard(&read(name), text), expected, "{name}: {text}");
        }
    }

    #[test]
    fn opt_out_wins_over_a_longer_phrase() {
        let [fitness, _] = shipped();
        let text = "Stop calling me. Are you open on the weekend?";
        assert_eq!(heard(&fitness, text).0, MatchKind::OptOut);
    }

    #[test]
    fn longest_phrase_wins_and_words_are_whole() {
        let [fitness, _] = shipped();
        assert_eq!(fitness.matches("It depends.").unwrap().phrase, "it depends");
        assert_eq!(
            fitness.matches("It depends on the price.").unwrap().id,
            "price"
        );
        assert_eq!(fitness.matches("a byegone parkinglot"), None);
        assert_eq!(fitness.matches(""), None);
    }
}
