use alloc::borrow::Cow;
use core::fmt;

/// `+OK` or `-ERR` (RFC 1939 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "RFC 1939 §3: there are two status indicators")]
pub enum Status {
    /// `+OK`
    Ok,
    /// `-ERR`
    Err,
}

/// A machine-readable response code in brackets (RFC 2449 §8, RFC 3206, RFC 6856 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code<'a> {
    /// `[IN-USE]`: the log-in was right, another session holds the maildrop (RFC 2449 §8.1.2).
    InUse,
    /// `[LOGIN-DELAY]`: the last log-in is too short ago (RFC 2449 §8.1.1).
    LoginDelay,
    /// `[AUTH]`: there is a problem with the user's credentials, or a policy forbids the log-in
    /// (RFC 3206 §5).
    Auth,
    /// `[SYS/TEMP]`: the server is in trouble; trying again later may help (RFC 3206 §4).
    SysTemp,
    /// `[SYS/PERM]`: the server is in trouble, and somebody has to mend it (RFC 3206 §4).
    SysPerm,
    /// `[UTF8]`: the message needs UTF-8 mode, which the client has not asked for (RFC 6856 §5).
    Utf8,
    /// Any other, without the brackets.
    Other(&'a str),
}

impl<'a> Code<'a> {
    /// The code of that name, without brackets, in any case. Detail after a known code is ignored,
    /// as RFC 2449 §8 demands: `IN-USE/backup` is [`InUse`](Self::InUse).
    pub fn new(name: &'a str) -> Self {
        let known =
            [Self::InUse, Self::LoginDelay, Self::Auth, Self::SysTemp, Self::SysPerm, Self::Utf8];
        known.into_iter().find(|code| has_levels(name, code.name())).unwrap_or(Self::Other(name))
    }

    /// The name, without brackets.
    pub const fn name(&self) -> &'a str {
        match self {
            Self::InUse => "IN-USE",
            Self::LoginDelay => "LOGIN-DELAY",
            Self::Auth => "AUTH",
            Self::SysTemp => "SYS/TEMP",
            Self::SysPerm => "SYS/PERM",
            Self::Utf8 => "UTF8",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for Code<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.name())
    }
}

/// Whether `name` is `levels`, or that with more levels after it.
fn has_levels(name: &str, levels: &str) -> bool {
    name.split_at_checked(levels.len()).is_some_and(|(head, tail)| {
        head.eq_ignore_ascii_case(levels) && (tail.is_empty() || tail.starts_with('/'))
    })
}

/// The first line of a response.
///
/// [`parse::response`](crate::parse::response) reads one,
/// [`print::response`](crate::print::response) writes one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response<'a> {
    /// `+OK` or `-ERR`.
    pub status: Status,
    /// The response code, if there is one.
    pub code: Option<Code<'a>>,
    /// What follows: text for people, or for STAT, LIST n and UIDL n the data.
    pub text: Cow<'a, str>,
}

impl<'a> Response<'a> {
    /// A response.
    pub fn new(status: Status, code: Option<Code<'a>>, text: impl Into<Cow<'a, str>>) -> Self {
        Self { status, code, text: text.into() }
    }
}

/// A drop listing: the answer to STAT (RFC 1939 §5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Stat {
    /// Number of messages not marked as deleted.
    pub messages: u64,
    /// Their size in octets.
    pub octets: u64,
}

impl Stat {
    /// A drop listing.
    pub const fn new(messages: u64, octets: u64) -> Self {
        Self { messages, octets }
    }
}

/// A scan listing: a line of the answer to LIST (RFC 1939 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Scan {
    /// The message number, from 1.
    pub message: u32,
    /// The size in octets that the server claims. Some servers are wrong about it.
    pub octets: u64,
}

impl Scan {
    /// A scan listing.
    pub const fn new(message: u32, octets: u64) -> Self {
        Self { message, octets }
    }
}

/// A unique-id listing: a line of the answer to UIDL (RFC 1939 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct UniqueId<'a> {
    /// The message number, from 1.
    pub message: u32,
    /// The unique id, as the server wrote it.
    pub uidl: &'a str,
}

impl<'a> UniqueId<'a> {
    /// A unique-id listing.
    pub const fn new(message: u32, uidl: &'a str) -> Self {
        Self { message, uidl }
    }
}
