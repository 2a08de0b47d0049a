use core::time::Duration;
use std::sync::Arc;

use crate::model::leases::Completing;
use crate::model::plan::Plan;
use crate::model::{Change, Engine, State};
use crate::{
    Completed, Delivery, Envelope, EnvelopeId, Error, Lease, LeaseToken, Outcome, Queue,
    QueueWatcher, RecipientState, Result, Timestamp,
};

impl<E: Engine> Queue for E {
    async fn lease(&self, now: Timestamp, max: usize, hold_for: Duration) -> Result<Vec<Lease>> {
        self.work_queue()?;
        let taken = self.hub().leases().take(now, max, hold_for);
        Ok(self.read(|state| {
            let lease = |(token, until): (LeaseToken, Timestamp)| {
                let envelope = state.envelopes.get(&token.envelope())?;
                Some(Lease::new(Envelope::clone(envelope), token, until))
            };
            taken.into_iter().filter_map(lease).collect()
        }))
    }

    async fn complete(
        &self,
        token: LeaseToken,
        outcomes: Vec<Outcome>,
        also: Vec<Delivery>,
    ) -> Result<Completed> {
        let mut adopted = Vec::with_capacity(also.len());
        for mut delivery in also {
            delivery.body = self.adopt(delivery.body).await?;
            adopted.push(delivery);
        }
        let completing = Completing::begin(self.hub().shared_leases(), token)?;
        let plan = move |state: &State, now| {
            let old = state.envelopes.get(&token.envelope()).ok_or(Error::LeaseLost)?;
            let mut plan = Plan::new(state, now);
            let mut completed = Completed::new(None, Vec::new());
            for delivery in adopted {
                completed.delivered.push(plan.deliver(delivery)?);
            }
            plan.within_quota()?;
            let envelope = old.after(&outcomes)?;
            if envelope.pending().next().is_none() {
                plan.change(Change::EnvelopeGone { id: envelope.id, message: envelope.message });
            } else {
                completed.envelope = Some(envelope.clone());
                let envelope = Arc::new(envelope);
                plan.change(Change::Envelope { envelope, new: false });
            }
            // The lease travels with the write: whatever becomes of the caller, it cannot run out
            // before the outcome is recorded.
            Ok((plan.finish(), (completed, completing)))
        };
        let (completed, completing) = self.commit(plan).await?;
        completing.done();
        self.hub().queue.changed();
        Ok(completed)
    }

    async fn renew(&self, token: LeaseToken, now: Timestamp, hold_for: Duration) -> Result<()> {
        self.hub().leases().renew(token, now.after(hold_for))
    }

    async fn release(&self, token: LeaseToken) -> Result<()> {
        self.hub().leases().release(token)?;
        self.hub().queue.changed();
        Ok(())
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        Ok(self.hub().leases().next())
    }

    async fn watch_queue(&self) -> Result<QueueWatcher> {
        Ok(self.hub().queue.watcher())
    }

    async fn envelopes(&self) -> Result<Vec<Envelope>> {
        Ok(self.read(|state| state.envelopes.values().map(|e| Envelope::clone(e)).collect()))
    }

    async fn envelope(&self, id: EnvelopeId) -> Result<Envelope> {
        self.read(|state| find(state, id).cloned())
    }

    async fn hold_envelope(&self, id: EnvelopeId, held: bool) -> Result<()> {
        self.commit(move |state, _| {
            let envelope = Arc::new(Envelope { held, ..find(state, id)?.clone() });
            Ok((vec![Change::Envelope { envelope, new: false }], ()))
        })
        .await
    }

    async fn reschedule_envelope(&self, id: EnvelopeId, due: Timestamp) -> Result<()> {
        self.commit(move |state, _| {
            let mut envelope = find(state, id)?.clone();
            for recipient in &mut envelope.recipients {
                if recipient.state == RecipientState::Pending {
                    recipient.due = due;
                }
            }
            Ok((vec![Change::Envelope { envelope: Arc::new(envelope), new: false }], ()))
        })
        .await
    }

    async fn remove_envelope(&self, id: EnvelopeId) -> Result<()> {
        self.commit(move |state, _| {
            let message = find(state, id)?.message;
            Ok((vec![Change::EnvelopeGone { id, message }], ()))
        })
        .await
    }
}

fn find(state: &State, id: EnvelopeId) -> Result<&Envelope> {
    let found = state.envelopes.get(&id).map(|envelope| &**envelope);
    found.ok_or_else(|| Error::not_found("envelope", id))
}
