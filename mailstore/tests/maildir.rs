//! The contract on Maildir++, and what other programs do to the tree.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use mailstore::contract::Subject;
use mailstore::{
    Accounts, Changes, Error, FlagChange, Flags, MailboxId, Mailboxes, MaildirStore, Messages,
    ModSeq, NewMailbox, NewMessage, Staged, Timestamp, Uid,
};
use tempfile::TempDir;

struct Maildir {
    folder: TempDir,
    store: Option<MaildirStore>,
}

impl Subject for Maildir {
    type Store = MaildirStore;
    const THOUSANDS: u32 = 1; // it makes one file a message
    const HISTORIES: u32 = 30;

    async fn create() -> Self {
        let mut made = Maildir { folder: tempfile::tempdir().unwrap(), store: None };
        made.reopen().await;
        made
    }

    fn store(&self) -> MaildirStore {
        self.store.clone().unwrap()
    }

    async fn reopen(&mut self) -> bool {
        self.store = None;
        loop {
            // The thread that looks for changes may hold the old one for a moment.
            match MaildirStore::open(self.folder.path()).await {
                Err(Error::Locked { .. }) => tokio::task::yield_now().await,
                other => break self.store = Some(other.unwrap()),
            }
        }
        true
    }
}

mailstore::contract_tests!(Maildir);

struct Scene {
    maildir: Maildir,
    store: MaildirStore,
    inbox: MailboxId,
    path: PathBuf,
}

async fn scene() -> Scene {
    let maildir = Maildir::create().await;
    let store = maildir.store();
    let alice = store.create_account("alice@example.test", &[]).await.unwrap();
    let inbox = store.mailbox(alice.id, "INBOX").await.unwrap().id;
    let path = maildir.folder.path().join("alice@example.test");
    Scene { maildir, store, inbox, path }
}

async fn append(scene: &Scene, body: &'static str, flags: Flags) -> Uid {
    let message = NewMessage::new(Staged::from_bytes(body)).flags(flags);
    let message = message.internal_date(Timestamp::from_secs(1_700_000_000));
    scene.store.append(scene.inbox, vec![message]).await.unwrap().uids[0]
}

fn files(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tree_shows_what_the_store_holds() {
    let scene = scene().await;
    let word = Flags::FLAGGED.union(&Flags::keyword("$Word"));
    append(&scene, "one\r\n", word).await;
    let uid = append(&scene, "two\r\n", Flags::NONE).await;
    let [one, two] = &files(&scene.path.join("cur"))[..] else { panic!("two messages") };
    assert!(one.starts_with("1700000000.") && one.ends_with(",S=5:2,Fa"), "{one}");
    assert!(two.ends_with(",S=5:2,"), "{two}");
    assert_eq!(fs::read_to_string(scene.path.join("dovecot-keywords")).unwrap(), "0 $Word\n");
    let list = fs::read_to_string(scene.path.join("dovecot-uidlist")).unwrap();
    let validity = scene.store.snapshot(scene.inbox).await.unwrap().uid_validity();
    assert!(list.starts_with(&format!("3 V{validity} ")), "{list}");
    assert!(list.contains("\n1 :1700000000.") && list.contains("\n2 :1700000000."), "{list}");

    let seen = FlagChange::Add(Flags::SEEN);
    scene.store.store_flags(scene.inbox, &[uid], seen, None).await.unwrap();
    assert!(files(&scene.path.join("cur"))[1].ends_with(":2,S"));
    let alice = scene.store.account("alice@example.test").await.unwrap().id;
    let new = NewMailbox::new("Lists/\u{fc}").subscribed();
    scene.store.create_mailbox(alice, &new).await.unwrap();
    assert!(scene.path.join(".Lists.&APw-/maildirfolder").exists());
    let subscriptions = fs::read_to_string(scene.path.join("subscriptions")).unwrap();
    assert_eq!(subscriptions, "V\t2\n\nLists\t&APw-\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_other_programs_do_is_noticed() {
    let mut scene = scene().await;
    let flags = Flags::keyword("$Word");
    let kept = append(&scene, "kept\r\n", flags).await;
    let gone = append(&scene, "gone\r\n", Flags::NONE).await;
    let before = scene.store.snapshot(scene.inbox).await.unwrap();
    let cur = scene.path.join("cur");
    let [one, two] = &files(&cur)[..] else { panic!("two messages") };
    fs::rename(cur.join(one), cur.join(one.replace(":2,a", ":2,FS"))).unwrap();
    fs::remove_file(cur.join(two)).unwrap();
    fs::write(scene.path.join("new/1800000000.x.host"), "delivered\n").unwrap();
    fs::create_dir_all(scene.path.join(".Made.Elsewhere/cur")).unwrap();
    fs::create_dir_all(scene.path.join(".Made.Elsewhere/new")).unwrap();
    fs::write(scene.path.join("subscriptions"), "V\t2\n\nMade\tElsewhere\n").unwrap();
    scene.store.refresh().await.unwrap();

    let changes = scene.store.changes_since(scene.inbox, before.highest_modseq()).await.unwrap();
    assert_eq!(changes.expunged, [gone]);
    let [first, new] = &changes.rows[..] else { panic!("{changes:?}") };
    assert_eq!((first.uid, &first.flags), (kept, &Flags::FLAGGED.union(&Flags::SEEN)));
    assert_eq!((new.uid.value(), new.size), (3, 11));
    let body = scene.store.body(new.message).await.unwrap().bytes().await.unwrap();
    assert_eq!(body, "delivered\r\n");
    let alice = scene.store.account("alice@example.test").await.unwrap().id;
    let elsewhere = scene.store.mailbox(alice, "Made/Elsewhere").await.unwrap();
    assert!(elsewhere.subscribed);

    scene.maildir.store = None;
    fs::remove_dir_all(scene.path.join(".Made.Elsewhere")).unwrap();
    drop(scene.store);
    scene.maildir.reopen().await;
    let store = scene.maildir.store();
    assert!(store.mailbox(alice, "Made/Elsewhere").await.is_err());
    let now = store.changes_since(scene.inbox, ModSeq::ZERO).await.unwrap();
    assert_eq!(now.rows, changes.rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_hears_of_a_delivery_by_another_program() {
    let scene = scene().await;
    let mut watcher = scene.store.watch(scene.inbox).await.unwrap();
    fs::write(scene.path.join("new/1800000000.x.host"), "delivered\r\n").unwrap();
    watcher.changed().await.unwrap();
    assert_eq!(scene.store.snapshot(scene.inbox).await.unwrap().len(), 1);
}
