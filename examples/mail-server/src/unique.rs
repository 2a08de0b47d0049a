//! Words that were never used before, and the time.

use std::{
    fmt::Write,
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

/// A word of letters and digits that no other call, here or after a restart, returns: the time in
/// microseconds, a count, and a random number.
pub(crate) fn word() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut word = base36(u64::try_from(passed.as_micros()).unwrap_or(u64::MAX));
    word.push_str(&base36(count));
    let _ = write!(word, "{:08X}", random());
    word
}

/// A random number, good enough to spread retries and to tell words apart; not for secrets.
pub(crate) fn random() -> u32 {
    let hash = RandomState::new().hash_one(());
    u32::try_from(hash >> 32).unwrap_or_default()
}

/// Seconds since 1970.
pub(crate) fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn base36(mut n: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit(u32::try_from(n % 36).unwrap_or_default(), 36).unwrap_or('0'));
        n /= 36;
        if n == 0 {
            return digits.iter().rev().collect::<String>().to_ascii_uppercase();
        }
    }
}
