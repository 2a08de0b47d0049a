//! Which command comes next.

use alloc::vec::Vec;

use mailwire::Misuse;

use super::{Mirror, Session};
use crate::{
    client::{Client, Tag},
    command::{FetchModifiers, QResync},
    types::{
        FetchItem, FetchItems, ModSeq, OneOrMore, SearchKey, SearchQuery, SearchReturn,
        SequenceSet, UidSet,
    },
};

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// CAPABILITY, where the server has not said it after the login.
    Offers,
    Enable,
    /// SELECT, and by which way.
    Select(Way),
    /// All messages.
    All,
    /// The UIDs of all messages.
    Map,
    /// What has changed since.
    Changes(ModSeq),
    /// The messages after those that are known.
    Tail,
    /// Messages whose UIDs are known, and no more.
    Missing,
    /// NOOP: numbers without a message are those that the server has still to expunge.
    Nudge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    QResync,
    CondStore,
    Plain,
}

impl Session {
    pub(super) fn is_whole(&self) -> bool {
        let due = self.lost || self.all_due || self.map_due || self.changes_due.is_some();
        !due && self.view.unknown() == 0 && self.missing.is_empty()
    }
}

impl Mirror {
    pub(super) fn next(&mut self, client: &Client) -> Option<Ask> {
        if !self.session.open {
            return Some(self.opening(client));
        }
        let session = &mut self.session;
        if core::mem::take(&mut session.lost) {
            session.restarts = session.restarts.saturating_add(1);
            session.start_over();
        }
        if session.restarts > 8 {
            session.stuck = true;
            return None;
        }
        if session.view.total() == 0 {
            // A server need not know an empty set of messages.
            (session.all_due, session.map_due, session.changes_due) = (false, false, None);
            session.view.forget();
            session.missing = UidSet::new();
        }
        match () {
            () if session.all_due => Some(Ask::All),
            () if session.map_due => Some(Ask::Map),
            () if session.changes_due.is_some() => session.changes_due.map(Ask::Changes),
            () if session.is_whole() => {
                self.settle();
                None
            }
            () => session.fill_gap(),
        }
    }

    fn opening(&self, client: &Client) -> Ask {
        let offers = |name| client.core.offers(name);
        let session = &self.session;
        match () {
            () if client.capabilities().next().is_none() && !session.offers_asked => Ask::Offers,
            () if client.is_enabled("QRESYNC") && !session.no_qresync => Ask::Select(Way::QResync),
            () if offers("QRESYNC") && offers("ENABLE") && !session.enable_asked => Ask::Enable,
            () if offers("CONDSTORE") && !session.no_condstore => Ask::Select(Way::CondStore),
            () => Ask::Select(Way::Plain),
        }
    }

    /// The list is whole: what is not in the mailbox goes, and the mod-sequence may be taken (RFC 7162 §6).
    pub(super) fn settle(&mut self) {
        let session = &mut self.session;
        if !session.settled || self.messages.len() as u64 != session.view.known().len() {
            self.messages.retain(|uid, _| session.view.known().contains(*uid));
        }
        (session.settled, session.gap, session.tries, session.restarts) = (true, None, 0, 0);
        self.mod_seq = session.candidate;
    }

    pub(super) fn give(&mut self, ask: Ask, client: &mut Client) -> Result<Tag, Misuse> {
        let session = &mut self.session;
        match ask {
            Ask::Offers => {
                session.offers_asked = true;
                Ok(client.capability())
            }
            Ask::Enable => {
                session.enable_asked = true;
                client.enable(&["QRESYNC"])
            }
            Ask::Select(way) => {
                session.begin();
                let known = self.uid_validity.zip(self.mod_seq);
                let known = known
                    .and_then(|(validity, mod_seq)| QResync::new(validity.get(), mod_seq.get()));
                match (way, known) {
                    (Way::QResync, Some(known)) => {
                        client.select_qresync(&self.mailbox, self.read_only, known)
                    }
                    (Way::Plain, _) => client.select(&self.mailbox, self.read_only),
                    _ => client.select_condstore(&self.mailbox, self.read_only),
                }
            }
            Ask::Map => {
                session.disturbed = false;
                session.found = UidSet::new();
                let mut query = SearchQuery::new(SearchKey::All);
                if client.core.offers("ESEARCH") {
                    let all = SearchReturn { all: true, ..SearchReturn::default() };
                    query.returns = Some(all);
                }
                client.search(true, &query)
            }
            Ask::All => {
                session.all_due = false;
                session.fetch(&SequenceSet::all(), None, client)
            }
            Ask::Changes(since) => {
                session.changes_due = None;
                session.fetch(&SequenceSet::all(), Some(since), client)
            }
            Ask::Tail => {
                let from = session.view.known().last().unwrap_or(0).saturating_add(1);
                let set = SequenceSet::from_parts(Vec::new(), Some(from));
                session.fetch(&set, None, client)
            }
            Ask::Missing => {
                let missing = &session.missing;
                // RFC 7162 §4: lines should not be longer than 8,192 octets.
                let set = match (missing.first(), missing.last()) {
                    (Some(first), Some(last)) if missing.ranges().len() > 300 => {
                        UidSet::range(first, last)
                    }
                    _ => missing.clone(),
                };
                let set = SequenceSet::new(set);
                session.fetch(&set.unwrap_or(SequenceSet::all()), None, client)
            }
            Ask::Nudge => Ok(client.noop()),
        }
    }
}

impl Session {
    /// Of a mailbox that is being opened nothing is known.
    pub(super) fn begin(&mut self) {
        *self = Self {
            asked: self.asked,
            offers_asked: self.offers_asked,
            enable_asked: self.enable_asked,
            no_qresync: self.no_qresync,
            no_condstore: self.no_condstore,
            ..Self::default()
        };
    }

    /// Nothing is known of the numbers any more.
    pub(super) fn start_over(&mut self) {
        self.view.forget();
        self.missing = UidSet::new();
        (self.all_due, self.map_due, self.changes_due) = (true, false, None);
    }

    /// What may bring in what is missing. A message that another session has expunged has a number until the server says
    /// so, and FETCH may pass it over (RFC 2180 §4.1).
    fn fill_gap(&mut self) -> Option<Ask> {
        let again = if self.view.unknown() > 0 { Ask::Tail } else { Ask::Missing };
        match self.tries {
            0 | 2 => Some(again),
            1 | 3 => Some(Ask::Nudge),
            4 | 6 => {
                self.start_over();
                Some(Ask::All)
            }
            5 => Some(Ask::Nudge),
            _ => {
                self.stuck = true;
                None
            }
        }
    }

    fn fetch(
        &self,
        set: &SequenceSet,
        changed_since: Option<ModSeq>,
        client: &mut Client,
    ) -> Result<Tag, Misuse> {
        let mut items = OneOrMore::one(FetchItem::Flags);
        // RFC 7162 §3.1.2.2: without mod-sequences they must not be asked for.
        if self.highest.is_some() {
            items.push(FetchItem::ModSeq);
        }
        let modifiers = FetchModifiers {
            changed_since: changed_since.map(ModSeq::get),
            ..FetchModifiers::default()
        };
        client.fetch_with(true, set, &FetchItems::new(items), modifiers)
    }
}
