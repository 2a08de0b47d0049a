//! Promise 1 again: what was acknowledged is there when the store is opened next.

use core::fmt::Write;
use core::time::Duration;

use super::{Bench, Subject, delivery, message, uids};
use crate::{
    Accounts, AttemptResult, Changes, Credential, Error, Expunge, FlagChange, Flags, Limits,
    Mailboxes, Messages, ModSeq, NewEnvelope, NewMailbox, NewMessage, NewRecipient, Outcome,
    Result, Rights, RightsChange, Scope, SpecialUse, Staged, Store, Target, ThreadId, Timestamp,
    Uid,
};

/// After work of every kind, a store that is closed and opened shows exactly what it showed before; and
/// once more, since it may have read a different part of itself the first time.
pub async fn everything_acknowledged_survives_reopening<S: Subject>() -> Result<()> {
    let Bench { mut subject, mut store, .. } = Bench::<S>::new().await?;
    for round in 0..3 {
        work(&store, round).await?;
        let before = dump(&store).await?;
        drop(store);
        let kept = subject.reopen().await;
        store = subject.store();
        if !kept {
            return Ok(());
        }
        let after = dump(&store).await?;
        assert!(before == after, "before:\n{before}\nafter:\n{after}");
    }
    Ok(())
}

/// Numbers given out before are not given out after, even when what had them is gone.
pub async fn nothing_is_reused_after_reopening<S: Subject>() -> Result<()> {
    let mut bench = Bench::<S>::new().await?;
    let gone = bench.create("Gone").await?;
    let validity = bench.store.snapshot(gone).await?.uid_validity();
    bench.append(bench.inbox, &["1", "2"]).await?;
    let message = bench.row(bench.inbox, super::uid(2)).await?.message;
    bench.store.expunge(bench.inbox, Expunge::Exactly(uids(&[1, 2]))).await?;
    bench.store.delete_mailbox(gone).await?;
    let modseq = bench.store.snapshot(bench.inbox).await?.highest_modseq();
    let Bench { mut subject, store, account, inbox } = bench;
    drop(store);
    if !subject.reopen().await {
        return Ok(());
    }
    let store = subject.store();
    bench = Bench { subject, store, account, inbox };
    assert_eq!(bench.store.snapshot(bench.inbox).await?.highest_modseq(), modseq);
    let expunged = bench.store.changes_since(bench.inbox, ModSeq::FIRST).await?.expunged;
    assert!(uids(&[1, 2]).iter().all(|uid| expunged.contains(uid)));
    assert_eq!(bench.append(bench.inbox, &["3"]).await?, uids(&[3]));
    assert!(bench.row(bench.inbox, super::uid(3)).await?.message > message);
    let again = bench.create("Gone").await?;
    assert!(again > gone);
    assert_ne!(bench.store.snapshot(again).await?.uid_validity(), validity);
    assert!(bench.subject.store().accounts().await?.len() == 1);
    Ok(())
}

