//! What the caller has been asked for: how long to wait, and how to read the answer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the stage asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Expect {
    /// Nothing in particular.
    #[default]
    Any,
    /// A number or a code.
    Number {
        /// How many digits it has, when that is known.
        #[serde(default)]
        digits: Option<u32>,
    },
    /// An e-mail address.
    Email,
    /// The name of a person.
    Name,
    /// A street address.
    Address,
    /// A yes or a no.
    YesNo,
}
