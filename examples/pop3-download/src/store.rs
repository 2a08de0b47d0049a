//! Messages on this side: what was fetched, and where it is put, so that a crash at any moment loses
//! nothing and doubles nothing.
//!
//! A message is written to a file in `staged` and synced; its unique id is noted in the journal,
//! which is the moment at which it counts as fetched; then the file is moved to where it belongs.
//! A file in `staged` at the start of the program is therefore one of two things: one that the
//! journal knows was not yet moved, and is moved now; any other is half a message, and removed.

use crate::{
    journal::{Fetched, Journal, private, sync_folder_of},
    output::{Output, Place, make_folder},
    staged::Staged,
};
use anyhow::{Context, bail};
use pop3_proto::plan::Known;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    path::PathBuf,
    time::{Duration, Instant},
};

#[derive(Debug)]
pub(crate) struct Store {
    account: String,
    staged: PathBuf,
    journal: Journal,
    output: Output,
    /// Held for as long as the program runs.
    _lock: File,
}

impl Store {
    /// Opens it, and finishes what was interrupted.
    pub(crate) fn open(place: Place, account: &str) -> anyhow::Result<Self> {
        let state = place.state();
        let staged = state.join("staged");
        make_folder(&staged)?;
        let lock = private().open(state.join("lock"));
        let lock = lock.with_context(|| format!("cannot write in {}", state.display()))?;
        // One that was killed a moment ago may not be gone yet.
        let patience = Instant::now() + Duration::from_secs(1);
        let locked = loop {
            match lock.try_lock() {
                Err(TryLockError::WouldBlock) if Instant::now() < patience => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                locked => break locked,
            }
        };
        match locked {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another pop3-download is at work in {}", state.display())
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", state.display()));
            }
        }
        let output = place.open()?;
        let journal = Journal::open(state.join("journal"))?;
        sync_folder_of(&staged)?;
        sync_folder_of(&state)?;
        let mut store = Self { account: account.into(), staged, journal, output, _lock: lock };
        store.recover().context("cannot finish what was interrupted")?;
        Ok(store)
    }

    fn recover(&mut self) -> anyhow::Result<()> {
        let known: BTreeMap<_, _> = self.journal.all().map(|f| (f.name.clone(), f)).collect();
        for entry in fs::read_dir(&self.staged)? {
            let entry = entry?;
            match entry.file_name().to_str().and_then(|name| known.get(name)) {
                Some(fetched) => self.output.publish(&entry.path(), fetched)?,
                None => fs::remove_file(entry.path())?,
            }
        }
        Ok(())
    }

    /// What was fetched earlier.
    pub(crate) fn known(&self) -> impl Iterator<Item = Known<'_>> {
        self.journal.of(&self.account).map(|(uidl, fetched)| Known::new(uidl, fetched.at))
    }

    /// Makes room for a message. `date` is `now` in words.
    pub(crate) fn begin(&self, uidl: &str, now: Duration, date: &str) -> anyhow::Result<Staged> {
        let date = self.output.is_mbox().then_some(date);
        let staged = Staged::begin(&self.staged, self.name(uidl, now), date);
        staged.with_context(|| format!("cannot write in {}", self.staged.display()))
    }

    /// Like no other, for readers of a Maildir: the time to the microsecond, for a unique id may be given again, and who it
    /// is.
    fn name(&self, uidl: &str, now: Duration) -> String {
        let mut hash = Sha256::new();
        for part in [&self.account, "\0", uidl] {
            hash.update(part.as_bytes());
        }
        let hash: String =
            hash.finalize().iter().take(16).map(|octet| format!("{octet:02x}")).collect();
        format!("{}.M{:06}H{hash}.pop3-download", now.as_secs(), now.subsec_micros())
    }

    /// The message is whole. When this returns it is where it belongs, counts as fetched, and may be
    /// deleted on the server.
    pub(crate) fn commit(
        &mut self,
        staged: Staged,
        uidl: &str,
        now: Duration,
    ) -> anyhow::Result<()> {
        let name = staged.name().to_owned();
        let path = staged.finish().context("cannot write a message")?;
        sync_folder_of(&path)?;
        let fetched = Fetched { at: now, name, place: self.output.reserve()? };
        self.journal.fetched(&self.account, uidl, fetched.clone())?;
        self.output.publish(&path, &fetched)
    }

    /// The server has these messages no more.
    pub(crate) fn forget(&mut self, uidls: &[String]) -> anyhow::Result<()> {
        self.journal.forget(&self.account, uidls)
    }
}

#[cfg(test)]
mod tests;
