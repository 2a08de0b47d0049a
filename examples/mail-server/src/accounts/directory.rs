//! The domains that are ours, and the addresses that stand for others. Both are kept in the store and
//! changed while the server runs.

use super::AccountError;
use mailstore::{Metadata, Scope};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

/// Keys of the store's metadata. They begin with no `/`, so that no IMAP client sees them
/// (RFC 5464 §3.2).
const DOMAIN: &str = "domain ";
const ALIAS: &str = "alias ";
/// An alias that stands for an alias and so on: further than this nobody follows.
const DEPTH: usize = 8;

/// Names of this server.
#[derive(Debug)]
pub(crate) struct Directory {
    kept: RwLock<Kept>,
}

/// In lower case, but for what is configured as the store has it.
#[derive(Debug, Default)]
struct Kept {
    /// From the configuration.
    configured: Vec<String>,
    domains: BTreeSet<String>,
    aliases: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum DirectoryError {
    #[error(transparent)]
    Store(#[from] mailstore::Error),
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(
        "`{0}` is not an alias such as info@example.test or, for a whole domain, @example.test"
    )]
    NotAnAlias(String),
    #[error(
        "{0} is not in one of this server's domains; mail is not forwarded to other servers, as their checks of the sender (SPF) would refuse it"
    )]
    NotHere(String),
    #[error("nobody receives mail for {0} here; add that user or alias first")]
    Nobody(String),
    #[error("there is no alias {0}")]
    NoSuchAlias(String),
    #[error("`{0}` is not a domain name")]
    NotADomain(String),
    #[error("{0} is in the configuration file; take it out there")]
    Configured(String),
    #[error("{0} is not a domain of this server")]
    NoSuchDomain(String),
    #[error("{0} still has users or aliases; remove them first")]
    InUse(String),
}

impl Directory {
    /// What the store keeps, and the domains of the configuration.
    pub(crate) async fn load(
        store: &impl Metadata,
        configured: &[String],
    ) -> mailstore::Result<Self> {
        let mut kept = Kept { configured: configured.to_vec(), ..Kept::default() };
        for (key, value) in store.metadata(Scope::Store).await? {
            if let Some(domain) = key.strip_prefix(DOMAIN) {
                kept.domains.insert(domain.to_owned());
            } else if let Some(alias) = key.strip_prefix(ALIAS) {
                let targets = String::from_utf8_lossy(&value);
                kept.aliases.insert(alias.to_owned(), targets.lines().map(str::to_owned).collect());
            }
        }
        Ok(Self { kept: RwLock::new(kept) })
    }

    /// These domains and no alias.
    #[cfg(test)]
    pub(crate) fn of(configured: &[String]) -> Self {
        let directory = Self { kept: RwLock::default() };
        directory.configure(configured);
        directory
    }

    /// The domains of the configuration are these from now on.
    pub(crate) fn configure(&self, domains: &[String]) {
        self.write(|kept| kept.configured = domains.to_vec());
    }

    /// Whether mail for this domain is delivered here.
    pub(crate) fn is_local(&self, domain: &str) -> bool {
        let domain = domain.to_ascii_lowercase();
        let kept = self.read();
        kept.configured.contains(&domain) || kept.domains.contains(&domain)
    }

    /// All of them, those of the configuration first.
    pub(crate) fn domains(&self) -> Vec<String> {
        let kept = self.read();
        let added = kept.domains.iter().filter(|domain| !kept.configured.contains(domain));
        kept.configured.iter().chain(added).cloned().collect()
    }

    pub(crate) fn aliases(&self) -> Vec<(String, Vec<String>)> {
        self.read().aliases.iter().map(|(alias, to)| (alias.clone(), to.clone())).collect()
    }

    /// The names to look for an account under, the likeliest first: the address; what its alias stands
    /// for; the address without what follows a `+`; what stands for the whole domain.
    pub(super) fn candidates(&self, address: &str) -> Vec<Vec<String>> {
        let address = address.to_lowercase();
        let mut found = vec![vec![address.clone()]];
        found.extend(self.stands_for(&address));
        let Some((local, domain)) = address.rsplit_once('@') else { return found };
        // RFC 5233 §1: the detail of user+detail is the user's own affair.
        if let Some((user, _)) = local.split_once('+').filter(|(user, _)| !user.is_empty()) {
            let plain = format!("{user}@{domain}");
            let stands_for = self.stands_for(&plain);
            found.push(vec![plain]);
            found.extend(stands_for);
        }
        found.extend(self.stands_for(&format!("@{domain}")));
        found
    }

