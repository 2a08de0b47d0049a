//! Does a message match a SEARCH? (RFC 3501 §6.4.4)
//!
//! A host makes a [`Matcher`] of a query and asks it about each message. It shows what it has at
//! hand ([`Facts`]) and reads a header or a message only when the answer says that it is needed:
//! a search by flags and dates opens no message.
//!
//! ```
//! use imap_proto::{search::{Answer, Facts, Matcher}, types::{Date, DateTime, SearchKey, SearchQuery}};
//!
//! struct Row<'a> { uid: u32, message: Option<&'a [u8]> }
//! impl Facts for Row<'_> {
//!     fn uid(&self) -> u32 { self.uid }
//!     fn has_flag(&self, _flag: &str) -> bool { false }
//!     fn internal_date(&self) -> DateTime { DateTime::utc(0) }
//!     fn size(&self) -> u64 { 100 }
//!     fn header(&self) -> Option<&[u8]> { self.message }
//!     fn message(&self) -> Option<&[u8]> { self.message }
//! }
//!
//! let query = SearchQuery::new(SearchKey::Header("Subject".into(), b"GR\xC3\x9C\xC3\x9FE"[..].into()));
//! let matcher = Matcher::new(&query, 0);
//! assert_eq!(matcher.test(&Row { uid: 1, message: None }), Answer::NeedsHeader);
//! let message = b"Subject: =?utf-8?q?Viele_Gr=C3=BC=C3=9Fe?=\r\n\r\n";
//! assert_eq!(matcher.test(&Row { uid: 1, message: Some(message) }), Answer::Yes);
//! ```

mod filters;

use alloc::{borrow::Cow, boxed::Box, string::String, vec::Vec};

use unicode_normalization::UnicodeNormalization;

pub use filters::expand_filters;

use crate::{
    mime,
    types::{Date, DateTime, SearchKey, SearchQuery, UidSet},
};

/// What a host knows of a message.
pub trait Facts {
    /// Its UID.
    fn uid(&self) -> u32;
    /// Whether it has this flag, spelled as `\Seen` or `keyword`. Keywords compare in any case.
    fn has_flag(&self, flag: &str) -> bool;
    /// INTERNALDATE.
    fn internal_date(&self) -> DateTime;
    /// Octets.
    fn size(&self) -> u64;
    /// Mod-sequence; 0 where there is none.
    fn mod_seq(&self) -> u64 {
        0
    }
    /// When it came into the mailbox, if that is kept (RFC 8514).
    fn save_date(&self) -> Option<DateTime> {
        None
    }
    /// The day of its `Date:` field, if that is known without its header: from
    /// [`mime::Summary::sent_date`]. `None`: not known.
    fn sent_date(&self) -> Option<Option<Date>> {
        None
    }
    /// Its identifier, if it has one (RFC 8474 §5.1).
    fn email_id(&self) -> Option<Cow<'_, str>> {
        None
    }
    /// The identifier of its thread, if it has one (RFC 8474 §5.2).
    fn thread_id(&self) -> Option<Cow<'_, str>> {
        None
    }
    /// Its header, if at hand.
    fn header(&self) -> Option<&[u8]>;
    /// The whole message, if at hand.
    fn message(&self) -> Option<&[u8]>;
}

/// What a [`Matcher`] says of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a caller must handle each")]
pub enum Answer {
    /// It matches.
    Yes,
    /// It does not.
    No,
    /// Ask again with its header at hand.
    NeedsHeader,
    /// Ask again with the whole message at hand.
    NeedsMessage,
}

/// A query made ready: its texts are folded once, its sets are resolved.
#[derive(Clone, Debug)]
pub struct Matcher {
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Always(bool),
    Uids(UidSet),
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Flag(String),
    Header(String, Needle),
    Body(Needle),
    Text(Needle),
    Size(core::ops::RangeInclusive<u64>),
    Internal(core::ops::Range<i64>),
    Sent(core::ops::Range<i64>),
    Saved(core::ops::Range<i64>),
    Since(i64, bool),
    ModSeq(u64),
    EmailId(String),
    ThreadId(String),
}

/// A text to look for, folded; `None` if it is no text and matches nothing.
type Needle = Option<String>;

impl Matcher {
    /// Makes a query ready. `now` is the time in seconds since 1970, for OLDER and YOUNGER.
    pub fn new(query: &SearchQuery<'_>, now: i64) -> Self {
        Self { test: Test::new(&query.key, now) }
    }

