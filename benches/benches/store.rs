//! The embedded store beside the bare disk, in one run: `cargo bench -p benches --bench store`
//! (`-- 1000000` for the large mailbox and the many mailboxes as well). Every row is checked before it is
//! printed. It times the disk below the folder it is started in, so criterion would tell nothing more.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use mailstore::embedded::Options;
use mailstore::{
    Accounts, Changes, EmbeddedStore, Expunge, FlagChange, Flags, MailboxId, Mailboxes, Messages,
    NewMailbox, NewMessage, Staged, Uid,
};

type Done<T = ()> = Result<T, Box<dyn core::error::Error>>;

/// How long writers write; with the word `--test` only to see that they can.
fn time() -> Duration {
    let check = std::env::args().any(|word| word == "--test");
    Duration::from_millis(if check { 30 } else { 3000 })
}

/// So many messages are appended one by one to tell what one costs.
const ONE_BY_ONE: u32 = 500;

#[tokio::main]
async fn main() -> Done {
    // Cargo adds a word of its own.
    let many = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(0);
    let folder = tempfile::tempdir_in(".")?;
    println!("| work | reach | measured |\n|---|---|---|");
    for (writers, size, floor) in [(64, 4096, "50 %"), (1, 4096, "60 %"), (8, 102_400, "60 %")] {
        ingest(folder.path(), writers, size, floor).await?;
    }
    burst(folder.path()).await?;
    mailbox(&folder.path().join("mailbox")).await?;
    if many > 0 {
        growth(&folder.path().join("growth"), many).await?;
    }
    Ok(())
}

