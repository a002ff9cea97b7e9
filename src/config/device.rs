//! Microphone and speaker.

use crate::rules::section;

section!(
    /// `[device]`
    DeviceConfig {
        /// Microphone by name; empty for the system's default.
        input: String = String::new(),
        /// Speaker by name; empty for the system's default.
        output: String = String::new(),
        /// Take the agent's own voice out of what the microphone hears.
        echo_cancel: bool = true,
    }
);
