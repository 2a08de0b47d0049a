use alloc::{borrow::Cow, vec::Vec};
use core::{fmt, num::NonZeroU64};

use super::{OneOrMore, string::own_str};

/// Which octets of a message: the text between the brackets of `BODY[…]` (RFC 3501 §6.4.5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Section<'a> {
    part: Part,
    text: SectionText<'a>,
}

/// The number of a body part: `2.1` is the first part of the second part (RFC 3501 §6.4.5). Empty for the message.
///
/// ```
/// use imap_proto::types::Part;
///
/// assert_eq!(Part::new([2, 1]).unwrap().to_string(), "2.1");
/// assert!(Part::new([2, 0]).is_none());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Part(Vec<u32>);

impl Part {
    /// The message itself.
    pub const MESSAGE: Self = Self(Vec::new());

    /// A part by its numbers, the outermost first; `None` if one is zero.
    pub fn new(numbers: impl Into<Vec<u32>>) -> Option<Self> {
        let numbers = numbers.into();
        (!numbers.contains(&0)).then_some(Self(numbers))
    }

    /// What the parser has checked.
    pub(crate) const fn checked(numbers: Vec<u32>) -> Self {
        Self(numbers)
    }

    /// The numbers.
    pub fn as_slice(&self) -> &[u32] {
        &self.0
    }

    /// Whether this is the message itself.
    pub fn is_message(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, number) in self.0.iter().enumerate() {
            f.write_str(if i > 0 { "." } else { "" })?;
            write!(f, "{number}")?;
        }
        Ok(())
    }
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
    HeaderFields(OneOrMore<Cow<'a, str>>),
    /// All header fields but the named ones, and an empty line.
    HeaderFieldsNot(OneOrMore<Cow<'a, str>>),
    /// What follows the header.
    Text,
    /// The MIME header of a part. The message itself has none.
    Mime,
}

impl<'a> Section<'a> {
    /// The section `part` and `text` name; `None` for the MIME header of the message: a part has one, the message has
    /// not (RFC 3501 §6.4.5).
    pub fn new(part: Part, text: SectionText<'a>) -> Option<Self> {
        let fits = text != SectionText::Mime || !part.is_message();
        fits.then_some(Self { part, text })
    }

    /// What the parser has checked.
    pub(crate) const fn checked(part: Part, text: SectionText<'a>) -> Self {
        Self { part, text }
    }

    /// Which part.
    pub fn part(&self) -> &Part {
        &self.part
    }

    /// What of that part.
    pub fn text(&self) -> &SectionText<'a> {
        &self.text
    }

    /// The same section, owned.
    pub fn into_owned(self) -> Section<'static> {
        let own = |names: OneOrMore<Cow<'_, str>>| names.map(own_str);
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
    /// At most so many octets.
    pub len: NonZeroU64,
}

impl Partial {
    /// A run of at most `len` octets from `offset` on; `None` if `len` is zero, or one of them beyond 2⁶³−1 (RFC 9051 §9
    /// `number64`).
    pub const fn new(offset: u64, len: u64) -> Option<Self> {
        const GREATEST: u64 = i64::MAX.unsigned_abs();
        match NonZeroU64::new(len) {
            Some(len) if len.get() <= GREATEST && offset <= GREATEST => Some(Self { offset, len }),
            _ => None,
        }
    }

    /// The run within a section of `size` octets: where it starts and how long it is.
    pub fn within(self, size: u64) -> (u64, u64) {
        let start = self.offset.min(size);
        (start, self.len.get().min(size - start))
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

/// A section by its name, as responses have it: `BODY[section]`, or an older spelling that means one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SectionName<'a> {
    pub(crate) section: Section<'a>,
    pub(crate) spelling: SectionSpelling,
}

impl<'a> SectionName<'a> {
    /// `BODY[section]`
    pub fn new(section: Section<'a>) -> Self {
        Self { section, spelling: SectionSpelling::Body }
    }

