//! The checkpoint thread: follows the log and brings the index up to date in large steps.

use std::path::PathBuf;
use std::sync::mpsc::Receiver;

use tokio::sync::oneshot;

use super::index::Index;
use crate::MessageId;
use crate::model::{Change, Counters, Object, Place};
use crate::upload::spool_path;

/// A stretch of the log, as changes.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) from: u64,
    pub(super) end: u64,
    pub(super) changes: Vec<Change>,
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
}

/// Applies batches until there are no more. After a failure the index stays where it is: it is only
/// ever a stretch behind, and the log has the rest.
pub(super) fn run(index: Index, bodies: PathBuf, batches: Receiver<Batch>) {
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
