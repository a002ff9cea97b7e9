//! Finds out that a small model has begun to repeat itself.
//!
//! Thread: `llm`. In: the tokens of a reply. Out: a bool.

/// Longest piece, in tokens, that is looked for as a repetition.
const LONGEST: usize = 24;
/// A piece of fewer tokens than this must come more often.
const SHORT: usize = 4;

/// True when the reply ends in the same piece three times over (short pieces: five times).
pub fn is_looping<T: PartialEq>(tokens: &[T]) -> bool {
    (1..=LONGEST).any(|length| {
        let times = if length < SHORT { 5 } else { 3 };
        if tokens.len() < length * times {
            return false;
        }
        let last = &tokens[tokens.len() - length..];
        tokens
            .rchunks_exact(length)
            .take(times)
            .all(|piece| piece == last)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetition_is_seen_and_prose_is_not() {
        assert!(is_looping(b"well ababababab"));
        assert!(is_looping(b"say it again. again. again."));
        assert!(!is_looping(b"we have three clubs, and three pools"));
        assert!(!is_looping(b"11 1"));
        assert!(is_looping(b"!!!!!"));
    }
}
