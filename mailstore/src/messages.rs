//! Messages in mailboxes: arrival, flags, copies, removal.

use core::future::Future;

use bytes::Bytes;

use crate::{
    AccountId, Body, EnvelopeId, FlagChange, Flags, MailboxId, MaildropLock, MessageId, ModSeq,
    NewEnvelope, Result, Snapshot, Staged, ThreadId, Timestamp, Uid, UidValidity, Upload,
};

/// Messages. Lists of UIDs are taken in any order, doubles and UIDs that are not (any longer) there are
/// passed over.
pub trait Messages {
    /// Starts to take in a message's octets. Nothing is stored until the result is handed to
    /// [`append`](Messages::append) or [`deliver`](Messages::deliver).
    fn upload(&self) -> Upload;

    /// Adds messages to a mailbox, all or none, in this order. When it returns they are durable.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound), [`Full`](crate::Error::Full),
    /// [`OverQuota`](crate::Error::OverQuota).
    fn append(
        &self,
        mailbox: MailboxId,
        messages: Vec<NewMessage>,
    ) -> impl Future<Output = Result<Appended>> + Send;

    /// Puts one message into any number of mailboxes and, if asked, into the outbound queue, in one
    /// durable step: all or nothing. The body is stored once.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) when one of the mailboxes is gone,
    /// [`Invalid`](crate::Error::Invalid) when there is no destination at all,
    /// [`Full`](crate::Error::Full), [`OverQuota`](crate::Error::OverQuota).
    fn deliver(&self, delivery: Delivery) -> impl Future<Output = Result<Delivered>> + Send;

    /// The mailbox as it stands: cheap, immutable, shared. Its rows are read one after the other, as
    /// many as the caller wants, whatever is written meanwhile.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    fn snapshot(&self, mailbox: MailboxId) -> impl Future<Output = Result<Snapshot>> + Send;

    /// The facts the messages were stored with, in the order asked; `None` for one that is gone.
    ///
    /// # Errors
    /// [`Corrupt`](crate::Error::Corrupt), [`Io`](crate::Error::Io).
    fn facts(
        &self,
        messages: &[MessageId],
    ) -> impl Future<Output = Result<Vec<Option<Bytes>>>> + Send;

    /// The threads the messages were stored with, in the order asked; `None` for one that has none or
    /// is gone.
    ///
    /// # Errors
    /// Only what the backend may meet.
    fn threads(
        &self,
        messages: &[MessageId],
    ) -> impl Future<Output = Result<Vec<Option<ThreadId>>>> + Send;

    /// The body of a message. It can be read to its end even when the message is removed meanwhile.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound), [`Corrupt`](crate::Error::Corrupt).
    fn body(&self, message: MessageId) -> impl Future<Output = Result<Body>> + Send;

    /// Changes the flags of messages in one step. With `unchanged_since`, messages whose modseq is
    /// higher are left alone and listed as conflicts (RFC 7162 §3.1.3). A message whose flags stay as
    /// they were keeps its modseq.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    fn store_flags(
        &self,
        mailbox: MailboxId,
        uids: &[Uid],
        change: FlagChange,
        unchanged_since: Option<ModSeq>,
    ) -> impl Future<Output = Result<FlagsStored>> + Send;

    /// Copies messages with their flags and dates, all or none; the bodies are shared. The copies
    /// take UIDs in ascending order of the originals'.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound), [`OverQuota`](crate::Error::OverQuota).
    fn copy(
        &self,
        mailbox: MailboxId,
        uids: &[Uid],
        to: MailboxId,
    ) -> impl Future<Output = Result<Copied>> + Send;

    /// As [`copy`](Messages::copy), and removes the originals in the same step: at no time is a
    /// message in both mailboxes or in none. Moving within one mailbox gives new UIDs.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound), [`OverQuota`](crate::Error::OverQuota).
    fn move_to(
        &self,
        mailbox: MailboxId,
        uids: &[Uid],
        to: MailboxId,
    ) -> impl Future<Output = Result<Copied>> + Send;

    /// Removes messages, in one step.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    fn expunge(
        &self,
        mailbox: MailboxId,
        which: Expunge,
    ) -> impl Future<Output = Result<Expunged>> + Send;

    /// Takes the account's maildrop for one reader (RFC 1939 §4). Held until dropped; deliveries and
    /// other readers of the mailboxes go on.
    ///
    /// # Errors
    /// [`Locked`](crate::Error::Locked) while another holds it;
    /// [`NotFound`](crate::Error::NotFound).
    fn lock_maildrop(
        &self,
        account: AccountId,
    ) -> impl Future<Output = Result<MaildropLock>> + Send;

    /// Waits until every write begun before is durable or has failed, also those whose callers wait no
    /// longer. A write that was answered needs no barrier: it is durable.
    ///
    /// # Errors
    /// [`Closed`](crate::Error::Closed), [`Io`](crate::Error::Io).
    fn barrier(&self) -> impl Future<Output = Result<()>> + Send;
}

