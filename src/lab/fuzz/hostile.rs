//! Any text is a playbook or an error: random, broken, huge, nested, right to left.

use patter_dialogue::history::fullest_prompt;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use patter_dialogue::Dialogue;
use patter_dialogue::knowledge::Knowledge;
use patter_playbook::{Places, Playbook, PlaybookError};
use patter_types::free_replies::FreeReplies;

const BANK: &str = include_str!("../../../playbooks/bank_complaint.toml");

/// Reads `text` and, if it is a playbook, does with it all that a program may.
fn use_it(text: &str) -> Result<(), PlaybookError> {
    talk_to(read_it(text)?, text);
    Ok(())
}

/// Reads `text`; a playbook of it is checked and drawn.
pub(crate) fn read_it(text: &str) -> Result<Playbook, PlaybookError> {
    let playbook = Playbook::parse(text, "test").inspect_err(|error| {
        let PlaybookError::Toml { line, message, .. } = error else {
            panic!("{error:?}");
        };
        assert!(!message.is_empty() && !message.contains('\n'), "{message}");
        assert!((1..=text.matches('\n').count() + 1).contains(line));
    })?;
    look_at(&playbook, text);
    Ok(playbook)
}

/// Writes, checks and draws a playbook that was made from `text`.
pub(crate) fn look_at(playbook: &Playbook, text: &str) {
    let written = playbook.to_toml().unwrap();
    assert_eq!(&Playbook::parse(&written, "written").unwrap(), playbook);
    let places = Places::new(text);
    let problems = playbook.validate().into_iter().chain(playbook.doubts());
    for problem in problems.chain(places.renamed()) {
        assert!(!problem.message.is_empty() && !problem.hint.is_empty());
        let _ = places.line(&problem.place);
    }
    let graph = playbook.graph();
    let _ = (
        graph.mermaid(true),
        graph.dot(true),
        fullest_prompt(playbook, FreeReplies::Full, 6),
    );
}

/// Has a conversation by it, in which `text` is said too. Learning it takes a hundred times as long as all else.
pub(crate) fn talk_to(playbook: Playbook, text: &str) {
    let heard = [text, "yes", "how much is it", "pardon", ""];
    let heard = heard.map(|heard| heard.chars().take(1_000).collect::<String>());
    let mut dialogue = Dialogue::new(Arc::new(Knowledge::new(playbook)), 6);
    let opening = dialogue.opening();
    for line in opening.lines {
        dialogue.heard_of_reply(&line.text);
    }
    for heard in heard {
        let _ = dialogue.reply(&heard);
    }
}

/// What TOML is made of, and what editors and people put into it.
const SIGNS: &[&str] = &[
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ".",
    ",",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "#",
    "\n",
    "\r\n",
    " ",
    "\\",
    "\\u",
    "\u{0}",
    "\u{feff}",
    "[[flow]]\n",
    "[lines]\n",
    "id",
    "say",
    "value = ",
    "expect",
    "1e999",
    "-inf",
    "1979-05-27",
    "true",
    "😀",
    "👩‍👩‍👧",
    "שלום",
    "\u{202e}",
    "价格",
    "e\u{301}",
    "\u{2028}",
];

/// A piece of something like a playbook.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(SIGNS).prop_map(str::to_owned),
        1 => "(?s).{0,12}",
    ]
}

fn soup(pieces: usize) -> impl Strategy<Value = String> {
    proptest::collection::vec(piece(), 0..pieces).prop_map(|pieces| pieces.concat())
}

/// A place in `text` between two letters.
fn boundary(text: &str, index: Index) -> usize {
    let mut at = index.index(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

proptest! {
    // Each case learns a playbook.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_text_is_a_playbook_or_an_error(text in "(?s).{0,300}", soup in soup(60)) {
        let _ = use_it(&text);
        let _ = use_it(&soup);
    }

    #[test]
    fn a_damaged_playbook_is_a_playbook_or_an_error(soup in soup(6), from: Index, length in 0usize..40) {
        let start = boundary(BANK, from);
        let mut end = (start + length).min(BANK.len());
        while !BANK.is_char_boundary(end) {
            end += 1;
        }
        let _ = use_it(&format!("{}{soup}{}", &BANK[..start], &BANK[end..]));
        let _ = use_it(&BANK[..start]);
    }

    #[test]
    fn any_words_in_any_place_make_a_playbook(words in soup(20), which: Index) {
        // Every odd part is what stands between two quotes, since the file escapes none.
        let mut parts: Vec<&str> = BANK.split('"').collect();
        let which = which.index(parts.len() / 2) * 2 + 1;
        let quoted = toml::Value::String(words).to_string();
        let line = parts[..which].join("\"");
        let line = line.rsplit('\n').next().unwrap_or("");
        // Comments and keys stay, and what must be one of a few words.
        let is_choice = line.starts_with("then") || line.contains("type = ");
        prop_assume!(!line.starts_with(['#', 'e']) && !is_choice);
        prop_assume!(!parts[which + 1].starts_with(" ="));
        parts[which] = "@@";
        let text = parts.join("\"").replace("\"@@\"", &quoted);
        prop_assert!(use_it(&text).is_ok(), "{}", quoted);
    }
}

#[test]
fn a_megabyte_of_anything_is_a_playbook_or_an_error() {
    const MEGABYTE: usize = 1 << 20;
    let fill = |unit: &str| unit.repeat(MEGABYTE / unit.len());
    for text in [
        fill("["),
        fill("[["),
        fill("]"),
        fill("{"),
        fill("a."),
        fill("\""),
        fill("\n"),
        fill("#"),
        fill("😀"),
        fill("שלום "),
        format!("a = {}", fill("[")),
        format!("a = {}", fill("{a=")),
        format!("a = {}1{}", fill("["), fill("]")),
        format!("{}a = 1", fill("a.")),
        format!("[{}a]", fill("a.")),
        format!("a = \"{}", fill("\\u00")),
    ] {
        let head: String = text.chars().take(12).collect();
        assert!(use_it(&text).is_err(), "{head}");
    }
    for words in [
        fill("word "),
        fill("😀"),
        fill("שלום \u{202e}"),
        fill("{"),
        fill("{day} "),
    ] {
        let text = BANK.replacen("How can I help you today?", &words, 1);
        assert!(use_it(&text).is_ok());
        let head: String = words.chars().take(12).collect();
        let problems = Playbook::parse(&text, "test").unwrap().validate();
        assert!(
            problems.iter().any(|p| p.message.contains("characters")),
            "{head}"
        );
    }
}

#[test]
fn thousands_of_stages_in_a_ring_are_read_and_doubted() {
    let stages: String = (0..3_000)
        .map(|n| {
            format!(
                "[[flow]]\nid = \"s{n}\"\ngoal = \"g\"\nask = \"a?\"\nnext = \"s{}\"\n",
                n / 2
            )
        })
        .collect();
    let (head, tail) = BANK.split_once("# 4 Worries").unwrap();
    let (head, _) = head.split_once("[[flow]]").unwrap();
    let text = format!("{head}{stages}#{tail}");
    assert!(use_it(&text).is_ok());
    let doubts = Playbook::parse(&text, "test").unwrap().doubts();
    assert!(
        doubts.iter().any(|p| p.message.contains("in a circle")),
        "{doubts:?}"
    );
}
