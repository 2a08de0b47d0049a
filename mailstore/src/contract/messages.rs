//! Promises 2, 4, 10 and 13: arrival, removal, snapshots, the maildrop.

use core::pin::pin;
use core::task::{Context, Waker};
use std::collections::BTreeSet;

use super::{Bench, Subject, delivery, message, uid, uids};
use crate::{
    Error, Expunge, FlagChange, Flags, MailboxId, Mailboxes, Messages, NewEnvelope, NewRecipient,
    Queue, Result, Target, Timestamp,
};

/// UIDs ascend in the order of arrival; one that was used is not used again.
pub async fn uids_ascend_and_are_never_reused<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    assert_eq!(bench.append(bench.inbox, &["1", "2", "3"]).await?, uids(&[1, 2, 3]));
    bench.store.expunge(bench.inbox, Expunge::Exactly(uids(&[3]))).await?;
    assert_eq!(bench.store.status(bench.inbox).await?.uid_next, uid(4));
    assert_eq!(bench.append(bench.inbox, &["4"]).await?, uids(&[4]));
    bench.store.expunge(bench.inbox, Expunge::Exactly(uids(&[1, 2, 4]))).await?;
    assert_eq!(bench.append(bench.inbox, &["5"]).await?, uids(&[5]));
    Ok(())
}

/// Nothing of a failed append is left; an empty one does nothing.
pub async fn append_is_all_or_nothing<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let before = bench.store.status(bench.inbox).await?;
    let nowhere = MailboxId::new(u64::MAX);
    let failed = bench.store.append(nowhere, vec![message("1")]).await;
    assert!(matches!(failed, Err(Error::NotFound { .. })));
    let nothing = bench.store.append(bench.inbox, vec![]).await?;
    assert!(nothing.uids.is_empty());
    assert_eq!(bench.store.status(bench.inbox).await?, before);

    let flags = Flags::SEEN.union(&Flags::DRAFT);
    let date = Timestamp::from_secs(-5);
    let dated = message("1").flags(flags.clone()).internal_date(date);
    let appended = bench.store.append(bench.inbox, vec![dated, message("2")]).await?;
    let row = bench.row(bench.inbox, uid(1)).await?;
    assert_eq!((row.flags, row.internal_date, row.size), (flags, date, 1));
    assert_eq!(appended.messages.first(), Some(&row.message));
    assert_eq!(appended.uid_validity, before.uid_validity);
    Ok(())
}

/// One target that is gone, and nobody gets the message.
pub async fn a_delivery_reaches_all_or_none<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let gone = bench.create("Gone").await?;
    bench.store.delete_mailbox(gone).await?;
    let envelope = NewEnvelope::new("alice", vec![NewRecipient::new("dave")]);
    let failing =
        delivery("x").to(Target::new(bench.inbox)).to(Target::new(gone)).queued(envelope.clone());
    let failed = bench.store.deliver(failing).await;
    assert!(matches!(failed, Err(Error::NotFound { .. })));
    assert!(bench.rows(bench.inbox).await?.is_empty());
    assert!(bench.store.envelopes().await?.is_empty());

    let nowhere = bench.store.deliver(delivery("x")).await;
    assert!(matches!(nowhere, Err(Error::Invalid { .. })));
    let nobody = delivery("x").queued(NewEnvelope::new("alice", vec![]));
    assert!(matches!(bench.store.deliver(nobody).await, Err(Error::Invalid { .. })));

    let other = bench.create("Other").await?;
    let flagged = Target::new(other).flags(Flags::FLAGGED);
    let good = delivery("x").to(Target::new(bench.inbox)).to(flagged).queued(envelope);
    let delivered = bench.store.deliver(good).await?;
    let places: Vec<_> = delivered.places.iter().map(|p| (p.mailbox, p.uid)).collect();
    assert_eq!(places, [(bench.inbox, uid(1)), (other, uid(1))]);
    assert_eq!(bench.row(other, uid(1)).await?.flags, Flags::FLAGGED);
    let envelopes = bench.store.envelopes().await?;
    assert!(matches!(&*envelopes, [only] if only.message == delivered.message));
    Ok(())
}