/// A message to append.
#[derive(Debug)]
#[non_exhaustive]
pub struct NewMessage {
    /// Its octets.
    pub body: Staged,
    /// Its first flags.
    pub flags: Flags,
    /// When it was received, as its reader shall see it.
    pub internal_date: Timestamp,
    /// Whatever the host wants to find again without opening the body.
    pub facts: Bytes,
    /// The conversation it belongs to.
    pub thread: Option<ThreadId>,
}

impl NewMessage {
    /// A message without flags and facts that was received now.
    #[must_use]
    pub fn new(body: Staged) -> NewMessage {
        let (flags, facts) = (Flags::NONE, Bytes::new());
        NewMessage { body, flags, internal_date: Timestamp::now(), facts, thread: None }
    }

    /// With these flags.
    #[must_use]
    pub fn flags(mut self, flags: Flags) -> NewMessage {
        self.flags = flags;
        self
    }

    /// With this date of arrival.
    #[must_use]
    pub fn internal_date(mut self, date: Timestamp) -> NewMessage {
        self.internal_date = date;
        self
    }

    /// With these facts.
    #[must_use]
    pub fn facts(mut self, facts: impl Into<Bytes>) -> NewMessage {
        self.facts = facts.into();
        self
    }

    /// In this conversation.
    #[must_use]
    pub fn thread(mut self, thread: ThreadId) -> NewMessage {
        self.thread = Some(thread);
        self
    }
}

/// Where appended messages are now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Appended {
    /// The generation of the UIDs.
    pub uid_validity: UidValidity,
    /// The UIDs, ascending, in the order of the messages.
    pub uids: Vec<Uid>,
    /// The messages, in the same order.
    pub messages: Vec<MessageId>,
    /// The step of the mailbox's history that added them.
    pub modseq: ModSeq,
}

impl Appended {
    /// For backends.
    #[must_use]
    pub const fn new(
        uid_validity: UidValidity,
        uids: Vec<Uid>,
        messages: Vec<MessageId>,
        modseq: ModSeq,
    ) -> Appended {
        Appended { uid_validity, uids, messages, modseq }
    }
}

/// One message on its way to mailboxes and the queue.
#[derive(Debug)]
#[non_exhaustive]
pub struct Delivery {
    /// Its octets.
    pub body: Staged,
    /// Whatever the host wants to find again without opening the body.
    pub facts: Bytes,
    /// The conversation it belongs to.
    pub thread: Option<ThreadId>,
    /// The mailboxes it goes to. One named twice gets it twice.
    pub targets: Vec<Target>,
    /// The envelopes it gets in the outbound queue.
    pub envelopes: Vec<NewEnvelope>,
}

impl Delivery {
    /// A delivery without facts and destinations.
    #[must_use]
    pub fn new(body: Staged) -> Delivery {
        let (targets, envelopes) = (Vec::new(), Vec::new());
        Delivery { body, facts: Bytes::new(), thread: None, targets, envelopes }
    }

    /// With these facts.
    #[must_use]
    pub fn facts(mut self, facts: impl Into<Bytes>) -> Delivery {
        self.facts = facts.into();
        self
    }

    /// In this conversation.
    #[must_use]
    pub fn thread(mut self, thread: ThreadId) -> Delivery {
        self.thread = Some(thread);
        self
    }

    /// To this mailbox too.
    #[must_use]
    pub fn to(mut self, target: Target) -> Delivery {
        self.targets.push(target);
        self
    }

