use alloc::{borrow::Cow, boxed::Box, vec::Vec};
use core::{fmt, num::NonZeroU32};

use super::{
    Atom, Date, FetchItem, Flag, OneOrMore, SequenceSet,
    string::{own, own_str},
};

/// One condition of SEARCH (RFC 3501 §6.4.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SearchKey<'a> {
    /// Every message.
    All,
    /// These sequence numbers. A server's event never holds it: the machine turns it into UIDs.
    Sequence(SequenceSet),
    /// These UIDs.
    Uid(SequenceSet),
    /// All of these.
    And(OneOrMore<SearchKey<'a>>),
    /// Either.
    Or(Box<SearchKey<'a>>, Box<SearchKey<'a>>),
    /// Not this.
    Not(Box<SearchKey<'a>>),
    /// `ANSWERED`
    Answered,
    /// `DELETED`
    Deleted,
    /// `DRAFT`
    Draft,
    /// `FLAGGED`
    Flagged,
    /// `SEEN`
    Seen,
    /// Has the keyword.
    Keyword(Atom<'a>),
    /// `RECENT`. A server's event never holds it: the machine turns it into UIDs.
    Recent,
    /// A header field holds the text; an empty text asks whether the field is there.
    Header(Cow<'a, str>, Cow<'a, [u8]>),
    /// The body holds the text.
    Body(Cow<'a, [u8]>),
    /// Header or body hold the text.
    Text(Cow<'a, [u8]>),
    /// More octets than this.
    Larger(u64),
    /// Fewer octets than this.
    Smaller(u64),
    /// Internal date before the day.
    Before(Date),
    /// Internal date on the day.
    On(Date),
    /// Internal date on the day or later.
    Since(Date),
    /// `Date:` field before the day.
    SentBefore(Date),
    /// `Date:` field on the day.
    SentOn(Date),
    /// `Date:` field on the day or later.
    SentSince(Date),
    /// Internal date older than so many seconds (RFC 5032).
    Older(NonZeroU32),
    /// Internal date within the last so many seconds (RFC 5032).
    Younger(NonZeroU32),
    /// Mod-sequence at least this (RFC 7162 §3.1.5).
    ModSeq(u64),
    /// Mod-sequence of this flag at least this; a server may take that of the message (RFC 7162 §3.1.5).
    FlagModSeq(Flag<'a>, EntryScope, u64),
    /// `FUZZY`: what matches about as well (RFC 6203 §4).
    Fuzzy(Box<SearchKey<'a>>),
    /// `FILTER`: what a filter kept on the server finds (RFC 5466 §3.1).
    Filter(Atom<'a>),
    /// Save date before the day (RFC 8514 §4.3).
    SavedBefore(Date),
    /// Save date on the day.
    SavedOn(Date),
    /// Save date on the day or later.
    SavedSince(Date),
    /// Whether the mailbox keeps save dates.
    SaveDateSupported,
    /// The message of this id (RFC 8474 §5.3).
    EmailId(Atom<'a>),
    /// The messages of the thread of this id (RFC 8474 §5.3).
    ThreadId(Atom<'a>),
    /// `X-GM-RAW`: a search as Gmail's own pages have it.
    GmailRaw(Cow<'a, [u8]>),
    /// `X-GM-MSGID`
    GmailMessageId(u64),
    /// `X-GM-THRID`
    GmailThreadId(u64),
    /// `X-GM-LABELS`: has the label.
    GmailLabel(Cow<'a, [u8]>),
}

impl SearchKey<'_> {
    /// Whether this key, or one within it, is such a one.
    ///
    /// ```
    /// use imap_proto::types::SearchKey;
    ///
    /// let key = SearchKey::Not(Box::new(SearchKey::Seen));
    /// assert!(key.any(&|key| *key == SearchKey::Seen));
    /// ```
    pub fn any(&self, test: &impl Fn(&SearchKey<'_>) -> bool) -> bool {
        test(self)
            || match self {
                Self::And(keys) => keys.iter().any(|key| key.any(test)),
                Self::Or(a, b) => a.any(test) || b.any(test),
                Self::Not(key) | Self::Fuzzy(key) => key.any(test),
                _ => false,
            }
    }

    /// The same key, owned.
    pub fn into_owned(self) -> SearchKey<'static> {
        let boxed = |key: Box<SearchKey<'_>>| Box::new(key.into_owned());
        match self {
            Self::All => SearchKey::All,
            Self::Sequence(set) => SearchKey::Sequence(set),
            Self::Uid(set) => SearchKey::Uid(set),
            Self::And(keys) => SearchKey::And(keys.map(SearchKey::into_owned)),
            Self::Or(a, b) => SearchKey::Or(boxed(a), boxed(b)),
            Self::Not(key) => SearchKey::Not(boxed(key)),
            Self::Answered => SearchKey::Answered,
            Self::Deleted => SearchKey::Deleted,
            Self::Draft => SearchKey::Draft,
            Self::Flagged => SearchKey::Flagged,
            Self::Seen => SearchKey::Seen,
            Self::Keyword(keyword) => SearchKey::Keyword(keyword.into_owned()),
            Self::Recent => SearchKey::Recent,
            Self::Header(name, text) => SearchKey::Header(own_str(name), own(text)),
            Self::Body(text) => SearchKey::Body(own(text)),
            Self::Text(text) => SearchKey::Text(own(text)),
            Self::Larger(n) => SearchKey::Larger(n),
            Self::Smaller(n) => SearchKey::Smaller(n),
            Self::Before(d) => SearchKey::Before(d),
            Self::On(d) => SearchKey::On(d),
            Self::Since(d) => SearchKey::Since(d),
            Self::SentBefore(d) => SearchKey::SentBefore(d),
            Self::SentOn(d) => SearchKey::SentOn(d),
            Self::SentSince(d) => SearchKey::SentSince(d),
            Self::Older(n) => SearchKey::Older(n),
            Self::Younger(n) => SearchKey::Younger(n),
            Self::ModSeq(n) => SearchKey::ModSeq(n),
            Self::FlagModSeq(flag, scope, n) => SearchKey::FlagModSeq(flag.into_owned(), scope, n),
            Self::Fuzzy(key) => SearchKey::Fuzzy(boxed(key)),
            Self::Filter(name) => SearchKey::Filter(name.into_owned()),
            Self::SavedBefore(d) => SearchKey::SavedBefore(d),
            Self::SavedOn(d) => SearchKey::SavedOn(d),
            Self::SavedSince(d) => SearchKey::SavedSince(d),
            Self::SaveDateSupported => SearchKey::SaveDateSupported,
            Self::EmailId(id) => SearchKey::EmailId(id.into_owned()),
            Self::ThreadId(id) => SearchKey::ThreadId(id.into_owned()),
            Self::GmailRaw(text) => SearchKey::GmailRaw(own(text)),
            Self::GmailMessageId(n) => SearchKey::GmailMessageId(n),
            Self::GmailThreadId(n) => SearchKey::GmailThreadId(n),
            Self::GmailLabel(label) => SearchKey::GmailLabel(own(label)),
        }
    }
}

/// Whose flag a mod-sequence belongs to (RFC 7162 §3.1.5 `entry-type-req`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntryScope {
    /// `priv`: the user's own.
    Private,
    /// `shared`: everybody's.
    Shared,
    /// `all`: either.
    All,
}

impl EntryScope {
    /// The name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "priv",
            Self::Shared => "shared",
            Self::All => "all",
        }
    }
}

/// What an extended search returns (RFC 4731 §3.1, RFC 5182). Nothing set is `RETURN ()`, which means ALL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SearchReturn<'a> {
    /// The least number that matches.
    pub min: bool,
    /// The greatest number that matches.
    pub max: bool,
    /// All that match.
    pub all: bool,
    /// How many match.
    pub count: bool,
    /// The result is kept for `$` (RFC 5182 §2.1).
    pub save: bool,
    /// How well each matches (RFC 6203 §4).
    pub relevancy: bool,
    /// A part of the result (RFC 9394 §3.1).
    pub partial: Option<PartialRange>,
    /// The server should keep the search at hand (RFC 5267 §4.2).
    pub context: bool,
    /// The server tells what changes in the result (RFC 5267 §4.3), and these items of what is new in it (RFC 5465 §7).
    pub update: Option<Vec<FetchItem<'a>>>,
}

impl SearchReturn<'_> {
    /// Whether all that match are wanted: asked for, or nothing asked for (RFC 4731 §3.1).
    pub fn wants_all(&self) -> bool {
        self.all || *self == Self::default()
    }

    /// Whether the result is kept and not told: SAVE alone (RFC 5182 §2.1).
    pub fn is_silent(&self) -> bool {
        *self == Self { save: true, ..Self::default() }
    }

    /// The same, owned.
    pub fn into_owned(self) -> SearchReturn<'static> {
        let Self { min, max, all, count, save, relevancy, partial, context, update } = self;
        let own =
            |items: Vec<FetchItem<'_>>| items.into_iter().map(FetchItem::into_owned).collect();
        let update = update.map(own);
        SearchReturn { min, max, all, count, save, relevancy, partial, context, update }
    }
}

/// A range of places in a result, from the first on or, below zero, from the last back (RFC 9394 §3.1).
///
/// ```
/// use imap_proto::types::PartialRange;
///
/// assert_eq!(PartialRange::new(-1, -100).unwrap().to_string(), "-1:-100");
/// assert!(PartialRange::new(0, 5).is_none());
/// assert!(PartialRange::new(-1, 5).is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartialRange {
    first: i64,
    last: i64,
}

impl PartialRange {
    /// A range; `None` if a place is zero or beyond 32 bits, or if one counts from the first and one from the last.
    pub fn new(first: i64, last: i64) -> Option<Self> {
        let place = |n: i64| n != 0 && n.unsigned_abs() <= u64::from(u32::MAX);
        let fits = place(first) && place(last) && first.is_positive() == last.is_positive();
        fits.then_some(Self { first, last })
    }

    /// Both ends, as written.
    pub fn ends(self) -> (i64, i64) {
        (self.first, self.last)
    }
}

impl fmt::Display for PartialRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.first, self.last)
    }
}

