//! The shortest way to a backend of your own: keep entries and bodies, and be a store.
//!
//! [`JournalStore`] keeps mailboxes, flags, counters and the queue in memory and in step; what it cannot do
//! is make them last. For that it needs a [`Journal`]: something that keeps entries, octets to it, in
//! order, and bodies by number. A table of a database, a bucket of a cloud, a folder of files will do. Here
//! is the last, whole, with the contract run on it:
//!
#![cfg_attr(
    feature = "contract",
    doc = concat!("```no_run\n", include_str!("../../tests/own_backend.rs"), "\n```")
)]

pub(crate) mod entry;

use core::fmt;
use core::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::model::{Change, Engine, Hub, Objects, Place, Planned, State};
use crate::upload::Content;
use crate::{Body, Error, MessageId, Result, Staged, ThreadId, Timestamp, Upload};

/// An entry is written anew for all that came before when there are more than this many at opening.
const MANY: usize = if cfg!(test) { 10 } else { 10_000 };

/// What keeps the entries and bodies of a [`JournalStore`]. One store uses it at a time.
pub trait Journal: Send + Sync + 'static {
    /// Every entry kept, in the order they were appended.
    fn entries(&self) -> impl Future<Output = Result<Vec<Bytes>>> + Send;

    /// Keeps an entry and the bodies that came with it, all or nothing. Durable when it returns.
    fn append(
        &self,
        entry: Bytes,
        bodies: Vec<(MessageId, Bytes)>,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Keeps this one entry instead of all others, all or nothing. Durable when it returns.
    fn replace(&self, entry: Bytes) -> impl Future<Output = Result<()>> + Send;

    /// The messages whose bodies are kept.
    fn bodies(&self) -> impl Future<Output = Result<Vec<MessageId>>> + Send;

    /// A body; it can be read to its end also when it is removed meanwhile.
    fn body(&self, message: MessageId, size: u64) -> impl Future<Output = Result<Body>> + Send;

    /// Removes bodies. Need not be durable: what stays is removed when the store is opened next.
    fn remove(&self, messages: &[MessageId]) -> impl Future<Output = Result<()>> + Send;
}

/// A store made of a [`Journal`]. Handles share it. Writes are made durable one after the other, in a task
/// of their own: needs a tokio runtime.
pub struct JournalStore<J>(Arc<Shared<J>>);

struct Shared<J> {
    journal: J,
    /// Held by a writer until it has told the hub, so that news comes in the order of the writes.
    writer: Arc<tokio::sync::Mutex<()>>,
    index: Mutex<Index>,
    hub: Hub,
}

#[derive(Default)]
struct Index {
    state: State,
    objects: Objects,
}

impl<J> Clone for JournalStore<J> {
    fn clone(&self) -> Self {
        JournalStore(self.0.clone())
    }
}

impl<J> fmt::Debug for JournalStore<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalStore").finish_non_exhaustive()
    }
}

impl<J: Journal> JournalStore<J> {
    /// The store this journal keeps; an empty one keeps an empty store.
    ///
    /// # Errors
    /// [`Corrupt`](Error::Corrupt) for an entry that is not one; what the journal may meet.
    pub async fn open(journal: J) -> Result<JournalStore<J>> {
        let entries = journal.entries().await?;
        let mut index = Index::default();
        let mut gone = Vec::new();
        for (place, entry) in (0u64..).zip(&entries) {
            let changes = entry::read(entry);
            let changes =
                changes.ok_or_else(|| Error::corrupt("the journal", place, "an entry"))?;
            for change in &changes {
                index.objects.apply(change, &mut gone);
                index.state.apply(change);
            }
        }
        index.objects.sweep();
        if entries.len() > MANY {
            journal.replace(entry::write(&index.state.restate(&index.objects))).await?;
        }
        let mut unneeded = journal.bodies().await?;
        unneeded.retain(|id| index.objects.find(*id).is_none());
        journal.remove(&unneeded).await?;
        let hub = Hub::default();
        for envelope in index.state.envelopes.values() {
            hub.leases().set_due(envelope.id, envelope.due());
        }
        let (writer, index) = (Arc::default(), Mutex::new(index));
        Ok(JournalStore(Arc::new(Shared { journal, writer, index, hub })))
    }
}

