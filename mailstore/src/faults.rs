//! A disk that fails on demand, for tests.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Makes the disk below a store fail, for tests: hand a clone to the store and turn the knobs while it
/// runs. It also knows what a power cut would leave.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<State>>, Arc<RwLock<()>>);

#[derive(Debug, Default)]
struct State {
    space: Option<u64>,
    sync_fails: bool,
    sync_lies: bool,
    synced: HashMap<PathBuf, u64>,
}

impl Faults {
    /// A disk in good health.
    #[must_use]
    pub fn new() -> Faults {
        Faults::default()
    }

    /// Lets only this many more octets be written; a write that does not fit is cut short and fails
    /// as on a full disk. `None`: no limit.
    pub fn set_space(&self, octets: Option<u64>) {
        self.state().space = octets;
    }

    /// Makes every attempt to make data durable fail.
    pub fn fail_sync(&self, fail: bool) {
        self.state().sync_fails = fail;
    }

    /// Makes the disk say "durable" without doing anything. A store on such a disk loses mail: a test
    /// that does not notice is blind.
    pub fn lie_about_sync(&self, lie: bool) {
        self.state().sync_lies = lie;
    }

    /// Stops the disk until the guard is dropped: nothing is written or made durable meanwhile, so that
    /// a copy of its files shows one moment.
    #[must_use = "dropping the guard lets the disk go on"]
    pub fn freeze(&self) -> RwLockWriteGuard<'_, ()> {
        self.1.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Held while the disk is at work.
    pub(crate) fn thawed(&self) -> RwLockReadGuard<'_, ()> {
        self.1.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many octets of each file written a power cut now would certainly leave.
    #[must_use]
    pub fn synced(&self) -> HashMap<PathBuf, u64> {
        self.state().synced.clone()
    }

    /// How many of `wanted` octets fit.
    pub(crate) fn take_space(&self, wanted: usize) -> usize {
        let Some(space) = &mut self.state().space else { return wanted };
        let fits = usize::try_from(*space).unwrap_or(usize::MAX).min(wanted);
        *space -= u64::try_from(fits).unwrap_or(*space);
        fits
    }

    pub(crate) fn sync_fails(&self) -> bool {
        self.state().sync_fails
    }

    pub(crate) fn sync_lies(&self) -> bool {
        self.state().sync_lies
    }

    pub(crate) fn synced_to(&self, path: &Path, length: u64) {
        self.state().synced.insert(path.to_owned(), length);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
