use alloc::{borrow::Cow, boxed::Box, vec::Vec};

use super::{
    Date, SequenceSet,
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
    And(Vec<SearchKey<'a>>),
    /// Either.
    Or(Box<SearchKey<'a>>, Box<SearchKey<'a>>),
    /// Not this.
    Not(Box<SearchKey<'a>>),
    /// Has the flag (`SEEN`, `ANSWERED`, `KEYWORD x` …). The spelling is a flag's.
    Flag(Cow<'a, str>),
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
    Older(u32),
    /// Internal date within the last so many seconds (RFC 5032).
    Younger(u32),
    /// Mod-sequence at least this (RFC 7162 §3.1.5).
    ModSeq(u64),
}

impl SearchKey<'_> {
    /// The same key, owned.
    pub fn into_owned(self) -> SearchKey<'static> {
        let boxed = |key: Box<SearchKey<'_>>| Box::new(key.into_owned());
        match self {
            Self::All => SearchKey::All,
            Self::Sequence(set) => SearchKey::Sequence(set),
            Self::Uid(set) => SearchKey::Uid(set),
            Self::And(keys) => {
                SearchKey::And(keys.into_iter().map(SearchKey::into_owned).collect())
            }
            Self::Or(a, b) => SearchKey::Or(boxed(a), boxed(b)),
            Self::Not(key) => SearchKey::Not(boxed(key)),
            Self::Flag(flag) => SearchKey::Flag(own_str(flag)),
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
        }
    }
}

/// What an extended search returns (RFC 4731 §3.1, RFC 5182).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SearchReturn {
    /// The least number that matches.
    pub min: bool,
    /// The greatest number that matches.
    pub max: bool,
    /// All that match. What `RETURN ()` means as well.
    pub all: bool,
    /// How many match.
    pub count: bool,
}

/// A SEARCH: what to return and which messages.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SearchQuery<'a> {
    /// The charset of the texts, as the client wrote it; without one it is US-ASCII, and UTF-8 is
    /// read as well.
    pub charset: Option<Cow<'a, str>>,
    /// Asks for an ESEARCH response; `None` for the plain SEARCH response.
    pub returns: Option<SearchReturn>,
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
            returns: self.returns,
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
