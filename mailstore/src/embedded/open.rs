//! Opening a store: take the lock, load the index, replay the log after it, cut what is torn, sweep.

use core::hash::{BuildHasher, Hasher};
use core::time::Duration;
use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, RwLock};
use std::thread;

use super::checkpoint::{self, Batch};
use super::commit::Committer;
use super::compact::{self, Compaction};
use super::index::{Found, Index, Loaded};
use super::log::Log;
use super::logged::Own;
use super::scan::{Damage, Scan, scan};
use super::segments::Segments;
use super::{EmbeddedStore, Handle, Options, Published, Shared};
use crate::model::{Hub, Object, Objects, Place};
use crate::upload::spool_path;
use crate::{Error, Result, Spool, disk};

pub(super) fn open(folder: &Path, options: &Options) -> Result<EmbeddedStore> {
    disk::create_private_dir(folder)?;
    let lock = lock(folder)?;
    let segments =
        Arc::new(Segments::open(&folder.join("log"), new_key(), options.faults.clone())?);
    let mut damage = Vec::new();
    let (index, loaded) = open_index(folder, &segments, &mut damage)?;
    let Loaded { mut state, mut objects, position } = loaded;

    let mut batch = Batch::starting_at(position);
    let found = scan(&segments, position, options.salvage, |_, _, changes| {
        for change in changes {
            objects.apply(change, &mut batch.gone);
            state.apply(change);
        }
        batch.add(changes.iter().cloned());
    })?;
    // The sweep removes their files; their numbers may be taken again.
    batch.gone.iter_mut().for_each(|(_, object)| object.body = Place::Damaged);
    cut(&segments, &found)?;
    segments.upgrade(found.end)?;
    disk::sync_dir(folder)?;
    damage.extend(found.damage);

    let bodies = folder.join("bodies");
    disk::create_private_dir(&bodies)?;
    objects.sweep();
    let next_body = sweep(&bodies, &mut objects, &mut damage)?;
    let spool = Spool::new(&bodies, options.large_body);
    let spool = Arc::new(spool.starting_at(next_body, options.faults.clone()));

    let hub = Hub::default();
    for envelope in state.envelopes.values() {
        hub.leases().set_due(envelope.id, envelope.due());
    }
    let log_end = found.end;
    let published = Published {
        state: state.clone(),
        objects,
        log_end,
        syncs: 0,
        slowest_sync: Duration::ZERO,
        slowest_step: Duration::ZERO,
    };
    let shared = Arc::new(Shared {
        index: RwLock::new(published),
        hub,
        segments: segments.clone(),
        bodies: bodies.clone(),
        spool,
        damage,
        compaction: Compaction::after(options.compact_after),
    });
    let (spares, wanted) = mpsc::channel();
    let log = Log::new(segments.clone(), log_end, options.segment_size, options.faults.clone())?;
    let log = if options.spare_segment { log.with_spares(spares) } else { log };
    let segment_size = options.segment_size;
    let (checkpoints, batches) = mpsc::sync_channel(1);
    let (compactor, due) = mpsc::channel();
    let committer = Committer {
        shared: shared.clone(),
        log,
        state,
        checkpoints,
        batch,
        checkpoint_after: options.checkpoint_after,
        hurry: false,
        slowest_step: Duration::ZERO,
        compactor,
    };
    let (messages, queue) = mpsc::channel();
    let own_messages = messages.clone();
    let (compacted, ended) = (shared.clone(), segments.clone());
    let compacted = Own { shared: compacted, messages: own_messages };
    let thread = thread::Builder::new().name("mailstore-commit".into()).spawn(move || {
        let checkpointer = thread::Builder::new().name("mailstore-checkpoint".into());
        let checkpointer = checkpointer.spawn(move || checkpoint::run(index, bodies, batches));
        let compactor = thread::Builder::new().name("mailstore-compact".into());
        let compactor = compactor.spawn(move || compact::run(&compacted, &due));
        let preparer = thread::Builder::new().name("mailstore-spare".into());
        let preparer = preparer.spawn(move || {
            for () in wanted {
                // On a full disk, say; the next segment grows as it is written then.
                let _ = segments.prepare(segment_size);
            }
        });
        committer.run(&queue);
        ended.drop_spare(true);
        drop(queue); // whoever still waits for an answer is told that there will be none
        for thread in [checkpointer, compactor, preparer].into_iter().flatten() {
            let _ = thread.join();
        }
        ended.drop_spare(true);
        drop(lock);
    })?;
    let thread = Mutex::new(Some(thread));
    Ok(EmbeddedStore(Arc::new(Handle { shared, messages, thread })))
}

