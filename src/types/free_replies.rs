//! How freely a language model may answer where no approved line fits.

use serde::{Deserialize, Serialize};

/// Which prompt the model gets, if any: a model that cannot follow one must not answer customers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FreeReplies {
    /// The model makes no words: an approved line, or an honest one that says that it is not known.
    #[default]
    Off,
    /// A short prompt, for models of some 100 million parameters.
    Brief,
    /// All facts, what was asked, and how to say that it is not known: for models that follow a prompt.
    Full,
}

impl FreeReplies {
    /// For what looks at the model itself, whether callers may hear it or not.
    pub fn or_brief(self) -> Self {
        match self {
            Self::Off => Self::Brief,
            other => other,
        }
    }
}
