//! A store for several processes, with SQL at hand: the log of the embedded backend, and SQLite as its index.
//!
//! One folder holds the log with all changes and bodies (FORMAT.md) and `index.sqlite`. Whoever writes holds
//! SQLite's write lock meanwhile, takes in what other processes have written since, adds to the log with one
//! `fdatasync` for all writers of the process that wait, and brings the tables up to date. The tables are for
//! anybody to read; only a store may write them. After a crash the log has what they lack.

mod compaction;
mod load;
mod tables;
mod writer;

use core::fmt;
use core::hash::{BuildHasher, Hasher};
use core::time::Duration;
use std::collections::hash_map::RandomState;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::thread::{self, JoinHandle};

use self::compaction::Own;
use self::writer::{Message, Writer};
use crate::body::blocking;
use crate::embedded::{
    self, Compacted, Compaction, Log, Pace, Segment, Segments, open_body, read_facts, scan,
};
use crate::model::{Change, Engine, Hub, Objects, Place, Planned, State};
use crate::{
    AccountId, Body, Error, Faults, MessageId, Result, Spool, Staged, ThreadId, Timestamp, Upload,
    disk,
};
use bytes::Bytes;
use rusqlite::Connection;

/// How often changes of other processes are looked for when nobody asks.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A store in a folder, with an index in SQLite that anybody may read. Several processes may have it open;
/// the queue is worked by one of them at a time.
///
/// ```
/// use mailstore::{Accounts, SqliteStore};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let folder = tempfile::tempdir().unwrap();
/// let store = SqliteStore::open(folder.path()).await?;
/// let another = SqliteStore::open(folder.path()).await?; // as another process would
/// let alice = store.create_account("alice@example.test", &[]).await?;
/// assert_eq!(another.account("alice@example.test").await?, alice);
/// # Ok::<(), mailstore::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct SqliteStore(Arc<Handle>);

/// How to open an [`SqliteStore`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Messages of more than this many octets go to a file of their own instead of the log.
    pub large_body: usize,
    /// A log file is closed once it has this many octets.
    pub segment_size: u64,
    /// The log is compacted in the background once it has this many octets nobody needs and has half as
    /// many as it needs, if no other process has the store open. `None`: only when asked.
    pub compact_after: Option<u64>,
    /// Makes the disk fail, for tests.
    pub faults: Option<Faults>,
}

impl Default for Options {
    /// 1 MiB, 64 MiB, 64 MiB, no faults.
    fn default() -> Self {
        Options {
            large_body: 1024 * 1024,
            segment_size: 64 * 1024 * 1024,
            compact_after: Some(64 * 1024 * 1024),
            faults: None,
        }
    }
}

struct Handle {
    shared: Arc<Shared>,
    messages: Sender<Message>,
    thread: Mutex<Option<JoinHandle<()>>>,
    compactor: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.compactor.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _ = self.messages.send(Message::End);
        for thread in [&self.thread, &self.compactor] {
            if let Some(thread) = thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
                // It does not panic; if it did, the log still holds whatever was acknowledged.
                let _ = thread.join();
            }
        }
    }
}

/// What all handles and threads of a process share.
struct Shared {
    index: RwLock<Index>,
    hub: Hub,
    segments: Arc<Segments>,
    folder: PathBuf,
    bodies: PathBuf,
    spool: Arc<Spool>,
    watch: Mutex<Watch>,
    /// Held while this process works the queue.
    queue: Mutex<Option<File>>,
    /// Locked by the process whose turn to write it is: who waits for SQLite's own lock would wait by chance.
    turn: File,
    /// Held as long as the store is open: alone while its log is compacted.
    open: File,
    compaction: Compaction,
    /// Wakes the compaction thread; gone when the store is closed.
    compactor: Mutex<Option<Sender<()>>>,
}

/// What readers see: everything committed up to a position of the log.
struct Index {
    state: State,
    objects: Objects,
    position: u64,
}

/// Sees whether the tables changed.
struct Watch {
    database: Connection,
    version: Option<i64>,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the store in this folder, or creates one there.
    ///
    /// # Errors
    /// [`Corrupt`](Error::Corrupt), [`Full`](Error::Full), [`Io`](Error::Io).
    pub async fn open(folder: impl Into<PathBuf>) -> Result<SqliteStore> {
        SqliteStore::open_with(folder, Options::default()).await
    }

    /// As [`open`](SqliteStore::open), with options.
    ///
    /// # Errors
    /// As `open`.
    pub async fn open_with(folder: impl Into<PathBuf>, options: Options) -> Result<SqliteStore> {
        let folder = folder.into();
        blocking(move || open(&folder, &options)).await
    }

