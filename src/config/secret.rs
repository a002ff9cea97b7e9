//! A setting that is not shown.
//!
//! In: text of the config. Out: nothing but to who asks for it: neither messages nor the settings kept beside a
//! recording hold it. Memory: the text.

use serde::{Deserialize, Serialize, Serializer};

/// See the module.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The fewest and the most characters that [`Self::is_strong`] takes.
    const LENGTHS: std::ops::RangeInclusive<usize> = 16..=256;

    /// Keeps `text`.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// It is long enough not to be guessed, and can stand in an HTTP header: 16 to 256 visible ASCII characters.
    pub fn is_strong(&self) -> bool {
        Self::LENGTHS.contains(&self.0.len()) && self.0.bytes().all(|b| b.is_ascii_graphic())
    }

    /// What is kept.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_empty() {
            "no secret"
        } else {
            "a secret"
        })
    }
}

impl Serialize for Secret {
    /// Always empty: whoever reads the copy must bring their own.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_never_shown() {
        let secret = Secret::new("0123456789abcdef");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"\"");
        assert_eq!(format!("{secret:?}"), "a secret");
        assert_eq!(secret.reveal(), "0123456789abcdef");
    }

    #[test]
    fn short_texts_and_those_that_no_header_can_hold_are_weak() {
        for (text, strong) in [
            ("0123456789abcdef", true),
            ("0123456789abcde", false),
            ("0123456789abc def", false),
            ("0123456789abcdef\n", false),
            ("0123456789abcdéf", false),
        ] {
            assert_eq!(Secret::new(text).is_strong(), strong, "{text:?}");
        }
        assert!(!Secret::new(&"x".repeat(257)).is_strong());
    }
}