fn lock(folder: &Path) -> Result<File> {
    let lock = disk::open_private(&folder.join("lock"))?;
    let mut tried = lock.try_lock();
    // A child this process is just starting holds its files too, until it is a program of its own.
    for _ in 0..20 {
        if !matches!(tried, Err(TryLockError::WouldBlock)) {
            break;
        }
        thread::sleep(Duration::from_millis(5));
        tried = lock.try_lock();
    }
    match tried {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Error::locked(
            format!("the mail store in {}", folder.display()),
            "another process has it open; stop that one first or use another folder",
        )),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// A secret nobody who sends mail can know: the system's randomness by way of the hash seeds.
fn new_key() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Opens the index. It holds nothing the log does not hold: one that is damaged is begun anew, and all
/// of the log replayed.
fn open_index(
    folder: &Path,
    segments: &Segments,
    damage: &mut Vec<Damage>,
) -> Result<(Index, Loaded)> {
    let path = folder.join("index.redb");
    let open = || {
        let mut index = Index::open(&path, segments.key())?;
        let loaded = match index.load()? {
            Found::New => Loaded { position: segments.start(), ..Loaded::default() },
            Found::This(loaded) if loaded.position >= segments.start() => *loaded,
            // Or what it lacks was removed from the log, which then says all of it again.
            Found::This(_) | Found::Older => {
                drop(index);
                fs::remove_file(&path)?;
                let loaded = Loaded { position: segments.start(), ..Loaded::default() };
                return Ok((Index::open(&path, segments.key())?, loaded));
            }
        };
        Ok::<_, Error>((index, loaded))
    };
    match open() {
        Err(Error::Corrupt { file, offset, what }) => {
            damage.push(Damage { file, offset, what });
            fs::remove_file(&path)?;
            open()
        }
        other => other,
    }
}

/// Makes what was found durable (after a kill it may be in the page cache alone) and removes what is
/// torn.
fn cut(segments: &Segments, found: &Scan) -> Result<()> {
    let Some(segment) = segments.find(found.end) else { return Ok(()) };
    segment.file.set_len(segment.offset(found.end))?;
    segment.file.sync_all()?;
    Ok(())
}

/// Removes body files that belong to no message; gives the number after the highest.
pub(crate) fn sweep(bodies: &Path, objects: &mut Objects, damage: &mut Vec<Damage>) -> Result<u64> {
    let number = |object: &Object| match object.body {
        Place::File(number) => Some(number),
        _ => None,
    };
    let needed = objects.files();
    let mut found = HashSet::new();
    for entry in fs::read_dir(bodies)? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let number = stem.and_then(|stem| u64::from_str_radix(stem, 16).ok());
        match number {
            Some(number) if needed.contains(&number) => _ = found.insert(number),
            _ => fs::remove_file(&path)?,
        }
    }
    for missing in needed.difference(&found) {
        let file = spool_path(bodies, *missing).to_string_lossy().into_owned();
        damage.push(Damage { file, offset: 0, what: "the octets of a message are missing" });
    }
    if needed.len() > found.len() {
        objects.damage(|_, object| number(object).is_some_and(|number| !found.contains(&number)));
    }
    Ok(needed.iter().max().map_or(1, |last| last + 1))
}
