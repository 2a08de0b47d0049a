//! A torn tail is cut; damage in the middle is reported and isolated, never stepped over in silence.

use std::path::Path;

use mailstore::embedded::Options;
use mailstore::{EmbeddedStore, Error, Faults, FlagChange, Flags, Messages};

use super::{append, block_on, bodies, copy_folder, fresh, inbox, segment};

/// A store without an index whose log has these messages, and where each of them ends in it.
async fn log_of(folder: &Path, messages: &[&str]) -> Vec<usize> {
    let (store, inbox) = fresh(folder, &Faults::new()).await;
    let length = || usize::try_from(segment(folder).metadata().unwrap().len()).unwrap();
    let mut ends = vec![length()];
    for body in messages {
        append(&store, inbox, body.to_string()).await.unwrap();
        ends.push(length());
    }
    drop(store);
    std::fs::remove_file(folder.join("index.redb")).unwrap();
    ends
}

#[test]
fn a_log_cut_at_any_octet_keeps_every_whole_write() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let ends = log_of(folder.path(), &["first", "second", "the last one"]).await;
        let octets = std::fs::read(segment(folder.path())).unwrap();
        for cut in ends[2]..=ends[3] {
            let copy = tempfile::tempdir().unwrap();
            copy_folder(folder.path(), copy.path());
            std::fs::write(segment(copy.path()), &octets[..cut]).unwrap();
            let store = EmbeddedStore::open(copy.path()).await.unwrap();
            assert!(store.damage().is_empty());
            let inbox = inbox(&store).await;
            let mut expected = vec!["first", "second", "the last one"];
            expected.truncate(if cut == ends[3] { 3 } else { 2 });
            assert_eq!(bodies(&store, inbox).await, expected, "cut at {cut}");
            append(&store, inbox, "next").await.unwrap();
            expected.push("next");
            drop(store);
            let store = EmbeddedStore::open(copy.path()).await.unwrap();
            assert_eq!(bodies(&store, inbox).await, expected);
        }
    });
}

#[test]
fn garbage_after_the_last_write_is_cut() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        log_of(folder.path(), &["first"]).await;
        let octets = std::fs::read(segment(folder.path())).unwrap();
        let again = &octets[64..]; // frames that were right elsewhere
        for garbage in [&vec![0; 5000][..], &vec![0xff; 300], again, b"MFr1"] {
            let copy = tempfile::tempdir().unwrap();
            copy_folder(folder.path(), copy.path());
            std::fs::write(segment(copy.path()), [&octets, garbage].concat()).unwrap();
            let store = EmbeddedStore::open(copy.path()).await.unwrap();
            assert_eq!(bodies(&store, inbox(&store).await).await, ["first"]);
            let length = segment(copy.path()).metadata().unwrap().len();
            assert_eq!(length, octets.len() as u64);
        }
    });
}

#[test]
fn every_octet_damaged_in_the_middle_is_noticed() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let ends = log_of(folder.path(), &["first", "the damaged one", "third"]).await;
        let octets = std::fs::read(segment(folder.path())).unwrap();
        let body = ends[2] - "the damaged one".len();
        for at in ends[1]..ends[2] {
            let mut broken = octets.clone();
            broken[at] ^= 0x10;
            let copy = tempfile::tempdir().unwrap();
            copy_folder(folder.path(), copy.path());
            std::fs::write(segment(copy.path()), &broken).unwrap();

            let opened = EmbeddedStore::open(copy.path()).await;
            let (store, left) = if at >= body {
                // Only octets of the message are lost: it is still listed.
                (opened.unwrap(), 3)
            } else {
                let Err(Error::Corrupt { offset, .. }) = opened else { panic!("{opened:?}") };
                assert_eq!(offset, ends[1] as u64);
                let mut salvage = Options::default();
                salvage.salvage = true;
                (EmbeddedStore::open_with(copy.path(), salvage).await.unwrap(), 2)
            };
            assert_eq!(store.damage().len(), 1, "octet {at}");
            assert_eq!(store.damage()[0].offset, ends[1] as u64);
            let inbox = inbox(&store).await;
            let rows: Vec<_> = store.snapshot(inbox).await.unwrap().rows().collect();
            assert_eq!(rows.len(), left);
            for row in rows {
                match store.body(row.message).await {
                    Ok(body) => assert!(body.bytes().await.unwrap() != "the damaged one"),
                    Err(error) => {
                        assert!(matches!(error, Error::Corrupt { .. }));
                        assert_eq!(row.uid.value(), 2);
                    }
                }
            }
            append(&store, inbox, "goes on").await.unwrap();
            store.close().await.unwrap();
            // The index is past the damage now.
            let store = EmbeddedStore::open(copy.path()).await.unwrap();
            let length = store.snapshot(inbox).await.unwrap().len();
            assert_eq!(length, left + 1);
        }
    });
}

