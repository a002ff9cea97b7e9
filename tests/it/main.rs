//! The integration tests, one binary, because the engines link slowly. They need the default models: `scripts/setup.sh`
//! fetches them.

#![expect(
    clippy::unwrap_used,
    reason = "a test that fails may panic, helpers of tests too"
)]

mod audiosocket; // the server against good, strange and hostile peers
mod call; // whole calls over real connections
mod calls; // recorded calls listed, shown, exported, deleted
mod cli; // the program as a user runs it
mod dialogues; // scripted dialogues in writing, compared with snapshots
mod dialplan; // the example dialplan against Asterisk's rules
mod embedding; // the sentence model
mod engines; // Whisper, llama.cpp, espeak-ng and Piper with real models
mod guard; // what a real model invents is not spoken
mod lines; // bad lines, engines that stall
mod network; // no address that the config did not name
mod peers; // peers that mean well and are wrong, networks that stand still
mod playbooks; // playbooks shown, checked, described
mod real_time; // the callbacks allocate nothing
mod resume; // the bench's ear on real voices
mod serving; // call data, last words, signals
mod support; // shared engines, voices, folders
mod training; // the speech model's training, in small
mod turns; // turn-taking on a manual clock
