//! Finds what the caller meant: the entry of the playbook whose phrase was heard.
//!
//! Thread: the dialogue's, once per turn; also on partial text, as it is cheap ·
//! In: what the caller said, as text · Out: at most one [`Match`] ·
//! Memory: two short strings per call ·
//! Source: ours; whole-word containment, so that no word of a phrase is guessed.

use super::Playbook;
use super::text::{contains_words, normalise};

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

impl Playbook {
    /// The entry whose phrase is heard as whole words in `heard`. The phrase with most words wins,
    /// then the longer one, then the later kind in [`MatchKind`]; but an opt-out always wins,
    /// because a call after one is against the law in many places.
    pub fn matches(&self, heard: &str) -> Option<Match<'_>> {
        let heard = normalise(heard);
        self.phrases()
            .filter(|found| contains_words(&heard, found.phrase))
            .max_by_key(|found| {
                let opt_out = found.kind == MatchKind::OptOut;
                let words = found.phrase.split(' ').count();
                (opt_out, words, found.phrase.len(), found.kind)
            })
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

    const FITNESS: &str = include_str!("../../../playbooks/fitness.toml");
    const BANK: &str = include_str!("../../../playbooks/bank_complaint.toml");

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
