use bytes::Bytes;

use crate::{Instant, RecvBuf, SendBuf};

/// What a machine needs next.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a driver must handle every step; an eighth would be a new design"
)]
pub enum Step {
    /// Something happened: call [`Machine::event`].
    Event,
    /// More octets are needed. [`Machine::recv`] has room for them. Send what waits in
    /// [`Machine::transmit`] before waiting for input.
    NeedInput,
    /// The next move is the user's: an answer the machine waits for (server), or a command
    /// (client). Reading goes on after that move; until then the peer is held back.
    YourTurn,
    /// Enough output is waiting: send it, then poll again.
    NeedFlush,
    /// The transport is to be replaced by TLS: everything that had to be said before has left. Call
    /// [`Machine::upgrade`].
    Upgrade,
    /// From here on both directions of the transport are compressed (COMPRESS=DEFLATE, RFC 4978):
    /// everything that had to be said before has left. Call [`Machine::upgrade`]; what it returns
    /// is compressed already.
    Compress,
    /// Over, for good. A farewell may still wait in [`Machine::transmit`].
    Closed,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Close {
    /// The session ended as the protocol foresees (QUIT, LOGOUT).
    #[error("session ended")]
    Done,
    /// The peer closed the connection without a farewell.
    #[error("peer closed the connection")]
    Eof,
    /// The peer was idle, or too slow, for longer than the configured time.
    #[error("timed out")]
    Timeout,
    /// The peer sent more bad commands, or more wrong passwords, than the configured limit.
    #[error("too many errors")]
    TooManyErrors,
    /// The peer broke the protocol in a way that leaves no common ground.
    #[error("peer broke the protocol")]
    Protocol,
    /// The peer speaks something else on this port: a TLS `ClientHello`, an HTTP request.
    #[error("peer speaks another protocol")]
    WrongProtocol,
    /// Octets arrived between the end of the plain-text answer to STARTTLS and the TLS handshake:
    /// somebody in the middle put them there (CVE-2011-0411 and its family).
    #[error("plain-text octets arrived after STARTTLS")]
    Injection,
    /// This side ended the session.
    #[error("shut down by this side")]
    Shutdown,
}

/// A call that does not fit the machine's state: an answer that nobody asked for, a command before
/// the greeting.
///
/// Never caused by what a peer sent, always by the code that drives the machine. The machine is
/// unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("misuse: {0}")]
pub struct Misuse(&'static str);

impl Misuse {
    /// A misuse, with a sentence that says what would have been right.
    pub const fn new(what: &'static str) -> Self {
        Self(what)
    }
}

/// A protocol session without input or output: octets in, events out, answers in, octets out.
///
/// All machines of this suite (SMTP, IMAP and POP3, server and client) share this trait, and a
/// driver needs nothing else. The answers differ from protocol to protocol and are methods of the
/// machines themselves.
///
/// # The loop
///
/// ```text
/// loop {
///     match machine.poll(now) {
///         Event     => { let e = machine.event(); decide; answer }
///         NeedInput => send machine.transmit(), then read into machine.recv().space(),
///                      or wait until machine.deadline()
///         YourTurn  => answer the last event (server), give a command (client)
///         NeedFlush => send machine.transmit()
///         Upgrade   => let early = machine.upgrade(); swap the transport
///         Compress  => the same
///         Closed    => send machine.transmit(); end
///     }
/// }
/// ```
///
/// # The laws
///
/// 1. `poll` changes nothing until something changed: input, an answer, time, drained output.
///    `Step::Event` stays until `event` was called.
/// 2. `NeedInput` ⇒ `recv()` has room. `Upgrade`, `Compress` or `Closed` ⇒ it has none.
/// 3. `Upgrade` or `Compress` ⇒ `transmit()` is empty.
/// 4. The same octets under any chunking give the same events (adjacent payload joined) and the
///    same output.
/// 5. `n` octets of input cost O(n) whatever the chunking; memory stays under the limits.
/// 6. `Closed` is final, and `closed()` says why.
/// 7. No input panics. No answer in the wrong place panics: it returns [`Misuse`].
pub trait Machine {
    /// What the machine reports. Payload is lent from the receive buffer.
    type Event<'a>
    where
        Self: 'a;

    /// Moves as far as possible and says what is needed next. Never blocks, never fails.
    fn poll(&mut self, now: Instant) -> Step;

    /// The event that [`poll`](Self::poll) announced.
    ///
    /// To be called once for each [`Step::Event`]; called at another time it returns the
    /// protocol's event for "nothing".
    fn event(&mut self) -> Self::Event<'_>;

    /// The buffer for octets from the peer.
    fn recv(&mut self) -> &mut RecvBuf;

    /// Says that the peer will send no more.
    fn recv_eof(&mut self);

    /// The octets for the peer.
    fn transmit(&mut self) -> &mut SendBuf;

    /// When to call `poll` even without input.
    ///
    /// The answer may change with every call of `poll`, `event` or an answer.
    fn deadline(&self) -> Option<Instant>;

    /// Goes on over a new transport, after [`Step::Upgrade`] or [`Step::Compress`].
    ///
    /// Returns the octets that came early and belong to the new layer; they were never looked at.
    /// They can be fed to the TLS handshake or be dropped; those of a compressed stream are needed.
    /// Empty if no upgrade was due.
    fn upgrade(&mut self) -> Bytes;

    /// Why the session is over; `None` while it is not.
    fn closed(&self) -> Option<Close>;
}
