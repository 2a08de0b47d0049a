//! The embedded store as its compaction sees it: everything goes through the commit thread.

use core::time::Duration;
use std::sync::mpsc::Sender;
use std::sync::{Arc, PoisonError};

use tokio::sync::oneshot;

use super::Shared;
use super::commit::{Message, ask, commit};
use super::compact::{Compaction, Logged, rest};
use super::segments::{Segment, Segments};
use crate::model::{Objects, Planned, State};
use crate::{Error, Result, Timestamp};

#[derive(Clone)]
pub(super) struct Own {
    pub(super) shared: Arc<Shared>,
    pub(super) messages: Sender<Message>,
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
        self.shared.log_octets(&self.shared.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn rotate(&self) -> Result<u64> {
        ask(&self.messages, Message::Rotate).await?
    }

    async fn settled(
        &self,
        plan: impl FnOnce(&State, Timestamp) -> Planned<()> + Send + 'static,
    ) -> Result<()> {
        commit(&self.messages, Message::Settled, plan).await
    }

    async fn indexed(&self) -> Result<()> {
        let (reply, mut answer) = oneshot::channel();
        let mut reply = Some(reply);
        loop {
            let closed = || Error::closed("it was closed");
            self.messages.send(Message::Checkpoint(reply.take())).map_err(|_| closed())?;
            // The checkpoint thread may be busy; the commit thread waits for nobody, so it is asked again.
            rest(Duration::from_millis(5)).await?;
            match answer.try_recv() {
                Ok(()) => return Ok(()),
                Err(oneshot::error::TryRecvError::Empty) => {}
                Err(oneshot::error::TryRecvError::Closed) => {
                    return Err(Error::closed("its index could not be written; open it again"));
                }
            }
        }
    }

    fn forget_before(&self, start: u64) -> Vec<Segment> {
        // Under the lock whoever looks up a place also finds its segment.
        let _index = self.shared.index.write().unwrap_or_else(PoisonError::into_inner);
        self.shared.segments.take_before(start)
    }

    async fn trim(&self) -> Result<()> {
        ask(&self.messages, Message::Trim).await?
    }
}