    /// The addresses at the end of all aliases.
    fn stands_for(&self, alias: &str) -> Option<Vec<String>> {
        let kept = self.read();
        let mut found: Vec<String> = kept.aliases.get(alias)?.clone();
        for _ in 0..DEPTH {
            let mut next = Vec::new();
            for address in &found {
                match kept.aliases.get(address) {
                    Some(further) => next.extend(further.iter().cloned()),
                    None => next.push(address.clone()),
                }
            }
            let mut seen = BTreeSet::new();
            next.retain(|address| seen.insert(address.clone()));
            if next == found {
                break;
            }
            found = next;
        }
        Some(found)
    }

    /// Has `alias` stand for these addresses, whatever it stood for before. Whether they exist is for
    /// the caller to see.
    pub(super) async fn set_alias(
        &self,
        store: &impl Metadata,
        alias: &str,
        to: Vec<String>,
    ) -> Result<(), DirectoryError> {
        let alias = self.own_alias(alias)?;
        let key = format!("{ALIAS}{alias}");
        store.set_metadata(Scope::Store, vec![(key, Some(to.join("\n").into()))]).await?;
        self.write(|kept| {
            kept.aliases.insert(alias, to);
        });
        Ok(())
    }

    pub(super) async fn remove_alias(
        &self,
        store: &impl Metadata,
        alias: &str,
    ) -> Result<(), DirectoryError> {
        let alias = alias.to_lowercase();
        if !self.read().aliases.contains_key(&alias) {
            return Err(DirectoryError::NoSuchAlias(alias));
        }
        store.set_metadata(Scope::Store, vec![(format!("{ALIAS}{alias}"), None)]).await?;
        self.write(|kept| {
            kept.aliases.remove(&alias);
        });
        Ok(())
    }

    pub(super) async fn add_domain(
        &self,
        store: &impl Metadata,
        domain: &str,
    ) -> Result<(), DirectoryError> {
        let domain = domain.to_ascii_lowercase();
        if !crate::config::is_domain(&domain) {
            return Err(DirectoryError::NotADomain(domain));
        }
        let entry = (format!("{DOMAIN}{domain}"), Some("".into()));
        store.set_metadata(Scope::Store, vec![entry]).await?;
        self.write(|kept| {
            kept.domains.insert(domain);
        });
        Ok(())
    }

    /// Whether the domain is one that can be taken away.
    pub(super) fn removable(&self, domain: &str) -> Result<(), DirectoryError> {
        let domain = domain.to_ascii_lowercase();
        if self.read().configured.contains(&domain) {
            return Err(DirectoryError::Configured(domain));
        }
        if !self.read().domains.contains(&domain) {
            return Err(DirectoryError::NoSuchDomain(domain));
        }
        Ok(())
    }

    /// Takes a domain away that is removable and, which the caller has seen to, without users. One with
    /// aliases stays.
    pub(super) async fn remove_domain(
        &self,
        store: &impl Metadata,
        domain: &str,
    ) -> Result<(), DirectoryError> {
        let domain = domain.to_ascii_lowercase();
        let ending = format!("@{domain}");
        if self.read().aliases.keys().any(|alias| alias.ends_with(&ending)) {
            return Err(DirectoryError::InUse(domain));
        }
        store.set_metadata(Scope::Store, vec![(format!("{DOMAIN}{domain}"), None)]).await?;
        self.write(|kept| {
            kept.domains.remove(&domain);
        });
        Ok(())
    }

    /// An alias in one of our domains, in lower case.
    pub(super) fn own_alias(&self, alias: &str) -> Result<String, DirectoryError> {
        let alias = alias.to_lowercase();
        match alias.rsplit_once('@') {
            Some((local, domain)) if local.is_empty() || super::users::is_dot_string(local) => {
                match self.is_local(domain) {
                    true => Ok(alias),
                    false => Err(DirectoryError::NotHere(alias)),
                }
            }
            _ => Err(DirectoryError::NotAnAlias(alias)),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, change: impl FnOnce(&mut Kept)) {
        change(&mut self.kept.write().unwrap_or_else(PoisonError::into_inner));
    }
}