/// A message for many is stored once and stays until the last of them lets it go.
pub async fn a_delivery_stores_one_message<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let other = bench.create("Other").await?;
    let envelope = NewEnvelope::new("", vec![NewRecipient::new("dave")]);
    let twice = delivery("shared").to(Target::new(bench.inbox)).to(Target::new(other));
    let delivered = bench.store.deliver(twice.queued(envelope)).await?;
    let message = delivered.message;
    assert_eq!(bench.row(bench.inbox, uid(1)).await?.message, message);
    assert_eq!(bench.row(other, uid(1)).await?.message, message);

    bench.store.expunge(bench.inbox, Expunge::Exactly(uids(&[1]))).await?;
    bench.store.delete_mailbox(other).await?;
    assert!(bench.store.body(message).await?.bytes().await? == "shared");
    assert_eq!(bench.store.facts(&[message]).await?, [Some("facts of shared".into())]);
    for envelope in delivered.envelopes {
        bench.store.remove_envelope(envelope).await?;
    }
    assert!(matches!(bench.store.body(message).await, Err(Error::NotFound { .. })));
    Ok(())
}

/// A snapshot shows one moment for ever.
pub async fn a_snapshot_does_not_change<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    bench.append(bench.inbox, &["1", "2", "3"]).await?;
    let snapshot = bench.store.snapshot(bench.inbox).await?;
    let rows: Vec<_> = snapshot.rows().collect();
    let change = FlagChange::Add(Flags::DELETED);
    bench.store.store_flags(bench.inbox, &uids(&[1, 2]), change, None).await?;
    bench.store.expunge(bench.inbox, Expunge::Deleted).await?;
    bench.append(bench.inbox, &["4"]).await?;
    assert!(snapshot.rows().eq(rows));
    assert_eq!(snapshot.len(), 3);
    assert_eq!(snapshot.uid_next(), uid(4));
    assert!(bench.store.snapshot(bench.inbox).await?.uids().eq(uids(&[3, 4])));
    Ok(())
}

/// The counters agree with the rows after every kind of change.
pub async fn status_counts_what_the_snapshot_shows<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let all: Vec<String> = (0..600).map(|n| "x".repeat(n)).collect();
    let all: Vec<&str> = all.iter().map(|body| &**body).collect();
    bench.append(bench.inbox, &all).await?;
    let every_third: Vec<_> = (1..=600).step_by(3).filter_map(crate::Uid::new).collect();
    let seen = FlagChange::Add(Flags::SEEN);
    bench.store.store_flags(bench.inbox, &every_third, seen, None).await?;
    let deleted = FlagChange::Add(Flags::DELETED);
    bench.store.store_flags(bench.inbox, &uids(&[1, 2, 3, 300, 600]), deleted, None).await?;
    let among = Expunge::DeletedAmong(uids(&[2, 300, 301]));
    let expunged = bench.store.expunge(bench.inbox, among).await?;
    assert_eq!(expunged.uids, uids(&[2, 300]));

    let rows = bench.rows(bench.inbox).await?;
    let status = bench.store.status(bench.inbox).await?;
    let count = |flag: Flags| rows.iter().filter(|row| row.flags.contains(&flag)).map(|_| 1).sum();
    assert_eq!(status.messages, 598);
    assert_eq!(status.messages as usize, rows.len());
    let (seen, deleted): (u32, u32) = (count(Flags::SEEN), count(Flags::DELETED));
    assert_eq!(status.unseen, status.messages - seen);
    assert_eq!((status.deleted, deleted), (3, 3));
    assert_eq!(status.size, rows.iter().map(|row| row.size).sum::<u64>());
    assert_eq!(status.uid_next, uid(601));
    Ok(())
}

/// Each way to expunge takes exactly its messages, and says which.
pub async fn expunge_removes_what_was_asked_and_nothing_else<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    bench.append(bench.inbox, &["1", "2", "3", "4", "5"]).await?;
    let delete = FlagChange::Add(Flags::DELETED);
    bench.store.store_flags(bench.inbox, &uids(&[1, 2, 4]), delete, None).await?;
    let expunge = |which| bench.store.expunge(bench.inbox, which);
    let among = expunge(Expunge::DeletedAmong(uids(&[5, 4, 3]))).await?;
    assert_eq!(among.uids, uids(&[4]));
    let exactly = expunge(Expunge::Exactly(uids(&[5, 9]))).await?;
    assert_eq!(exactly.uids, uids(&[5]));
    let before = bench.store.status(bench.inbox).await?.highest_modseq;
    let nothing = expunge(Expunge::Exactly(uids(&[5, 9]))).await?;
    assert!(nothing.uids.is_empty() && nothing.highest_modseq == before);
    let deleted = expunge(Expunge::Deleted).await?;
    assert_eq!(deleted.uids, uids(&[1, 2]));
    assert!(deleted.highest_modseq > before);
    assert!(bench.store.snapshot(bench.inbox).await?.uids().eq(uids(&[3])));
    Ok(())
}

