//! The commit thread: one sync for everyone who waits.

use core::time::Duration;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use tokio::sync::oneshot;

use super::Shared;
use super::checkpoint::Batch;
use super::log::{Group, Log};
use crate::model::{Change, Planned, State};
use crate::{Error, Result, Timestamp};

/// A group is closed when it has this many octets or writers.
const GROUP_OCTETS: usize = 16 * 1024 * 1024;
const GROUP_WRITERS: usize = 4096;

/// A checkpoint is due after this many octets of log at the latest.
const CHECKPOINT_OCTETS: u64 = 64 * 1024 * 1024;

/// What is sent to the commit thread.
pub(super) enum Message {
    Write(Box<dyn Write>),
    /// A write that is planned when everything before it is published.
    Settled(Box<dyn Write>),
    /// Begins a new segment; answers where.
    Rotate(oneshot::Sender<Result<u64>>),
    /// Gives back the room of the zeros at the log's end.
    Trim(oneshot::Sender<Result<()>>),
    /// Brings the index up to date as soon as possible; answers when it is.
    Checkpoint(Option<oneshot::Sender<()>>),
    /// Ends the thread; with a last checkpoint, or as soon as possible.
    End {
        checkpoint: bool,
    },
}

/// A write that waits.
pub(crate) trait Write: Send {
    /// Decides what to do. `None` when the answer is an error.
    fn plan(&mut self, state: &State, now: Timestamp) -> Option<Vec<Change>>;
    /// Overrules the plan with an error.
    fn fail(&mut self, error: Error);
    /// Answers, once the group's outcome is known.
    fn answer(self: Box<Self>, outcome: &Result<()>);
}

/// A write by a closure.
pub(crate) struct Task<T, F> {
    pub(crate) plan: Option<F>,
    pub(crate) planned: Option<Result<T>>,
    pub(crate) reply: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: FnOnce(&State, Timestamp) -> Planned<T> + Send> Write for Task<T, F> {
    fn plan(&mut self, state: &State, now: Timestamp) -> Option<Vec<Change>> {
        match self.plan.take()?(state, now) {
            Ok((changes, answer)) => {
                self.planned = Some(Ok(answer));
                Some(changes)
            }
            Err(error) => {
                self.planned = Some(Err(error));
                None
            }
        }
    }

    fn fail(&mut self, error: Error) {
        self.planned = Some(Err(error));
    }

    fn answer(self: Box<Self>, outcome: &Result<()>) {
        let answer = match (outcome, self.planned) {
            (Ok(()), Some(planned)) => planned,
            (Err(error), _) => Err(error.clone()),
            (Ok(()), None) => Err(Error::closed("the write was not planned")),
        };
        // Nobody waits any more when the caller was cancelled; the write stands all the same.
        let _ = self.reply.send(answer);
    }
}

/// Has a write planned and made durable by the thread at the other end.
pub(crate) async fn commit<T: Send + 'static, M>(
    thread: &Sender<M>,
    message: impl FnOnce(Box<dyn Write>) -> M,
    plan: impl FnOnce(&State, Timestamp) -> Planned<T> + Send + 'static,
) -> Result<T> {
    let write = |reply| message(Box::new(Task { plan: Some(plan), planned: None, reply }));
    ask(thread, write).await?
}

/// Sends a message and waits for the answer.
pub(crate) async fn ask<T, M>(
    thread: &Sender<M>,
    message: impl FnOnce(oneshot::Sender<T>) -> M,
) -> Result<T> {
    let closed = || Error::closed("it was closed");
    let (reply, answer) = oneshot::channel();
    thread.send(message(reply)).map_err(|_| closed())?;
    answer.await.map_err(|_| closed())
}

/// What the commit thread owns.
pub(super) struct Committer {
    pub(super) shared: Arc<Shared>,
    pub(super) log: Log,
    /// The state after everything planned, durable or not.
    pub(super) state: State,
    pub(super) checkpoints: SyncSender<Batch>,
    /// Changes since the last checkpoint that was handed over.
    pub(super) batch: Batch,
    /// A checkpoint is due after this many changes.
    pub(super) checkpoint_after: usize,
    /// A checkpoint is due now.
    pub(super) hurry: bool,
    /// The longest a group took without the disk.
    pub(super) slowest_step: Duration,
    /// Wakes the compaction thread.
    pub(super) compactor: Sender<()>,
}

