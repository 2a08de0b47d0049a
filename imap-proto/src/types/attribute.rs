use core::fmt;

use super::{SpecialUse, Unlisted};

/// What LIST says of a mailbox besides its name (RFC 9051 §7.3.1, RFC 5258 §3.1, RFC 6154 §2).
///
/// ```
/// use imap_proto::types::{Attribute, SpecialUse};
///
/// assert_eq!(Attribute::new("\\noselect"), Some(Attribute::NoSelect));
/// assert_eq!(Attribute::new("\\Sent"), Some(Attribute::Use(SpecialUse::Sent)));
/// assert_eq!(Attribute::new("\\AllMail").unwrap().to_string(), "\\AllMail");
/// assert!(Attribute::new("Sent").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Attribute<'a> {
    /// `\Noinferiors`: nothing can be below it.
    NoInferiors,
    /// `\Noselect`: it cannot be selected.
    NoSelect,
    /// `\Marked`: something of interest is in it.
    Marked,
    /// `\Unmarked`: nothing has come since it was selected last.
    Unmarked,
    /// `\HasChildren` (RFC 3348)
    HasChildren,
    /// `\HasNoChildren` (RFC 3348)
    HasNoChildren,
    /// `\NonExistent`: there is none of this name (RFC 5258 §3).
    NonExistent,
    /// `\Subscribed` (RFC 5258 §3.1)
    Subscribed,
    /// `\Remote`: it is on another server (RFC 5258 §3.1).
    Remote,
    /// What it is for (RFC 6154 §2).
    Use(SpecialUse<'a>),
    /// Any other, without its backslash; from [`Attribute::new`].
    Other(Unlisted<'a>),
}

impl<'a> Attribute<'a> {
    const NAMES: [(&'static str, Self); 9] = [
        ("\\Noinferiors", Self::NoInferiors),
        ("\\Noselect", Self::NoSelect),
        ("\\Marked", Self::Marked),
        ("\\Unmarked", Self::Unmarked),
        ("\\HasChildren", Self::HasChildren),
        ("\\HasNoChildren", Self::HasNoChildren),
        ("\\NonExistent", Self::NonExistent),
        ("\\Subscribed", Self::Subscribed),
        ("\\Remote", Self::Remote),
    ];

    /// An attribute from its spelling with the backslash, in any case; `None` if that is none.
    pub fn new(text: &'a str) -> Option<Self> {
        let known = Self::NAMES.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        if let Some((_, known)) = known {
            return Some(known);
        }
        match SpecialUse::new(text)? {
            SpecialUse::Other(name) => Some(Self::Other(name)),
            listed => Some(Self::Use(listed)),
        }
    }

    /// The same attribute, owned.
    pub fn into_owned(self) -> Attribute<'static> {
        match self {
            Self::NoInferiors => Attribute::NoInferiors,
            Self::NoSelect => Attribute::NoSelect,
            Self::Marked => Attribute::Marked,
            Self::Unmarked => Attribute::Unmarked,
            Self::HasChildren => Attribute::HasChildren,
            Self::HasNoChildren => Attribute::HasNoChildren,
            Self::NonExistent => Attribute::NonExistent,
            Self::Subscribed => Attribute::Subscribed,
            Self::Remote => Attribute::Remote,
            Self::Use(one) => Attribute::Use(one.into_owned()),
            Self::Other(name) => Attribute::Other(name.into_owned()),
        }
    }
}

impl fmt::Display for Attribute<'_> {
    /// The spelling, with the backslash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Use(one) => one.fmt(f),
            Self::Other(name) => write!(f, "\\{name}"),
            known => {
                let listed = Self::NAMES.iter().find(|(_, one)| one == known);
                f.write_str(listed.map_or("\\Marked", |(name, _)| name))
            }
        }
    }
}

/// What separates the levels of a mailbox name: one character of ASCII that can be seen, or a blank (RFC 3501 §9
/// `mailbox-list`).
///
/// ```
/// use imap_proto::types::Delimiter;
///
/// assert_eq!(Delimiter::new('/'), Some(Delimiter::SLASH));
/// assert!(Delimiter::new('\r').is_none() && Delimiter::new('é').is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Delimiter(u8);

impl Delimiter {
    /// `/`
    pub const SLASH: Self = Self(b'/');
    /// `.`
    pub const DOT: Self = Self(b'.');

    /// A delimiter; `None` if the character cannot be one.
    pub const fn new(c: char) -> Option<Self> {
        match c {
            ' '..='~' => Some(Self(c as u8)),
            _ => None,
        }
    }

    /// The character.
    pub const fn get(self) -> char {
        self.0 as char
    }
}

impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Write::write_char(f, self.get())
    }
}
