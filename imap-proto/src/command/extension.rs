use alloc::borrow::Cow;
use core::{fmt, num::NonZeroU32};

use crate::types::{ModSeq, NonEmpty, PartialRange, UidSet};

/// Access rights: lower-case letters and digits, each one right (RFC 4314 §2.1). May be empty.
///
/// ```
/// use imap_proto::command::Rights;
///
/// assert_eq!(Rights::new("lrs").unwrap().as_str(), "lrs");
/// assert!(Rights::new("LRS").is_none());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rights<'a>(Cow<'a, str>);

impl<'a> Rights<'a> {
    /// Rights; `None` if a character is none. Upper case is refused (RFC 4314 §2.1).
    pub fn new(rights: impl Into<Cow<'a, str>>) -> Option<Self> {
        let rights = rights.into();
        let fits = rights.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        fits.then_some(Self(rights))
    }

    /// The letters, in the order given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same rights, owned.
    pub fn into_owned(self) -> Rights<'static> {
        Rights(Cow::Owned(self.0.into_owned()))
    }
}

impl fmt::Display for Rights<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What SETACL does with the rights it names (RFC 4314 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RightsAction {
    /// They replace those that are there.
    Replace,
    /// `+`
    Add,
    /// `-`
    Remove,
}

/// How far below an entry GETMETADATA looks (RFC 5464 §4.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Depth {
    /// The entry itself.
    #[default]
    Entry,
    /// And the entries right below it.
    Children,
    /// And all below it.
    Infinity,
}

/// The options of GETMETADATA (RFC 5464 §4.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct MetadataOptions {
    /// `MAXSIZE`: no value of more octets than this.
    pub max_size: Option<u32>,
    /// `DEPTH`, where it was given.
    pub depth: Option<Depth>,
}

/// The name of an annotation: `/private/…` or `/shared/…`, without wildcards, doubled slashes, a slash at its end or
/// characters beyond ASCII (RFC 5464 §3.2, §5).
///
/// ```
/// use imap_proto::command::EntryName;
///
/// assert!(EntryName::new("/shared/comment").is_some());
/// assert!(EntryName::new("shared").is_none());
/// assert!(EntryName::new("/private/*").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntryName<'a>(Cow<'a, str>);

impl<'a> EntryName<'a> {
    /// An entry's name; `None` if it is none.
    pub fn new(name: impl Into<Cow<'a, str>>) -> Option<Self> {
        let name = name.into();
        let fits = name.len() > 1
            && name.starts_with('/')
            && !name.ends_with('/')
            && !name.contains("//")
            && name.bytes().all(|b| (0x20..0x7f).contains(&b) && !matches!(b, b'*' | b'%'));
        fits.then_some(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same name, owned.
    pub fn into_owned(self) -> EntryName<'static> {
        EntryName(Cow::Owned(self.0.into_owned()))
    }
}

/// Which of the messages of its set FETCH is about (RFC 4466 §2.4 `fetch-modifiers`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FetchModifiers {
    /// `CHANGEDSINCE`: only those changed since (RFC 7162 §3.1.4.1).
    pub changed_since: Option<u64>,
    /// `VANISHED`: tell those expunged since, too. Needs UID FETCH and CHANGEDSINCE (RFC 7162 §3.2.6).
    pub vanished: bool,
    /// `PARTIAL`: only those of this place in the set. Needs UID FETCH (RFC 9394 §3.3).
    pub partial: Option<PartialRange>,
}

/// What a client knows of a mailbox, for SELECT to tell it the rest (RFC 7162 §3.2.5).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct QResync {
    /// The UIDVALIDITY it knows.
    pub uid_validity: NonZeroU32,
    /// The mod-sequence it has seen all changes up to.
    pub mod_seq: ModSeq,
    /// The UIDs it knows; `None` for all.
    pub known_uids: Option<NonEmpty<UidSet>>,
    /// Some sequence numbers, and the UIDs they stood for (RFC 7162 §3.2.5.2).
    pub matches: Option<SequenceMatch>,
}

/// Some sequence numbers and, in the same order, the UIDs they stood for (RFC 7162 §3.2.5.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SequenceMatch {
    numbers: NonEmpty<UidSet>,
    uids: NonEmpty<UidSet>,
}

impl SequenceMatch {
    /// Numbers and their UIDs; `None` if there are not as many of the one as of the other.
    pub fn new(numbers: NonEmpty<UidSet>, uids: NonEmpty<UidSet>) -> Option<Self> {
        (numbers.len() == uids.len()).then_some(Self { numbers, uids })
    }

    /// The sequence numbers.
    pub fn numbers(&self) -> &UidSet {
        &self.numbers
    }

    /// The UIDs.
    pub fn uids(&self) -> &UidSet {
        &self.uids
    }
}

impl QResync {
    /// A resynchronization from this state of all messages; `None` if a number is zero, or the
    /// mod-sequence beyond 63 bits.
    pub fn new(uid_validity: u32, mod_seq: u64) -> Option<Self> {
        let (uid_validity, mod_seq) = (NonZeroU32::new(uid_validity)?, ModSeq::new(mod_seq)?);
        Some(Self { uid_validity, mod_seq, known_uids: None, matches: None })
    }
}
