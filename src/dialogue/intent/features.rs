//! A text as the n-grams that the classifier looks at.
//!
//! Thread: any · In: text of any kind and length · Out: [`Features`]: one key per n-gram, repeats included · Memory: a
//! few kilobytes per call, bounded by [`MAX_CHARACTERS`] · When late or full: of a longer text the end counts, where
//! callers come to the point · Source: ours. Three groups, because each covers a weakness of the others: words and
//! their neighbours carry the meaning, parts of words join "cancel" and "cancelling", and parts of the text without its
//! spaces mend what a recogniser has split ("con tract"). Languages written without spaces are read character by
//! character.

use patter_language::pack;
use patter_language::text::{normalise, tokens};

/// Groups of n-grams; each weighs the same.
pub(super) const GROUPS: usize = 3;

/// Most characters of a text that are read, about 40 seconds of speech.
const MAX_CHARACTERS: usize = 600;

/// Lengths of the parts of words, in characters.
const PIECES: [usize; 3] = [3, 4, 5];

/// Lengths of the parts of the text without spaces, in characters.
const RUNS: [usize; 2] = [3, 4];

/// The n-grams of a text as hashes.
pub(super) struct Features {
    /// Of each group, sorted.
    pub(super) groups: [Vec<u64>; GROUPS],
}

impl Features {
    /// Reads a text.
    pub(super) fn of(text: &str) -> Self {
        let words = words(text);
        let mut groups = [grams_of_words(&words), Vec::new(), Vec::new()];
        for word in &words {
            pieces(&format!("<{word}>"), &mut groups[1]);
        }
        runs(&format!("<{}>", words.concat()), &mut groups[2]);
        for group in &mut groups {
            group.sort_unstable();
        }
        Self { groups }
    }
}

/// The words of a text, contractions written out, characters of unspaced scripts each alone. They are not the words of
/// the guard: the classifier was tuned with contractions that are written out roughly.
fn words(text: &str) -> Vec<String> {
    let start = text
        .char_indices()
        .rev()
        .nth(MAX_CHARACTERS - 1)
        .map_or(0, |(start, _)| start);
    let contractions = &pack::english().contractions;
    let mut words = Vec::new();
    for word in normalise(&text[start..]).split(' ') {
        // So that "I'm" and "I am" are alike.
        let (stem, rest) = contractions.roughly_written_out(word).unwrap_or((word, ""));
        let parts = [stem, rest]
            .into_iter()
            .flat_map(|part| part.split([' ', '\'']));
        words.extend(parts.flat_map(tokens).map(str::to_owned));
    }
    words
}

/// Words alone and with their neighbour; the ends of the text are neighbours too.
fn grams_of_words(words: &[String]) -> Vec<u64> {
    let mut grams: Vec<u64> = words.iter().map(|word| hash(&[word])).collect();
    let ends = words.first().map(|word| hash(&["", word]));
    grams.extend(ends);
    grams.extend(words.windows(2).map(|pair| hash(&[&pair[0], &pair[1]])));
    grams.extend(words.last().map(|word| hash(&[word, ""])));
    grams
}

/// Parts of one word; a word shorter than a part is its own part.
fn pieces(word: &str, grams: &mut Vec<u64>) {
    let bounds = bounds(word);
    for length in PIECES {
        if bounds.len() <= length + 1 {
            grams.push(hash(&[word]));
            return;
        }
        grams.extend(parts(word, &bounds, length));
    }
}

/// Parts of the text without spaces.
fn runs(text: &str, grams: &mut Vec<u64>) {
    let bounds = bounds(text);
    for length in RUNS {
        grams.extend(parts(text, &bounds, length));
    }
}

/// Where the characters of a text begin, and its end.
fn bounds(text: &str) -> Vec<usize> {
    let starts = text.char_indices().map(|(start, _)| start);
    starts.chain([text.len()]).collect()
}

fn parts<'a>(text: &'a str, bounds: &'a [usize], length: usize) -> impl Iterator<Item = u64> + 'a {
    bounds
        .windows(length + 1)
        .map(move |window| hash(&[&text[window[0]..window[length]]]))
}

/// FNV-1a of the texts, each closed by a byte that no text holds.
fn hash(texts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for text in texts {
        for byte in text.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(a: &str, b: &str, group: usize) -> usize {
        let b = Features::of(b);
        let a = Features::of(a);
        let grams = a.groups[group].iter();
        grams.filter(|gram| b.groups[group].contains(gram)).count()
    }

    #[test]
    fn words_are_lower_case_and_written_out() {
        assert_eq!(
            words("I'm SURE, they won't."),
            ["i", "am", "sure", "they", "will", "not"]
        );
        assert_eq!(words("l'été 2026"), ["l", "été", "2026"]);
        assert_eq!(words("多少 OK钱"), ["多", "少", "ok", "钱"]);
        assert!(words("… 😀 !").is_empty());
    }

    #[test]
    fn each_group_sees_what_the_others_miss() {
        assert!(shared("cancelling", "i cancel it", 1) >= 6);
        assert_eq!(shared("cancelling", "i cancel it", 0), 0);
        assert!(shared("con tract", "contract", 2) > 10);
        assert!(shared("多少钱一个月", "一个月多少钱", 0) >= 9);
    }

    #[test]
    fn the_end_of_a_long_text_counts() {
        let long = format!("{} how much is it", "so ".repeat(40_000));
        let features = Features::of(&long);
        assert!(features.groups.iter().all(|group| group.len() < 2_000));
        assert!(shared(&long, "how much is it", 0) > 6);
    }
}
