//! The thread that writes: for all writers of this process that wait, under SQLite's lock, one sync.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, PoisonError};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{Shared, tables};
use crate::embedded::{Group, Log, Write, scan};
use crate::model::{Change, State};
use crate::upload::spool_path;
use crate::{Result, Timestamp};

/// A group is closed when it has this many octets or writers.
const GROUP_OCTETS: usize = 16 * 1024 * 1024;
const GROUP_WRITERS: usize = 4096;

/// What is sent to the thread.
pub(super) enum Message {
    Write(Box<dyn Write>),
    /// A write that is planned when everything before it is published.
    Settled(Box<dyn Write>),
    /// Begins a new segment; answers where.
    Rotate(oneshot::Sender<Result<u64>>),
    End,
}

pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) log: Log,
    /// The state after everything planned.
    pub(super) state: State,
    /// The log position it knows everything up to.
    pub(super) position: u64,
}

impl Writer {
    pub(super) fn run(mut self, mut database: Connection, messages: &Receiver<Message>) {
        let mut writers: Vec<Box<dyn Write>> = Vec::new();
        let mut goes_on = true;
        while goes_on {
            let mut message = messages.recv().ok();
            goes_on = message.is_some();
            let (mut group, mut settled) = (Group::default(), None);
            while let Some(next) = message.take() {
                match next {
                    Message::Write(write) => writers.push(write),
                    Message::Settled(write) => {
                        settled = Some(write);
                        break;
                    }
                    Message::Rotate(reply) => _ = reply.send(self.rotate(&mut database)),
                    Message::End => goes_on = false,
                }
                if writers.len() < GROUP_WRITERS && goes_on {
                    message = messages.try_recv().ok();
                }
            }
            while !writers.is_empty() {
                writers = self.group(&mut database, writers, &mut group);
            }
            if let Some(write) = settled {
                self.group(&mut database, vec![write], &mut group);
            }
        }
    }

    /// Takes in what the log has, as a crash may have left it.
    pub(super) fn recover(&mut self, database: &mut Connection) -> Result<()> {
        let step = tables::begin(database)?;
        self.catch_up(&step)?;
        step.commit().map_err(tables::failed)
    }

    fn rotate(&mut self, database: &mut Connection) -> Result<u64> {
        let step = tables::begin(database)?;
        self.catch_up(&step)?;
        let start = self.log.rotate()?;
        step.commit().map_err(tables::failed)?;
        Ok(start)
    }

    /// Writes as many as fit in a group and answers them; gives those that are left.
    fn group(
        &mut self,
        database: &mut Connection,
        mut writers: Vec<Box<dyn Write>>,
        group: &mut Group,
    ) -> Vec<Box<dyn Write>> {
        let (mut planned, mut done) = (Vec::new(), 0);
        let outcome = match self.shared.turn.lock() {
            Ok(()) => self.under_lock(database, &mut writers, group, &mut planned, &mut done),
            Err(error) => Err(error.into()),
        };
        // The next may be refused; closing the file gives it back at the latest.
        let _ = self.shared.turn.unlock();
        if outcome.is_err() {
            let index = self.shared.index.read().unwrap_or_else(PoisonError::into_inner);
            self.state.follow(&index.state, &planned);
            // Before any was planned nothing else can be done for them either.
            done = writers.len();
        }
        let left = writers.split_off(done);
        writers.into_iter().for_each(|write| write.answer(&outcome));
        left
    }

    fn under_lock(
        &mut self,
        database: &mut Connection,
        writers: &mut [Box<dyn Write>],
        group: &mut Group,
        planned: &mut Vec<Change>,
        done: &mut usize,
    ) -> Result<()> {
        let step = tables::begin(database)?;
        self.catch_up(&step)?;
        self.log.begin(group)?;
        let start = self.log.end();
        for write in writers {
            *done += 1;
            let Some(mut changes) = write.plan(&self.state, Timestamp::now()) else { continue };
            if !changes.is_empty() {
                if let Err(error) = group.add(&mut changes, self.shared.segments.key()) {
                    write.fail(error);
                    continue;
                }
                changes.iter().for_each(|change| self.state.apply(change));
                planned.append(&mut changes);
            }
            if group.length() >= GROUP_OCTETS {
                break;
            }
        }
        if planned.is_empty() {
            // With what was caught up with.
            return step.commit().map_err(tables::failed);
        }
        self.log.commit(group)?;
        let written = tables::follow(&step, planned)
            .and_then(|gone| self.forget(&step, planned).map(|()| gone))
            .and_then(|gone| tables::set_position(&step, self.log.end()).map(|()| gone))
            .and_then(|gone| step.commit().map(|()| gone));
        let gone = match written {
            Ok(gone) => gone,
            Err(error) => {
                // Nobody was told of it: it must not come back.
                self.log.take_back(start)?;
                return Err(tables::failed(error));
            }
        };
        group.files.iter().for_each(|file| file.keep());
        self.position = self.log.end();
        self.shared.publish(start, self.position, planned);
        self.shared.compact_if_due();
        for number in gone {
            // One that stays is swept away when the store is opened next.
            let _ = std::fs::remove_file(spool_path(&self.shared.bodies, number));
        }
        Ok(())
    }

    /// The tables remember no more removals than the state.
    fn forget(&self, step: &rusqlite::Transaction<'_>, changes: &[Change]) -> rusqlite::Result<()> {
        for change in changes {
            if let Change::Expunged { mailbox, .. } = change
                && let Some(found) = self.state.mailboxes.get(mailbox)
            {
                tables::forget(step, *mailbox, found.rows.forgotten())?;
            }
        }
        Ok(())
    }

    /// Takes in what the log has beyond what is known here: what other processes committed, and what a
    /// crash kept from the tables. What is torn behind it is cut.
    fn catch_up(&mut self, step: &rusqlite::Transaction<'_>) -> Result<()> {
        self.shared.segments.refresh()?;
        let committed = tables::position(step)?;
        let length = self.shared.segments.end()?;
        if self.position == committed && length == committed {
            return self.log.seek(committed);
        }
        let mut frames = Vec::new();
        let from = self.position.min(committed);
        let found = scan(&self.shared.segments, from, false, |at, end, changes| {
            frames.push((at, end, changes.to_vec()));
        })?;
        for (_, _, changes) in frames.iter().filter(|(at, ..)| *at >= committed) {
            tables::follow(step, changes).map_err(tables::failed)?;
        }
        if found.end > committed || length > found.end {
            // After a kill it may be in the page cache alone.
            self.log.take_back(found.end)?;
            tables::set_position(step, found.end).map_err(tables::failed)?;
        }
        self.log.seek(found.end)?;
        for (at, end, changes) in frames {
            if at >= self.position {
                changes.iter().for_each(|change| self.state.apply(change));
            }
            self.shared.publish(at, end, &changes);
        }
        self.position = found.end;
        Ok(())
    }
}
