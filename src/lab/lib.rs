//! The laboratory: synthetic callers, importers of other formats, scores of transcripts. Nothing of it runs in a call.

pub mod caller;
#[cfg(test)]
mod fuzz;
pub mod import;
pub mod score;
pub mod spelling;
