//! What a text is indexed by: stems of its words, pairs of ideographs, and trigrams of letters.
//!
//! Thread: any · In: text · Out: [`Terms`] · Memory: short strings, one a word · When late or full: long texts are cut
//! by [`end_of`], and a word has at most 40 letters · Source: pairs of ideographs as words, Nie and Ren, "Chinese
//! information retrieval: using characters or words?" (1999).

use std::collections::HashSet;
use std::sync::LazyLock;

use patter_language::pack;
use patter_language::stem::stem;
use patter_language::text::{is_ideograph, normalise};

/// Two minutes of talk; whoever talks longer comes to the question at the end.
const LONGEST_QUERY_BYTES: usize = 2_048;
/// No word of a language with spaces is longer, and in one without them this is a sentence.
const LONGEST_WORD: usize = 40;
/// Small words count little, but where there are no others ("where are you") they still decide.
const SMALL_WORD_WEIGHT: f32 = 0.2;
/// What stands before and after a word in its trigrams.
const EDGE: char = ' ';

/// English words that say little about what is asked. In other languages rarity alone decides.
static SMALL_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let words = pack::english().retrieval.small_words;
    words.iter().copied().collect()
});

/// A word of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    /// Its stem, or two ideographs.
    pub(super) key: String,
    /// What it counts in a question, up to 1.
    pub(super) weight: f32,
}

/// What a text is indexed by, in the order of the text, with repetitions.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Terms {
    pub(super) words: Vec<Word>,
    pub(super) grams: Vec<[char; 3]>,
}

impl Terms {
    /// Takes a text apart. Ideographs stay together here, because pairs of them are looked for.
    pub(super) fn of(text: &str) -> Self {
        let mut terms = Self::default();
        for token in normalise(text).split(' ') {
            for run in runs(token) {
                if run.chars().next().is_some_and(is_ideograph) {
                    terms.ideographs(run);
                } else {
                    terms.word(run);
                }
            }
        }
        terms
    }

    /// Whether there is nothing to look for.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The keys of the words, and the trigrams.
    pub(super) fn into_keys(self) -> (Vec<String>, Vec<[char; 3]>) {
        let keys = self.words.into_iter().map(|word| word.key).collect();
        (keys, self.grams)
    }

    fn word(&mut self, run: &str) {
        let letters = || run.chars().filter(|&letter| letter != '\'');
        let word: String = letters().take(LONGEST_WORD).collect();
        let small = SMALL_WORDS.contains(word.as_str());
        if !small {
            let edged: Vec<char> = std::iter::once(EDGE)
                .chain(word.chars())
                .chain([EDGE])
                .collect();
            let grams = edged.windows(3).map(|gram| [gram[0], gram[1], gram[2]]);
            self.grams.extend(grams);
        }
        self.words.push(Word {
            key: stem(word),
            weight: if small { SMALL_WORD_WEIGHT } else { 1.0 },
        });
    }

    /// Two ideographs are a word; one alone is what a misheard word still has in common with the right one.
    fn ideographs(&mut self, run: &str) {
        let signs: Vec<char> = run.chars().collect();
        let mut push = |key: String| self.words.push(Word { key, weight: 1.0 });
        if let [sign] = signs[..] {
            push(sign.to_string());
        }
        for pair in signs.windows(2) {
            push(pair.iter().collect());
        }
        self.grams
            .extend(signs.iter().map(|&sign| [sign, EDGE, EDGE]));
    }
}

/// The end of a long text, from a whole character on.
pub(super) fn end_of(text: &str) -> &str {
    let from = text.len().saturating_sub(LONGEST_QUERY_BYTES);
    &text[text.ceil_char_boundary(from)..]
}

/// The parts of a word that are all ideographs, or have none.
fn runs(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let ideographs = rest.chars().next().map(is_ideograph)?;
        let end = rest
            .find(|letter| is_ideograph(letter) != ideographs)
            .unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        rest = after;
        Some(run)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        Terms::of(text)
            .words
            .into_iter()
            .map(|word| word.key)
            .collect()
    }

    #[test]
    fn words_lose_case_marks_apostrophes_and_endings() {
        assert_eq!(
            keys("Parking, the year’s PRICES!"),
            ["park", "the", "year", "price"]
        );
        assert_eq!(keys("what's"), keys("whats"));
    }

    #[test]
    fn small_words_count_little_and_have_no_trigrams() {
        let terms = Terms::of("the sun");
        assert!(terms.words[0].weight < terms.words[1].weight);
        assert_eq!(
            terms.grams,
            [[EDGE, 's', 'u'], ['s', 'u', 'n'], ['u', 'n', EDGE]]
        );
    }

    #[test]
    fn ideographs_are_taken_in_pairs_and_one_by_one() {
        assert_eq!(keys("多少钱"), ["多少", "少钱"]);
        assert_eq!(keys("贵"), ["贵"]);
        assert_eq!(keys("用APP付款。"), ["用", "app", "付款"]);
        assert_eq!(Terms::of("钱").grams, [['钱', EDGE, EDGE]]);
    }

    #[test]
    fn without_letters_there_is_nothing_to_look_for() {
        for text in ["", "  ", "?! …", "🙂🙂", "\u{202e}\u{200f}"] {
            assert!(Terms::of(text).is_empty(), "{text:?}");
        }
    }

    #[test]
    fn of_a_long_text_the_end_counts() {
        let text = format!("{}é the price", "长".repeat(40_000));
        let end = end_of(&text);
        assert!(end.len() <= LONGEST_QUERY_BYTES && end.ends_with("é the price"));
        assert_eq!(end_of("short"), "short");
    }

    #[test]
    fn an_endless_word_is_cut() {
        let terms = Terms::of(&"ab".repeat(50_000));
        assert_eq!(terms.words[0].key.chars().count(), LONGEST_WORD);
        assert_eq!(terms.grams.len(), LONGEST_WORD);
    }
}
