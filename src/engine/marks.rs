//! Where in the sound each word of a sentence begins.
//!
//! In: a sentence, its sound, and what the voice told of its words. Out: marks; what was heard of a sentence; the place
//! from which to go on. Memory: a few numbers a word. A voice that tells nothing gets marks by the letters: the sound
//! is divided as the text is.

/// The beginning of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WordMark {
    /// Byte in the text.
    pub at: usize,
    /// Sample of the sound, at 16 kHz.
    pub sample: usize,
}

/// Marks for a voice that tells none.
pub fn estimate(text: &str, samples: usize) -> Vec<WordMark> {
    let letters = text.chars().count().max(1);
    let mut marks = Vec::new();
    let mut inside = false;
    for (seen, (at, letter)) in text.char_indices().enumerate() {
        if !letter.is_whitespace() && !inside {
            marks.push(WordMark {
                at,
                sample: samples * seen / letters,
            });
        }
        inside = !letter.is_whitespace();
    }
    marks
}

/// What was heard of `text` when `played` of its `samples` were: a word counts when more than half of it was played.
pub fn heard<'a>(text: &'a str, marks: &[WordMark], samples: usize, played: usize) -> &'a str {
    if played >= samples {
        return text;
    }
    let mut end = 0;
    for (number, mark) in marks.iter().enumerate() {
        let next = marks.get(number + 1);
        let until = next.map_or(samples, |next| next.sample);
        if mark.sample + until.saturating_sub(mark.sample) / 2 >= played {
            break;
        }
        end = next.map_or(text.len(), |next| next.at);
    }
    text.get(..end).unwrap_or(text).trim_end()
}

/// The beginning of the word that sounds at `played`, or of the one before it when that is less than `least` samples
/// back.
pub fn word_before(marks: &[WordMark], played: usize, least: usize) -> usize {
    marks
        .iter()
        .rev()
        .map(|mark| mark.sample)
        .find(|sample| sample + least <= played)
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "How are you today?";

    fn marks() -> Vec<WordMark> {
        estimate(TEXT, 1_800)
    }

    #[test]
    fn words_share_the_sound_by_their_letters() {
        let starts: Vec<_> = marks().iter().map(|m| (m.at, m.sample)).collect();
        assert_eq!(starts, [(0, 0), (4, 400), (8, 800), (12, 1_200)]);
        assert_eq!(estimate("", 100), []);
    }

    #[test]
    fn a_word_counts_when_more_than_half_of_it_was_played() {
        let heard = |played| heard(TEXT, &marks(), 1_800, played);
        assert_eq!(heard(0), "");
        assert_eq!(heard(200), "");
        assert_eq!(heard(201), "How");
        assert_eq!(heard(1_001), "How are you");
        assert_eq!(heard(1_501), TEXT);
        assert_eq!(heard(9_999), TEXT);
    }

    #[test]
    fn marks_that_lie_do_no_harm() {
        let wild = [
            WordMark { at: 900, sample: 7 },
            WordMark { at: 3, sample: 2 },
        ];
        assert_eq!(heard(TEXT, &wild, 1_800, 500), "How");
        assert_eq!(word_before(&wild, 500, 100), 2);
    }

    #[test]
    fn one_goes_on_from_the_word_that_was_cut() {
        assert_eq!(word_before(&marks(), 1_000, 100), 800);
        assert_eq!(word_before(&marks(), 850, 100), 400);
        assert_eq!(word_before(&marks(), 50, 100), 0);
    }
}
