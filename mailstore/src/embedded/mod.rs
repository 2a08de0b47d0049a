//! The durable backend: one folder, one log, one index. FORMAT.md describes what is on the disk.

mod checkpoint;
mod commit;
mod compact;
mod frame;
mod index;
mod log;
mod logged;
mod open;
mod scan;
mod segments;
mod verify;

use core::time::Duration;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use self::commit::Message;
#[cfg(not(feature = "sqlite"))]
use self::commit::commit;
#[cfg(not(feature = "sqlite"))]
use self::compact::{Compaction, Pace, compact};
use self::logged::Own;
#[cfg(not(feature = "sqlite"))]
use self::segments::Segment;
use crate::body::blocking;
use crate::model::{Engine, Hub, Object, Objects, Place, Planned, State};
use crate::upload::{Content, spool_path};
use crate::{
    Body, Error, Faults, MessageId, Result, Spool, Staged, ThreadId, Timestamp, Upload, disk,
};
use bytes::Bytes;

pub use self::compact::Compacted;
pub use self::scan::Damage;

pub(crate) use self::segments::Segments;

#[cfg(feature = "sqlite")]
pub(crate) use self::{
    commit::{Write, ask, commit},
    compact::{Compaction, Logged, Pace, compact},
    log::{Group, Log},
    open::sweep,
    scan::scan,
    segments::Segment,
};

/// Facts of up to this many messages are read in place, those of more on the blocking pool.
const FACTS_IN_PLACE: usize = 64;

/// A store in a folder of the file system. Every answered write is durable: it survives `kill -9` and a
/// power cut. Handles share it; dropping the last one ends its threads and frees the folder
/// (and waits for that: [`close`](EmbeddedStore::close) waits off the async threads).
///
/// One process owns a store at a time. Writers wait for the disk together: a dedicated thread writes
/// whatever is waiting and makes it durable with one `fdatasync`. Readers never wait for writers. Bodies
/// are read from the log with positioned reads, up to 64 KiB in place, more on the blocking pool.
///
/// Removed messages keep their room in the log until it is compacted, in the background once that pays
/// ([`Options::compact_after`]) or when [`compact`](EmbeddedStore::compact) is called; those over 1 MiB give
/// it back at once.
///
/// ```
/// use mailstore::{Accounts, EmbeddedStore, Mailboxes};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// let store = EmbeddedStore::open(folder).await?;
/// let alice = store.create_account("alice@example.test", &[]).await?;
/// store.close().await?;
///
/// let store = EmbeddedStore::open(folder).await?;
/// assert_eq!(store.account("Alice@Example.Test").await?, alice);
/// assert_eq!(store.mailboxes(alice.id).await?.len(), 1);
/// # store.close().await?;
/// # Ok::<(), mailstore::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct EmbeddedStore(Arc<Handle>);

/// How to open an [`EmbeddedStore`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Messages of more than this many octets go to a file of their own instead of the log.
    pub large_body: usize,
    /// A log file is closed once it has this many octets.
    pub segment_size: u64,
    /// The next log file is made ready ahead while nobody writes, full of zeros: making durable what is
    /// written over them is quicker than making a file grow. Takes up to the room of one more log file while
    /// the store is open.
    pub spare_segment: bool,
    /// The index is brought up to date after this many changes (and after 64 MiB of log). More make
    /// writing cheaper and opening after a crash slower.
    pub checkpoint_after: usize,
    /// The log is compacted in the background once it has this many octets nobody needs and has half as
    /// many as it needs. `None`: only when asked.
    pub compact_after: Option<u64>,
    /// Open a store whose log is damaged in the middle, without the changes that are lost. They are
    /// listed in [`EmbeddedStore::damage`]. Without it, opening such a store fails.
    pub salvage: bool,
    /// Makes the disk fail, for tests.
    pub faults: Option<Faults>,
}

impl Default for Options {
    /// 1 MiB, 64 MiB with a spare, 50,000 changes, 64 MiB, no salvage, no faults.
    fn default() -> Self {
        Options {
            large_body: 1024 * 1024,
            segment_size: 64 * 1024 * 1024,
            spare_segment: true,
            checkpoint_after: 50_000,
            compact_after: Some(64 * 1024 * 1024),
            salvage: false,
            faults: None,
        }
    }
}

/// A store in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// Accounts.
    pub accounts: usize,
    /// Mailboxes of all accounts.
    pub mailboxes: usize,
    /// Different messages, whatever the number of their copies.
    pub messages: usize,
    /// Envelopes in the queue.
    pub envelopes: usize,
    /// Octets of the messages, each counted once.
    pub message_octets: u64,
    /// Octets of the log. Removed messages count until it is compacted.
    pub log_octets: u64,
    /// Files of the log.
    pub segments: usize,
    /// How often the log was made durable since the store was opened.
    pub syncs: u64,
    /// The longest that took: what the disk alone made writers wait.
    pub slowest_sync: Duration,
    /// The longest the store itself was at work for writers at once, without the disk, since it was opened.
    pub slowest_step: Duration,
}

