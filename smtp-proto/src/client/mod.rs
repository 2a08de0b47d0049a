//! The client machine.

mod config;
mod core;
mod envelope;
mod event;
mod replies;
mod transaction;

use ::core::mem;

use bytes::Bytes;
use mailwire::{
    Close, Instant, Machine, Misuse, RecvBuf, SendBuf, Step,
    frame::BareEolFound,
    sasl::{Mechanism, client::Credentials},
};

use self::core::{Announced, Core};
pub use self::{
    config::{Config, Limits, Protocol, Timeouts},
    envelope::{CannotSend, Envelope},
    event::{Event, Stage},
};
use crate::{Command, Extensions};

/// One SMTP session, seen from the client.
///
/// It says EHLO (or HELO, where that is all a server knows) by itself, pipelines where that is
/// offered, and gives exactly one result for each recipient.
///
/// ```
/// use mailwire::{Instant, Machine, Step};
/// use smtp_proto::{ForwardPath, Mailbox, ReversePath};
/// use smtp_proto::client::{Client, Config, Envelope, Event};
///
/// let now = Instant::default();
/// let mut client = Client::new(Config::new("client.example.org"));
/// client.recv().push(b"220 mx.example.net ESMTP\r\n250-mx.example.net\r\n250 PIPELINING\r\n");
/// assert_eq!(client.poll(now), Step::Event);
/// assert!(matches!(client.event(), Event::Ready(offered) if offered.pipelining));
///
/// let to = ForwardPath::Mailbox(Mailbox::new("bob", "example.net")?);
/// client.send(Envelope::new(ReversePath::Null, vec![to]))?;
/// assert_eq!(client.poll(now), Step::NeedInput);
/// assert!(client.transmit().take_all().ends_with(
///     b"MAIL FROM:<>\r\nRCPT TO:<bob@example.net>\r\nDATA\r\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Client {
    recv: RecvBuf,
    core: Core,
}

impl Client {
    /// A session on a connection without TLS. The greeting is waited for.
    pub fn new(config: Config) -> Self {
        Self::start(config, false)
    }

    /// A session on a connection that is under TLS already (RFC 8314 §3.3).
    pub fn over_tls(config: Config) -> Self {
        Self::start(config, true)
    }

    fn start(config: Config, tls: bool) -> Self {
        Self { recv: RecvBuf::new(config.limits.line.max(1024)), core: Core::new(config, tls) }
    }

    /// What the server offers at present.
    pub const fn extensions(&self) -> &Extensions {
        self.core.extensions()
    }

    /// Whether the transport has TLS.
    pub const fn is_tls(&self) -> bool {
        self.core.is_tls()
    }

    /// Says EHLO once more: some servers offer more to those who have logged in (BURL, RFC 4468).
    /// [`Event::Ready`] follows, or [`Event::Refused`].
    ///
    /// # Errors
    ///
    /// [`Misuse`] when the client is not at rest, or EHLO was refused.
    pub fn hello(&mut self) -> Result<(), Misuse> {
        self.core.hello_again()
    }

    /// Whether the server offered CHUNKING and then did not know BDAT (500 or 502). The session is
    /// closed with [`Close::Protocol`] then, since such a server reads the message as commands, and
    /// the recipients are undecided: send to it over a new connection, without
    /// [`Config::chunking`].
    pub const fn is_bdat_unknown(&self) -> bool {
        self.core.bdat_unknown
    }

    /// Asks for TLS (RFC 3207). [`Step::Upgrade`] follows, or [`Event::Refused`].
    ///
    /// # Errors
    ///
    /// [`Misuse`] when the client is not at rest, TLS is active, or it was not offered.
    pub fn starttls(&mut self) -> Result<(), Misuse> {
        self.core.starttls()
    }

    /// Logs in by the best mechanism offered (RFC 4954). [`Event::Authenticated`] follows, or
    /// [`Event::Refused`].
    ///
    /// # Errors
    ///
    /// [`Misuse`] when the client is not at rest, or no mechanism offered may be used: a plain-text
    /// mechanism needs TLS unless the configuration says otherwise.
    pub fn auth(&mut self, credentials: Credentials) -> Result<Mechanism, Misuse> {
        self.core.auth(credentials)
    }

