//! Commands about quotas, access rights and annotations.

use alloc::{borrow::Cow, vec::Vec};

use mailwire::Misuse;

use super::{Client, event::Tag};
use crate::{
    command::{Command, EntryName, MetadataOptions, Rights, RightsAction},
    types::{Atom, Mailbox, OneOrMore},
};

/// Quotas, access rights and annotations. All need a login.
impl Client {
    /// GETQUOTA (RFC 9208 §4.1.1) of a quota root.
    ///
    /// # Errors
    ///
    /// [`Misuse`] where the server has not offered QUOTA.
    pub fn quota(&mut self, root: &[u8]) -> Result<Tag, Misuse> {
        self.command(&Command::GetQuota(Cow::Borrowed(root)))
    }

    /// GETQUOTAROOT (RFC 9208 §4.1.2): the quota roots of a mailbox, and their quotas.
    ///
    /// # Errors
    ///
    /// [`Misuse`] where the server has not offered QUOTA.
    pub fn quota_root(&mut self, mailbox: &Mailbox<'_>) -> Result<Tag, Misuse> {
        self.command(&Command::GetQuotaRoot(mailbox.clone()))
    }

    /// SETQUOTA (RFC 9208 §4.1.3): resources and their limits; a resource that is not named has none.
    ///
    /// # Errors
    ///
    /// [`Misuse`] where the server has not offered QUOTASET.
    pub fn set_quota(&mut self, root: &[u8], limits: &[(Atom<'_>, u64)]) -> Result<Tag, Misuse> {
        let (root, limits) = (Cow::Borrowed(root), Vec::from(limits));
        self.command(&Command::SetQuota { root, limits })
    }

    /// GETACL (RFC 4314 §3.3)
    ///
    /// # Errors
    ///
    /// [`Misuse`] where the server has not offered ACL; so do the four that follow.
    pub fn acl(&mut self, mailbox: &Mailbox<'_>) -> Result<Tag, Misuse> {
        self.command(&Command::GetAcl(mailbox.clone()))
    }

    /// SETACL (RFC 4314 §3.1) for this identifier.
    ///
    /// # Errors
    ///
    /// [`Misuse`] where the server has not offered ACL.
    pub fn set_acl(
        &mut self,
        mailbox: &Mailbox<'_>,
        identifier: &[u8],
        action: RightsAction,
        rights: &Rights<'_>,
    ) -> Result<Tag, Misuse> {
        let (mailbox, identifier) = (mailbox.clone(), Cow::Borrowed(identifier));
        self.command(&Command::SetAcl { mailbox, identifier, action, rights: rights.clone() })
    }

    /// DELETEACL (RFC 4314 §3.2)
    ///
    /// # Errors
    ///
    /// [`Misuse`] where the server has not offered ACL.
    pub fn delete_acl(&mut self, mailbox: &Mailbox<'_>, identifier: &[u8]) -> Result<Tag, Misuse> {
        let (mailbox, identifier) = (mailbox.clone(), Cow::Borrowed(identifier));
        self.command(&Command::DeleteAcl { mailbox, identifier })
    }

    /// LISTRIGHTS (RFC 4314 §3.4)
    ///
    /// # Errors
    ///
    /// [`Misuse`] where the server has not offered ACL.
    pub fn list_rights(&mut self, mailbox: &Mailbox<'_>, identifier: &[u8]) -> Result<Tag, Misuse> {
        let (mailbox, identifier) = (mailbox.clone(), Cow::Borrowed(identifier));
        self.command(&Command::ListRights { mailbox, identifier })
    }

    /// MYRIGHTS (RFC 4314 §3.5)
    ///
    /// # Errors
    ///
    /// [`Misuse`] where the server has not offered ACL.
    pub fn my_rights(&mut self, mailbox: &Mailbox<'_>) -> Result<Tag, Misuse> {
        self.command(&Command::MyRights(mailbox.clone()))
    }

    /// GETMETADATA (RFC 5464 §4.2); `None` for the server's own annotations.
    ///
    /// # Errors
    ///
    /// [`Misuse`] where the server has not offered METADATA; METADATA-SERVER will do for its own.
    pub fn metadata(
        &mut self,
        mailbox: Option<&Mailbox<'_>>,
        options: MetadataOptions,
        entries: OneOrMore<EntryName<'_>>,
    ) -> Result<Tag, Misuse> {
        let mailbox = mailbox.cloned().unwrap_or(Mailbox::SERVER);
        self.command(&Command::GetMetadata { mailbox, options, entries })
    }

    /// SETMETADATA (RFC 5464 §4.3); a value that is `None` takes the entry away.
    ///
    /// # Errors
    ///
    /// As [`metadata`](Self::metadata).
    pub fn set_metadata<'a>(
        &mut self,
        mailbox: Option<&Mailbox<'a>>,
        entries: OneOrMore<(EntryName<'a>, Option<Cow<'a, [u8]>>)>,
    ) -> Result<Tag, Misuse> {
        let mailbox = mailbox.cloned().unwrap_or(Mailbox::SERVER);
        self.command(&Command::SetMetadata { mailbox, entries })
    }
}
