//! Segments that were made ready ahead: full of zeros until they are written.

use core::time::Duration;
use std::time::Instant;

use mailstore::embedded::Options;
use mailstore::{Accounts, EmbeddedStore, MailboxId};

use super::{append, block_on, bodies, copy_folder, inbox};

const SEGMENT: u64 = 1_000_000;

fn options() -> Options {
    let mut options = Options::default();
    options.segment_size = SEGMENT;
    options
}

/// Appends until the log lies in a segment that was full of zeros.
async fn until_in_zeros(store: &EmbeddedStore, inbox: MailboxId, folder: &std::path::Path) -> u32 {
    for n in 0..10_000 {
        let began = Instant::now();
        // Half of each segment holds so many; the next is made ready while nothing is written.
        while n % 150 == 130 && spare(folder) < SEGMENT && began.elapsed() < Duration::from_secs(10)
        {
            std::thread::sleep(Duration::from_millis(5));
        }
        append(store, inbox, format!("{n} {}", "\0".repeat(5000))).await.unwrap();
        let log = std::fs::read_dir(folder.join("log")).unwrap().map(|entry| entry.unwrap());
        let mut last: Vec<_> = log.filter(|e| e.path().extension().unwrap() == "log").collect();
        last.sort_by_key(|entry| entry.file_name());
        if last.len() > 1 && last.last().unwrap().metadata().unwrap().len() >= SEGMENT {
            return n + 1;
        }
    }
    panic!("no segment was made ready");
}

#[test]
fn a_message_that_ends_in_zeros_is_told_from_the_zeros_after_it() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open_with(folder.path(), options()).await.unwrap();
        store_account(&store).await;
        let count = until_in_zeros(&store, inbox(&store).await, folder.path()).await;
        // As a kill leaves it.
        let copy = tempfile::tempdir().unwrap();
        copy_folder(folder.path(), copy.path());
        for without_index in [false, true] {
            if without_index {
                std::fs::remove_file(copy.path().join("index.redb")).unwrap();
            }
            let store = EmbeddedStore::open_with(copy.path(), options()).await.unwrap();
            let found = bodies(&store, inbox(&store).await).await;
            assert_eq!(found.len(), usize::try_from(count).unwrap());
            assert!(found.iter().all(|body| body.ends_with(b"\0\0")));
            store.close().await.unwrap();
        }
    });
}

#[test]
fn zeros_take_no_room_once_the_store_is_closed_or_compacted() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open_with(folder.path(), options()).await.unwrap();
        store_account(&store).await;
        let octets = || {
            let log = std::fs::read_dir(folder.path().join("log")).unwrap();
            log.map(|entry| entry.unwrap().metadata().unwrap().len()).sum::<u64>()
        };
        until_in_zeros(&store, inbox(&store).await, folder.path()).await;
        store.compact().await.unwrap();
        let stats = store.stats();
        let headers = 64 * u64::try_from(stats.segments).unwrap();
        assert_eq!(octets() - spare(folder.path()), stats.log_octets + headers);
        store.close().await.unwrap();
        assert_eq!(octets(), stats.log_octets + headers);
    });
}

async fn store_account(store: &EmbeddedStore) {
    store.create_account("alice", &[]).await.unwrap();
}

/// Octets of the segment that is made ready.
fn spare(folder: &std::path::Path) -> u64 {
    std::fs::metadata(folder.join("log/spare.new")).map_or(0, |found| found.len())
}
