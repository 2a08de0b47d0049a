//! The folder: who may open it and who may read it.

use mailstore::{EmbeddedStore, Error, Faults, Messages, NewMessage};

use super::{append, block_on, bodies, fresh, inbox};

#[test]
fn a_second_owner_is_told_in_one_sentence() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = fresh(folder.path(), &Faults::new()).await;
        let error = EmbeddedStore::open(folder.path()).await.unwrap_err();
        assert!(matches!(error, Error::Locked { .. }));
        let text = error.to_string();
        assert!(text.contains(folder.path().to_str().unwrap()), "{text}");
        assert!(text.contains("another process has it open"), "{text}");
        drop(store);
        assert!(EmbeddedStore::open(folder.path()).await.is_ok());
    });
}

#[test]
fn a_closed_store_refuses_writes_and_frees_the_folder() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (store, inbox) = fresh(folder.path(), &Faults::new()).await;
        append(&store, inbox, "kept").await.unwrap();
        store.close().await.unwrap();
        store.close().await.unwrap();
        let refused = append(&store, inbox, "late").await;
        assert!(matches!(refused, Err(Error::Closed { .. })));
        let again = EmbeddedStore::open(folder.path()).await.unwrap();
        assert_eq!(bodies(&again, inbox).await, ["kept"]);
    });
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_mail() {
    use std::os::unix::fs::PermissionsExt;

    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("store");
        let (store, inbox) = fresh(&folder, &Faults::new()).await;
        let mut upload = store.upload();
        upload.write(&[b'x'; 2_000_000]).await.unwrap();
        let message = NewMessage::new(upload.finish().await.unwrap());
        store.append(inbox, vec![message]).await.unwrap();
        let mut waiting = vec![folder];
        let mut files = 0;
        while let Some(path) = waiting.pop() {
            let mode = path.metadata().unwrap().permissions().mode() & 0o777;
            if path.is_dir() {
                assert_eq!(mode, 0o700, "{path:?}");
                waiting.extend(std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()));
            } else {
                assert_eq!(mode, 0o600, "{path:?}");
                files += 1;
            }
        }
        assert_eq!(files, 4); // lock, index, one log segment, one large body
    });
}

#[test]
fn large_bodies_are_removed_with_their_last_message_and_after_a_crash() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let bodies = folder.path().join("bodies");
        let count = || std::fs::read_dir(&bodies).unwrap().count();
        let (store, inbox_id) = fresh(folder.path(), &Faults::new()).await;
        for _ in 0..2 {
            let mut upload = store.upload();
            upload.write(&[b'x'; 2_000_000]).await.unwrap();
            let message = NewMessage::new(upload.finish().await.unwrap());
            store.append(inbox_id, vec![message]).await.unwrap();
        }
        let mut upload = store.upload();
        upload.write(&[b'x'; 2_000_000]).await.unwrap();
        assert_eq!(count(), 3);
        drop(upload);
        assert_eq!(count(), 2);
        std::fs::write(bodies.join("00000000000000ff.body"), "of a crashed upload").unwrap();
        let first = mailstore::Expunge::Exactly(vec![mailstore::Uid::FIRST]);
        store.expunge(inbox_id, first).await.unwrap();
        store.close().await.unwrap();
        assert_eq!(count(), 2);

        let store = EmbeddedStore::open(folder.path()).await.unwrap();
        assert_eq!(count(), 1);
        assert_eq!(super::bodies(&store, inbox(&store).await).await[0].len(), 2_000_000);
    });
}
