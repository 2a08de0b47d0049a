use alloc::string::String;
use core::fmt;

use super::{Atom, Unlisted, string::is_atom};

/// A message flag (RFC 3501 §2.3.2).
///
/// System flags are one value in any case; keywords keep the case they were written in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Flag<'a> {
    /// `\Seen`
    Seen,
    /// `\Answered`
    Answered,
    /// `\Flagged`
    Flagged,
    /// `\Deleted`
    Deleted,
    /// `\Draft`
    Draft,
    /// `\Recent`: set by the server alone.
    Recent,
    /// A keyword: an atom.
    Keyword(Atom<'a>),
    /// A `\Name` that RFC 3501 does not know, without the backslash; from [`Flag::new`].
    Extension(Unlisted<'a>),
}

impl<'a> Flag<'a> {
    /// `$Forwarded` (RFC 5788)
    pub const FORWARDED: Flag<'static> = Flag::Keyword(Atom::checked("$Forwarded"));
    /// `$MDNSent`: a disposition notification was sent (RFC 3503, RFC 5788).
    pub const MDN_SENT: Flag<'static> = Flag::Keyword(Atom::checked("$MDNSent"));
    /// `$SubmitPending` (RFC 5550, RFC 5788)
    pub const SUBMIT_PENDING: Flag<'static> = Flag::Keyword(Atom::checked("$SubmitPending"));
    /// `$Submitted` (RFC 5550, RFC 5788)
    pub const SUBMITTED: Flag<'static> = Flag::Keyword(Atom::checked("$Submitted"));
    /// `$Junk` (RFC 9051 §2.3.2)
    pub const JUNK: Flag<'static> = Flag::Keyword(Atom::checked("$Junk"));
    /// `$NotJunk` (RFC 9051 §2.3.2)
    pub const NOT_JUNK: Flag<'static> = Flag::Keyword(Atom::checked("$NotJunk"));
    /// `$Phishing` (RFC 9051 §2.3.2)
    pub const PHISHING: Flag<'static> = Flag::Keyword(Atom::checked("$Phishing"));
    /// `$Important` (RFC 8457 §2)
    pub const IMPORTANT: Flag<'static> = Flag::Keyword(Atom::checked("$Important"));

    /// A flag from its spelling; `None` if it is no flag. `\*` is none: that new keywords can be made is said by
    /// [`Code::PermanentFlags`](super::Code::PermanentFlags).
    pub fn new(text: &'a str) -> Option<Self> {
        let Some(name) = text.strip_prefix('\\') else {
            return is_atom(text.as_bytes()).then_some(Self::Keyword(Atom::checked(text)));
        };
        if !is_atom(name.as_bytes()) {
            return None;
        }
        const SYSTEM: [(&str, Flag<'static>); 6] = [
            ("Seen", Flag::Seen),
            ("Answered", Flag::Answered),
            ("Flagged", Flag::Flagged),
            ("Deleted", Flag::Deleted),
            ("Draft", Flag::Draft),
            ("Recent", Flag::Recent),
        ];
        let system = SYSTEM.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let other = || Self::Extension(Unlisted::new(Atom::checked(name)));
        Some(system.map_or_else(other, |(_, flag)| flag))
    }

    /// The same flag, owned.
    pub fn into_owned(self) -> Flag<'static> {
        match self {
            Self::Seen => Flag::Seen,
            Self::Answered => Flag::Answered,
            Self::Flagged => Flag::Flagged,
            Self::Deleted => Flag::Deleted,
            Self::Draft => Flag::Draft,
            Self::Recent => Flag::Recent,
            Self::Keyword(k) => Flag::Keyword(k.into_owned()),
            Self::Extension(e) => Flag::Extension(e.into_owned()),
        }
    }
}

impl fmt::Display for Flag<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Seen => "\\Seen",
            Self::Answered => "\\Answered",
            Self::Flagged => "\\Flagged",
            Self::Deleted => "\\Deleted",
            Self::Draft => "\\Draft",
            Self::Recent => "\\Recent",
            Self::Keyword(k) => k,
            Self::Extension(e) => return write!(f, "\\{e}"),
        })
    }
}

impl From<&Flag<'_>> for String {
    fn from(flag: &Flag<'_>) -> Self {
        alloc::format!("{flag}")
    }
}

/// What a mailbox is for (RFC 6154 §2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SpecialUse<'a> {
    /// All messages.
    All,
    /// The archive.
    Archive,
    /// Drafts.
    Drafts,
    /// Flagged messages.
    Flagged,
    /// Junk mail.
    Junk,
    /// Copies of sent messages.
    Sent,
    /// Deleted messages.
    Trash,
    /// Messages taken for important (RFC 8457 §3).
    Important,
    /// Another one, `\\Name`, without the backslash (RFC 6154 §6 `use-attr-ext`); from [`SpecialUse::new`].
    Other(Unlisted<'a>),
}

impl<'a> SpecialUse<'a> {
    const NAMES: [(&'static str, Self); 8] = [
        ("\\All", Self::All),
        ("\\Archive", Self::Archive),
        ("\\Drafts", Self::Drafts),
        ("\\Flagged", Self::Flagged),
        ("\\Junk", Self::Junk),
        ("\\Sent", Self::Sent),
        ("\\Trash", Self::Trash),
        ("\\Important", Self::Important),
    ];

    /// A use from its spelling with the backslash, in any case; `None` if that is none.
    pub fn new(text: &'a str) -> Option<Self> {
        let known = Self::NAMES.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        known
            .map(|(_, known)| known)
            .or_else(|| Some(Self::Other(Unlisted::new(Atom::new(text.strip_prefix('\\')?)?))))
    }

    /// The same use, owned.
    pub fn into_owned(self) -> SpecialUse<'static> {
        match self {
            Self::All => SpecialUse::All,
            Self::Archive => SpecialUse::Archive,
            Self::Drafts => SpecialUse::Drafts,
            Self::Flagged => SpecialUse::Flagged,
            Self::Junk => SpecialUse::Junk,
            Self::Sent => SpecialUse::Sent,
            Self::Trash => SpecialUse::Trash,
            Self::Important => SpecialUse::Important,
            Self::Other(name) => SpecialUse::Other(name.into_owned()),
        }
    }
}

impl fmt::Display for SpecialUse<'_> {
    /// The spelling, with the backslash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(name) => write!(f, "\\{name}"),
            known => f.write_str(
                Self::NAMES.iter().find(|(_, one)| one == known).map_or("\\All", |(name, _)| name),
            ),
        }
    }
}
