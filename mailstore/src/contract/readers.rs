//! Promise 21: what readers have for themselves.

use super::{Bench, Subject, uid, uids};
use crate::{
    AccountId, Accounts, Changes, Error, Expunge, FlagChange, Flags, MailboxId, Mailboxes,
    Messages, ModSeq, OwnFlags, Readers, Result,
};

/// A reader's flags are seen by that reader alone, in steps of the mailbox's history.
pub async fn own_flags_are_the_readers_alone<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let (store, inbox) = (&bench.store, bench.inbox);
    bench.append(inbox, &["1", "2", "3"]).await?;
    let bob = store.create_account("bob@example.test", &[]).await?.id;
    let carol = store.create_account("carol@example.test", &[]).await?.id;
    let before = bench.rows(inbox).await?;
    let start = store.snapshot(inbox).await?.highest_modseq();
    let mut watcher = store.watch(inbox).await?;
    let seen = FlagChange::Add(Flags::SEEN.union(&Flags::keyword("$Mine")));
    let stored = store.store_own_flags(inbox, bob, &uids(&[3, 1, 9]), seen.clone(), None).await?;
    assert_eq!(stored.missing, uids(&[9]));
    assert_eq!(stored.updated.iter().map(|u| u.uid).collect::<Vec<_>>(), uids(&[1, 3]));
    assert!(stored.highest_modseq > start && stored.updated.iter().all(|u| u.changed));
    watcher.changed().await?;
    assert_eq!(store.snapshot(inbox).await?.highest_modseq(), stored.highest_modseq);
    assert_eq!(bench.rows(inbox).await?, before, "rows stay as they are");
    assert_eq!(store.own_flags(inbox, carol, ModSeq::ZERO).await?, []);
    let flags = Flags::SEEN.union(&Flags::keyword("$Mine"));
    let own = |at, flags: &Flags, modseq| OwnFlags::new(uid(at), flags.clone(), modseq);
    let first = stored.highest_modseq;
    let listed = store.own_flags(inbox, bob, ModSeq::ZERO).await?;
    assert_eq!(listed, [own(1, &flags, first), own(3, &flags, first)]);

    let again = store.store_own_flags(inbox, bob, &uids(&[1]), seen, None).await?;
    assert!(again.updated.iter().all(|u| !u.changed) && again.highest_modseq == first);
    let clear = FlagChange::Replace(Flags::NONE);
    let both = uids(&[1, 2, 3]);
    store.store_own_flags(inbox, bob, &uids(&[1]), clear.clone(), None).await?;
    let late = store.store_own_flags(inbox, bob, &both, clear, Some(first)).await?;
    assert_eq!(late.conflicts, uids(&[1]));
    let listed = store.own_flags(inbox, bob, first).await?;
    let steps: Vec<ModSeq> = listed.iter().map(|own| own.modseq).collect();
    assert!(matches!(&*steps, [one, three] if one < three && *three == late.highest_modseq));
    assert!(listed.iter().all(|own| own.flags.is_empty()));
    let nowhere = store.own_flags(MailboxId::new(u64::MAX), bob, ModSeq::ZERO).await;
    assert!(matches!(nowhere, Err(Error::NotFound { .. })));
    let nobody = AccountId::new(u64::MAX);
    let nobody = store.store_own_flags(inbox, nobody, &both, FlagChange::Add(flags), None).await;
    assert!(matches!(nobody, Err(Error::NotFound { .. })));
    Ok(())
}

/// They go with the message, the mailbox and the reader; a copy has none; reopening keeps them.
pub async fn own_flags_go_with_what_they_belong_to<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let inbox = bench.inbox;
    bench.append(inbox, &["1", "2", "3"]).await?;
    let shared = bench.create("Shared").await?;
    bench.append(shared, &["4"]).await?;
    let bob = bench.store.create_account("bob@example.test", &[]).await?.id;
    let carol = bench.store.create_account("carol@example.test", &[]).await?.id;
    let seen = || FlagChange::Add(Flags::SEEN);
    for (mailbox, reader) in [(inbox, bob), (inbox, carol), (shared, bob)] {
        bench.store.store_own_flags(mailbox, reader, &uids(&[1, 2, 3]), seen(), None).await?;
    }
    bench.store.expunge(inbox, Expunge::Exactly(uids(&[2]))).await?;
    bench.store.move_to(inbox, &uids(&[3]), shared).await?;
    let kept = bench.store.own_flags(inbox, bob, ModSeq::ZERO).await?;
    let Bench { mut subject, store, .. } = bench;
    drop(store);
    subject.reopen().await;
    let store = subject.store();
    assert!(matches!(&*kept, [only] if only.uid == uid(1) && only.flags == Flags::SEEN));
    assert_eq!(store.own_flags(inbox, bob, ModSeq::ZERO).await?, kept);
    let moved = store.own_flags(shared, bob, ModSeq::ZERO).await?;
    assert!(matches!(&*moved, [only] if only.uid == uid(1)));
    store.delete_account(bob).await?;
    assert!(store.own_flags(inbox, bob, ModSeq::ZERO).await.is_err());
    assert_eq!(store.own_flags(inbox, carol, ModSeq::ZERO).await?.len(), 1);
    store.delete_mailbox(shared).await?;
    assert!(store.own_flags(shared, carol, ModSeq::ZERO).await.is_err());
    Ok(())
}