/// What SORT sorts by (RFC 5256 §3, RFC 5957 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SortKey {
    /// `ARRIVAL`: internal date.
    Arrival,
    /// `CC`: mailbox of the first address.
    Cc,
    /// `DATE`: sent date.
    Date,
    /// `FROM`: mailbox of the first address.
    From,
    /// `SIZE`
    Size,
    /// `SUBJECT`: base subject.
    Subject,
    /// `TO`: mailbox of the first address.
    To,
    /// `DISPLAYFROM`: display name of the first address (RFC 5957).
    DisplayFrom,
    /// `DISPLAYTO`: display name of the first address (RFC 5957).
    DisplayTo,
    /// `RELEVANCY`: the best match first (RFC 6203 §5).
    Relevancy,
}

impl SortKey {
    const NAMES: [(&'static str, Self); 10] = [
        ("ARRIVAL", Self::Arrival),
        ("CC", Self::Cc),
        ("DATE", Self::Date),
        ("FROM", Self::From),
        ("SIZE", Self::Size),
        ("SUBJECT", Self::Subject),
        ("TO", Self::To),
        ("DISPLAYFROM", Self::DisplayFrom),
        ("DISPLAYTO", Self::DisplayTo),
        ("RELEVANCY", Self::Relevancy),
    ];

    /// The key of this name, in any case.
    pub fn new(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, key)| *key)
    }

    /// The name.
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(_, key)| *key == self).map_or("ARRIVAL", |(name, _)| name)
    }
}

