//! Lines said before, as sound: approved lines come again in every call.
//!
//! In and out: 16 kHz samples by text. Memory: at most the given number of samples; the longest unused line goes first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::marks::WordMark;

/// The sound of a line, and where its words begin.
pub type Line = (Arc<[i16]>, Arc<[WordMark]>);

/// The cache.
pub struct LineCache {
    limit: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    lines: HashMap<String, (Line, u64)>,
    samples: usize,
    clock: u64,
}

impl LineCache {
    /// A cache of at most `limit` samples; 0 keeps nothing.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            inner: Mutex::default(),
        }
    }

    /// The sound of `text`, if it is kept.
    pub fn get(&self, text: &str) -> Option<Line> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.clock += 1;
        let now = inner.clock;
        inner.lines.get_mut(text).map(|(line, used)| {
            *used = now;
            line.clone()
        })
    }

    /// Keeps the sound of `text`.
    pub fn put(&self, text: &str, samples: Arc<[i16]>, words: Arc<[WordMark]>) {
        if samples.len() > self.limit {
            return;
        }
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.clock += 1;
        let now = inner.clock;
        inner.samples += samples.len();
        let line = ((samples, words), now);
        if let Some(((old, _), _)) = inner.lines.insert(text.to_owned(), line) {
            inner.samples -= old.len();
        }
        while inner.samples > self.limit {
            let oldest = inner
                .lines
                .iter()
                .min_by_key(|(_, (_, used))| *used)
                .map(|(text, _)| text.clone());
            let Some(((gone, _), _)) = oldest.and_then(|text| inner.lines.remove(&text)) else {
                break;
            };
            inner.samples -= gone.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_unused_for_longest_makes_room() {
        let cache = LineCache::new(100);
        let put = |text: &str, samples: usize| cache.put(text, vec![1; samples].into(), [].into());
        put("a", 40);
        put("b", 40);
        assert!(cache.get("a").is_some());
        put("c", 40);
        assert!(cache.get("b").is_none());
        assert!(cache.get("a").is_some() && cache.get("c").is_some());
        put("huge", 101);
        assert!(cache.get("huge").is_none());
        put("a", 60);
        assert_eq!(cache.get("a").map(|line| line.0.len()), Some(60));
    }
}
