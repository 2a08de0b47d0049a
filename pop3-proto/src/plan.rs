//! "Fetch what is new": what a client that leaves messages on the server does in a session.
//!
//! Pure: it takes what the server lists, what is remembered of earlier sessions and the time, and
//! says what to fetch, what to delete and what to forget. Messages are known again by their unique
//! ids (RFC 1939 §7); numbers change from session to session.
//!
//! ```
//! use core::time::Duration;
//! use pop3_proto::plan::{Known, Leave, Listing, Plan};
//! use pop3_proto::{UniqueId, client::{Event, Outcome}};
//!
//! const DAY: Duration = Duration::from_secs(86_400);
//!
//! // From the events of a session:
//! let mut listing = Listing::default();
//! listing.note(&Event::UniqueId(UniqueId::new(1, "old")));
//! listing.note(&Event::UniqueId(UniqueId::new(2, "young")));
//! listing.note(&Event::UniqueId(UniqueId::new(3, "new")));
//! listing.note(&Event::Done(Outcome::Uidl { malformed: 0 }));
//!
//! // Time is counted from any moment that stays the same.
//! let known = [
//!     Known::new("gone", DAY),
//!     Known::new("old", DAY * 2),
//!     Known::new("young", DAY * 9),
//! ];
//! let plan = Plan::new(&listing, known, Leave::For(DAY * 7), DAY * 10);
//! assert_eq!(plan.fetch, [UniqueId::new(3, "new")]);
//! assert_eq!(plan.delete, [UniqueId::new(1, "old")]);
//! assert_eq!(plan.forget, ["gone"]);
//! ```
//!
//! So that nothing is lost and nothing fetched twice, wherever a session is interrupted:
//!
//! 1. store the message where it outlives a crash;
//! 2. remember its unique id, likewise: this is the moment at which it counts as fetched;
//! 3. only then [`dele`](crate::client::Client::dele) it, if it [is due](Leave::is_due).
//!
//! Before 2 it is fetched again, after 2 it is not, and without 3 the next session deletes it.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec::Vec,
};
use core::time::Duration;

use crate::{
    UniqueId,
    client::{Event, Outcome},
};

/// How long messages stay on the server after they were fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Leave {
    /// They are deleted as soon as they are fetched.
    Never,
    /// They are deleted by the first session after so long. RFC 2449 §6.7: a server that announces
    /// EXPIRE may delete them sooner.
    For(Duration),
    /// They are not deleted.
    Forever,
}

impl Leave {
    /// Whether a message that was fetched at that time is to be deleted now. A clock that was set
    /// back makes nothing due.
    pub fn is_due(self, fetched: Duration, now: Duration) -> bool {
        match self {
            Self::Never => true,
            Self::For(stay) => now.checked_sub(fetched).is_some_and(|age| age >= stay),
            Self::Forever => false,
        }
    }
}

/// A message that was fetched in an earlier session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Known<'a> {
    /// Its unique id.
    pub uidl: &'a str,
    /// When it was fetched.
    pub fetched: Duration,
}

impl<'a> Known<'a> {
    /// A message that was fetched at that time.
    pub const fn new(uidl: &'a str, fetched: Duration) -> Self {
        Self { uidl, fetched }
    }
}

/// The answer to UIDL, gathered from the events of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    messages: Vec<(u32, String)>,
    complete: bool,
}

impl Listing {
    /// Messages that are taken in. A maildrop with more is worked off in several sessions.
    pub const MOST: usize = 1_000_000;

    /// Notes a line of the answer, or its end. Other events do not matter.
    pub fn note(&mut self, event: &Event<'_>) {
        match event {
            Event::UniqueId(id) if self.messages.len() < Self::MOST => {
                self.messages.push((id.message, id.uidl.into()));
            }
            Event::Done(Outcome::Uidl { malformed }) => {
                self.complete = *malformed == 0 && self.messages.len() < Self::MOST;
            }
            _ => {}
        }
    }

    /// Whether it has all messages: its end has come, and each of its lines could be understood.
    pub const fn is_complete(&self) -> bool {
        self.complete
    }

    /// The messages, as the server listed them.
    pub fn messages(&self) -> impl Iterator<Item = UniqueId<'_>> {
        self.messages.iter().map(|(message, uidl)| UniqueId::new(*message, uidl))
    }
}

/// What to do in a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan<'a> {
    /// Messages to fetch, in the order of the listing. Of messages with the same unique id, which
    /// are identical copies (RFC 1939 §7), only the first.
    pub fetch: Vec<UniqueId<'a>>,
    /// Messages to delete without fetching them: they were fetched long enough ago. Copies of what
    /// is fetched now are left to the next session.
    pub delete: Vec<UniqueId<'a>>,
    /// Unique ids that need not be remembered any more: the server has no such message. None while
    /// the listing is not [complete](Listing::is_complete).
    pub forget: Vec<&'a str>,
}

impl<'a> Plan<'a> {
    /// What to do about these messages, of which those in `known` were fetched earlier.
    pub fn new(
        listing: &'a Listing,
        known: impl IntoIterator<Item = Known<'a>>,
        leave: Leave,
        now: Duration,
    ) -> Self {
        let known: BTreeMap<_, _> = known.into_iter().map(|k| (k.uidl, k.fetched)).collect();
        let mut plan = Self::default();
        let mut listed = BTreeSet::new();
        for id in listing.messages() {
            let first = listed.insert(id.uidl);
            match known.get(id.uidl) {
                Some(fetched) if leave.is_due(*fetched, now) => plan.delete.push(id),
                Some(_) => {}
                None if first => plan.fetch.push(id),
                None => {}
            }
        }
        if listing.is_complete() {
            plan.forget = known.into_keys().filter(|uidl| !listed.contains(uidl)).collect();
        }
        plan
    }
}
