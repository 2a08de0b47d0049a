//! Promise 16: metadata.

use bytes::Bytes;

use super::{Bench, Subject};
use crate::{
    AccountId, Accounts, Error, MAX_METADATA_ENTRIES, MAX_METADATA_KEY, MAX_METADATA_VALUE,
    MailboxId, Mailboxes, Metadata, Result, Scope,
};

fn set(key: &str, value: &str) -> (String, Option<Bytes>) {
    (key.to_owned(), Some(Bytes::copy_from_slice(value.as_bytes())))
}

/// Entries are set, replaced and removed together; a bad one among them leaves all as they were. Scopes
/// do not see each other.
pub async fn metadata_are_set_and_removed_in_one_step<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let (account, mailbox) = (Scope::Account(bench.account.id), Scope::Mailbox(bench.inbox));
    for scope in [Scope::Store, account, mailbox] {
        assert_eq!(bench.store.metadata(scope).await?, []);
        bench.store.set_metadata(scope, vec![set("/b", "1"), set("/a", "")]).await?;
        let changed = vec![set("/b", "2"), ("/a".into(), None), ("/none".into(), None)];
        bench.store.set_metadata(scope, changed).await?;
        let bad = vec![set("/c", "3"), set("", "nameless")];
        let refused = bench.store.set_metadata(scope, bad).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })));
        let kept = vec![("/b".to_owned(), Bytes::from_static(b"2"))];
        assert_eq!(bench.store.metadata(scope).await?, kept);
    }
    for nobody in
        [Scope::Account(AccountId::new(u64::MAX)), Scope::Mailbox(MailboxId::new(u64::MAX))]
    {
        let read = bench.store.metadata(nobody).await;
        assert!(matches!(read, Err(Error::NotFound { .. })));
        let written = bench.store.set_metadata(nobody, vec![set("/a", "1")]).await;
        assert!(matches!(written, Err(Error::NotFound { .. })));
    }
    Ok(())
}

/// Keys, values and their number have limits; at the limit an entry can still be replaced and removed.
pub async fn metadata_have_limits<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let scope = Scope::Mailbox(bench.inbox);
    let long = "v".repeat(MAX_METADATA_VALUE);
    bench.store.set_metadata(scope, vec![set("/long", &long)]).await?;
    let longer = vec![set("/longer", &format!("{long}v"))];
    let refused = bench.store.set_metadata(scope, longer).await;
    assert!(matches!(refused, Err(Error::OverLimit { .. })));
    let key = "k".repeat(MAX_METADATA_KEY + 1);
    let refused = bench.store.set_metadata(scope, vec![set(&key, "v")]).await;
    assert!(matches!(refused, Err(Error::Invalid { .. })));

    let many = (1..MAX_METADATA_ENTRIES).map(|n| set(&format!("/{n}"), "v")).collect();
    bench.store.set_metadata(scope, many).await?;
    let refused = bench.store.set_metadata(scope, vec![set("/one/more", "v")]).await;
    assert!(matches!(refused, Err(Error::OverLimit { .. })));
    bench.store.set_metadata(scope, vec![set("/one/more", "v"), ("/1".into(), None)]).await?;
    bench.store.set_metadata(scope, vec![set("/2", "w")]).await?;
    assert_eq!(bench.store.metadata(scope).await?.len(), MAX_METADATA_ENTRIES);
    Ok(())
}

/// Renaming keeps them; a mailbox or an account made anew under the name has none.
pub async fn metadata_go_with_what_they_belong_to<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let mailbox = bench.create("Old").await?;
    bench.store.set_metadata(Scope::Mailbox(mailbox), vec![set("/a", "1")]).await?;
    bench.store.set_metadata(Scope::Account(bench.account.id), vec![set("/a", "1")]).await?;
    bench.store.rename_mailbox(bench.account.id, "Old", "New").await?;
    assert_eq!(bench.store.metadata(Scope::Mailbox(mailbox)).await?.len(), 1);
    bench.store.delete_mailbox(mailbox).await?;
    assert!(bench.store.metadata(Scope::Mailbox(mailbox)).await.is_err());
    let again = bench.create("New").await?;
    assert_eq!(bench.store.metadata(Scope::Mailbox(again)).await?, []);
    bench.store.delete_account(bench.account.id).await?;
    let again = bench.store.create_account("alice@example.test", &[]).await?;
    assert_eq!(bench.store.metadata(Scope::Account(again.id)).await?, []);
    Ok(())
}
