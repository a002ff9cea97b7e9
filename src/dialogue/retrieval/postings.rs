//! An inverted index: for each term the lines that have it, and what it is worth in each.
//!
//! Thread: any; built once, then only read · In: the terms of each line, by field; then those of a question · Out: a
//! score by line · Memory: eight bytes for each term of each line, and the terms · Source: Robertson and Zaragoza
//! (2009), sections 3.4 to 3.6.

use std::collections::HashMap;
use std::hash::Hash;

/// How soon more of the same word counts no more.
const K1: f32 = 1.2;
/// How much a long field must repeat a word for the same effect, from 0 to 1.
const B: f32 = 0.75;

/// The index while lines of `FIELDS` fields are added.
#[derive(Debug)]
pub(super) struct Builder<K, const FIELDS: usize> {
    terms: HashMap<K, u32>,
    occurrences: Vec<Occurrence>,
    /// By line: number of terms in each field.
    lengths: Vec<[usize; FIELDS]>,
}

/// One term at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Occurrence {
    term: u32,
    line: u32,
    field: u32,
}

/// The index.
#[derive(Debug)]
pub(super) struct Postings<K> {
    terms: HashMap<K, u32>,
    /// By term: where its postings begin; one more, for the end of the last.
    starts: Vec<u32>,
    postings: Vec<Posting>,
    /// By term: inverse document frequency.
    rarity: Vec<f32>,
    /// Rarity of a term that no line has.
    unseen: f32,
}

/// A line that has a term.
#[derive(Debug, Clone, Copy)]
struct Posting {
    line: u32,
    /// Rarity of the term, times how much the line is about it, from 0 to below 1.
    worth: f32,
}

impl<K, const FIELDS: usize> Default for Builder<K, FIELDS> {
    fn default() -> Self {
        Self {
            terms: HashMap::new(),
            occurrences: Vec::new(),
            lengths: Vec::new(),
        }
    }
}

impl<K> Default for Postings<K> {
    fn default() -> Self {
        Self {
            terms: HashMap::new(),
            starts: vec![0],
            postings: Vec::new(),
            rarity: Vec::new(),
            unseen: 0.0,
        }
    }
}

impl<K: Eq + Hash, const FIELDS: usize> Builder<K, FIELDS> {
    /// Adds the next line. The fields count alike, but each is long or short for its own kind.
    pub(super) fn push(&mut self, fields: [Vec<K>; FIELDS]) {
        let line = self.lengths.len() as u32;
        self.lengths.push(fields.each_ref().map(Vec::len));
        for (field, terms) in (0u32..).zip(fields) {
            for term in terms {
                let next = self.terms.len() as u32;
                let term = *self.terms.entry(term).or_insert(next);
                self.occurrences.push(Occurrence { term, line, field });
            }
        }
    }

    /// Weighs what was added.
    pub(super) fn build(mut self) -> Postings<K> {
        self.occurrences.sort_unstable();
        let lines = self.lengths.len();
        let mut index = Postings {
            terms: self.terms,
            unseen: rarity(lines, 0),
            ..Postings::default()
        };
        let averages: [f32; FIELDS] = std::array::from_fn(|field| {
            let total: usize = self.lengths.iter().map(|fields| fields[field]).sum();
            total as f32 / lines as f32
        });
        // What one occurrence counts: less in a field that is long for its kind.
        let share = |occurrence: &Occurrence| {
            let field = occurrence.field as usize;
            let length = self.lengths[occurrence.line as usize][field] as f32;
            1.0 / (1.0 - B + B * length / averages[field])
        };
        for with_term in self.occurrences.chunk_by(|a, b| a.term == b.term) {
            let by_line = || with_term.chunk_by(|a, b| a.line == b.line);
            let rarity = rarity(lines, by_line().count());
            index.postings.extend(by_line().map(|in_line| {
                let frequency: f32 = in_line.iter().map(share).sum();
                Posting {
                    line: in_line[0].line,
                    worth: rarity * frequency / (K1 + frequency),
                }
            }));
            index.rarity.push(rarity);
            index.starts.push(index.postings.len() as u32);
        }
        index
    }
}

