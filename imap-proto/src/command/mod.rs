//! What a client says: [`Command`] with its [`tag`](Tagged).

mod append;
mod extension;
mod notify;
mod owned;

use alloc::{borrow::Cow, vec::Vec};
use core::fmt;

use crate::types::{
    Atom, FetchItems, Flag, ListQuery, Mailbox, OneOrMore, SearchKey, SearchQuery, SearchReturn,
    SequenceSet, SortCriterion, SpecialUse, StatusItem, StoreAction, Tag,
};

pub use crate::print::{Gap, Literals, PrintOptions, Printed};
pub use append::{
    Append, AppendBody, AppendData, AppendMessage, CatenatePart, MessageLiteral, Replace,
};
pub use extension::{
    Depth, EntryName, FetchModifiers, MetadataOptions, QResync, Rights, RightsAction, SequenceMatch,
};
pub use notify::{EventGroup, MailboxFilter, Notify, NotifyEvent};

/// A command with the tag that names its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tagged<'a> {
    /// The tag.
    pub tag: Tag<'a>,
    /// The command.
    pub command: Command<'a>,
}

/// A password or another secret: its `Debug` shows `***`, and owned octets are zeroed when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText<'a>(Cow<'a, [u8]>);

impl<'a> SecretText<'a> {
    /// Wraps the octets.
    pub fn new(octets: impl Into<Cow<'a, [u8]>>) -> Self {
        Self(octets.into())
    }

    /// Shows the octets. Do not log them.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Drop for SecretText<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(octets) = &mut self.0 {
            zeroize::Zeroize::zeroize(octets);
        }
    }
}

/// Fields and values of ID (RFC 2971); a value may be NIL.
pub type IdFields<'a> = Vec<(Cow<'a, [u8]>, Option<Cow<'a, [u8]>>)>;

