//! Key and certificate files: read, and written so that a crash leaves the old one or the new one.

use super::TlsError;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
};

pub(super) fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| TlsError::File { what: "read", path: path.into(), error })
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Access {
    /// Its owner alone.
    Owner,
    /// Everybody who may enter its folder.
    Everybody,
}

/// A private key.
pub(crate) fn write_key(path: &Path, content: &[u8]) -> Result<(), TlsError> {
    write(path, content, Access::Owner)
}

/// Write beside, sync, rename: a key is never seen half-written, nor for a moment by others.
pub(super) fn write(path: &Path, content: &[u8], access: Access) -> Result<(), TlsError> {
    let beside = path.with_extension("new");
    let written = || -> io::Result<()> {
        // What a crash left behind may have other rights.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = create(&beside, access)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    written().map_err(|error| TlsError::File { what: "write", path: path.into(), error })
}

fn create(path: &Path, access: Access) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(match access {
            Access::Owner => 0o600,
            Access::Everybody => 0o644,
        });
    }
    #[cfg(not(unix))]
    let _ = access;
    options.open(path)
}
