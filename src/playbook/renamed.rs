//! Keys that had another name in former versions: files that use it are still read, and `patter playbook lint` tells.
//!
//! Thread: any, before a call · In: the [`Places`] of a file · Out: a [`Problem`] for all of its former names, or the
//! table that has a key by both names · Memory: short strings · Source: the aliases in [`super::sections`].

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Places, Problem};

/// A key that was renamed.
pub(super) struct Renamed {
    /// Its former name.
    pub(super) from: &'static str,
    /// Its name.
    pub(super) to: &'static str,
    /// The sections whose tables have it.
    sections: &'static [&'static str],
}

/// All of them, as serde's aliases have them.
pub(super) const RENAMED: [Renamed; 4] = [
    Renamed {
        from: "like",
        to: "examples",
        sections: &["flow", "objections", "facts", "intents", "unknown"],
    },
    Renamed {
        from: "goodbye_like",
        to: "goodbye_examples",
        sections: &["compliance"],
    },
    Renamed {
        from: "opt_out_like",
        to: "opt_out_examples",
        sections: &["compliance"],
    },
    Renamed {
        from: "bridge",
        to: "filler",
        sections: &["lines"],
    },
];

/// A key of the file that has its former name.
struct Former {
    /// The table that holds it, such as `facts.price`.
    table: String,
    /// Where it is in the text, in bytes.
    at: usize,
    /// Where the same table has it by its present name too.
    twin: Option<usize>,
    key: &'static Renamed,
}

