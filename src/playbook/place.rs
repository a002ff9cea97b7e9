//! From a place as [`super::Problem`] names it to its line in the file.
//!
//! Thread: any · In: TOML text, places such as `facts.price.say` or `examples[0].agent` · Out: lines, from 1 ·
//! Memory: the parsed text · Source: the spans of the TOML parser.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::renamed::RENAMED;
use patter_types::text::line_and_column;

/// The places of one file.
pub struct Places<'a> {
    text: &'a str,
    pub(super) table: DeTable<'a>,
}

impl<'a> Places<'a> {
    /// Reads the places of `text`; a text that is no TOML has none.
    pub fn new(text: &'a str) -> Self {
        let table = DeTable::parse(text).map(Spanned::into_inner);
        Self {
            text,
            table: table.unwrap_or_default(),
        }
    }

    /// The line of `place`, or of as much of it as there is. An entry of a list goes by its `id`, or by its number in
    /// brackets.
    pub fn line(&self, place: &str) -> Option<usize> {
        let (name, rest) = place.split_at(place.find(['.', '[']).unwrap_or(place.len()));
        let value = self.table.get(name)?;
        Some(line_and_column(self.text, offset(value, rest)).0)
    }
}

/// Where in the text `rest` of a place is, seen from `value`, in bytes.
fn offset(value: &Spanned<DeValue<'_>>, rest: &str) -> usize {
    let here = value.span().start;
    let deeper = match (value.get_ref(), rest.strip_prefix('.')) {
        (DeValue::Array(entries), None) => rest
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
            .and_then(|(number, rest)| Some((entries.get(number.parse::<usize>().ok()?)?, rest))),
        (DeValue::Array(entries), Some(rest)) => {
            let with_id = entries
                .iter()
                .filter_map(|entry| Some((entry.get_ref().get("id")?.get_ref().as_str()?, entry)));
            longest(with_id, rest)
        }
        (DeValue::Table(table), Some(rest)) => {
            let keys = table.iter().map(|(key, value)| (&**key.get_ref(), value));
            // A problem names a key as it is called now, a file may have its former name.
            let former = || {
                let keys = RENAMED
                    .iter()
                    .filter_map(|key| Some((key.to, table.get(key.from)?)));
                longest(keys, rest)
            };
            longest(keys, rest).or_else(former)
        }
        _ => None,
    };
    deeper.map_or(here, |(value, rest)| offset(value, rest))
}

/// The value with the longest name that `rest` begins with, for names may hold dots, and what comes after the name.
fn longest<'n, 'r, T>(
    named: impl Iterator<Item = (&'n str, T)>,
    rest: &'r str,
) -> Option<(T, &'r str)> {
    named
        .filter_map(|(name, value)| {
            let after = rest.strip_prefix(name)?;
            let whole = after.is_empty() || after.starts_with(['.', '[']);
            whole.then_some((value, after))
        })
        .min_by_key(|(_, after)| after.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "title = \"x\"\n\n[role]\nname = \"a\"\n[persona]\nstyle = [\n  \"b\",\n  \"c\",\n]\n[[flow]]\nid = \"one\"\nask = \"1\"\n[[flow]]\nid = \"one.more\"\nask = \"2\"\nenter_on = [\"d\",\n\"e\"]\n";

    #[test]
    fn a_place_has_the_line_of_its_value() {
        let places = Places::new(TEXT);
        for (place, line) in [
            ("title", 1),
            ("role", 3),
            ("role.name", 4),
            ("persona.style", 6),
            ("persona.style[1]", 8),
            ("flow.one.ask", 12),
            ("flow.one.more.ask", 15),
            ("flow.one.more.enter_on[1]", 17),
        ] {
            assert_eq!(places.line(place), Some(line), "{place}");
        }
    }

    #[test]
    fn what_is_not_there_has_the_line_of_what_it_would_be_in() {
        let places = Places::new(TEXT);
        assert_eq!(places.line("flow.one.next"), places.line("flow.one"));
        assert_eq!(places.line("persona.style[9]"), Some(6));
        assert_eq!(places.line("persona.style[x"), Some(6));
        assert_eq!(places.line("lines.opening"), None);
        assert_eq!(places.line(""), None);
        assert_eq!(Places::new("title = ").line("title"), None);
    }
}
