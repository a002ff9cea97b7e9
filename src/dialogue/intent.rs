//! What the caller means when no trigger phrase was heard: the nearest of the playbook's intents, or honestly none.
//!
//! Thread: trained by the one that loads the playbook; then shared, read only, by the dialogue threads ·
//! In: what the caller said, as text, and which intents are legal now · Out: a [`Guess`] with a probability that can be
//! believed · Memory: all at training, about 9 MB for 50 intents of 25 examples; a few kilobytes per text ·
//! When late or full: of a long text the end counts; a text takes well under a millisecond, and 4 ms more with sentence
//! vectors; where their engine is late or gone, the n-grams decide alone ·
//! Source: n-grams in a linear model and sentence vectors (all-MiniLM-L6-v2) in another, as compared in `patter eval
//! intent`: alone the vectors are 7 points worse, together they are 4 better. Legal intents after DOGA of arXiv
//! 2511.12133.

mod calibration;
pub mod compare;
mod features;
mod linear;
pub mod measure;
mod nearest;
mod senses;
mod vocabulary;

use patter_engine::embed::Embed;
use std::collections::BTreeMap;
use std::sync::Arc;

use calibration::Calibration;
use features::Features;
use linear::Linear;
use nearest::Nearest;
use patter_playbook::{CallerExample, Playbook, UNKNOWN};
use senses::Senses;
use vocabulary::{Point, Vocabulary};

/// From this probability on a guess is named. Lower, and more than a fifth of what no intent means gets an approved
/// line all the same; higher, and callers who are understood are sent to the model. Chosen on
/// `tests/fixtures/intents/dev.tsv`.
pub const THRESHOLD: f32 = 0.4;

/// What callers say that means nothing in any playbook, one a line, `#` before notes.
const BACKGROUND: &str = include_str!("intent/background.txt");

/// A background line this near to an example (cosine) may mean it, and is left out.
const TOO_NEAR: f32 = 0.5;

/// Parts of the examples that are held back in turn to see how far the model can be believed.
const FOLDS: usize = 3;

/// The examples of an intent are chosen to differ from each other, more than callers differ from all of them: those
/// held back paint the model too black. The map's slope is times this; measured on `tests/fixtures/intents/dev.tsv`.
const EASIER_SLOPE: f32 = 1.8;

/// See [`EASIER_SLOPE`]; added to the map's offset.
const EASIER_OFFSET: f32 = 1.3;

/// How likely an intent that is not legal now is meant all the same, beside a legal one.
const ILLEGAL: f32 = 0.25;

/// A text and what is meant by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// As in [`CallerExample::intent`].
    pub intent: String,
    /// The caller's words.
    pub text: String,
}

impl Labelled {
    /// Every example and trigger phrase of a playbook.
    pub fn all_of(playbook: &Playbook) -> Vec<Self> {
        let labelled = |example: CallerExample<'_>| Self {
            intent: example.intent.to_string(),
            text: example.text.to_owned(),
        };
        playbook.caller_examples().map(labelled).collect()
    }
}

/// An intent and how probable it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate<'a> {
    /// As in [`CallerExample::intent`].
    pub intent: &'a str,
    /// Probability that it is meant, 0 to 1.
    pub probability: f32,
}

/// What the caller seems to mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guess<'a> {
    /// The intent; `None` when nothing is probable enough.
    pub intent: Option<&'a str>,
    /// Probability that the best intent is meant, 0 to 1, also when it is not named.
    pub probability: f32,
    /// The most probable legal intent, named or not; `None` when no intent is legal.
    pub best: Option<&'a str>,
    /// The next one.
    pub runner_up: Option<Candidate<'a>>,
}

/// Knows what callers mean by their words.
pub struct Classifier {
    /// The intents, in the order of the examples; the model knows one more, which stands for none of them.
    intents: Vec<String>,
    vocabulary: Vocabulary,
    linear: Linear,
    calibration: Calibration,
    senses: Option<Senses>,
}

