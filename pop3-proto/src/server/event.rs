use mailwire::sasl::Claim;

use super::{Deleted, Entry};
use crate::CommandError;

/// What a [`Server`](super::Server) asks of its host, or tells it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Nothing: `event` was called when none was announced.
    None,
    /// A client says who it is, by USER and PASS or by AUTH. Answer with
    /// [`verdict`](super::Server::verdict).
    Login {
        /// What it claims.
        claim: Claim<'a>,
    },
    /// The client is who it claimed to be, and wants its maildrop. Lock it, and answer with
    /// [`open_maildrop`](super::Server::open_maildrop) or
    /// [`refuse_maildrop`](super::Server::refuse_maildrop).
    Open {
        /// The user name, as the client spelled it.
        username: &'a str,
    },
    /// The client wants a message. Answer with any number of [`body`](super::Server::body) or
    /// [`body_bytes`](super::Server::body_bytes) and one [`body_end`](super::Server::body_end), or
    /// with [`fail`](super::Server::fail).
    Retr {
        /// Its place in the list the maildrop was opened with, from 0.
        index: usize,
        /// What stands there.
        entry: &'a Entry,
    },
    /// The client wants the header of a message and some lines of its body. Answer as for
    /// [`Retr`](Self::Retr): the machine cuts the message itself, and
    /// [`body_wanted`](super::Server::body_wanted) says when it has enough.
    Top {
        /// Its place in the list the maildrop was opened with, from 0.
        index: usize,
        /// What stands there.
        entry: &'a Entry,
        /// Lines of the body wanted.
        lines: u64,
    },
    /// The client said QUIT, and the session enters the UPDATE state (RFC 1939 §6): remove these
    /// messages, for good, and give the maildrop back, so that the client finds it free once it has
    /// the answer. Answer with [`updated`](super::Server::updated) or
    /// [`update_failed`](super::Server::update_failed). Never comes when a session ends otherwise.
    Update {
        /// The messages; often there is none.
        deleted: Deleted<'a>,
    },
    /// A line was answered with `-ERR`, because it was no valid command at this point. For logs;
    /// needs no answer.
    Rejected(CommandError),
}
