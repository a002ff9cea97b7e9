//! The rules of slots: what a slot may say, and what a stage may collect.
//!
//! Thread: the one that loads the playbook. In: slots, stages, the line that reads back. Out: broken rules. Memory:
//! short strings, freed on return. Source: ours.

use std::collections::BTreeSet;

use super::{Origin, Slot, SlotType};
use crate::Playbook;
use crate::rules::Report;
use patter_language::text::{find_formatting, normalise, slot_names};
use patter_language::values::MAX_DIGITS;

impl Playbook {
    /// Slots, and the stages that collect them.
    pub(crate) fn check_slot_definitions(&self, report: &mut Report) {
        for (name, slot) in &self.slots {
            let place = format!("slots.{name}");
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
            if !is_name {
                report.add(
                    &place,
                    "the name cannot stand in a line",
                    "use letters, digits and `_`",
                );
            }
            slot.check(&place, report);
        }
        for stage in &self.flow {
            let place = format!("flow.{}.collect", stage.id);
            let mut seen = BTreeSet::new();
            for name in &stage.collect {
                match self.slots.get(name) {
                    None => {
                        let known: Vec<&str> = self.slots.keys().map(String::as_str).collect();
                        let message =
                            format!("there is no slot `{name}`; known: {}", known.join(", "));
                        report.add(
                            &place,
                            message,
                            "add it to `[slots]`, with a `type` and `from = \"caller\"`",
                        );
                    }
                    Some(slot) if slot.from != Origin::Caller => {
                        let message = format!("slot `{name}` is not from the caller");
                        report.add(&place, message, "give the slot `from = \"caller\"`");
                    }
                    Some(_) if !seen.insert(name) => {
                        report.add(
                            &place,
                            format!("slot `{name}` is named twice"),
                            "name it once",
                        );
                    }
                    Some(_) => {}
                }
            }
        }
        self.check_confirm_line(report);
    }

    fn check_confirm_line(&self, report: &mut Report) {
        let place = "lines.confirm";
        let asks = self.slots.values().any(|slot| slot.confirm);
        let Some(line) = self.confirm_line() else {
            if asks {
                let message = format!(
                    "a slot has `confirm = true`, and there is no line for it in `{}`",
                    self.language
                );
                report.add(
                    place,
                    message,
                    "write one, with `{value}` where the value is read back",
                );
            }
            return;
        };
        let Some(names) = slot_names(line) else {
            report.add(
                place,
                "a `{` or `}` has no partner",
                "write `{value}` and `{label}`",
            );
            return;
        };
        if let Some(other) = names
            .iter()
            .find(|name| !matches!(**name, "value" | "label"))
        {
            let message = format!("there is no `{other}` here; known: value, label");
            report.add(place, message, "write `{value}` and `{label}`");
        }
        if names.iter().filter(|name| **name == "value").count() != 1 {
            report.add(
                place,
                "the line does not read the value once",
                "write `{value}` where it is read back",
            );
        }
    }
}

impl Slot {
    fn check(&self, place: &str, report: &mut Report) {
        let texts = self
            .choices
            .iter()
            .chain(&self.label)
            .chain([&self.default]);
        for text in texts {
            let brace = text
                .chars()
                .find(|c| matches!(c, '{' | '}') || c.is_control());
            let mark = brace.map(|c| c.escape_debug().to_string());
            if let Some(mark) = mark.or_else(|| find_formatting(text)) {
                report.add(
                    place,
                    format!("`{mark}` cannot be spoken"),
                    "write plain words",
                );
            }
        }
        if self
            .label
            .as_ref()
            .is_some_and(|label| label.trim().is_empty())
        {
            report.add(
                place,
                "`label` is empty",
                "name the slot as a caller would, or leave it out",
            );
        }
        if self.confirm && self.from != Origin::Caller {
            report.add(
                place,
                "`confirm` needs a value of the caller's",
                "give the slot `from = \"caller\"`",
            );
        }
        self.check_choices(place, report);
        match self.digits {
            Some(_) if self.slot_type != SlotType::Digits => {
                report.add(
                    place,
                    "`digits` goes only with `type = \"digits\"`",
                    "leave it out, or change the type",
                );
            }
            Some(count) if count == 0 || count as usize > MAX_DIGITS => {
                let message = format!("`digits` is {count}, from 1 to {MAX_DIGITS} are allowed");
                report.add(place, message, "leave it out when the length is not known");
            }
            _ => {}
        }
    }

