//! The contract on SQLite, by one handle and by several, and what only several processes can get wrong.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use mailstore::contract::Subject;
use mailstore::{
    Accounts, Changes, DynStore, Error, FlagChange, Flags, MailboxId, Mailboxes, Messages,
    NewEnvelope, NewMessage, NewRecipient, Queue, SqliteStore, Staged, Timestamp, Uid,
};
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
        self.store = Some(SqliteStore::open(self.folder.path()).await.unwrap());
        true
    }
}

mod one {
    use super::*;
    mailstore::contract_tests!(Sqlite);
}

/// The tables are gone each time: the log alone gives them back.
mod without_tables {
    use super::*;

    struct Bare(Sqlite);

    impl Subject for Bare {
        type Store = DynStore;
        const HISTORIES: u32 = 1;

        async fn create() -> Self {
            Bare(Sqlite::create().await)
        }

        fn store(&self) -> DynStore {
            DynStore::new(self.0.store())
        }

        async fn reopen(&mut self) -> bool {
            self.0.store = None;
            for file in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
                let _ = std::fs::remove_file(self.0.folder.path().join(file));
            }
            self.0.reopen().await
        }
    }

    /// Compacted each time, and then without the tables: what compaction left says everything.
    struct Compacted(Bare);

    impl Subject for Compacted {
        type Store = DynStore;
        const HISTORIES: u32 = 1;

        async fn create() -> Self {
            Compacted(Bare::create().await)
        }

        fn store(&self) -> DynStore {
            self.0.store()
        }

        async fn reopen(&mut self) -> bool {
            let store = self.0.0.store.clone().unwrap();
            store.compact().await.unwrap();
            drop(store);
            assert!(!self.0.0.folder.path().join("log/0000000000000000.log").exists());
            self.0.reopen().await
        }
    }

    #[test]
    fn the_log_has_everything_after_compaction() {
        mailstore::contract::run(
            mailstore::contract::everything_acknowledged_survives_reopening::<Compacted>(),
        );
        mailstore::contract::run(
            mailstore::contract::nothing_is_reused_after_reopening::<Compacted>(),
        );
    }

    #[test]
    fn the_log_has_everything() {
        mailstore::contract::run(
            mailstore::contract::everything_acknowledged_survives_reopening::<Bare>(),
        );
        mailstore::contract::run(mailstore::contract::nothing_is_reused_after_reopening::<Bare>());
    }
}

const FOLDER: &str = "MAILSTORE_TEST_SQLITE_FOLDER";

async fn inbox(store: &SqliteStore) -> MailboxId {
    let alice = match store.create_account("alice", &[]).await {
        Err(Error::AlreadyExists { .. }) => store.account("alice").await.unwrap(),
        made => made.unwrap(),
    };
    store.mailbox(alice.id, "INBOX").await.unwrap().id
}

fn message(body: &str) -> NewMessage {
    NewMessage::new(Staged::from_bytes(body.to_owned()))
}

/// Not a test but the other process: writes until killed; every line it prints is a promise.
#[tokio::test]
async fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let store = SqliteStore::open(Path::new(&folder)).await.unwrap();
    let inbox = inbox(&store).await;
    for n in 0.. {
        let body = format!("{} {n}", std::process::id());
        let uid = store.append(inbox, vec![message(&body)]).await.unwrap().uids[0];
        if n % 3 == 0 {
            let flag = FlagChange::Add(Flags::keyword("$Third"));
            store.store_flags(inbox, &[uid], flag, None).await.unwrap();
        }
        // On a line of its own, whatever the test harness prints.
        std::io::stderr().lock().write_all(format!("promise {uid} {body}\n").as_bytes()).unwrap();
    }
}