    /// Begins to send a message. [`Event::Body`] follows if a recipient was accepted; in any case
    /// one [`Event::Recipient`] for each recipient, and [`Event::Done`].
    ///
    /// A session that ends without a word of the server (end of input, timeout) leaves the
    /// recipients that were not reported undecided, and there is no `Done`: try these again later.
    ///
    /// # Errors
    ///
    /// [`CannotSend`] says what the server does not take; nothing was sent then.
    pub fn send(&mut self, envelope: Envelope) -> Result<(), CannotSend> {
        self.core.send(envelope)
    }

    /// Sends a piece of the message, dot-stuffed. Flush the driver between pieces.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no message is asked for. Under
    /// [`OutEol::Refuse`](mailwire::frame::OutEol::Refuse), [`BodyError::BareEol`]: the session is
    /// closed then, because what was sent cannot be taken back.
    pub fn body(&mut self, octets: &[u8]) -> Result<(), BodyError> {
        self.core.body(|encoder, out| match encoder {
            Some(encoder) => encoder.encode(octets, out),
            None => {
                out.put(octets);
                Ok(())
            }
        })
    }

    /// Like [`body`](Self::body), without copying large pieces.
    ///
    /// # Errors
    ///
    /// As for [`body`](Self::body).
    pub fn body_bytes(&mut self, octets: &Bytes) -> Result<(), BodyError> {
        self.core.body(|encoder, out| match encoder {
            Some(encoder) => encoder.encode_bytes(octets, out),
            None => {
                out.put_bytes(octets.clone());
                Ok(())
            }
        })
    }

    /// Ends the message.
    ///
    /// # Errors
    ///
    /// As for [`body`](Self::body).
    pub fn body_end(&mut self) -> Result<(), BodyError> {
        self.core.body_end()
    }

    /// Has the server fetch the message, or the rest of it, from a URL (RFC 4468), in place of
    /// [`body_end`](Self::body_end).
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no message is asked for, or BURL or BDAT was not offered.
    pub fn burl(&mut self, url: &str) -> Result<(), Misuse> {
        self.core.burl(url)
    }

    /// Gives a command that changes nothing in the session: VRFY, EXPN, HELP, NOOP, RSET, ETRN,
    /// XFORWARD; and XCLIENT, after which EHLO is said anew and [`Event::Ready`] follows.
    /// [`Event::Answered`] tells the reply.
    ///
    /// # Errors
    ///
    /// [`Misuse`] for other commands, and when the client is not at rest.
    pub fn command(&mut self, command: &Command<'_>) -> Result<(), Misuse> {
        self.core.command(command)
    }

    /// Says goodbye. The session closes when the server has answered.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when the client is not at rest.
    pub fn quit(&mut self) -> Result<(), Misuse> {
        self.core.quit()
    }
}

/// A piece of a message could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// It holds a bare CR or LF.
    #[error(transparent)]
    BareEol(#[from] BareEolFound),
    /// No message is asked for at present.
    #[error(transparent)]
    Misuse(#[from] Misuse),
}

impl Machine for Client {
    type Event<'a> = Event<'a>;

    fn poll(&mut self, now: Instant) -> Step {
        self.core.poll(&mut self.recv, now)
    }

    fn event(&mut self) -> Event<'_> {
        let core = &mut self.core;
        match mem::take(&mut core.announced) {
            Announced::Nothing => Event::Nothing,
            Announced::Ready => Event::Ready(&core.extensions),
            Announced::Refused(stage) => Event::Refused { stage, reply: &core.last_reply },
            Announced::Authenticated => Event::Authenticated,
            Announced::Body => Event::Body,
            Announced::Recipient(index, stage) => core.outcome(index, stage),
            Announced::Done => Event::Done,
            Announced::Answered => Event::Answered(&core.last_reply),
        }
    }

    fn recv(&mut self) -> &mut RecvBuf {
        &mut self.recv
    }

    fn recv_eof(&mut self) {
        self.core.eof = true;
    }

    fn transmit(&mut self) -> &mut SendBuf {
        &mut self.core.out
    }

    fn deadline(&self) -> Option<Instant> {
        self.core.deadline()
    }

    fn upgrade(&mut self) -> Bytes {
        self.core.upgrade(&mut self.recv)
    }

    fn closed(&self) -> Option<Close> {
        self.core.closed
    }
}
