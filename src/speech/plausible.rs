//! What a transcript cannot be: a loop that the decoder fell into, a mark for sound that is no speech.
//!
//! Pure. Source: OpenAI's Whisper refuses texts that compress too well (`compression_ratio_threshold`); a caller who
//! says "no" eleven times compresses as well as a loop, so here it is the pace that tells them apart.

use patter_language::text::{is_ideograph, tokens};

/// Words a second of one group of words said again and again that nobody reaches: fast speakers say four.
const MAX_REPEATED_WORDS_PER_SECOND: f32 = 6.0;
/// The same for ideographs, of which a word has one or two.
const MAX_REPEATED_IDEOGRAPHS_PER_SECOND: f32 = 10.0;
/// A loop's group of words is said at least this often.
const MIN_REPEATS: usize = 4;
/// Longest group of words that a loop consists of.
const MAX_GROUP: usize = 8;

/// `[BLANK_AUDIO]`, `(wind blowing)`, `♪`: what Whisper writes for sound that is no speech.
pub(crate) fn is_annotation(text: &str) -> bool {
    let enclosed = |open: char, close: char| text.starts_with(open) && text.ends_with(close);
    enclosed('[', ']') || enclosed('(', ')') || enclosed('*', '*') || text.starts_with('♪')
}

/// Whether `text`, heard in `seconds` of sound, says the same words over and over at a pace that nobody has.
pub(crate) fn is_loop(text: &str, seconds: f32) -> bool {
    // What joins words, as in "B-B-B", is no part of one here.
    let plain = text.replace(|c: char| !c.is_alphanumeric() && c != '\'', " ");
    let words: Vec<String> = tokens(&plain).map(str::to_lowercase).collect();
    let pace = match text.contains(is_ideograph) {
        true => MAX_REPEATED_IDEOGRAPHS_PER_SECOND,
        false => MAX_REPEATED_WORDS_PER_SECOND,
    };
    let most = pace * seconds.max(1.0);
    (1..=MAX_GROUP).any(|group| {
        let repeated = longest_run(&words, group);
        repeated >= MIN_REPEATS * group && repeated as f32 > most
    })
}

/// Words in the longest stretch that repeats its first `group` words.
fn longest_run(words: &[String], group: usize) -> usize {
    let (mut longest, mut run) = (0, group);
    for at in group..words.len() {
        run = if words[at] == words[at - group] {
            run + 1
        } else {
            group
        };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_are_no_words() {
        assert!(is_annotation("[BLANK_AUDIO]"));
        assert!(is_annotation("(wind blowing)"));
        assert!(!is_annotation("Hello (again)."));
    }

    #[test]
    fn a_loop_is_told_by_its_pace_and_not_by_saying_things_twice() {
        let times = |text: &str, count: usize| vec![text; count].join(" ");
        // Ringback, and a short window's echo.
        assert!(is_loop(&times("B", 60).replace(' ', "-"), 3.0));
        assert!(is_loop(&times("no,", 42), 5.0));
        assert!(is_loop(&times("Thank you for calling.", 8), 3.0));
        assert!(is_loop(&times("谢", 40).replace(' ', ""), 2.0));
        // A caller.
        assert!(!is_loop("对对对对对，好的", 1.0));
        assert!(!is_loop(&times("no,", 11), 4.0));
        assert!(!is_loop("Yes, yes, yes, yes.", 1.0));
        assert!(!is_loop("five five five, five five five five", 3.0));
        assert!(!is_loop("I want to cancel, I want to cancel now.", 2.0));
        assert!(!is_loop("", 0.0));
    }
}
