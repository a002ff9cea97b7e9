//! Texts of a scenario as a voice may read them: placeholders become slots, dates and ranges words, stage directions
//! stay silent.
//!
//! Thread: any · In: a text · Out: the text for [`Playbook`], and the slots it needs · Memory: the slots · Source:
//! ours, after what stands in the files of OutboundEval (arXiv 2510.21244): XX, ××, X元, [区间], 【…】, ${name}, ……, 3-5分钟,
//! 2025-01-01.
//!
//! [`Playbook`]: patter_playbook::Playbook

use std::collections::BTreeMap;

use super::notes::Notes;
use super::reading::{in_words, pauses, without_asides};
use super::sentences::begun;
use patter_language::text::{crosses, is_ideograph};

/// Longest part of a slot's name, in characters.
pub(super) const MAX_NAME: usize = 12;

/// What a number counts: two gaps before the same of these are two numbers, so each gets its own slot.
const MEASURES: &[char] = &[
    '元', '天', '年', '月', '日', '号', '点', '次', '个', '期', '万', '分', '%', '％',
];

/// The slots that the texts need, each with its default.
#[derive(Debug, Default)]
pub(super) struct Slots {
    /// Default by name; an empty one must be filled before a line with it is spoken.
    pub(super) values: BTreeMap<String, String>,
    customer: Option<String>,
}

/// The slot of the customer's name.
const CUSTOMER: &str = "customer";

impl Slots {
    /// From now on `name` in a spoken line is the slot `customer`.
    pub(super) fn call_customer(&mut self, name: &str) {
        self.values.insert(CUSTOMER.to_owned(), name.to_owned());
        self.customer = Some(name.to_owned());
    }

    /// `text` for a voice.
    pub(super) fn spoken(&mut self, text: &str, line: usize, notes: &mut Notes) -> String {
        let (text, had_aside) = without_asides(text);
        if had_aside {
            notes.add(
                line,
                "a remark in brackets in a spoken line",
                "it is not spoken",
            );
        }
        let mut text = self.with_slots(&text, line, notes);
        text.retain(|letter| !"“”‘’「」『』\"'`*#_＿|<>[]【】〔〕•\t\n".contains(letter));
        let mut text = in_words(&pauses(&text, true));
        if let Some(name) = &self.customer {
            text = text.replace(name.as_str(), &format!("{{{CUSTOMER}}}"));
        }
        begun(&text).trim_end().to_owned()
    }

    /// `text` for the model or for people.
    pub(super) fn written(&mut self, text: &str, line: usize, notes: &mut Notes) -> String {
        let text = self.with_slots(text, line, notes);
        let text = text
            .replace(['[', ']', '【', '】', '〔', '〕', '＿'], "")
            .replace("__", "");
        pauses(&text, false).trim().to_owned()
    }

    /// `text` without its placeholders, for what must always be complete.
    pub(super) fn complete(text: &str) -> String {
        let mut slots = Self::default();
        let text = slots.written(text, 1, &mut Notes::default());
        slots
            .values
            .keys()
            .fold(text, |text, name| text.replace(&format!("{{{name}}}"), ""))
    }

    /// Whether a text waits for a value.
    pub(super) fn waits(&self, text: &str) -> bool {
        let mut rest = text;
        while let Some((name, after)) = rest
            .split_once('{')
            .and_then(|(_, tail)| tail.split_once('}'))
        {
            if self.values.get(name).is_none_or(String::is_empty) {
                return true;
            }
            rest = after;
        }
        false
    }

    fn with_slots(&mut self, text: &str, line: usize, notes: &mut Notes) -> String {
        let mut done = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(gap) = next_gap(rest) {
            let (before, tail) = rest.split_at(gap.start);
            let after = &tail[gap.end - gap.start..];
            done.push_str(before);
            if gap.inner.starts_with(['如', '若']) {
                notes.add(
                    line,
                    &format!("`{}` says when, not what", gap.inner),
                    "it is not spoken",
                );
            } else {
                let name = self.name(gap.inner, &done, after);
                notes.add(
                    line,
                    &format!("`{}` is a placeholder", &rest[gap.start..gap.end]),
                    &format!("it is the slot `{{{name}}}`, without which the line is not spoken"),
                );
                done.push_str(&format!("{{{name}}}"));
                self.values.entry(name).or_default();
            }
            rest = after;
        }
        done.push_str(rest);
        // What is left of braces is no slot.
        let mut clean = String::with_capacity(done.len());
        let mut tail = done.as_str();
        while let Some(at) = tail.find(['{', '}']) {
            clean.push_str(&tail[..at]);
            let known = tail[at..]
                .strip_prefix('{')
                .and_then(|inner| inner.split_once('}'))
                .filter(|(name, _)| self.values.contains_key(*name));
            match known {
                Some((name, after)) => {
                    clean.push_str(&format!("{{{name}}}"));
                    tail = after;
                }
                None => tail = &tail[at + 1..],
            }
        }
        clean.push_str(tail);
        clean
    }

