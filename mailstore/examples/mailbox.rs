//! What a large mailbox costs: `cargo run --release -p mailstore --example mailbox -- 100000`
//! (messages).
#![allow(clippy::unwrap_used, reason = "a measuring program may stop at the first surprise")]

use std::time::Instant;

use mailstore::{
    Accounts, Changes, EmbeddedStore, FlagChange, Flags, Mailboxes, Messages, NewMessage, Staged,
    Uid,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn core::error::Error>> {
    let count: u32 = std::env::args().nth(1).map_or(Ok(100_000), |arg| arg.parse())?;
    let folder = tempfile::tempdir_in(".")?;
    let store = EmbeddedStore::open(folder.path()).await?;
    let account = store.create_account("bench@example.test", &[]).await?;
    let inbox = store.mailbox(account.id, "INBOX").await?.id;

    let start = Instant::now();
    for _ in 0..count.div_ceil(1000) {
        let message = || NewMessage::new(Staged::from_bytes(&b"x"[..])).facts(&[b'f'; 300][..]);
        store.append(inbox, (0..1000).map(|_| message()).collect()).await?;
    }
    println!("filled with {count} messages in {:.1?}", start.elapsed());
    let start = Instant::now();
    store.close().await?;
    println!("closed with a checkpoint in {:.1?}", start.elapsed());
    let start = Instant::now();
    let store = EmbeddedStore::open(folder.path()).await?;
    println!("opened the store in {:.1?}", start.elapsed());

    let start = Instant::now();
    let snapshot = store.snapshot(inbox).await?;
    println!("snapshot in {:.1?}", start.elapsed());
    let start = Instant::now();
    let seen = snapshot.rows().filter(|row| row.flags.contains(&Flags::SEEN)).count();
    println!("listed {} rows ({seen} seen) in {:.1?}", snapshot.len(), start.elapsed());

    let some: Vec<Uid> = snapshot.uids().step_by(10).collect();
    let start = Instant::now();
    let flag = FlagChange::Add(Flags::SEEN.union(&Flags::keyword("$Label")));
    store.store_flags(inbox, &some, flag, None).await?;
    println!("flagged {} messages, durable, in {:.1?}", some.len(), start.elapsed());

    let before = store.snapshot(inbox).await?.highest_modseq();
    let ten: Vec<Uid> = snapshot.uids().step_by(snapshot.len() / 10).collect();
    store.store_flags(inbox, &ten, FlagChange::Add(Flags::FLAGGED), None).await?;
    let start = Instant::now();
    let changed = store.changes_since(inbox, before).await?.rows.len();
    println!("found {changed} changed rows in {:.1?}", start.elapsed());

    let messages: Vec<_> = snapshot.rows().take(10_000).map(|row| row.message).collect();
    let start = Instant::now();
    let facts = store.facts(&messages).await?;
    println!("read the facts of {} messages in {:.1?}", facts.len(), start.elapsed());

    let start = Instant::now();
    for _ in 0..200 {
        store.append(inbox, vec![NewMessage::new(Staged::from_bytes(&b"x"[..]))]).await?;
    }
    println!("one more message, durable: {:.1?} each", start.elapsed() / 200);
    Ok(())
}
