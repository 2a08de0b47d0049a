//! What a server says: [`Response`].

use alloc::{borrow::Cow, boxed::Box, vec::Vec};

use crate::types::{BodySection, DateTime, Flag, Mailbox, StatusData, StatusText, UidSet};

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

/// One response (RFC 3501 §7).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Response<'a> {
    /// `+ …`: go on. The text may be a challenge in base64.
    Continue(StatusText<'a>),
    /// The answer to the command of this tag.
    Tagged {
        /// The command's tag.
        tag: &'a str,
        /// How it went.
        status: Status,
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
    Capability(Vec<&'a str>),
    /// `* ENABLED`
    Enabled(Vec<&'a str>),
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
    Search(Vec<u32>),
    /// `* ESEARCH`
    ESearch(ESearch<'a>),
    /// `* n EXISTS`
    Exists(u32),
    /// `* n RECENT`
    Recent(u32),
    /// `* n EXPUNGE`
    Expunge(u32),
    /// `* n FETCH`
    Fetch(u32, Vec<FetchData<'a>>),
    /// Anything else, as it came, with its CRLF.
    Unknown(&'a [u8]),
}

/// A mailbox in a list (RFC 3501 §7.2.2, RFC 5258).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListItem<'a> {
    /// `\HasChildren`, `\Noselect`, `\Sent` …, backslash included.
    pub attributes: Vec<Flag<'a>>,
    /// The hierarchy delimiter; `None` for a flat name.
    pub delimiter: Option<char>,
    /// The name.
    pub mailbox: Mailbox<'a>,
}

impl<'a> ListItem<'a> {
    /// A mailbox of a list.
    pub fn new(attributes: Vec<Flag<'a>>, delimiter: Option<char>, mailbox: Mailbox<'a>) -> Self {
        Self { attributes, delimiter, mailbox }
    }
}

/// An extended search result (RFC 4731).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ESearch<'a> {
    /// The tag of the command it answers.
    pub tag: Option<Cow<'a, [u8]>>,
    /// Whether the numbers are UIDs.
    pub uid: bool,
    /// The least.
    pub min: Option<u32>,
    /// The greatest.
    pub max: Option<u32>,
    /// All.
    pub all: Option<UidSet>,
    /// How many.
    pub count: Option<u32>,
}

/// One item of a FETCH response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchData<'a> {
    /// `FLAGS`
    Flags(Vec<Flag<'a>>),
    /// `UID`
    Uid(u32),
    /// `INTERNALDATE`
    InternalDate(DateTime),
    /// `RFC822.SIZE`
    Size(u64),
    /// `MODSEQ`
    ModSeq(u64),
    /// `ENVELOPE`
    Envelope(Box<Envelope<'a>>),
    /// `BODY` without a section.
    Body(Box<BodyStructure<'a>>),
    /// `BODYSTRUCTURE`
    BodyStructure(Box<BodyStructure<'a>>),
    /// A section of the message.
    Section {
        /// Which.
        section: BodySection<'a>,
        /// The first octet, where only a part was asked for.
        origin: Option<u64>,
        /// Its octets; `None` for NIL.
        octets: Option<Cow<'a, [u8]>>,
    },
    /// A section whose octets were streamed.
    Streamed {
        /// Which.
        section: BodySection<'a>,
        /// The first octet, where only a part was asked for.
        origin: Option<u64>,
        /// How many octets.
        len: u64,
    },
    /// An item that is not known, or whose value is not what it should be: name, blank and value as
    /// they came.
    Unknown(&'a [u8]),
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
