use alloc::{borrow::Cow, string::String};
use core::{fmt, ops::Deref};

use super::string::{is_atom, is_tag_char};

/// An atom: a word without blanks, quotes or other special characters (RFC 3501 §9 `atom`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Atom<'a>(Cow<'a, str>);

impl<'a> Atom<'a> {
    /// An atom; `None` if the text is none.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Option<Self> {
        let text = text.into();
        is_atom(text.as_bytes()).then_some(Self(text))
    }

    /// What the parser has checked, or this crate writes.
    pub(crate) const fn checked(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same atom, owned.
    pub fn into_owned(self) -> Atom<'static> {
        Atom(Cow::Owned(self.0.into_owned()))
    }
}

impl Deref for Atom<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Atom<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Atom<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Debug for Atom<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Atom<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'a> From<Atom<'a>> for Cow<'a, str> {
    fn from(atom: Atom<'a>) -> Self {
        atom.0
    }
}

impl From<Atom<'_>> for String {
    fn from(atom: Atom<'_>) -> Self {
        atom.0.into_owned()
    }
}

/// A word for which an enum of this crate has no variant of its own. Only that enum makes it, from a spelling: a word that
/// has a variant is never held as an unlisted one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Unlisted<'a>(Atom<'a>);

impl<'a> Unlisted<'a> {
    pub(crate) const fn new(word: Atom<'a>) -> Self {
        Self(word)
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same word, owned.
    pub fn into_owned(self) -> Unlisted<'static> {
        Unlisted(self.0.into_owned())
    }
}

impl fmt::Debug for Unlisted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Unlisted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A tag: letters, digits and what else RFC 3501 §9 `tag` allows.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Tag<'a>(Cow<'a, str>);

impl<'a> Tag<'a> {
    /// A longer tag is none. RFC 3501 has no limit; clients use a few letters and digits.
    pub(crate) const LONGEST: usize = 256;

    /// A tag; `None` if the text is none.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Option<Self> {
        let text = text.into();
        let fits = (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(is_tag_char);
        fits.then_some(Self(text))
    }

    /// What the parser has checked.
    pub(crate) const fn checked(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same tag, owned.
    pub fn into_owned(self) -> Tag<'static> {
        Tag(Cow::Owned(self.0.into_owned()))
    }
}

impl Deref for Tag<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Tag<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Tag<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Debug for Tag<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Tag<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
