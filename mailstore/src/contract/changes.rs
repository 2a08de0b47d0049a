//! Promises 9 and 11: changes, asked and told.

use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::collections::BTreeMap;

use super::{Bench, Subject, uids};
use crate::{
    Changes, Error, Expunge, FlagChange, Flags, Mailboxes, Messages, ModSeq, Result, Row, Seen, Uid,
};

/// A snapshot and the changes since it give the next snapshot.
pub async fn changes_since_lead_from_one_snapshot_to_the_next<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let (store, inbox) = (&bench.store, bench.inbox);
    bench.append(inbox, &["1", "2", "3", "4", "5"]).await?;
    let before = store.snapshot(inbox).await?;
    store.store_flags(inbox, &uids(&[2]), FlagChange::Add(Flags::SEEN), None).await?;
    store.expunge(inbox, Expunge::Exactly(uids(&[1, 4]))).await?;
    bench.append(inbox, &["6", "7"]).await?;
    store.expunge(inbox, Expunge::Exactly(uids(&[7]))).await?;
    let after = store.snapshot(inbox).await?;

    let changes = store.changes_since(inbox, before.highest_modseq()).await?;
    assert_eq!(changes.highest_modseq, after.highest_modseq());
    assert!(uids(&[1, 4]).iter().all(|uid| changes.expunged.contains(uid)));
    let mut rows: BTreeMap<Uid, Row> = before.rows().map(|row| (row.uid, row)).collect();
    for uid in &changes.expunged {
        rows.remove(uid);
    }
    rows.extend(changes.rows.into_iter().map(|row| (row.uid, row)));
    assert!(rows.into_values().eq(after.rows()));

    let all = store.changes_since(inbox, ModSeq::ZERO).await?;
    assert!(all.rows.into_iter().eq(after.rows()));
    let none = store.changes_since(inbox, after.highest_modseq()).await?;
    assert!(none.rows.is_empty() && none.expunged.is_empty());
    Ok(())
}

/// Many changes are told as one, none is told twice, and one not yet made is not told.
pub async fn a_watcher_hears_of_changes_once<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    bench.append(bench.inbox, &["before"]).await?;
    let mut watcher = bench.store.watch(bench.inbox).await?;
    assert_eq!(watcher.try_changed(), None);
    bench.append(bench.inbox, &["one"]).await?;
    bench.append(bench.inbox, &["two"]).await?;
    let now = bench.store.snapshot(bench.inbox).await?.highest_modseq();
    assert_eq!(watcher.changed().await?, Seen::Changed(now));
    assert_eq!(watcher.try_changed(), None);

    let other = bench.create("Other").await?;
    bench.append(other, &["elsewhere"]).await?;
    assert_eq!(watcher.try_changed(), None);
    Ok(())
}

/// Waiting can be given up and taken up again.
pub async fn a_watcher_that_is_dropped_while_waiting_loses_nothing<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let mut watcher = bench.store.watch(bench.inbox).await?;
    {
        let mut waiting = pin!(watcher.changed());
        let mut nobody = Context::from_waker(Waker::noop());
        assert!(matches!(waiting.as_mut().poll(&mut nobody), Poll::Pending));
        bench.append(bench.inbox, &["while waiting"]).await?;
    }
    let now = bench.store.snapshot(bench.inbox).await?.highest_modseq();
    assert_eq!(watcher.changed().await?, Seen::Changed(now));
    Ok(())
}

/// A deleted mailbox is told of, again and again, and cannot be watched any more.
pub async fn a_watcher_hears_of_deletion<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let gone = bench.create("Gone").await?;
    let mut watcher = bench.store.watch(gone).await?;
    bench.append(gone, &["one"]).await?;
    bench.store.delete_mailbox(gone).await?;
    assert_eq!(watcher.changed().await?, Seen::Deleted);
    assert_eq!(watcher.changed().await?, Seen::Deleted);
    assert!(matches!(bench.store.watch(gone).await, Err(Error::NotFound { .. })));
    Ok(())
}