    fn check_choices(&self, place: &str, report: &mut Report) {
        if self.slot_type != SlotType::Choice {
            if !self.choices.is_empty() {
                report.add(
                    place,
                    "`choices` goes only with `type = \"choice\"`",
                    "leave it out, or change the type",
                );
            }
            return;
        }
        let normal: BTreeSet<String> = self
            .choices
            .iter()
            .map(|choice| normalise(choice))
            .collect();
        if self.choices.len() < 2 || normal.contains("") {
            report.add(
                place,
                "a choice needs at least two `choices`",
                "list what the caller may choose from",
            );
        } else if normal.len() < self.choices.len() {
            report.add(place, "two `choices` are the same", "leave one out");
        }
        if !self.default.is_empty() && !self.choices.contains(&self.default) {
            let message = format!("`default` is not in `choices`: {}", self.choices.join(", "));
            report.add(place, message, "write it as one of them, or leave it out");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use patter_language::values::SlotKind;
    use patter_types::expect::Expect;

    const FITNESS: &str = include_str!("../../../playbooks/fitness.toml");

    fn with_slots(slots: &str) -> String {
        let (before, after) = FITNESS.split_once("[slots]").unwrap();
        let (_, lines) = after.split_once("# Fixed lines").unwrap();
        format!("{before}[slots]\ncustomer = \"there\"\n{slots}\n# Fixed lines{lines}")
    }

    /// The fitness club's playbook with other slots; it collects a day and a time.
    fn problems(slots: &str) -> Vec<String> {
        let playbook = Playbook::parse(&with_slots(slots), "test").unwrap();
        playbook
            .validate()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    const DAY: &str = "day = { type = \"date\", from = \"caller\" }\n";
    const TIME: &str = "time = { type = \"time\", from = \"caller\" }\n";

    #[test]
    fn a_slot_is_a_default_or_a_table() {
        let text = with_slots(&format!(
            "{DAY}{TIME}plan = {{ type = \"choice\", choices = [\"full\", \"off peak\"], from = \"caller\", confirm = true, label = \"plan\" }}\n\
             pin = {{ type = \"digits\", digits = 4, from = \"caller\" }}"
        ));
        let playbook = Playbook::parse(&text, "test").unwrap();
        assert_eq!(playbook.validate(), []);
        assert_eq!(playbook.slots["customer"], Slot::from("there"));
        assert_eq!(playbook.slots["day"].kind(), SlotKind::Date);
        assert_eq!(
            playbook.slots["pin"].kind(),
            SlotKind::Digits { count: Some(4) }
        );
        assert_eq!(
            playbook.slots["pin"].expect(),
            Expect::Number { digits: Some(4) }
        );
        assert_eq!(playbook.slots["day"].expect(), Expect::Any);
        assert!(playbook.slots["plan"].confirm);
        assert_eq!(playbook.slots["plan"].label("plan"), "plan");
        for slot in playbook.slots.values() {
            let text =
                toml::to_string(&std::collections::BTreeMap::from([("slot", slot)])).unwrap();
            let back: std::collections::BTreeMap<String, Slot> = toml::from_str(&text).unwrap();
            assert_eq!(&back["slot"], slot, "{text}");
        }
    }

    #[test]
    fn each_broken_rule_of_a_slot_is_found() {
        for (slot, expected) in [
            (
                "x = { confirm = true }",
                "`slots.x`: `confirm` needs a value",
            ),
            (
                "x = { choices = [\"a\", \"b\"] }",
                "`choices` goes only with",
            ),
            (
                "x = { type = \"choice\", choices = [\"a\"] }",
                "at least two `choices`",
            ),
            (
                "x = { type = \"choice\", choices = [\"a\", \"A.\"] }",
                "two `choices` are the same",
            ),
            (
                "x = { type = \"choice\", choices = [\"a\", \"b\"], default = \"c\" }",
                "not in `choices`: a, b",
            ),
            ("x = { digits = 4 }", "`digits` goes only with"),
            (
                "x = { type = \"digits\", digits = 99 }",
                "`digits` is 99, from 1 to 30",
            ),
            ("x = { label = \" \" }", "`label` is empty"),
            ("x = \"{y}\"", "`{` cannot be spoken"),
            ("x = \"**bold**\"", "`*` cannot be spoken"),
            ("\"x y\" = \"\"", "the name cannot stand in a line"),
        ] {
            let found = problems(&format!("{DAY}{TIME}{slot}"));
            assert!(
                found.iter().any(|problem| problem.contains(expected)),
                "{slot}: {found:?}"
            );
        }
    }

    #[test]
    fn a_stage_collects_slots_of_the_caller() {
        for (slots, expected) in [
            (
                TIME,
                "`flow.closing.collect`: there is no slot `day`; known: customer, time",
            ),
            (
                &*format!("day = \"\"\n{TIME}"),
                "`flow.closing.collect`: slot `day` is not from the caller",
            ),
        ] {
            let found = problems(slots);
            assert!(found.contains(&expected.to_owned()), "{found:?}");
        }
    }

    #[test]
    fn an_unknown_type_names_the_known_ones() {
        let text = with_slots("day = { type = \"dat\", from = \"caller\" }");
        let error = Playbook::parse(&text, "test").unwrap_err().to_string();
        let line = text
            .lines()
            .position(|line| line.starts_with("day ="))
            .unwrap()
            + 1;
        assert!(error.contains(&format!("line {line}")), "{error}");
        assert!(
            error.contains("`dat`") && error.contains("`yes_no`") && error.contains("`choice`"),
            "{error}"
        );
        let error = Playbook::parse(&with_slots("day = 4"), "test")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("a string (the default), or a table with `type`"),
            "{error}"
        );
        let error = Playbook::parse(&with_slots("day = { typ = \"date\" }"), "test")
            .unwrap_err()
            .to_string();
        assert!(error.contains("`typ`"), "{error}");
    }

    #[test]
    fn values_are_read_back_in_the_playbooks_words() {
        let confirmed = "day = { type = \"date\", from = \"caller\", confirm = true }\ntime = { type = \"time\", from = \"caller\" }";
        let mut playbook = Playbook::parse(&with_slots(confirmed), "test").unwrap();
        playbook.lines.confirm = None;
        let line = playbook.read_back("day", "Tuesday").unwrap();
        assert_eq!(line, "I have Tuesday. Is that right?");
        playbook.lines.confirm = Some("So the {label} is {value}?".into());
        assert_eq!(
            playbook.read_back("day", "{label}").unwrap(),
            "So the day is {label}?"
        );
        for (line, expected) in [
            (
                "Is that right?",
                "`lines.confirm`: the line does not read the value once",
            ),
            (
                "{value} {x}?",
                "`lines.confirm`: there is no `x` here; known: value, label",
            ),
            ("{value?", "`lines.confirm`: a `{` or `}` has no partner"),
        ] {
            playbook.lines.confirm = Some(line.into());
            let found: Vec<String> = playbook
                .validate()
                .iter()
                .map(ToString::to_string)
                .collect();
            assert!(found.contains(&expected.to_owned()), "{found:?}");
        }
        playbook.lines.confirm = None;
        playbook.language = "fi".into();
        let asks = playbook.validate();
        assert!(
            asks.iter().any(|problem| problem.place == "lines.confirm"),
            "{asks:?}"
        );
    }
}