impl Classifier {
    /// Learns from the examples and trigger phrases of a playbook; with `embed` also by what they mean.
    pub fn train(playbook: &Playbook, embed: Option<Arc<dyn Embed>>) -> Self {
        Self::train_on(&Labelled::all_of(playbook), embed)
    }

    /// All that [`Classifier::train`] learns from with vectors: the playbook's examples, and what means nothing
    /// anywhere.
    pub fn lesson(playbook: &Playbook) -> Vec<String> {
        let own = Labelled::all_of(playbook).into_iter().map(|own| own.text);
        let background = BACKGROUND.lines().map(str::to_owned);
        own.chain(background.filter(|line| !line.is_empty() && !line.starts_with('#')))
            .collect()
    }

    /// Learns from examples; those of [`UNKNOWN`] mean none of the intents.
    pub fn train_on(examples: &[Labelled], embed: Option<Arc<dyn Embed>>) -> Self {
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        let mut intents = Vec::new();
        for example in examples.iter().filter(|e| e.intent != UNKNOWN) {
            numbers.entry(&example.intent).or_insert_with(|| {
                intents.push(example.intent.clone());
                intents.len() - 1
            });
        }
        numbers.insert(UNKNOWN, intents.len());
        let own: Vec<Features> = examples.iter().map(|e| Features::of(&e.text)).collect();
        let mut vocabulary = Vocabulary::of(own.iter());
        let background = background(&own, &vocabulary);
        vocabulary = Vocabulary::of(own.iter().chain(background.iter().map(|(_, f)| f)));
        let points: Vec<Point> = own
            .iter()
            .chain(background.iter().map(|(_, features)| features))
            .map(|features| vocabulary.point(features))
            .collect();
        let texts = examples.iter().map(|example| example.text.as_str());
        let texts: Vec<&str> = texts
            .chain(background.iter().map(|(text, _)| *text))
            .collect();
        let meant = examples.iter().map(|e| numbers[e.intent.as_str()]);
        let none = intents.len();
        let meant: Vec<usize> = meant.chain(background.iter().map(|_| none)).collect();
        let lesson = Lesson {
            places: vocabulary.len(),
            points: &points,
            meant: &meant,
            intents: none + 1,
        };
        let held_back = lesson.shares_held_back();
        let judged = |shares: &[(usize, Vec<f32>)]| -> Vec<(f32, bool)> {
            let judged = |(at, shares): &(usize, Vec<f32>)| {
                let best = best_two(&shares[..none])[0]?;
                Some((shares[best], best == meant[*at]))
            };
            shares.iter().filter_map(judged).collect()
        };
        let senses = embed.and_then(|embed| {
            let (centre, points) = senses::learn(embed.as_ref(), &texts)?;
            let lesson = Lesson {
                places: centre.len(),
                points: &points,
                ..lesson
            };
            let sensed = lesson.shares_held_back();
            let both = held_back.iter().zip(sensed);
            let both = both.map(|((at, words), (_, sense))| (*at, senses::joined(words, &sense)));
            let both: Vec<_> = both.collect();
            Some(Senses {
                embed,
                centre,
                linear: lesson.learn(|_| true),
                calibration: calibrated(&judged(&both)),
            })
        });
        Self {
            linear: lesson.learn(|_| true),
            calibration: calibrated(&judged(&held_back)),
            intents,
            vocabulary,
            senses,
        }
    }

    /// The intents it knows, as in [`CallerExample::intent`].
    pub fn intents(&self) -> impl Iterator<Item = &str> {
        self.intents.iter().map(String::as_str)
    }

