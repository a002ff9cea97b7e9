//! A reply of the language model's on its way to the voice: the one way there is, for calls, typed dialogues and the
//! measures of the guard.
//!
//! In: pieces of text as the model makes them, how it ended. Out: sentences, each judged by the guard, and what of them
//! the caller may be told. A pure function of its inputs.

use super::guard::{Guard, Turn, Verdict};
use patter_language::sentence::Sentences;

/// A sentence of the model's, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// As the model wrote it.
    pub sentence: String,
    /// Whether it may be said, and how.
    pub verdict: Verdict,
}

/// See the module.
#[derive(Debug)]
pub struct Draft {
    turn: Turn,
    sentences: Sentences,
    text: String,
}

impl Draft {
    /// A reply of which nothing is made yet, in `turn` of the agent.
    pub fn new(turn: Turn) -> Self {
        Self {
            turn,
            sentences: Sentences::default(),
            text: String::new(),
        }
    }

    /// Takes the next piece: the sentences that are whole with it. What comes after a refused one is no part of the
    /// reply.
    pub fn push(&mut self, guard: &Guard, piece: &str) -> Vec<Judged> {
        if self.turn.is_refused() {
            return Vec::new();
        }
        self.text.push_str(piece);
        let sentences = self.sentences.push(piece);
        self.judge(guard, sentences)
    }

    /// The model has ended, its turn `whole` or not: the rest. Half a sentence is not worth saying when a whole one was
    /// said.
    pub fn end(&mut self, guard: &Guard, whole: bool) -> Vec<Judged> {
        if !whole && !self.turn.said().is_empty() {
            return Vec::new();
        }
        let sentences = self.sentences.finish();
        self.judge(guard, sentences)
    }

    fn judge(&mut self, guard: &Guard, sentences: Vec<String>) -> Vec<Judged> {
        let mut out = Vec::new();
        for sentence in sentences {
            if self.turn.is_refused() {
                break;
            }
            let verdict = guard.check(&mut self.turn, &sentence);
            out.push(Judged { sentence, verdict });
        }
        out
    }

    /// A sentence was refused: nothing more of the reply is wanted.
    pub fn is_refused(&self) -> bool {
        self.turn.is_refused()
    }

    /// What the model wrote, up to the piece with the refused sentence.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What may be said so far, a clause alone too.
    pub fn spoken(&self) -> String {
        self.turn.said()
    }

    /// What may be said, if that is an answer by itself: of a clause alone, or of nothing, an approved line takes the
    /// place.
    pub fn said(&self) -> Option<String> {
        let said = self.turn.said();
        (!said.is_empty() && !self.turn.is_open()).then_some(said)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::guard::Limits;
    use patter_config::DialogueConfig;
    use patter_playbook::Playbook;

    fn guard() -> Guard {
        let text = include_str!("../../playbooks/fitness.toml");
        let playbook = Playbook::parse(text, "fitness").unwrap();
        Guard::new(
            &playbook,
            &BTreeMap::new(),
            Limits::from(&DialogueConfig::default()),
        )
    }

    fn draft() -> Draft {
        Draft::new(Turn::new(std::iter::empty(), std::iter::empty()))
    }

    /// The sentences of `text`, told in pieces of three letters: those that may be said, and those that may not.
    fn told(
        draft: &mut Draft,
        guard: &Guard,
        text: &str,
        whole: bool,
    ) -> (Vec<String>, Vec<String>) {
        let letters: Vec<char> = text.chars().collect();
        let pieces = letters
            .chunks(3)
            .map(|piece| piece.iter().collect::<String>());
        let mut judged: Vec<Judged> = pieces.flat_map(|piece| draft.push(guard, &piece)).collect();
        judged.extend(draft.end(guard, whole));
        let (mut said, mut refused) = (Vec::new(), Vec::new());
        for Judged { sentence, verdict } in judged {
            match verdict {
                Verdict::Speak(text) => said.push(text),
                Verdict::Refuse(_) => refused.push(sentence),
            }
        }
        (said, refused)
    }

    #[test]
    fn a_reply_is_said_sentence_by_sentence() {
        let (guard, mut draft) = (guard(), draft());
        let text = "I hear you. It is quiet in the morning. ";
        let (said, refused) = told(&mut draft, &guard, text, true);
        assert_eq!(said, ["I hear you.", "It is quiet in the morning."]);
        assert!(refused.is_empty());
        assert_eq!(draft.said().as_deref(), Some(text.trim()));
    }

    #[test]
    fn after_a_refused_sentence_nothing_more_is_taken() {
        let (guard, mut draft) = (guard(), draft());
        let text = "I hear you. It costs 77 dollars. We look forward to it. ";
        let (said, refused) = told(&mut draft, &guard, text, true);
        assert_eq!(said, ["I hear you."]);
        assert_eq!(refused, ["It costs 77 dollars."]);
        assert!(draft.is_refused() && !draft.text().contains("forward"));
        assert_eq!(draft.said().as_deref(), Some("I hear you."));
    }

    #[test]
    fn half_a_sentence_is_said_only_where_there_is_nothing_else() {
        let guard = guard();
        let of = |text: &str, whole| {
            let mut draft = draft();
            let said = told(&mut draft, &guard, text, whole).0;
            (said, draft.said())
        };
        let (said, _) = of("I hear you. It is quiet in the", false);
        assert_eq!(said, ["I hear you."]);
        let (said, _) = of("It is quiet in the", false);
        assert_eq!(said, ["It is quiet in the"]);
        let (said, _) = of("I hear you. It is quiet in the", true);
        assert_eq!(said.len(), 2);
        // A clause is no answer: an approved line follows it.
        let (said, answer) = of("If you come in the morning, ", true);
        assert_eq!((said.len(), answer), (1, None));
        assert_eq!(of("", true), (Vec::new(), None));
    }
}
