//! The client's side of a session.
//!
//! Commands are methods and may be given at any time, many at once: they wait their turn, and are
//! pipelined when the server has announced that it copes (RFC 2449 §6.6). Results come as
//! [`Event`]s in the same order.
//!
//! ```
//! use mailwire::{Instant, Machine, Step};
//! use pop3_proto::client::{Client, Config, Event, Outcome};
//!
//! let mut client = Client::over_tls(Config::default()); // port 995
//! client.login("tim", "secret")?;
//! client.retr(1)?;
//! client.recv().push(b"+OK hi\r\n+OK\r\n+OK\r\n+OK\r\n..dot\r\n.\r\n"); // from the server
//! let mut message = Vec::new();
//! loop {
//!     match client.poll(Instant::default()) {
//!         Step::Event => match client.event() {
//!             Event::Body(octets) => message.extend_from_slice(octets),
//!             Event::Done(Outcome::Retr { octets, .. }) => assert_eq!(octets, 6),
//!             _ => {}
//!         },
//!         _ => break, // here a driver reads, or the next command is due
//!     }
//! }
//! assert_eq!(message, b".dot\r\n");
//! # Ok::<(), mailwire::Misuse>(())
//! ```

mod commands;
mod config;
mod core;
mod event;
mod queue;
mod receive;

pub use config::{Config, Limits, Pipelining, Timeouts};
pub use event::{Event, Failure, Outcome, Request};

use bytes::Bytes;
use mailwire::{Close, Instant, Machine, RecvBuf, SendBuf, Step};

use self::core::Core;
use crate::Capabilities;

/// A POP3 client session, without input or output.
///
/// See the [module](self) for how to drive it.
#[derive(Debug)]
pub struct Client {
    recv: RecvBuf,
    core: Core,
}

impl Client {
    /// A session on a connection without TLS. It waits for the server's greeting; commands may be
    /// given already.
    pub fn new(config: Config) -> Self {
        Self::start(config, false)
    }

    /// A session on a connection that is under TLS already (RFC 8314 §3.3).
    pub fn over_tls(config: Config) -> Self {
        Self::start(config, true)
    }

    fn start(config: Config, tls: bool) -> Self {
        let recv = RecvBuf::new(config.limits.buffer.max(config.limits.line));
        Self { recv, core: Core::new(config, tls) }
    }

    /// Whether the connection has TLS.
    pub const fn is_tls(&self) -> bool {
        self.core.tls
    }

    /// What the server last said to CAPA. Forgotten when TLS starts (RFC 2595 §4).
    pub const fn capabilities(&self) -> Option<&Capabilities> {
        self.core.capabilities.as_ref()
    }

    /// Commands given and not yet answered.
    pub fn unanswered(&self) -> usize {
        self.core.waiting.len().saturating_add(self.core.sent.len())
    }
}

impl Machine for Client {
    type Event<'a> = Event<'a>;

    fn poll(&mut self, now: Instant) -> Step {
        self.core.poll(&mut self.recv, now)
    }

    fn event(&mut self) -> Event<'_> {
        self.core.event(&self.recv)
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
