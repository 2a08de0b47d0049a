//! What the session is at.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use mailwire::sasl::{Secret, server::Exchange};

use super::{event::Event, notes::Asked};
use crate::{
    command::QResync,
    response::Thread,
    types::{Mailbox, SearchReturn, SequenceSet, StatusItem, UidSet},
};

/// Where the session stands.
#[derive(Debug)]
pub(super) enum Phase {
    /// Nothing was said yet.
    Greeting,
    /// Waits for a command.
    Command,
    /// An event waits to be looked at.
    Announce,
    /// A run of so many octets waits to be looked at.
    AnnounceChunk(usize),
    /// The host has to answer.
    Answer,
    /// An APPEND's literal: octets to come.
    Append(u64),
    /// An APPEND's literal is complete, its line is not.
    AppendEnd,
    /// A SASL exchange waits for the client.
    Sasl(Exchange),
    /// IDLE waits for DONE.
    Idle,
    /// A failed login is not answered yet.
    Delay,
    /// A command is passed over; then this is said of it.
    Skip(Reply),
}

/// What is said of a command in the end.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: Status,
    pub(super) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    No,
    Bad,
}

impl Status {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::No => "NO",
            Self::Bad => "BAD",
        }
    }
}

/// The command that is being answered: what its answer needs to know.
#[derive(Debug)]
pub(super) enum Work {
    /// `ok` and `no` are all.
    Plain,
    /// LOGIN, or an exchange that has come to its claim.
    Login {
        user: String,
        password: Secret,
    },
    Sasl(Exchange),
    Select {
        read_only: bool,
        mailbox: Mailbox<'static>,
        known: Option<QResync>,
    },
    Close,
    List {
        lsub: bool,
        subscribed: bool,
        status: Vec<StatusItem>,
    },
    Status(Vec<StatusItem>),
    /// A message of an APPEND, or a URL in one, before it is accepted.
    AppendOffer,
    Appending,
    Unauthenticate,
    Expunge,
    Search {
        uid: bool,
        returns: Option<SearchReturn<'static>>,
        found: UidSet,
        /// The mod-sequences of what was found, where the client asked by them.
        mod_seqs: Option<BTreeMap<u32, u64>>,
        /// Whether the answer names the mailbox, and is none where nothing was found (RFC 7377 §2.1).
        named: bool,
    },
    /// ESEARCH in mailboxes that are not all selected: what is told, and whether mod-sequences decide.
    MultiSearch(SearchReturn<'static>, bool),
    Sort {
        uid: bool,
        returns: Option<SearchReturn<'static>>,
        /// What was found, in order.
        found: Vec<u32>,
    },
    Thread {
        uid: bool,
        threads: Vec<Thread>,
    },
    Quota,
    Metadata(Asked),
    Fetch {
        uid: bool,
        row: Option<OpenRow>,
        /// The UIDs the client named, where it wants to hear of those expunged.
        named: Option<SequenceSet>,
        /// The messages that were named by number and want a row each.
        numbered: UidSet,
        /// The rows there are.
        rows: u64,
    },
    Store {
        uid: bool,
        silent: bool,
        /// The messages that were named by number.
        numbered: UidSet,
    },
    Copy,
    Move,
}

/// A FETCH response that is not complete.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenRow {
    pub(super) uid: u32,
    /// Whether an item was written.
    pub(super) started: bool,
    /// Octets of a literal still to be given.
    pub(super) literal: u64,
}

/// Sequence numbers must not change under these (RFC 3501 §7.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expunging {
    Allowed,
    Forbidden,
}

/// The event to announce, and the work it begins.
pub(super) struct Begin {
    pub(super) event: Event<'static>,
    pub(super) work: Work,
    pub(super) expunging: Expunging,
}

impl Begin {
    pub(super) fn new(event: Event<'static>, work: Work) -> Self {
        Self { event, work, expunging: Expunging::Allowed }
    }

    pub(super) fn plain(event: Event<'static>) -> Self {
        Self::new(event, Work::Plain)
    }

    /// Whether EXPUNGE may be said before the answer: not with a sequence-number command.
    pub(super) fn by_number(mut self, by_number: bool) -> Self {
        if by_number {
            self.expunging = Expunging::Forbidden;
        }
        self
    }
}
