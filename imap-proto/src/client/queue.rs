//! Commands on their way.

use alloc::collections::VecDeque;

use bytes::Bytes;
use mailwire::{Instant, sasl::client::Exchange};

use super::event::Tag;
use crate::command::Command;

/// What a command's answer changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Login,
    StartTls,
    Compress,
    Enable,
    Unauthenticate,
    /// IDLE; the tag that the host knows it by.
    Idle(Tag),
    Logout,
}

impl Kind {
    /// Whether what follows is said in another way, so that it has to wait for the answer.
    pub(super) fn holds_up(self) -> bool {
        matches!(self, Self::Enable) || self.is_alone()
    }

    /// Whether all that was said before must be answered first.
    pub(super) fn is_alone(self) -> bool {
        matches!(self, Self::StartTls | Self::Compress | Self::Unauthenticate)
    }
}

/// A command that waits to be sent.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) tag: Tag,
    pub(super) kind: Kind,
    pub(super) command: Command<'static>,
    pub(super) exchange: Option<Exchange>,
}

/// A command that is being sent.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) tag: Tag,
    pub(super) kind: Kind,
    pub(super) octets: Bytes,
    /// Where to stop, in order: for `+`, or for so many octets that come later.
    pub(super) stops: VecDeque<(usize, Option<u64>)>,
    pub(super) exchange: Option<Exchange>,
    /// How much of it is sent.
    pub(super) at: usize,
}

/// The command that is being sent, and holds up those behind it.
#[derive(Debug)]
pub(super) enum Sending {
    /// Waits for `+` to go on.
    Literal(Outgoing),
    Sasl(Tag, Exchange),
    /// So many octets are still to come; whether the command is answered already.
    Upload {
        left: u64,
        answered: bool,
        outgoing: Outgoing,
    },
    IdleAsked(Idle),
    Idle(Idle, Option<Instant>),
    /// DONE is said, or the exchange is given up: its answer is waited for.
    Ending(Tag),
    /// DONE is said, to idle again.
    Renewing(Idle),
}

/// An IDLE: its tag, and the one that the host knows it by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Idle {
    pub(super) tag: Tag,
    pub(super) shown: Tag,
    /// The host has said DONE while IDLE was being renewed.
    pub(super) ending: bool,
}
