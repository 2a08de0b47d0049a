use mailwire::sasl::Claim;

use crate::{Attributes, Mail, Rcpt, Reply};

/// What a server machine reports.
///
/// Events that say "answer" hold the client back until the host has called the method named.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Somebody wants to log in. Answer: [`Server::verdict`](super::Server::verdict).
    Auth(Claim<'a>),
    /// A message begins. Answer: [`Server::reply`](super::Server::reply) with 250 or a refusal.
    Mail(Mail<'a>),
    /// A recipient. Answer: `reply` with 250 or a refusal.
    Rcpt(Rcpt<'a>),
    /// The client wants to send the message, by DATA or by BDAT, and there is a recipient. Answer:
    /// `reply` with [`Reply::go_ahead`] or a refusal.
    Data,
    /// Octets of the message, dot-stuffing taken out.
    Chunk(&'a [u8]),
    /// A piece of the message is to be fetched from there (RFC 4468). Answer: `reply` with 250 once
    /// it is there, or with a refusal: then the message is void. After the last piece the answer is
    /// that to the message.
    Burl {
        /// Where from.
        url: &'a str,
        /// Whether it is the last piece.
        last: bool,
    },
    /// The message is whole. Answer: `reply` with 250 once it is durable, or with a refusal.
    Message {
        /// Its size in octets.
        size: u64,
    },
    /// The message begun is void: forget it. Nothing is to be answered.
    Reset(Reset),
    /// VRFY or EXPN. Answer: `reply`; 252 says neither yes nor no (RFC 5321 §3.5.3).
    Verify {
        /// What is asked for.
        text: &'a str,
        /// EXPN: the members of a list.
        expand: bool,
        /// The client takes a reply beyond ASCII; without it the reply must be ASCII (RFC 6531
        /// §3.7.4.2).
        smtp_utf8: bool,
    },
    /// ETRN: send what waits for this domain (RFC 1985). Answer: `reply` with 250 to 253, 458 or
    /// 459.
    Etrn {
        /// The domain, with `@` or `#` before it as the client wrote it.
        node: &'a str,
    },
    /// A trusted peer says on whose behalf it speaks. Answer: `reply` with 220, as in a greeting, or
    /// a refusal. The session starts over then; whom `LOGIN` names, if anybody, has logged in.
    Xclient(Attributes<'a>),
    /// A trusted peer says where a message came from, for logs. Answer: `reply` with 250.
    Xforward(Attributes<'a>),
    /// The client spoke before the greeting. Nothing is to be answered;
    /// [`turn_away`](super::Server::turn_away) ends the acquaintance.
    EarlyTalk,
    /// The machine refused a command by itself. For logs.
    Rejected(Reply),
    /// Nothing: `event` was called when none was announced.
    Nothing,
}

/// Why a message is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reset {
    /// The client said RSET, EHLO or HELO.
    Command,
    /// It was longer than `limits.message` (552 5.3.4 was said).
    TooLarge,
    /// It held a bare CR or LF, or a NUL (550 was said).
    Malformed,
    /// A piece of it was refused by the host.
    Refused,
    /// The session ended in the middle.
    Closed,
}
