use alloc::{borrow::Cow, vec::Vec};

use crate::types::{DateTime, Flag, Mailbox, OneOrMore, string::own};

/// APPEND and MULTIAPPEND (RFC 3501 §6.3.11, RFC 3502): one message or more for one mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Append<'a> {
    /// Where to.
    pub mailbox: Mailbox<'a>,
    /// The messages, in order.
    pub messages: OneOrMore<AppendMessage<'a>>,
}

impl<'a> Append<'a> {
    /// One message of `size` octets that come later, without flags or date.
    pub fn new(mailbox: Mailbox<'a>, size: u64) -> Self {
        Self::message(mailbox, AppendMessage::new(MessageLiteral::to_come(size)))
    }

    /// One message.
    pub fn message(mailbox: Mailbox<'a>, message: AppendMessage<'a>) -> Self {
        Self { mailbox, messages: OneOrMore::one(message) }
    }

    /// Several messages (RFC 3502).
    pub fn many(mailbox: Mailbox<'a>, messages: OneOrMore<AppendMessage<'a>>) -> Self {
        Self { mailbox, messages }
    }

    /// The same, owned.
    pub fn into_owned(self) -> Append<'static> {
        Append {
            mailbox: self.mailbox.into_owned(),
            messages: self.messages.map(AppendMessage::into_owned),
        }
    }
}

/// One message of an APPEND or REPLACE: its flags, its date and where its octets are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppendMessage<'a> {
    /// Flags to set.
    pub flags: Vec<Flag<'a>>,
    /// The internal date to give.
    pub date: Option<DateTime>,
    /// The message.
    pub body: AppendBody<'a>,
}

impl<'a> AppendMessage<'a> {
    /// A message without flags or date.
    pub fn new(literal: MessageLiteral<'a>) -> Self {
        Self { flags: Vec::new(), date: None, body: AppendBody::Literal(literal) }
    }

    /// A message put together from parts (RFC 4469).
    pub fn catenate(parts: OneOrMore<CatenatePart<'a>>) -> Self {
        Self { flags: Vec::new(), date: None, body: AppendBody::Catenate(parts) }
    }

    /// The same, owned.
    pub fn into_owned(self) -> AppendMessage<'static> {
        AppendMessage {
            flags: self.flags.into_iter().map(Flag::into_owned).collect(),
            date: self.date,
            body: self.body.into_owned(),
        }
    }
}

/// What a message of an APPEND is made of (RFC 4466 §2.5 `append-data`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppendBody<'a> {
    /// One literal, or one literal8 (RFC 3516 §4.4).
    Literal(MessageLiteral<'a>),
    /// `UTF8 (~{n}…)`: a message whose header may hold UTF-8 (RFC 6855 §4).
    Utf8(AppendData<'a>),
    /// `CATENATE (…)`: parts one after the other (RFC 4469 §5).
    Catenate(OneOrMore<CatenatePart<'a>>),
}

impl AppendBody<'_> {
    /// The same, owned.
    pub fn into_owned(self) -> AppendBody<'static> {
        match self {
            Self::Literal(literal) => AppendBody::Literal(literal.into_owned()),
            Self::Utf8(data) => AppendBody::Utf8(data.into_owned()),
            Self::Catenate(parts) => AppendBody::Catenate(parts.map(CatenatePart::into_owned)),
        }
    }
}

/// One part of a CATENATE (RFC 4469 §5 `cat-part`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CatenatePart<'a> {
    /// `URL`: a message or a part of one that the server has, by its IMAP URL.
    Url(Cow<'a, [u8]>),
    /// `TEXT`: octets as they are.
    Text(MessageLiteral<'a>),
    /// `UTF8 (~{n}…)` (RFC 6855 §4)
    Utf8(AppendData<'a>),
}

impl CatenatePart<'_> {
    /// The same, owned.
    pub fn into_owned(self) -> CatenatePart<'static> {
        match self {
            Self::Url(url) => CatenatePart::Url(own(url)),
            Self::Text(literal) => CatenatePart::Text(literal.into_owned()),
            Self::Utf8(data) => CatenatePart::Utf8(data.into_owned()),
        }
    }
}

/// The octets of a message, or how many will come.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppendData<'a> {
    /// The octets.
    Octets(Cow<'a, [u8]>),
    /// So many octets come later, by a way of their own.
    ToCome {
        /// How many.
        len: u64,
    },
}

impl AppendData<'_> {
    /// How many octets.
    pub fn size(&self) -> u64 {
        match self {
            Self::Octets(octets) => octets.len() as u64,
            Self::ToCome { len } => *len,
        }
    }

    /// The same, owned.
    pub fn into_owned(self) -> AppendData<'static> {
        match self {
            Self::Octets(octets) => AppendData::Octets(own(octets)),
            Self::ToCome { len } => AppendData::ToCome { len },
        }
    }
}

/// A message's literal: `{n}`, or `~{n}` where it may hold NUL (RFC 3516 §4.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageLiteral<'a> {
    data: AppendData<'a>,
    binary: bool,
}

impl<'a> MessageLiteral<'a> {
    /// These octets. With NUL among them it is a literal8.
    pub fn octets(octets: impl Into<Cow<'a, [u8]>>) -> Self {
        let octets = octets.into();
        let binary = memchr::memchr(0, &octets).is_some();
        Self { data: AppendData::Octets(octets), binary }
    }

    /// A literal whose octets come later.
    pub fn to_come(len: u64) -> Self {
        Self { data: AppendData::ToCome { len }, binary: false }
    }

    /// The same as a literal8.
    #[must_use]
    pub fn binary(self) -> Self {
        Self { binary: true, ..self }
    }

    /// The octets, or how many come.
    pub fn data(&self) -> &AppendData<'a> {
        &self.data
    }

    /// Whether it is a literal8.
    pub fn is_binary(&self) -> bool {
        self.binary
    }

    /// The same, owned.
    pub fn into_owned(self) -> MessageLiteral<'static> {
        MessageLiteral { data: self.data.into_owned(), binary: self.binary }
    }
}

/// REPLACE and UID REPLACE (RFC 8508): a message takes the place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replace<'a> {
    /// `UID REPLACE`
    pub uid: bool,
    /// The message to replace; `None` for `*`, the last one.
    pub number: Option<core::num::NonZeroU32>,
    /// Where the new one goes.
    pub mailbox: Mailbox<'a>,
    /// The new one.
    pub message: AppendMessage<'a>,
}

impl<'a> Replace<'a> {
    /// Replaces message `number` by another.
    pub fn new(
        uid: bool,
        number: Option<core::num::NonZeroU32>,
        mailbox: Mailbox<'a>,
        message: AppendMessage<'a>,
    ) -> Self {
        Self { uid, number, mailbox, message }
    }

    /// The same, owned.
    pub fn into_owned(self) -> Replace<'static> {
        Replace {
            uid: self.uid,
            number: self.number,
            mailbox: self.mailbox.into_owned(),
            message: self.message.into_owned(),
        }
    }
}
