//! Mail at rest: what a mail host needs of a store, as small traits, and backends that keep it.
//!
//! [`Accounts`] (who has mail here), [`Mailboxes`] (names, subscriptions, UIDVALIDITY), [`Messages`]
//! (arrival, flags, copies, removal, bodies), [`Changes`] (what happened since, told and asked),
//! [`Metadata`], [`Sharing`], [`Readers`] and [`Quotas`] (what a host keeps beside them, who else may look, what
//! they have marked for themselves, and how much there may be) and [`Queue`] (messages that must leave). Whatever implements them is a [`Store`]. No protocol word is
//! spoken here: any protocol, or none, can be put on top.
//!
//! ```
//! use mailstore::{
//!     Accounts, Delivery, MemoryStore, Mailboxes, Messages, NewEnvelope, NewRecipient, Target,
//! };
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let store = MemoryStore::new(); // or EmbeddedStore::open("mail-data").await?
//! let bob = store.create_account("bob@example.test", &[]).await?;
//! let inbox = store.mailbox(bob.id, "INBOX").await?;
//!
//! let mut upload = store.upload(); // octets come in as the network brings them
//! upload.write(b"Subject: lunch\r\n\r\n").await?;
//! upload.write(b"At noon?\r\n").await?;
//! let staged = upload.finish().await?;
//!
//! // One durable step: into bob's INBOX and into the queue for carol, the body stored once.
//! let to_carol = NewEnvelope::new("alice@example.test", vec![NewRecipient::new("carol@b.test")]);
//! let delivery = Delivery::new(staged).to(Target::new(inbox.id)).queued(to_carol);
//! let delivered = store.deliver(delivery).await?;
//!
//! let snapshot = store.snapshot(inbox.id).await?;
//! assert!(snapshot.rows().all(|row| row.message == delivered.message));
//! let body = store.body(delivered.message).await?;
//! assert!(body.bytes().await?.ends_with(b"noon?\r\n"));
//! # Ok::<(), mailstore::Error>(()) }).unwrap();
//! ```
//!
//! # The promises
//!
//! Every backend keeps these. The suite in `contract` (feature `contract`) checks them on any backend; the
//! names in parentheses are its modules.
//!
//! 1. **Durable.** A write that was answered survives the end of the process and of the power; one that
//!    failed left the store as it was (`reopening`; the embedded backend's own tests kill it, cut its
//!    power and fill its disk). The memory backend keeps nothing beyond its last handle.
//! 2. **UIDs** ascend in the order of arrival and are never used twice under one UIDVALIDITY; an append of
//!    many is all or nothing (`messages`).
//! 3. **UIDVALIDITY** is never the same for two mailboxes, is kept by renaming and not reused with a name
//!    (`mailboxes`).
//! 4. **A delivery** reaches all its mailboxes and the queue in one step, or none; its body is stored once
//!    and removed with the last thing that needs it (`messages`).
//! 5. **Bodies and facts** come back octet for octet, in any ranges; an opened body can be read to its end
//!    (`bodies`).
//! 6. **Modseq**: what one call changes is one step of the mailbox's history; every changed row carries
//!    that step; a change that changes nothing is no step (`flags`).
//! 7. **Conditional changes** leave alone, and name, whatever changed after the caller looked (`flags`).
//! 8. **Copies** share the message and keep flags and date; a moved message is never in both mailboxes or
//!    in none (`copies`).
//! 9. **Changes since** a snapshot, applied to it, give the snapshot of now (`changes`).
//! 10. **A snapshot** shows one moment for ever; it shows only what is durable (`messages`).
//! 11. **A watcher** hears of every change made after it was made, many as one, and of deletion; it never
//!     holds up a writer; waiting can be dropped and taken up again (`changes`).
//! 12. **Names**: INBOX is there from the beginning in whatever case; levels above are created; renaming
//!     takes along what is below; subscriptions are names of their own (`mailboxes`).
//! 13. **A maildrop** has one holder at a time (`messages`).
//! 14. **The queue** gives an envelope to one worker at a time; a worker whose lease another holds by now
//!     records nothing; outcomes, and messages that come with them, are one step (`queue`).
//! 15. **Accounts** are found whatever the case of their name; a deleted one leaves nothing (`accounts`).
//! 16. **Metadata** are set in one step, have limits, and go with what they belong to (`metadata`).
//! 17. **Rights** are kept as given and go with their mailbox; the mailboxes an identifier is named by are
//!     found (`sharing`).
//! 18. **Quotas**: what an account holds is always known; a step that takes it over a limit is refused as
//!     a whole, and taking away never is (`quotas`).
//!
//! 19. **One order**: whatever clients see at once could have happened to one client at a time (`histories`:
//!     random operations of concurrent clients, explained by the memory backend or refused; a store that
//!     races is the control).
//! 20. **A barrier** is passed once everything begun before is durable or has failed (`messages`).
//! 21. **Own flags** are seen by the reader who set them and nobody else, are steps of the mailbox's history
//!     and go with the message, the mailbox and the reader (`readers`).
//!
//! Promise 1 is checked on disks that lose their power too (`power`), with a control: on a disk that does
//! nothing on sync, messages must be lost, else the check would be blind.
//!
//! # Backends
//!
//! `MemoryStore` (feature `memory`), the model; `EmbeddedStore` (`embedded`), the one to use; `SqliteStore`
//! (`sqlite`), for several processes and for SQL; `MaildirStore` (`maildir`), trees that Dovecot and mutt share. `JournalStore` (`journal`) makes a store of whatever keeps entries and
//! bodies: module `journal` has a backend of one's own, whole, in 130 lines. A host that chooses when it
//! runs takes [`DynStore`].
//!
//! # Cost
//!
//! A snapshot is a few pointers. Rows lie in shared blocks of 256; a change copies the blocks it touches.
//! Uploads are in memory up to 1 MiB and in a file beyond it. No lock is held across an await.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(feature = "embedded"),
    allow(dead_code, reason = "backends share parts of which not every one uses all")
)]