/// Writers in turns with the bare disk, which writes and syncs as many octets at once as a group of the
/// store had.
async fn ingest(folder: &Path, writers: usize, size: usize, floor: &str) -> Done {
    let path = folder.join("ingest");
    let store = EmbeddedStore::open(&path).await?;
    let account = store.create_account("bench@example.test", &[]).await?;
    let inbox = store.mailbox(account.id, "INBOX").await?.id;
    let before = store.stats().syncs;
    let octets = Bytes::from(vec![b'x'; size]);
    let (start, time) = (Instant::now(), time());
    let tasks: Vec<_> = (0..writers)
        .map(|_| {
            let (store, octets) = (store.clone(), octets.clone());
            tokio::spawn(async move {
                let mut done = 0u32;
                while start.elapsed() < time {
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
    let rate = f64::from(done) / start.elapsed().as_secs_f64();
    let syncs = store.stats().syncs - before;
    assert_eq!(store.status(inbox).await?.messages, done);
    store.close().await?;
    std::fs::remove_dir_all(&path)?;
    let group = usize::try_from(u64::from(done).div_ceil(syncs)).unwrap_or(1);
    let bare = bare(&folder.join("bare"), size, group)?;
    println!(
        "| {writers} writers of {size} octets, durable | \u{2265} {floor} of the bare disk | {rate:.0}/s, {:.3} syncs each; \
         bare append + fdatasync of {group} at once {bare:.0}/s: {:.0} % |",
        syncs as f64 / f64::from(done),
        100.0 * rate / bare
    );
    Ok(())
}

/// Bursts of 60 MiB after a pause, into a log file that was made ready in it and one that was not, in turns.
async fn burst(folder: &Path) -> Done {
    let check = std::env::args().any(|word| word == "--test");
    let mut took = [Vec::new(), Vec::new()];
    for turn in 0..if check { 2 } else { 10 } {
        let spare = turn % 2 == 0;
        let path = folder.join("burst");
        let mut options = Options::default();
        options.spare_segment = spare;
        let store = EmbeddedStore::open_with(&path, options).await?;
        let account = store.create_account("bench@example.test", &[]).await?;
        let inbox = store.mailbox(account.id, "INBOX").await?.id;
        let octets = Bytes::from(vec![b'x'; 1024 * 1024]);
        let append = async |count: usize| {
            let group =
                || (0..8).map(|_| NewMessage::new(Staged::from_bytes(octets.slice(..102_400))));
            for _ in 0..count * 1024 * 1024 / 8 / 102_400 {
                store.append(inbox, group().collect()).await?;
            }
            Ok::<(), mailstore::Error>(())
        };
        append(40).await?;
        tokio::time::sleep(Duration::from_secs(if check { 0 } else { 3 })).await;
        append(25).await?;
        let start = Instant::now();
        append(60).await?;
        took[usize::from(!spare)].push(start.elapsed());
        store.close().await?;
        std::fs::remove_dir_all(&path)?;
    }
    took.iter_mut().for_each(|all| all.sort_unstable());
    let [with, without] = took.map(|all| 60.0 / all[all.len() / 2].as_secs_f64());
    println!(
        "| a burst of 60 MiB in groups of 800 KiB, durable, after a pause | | {with:.0} MiB/s over zeros, {without:.0} MiB/s in \
         a file that grows: {:.2} \u{d7} |",
        with / without
    );
    Ok(())
}

fn bare(path: &Path, size: usize, group: usize) -> Done<f64> {
    let mut file = File::create(path)?;
    let octets = vec![b'x'; size * group];
    let (start, time, mut done) = (Instant::now(), time(), 0u32);
    while start.elapsed() < time {
        file.write_all(&octets)?;
        file.sync_data()?;
        done += u32::try_from(group)?;
    }
    let rate = f64::from(done) / start.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(rate)
}

async fn fill(store: &EmbeddedStore, inbox: MailboxId, count: u32) -> Done {
    let message = || NewMessage::new(Staged::from_bytes(&b"x"[..])).facts(&[b'f'; 300][..]);
    for _ in 0..count.div_ceil(1000) {
        store.append(inbox, (0..1000).map(|_| message()).collect()).await?;
    }
    Ok(())
}

/// A mailbox of 100,000.
async fn mailbox(folder: &Path) -> Done {
    let store = EmbeddedStore::open(folder).await?;
    let account = store.create_account("bench@example.test", &[]).await?;
    let inbox = store.mailbox(account.id, "INBOX").await?.id;
    fill(&store, inbox, 100_000).await?;
    store.close().await?;
    let start = Instant::now();
    let store = EmbeddedStore::open(folder).await?;
    let snapshot = store.snapshot(inbox).await?;
    let took = start.elapsed();
    assert_eq!(snapshot.len(), 100_000);
    println!("| store of 100,000 messages opened, and its mailbox | \u{2264} 10 ms | {took:.1?} |");
    let start = Instant::now();
    assert_eq!(snapshot.rows().filter(|row| row.size == 1).count(), 100_000);
    println!("| 100,000 rows listed | | {:.1?} |", start.elapsed());
    let per = snapshot.heap_octets() as f64 / 100_000.0;
    println!("| memory of the view, a message | \u{2264} 24 octets | {per:.1} octets |");

    let some: Vec<Uid> = snapshot.uids().step_by(10).collect();
    let flag = FlagChange::Add(Flags::SEEN.union(&Flags::keyword("$Label")));
    let start = Instant::now();
    let stored = store.store_flags(inbox, &some, flag, None).await?;
    println!(
        "| 10,000 flags changed in one step, durable | \u{2264} 50 ms | {:.1?} |",
        start.elapsed()
    );
    assert_eq!(stored.updated.len(), 10_000);
    let before = store.snapshot(inbox).await?.highest_modseq();
    let ten: Vec<Uid> = snapshot.uids().step_by(10_000).collect();
    store.store_flags(inbox, &ten, FlagChange::Add(Flags::FLAGGED), None).await?;
    let start = Instant::now();
    let changed = store.changes_since(inbox, before).await?.rows.len();
    println!("| 10 changed of 100,000 found | \u{2264} 0.1 ms | {:.1?} |", start.elapsed());
    assert_eq!(changed, 10);

    // Nine of ten go; what is left is 4 KiB each.
    let large = || NewMessage::new(Staged::from_bytes(vec![b'x'; 4096]));
    for _ in 0..20 {
        store.append(inbox, (0..1000).map(|_| large()).collect()).await?;
    }
    let all: Vec<Uid> = store.snapshot(inbox).await?.uids().take(118_000).collect();
    store.expunge(inbox, Expunge::Exactly(all)).await?;
    store.compact().await?;
    let stats = store.stats();
    let ratio = stats.log_octets as f64 / stats.message_octets as f64;
    println!("| log after compaction | \u{2264} 1.1 \u{d7} the messages | {ratio:.3} \u{d7} |");
    Ok(())
}

/// Appends to an ever larger mailbox, many mailboxes, and others held up by what takes long.
async fn growth(folder: &Path, many: u32) -> Done {
    let store = EmbeddedStore::open(folder).await?;
    let account = store.create_account("bench@example.test", &[]).await?;
    let inbox = store.mailbox(account.id, "INBOX").await?.id;
    for count in [1000, 10_000, 100_000, 1_000_000] {
        if count > many {
            break;
        }
        fill(&store, inbox, count - store.status(inbox).await?.messages).await?;
        let (start, before) = (Instant::now(), cpu());
        for _ in 0..ONE_BY_ONE {
            let message = NewMessage::new(Staged::from_bytes(&b"x"[..]));
            store.append(inbox, vec![message]).await?;
        }
        let spent = cpu().zip(before).map(|(after, before)| (after - before) / ONE_BY_ONE);
        println!(
            "| one more message, durable, in a mailbox of {count} | flat | {:.0?}, {:.1?} of it at work |",
            start.elapsed() / ONE_BY_ONE,
            spent.unwrap_or_default()
        );
    }
    let all = store.snapshot(inbox).await?;
    let other = store.mailbox(store.create_account("other", &[]).await?.id, "INBOX").await?.id;
    store.close().await?;
    for (name, step) in [("nothing", 0), ("1 %", 100), ("all", 1)] {
        if step == 0 {
            held_up(folder, name, all.len(), async |_| pause().await).await?;
            continue;
        }
        let some: Vec<Uid> = all.uids().step_by(step).collect();
        held_up(folder, &format!("{name} of the flags changed"), all.len(), async |store| {
            let flag = FlagChange::Add(Flags::keyword(&format!("$Some{step}")));
            store.store_flags(inbox, &some, flag, None).await.map(|_| ())
        })
        .await?;
        held_up(folder, &format!("{name} copied"), all.len(), async |store| {
            store.copy(inbox, &some, other).await.map(|_| ())
        })
        .await?;
        if step == 1 {
            held_up(folder, "compaction", all.len(), async |store| {
                store.compact().await.map(|_| ())
            })
            .await?;
        }
        held_up(folder, &format!("{name} expunged"), all.len(), async |store| {
            store.expunge(inbox, Expunge::Exactly(some.clone())).await.map(|_| ())
        })
        .await?;
    }
    let store = EmbeddedStore::open(folder).await?;
    let names: Vec<NewMailbox> =
        (0..100_000).map(|n| NewMailbox::new(format!("{}/{n}", n % 100))).collect();
    let start = Instant::now();
    let account = store.create_account("many", &names).await?.id;
    println!("| 100,000 mailboxes made in one step | works | {:.0?} |", start.elapsed());
    let start = Instant::now();
    assert_eq!(store.mailboxes(account).await?.len(), 100_101);
    println!("| and listed | works | {:.0?} |", start.elapsed());
    Ok(())
}

/// The time this program's threads were at work so far, where the system tells.
fn cpu() -> Option<Duration> {
    let mut spent = 0;
    for thread in std::fs::read_dir("/proc/self/task").ok()? {
        let told = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        spent += told.split(' ').next()?.parse::<u64>().ok()?;
    }
    Some(Duration::from_nanos(spent))
}

async fn pause() -> mailstore::Result<()> {
    tokio::time::sleep(Duration::from_secs(2)).await;
    Ok(())
}

/// How long another writer waits at most while the work is done, and for a moment after it, as a checkpoint
/// may follow; beside it what the disk takes meanwhile to append and sync the same octets.
async fn held_up(
    folder: &Path,
    name: &str,
    messages: usize,
    work: impl AsyncFnOnce(EmbeddedStore) -> mailstore::Result<()>,
) -> Done {
    let store = EmbeddedStore::open(folder).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let bare = {
        let (path, stop) = (folder.join("bare"), stop.clone());
        std::thread::spawn(move || {
            let mut file = File::create(&path).unwrap();
            let mut longest = Duration::ZERO;
            while !stop.load(Ordering::Relaxed) {
                let start = Instant::now();
                file.write_all(&[b'x'; 90]).unwrap();
                file.sync_data().unwrap();
                longest = longest.max(start.elapsed());
            }
            std::fs::remove_file(&path).unwrap();
            longest
        })
    };
    let other = {
        let (store, stop) = (store.clone(), stop.clone());
        tokio::spawn(async move {
            let account =
                store.create_account(&format!("{:?}", Instant::now()), &[]).await.unwrap();
            let inbox = store.mailbox(account.id, "INBOX").await.unwrap().id;
            let mut longest = Duration::ZERO;
            while !stop.load(Ordering::Relaxed) {
                let start = Instant::now();
                let message = NewMessage::new(Staged::from_bytes(&b"x"[..]));
                store.append(inbox, vec![message]).await.unwrap();
                longest = longest.max(start.elapsed());
            }
            longest
        })
    };
    tokio::time::sleep(Duration::from_millis(50)).await;
    work(store.clone()).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    stop.store(true, Ordering::Relaxed);
    let (longest, bare) = (other.await?, bare.join().map_err(|_| "the bare disk failed")?);
    let stats = store.stats();
    println!(
        "| longest wait of another writer during: {name}, {messages} messages | \u{2264} 20 ms | {longest:.1?}: the disk took {:.1?}, \
         the store {:.1?}; bare append + fdatasync meanwhile {bare:.1?} |",
        stats.slowest_sync, stats.slowest_step
    );
    store.close().await?;
    Ok(())
}
