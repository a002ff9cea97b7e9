//! Puts settings into the text of a config, and leaves the rest as its owner wrote it: comments, order, other values.
//!
//! Pure. In: the text, the settings, which values may be replaced. Out: the new text, and what was done. A value that
//! somebody chose stays, unless `may_replace` says otherwise. Source: TOML, by `toml_edit`.

use std::path::Path;

use toml::Value;
use toml_edit::{DocumentMut, Item, Table};

use crate::{Config, ConfigError, parse};

/// A value that was, or would have been, changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The key with its tables, as in `asr.model`.
    pub key: String,
    /// What was there.
    pub before: Value,
    /// What is wanted.
    pub wanted: Value,
}

/// A config with other settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Edited {
    /// The whole text.
    pub text: String,
    /// What is changed.
    pub changed: Vec<Change>,
    /// What stays, because its owner chose it.
    pub kept: Vec<Change>,
}

/// Puts `settings` into `text`. A value that is not the default is replaced only where `may_replace` knows its key and
/// it. `path` is for messages.
///
/// # Errors
/// `text` is no sound config, or would not be one with the settings.
pub fn apply(
    text: &str,
    path: &Path,
    settings: &toml::Table,
    may_replace: impl Fn(&str, &Value) -> bool,
) -> Result<Edited, ConfigError> {
    let now = table_of(&parse(text, path)?);
    let default = table_of(&Config::default());
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        ConfigError::parse(text, path, error.span(), error.message())
    })?;
    let mut edited = Edited {
        text: String::new(),
        changed: Vec::new(),
        kept: Vec::new(),
    };
    let mut wanted = Vec::new();
    leaves(settings, &mut Vec::new(), &mut wanted);
    for (key, value) in wanted {
        let name = key.join(".");
        let before = at(&now, &key).cloned().unwrap_or_else(|| "".into());
        if before == value {
            continue;
        }
        let is_default = at(&default, &key) == Some(&before);
        let change = Change {
            key: name.clone(),
            before,
            wanted: value,
        };
        if is_default || may_replace(&name, &change.before) {
            put(document.as_table_mut(), &key, &change.wanted);
            edited.changed.push(change);
        } else {
            edited.kept.push(change);
        }
    }
    edited.text = document.to_string();
    parse(&edited.text, path)?;
    Ok(edited)
}

fn table_of(config: &Config) -> toml::Table {
    // Every setting has a form in TOML: the tests write the defaults so.
    let mut table = toml::Table::try_from(config).unwrap_or_default();
    table.iter_mut().for_each(|(_, value)| shorten(value));
    table
}

/// Settings are kept with 32 bits: what is -0.8 in a file must not be -0.800000012 here.
fn shorten(value: &mut Value) {
    match value {
        Value::Float(number) => {
            let short = (*number as f32).to_string();
            *number = short.parse().unwrap_or(*number);
        }
        Value::Table(table) => table.iter_mut().for_each(|(_, value)| shorten(value)),
        _ => {}
    }
}

/// All values below `table` with their keys.
fn leaves(table: &toml::Table, above: &mut Vec<String>, into: &mut Vec<(Vec<String>, Value)>) {
    for (key, value) in table {
        above.push(key.clone());
        match value {
            Value::Table(table) => leaves(table, above, into),
            value => into.push((above.clone(), value.clone())),
        }
        above.pop();
    }
}

fn at<'a>(table: &'a toml::Table, key: &[String]) -> Option<&'a Value> {
    let (last, tables) = key.split_last()?;
    let mut here = table;
    for name in tables {
        here = here.get(name)?.as_table()?;
    }
    here.get(last)
}

