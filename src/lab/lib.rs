//! The laboratory: synthetic callers, benches, evaluations, importers of other formats, fuzzing.
//!
//! Here belongs what measures calls or makes material for them. Here may not be: anything that runs in a call.

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "figures on stdout and progress on stderr are what it is for"
)]
pub mod bench;
pub mod caller;
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "figures on stdout and progress on stderr are what it is for"
)]
pub mod eval;
#[cfg(test)]
mod fuzz;
pub mod import;
pub mod report;
pub mod score;
pub mod spelling;