mod accounts;
mod block;
mod body;
mod changes;
mod columns;
#[cfg(feature = "contract")]
pub mod contract;
mod disk;
#[cfg(feature = "embedded")]
pub mod embedded;
mod erased;
mod error;
mod faults;
mod flags;
mod ids;
#[cfg(feature = "journal")]
pub mod journal;
mod mailboxes;
#[cfg(feature = "maildir")]
pub mod maildir;
mod maildrop;
#[cfg(feature = "memory")]
mod memory;
mod messages;
mod metadata;
#[cfg(any(feature = "memory", feature = "embedded", feature = "journal"))]
mod model;
mod parts;
mod queue;
mod quotas;
mod readers;
mod rows;
mod sharing;
mod snapshot;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod upload;

pub use accounts::{Account, Accounts, Credential};
pub use body::{Body, BodyReader, ReadAt};
pub use changes::{ChangeSet, Changes, Notifier, Seen, Watcher};
#[cfg(feature = "embedded")]
pub use embedded::EmbeddedStore;
pub use erased::DynStore;
pub use error::{Error, Result};
pub use faults::Faults;
pub use flags::{FlagChange, Flags};
pub use ids::{
    AccountId, EnvelopeId, MailboxId, MessageId, ModSeq, ThreadId, Timestamp, Uid, UidValidity,
};
#[cfg(feature = "journal")]
pub use journal::{Journal, JournalStore};
pub use mailboxes::{MAX_NAME, Mailbox, Mailboxes, NewMailbox, SpecialUse, Status, mailbox_name};
#[cfg(feature = "maildir")]
pub use maildir::MaildirStore;
pub use maildrop::{MaildropLock, MaildropLocks};
#[cfg(feature = "memory")]
pub use memory::MemoryStore;
pub use messages::{
    Appended, Copied, Delivered, Delivery, Expunge, Expunged, FlagsStored, Messages, NewMessage,
    Place, Target, Updated,
};
pub use metadata::{
    MAX_METADATA_ENTRIES, MAX_METADATA_KEY, MAX_METADATA_VALUE, Metadata, Scope, check_entry,
};
pub use queue::{
    AttemptResult, Completed, Envelope, Lease, LeaseToken, NewEnvelope, NewRecipient, Outcome,
    Queue, QueueNotifier, QueueWatcher, Recipient, RecipientState,
};
pub use quotas::{Limits, Quota, Quotas};
pub use readers::{OwnFlags, Readers};
pub use sharing::{Grant, Rights, RightsChange, Sharing, check_identifier};
pub use snapshot::{Row, Snapshot};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
pub use upload::{Spool, Staged, Upload};

/// Everything a mail host needs of a store, in a handle that is cheap to clone. Implemented by whatever
/// implements the parts.
pub trait Store:
    Accounts
    + Mailboxes
    + Messages
    + Changes
    + Queue
    + Metadata
    + Sharing
    + Readers
    + Quotas
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<T> Store for T where
    T: Accounts
        + Mailboxes
        + Messages
        + Changes
        + Queue
        + Metadata
        + Sharing
        + Readers
        + Quotas
        + Clone
        + Send
        + Sync
        + 'static
{
}
