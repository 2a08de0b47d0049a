//! The client machine: a session, without input or output.
//!
//! Commands are calls that give back a [`Tag`]; they may be made one after the other without waiting
//! and are pipelined. A call for what the server has not offered, or that does not fit the session's state, is refused and
//! nothing is sent. What the server says comes as [`Event`]s: data as it comes, and one
//! [`Event::Done`] for each command. Data that nobody asked for may come at any time and looks the
//! same.
//!
//! Message octets stream both ways: a section larger than [`Limits::inline`] comes as
//! [`Event::Literal`] and [`Event::Chunk`]s before the response it stands in, and an APPEND's octets
//! are given by [`Client::send`] once [`Event::Upload`] asks for them.

/// Refuses where the server has not offered any of these.
macro_rules! need {
    ($core:expr, $name:literal $(or $other:literal)*) => {
        if !($core.offers($name) $(|| $core.offers($other))*) {
            let sentence = concat!("the server has not offered ", $name, $(" or ", $other,)* " (capability asks)");
            return Err(mailwire::Misuse::new(sentence));
        }
    };
}

mod accounts;
mod answer;
mod charset;
mod commands;
mod config;
mod core;
mod event;
mod mailboxes;
mod messages;
mod needs;
mod offer;
mod output;
mod queue;
mod section;
pub mod sync;

use alloc::string::String;

use bytes::Bytes;
use mailwire::{Close, Instant, Machine, RecvBuf, SendBuf, Step};

use self::core::Core;
pub use self::{
    config::{Config, Limits, Timeouts},
    event::{Event, Tag},
};
use crate::parse::Deviation;

/// An IMAP session on the client's side.
///
/// See the [crate's page](crate) for a session in code.
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

    /// A session on a connection that is under TLS already (IMAPS).
    pub fn over_tls(config: Config) -> Self {
        Self::start(config, true)
    }

    fn start(config: Config, tls: bool) -> Self {
        Self { recv: RecvBuf::new(config.limits.response), core: Core::new(config, tls) }
    }

    /// What the server offers, as far as it has said so since the last change of state; empty if it
    /// has not: ask with [`capability`](Self::capability).
    pub fn capabilities(&self) -> impl Iterator<Item = &str> {
        self.core.capabilities.iter().map(String::as_str)
    }

    /// Whether the server offers this, in any case.
    pub fn has(&self, capability: &str) -> bool {
        self.core.has(capability)
    }

    /// Whether the server has enabled this, in any case, and asked by [`enable`](Self::enable).
    pub fn is_enabled(&self, capability: &str) -> bool {
        self.core.is_enabled(capability)
    }

    /// Whether the connection is compressed.
    pub fn is_compressed(&self) -> bool {
        self.core.compressed
    }

    /// Whether the connection is under TLS.
    pub fn is_tls(&self) -> bool {
        self.core.tls
    }

    /// Where the response that was announced last leaves the grammar. Empty for one that does not.
    pub fn deviations(&self) -> &[Deviation] {
        &self.core.deviations
    }

    /// The deviation that ended a [strict](Config::strict) session.
    pub fn refused(&self) -> Option<Deviation> {
        self.core.refused
    }

    /// Whether the session is logged in, by an answer or by the greeting.
    pub fn is_logged_in(&self) -> bool {
        self.core.logged_in
    }

    /// Whether the server has said BYE, or the session is over.
    fn is_closing(&self) -> bool {
        self.core.leaving || self.core.closed.is_some()
    }

    /// Number of commands without an answer.
    pub fn pending(&self) -> usize {
        self.core.inflight.len().saturating_add(self.core.queue.len())
    }
}

impl Machine for Client {
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
        if self.core.upgrading {
            self.core.upgrading = false;
            self.core.tls_started();
            self.recv.open();
        }
        if self.core.compressing {
            self.core.compressing = false;
            self.core.compression_started();
            // What came early is compressed already.
            let early = self.recv.take(self.recv.len());
            self.recv.open();
            return early;
        }
        // Octets that came before TLS ended the session: there are none to hand over.
        Bytes::new()
    }

    fn closed(&self) -> Option<Close> {
        self.core.closed
    }
}
