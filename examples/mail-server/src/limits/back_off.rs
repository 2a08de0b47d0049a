//! Who fails too often waits, each time twice as long.

use super::buckets::Buckets;
use std::{
    collections::HashMap,
    hash::Hash,
    time::{Duration, Instant},
};

/// So many failures are forgotten in this time, evenly.
const FORGIVEN: Duration = Duration::from_secs(60 * 60);
/// The first wait, and the longest.
const FIRST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// Who has not failed for so long begins anew with the first wait.
const FORGOTTEN: Duration = Duration::from_secs(24 * 60 * 60);
/// Keys that wait or have waited.
const CAPACITY: usize = 1 << 16;

#[derive(Debug)]
pub(super) struct BackOff<K> {
    failures: Buckets<K>,
    waits: HashMap<K, Wait>,
}

#[derive(Clone, Copy, Debug)]
struct Wait {
    until: Instant,
    length: Duration,
}

impl<K> Default for BackOff<K> {
    fn default() -> Self {
        Self { failures: Buckets::default(), waits: HashMap::new() }
    }
}

impl<K: Copy + Eq + Hash> BackOff<K> {
    /// Notes a failure. True if it was more than `most`, so that a wait begins.
    pub(super) fn failed(&mut self, key: K, most: u32, now: Instant) -> bool {
        if self.failures.take(key, most, FORGIVEN, now) {
            return false;
        }
        let recent = |wait: &Wait| now < wait.until + FORGOTTEN;
        let before = self.waits.get(&key).filter(|wait| recent(wait));
        if before.is_some_and(|wait| now < wait.until) {
            return false;
        }
        let length = before.map_or(FIRST, |wait| (wait.length * 2).min(LONGEST));
        if self.waits.len() >= CAPACITY {
            self.waits.retain(|_, wait| recent(wait));
            if self.waits.len() >= CAPACITY {
                self.waits.clear();
            }
        }
        self.waits.insert(key, Wait { until: now + length, length });
        true
    }

    pub(super) fn is_shut_out(&self, key: K, now: Instant) -> bool {
        self.waits.get(&key).is_some_and(|wait| now < wait.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_twice_as_long_up_to_an_hour() {
        let (mut back_off, mut now) = (BackOff::default(), Instant::now());
        assert!(!back_off.failed('a', 2, now) && !back_off.failed('a', 2, now));
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            // What was forgiven while waiting is used up first.
            while !back_off.failed('a', 2, now) {}
            let almost = Duration::from_secs(minutes * 60 - 1);
            assert!(back_off.is_shut_out('a', now + almost) && !back_off.is_shut_out('b', now));
            now += Duration::from_secs(minutes * 60);
            assert!(!back_off.is_shut_out('a', now), "{minutes}");
        }
        now += FORGOTTEN;
        while !back_off.failed('a', 2, now) {}
        assert!(!back_off.is_shut_out('a', now + FIRST), "forgotten");
    }
}
