//! What a playbook may hold by its rules, and still a caller would stumble over: dead ends, doubtful goals, numbers
//! that disagree.
//!
//! These checks weigh words, so they may be wrong where [`Playbook::validate`] is not; a playbook that fails them can
//! be used.
//!
//! Thread: any, before a call · In: a parsed [`Playbook`] · Out: [`Problem`]s · Memory: short strings ·
//! Source: failure modes "ambiguous objectives" and "inconsistent facts" of arXiv 2509.04871.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::Report;
use super::{Playbook, Problem};
use patter_language::pack;
use patter_language::sentence::Sentences;
use patter_language::text::normalise;
use patter_types::line::LineId;

impl Playbook {
    /// What [`Playbook::validate`] lets through and is doubtful all the same, in the order of the file's sections.
    pub fn doubts(&self) -> Vec<Problem> {
        let mut report = Report::default();
        self.check_language(&mut report);
        self.check_goal(&mut report);
        self.check_reach(&mut report);
        self.check_numbers(&mut report);
        self.check_uninterruptible(&mut report);
        report.0
    }

    /// What understands days, times and numbers is found by the language's code.
    fn check_language(&self, report: &mut Report) {
        let mut parts = self.language.split('-');
        let is_short = |part: &str| (2..=3).contains(&part.len());
        let first = parts.next().unwrap_or_default();
        let is_code = is_short(first) && first.bytes().all(|b| b.is_ascii_lowercase());
        let is_whole =
            parts.all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()));
        if !(is_code && is_whole) {
            let message = format!("`{}` is no code of a language", self.language);
            report.add(
                "language",
                message,
                "write `en` for English, `zh` for Chinese (ISO 639)",
            );
        }
    }

    /// One call, one goal: a model that is given two follows neither.
    fn check_goal(&self, report: &mut Report) {
        let goal = &self.role.goal;
        let words = format!(" {} ", normalise(goal));
        let mut joints = pack::all().flat_map(|pack| &pack.writing.second_goals);
        let second = joints.find(|joint| words.contains(&format!(" {joint} ")));
        let hint = "keep the one result that makes the call a success";
        if let Some(joint) = second {
            let message = format!("`{joint}` joins a second goal to the first");
            report.add("role.goal", message, hint);
        } else if goal.contains([';', '；']) || Sentences::whole(goal).len() > 1 {
            report.add("role.goal", "there are several goals", hint);
        }
    }

    /// Every stage can be entered, and who always agrees comes to the end.
    fn check_reach(&self, report: &mut Report) {
        let index_of = |id: &str| self.flow.iter().position(|stage| stage.id == id);
        let after = |at: usize| {
            let stage = self.flow.get(at)?;
            index_of(&self.stage_after(&stage.id)?.id)
        };
        let by_phrase = |at: &usize| self.flow.get(*at).is_some_and(|s| !s.enter_on.is_empty());
        let mut open: Vec<usize> = (0..self.flow.len())
            .filter(|at| *at == 0 || by_phrase(at))
            .collect();
        let mut reached = BTreeSet::new();
        while let Some(at) = open.pop() {
            if reached.insert(at) {
                open.extend(after(at));
            }
        }
        for (_, stage) in (self.flow.iter().enumerate()).filter(|(at, _)| !reached.contains(at)) {
            report.add(
                &format!("flow.{}", stage.id),
                "no phrase and no other stage leads here",
                "give it `enter_on`, name it in the `next` of a stage, or leave it out",
            );
        }
        let last = self.flow.len().saturating_sub(1);
        let mut passed = BTreeSet::from([0]);
        let mut at = 0;
        while at != last
            && let Some(next) = after(at)
        {
            if !passed.insert(next) {
                let message = "a caller who agrees every time is led round in a circle";
                let hint = "let `next` name a later stage";
                let place = self.flow.get(at).map_or("", |stage| &stage.id);
                report.add(&format!("flow.{place}.next"), message, hint);
                break;
            }
            at = next;
        }
    }

    /// A number with the unit of a fact is a fact's number, wherever it is said.
    fn check_numbers(&self, report: &mut Report) {
        let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for fact in &self.facts {
            if let (Some(value), Some(unit)) = (fact.value, &fact.unit) {
                let of_unit = values.entry(normalise(unit)).or_default();
                of_unit.insert(normalise(&value.to_string()));
            }
        }
        for (place, text, _) in self.texts() {
            // A caller may be wrong, and a unit has no number.
            if place.ends_with(".caller") || place.ends_with(".unit") {
                continue;
            }
            for (number, unit) in numbers(&normalise(text), &values) {
                let known = &values[unit];
                if !known.contains(&number) {
                    let known: Vec<&str> = known.iter().map(String::as_str).collect();
                    let message = format!(
                        "`{number} {unit}` is in no fact; in facts: {}",
                        known.join(", ")
                    );
                    let hint = "say the fact's number, or add a fact for this one";
                    report.add(&place, message, hint);
                }
            }
        }
    }

    /// A notice that is marked by a place that is not there can be cut off.
    fn check_uninterruptible(&self, report: &mut Report) {
        let mut known: BTreeSet<String> = BTreeSet::new();
        for (place, _, purpose) in self.texts() {
            if purpose.is_spoken() && !place.contains('[') {
                // A fact and a line of the script are named without the key of their words.
                let entry = place
                    .strip_suffix(".say")
                    .filter(|entry| entry.starts_with("facts.") || entry.starts_with("script."));
                known.insert(entry.unwrap_or(&place).to_owned());
            }
        }
        for objection in &self.objections {
            let numbers = 1..=objection.say.len();
            let tactics = numbers.map(|number| LineId::Tactic {
                objection: objection.id.clone(),
                number,
            });
            known.extend(tactics.map(|tactic| tactic.to_string()));
        }
        let marks = self.compliance.uninterruptible.iter().enumerate();
        for (index, mark) in marks.filter(|(_, mark)| !known.contains(*mark)) {
            let place = format!("compliance.uninterruptible[{index}]");
            let line = mark.parse::<LineId>().map(|line| line.to_string());
            if let Some(line) = line.ok().filter(|line| known.contains(line)) {
                let message = format!("`{mark}` is called `{line}` now");
                report.add(&place, message, "rename it; the former name is still read");
                continue;
            }
            report.add(
                &place,
                format!("there is no line `{mark}`"),
                "name lines as `facts.ID`, `script.ID`, `flow.ID.ask`, `objections.ID.1` or `lines.NAME`",
            );
        }
    }
}

