//! What Patter asks of the operating system: cores for models, priorities for threads, files that only it can read,
//! what neighbours take, and the operator's log.
//!
//! Here may not be: anything that knows of calls, sound or words.

pub mod capacity;
pub mod contention;
pub mod cores;
pub mod hardware;
pub mod log;
pub mod priority;
pub mod private;
pub mod quiet;
