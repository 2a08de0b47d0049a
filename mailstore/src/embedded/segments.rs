//! The log's files. Together they are one long run of octets: a position in the log is the base of a
//! segment plus the distance from the end of its header.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;

#[cfg(feature = "sqlite")]
use crate::model::Place;
use crate::{Error, Faults, Result, disk};

/// Octets of a segment's header.
pub(crate) const SEGMENT_HEADER: u64 = 64;

const MAGIC: [u8; 7] = *b"MAILLOG";

/// Earlier versions knew fewer changes; their segments are read as they are and not added to.
const VERSION: u8 = 3;

/// One file of the log.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) file: Arc<File>,
    pub(crate) path: Arc<Path>,
    /// The log position of its first frame.
    pub(crate) base: u64,
    version: u8,
}

impl Segment {
    /// Where in the file a log position is.
    pub(crate) const fn offset(&self, at: u64) -> u64 {
        SEGMENT_HEADER + (at - self.base)
    }

    pub(crate) fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len().saturating_sub(SEGMENT_HEADER))
    }

    pub(crate) fn corrupt(&self, at: u64, what: &'static str) -> Error {
        Error::corrupt(self.path.to_string_lossy(), self.offset(at), what)
    }
}

/// All files of the log, for whoever reads messages.
#[derive(Debug)]
pub(crate) struct Segments {
    folder: PathBuf,
    key: u64,
    faults: Option<Faults>,
    all: RwLock<BTreeMap<u64, Segment>>,
    /// The next segment, full of zeros and without a header yet.
    spare: Mutex<Option<File>>,
    /// No more is made ready.
    ending: AtomicBool,
    /// Counts the groups that are written.
    written: AtomicU64,
}

/// The name of the next segment while it is made ready.
const SPARE: &str = "spare.new";

/// So many zeros are written and synced at once: whoever syncs meanwhile waits for no more.
const ZEROS: usize = 1024 * 1024;

/// Zeros are written when nothing else was for so long.
const IDLE: Duration = Duration::from_millis(20);

