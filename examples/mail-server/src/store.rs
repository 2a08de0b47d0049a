//! Which store this server keeps its mail in, and where.

use mailstore::EmbeddedStore;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(
        "the mail store in {} is open in another process, such as a running mail-server; stop that one first, or choose another folder with --data",
        folder.display()
    )]
    InUse { folder: PathBuf },
    #[error("cannot open the mail store in {}: {error}", folder.display())]
    Store { folder: PathBuf, error: mailstore::Error },
}

/// The store in this folder; both are made if there are none, for the server's user alone.
pub(crate) async fn open(folder: &Path) -> Result<EmbeddedStore, OpenError> {
    EmbeddedStore::open(folder).await.map_err(|error| match error {
        mailstore::Error::Locked { .. } => OpenError::InUse { folder: folder.into() },
        error => OpenError::Store { folder: folder.into(), error },
    })
}
