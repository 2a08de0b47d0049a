//! A store written by an earlier version opens, shows what it showed, and is written in the new form from
//! then on. `format-1` was made by the version that wrote format 1, `format-2` by the one after it from the same
//! store, compacted, with a message in a thread added, `format-3` from that, compacted, with flags of a reader's own.

use std::path::{Path, PathBuf};

use mailstore::{
    Accounts, Changes, EmbeddedStore, FlagChange, Flags, Limits, Mailboxes, Messages, Metadata,
    ModSeq, Queue, Quotas, Readers, Scope, Sharing, SpecialUse, ThreadId, Uid,
};

use super::{append, block_on, bodies, copy_folder};

fn old_store(format: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/embedded/format-{format}"))
}

async fn shows_what_it_showed(store: &EmbeddedStore) {
    assert!(store.damage().is_empty());
    let alice = store.account("alice@example.test").await.unwrap();
    assert_eq!(store.credentials(alice.id).await.unwrap()[0].value, "value");
    let inbox = store.mailbox(alice.id, "INBOX").await.unwrap().id;
    let sent = store.mailbox(alice.id, "Sent").await.unwrap();
    assert!(sent.subscribed && sent.special_use == Some(SpecialUse::Sent));
    let snapshot = store.snapshot(inbox).await.unwrap();
    let uids: Vec<u32> = snapshot.uids().map(Uid::value).take(4).collect();
    assert_eq!(uids, [1, 2, 3, 5]);
    let second = snapshot.find(Uid::new(2).unwrap()).unwrap();
    assert_eq!(second.flags, Flags::SEEN.union(&Flags::keyword("$Label")));
    assert_eq!(second.internal_date.secs(), 1002);
    assert_eq!(store.facts(&[second.message]).await.unwrap(), [Some("facts 2".into())]);
    assert_eq!(store.threads(&[second.message]).await.unwrap(), [None]);
    let changes = store.changes_since(inbox, ModSeq::FIRST).await.unwrap();
    assert_eq!(changes.expunged, [Uid::new(4).unwrap()]);
    let in_sent = bodies(store, sent.id).await;
    assert_eq!(
        in_sent,
        ["Subject: 1\r\n\r\nbody 1\r\n", "Subject: 3\r\n\r\nbody 3\r\n", "queued\r\n"]
    );
    let envelopes = store.envelopes().await.unwrap();
    assert_eq!(envelopes[0].recipients[0].address, "bob@b.test");
    assert_eq!(
        store.quota(alice.id).await.unwrap().messages,
        u64::try_from(snapshot.len()).unwrap() + 3
    );
}

#[test]
fn a_store_of_format_1_opens_and_goes_on() {
    goes_on(1);
}

#[test]
fn a_store_of_format_2_opens_and_goes_on() {
    goes_on(2);
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(&old_store(2), folder.path());
        let store = EmbeddedStore::open(folder.path()).await.unwrap();
        let alice = store.account("alice@example.test").await.unwrap().id;
        let inbox = store.mailbox(alice, "INBOX").await.unwrap().id;
        let entries = store.metadata(Scope::Account(alice)).await.unwrap();
        assert_eq!(entries, [("/color".to_owned(), "blue".into())]);
        assert_eq!(store.grants(inbox).await.unwrap()[0].rights.as_str(), "lrs");
        let last = store.snapshot(inbox).await.unwrap().rows().last().unwrap();
        assert_eq!(last.flags, Flags::keyword("$Late"));
        assert_eq!(store.threads(&[last.message]).await.unwrap(), [Some(ThreadId::new(7))]);
    });
}

#[test]
fn a_store_of_format_3_opens_and_goes_on() {
    goes_on(3);
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(&old_store(3), folder.path());
        let store = EmbeddedStore::open(folder.path()).await.unwrap();
        let alice = store.account("alice@example.test").await.unwrap().id;
        let reader = store.account("reader@example.test").await.unwrap().id;
        let inbox = store.mailbox(alice, "INBOX").await.unwrap().id;
        let own = store.own_flags(inbox, reader, ModSeq::ZERO).await.unwrap();
        assert_eq!(own[0].flags, Flags::keyword("$Mine"));
    });
}

fn goes_on(format: u32) {
    for with_index in [true, false] {
        block_on(async {
            let folder = tempfile::tempdir().unwrap();
            copy_folder(&old_store(format), folder.path());
            if !with_index {
                std::fs::remove_file(folder.path().join("index.redb")).unwrap();
            }
            let store = EmbeddedStore::open(folder.path()).await.unwrap();
            shows_what_it_showed(&store).await;
            let alice = store.account("alice@example.test").await.unwrap().id;
            let inbox = store.mailbox(alice, "INBOX").await.unwrap().id;
            append(&store, inbox, "new").await.unwrap();
            let entry = vec![("/new".to_owned(), Some("entry".into()))];
            store.set_metadata(Scope::Mailbox(inbox), entry).await.unwrap();
            store.set_limits(alice, Limits::new(Some(1000), None)).await.unwrap();
            let seen = FlagChange::Add(Flags::SEEN);
            let first = [Uid::FIRST];
            store.store_own_flags(inbox, alice, &first, seen, None).await.unwrap();
            drop(store);
            for old in std::fs::read_dir(old_store(format).join("log")).unwrap() {
                let old = old.unwrap();
                let now = std::fs::read(folder.path().join("log").join(old.file_name())).unwrap();
                let was = std::fs::read(old.path()).unwrap();
                assert!(now.starts_with(&was), "what the old version wrote is not touched");
            }
            for _ in 0..2 {
                let store = EmbeddedStore::open(folder.path()).await.unwrap();
                shows_what_it_showed(&store).await;
                assert_eq!(bodies(&store, inbox).await.last().unwrap(), "new");
                let own = store.own_flags(inbox, alice, ModSeq::ZERO).await.unwrap();
                assert_eq!(own[0].flags, Flags::SEEN);
                assert_eq!(store.metadata(Scope::Mailbox(inbox)).await.unwrap().len(), 1);
                assert_eq!(store.quota(alice).await.unwrap().limits.octets, Some(1000));
                store.close().await.unwrap();
            }
        });
    }
}
