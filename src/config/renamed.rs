//! Keys and tables that had another name in former versions: files that use it are still read.
//!
//! Thread: main. In: a config's text, what the parser says. Out: names and lines as the file has them, messages that
//! recommend no former name. Memory: the parsed text. Source: the aliases of the sections.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use patter_types::text::line_and_column;

/// A key or a table that was renamed.
struct Renamed {
    /// The table that has it.
    section: &'static str,
    /// Its former name.
    from: &'static str,
    /// Its name.
    to: &'static str,
}

/// All of them, as serde's aliases have them. No two have one name, present or former.
const RENAMED: [Renamed; 7] = [
    renamed("turn", "patience", "endpointing"),
    renamed("turn", "hold_ms", "agent_pause_ms"),
    renamed("turn", "cancel_ms", "interrupt_ms"),
    renamed("turn", "remind_ms", "no_input_ms"),
    renamed("turn", "reminders", "reprompts"),
    renamed("turn", "bridge_ms", "filler_ms"),
    renamed("load", "nothing_ahead_at", "no_speculation_at"),
];

const fn renamed(section: &'static str, from: &'static str, to: &'static str) -> Renamed {
    Renamed { section, from, to }
}

/// What the parser says, without the former names among those that it expects; a key by both of its names is told of.
pub(super) fn message_of(message: &str) -> String {
    for Renamed { section, from, to } in &RENAMED {
        if message == format!("duplicate field `{to}`") {
            return format!(
                "`{section}` has both `{to}` and `{from}`, its former name: keep only `{to}`"
            );
        }
    }
    let message = message.replace('\n', ", ");
    // What comes before is the file's own: a former name in a wrong table is named there.
    match message.split_once(", expected ") {
        Some((unknown, expected)) => {
            let present = RENAMED.iter().fold(expected.to_owned(), |names, key| {
                names.replace(&format!(", `{}`", key.from), "")
            });
            format!("{unknown}, expected {present}")
        }
        None => message,
    }
}

/// A setting as the file has it.
pub(super) struct Written {
    /// Its table.
    pub section: String,
    /// Its key.
    pub key: &'static str,
    /// From 1; 0 where the file does not have it.
    pub line: usize,
    /// Its rule, with the names of other keys as the file has them.
    pub rule: String,
}

/// How `text` names the `key` of `section`, which must be as `rule` says.
pub(super) fn as_written(text: &str, section: &str, key: &'static str, rule: &str) -> Written {
    let file = DeTable::parse(text).map(Spanned::into_inner);
    let mut table = file.as_ref().ok();
    let mut names = Vec::new();
    let mut present = String::new();
    for name in section.split('.') {
        let (written, value) = find(table, &present, name);
        table = value.and_then(|value| value.get_ref().as_table());
        names.push(written);
        present += if present.is_empty() { "" } else { "." };
        present += name;
    }
    let (written, value) = find(table, section, key);
    let line = value.map_or(0, |value| line_and_column(text, value.span().start).0);
    let others = RENAMED.iter().filter(|other| {
        other.section == section && table.is_some_and(|table| table.contains_key(other.from))
    });
    Written {
        section: names.join("."),
        key: written,
        line,
        rule: others.fold(rule.to_owned(), |rule, key| rule.replace(key.to, key.from)),
    }
}

