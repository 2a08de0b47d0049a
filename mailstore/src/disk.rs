//! Files, with the failures tests want them to have.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use crate::Faults;

/// Reads exactly `buffer.len()` octets at `offset`; safe to call from many threads.
pub(crate) fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset);
    #[cfg(windows)]
    {
        let (mut rest, mut offset) = (buffer, offset);
        while !rest.is_empty() {
            let n = std::os::windows::fs::FileExt::seek_read(file, rest, offset)?;
            if n == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            rest = rest.get_mut(n..).unwrap_or_default();
            offset += n as u64;
        }
        Ok(())
    }
}

/// Creates a file only its owner may read; fails when it exists.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().read(true).write(true).create_new(true)).open(path)
}

/// Opens for reading and writing, creating it private if need be.
pub(crate) fn open_private(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().read(true).write(true).create(true).truncate(false)).open(path)
}

/// Creates a directory only its owner may enter, with its parents.
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes a directory's entries durable.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(path)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Writes at an offset, through the faults.
pub(crate) fn write_all_at(
    file: &File,
    buffer: &[u8],
    offset: u64,
    faults: Option<&Faults>,
) -> io::Result<()> {
    let _at_work = faults.map(Faults::thawed);
    let allowed = faults.map_or(buffer.len(), |faults| faults.take_space(buffer.len()));
    let (written, refused) = buffer.split_at(allowed.min(buffer.len()));
    plain_write_at(file, written, offset)?;
    if refused.is_empty() { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
}

fn plain_write_at(file: &File, buffer: &[u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::write_all_at(file, buffer, offset);
    #[cfg(windows)]
    {
        let (mut rest, mut offset) = (buffer, offset);
        while !rest.is_empty() {
            let n = std::os::windows::fs::FileExt::seek_write(file, rest, offset)?;
            if n == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            rest = rest.get(n..).unwrap_or_default();
            offset += n as u64;
        }
        Ok(())
    }
}

/// Makes a file's octets, up to `length` of them, durable, through the faults.
pub(crate) fn sync_data(
    file: &File,
    path: &Path,
    length: u64,
    faults: Option<&Faults>,
) -> io::Result<()> {
    let _at_work = faults.map(Faults::thawed);
    if let Some(faults) = faults {
        if faults.sync_fails() {
            return Err(io::Error::other("the disk failed to make data durable"));
        }
        if faults.sync_lies() {
            return Ok(());
        }
    }
    file.sync_data()?;
    if let Some(faults) = faults {
        faults.synced_to(path, length);
    }
    Ok(())
}
