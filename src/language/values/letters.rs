//! Letters read out one by one: "s m i t h", "j for juliet", "double l", "november echo".
//!
//! In: the caller's words. Out: the word they spell. Memory: short strings. Source: spelling alphabet of the
//! International Civil Aviation Organization; ours for what lies between letters.
//!
//! A single letter is a letter. Names of letters ("bee", "are") and words of spelling alphabets ("mike") are words of
//! their own too, so they count only beside letters, or three in a row.

use std::ops::Range;

use super::heard::Heard;

/// So many words of a spelling alphabet in a row are letters.
const MIN_ALPHABET: usize = 3;

/// A word that was spelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spelled {
    /// In lower case, with the apostrophe or hyphen of a name.
    pub(super) text: String,
    pub(super) words: Range<usize>,
    /// Letters that can be nothing else.
    plain: usize,
}

/// How a letter was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// As a letter.
    Plain,
    /// With a word that explains it.
    Explained,
    /// By its name, "bee".
    Name,
    /// By a word of a spelling alphabet.
    Alphabet,
}

/// The letters at `at`: what they are, how many words, and how they were said.
fn letters_at(heard: &Heard, at: usize) -> Option<(String, usize, Manner)> {
    let table = &heard.language.letters;
    let cases = heard.phrase_at(at, table.cases);
    if cases > 0 {
        let (letter, words, manner) = letter_at(heard, at + cases)?;
        return Some((letter.to_string(), cases + words, manner));
    }
    if let Some((times, words)) = heard.meaning_at(at, table.repeats) {
        let next = heard.plain(at + words);
        let is_w = times == 2 && table.double_u.contains(&next);
        if is_w {
            return Some(("w".to_owned(), words + 1, Manner::Plain));
        }
        let (letter, more, manner) = letter_at(heard, at + words)?;
        return Some((letter.to_string().repeat(times), words + more, manner));
    }
    let (letter, words, manner) = letter_at(heard, at)?;
    Some((letter.to_string(), words, manner))
}

fn letter_at(heard: &Heard, at: usize) -> Option<(char, usize, Manner)> {
    let table = &heard.language.letters;
    let plain = heard.plain(at);
    let mut characters = plain.chars();
    let first = characters.next().filter(|first| first.is_alphabetic())?;
    if characters.next().is_none() {
        let begins =
            |at: usize| heard.plain(at).starts_with(first) && heard.plain(at).chars().count() > 1;
        let explain = heard.phrase_at(at + 1, table.explain);
        if explain > 0 && begins(at + 1 + explain) {
            return Some((first, explain + 2, Manner::Explained));
        }
        // "M mike": a word of the alphabet explains without more.
        if begins(at + 1) && table.alphabet.contains(&heard.plain(at + 1)) {
            return Some((first, 2, Manner::Explained));
        }
        return Some((first, 1, Manner::Plain));
    }
    if table.alphabet.contains(&plain) {
        return Some((first, 1, Manner::Alphabet));
    }
    let (_, letter) = table.names.iter().find(|(name, _)| *name == plain)?;
    Some((*letter, 1, Manner::Name))
}

/// All words that are spelled in `heard`, at least two letters each.
pub(super) fn spelled(heard: &Heard) -> Vec<Spelled> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < heard.len() {
        match run(heard, at) {
            Some(spelled) => {
                at = spelled.words.end;
                found.push(spelled);
            }
            None => at += 1,
        }
    }
    found
}

