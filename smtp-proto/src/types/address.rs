use alloc::{
    borrow::{Cow, ToOwned},
    string::String,
};
use core::fmt;

use crate::parse;

/// A mailbox, `local-part "@" domain`, as it was written (RFC 5321 §4.1.2).
///
/// Quoting and domain literals are kept. A value can only come from the parser or from
/// [`Mailbox::new`], so whatever is printed is one mailbox: no CR, LF, NUL, space outside quotes or
/// angle bracket can be smuggled into a command with it.
///
/// ```
/// use smtp_proto::Mailbox;
///
/// let plain: Mailbox<'_> = Mailbox::parse("alice@example.org")?;
/// assert_eq!((plain.local().as_ref(), plain.domain().as_str()), ("alice", "example.org"));
///
/// let quoted = Mailbox::new("two words", "example.org")?;
/// assert_eq!(quoted.to_string(), "\"two words\"@example.org");
/// assert_eq!(quoted.local(), "two words");
///
/// assert!(Mailbox::new("alice", "example.org>\r\nRCPT TO:<eve@evil.example").is_err());
/// # Ok::<(), smtp_proto::AddressError>(())
/// ```
///
/// Two mailboxes are equal when they are written alike, the domain in any case; use
/// [`same`](Self::same) to see through quoting.
#[derive(Clone, Debug)]
pub struct Mailbox<'a> {
    text: Cow<'a, str>,
    /// Where the `@` stands.
    at: usize,
}

/// Why a text is not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// Not of the form that RFC 5321 §4.1.2 has.
    #[error("not a mail address")]
    Syntax,
    /// Longer than a path may be: 256 octets (RFC 5321 §4.5.3.1.3).
    #[error("address too long")]
    TooLong,
}

/// Longest path, without its angle brackets (RFC 5321 §4.5.3.1.3 counts them in).
const PATH_MAX: usize = 254;

impl<'a> Mailbox<'a> {
    /// Reads `local-part "@" domain`, without angle brackets.
    ///
    /// # Errors
    ///
    /// [`AddressError`] when `text` is anything else.
    pub fn parse(text: &'a str) -> Result<Self, AddressError> {
        match parse::path::mailbox(text.as_bytes()) {
            Ok((b"", mailbox)) => mailbox.checked(),
            _ => Err(AddressError::Syntax),
        }
    }

    /// Puts a mailbox together from a local part without quotes, which is quoted where needed, and
    /// a domain or domain literal.
    ///
    /// # Errors
    ///
    /// [`AddressError`] for an empty local part, a control character in it, a domain that is none,
    /// or an address too long.
    pub fn new(local: &str, domain: &str) -> Result<Mailbox<'static>, AddressError> {
        if local.is_empty() {
            return Err(AddressError::Syntax);
        }
        let mut text = String::with_capacity(local.len() + domain.len() + 3);
        if parse::path::is_dot_string(local.as_bytes()) {
            text.push_str(local);
        } else {
            text.push('"');
            for c in local.chars() {
                if matches!(c, '"' | '\\') {
                    text.push('\\');
                }
                text.push(c);
            }
            text.push('"');
        }
        text.push('@');
        text.push_str(domain);
        Mailbox::parse(&text).map(Mailbox::into_owned)
    }

    /// For the parser: `text` has its `@` at `at`.
    pub(crate) const fn from_parser(text: &'a str, at: usize) -> Self {
        Self { text: Cow::Borrowed(text), at }
    }

    pub(crate) fn checked(self) -> Result<Self, AddressError> {
        if self.text.len() > PATH_MAX { Err(AddressError::TooLong) } else { Ok(self) }
    }

    /// The whole, as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The local part without quotes. Its case means something to the domain's owner only.
    pub fn local(&self) -> Cow<'_, str> {
        let raw = self.local_raw();
        let Some(inner) = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')) else {
            return Cow::Borrowed(raw);
        };
        if !inner.contains('\\') {
            return Cow::Borrowed(inner);
        }
        let mut plain = String::with_capacity(inner.len());
        let mut chars = inner.chars();
        while let Some(c) = chars.next() {
            plain.extend(if c == '\\' { chars.next() } else { Some(c) });
        }
        Cow::Owned(plain)
    }

    /// The local part as it was written, quotes included.
    pub fn local_raw(&self) -> &str {
        self.text.get(..self.at).unwrap_or_default()
    }

    /// What stands after the `@`.
    pub fn domain(&self) -> Domain<'_> {
        let text = self.text.get(self.at + 1..).unwrap_or_default();
        if text.starts_with('[') { Domain::Literal(text) } else { Domain::Name(text) }
    }

    /// Whether SMTPUTF8 is not needed to send it (RFC 6531 §3.3).
    pub fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }

    /// Whether both name the same mailbox: quoting aside, the domain in any case.
    pub fn same(&self, other: &Mailbox<'_>) -> bool {
        self.local() == other.local()
            && self.domain().as_str().eq_ignore_ascii_case(other.domain().as_str())
    }

    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> Mailbox<'static> {
        Mailbox { text: Cow::Owned(self.text.into_owned()), at: self.at }
    }
}

