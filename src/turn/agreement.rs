//! The part of a growing transcript that will not change any more.
//!
//! In: transcripts of a growing utterance. Out: the agreed words. Memory: two lists of words. Source: LocalAgreement-2
//! (Liu et al. 2020, as whisper-streaming uses it): words are agreed once two transcripts in a row begin with them.
//! They are kept as written, with the marks after them, since what is agreed is shown.

use patter_language::segment::pieces;
use patter_language::text::letters;

/// Keeps the agreed prefix of one utterance.
#[derive(Debug, Default)]
pub struct Agreement {
    last: Vec<String>,
    agreed: Vec<String>,
}

impl Agreement {
    /// Takes the newest transcript; returns the agreed words so far.
    pub fn update(&mut self, text: &str) -> String {
        let words: Vec<String> = pieces(text).map(str::to_owned).collect();
        let common = words
            .iter()
            .zip(&self.last)
            .take_while(|(a, b)| same_word(a, b))
            .count();
        if common > self.agreed.len() {
            self.agreed
                .extend_from_slice(&words[self.agreed.len()..common]);
        }
        self.last = words;
        self.agreed.concat().trim().to_owned()
    }

    /// Forgets the utterance.
    pub fn reset(&mut self) {
        self.last.clear();
        self.agreed.clear();
    }
}

/// What `text` says after it has said `before`; None when it does not begin with that.
pub fn after<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let mut words = pieces(text);
    let mut end = 0;
    for word in pieces(before) {
        let own = words.next().filter(|own| same_word(own, word))?;
        end += own.len();
    }
    Some(text[end..].trim_start())
}

/// Case and punctuation change as a sentence grows; the word does not.
fn same_word(a: &str, b: &str) -> bool {
    let plain = |word| letters(word).flat_map(char::to_lowercase);
    plain(a).eq(plain(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_in_a_turn_that_goes_on() {
        assert_eq!(
            after("How much is it, please?", "how much is it?"),
            Some("please?")
        );
        assert_eq!(after("How much is it?", "How much is it?"), Some(""));
        assert_eq!(after("多少钱，谢谢", "多少钱"), Some("谢谢"));
        assert_eq!(after("How many", "How much"), None);
        assert_eq!(after("How", "How much"), None);
    }

    #[test]
    fn words_are_agreed_when_two_decodes_share_them() {
        let mut agreement = Agreement::default();
        assert_eq!(agreement.update("How much."), "");
        assert_eq!(agreement.update("How much is"), "How much");
        assert_eq!(agreement.update("How much is it?"), "How much is");
        assert_eq!(agreement.update("Something else"), "How much is");
        agreement.reset();
        assert_eq!(agreement.update("How much is it?"), "");
        agreement.reset();
        // A script without spaces grows letter by letter.
        agreement.update("我想");
        assert_eq!(agreement.update("我想取消。"), "我想");
    }
}
