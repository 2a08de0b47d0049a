//! Who has mail here, and what proves it.

use core::fmt;
use core::future::Future;

use crate::{AccountId, NewMailbox, Result};

/// Accounts and their authentication data.
pub trait Accounts {
    /// Creates an account with an INBOX, these other mailboxes and no credentials. The login name is
    /// kept as spelled and compared without regard to ASCII case.
    ///
    /// # Errors
    /// [`AlreadyExists`](crate::Error::AlreadyExists) when the login name is taken,
    /// [`Invalid`](crate::Error::Invalid) when it is empty or over 320 octets.
    fn create_account(
        &self,
        login: &str,
        mailboxes: &[NewMailbox],
    ) -> impl Future<Output = Result<Account>> + Send;

    /// The account with this login name.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    fn account(&self, login: &str) -> impl Future<Output = Result<Account>> + Send;

    /// Every account, ordered by login name.
    ///
    /// # Errors
    /// Only what the backend may meet.
    fn accounts(&self) -> impl Future<Output = Result<Vec<Account>>> + Send;

    /// Deletes the account, its mailboxes, messages and subscriptions. Envelopes in the queue stay.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    fn delete_account(&self, account: AccountId) -> impl Future<Output = Result<()>> + Send;

    /// What the account's secrets are checked against.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    fn credentials(
        &self,
        account: AccountId,
    ) -> impl Future<Output = Result<Vec<Credential>>> + Send;

    /// Replaces all credentials of the account.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    fn set_credentials(
        &self,
        account: AccountId,
        credentials: Vec<Credential>,
    ) -> impl Future<Output = Result<()>> + Send;
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// Its identifier.
    pub id: AccountId,
    /// Its login name as it was first spelled.
    pub login: String,
}

impl Account {
    /// For backends.
    #[must_use]
    pub fn new(id: AccountId, login: impl Into<String>) -> Account {
        Account { id, login: login.into() }
    }
}

/// One piece of authentication data: a kind the host chose (say `argon2`) and a value opaque to the
/// store. Never printed.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credential {
    /// What sort of value it is.
    pub kind: String,
    /// The value: a hash, derived keys.
    pub value: String,
}

impl Credential {
    /// A credential of this kind.
    #[must_use]
    pub fn new(kind: impl Into<String>, value: impl Into<String>) -> Credential {
        Credential { kind: kind.into(), value: value.into() }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("kind", &self.kind).field("value", &"***").finish()
    }
}