    /// Writes what still counts again and removes the rest of the log, while no other process has the store
    /// open. This one reads and writes meanwhile; a crash at any moment loses nothing. Needs room for all
    /// messages once more until it is done.
    ///
    /// # Errors
    /// [`Locked`](Error::Locked) while another process has the store open or reads its tables,
    /// [`Full`](Error::Full), [`Io`](Error::Io). The log is then longer, and whole.
    pub async fn compact(&self) -> Result<Compacted> {
        let (shared, messages) = (self.0.shared.clone(), self.0.messages.clone());
        Own { shared, messages }.compact(Pace::Fast).await
    }
}

fn open(folder: &Path, options: &Options) -> Result<SqliteStore> {
    if folder.is_file() {
        let what =
            "it is a file; a store is a folder, and that of an earlier version cannot be opened";
        return Err(Error::corrupt(folder.to_string_lossy(), 0, what));
    }
    disk::create_private_dir(folder)?;
    let (open, bodies) = (disk::open_private(&folder.join("lock"))?, folder.join("bodies"));
    disk::create_private_dir(&bodies)?;
    disk::create_private_dir(&folder.join("locks"))?;
    // One at a time begins a store, reads its tables and the log after them.
    let mut database = tables::open(&folder.join("index.sqlite"))?;
    let step = tables::begin(&mut database)?;
    let random = RandomState::new().build_hasher().finish();
    let segments = Segments::open(&folder.join("log"), random, options.faults.clone())?;
    let segments = Arc::new(segments);
    tables::create(&step)?;
    let (mut changes, mut position) = load::load(&step)?;
    if position < segments.start() {
        // What they lack was removed from the log, which says all of it again.
        tables::empty(&step)?;
        position = segments.start();
        tables::set_position(&step, position).map_err(tables::failed)?;
        changes.clear();
    }
    let (mut state, mut objects, mut gone) = (State::default(), Objects::default(), Vec::new());
    for change in &changes {
        objects.apply(change, &mut gone);
        state.apply(change);
    }
    state.recount();
    let hub = Hub::default();
    for envelope in state.envelopes.values() {
        hub.leases().set_due(envelope.id, envelope.due());
    }
    let alone = open.try_lock().is_ok();
    // The log after the tables may need body files they do not know, so they stay then.
    if alone && segments.end()? == position {
        embedded::sweep(&bodies, &mut objects, &mut Vec::new())?;
    }
    if alone {
        open.unlock()?;
    }
    match open.try_lock_shared() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let hint = "another process compacts it, or has it open as a store of another kind";
            return Err(Error::locked(format!("the mail store in {}", folder.display()), hint));
        }
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    let (compactor, due) = mpsc::channel();
    // Numbers of body files of several processes differ.
    let spool =
        Spool::new(&bodies, options.large_body).starting_at(random >> 1, options.faults.clone());
    step.commit().map_err(tables::failed)?;
    let watch = Watch { database: tables::open(&folder.join("index.sqlite"))?, version: None };
    let log = Log::new(segments.clone(), position, options.segment_size, options.faults.clone())?;
    let shared = Arc::new(Shared {
        index: RwLock::new(Index { state: state.clone(), objects, position }),
        hub,
        segments,
        folder: folder.to_owned(),
        bodies,
        spool: Arc::new(spool),
        watch: Mutex::new(watch),
        queue: Mutex::new(None),
        turn: disk::open_private(&folder.join("locks").join("writer"))?,
        open,
        compaction: Compaction::after(options.compact_after),
        compactor: Mutex::new(Some(compactor)),
    });
    let mut writer = Writer { shared: shared.clone(), log, state, position };
    writer.recover(&mut database)?;
    let (messages, received) = mpsc::channel();
    let thread = thread::Builder::new().name("mailstore-sqlite".into());
    let thread = Mutex::new(Some(thread.spawn(move || writer.run(database, &received))?));
    let own = Own { shared: shared.clone(), messages: messages.clone() };
    let compactor = thread::Builder::new().name("mailstore-compact".into());
    let compactor = Mutex::new(Some(compactor.spawn(move || own.run(&due))?));
    let weak = Arc::downgrade(&shared);
    thread::Builder::new().name("mailstore-look".into()).spawn(move || look(&weak))?;
    Ok(SqliteStore(Arc::new(Handle { shared, messages, thread, compactor })))
}

/// Tells watchers of what other processes did.
fn look(shared: &Weak<Shared>) {
    while let Some(shared) = shared.upgrade() {
        // What it meets, the next reader meets too.
        let _ = shared.refresh();
        drop(shared);
        thread::sleep(LOOK_EVERY);
    }
}

impl Shared {
    fn log_octets(&self, index: &Index) -> u64 {
        index.position.saturating_sub(self.segments.start())
    }

