//! How many durable messages a second: `cargo run --release -p mailstore --example ingest -- 64 4096 5`
//! (writers, octets a message, seconds). Beside it, in the same folder, what the bare disk does.
#![allow(clippy::unwrap_used, reason = "a measuring program may stop at the first surprise")]

use core::time::Duration;
use std::io::Write;
use std::time::Instant;

use mailstore::{Accounts, EmbeddedStore, Mailboxes, Messages, NewMessage, Staged};

#[tokio::main]
async fn main() -> Result<(), Box<dyn core::error::Error>> {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<u64>());
    let writers = args.next().transpose()?.unwrap_or(64);
    let size = usize::try_from(args.next().transpose()?.unwrap_or(4096))?;
    let seconds = args.next().transpose()?.unwrap_or(5);

    let folder = tempfile::tempdir_in(".")?;
    let bare = bare(&folder.path().join("bare"), size, Duration::from_secs(1))?;
    println!("bare append + fdatasync of {size} octets: {bare:.0}/s");

    let store = EmbeddedStore::open(folder.path().join("store")).await?;
    let account = store.create_account("bench@example.test", &[]).await?;
    let inbox = store.mailbox(account.id, "INBOX").await?.id;
    let octets = bytes::Bytes::from(vec![b'x'; size]);
    let before = store.stats().syncs;
    let start = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|_| {
            let (store, octets) = (store.clone(), octets.clone());
            tokio::spawn(async move {
                let mut done = 0u64;
                while start.elapsed() < Duration::from_secs(seconds) {
                    let message = NewMessage::new(Staged::from_bytes(octets.clone()));
                    store.append(inbox, vec![message]).await.unwrap();
                    done += 1;
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await?;
    }
    let took = start.elapsed().as_secs_f64();
    let syncs = store.stats().syncs - before;
    println!(
        "{writers} writers: {:.0} messages/s, {:.3} syncs a message",
        done as f64 / took,
        syncs as f64 / done as f64
    );
    store.close().await?;

    let start = Instant::now();
    let store = EmbeddedStore::open(folder.path().join("store")).await?;
    println!("opened with {} messages in {:.1?}", store.stats().messages, start.elapsed());
    Ok(())
}

fn bare(path: &std::path::Path, size: usize, time: Duration) -> std::io::Result<f64> {
    let mut file = std::fs::File::create(path)?;
    let octets = vec![b'x'; size];
    let (start, mut done) = (Instant::now(), 0u32);
    while start.elapsed() < time {
        file.write_all(&octets)?;
        file.sync_data()?;
        done += 1;
    }
    Ok(f64::from(done) / start.elapsed().as_secs_f64())
}
