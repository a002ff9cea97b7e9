//! E-mail and web addresses, names of accounts, tags.
//!
//! In: a place in a written text. Out: the address in words: "info at example dot com". Memory: short strings. Names of
//! files stay: what follows their full stop is the end of no address.

use super::codes;
use super::written::{Kind, Said, Written};
use crate::tables::SpokenWords;

/// Ends of addresses. A short word at the end of a sentence is none: "call me.at once".
const ENDS: &[&str] = &[
    "com", "org", "net", "edu", "gov", "info", "biz", "io", "ai", "app", "dev", "co", "uk", "eu",
    "de", "es", "fr", "nl", "ca", "au", "nz", "ie", "cn", "ch", "mx", "ar", "tv", "shop", "online",
    "example", "health", "bank",
];

/// Marks that may stand in the first part of an e-mail address.
const MAILBOX: &str = ".-_+";

/// Marks that may stand in the path of a web address.
const PATH: &str = "/.-_~?=&%#:+";

pub(super) fn read(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    if !starts(written, at) {
        return None;
    }
    if matches!(written.get(at), "@" | "#") {
        return name(written, words, at);
    }
    if !matches!(written.kind(at), Kind::Word | Kind::Digits) {
        return None;
    }
    let (start, end) = email(written, at).or_else(|| web(written, at))?;
    Said::new(at, end, in_words(written, words, start, end))
}

/// An address begins after a space, a bracket or a quote.
fn starts(written: &Written, at: usize) -> bool {
    match written.kind_before(at) {
        Kind::Word | Kind::Digits => written.is_fresh(at),
        Kind::Mark => !"@.-_+/#".contains(written.get(at - 1)),
        _ => true,
    }
}

/// "@handle", "#tag".
fn name(written: &Written, words: &SpokenWords, at: usize) -> Option<Said> {
    let mut end = at + 1;
    let is_letter = |at: usize| matches!(written.kind(at), Kind::Word | Kind::Digits);
    while is_letter(end) || (written.get(end) == "_" && is_letter(end + 1)) {
        end += 1;
    }
    let is_code = || codes::letters_and_figures(written, words, at + 1).is_some();
    if written.kind(at + 1) != Kind::Word || (written.get(at) == "#" && is_code()) {
        return None;
    }
    let name = in_words(written, words, at + 1, end);
    let before = match written.get(at) {
        "@" => mark_name(words, "@")?,
        _ => words.addresses.tag,
    };
    let sign = if before.is_empty() {
        return None;
    } else {
        before
    };
    Said::new(at, end, format!("{sign} {name}"))
}

/// The tokens of an e-mail address.
fn email(written: &Written, at: usize) -> Option<(usize, usize)> {
    let start = written.after(at, "mailto:").unwrap_or(at);
    let sign = run(written, start, MAILBOX);
    if written.get(sign) != "@" || sign == start {
        return None;
    }
    Some((start, host(written, sign + 1)?.0))
}

/// The tokens of a web address, without "https://".
fn web(written: &Written, at: usize) -> Option<(usize, usize)> {
    let scheme = written
        .after(at, "https://")
        .or_else(|| written.after(at, "http://"));
    let start = scheme.unwrap_or(at);
    let (mut end, known) = host(written, start)?;
    let is_marked = scheme.is_some() || written.get(start).eq_ignore_ascii_case("www");
    if !is_marked && !known {
        return None;
    }
    if matches!(written.get(end), "/" | "?" | "#" | ":") {
        let path = run(written, end + 1, PATH);
        let is_path = path > end + 1;
        end = if is_path { path } else { end };
        // A slash at the end is not said.
        end += usize::from(written.get(end) == "/");
    }
    Some((start, end))
}

/// The token after "example.co.uk", and whether its end is a known one. It has two parts or more.
fn host(written: &Written, at: usize) -> Option<(usize, bool)> {
    let label = |at: usize| run(written, at, "-");
    let mut end = label(at);
    let mut last = "";
    while end > at && written.get(end) == "." {
        let next = label(end + 1);
        let found = written.slice(end + 1, next);
        let is_label = next > end + 1 && found.is_ascii();
        if !is_label {
            break;
        }
        (last, end) = (found, next);
    }
    let is_end = last.len() >= 2 && last.bytes().all(|b| b.is_ascii_alphabetic());
    let is_ascii = written.slice(at, end).is_ascii();
    (is_end && is_ascii).then(|| (end, ENDS.contains(&last)))
}

/// The token after a run of letters, figures, and single marks between them.
fn run(written: &Written, at: usize, marks: &str) -> usize {
    let is_letter = |at: usize| match written.kind(at) {
        Kind::Digits => true,
        Kind::Word => written.get(at).is_ascii(),
        _ => false,
    };
    let mut end = at;
    loop {
        if is_letter(end) {
            end += 1;
        } else if written.kind(end) == Kind::Mark && marks.contains(written.get(end)) {
            // Marks at the end belong to the sentence.
            let mut next = end;
            while written.kind(next) == Kind::Mark && marks.contains(written.get(next)) {
                next += 1;
            }
            if !is_letter(next) {
                return end;
            }
            end = next;
        } else {
            return end;
        }
    }
}

fn mark_name(words: &SpokenWords, mark: &str) -> Option<&'static str> {
    let mut names = words.addresses.marks.into_iter();
    names.find_map(|(sign, name)| (*sign == mark).then_some(*name))
}

/// An address as it is dictated. Long figures are read one by one, and so is "www".
fn in_words(written: &Written, words: &SpokenWords, start: usize, end: usize) -> String {
    let end = end - usize::from(written.get(end - 1) == "/");
    let tokens = (start..end).map(|at| {
        let token = written.get(at);
        match written.kind(at) {
            Kind::Digits if token.len() > 2 || token.starts_with('0') => codes::one_by_one(token),
            Kind::Mark => mark_name(words, token).unwrap_or_default().to_owned(),
            _ if token.eq_ignore_ascii_case("www") => codes::one_by_one(token),
            _ => token.to_owned(),
        }
    });
    let tokens: Vec<String> = tokens.filter(|token| !token.is_empty()).collect();
    tokens.join(" ")
}