/// A key of SORT and its direction (RFC 5256 §5 `sort-criterion`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_structs, reason = "the grammar has no third part")]
pub struct SortCriterion {
    /// `REVERSE`: the greatest first.
    pub reverse: bool,
    /// The key.
    pub key: SortKey,
}

/// How THREAD groups messages (RFC 5256 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ThreadAlgorithm {
    /// `ORDEREDSUBJECT`: by base subject alone.
    OrderedSubject,
    /// `REFERENCES`: by the messages each refers to, and by base subject.
    References,
    /// `REFS`: by the messages each refers to alone; the thread of the message that came last is the last one
    /// (draft-ietf-morg-inthread).
    Refs,
}

impl ThreadAlgorithm {
    /// The algorithm of this name, in any case.
    pub fn new(name: &str) -> Option<Self> {
        [Self::OrderedSubject, Self::References, Self::Refs]
            .into_iter()
            .find(|one| one.as_str().eq_ignore_ascii_case(name))
    }

    /// The name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrderedSubject => "ORDEREDSUBJECT",
            Self::References => "REFERENCES",
            Self::Refs => "REFS",
        }
    }
}

/// A SEARCH: what to return and which messages.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SearchQuery<'a> {
    /// The charset of the texts, as the client wrote it; without one it is US-ASCII, and UTF-8 is
    /// read as well.
    pub charset: Option<Cow<'a, str>>,
    /// Asks for an ESEARCH response; `None` for the plain SEARCH response.
    pub returns: Option<SearchReturn<'a>>,
    /// The condition.
    pub key: SearchKey<'a>,
}

impl<'a> SearchQuery<'a> {
    /// A plain search.
    pub fn new(key: SearchKey<'a>) -> Self {
        Self { charset: None, returns: None, key }
    }

    /// The same query, owned.
    pub fn into_owned(self) -> SearchQuery<'static> {
        SearchQuery {
            charset: self.charset.map(own_str),
            returns: self.returns.map(SearchReturn::into_owned),
            key: self.key.into_owned(),
        }
    }
}

/// What STORE does with the flags it names (RFC 3501 §6.4.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreAction {
    /// `FLAGS`: they replace those that are there (`\Recent` stays).
    Replace,
    /// `+FLAGS`
    Add,
    /// `-FLAGS`
    Remove,
}