impl Segments {
    /// Opens a log, or begins one whose secret is `new_key`.
    pub(crate) fn open(folder: &Path, new_key: u64, faults: Option<Faults>) -> Result<Segments> {
        disk::create_private_dir(folder)?;
        let mut found: Option<u64> = None;
        let mut all = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("log") => {}
                Some("new") => {
                    // Its creation was cut short; nothing was written to it.
                    fs::remove_file(&path)?;
                    continue;
                }
                _ => continue,
            }
            let file = Arc::new(File::options().read(true).write(true).open(&path)?);
            let name = path.to_string_lossy().into_owned();
            let (version, base, key) = read_header(&file)
                .ok_or_else(|| Error::corrupt(name.clone(), 0, "it is no log of this version"))?;
            if found.is_some_and(|known| known != key) {
                return Err(Error::corrupt(name, 0, "it belongs to another store"));
            }
            found = Some(key);
            all.insert(base, Segment { file, path: path.into(), base, version });
        }
        let key = found.unwrap_or(new_key);
        let (folder, all) = (folder.to_owned(), RwLock::new(all));
        let (spare, ending) = (Mutex::new(None), AtomicBool::new(false));
        let written = AtomicU64::new(0);
        let segments = Segments { folder, key, faults, all, spare, ending, written };
        if found.is_none() {
            segments.create(0)?;
        }
        Ok(segments)
    }

    pub(crate) const fn key(&self) -> u64 {
        self.key
    }

    /// Begins the segment that starts at this position, in the one that was made ready; durable when it
    /// returns.
    pub(crate) fn create(&self, base: u64) -> Result<Segment> {
        match self.spare().take() {
            Some(file) => self.begin(base, &self.folder.join(SPARE), file),
            None => self.create_empty(base),
        }
    }

    /// As `create`, in a file without zeros.
    pub(crate) fn create_empty(&self, base: u64) -> Result<Segment> {
        let fresh = self.folder.join(format!("{base:016x}.new"));
        if fresh.exists() {
            fs::remove_file(&fresh)?; // what a full disk left of an earlier attempt
        }
        let file = disk::create_private(&fresh)?;
        self.begin(base, &fresh, file)
    }

    fn begin(&self, base: u64, fresh: &Path, file: File) -> Result<Segment> {
        let _at_work = self.faults.as_ref().map(Faults::thawed);
        let path = self.folder.join(format!("{base:016x}.log"));
        disk::write_all_at(&file, &header(VERSION, base, self.key), 0, None)?;
        file.sync_all()?;
        fs::rename(fresh, &path)?;
        disk::sync_dir(&self.folder)?;
        let segment = Segment { file: Arc::new(file), path: path.into(), base, version: VERSION };
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(base, segment.clone());
        Ok(segment)
    }

    /// Makes the next segment ready, with zeros for so many octets: a sync of what is written over them has
    /// no new length and no new blocks to make durable too. Happens while nobody writes: zeros and messages
    /// at once would take longer than messages alone.
    pub(crate) fn prepare(&self, length: u64) -> Result<()> {
        if self.spare().is_some() {
            return Ok(());
        }
        let path = self.folder.join(SPARE);
        match self.zeros(&path, length) {
            Ok(Some(file)) => *self.spare() = Some(file),
            Ok(None) => _ = fs::remove_file(&path),
            Err(error) => {
                let _ = fs::remove_file(&path);
                return Err(error);
            }
        }
        Ok(())
    }

    /// A file of zeros; `None` when the store is closed meanwhile.
    fn zeros(&self, path: &Path, length: u64) -> Result<Option<File>> {
        let file = disk::create_private(path)?;
        let (zeros, mut at) = (vec![0; ZEROS], 0);
        while at < SEGMENT_HEADER + length {
            let written = self.written.load(Ordering::Relaxed);
            thread::sleep(IDLE);
            if self.ending.load(Ordering::Relaxed) {
                return Ok(None);
            }
            if self.written.load(Ordering::Relaxed) != written {
                continue;
            }
            disk::write_all_at(&file, &zeros, at, self.faults.as_ref())?;
            file.sync_data()?;
            at += u64::try_from(ZEROS).unwrap_or(u64::MAX);
        }
        file.sync_all()?;
        Ok(Some(file))
    }

    /// Tells that something is written.
    pub(crate) fn writes(&self) {
        self.written.fetch_add(1, Ordering::Relaxed);
    }

    /// Gives back the room of a segment that was made ready. After `ending`, none is any more.
    pub(crate) fn drop_spare(&self, ending: bool) {
        self.ending.store(ending, Ordering::Relaxed);
        if self.spare().take().is_some() {
            // One that stays is removed when the store is opened next.
            let _ = fs::remove_file(self.folder.join(SPARE));
        }
    }

    fn spare(&self) -> MutexGuard<'_, Option<File>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a new segment at the end of the log when the last is of an earlier version.
    pub(crate) fn upgrade(&self, end: u64) -> Result<()> {
        if self.find(end).is_some_and(|last| last.version < VERSION) {
            self.create(end)?;
        }
        Ok(())
    }

    /// Takes in segments other processes have begun.
    #[cfg(feature = "sqlite")]
    pub(crate) fn refresh(&self) -> Result<()> {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_stem().and_then(|stem| stem.to_str());
            let base = name.and_then(|name| u64::from_str_radix(name, 16).ok());
            let is_log = path.extension().is_some_and(|extension| extension == "log");
            let Some(base) = base.filter(|base| is_log && !all.contains_key(base)) else {
                continue;
            };
            let file = Arc::new(File::options().read(true).write(true).open(&path)?);
            let name = path.to_string_lossy().into_owned();
            match read_header(&file) {
                Some((version, at, key)) if at == base && key == self.key => {
                    all.insert(base, Segment { file, path: path.into(), base, version });
                }
                _ => return Err(Error::corrupt(name, 0, "it belongs to another store")),
            }
        }
        Ok(())
    }

    /// Where the log ends, whole or not.
    #[cfg(feature = "sqlite")]
    pub(crate) fn end(&self) -> Result<u64> {
        let last = self.find(u64::MAX).ok_or(Error::invalid("the log has no segment"))?;
        Ok(last.base + last.length()?)
    }

    /// The segment of a place in the log.
    #[cfg(feature = "sqlite")]
    pub(crate) fn of(&self, place: &Place) -> Option<Segment> {
        match place {
            Place::Log { at, .. } => self.find(*at),
            _ => None,
        }
    }

    /// The segment that holds this position.
    pub(crate) fn find(&self, at: u64) -> Option<Segment> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.range(..=at).next_back().map(|(_, segment)| segment.clone())
    }

    /// The segments from the one that holds this position on.
    pub(crate) fn from(&self, at: u64) -> Vec<Segment> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let first = all.range(..=at).next_back().map_or(at, |(base, _)| *base);
        all.range(first..).map(|(_, segment)| segment.clone()).collect()
    }

    /// Where the log begins.
    pub(crate) fn start(&self) -> u64 {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.keys().next().copied().unwrap_or(0)
    }

    /// Forgets the segments before the one that starts here.
    pub(crate) fn take_before(&self, start: u64) -> Vec<Segment> {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        let kept = all.split_off(&start);
        core::mem::replace(&mut *all, kept).into_values().collect()
    }

    /// Removes files of segments, the oldest first, so that what is left is always the log's end.
    pub(crate) fn remove(&self, segments: &[Segment]) -> Result<()> {
        for segment in segments {
            let _at_work = self.faults.as_ref().map(Faults::thawed);
            fs::remove_file(&segment.path)?;
            disk::sync_dir(&self.folder)?;
        }
        Ok(())
    }

    pub(crate) fn count(&self) -> usize {
        self.all.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}

fn header(version: u8, base: u64, key: u64) -> [u8; 64] {
    let mut out = [0; 64];
    let fields = [&MAGIC[..], &[version], &base.to_le_bytes(), &key.to_le_bytes()].concat();
    let crc = crc32c::crc32c(&fields);
    let octets = fields.into_iter().chain(crc.to_le_bytes());
    out.iter_mut().zip(octets).for_each(|(to, from)| *to = from);
    out
}

/// Version, base and key of a segment.
fn read_header(file: &File) -> Option<(u8, u64, u64)> {
    let mut octets = [0; 64];
    disk::read_exact_at(file, &mut octets, 0).ok()?;
    let (_, rest) = octets.split_first_chunk::<7>()?;
    let (version, rest) = rest.split_first()?;
    let (base, rest) = rest.split_first_chunk()?;
    let (key, _) = rest.split_first_chunk()?;
    let (base, key) = (u64::from_le_bytes(*base), u64::from_le_bytes(*key));
    let known = (1..=VERSION).contains(version) && octets == header(*version, base, key);
    known.then_some((*version, base, key))
}
