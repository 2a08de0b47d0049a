use alloc::borrow::Cow;
use core::{fmt, ops::Deref};

/// Octets of a response that were not understood, byte for byte as the server sent them. Only the parser makes them, or a
/// check: what is printed of them cannot hold a line end that was not there.
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
