//! Any store behind one type, for hosts that choose their backend when they run.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::time::Duration;
use std::sync::Arc;

use bytes::Bytes;

use crate::{
    Account, AccountId, Accounts, Appended, Body, ChangeSet, Changes, Completed, Copied,
    Credential, Delivered, Delivery, Envelope, EnvelopeId, Expunge, Expunged, FlagChange,
    FlagsStored, Grant, Lease, LeaseToken, Limits, Mailbox, MailboxId, Mailboxes, MaildropLock,
    MessageId, Messages, Metadata, ModSeq, NewMailbox, NewMessage, Outcome, OwnFlags, Queue,
    QueueWatcher, Quota, Quotas, Readers, Result, Rights, RightsChange, Scope, Sharing, Snapshot,
    Status, Store, ThreadId, Timestamp, Uid, Upload, Watcher,
};

/// A store of whatever kind, itself a [`Store`]. It costs one allocation a call.
///
/// ```
/// use mailstore::{Accounts, DynStore, MemoryStore};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let store: DynStore = DynStore::new(MemoryStore::new()); // or another, as a setting says
/// let alice = store.create_account("alice@example.test", &[]).await?;
/// assert_eq!(store.account("alice@example.test").await?, alice);
/// # Ok::<(), mailstore::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct DynStore(Arc<dyn Erased>);

impl DynStore {
    /// This store, its type forgotten.
    #[must_use]
    pub fn new(store: impl Store) -> DynStore {
        DynStore(Arc::new(store))
    }
}

impl fmt::Debug for DynStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynStore").finish_non_exhaustive()
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A parameter's type, with the lifetime an erased future needs.
macro_rules! lent {
    ($life:lifetime & $($ty:tt)+) => { &$life $($ty)+ };
    ($life:lifetime $($ty:tt)+) => { $($ty)+ };
}

