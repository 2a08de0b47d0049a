//! Promise 1: accounts.

use super::{Bench, Subject};
use crate::{Accounts, Credential, Error, Mailboxes, Messages, NewMailbox, Result, SpecialUse};

/// A login name compares without regard to ASCII case and keeps its first spelling.
pub async fn an_account_is_found_whatever_the_case<S: Subject>() -> Result<()> {
    let subject = S::create().await;
    let store = subject.store();
    let made = store.create_account("Alice@Example.Test", &[]).await?;
    assert_eq!(store.account("aLICE@example.TEST").await?, made);
    assert_eq!(made.login, "Alice@Example.Test");
    assert_eq!(store.accounts().await?, [made]);
    assert!(matches!(store.account("bob").await, Err(Error::NotFound { .. })));
    Ok(())
}

/// Two accounts cannot have one name, and a failed creation leaves nothing.
pub async fn a_login_name_is_taken_once<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let again = bench.store.create_account("ALICE@example.test", &[]).await;
    assert!(matches!(again, Err(Error::AlreadyExists { .. })));
    let twice = [NewMailbox::new("Sent"), NewMailbox::new("Sent")];
    assert!(bench.store.create_account("bob", &twice).await.is_err());
    assert!(bench.store.account("bob").await.is_err());

    let sent = NewMailbox::new("Sent").special_use(SpecialUse::Sent).subscribed();
    let bob = bench.store.create_account("bob", &[sent]).await?;
    let mailboxes = bench.store.mailboxes(bob.id).await?;
    let names: Vec<&str> = mailboxes.iter().map(|mailbox| &*mailbox.name).collect();
    assert_eq!(names, ["INBOX", "Sent"]);
    let sent = bench.store.mailbox(bob.id, "Sent").await?;
    assert!(sent.special_use == Some(SpecialUse::Sent) && sent.subscribed);
    Ok(())
}

/// Credentials are opaque, replaced as a whole, and their value is not printed.
pub async fn credentials_are_kept_and_never_printed<S: Subject>() -> Result<()> {
    let Bench { subject: _held, store, account, .. } = Bench::<S>::new().await?;
    assert_eq!(store.credentials(account.id).await?, []);
    let both = vec![Credential::new("argon2", "$argon2id$x"), Credential::new("scram", "keys")];
    store.set_credentials(account.id, both.clone()).await?;
    assert_eq!(store.credentials(account.id).await?, both);
    assert!(!format!("{both:?}").contains("$argon2id$x"));
    store.set_credentials(account.id, vec![]).await?;
    assert_eq!(store.credentials(account.id).await?, []);
    Ok(())
}

/// Deleting an account deletes its mailboxes, messages and subscriptions; its number is not reused.
pub async fn a_deleted_account_leaves_nothing<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    bench.append(bench.inbox, &["one"]).await?;
    let row = bench.row(bench.inbox, super::uid(1)).await?;
    bench.store.subscribe(bench.account.id, "Lists").await?;
    bench.store.delete_account(bench.account.id).await?;
    assert!(bench.store.account("alice@example.test").await.is_err());
    assert!(bench.store.snapshot(bench.inbox).await.is_err());
    assert!(bench.store.body(row.message).await.is_err());
    assert!(bench.store.delete_account(bench.account.id).await.is_err());

    let again = bench.store.create_account("alice@example.test", &[]).await?;
    assert_ne!(again.id, bench.account.id);
    assert!(bench.store.subscriptions(again.id).await?.is_empty());
    assert_ne!(bench.store.mailbox(again.id, "INBOX").await?.id, bench.inbox);
    Ok(())
}
