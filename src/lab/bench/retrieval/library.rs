//! Made-up libraries of approved lines for `patter bench retrieval`, and callers who ask for one of them in other
//! words.
//!
//! A topic is a question (of [`ASPECTS`]) about a thing (of [`THINGS`]) in a situation (of [`SITUATIONS`]). Each line
//! knows three wordings of its question; the caller uses the fourth. So a line's neighbours differ from it in one thing
//! alone, and the larger the library, the more neighbours. Pure: a seed gives the same libraries and the same
//! questions.

use crate::caller::Random;
use patter_dialogue::retrieval::Entry;

use super::topics::{ASPECTS, SITUATIONS, THINGS};

/// Topics there are.
pub(super) const MOST_LINES: usize = THINGS.len() * ASPECTS.len() * SITUATIONS.len();
/// Neighbouring numbers must not be neighbouring topics; a prime that does not divide the number of topics visits them
/// all.
const STRIDE: usize = 7_919;
const STAGES: [&str; 5] = ["opening", "discovery", "pitch", "objection", "closing"];
/// Part of the words that the recogniser swallows.
const DROPPED: f32 = 0.12;
/// Part of the other words that it hears wrong.
const MISHEARD: f32 = 0.2;

/// One line, and what it takes to ask for it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    topic: usize,
    text: String,
    about: String,
    stage: Option<&'static str>,
}

/// A question to which one line is the answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    /// The line's number.
    pub(super) answer: u32,
    pub(super) stage: &'static str,
    /// As it was said.
    pub(super) said: String,
    /// As a recogniser may have heard it.
    pub(super) heard: String,
}

/// The first `size` lines.
pub(super) fn lines(size: usize) -> Vec<Line> {
    (0..size.min(MOST_LINES)).map(line).collect()
}

/// A line as the index takes it.
pub(super) fn entry((id, line): (u32, &Line)) -> Entry<'_> {
    Entry {
        id,
        text: &line.text,
        about: &line.about,
        stage: line.stage,
        intent: None,
        priority: 0,
        once: false,
        slots: &[],
    }
}

/// About `count` questions, spread over the lines.
pub(super) fn questions(lines: &[Line], count: usize, seed: u64) -> Vec<Question> {
    let mut random = Random::new(seed);
    (0u32..)
        .zip(lines)
        .step_by((lines.len() / count.max(1)).max(1))
        .take(count)
        .map(|(answer, line)| question(answer, line, &mut random))
        .collect()
}

fn line(number: usize) -> Line {
    let topic = number * STRIDE % MOST_LINES;
    let (thing, (wordings, answer), _) = parts(topic);
    let asked = (0..wordings.len()).filter(|&wording| wording != held_out(topic));
    let about: Vec<String> = asked
        .map(|wording| ask(topic, wording, wording % 2, (wording + 1) % 2))
        .collect();
    Line {
        topic,
        text: answer.replace("{}", thing[0]),
        about: about.join(". "),
        // Every sixth fits everywhere.
        stage: STAGES.get(number % (STAGES.len() + 1)).copied(),
    }
}

fn parts(
    topic: usize,
) -> (
    &'static [&'static str; 2],
    &'static ([&'static str; 4], &'static str),
    &'static [&'static str; 2],
) {
    let (rest, situation) = (topic / SITUATIONS.len(), topic % SITUATIONS.len());
    let (thing, aspect) = (rest / ASPECTS.len(), rest % ASPECTS.len());
    (&THINGS[thing], &ASPECTS[aspect], &SITUATIONS[situation])
}

/// The wording that only the caller uses.
fn held_out(topic: usize) -> usize {
    topic % 4
}

fn ask(topic: usize, wording: usize, name: usize, situation_wording: usize) -> String {
    let (thing, (wordings, _), situation) = parts(topic);
    let question = wordings[wording].replace("{}", thing[name]);
    format!("{question} {}", situation[situation_wording])
        .trim_end()
        .to_owned()
}

fn question(answer: u32, line: &Line, random: &mut Random) -> Question {
    let name = below(random, 2);
    let situation = below(random, 2);
    let said = ask(line.topic, held_out(line.topic), name, situation);
    Question {
        answer,
        stage: line.stage.unwrap_or(STAGES[below(random, STAGES.len())]),
        heard: mishear(&said, random),
        said,
    }
}

fn below(random: &mut Random, end: usize) -> usize {
    (random.bits() % end as u64) as usize
}

/// What a poor recogniser makes of a sentence: some words are gone, some are wrong by a sound or two.
fn mishear(said: &str, random: &mut Random) -> String {
    let mut heard: Vec<String> = Vec::new();
    for word in said.split(' ') {
        if random.unit() < DROPPED {
            continue;
        }
        let wrong = random.unit() < MISHEARD;
        heard.push(if wrong {
            misheard(word, random)
        } else {
            word.to_owned()
        });
    }
    heard.join(" ").to_lowercase()
}

/// A word with one sound wrong, missing or doubled, or with a gap.
fn misheard(word: &str, random: &mut Random) -> String {
    const ALIKE: [&str; 9] = ["bp", "dt", "gk", "fv", "sz", "mn", "rl", "aeu", "oiy"];
    let mut letters: Vec<char> = word.chars().collect();
    let at = below(random, letters.len());
    match below(random, 4) {
        0 if letters.len() > 2 => {
            letters.remove(at);
        }
        1 => letters.insert(at, letters[at]),
        2 if at > 0 => letters.insert(at, ' '),
        _ => {
            let alike = ALIKE.iter().find(|group| group.contains(letters[at]));
            let other = alike.and_then(|group| group.chars().find(|&other| other != letters[at]));
            letters[at] = other.unwrap_or('e');
        }
    }
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_topic_is_there_once_and_no_line_knows_the_callers_wording() {
        let lines = lines(usize::MAX);
        let topics: HashSet<usize> = lines.iter().map(|line| line.topic).collect();
        assert_eq!((lines.len(), topics.len()), (MOST_LINES, MOST_LINES));
        for question in questions(&lines, 500, 1) {
            let line = &lines[question.answer as usize];
            assert!(!line.about.contains(&question.said), "{}", question.said);
            assert!(line.stage.is_none_or(|stage| stage == question.stage));
        }
    }

    #[test]
    fn the_same_seed_asks_the_same() {
        let lines = lines(300);
        assert_eq!(questions(&lines, 100, 7), questions(&lines, 100, 7));
        assert_ne!(questions(&lines, 100, 7), questions(&lines, 100, 8));
        assert_eq!(questions(&lines, 100, 7).len(), 100);
        assert_eq!(questions(&lines, 1_000, 7).len(), 300);
    }
}