#[test]
fn a_message_damaged_while_the_store_is_open_is_not_handed_out_whole() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (store, inbox) = fresh(folder.path(), &Faults::new()).await;
        append(&store, inbox, vec![b'x'; 100_000]).await.unwrap();
        let mut octets = std::fs::read(segment(folder.path())).unwrap();
        let last = octets.len() - 1;
        octets[last] = b'y';
        std::fs::write(segment(folder.path()), octets).unwrap();
        let row = store.snapshot(inbox).await.unwrap().rows().next().unwrap();
        let body = store.body(row.message).await.unwrap();
        assert!(matches!(body.bytes().await, Err(Error::Corrupt { .. })));
        let mut reader = body.reader();
        assert!(reader.chunk().await.unwrap().is_some());
        assert!(matches!(reader.chunk().await, Err(Error::Corrupt { .. })));
    });
}

#[test]
fn a_damaged_or_missing_index_is_made_anew_from_the_log() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (store, inbox) = fresh(folder.path(), &Faults::new()).await;
        append(&store, inbox, "kept").await.unwrap();
        let seen = FlagChange::Add(Flags::SEEN);
        store.store_flags(inbox, &[mailstore::Uid::FIRST], seen, None).await.unwrap();
        store.close().await.unwrap();
        let index = folder.path().join("index.redb");
        for octets in [None, Some(vec![]), Some(vec![7; 100_000])] {
            match octets {
                None => std::fs::remove_file(&index).unwrap(),
                Some(octets) => std::fs::write(&index, octets).unwrap(),
            }
            let store = EmbeddedStore::open(folder.path()).await.unwrap();
            assert_eq!(bodies(&store, inbox).await, ["kept"]);
            let row = store.snapshot(inbox).await.unwrap().rows().next().unwrap();
            assert_eq!(row.flags, Flags::SEEN);
            store.close().await.unwrap();
        }
    });
}

#[test]
fn a_log_shorter_than_the_index_knows_is_an_error() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (store, inbox) = fresh(folder.path(), &Faults::new()).await;
        append(&store, inbox, "lost").await.unwrap();
        store.close().await.unwrap();
        let log = std::fs::OpenOptions::new().write(true).open(segment(folder.path())).unwrap();
        log.set_len(log.metadata().unwrap().len() - 1).unwrap();
        let opened = EmbeddedStore::open(folder.path()).await;
        assert!(matches!(opened, Err(Error::Corrupt { .. })));
    });
}

#[test]
fn a_message_that_looks_like_a_log_is_only_a_message() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let ends = log_of(folder.path(), &["first", "second"]).await;
        let octets = std::fs::read(segment(folder.path())).unwrap();
        let forged = octets[ends[0]..].to_vec();
        let store = EmbeddedStore::open(folder.path()).await.unwrap();
        let inbox = inbox(&store).await;
        append(&store, inbox, forged.clone()).await.unwrap();
        drop(store);
        let log = std::fs::OpenOptions::new().write(true).open(segment(folder.path())).unwrap();
        log.set_len(log.metadata().unwrap().len() - 1).unwrap();
        let store = EmbeddedStore::open(folder.path()).await.unwrap();
        assert_eq!(bodies(&store, inbox).await, ["first", "second"]);
    });
}
