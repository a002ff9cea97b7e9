//! Where a call's sound enters and leaves.
//!
//! A transport owns the [`LineEnds`](patter_call::line::LineEnds) of a call: it hands over heard frames and asks for a
//! frame to play every 20 ms. It knows nothing of what is said. One whose connections are calls of a server implements
//! [`Transport`](crate::session::Transport), and [`session`](crate::session) does the rest.

pub mod audiosocket;
pub mod device;
pub mod file;