/// The letters that begin at `at`; a comma after two letters and more ends the word when a word was spelled before it.
pub(super) fn run(heard: &Heard, at: usize) -> Option<Spelled> {
    let table = &heard.language.letters;
    let (mut end, mut text) = (at, String::new());
    let (mut plain, mut names, mut alphabet) = (0, 0, 0);
    // Where the last letter ended that can be nothing else: what sounds like one must stand between two.
    let mut kept: Option<(usize, usize)> = None;
    while let Some((letters, words, manner)) = letters_at(heard, end) {
        // "For you k o w": a word before the letters is no letter.
        if manner == Manner::Name && text.is_empty() {
            return None;
        }
        end += words;
        text.push_str(&letters);
        match manner {
            Manner::Plain | Manner::Explained => plain += letters.chars().count(),
            Manner::Name => names += 1,
            Manner::Alphabet => alphabet += 1,
        }
        let is_whole = matches!(manner, Manner::Plain | Manner::Explained);
        if is_whole || alphabet >= MIN_ALPHABET {
            kept = Some((end, text.len()));
        }
        // Letters in groups that a comma divides are words of their own, if each has several.
        if heard.is_clause_start(end) && text.len() > 1 && next_group(heard, end) > 1 {
            break;
        }
        if let Some((mark, words)) = heard.meaning_at(end, table.marks)
            && letters_at(heard, end + words).is_some()
        {
            text.push(mark);
            end += words;
        }
    }
    // "C o l are": a name of a letter at the end of letters is one of them.
    if plain >= 2 && names > 0 && heard.is_clause_start(end) | (end >= heard.len()) {
        kept = Some((end, text.len()));
    }
    let (end, length) = kept?;
    text.truncate(length);
    let is_spelling =
        plain >= 2 || alphabet >= MIN_ALPHABET || (plain == 1 && alphabet + names >= 2);
    let is_spelling = is_spelling && text.chars().filter(|c| c.is_alphabetic()).count() > 1;
    is_spelling.then_some(Spelled {
        text,
        words: at..end,
        plain,
    })
}

/// Letters at `at` up to the next comma.
fn next_group(heard: &Heard, mut at: usize) -> usize {
    let mut count = 0;
    while let Some((_, words, _)) = letters_at(heard, at) {
        at += words;
        count += 1;
        if heard.is_clause_start(at) {
            break;
        }
    }
    count
}

/// A word as it is spelled to the caller: "S, M, I, T, H". A voice reads a letter by its name when a pause follows;
/// without one, "A" is a word.
pub(super) fn read_out(word: &str) -> String {
    let letters: Vec<String> = word
        .chars()
        .filter(|c| c.is_alphabetic())
        .map(|letter| letter.to_uppercase().collect())
        .collect();
    letters.join(", ")
}

/// Letters that differ between two words.
pub(super) fn distance(one: &str, other: &str) -> usize {
    let letters = |word: &str| word.chars().collect::<Vec<_>>();
    crate::distance::levenshtein(&letters(one), &letters(other))
}

/// `word` with the letter that `heard` speaks of: "with a y", "with two t's", "without an e", "with an e at the end".
/// None when it speaks of none.
pub(super) fn with_letter(word: &str, heard: &Heard) -> Option<String> {
    let table = &heard.language.letters;
    if let Some(without) = heard.find(table.without)
        && let Some((letter, end)) = letter_after(heard, without.end)
        // "No I want" speaks of no letter.
        && (end >= heard.len()
            || heard.is_clause_start(end)
            || !heard.language.names.others.contains(&letter.as_str()))
    {
        let at = word.rfind(letter.as_str())?;
        return Some(format!("{}{}", &word[..at], &word[at + letter.len()..]));
    }
    let with = heard.find(table.with)?;
    let (new, end) = letter_after(heard, with.end)?;
    if heard.phrase_at(end, table.at_end) > 0 {
        return Some(format!("{word}{new}"));
    }
    if heard.phrase_at(end, table.at_start) > 0 {
        return Some(format!("{new}{word}"));
    }
    // "With a k, not a c".
    let not = heard.phrase_at(end, heard.language.talk.not);
    if not > 0
        && let Some((old, _)) = letter_after(heard, end + not)
    {
        return word
            .contains(old.as_str())
            .then(|| word.replacen(&old, &new, 1));
    }
    let mut letters = new.chars();
    let is_double = new.len() > 1 && letters.next() == letters.next();
    if is_double {
        let single = &new[..new.chars().next()?.len_utf8()];
        let is_there = word.contains(&new);
        return (!is_there && word.contains(single)).then(|| word.replacen(single, &new, 1));
    }
    let similar = table.similar.iter().filter(|(meant, _)| *meant == new);
    let found = similar.clone().find(|(_, was)| word.contains(was));
    found.map(|(meant, was)| word.replacen(was, meant, 1))
}

