//! Takes what is due from the queue and hands it to the workers of its destination.

use super::{LEASE, Relay, attempt::domain, worker};
use crate::app::App;
use mailstore::{Envelope, Store, Timestamp};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::error;

/// Envelopes taken from the queue at once.
const BATCH: usize = 1000;
/// Between two looks into a queue that changes all the time.
const PACE: Duration = Duration::from_millis(20);
/// Before the queue is asked again, after it failed.
const PAUSE: Duration = Duration::from_secs(5);
/// The longest wait for the next due time, in case the clock is set.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// And while something waits for a worker, or a connection is kept.
const TICK: Duration = Duration::from_secs(1);

/// Empties the queue until the server stops. Attempts underway are tasks of `tasks`.
pub(crate) async fn run<S: Store>(
    app: Arc<App<S>>,
    stopping: CancellationToken,
    tasks: TaskTracker,
) {
    let relay = Arc::new(Relay::new(app));
    if let Err(error) = relay.sts.load(&relay.app.store).await {
        error!(%error, "what was known of MTA-STS cannot be read");
    }
    tasks.spawn(say_goodbye(relay.clone(), stopping.clone()));
    let mut renewed = Instant::now();
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            round = round(&relay, &stopping, &tasks) => if let Err(error) = round {
                error!(%error, "the queue cannot be read");
                tokio::select! {
                    () = stopping.cancelled() => return,
                    () = time::sleep(PAUSE) => {}
                }
            }
        }
        if renewed.elapsed() > LEASE / 4 {
            renewed = Instant::now();
            renew(&relay).await;
        }
    }
}

/// Takes what is due, and waits until there may be more.
async fn round<S: Store>(
    relay: &Arc<Relay<S>>,
    stopping: &CancellationToken,
    tasks: &TaskTracker,
) -> mailstore::Result<()> {
    let app = &relay.app;
    app.switch.on().await;
    // Watched before it is asked, so that nothing can come between.
    let mut watcher = app.store.watch_queue().await?;
    let leased = app.store.lease(Timestamp::now(), BATCH, LEASE).await?;
    let found = leased.len();
    for lease in &leased {
        relay.destinations().add(&destination(&lease.envelope), lease.token);
    }
    let most = app.config().relay.connections_per_destination;
    let started = relay.destinations().start(most, Instant::now());
    for name in started {
        tasks.spawn(worker::work(relay.clone(), name, stopping.clone()));
    }
    if found == BATCH {
        return Ok(());
    }
    let is_idle = relay.destinations().is_idle();
    let wait = match app.store.next_due().await? {
        _ if !is_idle => TICK,
        Some(due) => due.since(Timestamp::now()).clamp(Duration::from_millis(10), LONGEST_WAIT),
        None => LONGEST_WAIT,
    };
    match time::timeout(wait, watcher.changed()).await {
        Ok(changed) => changed?,
        Err(_) => return Ok(()),
    }
    // What comes within the next moment is taken together.
    if !is_idle || found > 0 {
        time::sleep(PACE).await;
    }
    Ok(())
}

/// Where an envelope goes, for turns and connections: the domain of the first that is to be served.
fn destination(envelope: &Envelope) -> String {
    let due = envelope.due_at(Timestamp::now()).next().or_else(|| envelope.pending().next());
    due.map(|(_, recipient)| domain(&recipient.address)).unwrap_or_default()
}

/// Whoever waits for a worker keeps the lease.
async fn renew<S: Store>(relay: &Relay<S>) {
    let waiting = relay.destinations().waiting();
    for token in waiting {
        // One that is lost was removed, and whoever takes it finds out.
        let _ = relay.app.store.renew(token, Timestamp::now(), LEASE).await;
    }
}

/// Closes connections that nobody has wanted for a while, and at the end all.
async fn say_goodbye<S: Store>(relay: Arc<Relay<S>>, stopping: CancellationToken) {
    loop {
        tokio::select! {
            () = stopping.cancelled() => break,
            () = time::sleep(TICK) => {}
        }
        let expired = relay.idle.expired(Instant::now());
        for session in expired {
            tokio::spawn(session.quit());
        }
    }
    let all = relay.idle.all();
    for session in all {
        session.quit().await;
    }
}