    /// What a caller means by `words`, among the intents that are `legal` now.
    pub fn classify(&self, words: &str, legal: impl Fn(&str) -> bool) -> Guess<'_> {
        let point = self.vocabulary.point(&Features::of(words));
        let mut shares = self.linear.shares(&point);
        let mut calibration = &self.calibration;
        if let Some(senses) = &self.senses
            && let Some(sensed) = senses.shares(words)
        {
            shares = senses::joined(&shares, &sensed);
            calibration = &senses.calibration;
        }
        let mut sum = shares[self.intents.len()];
        shares.truncate(self.intents.len());
        for (share, intent) in shares.iter_mut().zip(&self.intents) {
            if legal(intent) {
                sum += *share;
            } else {
                sum += *share * ILLEGAL;
                *share = 0.0;
            }
        }
        let [best, second] = best_two(&shares);
        let candidate = |place: Option<usize>| {
            let place = place.filter(|&place| shares[place] > 0.0)?;
            Some(Candidate {
                intent: &self.intents[place],
                probability: calibration.probability(shares[place] / sum),
            })
        };
        let best = candidate(best);
        let probability = best.map_or(0.0, |best| best.probability);
        let runner_up = candidate(second).map(|second| Candidate {
            probability: second.probability.min(1.0 - probability),
            ..second
        });
        Guess {
            intent: best
                .filter(|best| best.probability >= THRESHOLD)
                .map(|best| best.intent),
            probability,
            best: best.map(|best| best.intent),
            runner_up,
        }
    }
}

/// The map to probabilities, from shares of examples that were held back and whether they were right.
fn calibrated(judged: &[(f32, bool)]) -> Calibration {
    let mut calibration = Calibration::fit(judged);
    calibration.slope *= EASIER_SLOPE;
    calibration.offset += EASIER_OFFSET;
    calibration
}

/// Texts as points, and what is meant by each.
#[derive(Clone, Copy)]
struct Lesson<'a> {
    /// Numbers that make a point.
    places: usize,
    points: &'a [Point],
    /// Numbers of intents, below `intents`.
    meant: &'a [usize],
    intents: usize,
}

impl Lesson<'_> {
    /// Learns from the texts whose number is `kept`.
    fn learn(&self, kept: impl Fn(usize) -> bool) -> Linear {
        let texts = self.points.iter().zip(self.meant.iter().copied());
        let texts = texts.enumerate().filter(|(number, _)| kept(*number));
        let texts: Vec<(&Point, usize)> = texts.map(|(_, text)| text).collect();
        Linear::train(&texts, self.places, self.intents)
    }

    /// Each text's number and what a model makes of it that did not learn from it.
    fn shares_held_back(&self) -> Vec<(usize, Vec<f32>)> {
        let mut shares = Vec::with_capacity(self.points.len());
        for fold in 0..FOLDS {
            let linear = self.learn(|number| number % FOLDS != fold);
            let held_back = self.points.iter().enumerate().skip(fold).step_by(FOLDS);
            shares.extend(held_back.map(|(number, point)| (number, linear.shares(point))));
        }
        shares
    }
}

/// The background lines that are far from every example.
fn background(examples: &[Features], vocabulary: &Vocabulary) -> Vec<(&'static str, Features)> {
    let points: Vec<Point> = examples.iter().map(|e| vocabulary.point(e)).collect();
    let nearest = Nearest::of(&points, vocabulary.len());
    let lines = BACKGROUND
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| (line, Features::of(line)))
        .filter(|(_, line)| {
            let cosines = nearest.cosines(&vocabulary.point(line));
            cosines.into_iter().fold(0.0, f32::max) < TOO_NEAR
        })
        .collect()
}

/// Places of the greatest and the second greatest share; the earlier one of equals.
fn best_two(shares: &[f32]) -> [Option<usize>; 2] {
    let mut best: [Option<usize>; 2] = [None, None];
    for (place, share) in shares.iter().enumerate() {
        if best[0].is_none_or(|first| *share > shares[first]) {
            best = [Some(place), best[0]];
        } else if best[1].is_none_or(|second| *share > shares[second]) {
            best[1] = Some(place);
        }
    }
    best
}

#[cfg(test)]
mod tests;
