//! What a client says: [`Command`] with its [`tag`](Tagged).

mod append;

use alloc::{borrow::Cow, vec::Vec};
use core::fmt;

use crate::types::{
    Atom, FetchItems, Flag, ListQuery, Mailbox, SearchQuery, SequenceSet, SpecialUse, StatusItem,
    StoreAction, Tag,
};

pub use crate::print::{Gap, Literals, PrintOptions, Printed};
pub use append::{
    Append, AppendBody, AppendData, AppendMessage, CatenatePart, MessageLiteral, Replace,
};

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
    /// `AUTHENTICATE`, with an initial response still in base64 (RFC 4959).
    Authenticate {
        /// The SASL mechanism as written.
        mechanism: Atom<'a>,
        /// Base64, or `=` for an empty one.
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
    Enable(Vec<Atom<'a>>),
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
    },
    /// `CREATE`, with special uses (RFC 6154 §3).
    Create {
        /// The name; without the trailing delimiter a client may have put there.
        mailbox: Mailbox<'a>,
        /// `USE (…)`
        uses: Vec<SpecialUse>,
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
    Lsub(ListQuery<'a>),
    /// `STATUS`
    Status(Mailbox<'a>, Vec<StatusItem>),
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
    /// `FETCH`
    Fetch {
        /// `UID FETCH`
        uid: bool,
        /// Which messages.
        set: SequenceSet,
        /// What of them.
        items: FetchItems<'a>,
        /// Only those changed since (RFC 7162 §3.1.4.1).
        changed_since: Option<u64>,
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
}

impl<'a> Tagged<'a> {
    /// A command under a tag.
    pub fn new(tag: Tag<'a>, command: Command<'a>) -> Self {
        Self { tag, command }
    }
}
