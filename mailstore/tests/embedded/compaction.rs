//! Compaction: nothing is lost, whoever writes meanwhile and whenever the power goes, and the room comes
//! back.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use mailstore::contract::{PowerCut, Subject};
use mailstore::embedded::Options;
use mailstore::{
    Accounts, Changes, EmbeddedStore, Error, Expunge, Faults, FlagChange, Flags, Mailboxes,
    Messages, ModSeq, NewMessage, Staged, Uid,
};

use super::power_cut::Watched;
use super::{append, block_on, bodies, fresh, inbox};

/// Compacts before it is closed, and opens without an index: what compaction left in the log is all.
struct Compacted(Watched);

impl Subject for Compacted {
    type Store = EmbeddedStore;
    const HISTORIES: u32 = 30;

    async fn create() -> Self {
        Compacted(Watched::create().await)
    }

    fn store(&self) -> EmbeddedStore {
        self.0.store()
    }

    async fn reopen(&mut self) -> bool {
        self.0.store().compact().await.unwrap();
        self.0.close_and_forget_the_index().await;
        self.0.reopen().await
    }
}

/// Compacts again and again while others write and the power goes.
impl PowerCut for Compacted {
    async fn on_disk(honest: bool) -> Self {
        let watched = Watched::on_disk(honest).await;
        if honest {
            let (store, folder) = (watched.store(), watched.folder().to_owned());
            tokio::spawn(async move {
                loop {
                    match store.compact().await {
                        Ok(_) => tokio::task::yield_now().await,
                        Err(_) if !folder.exists() => break, // the test is done with it
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
        Compacted(watched)
    }

    async fn after_power_cut(&self, round: u32) -> Self {
        Compacted(self.0.after_power_cut(round).await)
    }
}

mod compacted {
    use super::Compacted;

    mailstore::contract_tests!(Compacted, power_cut);
}

fn on_disk(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder.join("log")).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

#[test]
fn the_room_of_removed_messages_comes_back() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (store, inbox_id) = fresh(folder.path(), &Faults::new()).await;
        for n in 0..20u32 {
            let message = |_| NewMessage::new(Staged::from_bytes(vec![b'x'; 4096]));
            store.append(inbox_id, (0..100).map(message).collect()).await.unwrap();
            let all: Vec<Uid> = store.snapshot(inbox_id).await.unwrap().uids().collect();
            let flag = FlagChange::Add(Flags::keyword(&format!("$Round{n}")));
            store.store_flags(inbox_id, &all, flag, None).await.unwrap();
            store.expunge(inbox_id, Expunge::Exactly(all[..90].to_vec())).await.unwrap();
        }
        let before = store.snapshot(inbox_id).await.unwrap();
        let gone = store.changes_since(inbox_id, ModSeq::ZERO).await.unwrap().expunged;
        let done = store.compact().await.unwrap();
        assert!(done.before > 8_000_000 && done.after < done.before / 9, "{done:?}");
        let stats = store.stats();
        assert!(on_disk(folder.path()) * 10 <= stats.message_octets * 11, "{stats:?}");
        // A second one finds nothing to do, and does no harm.
        store.compact().await.unwrap();
        for reopened in 0..2 {
            let after = store.snapshot(inbox_id).await.unwrap();
            assert!(before.rows().eq(after.rows()), "{reopened}");
            assert_eq!(before.status(), after.status());
            let now = store.changes_since(inbox_id, ModSeq::ZERO).await.unwrap().expunged;
            assert_eq!(now, gone);
            assert!(bodies(&store, inbox_id).await.iter().all(|body| body.len() == 4096));
        }
    });
}

#[test]
fn a_body_that_is_read_while_the_log_is_compacted_is_read_to_its_end() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (store, inbox_id) = fresh(folder.path(), &Faults::new()).await;
        let uid = append(&store, inbox_id, vec![b'y'; 500_000]).await.unwrap();
        let message = store.snapshot(inbox_id).await.unwrap().find(uid).unwrap().message;
        let stop = Arc::new(AtomicBool::new(false));
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let (store, stop) = (store.clone(), stop.clone());
                tokio::spawn(async move {
                    while !stop.load(Ordering::Relaxed) {
                        let facts = store.facts(&[message]).await.unwrap();
                        assert_eq!(facts, [Some(bytes::Bytes::new())]);
                        let body = store.body(message).await.unwrap();
                        let mut reader = body.reader();
                        let mut octets = 0;
                        while let Some(chunk) = reader.chunk().await.unwrap() {
                            octets += chunk.len();
                        }
                        assert_eq!(octets, 500_000);
                    }
                })
            })
            .collect();
        for _ in 0..30 {
            store.compact().await.unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.await.unwrap();
        }
        assert_eq!(store.stats().segments, 1);
    });
}

