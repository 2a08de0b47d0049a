//! Promises 6 and 7: flags and the mailbox's history.

use super::{Bench, Subject, message, uid, uids};
use crate::{FlagChange, Flags, Messages, Result};

/// The three kinds of change, for system flags and keywords alike.
pub async fn flags_are_added_removed_and_replaced<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let seen = message("1").flags(Flags::SEEN);
    bench.store.append(bench.inbox, vec![seen, message("2")]).await?;
    let label = Flags::keyword("$Label");
    let steps = [
        (FlagChange::Add(label.clone()), Flags::SEEN.union(&label), label.clone()),
        (FlagChange::Remove(Flags::SEEN), label.clone(), label),
        (FlagChange::Replace(Flags::DRAFT), Flags::DRAFT, Flags::DRAFT),
        (FlagChange::Replace(Flags::NONE), Flags::NONE, Flags::NONE),
    ];
    for (change, first, second) in steps {
        let stored = bench.store.store_flags(bench.inbox, &uids(&[2, 1]), change, None).await?;
        let answered: Vec<_> = stored.updated.iter().map(|u| (u.uid, u.flags.clone())).collect();
        assert_eq!(answered, [(uid(1), first.clone()), (uid(2), second.clone())]);
        assert_eq!(bench.row(bench.inbox, uid(1)).await?.flags, first);
        assert_eq!(bench.row(bench.inbox, uid(2)).await?.flags, second);
    }
    Ok(())
}

/// A flag that is set already leaves modseqs alone; a UID without a message is named.
pub async fn a_change_that_changes_nothing_is_no_step<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    bench.store.append(bench.inbox, vec![message("1").flags(Flags::SEEN)]).await?;
    let before = bench.row(bench.inbox, uid(1)).await?;
    let change = FlagChange::Add(Flags::SEEN);
    let stored = bench.store.store_flags(bench.inbox, &uids(&[1, 7]), change, None).await?;
    assert_eq!(stored.missing, uids(&[7]));
    assert!(stored.updated.iter().all(|u| !u.changed && u.modseq == before.modseq));
    assert_eq!(stored.updated.len(), 1);
    assert_eq!(stored.highest_modseq, before.modseq);
    assert_eq!(bench.row(bench.inbox, uid(1)).await?, before);
    assert_eq!(bench.store.snapshot(bench.inbox).await?.highest_modseq(), before.modseq);
    Ok(())
}

/// A conditional change touches only messages that stand where the caller saw them.
pub async fn messages_changed_since_are_left_alone<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    bench.append(bench.inbox, &["1", "2"]).await?;
    let seen_at = bench.store.snapshot(bench.inbox).await?.highest_modseq();
    let flag = FlagChange::Add(Flags::FLAGGED);
    bench.store.store_flags(bench.inbox, &uids(&[1]), flag, None).await?;
    let delete = FlagChange::Add(Flags::DELETED);
    let both = uids(&[1, 2]);
    let stored = bench.store.store_flags(bench.inbox, &both, delete, Some(seen_at)).await?;
    assert_eq!(stored.conflicts, uids(&[1]));
    assert!(matches!(&*stored.updated, [only] if only.uid == uid(2) && only.changed));
    assert_eq!(bench.row(bench.inbox, uid(1)).await?.flags, Flags::FLAGGED);
    assert_eq!(bench.row(bench.inbox, uid(2)).await?.flags, Flags::DELETED);
    Ok(())
}

/// Whatever one call changes takes one modseq, higher than any before.
pub async fn one_call_is_one_step<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    bench.append(bench.inbox, &["1", "2", "3"]).await?;
    let appended = bench.store.snapshot(bench.inbox).await?;
    assert!(appended.rows().all(|row| row.modseq == appended.highest_modseq()));
    let change = FlagChange::Add(Flags::ANSWERED);
    let stored = bench.store.store_flags(bench.inbox, &uids(&[1, 3]), change, None).await?;
    let after = bench.store.snapshot(bench.inbox).await?;
    assert_eq!(stored.highest_modseq, after.highest_modseq());
    assert!(after.highest_modseq() > appended.highest_modseq());
    let changed: Vec<_> =
        after.rows().filter(|row| row.modseq == after.highest_modseq()).map(|r| r.uid).collect();
    assert_eq!(changed, uids(&[1, 3]));
    assert!(after.changed_since(appended.highest_modseq()).map(|row| row.uid).eq(changed));
    Ok(())
}

/// Keywords compare without regard to case; the first spelling stays.
pub async fn keywords_keep_their_first_spelling<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let first = message("1").flags(Flags::keyword("$MDNSent"));
    bench.store.append(bench.inbox, vec![first, message("2")]).await?;
    let change = FlagChange::Add(Flags::keyword("$mdnsent"));
    bench.store.store_flags(bench.inbox, &uids(&[2]), change, None).await?;
    let row = bench.row(bench.inbox, uid(2)).await?;
    assert!(row.flags.keywords().eq(["$MDNSent"]));
    let snapshot = bench.store.snapshot(bench.inbox).await?;
    assert!(snapshot.keywords().keywords().eq(["$MDNSent"]));
    let change = FlagChange::Remove(Flags::keyword("$MDNSENT"));
    bench.store.store_flags(bench.inbox, &uids(&[1]), change, None).await?;
    assert!(bench.row(bench.inbox, uid(1)).await?.flags.is_empty());
    Ok(())
}
