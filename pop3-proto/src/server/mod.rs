//! The server's side of a session.
//!
//! The host gives answers to five questions: is it them ([`Event::Login`]), what is in their
//! maildrop ([`Event::Open`]), the octets of a message ([`Event::Retr`], [`Event::Top`]), and the
//! removal at the end ([`Event::Update`]). All else the machine does by itself.
//!
//! ```
//! use mailwire::{Instant, Machine, Step, sasl::{Claim, Verdict}};
//! use pop3_proto::server::{Config, Entry, Event, Server};
//!
//! let mut server = Server::over_tls(Config::default());
//! server.recv().push(b"USER tim\r\nPASS secret\r\nRETR 1\r\nQUIT\r\n");
//! loop {
//!     match server.poll(Instant::default()) {
//!         Step::Event => match server.event() {
//!             Event::Login { claim: Claim::Password { username, password, .. } } => {
//!                 let right = username == "tim" && password.expose() == "secret";
//!                 server.verdict(if right { Verdict::Accept } else { Verdict::Refuse })?;
//!             }
//!             Event::Open { .. } => server.open_maildrop(vec![Entry::new(4, "1-1")?])?,
//!             Event::Retr { .. } => {
//!                 server.body(b"Hi\r\n")?;
//!                 server.body_end()?;
//!             }
//!             Event::Update { deleted } => {
//!                 assert_eq!(deleted.count(), 0);
//!                 server.updated()?;
//!             }
//!             _ => {}
//!         },
//!         Step::Closed => break,
//!         _ => {}
//!     }
//! }
//! assert!(server.transmit().take_all().ends_with(
//!     b"+OK 4 octets\r\nHi\r\n.\r\n+OK POP3 server signing off (1 message left)\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answers;
mod commands;
mod config;
mod core;
mod event;
mod german;
mod language;
mod login;
mod maildrop;

pub use config::{Config, Expire, Limits, LoginDelay, Timeouts};
pub use event::Event;
pub use language::Language;
pub use maildrop::{Deleted, Entry, InvalidUidl};

use alloc::{string::String, sync::Arc};

use bytes::Bytes;
use mailwire::{Close, Instant, Machine, Misuse, RecvBuf, SendBuf, Step, sasl::ChannelBinding};

use self::core::Core;

/// A POP3 server session, without input or output.
///
/// See the [module](self) for how to drive it.
#[derive(Debug)]
pub struct Server {
    recv: RecvBuf,
    core: Core,
}

impl Server {
    /// A session on a connection without TLS. The greeting stands in `transmit`.
    pub fn new(config: impl Into<Arc<Config>>) -> Self {
        Self::start(config.into(), false)
    }

    /// A session on a connection that is under TLS already (RFC 8314 §3.3).
    pub fn over_tls(config: impl Into<Arc<Config>>) -> Self {
        Self::start(config.into(), true)
    }

    /// Offers APOP: the greeting gets this timestamp, in angle brackets, which must not be that of any
    /// other session (RFC 1939 §7). To be given before anything else. APOP asks the host by
    /// [`Claim::Digest`](mailwire::sasl::Claim::Digest), and so for passwords that are stored as they
    /// are: offer it only where there are such.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when the greeting has left, and for what is no message-id (RFC 2449 §3).
    pub fn offer_apop(&mut self, timestamp: impl Into<String>) -> Result<(), Misuse> {
        self.core.offer_apop(timestamp.into())
    }

    /// Tells the user's own EXPIRE in place of that of the configuration: to be given once they have
    /// logged in, where [`Expire::per_user`] is set (RFC 2449 §6.7).
    pub fn set_expire(&mut self, days: Option<u32>) {
        self.core.own_expire = Some(Expire::new(days));
    }

    /// Tells the user's own LOGIN-DELAY in place of that of the configuration: to be given once they
    /// have logged in, where [`LoginDelay::per_user`] is set (RFC 2449 §6.5).
    pub fn set_login_delay(&mut self, seconds: u32) {
        self.core.own_login_delay = Some(LoginDelay::new(seconds));
    }

    /// Whether the client has asked for UTF-8 mode (RFC 6856 §2.1).
    pub const fn is_utf8(&self) -> bool {
        self.core.utf8
    }

    fn start(config: Arc<Config>, tls: bool) -> Self {
        let recv = RecvBuf::new(config.limits.line.max(config.limits.sasl_line));
        Self { recv, core: Core::new(config, tls) }
    }

    /// Whether the connection has TLS.
    pub fn is_tls(&self) -> bool {
        self.core.tls
    }

    /// What the -PLUS mechanisms bind to: to be told once TLS is up, from the start or after
    /// [`upgrade`](Machine::upgrade). Without it they are not offered.
    pub fn set_channel_binding(&mut self, binding: ChannelBinding) {
        self.core.binding = binding;
    }

    /// Ends the session as soon as the answer at hand has been given: the client is told, and
    /// nothing is deleted unless QUIT came before.
    pub fn shutdown(&mut self) {
        self.core.shutdown = true;
    }
}

impl Machine for Server {
    type Event<'a> = Event<'a>;

    fn poll(&mut self, now: Instant) -> Step {
        self.core.poll(&mut self.recv, now)
    }

    fn event(&mut self) -> Event<'_> {
        self.core.event()
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
