//! Sentences as vectors: alike in direction when they mean alike.

/// A text's meaning as a direction: its length is 1.
pub type Vector = Box<[f32]>;

/// Makes vectors of texts; those of texts that mean alike have a high cosine.
pub trait Embed: Send + Sync {
    /// The vectors of texts to learn from, in their order; may take seconds. `None` when the engine has failed.
    fn learn(&self, texts: &[&str]) -> Option<Vec<Vector>>;

    /// The same for texts that nobody waits for: their vectors are made and kept for [`Embed::learn`], behind all other
    /// work. False when the engine has failed.
    fn learn_behind(&self, texts: &[&str]) -> bool {
        self.learn(texts).is_some()
    }

    /// The vector of what a caller said, in a few ms; `None` when the engine is late or has failed.
    fn vector(&self, text: &str) -> Option<Vector>;
}
