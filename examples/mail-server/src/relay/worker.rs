//! Takes what is due from the queue, tries, and records what became of it.

use super::{Attempted, attempt, bounce};
use crate::{app::App, unique};
use mailstore::{AttemptResult, Envelope, Lease, Outcome as Recorded, Store, Timestamp};
use smtp_proto::{
    EnhancedCode,
    delivery::{Next, Outcome},
};
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

/// Tries one envelope and records the outcome, together with the report to its sender.
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
    let mut recorded = Vec::new();
    let mut failed = Vec::new();
    for Attempted { recipient, outcome, remote } in attempted {
        let Some(state) = envelope.recipients.get(recipient) else { continue };
        let (id, to, server) = (envelope.id, &state.address, remote.as_deref().unwrap_or("-"));
        let result = match outcome {
            Outcome::Delivered => {
                info!(%id, to, server, "delivered");
                AttemptResult::Done
            }
            Outcome::Deferred(error) => match next(app, &envelope, state.attempts) {
                Next::RetryIn(gap) => {
                    info!(%id, to, server, error, retry_in = ?gap, "deferred");
                    AttemptResult::Retry { at: Timestamp::now().after(gap), error }
                }
                _ => {
                    warn!(%id, to, server, error, "given up");
                    // RFC 3463 §3.5: 4.4.7, delivery time expired; 5 since it is final.
                    let status = EnhancedCode::new(5, 4, 7);
                    failed.push(bounce::failed(state, status, error.clone(), remote));
                    AttemptResult::Failed { error }
                }
            },
            Outcome::Failed { status, diagnostic } => {
                warn!(%id, to, server, error = diagnostic, "refused");
                failed.push(bounce::failed(state, status, diagnostic.clone(), remote));
                AttemptResult::Failed { error: diagnostic }
            }
            _ => continue,
        };
        recorded.push(Recorded::new(recipient, result));
    }
    let report = match bounce::report(app, &envelope, &failed).await {
        Ok(report) => report,
        Err(error) => {
            // Nothing is recorded: the lease runs out, and the envelope is tried again.
            return error!(id = %envelope.id, %error, "cannot report a failure");
        }
    };
    let also = report.into_iter().collect();
    if let Err(error) = app.store.complete(token, recorded, also).await {
        error!(id = %envelope.id, %error, "the outcome of a delivery could not be recorded");
    }
}

fn next<S>(app: &App<S>, envelope: &Envelope, attempts: u32) -> Next {
    let age = Timestamp::now().since(envelope.created);
    app.config.schedule().next(attempts.saturating_add(1), age, unique::random())
}
