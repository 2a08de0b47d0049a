//! Values a host keeps beside accounts and mailboxes.

use core::future::Future;

use bytes::Bytes;

use crate::{AccountId, Error, MailboxId, Result};

/// The longest key of a metadata entry, in octets.
pub const MAX_METADATA_KEY: usize = 1024;
/// The longest value of a metadata entry, in octets (RFC 5464 §4.3, MAXSIZE).
pub const MAX_METADATA_VALUE: usize = 64 * 1024;
/// The most entries of one scope (RFC 5464 §4.3, TOOMANY).
pub const MAX_METADATA_ENTRIES: usize = 1000;

/// Entries of a key and a value, opaque to the store (RFC 5464 can be built on them). Keys compare octet
/// by octet. Entries go with what they belong to, and stay with a mailbox that is renamed.
pub trait Metadata {
    /// Every entry of a scope, ordered by key.
    ///
    /// # Errors
    /// [`NotFound`](Error::NotFound) when there is no such account or mailbox.
    fn metadata(&self, of: Scope) -> impl Future<Output = Result<Vec<(String, Bytes)>>> + Send;

    /// Sets entries, and removes those without a value, in one step: all or none.
    ///
    /// # Errors
    /// [`NotFound`](Error::NotFound); [`OverLimit`](Error::OverLimit) for a value that is too long or
    /// when there would be too many entries; [`Invalid`](Error::Invalid) for an empty key or one that
    /// is too long.
    fn set_metadata(
        &self,
        of: Scope,
        entries: Vec<(String, Option<Bytes>)>,
    ) -> impl Future<Output = Result<()>> + Send;
}

/// What metadata belong to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Scope {
    /// The store as a whole.
    Store,
    /// An account.
    Account(AccountId),
    /// A mailbox.
    Mailbox(MailboxId),
}

/// Whether an entry may be stored, as far as it alone decides that; for backends.
///
/// # Errors
/// As [`Metadata::set_metadata`].
pub fn check_entry(key: &str, value: Option<&[u8]>) -> Result<()> {
    if key.is_empty() || key.len() > MAX_METADATA_KEY {
        return Err(Error::invalid("a metadata key has 1 to 1024 octets"));
    }
    if value.is_some_and(|value| value.len() > MAX_METADATA_VALUE) {
        return Err(Error::over_limit("octets of a metadata value", MAX_METADATA_VALUE));
    }
    Ok(())
}
