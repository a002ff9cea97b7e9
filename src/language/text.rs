//! What can be seen in a text alone: its words, its slots, and what a voice should not read aloud.
//!
//! Here are the words as phrases are compared, [`normalise`] and [`tokens`]. Two readers of words stand apart:
//! [`crate::words`] keeps the marks beside each word, and [`crate::reading`] those inside addresses.
//!
//! Thread: any · In: text · Out: text or a finding · Memory: short strings ·
//! Source: failure mode "formatting leak" of arXiv 2509.04871.

use crate::lists::Phrases;
use crate::pack;
use crate::segment::{runs, segments};
use crate::tables::WritingWords;

/// Marks that a voice reads aloud or swallows.
const MARKS: &[char] = &['*', '#', '`', '_', '|', '<', '>', '[', ']', '•', '\n', '\t'];

/// Marks of lists that a voice reads as numbers, as in "①".
const NUMBERED: std::ops::RangeInclusive<char> = '①'..='⑳';

/// Signs that stand where a real word was forgotten.
const GAPS: &[&str] = &["[", "【", "〔", "...", "…", "__", "＿", "??", "？？"];

/// Letters that stand for something else when there are two in a row: `XX`, `××`.
const CROSSES: &[char] = &['x', 'X', 'ｘ', 'Ｘ', '×', '✕'];

/// How many words a text has; of ideographs, two make a word, which is what a Chinese word has on average. It measures
/// length; [`tokens`] takes each ideograph alone.
pub fn count_words(text: &str) -> usize {
    let (mut words, mut ideographs, mut end) = (0, 0, 0);
    for segment in segments(text) {
        let is_alone = segment.text.chars().all(is_ideograph);
        if !is_alone || segment.start > end {
            words += usize::div_ceil(std::mem::take(&mut ideographs), 2);
        }
        match is_alone {
            true => ideographs += segment.text.chars().count(),
            false => words += 1,
        }
        end = segment.end();
    }
    words + ideographs.div_ceil(2)
}

/// How long a text takes to say, in characters of English; an ideograph is a syllable and counts twice.
pub fn spoken_length(text: &str) -> usize {
    text.chars()
        .map(|letter| 1 + usize::from(is_ideograph(letter)))
        .sum()
}

/// A character of a script that is written without spaces: Chinese and Japanese.
pub fn is_ideograph(letter: char) -> bool {
    matches!(letter, '々' | '〇' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The words of `text`; of scripts without spaces, each letter alone.
pub fn tokens(text: &str) -> impl Iterator<Item = &str> {
    segments(text).map(|segment| segment.text)
}

/// Text as phrases are compared: lower case, letters and digits of any language, apostrophes inside
/// words, everything else a single space; none between ideographs, where commas come and go.
pub fn normalise(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for run in runs(text) {
        let joins = words.ends_with(is_ideograph) && run.text.starts_with(is_ideograph);
        if !words.is_empty() && !joins {
            words.push(' ');
        }
        for letter in run.text.chars() {
            match letter {
                '’' => words.push('\''),
                '.' | ',' | ':' => words.push(' '),
                _ => words.extend(letter.to_lowercase()),
            }
        }
    }
    words
}

/// `text` on one line, with a single space between its words.
pub fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The letters and digits of `text`, without the spaces and marks between them.
pub fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|character| character.is_alphanumeric())
}

/// Whether `word` is one letter and nothing else.
pub(crate) fn is_letter(word: &str) -> bool {
    let mut characters = word.chars();
    characters.next().is_some_and(char::is_alphabetic) && characters.next().is_none()
}

/// Letters, digits, and the accents that follow a letter in decomposed text.
pub(crate) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&character)
}

/// Whether `words` holds `phrase` as whole words; both normalised. Each ideograph is taken for a word.
pub fn contains_words(words: &str, phrase: &str) -> bool {
    places_of(words, phrase).next().is_some()
}

/// Where `phrase` begins in `words`, as whole words; both normalised.
pub fn places_of<'a>(words: &'a str, phrase: &'a str) -> impl Iterator<Item = usize> {
    let apart = |left: Option<char>, right: Option<char>| {
        let ends = |letter: Option<char>| letter.is_none_or(|l| l == ' ' || is_ideograph(l));
        ends(left) || ends(right)
    };
    let (first, last) = (phrase.chars().next(), phrase.chars().next_back());
    let found = words.match_indices(phrase).map(|(at, _)| at);
    found.filter(move |&at| {
        let (before, after) = (&words[..at], &words[at + phrase.len()..]);
        first.is_some()
            && apart(before.chars().next_back(), first)
            && apart(last, after.chars().next())
    })
}

/// `word` with a capital letter at its beginning.
pub fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next();
    first.map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// Names of the slots in a text; `None` when a brace has no partner.
