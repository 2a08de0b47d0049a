//! What each reader of a mailbox has for themselves.

use core::future::Future;

use crate::{AccountId, FlagChange, Flags, FlagsStored, MailboxId, ModSeq, Result, Uid};

/// Flags that belong to one reader of a mailbox, whoever owns it: others do not see them. A host that lets
/// others look into a mailbox keeps their [`SEEN`](Flags::SEEN) here, and gives each reader the row's flags
/// with their own put in.
///
/// A change of them is a step of the mailbox's history, as any other: its modseq is higher than all before,
/// watchers are told. The row and its modseq stay as they are. They go with the message, with its mailbox
/// and with the reader's account; a copy has none.
pub trait Readers {
    /// The flags this reader gave to messages, as far as they changed after this point, ascending by UID.
    /// A message whose own flags were all taken away is listed with none.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) when there is no such mailbox or account.
    fn own_flags(
        &self,
        mailbox: MailboxId,
        reader: AccountId,
        since: ModSeq,
    ) -> impl Future<Output = Result<Vec<OwnFlags>>> + Send;

    /// As [`store_flags`](crate::Messages::store_flags), for the flags this reader has for themselves.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) when there is no such mailbox or account.
    fn store_own_flags(
        &self,
        mailbox: MailboxId,
        reader: AccountId,
        uids: &[Uid],
        change: FlagChange,
        unchanged_since: Option<ModSeq>,
    ) -> impl Future<Output = Result<FlagsStored>> + Send;
}

/// A message's flags as one reader has them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OwnFlags {
    /// The message.
    pub uid: Uid,
    /// All flags this reader gave it.
    pub flags: Flags,
    /// When they last changed.
    pub modseq: ModSeq,
}

impl OwnFlags {
    /// For backends.
    #[must_use]
    pub const fn new(uid: Uid, flags: Flags, modseq: ModSeq) -> OwnFlags {
        OwnFlags { uid, flags, modseq }
    }
}
