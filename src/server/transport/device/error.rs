//! Why sound cannot go in or out of this machine, and what to try next.
//!
//! In: what failed, with cpal's own error. Out: one line, the cause behind it, a hint. Memory: text, away from the
//! callbacks. When late or full: nothing waits. Source: style.md, "Types and errors".

use std::fmt;

use cpal::{ErrorKind, SampleFormat};
use thiserror::Error;

use super::endpoint::FORMATS;
use patter_audio::resample::ResampleError;

/// Which end of the sound a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Sound comes in.
    Microphone,
    /// Sound goes out.
    Speaker,
}

impl fmt::Display for Direction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Microphone => "microphone",
            Self::Speaker => "speaker",
        })
    }
}

/// One device, as messages call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named(pub Direction, pub String);

impl fmt::Display for Named {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} `{}`", self.0, self.1)
    }
}

/// Why sound cannot go in or out.
#[derive(Debug, Error)]
pub enum DeviceError {
    /// The system's sound service did not answer.
    #[error("cannot ask the system for its sound devices")]
    Host(#[source] cpal::Error),
    /// There is no default device, or nothing works behind it.
    #[error("this machine has no {0} to use by default")]
    NoDevice(Direction, #[source] Option<cpal::Error>),
    /// No device has this name or id; then what would have worked: names, or ids where names repeat.
    #[error("there is no {0}; known: {list}", list = quoted(.1))]
    Unknown(Named, Vec<String>),
    /// The device has a sample format that we do not read or write.
    #[error("{0} has sample format `{1}`; known: {list}", list = quoted(&FORMATS))]
    Format(Named, SampleFormat),
    /// The device's rate cannot be converted.
    #[error("cannot use the rate of {0}")]
    Rate(Named, #[source] ResampleError),
    /// The device exists but does not open or start.
    #[error("cannot open {0}")]
    Open(Named, #[source] cpal::Error),
    /// The device went away, or broke, during the call.
    #[error("lost {0} during the call: {1:?}")]
    Lost(Named, ErrorKind),
}

impl DeviceError {
    /// What to try next, if anything.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Open(_, error) if error.kind() == ErrorKind::DeviceBusy => {
                "close the other program that holds it, or name another device"
            }
            Self::Open(_, error) if error.kind() == ErrorKind::PermissionDenied => {
                "allow this program to use sound devices (on Linux: group `audio`)"
            }
            _ => "`patter devices` lists what this machine has; `patter call --wav` needs none",
        };
        Some(hint.into())
    }
}

fn quoted(names: &[impl fmt::Display]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        "none".into()
    } else {
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let named = Named(Direction::Microphone, "x".into());
        let known = vec!["a".into(), "b c".into()];
        let error = DeviceError::Unknown(named.clone(), known);
        let text = "there is no microphone `x`; known: `a`, `b c`";
        assert_eq!(error.to_string(), text);
        let error = DeviceError::Unknown(named, Vec::new());
        assert_eq!(error.to_string(), "there is no microphone `x`; known: none");
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.contains("patter devices"))
        );
    }
}
