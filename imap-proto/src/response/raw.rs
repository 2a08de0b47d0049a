use alloc::borrow::Cow;
use core::{fmt, ops::Deref};

/// A value of a response that was not understood, byte for byte as the server sent it. Only the parser makes it, or a check:
/// what is printed of it cannot hold a line end that was not there.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Raw<'a>(Cow<'a, [u8]>);

impl<'a> Raw<'a> {
    /// One value as responses have them: an atom, a number, a string with its quotes, a list of values; `None` if the
    /// octets are not exactly that, or hold `{`, which could be taken for a literal.
    ///
    /// ```
    /// use imap_proto::response::Raw;
    ///
    /// assert!(Raw::value(b"(a (\"b c\" 2))").is_some());
    /// assert!(Raw::value(b"a\r\n* BYE").is_none());
    /// ```
    pub fn value(octets: &'a [u8]) -> Option<Self> {
        crate::parse::is_value(octets).then_some(Self(Cow::Borrowed(octets)))
    }

    pub(crate) const fn new(octets: &'a [u8]) -> Self {
        Self(Cow::Borrowed(octets))
    }

    /// The octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same octets, owned.
    pub fn into_owned(self) -> Raw<'static> {
        Raw(Cow::Owned(self.0.into_owned()))
    }
}

impl Deref for Raw<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Raw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// An item of FETCH that was not understood: name, blank and value, byte for byte as the server sent it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RawItem<'a>(Raw<'a>);

impl<'a> RawItem<'a> {
    /// One item as [`parse::response`](crate::parse::response) has it that does not know it; `None` for anything else.
    ///
    /// ```
    /// use imap_proto::response::RawItem;
    ///
    /// assert!(RawItem::new(b"X-COLOR \"blue\"").is_some());
    /// assert!(RawItem::new(b"UID 7").is_none());
    /// assert!(RawItem::new(b"blue").is_none());
    /// ```
    pub fn new(octets: &'a [u8]) -> Option<Self> {
        crate::parse::is_unknown_item(octets).then_some(Self(Raw::new(octets)))
    }

    pub(crate) const fn checked(octets: &'a [u8]) -> Self {
        Self(Raw::new(octets))
    }

    /// The octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same octets, owned.
    pub fn into_owned(self) -> RawItem<'static> {
        RawItem(self.0.into_owned())
    }
}

/// A response that was not understood: a line and its literals, byte for byte as the server sent it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RawLine<'a>(Raw<'a>);

impl<'a> RawLine<'a> {
    /// One response as [`parse::response`](crate::parse::response) has it that does not know it; `None` for anything
    /// else.
    ///
    /// ```
    /// use imap_proto::response::RawLine;
    ///
    /// assert!(RawLine::new(b"* XCOLORS blue\r\n").is_some());
    /// assert!(RawLine::new(b"* XCOLORS blue\r\n* BYE\r\n").is_none());
    /// assert!(RawLine::new(b"* 3 EXISTS\r\n").is_none());
    /// ```
    pub fn new(octets: &'a [u8]) -> Option<Self> {
        crate::parse::is_unknown_response(octets).then_some(Self(Raw::new(octets)))
    }

    pub(crate) const fn checked(octets: &'a [u8]) -> Self {
        Self(Raw::new(octets))
    }

    /// The octets, CRLF included.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same octets, owned.
    pub fn into_owned(self) -> RawLine<'static> {
        RawLine(self.0.into_owned())
    }
}
