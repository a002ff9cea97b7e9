//! A playbook made ready for calls: what the caller's words mean, and which approved lines answer them.
//!
//! Thread: made once, before the first call; then shared. A `learn` thread may add to it what examples mean, while
//! calls go on ([`Knowledge::sense`]): their next turn knows it. In: a [`Playbook`], the caller's words. Out: intents
//! and places of lines. Memory: the playbook, the classifier's weights and the index of lines, for as long as the
//! playbook is in use; short strings a turn. Source: intents, then script lines by (stage, intent), as in DOGA of arXiv
//! 2511.12133. A phrase of the playbook that is heard word for word is sure, unless it was said in passing; else the
//! classifier is asked.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use super::intent::Classifier;
use super::retrieval::{self, Entry, Index, Query};
use patter_engine::embed::Embed;
use patter_language::everyday::Everyday;
use patter_language::text::normalise;
use patter_playbook::{Match, MatchKind, Playbook, ScriptLine, Then, Way};
use patter_types::free_replies::FreeReplies;
use patter_types::intent::IntentId;
use patter_types::line::LineId;

/// Lines of the library that the model is shown as examples of what may be said.
pub const MOST_HINTS: usize = 2;
/// A line whose words fit less than this is no example for the model; see
/// [`retrieval::Found::relevance`](super::retrieval::Found::relevance).
const RELEVANT: f32 = 0.15;
/// Texts that are learnt before it is asked whether that is still wanted.
const LESSON_TEXTS: usize = 64;
/// Lines that are looked at for one intent.
const MOST_CANDIDATES: usize = 32;

/// What the caller means, and how that is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Meaning {
    /// An intent of the playbook.
    pub intent: IntentId,
    /// The phrase of the playbook that was heard; None for a guess of the classifier.
    pub phrase: Option<String>,
    /// From 0 to 1; 1 for a phrase.
    pub probability: f32,
    /// The phrase is not most of what was said.
    pub in_passing: bool,
}

impl Meaning {
    /// A phrase that is most of what was said.
    pub fn is_sure(&self) -> bool {
        self.phrase.is_some() && !self.in_passing
    }
}

/// A line that may be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Where it stands in the playbook.
    pub place: LineId,
    /// With its slots still in braces.
    pub text: String,
    /// What it answers; None for a line that answers nothing by itself, and is only shown to the model.
    pub intent: Option<IntentId>,
    /// How it is spoken.
    pub way: Way,
    /// Higher comes first.
    pub priority: i32,
    /// What happens after it.
    pub then: Option<Then>,
    /// The caller cannot cut it off.
    pub uninterruptible: bool,
}

/// A playbook with what was learnt from it.
pub struct Knowledge {
    /// The playbook.
    pub playbook: Playbook,
    intents: RwLock<Arc<Classifier>>,
    index: Index,
    /// One for each entry of the index.
    lines: Vec<Candidate>,
    once: HashSet<LineId>,
    /// Lines that the playbook wants heard to their end.
    marked: HashSet<LineId>,
    /// Ids of stages that callers also mean by what they deny or doubt: "I'm not convinced".
    denied: HashSet<String>,
}

impl Knowledge {
    /// Learns a playbook by its words: a fraction of a second.
    pub fn new(playbook: Playbook) -> Self {
        Self::sensing(playbook, None)
    }

    /// Learns a playbook by its words and, with `embed`, by what its examples mean: seconds, where the engine has not
    /// seen them before.
    pub fn sensing(playbook: Playbook, embed: Option<Arc<dyn Embed>>) -> Self {
        let intents = Classifier::train(&playbook, embed);
        Self::with(playbook, intents)
    }

