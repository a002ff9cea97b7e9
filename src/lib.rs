//! Patter: a self-contained voice agent. Sound in, words, an answer, sound out, and silence when the caller interrupts.
//!
//! ```text
//! microphone ─ device ┐                                   ┌────── dialogue ───────┐
//!                     ├─► vad ─► turn ◄► asr ─► words ───►│ playbook ► line, or   │
//! AudioSocket, file ──┘           │                       │ llm ► guard           │
//!                                 │ hold, cut, open       └──────────┬────────────┘
//!                                 ▼                                  ▼
//!      speaker, socket, file ◄─ playback ◄─ gate ◄──────────────── tts
//!                                 └─ what was played ─► history, events
//! ```
//!
//! Threads of the program: `llm` ([`llm::engine`]), `embed` and `learn` ([`llm::embedder`]), and for a server `accept`
//! ([`transport::audiosocket::server`]), `books` ([`call::books`], while playbooks are learnt), `records`
//! ([`records`]), `http` ([`serve`]) and `machine` ([`contention`]). Of each call: `listen`, `hear`, `think`
//! ([`call`]), `events` ([`events`]), and those of its transport: `socket-in`, `socket-out`, `record`, or the device's
//! two callbacks and `device-pump` ([`transport::device`]). Only the callbacks must be real-time; the other threads of
//! sound are, where the system lets them ([`priority`]).
//!
//! The modules in the order the sound flows: [`audio`], [`transport`], [`vad`], [`turn`], [`asr`], [`dialogue`],
//! [`llm`], [`tts`], [`call`]; beside them [`caller`] (a synthetic one), [`capacity`], [`clock`], [`config`],
//! [`contention`], [`cores`], [`distance`], [`load`], [`events`], [`records`], [`models`], [`priority`], [`private`],
//! [`serve`], [`hint`], [`log`].
//!
//! Where to change what: a new engine is a file in its step's folder; a new way for sound to come in, a file in `transport`; a rule of interruption, `turn`;
//! what may be said, the playbook; a command, a file in `cli`.

pub mod asr;
pub mod audio;
pub mod call;
pub mod caller;
pub mod capacity;
pub mod clock;
pub mod config;
pub mod contention;
pub mod cores;
pub mod dialogue;
pub mod distance;
pub mod events;
#[cfg(test)]
mod fuzz;
pub mod hint;
pub mod llm;
pub mod load;
pub mod log;
pub mod models;
pub mod priority;
pub mod private;
pub mod records;
pub mod serve;
pub mod transport;
pub mod tts;
pub mod turn;
pub mod vad;
