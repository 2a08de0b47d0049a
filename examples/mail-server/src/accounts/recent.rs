//! Log-ins that went well a moment ago, so that a client that connects often does not pay for
//! argon2 each time.

use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long a log-in counts as recent.
const KEPT: Duration = Duration::from_secs(300);
/// How many are remembered.
const CAPACITY: usize = 4096;

/// Keeps no password: what it holds is an HMAC of hash and password under a key that lives in
/// memory only, and never longer than the process. As the stored hash goes into it, changing a
/// password forgets the old one at once. Only success is remembered, so a quick answer says nothing
/// to who does not know the password.
pub(super) struct Recent {
    key: Option<hmac::Key>,
    seen: Mutex<HashMap<Print, Instant>>,
}

/// What a hash and a password leave behind.
pub(super) type Print = Option<[u8; 32]>;

impl Recent {
    pub(super) fn new() -> Self {
        let mut secret = [0; 32];
        // Without randomness nothing is remembered; everything else works.
        let filled = SystemRandom::new().fill(&mut secret);
        let key = filled.ok().map(|()| hmac::Key::new(hmac::HMAC_SHA256, &secret));
        Self { key, seen: Mutex::default() }
    }

    pub(super) fn print(&self, hash: &str, password: &str) -> Print {
        let mut context = hmac::Context::with_key(self.key.as_ref()?);
        context.update(hash.as_bytes());
        context.update(&[0]);
        context.update(password.as_bytes());
        context.sign().as_ref().try_into().ok()
    }

    pub(super) fn contains(&self, print: &Print) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        print.is_some() && seen.get(print).is_some_and(|at| at.elapsed() < KEPT)
    }

    pub(super) fn insert(&self, print: Print) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= CAPACITY {
            seen.retain(|_, at| at.elapsed() < KEPT);
            if seen.len() >= CAPACITY {
                seen.clear();
            }
        }
        if print.is_some() {
            seen.insert(print, Instant::now());
        }
    }
}

impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recent(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_known_with_its_hash_only() {
        let recent = Recent::new();
        recent.insert(recent.print("hash", "password"));
        assert!(recent.contains(&recent.print("hash", "password")));
        assert!(!recent.contains(&recent.print("other hash", "password")));
        assert!(!recent.contains(&recent.print("hash", "other")));
    }

    #[test]
    fn each_process_has_its_own_key() {
        assert_ne!(
            Recent::new().print("hash", "password"),
            Recent::new().print("hash", "password")
        );
    }

    #[test]
    fn it_holds_no_more_than_its_capacity() {
        let recent = Recent::new();
        for n in 0..=CAPACITY {
            recent.insert(recent.print("hash", &n.to_string()));
        }
        assert!(recent.seen.lock().expect("whole").len() <= CAPACITY);
    }
}