/// What all handles and threads share.
#[derive(Debug)]
struct Shared {
    index: RwLock<Published>,
    hub: Hub,
    segments: Arc<Segments>,
    bodies: PathBuf,
    spool: Arc<Spool>,
    damage: Vec<Damage>,
    compaction: Compaction,
}

/// What readers see: everything durable, nothing else.
#[derive(Debug)]
struct Published {
    state: State,
    objects: Objects,
    log_end: u64,
    syncs: u64,
    slowest_sync: Duration,
    slowest_step: Duration,
}

impl Shared {
    fn log_octets(&self, index: &Published) -> u64 {
        index.log_end.saturating_sub(self.segments.start())
    }

    fn segment(&self, place: &Place) -> Option<Segment> {
        match place {
            Place::Log { at, .. } => self.segments.find(*at),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
    messages: Sender<Message>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        let _ = self.messages.send(Message::End { checkpoint: false });
        self.join();
    }
}

impl Handle {
    fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // It does not panic; if it did, the log still holds whatever was acknowledged.
            let _ = thread.join();
        }
    }
}

impl EmbeddedStore {
    /// Opens the store in this folder, or creates one there.
    ///
    /// # Errors
    /// [`Locked`](Error::Locked) while another process (or handle) has it open,
    /// [`Corrupt`](Error::Corrupt), [`Full`](Error::Full), [`Io`](Error::Io).
    pub async fn open(folder: impl Into<PathBuf>) -> Result<EmbeddedStore> {
        EmbeddedStore::open_with(folder, Options::default()).await
    }

    /// As [`open`](EmbeddedStore::open), with options.
    ///
    /// # Errors
    /// As `open`.
    pub async fn open_with(folder: impl Into<PathBuf>, options: Options) -> Result<EmbeddedStore> {
        let folder = folder.into();
        blocking(move || open::open(&folder, &options)).await
    }

    /// Brings the index up to date, so that the next opening is quick, and frees the folder. Other
    /// handles answer [`Closed`](Error::Closed) to writes from now on. Closing twice is no error.
    ///
    /// # Errors
    /// [`Closed`](Error::Closed) when the runtime is shutting down.
    pub async fn close(&self) -> Result<()> {
        let _ = self.0.messages.send(Message::End { checkpoint: true });
        let handle = self.0.clone();
        blocking(move || {
            handle.join();
            Ok(())
        })
        .await
    }

    /// Writes what still counts again and removes the rest of the log. Others read and write meanwhile; a
    /// crash at any moment loses nothing. Needs room for all messages once more until it is done. One that is
    /// under way is waited for.
    ///
    /// # Errors
    /// [`Full`](Error::Full), [`Io`](Error::Io), [`Closed`](Error::Closed). The log is then longer, and
    /// whole.
    pub async fn compact(&self) -> Result<Compacted> {
        let (shared, messages) = (self.0.shared.clone(), self.0.messages.clone());
        compact(&Own { shared, messages }, Pace::Fast).await
    }

    /// Reads every message and its facts, and says which do not match their checksum or cannot be read.
    ///
    /// # Errors
    /// [`Closed`](Error::Closed) when the runtime is shutting down.
    pub async fn verify(&self) -> Result<Vec<Damage>> {
        let shared = self.0.shared.clone();
        blocking(move || Ok(verify::verify(&shared))).await
    }

    /// What was found damaged when the store was opened. The rest of the store is not affected.
    #[must_use]
    pub fn damage(&self) -> &[Damage] {
        &self.0.shared.damage
    }

    /// The store in numbers. Cheap: nothing is counted for it.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let index = self.0.shared.index.read().unwrap_or_else(PoisonError::into_inner);
        Stats {
            accounts: index.state.accounts.len(),
            mailboxes: index.state.mailboxes.len(),
            messages: index.objects.len(),
            envelopes: index.state.envelopes.len(),
            message_octets: index.objects.octets(),
            log_octets: self.0.shared.log_octets(&index),
            segments: self.0.shared.segments.count(),
            syncs: index.syncs,
            slowest_sync: index.slowest_sync,
            slowest_step: index.slowest_step,
        }
    }
}