/// Something of everything a store can do.
async fn work(store: &impl Store, round: u32) -> Result<()> {
    let sent = NewMailbox::new("Sent").special_use(SpecialUse::Sent).subscribed();
    let login = format!("user{round}@example.test");
    let account = store.create_account(&login, &[sent]).await?.id;
    store.set_credentials(account, vec![Credential::new("kind", "value")]).await?;
    store.subscribe(account, "Not/There").await?;
    let inbox = store.mailbox(account, "INBOX").await?.id;
    let sent = store.mailbox(account, "Sent").await?.id;
    let doomed = store.create_mailbox(account, &NewMailbox::new("a/doomed")).await?.id;
    let messages = (0..300).map(|n| {
        let flags = if n % 7 == 0 { Flags::keyword("$Seven") } else { Flags::NONE };
        message(&format!("{round} {n}")).flags(flags).internal_date(Timestamp::from_secs(n))
    });
    store.append(inbox, messages.collect()).await?;
    let mut upload = store.upload();
    upload.write(&vec![b'z'; 1_500_000]).await?;
    store.append(inbox, vec![NewMessage::new(upload.finish().await?)]).await?;
    store.append(doomed, vec![NewMessage::new(Staged::from_bytes("doomed"))]).await?;

    let some: Vec<Uid> = (1..300).step_by(5).filter_map(Uid::new).collect();
    let label = Flags::SEEN.union(&Flags::keyword("Label"));
    store.store_flags(inbox, &some, FlagChange::Add(label), None).await?;
    store.copy(inbox, &uids(&[1, 2, 3, 301]), sent).await?;
    store.move_to(inbox, &uids(&[10, 11, 12]), sent).await?;
    store.expunge(inbox, Expunge::Exactly(uids(&[20, 299]))).await?;
    store.delete_mailbox(doomed).await?;
    store.rename_mailbox(account, "a", "b/c").await?;
    let entry = |value: &'static str| vec![("/comment".to_owned(), Some(value.into()))];
    for scope in [Scope::Store, Scope::Account(account), Scope::Mailbox(sent)] {
        store.set_metadata(scope, entry("kept")).await?;
        store.set_metadata(scope, vec![("/gone".into(), Some("x".into()))]).await?;
        store.set_metadata(scope, vec![("/gone".into(), None)]).await?;
    }
    store.set_grant(sent, "bob", RightsChange::Grant(Rights::new("lr"))).await?;
    store.set_limits(account, Limits::new(Some(10_000_000), None)).await?;
    let threaded = message("threaded").thread(ThreadId::new(u64::MAX));
    store.append(sent, vec![threaded]).await?;

    for n in 0..3 {
        let to = vec![NewRecipient::new("x"), NewRecipient::new("y")];
        let mut envelope = NewEnvelope::new("alice", to);
        envelope.due = Some(Timestamp::from_secs(n));
        envelope.expires = (n == 1).then_some(Timestamp::from_secs(99));
        store.deliver(delivery("queued").to(Target::new(inbox)).queued(envelope)).await?;
    }
    let leases = store.lease(Timestamp::from_secs(1), 2, Duration::from_secs(9)).await?;
    for (n, lease) in leases.iter().enumerate() {
        let later = Timestamp::from_secs(1000);
        let retry = AttemptResult::Retry { at: later, error: "later".into() };
        let first = if n == 0 { AttemptResult::Done } else { retry };
        let outcomes = vec![Outcome::new(0, first), Outcome::new(1, AttemptResult::Done)];
        store.complete(lease.token, outcomes, vec![]).await?;
    }
    Ok(())
}

/// Everything a store shows, as text.
async fn dump(store: &impl Store) -> Result<String> {
    let mut out = String::new();
    let unwritable = |_| Error::invalid("a string cannot grow");
    for account in store.accounts().await? {
        let credentials = store.credentials(account.id).await?;
        let values: Vec<_> = credentials.iter().map(|c| (&c.kind, &c.value)).collect();
        let names = store.subscriptions(account.id).await?;
        let metadata = store.metadata(Scope::Account(account.id)).await?;
        let quota = store.quota(account.id).await?;
        writeln!(out, "{account:?} {values:?} {names:?} {metadata:?} {quota:?}")
            .map_err(unwritable)?;
        for mailbox in store.mailboxes(account.id).await? {
            let snapshot = store.snapshot(mailbox.id).await?;
            let changes = store.changes_since(mailbox.id, ModSeq::ZERO).await?;
            writeln!(out, "{mailbox:?} {snapshot:?} {:?}", changes.expunged).map_err(unwritable)?;
            let metadata = store.metadata(Scope::Mailbox(mailbox.id)).await?;
            let grants = store.grants(mailbox.id).await?;
            writeln!(out, "{metadata:?} {grants:?}").map_err(unwritable)?;
            for row in snapshot.rows() {
                let body = store.body(row.message).await?.bytes().await?;
                let facts = store.facts(&[row.message]).await?;
                let digest = crc32c::crc32c(&body);
                let thread = store.threads(&[row.message]).await?;
                writeln!(out, "{row:?} {digest} {facts:?} {thread:?}").map_err(unwritable)?;
            }
        }
    }
    writeln!(out, "{:?}", store.metadata(Scope::Store).await?).map_err(unwritable)?;
    for envelope in store.envelopes().await? {
        writeln!(out, "{envelope:?}").map_err(unwritable)?;
    }
    writeln!(out, "{:?}", store.next_due().await?).map_err(unwritable)?;
    Ok(out)
}