impl Places<'_> {
    /// One doubt for all keys of the file that have their former name, at the first of them.
    pub fn renamed(&self) -> Option<Problem> {
        let found = self.former();
        let first = found.first()?;
        let others = RENAMED.iter().filter(|renamed| {
            let is_here = found.iter().any(|former| former.key.from == renamed.from);
            is_here && renamed.from != first.key.from
        });
        let mut message = format!("`{}` is called `{}` now", first.key.from, first.key.to);
        for other in others {
            message += &format!(", and `{}` is called `{}`", other.from, other.to);
        }
        let hint = match found.len() {
            1 => "rename it; the former name is still read".to_owned(),
            count => format!("rename it in {count} places; the former name is still read"),
        };
        Some(Problem {
            place: format!("{}.{}", first.table, first.key.from),
            message,
            hint,
        })
    }

    /// The first table that has a key by both of its names: where the second is, in bytes, and what to say about it.
    pub(super) fn doubled(&self) -> Option<(usize, String)> {
        let found = self.former().into_iter();
        let mut doubled = found.filter_map(|former| Some((former.at.max(former.twin?), former)));
        let (at, Former { table, key, .. }) = doubled.next()?;
        let Renamed { from, to, .. } = key;
        let message =
            format!("`{table}` has both `{to}` and `{from}`, its former name: put all in `{to}`");
        Some((at, message))
    }

    /// Every key that has its former name, in the order of the text.
    fn former(&self) -> Vec<Former> {
        let mut found = Vec::new();
        for key in &RENAMED {
            for (name, table) in key.sections.iter().flat_map(|section| self.tables(section)) {
                found.extend(former_in(table, key, name));
            }
        }
        found.sort_by_key(|former| former.at);
        found
    }

    /// The tables of a section with their places: one, or one for each entry.
    fn tables(&self, section: &str) -> Vec<(String, &DeTable<'_>)> {
        match self.table.get(section).map(Spanned::get_ref) {
            Some(DeValue::Table(table)) => vec![(section.to_owned(), table)],
            Some(DeValue::Array(entries)) => {
                let tables = entries.iter().enumerate().filter_map(|(index, entry)| {
                    let table = entry.get_ref().as_table()?;
                    let id = table.get("id").and_then(|id| id.get_ref().as_str());
                    let name = id.map_or_else(
                        || format!("{section}[{index}]"),
                        |id| format!("{section}.{id}"),
                    );
                    Some((name, table))
                });
                tables.collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What the parser says of an unknown key, without the former names among those that it expects.
pub(super) fn without_former(message: &str) -> String {
    let mut message = message.to_owned();
    if message.starts_with("unknown field") {
        for Renamed { from, .. } in &RENAMED {
            for joint in [", ", " or "] {
                message = message.replace(&format!("{joint}`{from}`"), "");
            }
        }
    }
    message
}

/// `key` by its former name in `table`, which `name` names.
fn former_in(table: &DeTable<'_>, key: &'static Renamed, name: String) -> Option<Former> {
    let place_of = |name: &str| {
        let mut keys = table.keys().filter(|known| **known.get_ref() == *name);
        keys.next().map(|known| known.span().start)
    };
    Some(Former {
        at: place_of(key.from)?,
        twin: place_of(key.to),
        table: name,
        key,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Playbook;

    const FITNESS: &str = include_str!("../../playbooks/fitness.toml");

    /// The shipped playbook with every key by its former name.
    fn before() -> String {
        let keys = RENAMED.map(|key| (format!("\n{} = ", key.to), format!("\n{} = ", key.from)));
        keys.iter().fold(FITNESS.to_owned(), |text, (to, from)| {
            assert!(text.contains(to), "{to}");
            text.replace(to, from)
        })
    }

    fn line_of(text: &str, start: &str) -> usize {
        text.lines()
            .position(|line| line.starts_with(start))
            .unwrap()
            + 1
    }

    #[test]
    fn a_file_with_the_former_names_is_the_same_playbook() {
        let (then, now) = (
            Playbook::parse(&before(), "then"),
            Playbook::parse(FITNESS, "now"),
        );
        let (then, now) = (then.unwrap(), now.unwrap());
        assert_eq!(then, now);
        let written = then.to_toml().unwrap();
        assert_eq!(Places::new(&written).renamed(), None);
        assert_eq!(written.matches("_examples = [").count(), 2);
    }

    #[test]
    fn the_former_names_of_a_file_are_one_doubt() {
        let text = before();
        let places = Places::new(&text);
        let doubt = places.renamed().unwrap();
        assert_eq!(
            doubt.to_string(),
            "`flow.discovery.like`: `like` is called `examples` now, and `goodbye_like` is called \
             `goodbye_examples`, and `opt_out_like` is called `opt_out_examples`, and `bridge` is called `filler`"
        );
        assert_eq!(places.line(&doubt.place), Some(line_of(&text, "like = [")));
        assert!(doubt.hint.starts_with("rename it in "), "{}", doubt.hint);
        for (text, place) in [
            ("[[facts]]\nwhen = []\nlike = []\n", "facts[0].like"),
            ("unknown = { like = [] }", "unknown.like"),
            ("[compliance]\nopt_out_like = []", "compliance.opt_out_like"),
            ("lines.bridge = \"One moment.\"", "lines.bridge"),
        ] {
            let doubt = Places::new(text).renamed().unwrap();
            assert_eq!(
                (doubt.place.as_str(), &doubt.hint[..10]),
                (place, "rename it;")
            );
        }
    }

    #[test]
    fn the_names_are_free_where_nothing_was_renamed() {
        for text in [
            FITNESS,
            "[slots]\nlike = \"\"",
            "[terminology.say]\nlike = \"such as\"",
            "flow = 3",
            "= no TOML",
        ] {
            assert_eq!(Places::new(text).renamed(), None, "{text}");
        }
    }

    #[test]
    fn a_problem_has_the_line_of_the_former_name() {
        let text = before();
        let places = Places::new(&text);
        let line = places.line("compliance.opt_out_examples");
        assert_eq!(line, Some(line_of(&text, "opt_out_like = [")));
        assert_eq!(
            places.line("facts.parking.examples"),
            places.line("facts.parking.like")
        );
        assert_ne!(
            places.line("facts.parking.examples"),
            places.line("facts.parking")
        );
    }

    #[test]
    fn no_former_name_is_among_those_that_are_expected() {
        for (from, to, expected) in [
            (
                "\nexamples = [",
                "\nexample = [",
                "`enter_on`, `examples`, `ask`",
            ),
            (
                "\nopt_out_examples = [",
                "\nopt_out = [",
                "`goodbye_examples`, `opt_out_examples`",
            ),
            (
                "[unknown]\n",
                "[unknown]\nliked = []\n",
                "`liked`, expected `examples`",
            ),
            ("\nfiller = ", "\nfill = ", "`gone`, `filler`, `trouble`"),
        ] {
            assert!(FITNESS.contains(from), "{from}");
            let error = Playbook::parse(&FITNESS.replacen(from, to, 1), "test").unwrap_err();
            let message = error.to_string();
            assert!(
                message.contains(expected)
                    && !RENAMED
                        .iter()
                        .any(|key| message.contains(&format!("`{}`", key.from))),
                "{message}"
            );
        }
    }

    #[test]
    fn both_names_of_the_filler_are_an_error() {
        let both = "\nbridge = \"One moment.\"\nfiller = ";
        let text = FITNESS.replacen("\nfiller = ", both, 1);
        let error = Playbook::parse(&text, "test").unwrap_err().to_string();
        let expected =
            "`lines` has both `filler` and `bridge`, its former name: put all in `filler`";
        assert!(error.ends_with(expected), "{error}");
    }

    #[test]
    fn both_names_in_one_table_are_an_error_at_the_second() {
        for (first, second) in [("like", "examples"), ("examples", "like")] {
            let both = format!(
                "[[intents]]\nid = \"chat\"\n{first} = [\"hello\"]\n{second} = [\"hi\"]\n\n[[facts]]"
            );
            let text = FITNESS.replacen("[[facts]]", &both, 1);
            let line = line_of(&text, &format!("{second} = [\"hi\"]"));
            assert_eq!(
                Playbook::parse(&text, "test").unwrap_err().to_string(),
                format!(
                    "playbook `test`, line {line}, column 1: `intents.chat` has both `examples` and `like`, its former \
                     name: put all in `examples`"
                )
            );
        }
    }
}
