//! What an engine has to bring: traits for a recogniser, a language model, a voice and an embedder, and the values that
//! they exchange with calls.
//!
//! Here belongs what every engine of a kind must do, and what all of them share (a cache of spoken lines, the places of
//! words in sound). Here may not be: any engine, any model, any config.

pub mod cache;
pub mod chat;
pub mod embed;
pub mod finish;
pub mod marks;
pub mod recognise;
pub mod store;
pub mod voice;
