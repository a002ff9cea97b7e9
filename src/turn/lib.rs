//! Whose turn it is: the conversation as a pure function of what is heard, what engines answer, and time.
//!
//! [`conversation`] is the core: it takes an [`Input`] and the state of the line ([`Now`]), and gives [`Action`]s,
//! which the threads of a call carry out. Within it, [`taking`] decides about the caller's turn, [`agent`] keeps the
//! agent's turns ([`spoken`]), [`endpointing`] finds how long to wait, [`no_input`] watches for dead air, [`keys`]
//! joins keys to entries, [`utterance`] holds the caller's sound, and [`agreement`] tells which of its words will not
//! change any more. [`work`] is what engines are asked and answer.
//!
//! Here belongs whatever decides who may speak. Here may not be: threads, clocks, engines, channels.

pub mod agent;
pub mod agreement;
pub mod conversation;
pub mod endpointing;
pub mod keys;
pub mod no_input;
pub mod spoken;
pub mod taking;
pub mod utterance;
pub mod work;

pub use conversation::{Action, Actions, Conversation, Input, Now, Played};
