//! SORT and THREAD (RFC 5256, RFC 5957): the order of messages, from what [`Summary`] keeps of each.
//!
//! A host gives the messages that match, in the order of the mailbox; no message is opened.
//!
//! ```
//! use imap_proto::{mime, sort::Sorter, types::{DateTime, SortCriterion, SortKey}};
//!
//! let mut sorter = Sorter::new(&[SortCriterion { reverse: false, key: SortKey::Subject }]);
//! for (uid, message) in [(1, "Subject: b\r\n\r\n"), (2, "Subject: Re: a\r\n\r\n")] {
//!     let blob = mime::summarize(message.as_bytes());
//!     let summary = mime::Summary::decode(&blob).unwrap();
//!     sorter.push(uid, DateTime::utc(0), &summary);
//! }
//! assert_eq!(sorter.finish(), [2, 1]);
//! ```

mod subject;
mod thread;

use alloc::{format, string::String, vec::Vec};
use core::cmp::Ordering;

pub use subject::base_subject;
pub use thread::Threader;

use crate::{
    mime::{Summary, decode_text},
    response::{Address, EnvelopeView},
    search::fold,
    types::{DateTime, SortCriterion, SortKey},
};

/// Puts messages in order (RFC 5256 §3).
#[derive(Clone, Debug)]
pub struct Sorter {
    criteria: Vec<SortCriterion>,
    rows: Vec<(u32, Vec<Value>)>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Number(i64),
    Text(String),
}

impl Sorter {
    /// Sorts by these, the first most.
    pub fn new(criteria: &[SortCriterion]) -> Self {
        Self { criteria: criteria.to_vec(), rows: Vec::new() }
    }

    /// The next message of the mailbox.
    pub fn push(&mut self, uid: u32, internal_date: DateTime, summary: &Summary<'_>) {
        let envelope = summary.envelope_view();
        let values =
            self.criteria.iter().map(|one| value(one.key, internal_date, summary, &envelope));
        let values = values.collect();
        self.rows.push((uid, values));
    }

    /// The UIDs in order. Messages that are alike stay in the order of the mailbox (RFC 5256 §3).
    pub fn finish(mut self) -> Vec<u32> {
        let criteria = &self.criteria;
        self.rows.sort_by(|a, b| {
            let compared = criteria
                .iter()
                .zip(a.1.iter().zip(&b.1))
                .map(|(one, (a, b))| if one.reverse { b.cmp(a) } else { a.cmp(b) });
            let mut differing = compared.filter(|ordering| *ordering != Ordering::Equal);
            differing.next().unwrap_or(Ordering::Equal)
        });
        self.rows.into_iter().map(|(uid, _)| uid).collect()
    }
}

fn value(
    key: SortKey,
    internal_date: DateTime,
    summary: &Summary<'_>,
    envelope: &EnvelopeView<'_>,
) -> Value {
    let mailbox = |address: Option<Address<'_>>| {
        let mailbox = address.and_then(|a| a.mailbox);
        Value::Text(folded(mailbox.as_deref().unwrap_or_default()))
    };
    match key {
        SortKey::Arrival => Value::Number(internal_date.unix()),
        SortKey::Date => Value::Number(sent(internal_date, summary)),
        SortKey::Size => Value::Number(i64::try_from(summary.size()).unwrap_or(i64::MAX)),
        SortKey::Subject => {
            let subject = envelope.subject().unwrap_or_default();
            Value::Text(fold(&base_subject(&subject).0).into_owned())
        }
        SortKey::From => mailbox(envelope.from().next()),
        SortKey::To => mailbox(envelope.to().next()),
        SortKey::Cc => mailbox(envelope.cc().next()),
        SortKey::DisplayFrom => Value::Text(display(envelope.from().next())),
        SortKey::DisplayTo => Value::Text(display(envelope.to().next())),
        // The server machine does not offer it: all match alike.
        SortKey::Relevancy => Value::Number(0),
    }
}

/// The sent date in seconds since 1970, or INTERNALDATE where there is none (RFC 5256 §2.2).
fn sent(internal_date: DateTime, summary: &Summary<'_>) -> i64 {
    summary.sent_at().unwrap_or(internal_date.unix())
}

fn folded(text: &[u8]) -> String {
    fold(&decode_text(text)).into_owned()
}

/// The display name, or the address where there is none (RFC 5957 §3).
fn display(address: Option<Address<'_>>) -> String {
    let Some(address) = address else { return String::new() };
    match address.name.filter(|name| !name.is_empty()) {
        Some(name) => folded(&name),
        None => {
            let text =
                |part: Option<alloc::borrow::Cow<'_, [u8]>>| folded(&part.unwrap_or_default());
            format!("{}@{}", text(address.mailbox), text(address.host))
        }
    }
}
