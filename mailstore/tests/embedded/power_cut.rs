//! A power cut leaves of every file at least what was synced and perhaps not more. The copies these tests
//! open are cut to exactly that.

use core::sync::atomic::{AtomicBool, Ordering};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use mailstore::embedded::Options;
use mailstore::{EmbeddedStore, Faults, FlagChange, Flags, MailboxId, Messages, NewMessage, Uid};

use super::{append, block_on, copy_folder, fresh, open_with};

type Acknowledged = Arc<Mutex<HashMap<Uid, Vec<u8>>>>;

/// Appends, small and large, until told to stop; notes what was acknowledged.
async fn write(
    store: EmbeddedStore,
    inbox: MailboxId,
    writer: usize,
    stop: Arc<AtomicBool>,
    acknowledged: Acknowledged,
) {
    let mut n = 0;
    while !stop.load(Ordering::Relaxed) {
        let size = if n % 50 == 49 { 1_200_000 } else { 10 + n * 37 % 5000 };
        let mut body = format!("{writer} {n} ").into_bytes();
        body.resize(size.max(body.len()), b'x');
        let mut upload = store.upload();
        upload.write(&body).await.unwrap();
        let message = NewMessage::new(upload.finish().await.unwrap());
        let uid = store.append(inbox, vec![message]).await.unwrap().uids[0];
        acknowledged.lock().unwrap().insert(uid, body);
        if n % 3 == 0 {
            let seen = FlagChange::Add(Flags::SEEN);
            store.store_flags(inbox, &[uid], seen, None).await.unwrap();
        }
        n += 1;
    }
}

/// What the disk holds after the power went: every file cut to what was synced, no index (it is
/// never needed) or the one there is.
fn after_power_cut(
    folder: &Path,
    synced: &HashMap<PathBuf, u64>,
    keep_index: bool,
) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_folder(folder, copy.path());
    for name in ["log", "bodies"] {
        for entry in std::fs::read_dir(copy.path().join(name)).unwrap() {
            let path = entry.unwrap().path();
            let original = folder.join(name).join(path.file_name().unwrap());
            let Some(length) = synced.get(&original).copied() else {
                // Begun after the moment the power goes; copying takes longer than a moment.
                std::fs::remove_file(path).unwrap();
                continue;
            };
            let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
            if file.metadata().unwrap().len() > length {
                file.set_len(length).unwrap();
            }
        }
    }
    if !keep_index {
        std::fs::remove_file(copy.path().join("index.redb")).unwrap();
    }
    copy
}

/// How many acknowledged messages are not there, or not whole.
async fn lost(folder: &Path, inbox: MailboxId, acknowledged: &HashMap<Uid, Vec<u8>>) -> usize {
    let store = EmbeddedStore::open(folder).await.unwrap();
    let Ok(snapshot) = store.snapshot(inbox).await else { return acknowledged.len() };
    let mut lost = 0;
    for (uid, body) in acknowledged {
        let whole = match snapshot.find(*uid) {
            None => false,
            Some(row) => match store.body(row.message).await {
                Err(_) => false,
                Ok(stored) => stored.bytes().await.is_ok_and(|stored| stored == body),
            },
        };
        lost += usize::from(!whole);
    }
    lost
}

#[test]
fn nothing_acknowledged_is_lost_when_the_power_goes() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let faults = Faults::new();
        let mut options = Options::default();
        options.faults = Some(faults.clone());
        options.segment_size = 2_000_000; // so that several are begun
        options.checkpoint_after = 200;
        let (store, inbox) = fresh(folder.path(), &faults).await;
        store.close().await.unwrap();
        let store = EmbeddedStore::open_with(folder.path(), options).await.unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let acknowledged = Acknowledged::default();
        let writers: Vec<_> = (0..8)
            .map(|n| {
                let (store, stop) = (store.clone(), stop.clone());
                tokio::spawn(write(store, inbox, n, stop, acknowledged.clone()))
            })
            .collect();
        for round in 0..6 {
            while acknowledged.lock().unwrap().len() < (round + 1) * 300 {
                tokio::task::yield_now().await;
            }
            let promised = acknowledged.lock().unwrap().clone();
            let synced = faults.synced();
            let copy = after_power_cut(folder.path(), &synced, false);
            assert_eq!(lost(copy.path(), inbox, &promised).await, 0, "round {round}");
        }
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.await.unwrap();
        }
        let promised = acknowledged.lock().unwrap().clone();
        store.close().await.unwrap();
        let copy = after_power_cut(folder.path(), &faults.synced(), true);
        assert_eq!(lost(copy.path(), inbox, &promised).await, 0);
    });
}

#[test]
fn the_simulation_sees_mail_lost_by_a_disk_that_lies() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let faults = Faults::new();
        let (store, inbox) = fresh(folder.path(), &faults).await;
        faults.lie_about_sync(true);
        let mut promised = HashMap::new();
        for n in 0..20 {
            let body = format!("message {n}");
            promised.insert(append(&store, inbox, body.clone()).await.unwrap(), body.into_bytes());
        }
        let copy = after_power_cut(folder.path(), &faults.synced(), false);
        assert_eq!(lost(copy.path(), inbox, &promised).await, 20);
        faults.lie_about_sync(false);
        append(&store, inbox, "a real sync takes the rest along").await.unwrap();
        let copy = after_power_cut(folder.path(), &faults.synced(), false);
        assert_eq!(lost(copy.path(), inbox, &promised).await, 0);
    });
}

#[test]
fn an_index_that_is_behind_the_log_catches_up() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let faults = Faults::new();
        let (store, inbox) = fresh(folder.path(), &faults).await;
        append(&store, inbox, "in the index").await.unwrap();
        store.close().await.unwrap();
        let old = std::fs::read(folder.path().join("index.redb")).unwrap();
        let store = open_with(folder.path(), &faults).await.unwrap();
        append(&store, inbox, "in the log").await.unwrap();
        let delete = mailstore::Expunge::Exactly(vec![Uid::FIRST]);
        store.expunge(inbox, delete).await.unwrap();
        store.close().await.unwrap();
        std::fs::write(folder.path().join("index.redb"), old).unwrap();
        let store = open_with(folder.path(), &faults).await.unwrap();
        assert_eq!(super::bodies(&store, inbox).await, ["in the log"]);
    });
}
