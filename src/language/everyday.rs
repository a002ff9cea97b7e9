//! What callers say in every call: yes, no, say it again; and how their questions begin.
//!
//! In: normalised words, see [`crate::text::normalise`], and the playbook's language. Out: what they are. Memory: none
//! of their own, see [`crate::pack`]. A language without a list of its own takes the English one: "okay" and "no" are
//! understood in many.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::lists::Phrases;
use crate::pack;
use crate::text::{contains_words, tokens};

/// The lists of one language. An utterance counts only as a whole: "no problem" is not a no. Yes and no are apart from
/// those of [`crate::tables::AnswerWords`], which answer a question of yes or no: elsewhere "I do" agrees to nothing.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Everyday {
    yes: Phrases,
    no: Phrases,
    repeat: Phrases,
    /// First words of questions, for transcripts without a question mark.
    asking: Phrases,
    /// Ends of questions, before any mark.
    #[serde(default)]
    question_ends: Phrases,
    /// Turn what follows into its opposite, or into doubt: "I don't think I can make it".
    negations: Phrases,
    /// Ends of words that do so too.
    #[serde(default)]
    negation_ends: Phrases,
    /// End the reach of a negation.
    breaks: Phrases,
    /// Say that what was understood was not what was meant.
    corrections: Phrases,
}

/// Words, or characters of scripts without spaces, that a negation reaches.
const NEGATION_REACH: usize = 6;

impl Everyday {
    /// The lists for `language`, as in `en` or `zh-CN`.
    pub fn of(language: &str) -> &'static Self {
        static NONE: LazyLock<Everyday> = LazyLock::new(Everyday::default);
        let own = |code| pack::of(code)?.everyday.as_ref();
        own(language).or_else(|| own("en")).unwrap_or(&NONE)
    }

    /// "Yes", and "sure, that's fine".
    pub fn is_yes(&self, words: &str) -> bool {
        only(words, &[self.yes])
    }

    /// "No", and "no, that's fine".
    pub fn is_no(&self, words: &str) -> bool {
        !self.is_yes(words) && only(words, &[self.no, self.yes])
    }

    /// "What?", "say that again".
    pub fn asks_to_repeat(&self, words: &str) -> bool {
        self.repeat.contains(&words)
    }

    /// Whether `before`, the normalised words before a phrase, denies or doubts it.
    pub fn negates(&self, before: &str) -> bool {
        let before: Vec<&str> = tokens(before).collect();
        let near = before.into_iter().rev().take(NEGATION_REACH);
        let mut next = "";
        for word in near {
            if self.breaks.contains(&word) {
                return false;
            }
            if self.is_negation(word, next) {
                return true;
            }
            next = word;
        }
        false
    }

    /// Whether the normalised `words` deny or doubt anything.
    pub fn has_negation(&self, words: &str) -> bool {
        let next = tokens(words).skip(1).chain([""]);
        tokens(words)
            .zip(next)
            .any(|(word, next)| self.is_negation(word, next))
    }

    fn is_negation(&self, word: &str, next: &str) -> bool {
        let two_words = |negation: &&str| negation.split_once(' ') == Some((word, next));
        let mut negations = self.negations.iter();
        let mut ends = self.negation_ends.iter();
        ends.any(|end| word.ends_with(end)) || negations.any(|n| *n == word || two_words(n))
    }

    /// Whether the normalised `words` put something right.
    pub fn corrects(&self, words: &str) -> bool {
        let corrections = self.corrections.iter();
        corrections
            .copied()
            .any(|phrase| contains_words(words, phrase))
    }

    /// Whether `heard`, whose normal form is `words`, asks something.
    pub fn is_question(&self, heard: &str, words: &str) -> bool {
        let first = words.split(' ').next().unwrap_or("");
        heard.contains(['?', '？']) || self.asking.contains(&first) || self.ends_as_question(heard)
    }

    fn ends_as_question(&self, heard: &str) -> bool {
        let heard = heard.trim_end_matches('。');
        let mut ends = self.question_ends.iter();
        ends.any(|end| heard.ends_with(end))
    }
}

/// Whether `words` are nothing but phrases of `lists`, one after the other. Phrases are parted by spaces, of which
/// normalised Chinese has none: there an utterance is one phrase or nothing.
fn only(words: &str, lists: &[Phrases]) -> bool {
    let mut rest = words;
    while !rest.is_empty() {
        let after = |phrase: &&str| {
            let after = rest.strip_prefix(*phrase)?;
            (after.is_empty() || after.starts_with(' ')).then(|| after.trim_start())
        };
        // The longest phrase leaves the shortest rest.
        let shortest = lists
            .iter()
            .flatten()
            .filter_map(after)
            .min_by_key(|after| after.len());
        let Some(after) = shortest else {
            return false;
        };
        rest = after;
    }
    !words.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::normalise;

    #[test]
    fn only_whole_utterances_are_a_yes_or_a_no() {
        let english = Everyday::of("en-GB");
        assert!(english.is_yes(&normalise("Yes, please.")));
        assert!(english.is_no(&normalise("No, thank you!")));
        assert!(!english.is_no(&normalise("No problem.")));
        assert!(!english.is_yes(&normalise("Yes, but how much is it?")));
        assert!(english.is_yes(&normalise("Sure, that's fine.")));
        assert!(english.is_no(&normalise("No, that's fine.")));
        assert!(!english.is_yes("yesterday") && !english.is_yes("") && !english.is_no(""));
        assert!(Everyday::of("zh").is_yes(&normalise("好的。")));
    }

    #[test]
    fn every_entry_is_in_normal_form_and_means_one_thing() {
        for lists in [Everyday::of("en"), Everyday::of("zh")] {
            let all = [&*lists.yes, &*lists.no, &*lists.repeat].concat();
            for entry in &all {
                assert_eq!(normalise(entry), *entry);
                let times = all.iter().filter(|other| *other == entry).count();
                assert_eq!(times, 1, "{entry}");
            }
        }
    }

    #[test]
    fn questions_need_no_question_mark() {
        let english = Everyday::of("en");
        for (heard, expected) in [
            ("how much is it", true),
            ("It is far?", true),
            ("I like it", false),
        ] {
            assert_eq!(
                english.is_question(heard, &normalise(heard)),
                expected,
                "{heard}"
            );
        }
        assert!(Everyday::of("zh").is_question("有优惠吗", &normalise("有优惠吗")));
    }
}