/// From the methods of the traits: an object-safe trait, and the traits for [`DynStore`] by way of it.
macro_rules! erase {
    ($($trait:ident { $(fn $name:ident($($arg:ident: ($($ty:tt)+)),*) -> $out:ty;)* })*) => {
        trait Erased: Send + Sync {
            fn upload(&self) -> Upload;
            $($(fn $name<'a>(&'a self, $($arg: lent!('a $($ty)+)),*) -> Answer<'a, $out>;)*)*
        }

        impl<S: Store> Erased for S {
            fn upload(&self) -> Upload {
                Messages::upload(self)
            }
            $($(fn $name<'a>(&'a self, $($arg: lent!('a $($ty)+)),*) -> Answer<'a, $out> {
                Box::pin($trait::$name(self, $($arg),*))
            })*)*
        }

        $(erase! { @ $trait { $(fn $name($($arg: ($($ty)+)),*) -> $out;)* } })*
    };
    (@ Messages { $(fn $name:ident($($arg:ident: ($($ty:tt)+)),*) -> $out:ty;)* }) => {
        impl Messages for DynStore {
            fn upload(&self) -> Upload {
                self.0.upload()
            }
            $(async fn $name(&self, $($arg: $($ty)+),*) -> Result<$out> {
                self.0.$name($($arg),*).await
            })*
        }
    };
    (@ $trait:ident { $(fn $name:ident($($arg:ident: ($($ty:tt)+)),*) -> $out:ty;)* }) => {
        impl $trait for DynStore {
            $(async fn $name(&self, $($arg: $($ty)+),*) -> Result<$out> {
                self.0.$name($($arg),*).await
            })*
        }
    };
}

erase! {
    Accounts {
        fn create_account(login: (&str), mailboxes: (&[NewMailbox])) -> Account;
        fn account(login: (&str)) -> Account;
        fn accounts() -> Vec<Account>;
        fn delete_account(account: (AccountId)) -> ();
        fn credentials(account: (AccountId)) -> Vec<Credential>;
        fn set_credentials(account: (AccountId), credentials: (Vec<Credential>)) -> ();
    }
    Mailboxes {
        fn mailboxes(account: (AccountId)) -> Vec<Mailbox>;
        fn mailbox(account: (AccountId), name: (&str)) -> Mailbox;
        fn create_mailbox(account: (AccountId), mailbox: (&NewMailbox)) -> Mailbox;
        fn rename_mailbox(account: (AccountId), from: (&str), to: (&str)) -> ();
        fn delete_mailbox(mailbox: (MailboxId)) -> ();
        fn subscriptions(account: (AccountId)) -> Vec<String>;
        fn subscribe(account: (AccountId), name: (&str)) -> ();
        fn unsubscribe(account: (AccountId), name: (&str)) -> ();
        fn status(mailbox: (MailboxId)) -> Status;
    }
    Messages {
        fn append(mailbox: (MailboxId), messages: (Vec<NewMessage>)) -> Appended;
        fn deliver(delivery: (Delivery)) -> Delivered;
        fn snapshot(mailbox: (MailboxId)) -> Snapshot;
        fn facts(messages: (&[MessageId])) -> Vec<Option<Bytes>>;
        fn threads(messages: (&[MessageId])) -> Vec<Option<ThreadId>>;
        fn body(message: (MessageId)) -> Body;
        fn store_flags(
            mailbox: (MailboxId),
            uids: (&[Uid]),
            change: (FlagChange),
            unchanged_since: (Option<ModSeq>)
        ) -> FlagsStored;
        fn copy(mailbox: (MailboxId), uids: (&[Uid]), to: (MailboxId)) -> Copied;
        fn move_to(mailbox: (MailboxId), uids: (&[Uid]), to: (MailboxId)) -> Copied;
        fn expunge(mailbox: (MailboxId), which: (Expunge)) -> Expunged;
        fn lock_maildrop(account: (AccountId)) -> MaildropLock;
        fn barrier() -> ();
    }
    Changes {
        fn watch(mailbox: (MailboxId)) -> Watcher;
        fn changes_since(mailbox: (MailboxId), modseq: (ModSeq)) -> ChangeSet;
    }
    Metadata {
        fn metadata(of: (Scope)) -> Vec<(String, Bytes)>;
        fn set_metadata(of: (Scope), entries: (Vec<(String, Option<Bytes>)>)) -> ();
    }
    Sharing {
        fn grants(mailbox: (MailboxId)) -> Vec<Grant>;
        fn set_grant(
            mailbox: (MailboxId),
            identifier: (&str),
            change: (RightsChange)
        ) -> Rights;
        fn granted(identifier: (&str)) -> Vec<Mailbox>;
    }
    Readers {
        fn own_flags(
            mailbox: (MailboxId),
            reader: (AccountId),
            since: (ModSeq)
        ) -> Vec<OwnFlags>;
        fn store_own_flags(
            mailbox: (MailboxId),
            reader: (AccountId),
            uids: (&[Uid]),
            change: (FlagChange),
            unchanged_since: (Option<ModSeq>)
        ) -> FlagsStored;
    }
    Quotas {
        fn quota(account: (AccountId)) -> Quota;
        fn set_limits(account: (AccountId), limits: (Limits)) -> ();
    }
    Queue {
        fn lease(now: (Timestamp), max: (usize), hold_for: (Duration)) -> Vec<Lease>;
        fn complete(
            token: (LeaseToken),
            outcomes: (Vec<Outcome>),
            also: (Vec<Delivery>)
        ) -> Completed;
        fn renew(token: (LeaseToken), now: (Timestamp), hold_for: (Duration)) -> ();
        fn release(token: (LeaseToken)) -> ();
        fn next_due() -> Option<Timestamp>;
        fn watch_queue() -> QueueWatcher;
        fn envelopes() -> Vec<Envelope>;
        fn envelope(id: (EnvelopeId)) -> Envelope;
        fn hold_envelope(id: (EnvelopeId), held: (bool)) -> ();
        fn reschedule_envelope(id: (EnvelopeId), due: (Timestamp)) -> ();
        fn remove_envelope(id: (EnvelopeId)) -> ();
    }
}
