//! The Markdown of scenario files: two parts, their sections by topic, and what a line looks like.
//!
//! Thread: any · In: text · Out: borrowed lines with their numbers · Memory: one entry per line ·
//! Source: the 229 files of OutboundEval (arXiv 2510.21244): headings always in one order, everything else by hand.

use super::notes::Notes;

/// What a section is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    Role,
    Task,
    Customer,
    Steps,
    Questions,
    Opening,
    Closing,
    Background,
    Concerns,
    Behaviour,
    Style,
    End,
    Unknown,
}

/// Whose document a section is in. The agent never sees the customer's, nor the customer the agent's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Agent,
    Customer,
}

/// Beginnings of the headings, without what follows in brackets.
const TOPICS: &[(Part, &str, Topic)] = &[
    (Part::Agent, "角色", Topic::Role),
    (Part::Agent, "核心任务", Topic::Task),
    (Part::Agent, "目标客户", Topic::Customer),
    (Part::Agent, "分步流程", Topic::Steps),
    (Part::Agent, "问答知识库", Topic::Questions),
    (Part::Agent, "开场白", Topic::Opening),
    (Part::Agent, "结束条件", Topic::Closing),
    (Part::Customer, "角色", Topic::Role),
    (Part::Customer, "背景信息", Topic::Background),
    (Part::Customer, "核心关切", Topic::Concerns),
    (Part::Customer, "对话中的典型行为", Topic::Behaviour),
    (Part::Customer, "回复风格", Topic::Style),
    (Part::Customer, "结束条件", Topic::End),
];

/// One line, without white space at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// From 1.
    pub(super) number: usize,
    pub(super) text: &'a str,
}

/// What stands below one `###` heading.
#[derive(Debug)]
pub(super) struct Section<'a> {
    pub(super) part: Part,
    pub(super) topic: Topic,
    pub(super) title: &'a str,
    /// Line of the heading.
    pub(super) line: usize,
    pub(super) lines: Vec<Line<'a>>,
}

impl<'a> Section<'a> {
    /// Lines that hold something: no blank ones, no rules.
    pub(super) fn filled(&self) -> impl Iterator<Item = Line<'a>> + '_ {
        self.lines.iter().copied().filter(|line| {
            let text = line.text.trim();
            !text.is_empty() && !text.chars().all(|letter| letter == '-')
        })
    }

    /// All lines as they stand in the file.
    pub(super) fn text(&self) -> String {
        let lines: Vec<&str> = self.lines.iter().map(|line| line.text).collect();
        lines.join("\n").trim_matches('\n').to_owned()
    }
}

/// The sections of a file in their order.
pub(super) fn sections<'a>(text: &'a str, notes: &mut Notes) -> Vec<Section<'a>> {
    let mut sections: Vec<Section> = Vec::new();
    let mut part = None;
    let mut open = false;
    for (index, raw) in text.lines().enumerate() {
        let line = Line {
            number: index + 1,
            text: raw.trim_start_matches('\u{feff}').trim_end(),
        };
        let level = line.text.chars().take_while(|&mark| mark == '#').count();
        let title = line.text[level..].trim();
        match level {
            2 => {
                open = false;
                part = if title.contains("拨打") {
                    Some(Part::Agent)
                } else if title.contains("接听") {
                    Some(Part::Customer)
                } else {
                    notes.loss(
                        line.number,
                        &format!("`{title}` is neither party of the call"),
                        "it was left out",
                    );
                    None
                };
            }
            3 => {
                open = part.is_some();
                let Some(part) = part else {
                    notes.loss(
                        line.number,
                        &format!("`{title}` belongs to no party"),
                        "it was left out",
                    );
                    continue;
                };
                let topic = TOPICS
                    .iter()
                    .find(|(of, beginning, _)| *of == part && title.starts_with(beginning))
                    .map_or(Topic::Unknown, |(_, _, topic)| *topic);
                if topic == Topic::Unknown {
                    notes.loss(
                        line.number,
                        &format!("`{title}` is no known section"),
                        "it is in `[source]` only",
                    );
                }
                sections.push(Section {
                    part,
                    topic,
                    title,
                    line: line.number,
                    lines: Vec::new(),
                });
            }
            _ => match sections.last_mut().filter(|_| open) {
                Some(section) => section.lines.push(line),
                None if line.text.is_empty() => {}
                None => notes.loss(line.number, "text outside any section", "it was left out"),
            },
        }
    }
    sections
}

/// A line taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// Line, from 1.
    pub(super) line: usize,
    /// Columns of white space before it.
    pub(super) indent: usize,
    /// What it begins with.
    pub(super) marker: Marker,
    /// All of it was emphasised.
    pub(super) bold: bool,
    /// The text, without marker and emphasis.
    pub(super) text: String,
}

/// What a line begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    None,
    Bullet,
    Number(usize),
    Heading,
}

impl Item {
    pub(super) fn of(line: Line) -> Self {
        let body = line.text.trim_start();
        let before = &line.text[..line.text.len() - body.len()];
        let indent = before
            .chars()
            .map(|space| if space == '\t' { 4 } else { 1 })
            .sum();
        let (mut marker, rest) = marker(body);
        let bold = rest.starts_with("**") || body.starts_with("**");
        let mut text = plain(rest);
        // `**1. title**`: the number is inside the emphasis.
        if marker == Marker::None && bold {
            let inner = text.clone();
            let (found, title) = self::marker(&inner);
            marker = found;
            text = title.trim().to_owned();
        }
        Self {
            line: line.number,
            indent,
            marker,
            bold,
            text,
        }
    }
}

