//! What a server says: [`Response`].

mod owned;
mod raw;
mod view;

use alloc::{borrow::Cow, boxed::Box, vec::Vec};
use core::num::NonZeroU32;

pub use raw::{Raw, RawItem, RawLine};
pub use view::{Addresses, BodyView, EnvelopeView, Parts};

use crate::types::{
    Atom, Attribute, DateTime, Delimiter, Flag, Mailbox, ModSeq, NonEmpty, OneOrMore, Part,
    PartialRange, Score, SectionName, StatusData, StatusText, Tag, UidList, UidSet,
};

/// How a command went, or what a status response announces (RFC 3501 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// It went well; untagged: for your information.
    Ok,
    /// It could not be done; untagged: a warning.
    No,
    /// It should not have been asked.
    Bad,
    /// The server closes the connection. Never tagged.
    Bye,
    /// A greeting: the client is logged in already. Never tagged.
    PreAuth,
}

impl Status {
    pub(crate) const NAMES: [(&'static str, Self); 5] = [
        ("OK", Self::Ok),
        ("NO", Self::No),
        ("BAD", Self::Bad),
        ("BYE", Self::Bye),
        ("PREAUTH", Self::PreAuth),
    ];

    /// The word.
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(_, s)| *s == self).map_or("OK", |(name, _)| name)
    }
}

/// How a command went (RFC 3501 §9 `resp-cond-state`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Completion {
    /// It went well.
    Ok,
    /// It could not be done.
    No,
    /// It should not have been asked.
    Bad,
}

impl Completion {
    /// The word.
    pub fn as_str(self) -> &'static str {
        Status::from(self).as_str()
    }
}

impl From<Completion> for Status {
    fn from(completion: Completion) -> Self {
        match completion {
            Completion::Ok => Self::Ok,
            Completion::No => Self::No,
            Completion::Bad => Self::Bad,
        }
    }
}

