//! A full disk, a short write, a disk that cannot sync: a clear error, nothing half-stored, nothing lost.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use mailstore::{
    Accounts, Delivery, Error, Expunge, Faults, FlagChange, Flags, Mailboxes, Messages,
    NewEnvelope, NewMailbox, NewMessage, NewRecipient, Queue, Result, Staged, Uid,
};

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

/// Every kind of write fails on a full disk without a trace, and succeeds when there is room.
#[test]
fn whatever_fails_on_a_full_disk_can_be_done_later() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let faults = Faults::new();
        let (store, inbox) = fresh(folder.path(), &faults).await;
        let account = store.account("alice").await.unwrap().id;
        let old = store.create_mailbox(account, &NewMailbox::new("Old/Deep")).await.unwrap().id;
        append(&store, inbox, "one").await.unwrap();
        let first = [Uid::FIRST];
        let queued = || {
            let to = vec![NewRecipient::new("dave")];
            Delivery::new(Staged::from_bytes("out")).queued(NewEnvelope::new("alice", to))
        };
        let waiting = store.deliver(queued()).await.unwrap().envelopes[0];
        let show = async || {
            let mut shown = format!("{:?}", store.accounts().await.unwrap());
            for mailbox in store.mailboxes(account).await.unwrap() {
                let snapshot = store.snapshot(mailbox.id).await.unwrap();
                let rows: Vec<_> = snapshot.rows().collect();
                shown += &format!("{mailbox:?} {:?} {rows:?}", snapshot.status());
            }
            shown += &format!("{:?}", store.subscriptions(account).await.unwrap());
            shown + &format!("{:?} {:?}", store.envelopes().await.unwrap(), store.stats().messages)
        };
        let seen = || FlagChange::Add(Flags::SEEN);
        for step in 0..12 {
            for room in [false, true] {
                let before = show().await;
                faults.set_space((!room).then_some(20));
                let result: Result<()> = match step {
                    0 => store.create_account("bob", &[]).await.map(drop),
                    1 => store.create_mailbox(account, &NewMailbox::new("a/b")).await.map(drop),
                    2 => store.subscribe(account, "a").await,
                    3 => store.rename_mailbox(account, "Old", "New/Old").await,
                    4 => store.store_flags(inbox, &first, seen(), None).await.map(drop),
                    5 => store.copy(inbox, &first, old).await.map(drop),
                    6 => store.move_to(old, &first, inbox).await.map(drop),
                    7 => store.deliver(queued()).await.map(drop),
                    8 => store.hold_envelope(waiting, true).await,
                    9 => store.remove_envelope(waiting).await,
                    10 => store.expunge(inbox, Expunge::Exactly(first.into())).await.map(drop),
                    _ => store.delete_mailbox(old).await,
                };
                if room {
                    result.unwrap();
                    assert_ne!(show().await, before, "step {step}");
                } else {
                    assert!(matches!(result, Err(Error::Full)), "step {step}");
                    assert_eq!(show().await, before, "step {step}");
                }
            }
        }
        let before = show().await;
        store.close().await.unwrap();
        let store = open_with(folder.path(), &faults).await.unwrap();
        assert!(before.contains(&format!("{:?}", store.envelopes().await.unwrap())));
    });
}
