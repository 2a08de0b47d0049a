//! Promise 14: the queue.

use core::time::Duration;

use super::{Bench, Subject, delivery};
use crate::{
    AttemptResult, Envelope, EnvelopeId, Error, MailboxId, Messages, NewEnvelope, NewRecipient,
    Outcome, Queue, RecipientState, Result, Store, Target, Timestamp,
};

const MINUTE: Duration = Duration::from_secs(60);

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

async fn queue(store: &impl Store, to: &[&str], due: i64) -> Result<EnvelopeId> {
    let recipients = to.iter().map(|address| NewRecipient::new(*address)).collect();
    let mut envelope = NewEnvelope::new("alice@a.test", recipients);
    envelope.due = Some(at(due));
    envelope.params = "BODY=8BITMIME".to_owned();
    let delivered = store.deliver(delivery("to leave").queued(envelope)).await?;
    delivered.envelopes.first().copied().ok_or(Error::invalid("no envelope was made"))
}

fn failed(error: &str) -> AttemptResult {
    AttemptResult::Failed { error: error.to_owned() }
}

fn retry(secs: i64) -> AttemptResult {
    AttemptResult::Retry { at: at(secs), error: "450 later".to_owned() }
}

/// What is due is given to one worker, the most overdue first, and again once the lease ran out.
pub async fn a_due_envelope_is_leased_once<S: Subject>() -> Result<()> {
    let Bench { subject: _held, store, .. } = Bench::<S>::new().await?;
    let late = queue(&store, &["b"], 200).await?;
    let early = queue(&store, &["a"], 100).await?;
    queue(&store, &["c"], 999).await?;
    assert_eq!(store.next_due().await?, Some(at(100)));
    assert!(store.lease(at(99), 10, MINUTE).await?.is_empty());
    let first = store.lease(at(300), 1, MINUTE).await?;
    let second = store.lease(at(300), 10, MINUTE).await?;
    let ids: Vec<_> = first.iter().chain(&second).map(|lease| lease.envelope.id).collect();
    assert_eq!(ids, [early, late]);
    assert!(store.lease(at(359), 10, MINUTE).await?.is_empty());
    assert_eq!(store.next_due().await?, Some(at(360)));
    for lease in &first {
        assert_eq!(lease.until, at(360));
        store.renew(lease.token, at(350), MINUTE).await?;
    }
    for lease in &second {
        store.release(lease.token).await?;
    }
    let again = store.lease(at(361), 10, MINUTE).await?;
    assert!(matches!(&*again, [only] if only.envelope.id == late));
    assert_eq!(store.next_due().await?, Some(at(410)));
    Ok(())
}

/// Each recipient has its own state, attempts, last error and time.
pub async fn an_outcome_is_recorded_per_recipient<S: Subject>() -> Result<()> {
    let Bench { subject: _held, store, .. } = Bench::<S>::new().await?;
    let id = queue(&store, &["a", "b", "c"], 100).await?;
    for lease in store.lease(at(100), 1, MINUTE).await? {
        let outcomes = vec![
            Outcome::new(0, AttemptResult::Done),
            Outcome::new(1, retry(700)).note("asked b.test"),
        ];
        let completed = store.complete(lease.token, outcomes, vec![]).await?;
        assert_eq!(completed.envelope, Some(store.envelope(id).await?));
    }
    let Envelope { recipients, reverse_path, params, .. } = store.envelope(id).await?;
    assert_eq!((&*reverse_path, &*params), ("alice@a.test", "BODY=8BITMIME"));
    let states: Vec<_> = recipients.iter().map(|r| (r.state, r.attempts, r.due)).collect();
    assert_eq!(
        states,
        [
            (RecipientState::Done, 1, at(100)),
            (RecipientState::Pending, 1, at(700)),
            (RecipientState::Pending, 0, at(100)),
        ]
    );
    let second = recipients.get(1).ok_or(Error::invalid("a recipient is missing"))?;
    assert_eq!((second.last_error.as_deref(), &*second.note), (Some("450 later"), "asked b.test"));
    assert_eq!(store.next_due().await?, Some(at(100)));
    Ok(())
}

/// When no recipient is pending the envelope is gone, and with it a message only it needed.
pub async fn a_settled_envelope_is_gone_and_its_message_too<S: Subject>() -> Result<()> {
    let Bench { subject: _held, store, .. } = Bench::<S>::new().await?;
    let id = queue(&store, &["a", "b"], 100).await?;
    let message = store.envelope(id).await?.message;
    for lease in store.lease(at(100), 1, MINUTE).await? {
        assert!(store.body(lease.envelope.message).await?.bytes().await? == "to leave");
        let outcomes =
            vec![Outcome::new(0, AttemptResult::Done), Outcome::new(1, failed("550 no"))];
        let completed = store.complete(lease.token, outcomes, vec![]).await?;
        assert_eq!(completed.envelope, None);
        let again = store.complete(lease.token, vec![], vec![]).await;
        assert!(matches!(again, Err(Error::LeaseLost)));
    }
    assert!(matches!(store.envelope(id).await, Err(Error::NotFound { .. })));
    assert!(matches!(store.body(message).await, Err(Error::NotFound { .. })));
    assert_eq!(store.next_due().await?, None);
    Ok(())
}

