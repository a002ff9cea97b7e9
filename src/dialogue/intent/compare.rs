//! The ways of finding what a caller means, side by side on the same lines.
//!
//! Thread: any, never in a call · In: a playbook, labelled lines · Out: one [`Answer`] per line ·
//! Memory: one model per way ·
//! Source: ours. Two ways are here only to be compared with: the nearest example, and trigger phrases alone.

use std::sync::Arc;
use std::time::Instant;

use super::calibration::Calibration;
use super::features::Features;
use super::linear::Random;
use super::measure::{Answer, Line};
use super::nearest::Nearest;
use super::vocabulary::{Point, Vocabulary};
use super::{Classifier, Labelled, THRESHOLD, calibrated};
use crate::knowledge::Knowledge;
use patter_engine::embed::Embed;
use patter_playbook::{Playbook, UNKNOWN};

/// A way of finding what a caller means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approach {
    /// The longest trigger phrase that was heard, as [`Playbook::matches`] does.
    Phrases,
    /// The example with the highest cosine.
    Nearest,
    /// The [`Classifier`] without sentence vectors.
    Words,
    /// The [`Classifier`] with them.
    Classifier,
    /// A trigger phrase where one was heard, else the classifier.
    PhrasesFirst,
    /// What calls use: [`Knowledge::meaning`].
    AsInCalls,
    /// The classifier where it names an intent, else a trigger phrase.
    ClassifierFirst,
}

impl Approach {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Phrases,
        Self::Nearest,
        Self::Words,
        Self::Classifier,
        Self::PhrasesFirst,
        Self::AsInCalls,
        Self::ClassifierFirst,
    ];

    /// Its name in a table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Phrases => "phrases",
            Self::Nearest => "nearest example",
            Self::Words => "classifier, n-grams alone",
            Self::Classifier => "classifier",
            Self::PhrasesFirst => "phrases, then classifier",
            Self::AsInCalls => "as in calls",
            Self::ClassifierFirst => "classifier, then phrases",
        }
    }
}

/// Examples, of which a `share` (0 to 1) got the intent of another, drawn by `seed`.
pub fn mislabelled(examples: &[Labelled], share: f32, seed: u64) -> Vec<Labelled> {
    let mut intents: Vec<&String> = examples.iter().map(|example| &example.intent).collect();
    intents.sort();
    intents.dedup();
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut random = Random::new(seed);
    random.shuffle(&mut order);
    order.truncate((examples.len() as f32 * share).round() as usize);
    let mut changed = examples.to_vec();
    for index in order {
        let others: Vec<&&String> = intents
            .iter()
            .filter(|intent| ***intent != examples[index].intent)
            .collect();
        if !others.is_empty() {
            changed[index].intent = others[random.below(others.len())].to_string();
        }
    }
    changed
}

/// Asks one approach about all lines; without `embed` the classifier goes by n-grams alone.
pub fn answers(
    approach: Approach,
    playbook: &Playbook,
    examples: &[Labelled],
    lines: &[Line],
    embed: Option<&Arc<dyn Embed>>,
) -> Vec<Answer> {
    let embed = embed.filter(|_| approach != Approach::Words).cloned();
    let phrase = |text: &str| {
        playbook
            .matches(text)
            .map(|found| found.intent().to_string())
    };
    match approach {
        Approach::Phrases => ask(lines, |text| (phrase(text), phrase(text), None)),
        Approach::Nearest => {
            let nearest = NearestExample::train(examples);
            ask(lines, |text| nearest.classify(text))
        }
        Approach::AsInCalls => {
            let classifier = Classifier::train_on(examples, embed);
            let knowledge = Knowledge::with(playbook.clone(), classifier);
            ask(lines, |text| {
                let meaning = knowledge.meaning(text, |_| true);
                let named = meaning.as_ref().map(|meaning| meaning.intent.to_string());
                (named.clone(), named, meaning.map(|m| m.probability))
            })
        }
        Approach::Words
        | Approach::Classifier
        | Approach::PhrasesFirst
        | Approach::ClassifierFirst => {
            let classifier = Classifier::train_on(examples, embed);
            ask(lines, |text| {
                let guess = classifier.classify(text, |_| true);
                let named = guess.intent.map(str::to_owned);
                let best = guess.best.map(str::to_owned);
                match approach {
                    Approach::PhrasesFirst => match phrase(text) {
                        Some(found) => (Some(found.clone()), Some(found), None),
                        None => (named, best, Some(guess.probability)),
                    },
                    Approach::ClassifierFirst => match named.clone().or_else(|| phrase(text)) {
                        Some(found) => (Some(found.clone()), Some(found), None),
                        None => (None, best, Some(guess.probability)),
                    },
                    _ => (named, best, Some(guess.probability)),
                }
            })
        }
    }
}

fn ask(
    lines: &[Line],
    answer: impl Fn(&str) -> (Option<String>, Option<String>, Option<f32>),
) -> Vec<Answer> {
    let timed = |line: &Line| {
        let started = Instant::now();
        let (intent, best, probability) = answer(&line.text);
        Answer {
            intent,
            best,
            probability,
            took_ms: started.elapsed().as_secs_f32() * 1000.0,
        }
    };
    lines.iter().map(timed).collect()
}

/// The intent of the nearest example.
struct NearestExample {
    intents: Vec<String>,
    vocabulary: Vocabulary,
    nearest: Nearest,
    calibration: Calibration,
}

impl NearestExample {
    fn train(examples: &[Labelled]) -> Self {
        let features: Vec<Features> = examples.iter().map(|e| Features::of(&e.text)).collect();
        let vocabulary = Vocabulary::of(features.iter());
        let points: Vec<Point> = features.iter().map(|f| vocabulary.point(f)).collect();
        let nearest = Nearest::of(&points, vocabulary.len());
        let mut model = Self {
            intents: examples.iter().map(|e| e.intent.clone()).collect(),
            vocabulary,
            nearest,
            calibration: Calibration::fit(&[]),
        };
        let mut judged = Vec::new();
        for (number, point) in points.iter().enumerate() {
            let mut cosines = model.nearest.cosines(point);
            cosines[number] = 0.0;
            if let Some((best, cosine)) = model.best(&cosines) {
                judged.push((cosine, *best == model.intents[number]));
            }
        }
        model.calibration = calibrated(&judged);
        model
    }

    fn best(&self, cosines: &[f32]) -> Option<(&String, f32)> {
        let known = self.intents.iter().zip(cosines.iter().copied());
        known.max_by(|a, b| a.1.total_cmp(&b.1))
    }

    fn classify(&self, text: &str) -> (Option<String>, Option<String>, Option<f32>) {
        let cosines = self
            .nearest
            .cosines(&self.vocabulary.point(&Features::of(text)));
        let Some((best, cosine)) = self.best(&cosines) else {
            return (None, None, Some(0.0));
        };
        let probability = self.calibration.probability(cosine);
        let named = probability >= THRESHOLD && best != UNKNOWN;
        (
            named.then(|| best.clone()),
            Some(best.clone()),
            Some(probability),
        )
    }
}
