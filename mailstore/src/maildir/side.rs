//! The journal beside the tree: a file of entries, each after its length. A length of zero says that the
//! tree shows the entry before it.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::{Error, Result, disk};

pub(super) struct Side {
    path: PathBuf,
    file: File,
    end: u64,
    /// Held as long as the store is open.
    _lock: File,
}

impl Side {
    /// Opens the journal in this folder of the store in `store`: its entries, and whether the last is not
    /// known to be in the tree. What a crash left of another is cut.
    pub(super) fn open(folder: &Path, store: &Path) -> Result<(Side, Vec<Bytes>, bool)> {
        let lock = disk::open_private(&folder.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::locked(
                    format!("the mail store in {}", store.display()),
                    "another process has it open; stop that one first or use another folder",
                ));
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let path = folder.join("journal");
        let file = disk::open_private(&path)?;
        disk::sync_dir(folder)?;
        let octets = Bytes::from(fs::read(&path)?);
        let (mut entries, mut end, mut unfinished) = (Vec::new(), 0, false);
        while let Some(length) = octets.get(end..).and_then(|rest| rest.first_chunk::<4>()) {
            let Ok(length) = usize::try_from(u32::from_le_bytes(*length)) else { break };
            let Some(next) = end.checked_add(4 + length).filter(|next| *next <= octets.len())
            else {
                break;
            };
            unfinished = length > 0;
            if unfinished {
                let entry = octets.slice(end + 4..next);
                let last = next == octets.len();
                if last && crate::journal::entry::read(&entry).is_none() {
                    unfinished = false; // its end was not written
                    break;
                }
                entries.push(entry);
            }
            end = next;
        }
        let end = u64::try_from(end).unwrap_or(u64::MAX);
        file.set_len(end)?;
        file.sync_all()?;
        Ok((Side { path, file, end, _lock: lock }, entries, unfinished))
    }

    /// Adds an entry; durable when it returns.
    pub(super) fn append(&mut self, entry: &[u8]) -> Result<()> {
        let framed = framed(entry)?;
        let written = disk::write_all_at(&self.file, &framed, self.end, None)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            self.file.set_len(self.end)?;
            return Err(error.into());
        }
        self.end += u64::try_from(framed.len()).unwrap_or(0);
        Ok(())
    }

    /// Notes that the tree shows the last entry. Becomes durable with the next.
    pub(super) fn finished(&mut self) -> Result<()> {
        disk::write_all_at(&self.file, &[0; 4], self.end, None)?;
        self.end += 4;
        Ok(())
    }

    /// Keeps this entry, which the tree shows, instead of all.
    pub(super) fn replace(&mut self, entry: &[u8]) -> Result<()> {
        let fresh = self.path.with_extension("new");
        let file =
            File::options().read(true).write(true).create(true).truncate(true).open(&fresh)?;
        let mut octets = framed(entry)?;
        octets.extend([0; 4]);
        disk::write_all_at(&file, &octets, 0, None)?;
        file.sync_all()?;
        fs::rename(&fresh, &self.path)?;
        self.path.parent().map_or(Ok(()), disk::sync_dir)?;
        self.file = file;
        self.end = u64::try_from(octets.len()).unwrap_or(0);
        Ok(())
    }
}

fn framed(entry: &[u8]) -> Result<Vec<u8>> {
    let length = u32::try_from(entry.len());
    let length = length.map_err(|_| Error::invalid("too much for one step"))?;
    Ok([&length.to_le_bytes(), entry].concat())
}
