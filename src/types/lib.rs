//! What travels between the rooms of Patter: plain values without threads, files or engines.
//!
//! Here belongs what two rooms must agree on: the events of a call, its clock, what is asked of the caller, how lines
//! and intents are named, what a call came to. Here may not be: anything that does something.

pub mod chat;
pub mod clock;
pub mod event;
pub mod expect;
pub mod free_replies;
pub mod intent;
pub mod line;
pub mod load;
pub mod moves;
pub mod outcome;
pub mod priority;
pub mod reason;
pub mod source;
pub mod text;
pub mod turn;
pub mod unnamed;
pub mod why;