    /// With this envelope in the queue too.
    #[must_use]
    pub fn queued(mut self, envelope: NewEnvelope) -> Delivery {
        self.envelopes.push(envelope);
        self
    }
}

/// A mailbox a message is delivered to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Target {
    /// The mailbox.
    pub mailbox: MailboxId,
    /// The message's first flags there.
    pub flags: Flags,
    /// Its date of arrival there.
    pub internal_date: Timestamp,
}

impl Target {
    /// This mailbox, no flags, received now.
    #[must_use]
    pub fn new(mailbox: MailboxId) -> Target {
        Target { mailbox, flags: Flags::NONE, internal_date: Timestamp::now() }
    }

    /// With these flags.
    #[must_use]
    pub fn flags(mut self, flags: Flags) -> Target {
        self.flags = flags;
        self
    }

    /// With this date of arrival.
    #[must_use]
    pub fn internal_date(mut self, date: Timestamp) -> Target {
        self.internal_date = date;
        self
    }
}

/// Where a delivered message is now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivered {
    /// The message.
    pub message: MessageId,
    /// Its places, in the order of the targets.
    pub places: Vec<Place>,
    /// Its envelopes, in the order given.
    pub envelopes: Vec<EnvelopeId>,
}

impl Delivered {
    /// For backends.
    #[must_use]
    pub const fn new(
        message: MessageId,
        places: Vec<Place>,
        envelopes: Vec<EnvelopeId>,
    ) -> Delivered {
        Delivered { message, places, envelopes }
    }
}

/// A message's place in a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The mailbox.
    pub mailbox: MailboxId,
    /// The generation of the UID.
    pub uid_validity: UidValidity,
    /// The message's UID there.
    pub uid: Uid,
}

impl Place {
    /// For backends.
    #[must_use]
    pub const fn new(mailbox: MailboxId, uid_validity: UidValidity, uid: Uid) -> Place {
        Place { mailbox, uid_validity, uid }
    }
}

/// What a change of flags did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlagsStored {
    /// Messages that have the flags asked for now, ascending.
    pub updated: Vec<Updated>,
    /// Messages left alone since they changed after `unchanged_since`, ascending.
    pub conflicts: Vec<Uid>,
    /// UIDs without a message, ascending.
    pub missing: Vec<Uid>,
    /// Where the mailbox stands after the step.
    pub highest_modseq: ModSeq,
}

impl FlagsStored {
    /// Nothing done; for backends.
    #[must_use]
    pub fn new(highest_modseq: ModSeq) -> FlagsStored {
        let (updated, conflicts, missing) = (Vec::new(), Vec::new(), Vec::new());
        FlagsStored { updated, conflicts, missing, highest_modseq }
    }
}

/// A message's flags after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Updated {
    /// The message.
    pub uid: Uid,
    /// All its flags now.
    pub flags: Flags,
    /// Its modseq now.
    pub modseq: ModSeq,
    /// False when the flags were these already.
    pub changed: bool,
}

impl Updated {
    /// For backends.
    #[must_use]
    pub const fn new(uid: Uid, flags: Flags, modseq: ModSeq, changed: bool) -> Updated {
        Updated { uid, flags, modseq, changed }
    }
}

/// Where copies are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// The generation of the new UIDs.
    pub uid_validity: UidValidity,
    /// Old and new UID of each message, ascending.
    pub uids: Vec<(Uid, Uid)>,
}

impl Copied {
    /// For backends.
    #[must_use]
    pub const fn new(uid_validity: UidValidity, uids: Vec<(Uid, Uid)>) -> Copied {
        Copied { uid_validity, uids }
    }
}

/// Which messages to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expunge {
    /// Every message with [`DELETED`](Flags::DELETED).
    Deleted,
    /// Those of these with [`DELETED`](Flags::DELETED).
    DeletedAmong(Vec<Uid>),
    /// These, whatever their flags.
    Exactly(Vec<Uid>),
}

/// What was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expunged {
    /// The UIDs, ascending.
    pub uids: Vec<Uid>,
    /// Where the mailbox stands after the step.
    pub highest_modseq: ModSeq,
}

impl Expunged {
    /// For backends.
    #[must_use]
    pub const fn new(uids: Vec<Uid>, highest_modseq: ModSeq) -> Expunged {
        Expunged { uids, highest_modseq }
    }
}
