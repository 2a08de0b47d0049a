//! A store under load, and what is left of it: `tests/power/run` starts it and copies the disk below it.
//!
//! ```text
//! power write KIND FOLDER    writes until killed; prints `UID CRC` for each message that was acknowledged
//! power verify KIND FOLDER < promises    prints how many messages are there and how many were lost
//! ```
//!
//! KIND is `embedded`, `sqlite` or `maildir`; `embedded-unsynced` and `sqlite-unsynced` make nothing durable.
#![allow(clippy::unwrap_used, reason = "a measuring program may stop at the first surprise")]

use std::io::{BufRead, Write};
use std::path::Path;

use mailstore::{
    Accounts, DynStore, EmbeddedStore, Error, FlagChange, Flags, Mailboxes, MaildirStore, Messages,
    NewMessage, SqliteStore, Uid, embedded, sqlite,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn core::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [command, kind, folder] = &*words else { return Err("see its source".into()) };
    let store = open(kind, Path::new(folder)).await?;
    match &**command {
        "write" => write(store).await,
        "verify" => verify(store).await,
        _ => Err("see its source".into()),
    }
}

async fn open(kind: &str, folder: &Path) -> Result<DynStore, Box<dyn core::error::Error>> {
    let faults = mailstore::Faults::new();
    faults.lie_about_sync(kind.ends_with("-unsynced"));
    Ok(match kind {
        "embedded" | "embedded-unsynced" => {
            let mut options = embedded::Options::default();
            options.segment_size = 1_000_000; // so that several are begun
            options.checkpoint_after = 100;
            options.faults = Some(faults);
            let store = EmbeddedStore::open_with(folder, options).await?;
            DynStore::new(store)
        }
        "sqlite" | "sqlite-unsynced" => {
            let mut options = sqlite::Options::default();
            options.segment_size = 1_000_000;
            options.faults = Some(faults);
            DynStore::new(SqliteStore::open_with(folder, options).await?)
        }
        "maildir" => DynStore::new(MaildirStore::open(folder).await?),
        _ => return Err("see its source".into()),
    })
}

async fn write(store: DynStore) -> Result<(), Box<dyn core::error::Error>> {
    let account = match store.account("alice").await {
        Err(Error::NotFound { .. }) => store.create_account("alice", &[]).await?,
        found => found?,
    };
    let inbox = store.mailbox(account.id, "INBOX").await?.id;
    println!("ready");
    let writers: Vec<_> = (0..4)
        .map(|writer: usize| {
            let store = store.clone();
            tokio::spawn(async move {
                for n in 0.. {
                    let mut body = format!("writer {writer} message {n} ").into_bytes();
                    body.resize((20 + n * 97 % 6000).max(body.len()), b'x');
                    let digest = crc32c::crc32c(&body);
                    let mut upload = store.upload();
                    upload.write(&body).await.unwrap();
                    let message = NewMessage::new(upload.finish().await.unwrap());
                    let uid = store.append(inbox, vec![message]).await.unwrap().uids.remove(0);
                    if n % 3 == 0 {
                        let flag = FlagChange::Add(Flags::FLAGGED);
                        store.store_flags(inbox, &[uid], flag, None).await.unwrap();
                    }
                    let line = format!("{uid} {digest} {}\n", u8::from(n % 3 == 0));
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await?;
    }
    Ok(())
}

async fn verify(store: DynStore) -> Result<(), Box<dyn core::error::Error>> {
    let snapshot = match store.account("alice").await {
        Err(Error::NotFound { .. }) => None,
        found => {
            let inbox = store.mailbox(found?.id, "INBOX").await?.id;
            Some(store.snapshot(inbox).await?)
        }
    };
    let (mut promised, mut lost) = (0, 0);
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let numbers: Vec<u32> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        let [uid, digest, flagged] = *numbers else { return Err("a promise is cut".into()) };
        promised += 1;
        let row = snapshot.as_ref().and_then(|snapshot| snapshot.find(Uid::new(uid)?));
        let kept = match row {
            None => false,
            Some(row) => {
                let body = match store.body(row.message).await {
                    Ok(body) => body.bytes().await.ok(),
                    Err(_) => None,
                };
                body.is_some_and(|body| crc32c::crc32c(&body) == digest)
                    && (flagged == 0 || row.flags.contains(&Flags::FLAGGED))
            }
        };
        lost += u32::from(!kept);
    }
    println!("{promised} promised, {lost} lost");
    Ok(())
}
