//! `kill -9` at any moment: whatever was acknowledged is there afterwards, once, whole, with its flags.
//!
//! The test starts itself again as a child that writes and says so; the parent kills it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use mailstore::embedded::Options;
use mailstore::{
    Accounts, EmbeddedStore, Flags, Mailboxes, Messages, NewEnvelope, NewMessage, NewRecipient,
    Queue, Staged,
};

use super::{block_on, inbox};

const FOLDER: &str = "MAILSTORE_TEST_CHILD_FOLDER";
const WRITERS: usize = 8;

fn body(writer: &str, n: usize) -> Vec<u8> {
    let mut body = format!("writer {writer} message {n}\r\n").into_bytes();
    let size = if n % 40 == 39 { 1_100_000 } else { 50 + n * 97 % 9000 };
    body.resize(size, b'a' + u8::try_from(n % 26).unwrap());
    body
}

fn flags(n: usize) -> Flags {
    let keyword = Flags::keyword(if n.is_multiple_of(2) { "$Even" } else { "$Odd" });
    if n.is_multiple_of(3) { keyword.union(&Flags::SEEN) } else { keyword }
}

/// Writes until killed; every line it prints is a promise.
async fn child(folder: &Path) {
    // Small, so that the kill also meets new segments and checkpoints.
    let mut options = Options::default();
    options.segment_size = 3_000_000;
    options.checkpoint_after = 100;
    let store = EmbeddedStore::open_with(folder, options).await.unwrap();
    let inbox = inbox(&store).await;
    let round = store.status(inbox).await.unwrap().uid_next;
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = store.clone();
            let name = format!("{round}-{writer}");
            tokio::spawn(async move {
                for n in 0.. {
                    let mut upload = store.upload();
                    upload.write(&body(&name, n)).await.unwrap();
                    let message = NewMessage::new(upload.finish().await.unwrap()).flags(flags(n));
                    let uid = store.append(inbox, vec![message]).await.unwrap().uids[0];
                    let mut line = format!("{uid} {name} {n}\n");
                    if n % 10 == 0 {
                        let to = vec![NewRecipient::new(format!("{name}/{n}"))];
                        let queued = mailstore::Delivery::new(Staged::from_bytes("queued"))
                            .queued(NewEnvelope::new("", to));
                        store.deliver(queued).await.unwrap();
                        line += &format!("queued {name}/{n}\n");
                    }
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

#[test]
fn nothing_acknowledged_is_lost_or_doubled_by_kill_9() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        block_on(child(Path::new(&folder)));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    block_on(async {
        let store = EmbeddedStore::open(folder.path()).await.unwrap();
        store.create_account("alice", &[]).await.unwrap();
    });
    let mut promises: BTreeMap<u32, (String, usize)> = BTreeMap::new();
    let mut queued: Vec<String> = Vec::new();
    for round in 0..8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["killed::nothing_acknowledged_is_lost_or_doubled_by_kill_9", "--exact"])
            .arg("--nocapture")
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Killed after a number of promises that differs from round to round; what it had said by then
        // is in the pipe and is read to the end.
        let kill_after = 40 + round * 53;
        let mut heard = 0;
        while let Some(Ok(line)) = lines.next() {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["queued", name] => queued.push(name.to_owned()),
                [uid, name, n] if uid.parse::<u32>().is_ok() => {
                    let promise = (name.to_owned(), n.parse().unwrap());
                    assert_eq!(promises.insert(uid.parse().unwrap(), promise), None);
                    heard += 1;
                }
                _ => {} // the test harness's own words
            }
            if heard == kill_after {
                child.kill().unwrap();
            }
        }
        assert!(heard >= kill_after, "the child ended by itself");
        child.wait().unwrap();
        block_on(verify(folder.path(), &promises, &queued));
    }
}

async fn verify(folder: &Path, promises: &BTreeMap<u32, (String, usize)>, queued: &[String]) {
    let store = EmbeddedStore::open(folder).await.unwrap();
    assert!(store.damage().is_empty());
    let account = store.account("alice").await.unwrap();
    let inbox = store.mailbox(account.id, "INBOX").await.unwrap().id;
    let mut seen = std::collections::BTreeSet::new();
    let mut kept = 0;
    for row in store.snapshot(inbox).await.unwrap().rows() {
        let stored = store.body(row.message).await.unwrap().bytes().await.unwrap();
        let line = stored.split(|octet| *octet == b'\r').next().unwrap();
        let line = core::str::from_utf8(line).unwrap();
        assert!(seen.insert(line.to_owned()), "{line} is there twice");
        // Also a message that was not acknowledged any more is whole or not there.
        let mut words = line.split(' ').skip(1).step_by(2);
        let (name, n) = (words.next().unwrap(), words.next().unwrap().parse().unwrap());
        assert!(stored == body(name, n));
        assert_eq!(row.flags, flags(n));
        if let Some(promise) = promises.get(&row.uid.value()) {
            assert_eq!(*promise, (name.to_owned(), n));
            kept += 1;
        }
    }
    assert_eq!(kept, promises.len());
    let envelopes = store.envelopes().await.unwrap();
    let addresses: Vec<&str> = envelopes.iter().map(|e| &*e.recipients[0].address).collect();
    for name in queued {
        assert_eq!(addresses.iter().filter(|address| *address == name).count(), 1);
    }
}