/// What `table`, which is `[section]`, holds under the present name `name` or its former one, and the name that it has
/// there.
fn find<'n, 't, 'i>(
    table: Option<&'t DeTable<'i>>,
    section: &str,
    name: &'n str,
) -> (&'n str, Option<&'t Spanned<DeValue<'i>>>) {
    let former = RENAMED
        .iter()
        .filter(|key| key.section == section && key.to == name)
        .map(|key| key.from);
    [name]
        .into_iter()
        .chain(former)
        .find_map(|name| Some((name, Some(table?.get(name)?))))
        .unwrap_or((name, None))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{Config, ConfigError, parse};

    const SHIPPED: &str = include_str!("../../config.toml");

    fn parsed(text: &str) -> Result<Config, ConfigError> {
        parse(text, Path::new("config.toml"))
    }

    fn error_of(text: &str) -> String {
        parsed(text).unwrap_err().to_string()
    }

    /// The shipped file by former names alone.
    fn before() -> String {
        let of_key = |to: &str, from: &str| (format!("\n{to} = "), format!("\n{from} = "));
        RENAMED.iter().fold(SHIPPED.to_owned(), |text, key| {
            let (to, from) = match key.to {
                "endpointing" => ("[turn.endpointing".into(), "[turn.patience".into()),
                to => of_key(to, key.from),
            };
            assert!(text.contains(&to), "{to}");
            text.replace(&to, &from)
        })
    }

    #[test]
    fn a_file_with_the_former_names_gives_the_same_settings() {
        assert_eq!(parsed(&before()).unwrap(), Config::default());
        let now = "[turn]\nagent_pause_ms = 90\ninterrupt_ms = 710\nno_input_ms = 7010\nreprompts = 3\n\
                   filler_ms = 1810\n[turn.endpointing.number]\nreading_ms = 1400\n\
                   [load]\nno_speculation_at = 0.76\n";
        let then = RENAMED
            .iter()
            .fold(now.to_owned(), |text, key| text.replace(key.to, key.from));
        assert_eq!(parsed(&then).unwrap(), parsed(now).unwrap());
        assert_ne!(parsed(now).unwrap(), Config::default());
        // Call files hold the settings in JSON.
        let mut json = serde_json::to_string(&parsed(now).unwrap()).unwrap();
        for Renamed { from, to, .. } in &RENAMED {
            let name = format!("\"{to}\":");
            assert_eq!(json.matches(&name).count(), 1, "{to}");
            json = json.replace(&name, &format!("\"{from}\":"));
        }
        assert_eq!(
            serde_json::from_str::<Config>(&json).unwrap(),
            parsed(now).unwrap()
        );
    }

    #[test]
    fn a_message_names_a_table_as_the_file_does() {
        assert_eq!(
            error_of("[turn.patience.email]\nunclear_ms = 9000\n"),
            "config `config.toml` line 2: `turn.patience.email.unclear_ms` is 9000, but must be from 100 to 5000 ms"
        );
        let error = parsed("[ turn.patience ]\nmin_ms = 50\n").unwrap_err();
        let hint = error.hint().unwrap();
        assert!(hint.contains("`min_ms` under `[turn.patience]`"), "{hint}");
        let dotted = error_of("[turn]\npatience.min_ms = 50\n");
        assert!(
            dotted.contains("line 2: `turn.patience.min_ms` is 50"),
            "{dotted}"
        );
    }

    #[test]
    fn a_message_names_a_key_as_the_file_does() {
        for (text, expected) in [
            (
                "[turn]\nhold_ms = 9000\n",
                "line 2: `turn.hold_ms` is 9000, but must be from 60 to 2000 ms (from start_ms)",
            ),
            (
                "[turn]\nhold_ms = 100\ncancel_ms = 90\n",
                "line 3: `turn.cancel_ms` is 90, but must be from 100 to 5000 ms (from hold_ms)",
            ),
            (
                "[turn]\nhold_ms = 100\ninterrupt_ms = 90\n",
                "line 3: `turn.interrupt_ms` is 90, but must be from 100 to 5000 ms (from hold_ms)",
            ),
            (
                "[turn]\n\nremind_ms = 700000\n",
                "line 3: `turn.remind_ms` is 700000, but must be from 0 to 600000 ms",
            ),
            (
                "turn = { reminders = 21 }\n",
                "line 1: `turn.reminders` is 21, but must be from 0 to 20",
            ),
            (
                "turn.bridge_ms = 1\n",
                "line 1: `turn.bridge_ms` is 1, but must be from 300 to 60000 ms",
            ),
            (
                "[turn]\nbridge_ms = 9100\n",
                "line 0: `turn.apology_ms` is 9000, but must be from 9100 to 120000 ms (from bridge_ms)",
            ),
            (
                "[load]\nnothing_ahead_at = 3.5\n",
                "line 2: `load.nothing_ahead_at` is 3.5, but must be from 0.4 to 2 (from few_partials_at)",
            ),
            (
                "[load]\nno_speculation_at = 3.5\n",
                "line 2: `load.no_speculation_at` is 3.5, but must be from 0.4 to 2 (from few_partials_at)",
            ),
        ] {
            let error = error_of(text);
            assert_eq!(error, format!("config `config.toml` {expected}"), "{text}");
        }
    }

    #[test]
    fn no_former_name_is_among_those_that_are_expected() {
        for section in ["turn", "load"] {
            let unknown = error_of(&format!("[{section}]\nunheard_of = 1\n"));
            for key in &RENAMED {
                let named = |name: &str| unknown.contains(&format!("`{name}`"));
                assert!(!named(key.from), "{unknown}");
                assert_eq!(named(key.to), key.section == section, "{unknown}");
            }
        }
        let elsewhere = error_of("[vad]\nhold_ms = 80\n");
        assert!(
            elsewhere.contains("unknown field `hold_ms`, expected one of `aggressiveness`"),
            "{elsewhere}"
        );
    }

    #[test]
    fn both_names_at_once_are_told_of() {
        assert_eq!(
            error_of("[turn.patience]\nmin_ms = 200\n[turn.endpointing]\nmin_ms = 200\n"),
            "config `config.toml` line 1, column 2: `turn` has both `endpointing` and `patience`, its former name: \
             keep only `endpointing`"
        );
        for Renamed { section, from, to } in RENAMED.iter().skip(1) {
            let error = error_of(&format!("[{section}]\n{from} = 1\n{to} = 1\n"));
            let expected = format!(
                "`{section}` has both `{to}` and `{from}`, its former name: keep only `{to}`"
            );
            assert!(error.ends_with(&expected), "{error}");
        }
    }
}
