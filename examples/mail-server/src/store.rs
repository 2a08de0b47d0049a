//! Which store this server keeps its mail in, and where.

use mailstore::MemoryStore;
use std::{
    fs::DirBuilder,
    io,
    path::{Path, PathBuf},
};

#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("cannot make the folder {}: {error}", folder.display())]
    Folder { folder: PathBuf, error: io::Error },
}

/// The store in this folder; both are made if there are none.
pub(crate) fn open(folder: &Path) -> Result<MemoryStore, OpenError> {
    make(folder).map_err(|error| OpenError::Folder { folder: folder.into(), error })?;
    Ok(MemoryStore::new())
}

/// For the server's user alone: there will be mail and keys in it.
fn make(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