/// Writers at the same time never share a UID, and nothing of theirs is lost.
pub async fn concurrent_writers_get_distinct_uids<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let writers: Vec<_> = (0..16)
        .map(|writer| {
            let (store, inbox) = (bench.store.clone(), bench.inbox);
            tokio::spawn(async move {
                let mut got = Vec::new();
                for n in 0..20 {
                    let body = format!("{writer}/{n}");
                    let appended = store.append(inbox, vec![message(&body)]).await?;
                    got.extend(appended.uids.into_iter().map(|uid| (uid, body.clone())));
                }
                Ok::<_, Error>(got)
            })
        })
        .collect();
    let mut seen = BTreeSet::new();
    for writer in writers {
        let got = writer.await.map_err(|_| Error::invalid("a writer died"))??;
        assert!(got.is_sorted());
        for (uid, body) in got {
            assert!(seen.insert(uid));
            let row = bench.row(bench.inbox, uid).await?;
            assert!(bench.store.body(row.message).await?.bytes().await? == body);
        }
    }
    assert_eq!(seen.len(), 320);
    assert!(bench.store.snapshot(bench.inbox).await?.uids().eq(seen));
    Ok(())
}

/// The maildrop is held by one at a time; mailboxes stay open to all.
pub async fn a_maildrop_has_one_holder<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let held = bench.store.lock_maildrop(bench.account.id).await?;
    let second = bench.store.lock_maildrop(bench.account.id).await;
    assert!(matches!(second, Err(Error::Locked { .. })));
    bench.append(bench.inbox, &["while held"]).await?;
    drop(held);
    let again = bench.store.lock_maildrop(bench.account.id).await?;
    assert_eq!(again.account(), bench.account.id);
    let nobody = crate::AccountId::new(u64::MAX);
    assert!(matches!(bench.store.lock_maildrop(nobody).await, Err(Error::NotFound { .. })));
    Ok(())
}

/// Ten thousand rows are read one by one, in order, while another writer changes and removes them.
pub async fn a_snapshot_is_read_row_by_row_while_others_write<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let (store, inbox) = (&bench.store, bench.inbox);
    for thousand in 0..S::THOUSANDS {
        let messages = (0..1000).map(|n| message(&format!("{thousand} {n}"))).collect();
        store.append(inbox, messages).await?;
    }
    let before = store.snapshot(inbox).await?;
    let mut expected = 0;
    for row in before.rows() {
        if expected % 1000 == 0 {
            let flag = FlagChange::Add(Flags::FLAGGED);
            store.store_flags(inbox, &uids(&[expected + 900]), flag, None).await?;
            store.expunge(inbox, Expunge::Exactly(uids(&[expected + 901]))).await?;
        }
        expected += 1;
        assert_eq!((row.uid, row.flags), (uid(expected), Flags::NONE));
    }
    assert_eq!(expected, S::THOUSANDS * 1000);
    let left = store.snapshot(inbox).await?;
    let removed = usize::try_from(S::THOUSANDS).unwrap_or_default();
    assert_eq!(left.len() + removed, before.len());
    Ok(())
}

/// A write given up on is there, or never will be, once a barrier was passed.
pub async fn a_barrier_waits_for_writes_nobody_waits_for<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    for n in 0..20 {
        {
            let mut given_up = pin!(bench.store.append(bench.inbox, vec![message("given up")]));
            let mut nobody = Context::from_waker(Waker::noop());
            let _ = given_up.as_mut().poll(&mut nobody);
        }
        bench.store.barrier().await?;
        let there = bench.store.snapshot(bench.inbox).await?;
        bench.store.barrier().await?;
        let later = bench.store.snapshot(bench.inbox).await?;
        assert_eq!(there.status(), later.status());
        assert!(there.len() <= n + 1);
    }
    Ok(())
}