/// A client's command (RFC 3501 §6 and the extensions named).
///
/// IDLE ends with the line `DONE`, AUTHENTICATE goes on with lines of base64: these are no
/// commands and not here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command<'a> {
    /// `CAPABILITY`
    Capability,
    /// `NOOP`
    Noop,
    /// `LOGOUT`
    Logout,
    /// `ID` (RFC 2971): field and value pairs; empty for NIL.
    Id(IdFields<'a>),
    /// `STARTTLS`
    StartTls,
    /// `AUTHENTICATE`
    Authenticate {
        /// The SASL mechanism as written.
        mechanism: Atom<'a>,
        /// The initial response, its base64 taken off (RFC 4959 §3).
        initial: Option<SecretText<'a>>,
    },
    /// `LOGIN`
    Login {
        /// The user name, octets as they came.
        user: Cow<'a, [u8]>,
        /// The password.
        password: SecretText<'a>,
    },
    /// `ENABLE` (RFC 5161)
    Enable(OneOrMore<Atom<'a>>),
    /// `NAMESPACE` (RFC 2342)
    Namespace,
    /// `SELECT` and `EXAMINE`
    Select {
        /// Which mailbox.
        mailbox: Mailbox<'a>,
        /// EXAMINE: nothing may change.
        read_only: bool,
        /// `(CONDSTORE)` (RFC 7162 §3.1.8)
        condstore: bool,
        /// `(QRESYNC (…))` (RFC 7162 §3.2.5)
        qresync: Option<QResync>,
    },
    /// `CREATE`, with special uses (RFC 6154 §3).
    Create {
        /// The name; without the trailing delimiter a client may have put there.
        mailbox: Mailbox<'a>,
        /// `USE (…)`
        uses: Vec<SpecialUse<'a>>,
    },
    /// `DELETE`
    Delete(Mailbox<'a>),
    /// `RENAME`
    Rename(Mailbox<'a>, Mailbox<'a>),
    /// `SUBSCRIBE`
    Subscribe(Mailbox<'a>),
    /// `UNSUBSCRIBE`
    Unsubscribe(Mailbox<'a>),
    /// `LIST` (RFC 3501, RFC 5258)
    List(ListQuery<'a>),
    /// `LSUB`
    Lsub {
        /// The reference name, Unicode.
        reference: Cow<'a, str>,
        /// The pattern, Unicode, with `*` and `%`.
        pattern: Cow<'a, str>,
    },
    /// `XLIST`, which servers had before SPECIAL-USE; no RFC defines it.
    XList {
        /// The reference name, Unicode.
        reference: Cow<'a, str>,
        /// The pattern, Unicode, with `*` and `%`.
        pattern: Cow<'a, str>,
    },
    /// `STATUS`
    Status(Mailbox<'a>, OneOrMore<StatusItem>),
    /// `APPEND`, of one message or several (RFC 3502).
    Append(Append<'a>),
    /// `REPLACE` (RFC 8508)
    Replace(Replace<'a>),
    /// `CHECK`
    Check,
    /// `CLOSE`
    Close,
    /// `UNSELECT` (RFC 3691)
    Unselect,
    /// `EXPUNGE`, or `UID EXPUNGE` with a set (RFC 4315 §2.1).
    Expunge(Option<SequenceSet>),
    /// `SEARCH`
    Search {
        /// `UID SEARCH`
        uid: bool,
        /// What to look for.
        query: SearchQuery<'a>,
    },
    /// `ESEARCH` (RFC 7377): SEARCH in other mailboxes than the selected one.
    ESearch {
        /// `UID ESEARCH`
        uid: bool,
        /// Where to look; empty for the selected mailbox.
        sources: Vec<MailboxFilter<'a>>,
        /// What to look for.
        query: SearchQuery<'a>,
    },
    /// `FETCH`
    Fetch {
        /// `UID FETCH`
        uid: bool,
        /// Which messages.
        set: SequenceSet,
        /// What of them.
        items: FetchItems<'a>,
        /// Which of them, and what else.
        modifiers: FetchModifiers,
    },
    /// `STORE`
    Store {
        /// `UID STORE`
        uid: bool,
        /// Which messages.
        set: SequenceSet,
        /// What to do with the flags.
        action: StoreAction,
        /// `.SILENT`: the client does not want to see the result.
        silent: bool,
        /// The flags.
        flags: Vec<Flag<'a>>,
        /// Only those not changed since (RFC 7162 §3.1.3).
        unchanged_since: Option<u64>,
    },
    /// `STORE` of Gmail's labels, `X-GM-LABELS`.
    StoreLabels {
        /// `UID STORE`
        uid: bool,
        /// Which messages.
        set: SequenceSet,
        /// What to do with the labels.
        action: StoreAction,
        /// `.SILENT`
        silent: bool,
        /// The labels; `\Inbox` and the like are Gmail's own.
        labels: Vec<Cow<'a, [u8]>>,
    },
    /// `COPY`
    Copy {
        /// `UID COPY`
        uid: bool,
        /// Which messages.
        set: SequenceSet,
        /// Where to.
        mailbox: Mailbox<'a>,
    },
    /// `MOVE` (RFC 6851)
    Move {
        /// `UID MOVE`
        uid: bool,
        /// Which messages.
        set: SequenceSet,
        /// Where to.
        mailbox: Mailbox<'a>,
    },
    /// `IDLE` (RFC 2177)
    Idle,
    /// `SORT` (RFC 5256 §3), with RETURN (RFC 5267 §3).
    Sort {
        /// `UID SORT`
        uid: bool,
        /// What to sort by, the first most.
        criteria: OneOrMore<SortCriterion>,
        /// Asks for an ESEARCH response.
        returns: Option<SearchReturn<'a>>,
        /// The charset of the texts.
        charset: Cow<'a, str>,
        /// Which messages.
        key: SearchKey<'a>,
    },
    /// `THREAD` (RFC 5256 §3)
    Thread {
        /// `UID THREAD`
        uid: bool,
        /// `ORDEREDSUBJECT`, `REFERENCES` …
        algorithm: Atom<'a>,
        /// The charset of the texts.
        charset: Cow<'a, str>,
        /// Which messages.
        key: SearchKey<'a>,
    },
    /// `NOTIFY` (RFC 5465)
    Notify(Notify<'a>),
    /// `COMPRESS` (RFC 4978): the algorithm.
    Compress(Atom<'a>),
    /// `LANGUAGE` (RFC 5255 §3.2): language ranges, best first; empty to ask which there are.
    Language(Vec<Cow<'a, str>>),
    /// `COMPARATOR` (RFC 5255 §4.7): in order of preference; empty to ask for the active one.
    Comparator(Vec<Cow<'a, str>>),
    /// `UNAUTHENTICATE` (RFC 8437)
    Unauthenticate,
    /// `GETJMAPACCESS` (RFC 9698)
    GetJmapAccess,
    /// `CANCELUPDATE` (RFC 5267 §4.3): the tags of the searches.
    CancelUpdate(OneOrMore<Tag<'a>>),
    /// `GETQUOTA` (RFC 9208 §4.1.1): a quota root.
    GetQuota(Cow<'a, [u8]>),
    /// `GETQUOTAROOT` (RFC 9208 §4.1.2)
    GetQuotaRoot(Mailbox<'a>),
    /// `SETQUOTA` (RFC 9208 §4.1.3)
    SetQuota {
        /// The quota root.
        root: Cow<'a, [u8]>,
        /// Resources and their limits; a resource that is not named has none.
        limits: Vec<(Atom<'a>, u64)>,
    },
    /// `SETACL` (RFC 4314 §3.1)
    SetAcl {
        /// Which mailbox.
        mailbox: Mailbox<'a>,
        /// Whose rights.
        identifier: Cow<'a, [u8]>,
        /// What to do with those given.
        action: RightsAction,
        /// The rights.
        rights: Rights<'a>,
    },
    /// `DELETEACL` (RFC 4314 §3.2)
    DeleteAcl {
        /// Which mailbox.
        mailbox: Mailbox<'a>,
        /// Whose rights.
        identifier: Cow<'a, [u8]>,
    },
    /// `GETACL` (RFC 4314 §3.3)
    GetAcl(Mailbox<'a>),
    /// `LISTRIGHTS` (RFC 4314 §3.4)
    ListRights {
        /// Which mailbox.
        mailbox: Mailbox<'a>,
        /// Whose rights.
        identifier: Cow<'a, [u8]>,
    },
    /// `MYRIGHTS` (RFC 4314 §3.5)
    MyRights(Mailbox<'a>),
    /// `GETMETADATA` (RFC 5464 §4.2)
    GetMetadata {
        /// Which mailbox; the empty name is the server.
        mailbox: Mailbox<'a>,
        /// Which values, and how deep.
        options: MetadataOptions,
        /// The entries.
        entries: OneOrMore<EntryName<'a>>,
    },
    /// `SETMETADATA` (RFC 5464 §4.3)
    SetMetadata {
        /// Which mailbox; the empty name is the server.
        mailbox: Mailbox<'a>,
        /// Entries and their values; `None` takes an entry away.
        entries: OneOrMore<(EntryName<'a>, Option<Cow<'a, [u8]>>)>,
    },
    /// `GENURLAUTH` (RFC 4467): URLs and the mechanisms to authorize them by.
    GenUrlAuth(OneOrMore<(Cow<'a, [u8]>, Atom<'a>)>),
    /// `RESETKEY` (RFC 4467): of a mailbox, and of these mechanisms only where some are named.
    ResetKey(Option<(Mailbox<'a>, Vec<Atom<'a>>)>),
    /// `URLFETCH` (RFC 4467)
    UrlFetch(OneOrMore<Cow<'a, [u8]>>),
}

impl<'a> Tagged<'a> {
    /// A command under a tag.
    pub fn new(tag: Tag<'a>, command: Command<'a>) -> Self {
        Self { tag, command }
    }
}
