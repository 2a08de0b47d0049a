//! Promise 17: who else may do what.

use super::{Bench, Subject};
use crate::{Error, Grant, MailboxId, Mailboxes, Result, Rights, RightsChange, Sharing};

/// Rights are added, taken away and replaced; who has none is off the list.
pub async fn rights_are_granted_and_revoked<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let (store, inbox) = (&bench.store, bench.inbox);
    assert_eq!(store.grants(inbox).await?, []);
    let change = |who, change| store.set_grant(inbox, who, change);
    let given = change("bob", RightsChange::Grant(Rights::new("rl"))).await?;
    assert_eq!(given.as_str(), "lr");
    change("bob", RightsChange::Grant(Rights::new("sl"))).await?;
    let left = change("bob", RightsChange::Revoke(Rights::new("lx"))).await?;
    assert_eq!(left.as_str(), "rs");
    change("anyone", RightsChange::Replace(Rights::new("l"))).await?;
    let list = [Grant::new("anyone", Rights::new("l")), Grant::new("bob", Rights::new("rs"))];
    assert_eq!(store.grants(inbox).await?, list);
    assert!(change("bob", RightsChange::Replace(Rights::default())).await?.is_empty());
    assert_eq!(store.grants(inbox).await?.len(), 1);
    assert!(matches!(change("", RightsChange::Grant(left)).await, Err(Error::Invalid { .. })));
    let nowhere = MailboxId::new(u64::MAX);
    assert!(matches!(store.grants(nowhere).await, Err(Error::NotFound { .. })));
    Ok(())
}

/// Mailboxes an identifier is named by are found; the list survives renaming and not deletion.
pub async fn a_grant_goes_with_its_mailbox<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let store = &bench.store;
    let shared = bench.create("Shared").await?;
    let lookup = RightsChange::Grant(Rights::new("l"));
    store.set_grant(shared, "bob", lookup.clone()).await?;
    store.set_grant(bench.inbox, "bob", lookup.clone()).await?;
    store.set_grant(bench.inbox, "bobby", lookup).await?;
    store.rename_mailbox(bench.account.id, "Shared", "Ours").await?;
    let names: Vec<String> = store.granted("bob").await?.into_iter().map(|m| m.name).collect();
    assert_eq!(names, ["INBOX", "Ours"]);
    store.delete_mailbox(shared).await?;
    assert!(store.grants(shared).await.is_err());
    assert_eq!(store.granted("bob").await?.len(), 1);
    let again = bench.create("Ours").await?;
    assert_eq!(store.grants(again).await?, []);
    Ok(())
}
