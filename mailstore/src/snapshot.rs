//! A mailbox at one moment.

use core::fmt;
use std::sync::Arc;

use crate::rows::Rows;
use crate::{Flags, MessageId, ModSeq, Status, Timestamp, Uid, UidValidity};

/// A mailbox as it stood at one moment. Cloning is cheap; later changes do not touch it.
#[derive(Clone)]
pub struct Snapshot(Arc<Rows>);

impl Snapshot {
    /// A snapshot of these rows, for backends. Rows that do not ascend by UID are left out.
    #[must_use]
    pub fn new(
        uid_validity: UidValidity,
        uid_next: Uid,
        highest_modseq: ModSeq,
        rows: impl IntoIterator<Item = Row>,
    ) -> Snapshot {
        let mut all = Rows::new(uid_validity);
        for row in rows {
            all.push(&row);
        }
        all.raise(uid_next, highest_modseq);
        Snapshot(Arc::new(all))
    }

    pub(crate) const fn from_rows(rows: Arc<Rows>) -> Snapshot {
        Snapshot(rows)
    }

    /// How many messages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The generation of the UIDs.
    #[must_use]
    pub fn uid_validity(&self) -> UidValidity {
        self.0.status().uid_validity
    }

    /// At least the UID the next message gets.
    #[must_use]
    pub fn uid_next(&self) -> Uid {
        self.0.status().uid_next
    }

    /// The point in the mailbox's history this snapshot shows.
    #[must_use]
    pub fn highest_modseq(&self) -> ModSeq {
        self.0.status().highest_modseq
    }

    /// The snapshot in numbers.
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.status()
    }

    /// The message with this UID: O(log n).
    #[must_use]
    pub fn find(&self, uid: Uid) -> Option<Row> {
        self.0.find(uid)
    }

    /// The messages, ascending by UID.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = Row> {
        self.0.iter()
    }

    /// The UIDs alone, ascending.
    pub fn uids(&self) -> impl DoubleEndedIterator<Item = Uid> {
        self.0.uids()
    }

    /// The messages that came or changed after this point, ascending by UID; the rest is skipped in
    /// blocks.
    pub fn changed_since(&self, modseq: ModSeq) -> impl Iterator<Item = Row> {
        self.0.changed_since(modseq)
    }

    /// The octets its rows take in memory, shared with other snapshots as far as they are the same.
    #[must_use]
    pub fn heap_octets(&self) -> usize {
        self.0.octets()
    }

    /// Every keyword a message of the mailbox has or had, each once.
    #[must_use]
    pub fn keywords(&self) -> Flags {
        self.0.keywords()
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Snapshot").field(&self.status()).finish()
    }
}

/// A message in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// Its number in this mailbox.
    pub uid: Uid,
    /// The message itself: key to its body and facts.
    pub message: MessageId,
    /// Its flags here.
    pub flags: Flags,
    /// When it last changed here.
    pub modseq: ModSeq,
    /// Its octets.
    pub size: u64,
    /// When it was received, as its reader shall see it.
    pub internal_date: Timestamp,
    /// When it came into this mailbox (RFC 8514), by the store's clock.
    pub save_date: Timestamp,
}

impl Row {
    /// A row without flags, dated 1970; for backends.
    #[must_use]
    pub fn new(uid: Uid, message: MessageId, size: u64, modseq: ModSeq) -> Row {
        let epoch = Timestamp::default();
        let flags = Flags::NONE;
        Row { uid, message, flags, modseq, size, internal_date: epoch, save_date: epoch }
    }
}
