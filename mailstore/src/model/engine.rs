//! What a backend adds to the model: durability, and a place for octets.

use core::future::Future;
use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::model::leases::Leases;
use crate::model::{Change, State};
use crate::{
    AccountId, Body, Error, MailboxId, MaildropLocks, MessageId, ModSeq, Notifier, QueueNotifier,
    Result, Staged, ThreadId, Timestamp, Upload, Watcher,
};

/// What a plan gives: changes, and the answer once they are durable.
pub(crate) type Planned<T> = Result<(Vec<Change>, T)>;

/// A backend of the model. Whatever implements it is a [`Store`](crate::Store).
pub(crate) trait Engine: Clone + Send + Sync + 'static {
    /// Looks at the published state.
    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T;

    /// As `read`, at what this process knows already. It tells the hub nothing, so it may be called under the hub's locks.
    fn known<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        self.read(look)
    }

    /// Plans against the newest state, makes the changes durable, publishes them and tells the hub.
    fn commit<T: Send + 'static>(
        &self,
        plan: impl FnOnce(&State, Timestamp) -> Planned<T> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send;

    /// Makes sure that this backend can store the message as it is staged.
    fn adopt(&self, staged: Staged) -> impl Future<Output = Result<Staged>> + Send;

    fn start_upload(&self) -> Upload;

    fn find_facts(
        &self,
        messages: &[MessageId],
    ) -> impl Future<Output = Result<Vec<Option<Bytes>>>> + Send;

    fn find_threads(
        &self,
        messages: &[MessageId],
    ) -> impl Future<Output = Result<Vec<Option<ThreadId>>>> + Send;

    fn find_body(&self, message: MessageId) -> impl Future<Output = Result<Body>> + Send;

    fn hub(&self) -> &Hub;

    /// Makes sure that no other process works the queue.
    fn work_queue(&self) -> Result<()> {
        Ok(())
    }

    /// Makes sure that no other process holds the maildrop, as long as what it gives is kept.
    fn hold_maildrop(&self, _account: AccountId) -> Result<Option<File>> {
        Ok(None)
    }
}

/// What lives beside the state and dies with the process: watchers, leases, locks.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    pub(crate) maildrops: MaildropLocks,
    pub(crate) queue: QueueNotifier,
    leases: Arc<Mutex<Leases>>,
    watchers: Mutex<HashMap<MailboxId, Notifier>>,
}

impl Hub {
    pub(crate) fn leases(&self) -> MutexGuard<'_, Leases> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) const fn shared_leases(&self) -> &Arc<Mutex<Leases>> {
        &self.leases
    }

    /// Watches a mailbox; `stands` looks up where it stands in the published state.
    pub(crate) fn watch(
        &self,
        mailbox: MailboxId,
        stands: impl FnOnce() -> Option<ModSeq>,
    ) -> Result<Watcher> {
        // Held while looking, so that a change published after the look is told to the new watcher.
        let mut watchers = self.watchers();
        let Some(modseq) = stands() else { return Err(Error::not_found("mailbox", mailbox)) };
        Ok(watchers.entry(mailbox).or_insert_with(|| Notifier::new(modseq)).watcher())
    }

    /// Tells whoever it concerns of changes that are published already.
    pub(crate) fn tell(&self, changes: &[Change]) {
        let mut news = HashMap::new();
        let mut queue = false;
        for change in changes {
            match change {
                Change::Rows { mailbox, rows } => {
                    if let Some(row) = rows.last() {
                        news.insert(*mailbox, Some(row.modseq));
                    }
                }
                Change::Flagged { mailbox, modseq, .. }
                | Change::Expunged { mailbox, modseq, .. } => {
                    news.insert(*mailbox, Some(*modseq));
                }
                Change::Own { mailbox, flags, .. } => {
                    if let Some(highest) = flags.iter().map(|own| own.modseq).max() {
                        news.insert(*mailbox, Some(highest));
                    }
                }
                Change::MailboxGone { id } => _ = news.insert(*id, None),
                Change::Envelope { envelope, .. } => {
                    self.leases().set_due(envelope.id, envelope.due());
                    queue = true;
                }
                Change::EnvelopeGone { id, .. } => {
                    self.leases().forget(*id);
                    queue = true;
                }
                _ => {}
            }
        }
        if !news.is_empty() {
            self.tell_watchers(news);
        }
        if queue {
            self.queue.changed();
        }
    }

    fn tell_watchers(&self, news: HashMap<MailboxId, Option<ModSeq>>) {
        let mut watchers = self.watchers();
        for (mailbox, moment) in news {
            let Some(notifier) = watchers.get(&mailbox) else { continue };
            match moment {
                Some(modseq) => notifier.changed(modseq),
                None => notifier.deleted(),
            }
            if moment.is_none() || notifier.is_idle() {
                watchers.remove(&mailbox);
            }
        }
    }

    fn watchers(&self) -> MutexGuard<'_, HashMap<MailboxId, Notifier>> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
