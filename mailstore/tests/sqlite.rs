//! The contract on SQLite.
#![allow(clippy::unwrap_used, clippy::panic)]

use mailstore::contract::Subject;
use mailstore::sqlite::{self, SqliteStore};
use mailstore::{Accounts, Error};
use tempfile::TempDir;

struct Sqlite {
    folder: TempDir,
    store: Option<SqliteStore>,
}

impl Subject for Sqlite {
    type Store = SqliteStore;
    const HISTORIES: u32 = 100;

    async fn create() -> Self {
        let mut made = Sqlite { folder: tempfile::tempdir().unwrap(), store: None };
        made.reopen().await;
        made
    }

    fn store(&self) -> SqliteStore {
        self.store.clone().unwrap()
    }

    async fn reopen(&mut self) -> bool {
        self.store = None;
        let file = self.folder.path().join("mail.sqlite");
        self.store = Some(sqlite::open(file).await.unwrap());
        true
    }
}

mailstore::contract_tests!(Sqlite);

#[tokio::test]
async fn a_second_owner_is_told_and_damage_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mail.sqlite");
    let store = sqlite::open(&file).await.unwrap();
    store.create_account("alice", &[]).await.unwrap();
    assert!(matches!(sqlite::open(&file).await, Err(Error::Locked { .. })));
    drop(store);
    std::fs::write(&file, [b'x'; 8192]).unwrap();
    assert!(matches!(sqlite::open(&file).await, Err(Error::Corrupt { .. })));
}
