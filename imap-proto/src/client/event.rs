use core::{fmt, num::NonZeroU32};

use crate::{
    parse,
    response::{Completion, RawLine, Response, Status},
    types::{Names, SectionName, StatusText},
};

/// Names a command: its answer carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub(super) u32);

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "A{}", self.0)
    }
}

/// What the server says.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Nothing: `event` was called when `poll` had not announced one.
    Nothing,
    /// The greeting: commands may be given.
    Greeting {
        /// Whether the server takes the client as logged in already.
        pre_auth: bool,
        /// Code and text.
        text: StatusText<'a>,
    },
    /// A command is answered.
    Done {
        /// Which.
        tag: Tag,
        /// How it went.
        status: Completion,
        /// Code and text.
        text: StatusText<'a>,
    },
    /// Data, asked for or not. What is not understood is here as [`Response::Unknown`].
    Data(Response<'a>),
    /// A section that is too large to stand in its response: so many octets follow as
    /// [`Chunk`](Self::Chunk)s, then the response as [`Data`](Self::Data), where the section is
    /// [`FetchData::Streamed`](crate::response::FetchData::Streamed).
    Literal {
        /// The message's sequence number; `None` where the server says UIDs only (RFC 9586).
        number: Option<NonZeroU32>,
        /// Its UID, if the server said it before.
        uid: Option<NonZeroU32>,
        /// Which section.
        section: SectionName<'static>,
        /// The first octet, where only a part was asked for.
        origin: Option<u64>,
        /// How many octets.
        len: u64,
    },
    /// Octets of the section.
    Chunk(&'a [u8]),
    /// The server takes a message, or a part of one, of this APPEND or REPLACE: give its octets by
    /// [`send`](super::Client::send).
    Upload(Tag),
    /// The server has begun to idle: it will tell what changes, until
    /// [`done`](super::Client::done).
    Idling(Tag),
}

/// As what a frame is shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum Announce {
    Greeting,
    Done(Tag),
    /// An answer to a command that was not given.
    Stray,
    Data,
}

/// The event that a frame is.
pub(super) fn lend(frame: &[u8], announce: Announce, names: Names) -> Event<'_> {
    let read = parse::streamed_response(frame, names).map(|read| read.response);
    match (read, announce) {
        (Ok(Response::Status { status, text }), Announce::Greeting) => {
            Event::Greeting { pre_auth: status == Status::PreAuth, text }
        }
        (Ok(Response::Tagged { status, text, .. }), Announce::Done(tag)) => {
            Event::Done { tag, status, text }
        }
        (_, Announce::Stray) => Event::Data(Response::Unknown(RawLine::checked(frame))),
        (Ok(response), _) => Event::Data(response),
        (Err(_), _) => Event::Nothing,
    }
}
