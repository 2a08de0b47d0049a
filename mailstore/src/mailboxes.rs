//! Named, ordered collections of messages.

use core::future::Future;

use crate::{AccountId, Error, MailboxId, ModSeq, Result, Uid, UidValidity};

/// Mailboxes and subscriptions.
///
/// A name is UTF-8 with `/` between its levels; its first level is `INBOX` in whatever case it is
/// written. Everything else compares octet by octet.
pub trait Mailboxes {
    /// Every mailbox of the account, ordered by name.
    ///
    /// # Errors
    /// [`NotFound`](Error::NotFound) when there is no such account.
    fn mailboxes(&self, account: AccountId) -> impl Future<Output = Result<Vec<Mailbox>>> + Send;

    /// The mailbox with this name.
    ///
    /// # Errors
    /// [`NotFound`](Error::NotFound).
    fn mailbox(
        &self,
        account: AccountId,
        name: &str,
    ) -> impl Future<Output = Result<Mailbox>> + Send;

    /// Creates a mailbox, and the levels above it that are missing.
    ///
    /// # Errors
    /// [`AlreadyExists`](Error::AlreadyExists); [`Invalid`](Error::Invalid) for a name
    /// [`mailbox_name`] refuses; [`NotFound`](Error::NotFound) when there is no such account.
    fn create_mailbox(
        &self,
        account: AccountId,
        mailbox: &NewMailbox,
    ) -> impl Future<Output = Result<Mailbox>> + Send;

    /// Renames a mailbox and everything below it; missing levels above the new name are created.
    /// Identifiers and UIDs stay. Renaming INBOX moves its messages to a new mailbox and leaves INBOX
    /// empty, and what is below it alone (RFC 9051 §6.3.6).
    ///
    /// # Errors
    /// [`NotFound`](Error::NotFound); [`AlreadyExists`](Error::AlreadyExists) when a new name is
    /// taken; [`Invalid`](Error::Invalid) for a bad name or one below the old name.
    fn rename_mailbox(
        &self,
        account: AccountId,
        from: &str,
        to: &str,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Deletes a mailbox and its messages. What is below it stays. Its watchers are told. A mailbox
    /// created later under the name has another [`UidValidity`].
    ///
    /// # Errors
    /// [`NotFound`](Error::NotFound); [`Invalid`](Error::Invalid) for INBOX.
    fn delete_mailbox(&self, mailbox: MailboxId) -> impl Future<Output = Result<()>> + Send;

    /// The names subscribed to, ordered. They need not exist: a subscription outlives its mailbox.
    ///
    /// # Errors
    /// [`NotFound`](Error::NotFound) when there is no such account.
    fn subscriptions(&self, account: AccountId)
    -> impl Future<Output = Result<Vec<String>>> + Send;

    /// Subscribes to a name; no error when it is subscribed already.
    ///
    /// # Errors
    /// [`NotFound`](Error::NotFound) when there is no such account, [`Invalid`](Error::Invalid).
    fn subscribe(&self, account: AccountId, name: &str) -> impl Future<Output = Result<()>> + Send;

    /// Ends a subscription; no error when there is none.
    ///
    /// # Errors
    /// [`NotFound`](Error::NotFound) when there is no such account.
    fn unsubscribe(
        &self,
        account: AccountId,
        name: &str,
    ) -> impl Future<Output = Result<()>> + Send;

    /// The mailbox in numbers, without reading its messages.
    ///
    /// # Errors
    /// [`NotFound`](Error::NotFound).
    fn status(&self, mailbox: MailboxId) -> impl Future<Output = Result<Status>> + Send;
}

/// A mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mailbox {
    /// Its identifier, the same under every name it will have.
    pub id: MailboxId,
    /// Whose it is.
    pub account: AccountId,
    /// Its full name, levels separated by `/`.
    pub name: String,
    /// What it is for.
    pub special_use: Option<SpecialUse>,
    /// Whether its name is subscribed to.
    pub subscribed: bool,
    /// The generation of its UIDs.
    pub uid_validity: UidValidity,
}

impl Mailbox {
    /// A mailbox that is not subscribed and has no special use; for backends.
    #[must_use]
    pub fn new(
        id: MailboxId,
        account: AccountId,
        name: impl Into<String>,
        uid_validity: UidValidity,
    ) -> Mailbox {
        let name = name.into();
        Mailbox { id, account, name, special_use: None, subscribed: false, uid_validity }
    }
}

