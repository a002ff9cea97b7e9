//! What travels between the rooms of Patter: plain values without threads, files or engines.
//!
//! Here belongs what two rooms must agree on: the events of a call, its clock, what is asked of the caller, what a call
//! came to. Here may not be: anything that does something.

pub mod chat;
pub mod clock;
pub mod event;
pub mod expect;
pub mod load;
pub mod outcome;
pub mod reason;
pub mod text;
pub mod urgency;
pub mod why;
