//! Promises 3 and 12: mailboxes and their names.

use super::{Bench, Subject, uids};
use crate::{
    AccountId, Accounts, Error, Mailboxes, Messages, NewMailbox, Result, SpecialUse, Store,
};

async fn names(store: &impl Store, account: AccountId) -> Result<Vec<String>> {
    Ok(store.mailboxes(account).await?.into_iter().map(|mailbox| mailbox.name).collect())
}

/// Every spelling of INBOX is INBOX, also as a first level; other names are compared exactly.
pub async fn inbox_is_one_whatever_the_case<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let account = bench.account.id;
    assert_eq!(bench.store.mailbox(account, "iNbOx").await?.id, bench.inbox);
    let again = bench.store.create_mailbox(account, &NewMailbox::new("inbox")).await;
    assert!(matches!(again, Err(Error::AlreadyExists { .. })));
    bench.create("Inbox/Lists").await?;
    bench.create("Other").await?;
    bench.create("other").await?;
    assert_eq!(names(&bench.store, account).await?, ["INBOX", "INBOX/Lists", "Other", "other"]);
    assert!(matches!(bench.store.delete_mailbox(bench.inbox).await, Err(Error::Invalid { .. })));
    for bad in ["", "/", "/a", "a//b", "a\r\nb"] {
        let created = bench.store.create_mailbox(account, &NewMailbox::new(bad)).await;
        assert!(matches!(created, Err(Error::Invalid { .. })), "{bad:?}");
        assert!(bench.store.mailbox(account, bad).await.is_err());
    }
    Ok(())
}

/// Creating `a/b/c` creates `a` and `a/b`; deleting `a` leaves what is below.
pub async fn missing_levels_are_created<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let account = bench.account.id;
    bench.create("a/b/c").await?;
    assert_eq!(names(&bench.store, account).await?, ["INBOX", "a", "a/b", "a/b/c"]);
    let a = bench.store.mailbox(account, "a").await?.id;
    bench.store.delete_mailbox(a).await?;
    assert_eq!(names(&bench.store, account).await?, ["INBOX", "a/b", "a/b/c"]);

    let bob = bench.store.create_account("bob", &[]).await?;
    assert_eq!(names(&bench.store, bob.id).await?, ["INBOX"]);
    Ok(())
}

/// Renaming moves the whole subtree or nothing, and identifiers stay.
pub async fn renaming_takes_everything_below_along<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let (store, account) = (&bench.store, bench.account.id);
    let deep = bench.create("a/b/c").await?;
    bench.create("a-z").await?;
    bench.append(deep, &["1"]).await?;
    store.rename_mailbox(account, "a", "x/y").await?;
    assert_eq!(names(store, account).await?, ["INBOX", "a-z", "x", "x/y", "x/y/b", "x/y/b/c"]);
    assert_eq!(store.mailbox(account, "x/y/b/c").await?.id, deep);
    assert!(store.snapshot(deep).await?.uids().eq(uids(&[1])));

    bench.create("q/b").await?;
    let taken = store.rename_mailbox(account, "x/y", "q").await;
    assert!(matches!(taken, Err(Error::AlreadyExists { .. })));
    let below = store.rename_mailbox(account, "x", "x/y/z").await;
    assert!(matches!(below, Err(Error::Invalid { .. })));
    let missing = store.rename_mailbox(account, "nothing", "n").await;
    assert!(matches!(missing, Err(Error::NotFound { .. })));
    assert_eq!(store.mailbox(account, "x/y/b/c").await?.id, deep);
    Ok(())
}

/// RFC 9051 §6.3.6: INBOX stays, empty; its messages are in the new mailbox.
pub async fn renaming_inbox_moves_its_messages<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let (store, account) = (&bench.store, bench.account.id);
    bench.create("INBOX/below").await?;
    bench.append(bench.inbox, &["1", "2"]).await?;
    let before = bench.rows(bench.inbox).await?;
    store.rename_mailbox(account, "inbox", "Old/Mail").await?;
    let expected = ["INBOX", "INBOX/below", "Old", "Old/Mail"];
    assert_eq!(names(store, account).await?, expected);
    assert_eq!(store.mailbox(account, "INBOX").await?.id, bench.inbox);
    assert!(store.snapshot(bench.inbox).await?.is_empty());
    let moved = store.mailbox(account, "Old/Mail").await?.id;
    let after = bench.rows(moved).await?;
    assert!(after.iter().map(|row| row.message).eq(before.iter().map(|row| row.message)));
    for row in after {
        assert!(store.body(row.message).await.is_ok());
    }
    assert_eq!(bench.append(bench.inbox, &["3"]).await?, uids(&[3]));
    Ok(())
}

/// A name used again does not bring old UIDs back.
pub async fn a_name_reused_has_another_uidvalidity<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let mut seen = vec![bench.store.mailbox(bench.account.id, "INBOX").await?.uid_validity];
    for _ in 0..5 {
        let id = bench.create("Again").await?;
        let validity = bench.store.snapshot(id).await?.uid_validity();
        assert!(!seen.contains(&validity));
        assert_eq!(bench.store.mailbox(bench.account.id, "Again").await?.uid_validity, validity);
        seen.push(validity);
        bench.store.delete_mailbox(id).await?;
        assert!(matches!(bench.store.status(id).await, Err(Error::NotFound { .. })));
    }
    Ok(())
}

/// A subscription is a name, there or not.
pub async fn subscriptions_outlive_mailboxes<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let (store, account) = (&bench.store, bench.account.id);
    let list = bench.create("List").await?;
    store.subscribe(account, "List").await?;
    store.subscribe(account, "inbox").await?;
    store.subscribe(account, "Not/There").await?;
    store.subscribe(account, "List").await?;
    assert_eq!(store.subscriptions(account).await?, ["INBOX", "List", "Not/There"]);
    assert!(store.mailbox(account, "List").await?.subscribed);
    store.delete_mailbox(list).await?;
    assert_eq!(store.subscriptions(account).await?, ["INBOX", "List", "Not/There"]);
    store.unsubscribe(account, "List").await?;
    store.unsubscribe(account, "List").await?;
    assert_eq!(store.subscriptions(account).await?, ["INBOX", "Not/There"]);
    bench.create("List").await?;
    assert!(!store.mailbox(account, "List").await?.subscribed);
    Ok(())
}

/// A mailbox stays itself under another name.
pub async fn special_use_and_uidvalidity_survive_renaming<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let (store, account) = (&bench.store, bench.account.id);
    let new = NewMailbox::new("Trash").special_use(SpecialUse::Trash);
    let before = store.create_mailbox(account, &new).await?;
    store.rename_mailbox(account, "Trash", "Bin").await?;
    let after = store.mailbox(account, "Bin").await?;
    assert_eq!((after.id, after.uid_validity), (before.id, before.uid_validity));
    assert_eq!(after.special_use, Some(SpecialUse::Trash));
    assert!(store.mailbox(account, "Trash").await.is_err());
    Ok(())
}
