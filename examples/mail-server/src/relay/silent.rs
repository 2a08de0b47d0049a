//! Addresses that did not answer a moment ago.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// For so long nobody waits for such an address once more. Many messages may be for it.
const REMEMBERED: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Silent(Mutex<HashMap<SocketAddr, Instant>>);

impl Silent {
    /// It let the time for a connection pass.
    pub(super) fn note(&self, address: SocketAddr, now: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, at| now.saturating_duration_since(*at) < REMEMBERED);
        all.insert(address, now);
    }

    pub(super) fn is_silent(&self, address: SocketAddr, now: Instant) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&address).is_some_and(|at| now.saturating_duration_since(*at) < REMEMBERED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_remembered_for_a_minute() {
        let (silent, now) = (Silent::default(), Instant::now());
        let address = |port| SocketAddr::from(([192, 0, 2, 1], port));
        silent.note(address(25), now);
        assert!(silent.is_silent(address(25), now));
        assert!(!silent.is_silent(address(26), now));
        assert!(!silent.is_silent(address(25), now + REMEMBERED));
        silent.note(address(26), now + REMEMBERED);
        assert_eq!(silent.0.lock().expect("whole").len(), 1, "what is over is forgotten");
    }
}
