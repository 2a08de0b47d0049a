//! The control of promise 19: a store whose writers do not wait for one another must be found out.

use bytes::Bytes;

use super::Subject;
use super::histories::is_unexplained;
use crate::model::{Engine, Hub, Planned, State};
use crate::{Body, MemoryStore, MessageId, Result, Staged, ThreadId, Timestamp, Upload};

/// The memory backend without its writers' lock: a write is planned against a state that may be another
/// by the time it is made.
#[derive(Clone)]
struct Racy(MemoryStore);

impl Engine for Racy {
    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        self.0.read(look)
    }

    async fn commit<T: Send + 'static>(
        &self,
        plan: impl FnOnce(&State, Timestamp) -> Planned<T> + Send + 'static,
    ) -> Result<T> {
        let planned = self.0.read(|state| plan(state, Timestamp::now()));
        tokio::task::yield_now().await;
        self.0.commit(move |_, _| planned).await
    }

    async fn adopt(&self, staged: Staged) -> Result<Staged> {
        self.0.adopt(staged).await
    }

    fn start_upload(&self) -> Upload {
        self.0.start_upload()
    }

    async fn find_facts(&self, messages: &[MessageId]) -> Result<Vec<Option<Bytes>>> {
        self.0.find_facts(messages).await
    }

    async fn find_threads(&self, messages: &[MessageId]) -> Result<Vec<Option<ThreadId>>> {
        self.0.find_threads(messages).await
    }

    async fn find_body(&self, message: MessageId) -> Result<Body> {
        self.0.find_body(message).await
    }

    fn hub(&self) -> &Hub {
        self.0.hub()
    }
}

/// The control: of as many histories as the subject asks for, of a store that races, some are not explained.
/// If all were, `concurrent_clients_see_one_order` would prove nothing.
pub async fn a_store_that_races_is_noticed<S: Subject>() -> Result<()> {
    let store = Racy(MemoryStore::new());
    let mut noticed = false;
    for seed in 0..S::HISTORIES {
        noticed = noticed || is_unexplained(&store, seed.into()).await?;
    }
    assert!(noticed, "{} histories of a store that races were explained", S::HISTORIES);
    Ok(())
}
