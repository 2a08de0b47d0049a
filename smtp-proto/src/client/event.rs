use crate::{Extensions, Reply};

/// What a client machine reports.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The server answered EHLO or HELO: after the greeting, and again after STARTTLS. Now a
    /// command can be given.
    Ready(&'a Extensions),
    /// The server refused the session, EHLO, STARTTLS or AUTH.
    Refused {
        /// What it refused.
        stage: Stage,
        /// In what words.
        reply: &'a Reply,
    },
    /// The server took the credentials.
    Authenticated,
    /// At least one recipient was accepted, and the server waits for the message: call
    /// [`Client::body`](super::Client::body) and [`Client::body_end`](super::Client::body_end).
    Body,
    /// What became of one recipient. Reported once for each recipient of the envelope, in the order
    /// of the envelope, as soon as it and those before it are decided.
    Recipient {
        /// Its place in the envelope.
        index: usize,
        /// Where it was decided: at [`Stage::Message`] with a positive reply, it is delivered.
        stage: Stage,
        /// The reply that decided it.
        reply: &'a Reply,
    },
    /// The transaction is over: each recipient has been reported. Another can begin.
    Done,
    /// The reply to [`Client::command`](super::Client::command).
    Answered(&'a Reply),
    /// Nothing: `event` was called when none was announced.
    Nothing,
}

/// A step of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The greeting.
    Greeting,
    /// EHLO and HELO.
    Hello,
    /// STARTTLS.
    StartTls,
    /// AUTH.
    Auth,
    /// MAIL.
    Mail,
    /// RCPT.
    Recipient,
    /// DATA.
    Data,
    /// The message itself, that is, its final dot.
    Message,
    /// RSET.
    Reset,
    /// A command given by [`Client::command`](super::Client::command).
    Command,
    /// QUIT.
    Quit,
}
