//! The server machine.

mod auth;
mod bdat;
mod commands;
mod config;
mod core;
mod data;
mod event;
mod offer;
mod replies;

use alloc::sync::Arc;

use ::core::mem;

use bytes::Bytes;
use mailwire::{
    Close, Instant, Machine, Misuse, RecvBuf, SendBuf, Step,
    sasl::{ChannelBinding, Verdict},
};

use self::core::{Announced, Core};
pub use self::{
    config::{Config, Limits, Offer, Role, Timeouts},
    event::{Event, Reset},
};
use crate::Reply;

/// One SMTP session, seen from the server.
///
/// It greets, answers EHLO, NOOP, HELP, STARTTLS and everything that is wrong, runs AUTH, and
/// reports what a host has to decide: see [`Event`].
///
/// ```
/// use bytes::Buf;
/// use mailwire::{Instant, Machine, Step};
/// use smtp_proto::{Reply, server::{Config, Event, Role, Server}};
///
/// let now = Instant::default();
/// let mut server = Server::new(Config::new("mx.example.org", Role::Relay));
/// server.recv().push(b"HELO client\r\nMAIL FROM:<a@b.example>\r\n");
/// assert_eq!(server.poll(now), Step::Event);
/// assert!(matches!(server.event(), Event::Mail(mail) if mail.from.to_string() == "<a@b.example>"));
/// server.reply(Reply::sender_ok())?;
/// assert_eq!(server.poll(now), Step::NeedInput);
/// assert!(server.transmit().take_all().ends_with(b"250 2.1.0 Sender ok\r\n"));
/// # Ok::<(), mailwire::Misuse>(())
/// ```
#[derive(Debug)]
pub struct Server {
    recv: RecvBuf,
    core: Core,
}

impl Server {
    /// A session on a connection without TLS.
    pub fn new(config: impl Into<Arc<Config>>) -> Self {
        Self::start(config.into(), false)
    }

    /// A session on a connection that is under TLS already (RFC 8314 §3.3).
    pub fn over_tls(config: impl Into<Arc<Config>>) -> Self {
        Self::start(config.into(), true)
    }

    fn start(config: Arc<Config>, tls: bool) -> Self {
        let recv = RecvBuf::new(config.limits.input.max(1024));
        Self { recv, core: Core::new(config, tls) }
    }

    /// Answers the last event that says "answer: reply". A 421 ends the session.
    ///
    /// Under [`Role::Lmtp`], [`Event::Message`] is answered once for each recipient that was
    /// accepted, in their order (RFC 2033 §4.2).
    ///
    /// # Errors
    ///
    /// [`Misuse`] when none of these waits for an answer or the event has not been taken yet, when an intermediate reply (3xx) answers
    /// anything but DATA, or a positive one (2xx) answers DATA.
    pub fn reply(&mut self, reply: Reply) -> Result<(), Misuse> {
        self.core.reply(reply)
    }

    /// Turns the client away: in place of the greeting it is told this (554 by rule), and nothing
    /// but QUIT is carried out (RFC 5321 §3.1). A 421 ends the session.
    ///
    /// # Errors
    ///
    /// [`Misuse`] after the greeting, or when the reply is not negative.
    pub fn turn_away(&mut self, reply: Reply) -> Result<(), Misuse> {
        self.core.turn_away(reply)
    }

    /// Answers the last [`Event::Auth`].
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no claim waits for a verdict or the event has not been taken yet.
    pub fn verdict(&mut self, verdict: Verdict) -> Result<(), Misuse> {
        self.core.verdict(verdict)
    }

    /// What the -PLUS mechanisms bind to: to be told once TLS is up, from the start or after
    /// [`upgrade`](Machine::upgrade). Without it they are not offered.
    pub fn set_channel_binding(&mut self, binding: ChannelBinding) {
        self.core.binding = binding;
    }

    /// Ends the session as soon as that loses nothing: at once between messages, after the answer
    /// to the message being received otherwise. The client is told 421.
    pub fn shutdown(&mut self) {
        self.core.shutdown();
    }

    /// What the client called itself in EHLO or HELO.
    pub fn client_name(&self) -> Option<&str> {
        self.core.client_name()
    }

    /// Whether the client said EHLO.
    pub const fn is_extended(&self) -> bool {
        self.core.is_extended()
    }

    /// Whether the transport has TLS.
    pub const fn is_tls(&self) -> bool {
        self.core.is_tls()
    }

    /// The user name that was accepted, as the client spelled it.
    pub fn user(&self) -> Option<&str> {
        self.core.user()
    }
}

impl Machine for Server {
    type Event<'a> = Event<'a>;

    fn poll(&mut self, now: Instant) -> Step {
        self.core.poll(&mut self.recv, now)
    }

    fn event(&mut self) -> Event<'_> {
        let Self { recv, core } = self;
        core.host_moved();
        match mem::take(&mut core.announced) {
            Announced::Nothing => Event::Nothing,
            Announced::Chunk { lent, len } => {
                core.spent = len;
                Event::Chunk(recv.unread().get(..lent).unwrap_or_default())
            }
            Announced::Crlf(len) => {
                core.spent = len;
                Event::Chunk(b"\r\n")
            }
            Announced::Line(verb, len) => {
                core.spent = len;
                core.command(verb, recv.unread().get(..len).unwrap_or_default())
            }
            Announced::Auth => core.claim(),
            Announced::Message(size) => Event::Message { size },
            Announced::Reset(why) => Event::Reset(why),
            Announced::Rejected(reply) => Event::Rejected(reply),
            Announced::EarlyTalk => Event::EarlyTalk,
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
