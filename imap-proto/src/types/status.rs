use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::Atom;
use crate::response::Raw;

/// What STATUS can ask for (RFC 3501 §6.3.10, RFC 8438, RFC 7162, RFC 9051).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StatusItem {
    /// `MESSAGES`
    Messages,
    /// `RECENT`
    Recent,
    /// `UIDNEXT`
    UidNext,
    /// `UIDVALIDITY`
    UidValidity,
    /// `UNSEEN`: how many.
    Unseen,
    /// `DELETED`: how many (RFC 9051).
    Deleted,
    /// `SIZE`: octets in all (RFC 8438).
    Size,
    /// `HIGHESTMODSEQ` (RFC 7162)
    HighestModSeq,
    /// `APPENDLIMIT` (RFC 7889)
    AppendLimit,
    /// `MAILBOXID` (RFC 8474)
    MailboxId,
    /// `DELETED-STORAGE`: octets of deleted messages (RFC 9208)
    DeletedStorage,
}

impl StatusItem {
    pub(crate) const NAMES: [(&'static str, Self); 11] = [
        ("MESSAGES", Self::Messages),
        ("RECENT", Self::Recent),
        ("UIDNEXT", Self::UidNext),
        ("UIDVALIDITY", Self::UidValidity),
        ("UNSEEN", Self::Unseen),
        ("DELETED", Self::Deleted),
        ("SIZE", Self::Size),
        ("HIGHESTMODSEQ", Self::HighestModSeq),
        ("APPENDLIMIT", Self::AppendLimit),
        ("MAILBOXID", Self::MailboxId),
        ("DELETED-STORAGE", Self::DeletedStorage),
    ];

    /// The item of this name, in any case.
    pub fn new(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, i)| *i)
    }

    /// The name.
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(_, i)| *i == self).map_or("MESSAGES", |(name, _)| name)
    }
}

/// The answers to STATUS: what is known of a mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct StatusData {
    /// Number of messages.
    pub messages: Option<u32>,
    /// Number of messages no session has seen.
    pub recent: Option<u32>,
    /// The UID the next message will get.
    pub uid_next: Option<NonZeroU32>,
    /// UIDVALIDITY.
    pub uid_validity: Option<NonZeroU32>,
    /// Number of messages without `\Seen`.
    pub unseen: Option<u32>,
    /// Number of messages with `\Deleted`.
    pub deleted: Option<u32>,
    /// Octets of all messages.
    pub size: Option<u64>,
    /// The greatest mod-sequence.
    pub highest_mod_seq: Option<u64>,
    /// The greatest message APPEND takes; `Some(None)`, NIL, for no limit.
    pub append_limit: Option<Option<u64>>,
    /// The object identifier.
    pub mailbox_id: Option<Atom<'static>>,
    /// Octets of messages with `\Deleted`.
    pub deleted_storage: Option<u64>,
    pub(crate) other: Vec<(Atom<'static>, Raw<'static>)>,
}

impl StatusData {
    /// Values that are not known: name and value as they came.
    pub fn other(&self) -> &[(Atom<'static>, Raw<'static>)] {
        &self.other
    }

    /// With a value of this name besides. What has a field of its own is left out.
    #[must_use]
    pub fn with_other(mut self, name: Atom<'static>, value: Raw<'static>) -> Self {
        if StatusItem::new(&name).is_none() {
            self.other.push((name, value));
        }
        self
    }

    /// The value of `item`, if known and a number.
    pub fn value(&self, item: StatusItem) -> Option<u64> {
        match item {
            StatusItem::Messages => self.messages.map(u64::from),
            StatusItem::Recent => self.recent.map(u64::from),
            StatusItem::UidNext => self.uid_next.map(|n| n.get().into()),
            StatusItem::UidValidity => self.uid_validity.map(|n| n.get().into()),
            StatusItem::Unseen => self.unseen.map(u64::from),
            StatusItem::Deleted => self.deleted.map(u64::from),
            StatusItem::Size => self.size,
            StatusItem::HighestModSeq => self.highest_mod_seq,
            StatusItem::AppendLimit => self.append_limit.flatten(),
            StatusItem::DeletedStorage => self.deleted_storage,
            StatusItem::MailboxId => None,
        }
    }

    pub(crate) fn set(&mut self, item: StatusItem, value: u64) {
        let small = Some(u32::try_from(value).unwrap_or(u32::MAX));
        match item {
            StatusItem::Messages => self.messages = small,
            StatusItem::Recent => self.recent = small,
            StatusItem::UidNext => self.uid_next = small.and_then(NonZeroU32::new),
            StatusItem::UidValidity => self.uid_validity = small.and_then(NonZeroU32::new),
            StatusItem::Unseen => self.unseen = small,
            StatusItem::Deleted => self.deleted = small,
            StatusItem::Size => self.size = Some(value),
            StatusItem::HighestModSeq => self.highest_mod_seq = Some(value),
            StatusItem::AppendLimit => self.append_limit = Some(Some(value)),
            StatusItem::DeletedStorage => self.deleted_storage = Some(value),
            StatusItem::MailboxId => {}
        }
    }
}
