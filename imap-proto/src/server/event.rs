use alloc::{string::String, vec::Vec};

use mailwire::sasl::Claim;

use crate::{
    command::{EntryName, MailboxFilter, QResync},
    types::{
        Atom, DateTime, FetchItems, Flag, ListQuery, Mailbox, OneOrMore, SearchQuery,
        SortCriterion, SpecialUse, StatusItem, StoreAction, ThreadAlgorithm, UidSet,
    },
};

/// What a session asks its host to decide or to do.
///
/// Each names the calls that answer it. `no` and `bad` answer every event that wants an answer.
/// Before an answer, and at any other time, the host may tell what has changed in the selected
/// mailbox ([`exists`](super::Server::exists), [`expunged`](super::Server::expunged),
/// [`flags`](super::Server::flags)); the machine knows when to say it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Nothing: `event` was called when `poll` had not announced one.
    Nothing,
    /// Somebody wants to log in. Answer: [`verdict`](super::Server::verdict).
    Authenticate(Claim<'a>),
    /// The client asks what is new in the selected mailbox (NOOP, CHECK). Tell it, then
    /// [`ok`](super::Server::ok).
    Noop,
    /// Open a mailbox. Whatever was selected before is not any longer. Answer:
    /// [`selected`](super::Server::selected).
    Select {
        /// Which.
        mailbox: Mailbox<'static>,
        /// EXAMINE: nothing may change.
        read_only: bool,
        /// What the client knows of it already: [`SelectData::changes`] tells it the rest (RFC 7162 §3.2.5).
        known: Option<QResync>,
    },
    /// The mailbox was closed. Answer: [`ok`](super::Server::ok).
    Close {
        /// Whether messages with `\Deleted` are to be removed, without telling.
        expunge: bool,
    },
    /// Make a mailbox. Answer: [`ok`](super::Server::ok), or `no` with
    /// [`AlreadyExists`](crate::types::Code::AlreadyExists).
    Create {
        /// Its name, without a delimiter at the end.
        mailbox: Mailbox<'static>,
        /// What it is for.
        uses: Vec<SpecialUse<'static>>,
    },
    /// Delete a mailbox. Answer: [`ok`](super::Server::ok), or `no` with
    /// [`NonExistent`](crate::types::Code::NonExistent).
    Delete(Mailbox<'static>),
    /// Rename a mailbox. Answer: [`ok`](super::Server::ok).
    Rename {
        /// The old name.
        from: Mailbox<'static>,
        /// The new name.
        to: Mailbox<'static>,
    },
    /// Subscribe to a name. Answer: [`ok`](super::Server::ok).
    Subscribe(Mailbox<'static>),
    /// Unsubscribe from a name. Answer: [`ok`](super::Server::ok).
    Unsubscribe(Mailbox<'static>),
    /// List mailboxes. Answer: [`list`](super::Server::list) for each, with
    /// [`status`](super::Server::status) after it where the query asks for it, then
    /// [`ok`](super::Server::ok).
    List(ListQuery<'static>),
    /// List subscribed names (LSUB). Answered as [`List`](Self::List).
    Lsub(ListQuery<'static>),
    /// Tell of a mailbox. Answer: [`status`](super::Server::status), then
    /// [`ok`](super::Server::ok).
    Status {
        /// Which.
        mailbox: Mailbox<'static>,
        /// What.
        items: Vec<StatusItem>,
    },
    /// A message is to come. Answer: [`accept`](super::Server::accept), or `no`: then its octets are not sent, or passed
    /// over, and the whole command is off. It may be one of several that are stored together or not at all (RFC 3502).
    Append(Incoming),
    /// The message goes on with what this URL names (RFC 4469 §3); see [`MessageUrl`](crate::url::MessageUrl). Answer:
    /// [`accept`](super::Server::accept), or `no` with [`BadUrl`](crate::types::Code::BadUrl).
    AppendUrl(Vec<u8>),
    /// Octets of the message. Wants no answer; `no` refuses the rest.
    Chunk(&'a [u8]),
    /// All messages of the command are complete. Answer: [`appended`](super::Server::appended), or `no` with
    /// [`TryCreate`](crate::types::Code::TryCreate) where the mailbox does not exist.
    Appended,
    /// The command will not be completed: the client broke its syntax. Wants no answer.
    AppendAborted,
    /// Remove messages with `\Deleted`. Answer: [`expunged`](super::Server::expunged), then
    /// [`ok`](super::Server::ok).
    Expunge {
        /// Only among these (UID EXPUNGE).
        uids: Option<UidSet>,
    },
    /// Search. Sequence numbers and `*` are UIDs here. Answer: [`found`](super::Server::found),
    /// then [`ok`](super::Server::ok).
    Search(SearchQuery<'static>),
    /// ESEARCH: in which of these mailboxes do which messages match? Tell each that has some with
    /// [`found_in`](super::Server::found_in), then [`ok`](super::Server::ok) (RFC 7377 §2). A mailbox named twice is
    /// searched once; a name that is none is passed over.
    MultiSearch {
        /// Where to look. [`Selected`](MailboxFilter::Selected) stands here only while a mailbox is.
        sources: Vec<MailboxFilter<'static>>,
        /// The condition.
        query: SearchQuery<'static>,
    },
    /// Search and sort (RFC 5256 §3). Sequence numbers and `*` are UIDs here. Answer:
    /// [`sorted`](super::Server::sorted), then [`ok`](super::Server::ok). See [`Sorter`](crate::sort::Sorter).
    Sort {
        /// What to sort by, the first most.
        criteria: OneOrMore<SortCriterion>,
        /// Which messages.
        query: SearchQuery<'static>,
    },
    /// Search and thread (RFC 5256 §3). Answer: [`threads`](super::Server::threads), then [`ok`](super::Server::ok). See
    /// [`Threader`](crate::sort::Threader).
    Thread {
        /// How.
        algorithm: ThreadAlgorithm,
        /// Which messages.
        query: SearchQuery<'static>,
    },
    /// Fetch. Answer: [`row`](super::Server::row) for each message, then [`ok`](super::Server::ok).
    Fetch {
        /// Which messages.
        uids: UidSet,
        /// What of them.
        items: FetchItems<'static>,
        /// Only those changed since (RFC 7162).
        changed_since: Option<u64>,
        /// Whether the client wants to hear of those expunged since, too. Answer that with
        /// [`vanished`](super::Server::vanished), before the first row (RFC 7162 §3.2.6).
        vanished: bool,
        /// Whether `\Seen` is to be set. The row of a message whose flags change so shows them.
        set_seen: bool,
    },
    /// Change flags. Answer: [`stored`](super::Server::stored) for each message, then
    /// [`ok`](super::Server::ok).
    Store {
        /// Which messages.
        uids: UidSet,
        /// What to do.
        action: StoreAction,
        /// With these.
        flags: Vec<Flag<'static>>,
        /// Only those not changed since (RFC 7162).
        unchanged_since: Option<u64>,
    },
    /// Copy. Answer: [`copied`](super::Server::copied), or `no` with
    /// [`TryCreate`](crate::types::Code::TryCreate).
    Copy {
        /// Which messages.
        uids: UidSet,
        /// Where to.
        mailbox: Mailbox<'static>,
    },
    /// Move. Answer: [`moved`](super::Server::moved), or `no` with
    /// [`TryCreate`](crate::types::Code::TryCreate).
    Move {
        /// Which messages.
        uids: UidSet,
        /// Where to.
        mailbox: Mailbox<'static>,
    },
    /// Tell of a quota root (RFC 9208 §4.1.1). Answer: [`quota`](super::Server::quota), then [`ok`](super::Server::ok), or
    /// `no` with [`NonExistent`](crate::types::Code::NonExistent).
    GetQuota(Vec<u8>),
    /// Tell of the quota roots of a mailbox (RFC 9208 §4.1.2). Answer: [`quota_roots`](super::Server::quota_roots),
    /// [`quota`](super::Server::quota) for each, then [`ok`](super::Server::ok).
    GetQuotaRoot(Mailbox<'static>),
    /// Tell of the annotations of a mailbox, or of the server where there is none (RFC 5464 §4.2). Answer:
    /// [`metadata`](super::Server::metadata) for each, then [`ok`](super::Server::ok).
    GetMetadata(Option<Mailbox<'static>>),
    /// Change annotations of a mailbox, or of the server; `None` takes one away (RFC 5464 §4.3). Answer:
    /// [`ok`](super::Server::ok), or `no` with a METADATA code.
    SetMetadata {
        /// Of which mailbox; `None` for the server.
        mailbox: Option<Mailbox<'static>>,
        /// Entries and their values.
        entries: OneOrMore<(EntryName<'static>, Option<Vec<u8>>)>,
    },
    /// The user of this connection logs out, and another one may log in (RFC 8437). Answer: [`ok`](super::Server::ok).
    Unauthenticate,
    /// The client waits for news: tell it what changes, as it changes, until another event comes.
    /// Wants no answer.
    Idle,
}

impl Event<'_> {
    /// The event, free of the machine, so that it can be answered step by step. The two that lend
    /// octets, [`Authenticate`](Self::Authenticate) and [`Chunk`](Self::Chunk), are to be dealt
    /// with before: they become [`Nothing`](Self::Nothing).
    pub fn detach(self) -> Event<'static> {
        match self {
            Event::Noop => Event::Noop,
            Event::Select { mailbox, read_only, known } => {
                Event::Select { mailbox, read_only, known }
            }
            Event::Close { expunge } => Event::Close { expunge },
            Event::Create { mailbox, uses } => Event::Create { mailbox, uses },
            Event::Delete(mailbox) => Event::Delete(mailbox),
            Event::Rename { from, to } => Event::Rename { from, to },
            Event::Subscribe(mailbox) => Event::Subscribe(mailbox),
            Event::Unsubscribe(mailbox) => Event::Unsubscribe(mailbox),
            Event::List(query) => Event::List(query),
            Event::Lsub(query) => Event::Lsub(query),
            Event::Status { mailbox, items } => Event::Status { mailbox, items },
            Event::Append(append) => Event::Append(append),
            Event::AppendUrl(url) => Event::AppendUrl(url),
            Event::Unauthenticate => Event::Unauthenticate,
            Event::Appended => Event::Appended,
            Event::AppendAborted => Event::AppendAborted,
            Event::Expunge { uids } => Event::Expunge { uids },
            Event::Search(query) => Event::Search(query),
            Event::MultiSearch { sources, query } => Event::MultiSearch { sources, query },
            Event::Sort { criteria, query } => Event::Sort { criteria, query },
            Event::Thread { algorithm, query } => Event::Thread { algorithm, query },
            Event::Fetch { uids, items, changed_since, vanished, set_seen } => {
                Event::Fetch { uids, items, changed_since, vanished, set_seen }
            }
            Event::Store { uids, action, flags, unchanged_since } => {
                Event::Store { uids, action, flags, unchanged_since }
            }
            Event::Copy { uids, mailbox } => Event::Copy { uids, mailbox },
            Event::Move { uids, mailbox } => Event::Move { uids, mailbox },
            Event::GetQuota(root) => Event::GetQuota(root),
            Event::GetQuotaRoot(mailbox) => Event::GetQuotaRoot(mailbox),
            Event::GetMetadata(mailbox) => Event::GetMetadata(mailbox),
            Event::SetMetadata { mailbox, entries } => Event::SetMetadata { mailbox, entries },
            Event::Idle => Event::Idle,
            _ => Event::Nothing,
        }
    }
}

/// A message that an APPEND announces.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Incoming {
    /// Where to.
    pub mailbox: Mailbox<'static>,
    /// Flags to set.
    pub flags: Vec<Flag<'static>>,
    /// The internal date to give.
    pub date: Option<DateTime>,
    /// Octets of it; `None` where it is put together from pieces (CATENATE).
    pub size: Option<u64>,
    /// Whether it is the first message of its command.
    pub first: bool,
    /// Whether it may hold NUL (a literal8, RFC 3516 §4.4).
    pub binary: bool,
    /// Whether its header may hold UTF-8 (RFC 6855 §4).
    pub utf8: bool,
    /// The message of the selected mailbox that is to go once this one is stored (REPLACE, RFC 8508).
    pub replaces: Option<u32>,
}

/// A mailbox that was opened.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SelectData {
    /// UIDVALIDITY.
    pub uid_validity: u32,
    /// The UID the next message will get.
    pub uid_next: u32,
    /// The messages.
    pub uids: UidSet,
    /// Those of them no session has been told of before (`\Recent`).
    pub recent: UidSet,
    /// The first message without `\Seen`.
    pub first_unseen: Option<u32>,
    /// Keywords in use, beside the system flags.
    pub keywords: Vec<Flag<'static>>,
    /// Whether clients can make new keywords.
    pub new_keywords: bool,
    /// Whether nothing can be changed, though SELECT asked for it.
    pub read_only: bool,
    /// The greatest mod-sequence.
    pub highest_mod_seq: Option<u64>,
    /// The identifier of the mailbox, where [`object_ids`](super::Config::object_ids) says that there are any.
    pub mailbox_id: Option<Atom<'static>>,
    /// What has changed since the state that the event names; `None` where it names none, or where UIDVALIDITY is another.
    pub changes: Option<Resync>,
}

/// What a client that comes back has missed (RFC 7162 §3.2.5).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Resync {
    /// UIDs that have no message any longer: those expunged since, or, where that is not known, all that have none. Of
    /// them the client hears of those it knows.
    pub vanished: UidSet,
    /// Messages that are new or whose flags have changed since: UID, flags and mod-sequence.
    pub changed: Vec<(u32, Vec<String>, u64)>,
}

impl SelectData {
    /// A mailbox of these messages.
    pub fn new(uid_validity: u32, uid_next: u32, uids: UidSet) -> Self {
        Self { uid_validity, uid_next, uids, new_keywords: true, ..Self::default() }
    }
}

/// A mailbox in a list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListEntry<'a> {
    /// Its name.
    pub mailbox: Mailbox<'a>,
    /// It can be selected. If not: `\Noselect`.
    pub selectable: bool,
    /// It exists. If not (a subscription to a name that is gone): `\NonExistent`.
    pub exists: bool,
    /// It is subscribed to.
    pub subscribed: bool,
    /// Whether there are mailboxes below it, if known.
    pub children: Option<bool>,
    /// What it is for.
    pub special_use: Option<SpecialUse<'static>>,
    /// It is listed for what is subscribed below it (RFC 5258 §3.5).
    pub child_subscribed: bool,
}

impl<'a> ListEntry<'a> {
    /// A mailbox that exists, can be selected and is not subscribed to.
    pub fn new(mailbox: Mailbox<'a>) -> Self {
        Self {
            mailbox,
            selectable: true,
            exists: true,
            subscribed: false,
            children: None,
            special_use: None,
            child_subscribed: false,
        }
    }
}