/// Without emphasis; three and more stars hide something, as in a telephone number.
pub(super) fn plain(text: &str) -> String {
    let hidden = text.replace("****", "XXXX").replace("***", "XXX");
    hidden.replace('*', "").trim().to_owned()
}

fn marker(body: &str) -> (Marker, &str) {
    if body.starts_with('#') {
        return (Marker::Heading, body.trim_start_matches('#').trim_start());
    }
    if let Some(rest) = body.strip_prefix(['-', '•', '·', '+']) {
        return (Marker::Bullet, rest.trim_start());
    }
    if let Some(rest) = body.strip_prefix("* ") {
        return (Marker::Bullet, rest.trim_start());
    }
    let rest = body.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let digits = &body[..body.len() - rest.len()];
    if let Some(after) = rest.strip_prefix(['.', '、', ')', '）', '．'])
        && (1..=2).contains(&digits.len())
        && !after.starts_with(|letter: char| letter.is_ascii_digit())
        && let Ok(number) = digits.parse()
    {
        return (Marker::Number(number), after.trim_start());
    }
    (Marker::None, body)
}

/// The text behind one of `labels` and its colon; an empty one when the line is the label alone. What stands in
/// brackets between label and colon is passed over.
pub(super) fn after_label<'a>(text: &'a str, labels: &[&str]) -> Option<&'a str> {
    let rest = labels.iter().find_map(|label| text.strip_prefix(label))?;
    let mut rest = rest
        .trim_start_matches(|letter: char| letter.is_ascii_digit())
        .trim_start();
    if let Some((_, after)) = rest
        .strip_prefix(['（', '('])
        .and_then(|inner| inner.split_once(['）', ')']))
    {
        rest = after;
    }
    if rest.is_empty() {
        return Some(rest);
    }
    rest.strip_prefix([':', '：']).map(str::trim_start)
}

/// Pairs of marks around what is said.
const QUOTES: &[(char, char)] = &[('“', '”'), ('「', '」'), ('『', '』'), ('"', '"')];

/// Whether a text holds any of the marks around what is said.
pub(super) fn has_quote(text: &str) -> bool {
    text.contains(|letter| QUOTES.iter().any(|(open, _)| *open == letter))
}

/// The quoted text at the beginning of `text`, what follows it, and whether it was closed.
pub(super) fn leading_quote(text: &str) -> Option<(&str, &str, bool)> {
    let first = text.chars().next()?;
    let (open, close) = *QUOTES.iter().find(|(open, _)| *open == first)?;
    let body = &text[open.len_utf8()..];
    let mut depth = 1;
    for (at, letter) in body.char_indices() {
        if letter == close {
            depth -= 1;
        } else if letter == open {
            depth += 1;
        }
        if depth == 0 {
            return Some((
                body[..at].trim(),
                body[at + close.len_utf8()..].trim(),
                true,
            ));
        }
    }
    Some((body.trim(), "", false))
}

/// Without the quotes around the whole of it.
pub(super) fn unquoted(text: &str) -> &str {
    match leading_quote(text) {
        Some((inner, "", _)) => inner,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(text: &str) -> (usize, Marker, String) {
        let item = Item::of(Line { number: 1, text });
        (item.indent, item.marker, item.text)
    }

    #[test]
    fn every_spelling_of_a_list_line_is_taken_apart() {
        for (line, expected) in [
            ("1. **核对**", (0, Marker::Number(1), "核对")),
            ("**2. 核对**", (0, Marker::Number(2), "核对")),
            ("#### 核对", (0, Marker::Heading, "核对")),
            ("   - “您好。”", (3, Marker::Bullet, "“您好。”")),
            ("    -「您好。」", (4, Marker::Bullet, "「您好。」")),
            ("- *如对方打断：*", (0, Marker::Bullet, "如对方打断：")),
            ("**问题1**：多久？", (0, Marker::None, "问题1：多久？")),
            ("3.5折", (0, Marker::None, "3.5折")),
        ] {
            assert_eq!(
                item(line),
                (expected.0, expected.1, expected.2.to_owned()),
                "{line}"
            );
        }
    }

    #[test]
    fn quotes_nest_and_may_stay_open() {
        assert_eq!(
            leading_quote("“回复“一”即可。”再见"),
            Some(("回复“一”即可。", "再见", true))
        );
        assert_eq!(leading_quote("“没有结尾"), Some(("没有结尾", "", false)));
        assert_eq!(leading_quote("没有引号"), None);
        assert_eq!(unquoted("「好」"), "好");
        assert_eq!(unquoted("“好”，“行”"), "“好”，“行”");
    }

    #[test]
    fn labels_need_a_colon_or_nothing_after_them() {
        assert_eq!(after_label("问：多久？", &["问"]), Some("多久？"));
        assert_eq!(after_label("Q2: 多久？", &["Q"]), Some("多久？"));
        assert_eq!(after_label("话术", &["话术"]), Some(""));
        assert_eq!(after_label("问题多吗？", &["问"]), None);
    }
}