impl<K: Ord + Hash> Postings<K> {
    /// Adds to each line's score its part of what these weighted terms could bring at most, times `scale`. A term
    /// counts once.
    pub(super) fn add(&self, mut asked: Vec<(&K, f32)>, scale: f32, scores: &mut [f32]) {
        asked.sort_unstable_by_key(|&(key, _)| key);
        asked.dedup_by_key(|(key, _)| *key);
        let term = |key: &K| self.terms.get(key).map(|&term| term as usize);
        // A word that no line has tells that no line fits well, and a threshold needs to see it.
        let rarity = |key: &K| term(key).map_or(self.unseen, |term| self.rarity[term]);
        let most: f32 = asked.iter().map(|(key, weight)| weight * rarity(key)).sum();
        for (key, weight) in asked {
            let Some(term) = term(key) else {
                continue;
            };
            let (from, to) = (self.starts[term] as usize, self.starts[term + 1] as usize);
            let part = scale * weight / most;
            for posting in &self.postings[from..to] {
                scores[posting.line as usize] += part * posting.worth;
            }
        }
    }
}

/// Inverse document frequency, in the form that stays above zero for a term that most lines have.
fn rarity(lines: usize, with_term: usize) -> f32 {
    let (lines, with_term) = (lines as f32, with_term as f32);
    (1.0 + (lines - with_term + 0.5) / (with_term + 0.5)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(lines: &[&str]) -> Postings<String> {
        let mut builder = Builder::default();
        for line in lines {
            builder.push([line.split(' ').map(str::to_owned).collect()]);
        }
        builder.build()
    }

    fn scores(index: &Postings<String>, asked: &[&str], lines: usize) -> Vec<f32> {
        let asked: Vec<String> = asked.iter().map(|&word| word.to_owned()).collect();
        let mut scores = vec![0.0; lines];
        let asked = asked.iter().map(|word| (word, 1.0)).collect();
        index.add(asked, 1.0, &mut scores);
        scores
    }

    #[test]
    fn worth_is_what_the_formula_says() {
        let index = index(&["pool hours", "pool pool price lists"]);
        // Two of two lines have "pool"; the average line has three words.
        let rarity = (1.0f32 + 0.5 / 2.5).ln();
        let frequency = |count: f32, length: f32| count / (0.25 + 0.75 * length / 3.0);
        let worth = |f: f32| rarity * f / (1.2 + f);
        let expected = [worth(frequency(1.0, 2.0)), worth(frequency(2.0, 4.0))];
        for (score, expected) in scores(&index, &["pool"], 2).iter().zip(expected) {
            assert!((score - expected / rarity).abs() < 1e-6);
        }
    }

    #[test]
    fn rare_words_count_more_and_repeated_ones_once() {
        let index = index(&["pool price", "sauna price", "gate price"]);
        let found = scores(&index, &["sauna", "price", "price"], 3);
        assert!(found[1] > 2.0 * found[0] && found[0] == found[2]);
        assert_eq!(found, scores(&index, &["sauna", "price"], 3));
    }

    #[test]
    fn a_word_that_no_line_has_lowers_every_score_alike() {
        let index = index(&["pool price", "sauna"]);
        let (with, without) = (
            scores(&index, &["pool", "zebra", "zebra"], 2),
            scores(&index, &["pool"], 2),
        );
        assert!(with[0] < without[0] && with[1] == 0.0);
        assert_eq!(scores(&index, &["zebra"], 2), [0.0, 0.0]);
    }

    #[test]
    fn an_index_of_nothing_finds_nothing() {
        let index = Builder::<String, 1>::default().build();
        assert!(scores(&index, &["pool"], 0).is_empty());
        assert!(scores(&Postings::default(), &["pool"], 0).is_empty());
    }
}
