//! What a voice would read aloud and nobody would say: marks, lists, addresses of the web, placeholders. Harmless ones
//! are taken off.
//!
//! In: a sentence as the model wrote it. Out: the sentence as it may be spoken, or a refusal. Memory: the sentence.

use std::collections::BTreeMap;

use super::Refusal;
use super::words::{find, leak_words, spaced};
use patter_language::text::{capitalised, find_formatting, find_placeholder, single_spaced};
use patter_types::reason::Reason;

/// Marks beside those of the playbook's own check that no sentence for a voice holds.
const MARKS: &[char] = &[
    '(', ')', '{', '}', '【', '】', '=', '\\', '@', '~', '^', '→', '✓', '«', '»', '/',
];
/// Brackets around what should have been filled in.
const BRACKETS: &[(char, char)] = &[('{', '}'), ('[', ']'), ('【', '】'), ('<', '>')];
/// Ends of web addresses; a number may hold a dot too.
const DOMAINS: &[&str] = &[
    "com", "org", "net", "io", "co", "uk", "de", "info", "gov", "edu", "html", "php",
];

/// `text` without what is harmless: stars and quotes around words, the agent's own label, emoji, doubled marks. `name`
/// is the agent's.
pub(super) fn clean(text: &str, name: &str) -> String {
    let text = single_spaced(text);
    let listed = format!(" {text}").contains(" * ");
    let kept = text.chars().filter(|&c| {
        let harmless =
            matches!(c, '"' | '“' | '”' | '„') || is_invisible_or_emoji(c) || (c == '*' && !listed);
        !harmless
    });
    let mut out = String::with_capacity(text.len());
    let mut dots = 0;
    for c in kept {
        // "Well… let me see" is a pause, "Really??" one question.
        let c = if c == '…' { ',' } else { c };
        dots = if c == '.' { dots + 1 } else { 0 };
        if dots > 1 {
            out.truncate(out.trim_end_matches(['.', ',']).len());
            out.push(',');
        } else if !(matches!(c, '?' | '!' | ',') && out.ends_with(c)) {
            out.push(c);
        }
    }
    let mut words = single_spaced(&out);
    if words.ends_with(',') && text.ends_with(['.', '…']) {
        words.pop();
        words.push('.');
    }
    unlabelled(&words, name).to_owned()
}

fn unlabelled<'a>(text: &'a str, name: &str) -> &'a str {
    let Some((label, rest)) = text.split_once(':') else {
        return text;
    };
    let label = label.trim().to_lowercase();
    let own = label == name.to_lowercase() || leak_words().own_labels.contains(&label.as_str());
    if own { rest.trim() } else { text }
}

fn is_invisible_or_emoji(c: char) -> bool {
    matches!(u32::from(c),
        0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x2069 | 0xfeff | 0xfe0f | 0x2600..=0x26ff | 0x1f000..=0x1faff)
        || c.is_control()
}

/// `text` with each word of `terms` in place of the one not to use.
pub(super) fn with_terms(text: &str, terms: &BTreeMap<String, String>) -> String {
    let mut out = text.to_owned();
    for (from, to) in terms.iter().filter(|(from, _)| !from.is_empty()) {
        let mut at = 0;
        while let Some(found) = find_word(&out, from, at) {
            let is_capital = out[found..].starts_with(char::is_uppercase);
            let to = if is_capital {
                capitalised(to)
            } else {
                to.clone()
            };
            out.replace_range(found..found + from.len(), &to);
            at = found + to.len();
        }
    }
    out
}

/// Where `word` stands as a whole word, in any case, from byte `from` on.
fn find_word(text: &str, word: &str, from: usize) -> Option<usize> {
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    text.char_indices()
        .map(|(at, _)| at)
        .filter(|&at| at >= from)
        .find(|&at| {
            text.get(at..at + word.len())
                .is_some_and(|part| part.eq_ignore_ascii_case(word))
                && is_edge(text[..at].chars().next_back())
                && is_edge(text[at + word.len()..].chars().next())
        })
}

/// The first placeholder or mark in a cleaned `text`.
pub(super) fn check(text: &str) -> Option<Refusal> {
    let refuse = |reason, offending: String| Some(Refusal::new(reason, offending));
    // A number alone is the head of a list.
    if !text.chars().any(char::is_alphabetic) {
        return refuse(Reason::Formatting, text.to_owned());
    }
    let spaced = spaced(text);
    let blank = || find(&spaced, &leak_words().blanks).map(str::to_owned);
    if let Some(found) = bracketed(text)
        .or_else(blank)
        .or_else(|| find_placeholder(text))
    {
        return refuse(Reason::Placeholder, found);
    }
    if let Some(found) = web_address(text, &spaced).or_else(|| find_formatting(text)) {
        return refuse(Reason::Formatting, found);
    }
    let mark = text.chars().find(|c| MARKS.contains(c))?;
    refuse(Reason::Formatting, mark.to_string())
}

/// The first pair of brackets with what is in it.
fn bracketed(text: &str) -> Option<String> {
    BRACKETS.iter().find_map(|&(open, close)| {
        let start = text.find(open)?;
        let end = text[start..].find(close)?;
        Some(text[start..start + end + close.len_utf8()].to_owned())
    })
}

fn web_address(text: &str, spaced: &str) -> Option<String> {
    if let Some(found) = find(spaced, &leak_words().web) {
        return Some(found.to_owned());
    }
    let mut parts = text.split_whitespace();
    parts
        .find(|part| {
            let part = part.trim_end_matches(|c: char| !c.is_alphanumeric());
            let end = part
                .rsplit_once('.')
                .map(|(name, end)| (name, end.to_lowercase()));
            end.is_some_and(|(name, end)| {
                name.chars().any(char::is_alphabetic) && DOMAINS.contains(&end.as_str())
            })
        })
        .map(str::to_owned)
}