fn spawn(folder: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]).env(FOLDER, folder);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_share_a_store_and_one_may_be_killed() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).await.unwrap();
    let inbox = inbox(&store).await;
    let mut promises: Vec<(Uid, String)> = Vec::new();
    for round in 0..4u32 {
        let mut watcher = store.watch(inbox).await.unwrap();
        let mut children = [spawn(folder.path()), spawn(folder.path())];
        let told = Arc::new(AtomicUsize::new(0));
        let readers: Vec<_> = children
            .iter_mut()
            .map(|child| {
                let lines = BufReader::new(child.stderr.take().unwrap()).lines();
                let told = told.clone();
                std::thread::spawn(move || {
                    let lines = lines.map_while(Result::ok);
                    let mut promises = Vec::new();
                    for line in lines {
                        let promise = line.strip_prefix("promise ").and_then(|l| l.split_once(' '));
                        let Some((uid, body)) = promise else { continue };
                        promises.push((Uid::new(uid.parse().unwrap()).unwrap(), body.to_owned()));
                        if promises.len() == 5 {
                            told.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                    promises
                })
            })
            .collect();
        tokio::time::timeout(Duration::from_secs(20), watcher.changed()).await.unwrap().unwrap();
        let begun = Instant::now();
        for n in 0.. {
            if n >= 30 && told.load(Ordering::SeqCst) == 2 {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "the children do not write");
            let body = format!("parent {round} {n}");
            let uid = store.append(inbox, vec![message(&body)]).await.unwrap().uids[0];
            promises.push((uid, body));
        }
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        for reader in readers {
            let told = reader.join().unwrap();
            promises.extend(told);
        }
        let uids: BTreeSet<Uid> = promises.iter().map(|(uid, _)| *uid).collect();
        assert_eq!(uids.len(), promises.len(), "a UID was given twice");
    }
    let another = SqliteStore::open(folder.path()).await.unwrap();
    for store in [&store, &another] {
        let snapshot = store.snapshot(inbox).await.unwrap();
        for (uid, body) in &promises {
            let row = snapshot.find(*uid).unwrap();
            assert_eq!(store.body(row.message).await.unwrap().bytes().await.unwrap(), *body);
        }
    }
    assert!(
        store.snapshot(inbox).await.unwrap().rows().eq(another
            .snapshot(inbox)
            .await
            .unwrap()
            .rows())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_and_a_maildrop_have_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let one = SqliteStore::open(folder.path()).await.unwrap();
    let two = SqliteStore::open(folder.path()).await.unwrap();
    inbox(&one).await;
    let alice = two.account("alice").await.unwrap().id;
    let drop_lock = one.lock_maildrop(alice).await.unwrap();
    assert!(matches!(two.lock_maildrop(alice).await, Err(Error::Locked { .. })));
    drop(drop_lock);
    drop(two.lock_maildrop(alice).await.unwrap());

    let envelope = NewEnvelope::new("", vec![NewRecipient::new("bob")]);
    let delivery = mailstore::Delivery::new(Staged::from_bytes("queued")).queued(envelope);
    two.deliver(delivery).await.unwrap();
    let minute = Duration::from_secs(60);
    assert_eq!(one.lease(Timestamp::now(), 10, minute).await.unwrap().len(), 1);
    let refused = two.lease(Timestamp::now(), 10, minute).await;
    assert!(matches!(refused, Err(Error::Locked { .. })));
    drop(one);
    assert_eq!(two.lease(Timestamp::now(), 10, minute).await.unwrap().len(), 1);
}

#[tokio::test]
async fn anybody_may_ask_in_sql() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).await.unwrap();
    let inbox = inbox(&store).await;
    let labelled = message("12345").flags(Flags::SEEN.union(&Flags::keyword("$Label")));
    store.append(inbox, vec![labelled, message("123")]).await.unwrap();
    let database = rusqlite::Connection::open(folder.path().join("index.sqlite")).unwrap();
    let sql = "SELECT login, name, count(*), sum(rows.size), group_concat(keyword) FROM rows
        JOIN mailboxes ON mailboxes.id = rows.mailbox JOIN accounts ON accounts.id = account
        LEFT JOIN keywords USING (mailbox, uid) GROUP BY mailbox";
    let found: (String, String, u32, u32, String) = database
        .query_row(sql, [], |line| {
            Ok((line.get(0)?, line.get(1)?, line.get(2)?, line.get(3)?, line.get(4)?))
        })
        .unwrap();
    assert_eq!(found, ("alice".into(), "INBOX".into(), 2, 8, "$Label".into()));
}

#[tokio::test]
async fn damage_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).await.unwrap();
    inbox(&store).await;
    drop(store);
    tokio::time::sleep(Duration::from_millis(300)).await;
    std::fs::write(folder.path().join("index.sqlite"), [b'x'; 8192]).unwrap();
    for journal in ["index.sqlite-wal", "index.sqlite-shm"] {
        let _ = std::fs::remove_file(folder.path().join(journal));
    }
    let opened = SqliteStore::open(folder.path()).await;
    assert!(matches!(opened, Err(Error::Corrupt { .. })), "{opened:?}");
}

