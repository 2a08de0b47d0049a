use alloc::borrow::Cow;

use mailwire::sasl::Mechanism;

use crate::{Capabilities, Code, Scan, Stat, UniqueId};

/// What a [`Client`](super::Client) reports.
///
/// Each command ends with exactly one [`Done`](Self::Done) or [`Failed`](Self::Failed), in the
/// order in which they were given. What belongs to a command comes before its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Nothing: `event` was called when none was announced.
    None,
    /// The server's greeting (RFC 1939 §4).
    Greeting {
        /// Text for people.
        text: Cow<'a, str>,
        /// The timestamp for APOP, in angle brackets, if there is a usable one (RFC 1939 §7).
        timestamp: Option<&'a str>,
    },
    /// A line of the answer to LIST.
    Scan(Scan),
    /// A line of the answer to UIDL.
    UniqueId(UniqueId<'a>),
    /// A line of the answer to LANG without a range (RFC 6856 §3.2).
    Language {
        /// The language tag.
        tag: &'a str,
        /// What the language calls itself, if the server says so.
        description: &'a str,
    },
    /// A part of the message that RETR or TOP asked for, dot-stuffing taken out.
    Body(&'a [u8]),
    /// A command succeeded.
    Done(Outcome<'a>),
    /// A command failed. The session goes on, unless it was QUIT or the greeting.
    Failed {
        /// Which.
        request: Request,
        /// Why.
        failure: Failure<'a>,
    },
}

/// What came of a command.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome<'a> {
    /// CAPA: what the server can do.
    Capabilities(&'a Capabilities),
    /// STLS: [`Step::Upgrade`](mailwire::Step::Upgrade) follows.
    StartTls,
    /// Log-in, whatever the way.
    LoggedIn,
    /// UTF8: texts and messages may hold UTF-8 now.
    Utf8,
    /// LANG: the language that the server speaks now.
    Language {
        /// Its tag, as the server spells it.
        tag: &'a str,
    },
    /// LANG without a range; the languages came as [`Event::Language`].
    Languages {
        /// Lines that could not be understood, and were left out.
        malformed: u64,
    },
    /// STAT.
    Stat(Stat),
    /// LIST of all messages; they came as [`Event::Scan`].
    List {
        /// Lines that could not be understood, and were left out.
        malformed: u64,
    },
    /// LIST of one message.
    Scan(Scan),
    /// UIDL of all messages; they came as [`Event::UniqueId`].
    Uidl {
        /// Lines that could not be understood, and were left out.
        malformed: u64,
    },
    /// UIDL of one message.
    UniqueId(UniqueId<'a>),
    /// RETR: the message is whole.
    Retr {
        /// The message number.
        message: u32,
        /// The octets that really came. What LIST said may differ.
        octets: u64,
    },
    /// TOP: all that was asked for is there.
    Top {
        /// The message number.
        message: u32,
        /// The octets that came.
        octets: u64,
    },
    /// DELE: the message is marked, and removed by QUIT.
    Dele {
        /// The message number.
        message: u32,
    },
    /// NOOP.
    Noop,
    /// RSET: no message is marked any more.
    Rset,
    /// QUIT: what was marked is removed, the session is over.
    Quit,
}

/// A command, as it was asked for, without its secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// The connection itself: the server greeted with `-ERR`.
    Connect,
    /// [`capa`](super::Client::capa)
    Capa,
    /// [`stls`](super::Client::stls)
    Stls,
    /// [`login`](super::Client::login)
    Login,
    /// [`apop`](super::Client::apop)
    Apop,
    /// [`auth`](super::Client::auth)
    Auth,
    /// [`auth_by`](super::Client::auth_by)
    AuthBy(Mechanism),
    /// [`utf8`](super::Client::utf8)
    Utf8,
    /// [`lang`](super::Client::lang)
    Lang,
    /// [`languages`](super::Client::languages)
    Languages,
    /// [`stat`](super::Client::stat)
    Stat,
    /// [`list`](super::Client::list), [`list_one`](super::Client::list_one)
    List(Option<u32>),
    /// [`uidl`](super::Client::uidl), [`uidl_one`](super::Client::uidl_one)
    Uidl(Option<u32>),
    /// [`retr`](super::Client::retr)
    Retr(u32),
    /// [`top`](super::Client::top)
    Top {
        /// The message number.
        message: u32,
        /// Lines of the body.
        lines: u64,
    },
    /// [`dele`](super::Client::dele)
    Dele(u32),
    /// [`noop`](super::Client::noop)
    Noop,
    /// [`rset`](super::Client::rset)
    Rset,
    /// [`quit`](super::Client::quit)
    Quit,
}

/// Why a command failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure<'a> {
    /// The server said `-ERR`.
    Refused {
        /// The response code, if there is one.
        code: Option<Code<'a>>,
        /// Text for people.
        text: Cow<'a, str>,
    },
    /// It was not sent, and why.
    NotSent(&'static str),
    /// The answer makes no sense, and in what way. What came of it may not be relied upon.
    Malformed(&'static str),
}
