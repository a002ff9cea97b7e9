//! A stream of text, cut into what can be spoken: sentences, and for the first words already a clause.
//!
//! Thread: `responder`. In: pieces of text as the model makes them. Out: sentences. Memory: the unfinished sentence.

use crate::pack::{self, Pack};
use crate::text::single_spaced;

/// Words that a first clause must have to be worth speaking alone.
const CLAUSE_WORDS: usize = 3;
/// Letters after which a sentence is cut at the next space, whatever its grammar.
const LONGEST: usize = 220;

/// Cuts one reply.
#[derive(Debug, Default)]
pub struct Sentences {
    buffer: String,
    given: usize,
}

impl Sentences {
    /// For a text that is known as a whole: no clause is cut off early.
    pub fn whole(text: &str) -> Vec<String> {
        let mut sentences = Self {
            given: 1,
            ..Self::default()
        };
        let mut out = sentences.push(text);
        out.extend(sentences.finish());
        out
    }

    /// Takes the next piece; gives the sentences that are complete now.
    pub fn push(&mut self, piece: &str) -> Vec<String> {
        self.buffer.push_str(piece);
        let mut out = Vec::new();
        while let Some(end) = self.cut() {
            let rest = self.buffer.split_off(end);
            let sentence = std::mem::replace(&mut self.buffer, rest);
            self.give(&sentence, &mut out);
        }
        out
    }

    /// The text has ended: gives what is left.
    pub fn finish(&mut self) -> Vec<String> {
        let mut out = Vec::new();
        let rest = std::mem::take(&mut self.buffer);
        self.give(&rest, &mut out);
        out
    }

    fn give(&mut self, sentence: &str, out: &mut Vec<String>) {
        let sentence = single_spaced(sentence);
        if sentence.chars().any(char::is_alphanumeric) {
            self.given += 1;
            out.push(sentence);
        }
    }

    /// Where the buffer can be cut, in bytes. A mark counts only when a space follows it: "3.5" and "example.com" go
    /// on.
    fn cut(&self) -> Option<usize> {
        let mut letters = 0;
        let mut words = 0;
        let mut chars = self.buffer.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            letters += 1;
            let end = at + c.len_utf8();
            let space_follows = chars.peek().is_some_and(|(_, next)| next.is_whitespace());
            match c {
                '。' | '！' | '？' => return Some(end),
                '\n' if self.buffer[..at].chars().any(char::is_alphanumeric) => return Some(end),
                '.' if space_follows && is_day(&self.buffer[..at], &self.buffer[end..]) => {}
                '.' | '!' | '?' if space_follows && !is_abbreviation(&self.buffer[..at]) => {
                    return Some(end);
                }
                // "November 24, 2026" is one clause.
                ',' if self.buffer[..at].ends_with(|c: char| c.is_ascii_digit()) => {}
                ',' | ';' | ':'
                    if space_follows && self.given == 0 && words + 1 >= CLAUSE_WORDS =>
                {
                    return Some(end);
                }
                c if c.is_whitespace() => {
                    words += 1;
                    if letters > LONGEST {
                        return Some(end);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

fn is_abbreviation(before: &str) -> bool {
    let word = before.rsplit(char::is_whitespace).next().unwrap_or("");
    let known = |pack: &Pack| pack.writing.abbreviations.contains(&word);
    pack::all().any(known)
        || (word.chars().count() == 1 && word.chars().all(char::is_uppercase) && word != "I")
}

/// Whether the full stop belongs to a day, as in the German "3. Mai"; so it may, until the next word is there.
fn is_day(before: &str, after: &str) -> bool {
    let number = before.rsplit(char::is_whitespace).next().unwrap_or("");
    if number.is_empty() || number.len() > 2 || !number.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let next = after.trim_start();
    let word = next
        .split(|c: char| !c.is_alphabetic())
        .next()
        .unwrap_or("");
    let is_begun = word.len() == next.len();
    let is_month = |pack: &Pack| {
        let speech = pack.spoken.as_ref().map(|words| &words.dates);
        speech.filter(|dates| dates.dotted).is_some_and(|dates| {
            let mut names = dates.months.iter().flat_map(|names| names.iter());
            names.any(|name| *name == word || (is_begun && name.starts_with(word)))
        })
    };
    pack::all().any(is_month)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &str) -> Vec<String> {
        let mut sentences = Sentences::default();
        let mut out = sentences.push(text);
        out.extend(sentences.finish());
        out
    }

    #[test]
    fn sentences_are_cut_at_their_marks_and_numbers_are_not() {
        assert_eq!(
            all("It is 29.50 a month. Dr. Hill says hi! Is that fine?"),
            ["It is 29.50 a month.", "Dr. Hill says hi!", "Is that fine?"]
        );
    }

    #[test]
    fn days_and_short_forms_stay_whole() {
        assert_eq!(
            all("We meet on Nov. 24 at No. 5. It is on November 24, 2026."),
            [
                "We meet on Nov. 24 at No. 5.",
                "It is on November 24, 2026."
            ]
        );
        assert_eq!(
            all("Wir sehen uns am 3. Mai um 9. Bis dann, z. B. am 4. Dann passt es."),
            [
                "Wir sehen uns am 3. Mai um 9.",
                "Bis dann, z. B. am 4.",
                "Dann passt es."
            ]
        );
        let mut streamed = Sentences::default();
        assert_eq!(streamed.push("am 3. "), [""; 0]);
        assert_eq!(streamed.push("Ma"), [""; 0]);
        assert_eq!(streamed.push("n kommt. "), ["am 3.", "Man kommt."]);
    }

    #[test]
    fn the_first_clause_comes_early_and_later_ones_stay_whole() {
        assert_eq!(
            all("I see what you mean, and it is fair. First, we look, then we talk."),
            [
                "I see what you mean,",
                "and it is fair.",
                "First, we look, then we talk."
            ]
        );
        assert_eq!(all("Well, yes."), ["Well, yes."]);
    }

    #[test]
    fn a_text_with_no_marks_is_still_spoken_in_parts() {
        let parts = all(&"word ".repeat(120));
        assert!(parts.len() >= 2);
        assert!(parts.iter().all(|p| p.chars().count() <= LONGEST + 10));
    }

    proptest! {
        #[test]
        fn no_word_is_lost_or_doubled_however_it_arrives(text in "[a-zA-Z .,!?\n]{0,200}", cuts in proptest::collection::vec(1usize..9, 1..50)) {
            let mut sentences = Sentences::default();
            let mut out = Vec::new();
            let mut rest = text.as_str();
            for cut in cuts {
                let (piece, tail) = rest.split_at(cut.min(rest.len()));
                out.extend(sentences.push(piece));
                rest = tail;
            }
            out.extend(sentences.push(rest));
            out.extend(sentences.finish());
            let words = |s: &str| s.split_whitespace().filter(|w| w.chars().any(char::is_alphanumeric)).map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&out.join(" ")), words(&text));
        }
    }
}