    /// The same with a classifier that learnt from other examples.
    pub fn with(playbook: Playbook, intents: Classifier) -> Self {
        let lines = library(&playbook);
        let once: HashSet<LineId> = playbook
            .script
            .iter()
            .filter(|line| line.once)
            .map(place_of)
            .collect();
        let entries = lines.iter().enumerate().map(|(id, line)| Entry {
            id: u32::try_from(id).unwrap_or(u32::MAX),
            text: &line.said.text,
            about: &line.about,
            stage: line.stage.as_deref(),
            intent: line.answers.as_deref(),
            priority: line.said.priority,
            once: once.contains(&line.said.place),
            slots: &line.slots,
        });
        let index = Index::new(entries);
        let lines = lines.into_iter().map(|line| line.said).collect();
        // What names no line marks none; the playbook's check says so.
        let marks = playbook.compliance.uninterruptible.iter();
        let marked = marks.filter_map(|mark| mark.parse().ok()).collect();
        let denied = denied_stages(&playbook);
        Self {
            playbook,
            intents: RwLock::new(Arc::new(intents)),
            index,
            lines,
            once,
            marked,
            denied,
        }
    }

    /// Learns what examples mean, too, where that is not known yet: seconds, if the engine has not seen them before.
    /// Gives up between some texts and the next where it is no longer `wanted`. False when it did, or when the engine
    /// has failed.
    pub fn sense(&self, embed: Arc<dyn Embed>, wanted: &dyn Fn() -> bool) -> bool {
        // A part of them at a time: then nothing of it is made for nothing, and to give up takes a moment.
        for some in Classifier::lesson(&self.playbook).chunks(LESSON_TEXTS) {
            let texts: Vec<&str> = some.iter().map(String::as_str).collect();
            if !wanted() || !embed.learn_behind(&texts) {
                return false;
            }
        }
        let intents = Arc::new(Classifier::train(&self.playbook, Some(embed)));
        *self.intents.write().unwrap_or_else(PoisonError::into_inner) = intents;
        true
    }

    fn intents(&self) -> Arc<Classifier> {
        let intents = self.intents.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&intents)
    }

    /// What `heard` means, if that can be told; only intents that are `legal` are guessed.
    ///
    /// A phrase that is most of what was said is sure, and so is every wish to end the call. One that was said in
    /// passing, as "my card" in "I can't find my card", counts only where the classifier has no guess: see "as in
    /// calls" in `patter eval intent`.
    pub fn meaning(&self, heard: &str, legal: impl Fn(&IntentId) -> bool) -> Option<Meaning> {
        let found = self.playbook.matches(heard);
        let by_phrase = |found: &Match<'_>, in_passing: bool| Meaning {
            intent: found.intent(),
            phrase: Some(found.phrase.to_owned()),
            probability: 1.0,
            in_passing,
        };
        if let Some(found) = &found
            && !found.is_in_passing(heard)
        {
            return Some(by_phrase(found, false));
        }
        let everyday = Everyday::of(&self.playbook.language);
        let denies = everyday.has_negation(&normalise(heard));
        let intents = self.intents();
        // The classifier tells intents apart by the labels of its examples, which are their texts.
        let named = |label: &str| label.parse::<IntentId>().ok();
        let guess = intents.classify(heard, |label| named(label).is_some_and(|own| legal(&own)));
        let is_meant = |intent: &IntentId| match intent {
            IntentId::Stage(id) => !denies || self.denied.contains(id),
            _ => true,
        };
        let guessed = guess.intent.and_then(named).filter(is_meant);
        let guessed = guessed.map(|intent| Meaning {
            intent,
            phrase: None,
            probability: guess.probability,
            in_passing: false,
        });
        // Those who say goodbye in passing are not about to go.
        let found = found.filter(|found| found.kind != MatchKind::Goodbye);
        guessed.or_else(|| found.map(|found| by_phrase(&found, true)))
    }

    /// Whether the answer to `intent` is the last of the call, as for who wants a human.
    pub fn parts(&self, intent: &IntentId) -> bool {
        let lines = self.lines.iter();
        let mut of_it = lines.filter(|line| line.intent.as_ref() == Some(intent));
        of_it.any(|line| line.then.is_some())
    }

    /// Lines that answer `intent` in `stage`, the best first: such as were not said, with all slots `filled`; then
    /// those that may be said again.
    pub fn lines_for(
        &self,
        stage: &str,
        intent: &IntentId,
        heard: &str,
        said: &HashSet<LineId>,
        filled: &dyn Fn(&str) -> bool,
    ) -> Vec<&Candidate> {
        let found = self.find(stage, Some(intent), heard, said, filled, MOST_CANDIDATES);
        let mut lines: Vec<&Candidate> = found
            .iter()
            .filter_map(|found| self.lines.get(found.id as usize))
            .filter(|line| line.intent.as_ref() == Some(intent))
            .collect();
        // Sorting is stable: among lines of one priority the order of relevance stays.
        lines.sort_by_key(|line| (said.contains(&line.place), Reverse(line.priority)));
        lines
    }

    /// Lines about what the caller said, for a model that must answer by itself.
    pub fn hints(
        &self,
        stage: &str,
        heard: &str,
        said: &HashSet<LineId>,
        filled: &dyn Fn(&str) -> bool,
    ) -> Vec<&Candidate> {
        let found = self.find(stage, None, heard, said, filled, MOST_HINTS);
        found
            .iter()
            .filter(|found| found.relevance >= RELEVANT)
            .filter_map(|found| self.lines.get(found.id as usize))
            .collect()
    }

    fn find(
        &self,
        stage: &str,
        intent: Option<&IntentId>,
        words: &str,
        said: &HashSet<LineId>,
        filled: &dyn Fn(&str) -> bool,
        most: usize,
    ) -> Vec<retrieval::Found> {
        let was_said = |id: u32| self.place(id).is_some_and(|place| said.contains(place));
        let intent = intent.map(IntentId::to_string);
        let query = Query {
            stage: Some(stage),
            intent: intent.as_deref(),
            words,
            said: &was_said,
            filled,
        };
        self.index.find(&query, most)
    }

    /// Whether the line at `place` is said at most once in a call.
    pub fn is_once(&self, place: &LineId) -> bool {
        self.once.contains(place)
    }

    /// Whether the playbook wants the line at `place` heard to its end.
    pub fn is_marked(&self, place: &LineId) -> bool {
        self.marked.contains(place)
    }

    fn place(&self, id: u32) -> Option<&LineId> {
        self.lines.get(id as usize).map(|line| &line.place)
    }
}