/// Each number in `words` that one of the units follows; of several units, the longest.
fn numbers<'u, T>(words: &str, units: &'u BTreeMap<String, T>) -> Vec<(String, &'u str)> {
    let is_number = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    let mut found = Vec::new();
    let mut number: Vec<&str> = Vec::new();
    let mut rest = words;
    while !rest.is_empty() {
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        if is_number(&word) {
            number.push(word);
        } else {
            let follows = |unit: &&String| {
                let after = rest.strip_prefix(unit.as_str());
                after.is_some_and(|after| after.is_empty() || after.starts_with(' '))
            };
            let unit = units.keys().filter(follows).max_by_key(|unit| unit.len());
            if let (Some(unit), false) = (unit, number.is_empty()) {
                found.push((number.join(" "), unit.as_str()));
            }
            number.clear();
        }
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const FITNESS: &str = include_str!("../../playbooks/fitness.toml");

    /// Doubts after the shipped playbook was changed in one place.
    fn doubts(from: &str, to: &str) -> Vec<String> {
        assert!(FITNESS.contains(from), "{from}");
        let playbook = Playbook::parse(&FITNESS.replacen(from, to, 1), "test").unwrap();
        playbook.doubts().iter().map(Problem::to_string).collect()
    }

    #[test]
    fn shipped_playbooks_are_beyond_doubt() {
        for (name, text) in crate::tests::SHIPPED {
            assert_eq!(Playbook::parse(text, name).unwrap().doubts(), [], "{name}");
        }
    }

    #[test]
    fn each_doubt_is_found() {
        for (from, to, expected) in [
            (
                "Book a free trial session on",
                "Sell a membership. Book a free trial session on",
                "`role.goal`: there are several goals",
            ),
            (
                "the caller picks.",
                "the caller picks, and also learn the address.",
                "`role.goal`: `and also` joins a second goal to the first",
            ),
            (
                "enter_on = [\"it depends\", \"actually no\", \"actually i changed my mind\"]",
                "enter_on = []",
                "`flow.objection`: no phrase and no other stage leads here",
            ),
            (
                "next = \"closing\"",
                "next = \"discovery\"",
                "`flow.pitch.next`: a caller who agrees every time is led round in a circle",
            ),
            (
                "language = \"en\"",
                "language = \"english\"",
                "`language`: `english` is no code of a language",
            ),
            (
                "language = \"en\"",
                "language = \"en \"",
                "`language`: `en ` is no code of a language",
            ),
            (
                "agent = \"It's 29 dollars a month,",
                "agent = \"It's 31 dollars a month,",
                "`examples[0].agent`: `31 dollars a month` is in no fact; in facts: 19, 22, 29, 59",
            ),
            (
                "We need 14 days of notice",
                "We need 14 days",
                "`facts.cancel.say`: `14 days` is in no fact; in facts: 30",
            ),
            (
                "goodbye_on = [",
                "uninterruptible = [\"facts.price\", \"fact.cancel\", \"objections.price.2\", \"flow.pitch.ask\"]\ngoodbye_on = [",
                "`compliance.uninterruptible[1]`: there is no line `fact.cancel`",
            ),
            (
                "goodbye_on = [",
                "uninterruptible = [\"lines.bridge\"]\ngoodbye_on = [",
                "`compliance.uninterruptible[0]`: `lines.bridge` is called `lines.filler` now",
            ),
        ] {
            assert_eq!(doubts(from, to), [expected], "{to}");
        }
    }

    #[test]
    fn numbers_go_with_the_longest_unit_that_follows() {
        let units = ["days", "days of notice", "价元"].map(|unit| (normalise(unit), ()));
        let units = BTreeMap::from(units);
        let found = |text: &str| numbers(&normalise(text), &units);
        assert_eq!(
            found("14 days of notice"),
            [("14".into(), "days of notice")]
        );
        assert_eq!(
            found("from 9.5 days, to 5 days"),
            [("9 5".into(), "days"), ("5".into(), "days")]
        );
        assert_eq!(found("5 daysies, 7 more days, days"), []);
        assert_eq!(found("29 价元"), [("29".into(), "价元")]);
    }
}
