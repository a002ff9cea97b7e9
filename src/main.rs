//! The `patter` program: parses, runs one command, prints what went wrong, exits.
//!
//! Exit codes: 0 done, 1 ran but found something wrong, 2 could not run.

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the commands are what prints"
)]
mod cli;

use std::process::ExitCode;

/// The system's allocator keeps an arena for each of many threads: a server whose calls begin and end threads grows by
/// a tenth in 10,000 calls.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::run() {
        Ok(code) => code,
        Err(error) => {
            cli::complain(&error);
            ExitCode::from(2)
        }
    }
}
