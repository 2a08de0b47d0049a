//! Hearing of changes without asking again and again.

use core::future::Future;

use tokio::sync::watch;

use crate::{Error, MailboxId, ModSeq, Result, Row, Uid};

/// What happened in a mailbox, told and asked.
pub trait Changes {
    /// Watches a mailbox from its present state on.
    ///
    /// # Errors
    /// [`NotFound`](Error::NotFound).
    fn watch(&self, mailbox: MailboxId) -> impl Future<Output = Result<Watcher>> + Send;

    /// What came, changed and went after this point of the mailbox's history.
    ///
    /// # Errors
    /// [`NotFound`](Error::NotFound).
    fn changes_since(
        &self,
        mailbox: MailboxId,
        modseq: ModSeq,
    ) -> impl Future<Output = Result<ChangeSet>> + Send;
}

/// The difference between two points of a mailbox's history.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangeSet {
    /// Messages that came or whose flags changed, as they are now, ascending by UID.
    pub rows: Vec<Row>,
    /// Messages removed since, ascending. When old removals are forgotten it is every UID below UIDNEXT
    /// that holds no message (RFC 7162 §3.2.10.1): more, never fewer.
    pub expunged: Vec<Uid>,
    /// True when removals so long ago are forgotten.
    pub forgotten: bool,
    /// The later point.
    pub highest_modseq: ModSeq,
}

impl ChangeSet {
    /// For backends.
    #[must_use]
    pub const fn new(rows: Vec<Row>, expunged: Vec<Uid>, highest_modseq: ModSeq) -> ChangeSet {
        ChangeSet { rows, expunged, forgotten: false, highest_modseq }
    }

    /// Says whether removals so long ago are forgotten; for backends.
    #[must_use]
    pub const fn forgotten(mut self, forgotten: bool) -> ChangeSet {
        self.forgotten = forgotten;
        self
    }
}

/// Waits for changes of one mailbox. Any number of changes between two calls are told as one; a
/// watcher that is not asked costs its writer nothing.
#[derive(Clone, Debug)]
pub struct Watcher(watch::Receiver<Moment>);

/// What a [`Watcher`] saw.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {
    /// The mailbox stands at this point now: take a snapshot or ask for the changes since the last.
    Changed(ModSeq),
    /// The mailbox was deleted. Nothing more will come.
    Deleted,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Moment {
    modseq: ModSeq,
    deleted: bool,
}

impl Watcher {
    /// Waits until the mailbox has changed since the last call (or since the watcher was made).
    /// Cancel safe: a dropped future loses nothing. Once deleted, it answers at once every time.
    ///
    /// # Errors
    /// [`Closed`](Error::Closed) when the store is gone.
    pub async fn changed(&mut self) -> Result<Seen> {
        if self.0.borrow().deleted {
            return Ok(Seen::Deleted);
        }
        if self.0.changed().await.is_err() {
            return Err(Error::closed("its last handle was dropped"));
        }
        Ok(self.seen())
    }

    /// As [`changed`](Watcher::changed) without waiting: `None` when nothing has changed.
    pub fn try_changed(&mut self) -> Option<Seen> {
        let news = self.0.has_changed().unwrap_or(false) || self.0.borrow().deleted;
        news.then(|| self.seen())
    }

    /// Where the mailbox stands, whether or not that was told already.
    #[must_use]
    pub fn modseq(&self) -> ModSeq {
        self.0.borrow().modseq
    }

    fn seen(&mut self) -> Seen {
        let moment = *self.0.borrow_and_update();
        if moment.deleted { Seen::Deleted } else { Seen::Changed(moment.modseq) }
    }
}

/// The other end of [`Watcher`]s, for backends.
#[derive(Debug)]
pub struct Notifier(watch::Sender<Moment>);

impl Notifier {
    /// For a mailbox that stands at this point.
    #[must_use]
    pub fn new(modseq: ModSeq) -> Notifier {
        Notifier(watch::Sender::new(Moment { modseq, deleted: false }))
    }

    /// One more watcher.
    #[must_use]
    pub fn watcher(&self) -> Watcher {
        Watcher(self.0.subscribe())
    }

    /// Tells all watchers that the mailbox stands at this point; never waits. A point that is not
    /// later than the last is not news.
    pub fn changed(&self, modseq: ModSeq) {
        self.0.send_if_modified(|moment| {
            let news = modseq > moment.modseq;
            if news {
                moment.modseq = modseq;
            }
            news
        });
    }

    /// Tells all watchers that the mailbox was deleted.
    pub fn deleted(&self) {
        self.0.send_modify(|moment| moment.deleted = true);
    }

    /// True when there is nobody to tell.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.0.receiver_count() == 0
    }
}
