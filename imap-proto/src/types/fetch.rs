use alloc::{borrow::Cow, vec::Vec};

use super::string::own_str;

/// Which octets of a message: the text between the brackets of `BODY[…]` (RFC 3501 §6.4.5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Section<'a> {
    /// Part numbers, each from 1: `2.1` is the first part of the second part. Empty for the message.
    pub part: Vec<u32>,
    /// What of that part.
    pub text: SectionText<'a>,
}

/// What of a part (RFC 3501 §9 `section-text`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SectionText<'a> {
    /// All of it: `[]`, `[1.2]`.
    #[default]
    Full,
    /// The header, with the empty line that ends it.
    Header,
    /// The named header fields only, and an empty line.
    HeaderFields(Vec<Cow<'a, str>>),
    /// All header fields but the named ones, and an empty line.
    HeaderFieldsNot(Vec<Cow<'a, str>>),
    /// What follows the header.
    Text,
    /// The MIME header of a part. Never with an empty part number.
    Mime,
}

impl<'a> Section<'a> {
    /// The section `part` and `text` name.
    pub fn new(part: Vec<u32>, text: SectionText<'a>) -> Self {
        Self { part, text }
    }

    /// The same section, owned.
    pub fn into_owned(self) -> Section<'static> {
        let own = |names: Vec<Cow<'_, str>>| names.into_iter().map(own_str).collect();
        let text = match self.text {
            SectionText::Full => SectionText::Full,
            SectionText::Header => SectionText::Header,
            SectionText::HeaderFields(names) => SectionText::HeaderFields(own(names)),
            SectionText::HeaderFieldsNot(names) => SectionText::HeaderFieldsNot(own(names)),
            SectionText::Text => SectionText::Text,
            SectionText::Mime => SectionText::Mime,
        };
        Section { part: self.part, text }
    }
}

/// `<offset.length>`: a run of octets of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Partial {
    /// The first octet, from 0.
    pub offset: u64,
    /// At most so many octets; not 0.
    pub len: u64,
}

impl Partial {
    /// A run of at most `len` octets from `offset` on.
    pub fn new(offset: u64, len: u64) -> Self {
        Self { offset, len }
    }

    /// The run within a section of `size` octets: where it starts and how long it is.
    pub fn within(self, size: u64) -> (u64, u64) {
        let start = self.offset.min(size);
        (start, self.len.min(size - start))
    }
}

/// How a client spelled a body section; the response uses the same spelling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SectionSpelling {
    /// `BODY[…]`
    #[default]
    Body,
    /// `RFC822`, which is `BODY[]`.
    Rfc822,
    /// `RFC822.HEADER`, which is `BODY.PEEK[HEADER]`.
    Rfc822Header,
    /// `RFC822.TEXT`, which is `BODY[TEXT]`.
    Rfc822Text,
}

/// `BODY[section]<partial>` in all its spellings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct BodySection<'a> {
    /// Which octets.
    pub section: Section<'a>,
    /// A run of them only.
    pub partial: Option<Partial>,
    /// Whether reading leaves `\Seen` as it is (`BODY.PEEK`, `RFC822.HEADER`).
    pub peek: bool,
    /// How it was spelled.
    pub spelling: SectionSpelling,
}

impl<'a> BodySection<'a> {
    /// `BODY[section]`
    pub fn new(section: Section<'a>) -> Self {
        Self { section, ..Self::default() }
    }

    /// `BODY.PEEK[section]`
    pub fn peek(section: Section<'a>) -> Self {
        Self { section, peek: true, ..Self::default() }
    }

    /// The same, owned.
    pub fn into_owned(self) -> BodySection<'static> {
        BodySection {
            section: self.section.into_owned(),
            partial: self.partial,
            peek: self.peek,
            spelling: self.spelling,
        }
    }
}