/// Stages of whose examples this share is denied or doubted, from 0 to 1, may be meant by such words.
const DENIED_SHARE: f32 = 0.25;

fn denied_stages(playbook: &Playbook) -> HashSet<String> {
    let everyday = Everyday::of(&playbook.language);
    let stages = playbook.flow.iter().map(|stage| stage.id.clone());
    let is_denied = |id: &String| {
        let examples = playbook.caller_examples_of(&IntentId::Stage(id.clone()));
        let denied = examples
            .iter()
            .filter(|e| everyday.has_negation(&normalise(e)));
        denied.count() as f32 >= DENIED_SHARE * examples.len() as f32
    };
    stages.filter(is_denied).collect()
}

/// A line with what it is found by.
struct Found {
    said: Candidate,
    /// [`Candidate::intent`] as the index takes it.
    answers: Option<String>,
    about: String,
    stage: Option<String>,
    slots: Vec<String>,
}

fn place_of(line: &ScriptLine) -> LineId {
    LineId::Script(line.id.clone())
}

/// Facts, script lines, and examples of good answers, which only the model is shown. Tactics against objections are not
/// in it: they have an order of their own.
fn library(playbook: &Playbook) -> Vec<Found> {
    let general = playbook.persona.way;
    let found = |said: Candidate, about: Option<&str>, stage: Option<&String>| Found {
        about: match (about, &said.intent) {
            (Some(about), _) => about.to_owned(),
            (None, Some(intent)) => playbook.caller_examples_of(intent).join(" "),
            (None, None) => String::new(),
        },
        answers: said.intent.as_ref().map(IntentId::to_string),
        stage: stage.cloned(),
        slots: playbook.slots_in(&said.text),
        said,
    };
    let facts = playbook.facts.iter().map(|fact| {
        let said = Candidate {
            place: LineId::Fact(fact.id.clone()),
            text: fact.say.clone(),
            intent: Some(IntentId::Fact(fact.id.clone())),
            way: fact.way.unwrap_or(general),
            priority: 0,
            then: fact.then,
            uninterruptible: false,
        };
        found(said, None, None)
    });
    let script = playbook.script.iter().map(|line| {
        let said = Candidate {
            place: place_of(line),
            text: line.say.clone(),
            intent: line.answers(),
            way: line.way.unwrap_or(general),
            priority: line.priority,
            then: line.then,
            uninterruptible: line.uninterruptible,
        };
        found(said, None, line.stage.as_ref())
    });
    // Those that every prompt holds need not be found for it.
    let prompt = playbook.system_prompt(FreeReplies::Brief, &BTreeMap::new());
    let examples = playbook.examples.iter().enumerate();
    let examples = examples.filter(|(_, example)| !prompt.contains(&example.agent));
    let examples = examples.map(|(index, example)| {
        let said = Candidate {
            place: LineId::Example(index),
            text: example.agent.clone(),
            intent: None,
            way: general,
            priority: 0,
            then: None,
            uninterruptible: false,
        };
        found(said, Some(example.caller.as_str()), None)
    });
    facts.chain(script).chain(examples).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use patter_engine::embed::Vector;

    const FITNESS: &str = include_str!("../../playbooks/fitness.toml");

    /// Makes vectors of first letters, and counts the texts that it was taught.
    #[derive(Default)]
    struct Letters {
        taught: AtomicUsize,
    }

    impl Embed for Letters {
        fn learn(&self, texts: &[&str]) -> Option<Vec<Vector>> {
            self.taught.fetch_add(texts.len(), Ordering::AcqRel);
            texts.iter().map(|text| self.vector(text)).collect()
        }

        fn vector(&self, text: &str) -> Option<Vector> {
            let mut counts = [0.01f32; 26];
            for letter in text.bytes().filter(u8::is_ascii_alphabetic) {
                counts[usize::from(letter.to_ascii_lowercase() - b'a')] += 1.0;
            }
            let length = counts.iter().map(|x| x * x).sum::<f32>().sqrt();
            Some(counts.map(|x| x / length).into())
        }
    }

    fn probabilities(knowledge: &Knowledge) -> Vec<f32> {
        let guess = |text| knowledge.intents().classify(text, |_| true).probability;
        [
            "what would it set me back",
            "got somewhere to leave the car",
        ]
        .map(guess)
        .into()
    }

    #[test]
    fn what_is_learnt_behind_is_what_is_learnt_before() {
        let playbook = || Playbook::parse(FITNESS, "fitness").unwrap();
        let behind = Knowledge::new(playbook());
        let by_words = probabilities(&behind);
        assert!(behind.sense(Arc::new(Letters::default()), &|| true));
        let by_both = probabilities(&behind);
        assert_ne!(by_words, by_both);
        let before = Knowledge::sensing(playbook(), Some(Arc::new(Letters::default())));
        assert_eq!(probabilities(&before), by_both);
    }

    #[test]
    fn examples_of_good_answers_are_found_for_the_model_and_answer_nothing_by_themselves() {
        let knowledge = Knowledge::new(Playbook::parse(FITNESS, "fitness").unwrap());
        let said = HashSet::new();
        let example = &knowledge.playbook.examples[2];
        assert_eq!(example.caller, "It's too expensive.");
        let found = |heard| knowledge.hints("discovery", heard, &said, &|_| true);
        let hints = found("too expensive, really");
        let shown = |text: &str| hints.iter().any(|hint| hint.text == text);
        assert!(shown(&example.agent), "{hints:?}");
        let in_prompt = &knowledge.playbook.examples[1];
        let hints = found("i have a busy schedule");
        assert!(
            hints.iter().all(|hint| hint.text != in_prompt.agent),
            "{hints:?}"
        );
        let mut lines = knowledge.lines.iter();
        assert!(
            lines.all(|line| line.intent.is_none() == matches!(line.place, LineId::Example(_)))
        );
    }

    #[test]
    fn learning_that_is_no_longer_wanted_ends_after_a_few_texts() {
        let knowledge = Knowledge::new(Playbook::parse(FITNESS, "fitness").unwrap());
        let by_words = probabilities(&knowledge);
        let letters = Arc::new(Letters::default());
        let taught = Arc::clone(&letters);
        let sensed = knowledge.sense(letters, &|| taught.taught.load(Ordering::Acquire) == 0);
        assert!(!sensed);
        assert_eq!(taught.taught.load(Ordering::Acquire), LESSON_TEXTS);
        assert_eq!(probabilities(&knowledge), by_words);
    }
}