fn put(table: &mut Table, key: &[String], value: &Value) {
    let Some((last, tables)) = key.split_last() else {
        return;
    };
    let mut here: &mut dyn toml_edit::TableLike = table;
    for name in tables {
        let is_new = here.get(name).is_none();
        let entry = here
            .entry(name)
            .or_insert_with(|| Item::Table(Table::new()));
        if is_new && let Some(table) = entry.as_table_mut() {
            // `[tts]` need not stand there for `[tts.piper]` to do so.
            table.set_implicit(true);
        }
        match entry.as_table_like_mut() {
            Some(table) => here = table,
            // The config was sound: a section is a table.
            None => return,
        }
    }
    let new: toml_edit::Value = match value {
        Value::Integer(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Boolean(is_so) => (*is_so).into(),
        Value::String(text) => text.as_str().into(),
        other => other.to_string().parse().unwrap_or_else(|_| "".into()),
    };
    match here.get_mut(last).and_then(Item::as_value_mut) {
        Some(old) => {
            // Comments behind a value are its owner's.
            let decor = old.decor().clone();
            *old = new;
            *old.decor_mut() = decor;
        }
        None => {
            here.insert(last, Item::Value(new));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> toml::Table {
        toml::from_str(text).unwrap()
    }

    fn edited(text: &str, wanted: &str) -> Edited {
        apply(
            text,
            Path::new("config.toml"),
            &settings(wanted),
            |_, before| before.as_str() == Some("from-a-set.bin"),
        )
        .unwrap()
    }

    const WANTED: &str =
        "[asr]\nmodel = \"new.bin\"\ntimestamps = true\n[tts.piper]\nvoice = \"joe.onnx\"\n";

    #[test]
    fn comments_and_other_values_stay() {
        let text = "# Mine.\n[asr] # hearing\nmodel = \"from-a-set.bin\" # the one\nthreads = 3\n";
        let edited = edited(text, WANTED);
        assert_eq!(
            edited.text,
            "# Mine.\n[asr] # hearing\nmodel = \"new.bin\" # the one\nthreads = 3\ntimestamps = true\n\n\
             [tts.piper]\nvoice = \"joe.onnx\"\n"
        );
        assert_eq!(edited.changed.len(), 3);
        assert!(edited.kept.is_empty());
    }

    #[test]
    fn what_somebody_chose_stays_and_is_told() {
        let text = "[asr]\nmodel = \"my-own.bin\"\n";
        let edited = edited(text, WANTED);
        assert!(edited.text.contains("model = \"my-own.bin\""));
        let kept: Vec<&str> = edited
            .kept
            .iter()
            .map(|change| change.key.as_str())
            .collect();
        assert_eq!(kept, ["asr.model"]);
        assert_eq!(edited.kept[0].wanted.as_str(), Some("new.bin"));
    }

    #[test]
    fn numbers_with_a_point_are_the_same_in_32_bits() {
        let wanted = "[asr]\nsure_logprob = -0.8\n";
        let text = edited("", wanted).text;
        let again = edited(&text, wanted);
        assert_eq!((again.changed, again.kept), (vec![], vec![]));
    }

    #[test]
    fn the_same_again_changes_nothing_and_an_empty_text_gets_all() {
        let once = edited("", WANTED);
        assert_eq!(once.changed.len(), 3);
        let twice = edited(&once.text, WANTED);
        assert_eq!((twice.text, twice.changed.len()), (once.text, 0));
    }

    #[test]
    fn the_shipped_file_keeps_every_line_but_those() {
        let shipped = include_str!("../../config.toml");
        let edited = edited(shipped, WANTED);
        let differ = shipped
            .lines()
            .zip(edited.text.lines())
            .filter(|(a, b)| a != b);
        assert_eq!(differ.count(), 3);
        assert_eq!(shipped.lines().count(), edited.text.lines().count());
    }

    #[test]
    fn tables_in_a_line_and_dotted_keys_are_found() {
        let text = "tts = { engine = \"piper\", piper = { speaker = 3 } }\nasr.threads = 1\n";
        let edited = edited(text, WANTED);
        let config = parse(&edited.text, Path::new("config.toml")).unwrap();
        assert_eq!(config.tts.piper.voice, Path::new("joe.onnx"));
        assert_eq!(config.tts.piper.speaker, 3);
        assert_eq!((config.asr.threads, config.asr.timestamps), (1, true));
    }

    #[test]
    fn a_config_that_is_not_sound_is_left_alone() {
        let path = Path::new("config.toml");
        let wanted = settings(WANTED);
        assert!(apply("[asr\n", path, &wanted, |_, _| true).is_err());
        assert!(apply("[asr]\nthreads = 0\n", path, &wanted, |_, _| true).is_err());
        let impossible = settings("[asr]\nthreads = 9000\n");
        assert!(apply("", path, &impossible, |_, _| true).is_err());
    }
}
