//! The conversation goes from one stage of the playbook to another.

/// A stage was left, and another entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Id of the stage left; None at the start.
    pub from: Option<String>,
    /// Id of the stage entered.
    pub to: String,
    /// What led there, for people: nothing is decided by it.
    pub why: String,
}
