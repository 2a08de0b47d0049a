//! Commands about the messages of the selected mailbox.

use alloc::{borrow::Cow, vec::Vec};

use mailwire::Misuse;

use super::{Client, event::Tag};
use crate::{
    command::{Append, Command, FetchModifiers, MailboxFilter, Replace},
    types::{
        Atom, FetchItems, Flag, Mailbox, OneOrMore, SearchQuery, SequenceSet, SortCriterion,
        StoreAction,
    },
};

/// Commands about messages, by UID or by number. All need a login.
///
/// A search's charset is said only where a text is not ASCII, and never in a session that is UTF-8: then texts that are UTF-8
/// need none in their query.
impl Client {
    /// FETCH.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login, and for items of extensions that the server has not offered.
    pub fn fetch(
        &mut self,
        uid: bool,
        set: &SequenceSet,
        items: &FetchItems<'_>,
    ) -> Result<Tag, Misuse> {
        self.fetch_with(uid, set, items, FetchModifiers::default())
    }

    /// FETCH of some messages of the set: CHANGEDSINCE, VANISHED, PARTIAL (RFC 7162 §3.1.4.1, §3.2.6, RFC 9394 §3.3).
    ///
    /// # Errors
    ///
    /// [`Misuse`] where the server has not offered what the modifiers or items need.
    pub fn fetch_with(
        &mut self,
        uid: bool,
        set: &SequenceSet,
        items: &FetchItems<'_>,
        modifiers: FetchModifiers,
    ) -> Result<Tag, Misuse> {
        let (set, items) = (set.clone(), items.clone());
        self.command(&Command::Fetch { uid, set, items, modifiers })
    }

    /// STORE.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login.
    pub fn store(
        &mut self,
        uid: bool,
        set: &SequenceSet,
        action: StoreAction,
        flags: &[Flag<'_>],
        silent: bool,
    ) -> Result<Tag, Misuse> {
        let (set, flags): (_, Vec<Flag<'_>>) = (set.clone(), flags.to_vec());
        self.command(&Command::Store { uid, set, action, silent, flags, unchanged_since: None })
    }

    /// STORE for messages that have not changed since this mod-sequence; the others come as
    /// [`Code::Modified`](crate::types::Code::Modified) (RFC 7162 §3.1.3).
    ///
    /// # Errors
    ///
    /// [`Misuse`] where the server has not offered CONDSTORE.
    pub fn store_unchanged(
        &mut self,
        uid: bool,
        set: &SequenceSet,
        action: StoreAction,
        flags: &[Flag<'_>],
        since: u64,
    ) -> Result<Tag, Misuse> {
        let (set, flags): (_, Vec<Flag<'_>>) = (set.clone(), flags.to_vec());
        let unchanged_since = Some(since);
        self.command(&Command::Store { uid, set, action, silent: false, flags, unchanged_since })
    }

    /// SEARCH, for UIDs or for numbers; with RETURN where the query has one (RFC 4731).
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login, for a RETURN where the server has not offered ESEARCH, for options and keys that it has not
    /// offered, and for texts that are not UTF-8 where the query names no charset or the session is UTF-8.
    pub fn search(&mut self, uid: bool, query: &SearchQuery<'_>) -> Result<Tag, Misuse> {
        self.command(&Command::Search { uid, query: query.clone() })
    }

    /// ESEARCH in other mailboxes than the selected one (RFC 7377); without sources in that one.
    ///
    /// # Errors
    ///
    /// As [`search`](Self::search), and where the server has not offered MULTISEARCH.
    pub fn search_in(
        &mut self,
        uid: bool,
        sources: &[MailboxFilter<'_>],
        query: &SearchQuery<'_>,
    ) -> Result<Tag, Misuse> {
        self.command(&Command::ESearch { uid, sources: Vec::from(sources), query: query.clone() })
    }

    /// SORT (RFC 5256); with RETURN where the query has one (RFC 5267).
    ///
    /// # Errors
    ///
    /// As [`search`](Self::search), and where the server has not offered SORT, SORT=DISPLAY or ESORT as the criteria and the
    /// query need them.
    pub fn sort(
        &mut self,
        uid: bool,
        criteria: OneOrMore<SortCriterion>,
        query: &SearchQuery<'_>,
    ) -> Result<Tag, Misuse> {
        let SearchQuery { charset, returns, key } = query.clone();
        let charset = charset.unwrap_or_default();
        self.command(&Command::Sort { uid, criteria, returns, charset, key })
    }

    /// THREAD (RFC 5256) by this algorithm: `REFERENCES`, `ORDEREDSUBJECT`.
    ///
    /// # Errors
    ///
    /// As [`search`](Self::search), for a RETURN, which THREAD has not, and where the server has not offered the algorithm.
    pub fn thread(
        &mut self,
        uid: bool,
        algorithm: &Atom<'_>,
        query: &SearchQuery<'_>,
    ) -> Result<Tag, Misuse> {
        if query.returns.is_some() {
            return Err(Misuse::new("THREAD has no RETURN"));
        }
        let (algorithm, key) = (algorithm.clone(), query.key.clone());
        let charset: Cow<'_, str> = query.charset.clone().unwrap_or_default();
        self.command(&Command::Thread { uid, algorithm, charset, key })
    }

    /// COPY.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login.
    pub fn copy(
        &mut self,
        uid: bool,
        set: &SequenceSet,
        mailbox: &Mailbox<'_>,
    ) -> Result<Tag, Misuse> {
        self.command(&Command::Copy { uid, set: set.clone(), mailbox: mailbox.clone() })
    }

    /// MOVE (RFC 6851).
    ///
    /// # Errors
    ///
    /// [`Misuse`] where the server has not offered MOVE.
    pub fn move_to(
        &mut self,
        uid: bool,
        set: &SequenceSet,
        mailbox: &Mailbox<'_>,
    ) -> Result<Tag, Misuse> {
        self.command(&Command::Move { uid, set: set.clone(), mailbox: mailbox.clone() })
    }

    /// EXPUNGE; with a set UID EXPUNGE (RFC 4315).
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login, and for a set where the server has not offered UIDPLUS.
    pub fn expunge(&mut self, uids: Option<&SequenceSet>) -> Result<Tag, Misuse> {
        self.command(&Command::Expunge(uids.cloned()))
    }

    /// APPEND of one message, of several (RFC 3502), or of one put together from parts (RFC 4469). For each literal whose
    /// octets come later [`Event::Upload`](super::Event::Upload) asks. Where the server offers LITERAL+ they are not waited
    /// for.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login, for a message larger than APPENDLIMIT, and where the server has not offered MULTIAPPEND,
    /// CATENATE, BINARY or UTF8=ACCEPT as the messages need them.
    pub fn append(&mut self, append: &Append<'_>) -> Result<Tag, Misuse> {
        self.command(&Command::Append(append.clone()))
    }

    /// REPLACE (RFC 8508): as [`append`](Self::append), in place of another message.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append), and where the server has not offered REPLACE.
    pub fn replace(&mut self, replace: &Replace<'_>) -> Result<Tag, Misuse> {
        self.command(&Command::Replace(replace.clone()))
    }
}
