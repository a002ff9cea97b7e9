//! Where words begin and end: the rules of Unicode (UAX 29, by `unicode-segmentation`), for every language and script.
//!
//! All that takes a text apart into words stands on this: [`crate::text`] (words to compare and to count),
//! [`crate::words`] (words with the marks beside them), the words of partials. Two readers are no readers of words and
//! stand apart: [`crate::reading`] looks for addresses, [`crate::spoken`] for signs and figures.
//!
//! What differs from UAX 29, as speech needs it: "6:30" is one word and "80's" too; "example.com", "a_b" and "a:b" are
//! two. In: text. Out: slices of it. Memory: none.

use unicode_segmentation::{UWordBoundIndices, UnicodeSegmentation};

/// Marks that UAX 29 lets stand inside a word, or between figures.
const INNER_MARKS: &[char] = &['.', ',', ';', ':', '_', '·', '‧', '．', '，', '；', '：'];

/// A word, or a part of one in a script that puts no space between words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'a> {
    /// As written.
    pub text: &'a str,
    /// Where it begins, in bytes.
    pub start: usize,
}

impl Segment<'_> {
    /// The byte after it.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The words of `text`; of scripts without spaces each letter alone, but for Katakana, which has words by its looks.
pub fn segments(text: &str) -> Segments<'_> {
    Segments {
        text,
        bounds: text.split_word_bound_indices(),
        left: None,
    }
}

/// The words of `text` as they stand between spaces and marks: what follows without a gap is one, "打开app" too.
pub fn runs(text: &str) -> impl Iterator<Item = Segment<'_>> {
    let mut segments = segments(text).peekable();
    std::iter::from_fn(move || {
        let Segment { start, text: first } = segments.next()?;
        let mut end = start + first.len();
        while let Some(next) = segments.next_if(|next| next.start == end) {
            end = next.end();
        }
        let text = &text[start..end];
        Some(Segment { text, start })
    })
}

/// `text` in pieces of one word each, with the marks and spaces after it; what stands before the first word belongs to
/// it.
pub fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut segments = segments(text).peekable();
    let mut start = 0;
    std::iter::from_fn(move || {
        segments.next()?;
        let end = segments.peek().map_or(text.len(), |next| next.start);
        let piece = &text[start..end];
        start = end;
        Some(piece)
    })
}

/// See [`segments`].
pub struct Segments<'a> {
    text: &'a str,
    bounds: UWordBoundIndices<'a>,
    /// What is left of a word that UAX 29 sees as one, and where it ends.
    left: Option<Segment<'a>>,
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        loop {
            let whole = match self.left.take() {
                Some(left) => left,
                None => self.joined()?,
            };
            let mut letters = whole.text.char_indices();
            let cut = letters.find(|&(at, letter)| {
                INNER_MARKS.contains(&letter) && !between_figures(whole.text, at, letter)
            });
            let Some((at, mark)) = cut else {
                return Some(whole);
            };
            let (first, rest) = (&whole.text[..at], &whole.text[at + mark.len_utf8()..]);
            if rest.contains(char::is_alphanumeric) {
                let start = whole.end() - rest.len();
                self.left = Some(Segment { text: rest, start });
            }
            if first.contains(char::is_alphanumeric) {
                return Some(Segment {
                    text: first,
                    start: whole.start,
                });
            }
        }
    }
}

impl<'a> Segments<'a> {
    /// The next word by UAX 29, joined with what stands behind a mark that belongs inside.
    fn joined(&mut self) -> Option<Segment<'a>> {
        let is_word = |piece: &str| piece.contains(char::is_alphanumeric);
        let (start, first) = self.bounds.find(|(_, piece)| is_word(piece))?;
        let mut end = start + first.len();
        loop {
            let mut ahead = self.bounds.clone();
            let Some((at, mark)) = ahead.next() else {
                break;
            };
            let joins = match mark {
                "'" | "’" => true,
                ":" => between_figures(self.text, at, ':'),
                _ => false,
            };
            let Some((next, piece)) = ahead.next().filter(|(_, piece)| joins && is_word(piece))
            else {
                break;
            };
            end = next + piece.len();
            self.bounds = ahead;
        }
        let text = &self.text[start..end];
        Some(Segment { text, start })
    }
}

/// Whether the mark at byte `at` stands between two figures and belongs to their number: "29.50", "1,000", "6:30".
fn between_figures(text: &str, at: usize, mark: char) -> bool {
    let before = text[..at].ends_with(|letter: char| letter.is_ascii_digit());
    let after = text[at + mark.len_utf8()..].starts_with(|letter: char| letter.is_ascii_digit());
    matches!(mark, '.' | ',' | ':') && before && after
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<'a>(segments: impl Iterator<Item = Segment<'a>>) -> Vec<&'a str> {
        segments.map(|segment| segment.text).collect()
    }

    #[test]
    fn words_of_any_script_are_whole() {
        for (text, expected) in [
            (
                "It's $29.50, or 5% by 6:30.",
                &["It's", "29.50", "or", "5", "by", "6:30"][..],
            ),
            (
                "the 80's, rock 'n' roll",
                &["the", "80's", "rock", "n", "roll"],
            ),
            (
                "mail a_b at example.com;x",
                &["mail", "a", "b", "at", "example", "com", "x"],
            ),
            // Signs that belong to the letter before, and that are no letters themselves.
            ("नमस्ते दुनिया", &["नमस्ते", "दुनिया"]),
            ("cafe\u{301} l’été", &["cafe\u{301}", "l’été"]),
            ("打开app 就行", &["打", "开", "app", "就", "行"]),
            ("ไม่ now", &["ไ", "ม่", "now"]),
            ("カメラを見る", &["カメラ", "を", "見", "る"]),
            ("... – ?!", &[]),
        ] {
            assert_eq!(texts(segments(text)), expected, "{text}");
        }
        assert_eq!(texts(runs("打开app, 就行")), ["打开app", "就行"]);
    }

    #[test]
    fn pieces_put_together_are_the_text() {
        let text = " “Well”, it's 6:30 - 您好。";
        let found: Vec<&str> = pieces(text).collect();
        assert_eq!(found, [" “Well”, ", "it's ", "6:30 - ", "您", "好。"]);
        assert_eq!(found.concat(), text);
        assert_eq!(pieces("?").count(), 0);
    }

    proptest::proptest! {
        #[test]
        fn segments_lie_in_the_text_in_order(text in "(\\PC|[a-z0-9.,:'_ ]){0,40}") {
            let mut end = 0;
            for segment in segments(&text) {
                proptest::prop_assert!(segment.start >= end && segment.text.contains(char::is_alphanumeric));
                end = segment.end();
                proptest::prop_assert_eq!(&text[segment.start..end], segment.text);
            }
            let left = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
            let kept: usize = segments(&text).map(|segment| left(segment.text)).sum();
            proptest::prop_assert_eq!(kept, left(&text));
        }
    }
}
