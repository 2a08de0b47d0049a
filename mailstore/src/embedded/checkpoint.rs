//! The checkpoint thread: follows the log and brings the index up to date in large steps.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use tokio::sync::oneshot;

use super::index::Index;
use crate::model::{Change, Counters, MailboxState, Object, ObjectBlock, Objects, Place, State};
use crate::upload::spool_path;
use crate::{MailboxId, MessageId};

/// A stretch of the log: small things as changes, mailboxes and messages as they stand at its end.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) from: u64,
    pub(super) end: u64,
    /// How many changes it has.
    pub(super) count: usize,
    /// Those that the rest does not tell.
    pub(super) changes: Vec<Change>,
    touched: HashSet<MailboxId>,
    /// Mailboxes that changed and are still there.
    pub(super) mailboxes: HashMap<MailboxId, Arc<MailboxState>>,
    /// Blocks of messages that changed; without one that is empty.
    pub(super) objects: HashMap<u64, Option<Arc<ObjectBlock>>>,
    /// How many messages there are at its end, their octets, and those of the log they need.
    pub(super) totals: (usize, u64, u64),
    /// Messages nobody needs any more after it.
    pub(super) gone: Vec<(MessageId, Object)>,
    pub(super) last: Counters,
    /// Who waits for it.
    pub(super) waiting: Vec<oneshot::Sender<()>>,
}

impl Batch {
    pub(super) fn starting_at(from: u64) -> Batch {
        Batch { from, end: from, ..Batch::default() }
    }

    /// Takes in changes.
    pub(super) fn add(&mut self, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            self.count += 1;
            match &change {
                Change::Object { .. } | Change::Moved { .. } => continue,
                Change::Rows { mailbox, .. }
                | Change::Restored { mailbox, .. }
                | Change::Flagged { mailbox, .. } => {
                    self.touched.insert(*mailbox);
                    continue;
                }
                Change::Mailbox { id: mailbox, .. }
                | Change::Expunged { mailbox, .. }
                | Change::Stands { mailbox, .. }
                | Change::Own { mailbox, .. } => _ = self.touched.insert(*mailbox),
                _ => {}
            }
            self.changes.push(change);
        }
    }

    /// Notes how things stand at its end.
    pub(super) fn end_at(&mut self, end: u64, state: &State, objects: &mut Objects) {
        self.end = end;
        self.last = state.last;
        for id in self.touched.drain() {
            match state.mailboxes.get(&id) {
                Some(mailbox) => _ = self.mailboxes.insert(id, mailbox.clone()),
                None => _ = self.mailboxes.remove(&id),
            }
        }
        self.mailboxes.retain(|id, _| state.mailboxes.contains_key(id));
        self.objects.extend(objects.take_touched());
        self.totals = (objects.len(), objects.octets(), objects.logged());
    }
}

/// Applies batches until there are no more. After a failure the index stays where it is: it is only
/// ever a stretch behind, and the log has the rest.
pub(super) fn run(mut index: Index, bodies: PathBuf, batches: Receiver<Batch>) {
    for mut batch in batches {
        if index.checkpoint(&batch).is_err() {
            return;
        }
        batch.waiting.drain(..).for_each(|waiting| _ = waiting.send(()));
        for (_, object) in &batch.gone {
            if let Place::File(number) = object.body {
                // One that stays is swept away when the store is opened next.
                let _ = std::fs::remove_file(spool_path(&bodies, number));
            }
        }
    }
}
