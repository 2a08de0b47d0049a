//! Mail at rest: storage traits and backends.
#![forbid(unsafe_code)]

mod accounts;
mod body;
mod changes;
#[cfg(feature = "contract")]
pub mod contract;
mod disk;
#[cfg(feature = "embedded")]
pub mod embedded;
mod error;
mod faults;
mod flags;
mod ids;
mod mailboxes;
mod maildrop;
#[cfg(feature = "memory")]
mod memory;
mod messages;
#[cfg(any(feature = "memory", feature = "embedded"))]
mod model;
mod queue;
mod rows;
mod snapshot;
mod upload;

pub use accounts::{Account, Accounts, Credential};
pub use body::{Body, BodyReader, ReadAt};
pub use changes::{ChangeSet, Changes, Notifier, Seen, Watcher};
#[cfg(feature = "embedded")]
pub use embedded::EmbeddedStore;
pub use error::{Error, Result};
pub use faults::Faults;
pub use flags::{FlagChange, Flags};
pub use ids::{AccountId, EnvelopeId, MailboxId, MessageId, ModSeq, Timestamp, Uid, UidValidity};
pub use mailboxes::{MAX_NAME, Mailbox, Mailboxes, NewMailbox, SpecialUse, Status, mailbox_name};
pub use maildrop::{MaildropLock, MaildropLocks};
#[cfg(feature = "memory")]
pub use memory::MemoryStore;
pub use messages::{
    Appended, Copied, Delivered, Delivery, Expunge, Expunged, FlagsStored, Messages, NewMessage,
    Place, Target, Updated,
};
pub use queue::{
    AttemptResult, Completed, Envelope, Lease, LeaseToken, NewEnvelope, NewRecipient, Outcome,
    Queue, QueueNotifier, QueueWatcher, Recipient, RecipientState,
};
pub use snapshot::{Row, Snapshot};
pub use upload::{Spool, Staged, Upload};

/// Everything a mail host needs of a store, in a handle that is cheap to clone. Implemented by whatever
/// implements the parts.
pub trait Store:
    Accounts + Mailboxes + Messages + Changes + Queue + Clone + Send + Sync + 'static
{
}

impl<T> Store for T where
    T: Accounts + Mailboxes + Messages + Changes + Queue + Clone + Send + Sync + 'static
{
}
