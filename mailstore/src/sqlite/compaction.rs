//! Compaction of the log, by a process that has the store alone.

use std::fs::{File, TryLockError};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, PoisonError};

use super::writer::Message;
use super::{Shared, tables};
use crate::embedded::{self, Compacted, Compaction, Logged, Pace, Segment, Segments};
use crate::model::{Objects, Planned, State};
use crate::{Error, Result, Timestamp};

/// A store as its compaction sees it: everything goes through the thread that writes.
#[derive(Clone)]
pub(super) struct Own {
    pub(super) shared: Arc<Shared>,
    pub(super) messages: Sender<Message>,
}

impl Own {
    pub(super) async fn compact(&self, pace: Pace) -> Result<Compacted> {
        let _alone = Alone::with(&self.shared)?;
        embedded::compact(self, pace).await
    }

    /// Compacts whenever it is asked to, until nobody can ask any more.
    pub(super) fn run(&self, due: &Receiver<()>) {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return };
        for () in due {
            // Fails when another process has the store open too: it is tried again when the log has grown.
            let _ = runtime.block_on(self.compact(Pace::Gentle));
            self.compaction().tried(self.log_octets());
        }
    }
}

/// Nobody else has the store open as long as this is kept.
struct Alone<'a> {
    shared: &'a Shared,
    _only: File,
}

impl Alone<'_> {
    fn with(shared: &Shared) -> Result<Alone<'_>> {
        let _only = shared.lock("compaction", "the mail store", "another process compacts it")?;
        let mut watch = shared.watch.lock().unwrap_or_else(PoisonError::into_inner);
        // Under SQLite's lock nobody opens the store.
        let _step = tables::begin(&mut watch.database)?;
        shared.open.unlock()?;
        match shared.open.try_lock() {
            Ok(()) => Ok(Alone { shared, _only }),
            Err(error) => {
                shared.open.lock_shared()?;
                Err(match error {
                    TryLockError::WouldBlock => Error::locked(
                        "the log",
                        "it is compacted when one process has the store open",
                    ),
                    TryLockError::Error(error) => error.into(),
                })
            }
        }
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        let mut watch = self.shared.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let _step = tables::begin(&mut watch.database);
        // While this file stays locked alone, others are told that the store is in use.
        if self.shared.open.unlock().is_ok() {
            let _ = self.shared.open.lock_shared();
        }
    }
}

impl Logged for Own {
    fn compaction(&self) -> &Compaction {
        &self.shared.compaction
    }

    fn look<T>(&self, look: impl FnOnce(&State, &Objects) -> T) -> T {
        let index = self.shared.index.read().unwrap_or_else(PoisonError::into_inner);
        look(&index.state, &index.objects)
    }

    fn segments(&self) -> &Arc<Segments> {
        &self.shared.segments
    }

    fn log_octets(&self) -> u64 {
        let index = self.shared.index.read().unwrap_or_else(PoisonError::into_inner);
        self.shared.log_octets(&index)
    }

    async fn rotate(&self) -> Result<u64> {
        embedded::ask(&self.messages, Message::Rotate).await?
    }

    async fn settled(
        &self,
        plan: impl FnOnce(&State, Timestamp) -> Planned<()> + Send + 'static,
    ) -> Result<()> {
        embedded::commit(&self.messages, Message::Settled, plan).await
    }

    async fn indexed(&self) -> Result<()> {
        let watch = self.shared.watch.lock().unwrap_or_else(PoisonError::into_inner);
        tables::settle(&watch.database)
    }

    fn forget_before(&self, start: u64) -> Vec<Segment> {
        // Under the lock whoever looks up a place also finds its segment.
        let _index = self.shared.index.write().unwrap_or_else(PoisonError::into_inner);
        self.shared.segments.take_before(start)
    }

    async fn trim(&self) -> Result<()> {
        Ok(())
    }
}
