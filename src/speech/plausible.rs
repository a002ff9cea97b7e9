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

/// A text that says this many words in a row again may be an echo of itself.
const ECHO_WORDS: usize = 4;
/// So many of the same word in a row likewise.
const ECHO_RUN: usize = 4;
/// What begins this near to the end of the sound, in s, can be no sentence more: the model's short timestamps are
/// rounded to half seconds.
const TAIL_S: f32 = 0.6;

/// Text between two timestamps.
#[derive(Debug, Default)]
pub(crate) struct Stretch {
    /// When it begins, in s.
    pub(crate) start_s: f32,
    /// Its text; a letter may be cut between tokens, not between stretches.
    pub(crate) bytes: Vec<u8>,
}

/// The text of `stretches`, heard in `seconds` of sound, without what is said again after its end. With a window
/// shorter than it was trained with, Whisper begins anew when it is through: "Please hold. <2.00><2.00> Please hold."
pub(crate) fn without_echo(stretches: &[Stretch], seconds: f32) -> String {
    let words = |text: &str| tokens(text).map(str::to_lowercase).collect::<Vec<_>>();
    let mut said = String::new();
    for stretch in stretches {
        let text = String::from_utf8_lossy(&stretch.bytes);
        let (before, now) = (words(&said), words(&text));
        let again = now.iter().zip(&before).take_while(|(a, b)| a == b).count();
        let is_echo = !now.is_empty() && again >= now.len().min(before.len()).min(2) && again > 0;
        if is_echo && stretch.start_s >= seconds - TAIL_S {
            break;
        }
        said.push_str(&text);
    }
    said
}

/// Whether `text` says some words in a row twice, or one word again and again: a caller may, and so may a short window.
pub(crate) fn repeats_itself(text: &str) -> bool {
    let words: Vec<String> = tokens(text).map(str::to_lowercase).collect();
    let is_doubled = words.len() >= 4
        && words.len().is_multiple_of(2)
        && words[..words.len() / 2] == words[words.len() / 2..];
    let mut groups = words.windows(ECHO_WORDS).enumerate();
    let is_said_again = groups.any(|(at, group)| {
        words[at + ECHO_WORDS..]
            .windows(ECHO_WORDS)
            .any(|later| later == group)
    });
    is_doubled || is_said_again || longest_run(&words, 1) >= ECHO_RUN
}

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
    fn what_is_begun_again_at_the_end_of_the_sound_is_an_echo() {
        let stretches = |parts: &[(f32, &str)]| {
            let stretch = |&(start_s, text): &(f32, &str)| Stretch {
                start_s,
                bytes: text.as_bytes().to_vec(),
            };
            parts.iter().map(stretch).collect::<Vec<_>>()
        };
        let (hold, tail) = (" Please hold the line.", (5.0, ""));
        let twice = stretches(&[(0.0, hold), tail, (5.0, hold), tail, (5.0, " Please ho")]);
        assert_eq!(without_echo(&twice, 5.25), hold);
        // Said twice in time, or something else at the end, stays.
        let again = stretches(&[(0.0, hold), (2.0, ""), (2.4, hold), tail]);
        assert_eq!(without_echo(&again, 5.25), [hold, hold].concat());
        let bye = stretches(&[(0.0, " Okay."), (4.6, ""), (4.7, " Bye."), (5.1, "")]);
        assert_eq!(without_echo(&bye, 5.1), " Okay. Bye.");
        assert_eq!(without_echo(&[], 1.0), "");
    }

    #[test]
    fn repeated_words_are_worth_a_second_hearing() {
        for text in [
            "Simultaneous call limit reached. Simultaneous call limit reached.",
            "To reset the volume of the conference to the default level, do reset the volume of the conference",
            "Waiting to speak. Is Is Is Is",
            "Press 4. Press 4.",
        ] {
            assert!(repeats_itself(text), "{text}");
        }
        for text in [
            "Yes, yes, yes.",
            "no no",
            "I want to cancel, I want to.",
            "bye bye",
            "",
        ] {
            assert!(!repeats_itself(text), "{text}");
        }
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
