//! Patter: a self-contained voice agent.
pub mod asr;
pub mod audio;
pub mod call;
pub mod caller;
pub mod config;
pub mod dialogue;
pub mod events;
pub mod hint;
pub mod llm;
pub mod log;
pub mod models;
pub mod transport;
pub mod tts;
pub mod turn;
pub mod vad;