/// Words of "with an h" at `at`; 0 for none.
pub(super) fn with_at(heard: &Heard, at: usize) -> usize {
    let with = heard.phrase_at(at, heard.language.letters.with);
    let letter = letter_after(heard, at + with).filter(|_| with > 0);
    letter.map_or(0, |(_, end)| end - at)
}

/// The same for a word that is being given: "Mark with a k" is how it is written already.
pub(super) fn given_with(word: &str, heard: &Heard) -> Option<String> {
    let with = heard.find(heard.language.letters.with)?;
    let (letter, _) = letter_after(heard, with.end)?;
    if word.contains(&letter) {
        return Some(word.to_owned());
    }
    with_letter(word, heard)
}

/// The letter that is named at `at`: "a y", "two t's", "double t", "p h".
fn letter_after(heard: &Heard, at: usize) -> Option<(String, usize)> {
    let table = &heard.language.letters;
    let articles = heard.language.numbers.one;
    let is_letter = |at: usize| heard.plain(at).chars().count() == 1;
    // "A" may be the letter itself.
    let skip = articles.contains(&heard.plain(at)) && letters_at(heard, at + 1).is_some();
    let at = at + usize::from(skip);
    let times = crate::numbers::cardinal(&heard.language.numbers, heard.plain(at));
    if let Some(times @ 2..=3) = times {
        let letter = heard.plain(at + 1).chars().next()?;
        let rest = &heard.plain(at + 1)[letter.len_utf8()..];
        let is_one = rest.is_empty() || table.plurals.contains(&rest);
        return is_one.then(|| (letter.to_string().repeat(times as usize), at + 2));
    }
    let (mut text, words, _) = letters_at(heard, at)?;
    let mut end = at + words;
    while is_letter(end) && !heard.is_clause_start(end) {
        text.push_str(heard.plain(end));
        end += 1;
    }
    Some((text, end))
}

impl Spelled {
    /// It holds letters that can be nothing else.
    pub(super) fn is_plain(&self) -> bool {
        self.plain >= 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables;

    fn english() -> &'static tables::Language {
        tables::of("en").unwrap()
    }

    #[test]
    fn words_are_spelled_in_many_ways() {
        for (text, expected) in [
            ("s m i t h", &["smith"][..]),
            ("S-M-I-T-H.", &["smith"]),
            ("s, m, i, t, h", &["smith"]),
            ("j o h n, s m i t h", &["john", "smith"]),
            ("j for juliet o h n", &["john"]),
            ("s as in sugar m as in mary", &["sm"]),
            ("capital m double l e r", &["mller"]),
            ("double you o o d", &["wood"]),
            ("november echo double t", &["nett"]),
            ("november echo tango tango", &["nett"]),
            ("o apostrophe b r i e n", &["o'brien"]),
            ("c o l are", &["colr"]),
            ("i see you", &[]),
            ("a b", &["ab"]),
            ("m mike i india", &["mi"]),
        ] {
            let found = spelled(&Heard::new(text, english()));
            let found: Vec<&str> = found.iter().map(|word| word.text.as_str()).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_letter_that_was_heard_wrong_is_changed() {
        for (word, text, expected) in [
            ("smith", "smith with a y", Some("smyth")),
            ("carl", "with a k not a c", Some("karl")),
            ("mat", "with two t's", Some("matt")),
            ("mat", "with a double t", Some("matt")),
            ("ann", "with an e at the end", Some("anne")),
            ("anne", "without an e", Some("ann")),
            ("stefan", "with p h", Some("stephan")),
            ("smith", "no", None),
        ] {
            let heard = Heard::new(text, english());
            assert_eq!(with_letter(word, &heard).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn distance_counts_changed_letters() {
        assert_eq!(distance("smith", "smyth"), 1);
        assert_eq!(distance("smith", "smiths"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