impl PartialEq for Mailbox<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.local_raw() == other.local_raw()
            && self.domain().as_str().eq_ignore_ascii_case(other.domain().as_str())
    }
}

impl Eq for Mailbox<'_> {}

impl fmt::Display for Mailbox<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What stands after the `@` of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "RFC 5321 §4.1.2 has these two")]
pub enum Domain<'a> {
    /// A domain name.
    Name(&'a str),
    /// An address literal, brackets included: `[192.0.2.1]`, `[IPv6:2001:db8::1]`.
    Literal(&'a str),
}

impl<'a> Domain<'a> {
    /// As it was written.
    pub const fn as_str(self) -> &'a str {
        match self {
            Self::Name(text) | Self::Literal(text) => text,
        }
    }

    /// The address of an IPv4 or IPv6 literal.
    pub fn ip(self) -> Option<core::net::IpAddr> {
        let Self::Literal(text) = self else { return None };
        let inner = text.strip_prefix('[')?.strip_suffix(']')?;
        match inner.split_at_checked(5) {
            Some((tag, v6)) if tag.eq_ignore_ascii_case("IPv6:") => {
                v6.parse().ok().map(core::net::IpAddr::V6)
            }
            _ => inner.parse().ok().map(core::net::IpAddr::V4),
        }
    }
}

/// Where bounces go: the argument of MAIL (RFC 5321 §4.1.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "RFC 5321 §4.1.2 has these two")]
pub enum ReversePath<'a> {
    /// `<>`: nowhere. Of bounces and other automatic messages (RFC 5321 §4.5.5).
    Null,
    /// A mailbox.
    Mailbox(Mailbox<'a>),
}

impl ReversePath<'_> {
    /// The mailbox, if it is not the null reverse-path.
    pub const fn mailbox(&self) -> Option<&Mailbox<'_>> {
        match self {
            Self::Null => None,
            Self::Mailbox(mailbox) => Some(mailbox),
        }
    }

    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> ReversePath<'static> {
        match self {
            Self::Null => ReversePath::Null,
            Self::Mailbox(mailbox) => ReversePath::Mailbox(mailbox.into_owned()),
        }
    }
}

/// With its angle brackets, as MAIL has it.
impl fmt::Display for ReversePath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("<>"),
            Self::Mailbox(mailbox) => write!(f, "<{mailbox}>"),
        }
    }
}

/// A recipient: the argument of RCPT (RFC 5321 §4.1.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "RFC 5321 §4.1.1.3 has these two")]
pub enum ForwardPath<'a> {
    /// `<Postmaster>` without a domain: whoever is in charge of this server.
    Postmaster,
    /// A mailbox.
    Mailbox(Mailbox<'a>),
}

impl ForwardPath<'_> {
    /// The mailbox, if there is a domain.
    pub const fn mailbox(&self) -> Option<&Mailbox<'_>> {
        match self {
            Self::Postmaster => None,
            Self::Mailbox(mailbox) => Some(mailbox),
        }
    }

    /// The address without brackets: the mailbox, or `postmaster`.
    pub fn address(&self) -> String {
        match self {
            Self::Postmaster => "postmaster".to_owned(),
            Self::Mailbox(mailbox) => mailbox.as_str().to_owned(),
        }
    }

    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> ForwardPath<'static> {
        match self {
            Self::Postmaster => ForwardPath::Postmaster,
            Self::Mailbox(mailbox) => ForwardPath::Mailbox(mailbox.into_owned()),
        }
    }
}

/// With its angle brackets, as RCPT has it.
impl fmt::Display for ForwardPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postmaster => f.write_str("<Postmaster>"),
            Self::Mailbox(mailbox) => write!(f, "<{mailbox}>"),
        }
    }
}
