//! The calling party's document: its steps with what to say in them, the opening line, how the call ends.
//!
//! Thread: any · In: sections · Out: plain structures, nothing cleaned for speech yet · Memory: the texts ·
//! Source: OutboundEval (arXiv 2510.21244); the spellings met in its files are named where they are handled.

use super::markdown::{Item, Marker, Section, after_label, has_quote, leading_quote};
use super::notes::Notes;

/// One step of the flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// Line of its title.
    pub(super) line: usize,
    pub(super) title: String,
    pub(super) lines: Vec<Script>,
}

impl Step {
    /// Lines to be said whatever the customer does.
    pub(super) fn said(&self) -> impl Iterator<Item = &Script> {
        self.lines.iter().filter(|line| line.purpose == Use::Said)
    }
}

/// One line below a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) line: usize,
    pub(super) purpose: Use,
    pub(super) text: String,
}

/// What a line of a step is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Use {
    /// Always said.
    Said,
    /// Said when this is the case.
    SaidIf(String),
    /// What to do, not what to say.
    Done,
}

/// Labels before a line that is said.
const SCRIPT_LABELS: &[&str] = &["话术示例", "参考话术", "话术", "示例"];

/// Signs that a line is said only sometimes.
const CONDITIONS: &[&str] = &[
    "如", "若", "当", "遇", "时", "拒绝", "抗拒", "犹豫", "不便", "激动", "追问", "质疑", "打断",
    "反感", "介意", "迟疑",
];

/// The steps: `1. **title**`, `**1. title**` or `#### title`, with bullets below.
pub(super) fn steps(section: &Section, notes: &mut Notes) -> Vec<Step> {
    let quoted = section.filled().any(|line| has_quote(line.text));
    let mut steps: Vec<Step> = Vec::new();
    let mut preface: Vec<Script> = Vec::new();
    // The case that a line "如对方打断：" opens for the deeper lines below it.
    let mut case: Option<(usize, String)> = None;
    for line in section.filled() {
        let item = Item::of(line);
        let is_title = match item.marker {
            Marker::Heading => true,
            Marker::Number(_) => item.indent < 2 && leading_quote(&item.text).is_none(),
            _ => false,
        };
        if is_title {
            if let Marker::Number(number) = item.marker
                && number != steps.len() + 1
            {
                notes.add(
                    item.line,
                    &format!("step {} has the number {number}", steps.len() + 1),
                    "its place counts",
                );
            }
            case = None;
            let title = item
                .text
                .trim_matches(['【', '】'])
                .trim_end_matches(['：', ':'])
                .to_owned();
            let lines = std::mem::take(&mut preface);
            steps.push(Step {
                line: item.line,
                title,
                lines,
            });
            continue;
        }
        if case
            .as_ref()
            .is_some_and(|(indent, _)| item.indent <= *indent)
        {
            case = None;
        }
        let Some(mut found) = script(
            &item,
            case.as_ref().map(|(_, case)| case.as_str()),
            quoted,
            notes,
        ) else {
            continue;
        };
        if let [only] = &mut found[..]
            && only.purpose == Use::Done
            && only.text.ends_with(['：', ':'])
            && is_condition(&only.text)
        {
            case = Some((
                item.indent,
                only.text.trim_end_matches(['：', ':']).to_owned(),
            ));
            continue;
        }
        match steps.last_mut() {
            Some(step) => step.lines.append(&mut found),
            None => {
                notes.add(
                    item.line,
                    "a line before the first step",
                    "it is kept with that step",
                );
                preface.append(&mut found);
            }
        }
    }
    if !quoted && !steps.is_empty() {
        notes.add(
            section.line,
            "no line of the steps is quoted",
            "those that address the customer are taken as said",
        );
    }
    steps
}

fn is_condition(text: &str) -> bool {
    CONDITIONS.iter().any(|sign| text.contains(sign))
}

