//! Which envelopes are due, and who works on them.

use core::time::Duration;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use crate::{EnvelopeId, Error, LeaseToken, Result, Timestamp};

#[derive(Debug, Default)]
pub(crate) struct Leases {
    due: BTreeSet<(Timestamp, EnvelopeId)>,
    when: HashMap<EnvelopeId, Timestamp>,
    held: HashMap<EnvelopeId, Held>,
    generation: u64,
}

#[derive(Debug)]
struct Held {
    generation: u64,
    until: Timestamp,
    /// Its outcome is being made durable: it does not run out meanwhile.
    completing: bool,
}

impl Held {
    fn runs_at(&self, now: Timestamp) -> bool {
        self.completing || self.until > now
    }
}

impl Leases {
    pub(crate) fn set_due(&mut self, id: EnvelopeId, due: Option<Timestamp>) {
        let old = match due {
            Some(due) => self.when.insert(id, due),
            None => self.when.remove(&id),
        };
        if let Some(old) = old {
            self.due.remove(&(old, id));
        }
        if let Some(due) = due {
            self.due.insert((due, id));
        }
    }

    pub(crate) fn forget(&mut self, id: EnvelopeId) {
        self.set_due(id, None);
        self.held.remove(&id);
    }

    pub(crate) fn take(
        &mut self,
        now: Timestamp,
        max: usize,
        hold_for: Duration,
    ) -> Vec<(LeaseToken, Timestamp)> {
        let due = self.due.iter().take_while(|(due, _)| *due <= now).map(|(_, id)| *id);
        let free = due.filter(|id| !self.held.get(id).is_some_and(|held| held.runs_at(now)));
        let free: Vec<EnvelopeId> = free.take(max).collect();
        let until = now.after(hold_for);
        let lease = |id: EnvelopeId| {
            self.generation += 1;
            let generation = self.generation;
            self.held.insert(id, Held { generation, until, completing: false });
            (LeaseToken::new(id, generation), until)
        };
        free.into_iter().map(lease).collect()
    }

    pub(crate) fn renew(&mut self, token: LeaseToken, until: Timestamp) -> Result<()> {
        self.held(token)?.until = until;
        Ok(())
    }

    pub(crate) fn release(&mut self, token: LeaseToken) -> Result<()> {
        if self.held(token)?.completing {
            return Err(Error::LeaseLost);
        }
        self.held.remove(&token.envelope());
        Ok(())
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        let mut first: Option<Timestamp> = None;
        for (due, id) in &self.due {
            if first.is_some_and(|first| first <= *due) {
                break;
            }
            let at = match self.held.get(id) {
                Some(held) if held.completing => continue, // watchers hear when it is done
                Some(held) => held.until.max(*due),
                None => *due,
            };
            first = Some(first.map_or(at, |first| first.min(at)));
        }
        first
    }

    fn held(&mut self, token: LeaseToken) -> Result<&mut Held> {
        let held = self.held.get_mut(&token.envelope());
        held.filter(|held| held.generation == token.generation()).ok_or(Error::LeaseLost)
    }
}

/// A lease whose outcome is on its way to the disk. Dropped without [`done`](Completing::done), the
/// lease goes on.
#[derive(Debug)]
pub(crate) struct Completing {
    leases: Arc<Mutex<Leases>>,
    token: LeaseToken,
    done: bool,
}

impl Completing {
    pub(crate) fn begin(leases: &Arc<Mutex<Leases>>, token: LeaseToken) -> Result<Completing> {
        let mut all = leases.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.held(token)?;
        if held.completing {
            return Err(Error::LeaseLost);
        }
        held.completing = true;
        Ok(Completing { leases: leases.clone(), token, done: false })
    }

    pub(crate) fn done(mut self) {
        self.done = true;
    }
}

impl Drop for Completing {
    fn drop(&mut self) {
        let mut all = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(held) = all.held(self.token) {
            held.completing = false;
            if self.done {
                all.held.remove(&self.token.envelope());
            }
        }
    }
}
