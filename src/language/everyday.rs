//! What callers say in every call: yes, no, say it again; and how their questions begin.
//!
//! Thread: any. In: normalised words, see [`crate::text::normalise`], and the playbook's language. Out: what they are. Memory: constants.
//! A language without a list of its own takes the English one: "okay" and "no" are understood in many.

use crate::text::{contains_words, is_ideograph};

/// The lists of one language. An utterance counts only as a whole: "no problem" is not a no.
pub struct Everyday {
    yes: &'static [&'static str],
    no: &'static [&'static str],
    repeat: &'static [&'static str],
    /// First words of questions, for transcripts without a question mark.
    asking: &'static [&'static str],
    /// Turn what follows into its opposite, or into doubt: "I don't think I can make it".
    negations: &'static [&'static str],
    /// End the reach of a negation.
    breaks: &'static [&'static str],
    /// Say that what was understood was not what was meant.
    corrections: &'static [&'static str],
}

/// Words, or characters of scripts without spaces, that a negation reaches.
const NEGATION_REACH: usize = 6;

const ENGLISH: Everyday = Everyday {
    yes: &[
        "yes",
        "yeah",
        "yep",
        "yup",
        "sure",
        "okay",
        "ok",
        "alright",
        "all right",
        "of course",
        "absolutely",
        "definitely",
        "certainly",
        "exactly",
        "correct",
        "that's right",
        "that's correct",
        "that's fine",
        "that works",
        "fine",
        "perfect",
        "sounds good",
        "go ahead",
        "go on",
        "please do",
        "why not",
        "i guess so",
        "i think so",
        "yes please",
        "that sounds good",
        "that sounds great",
        "sounds great",
        "that would be great",
        "let's do it",
        "let's do that",
        "book it",
        "sign me up",
    ],
    no: &[
        "no",
        "nope",
        "nah",
        "no thanks",
        "no thank you",
        "not really",
        "i don't think so",
        "rather not",
        "i'd rather not",
        "not today",
    ],
    repeat: &[
        "pardon",
        "pardon me",
        "sorry",
        "what",
        "huh",
        "excuse me",
        "say again",
        "come again",
        "what did you say",
        "what was that",
        "sorry what was that",
        "can you repeat that",
        "can you say that again",
        "could you repeat that",
        "could you say that again",
        "could you say that again please",
        "i didn't catch that",
        "i didn't hear that",
        "sorry i didn't catch that",
        "can you explain that again",
    ],
    asking: &[
        "who", "what", "what's", "when", "where", "why", "how", "which", "can", "could", "would",
        "will", "do", "does", "did", "is", "are", "should", "may",
    ],
    negations: &[
        "not",
        "never",
        "no longer",
        "nothing",
        "nor",
        "hardly",
        "doubt",
        "unsure",
        "cannot",
    ],
    breaks: &[
        "but", "and", "so", "then", "because", "just", "yes", "problem",
    ],
    corrections: &[
        "i meant",
        "i mean",
        "i said",
        "actually",
        "correction",
        "make it",
        "make that",
        "wrong",
        "change it to",
        "change that to",
    ],
};

const CHINESE: Everyday = Everyday {
    yes: &[
        "好",
        "好的",
        "好啊",
        "可以",
        "可以的",
        "行",
        "嗯",
        "嗯嗯",
        "是",
        "是的",
        "对",
        "对的",
        "没错",
        "方便",
        "没问题",
        "你说",
        "您说",
        "你说吧",
        "我是",
    ],
    no: &[
        "不",
        "不是",
        "没有",
        "没有了",
        "不用",
        "不用了",
        "没了",
        "不需要",
    ],
    repeat: &["什么", "你说什么", "再说一遍", "没听清", "我没听清"],
    asking: &["什么", "谁", "哪", "怎么", "为什么", "多少", "几"],
    negations: &["不", "没", "别", "未"],
    breaks: &["但", "就", "好"],
    corrections: &["我是说", "我说的是", "不对", "错了", "改成"],
};

impl Everyday {
    /// The lists for `language`, as in `en` or `zh-CN`.
    pub fn of(language: &str) -> &'static Self {
        match language.split(['-', '_']).next() {
            Some("zh") => &CHINESE,
            _ => &ENGLISH,
        }
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
        let near = tokens(before).rev().take(NEGATION_REACH);
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
        word.ends_with("n't") || negations.any(|n| *n == word || two_words(n))
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
        heard.contains(['?', '？'])
            || self.asking.contains(&first)
            || heard.trim_end_matches('。').ends_with('吗')
    }
}

/// Words, from either end; of scripts without spaces, characters.
fn tokens(words: &str) -> impl DoubleEndedIterator<Item = &str> {
    words.split(' ').flat_map(|word| {
        let single = word.chars().any(is_ideograph);
        let characters = word
            .char_indices()
            .filter(move |_| single)
            .map(|(at, letter)| &word[at..at + letter.len_utf8()]);
        let whole = (!single).then_some(word);
        whole.into_iter().chain(characters)
    })
}

/// Whether `words` are nothing but phrases of `lists`, one after the other.
fn only(words: &str, lists: &[&[&str]]) -> bool {
    let mut rest = words;
    while !rest.is_empty() {
        let after = |phrase: &&str| {
            let after = rest.strip_prefix(*phrase)?;
            (after.is_empty() || after.starts_with(' ')).then(|| after.trim_start())
        };
        // The longest phrase leaves the shortest rest.
        let shortest = lists
            .iter()
            .copied()
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
        for lists in [&ENGLISH, &CHINESE] {
            let all = [lists.yes, lists.no, lists.repeat].concat();
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
