//! Patter: a self-contained voice agent. Sound in, words, an answer, sound out, and silence when the caller interrupts.
//!
//! ```text
//! microphone ─ device ┐                                   ┌────── dialogue ───────┐
//!                     ├─► vad ─► turn ◄► asr ─► words ───►│ playbook ► line, or   │
//! AudioSocket, file ──┘           │                       │ llm ► guard           │
//!                                 │ pause, interrupt      └──────────┬────────────┘
//!                                 ▼                                  ▼
//!      speaker, socket, file ◄─ playback ◄─ gate ◄──────────────── tts
//!                                 └─ what was played ─► history, events
//! ```
//!
//! Each room is a package of its own under `src`, so that the compiler holds their order: a room uses those above it in
//! this list, and never one below.
//!
//! | Room | What belongs there |
//! |------|--------------------|
//! | [`types`] | Plain values that travel between rooms: events, clock, chat messages, outcomes. |
//! | [`language`] | What is known of languages: words, numbers, dates, names, the sound of a turn that is not over. |
//! | [`config`] | Every setting of `config.toml`, with its default and range. |
//! | [`machine`] | What is asked of the operating system: cores, priorities, private files, neighbours, the log. |
//! | [`audio`] | Frames, levels, rates, sound files, voice activity. |
//! | [`playbook`] | What the agent may say, and when: the file, its rules, its doubts. |
//! | [`engine`] | What an engine has to bring: traits for recogniser, language model, voice, embedder. |
//! | [`dialogue`] | Text in, what to say out; the guard. |
//! | [`turn`] | Whose turn it is. |
//! | [`models`] | Model files: what they are, and how they are fetched. |
//! | [`llm`], [`speech`] | The engines: llama.cpp; whisper.cpp, espeak-ng, Piper. The only C++. |
//! | [`call`] | One conversation: the threads and rings that join the steps. It knows no engine by name. |
//! | [`records`] | Calls that were, in a file that survives a kill. |
//! | [`server`] | Where calls come from and who watches them: AudioSocket, microphone, HTTP. |
//! | [`assembly`] | Which engines a config names, loaded and put together. |
//! | [`lab`] | Synthetic callers, benches, evaluations, importers, fuzzing. Nothing of it runs in a call. |
//! | `cli` | The commands; only they print. |
//!
//! [`types`], [`language`], [`playbook`], [`dialogue`] and [`turn`] are pure functions of their input and of time; all
//! up to [`turn`] builds and tests in seconds without C++.
//!
//! # Where to change what
//!
//! - A second recogniser, or a voice: a file in [`speech`] that implements the trait of [`engine::recognise`] or
//!   [`engine::voice`], its section in [`config`], a line in [`assembly`].
//! - A language model behind an API: a file in [`llm`] that implements [`engine::chat::ChatModel`], a line in
//!   [`assembly`].
//! - A way for sound to come in (`chan_websocket`, a browser's page): a folder in [`server::transport`] that implements
//!   [`server::session::Transport`].
//! - Who gets a place, what is recorded of a call, how it is controlled: [`server::session`].
//! - A rule of interruption or endpointing: [`turn`].
//! - A language: a file in `src/language/packs`, a row in [`language::pack`]. The guard, retrieval and the classifier
//!   read English words only so far.
//! - How something written is read aloud: [`language::spoken`], and the `[spoken]` tables of the packs.
//! - What may be said: the playbook; what is done with it: [`dialogue`].
//! - A simulator or another experiment: [`lab`].
//! - A command: a file in `src/cli`.
//!
//! # Threads
//!
//! Of the program: `llm` ([`llm::engine`]), `embed` and `learn` ([`llm::embedder`]), and for a server `accept`
//! ([`server::transport::audiosocket::server`]), `playbooks` and `lines` ([`call`], while playbooks are learnt and
//! their lines spoken ahead), `records` ([`records`]), `http` and `lookup` ([`server::http`]) and `machine`
//! ([`machine::contention`]); `print` writes a command's lines. Of each call: `controller`, `transcriber`, `responder`
//! ([`call`]), `events` ([`call::journal`]), and those of its transport: `socket-in`, `socket-out`, or the device's two
//! callbacks ([`server::transport::device`]); a server's call also has `record` ([`server::session`]). Only the
//! callbacks must be real-time; the other threads of sound are, where the system lets them ([`machine::priority`]).

pub use patter_assembly as assembly;
pub use patter_audio as audio;
pub use patter_call as call;
pub use patter_config as config;
pub use patter_dialogue as dialogue;
pub use patter_engine as engine;
pub use patter_lab as lab;
pub use patter_language as language;
pub use patter_llm as llm;
pub use patter_machine as machine;
pub use patter_models as models;
pub use patter_playbook as playbook;
pub use patter_records as records;
pub use patter_server as server;
pub use patter_speech as speech;
pub use patter_turn as turn;
pub use patter_types as types;
