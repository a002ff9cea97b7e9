//! Why a sentence of the language model's is not said.

use serde::Serialize;

/// Why a sentence may not be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A number that nobody gave.
    UngroundedNumber,
    /// A sum of money that nobody gave.
    UngroundedPrice,
    /// A day, a month or a time that nobody gave.
    UngroundedDate,
    /// A percentage that nobody gave.
    UngroundedPercentage,
    /// A phone number that nobody gave.
    UngroundedPhone,
    /// A name that nobody gave.
    UngroundedName,
    /// A promise that the playbook does not make.
    Promise,
    /// Marks, lists, web addresses.
    Formatting,
    /// Instructions to the agent, names of sections and stages.
    PromptLeak,
    /// Something that was to be filled in.
    Placeholder,
    /// A thought about the conversation.
    Thought,
    /// It was said in this turn or in the last two.
    Repetition,
    /// A second question in one turn.
    SeveralQuestions,
    /// Too many words or sentences.
    TooLong,
    /// A word of `terminology.avoid`.
    BannedWord,
    /// The model says that it does not know: an approved line says so better.
    NotKnown,
    /// What the agent is not: a person, or a language model that talks of itself.
    OffPersona,
}