    /// Whether a message matches.
    pub fn test(&self, message: &impl Facts) -> Answer {
        self.test.answer(message)
    }

    /// Whether the identifiers of threads decide.
    pub fn needs_thread(&self) -> bool {
        self.test.any(&|test| matches!(test, Test::ThreadId(_)))
    }

    /// The only UIDs that can match, if the query says so: a host can leave out all others.
    pub fn candidates(&self) -> Option<&UidSet> {
        match &self.test {
            Test::Uids(uids) => Some(uids),
            Test::All(tests) => tests.iter().find_map(|test| match test {
                Test::Uids(uids) => Some(uids),
                _ => None,
            }),
            _ => None,
        }
    }
}

impl Test {
    fn new(key: &SearchKey<'_>, now: i64) -> Self {
        let needle =
            |octets: &[u8]| core::str::from_utf8(octets).ok().map(|t| fold(t).into_owned());
        let day = |date: &Date| date.days_since_epoch();
        match key {
            SearchKey::All => Self::Always(true),
            // The server machine has replaced these.
            SearchKey::Sequence(_) | SearchKey::Recent => Self::Always(false),
            SearchKey::Uid(set) => Self::Uids(set.resolve(u32::MAX)),
            SearchKey::And(keys) => Self::All(keys.iter().map(|k| Self::new(k, now)).collect()),
            SearchKey::Or(a, b) => Self::Any(alloc::vec![Self::new(a, now), Self::new(b, now)]),
            SearchKey::Not(key) => Self::Not(Box::new(Self::new(key, now))),
            SearchKey::Answered => Self::Flag(String::from("\\Answered")),
            SearchKey::Deleted => Self::Flag(String::from("\\Deleted")),
            SearchKey::Draft => Self::Flag(String::from("\\Draft")),
            SearchKey::Flagged => Self::Flag(String::from("\\Flagged")),
            SearchKey::Seen => Self::Flag(String::from("\\Seen")),
            SearchKey::Keyword(keyword) => Self::Flag(String::from(keyword.as_str())),
            SearchKey::Header(name, text) => Self::Header(String::from(&**name), needle(text)),
            SearchKey::Body(text) => Self::Body(needle(text)),
            SearchKey::Text(text) => Self::Text(needle(text)),
            SearchKey::Larger(n) => Self::Size(n.saturating_add(1)..=u64::MAX),
            SearchKey::Smaller(0) => Self::Always(false),
            SearchKey::Smaller(n) => Self::Size(0..=n.saturating_sub(1)),
            SearchKey::Before(date) => Self::Internal(i64::MIN..day(date)),
            SearchKey::On(date) => Self::Internal(day(date)..day(date).saturating_add(1)),
            SearchKey::Since(date) => Self::Internal(day(date)..i64::MAX),
            SearchKey::SentBefore(date) => Self::Sent(i64::MIN..day(date)),
            SearchKey::SentOn(date) => Self::Sent(day(date)..day(date).saturating_add(1)),
            SearchKey::SentSince(date) => Self::Sent(day(date)..i64::MAX),
            SearchKey::SavedBefore(date) => Self::Saved(i64::MIN..day(date)),
            SearchKey::SavedOn(date) => Self::Saved(day(date)..day(date).saturating_add(1)),
            SearchKey::SavedSince(date) => Self::Saved(day(date)..i64::MAX),
            // The server machine asks for save dates only where the host keeps them.
            SearchKey::SaveDateSupported => Self::Always(true),
            // RFC 5032 §3
            SearchKey::Older(n) => Self::Since(now.saturating_sub(i64::from(n.get())), false),
            SearchKey::Younger(n) => Self::Since(now.saturating_sub(i64::from(n.get())), true),
            SearchKey::ModSeq(n) | SearchKey::FlagModSeq(_, _, n) => Self::ModSeq(*n),
            // RFC 6203 §3: how far off a fuzzy match may be is the server's choice; here, not at all.
            SearchKey::Fuzzy(key) => Self::new(key, now),
            SearchKey::EmailId(id) => Self::EmailId(String::from(id.as_str())),
            SearchKey::ThreadId(id) => Self::ThreadId(String::from(id.as_str())),
            // Facts that are not asked for here; the server machine refuses these keys.
            SearchKey::Filter(_)
            | SearchKey::GmailRaw(_)
            | SearchKey::GmailMessageId(_)
            | SearchKey::GmailThreadId(_)
            | SearchKey::GmailLabel(_) => Self::Always(false),
        }
    }

