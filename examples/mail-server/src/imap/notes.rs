//! Quotas and annotations.

use super::{Done, Failure, Session};
use bytes::Bytes;
use imap_proto::{
    command::EntryName,
    types::{Atom, Code, Mailbox, OneOrMore},
};
use mailstore::{Error, Scope, Store};

/// The one quota root of an account: all its mailboxes together (RFC 9208 §3.2).
const ROOT: &[u8] = b"";

/// STORAGE counts in units of 1,024 octets (RFC 9208 §5.1).
const UNIT: u64 = 1024;

impl<S: Store> Session<S> {
    pub(super) async fn quota(&mut self, root: &[u8]) -> Done {
        if root != ROOT {
            return Err(Failure::No(Some(Code::NonExistent), "There is no such quota root"));
        }
        self.tell_quota().await?;
        Ok(self.driver.machine.ok("Done")?)
    }

    pub(super) async fn quota_root(&mut self, name: &Mailbox<'_>) -> Done {
        self.app.store.mailbox(self.account()?, name.as_str()).await?;
        self.driver.machine.quota_roots(name, &[ROOT])?;
        self.tell_quota().await?;
        Ok(self.driver.machine.ok("Done")?)
    }

    /// Resources without a limit are left out (RFC 9208 §4.2.1).
    async fn tell_quota(&mut self) -> Done {
        let quota = self.app.store.quota(self.account()?).await?;
        let octets =
            quota.limits.octets.map(|limit| ("STORAGE", quota.octets.div_ceil(UNIT), limit / UNIT));
        let messages = quota.limits.messages.map(|limit| ("MESSAGE", quota.messages, limit));
        let resources: Vec<_> = [octets, messages]
            .into_iter()
            .flatten()
            .filter_map(|(name, used, limit)| Some((Atom::new(name)?, used, limit)))
            .collect();
        Ok(self.driver.machine.quota(ROOT, &resources)?)
    }

    pub(super) async fn metadata(&mut self, mailbox: Option<&Mailbox<'_>>) -> Done {
        for scope in self.scopes(mailbox).await? {
            let entries = self.app.store.metadata(scope).await?;
            // What begins otherwise is this server's own, such as its aliases (RFC 5464 §3.2).
            for (entry, value) in entries.into_iter().filter(|(entry, _)| entry.starts_with('/')) {
                self.driver.machine.metadata(&entry, &value)?;
            }
        }
        Ok(self.driver.machine.ok("Done")?)
    }

    pub(super) async fn set_metadata(
        &mut self,
        mailbox: Option<&Mailbox<'_>>,
        entries: OneOrMore<(EntryName<'static>, Option<Vec<u8>>)>,
    ) -> Done {
        let shared =
            |entry: &EntryName<'_>| entry.as_str().to_ascii_lowercase().starts_with("/shared/");
        let private =
            |entry: &EntryName<'_>| entry.as_str().to_ascii_lowercase().starts_with("/private/");
        if entries.iter().any(|(entry, _)| !shared(entry) && !private(entry)) {
            return Err(Failure::No(
                Some(Code::Cannot),
                "Entries begin with /private/ or /shared/",
            ));
        }
        if mailbox.is_none() && entries.iter().any(|(entry, _)| shared(entry)) {
            return Err(Failure::No(
                Some(Code::NoPerm),
                "The server's shared entries are the operator's",
            ));
        }
        let scope = match mailbox {
            Some(name) => {
                Scope::Mailbox(self.app.store.mailbox(self.account()?, name.as_str()).await?.id)
            }
            None => Scope::Account(self.account()?),
        };
        // Names of entries are the same in either case (RFC 5464 §3.2).
        let entries = entries
            .into_iter()
            .map(|(entry, value)| (entry.as_str().to_ascii_lowercase(), value.map(Bytes::from)));
        match self.app.store.set_metadata(scope, entries.collect()).await {
            Ok(()) => Ok(self.driver.machine.ok("Done")?),
            Err(Error::OverLimit { limit, what, .. }) if what.contains("value") => {
                Err(Failure::No(Some(Code::MetadataMaxSize(limit)), "The value is too long"))
            }
            Err(Error::OverLimit { .. }) => {
                Err(Failure::No(Some(Code::MetadataTooMany), "There are too many entries"))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Where the entries of a mailbox, or those of the server, are kept.
    pub(super) async fn scopes(
        &self,
        mailbox: Option<&Mailbox<'_>>,
    ) -> Result<Vec<Scope>, Failure> {
        let account = self.account()?;
        Ok(match mailbox {
            Some(name) => {
                vec![Scope::Mailbox(self.app.store.mailbox(account, name.as_str()).await?.id)]
            }
            None => vec![Scope::Store, Scope::Account(account)],
        })
    }
}
