//! Connections that are kept a moment for the next message to the same server.

use super::{session::Session, target::Target};
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Messages that a connection carries; some servers frown on more.
const MOST_MESSAGES: u32 = 100;

#[derive(Debug, Default)]
pub(super) struct Idle(Mutex<Vec<Kept>>);

#[derive(Debug)]
struct Kept {
    target: Target,
    session: Session,
    until: Instant,
}

impl Idle {
    /// A connection to just this server on just these terms; the one used last.
    pub(super) fn take(&self, target: &Target) -> Option<Session> {
        let mut kept = self.lock();
        let now = Instant::now();
        let found = kept.iter().rposition(|kept| kept.target == *target && kept.until > now)?;
        Some(kept.remove(found).session)
    }

    /// Keeps a connection for so long. It is given back if it has served enough: say goodbye then.
    pub(super) fn give(&self, target: Target, session: Session, keep: Duration) -> Option<Session> {
        if keep.is_zero() || session.messages >= MOST_MESSAGES {
            return Some(session);
        }
        let until = Instant::now() + keep;
        self.lock().push(Kept { target, session, until });
        None
    }

    /// Those that nobody has wanted for long enough.
    pub(super) fn expired(&self, now: Instant) -> Vec<Session> {
        let gone = self.lock().extract_if(.., |kept| kept.until <= now).collect::<Vec<_>>();
        gone.into_iter().map(|kept| kept.session).collect()
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Session> {
        self.lock().drain(..).map(|kept| kept.session).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
