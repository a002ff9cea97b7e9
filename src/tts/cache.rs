//! Lines said before, as sound: approved lines come again in every call.
//!
//! Thread: any. In and out: 16 kHz samples by text. Memory: at most the given number of samples; the longest unused line goes first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The cache.
pub struct LineCache {
    limit: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    lines: HashMap<String, (Arc<[i16]>, u64)>,
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
    pub fn get(&self, text: &str) -> Option<Arc<[i16]>> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.clock += 1;
        let now = inner.clock;
        inner.lines.get_mut(text).map(|(samples, used)| {
            *used = now;
            Arc::clone(samples)
        })
    }

    /// Keeps the sound of `text`.
    pub fn put(&self, text: &str, samples: Arc<[i16]>) {
        if samples.len() > self.limit {
            return;
        }
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.clock += 1;
        let now = inner.clock;
        inner.samples += samples.len();
        if let Some((old, _)) = inner.lines.insert(text.to_owned(), (samples, now)) {
            inner.samples -= old.len();
        }
        while inner.samples > self.limit {
            let oldest = inner
                .lines
                .iter()
                .min_by_key(|(_, (_, used))| *used)
                .map(|(text, _)| text.clone());
            let Some((gone, _)) = oldest.and_then(|text| inner.lines.remove(&text)) else {
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
        cache.put("a", vec![1; 40].into());
        cache.put("b", vec![2; 40].into());
        assert!(cache.get("a").is_some());
        cache.put("c", vec![3; 40].into());
        assert!(cache.get("b").is_none());
        assert!(cache.get("a").is_some() && cache.get("c").is_some());
        cache.put("huge", vec![0; 101].into());
        assert!(cache.get("huge").is_none());
        cache.put("a", vec![1; 60].into());
        assert_eq!(cache.get("a").map(|s| s.len()), Some(60));
    }
}
