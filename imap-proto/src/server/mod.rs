//! The server machine: a session, without input or output.
//!
//! The machine owns what is protocol: tags, continuations, states, syntax errors, sequence numbers,
//! when a change may be told. The host owns what is fact and policy: who may log in, what mailboxes
//! and messages there are. [`Event`] asks, the methods of [`Server`] answer.
//!
//! The host deals in UIDs and Unicode names only. Sequence numbers, `*`, `\Recent` and modified
//! UTF-7 stay inside.

mod answer;
mod append;
mod auth;
mod capability;
mod config;
mod core;
mod dispatch;
mod event;
mod found;
mod notes;
mod resolve;
mod row;
mod served;
mod updates;
mod view;
mod work;

use alloc::sync::Arc;

use ::core::mem;
use bytes::Bytes;
use mailwire::{Close, Instant, Machine, RecvBuf, SendBuf, Step, sasl::ChannelBinding};

use self::core::Core;
pub use self::{
    config::{Config, Limits, Timeouts},
    event::{Event, Incoming, ListEntry, Resync, SelectData},
    row::Row,
};

/// An IMAP session on the server's side.
///
/// See the [crate's page](crate) for a session in code.
#[derive(Debug)]
pub struct Server {
    recv: RecvBuf,
    core: Core,
}

impl Server {
    /// A session on a connection without TLS, at its very start.
    pub fn new(config: impl Into<Arc<Config>>) -> Self {
        Self::start(config.into(), false)
    }

    /// A session on a connection that is under TLS already (IMAPS).
    pub fn over_tls(config: impl Into<Arc<Config>>) -> Self {
        Self::start(config.into(), true)
    }

    fn start(config: Arc<Config>, tls: bool) -> Self {
        let recv = RecvBuf::new(config.limits.command.max(config.limits.line));
        Self { recv, core: Core::new(config, tls) }
    }

    /// The user who has logged in, as the client spelled it.
    pub fn user(&self) -> Option<&str> {
        self.core.user.as_deref()
    }

    /// Whether the connection is under TLS.
    pub fn is_tls(&self) -> bool {
        self.core.tls
    }

    /// What the -PLUS mechanisms bind to: to be told once TLS is up, from the start or after
    /// [`upgrade`](Machine::upgrade). Without it they are not offered.
    pub fn set_channel_binding(&mut self, binding: ChannelBinding) {
        self.core.binding = binding;
    }

    /// Ends the session with a BYE that says why, unless the middle of a literal forbids it.
    pub fn shutdown(&mut self, text: &str) {
        if !self.core.in_literal() {
            self.core.bye(text, Close::Shutdown);
        }
        self.core.close(Close::Shutdown);
        self.recv.close();
    }
}

impl Machine for Server {
    type Event<'a> = Event<'a>;

    fn poll(&mut self, now: Instant) -> Step {
        self.core.poll(&mut self.recv, now)
    }

    fn event(&mut self) -> Event<'_> {
        let Self { recv, core } = self;
        core.event(recv)
    }

    fn recv(&mut self) -> &mut RecvBuf {
        &mut self.recv
    }

    fn recv_eof(&mut self) {
        self.core.eof = true;
    }

    fn transmit(&mut self) -> &mut SendBuf {
        &mut self.core.send
    }

    fn deadline(&self) -> Option<Instant> {
        self.core.deadline()
    }

    fn upgrade(&mut self) -> Bytes {
        let (tls, deflate) =
            (mem::take(&mut self.core.upgrading), mem::take(&mut self.core.compressing));
        if !tls && !deflate {
            return Bytes::new();
        }
        let held = self.recv.len();
        let early = self.recv.take(held);
        self.recv.open();
        if tls {
            self.core.tls_started();
        } else {
            self.core.compression_started();
        }
        early
    }

    fn closed(&self) -> Option<Close> {
        self.core.closed
    }
}
