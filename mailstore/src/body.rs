//! Reading a message's octets.

use core::fmt;
use core::future::Future;
use core::ops::Range;
use core::pin::Pin;
use std::fs::File;
use std::sync::Arc;

use bytes::Bytes;

use crate::{Error, Result, disk};

/// Reads up to this size are done in place: they are served from the page cache or cost one disk
/// access, less than a change of threads is worth fearing. Longer ones go to the blocking pool.
const IN_PLACE: u64 = 64 * 1024;

/// How much [`BodyReader::chunk`] hands out at a time.
const CHUNK: u64 = 64 * 1024;

/// The immutable octets of a message. Cloning is cheap.
#[derive(Clone)]
pub struct Body {
    size: u64,
    crc: Option<u32>,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Memory(Bytes),
    File { file: Arc<File>, offset: u64, name: Arc<str> },
    Other(Arc<dyn ReadAt>),
}

/// A place bodies are read from, for backends with something else than memory and files.
pub trait ReadAt: Send + Sync {
    /// The octets of this range, which lies within the body.
    fn read(&self, range: Range<u64>) -> Pin<Box<dyn Future<Output = Result<Bytes>> + Send + '_>>;
}

impl Body {
    /// Octets in memory.
    #[must_use]
    pub fn from_bytes(bytes: Bytes) -> Body {
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Body { size, crc: None, source: Source::Memory(bytes) }
    }

    /// `size` octets from `offset` of a file; `name` is what errors call it.
    #[must_use]
    pub fn from_file(file: Arc<File>, offset: u64, size: u64, name: &str) -> Body {
        Body { size, crc: None, source: Source::File { file, offset, name: name.into() } }
    }

    /// `size` octets from elsewhere.
    #[must_use]
    pub fn from_source(source: Arc<dyn ReadAt>, size: u64) -> Body {
        Body { size, crc: None, source: Source::Other(source) }
    }

    /// With the CRC-32C of all octets, which [`Body::bytes`] and [`BodyReader`] check.
    #[must_use]
    pub const fn with_crc32c(mut self, crc: u32) -> Body {
        self.crc = Some(crc);
        self
    }

    /// How many octets there are.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The octets of a range, cut to what there is. Allocates as much as it returns.
    ///
    /// # Errors
    /// [`Io`](Error::Io). Damage is not noticed by partial reads.
    pub async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        let end = range.end.min(self.size);
        let start = range.start.min(end);
        match &self.source {
            Source::Memory(bytes) => {
                let (from, to) = (usize::try_from(start), usize::try_from(end));
                Ok(bytes.slice(from.unwrap_or(bytes.len())..to.unwrap_or(bytes.len())))
            }
            Source::File { file, offset, .. } => {
                let (file, from) = (file.clone(), offset + start);
                let read = move || read_file(&file, from, end - start);
                if end - start <= IN_PLACE { read() } else { blocking(read).await }
            }
            Source::Other(source) => source.read(start..end).await,
        }
    }

    /// All octets at once. For bodies that may be large, prefer [`Body::reader`].
    ///
    /// # Errors
    /// [`Io`](Error::Io); [`Corrupt`](Error::Corrupt) when they do not match their checksum.
    pub async fn bytes(&self) -> Result<Bytes> {
        let bytes = self.read(0..self.size).await?;
        match self.crc {
            Some(crc) if crc32c::crc32c(&bytes) != crc => Err(self.damaged()),
            _ => Ok(bytes),
        }
    }

    /// Reads from the first octet to the last, piece by piece.
    #[must_use]
    pub const fn reader(&self) -> BodyReader<'_> {
        BodyReader { body: self, at: 0, crc: 0 }
    }

    fn damaged(&self) -> Error {
        let what = "the message does not match its checksum";
        match &self.source {
            Source::File { name, offset, .. } => Error::corrupt(&**name, *offset, what),
            _ => Error::corrupt("the message", 0, what),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("size", &self.size).finish_non_exhaustive()
    }
}

/// Hands out a body piece by piece.
#[derive(Debug)]
pub struct BodyReader<'a> {
    body: &'a Body,
    at: u64,
    crc: u32,
}

impl BodyReader<'_> {
    /// The next piece, at most 64 KiB; `None` after the last.
    ///
    /// # Errors
    /// [`Io`](Error::Io); [`Corrupt`](Error::Corrupt) in place of the last piece when the whole does
    /// not match its checksum.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        if self.at >= self.body.size {
            return Ok(None);
        }
        let end = self.at.saturating_add(CHUNK).min(self.body.size);
        let bytes = self.body.read(self.at..end).await?;
        self.at = end;
        if let Some(crc) = self.body.crc {
            self.crc = crc32c::crc32c_append(self.crc, &bytes);
            if self.at == self.body.size && self.crc != crc {
                return Err(self.body.damaged());
            }
        }
        Ok(Some(bytes))
    }
}

fn read_file(file: &File, offset: u64, size: u64) -> Result<Bytes> {
    let size = usize::try_from(size).map_err(|_| Error::invalid("the range is too long"))?;
    let mut buffer = vec![0; size];
    disk::read_exact_at(file, &mut buffer, offset)?;
    Ok(buffer.into())
}

/// Runs work that may wait for the disk where it holds up no task.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(Error::closed("the runtime is shutting down")),
    }
}
