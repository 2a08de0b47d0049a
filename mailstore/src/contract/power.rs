//! Promise 1 on a disk that loses its power.

use core::future::Future;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Subject;
use crate::{
    Accounts, Error, Expunge, FlagChange, Flags, MailboxId, Mailboxes, NewMessage, Result, Store,
    Uid,
};

/// A backend on a disk whose power can be cut.
pub trait PowerCut: Subject {
    /// How often the power goes.
    const ROUNDS: u32 = 200;

    /// A fresh store; on a disk that says "durable" without doing anything if it is not `honest`.
    fn on_disk(honest: bool) -> impl Future<Output = Self>;

    /// What a disk holds whose power goes at this moment, whatever the store is doing, opened. Of what
    /// was not made durable it may keep all, some or nothing, in the manner of round `round`.
    fn after_power_cut(&self, round: u32) -> impl Future<Output = Self>;
}

/// What writers were told, by mailbox: of each message the checksum and whether it is flagged; `None`
/// for one that was expunged.
type Promises = Arc<Mutex<BTreeMap<Uid, Option<(u32, bool)>>>>;

/// Writers append, flag and expunge; round after round the power goes. Whatever was answered by then
/// is there, whole; whatever else is there is whole too, and nothing expunged comes back.
pub async fn nothing_acknowledged_is_lost_when_the_power_goes<S: PowerCut>() -> Result<()> {
    let mut round = 0;
    while round < S::ROUNDS {
        let subject = S::on_disk(true).await;
        let (store, inbox) = inbox(&subject).await?;
        let stop = Arc::new(AtomicBool::new(false));
        let promises = Promises::default();
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (stop, promises) = (stop.clone(), promises.clone());
                tokio::spawn(write(store.clone(), inbox, writer, stop, promises))
            })
            .collect();
        // A store that grows for ever would make every round slower than the last.
        for of_this_store in 1..=20 {
            wait(&promises, of_this_store * 40).await;
            let promised = promises.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let after = subject.after_power_cut(round).await;
            let lost = lost(&after.store(), inbox, &promised).await;
            assert_eq!(lost, 0, "of {} in round {round}", promised.len());
            round += 1;
        }
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.await.map_err(|_| Error::invalid("a writer died"))??;
        }
    }
    Ok(())
}

/// The control: on a disk that does nothing on sync, messages are lost. If they were not, the check above
/// would prove nothing.
pub async fn a_disk_that_lies_loses_messages<S: PowerCut>() -> Result<()> {
    let subject = S::on_disk(false).await;
    let (store, inbox) = inbox(&subject).await?;
    let promises = Promises::default();
    let stop = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn(write(store, inbox, 0, stop.clone(), promises.clone()));
    wait(&promises, 40).await;
    stop.store(true, Ordering::Relaxed);
    writer.await.map_err(|_| Error::invalid("a writer died"))??;
    let promised = promises.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let after = subject.after_power_cut(0).await;
    let lost = lost(&after.store(), inbox, &promised).await;
    assert!(lost > 0, "all {} messages survived a disk that syncs nothing", promised.len());
    Ok(())
}

async fn inbox<S: PowerCut>(subject: &S) -> Result<(S::Store, MailboxId)> {
    let store = subject.store();
    let account = store.create_account("alice", &[]).await?;
    let inbox = store.mailbox(account.id, "INBOX").await?.id;
    Ok((store, inbox))
}

/// Waits until this many promises were made.
async fn wait(promises: &Promises, count: usize) {
    while promises.lock().unwrap_or_else(PoisonError::into_inner).len() < count {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn write<S: Store>(
    store: S,
    inbox: MailboxId,
    writer: usize,
    stop: Arc<AtomicBool>,
    promises: Promises,
) -> Result<()> {
    for n in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let size = if n % 29 == 28 { 1_100_000 } else { 20 + n * 97 % 6000 };
        let mut body = format!("writer {writer} message {n} ").into_bytes();
        body.resize(size.max(body.len()), b'x');
        let digest = crc32c::crc32c(&body);
        let mut upload = store.upload();
        upload.write(&body).await?;
        let message = NewMessage::new(upload.finish().await?).facts(digest.to_le_bytes().to_vec());
        let appended = store.append(inbox, vec![message]).await?;
        let Some(uid) = appended.uids.first().copied() else { break };
        let promise = |promise| {
            promises.lock().unwrap_or_else(PoisonError::into_inner).insert(uid, promise);
        };
        if n % 7 == 0 {
            // Nothing is promised of it but that it does not come back.
            store.expunge(inbox, Expunge::Exactly(vec![uid])).await?;
            promise(None);
            continue;
        }
        promise(Some((digest, false)));
        if n % 3 == 0 {
            store.store_flags(inbox, &[uid], FlagChange::Add(Flags::FLAGGED), None).await?;
            promise(Some((digest, true)));
        }
    }
    Ok(())
}

/// How many promises were not kept.
async fn lost(
    store: &impl Store,
    inbox: MailboxId,
    promised: &BTreeMap<Uid, Option<(u32, bool)>>,
) -> usize {
    let Ok(snapshot) = store.snapshot(inbox).await else { return promised.len() };
    let mut lost = 0;
    for (uid, promise) in promised {
        let row = snapshot.find(*uid);
        lost += usize::from(match (promise, row) {
            (Some((_, flagged)), Some(row)) => *flagged && !row.flags.contains(&Flags::FLAGGED),
            (Some(_), None) | (None, Some(_)) => true,
            (None, None) => false,
        });
    }
    for row in snapshot.rows() {
        let body = match store.body(row.message).await {
            Ok(body) => body.bytes().await.map(|body| crc32c::crc32c(&body)).ok(),
            Err(_) => None,
        };
        let promise = promised.get(&row.uid).copied().flatten().map(|(digest, _)| digest);
        let facts = store.facts(&[row.message]).await.unwrap_or_default();
        let noted = facts.into_iter().flatten().next();
        let noted = noted.and_then(|facts| Some(u32::from_le_bytes(*facts.first_chunk()?)));
        let whole = body.is_some() && body == noted && promise.is_none_or(|p| body == Some(p));
        lost += usize::from(!whole);
    }
    lost
}
