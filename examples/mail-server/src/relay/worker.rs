//! Takes what is due from the queue, tries, and records what became of it.

use super::{Attempted, attempt, bounce, wishes};
use crate::{accounts::AccountError, app::App, metrics::Metrics, unique};
use mailstore::{AttemptResult, Delivery, Envelope, Lease, Outcome as Recorded, Store, Timestamp};
use smtp_proto::delivery::{self, Decision, Plan, Queued, State, Verdict};
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, time};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};

/// Envelopes that are tried at once.
const AT_ONCE: usize = 32;
/// How long an attempt keeps an envelope to itself, unless it is renewed.
const LEASE: Duration = Duration::from_secs(20 * 60);
/// Before the queue is asked again, after it failed.
const PAUSE: Duration = Duration::from_secs(5);
/// The longest wait for the next due time, in case the clock is set.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Empties the queue until the server stops. Attempts underway are tasks of `tasks`.
pub(crate) async fn run<S: Store>(
    app: Arc<App<S>>,
    stopping: CancellationToken,
    tasks: TaskTracker,
) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            round = round(&app, &places, &tasks) => if let Err(error) = round {
                error!(%error, "the queue cannot be read");
                tokio::select! {
                    () = stopping.cancelled() => return,
                    () = time::sleep(PAUSE) => {}
                }
            }
        }
    }
}

/// Waits until something is due and there is a place for it, and starts to try it.
async fn round<S: Store>(
    app: &Arc<App<S>>,
    places: &Arc<Semaphore>,
    tasks: &TaskTracker,
) -> mailstore::Result<()> {
    app.switch.on().await;
    // Watched before it is asked, so that nothing can come between.
    let mut watcher = app.store.watch_queue().await?;
    let Ok(place) = places.clone().acquire_owned().await else { return Ok(()) };
    let leased = app.store.lease(Timestamp::now(), 1, LEASE).await?;
    if let Some(lease) = leased.into_iter().next() {
        let app = app.clone();
        tasks.spawn(async move {
            process(&app, lease).await;
            drop(place);
        });
        return Ok(());
    }
    drop(place);
    let wait = match app.store.next_due().await? {
        Some(due) => due.since(Timestamp::now()).clamp(Duration::from_millis(10), LONGEST_WAIT),
        None => LONGEST_WAIT,
    };
    match time::timeout(wait, watcher.changed()).await {
        Ok(changed) => changed.map(drop),
        Err(_) => Ok(()),
    }
}

/// Tries one envelope and records the outcome, together with the reports to its sender.
async fn process<S: Store>(app: &App<S>, lease: Lease) {
    let Lease { envelope, token, .. } = lease;
    let attempted = {
        let mut attempt = std::pin::pin!(attempt::attempt(app, &envelope));
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
        Err(mailstore::Error::OverQuota { .. }) => {
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
