//! Which work goes before which.

/// Who waits for a pass of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// A caller.
    Interactive,
    /// Nobody yet: it may turn out to be of no use.
    Speculative,
}
