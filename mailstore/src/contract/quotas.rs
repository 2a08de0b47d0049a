//! Promise 18: quotas.

use super::{Bench, Subject, delivery, message, uids};
use crate::{Accounts, Error, Expunge, Limits, Mailboxes, Messages, Quota, Quotas, Result, Target};

/// Every way to gain and to lose a message is counted.
pub async fn a_quota_counts_what_an_account_holds<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let (store, account) = (&bench.store, bench.account.id);
    let holds = async |octets, messages| -> Result<()> {
        let quota = store.quota(account).await?;
        assert_eq!(quota, Quota::new(octets, messages, Limits::default()));
        Ok(())
    };
    holds(0, 0).await?;
    bench.append(bench.inbox, &["1", "22", "333"]).await?;
    holds(6, 3).await?;
    let other = bench.create("Other").await?;
    store.copy(bench.inbox, &uids(&[3]), other).await?;
    holds(9, 4).await?;
    store.move_to(bench.inbox, &uids(&[2]), other).await?;
    holds(9, 4).await?;
    let twice = delivery("4444").to(Target::new(bench.inbox)).to(Target::new(other));
    store.deliver(twice).await?;
    holds(17, 6).await?;
    store.expunge(bench.inbox, Expunge::Exactly(uids(&[1, 3]))).await?;
    holds(13, 4).await?;
    store.rename_mailbox(account, "INBOX", "Saved").await?;
    holds(13, 4).await?;
    store.delete_mailbox(other).await?;
    holds(4, 1).await?;
    let bob = store.create_account("bob", &[]).await?;
    let inbox = store.mailbox(bob.id, "INBOX").await?.id;
    let saved = store.mailbox(account, "Saved").await?.id;
    let only = store.snapshot(saved).await?.uids().collect::<Vec<_>>();
    store.move_to(saved, &only, inbox).await?;
    holds(0, 0).await?;
    assert_eq!(store.quota(bob.id).await?, Quota::new(4, 1, Limits::default()));
    Ok(())
}

/// What does not fit is refused as a whole, with the account and the limit; what fits exactly fits.
pub async fn a_step_over_a_limit_is_refused_whole<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let (store, account) = (&bench.store, bench.account.id);
    store.set_limits(account, Limits::new(Some(10), Some(3))).await?;
    let refused = store.append(bench.inbox, vec![message("12345"), message("123456")]).await;
    let octets = matches!(refused, Err(Error::OverQuota { account: whose, what: "octets", limit: 10 }) if whose == account);
    assert!(octets, "{refused:?}");
    assert_eq!(store.quota(account).await?.messages, 0);
    bench.append(bench.inbox, &["12345", "12345"]).await?;
    assert!(matches!(bench.append(bench.inbox, &["1"]).await, Err(Error::OverQuota { .. })));
    bench.append(bench.inbox, &[""]).await?;
    let fourth = bench.append(bench.inbox, &[""]).await;
    assert!(matches!(fourth, Err(Error::OverQuota { what: "messages", limit: 3, .. })));

    let bob = store.create_account("bob", &[]).await?;
    let inbox = store.mailbox(bob.id, "INBOX").await?.id;
    let both = delivery("x").to(Target::new(inbox)).to(Target::new(bench.inbox));
    assert!(matches!(store.deliver(both).await, Err(Error::OverQuota { .. })));
    assert!(store.snapshot(inbox).await?.is_empty());
    let copied = store.copy(bench.inbox, &uids(&[1]), bench.inbox).await;
    assert!(matches!(copied, Err(Error::OverQuota { .. })));
    let moved = store.move_to(bench.inbox, &uids(&[1]), bench.inbox).await?;
    assert_eq!(moved.uids.len(), 1);
    assert_eq!(store.snapshot(bench.inbox).await?.len(), 3);
    Ok(())
}

/// Limits set below what is there remove nothing: reading and removing go on, growth does not.
pub async fn a_limit_below_what_is_there_stops_growth_only<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let (store, account) = (&bench.store, bench.account.id);
    bench.append(bench.inbox, &["1", "22", "333"]).await?;
    store.set_limits(account, Limits::new(Some(1), None)).await?;
    assert!(matches!(bench.append(bench.inbox, &["1"]).await, Err(Error::OverQuota { .. })));
    let other = bench.create("Other").await?;
    store.move_to(bench.inbox, &uids(&[1]), other).await?;
    store.expunge(bench.inbox, Expunge::Exactly(uids(&[3]))).await?;
    assert_eq!(store.quota(account).await?, Quota::new(3, 2, Limits::new(Some(1), None)));
    store.set_limits(account, Limits::default()).await?;
    bench.append(bench.inbox, &["1"]).await?;
    Ok(())
}
