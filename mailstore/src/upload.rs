//! Taking in a message's octets before they are stored.

use core::fmt;
use core::mem;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use crate::body::blocking;
use crate::{Body, Error, Faults, Result, disk};

/// A spooled upload writes to its file in pieces of this size.
const PIECE: usize = 256 * 1024;

/// A message on its way in: in memory up to a limit, in a temporary file beyond it. Memory grows with
/// what was written, never with what was announced. Dropping it discards everything.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mut upload = mailstore::Upload::in_memory();
/// upload.write(b"Subject: hello\r\n\r\n").await?;
/// upload.write(b"world\r\n").await?;
/// let staged = upload.finish().await?;
/// assert_eq!(staged.size(), 25);
/// assert!(staged.body().bytes().await?.starts_with(b"Subject:"));
/// # Ok::<(), mailstore::Error>(()) }).unwrap();
/// ```
#[derive(Debug)]
#[must_use = "dropping an upload discards it"]
pub struct Upload {
    buffer: Vec<u8>,
    spool: Option<Arc<Spool>>,
    file: Option<SpoolFile>,
    size: u64,
    crc: u32,
    broken: bool,
}

impl Upload {
    /// An upload that stays in memory, whatever its size.
    pub const fn in_memory() -> Upload {
        Upload::new(None)
    }

    /// An upload that goes on in a file once it is larger than the spool's limit.
    pub const fn spooled(spool: Arc<Spool>) -> Upload {
        Upload::new(Some(spool))
    }

    const fn new(spool: Option<Arc<Spool>>) -> Upload {
        Upload { buffer: Vec::new(), spool, file: None, size: 0, crc: 0, broken: false }
    }

    /// Adds octets. Not cancel safe: after a dropped call the upload can only be dropped.
    ///
    /// # Errors
    /// [`Full`](Error::Full), [`Io`](Error::Io); after an error every further call fails.
    pub async fn write(&mut self, octets: &[u8]) -> Result<()> {
        self.usable()?;
        self.crc = crc32c::crc32c_append(self.crc, octets);
        self.size += u64::try_from(octets.len()).unwrap_or(0);
        self.buffer.extend_from_slice(octets);
        let limit = match (&self.spool, &self.file) {
            (None, _) => usize::MAX,
            (Some(spool), None) => spool.limit,
            (Some(_), Some(_)) => PIECE,
        };
        if self.buffer.len() > limit { self.spill().await } else { Ok(()) }
    }

    /// How many octets were written so far.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Ends the upload. What was spooled is durable after it, though not yet part of the store.
    ///
    /// # Errors
    /// [`Full`](Error::Full), [`Io`](Error::Io).
    pub async fn finish(mut self) -> Result<Staged> {
        self.usable()?;
        if self.file.is_some() {
            self.spill().await?;
        }
        let content = match self.file.take() {
            None => Content::Memory(mem::take(&mut self.buffer).into()),
            Some(file) => {
                blocking(move || {
                    file.sync()?;
                    Ok(Content::File(Arc::new(file)))
                })
                .await?
            }
        };
        Ok(Staged { content, size: self.size, crc: self.crc })
    }

    fn usable(&self) -> Result<()> {
        if self.broken { Err(Error::closed("an earlier write to it failed")) } else { Ok(()) }
    }

    async fn spill(&mut self) -> Result<()> {
        let Some(spool) = self.spool.clone() else { return Ok(()) };
        let (file, octets) = (self.file.take(), mem::take(&mut self.buffer));
        self.broken = true; // until the work is known to be done
        let (file, octets) = blocking(move || {
            let mut file = match file {
                Some(file) => file,
                None => spool.create()?,
            };
            file.append(&octets)?;
            Ok((file, octets))
        })
        .await?;
        self.file = Some(file);
        self.buffer = octets;
        self.buffer.clear();
        self.buffer.shrink_to(PIECE);
        self.broken = false;
        Ok(())
    }
}

/// A whole message that is not stored yet. Dropping it discards it.
#[derive(Debug)]
#[must_use = "dropping a staged message discards it"]
pub struct Staged {
    content: Content,
    size: u64,
    crc: u32,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Memory(Bytes),
    File(Arc<SpoolFile>),
}

impl Staged {
    /// Octets that are in memory already.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Staged {
        let bytes = bytes.into();
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Staged { crc: crc32c::crc32c(&bytes), size, content: Content::Memory(bytes) }
    }

    /// How many octets there are.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The CRC-32C of the octets.
    #[must_use]
    pub const fn crc32c(&self) -> u32 {
        self.crc
    }

    /// The octets, to be read before they are stored, say to compute facts. Good only while the
    /// staged message or the stored one exists.
    #[must_use]
    pub fn body(&self) -> Body {
        match &self.content {
            Content::Memory(bytes) => Body::from_bytes(bytes.clone()),
            Content::File(spooled) => {
                let name = spooled.path.to_string_lossy();
                Body::from_file(spooled.file.clone(), 0, self.size, &name)
            }
        }
    }

    pub(crate) const fn content(&self) -> &Content {
        &self.content
    }
}

/// A folder for uploads that are too large for memory.
pub struct Spool {
    folder: PathBuf,
    limit: usize,
    next: AtomicU64,
    faults: Option<Faults>,
}

impl Spool {
    /// Uploads over `limit` octets go to files in `folder`, which exists.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, limit: usize) -> Spool {
        Spool { folder: folder.into(), limit, next: AtomicU64::new(1), faults: None }
    }

    /// File names start at this number.
    #[cfg(feature = "embedded")]
    pub(crate) fn starting_at(mut self, next: u64, faults: Option<Faults>) -> Spool {
        self.next = AtomicU64::new(next);
        self.faults = faults;
        self
    }

    fn create(&self) -> io::Result<SpoolFile> {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let path = spool_path(&self.folder, number);
            match disk::create_private(&path) {
                Ok(file) => {
                    let (file, faults) = (Arc::new(file), self.faults.clone());
                    let kept = AtomicBool::new(false);
                    return Ok(SpoolFile { file, path, number, length: 0, kept, faults });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl fmt::Debug for Spool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spool").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Where spool file `number` of a folder is.
pub(crate) fn spool_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:016x}.body"))
}

/// A file that is removed when dropped, unless kept.
#[derive(Debug)]
pub(crate) struct SpoolFile {
    file: Arc<File>,
    path: PathBuf,
    number: u64,
    length: u64,
    kept: AtomicBool,
    faults: Option<Faults>,
}

impl SpoolFile {
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// Whether it lies in this folder.
    pub(crate) fn is_in(&self, folder: &Path) -> bool {
        self.path.parent() == Some(folder)
    }

    /// From now on the store owns the file.
    pub(crate) fn keep(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }
}

impl SpoolFile {
    fn append(&mut self, octets: &[u8]) -> io::Result<()> {
        disk::write_all_at(&self.file, octets, self.length, self.faults.as_ref())?;
        self.length += u64::try_from(octets.len()).unwrap_or(0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        disk::sync_data(&self.file, &self.path, self.length, self.faults.as_ref())?;
        self.path.parent().map_or(Ok(()), disk::sync_dir)
    }
}

impl Drop for SpoolFile {
    fn drop(&mut self) {
        if !*self.kept.get_mut() {
            // A file that stays behind is swept away when the store is opened next.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
