//! What is known of a language: its words, numbers, dates, times, money and names, and how a turn sounds that is not
//! over.
//!
//! Here belongs whatever reads or compares words, of callers, of the agent and of playbooks. Here may not be: what a
//! playbook says, what a call does. Everything is a pure function of text.

pub mod contractions;
pub mod distance;
pub mod everyday;
pub mod lists;
pub mod numbers;
pub mod pack;
pub mod reading;
pub mod segment;
pub mod sentence;
pub mod spoken;
pub mod stem;
pub mod tables;
pub mod text;
pub mod values;
pub mod words;