fn log_octets(folder: &Path) -> u64 {
    let log = std::fs::read_dir(folder.join("log")).unwrap();
    log.map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compaction_gives_room_back_while_others_write_and_wants_the_store_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).await.unwrap();
    let inbox = inbox(&store).await;
    let body = "x".repeat(10_000);
    for _ in 0..10 {
        store.append(inbox, (0..50).map(|_| message(&body)).collect()).await.unwrap();
    }
    let gone: Vec<Uid> = store.snapshot(inbox).await.unwrap().uids().take(450).collect();
    store.expunge(inbox, mailstore::Expunge::Exactly(gone)).await.unwrap();
    let another = SqliteStore::open(folder.path()).await.unwrap();
    assert!(matches!(store.compact().await, Err(Error::Locked { .. })));
    assert!(log_octets(folder.path()) > 5_000_000);
    drop(another);
    let writer = {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..50 {
                store.append(inbox, vec![message(&format!("meanwhile {n}"))]).await.unwrap();
            }
        })
    };
    // The thread that looks for changes of other processes may keep the other one open for a moment.
    let begun = Instant::now();
    while let Err(error) = store.compact().await {
        assert!(matches!(error, Error::Locked { .. }) && begun.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    writer.await.unwrap();
    assert!(log_octets(folder.path()) < 700_000, "{}", log_octets(folder.path()));
    let another = SqliteStore::open(folder.path()).await.unwrap();
    let snapshot = another.snapshot(inbox).await.unwrap();
    assert_eq!(snapshot.len(), 100);
    for row in snapshot.rows() {
        let found = another.body(row.message).await.unwrap().bytes().await.unwrap();
        assert!(found == body || found.starts_with(b"meanwhile"));
    }
}

#[tokio::test]
async fn a_store_that_has_much_to_give_back_is_compacted_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = mailstore::sqlite::Options::default();
    options.compact_after = Some(100_000);
    let store = SqliteStore::open_with(folder.path(), options).await.unwrap();
    let inbox = inbox(&store).await;
    let body = "x".repeat(10_000);
    let uids = store.append(inbox, (0..50).map(|_| message(&body)).collect()).await.unwrap().uids;
    store.expunge(inbox, mailstore::Expunge::Exactly(uids)).await.unwrap();
    let begun = Instant::now();
    while log_octets(folder.path()) > 100_000 {
        assert!(begun.elapsed() < Duration::from_secs(20), "it is not compacted");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    store.append(inbox, vec![message("after")]).await.unwrap();
}

#[tokio::test]
async fn old_removals_are_forgotten_in_the_tables_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).await.unwrap();
    let inbox = inbox(&store).await;
    for _ in 0..14 {
        let all = (0..5000).map(|_| message("x")).collect();
        let uids = store.append(inbox, all).await.unwrap().uids;
        store.expunge(inbox, mailstore::Expunge::Exactly(uids)).await.unwrap();
    }
    let before = store.changes_since(inbox, mailstore::ModSeq::FIRST).await.unwrap();
    assert_eq!(before.expunged.len(), 70_000);
    drop(store);
    let database = rusqlite::Connection::open(folder.path().join("index.sqlite")).unwrap();
    let count = |sql: &str| database.query_row(sql, [], |line| line.get::<_, u32>(0)).unwrap();
    let kept = count("SELECT count(*) FROM expunged");
    assert!((50_000..=66_000).contains(&kept), "{kept}");
    assert!(count("SELECT forgotten FROM mailboxes WHERE name = 'INBOX'") > 0);
    let store = SqliteStore::open(folder.path()).await.unwrap();
    let after = store.changes_since(inbox, mailstore::ModSeq::FIRST).await.unwrap();
    assert_eq!(after.expunged, before.expunged);
}

/// As the version before the tables knew of forgotten removals left them.
#[tokio::test]
async fn tables_of_version_2_are_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).await.unwrap();
    let inbox = inbox(&store).await;
    let uid = store.append(inbox, vec![message("kept")]).await.unwrap().uids[0];
    drop(store);
    let database = rusqlite::Connection::open(folder.path().join("index.sqlite")).unwrap();
    let sql = "ALTER TABLE mailboxes DROP COLUMN forgotten; PRAGMA user_version = 2";
    database.execute_batch(sql).unwrap();
    drop(database);
    for _ in 0..2 {
        let store = SqliteStore::open(folder.path()).await.unwrap();
        assert!(store.snapshot(inbox).await.unwrap().find(uid).is_some());
        store.append(inbox, vec![message("more")]).await.unwrap();
    }
}

#[tokio::test]
async fn a_file_is_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mail.sqlite");
    rusqlite::Connection::open(&file).unwrap().execute_batch("CREATE TABLE entries (x)").unwrap();
    let error = SqliteStore::open(&file).await.unwrap_err().to_string();
    assert!(error.contains("mail.sqlite") && error.contains("earlier version"), "{error}");
}

#[tokio::test]
async fn a_store_another_kind_has_open_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let store = mailstore::EmbeddedStore::open(folder.path()).await.unwrap();
    let opened = SqliteStore::open(folder.path()).await;
    assert!(matches!(opened, Err(Error::Locked { .. })), "{opened:?}");
    drop(store);
    let store = SqliteStore::open(folder.path()).await.unwrap();
    inbox(&store).await;
    let opened = mailstore::EmbeddedStore::open(folder.path()).await;
    assert!(matches!(opened, Err(Error::Locked { .. })), "{opened:?}");
}