/// A mailbox to create.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewMailbox {
    /// Its full name, levels separated by `/`.
    pub name: String,
    /// What it is for.
    pub special_use: Option<SpecialUse>,
    /// Whether to subscribe to its name in the same step.
    pub subscribe: bool,
}

impl NewMailbox {
    /// A mailbox of this name, without special use, not subscribed to.
    #[must_use]
    pub fn new(name: impl Into<String>) -> NewMailbox {
        NewMailbox { name: name.into(), special_use: None, subscribe: false }
    }

    /// With this special use.
    #[must_use]
    pub fn special_use(mut self, special_use: SpecialUse) -> NewMailbox {
        self.special_use = Some(special_use);
        self
    }

    /// Subscribed to as it is created.
    #[must_use]
    pub fn subscribed(mut self) -> NewMailbox {
        self.subscribe = true;
        self
    }
}

/// What a mailbox is for (RFC 6154 §2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[non_exhaustive]
pub enum SpecialUse {
    /// All messages of the account.
    All,
    /// Messages kept for good.
    Archive,
    /// Messages still being written.
    Drafts,
    /// Messages marked for attention.
    Flagged,
    /// Messages taken for spam.
    Junk,
    /// Copies of messages sent.
    Sent,
    /// Messages on their way out.
    Trash,
}

impl SpecialUse {
    /// Every special use.
    pub const ALL: [SpecialUse; 7] = [
        SpecialUse::All,
        SpecialUse::Archive,
        SpecialUse::Drafts,
        SpecialUse::Flagged,
        SpecialUse::Junk,
        SpecialUse::Sent,
        SpecialUse::Trash,
    ];

    /// Its English name: `Drafts`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            SpecialUse::All => "All",
            SpecialUse::Archive => "Archive",
            SpecialUse::Drafts => "Drafts",
            SpecialUse::Flagged => "Flagged",
            SpecialUse::Junk => "Junk",
            SpecialUse::Sent => "Sent",
            SpecialUse::Trash => "Trash",
        }
    }
}

/// A mailbox in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Status {
    /// How many messages it holds.
    pub messages: u32,
    /// How many of them are not [`SEEN`](crate::Flags::SEEN).
    pub unseen: u32,
    /// How many of them are [`DELETED`](crate::Flags::DELETED).
    pub deleted: u32,
    /// The octets of all messages together.
    pub size: u64,
    /// At least the UID the next message gets.
    pub uid_next: Uid,
    /// The generation of the UIDs.
    pub uid_validity: UidValidity,
    /// The point in its history where the mailbox stands.
    pub highest_modseq: ModSeq,
}

impl Status {
    /// An empty mailbox; for backends.
    #[must_use]
    pub const fn empty(uid_validity: UidValidity) -> Status {
        Status {
            messages: 0,
            unseen: 0,
            deleted: 0,
            size: 0,
            uid_next: Uid::FIRST,
            uid_validity,
            highest_modseq: ModSeq::FIRST,
        }
    }
}

/// The longest mailbox name, in octets.
pub const MAX_NAME: usize = 1024;

/// The name as the store keeps it: a first level that reads `inbox` in any case becomes `INBOX`, one
/// `/` at the end is dropped.
///
/// ```
/// assert_eq!(mailstore::mailbox_name("inbox/Lists/")?, "INBOX/Lists");
/// assert!(mailstore::mailbox_name("a//b").is_err());
/// # Ok::<(), mailstore::Error>(())
/// ```
///
/// # Errors
/// [`Invalid`](Error::Invalid) when it is empty, over [`MAX_NAME`] octets, has an empty level or a
/// control character.
pub fn mailbox_name(name: &str) -> Result<String> {
    let name = name.strip_suffix('/').unwrap_or(name);
    if name.is_empty() {
        return Err(Error::invalid("a mailbox needs a name"));
    }
    if name.len() > MAX_NAME {
        return Err(Error::invalid("the mailbox name is over 1024 octets"));
    }
    if name.chars().any(char::is_control) {
        return Err(Error::invalid("the mailbox name has a control character"));
    }
    if name.split('/').any(str::is_empty) {
        return Err(Error::invalid("the mailbox name has an empty level"));
    }
    let (first, rest) = name.split_at(name.find('/').unwrap_or(name.len()));
    if first.eq_ignore_ascii_case("INBOX") {
        return Ok(format!("INBOX{rest}"));
    }
    Ok(name.to_owned())
}
