//! What can go wrong, in words an operator can act on.

use std::io;
use std::sync::Arc;

use crate::AccountId;

/// The result of every store operation.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// Why an operation did not happen. Unless a variant says otherwise the store is as it was before.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The named thing is not there (any more).
    #[error("there is no {what} {name:?}")]
    #[non_exhaustive]
    NotFound {
        /// What kind of thing: account, mailbox, message, envelope.
        what: &'static str,
        /// Its name or number.
        name: String,
    },
    /// The name is taken.
    #[error("the {what} {name:?} exists already")]
    #[non_exhaustive]
    AlreadyExists {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Someone else holds it; try again later.
    #[error("{what} is in use: {hint}")]
    #[non_exhaustive]
    Locked {
        /// What is held.
        what: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// No room: the disk, or the operating system's quota, is full. Free some and try again.
    #[error("no space left for mail: free some and try again")]
    Full,
    /// The account may not hold that much: see [`Quotas`](crate::Quotas).
    #[error("account {account} may hold {limit} {what} and no more")]
    #[non_exhaustive]
    OverQuota {
        /// Whose limit it is.
        account: AccountId,
        /// What is limited: octets, messages.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// More than the store takes.
    #[error("the limit is {limit} {what}")]
    #[non_exhaustive]
    OverLimit {
        /// What is limited.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The caller asked for something that makes no sense, for example an empty mailbox name.
    #[error("{what}")]
    #[non_exhaustive]
    Invalid {
        /// What is wrong with it.
        what: &'static str,
    },
    /// Stored octets do not match their checksum. What they damage is isolated; the rest is fine.
    #[error("{file} is damaged at offset {offset}: {what}; restore it from a backup")]
    #[non_exhaustive]
    Corrupt {
        /// The damaged file.
        file: String,
        /// Where in it, in octets.
        offset: u64,
        /// What is damaged.
        what: &'static str,
    },
    /// The lease ran out or the envelope was removed: someone else may be at work on it, so the
    /// outcome was not recorded.
    #[error("the lease is no longer held; its outcome was not recorded")]
    LeaseLost,
    /// The store was closed, or refuses to write since the disk failed to make data durable. In the
    /// second case open it again.
    #[error("the store is closed: {why}")]
    #[non_exhaustive]
    Closed {
        /// Why.
        why: &'static str,
    },
    /// The operating system failed.
    #[error("the disk or file system failed: {0}")]
    Io(Arc<io::Error>),
}

impl Error {
    /// A [`Error::NotFound`]; for backends.
    #[must_use]
    pub fn not_found(what: &'static str, name: impl ToString) -> Error {
        Error::NotFound { what, name: name.to_string() }
    }

    /// A [`Error::AlreadyExists`]; for backends.
    #[must_use]
    pub fn already_exists(what: &'static str, name: impl ToString) -> Error {
        Error::AlreadyExists { what, name: name.to_string() }
    }

    /// A [`Error::Locked`]; for backends.
    #[must_use]
    pub fn locked(what: impl Into<String>, hint: &'static str) -> Error {
        Error::Locked { what: what.into(), hint }
    }

    /// A [`Error::Invalid`]; for backends.
    #[must_use]
    pub const fn invalid(what: &'static str) -> Error {
        Error::Invalid { what }
    }

    /// A [`Error::Corrupt`]; for backends.
    #[must_use]
    pub fn corrupt(file: impl Into<String>, offset: u64, what: &'static str) -> Error {
        Error::Corrupt { file: file.into(), offset, what }
    }

    /// A [`Error::OverQuota`]; for backends.
    #[must_use]
    pub const fn over_quota(account: AccountId, what: &'static str, limit: u64) -> Error {
        Error::OverQuota { account, what, limit }
    }

    /// A [`Error::OverLimit`]; for backends.
    #[must_use]
    pub fn over_limit(what: &'static str, limit: usize) -> Error {
        Error::OverLimit { what, limit: u64::try_from(limit).unwrap_or(u64::MAX) }
    }

    /// A [`Error::Closed`]; for backends.
    #[must_use]
    pub const fn closed(why: &'static str) -> Error {
        Error::Closed { why }
    }
}

impl From<io::Error> for Error {
    /// A full disk and an exhausted quota become [`Error::Full`], anything else [`Error::Io`].
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::Full,
            _ => Error::Io(Arc::new(error)),
        }
    }
}
