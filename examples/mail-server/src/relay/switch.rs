//! Whether anything is sent at all.

use mailstore::{Metadata, Scope};
use std::sync::Arc;
use tokio::sync::watch;

/// Key of the store's metadata while nothing is to be sent.
const KEY: &str = "queue paused";

/// The operator's switch. It outlives the process.
#[derive(Clone, Debug)]
pub(crate) struct Switch(Arc<watch::Sender<bool>>);

impl Switch {
    pub(crate) async fn load(store: &impl Metadata) -> mailstore::Result<Self> {
        let kept = store.metadata(Scope::Store).await?;
        let paused = kept.iter().any(|(key, _)| key == KEY);
        Ok(Self(Arc::new(watch::Sender::new(paused))))
    }

    pub(crate) fn is_paused(&self) -> bool {
        *self.0.borrow()
    }

    pub(crate) async fn set(&self, store: &impl Metadata, paused: bool) -> mailstore::Result<()> {
        let value = paused.then(|| "".into());
        store.set_metadata(Scope::Store, vec![(KEY.into(), value)]).await?;
        self.0.send_replace(paused);
        Ok(())
    }

    /// Waits until messages may be sent.
    pub(super) async fn on(&self) {
        // It cannot fail: the sender is `self`.
        let _ = self.0.subscribe().wait_for(|paused| !paused).await;
    }
}
