//! What is written for the eye and never said: bold, bullets, links, emoji.
//!
//! In: a place in a written text. Out: nothing, or the words that the marks were for. Memory: short strings. It knows
//! no language.

use super::written::{Kind, Part, Said, Written};

pub(super) fn read(written: &Written, at: usize) -> Option<Said> {
    if written.kind(at) != Kind::Mark {
        return None;
    }
    picture(written, at)
        .or_else(|| line_start(written, at))
        .or_else(|| link(written, at))
        .or_else(|| tag(written, at))
        .or_else(|| stress(written, at))
}

/// Emoji and what changes them, with the space before them.
fn picture(written: &Written, at: usize) -> Option<Said> {
    let is_picture = |at: usize| {
        let mut letters = written.get(at).chars();
        written.kind(at) == Kind::Mark && letters.next().is_some_and(is_emoji)
    };
    let mut end = at;
    while is_picture(end) {
        end += 1;
    }
    if end == at {
        return None;
    }
    // Of two spaces that were around it one is left.
    let between = |kind| matches!(kind, Kind::Space | Kind::Nothing);
    if between(written.kind_before(at)) && written.get(end) == " " {
        end += 1;
    }
    Said::new(at, end, "")
}

fn is_emoji(letter: char) -> bool {
    matches!(letter, '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b05}'..='\u{2b55}'
        | '\u{231a}'..='\u{231b}' | '\u{23e9}'..='\u{23fa}' | '\u{fe0e}'..='\u{fe0f}' | '\u{20e3}'
        | '\u{200d}' | '\u{a9}' | '\u{ae}' | '\u{2122}' | '\u{25aa}'..='\u{25fe}' | '\u{e0020}'..='\u{e007f}')
        // The cross and the division sign of arithmetic.
        && !matches!(letter, '\u{2715}' | '\u{2716}' | '\u{2797}')
}

/// Bullets, headings and quotes at the beginning of a line.
fn line_start(written: &Written, at: usize) -> Option<Said> {
    let before = at.checked_sub(1).map(|before| written.get(before));
    if before.is_some_and(|before| !before.contains('\n')) {
        return None;
    }
    let mut end = at;
    let mark = written.get(at);
    while mark == "#" && written.get(end) == mark {
        end += 1;
    }
    if matches!(mark, "-" | "*" | "•" | "·" | "‣" | "–" | ">" | "+") {
        end += 1;
    }
    let has_space = end > at && written.get(end).starts_with([' ', '\t', '\u{a0}']);
    let next = written.kind(end + 1);
    let says_more = !matches!(next, Kind::Nothing | Kind::Space);
    (has_space && says_more && !written.get(end).contains('\n'))
        .then(|| Said::new(at, end + 1, ""))
        .flatten()
}

/// "[our page](https://example.com)" is "our page".
fn link(written: &Written, at: usize) -> Option<Said> {
    let rest = written.rest(at).strip_prefix('[')?;
    let (text, after) = rest.split_once("](")?;
    let (address, _) = after.split_once(')')?;
    let is_link = !text.is_empty()
        && !text.contains(['[', '\n'])
        && !address.contains(char::is_whitespace)
        && address.contains(['.', '/']);
    let end = written.after(at, &format!("[{text}]({address})"))?;
    // The text's own token after the bracket, so that a mark leads back to it.
    let part = Part {
        start: at + 1,
        text: text.to_owned(),
    };
    is_link.then(|| Said::of(end, vec![part])).flatten()
}

/// "<b>", "</p>", "<br/>".
fn tag(written: &Written, at: usize) -> Option<Said> {
    let rest = written.rest(at).strip_prefix('<')?;
    let (inner, _) = rest.split_once('>')?;
    let name = inner.trim_matches('/').trim();
    let is_name = matches!(
        name.to_ascii_lowercase().as_str(),
        "b" | "i" | "u" | "p" | "br" | "em" | "strong" | "s" | "ul" | "ol" | "li" | "code"
    );
    let end = written.after(at, &format!("<{inner}>"))?;
    let space = if matches!(name, "br" | "p" | "li") {
        " "
    } else {
        ""
    };
    is_name.then(|| Said::new(at, end, space)).flatten()
}

/// "**bold**", "_x_", "`x`", "~~x~~". An asterisk between figures multiplies; an underscore inside a name belongs to
/// it.
fn stress(written: &Written, at: usize) -> Option<Said> {
    let mark = written.get(at);
    let mut end = at;
    while written.get(end) == mark {
        end += 1;
    }
    let is_inside = |kind| matches!(kind, Kind::Word | Kind::Digits);
    let inside = is_inside(written.kind_before(at)) && is_inside(written.kind(end));
    let drops = match mark {
        "*" => {
            let before = written.kind_before(at);
            let multiplies = |kind| kind == Kind::Digits;
            let spaced = before == Kind::Space && written.kind(end) == Kind::Space;
            !(end == at + 1 && multiplies(before) && multiplies(written.kind(end)) || spaced)
        }
        "`" => true,
        "_" => !inside && in_name(written, at, end),
        "~" => end >= at + 2,
        _ => false,
    };
    drops.then(|| Said::new(at, end, "")).flatten()
}

/// Whether an underscore stands at the edge of words and not at that of an address or of a name: "@_x", "_.".
fn in_name(written: &Written, at: usize, end: usize) -> bool {
    let edge = |kind: Kind, mark: &str| {
        matches!(kind, Kind::Space | Kind::Nothing) || ".,;:!?()\"'*".contains(mark)
    };
    let before = at.checked_sub(1).map_or("", |before| written.get(before));
    edge(written.kind_before(at), before) || edge(written.kind(end), written.get(end))
}