    /// The section that a spelling stands for: `BODY[]` for the first.
    pub fn spelled(spelling: SectionSpelling) -> Self {
        let text = match spelling {
            SectionSpelling::Body | SectionSpelling::Rfc822 => SectionText::Full,
            SectionSpelling::Rfc822Header => SectionText::Header,
            SectionSpelling::Rfc822Text => SectionText::Text,
        };
        Self { section: Section::checked(Part::MESSAGE, text), spelling }
    }

    /// Which octets.
    pub fn section(&self) -> &Section<'a> {
        &self.section
    }

    /// How it is spelled.
    pub fn spelling(&self) -> SectionSpelling {
        self.spelling
    }

    /// The same name, owned.
    pub fn into_owned(self) -> SectionName<'static> {
        SectionName { section: self.section.into_owned(), spelling: self.spelling }
    }
}

/// `BODY[section]<partial>` in all its spellings, as FETCH asks for it.
///
/// ```
/// use imap_proto::types::{BodySection, Part, Partial, Section, SectionSpelling, SectionText};
///
/// let text = Section::new(Part::MESSAGE, SectionText::Text).unwrap();
/// let start = BodySection::peek(text).with_partial(Partial::new(0, 1024).unwrap());
/// assert!(start.is_peek() && start.partial().is_some());
/// // `RFC822` has no partial.
/// let whole = BodySection::spelled(SectionSpelling::Rfc822);
/// assert!(whole.with_partial(Partial::new(0, 1024).unwrap()).partial().is_none());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BodySection<'a> {
    pub(crate) name: SectionName<'a>,
    pub(crate) partial: Option<Partial>,
    pub(crate) peek: bool,
}

impl<'a> BodySection<'a> {
    /// `BODY[section]`
    pub fn new(section: Section<'a>) -> Self {
        Self { name: SectionName::new(section), partial: None, peek: false }
    }

    /// `BODY.PEEK[section]`
    pub fn peek(section: Section<'a>) -> Self {
        Self { peek: true, ..Self::new(section) }
    }

    /// `RFC822`, `RFC822.HEADER`, `RFC822.TEXT`; `BODY[]` for the first spelling.
    pub fn spelled(spelling: SectionSpelling) -> Self {
        let peek = spelling == SectionSpelling::Rfc822Header;
        Self { name: SectionName::spelled(spelling), partial: None, peek }
    }

    /// A run of its octets only; the older spellings have none.
    #[must_use]
    pub fn with_partial(mut self, partial: Partial) -> Self {
        self.partial = Some(partial).filter(|_| self.name.spelling == SectionSpelling::Body);
        self
    }

    /// Its name.
    pub fn name(&self) -> &SectionName<'a> {
        &self.name
    }

    /// Which octets.
    pub fn section(&self) -> &Section<'a> {
        &self.name.section
    }

    /// The run of them that is asked for.
    pub fn partial(&self) -> Option<Partial> {
        self.partial
    }

    /// Whether reading leaves `\Seen` as it is (`BODY.PEEK`, `RFC822.HEADER`).
    pub fn is_peek(&self) -> bool {
        self.peek
    }

    /// The same, owned.
    pub fn into_owned(self) -> BodySection<'static> {
        let Self { name, partial, peek } = self;
        BodySection { name: name.into_owned(), partial, peek }
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
        /// Which part.
        part: Part,
        /// A run of its octets.
        partial: Option<Partial>,
        /// PEEK: `\Seen` is not set.
        peek: bool,
    },
    /// `BINARY.SIZE[…]`: octets of a part without its transfer encoding; an empty part is the message.
    BinarySize(Part),
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FetchItems<'a>(OneOrMore<FetchItem<'a>>);

impl<'a> FetchItems<'a> {
    /// These items, in this order.
    pub fn new(items: OneOrMore<FetchItem<'a>>) -> Self {
        Self(items)
    }

    /// The items as a slice.
    pub fn as_slice(&self) -> &[FetchItem<'a>] {
        &self.0
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
        FetchItems(self.0.map(FetchItem::into_owned))
    }
}
