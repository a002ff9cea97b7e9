//! How the lines of a playbook are read aloud, where that is not as they are written.
//!
//! Thread: any, before a call · In: a parsed [`Playbook`], the language of the voice · Out: [`LineReading`]s and
//! [`Problem`]s · Memory: short strings.

use super::rules::Report;
use super::{Playbook, Problem};
use patter_language::spoken::spoken;

/// A line that a voice gets in another form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineReading {
    /// Where in the file, as in `facts.price.say`.
    pub place: String,
    /// As it stands there.
    pub written: String,
    /// As the voice gets it.
    pub spoken: String,
}

impl Playbook {
    /// The lines that a voice of `language` gets in another form, in the order of the file's sections.
    pub fn readings(&self, language: &str) -> Vec<LineReading> {
        let lines = self.spoken_lines().map(|(place, written)| LineReading {
            spoken: spoken(written, language).text,
            written: written.to_owned(),
            place,
        });
        lines.filter(|line| line.spoken != line.written).collect()
    }

    /// Places of lines that can be read otherwise than they will be. Nothing is wrong with them, but only who wrote
    /// them knows.
    pub fn spoken_doubts(&self, language: &str) -> Vec<Problem> {
        let mut report = Report::default();
        for (place, written) in self.spoken_lines() {
            let spoken = spoken(written, language);
            for doubt in spoken.doubts {
                let part = written.get(doubt.written).unwrap_or_default();
                let message = format!("`{part}`: {}", doubt.why);
                let hint = "`patter playbook show --format spoken` prints how it is read";
                report.add(&place, message, hint);
            }
        }
        report.0
    }

    fn spoken_lines(&self) -> impl Iterator<Item = (String, &str)> {
        let texts = self.texts().into_iter();
        let spoken = texts.filter(|(_, _, purpose)| purpose.is_spoken());
        spoken.map(|(place, text, _)| (place, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::SHIPPED;

    fn with_price(price: &str) -> Playbook {
        let (name, text) = SHIPPED[0];
        let text = text.replace(
            "It's 29 dollars a month. There is",
            &format!("It's {price}. There is"),
        );
        Playbook::parse(&text, name).unwrap()
    }

    #[test]
    fn lines_that_are_read_otherwise_are_listed() {
        let readings = with_price("$29.50/month").readings("en-us");
        let [reading] = readings.as_slice() else {
            panic!("{readings:?}")
        };
        assert_eq!(reading.place, "facts.price.say");
        assert!(reading.written.starts_with("It's $29.50/month."));
        assert!(
            reading
                .spoken
                .starts_with("It's 29 dollars and 50 cents a month.")
        );
        assert_eq!(with_price("$29.50/month").spoken_doubts("en-us"), []);
    }

    #[test]
    fn lines_that_can_be_read_otherwise_are_doubted() {
        let doubts = with_price("due 5/8").spoken_doubts("en-us");
        assert_eq!(doubts.len(), 1, "{doubts:?}");
        assert_eq!(doubts[0].place, "facts.price.say");
        assert!(doubts[0].message.starts_with("`5/8`"));
    }

    #[test]
    fn shipped_lines_are_written_as_they_are_read() {
        for (name, text) in SHIPPED {
            let playbook = Playbook::parse(text, name).unwrap();
            assert_eq!(playbook.readings("en-us"), [], "{name}");
            assert_eq!(playbook.spoken_doubts("en-us"), [], "{name}");
        }
    }
}