    /// Whether this is said of it, or of anything in it.
    fn any(&self, what: &impl Fn(&Self) -> bool) -> bool {
        what(self)
            || match self {
                Self::All(tests) | Self::Any(tests) => tests.iter().any(|test| test.any(what)),
                Self::Not(test) => test.any(what),
                _ => false,
            }
    }

    fn answer(&self, message: &impl Facts) -> Answer {
        let yes = |yes: bool| if yes { Answer::Yes } else { Answer::No };
        match self {
            Self::Always(always) => yes(*always),
            Self::Uids(uids) => yes(uids.contains(message.uid())),
            Self::All(tests) => combine(tests, message, Answer::No, Answer::Yes),
            Self::Any(tests) => combine(tests, message, Answer::Yes, Answer::No),
            Self::Not(test) => match test.answer(message) {
                Answer::Yes => Answer::No,
                Answer::No => Answer::Yes,
                needs => needs,
            },
            Self::Flag(flag) => yes(message.has_flag(flag)),
            Self::Size(range) => yes(range.contains(&message.size())),
            Self::Internal(days) => {
                yes(days.contains(&message.internal_date().local_date().days_since_epoch()))
            }
            Self::Sent(days) => match message.sent_date() {
                Some(date) => yes(date.is_some_and(|d| days.contains(&d.days_since_epoch()))),
                None => match message.header() {
                    Some(header) => yes(mime::sent_date_of(header)
                        .is_some_and(|date| days.contains(&date.days_since_epoch()))),
                    None => Answer::NeedsHeader,
                },
            },
            Self::Saved(days) => yes(message
                .save_date()
                .is_some_and(|at| days.contains(&at.local_date().days_since_epoch()))),
            Self::Since(moment, younger) => {
                yes((message.internal_date().unix() >= *moment) == *younger)
            }
            Self::ModSeq(n) => yes(message.mod_seq() >= *n),
            Self::EmailId(id) => yes(message.email_id().is_some_and(|has| has == *id)),
            Self::ThreadId(id) => yes(message.thread_id().is_some_and(|has| has == *id)),
            Self::Header(name, needle) => match message.header() {
                Some(header) => yes(needle.as_ref().is_some_and(|n| in_field(header, name, n))),
                None => Answer::NeedsHeader,
            },
            Self::Body(needle) => match message.message() {
                Some(raw) => yes(needle.as_ref().is_some_and(|n| in_body(raw, n))),
                None => Answer::NeedsMessage,
            },
            Self::Text(needle) => match message.message() {
                Some(raw) => yes(needle.as_ref().is_some_and(|n| in_text(raw, n))),
                None => Answer::NeedsMessage,
            },
        }
    }
}

/// AND and OR: one answer decides; otherwise the least that is needed; otherwise the other answer.
fn combine(tests: &[Test], message: &impl Facts, decisive: Answer, other: Answer) -> Answer {
    let mut result = other;
    for test in tests {
        match (test.answer(message), result) {
            (answer, _) if answer == decisive => return decisive,
            (Answer::NeedsHeader, _) => result = Answer::NeedsHeader,
            (Answer::NeedsMessage, r) if r == other => result = Answer::NeedsMessage,
            _ => {}
        }
    }
    result
}

fn in_field(header: &[u8], name: &str, needle: &str) -> bool {
    // RFC 3501 §6.4.4: an empty text matches every message that has the field.
    mime::fields(header)
        .filter(|field| field.is(name))
        .any(|field| needle.is_empty() || holds(&mime::decode_text(field.value), needle))
}

fn in_body(raw: &[u8], needle: &str) -> bool {
    needle.is_empty() || mime::decode_body(raw, |text| holds(text, needle))
}

fn in_text(raw: &[u8], needle: &str) -> bool {
    holds(&mime::decode_text_lines(raw), needle) || in_body(raw, needle)
}

fn holds(text: &str, needle: &str) -> bool {
    memchr::memmem::find(fold(text).as_bytes(), needle.as_bytes()).is_some()
}

/// Text without the difference of upper and lower case: `i;unicode-casemap` (RFC 5255 §4.3, RFC 5051 §2).
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Cow::Owned(text.to_ascii_lowercase());
        }
        return Cow::Borrowed(text);
    }
    // Upper case first, so that ß and SS, ς and σ are the same; then letters and their marks apart, so that it does not
    // matter how they were put together.
    let upper = text.chars().flat_map(char::to_uppercase);
    Cow::Owned(upper.nfkd().flat_map(char::to_lowercase).collect())
}
