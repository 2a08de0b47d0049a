//! A full disk, a short write, a disk that cannot sync: a clear error, nothing half-stored, nothing lost.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use mailstore::{Error, Faults, Messages, NewMessage};

use super::{append, block_on, bodies, fresh, inbox, open_with, segment};

#[test]
fn a_short_write_fails_cleanly_wherever_it_is_cut() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let faults = Faults::new();
        let (store, inbox) = fresh(folder.path(), &faults).await;
        append(&store, inbox, "before").await.unwrap();
        let length = segment(folder.path()).metadata().unwrap().len();
        for space in 0..120 {
            faults.set_space(Some(space));
            let error = append(&store, inbox, vec![b'x'; 200]).await.unwrap_err();
            assert!(matches!(error, Error::Full), "{error}");
            assert_eq!(segment(folder.path()).metadata().unwrap().len(), length);
        }
        assert_eq!(bodies(&store, inbox).await, ["before"]);
        faults.set_space(None);
        let uid = append(&store, inbox, "after").await.unwrap();
        assert_eq!(uid.value(), 2);
        drop(store);
        let store = open_with(folder.path(), &faults).await.unwrap();
        assert_eq!(bodies(&store, inbox).await, ["before", "after"]);
    });
}

#[test]
fn writers_on_a_full_disk_are_all_told_and_the_rest_is_kept() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let faults = Faults::new();
        let (store, inbox_id) = fresh(folder.path(), &faults).await;
        faults.set_space(Some(100_000));
        let refused = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..8)
            .map(|writer| {
                let (store, refused) = (store.clone(), refused.clone());
                tokio::spawn(async move {
                    let mut kept = Vec::new();
                    for n in 0..20 {
                        let body = format!("{writer} {n} {}", "x".repeat(1000));
                        match append(&store, inbox_id, body.clone()).await {
                            Ok(_) => kept.push(body),
                            Err(Error::Full) => _ = refused.fetch_add(1, Ordering::Relaxed),
                            Err(other) => panic!("{other}"),
                        }
                    }
                    kept
                })
            })
            .collect();
        let mut kept = Vec::new();
        for task in tasks {
            kept.extend(task.await.unwrap());
        }
        assert!(refused.load(Ordering::Relaxed) > 0 && !kept.is_empty());
        faults.set_space(None);
        kept.push("room again".to_owned());
        append(&store, inbox_id, "room again").await.unwrap();
        kept.sort();
        for reopened in [false, true] {
            let store = match reopened {
                false => store.clone(),
                true => {
                    store.close().await.unwrap();
                    open_with(folder.path(), &faults).await.unwrap()
                }
            };
            let mut stored = bodies(&store, inbox(&store).await).await;
            stored.sort();
            assert!(stored == kept);
        }
    });
}

#[test]
fn a_large_upload_on_a_full_disk_fails_and_leaves_no_file() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let faults = Faults::new();
        let (store, inbox) = fresh(folder.path(), &faults).await;
        faults.set_space(Some(1_500_000));
        let mut upload = store.upload();
        let mut failure = None;
        for _ in 0..40 {
            if let Err(error) = upload.write(&[b'x'; 100_000]).await {
                failure = Some(error);
                break;
            }
        }
        assert!(matches!(failure, Some(Error::Full)));
        assert!(upload.write(b"more").await.is_err());
        assert!(upload.finish().await.is_err());
        assert_eq!(std::fs::read_dir(folder.path().join("bodies")).unwrap().count(), 0);
        faults.set_space(None);
        append(&store, inbox, "small").await.unwrap();
        assert_eq!(bodies(&store, inbox).await, ["small"]);
    });
}

#[test]
fn after_a_failed_sync_the_store_refuses_to_write_until_it_is_opened_again() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let faults = Faults::new();
        let (store, inbox) = fresh(folder.path(), &faults).await;
        append(&store, inbox, "before").await.unwrap();
        faults.fail_sync(true);
        let error = append(&store, inbox, "unsynced").await.unwrap_err();
        assert!(matches!(error, Error::Io(_)), "{error}");
        faults.fail_sync(false);
        let error = append(&store, inbox, "too late").await.unwrap_err();
        assert!(error.to_string().contains("open the store again"), "{error}");
        assert_eq!(bodies(&store, inbox).await, ["before"]);
        drop(store);
        let store = open_with(folder.path(), &faults).await.unwrap();
        assert_eq!(bodies(&store, inbox).await, ["before"]);
        append(&store, inbox, "works again").await.unwrap();
        assert_eq!(bodies(&store, inbox).await, ["before", "works again"]);
    });
}

#[test]
fn a_large_body_that_cannot_be_synced_is_not_acknowledged() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let faults = Faults::new();
        let (store, inbox) = fresh(folder.path(), &faults).await;
        let mut upload = store.upload();
        upload.write(&[b'x'; 2_000_000]).await.unwrap();
        faults.fail_sync(true);
        assert!(upload.finish().await.is_err());
        faults.fail_sync(false);
        let mut upload = store.upload();
        upload.write(&[b'y'; 2_000_000]).await.unwrap();
        let message = NewMessage::new(upload.finish().await.unwrap());
        store.append(inbox, vec![message]).await.unwrap();
        assert_eq!(bodies(&store, inbox).await, [vec![b'y'; 2_000_000]]);
    });
}
