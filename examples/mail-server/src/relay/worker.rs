//! Takes what waits for a destination, tries, and records what became of it.

use super::{Attempted, LEASE, Relay, attempt, bounce, wishes};
use crate::{accounts::AccountError, app::App, metrics::Metrics, unique};
use mailstore::{
    AttemptResult, Delivery, Envelope, Error, LeaseToken, Outcome as Recorded, Store, Timestamp,
};
use smtp_proto::delivery::{self, Decision, Plan, Queued, State, Verdict};
use std::{sync::Arc, time::Duration};
use tokio::time;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

/// Works until nothing waits for this destination. A place is held for one message at a time, so that
/// no destination keeps all of them to itself.
pub(super) async fn work<S: Store>(
    relay: Arc<Relay<S>>,
    name: String,
    stopping: CancellationToken,
) {
    let worker = Worker { relay: &relay, name: &name };
    while let Some(token) = worker.next() {
        let Ok(_place) = relay.places.acquire().await else { return };
        if stopping.is_cancelled() {
            return; // the lease ends with the process
        }
        if let Err(error) = take(&relay, token).await {
            match error {
                Error::LeaseLost | Error::NotFound { .. } => {} // the operator removed it
                error => error!(id = %token.envelope(), %error, "cannot be taken from the queue"),
            }
        }
    }
}

/// Whatever becomes of a worker, others may take its place.
struct Worker<'a, S> {
    relay: &'a Relay<S>,
    name: &'a str,
}

impl<S> Worker<'_, S> {
    fn next(&self) -> Option<LeaseToken> {
        self.relay.destinations().next(self.name)
    }
}

impl<S> Drop for Worker<'_, S> {
    fn drop(&mut self) {
        self.relay.destinations().leave(self.name);
    }
}

/// Tries an envelope that has waited for its turn, as it stands now.
async fn take<S: Store>(relay: &Relay<S>, token: LeaseToken) -> mailstore::Result<()> {
    let store = &relay.app.store;
    store.renew(token, Timestamp::now(), LEASE).await?;
    let envelope = store.envelope(token.envelope()).await?;
    if envelope.held || relay.app.switch.is_paused() {
        return store.release(token).await;
    }
    process(relay, token, envelope).await;
    Ok(())
}

/// Tries one envelope and records the outcome, together with the reports to its sender.
async fn process<S: Store>(relay: &Relay<S>, token: LeaseToken, envelope: Envelope) {
    let app = &*relay.app;
    let attempted = {
        let mut attempt = std::pin::pin!(attempt::attempt(relay, &envelope));
        loop {
            tokio::select! {
                attempted = &mut attempt => break attempted,
                () = time::sleep(LEASE / 4) => {
                    if let Err(error) = app.store.renew(token, Timestamp::now(), LEASE).await {
                        return warn!(id = %envelope.id, %error, "a delivery is given up");
                    }
                }
            }
        }
    };
    let outcomes = attempted.iter().map(|attempted| {
        let mut outcome = delivery::Attempted::new(&attempted.outcome);
        if let Some(state) = envelope.recipients.get(attempted.recipient) {
            outcome.notify = wishes::rcpt(state).notify;
            outcome.earlier_attempts = state.attempts;
            outcome.delay_reported = wishes::delay_reported(state);
        }
        outcome
    });
    let (mail, arrival) = (wishes::mail(&envelope), since_1970(envelope.created));
    let mut queued = Queued::new(&mail.from, arrival);
    queued.deadline = wishes::deadline(&mail, arrival);
    let now = since_1970(Timestamp::now());
    let outcomes: Vec<_> = outcomes.collect();
    let plan = app.config().schedule().plan(&queued, &outcomes, now, unique::random());
    let recorded = attempted.iter().zip(&plan.decisions);
    let recorded =
        recorded.map(|(attempted, decision)| record(&app.metrics, &envelope, attempted, decision));
    let recorded: Vec<_> = recorded.collect();
    let reports = match reports(app, &envelope, &attempted, &plan).await {
        Ok(reports) => reports,
        Err(error) => {
            // Nothing is recorded: the lease runs out, and the envelope is tried again.
            return error!(id = %envelope.id, %error, "cannot report to the sender");
        }
    };
    let done = match app.store.complete(token, recorded.clone(), reports).await {
        // Where a report has no room there is nobody left to tell (RFC 5321 §4.5.5 has no report of
        // a report); the outcome stands.
        Err(Error::OverQuota { .. }) => {
            warn!(id = %envelope.id, to = envelope.reverse_path, "no room for a report");
            app.store.complete(token, recorded, Vec::new()).await
        }
        done => done,
    };
    if let Err(error) = done {
        error!(id = %envelope.id, %error, "the outcome of a delivery could not be recorded");
    }
}

/// What the queue keeps of it, and what the log says.
fn record(
    metrics: &Metrics,
    envelope: &Envelope,
    attempted: &Attempted,
    decision: &Decision,
) -> Recorded {
    let Attempted { recipient, outcome } = attempted;
    let to = envelope.recipients.get(*recipient).map_or("", |state| &state.address);
    let (id, server) = (envelope.id, outcome.remote.as_deref().unwrap_or("-"));
    let error = outcome.diagnostic.to_string();
    let result = match decision.state {
        State::Done => {
            metrics.delivery("delivered");
            info!(%id, to, server, "delivered");
            AttemptResult::Done
        }
        State::Retry { at } => {
            let at = Timestamp::from_millis(at.as_millis().try_into().unwrap_or(i64::MAX));
            metrics.delivery("deferred");
            info!(%id, to, server, error, retry_in = ?at.since(Timestamp::now()), "deferred");
            AttemptResult::Retry { at, error }
        }
        State::Failed => {
            metrics.delivery("failed");
            let told = decision.report.is_some();
            if outcome.verdict == Verdict::Failed {
                warn!(%id, to, server, error, told, "refused");
            } else {
                warn!(%id, to, server, error, told, "given up");
            }
            if !told {
                warn!(%id, to, "undeliverable, and there is nobody to tell");
            }
            AttemptResult::Failed { error }
        }
    };
    let recorded = Recorded::new(*recipient, result);
    if decision.delay_reported { recorded.note(wishes::DELAY_REPORTED) } else { recorded }
}

/// The messages that tell the sender.
async fn reports<S: Store>(
    app: &App<S>,
    envelope: &Envelope,
    attempted: &[Attempted],
    plan: &Plan,
) -> Result<Vec<Delivery>, AccountError> {
    let mut reports = Vec::new();
    for (action, places) in plan.reports() {
        let reported: Vec<_> = places
            .into_iter()
            .filter_map(|place| {
                let Attempted { recipient, outcome } = attempted.get(place)?;
                let state = envelope.recipients.get(*recipient)?;
                let mut reported = plan.decisions.get(place)?.reported(&state.address, outcome)?;
                reported.orcpt = wishes::rcpt(state).orcpt;
                Some(reported)
            })
            .collect();
        info!(id = %envelope.id, to = envelope.reverse_path, %action, "report");
        reports.extend(bounce::report(app, envelope, &reported).await?);
    }
    Ok(reports)
}

fn since_1970(time: Timestamp) -> Duration {
    Duration::from_millis(time.millis().try_into().unwrap_or_default())
}
