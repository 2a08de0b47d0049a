//! So many in so much time, for each of many: a bucket that fills evenly (the generic cell rate
//! algorithm, which keeps one time a key).

use std::{
    collections::HashMap,
    hash::Hash,
    time::{Duration, Instant},
};

/// Keys that are remembered. When there are more, those whose buckets are full are forgotten, and then
/// all: for a moment somebody may do more than allowed, and the memory stays small.
const CAPACITY: usize = 1 << 16;

/// By key, when its bucket will be full again.
#[derive(Debug)]
pub(super) struct Buckets<K>(HashMap<K, Instant>);

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash> Buckets<K> {
    /// Takes one from the bucket of this key, which holds `most` and fills in `time`. False if it is
    /// empty.
    pub(super) fn take(&mut self, key: K, most: u32, time: Duration, now: Instant) -> bool {
        let one = time / most.max(1);
        let full = self.0.get(&key).copied().filter(|full| *full > now).unwrap_or(now);
        let then = full + one;
        if then.duration_since(now) > one * most {
            return false;
        }
        if self.0.len() >= CAPACITY {
            self.0.retain(|_, full| *full > now);
            if self.0.len() >= CAPACITY {
                self.0.clear();
            }
        }
        self.0.insert(key, then);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_bucket_holds_so_many_and_fills_evenly() {
        let (mut buckets, start) = (Buckets::default(), Instant::now());
        let mut take =
            |key, seconds| buckets.take(key, 6, MINUTE, start + Duration::from_secs(seconds));
        assert!((0..6).all(|_| take('a', 0)));
        assert!(!take('a', 9));
        assert!(take('a', 10) && !take('a', 10));
        assert!(take('b', 10), "another has its own");
        assert!((0..6).all(|_| take('a', 100)) && !take('a', 100), "it never holds more");
    }

    #[test]
    fn its_memory_is_bounded() {
        let (mut buckets, now) = (Buckets::default(), Instant::now());
        for key in 0..2 * CAPACITY + 10 {
            assert!(buckets.take(key, 1, MINUTE, now));
        }
        assert!(buckets.0.len() <= CAPACITY);
    }
}
