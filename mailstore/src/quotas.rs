//! How much an account may hold.

use core::future::Future;

use crate::{AccountId, Result};

/// Limits of accounts. A step that would leave an account above a limit, and higher than it was, is
/// refused as a whole; removing is never refused, nor is a move within the account. A message counts in
/// every mailbox it is in. Envelopes in the queue do not count.
pub trait Quotas {
    /// What the account holds and may hold. Cheap: nothing is counted for it.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    fn quota(&self, account: AccountId) -> impl Future<Output = Result<Quota>> + Send;

    /// Sets the limits. They may lie below what the account holds: nothing is removed for it.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    fn set_limits(
        &self,
        account: AccountId,
        limits: Limits,
    ) -> impl Future<Output = Result<()>> + Send;
}

/// An account's limits; the default is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Limits {
    /// The most octets.
    pub octets: Option<u64>,
    /// The most messages.
    pub messages: Option<u64>,
}

impl Limits {
    /// These limits.
    #[must_use]
    pub const fn new(octets: Option<u64>, messages: Option<u64>) -> Limits {
        Limits { octets, messages }
    }
}

/// What an account holds and may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Quota {
    /// The octets of its messages.
    pub octets: u64,
    /// Its messages.
    pub messages: u64,
    /// The limits.
    pub limits: Limits,
}

impl Quota {
    /// For backends.
    #[must_use]
    pub const fn new(octets: u64, messages: u64, limits: Limits) -> Quota {
        Quota { octets, messages, limits }
    }
}