pub fn slot_names(text: &str) -> Option<Vec<&str>> {
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

/// The first thing in a text that stands for something else: `XX`, `××元`, `TODO`, `[..]`, `...`.
pub fn find_placeholder(text: &str) -> Option<String> {
    let words = normalise(text);
    let known = || {
        let mut placeholders = listed(|writing| writing.placeholders);
        placeholders.find(|word| contains_words(&words, word))
    };
    let signs = || GAPS.iter().copied().find(|sign| text.contains(sign));
    crosses(text)
        .map(|(start, end)| text[start..end].to_lowercase())
        .or_else(|| known().or_else(signs).map(str::to_owned))
}

/// Bytes of the first crosses that stand for a word: two and more with no other Latin letter
/// beside them, or one before what is counted.
pub fn crosses(text: &str) -> Option<(usize, usize)> {
    let mut rest = text;
    let mut passed = 0;
    while let Some(at) = rest.find(CROSSES) {
        let (before, run) = rest.split_at(at);
        let after = run.trim_start_matches(CROSSES);
        let count = run.chars().count() - after.chars().count();
        let beside = |letter: Option<char>| letter.is_some_and(|l| l.is_ascii_alphabetic());
        let alone = !beside(before.chars().next_back()) && !beside(after.chars().next());
        let (start, end) = (passed + at, passed + rest.len() - after.len());
        let is_counted = || listed(|writing| writing.crossed).any(|word| after.starts_with(word));
        if alone && (count > 1 || is_counted()) {
            return Some((start, end));
        }
        passed = end;
        rest = after;
    }
    None
}

/// The first mark, list sign or announcement of a list in a text.
pub fn find_formatting(text: &str) -> Option<String> {
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
    let after = first.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let wide = after.len() < first.len()
        && after
            .strip_prefix(['、', '．', '）'])
            .is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_ascii_digit()));
    if wide || first.starts_with(|letter: char| NUMBERED.contains(&letter)) {
        return Some(first.chars().take(2).collect());
    }
    let words = normalise(text);
    let mut announced = listed(|writing| writing.list_words);
    announced
        .find(|phrase| contains_words(&words, phrase))
        .map(str::to_owned)
}

/// What `list` holds in any language.
fn listed(list: impl Fn(&WritingWords) -> Phrases) -> impl Iterator<Item = &'static str> {
    pack::all()
        .flat_map(move |pack| list(&pack.writing))
        .copied()
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
            ("您好，请问 APP 怎么用？", "您好请问 app 怎么用"),
            ("'' - ?", ""),
        ] {
            assert_eq!(normalise(text), expected);
            assert_eq!(normalise(expected), expected);
        }
    }

    #[test]
    fn chinese_phrases_need_no_spaces_around_them() {
        for (words, phrase, expected) in [
            ("那个价格是多少呢", "价格是多少", true),
            ("我要29元的套餐", "29", true),
            ("我要129元的套餐", "29", false),
            ("打开app就行", "app", true),
            ("打开apps就行", "app", false),
            ("byegone", "bye", false),
            ("价格", "", false),
        ] {
            assert_eq!(contains_words(words, phrase), expected, "{words}: {phrase}");
        }
    }

    #[test]
    fn two_ideographs_are_a_word_and_each_is_two_characters_long() {
        assert_eq!(count_words("您现在方便吗？"), 3);
        assert_eq!(count_words("打开 APP，选择“退货”"), 4);
        assert_eq!(count_words("plain English words"), 3);
        assert_eq!(spoken_length("您好, Li"), 8);
    }

    #[test]
    fn tokens_are_words_and_letters_of_scripts_without_spaces() {
        for (text, expected) in [
            ("打开app 就行", &["打", "开", "app", "就", "行"][..]),
            ("ราคา now", &["ร", "า", "ค", "า", "now"]),
            ("佐々木", &["佐", "々", "木"]),
            (" ", &[]),
        ] {
            assert_eq!(tokens(text).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn letters_are_told_from_words_spaces_and_marks() {
        assert_eq!(single_spaced(" two\n words "), "two words");
        assert_eq!(
            letters("At 6:30, à Paris!").collect::<String>(),
            "At630àParis"
        );
        assert!(is_letter("é") && !is_letter("ab") && !is_letter("7") && !is_letter(""));
    }

    #[test]
    fn placeholders_are_found_inside_chinese_text() {
        for (text, expected) in [
            ("您的XX品牌", Some("xx")),
            ("订单××已发出", Some("××")),
            ("逾期X天", Some("x")),
            ("利息为xxx元", Some("xxx")),
            ("时间【下午】", Some("【")),
            ("大概……吧", Some("…")),
            ("做X光检查", None),
            ("XXL码的外套", None),
            ("泰山A座", None),
            ("Maxx x-ray", None),
        ] {
            assert_eq!(find_placeholder(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn chinese_list_marks_are_found() {
        for text in ["1、请登录", "12）请登录", "①请登录", "2．请登录"] {
            assert!(find_formatting(text).is_some(), "{text}");
        }
        for text in ["24小时都可以", "1、2号楼都通知了"] {
            assert_eq!(find_formatting(text), None);
        }
    }
}