/// A worker whose lease another holds by now records nothing.
pub async fn a_late_worker_cannot_undo_anothers_work<S: Subject>() -> Result<()> {
    let Bench { subject: _held, store, .. } = Bench::<S>::new().await?;
    let id = queue(&store, &["a"], 100).await?;
    let slow = store.lease(at(100), 1, MINUTE).await?;
    let quick = store.lease(at(200), 1, MINUTE).await?;
    for (slow, quick) in slow.iter().zip(&quick) {
        assert!(quick.token.generation() > slow.token.generation());
        let done = vec![Outcome::new(0, AttemptResult::Done)];
        let late = store.complete(slow.token, done.clone(), vec![]).await;
        assert!(matches!(late, Err(Error::LeaseLost)));
        assert!(matches!(store.renew(slow.token, at(200), MINUTE).await, Err(Error::LeaseLost)));
        assert!(matches!(store.release(slow.token).await, Err(Error::LeaseLost)));
        assert_eq!(store.envelope(id).await?.pending().count(), 1);
        store.complete(quick.token, done, vec![]).await?;
    }
    assert_eq!((slow.len(), quick.len()), (1, 1));
    assert!(store.envelopes().await?.is_empty());
    Ok(())
}

/// The outcome and the messages that come with it are one step.
pub async fn a_bounce_comes_with_the_outcome_or_not_at_all<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let store = &bench.store;
    queue(store, &["a"], 100).await?;
    for lease in store.lease(at(100), 1, MINUTE).await? {
        let outcome = || vec![Outcome::new(0, failed("550 no"))];
        let nowhere = delivery("bounce").to(Target::new(MailboxId::new(u64::MAX)));
        let refused = store.complete(lease.token, outcome(), vec![nowhere]).await;
        assert!(matches!(refused, Err(Error::NotFound { .. })));
        assert_eq!(store.envelope(lease.envelope.id).await?, lease.envelope);
        let wrong = vec![Outcome::new(5, AttemptResult::Done)];
        let refused = store.complete(lease.token, wrong, vec![]).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })));

        let bounce = delivery("bounce").to(Target::new(bench.inbox));
        let completed = store.complete(lease.token, outcome(), vec![bounce]).await?;
        assert_eq!(completed.delivered.len(), 1);
    }
    assert!(store.envelopes().await?.is_empty());
    let rows = bench.rows(bench.inbox).await?;
    assert!(matches!(&*rows, [only] if only.size == 6));
    Ok(())
}

/// Holding, letting go, rescheduling and removing work on waiting and on leased envelopes.
pub async fn held_and_removed_envelopes_are_not_leased<S: Subject>() -> Result<()> {
    let Bench { subject: _held, store, .. } = Bench::<S>::new().await?;
    let id = queue(&store, &["a"], 100).await?;
    store.hold_envelope(id, true).await?;
    assert_eq!(store.next_due().await?, None);
    assert!(store.lease(at(200), 1, MINUTE).await?.is_empty());
    store.hold_envelope(id, false).await?;
    store.reschedule_envelope(id, at(500)).await?;
    assert_eq!(store.next_due().await?, Some(at(500)));
    let leases = store.lease(at(500), 1, MINUTE).await?;
    assert_eq!(leases.len(), 1);
    store.remove_envelope(id).await?;
    for lease in leases {
        let lost = store.complete(lease.token, vec![], vec![]).await;
        assert!(matches!(lost, Err(Error::LeaseLost)));
    }
    assert!(matches!(store.remove_envelope(id).await, Err(Error::NotFound { .. })));
    assert_eq!(store.next_due().await?, None);
    Ok(())
}

/// A worker that waits is woken by new envelopes and by leases given back.
pub async fn the_queue_tells_of_new_work<S: Subject>() -> Result<()> {
    let Bench { subject: _held, store, .. } = Bench::<S>::new().await?;
    let mut watcher = store.watch_queue().await?;
    queue(&store, &["a"], 100).await?;
    watcher.changed().await?;
    for lease in store.lease(at(100), 1, MINUTE).await? {
        store.release(lease.token).await?;
        watcher.changed().await?;
    }
    assert_eq!(store.lease(at(100), 1, MINUTE).await?.len(), 1);
    Ok(())
}