#[test]
fn an_index_left_behind_by_compaction_is_made_anew() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (store, inbox_id) = fresh(folder.path(), &Faults::new()).await;
        append(&store, inbox_id, "first").await.unwrap();
        store.close().await.unwrap();
        let old = std::fs::read(folder.path().join("index.redb")).unwrap();
        let store = EmbeddedStore::open(folder.path()).await.unwrap();
        append(&store, inbox_id, "second").await.unwrap();
        store.compact().await.unwrap();
        store.close().await.unwrap();
        std::fs::write(folder.path().join("index.redb"), old).unwrap();
        let store = EmbeddedStore::open(folder.path()).await.unwrap();
        assert_eq!(bodies(&store, inbox(&store).await).await, ["first", "second"]);
    });
}

#[test]
fn a_full_disk_stops_compaction_and_nothing_else() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let faults = Faults::new();
        let (store, inbox_id) = fresh(folder.path(), &faults).await;
        append(&store, inbox_id, vec![b'z'; 300_000]).await.unwrap();
        faults.set_space(Some(100_000));
        assert!(matches!(store.compact().await, Err(Error::Full)));
        assert_eq!(bodies(&store, inbox_id).await.len(), 1);
        faults.set_space(None);
        append(&store, inbox_id, "after").await.unwrap();
        store.compact().await.unwrap();
        drop(store);
        let store = EmbeddedStore::open(folder.path()).await.unwrap();
        let found = bodies(&store, inbox_id).await;
        assert!(found.len() == 2 && found[0].len() == 300_000 && found[1] == "after");
    });
}

/// Nobody asks: the log is compacted once half of it is dead, while others write, and not again and again.
#[test]
fn a_log_is_compacted_in_the_background() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::default();
        options.compact_after = Some(200_000);
        let store = EmbeddedStore::open_with(folder.path(), options.clone()).await.unwrap();
        let account = store.create_account("alice", &[]).await.unwrap();
        let inbox = store.mailbox(account.id, "INBOX").await.unwrap().id;
        let body = |n: u32| format!("{n:>4096}");
        for n in 0..300 {
            append(&store, inbox, body(n)).await.unwrap();
        }
        let full = store.stats().log_octets;
        let gone: Vec<Uid> = store.snapshot(inbox).await.unwrap().uids().skip(60).collect();
        store.expunge(inbox, Expunge::Exactly(gone)).await.unwrap();
        let begun = Instant::now();
        let mut more = 300;
        while store.stats().log_octets > full / 2 {
            assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", store.stats());
            append(&store, inbox, body(more)).await.unwrap();
            more += 1;
            std::thread::sleep(Duration::from_millis(5));
        }
        let stats = store.stats();
        let most = stats.message_octets + stats.message_octets / 10 + 50_000;
        assert!(stats.log_octets < most, "{stats:?}");
        let begins = std::fs::read_dir(folder.path().join("log")).unwrap().count();
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(std::fs::read_dir(folder.path().join("log")).unwrap().count(), begins);
        drop(store);
        let store = EmbeddedStore::open_with(folder.path(), options).await.unwrap();
        let expected: Vec<String> = (0..60).chain(300..more).map(body).collect();
        assert!(bodies(&store, inbox).await.iter().eq(&expected));
        assert!(store.verify().await.unwrap().is_empty());
    });
}