impl Engine for EmbeddedStore {
    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.0.shared.index.read().unwrap_or_else(PoisonError::into_inner).state)
    }

    async fn commit<T: Send + 'static>(
        &self,
        plan: impl FnOnce(&State, Timestamp) -> Planned<T> + Send + 'static,
    ) -> Result<T> {
        commit(&self.0.messages, Message::Write, plan).await
    }

    async fn adopt(&self, staged: Staged) -> Result<Staged> {
        adopt(&self.0.shared.spool, &self.0.shared.bodies, staged).await
    }

    fn start_upload(&self) -> Upload {
        Upload::spooled(self.0.shared.spool.clone())
    }

    async fn find_facts(&self, messages: &[MessageId]) -> Result<Vec<Option<Bytes>>> {
        let places: Vec<Option<(Place, Option<Segment>)>> = {
            // The segments are looked up under the lock: compaction removes none meanwhile.
            let index = self.0.shared.index.read().unwrap_or_else(PoisonError::into_inner);
            let facts = |id: &MessageId| {
                let place = index.objects.find(*id)?.facts;
                let segment = self.0.shared.segment(&place);
                Some((place, segment))
            };
            messages.iter().map(facts).collect()
        };
        let in_place = places.len() <= FACTS_IN_PLACE;
        let read = move || {
            let facts = |found: &Option<(Place, Option<Segment>)>| {
                found
                    .as_ref()
                    .map(|(place, segment)| read_facts(place, segment.as_ref()))
                    .transpose()
            };
            places.iter().map(facts).collect()
        };
        if in_place { read() } else { blocking(read).await }
    }

    async fn find_threads(&self, messages: &[MessageId]) -> Result<Vec<Option<ThreadId>>> {
        let index = self.0.shared.index.read().unwrap_or_else(PoisonError::into_inner);
        Ok(messages.iter().map(|id| index.objects.find(*id)?.thread).collect())
    }

    async fn find_body(&self, message: MessageId) -> Result<Body> {
        let found = {
            let index = self.0.shared.index.read().unwrap_or_else(PoisonError::into_inner);
            index.objects.find(message).map(|object| (self.0.shared.segment(&object.body), object))
        };
        let (segment, object) = found.ok_or_else(|| Error::not_found("message", message))?;
        open_body(&self.0.shared.bodies, message, &object, segment)
    }

    fn hub(&self) -> &Hub {
        &self.0.shared.hub
    }
}

/// Messages handed over in memory that are larger than this are moved to files first, so that a group
/// of writers stays small.
const MAX_IN_LOG: usize = 8 * 1024 * 1024;

/// Makes a message one that the log takes or that lies among the bodies.
pub(crate) async fn adopt(spool: &Arc<Spool>, bodies: &Path, staged: Staged) -> Result<Staged> {
    let fits = match staged.content() {
        Content::Memory(octets) => octets.len() <= MAX_IN_LOG,
        Content::File(file) => file.is_in(bodies),
    };
    if fits {
        return Ok(staged);
    }
    let mut upload = Upload::spooled(spool.clone());
    let body = staged.body();
    let mut reader = body.reader();
    while let Some(chunk) = reader.chunk().await? {
        upload.write(&chunk).await?;
    }
    upload.finish().await
}

pub(crate) fn read_facts(place: &Place, segment: Option<&Segment>) -> Result<Bytes> {
    match place {
        Place::Log { length: 0, .. } => Ok(Bytes::new()),
        Place::Log { at, length } => {
            let segment = segment.ok_or(LOST)?;
            let length = usize::try_from(*length).map_err(|_| LOST)?;
            let mut octets = vec![0; length];
            disk::read_exact_at(&segment.file, &mut octets, segment.offset(*at))?;
            Ok(octets.into())
        }
        Place::Damaged => Err(damaged()),
        Place::Memory(octets) => Ok(octets.clone()),
        Place::Spooled(_) | Place::File(_) => Err(LOST),
    }
}

pub(crate) fn open_body(
    bodies: &Path,
    message: MessageId,
    object: &Object,
    segment: Option<Segment>,
) -> Result<Body> {
    let body = match &object.body {
        Place::Log { length: 0, .. } => return Ok(Body::from_bytes(Bytes::new())),
        Place::Log { at, .. } => {
            let segment = segment.ok_or(LOST)?;
            let name = segment.path.to_string_lossy();
            Body::from_file(segment.file.clone(), segment.offset(*at), object.size, &name)
        }
        Place::File(number) => {
            let path = spool_path(bodies, *number);
            let file = open_existing(&path, message)?;
            Body::from_file(Arc::new(file), 0, object.size, &path.to_string_lossy())
        }
        Place::Damaged => return Err(damaged()),
        Place::Memory(octets) => Body::from_bytes(octets.clone()),
        Place::Spooled(_) => return Err(LOST),
    };
    Ok(body.with_crc32c(object.crc))
}

fn open_existing(path: &Path, message: MessageId) -> Result<std::fs::File> {
    std::fs::File::open(path).map_err(|error| match error.kind() {
        // Removed since its place was looked up.
        std::io::ErrorKind::NotFound => Error::not_found("message", message),
        _ => error.into(),
    })
}

const LOST: Error = Error::invalid("the index points outside of the log");

fn damaged() -> Error {
    Error::corrupt("the log", 0, "the octets of this message")
}
