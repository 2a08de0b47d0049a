//! A power cut leaves of every file at least what was synced, and of the rest all, some or nothing.

use std::path::Path;

use mailstore::contract::{PowerCut, Subject};
use mailstore::embedded::Options;
use mailstore::{EmbeddedStore, Faults, Messages, Uid};
use tempfile::TempDir;

use super::{append, block_on, copy_folder, fresh, open_with};

/// A store on a disk that is watched.
pub(crate) struct Watched {
    store: EmbeddedStore,
    folder: TempDir,
    faults: Faults,
}

impl Watched {
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends without a last checkpoint and removes the index.
    pub(crate) async fn close_and_forget_the_index(&mut self) {
        self.store.close().await.unwrap();
        std::fs::remove_file(self.folder.path().join("index.redb")).unwrap();
    }

    async fn open(folder: TempDir) -> Watched {
        let faults = Faults::new();
        let mut options = Options::default();
        options.faults = Some(faults.clone());
        options.segment_size = 500_000; // so that several are begun
        options.checkpoint_after = 100;
        let store = EmbeddedStore::open_with(folder.path(), options).await.unwrap();
        Watched { store, folder, faults }
    }
}

impl Subject for Watched {
    type Store = EmbeddedStore;
    const HISTORIES: u32 = 30;

    async fn create() -> Self {
        Watched::open(tempfile::tempdir().unwrap()).await
    }

    fn store(&self) -> EmbeddedStore {
        self.store.clone()
    }

    async fn reopen(&mut self) -> bool {
        self.store.close().await.unwrap();
        let folder = core::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        *self = Watched::open(folder).await;
        true
    }
}

impl PowerCut for Watched {
    async fn on_disk(honest: bool) -> Self {
        let watched = Watched::create().await;
        watched.faults.lie_about_sync(!honest);
        watched
    }

    async fn after_power_cut(&self, round: u32) -> Self {
        let copy = tempfile::tempdir().unwrap();
        let synced = {
            let _one_moment = self.faults.freeze();
            copy_folder(self.folder.path(), copy.path());
            self.faults.synced()
        };
        for name in ["log", "bodies"] {
            for entry in std::fs::read_dir(copy.path().join(name)).unwrap() {
                let path = entry.unwrap().path();
                let original = self.folder.path().join(name).join(path.file_name().unwrap());
                match synced.get(&original) {
                    Some(length) => lose(&path, *length, round),
                    // A log file is begun and made durable before it is written to.
                    None if name == "log" => lose(&path, 64, round),
                    None => std::fs::remove_file(path).unwrap(),
                }
            }
        }
        // It holds nothing the log does not hold, and copying it takes longer than a moment.
        let _ = std::fs::remove_file(copy.path().join("index.redb"));
        Watched::open(copy).await
    }
}

/// Does to a file what the power cut of this round does beyond its first `kept` octets.
fn lose(path: &Path, kept: u64, round: u32) {
    use std::os::unix::fs::FileExt;

    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    let loose = file.metadata().unwrap().len().saturating_sub(kept);
    match round % 5 {
        0 => file.set_len(kept.min(kept + loose)).unwrap(),
        1 => file.set_len(kept + loose / 2).unwrap(),
        // The length arrived, a sector of the content did not.
        2 if loose > 0 => {
            file.write_all_at(&[0; 512][..usize::try_from(loose.min(512)).unwrap()], kept).unwrap()
        }
        // The file had its length before; nothing arrived.
        3 => {
            let rest = vec![0; usize::try_from(loose).unwrap()];
            file.write_all_at(&rest, kept).unwrap();
        }
        _ => {}
    }
}

mod watched {
    use super::Watched;

    mailstore::contract_tests!(Watched, power_cut);
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