    /// Has the log compacted if that pays.
    fn compact_if_due(&self) {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        if self.compaction.is_due(self.log_octets(&index), index.objects.logged()) {
            let compactor = self.compactor.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = compactor.as_ref().map(|compactor| compactor.send(()));
        }
    }

    /// Takes in what was committed since, by whatever process.
    fn refresh(&self) -> Result<()> {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let version = Some(tables::version(&watch.database)?);
        if version == watch.version {
            return Ok(());
        }
        let position = tables::position(&watch.database)?;
        let at = self.index.read().unwrap_or_else(PoisonError::into_inner).position;
        if position > at {
            self.segments.refresh()?;
            let mut frames = Vec::new();
            scan(&self.segments, at, false, |at, end, changes| {
                if end <= position {
                    frames.push((at, end, changes.to_vec()));
                }
            })?;
            for (at, end, changes) in &frames {
                self.publish(*at, *end, changes);
            }
        }
        watch.version = version;
        Ok(())
    }

    /// Shows changes of a stretch of the log, unless they are shown already. Gives the messages that are
    /// needed no longer.
    fn publish(&self, at: u64, end: u64, changes: &[Change]) {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        if at < index.position {
            return;
        }
        let mut gone = Vec::new();
        for change in changes {
            index.objects.apply(change, &mut gone);
            index.state.apply(change);
        }
        index.position = end;
        drop(index);
        self.hub.tell(changes);
    }

    /// A lock other processes see; let go when the file is closed.
    fn lock(&self, name: &str, what: &str, hint: &'static str) -> Result<File> {
        let file = disk::open_private(&self.folder.join("locks").join(name))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(Error::locked(what, hint)),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

impl Engine for SqliteStore {
    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        // What it meets is met again, and told, when something is written or a body read.
        let _ = self.0.shared.refresh();
        self.known(look)
    }

    fn known<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.0.shared.index.read().unwrap_or_else(PoisonError::into_inner).state)
    }

    async fn commit<T: Send + 'static>(
        &self,
        plan: impl FnOnce(&State, Timestamp) -> Planned<T> + Send + 'static,
    ) -> Result<T> {
        embedded::commit(&self.0.messages, Message::Write, plan).await
    }

    async fn adopt(&self, staged: Staged) -> Result<Staged> {
        embedded::adopt(&self.0.shared.spool, &self.0.shared.bodies, staged).await
    }

    fn start_upload(&self) -> Upload {
        Upload::spooled(self.0.shared.spool.clone())
    }

    async fn find_facts(&self, messages: &[MessageId]) -> Result<Vec<Option<Bytes>>> {
        self.0.shared.refresh()?;
        let shared = self.0.shared.clone();
        let messages = messages.to_vec();
        blocking(move || {
            let index = shared.index.read().unwrap_or_else(PoisonError::into_inner);
            // The segments are looked up under the lock: compaction removes none meanwhile.
            let places = messages.iter().map(|id| {
                let place = index.objects.find(*id)?.facts;
                Some((shared.segments.of(&place), place))
            });
            let places: Vec<_> = places.collect();
            drop(index);
            let facts = |found: &Option<(Option<Segment>, Place)>| {
                let found = found.as_ref();
                found.map(|(segment, place)| read_facts(place, segment.as_ref())).transpose()
            };
            places.iter().map(facts).collect()
        })
        .await
    }

    async fn find_threads(&self, messages: &[MessageId]) -> Result<Vec<Option<ThreadId>>> {
        self.0.shared.refresh()?;
        let index = self.0.shared.index.read().unwrap_or_else(PoisonError::into_inner);
        Ok(index.objects.threads_of(messages))
    }

    async fn find_body(&self, message: MessageId) -> Result<Body> {
        let shared = &self.0.shared;
        shared.refresh()?;
        let index = shared.index.read().unwrap_or_else(PoisonError::into_inner);
        let object = index.objects.find(message);
        let object = object.ok_or_else(|| Error::not_found("message", message))?;
        let segment = shared.segments.of(&object.body);
        drop(index);
        open_body(&shared.bodies, message, &object, segment)
    }

    fn hub(&self) -> &Hub {
        &self.0.shared.hub
    }

    fn work_queue(&self) -> Result<()> {
        self.0.shared.refresh()?;
        let mut held = self.0.shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_none() {
            *held = Some(self.0.shared.lock("queue", "the queue", "another process works it")?);
        }
        Ok(())
    }

    fn hold_maildrop(&self, account: AccountId) -> Result<Option<File>> {
        let name = format!("maildrop-{account}");
        let hint = "another session reads it, try again later";
        self.0.shared.lock(&name, "the maildrop", hint).map(Some)
    }
}
