//! What can be seen in a text alone: its words, its slots, and what a voice should not read aloud.
//!
//! Thread: any · In: text · Out: text or a finding · Memory: short strings ·
//! Source: failure mode "formatting leak" of arXiv 2509.04871.

/// Marks that a voice reads aloud or swallows.
const MARKS: &[char] = &['*', '#', '`', '_', '|', '<', '>', '[', ']', '•', '\n', '\t'];

/// Words that announce a list.
const LIST_WORDS: &[&str] = &[
    "point number",
    "bullet point",
    "step number",
    "point one",
    "step one",
    "point 1",
    "step 1",
];

/// Words that stand where a real one was forgotten.
const PLACEHOLDERS: &[&str] = &["todo", "tbd", "fixme", "lorem ipsum", "placeholder"];

/// Words of a text, as separated by spaces.
pub(super) fn count_words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Text as phrases are compared: lower case, letters and digits of any language, apostrophes inside
/// words, everything else a single space.
pub fn normalise(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let inside = words.chars().next_back().is_some_and(|last| last != ' ');
        if is_word(character) {
            words.extend(character.to_lowercase());
        } else if matches!(character, '\'' | '’')
            && inside
            && characters.peek().is_some_and(|&next| is_word(next))
        {
            words.push('\'');
        } else if inside {
            words.push(' ');
        }
    }
    words.truncate(words.trim_end().len());
    words
}

/// Letters, digits, and the accents that follow a letter in decomposed text.
fn is_word(character: char) -> bool {
    character.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&character)
}

/// Whether `words` holds `phrase` as whole words; both normalised.
pub(super) fn contains_words(words: &str, phrase: &str) -> bool {
    !phrase.is_empty() && format!(" {words} ").contains(&format!(" {phrase} "))
}

/// Names of the slots in a text; `None` when a brace has no partner.
pub(super) fn slot_names(text: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (name, tail) = rest[at..].strip_prefix('{')?.split_once('}')?;
        if name.contains('{') {
            return None;
        }
        names.push(name);
        rest = tail;
    }
    Some(names)
}

/// The first thing in a text that stands for something else: `XX`, `TODO`, `[..]`, `...`.
pub(super) fn find_placeholder(text: &str) -> Option<String> {
    let words = normalise(text);
    let crosses = words
        .split(' ')
        .find(|word| word.len() > 1 && word.chars().all(|letter| letter == 'x'));
    let known = || {
        PLACEHOLDERS
            .iter()
            .copied()
            .find(|word| contains_words(&words, word))
    };
    let signs = || {
        ["[", "...", "…", "__", "??"]
            .into_iter()
            .find(|sign| text.contains(sign))
    };
    crosses.or_else(known).or_else(signs).map(str::to_owned)
}

/// The first mark, list sign or announcement of a list in a text.
pub(super) fn find_formatting(text: &str) -> Option<String> {
    if let Some(mark) = text.chars().find(|character| MARKS.contains(character)) {
        return Some(mark.escape_debug().to_string());
    }
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_dash = matches!(first, "-" | "–" | "—" | "+");
    let number = first.strip_suffix(['.', ')']).unwrap_or_default();
    let is_number = !number.is_empty()
        && number.len() < 3
        && number.chars().all(|digit| digit.is_ascii_digit());
    if is_dash || is_number {
        return Some(first.to_owned());
    }
    let words = normalise(text);
    LIST_WORDS
        .iter()
        .find(|phrase| contains_words(&words, phrase))
        .map(|phrase| (*phrase).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalising_keeps_letters_and_is_stable() {
        for (text, expected) in [
            ("It's TOO  expensive!", "it's too expensive"),
            ("‘Yes’, I’d — like…", "yes i'd like"),
            ("$29.50 a month", "29 50 a month"),
            ("Größe? ЦЕНА, 价格", "größe цена 价格"),
            ("'' - ?", ""),
        ] {
            assert_eq!(normalise(text), expected);
            assert_eq!(normalise(expected), expected);
        }
    }
}
