//! The contract, once with an index brought up to date at every closing, once with the log alone.

use mailstore::EmbeddedStore;
use mailstore::contract::Subject;
use tempfile::TempDir;

struct Embedded {
    store: Option<EmbeddedStore>,
    folder: TempDir,
}

impl Embedded {
    async fn open(folder: TempDir) -> Embedded {
        let store = Some(EmbeddedStore::open(folder.path()).await.unwrap());
        Embedded { store, folder }
    }
}

impl Subject for Embedded {
    type Store = EmbeddedStore;

    async fn create() -> Self {
        Embedded::open(tempfile::tempdir().unwrap()).await
    }

    fn store(&self) -> EmbeddedStore {
        self.store.clone().unwrap()
    }

    async fn reopen(&mut self) -> bool {
        self.store.take().unwrap().close().await.unwrap();
        self.store = Some(EmbeddedStore::open(self.folder.path()).await.unwrap());
        true
    }
}

mod with_index {
    use super::Embedded;

    mailstore::contract_tests!(Embedded);
}

/// Ends without a checkpoint and opens without an index: all comes from the log.
struct LogOnly(Embedded);

impl Subject for LogOnly {
    type Store = EmbeddedStore;

    async fn create() -> Self {
        LogOnly(Embedded::create().await)
    }

    fn store(&self) -> EmbeddedStore {
        self.0.store()
    }

    async fn reopen(&mut self) -> bool {
        drop(self.0.store.take());
        std::fs::remove_file(self.0.folder.path().join("index.redb")).unwrap();
        self.0.store = Some(EmbeddedStore::open(self.0.folder.path()).await.unwrap());
        true
    }
}

mod with_log_only {
    use super::LogOnly;

    mailstore::contract_tests!(LogOnly);
}