/// One thing FETCH can ask for (RFC 3501 §6.4.5).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FetchItem<'a> {
    /// `FLAGS`
    Flags,
    /// `UID`
    Uid,
    /// `INTERNALDATE`
    InternalDate,
    /// `RFC822.SIZE`
    Size,
    /// `ENVELOPE`
    Envelope,
    /// `BODY`: the structure without extension data.
    Body,
    /// `BODYSTRUCTURE`
    BodyStructure,
    /// `MODSEQ` (RFC 7162 §3.1.4)
    ModSeq,
    /// `PREVIEW` (RFC 8970 §3)
    Preview {
        /// `(LAZY)`: only if it costs nothing.
        lazy: bool,
    },
    /// `SAVEDATE` (RFC 8514 §4.2)
    SaveDate,
    /// `EMAILID` (RFC 8474 §5.1)
    EmailId,
    /// `THREADID` (RFC 8474 §5.2)
    ThreadId,
    /// `X-GM-MSGID`
    GmailMessageId,
    /// `X-GM-THRID`
    GmailThreadId,
    /// `X-GM-LABELS`
    GmailLabels,
    /// `BINARY[…]`, `BINARY.PEEK[…]`: a part without its transfer encoding (RFC 3516 §4.2).
    Binary {
        /// The part; empty for the whole message.
        part: Vec<u32>,
        /// A run of its octets.
        partial: Option<Partial>,
        /// PEEK: `\Seen` is not set.
        peek: bool,
    },
    /// `BINARY.SIZE[…]`: octets of a part without its transfer encoding; an empty part is the message.
    BinarySize(Vec<u32>),
    /// `BODY[…]`, `BODY.PEEK[…]`, `RFC822`, `RFC822.HEADER`, `RFC822.TEXT`
    Section(BodySection<'a>),
}

impl FetchItem<'_> {
    /// The same item, owned.
    pub fn into_owned(self) -> FetchItem<'static> {
        match self {
            Self::Flags => FetchItem::Flags,
            Self::Uid => FetchItem::Uid,
            Self::InternalDate => FetchItem::InternalDate,
            Self::Size => FetchItem::Size,
            Self::Envelope => FetchItem::Envelope,
            Self::Body => FetchItem::Body,
            Self::BodyStructure => FetchItem::BodyStructure,
            Self::ModSeq => FetchItem::ModSeq,
            Self::Preview { lazy } => FetchItem::Preview { lazy },
            Self::SaveDate => FetchItem::SaveDate,
            Self::EmailId => FetchItem::EmailId,
            Self::ThreadId => FetchItem::ThreadId,
            Self::GmailMessageId => FetchItem::GmailMessageId,
            Self::GmailThreadId => FetchItem::GmailThreadId,
            Self::GmailLabels => FetchItem::GmailLabels,
            Self::Binary { part, partial, peek } => FetchItem::Binary { part, partial, peek },
            Self::BinarySize(part) => FetchItem::BinarySize(part),
            Self::Section(section) => FetchItem::Section(section.into_owned()),
        }
    }
}

/// What a FETCH asks for; macros (`ALL`, `FAST`, `FULL`) are already expanded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FetchItems<'a>(Vec<FetchItem<'a>>);

impl<'a> FetchItems<'a> {
    /// These items, in this order.
    pub fn new(items: Vec<FetchItem<'a>>) -> Self {
        Self(items)
    }

    /// The items, in the order they were asked for.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &FetchItem<'a>> {
        self.0.iter()
    }

    /// Whether `item` is asked for.
    pub fn contains(&self, item: &FetchItem<'_>) -> bool {
        self.0.iter().any(|have| have == item)
    }

    /// Whether answering sets `\Seen`: a section read without PEEK.
    pub fn sets_seen(&self) -> bool {
        self.0.iter().any(|item| match item {
            FetchItem::Section(section) => !section.peek,
            FetchItem::Binary { peek, .. } => !peek,
            _ => false,
        })
    }

    /// The body sections asked for.
    pub fn sections(&self) -> impl Iterator<Item = &BodySection<'a>> {
        self.0.iter().filter_map(|item| match item {
            FetchItem::Section(section) => Some(section),
            _ => None,
        })
    }

    /// The same items, owned.
    pub fn into_owned(self) -> FetchItems<'static> {
        FetchItems(self.0.into_iter().map(FetchItem::into_owned).collect())
    }
}