/// What one line says or wants done; `None` when it is a label alone.
fn script(item: &Item, case: Option<&str>, quoted: bool, notes: &mut Notes) -> Option<Vec<Script>> {
    let text = after_label(&item.text, SCRIPT_LABELS).unwrap_or(&item.text);
    if text.is_empty() {
        return None;
    }
    let line = item.line;
    let done = |text: &str| Script {
        line,
        purpose: Use::Done,
        text: text.to_owned(),
    };
    let said_if = |case: Option<&str>| case.map_or(Use::Said, |case| Use::SaidIf(case.to_owned()));
    if !quoted {
        let purpose = if text.contains('您') {
            said_if(case)
        } else {
            Use::Done
        };
        let text = text.to_owned();
        return Some(vec![Script {
            line,
            purpose,
            text,
        }]);
    }
    // `【如犹豫】“…”` and `客户拒绝：“…”`: when it is said stands before it.
    let (intro, mut rest) = match (
        text.strip_prefix('【')
            .and_then(|inner| inner.split_once('】')),
        leading_quote(text),
    ) {
        (Some((intro, rest)), _) => (Some(intro), rest.trim()),
        (None, Some(_)) => (None, text),
        (None, None) => match quote_after_colon(text) {
            Some((intro, rest)) => (Some(intro), rest),
            None => return Some(vec![done(text)]),
        },
    };
    if leading_quote(rest).is_none() {
        return Some(vec![done(text)]);
    }
    let case = intro.filter(|intro| is_condition(intro)).or(case);
    let mut found = Vec::new();
    while let Some((said, after, closed)) = leading_quote(rest) {
        if !closed {
            notes.add(
                line,
                "the quote has no end",
                "it goes to the end of the line",
            );
        }
        if !said.is_empty() {
            found.push(Script {
                line,
                purpose: said_if(case),
                text: said.to_owned(),
            });
        }
        rest = after.trim_start_matches(['或', '；', ';', '，', '、', '/', ' ']);
    }
    let tail = rest.trim_matches(['。', ' ', '.']);
    if !tail.is_empty() {
        found.push(done(tail));
    }
    if let Some(intro) = intro.filter(|intro| !is_condition(intro)) {
        found.insert(0, done(intro));
    }
    Some(found)
}

/// Splits before the first quote that follows a colon.
fn quote_after_colon(text: &str) -> Option<(&str, &str)> {
    text.char_indices().find_map(|(at, letter)| {
        let after = text[at + letter.len_utf8()..].trim_start();
        let is_here = matches!(letter, '：' | ':') && leading_quote(after).is_some();
        is_here.then(|| (text[..at].trim(), after))
    })
}

/// The opening line; more than one where the file offers several.
pub(super) fn opening(section: &Section) -> Vec<(usize, String)> {
    spoken_items(section.filled().map(Item::of))
}

/// How the call ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Closing {
    /// When, one condition each.
    pub(super) conditions: Vec<(usize, String)>,
    /// Last lines, any of which may be said.
    pub(super) lines: Vec<(usize, String)>,
}

/// Conditions, labelled or not, then one or more last lines, quoted or not; in some files the last lines stand inside
/// the conditions.
pub(super) fn closing(section: &Section, notes: &mut Notes) -> Closing {
    let mut closing = Closing::default();
    let mut last = Vec::new();
    let mut in_lines = false;
    for line in section.filled() {
        let item = Item::of(line);
        if after_label(&item.text, &["结束条件"]).is_some_and(str::is_empty) {
            in_lines = false;
            continue;
        }
        match after_label(&item.text, &["结束语示例", "结束语"]) {
            // A last line that belongs to the condition above it.
            Some(rest) if item.indent > 0 && !rest.is_empty() => {
                closing.lines.extend(quotes(item.line, rest))
            }
            Some(rest) => {
                in_lines = true;
                if !rest.is_empty() {
                    let text = rest.to_owned();
                    last.push(Item { text, ..item });
                }
            }
            None if in_lines => last.push(item),
            None => closing.conditions.push((item.line, item.text)),
        }
    }
    closing.lines.extend(spoken_items(last.into_iter()));
    if closing.lines.is_empty() {
        for (line, condition) in &closing.conditions {
            if let Some((_, rest)) = quote_after_colon(condition) {
                closing.lines.extend(quotes(*line, rest));
            }
        }
        if !closing.lines.is_empty() {
            notes.add(
                section.line,
                "the last lines stand inside the conditions",
                "they were taken from there",
            );
        }
    }
    closing
}

/// Every line that is spoken, without the "or" between them. An unquoted line goes on with one above that has no end.
fn spoken_items(items: impl Iterator<Item = Item>) -> Vec<(usize, String)> {
    let mut spoken: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for item in items {
        let text = after_label(&item.text, &["开场白", "话术"]).unwrap_or(&item.text);
        let text = text
            .strip_prefix('或')
            .map_or(text, |rest| rest.trim_start_matches(['者', '：', ':', ' ']));
        if text.is_empty() {
            continue;
        }
        if leading_quote(text).is_some() || quote_after_colon(text).is_some() {
            spoken.extend(quotes(item.line, text));
            open = false;
        } else if let Some((_, before)) = spoken
            .last_mut()
            .filter(|_| open && item.marker == Marker::None)
        {
            before.push_str(text);
        } else {
            spoken.push((item.line, text.to_owned()));
            open = !text.ends_with(['。', '！', '？', '!', '?', '.']);
        }
    }
    spoken
}

fn quotes(line: usize, text: &str) -> Vec<(usize, String)> {
    let mut rest = match leading_quote(text) {
        Some(_) => text,
        None => match quote_after_colon(text) {
            Some((_, rest)) => rest,
            None => return vec![(line, text.to_owned())],
        },
    };
    let mut found = Vec::new();
    while let Some((said, after, _)) = leading_quote(rest) {
        if !said.is_empty() {
            found.push((line, said.to_owned()));
        }
        rest = after.trim_start_matches(['或', '；', ';', '，', '、', '/', ' ']);
    }
    found
}
