//! Commands about mailboxes.

use alloc::{borrow::Cow, vec::Vec};

use mailwire::Misuse;

use super::{Client, event::Tag};
use crate::{
    command::{Command, Notify, QResync},
    types::{ListQuery, Mailbox, OneOrMore, SpecialUse, StatusItem},
};

/// Commands about mailboxes. All need a login.
impl Client {
    /// SELECT; EXAMINE if `read_only`.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login; so do all that follow.
    pub fn select(&mut self, mailbox: &Mailbox<'_>, read_only: bool) -> Result<Tag, Misuse> {
        self.open(mailbox, read_only, false, None)
    }

    /// SELECT or EXAMINE that asks for mod-sequences from here on (RFC 7162 §3.1.8).
    ///
    /// # Errors
    ///
    /// [`Misuse`] where the server has not offered CONDSTORE.
    pub fn select_condstore(
        &mut self,
        mailbox: &Mailbox<'_>,
        read_only: bool,
    ) -> Result<Tag, Misuse> {
        self.open(mailbox, read_only, true, None)
    }

    /// SELECT or EXAMINE that asks what has changed since (RFC 7162 §3.2.5).
    ///
    /// # Errors
    ///
    /// [`Misuse`] where the server has not offered QRESYNC, and before [`enable`](Self::enable) was given for it.
    pub fn select_qresync(
        &mut self,
        mailbox: &Mailbox<'_>,
        read_only: bool,
        known: QResync,
    ) -> Result<Tag, Misuse> {
        self.open(mailbox, read_only, false, Some(known))
    }

    fn open(
        &mut self,
        mailbox: &Mailbox<'_>,
        read_only: bool,
        condstore: bool,
        qresync: Option<QResync>,
    ) -> Result<Tag, Misuse> {
        let mailbox = mailbox.clone();
        self.command(&Command::Select { mailbox, read_only, condstore, qresync })
    }

    /// CLOSE: removes what is `\Deleted`, unless opened read-only, and tells nothing of it.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login.
    pub fn close_mailbox(&mut self) -> Result<Tag, Misuse> {
        self.command(&Command::Close)
    }

    /// UNSELECT (RFC 3691): closes and removes nothing.
    ///
    /// # Errors
    ///
    /// [`Misuse`] where the server has not offered it.
    pub fn unselect(&mut self) -> Result<Tag, Misuse> {
        self.command(&Command::Unselect)
    }

    /// NAMESPACE (RFC 2342)
    ///
    /// # Errors
    ///
    /// [`Misuse`] where the server has not offered it.
    pub fn namespace(&mut self) -> Result<Tag, Misuse> {
        self.command(&Command::Namespace)
    }

    /// LIST.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login, for an extended query where the server has not offered LIST-EXTENDED, and for what it asks
    /// of an extension that was not offered.
    pub fn list(&mut self, query: &ListQuery<'_>) -> Result<Tag, Misuse> {
        self.command(&Command::List(query.clone()))
    }

    /// STATUS.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login, and for items of extensions that the server has not offered.
    pub fn status(
        &mut self,
        mailbox: &Mailbox<'_>,
        items: OneOrMore<StatusItem>,
    ) -> Result<Tag, Misuse> {
        self.command(&Command::Status(mailbox.clone(), items))
    }

    /// CREATE; with special uses RFC 6154 §3.
    ///
    /// # Errors
    ///
    /// [`Misuse`] for a special use where the server has not offered CREATE-SPECIAL-USE.
    pub fn create(
        &mut self,
        mailbox: &Mailbox<'_>,
        uses: &[SpecialUse<'_>],
    ) -> Result<Tag, Misuse> {
        self.command(&Command::Create { mailbox: mailbox.clone(), uses: Vec::from(uses) })
    }

    /// DELETE.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login.
    pub fn delete(&mut self, mailbox: &Mailbox<'_>) -> Result<Tag, Misuse> {
        self.command(&Command::Delete(mailbox.clone()))
    }

    /// RENAME.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login.
    pub fn rename(&mut self, from: &Mailbox<'_>, to: &Mailbox<'_>) -> Result<Tag, Misuse> {
        self.command(&Command::Rename(from.clone(), to.clone()))
    }

    /// SUBSCRIBE; UNSUBSCRIBE if not `on`.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login.
    pub fn subscribe(&mut self, mailbox: &Mailbox<'_>, on: bool) -> Result<Tag, Misuse> {
        let mailbox = mailbox.clone();
        self.command(&match on {
            true => Command::Subscribe(mailbox),
            false => Command::Unsubscribe(mailbox),
        })
    }

    /// LSUB, for servers without LIST-EXTENDED.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login.
    pub fn lsub(&mut self, reference: &str, pattern: &str) -> Result<Tag, Misuse> {
        let (reference, pattern) = (Cow::Borrowed(reference), Cow::Borrowed(pattern));
        self.command(&Command::Lsub { reference, pattern })
    }

    /// NOTIFY (RFC 5465): what the server tells without being asked.
    ///
    /// # Errors
    ///
    /// [`Misuse`] where the server has not offered it.
    pub fn notify(&mut self, notify: &Notify<'_>) -> Result<Tag, Misuse> {
        self.command(&Command::Notify(notify.clone()))
    }
}
