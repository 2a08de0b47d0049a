//! Accounts of the store, with passwords.

use super::{HashError, LoginSecret, Passwords, scram};
use mailstore::{Account, Accounts, Credential, NewMailbox, SpecialUse};
use std::sync::Arc;

/// The kind under which the store keeps password hashes.
const ARGON2: &str = "argon2";

#[derive(Debug, thiserror::Error)]
pub(crate) enum AccountError {
    #[error(transparent)]
    Store(#[from] mailstore::Error),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error("`{0}` is not an address such as dave@example.test")]
    NotAnAddress(String),
    #[error(
        "{address} is in none of this server's domains ({domains}); add its domain with --domain or in the configuration file"
    )]
    ForeignDomain { address: String, domains: String },
    #[error("an empty password protects nothing")]
    EmptyPassword,
}

/// Who may log in, and who receives mail.
///
/// A login name is the account's address; letter case does not matter, in either part of it.
#[derive(Clone, Debug)]
pub(crate) struct Users<S> {
    store: S,
    passwords: Passwords,
    secret: LoginSecret,
    domains: Arc<[String]>,
}

impl<S: Accounts + Sync> Users<S> {
    /// The accounts of that store, whose addresses are in these domains (in lower case).
    pub(crate) fn new(store: S, domains: &[String], secret: LoginSecret) -> Self {
        Self { store, passwords: Passwords::new(), secret, domains: domains.into() }
    }

    /// The account, if name and password are right. Wrong ones take as long as right ones; do not
    /// tell which it was.
    pub(crate) async fn log_in(
        &self,
        name: &str,
        password: &str,
    ) -> Result<Option<Account>, AccountError> {
        let account = self.find(name).await?;
        let hash = match &account {
            Some(account) => self.credential(account, ARGON2).await?,
            None => None,
        };
        let right = self.passwords.verify(hash.as_deref(), password).await?;
        Ok(account.filter(|_| right))
    }

    /// The account with this address.
    pub(crate) async fn find(&self, address: &str) -> Result<Option<Account>, AccountError> {
        match self.store.account(address).await {
            Ok(account) => Ok(Some(account)),
            Err(mailstore::Error::NotFound { .. } | mailstore::Error::Invalid { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether mail for this domain is delivered here.
    pub(crate) fn is_local(&self, domain: &str) -> bool {
        self.domains.iter().any(|local| local.eq_ignore_ascii_case(domain))
    }

    /// A new account with the usual mailboxes.
    pub(crate) async fn add(&self, address: &str, password: &str) -> Result<Account, AccountError> {
        self.check_address(address)?;
        let credentials = self.credentials(password).await?;
        let account = self.store.create_account(address, &mailboxes()).await?;
        self.store.set_credentials(account.id, credentials).await?;
        Ok(account)
    }

    pub(crate) async fn set_password(
        &self,
        address: &str,
        password: &str,
    ) -> Result<Account, AccountError> {
        let account = self.store.account(address).await?;
        let credentials = self.credentials(password).await?;
        self.store.set_credentials(account.id, credentials).await?;
        Ok(account)
    }

    /// The account goes, and all its mail.
    pub(crate) async fn remove(&self, address: &str) -> Result<Account, AccountError> {
        let account = self.store.account(address).await?;
        self.store.delete_account(account.id).await?;
        Ok(account)
    }

    pub(crate) async fn list(&self) -> Result<Vec<Account>, AccountError> {
        Ok(self.store.accounts().await?)
    }

    /// What is kept of a password: its hash, and its keys for SCRAM.
    async fn credentials(&self, password: &str) -> Result<Vec<Credential>, AccountError> {
        if password.is_empty() {
            return Err(AccountError::EmptyPassword);
        }
        let mut kept = vec![Credential::new(ARGON2, self.passwords.hash(password).await?)];
        if let Some(keys) = self.passwords.scram_keys(password).await? {
            kept.push(Credential::new(scram::HASH.name(), keys.to_text()));
        }
        Ok(kept)
    }

    pub(super) const fn secret(&self) -> &LoginSecret {
        &self.secret
    }

    pub(super) async fn credential(
        &self,
        account: &Account,
        kind: &str,
    ) -> Result<Option<String>, AccountError> {
        match self.store.credentials(account.id).await {
            Ok(all) => Ok(all.into_iter().find(|c| c.kind == kind).map(|c| c.value)),
            // Removed a moment ago.
            Err(mailstore::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn check_address(&self, address: &str) -> Result<(), AccountError> {
        let parts = address.rsplit_once('@').filter(|(local, _)| is_dot_string(local));
        match parts {
            None => Err(AccountError::NotAnAddress(address.into())),
            Some((_, domain)) if self.is_local(domain) => Ok(()),
            Some(_) => Err(AccountError::ForeignDomain {
                address: address.into(),
                domains: self.domains.join(", "),
            }),
        }
    }
}

/// A local part that needs no quotes: Dot-string of RFC 5321 §4.1.2, with UTF-8 as in RFC 6531
/// §3.3, of at most 64 octets (§4.5.3.1.1).
fn is_dot_string(local: &str) -> bool {
    local.len() <= 64
        && local.split('.').all(|atom| {
            !atom.is_empty()
                && atom.chars().all(|c| {
                    c.is_ascii_alphanumeric()
                        || "!#$%&'*+-/=?^_`{|}~".contains(c)
                        || (!c.is_ascii() && !c.is_control() && !c.is_whitespace())
                })
        })
}

/// What mail programs look for (RFC 6154), beside INBOX.
fn mailboxes() -> [NewMailbox; 5] {
    [SpecialUse::Archive, SpecialUse::Drafts, SpecialUse::Junk, SpecialUse::Sent, SpecialUse::Trash]
        .map(|use_| NewMailbox::new(use_.name()).special_use(use_).subscribed())
}
