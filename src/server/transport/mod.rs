//! Where a call's sound enters and leaves.
//!
//! A transport owns the [`LineEnds`](patter_call::line::LineEnds) of a call: it hands over heard frames and asks for a
//! frame to play every 20 ms. It knows nothing of what is said.

pub mod audiosocket;
pub mod device;
pub mod file;