impl<J> Shared<J> {
    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J: Journal> Shared<J> {
    async fn commit<T>(
        &self,
        plan: impl FnOnce(&State, Timestamp) -> Planned<T> + Send,
    ) -> Result<T> {
        let (mut changes, answer) = {
            let index = self.index();
            plan(&index.state, Timestamp::now())?
        };
        if changes.is_empty() {
            return Ok(answer);
        }
        let mut bodies = Vec::new();
        for change in &mut changes {
            if let Change::Object { id, object } = change
                && let Place::Memory(octets) = &object.body
            {
                bodies.push((*id, octets.clone()));
                object.body = Place::File(id.value());
            }
        }
        self.journal.append(entry::write(&changes), bodies).await?;
        let mut gone = Vec::new();
        {
            let mut index = self.index();
            for change in &changes {
                index.objects.apply(change, &mut gone);
                index.state.apply(change);
            }
        }
        self.hub.tell(&changes);
        let gone: Vec<MessageId> = gone.into_iter().map(|(id, _)| id).collect();
        if !gone.is_empty() {
            // What stays is removed when the store is opened next.
            let _ = self.journal.remove(&gone).await;
        }
        Ok(answer)
    }
}

impl<J: Journal> Engine for JournalStore<J> {
    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.0.index().state)
    }

    async fn commit<T: Send + 'static>(
        &self,
        plan: impl FnOnce(&State, Timestamp) -> Planned<T> + Send + 'static,
    ) -> Result<T> {
        let writer = self.0.writer.clone().lock_owned().await;
        // In a task of its own: a caller that goes away does not leave the journal ahead of the store.
        let shared = self.0.clone();
        let task = tokio::spawn(async move {
            let _writer = writer;
            shared.commit(plan).await
        });
        task.await.map_err(|_| Error::closed("the runtime is shutting down"))?
    }

    async fn adopt(&self, staged: Staged) -> Result<Staged> {
        match staged.content() {
            Content::Memory(_) => Ok(staged),
            Content::File(_) => Ok(Staged::from_bytes(staged.body().bytes().await?)),
        }
    }

    fn start_upload(&self) -> Upload {
        Upload::in_memory()
    }

    async fn find_facts(&self, messages: &[MessageId]) -> Result<Vec<Option<Bytes>>> {
        Ok(self.0.index().objects.facts_of(messages))
    }

    async fn find_threads(&self, messages: &[MessageId]) -> Result<Vec<Option<ThreadId>>> {
        Ok(self.0.index().objects.threads_of(messages))
    }

    async fn find_body(&self, message: MessageId) -> Result<Body> {
        let found = self.0.index().objects.find(message).map(|object| (object.size, object.crc));
        let (size, crc) = found.ok_or_else(|| Error::not_found("message", message))?;
        Ok(self.0.journal.body(message, size).await?.with_crc32c(crc))
    }

    fn hub(&self) -> &Hub {
        &self.0.hub
    }
}

#[cfg(all(test, feature = "contract"))]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use std::collections::BTreeMap;

    use super::*;
    use crate::contract::{self, Subject};

    type Kept = Arc<Mutex<(Vec<Bytes>, BTreeMap<MessageId, Bytes>)>>;

    struct InMemory(Kept);

    impl Journal for InMemory {
        async fn entries(&self) -> Result<Vec<Bytes>> {
            Ok(self.0.lock().unwrap().0.clone())
        }

        async fn append(&self, entry: Bytes, bodies: Vec<(MessageId, Bytes)>) -> Result<()> {
            let mut kept = self.0.lock().unwrap();
            kept.0.push(entry);
            kept.1.extend(bodies);
            Ok(())
        }

        async fn replace(&self, entry: Bytes) -> Result<()> {
            self.0.lock().unwrap().0 = vec![entry];
            Ok(())
        }

        async fn bodies(&self) -> Result<Vec<MessageId>> {
            Ok(self.0.lock().unwrap().1.keys().copied().collect())
        }

        async fn body(&self, message: MessageId, _size: u64) -> Result<Body> {
            Ok(Body::from_bytes(self.0.lock().unwrap().1.get(&message).unwrap().clone()))
        }

        async fn remove(&self, messages: &[MessageId]) -> Result<()> {
            let mut kept = self.0.lock().unwrap();
            messages.iter().for_each(|id| _ = kept.1.remove(id));
            Ok(())
        }
    }

    struct Replaced {
        kept: Kept,
        store: JournalStore<InMemory>,
    }

    impl Subject for Replaced {
        type Store = JournalStore<InMemory>;

        async fn create() -> Self {
            let kept = Kept::default();
            let store = JournalStore::open(InMemory(kept.clone())).await.unwrap();
            Replaced { kept, store }
        }

        fn store(&self) -> Self::Store {
            self.store.clone()
        }

        /// Twice, so that the second opening reads what the first wrote anew.
        async fn reopen(&mut self) -> bool {
            for _ in 0..2 {
                self.store = JournalStore::open(InMemory(self.kept.clone())).await.unwrap();
            }
            assert!(self.kept.lock().unwrap().0.len() <= MANY);
            true
        }
    }

    #[test]
    fn one_entry_in_place_of_all_says_the_same() {
        contract::run(contract::everything_acknowledged_survives_reopening::<Replaced>());
        contract::run(contract::nothing_is_reused_after_reopening::<Replaced>());
    }

    #[test]
    fn an_entry_that_is_cut_or_changed_is_none() {
        let entry = entry::write(&[Change::AccountGone { id: crate::AccountId::new(7) }]);
        assert_eq!(entry::read(&entry).unwrap().len(), 1);
        assert!((0..entry.len()).all(|end| entry::read(&entry.slice(..end)).is_none()));
        for at in 0..entry.len() {
            let mut bad = entry.to_vec();
            bad[at] ^= 1;
            assert!(entry::read(&bad.into()).is_none());
        }
    }
}