impl Committer {
    pub(super) fn run(mut self, messages: &Receiver<Message>) {
        let mut group = Group::default();
        let mut writers: Vec<Box<dyn Write>> = Vec::new();
        let mut changes: Vec<Change> = Vec::new();
        let mut held = None;
        let mut last = None;
        while last.is_none() {
            let Some(first) = held.take().or_else(|| messages.recv().ok()) else { break };
            let mut at_work = Instant::now();
            let outcome = self.log.begin(&mut group);
            let refused = outcome.is_err();
            let mut message = Some(first);
            while let Some(next) = message.take() {
                match next {
                    Message::End { checkpoint } => last = Some(checkpoint),
                    Message::Settled(_) | Message::Rotate(_) | Message::Trim(_)
                        if !writers.is_empty() =>
                    {
                        held = Some(next);
                        break;
                    }
                    Message::Rotate(reply) => {
                        _ = reply.send(self.log.rotate());
                        break;
                    }
                    Message::Trim(reply) => _ = reply.send(self.log.trim()),
                    Message::Checkpoint(waiting) => {
                        self.batch.waiting.extend(waiting);
                        self.hurry = true;
                    }
                    Message::Write(mut write) | Message::Settled(mut write) => {
                        if !refused {
                            self.plan(&mut *write, &mut group, &mut changes);
                        }
                        writers.push(write);
                    }
                }
                let full = group.length() >= GROUP_OCTETS || writers.len() >= GROUP_WRITERS;
                if !full && last.is_none() {
                    message = messages.try_recv().ok();
                }
            }
            let planned = at_work.elapsed();
            let outcome = outcome.and_then(|()| self.log.commit(&group));
            at_work = Instant::now();
            match &outcome {
                Ok(()) => self.publish(&group, &mut changes),
                Err(_) => self.undo(&changes),
            }
            changes.clear();
            writers.drain(..).for_each(|write| write.answer(&outcome));
            self.checkpoint_if_due();
            self.slowest_step = self.slowest_step.max(planned + at_work.elapsed());
        }
        // What stays is cut when the store is opened next.
        let _ = self.log.trim();
        if last == Some(true) {
            self.take_position();
            // Fails only when checkpoints were given up; the log has everything.
            let _ = self.checkpoints.send(self.batch);
        }
    }

    fn plan(&mut self, write: &mut dyn Write, group: &mut Group, changes: &mut Vec<Change>) {
        let Some(mut planned) = write.plan(&self.state, Timestamp::now()) else { return };
        if planned.is_empty() {
            return;
        }
        if let Err(error) = group.add(&mut planned, self.shared.segments.key()) {
            write.fail(error);
            return;
        }
        planned.iter().for_each(|change| self.state.apply(change));
        changes.append(&mut planned);
    }

    fn publish(&mut self, group: &Group, changes: &mut Vec<Change>) {
        group.files.iter().for_each(|file| file.keep());
        let mut gone = Vec::new();
        {
            let mut index = self.shared.index.write().unwrap_or_else(PoisonError::into_inner);
            changes.iter().for_each(|change| index.objects.apply(change, &mut gone));
            index.state.follow(&self.state, changes);
            index.log_end = self.log.end();
            index.syncs = self.log.syncs;
            index.slowest_sync = self.log.slowest_sync;
            index.slowest_step = self.slowest_step;
            let (octets, needed) = (self.shared.log_octets(&index), index.objects.logged());
            if self.shared.compaction.is_due(octets, needed) {
                // It is gone only when the store could not start it.
                let _ = self.compactor.send(());
            }
        }
        self.shared.hub.tell(changes);
        self.batch.add(changes.drain(..));
        self.batch.gone.append(&mut gone);
    }

    fn undo(&mut self, changes: &[Change]) {
        let index = self.shared.index.read().unwrap_or_else(PoisonError::into_inner);
        self.state.follow(&index.state, changes);
    }

    fn checkpoint_if_due(&mut self) {
        let octets = self.log.end() - self.batch.from;
        if !self.hurry && octets < CHECKPOINT_OCTETS && self.batch.count < self.checkpoint_after {
            return;
        }
        self.take_position();
        let end = self.batch.end;
        let batch = core::mem::replace(&mut self.batch, Batch::starting_at(end));
        match self.checkpoints.try_send(batch) {
            // Without checkpoints the next opening replays more of the log, that is all.
            Ok(()) | Err(TrySendError::Disconnected(_)) => self.hurry = false,
            Err(TrySendError::Full(batch)) => self.batch = batch,
        }
    }

    fn take_position(&mut self) {
        // Everything planned is published by now.
        let mut index = self.shared.index.write().unwrap_or_else(PoisonError::into_inner);
        self.batch.end_at(self.log.end(), &self.state, &mut index.objects);
    }
}
