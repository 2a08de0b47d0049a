//! The backend that forgets everything at the end: the model the others are compared with.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::model::{Engine, Hub, Objects, Place, Planned, State};
use crate::upload::Content;
use crate::{Body, Error, MessageId, Result, Staged, ThreadId, Timestamp, Upload};

/// A store in memory. Handles share it; it is gone with the last of them.
///
/// ```
/// use mailstore::{Accounts, Mailboxes, MemoryStore, Messages, NewMessage, Staged};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let store = MemoryStore::new();
/// let alice = store.create_account("alice@example.test", &[]).await?;
/// let inbox = store.mailbox(alice.id, "inbox").await?;
/// let message = NewMessage::new(Staged::from_bytes("Subject: hi\r\n\r\nhello\r\n"));
/// let appended = store.append(inbox.id, vec![message]).await?;
/// assert_eq!(appended.uids.len(), 1);
/// # Ok::<(), mailstore::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Held by a writer until it has told the hub, so that news comes in the order of the writes.
    writer: Mutex<()>,
    index: Mutex<Index>,
    hub: Hub,
}

#[derive(Debug, Default)]
struct Index {
    state: State,
    objects: Objects,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> MemoryStore {
        MemoryStore::default()
    }

    /// How many different messages are stored, whatever the number of their copies.
    #[must_use]
    pub fn message_count(&self) -> usize {
        self.index().objects.len()
    }

    /// Another store that holds the same.
    #[cfg(feature = "contract")]
    pub(crate) fn fork(&self) -> MemoryStore {
        let index = self.index();
        let (state, objects) = (index.state.clone(), index.objects.clone());
        let index = Mutex::new(Index { state, objects });
        MemoryStore(Arc::new(Shared { index, ..Shared::default() }))
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.0.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for MemoryStore {
    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.index().state)
    }

    async fn commit<T: Send + 'static>(
        &self,
        plan: impl FnOnce(&State, Timestamp) -> Planned<T> + Send + 'static,
    ) -> Result<T> {
        let _writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let (changes, answer) = {
            let mut index = self.index();
            let (changes, answer) = plan(&index.state, Timestamp::now())?;
            let mut gone = Vec::new();
            for change in &changes {
                index.objects.apply(change, &mut gone);
                index.state.apply(change);
            }
            (changes, answer)
        };
        self.0.hub.tell(&changes);
        Ok(answer)
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
        Ok(self.index().objects.facts_of(messages))
    }

    async fn find_threads(&self, messages: &[MessageId]) -> Result<Vec<Option<ThreadId>>> {
        Ok(self.index().objects.threads_of(messages))
    }

    async fn find_body(&self, message: MessageId) -> Result<Body> {
        match self.index().objects.find(message).map(|object| object.body) {
            Some(Place::Memory(octets)) => Ok(Body::from_bytes(octets)),
            _ => Err(Error::not_found("message", message)),
        }
    }

    fn hub(&self) -> &Hub {
        &self.0.hub
    }
}
