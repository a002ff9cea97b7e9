//! What the files of the sections share: how a section is declared, and how a value that makes no sense is told.
//!
//! Thread: main. In: a value, its rule and the text of the config. Out: nothing, or an error with the value's line.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::Path;

use super::ConfigError;
use super::renamed::as_written;

/// A section as a struct: every key with its default, and no key beside them.
macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty = $default:expr,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name { $($(#[$field_doc])* pub $field: $kind,)+ }
        impl Default for $name {
            fn default() -> Self { Self { $($field: $default,)+ } }
        }
    };
}
pub(super) use section;

/// Leaves the function with an error unless a key's value lies in the range that `config.toml` names.
macro_rules! within {
    ($table:expr, $section:ident.$key:ident, $range:expr, $unit:literal) => {
        $table.within(stringify!($key), $section.$key, $range, $unit)?
    };
}
pub(super) use within;

/// The config file that is checked.
pub(super) struct File<'a> {
    pub(super) text: &'a str,
    pub(super) path: &'a Path,
}

impl<'a> File<'a> {
    /// One of its sections, by the present name.
    pub(super) fn table(&'a self, section: &'static str) -> Table<'a> {
        Table {
            file: self,
            section,
        }
    }
}

/// A section of the config file that is checked.
pub(super) struct Table<'a> {
    file: &'a File<'a>,
    section: &'static str,
}

impl Table<'_> {
    /// `value` of `key` is not what `rule` says.
    pub(super) fn error(&self, key: &'static str, value: String, rule: String) -> ConfigError {
        let written = as_written(self.file.text, self.section, key, &rule);
        ConfigError::Value {
            path: self.file.path.to_owned(),
            line: written.line,
            section: written.section,
            key: written.key,
            value,
            rule: written.rule,
        }
    }

    /// A number must lie in `range`; see [`within!`], which takes key and value from one field.
    pub(super) fn within<T: PartialOrd + Display>(
        &self,
        key: &'static str,
        value: T,
        range: RangeInclusive<T>,
        unit: &str,
    ) -> Result<(), ConfigError> {
        if range.contains(&value) {
            return Ok(());
        }
        let rule = format!("from {} to {}{unit}", range.start(), range.end());
        Err(self.error(key, value.to_string(), rule))
    }

    /// A text must be one of those that are `known`.
    pub(super) fn one_of(
        &self,
        key: &'static str,
        value: &str,
        known: &[&str],
    ) -> Result<(), ConfigError> {
        if known.contains(&value) {
            return Ok(());
        }
        let rule = format!("one of {}", known.join(", "));
        Err(self.error(key, format!("`{value}`"), rule))
    }
}
