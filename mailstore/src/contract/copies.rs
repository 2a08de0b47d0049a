//! Promise 8: copies and moves.

use super::{Bench, Subject, message, uid, uids};
use crate::{Error, FlagChange, Flags, MailboxId, Messages, Result, Timestamp};

/// A copy is the same message with the same flags and date under a new UID.
pub async fn a_copy_shares_the_message_and_keeps_flags_and_date<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let other = bench.create("Other").await?;
    bench.append(other, &["there already"]).await?;
    let flags = Flags::FLAGGED.union(&Flags::keyword("$Label"));
    let date = Timestamp::from_secs(1_000_000);
    let original = message("original").flags(flags.clone()).internal_date(date);
    bench.store.append(bench.inbox, vec![message("first"), original]).await?;

    let copied = bench.store.copy(bench.inbox, &uids(&[9, 2, 2]), other).await?;
    assert_eq!(copied.uids, [(uid(2), uid(2))]);
    let (old, new) = (bench.row(bench.inbox, uid(2)).await?, bench.row(other, uid(2)).await?);
    assert_eq!(new.message, old.message);
    assert_eq!((new.flags, new.internal_date, new.size), (flags, date, old.size));
    assert_eq!(copied.uid_validity, bench.store.snapshot(other).await?.uid_validity());

    let change = FlagChange::Add(Flags::SEEN);
    bench.store.store_flags(other, &uids(&[2]), change, None).await?;
    assert_eq!(bench.row(bench.inbox, uid(2)).await?, old);
    Ok(())
}

/// Moved messages leave one mailbox and come to the other in one step each.
pub async fn a_move_is_one_step_in_both_mailboxes<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let other = bench.create("Other").await?;
    bench.append(bench.inbox, &["1", "2", "3", "4"]).await?;
    let from = bench.store.snapshot(bench.inbox).await?.highest_modseq().value();
    let to = bench.store.snapshot(other).await?.highest_modseq().value();

    let moved = bench.store.move_to(bench.inbox, &uids(&[4, 1, 3]), other).await?;
    let pairs = [(uid(1), uid(1)), (uid(3), uid(2)), (uid(4), uid(3))];
    assert_eq!(moved.uids, pairs);
    let (inbox, other) =
        (bench.store.snapshot(bench.inbox).await?, bench.store.snapshot(other).await?);
    assert!(inbox.uids().eq(uids(&[2])) && other.uids().eq(uids(&[1, 2, 3])));
    assert_eq!(inbox.highest_modseq().value(), from + 1);
    assert_eq!(other.highest_modseq().value(), to + 1);
    for row in other.rows() {
        assert_eq!(row.modseq, other.highest_modseq());
        assert!(bench.store.body(row.message).await.is_ok());
    }
    Ok(())
}

/// A message moved to where it is gets a new UID; nothing is lost.
pub async fn a_move_within_a_mailbox_gives_new_uids<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    bench.append(bench.inbox, &["1", "2"]).await?;
    let first = bench.row(bench.inbox, uid(1)).await?;
    let moved = bench.store.move_to(bench.inbox, &uids(&[1]), bench.inbox).await?;
    assert_eq!(moved.uids, [(uid(1), uid(3))]);
    let snapshot = bench.store.snapshot(bench.inbox).await?;
    assert!(snapshot.uids().eq(uids(&[2, 3])));
    assert_eq!(bench.row(bench.inbox, uid(3)).await?.message, first.message);
    assert!(bench.store.body(first.message).await?.bytes().await? == "1");
    Ok(())
}

/// Copying to a mailbox that is not there touches neither side.
pub async fn a_failed_copy_changes_nothing<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    bench.append(bench.inbox, &["1"]).await?;
    let before = bench.store.snapshot(bench.inbox).await?.status();
    let nowhere = MailboxId::new(u64::MAX);
    let failed = bench.store.move_to(bench.inbox, &uids(&[1]), nowhere).await;
    assert!(matches!(failed, Err(Error::NotFound { .. })));
    assert!(bench.store.copy(nowhere, &uids(&[1]), bench.inbox).await.is_err());
    assert_eq!(bench.store.snapshot(bench.inbox).await?.status(), before);
    Ok(())
}
