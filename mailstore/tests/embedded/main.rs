//! The embedded backend: the contract, and what only a backend with a disk can get wrong.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod compaction;
mod contract;
mod damage;
mod folder;
mod full_disk;
mod killed;
mod power_cut;
mod upgrade;
mod zeros;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use mailstore::embedded::Options;
use mailstore::{
    Accounts, EmbeddedStore, Faults, MailboxId, Mailboxes, Messages, NewMessage, Result, Staged,
    Uid,
};

/// Runs a test's future.
fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap().block_on(work)
}

/// A store with one account and its INBOX.
async fn fresh(folder: &Path, faults: &Faults) -> (EmbeddedStore, MailboxId) {
    let store = open_with(folder, faults).await.unwrap();
    let account = store.create_account("alice", &[]).await.unwrap();
    let inbox = store.mailbox(account.id, "INBOX").await.unwrap().id;
    (store, inbox)
}

async fn open_with(folder: &Path, faults: &Faults) -> Result<EmbeddedStore> {
    let mut options = Options::default();
    options.faults = Some(faults.clone());
    EmbeddedStore::open_with(folder, options).await
}

async fn inbox(store: &EmbeddedStore) -> MailboxId {
    let account = store.account("alice").await.unwrap();
    store.mailbox(account.id, "INBOX").await.unwrap().id
}

async fn append(store: &EmbeddedStore, inbox: MailboxId, body: impl Into<Bytes>) -> Result<Uid> {
    let message = NewMessage::new(Staged::from_bytes(body));
    Ok(store.append(inbox, vec![message]).await?.uids[0])
}

/// The bodies of all messages, in order.
async fn bodies(store: &EmbeddedStore, inbox: MailboxId) -> Vec<Bytes> {
    let mut bodies = Vec::new();
    for row in store.snapshot(inbox).await.unwrap().rows() {
        bodies.push(store.body(row.message).await.unwrap().bytes().await.unwrap());
    }
    bodies
}

/// The only segment of a small store's log.
fn segment(folder: &Path) -> PathBuf {
    folder.join("log/0000000000000000.log")
}

/// Copies a folder and what is in it.
fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copy = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy_folder(&path, &copy),
            false => {
                // A file may be removed while it is copied.
                let _ = std::fs::copy(&path, &copy);
            }
        }
    }
}
