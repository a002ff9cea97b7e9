//! Speech to text by Whisper, the end of a turn by Smart Turn, text to speech by espeak-ng and Piper.
//!
//! Here belongs a file for each engine that hears or speaks, and the table of voices by name. Here may not be: what is
//! done with words or sound.

pub mod cascade;
pub mod espeak;
pub mod piper;
mod plausible;
mod runtime;
pub mod smart_turn;
pub mod voices;
pub mod whisper;