/// One response (RFC 3501 §7).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Response<'a> {
    /// `+ …`: go on. The text may be a challenge in base64.
    Continue(StatusText<'a>),
    /// The answer to the command of this tag.
    Tagged {
        /// The command's tag.
        tag: Tag<'a>,
        /// How it went.
        status: Completion,
        /// Code and text.
        text: StatusText<'a>,
    },
    /// `* OK`, `* NO`, `* BAD`, `* BYE`, `* PREAUTH`
    Status {
        /// Which.
        status: Status,
        /// Code and text.
        text: StatusText<'a>,
    },
    /// `* CAPABILITY`
    Capability(OneOrMore<Atom<'a>>),
    /// `* ENABLED`
    Enabled(Vec<Atom<'a>>),
    /// `* ID`: field and value pairs; empty for NIL.
    Id(crate::command::IdFields<'a>),
    /// `* FLAGS`
    Flags(Vec<Flag<'a>>),
    /// `* LIST`
    List(ListItem<'a>),
    /// `* LSUB`
    Lsub(ListItem<'a>),
    /// `* STATUS`
    MailboxStatus(Mailbox<'a>, StatusData),
    /// `* SEARCH`: numbers or UIDs, in the order given.
    Search(Found),
    /// `* SORT` (RFC 5256 §4)
    Sort(Found),
    /// `* THREAD` (RFC 5256 §4)
    Thread(Vec<Thread>),
    /// `* XLIST`, which Gmail had before RFC 6154.
    XList(ListItem<'a>),
    /// `* NAMESPACE` (RFC 2342 §5)
    Namespace(Namespaces<'a>),
    /// `* VANISHED` (RFC 7162 §3.2.10)
    Vanished {
        /// Whether these were gone before: an answer to FETCH or SELECT.
        earlier: bool,
        /// The UIDs.
        uids: NonEmpty<UidSet>,
    },
    /// `* n UIDFETCH`: a UID and its items (RFC 9586 §3.3)
    UidFetch(NonZeroU32, OneOrMore<FetchData<'a>>),
    /// `* QUOTA` (RFC 9208 §4.2.1)
    Quota {
        /// The quota root.
        root: Text<'a>,
        /// Name, usage and limit of each resource.
        resources: Vec<(Atom<'a>, u64, u64)>,
    },
    /// `* QUOTAROOT` (RFC 9208 §4.2.2)
    QuotaRoot(Mailbox<'a>, Vec<Text<'a>>),
    /// `* ACL`: identifiers and their rights (RFC 4314 §3.6)
    Acl(Mailbox<'a>, Vec<(Text<'a>, Text<'a>)>),
    /// `* LISTRIGHTS` (RFC 4314 §3.7)
    ListRights {
        /// The mailbox.
        mailbox: Mailbox<'a>,
        /// Whose rights.
        identifier: Text<'a>,
        /// Rights always granted; may be none.
        required: Text<'a>,
        /// Groups of rights that go together.
        groups: Vec<Text<'a>>,
    },
    /// `* MYRIGHTS` (RFC 4314 §3.8)
    MyRights(Mailbox<'a>, Text<'a>),
    /// `* METADATA` with values; `None` for NIL (RFC 5464 §4.4.1)
    Metadata(Mailbox<'a>, OneOrMore<(Text<'a>, Option<Text<'a>>)>),
    /// `* METADATA` with the names of changed entries (RFC 5464 §4.4.2)
    MetadataChanged(Mailbox<'a>, OneOrMore<Text<'a>>),
    /// `* LANGUAGE` (RFC 5255 §3.3)
    Language(OneOrMore<Text<'a>>),
    /// `* COMPARATOR`: the active one, and others that match (RFC 5255 §4.8)
    Comparator(Text<'a>, Vec<Text<'a>>),
    /// `* GENURLAUTH` (RFC 4467 §7)
    GenUrlAuth(OneOrMore<Text<'a>>),
    /// `* URLFETCH`: URLs and what they name (RFC 4467 §7)
    UrlFetch(OneOrMore<(Text<'a>, Option<Text<'a>>)>),
    /// `* JMAPACCESS`: the session's URL (RFC 9698 §3)
    JmapAccess(Text<'a>),
    /// `* ESEARCH`
    ESearch(ESearch<'a>),
    /// `* n EXISTS`
    Exists(u32),
    /// `* n RECENT`
    Recent(u32),
    /// `* n EXPUNGE`
    Expunge(NonZeroU32),
    /// `* n FETCH`
    Fetch(NonZeroU32, OneOrMore<FetchData<'a>>),
    /// `* 0 FETCH`, which Exchange and Proton Bridge send: items of a message whose number the server did not know. Only
    /// the tolerant parser makes it.
    #[non_exhaustive]
    Unnumbered(OneOrMore<FetchData<'a>>),
    /// Anything else, as it came, with its CRLF.
    Unknown(RawLine<'a>),
}

/// Octets of a string.
pub type Text<'a> = Cow<'a, [u8]>;

/// The result of SEARCH and SORT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    numbers: Vec<u32>,
    mod_seq: Option<ModSeq>,
}

impl Found {
    /// These numbers, and the greatest mod-sequence of them. Zero is left out: no message has it. Without numbers there is
    /// no mod-sequence (RFC 7162 §7 `search-sort-mod-seq`).
    pub fn new(mut numbers: Vec<u32>, mod_seq: Option<ModSeq>) -> Self {
        numbers.retain(|n| *n > 0);
        let mod_seq = mod_seq.filter(|_| !numbers.is_empty());
        Self { numbers, mod_seq }
    }

    /// Numbers or UIDs, in the order given; never zero.
    pub fn numbers(&self) -> &[u32] {
        &self.numbers
    }

    /// The greatest mod-sequence of them (RFC 7162 §3.1.5).
    pub fn mod_seq(&self) -> Option<ModSeq> {
        self.mod_seq
    }
}

/// A thread: messages that answer each other, one after the other, and what branches off the last of
/// them (RFC 5256 §4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    pub(crate) numbers: Vec<u32>,
    pub(crate) branches: Vec<Thread>,
}

impl Thread {
    /// A thread of these messages and branches; `None` if there is no message. A single branch is no branch: it goes on
    /// in line.
    ///
    /// ```
    /// use imap_proto::response::Thread;
    ///
    /// let one = Thread::new(vec![7], vec![]).unwrap();
    /// let line = Thread::new(vec![3], vec![one]).unwrap();
    /// assert_eq!((line.numbers(), line.branches().len()), (&[3, 7][..], 0));
    /// assert!(Thread::new(vec![], vec![]).is_none());
    /// ```
    pub fn new(mut numbers: Vec<u32>, mut branches: Vec<Thread>) -> Option<Self> {
        if branches.len() == 1
            && let Some(only) = branches.pop()
        {
            numbers.extend(only.numbers);
            branches = only.branches;
        }
        numbers.retain(|number| *number > 0); // no message has it
        (!numbers.is_empty() || !branches.is_empty()).then_some(Self { numbers, branches })
    }

    /// The messages; empty where the common root is not there.
    pub fn numbers(&self) -> &[u32] {
        &self.numbers
    }

    /// The branches; never just one.
    pub fn branches(&self) -> &[Thread] {
        &self.branches
    }

    /// The same thread with other numbers; messages without one are left out.
    pub(crate) fn renumbered(self, number: &impl Fn(u32) -> Option<u32>) -> Option<Self> {
        let numbers = self.numbers.into_iter().filter_map(number).collect();
        let branches = self.branches.into_iter().filter_map(|one| one.renumbered(number));
        Self::new(numbers, branches.collect())
    }
}

/// The namespaces (RFC 2342 §5); empty for NIL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Namespaces<'a> {
    /// The user's own mailboxes.
    pub personal: Vec<Namespace<'a>>,
    /// Those of other users.
    pub other: Vec<Namespace<'a>>,
    /// Those that are shared.
    pub shared: Vec<Namespace<'a>>,
}

/// One namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Namespace<'a> {
    /// What names in it begin with.
    pub prefix: Mailbox<'a>,
    /// The hierarchy delimiter.
    pub delimiter: Option<Delimiter>,
    /// Extension data: names and values (RFC 5255 §3.4).
    pub extensions: Vec<(Text<'a>, OneOrMore<Text<'a>>)>,
}

impl<'a> Namespace<'a> {
    /// A namespace without extension data.
    pub fn new(prefix: Mailbox<'a>, delimiter: Option<Delimiter>) -> Self {
        Self { prefix, delimiter, extensions: Vec::new() }
    }
}

/// A mailbox in a list (RFC 3501 §7.2.2, RFC 5258).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListItem<'a> {
    /// `\HasChildren`, `\Noselect`, `\Sent` …
    pub attributes: Vec<Attribute<'a>>,
    /// The hierarchy delimiter; `None` for a flat name.
    pub delimiter: Option<Delimiter>,
    /// The name.
    pub mailbox: Mailbox<'a>,
    /// CHILDINFO: options for which children match (RFC 5258 §4).
    pub child_info: Vec<Text<'a>>,
    /// OLDNAME: its name before RENAME (RFC 9051 §6.3.9.7).
    pub old_name: Option<Mailbox<'a>>,
    pub(crate) other: Vec<(Text<'a>, Raw<'a>)>,
}

impl<'a> ListItem<'a> {
    /// A mailbox of a list.
    pub fn new(
        attributes: Vec<Attribute<'a>>,
        delimiter: Option<Delimiter>,
        mailbox: Mailbox<'a>,
    ) -> Self {
        Self {
            attributes,
            delimiter,
            mailbox,
            child_info: Vec::new(),
            old_name: None,
            other: Vec::new(),
        }
    }

    /// Other extended data: name and value as they came.
    pub fn other(&self) -> &[(Text<'a>, Raw<'a>)] {
        &self.other
    }

    /// With extended data of this name besides. What has a field of its own is left out.
    #[must_use]
    pub fn with_other(mut self, name: Text<'a>, value: Raw<'a>) -> Self {
        let known = |field: &str| name.eq_ignore_ascii_case(field.as_bytes());
        if !known("CHILDINFO") && !known("OLDNAME") {
            self.other.push((name, value));
        }
        self
    }
}

/// A range of places in a result, and the numbers there; `None` for none (RFC 9394 §3.1).
pub type FoundPart = (PartialRange, Option<NonEmpty<UidList>>);

/// An extended search result (RFC 4731).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ESearch<'a> {
    /// The tag of the command it answers.
    pub tag: Option<Cow<'a, [u8]>>,
    /// Whether the numbers are UIDs.
    pub uid: bool,
    /// The least.
    pub min: Option<NonZeroU32>,
    /// The greatest.
    pub max: Option<NonZeroU32>,
    /// All, for SORT in its order.
    pub all: Option<NonEmpty<UidList>>,
    /// How many.
    pub count: Option<u32>,
    /// The greatest mod-sequence of them (RFC 7162 §3.1.10).
    pub mod_seq: Option<ModSeq>,
    /// The mailbox searched (RFC 7377 §2.1).
    pub mailbox: Option<Mailbox<'a>>,
    /// Its UIDVALIDITY.
    pub uid_validity: Option<NonZeroU32>,
    /// The range asked for, negative from the end, and what is in it (RFC 9394 §3.1).
    pub partial: Option<FoundPart>,
    /// What joins the result: positions and numbers (RFC 5267 §4.3.1).
    pub add_to: Vec<(u32, NonEmpty<UidList>)>,
    /// What leaves the result (RFC 5267 §4.3.2).
    pub remove_from: Vec<(u32, NonEmpty<UidList>)>,
    /// Scores from 1 to 100 (RFC 6203 §4).
    pub relevancy: Option<Vec<Score>>,
    pub(crate) other: Vec<(Atom<'a>, Raw<'a>)>,
}

impl<'a> ESearch<'a> {
    /// Data that have a field of their own, and `UID`, which is no data.
    const NAMES: [&'static str; 10] = [
        "UID",
        "MIN",
        "MAX",
        "ALL",
        "COUNT",
        "MODSEQ",
        "PARTIAL",
        "ADDTO",
        "REMOVEFROM",
        "RELEVANCY",
    ];

    /// Other data: name and value as they came.
    pub fn other(&self) -> &[(Atom<'a>, Raw<'a>)] {
        &self.other
    }

    /// With data of this name besides. What has a field of its own is left out.
    #[must_use]
    pub fn with_other(mut self, name: Atom<'a>, value: Raw<'a>) -> Self {
        if !Self::NAMES.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            self.other.push((name, value));
        }
        self
    }
}

/// One item of a FETCH response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchData<'a> {
    /// `FLAGS`
    Flags(Vec<Flag<'a>>),
    /// `UID`
    Uid(NonZeroU32),
    /// `INTERNALDATE`
    InternalDate(DateTime),
    /// `RFC822.SIZE`
    Size(u64),
    /// `MODSEQ`
    ModSeq(ModSeq),
    /// `ENVELOPE`
    Envelope(EnvelopeView<'a>),
    /// `BODY` without a section.
    Body(BodyView<'a>),
    /// `BODYSTRUCTURE`
    BodyStructure(BodyView<'a>),
    /// A section of the message.
    Section {
        /// Which.
        section: SectionName<'a>,
        /// The first octet, where only a part was asked for.
        origin: Option<u64>,
        /// Its octets; `None` for NIL.
        octets: Option<Cow<'a, [u8]>>,
    },
    /// `BINARY[…]` (RFC 3516 §4.3)
    Binary {
        /// Which part.
        part: Part,
        /// The first octet, where only a part was asked for.
        origin: Option<u64>,
        /// Its decoded octets; `None` for NIL.
        octets: Option<Text<'a>>,
    },
    /// `BINARY.SIZE[…]`
    BinarySize(Part, u64),
    /// `PREVIEW` (RFC 8970 §3)
    Preview(Option<Text<'a>>),
    /// `SAVEDATE` (RFC 8514 §4.2)
    SaveDate(Option<DateTime>),
    /// `EMAILID` (RFC 8474 §5.1)
    EmailId(Atom<'a>),
    /// `THREADID` (RFC 8474 §5.2)
    ThreadId(Option<Atom<'a>>),
    /// `X-GM-MSGID`, of Gmail.
    GmailMessageId(u64),
    /// `X-GM-THRID`, of Gmail.
    GmailThreadId(u64),
    /// `X-GM-LABELS`, of Gmail; a backslash begins those of the system.
    GmailLabels(Vec<Text<'a>>),
    /// A section whose octets were streamed. Only the client machine makes it.
    #[non_exhaustive]
    Streamed {
        /// Which.
        section: SectionName<'a>,
        /// The first octet, where only a part was asked for.
        origin: Option<u64>,
        /// How many octets.
        len: u64,
    },
    /// An item that is not known, or whose value is not what it should be: name, blank and value as
    /// they came.
    Unknown(RawItem<'a>),
}

/// ENVELOPE (RFC 3501 §7.4.2); header text undecoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Envelope<'a> {
    /// `Date:`
    pub date: Option<Cow<'a, [u8]>>,
    /// `Subject:`
    pub subject: Option<Cow<'a, [u8]>>,
    /// `From:`
    pub from: Vec<Address<'a>>,
    /// `Sender:`
    pub sender: Vec<Address<'a>>,
    /// `Reply-To:`
    pub reply_to: Vec<Address<'a>>,
    /// `To:`
    pub to: Vec<Address<'a>>,
    /// `Cc:`
    pub cc: Vec<Address<'a>>,
    /// `Bcc:`
    pub bcc: Vec<Address<'a>>,
    /// `In-Reply-To:`
    pub in_reply_to: Option<Cow<'a, [u8]>>,
    /// `Message-ID:`
    pub message_id: Option<Cow<'a, [u8]>>,
}

/// An address of an [`Envelope`]. Without a host it begins a group named by `mailbox`, or ends one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Address<'a> {
    /// The display name.
    pub name: Option<Cow<'a, [u8]>>,
    /// The source route, obsolete.
    pub route: Option<Cow<'a, [u8]>>,
    /// The local part.
    pub mailbox: Option<Cow<'a, [u8]>>,
    /// The domain.
    pub host: Option<Cow<'a, [u8]>>,
}

/// Parameters of a content type or disposition.
pub type Params<'a> = Vec<(Cow<'a, [u8]>, Cow<'a, [u8]>)>;

/// BODY and BODYSTRUCTURE (RFC 3501 §7.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyStructure<'a> {
    /// A part without parts, or a message.
    Single {
        /// `text` of `text/plain`.
        kind: Cow<'a, [u8]>,
        /// `plain` of `text/plain`.
        subtype: Cow<'a, [u8]>,
        /// Parameters of the content type.
        params: Params<'a>,
        /// Content-ID.
        id: Option<Cow<'a, [u8]>>,
        /// Content-Description.
        description: Option<Cow<'a, [u8]>>,
        /// Content-Transfer-Encoding.
        encoding: Cow<'a, [u8]>,
        /// Octets, encoded as they are.
        size: u64,
        /// Of a message: its envelope and structure.
        message: Option<(Box<Envelope<'a>>, Box<BodyStructure<'a>>)>,
        /// Of a text or a message: its lines.
        lines: Option<u64>,
        /// Content-MD5.
        md5: Option<Cow<'a, [u8]>>,
        /// What else is known.
        extension: Extension<'a>,
    },
    /// Parts.
    Multi {
        /// The parts.
        parts: Vec<BodyStructure<'a>>,
        /// `mixed` of `multipart/mixed`.
        subtype: Cow<'a, [u8]>,
        /// Parameters of the content type.
        params: Params<'a>,
        /// What else is known.
        extension: Extension<'a>,
    },
}

/// Extension data of a [`BodyStructure`]; BODY has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extension<'a> {
    /// Content-Disposition with its parameters.
    pub disposition: Option<(Cow<'a, [u8]>, Params<'a>)>,
    /// Content-Language.
    pub language: Vec<Cow<'a, [u8]>>,
    /// Content-Location.
    pub location: Option<Cow<'a, [u8]>>,
}
