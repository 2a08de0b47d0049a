//! Accounts of the store, with passwords.

use super::{Directory, DirectoryError, HashError, LoginSecret, Passwords, scram};
use mailstore::{Account, Accounts, Credential, Metadata, NewMailbox, SpecialUse};
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
        "{address} is in none of this server's domains ({domains}); add its domain with `mail-server domain add` or in the configuration file"
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
    directory: Arc<Directory>,
}

impl<S> Users<S> {
    /// The domains and aliases.
    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }
}

impl<S: Accounts + Sync> Users<S> {
    /// The accounts of that store, whose addresses are in the directory's domains.
    pub(crate) fn new(store: S, directory: Directory, secret: LoginSecret) -> Self {
        Self { store, passwords: Passwords::new(), secret, directory: Arc::new(directory) }
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

    /// The accounts that receive mail for this address: its own, those its alias stands for, that of the
    /// address without `+detail`, those that stand for the whole domain. None: there is no such address.
    pub(crate) async fn receivers(&self, address: &str) -> Result<Vec<Account>, AccountError> {
        for candidates in self.directory.candidates(address) {
            let mut found: Vec<Account> = Vec::new();
            for candidate in candidates {
                let account = self.find(&candidate).await?;
                found.extend(account.filter(|new| found.iter().all(|old| old.id != new.id)));
            }
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    /// The account with this address, which must exist.
    pub(crate) async fn account(&self, address: &str) -> Result<Account, AccountError> {
        Ok(self.store.account(address).await?)
    }

    /// Whether mail for this domain is delivered here.
    pub(crate) fn is_local(&self, domain: &str) -> bool {
        self.directory.is_local(domain)
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
                domains: self.directory.domains().join(", "),
            }),
        }
    }
}

impl<S: Accounts + Metadata + Sync> Users<S> {
    /// Has an alias stand for these addresses, each of which must receive mail here.
    pub(crate) async fn set_alias(&self, alias: &str, to: &[String]) -> Result<(), DirectoryError> {
        let alias = self.directory.own_alias(alias)?;
        let to: Vec<_> = to.iter().map(|address| address.to_lowercase()).collect();
        for address in &to {
            self.directory.own_alias(address)?;
            if *address == alias || self.receivers(address).await?.is_empty() {
                return Err(DirectoryError::Nobody(address.clone()));
            }
        }
        self.directory.set_alias(&self.store, &alias, to).await
    }

    pub(crate) async fn remove_alias(&self, alias: &str) -> Result<(), DirectoryError> {
        self.directory.remove_alias(&self.store, alias).await
    }

    pub(crate) async fn add_domain(&self, domain: &str) -> Result<(), DirectoryError> {
        self.directory.add_domain(&self.store, domain).await
    }

    /// A domain that still has users stays.
    pub(crate) async fn remove_domain(&self, domain: &str) -> Result<(), DirectoryError> {
        self.directory.removable(domain)?;
        let ending = format!("@{}", domain.to_ascii_lowercase());
        let has_ending = |account: &Account| account.login.to_ascii_lowercase().ends_with(&ending);
        if self.list().await?.iter().any(has_ending) {
            return Err(DirectoryError::InUse(domain.to_ascii_lowercase()));
        }
        self.directory.remove_domain(&self.store, domain).await
    }
}

/// A local part that needs no quotes: Dot-string of RFC 5321 §4.1.2, with UTF-8 as in RFC 6531
/// §3.3, of at most 64 octets (§4.5.3.1.1).
pub(super) fn is_dot_string(local: &str) -> bool {
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