    /// A name for a gap: what stands in it, else what follows, else what it follows.
    fn name(&self, inner: &str, before: &str, after: &str) -> String {
        let short = |text: String| text.chars().take(MAX_NAME).collect::<String>();
        let letters = |text: &str| -> String {
            let text = text.replace(['/', '／'], "或");
            text.chars()
                .filter(|letter| letter.is_alphanumeric() && !"xXｘＸ".contains(*letter))
                .collect()
        };
        let own = letters(inner);
        if !own.is_empty() {
            return short(own);
        }
        let next: String = after
            .chars()
            .take_while(|&letter| is_ideograph(letter))
            .take(2)
            .collect();
        let first = after.chars().next();
        if let Some(measure) = first.filter(|letter| MEASURES.contains(letter)) {
            return self.numbered(if measure == '%' || measure == '％' {
                '比'
            } else {
                measure
            });
        }
        let last: Vec<char> = before
            .chars()
            .rev()
            .take_while(|&letter| is_ideograph(letter))
            .take(4)
            .collect();
        let last: String = last.into_iter().rev().collect();
        let wraps = !inner.is_empty() || next.is_empty();
        match (wraps, last.is_empty(), next.is_empty()) {
            (true, false, _) => last,
            (_, _, false) => next,
            _ => self.numbered('值'),
        }
    }

    fn numbered(&self, kind: char) -> String {
        (1..)
            .map(|number| format!("{kind}{number}"))
            .find(|name| !self.values.contains_key(name))
            .unwrap_or_default()
    }
}

/// A place where a word was left open, in bytes.
struct Gap<'a> {
    start: usize,
    end: usize,
    /// What stands between its brackets.
    inner: &'a str,
}

/// The first gap of a text.
fn next_gap(text: &str) -> Option<Gap<'_>> {
    const BRACKETS: &[(&str, char)] = &[
        ("${", '}'),
        ("{", '}'),
        ("[", ']'),
        ("【", '】'),
        ("〔", '〕'),
        ("［", '］'),
    ];
    let bracket = BRACKETS.iter().filter_map(|(open, close)| {
        let start = text.find(open)?;
        let inner = &text[start + open.len()..];
        let length = inner.find(*close)?;
        Some(Gap {
            start,
            end: start + open.len() + length + close.len_utf8(),
            inner: &inner[..length],
        })
    });
    let cross = crosses(text).map(|(start, end)| Gap {
        start,
        end,
        inner: "",
    });
    let lines = ["__", "＿"].iter().filter_map(|sign| {
        let start = text.find(sign)?;
        let after = text[start..].trim_start_matches(['_', '＿']);
        Some(Gap {
            start,
            end: text.len() - after.len(),
            inner: "",
        })
    });
    bracket
        .chain(cross)
        .chain(lines)
        .min_by_key(|gap| gap.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(text: &str) -> String {
        Slots::default().spoken(text, 1, &mut Notes::default())
    }

    #[test]
    fn no_placeholder_is_left_to_be_spoken() {
        for (text, expected) in [
            ("您用过XX品牌吗？", "您用过{品牌}品牌吗？"),
            ("订单[单号XXXX]已发出。", "订单{单号}已发出。"),
            ("因为[天气/道路]延误。", "因为{天气或道路}延误。"),
            ("是${deptname}部门吗？", "是{deptname}部门吗？"),
            ("利息××元，共xx元。", "利息{元1}元，共{元2}元。"),
            (
                "登记：时间【xx】、地址【xx】。",
                "登记：时间{时间}、地址{地址}。",
            ),
            ("您的登记号xxx，请记下。", "您的登记号{的登记号}，请记下。"),
            ("【如忙】您好。", "您好。"),
            ("没有{关上。", "没有关上。"),
        ] {
            assert_eq!(spoken(text), expected);
        }
    }

    #[test]
    fn what_is_read_is_in_words() {
        for (text, expected) in [
            ("“预计2025-01-01前送达。”", "预计2025年1月1日前送达。"),
            ("01-05前，只要3-5分钟。", "1月5日前，只要3到5分钟。"),
            ("短信/微信都可以，20元/天。", "短信或微信都可以，20元每天。"),
            ("拨400-800-1234。", "拨400-800-1234。"),
            ("我是李明（已报姓名），您好。", "我是李明，您好。"),
            ("页面、通知……还是其它？", "页面、通知，还是其它？"),
            ("回复‘取消’即可……", "回复取消即可。"),
        ] {
            assert_eq!(spoken(text), expected);
        }
    }

    #[test]
    fn customer_is_a_slot_with_a_default() {
        let mut slots = Slots::default();
        slots.call_customer("赵敏");
        let text = slots.spoken("您好，赵敏女士。", 1, &mut Notes::default());
        assert_eq!(text, "您好，{customer}女士。");
        assert!(!slots.waits(&text));
    }
}
