//! What stands in response codes.

use alloc::{borrow::Cow, string::String};
use core::{fmt, num::NonZeroU32};

use super::{Atom, NonEmpty, UidList, code_names::is_known_code};

/// A text within a response code: something, without `]`, CR, LF and NUL, and not with a blank first (RFC 3501 §9
/// `resp-text-code`).
///
/// ```
/// use imap_proto::types::CodeText;
///
/// assert_eq!(CodeText::new("/INBOX;UID=20").unwrap().as_str(), "/INBOX;UID=20");
/// assert!(CodeText::new("a] b").is_none());
/// assert!(CodeText::new("").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CodeText<'a>(Cow<'a, str>);

impl<'a> CodeText<'a> {
    /// The text; `None` if it cannot stand in a code.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Option<Self> {
        let text = text.into();
        let fits = !text.is_empty() && !text.starts_with(' ');
        (fits && !text.contains(['\r', '\n', '\0', ']'])).then_some(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same text, owned.
    pub fn into_owned(self) -> CodeText<'static> {
        CodeText(Cow::Owned(self.0.into_owned()))
    }
}

impl fmt::Display for CodeText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a charset, as BADCHARSET lists it: without CR, LF and NUL (RFC 9051 §9 `charset`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Charset<'a>(Cow<'a, str>);

impl<'a> Charset<'a> {
    /// The name; `None` if it cannot be said.
    pub fn new(name: impl Into<Cow<'a, str>>) -> Option<Self> {
        let name = name.into();
        super::string::is_utf8_quotable(&name).then_some(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same name, owned.
    pub fn into_owned(self) -> Charset<'static> {
        Charset(Cow::Owned(self.0.into_owned()))
    }
}

impl fmt::Display for Charset<'_> {
    /// `charset = atom / quoted`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match super::string::is_atom(self.0.as_bytes()) {
            true => f.write_str(&self.0),
            false => Quoted(&self.0).fmt(f),
        }
    }
}

/// `quoted`, of a text without line ends.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        f.write_str("\"")?;
        for c in self.0.chars() {
            f.write_str(if matches!(c, '"' | '\\') { "\\" } else { "" })?;
            f.write_char(c)?;
        }
        f.write_str("\"")
    }
}

/// Copies: UIDVALIDITY of where they are, UIDs of the originals and, in the same order, of the copies (RFC 4315 §3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CopyUid {
    pub(super) validity: NonZeroU32,
    pub(super) from: NonEmpty<UidList>,
    pub(super) to: NonEmpty<UidList>,
}

impl CopyUid {
    /// Copies; `None` if there are not as many as originals.
    ///
    /// ```
    /// use core::num::NonZeroU32;
    /// use imap_proto::types::{CopyUid, NonEmpty, UidList, UidSet};
    ///
    /// let list = |first, last| NonEmpty::list(UidList::from(UidSet::range(first, last))).unwrap();
    /// let one = NonZeroU32::MIN;
    /// assert!(CopyUid::new(one, list(5, 7), list(1, 3)).is_some());
    /// assert!(CopyUid::new(one, list(5, 7), list(1, 2)).is_none());
    /// ```
    pub fn new(
        validity: NonZeroU32,
        from: NonEmpty<UidList>,
        to: NonEmpty<UidList>,
    ) -> Option<Self> {
        (from.len() == to.len()).then_some(Self { validity, from, to })
    }

    /// UIDVALIDITY of the mailbox the copies are in.
    pub fn validity(&self) -> NonZeroU32 {
        self.validity
    }

    /// The UIDs of the originals.
    pub fn from(&self) -> &UidList {
        &self.from
    }

    /// The UIDs of the copies, each at the place of its original.
    pub fn to(&self) -> &UidList {
        &self.to
    }

    /// The UID of each original and of its copy.
    pub fn pairs(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.from.iter().zip(self.to.iter())
    }
}

/// A mechanism by which URLs are authorized, and what it needs to know in base64 (RFC 4467 §7).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UrlMechanism<'a> {
    name: Cow<'a, str>,
    data: Option<Cow<'a, str>>,
}

impl<'a> UrlMechanism<'a> {
    /// A mechanism; `None` if its name has other characters than letters, digits, `-` and `.`, or its data others than
    /// those of base64.
    pub fn new(
        name: impl Into<Cow<'a, str>>,
        data: Option<impl Into<Cow<'a, str>>>,
    ) -> Option<Self> {
        let (name, data) = (name.into(), data.map(Into::into));
        let all = |text: &str, more: &[u8]| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
        };
        let fits = all(&name, b"-.") && data.as_deref().is_none_or(|data| all(data, b"+/="));
        fits.then_some(Self { name, data })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its data, in base64.
    pub fn data(&self) -> Option<&str> {
        self.data.as_deref()
    }

    /// The same, owned.
    pub fn into_owned(self) -> UrlMechanism<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        UrlMechanism { name: own(self.name), data: self.data.map(own) }
    }
}

impl fmt::Display for UrlMechanism<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.data.iter().try_for_each(|data| write!(f, "=\"{data}\""))
    }
}

/// A response code that has no variant of its own: a word, and the text after it if there is one.
///
/// ```
/// use imap_proto::types::{Atom, CodeText, OtherCode};
///
/// let atom = |name| Atom::new(name).unwrap();
/// assert!(OtherCode::new(atom("X-HINT"), CodeText::new("try later")).is_some());
/// assert!(OtherCode::new(atom("UIDNEXT"), CodeText::new("5")).is_none()); // Code::UidNext
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OtherCode<'a> {
    name: Cow<'a, str>,
    text: Option<Cow<'a, str>>,
}

impl<'a> OtherCode<'a> {
    /// A code; `None` if it is one that has a variant of its own.
    pub fn new(name: Atom<'a>, text: Option<CodeText<'a>>) -> Option<Self> {
        let name: Cow<'a, str> = name.into();
        (!is_known_code(&name)).then(|| Self { name, text: text.map(|text| text.0) })
    }

    /// A code as it came. A tolerant reader keeps a known one here whose arguments it cannot read.
    pub(crate) const fn as_it_came(name: Cow<'a, str>, text: Option<Cow<'a, str>>) -> Self {
        Self { name, text }
    }

    /// The word.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text after it.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The same, owned.
    pub fn into_owned(self) -> OtherCode<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(String::from(text));
        OtherCode { name: own(self.name), text: self.text.map(own) }
    }
}

impl fmt::Display for OtherCode<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.text.iter().try_for_each(|text| write!(f, " {text}"))
    }
}
