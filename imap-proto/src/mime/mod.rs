//! What IMAP shows of a message: ENVELOPE, BODY, BODYSTRUCTURE and sections, from raw octets.
//!
//! A message is looked at once, at delivery: [`summarize`] gives a small blob for the store to keep
//! and not to understand. From the blob alone, [`Summary`] answers ENVELOPE, BODY and
//! BODYSTRUCTURE, and says which octets of the message a section is ([`Plan`]), so that FETCH of
//! 10,000 envelopes opens no message and `BODY[1]` reads that part only.
//!
//! Malformed MIME is bounded: nesting deeper than [`MAX_DEPTH`] and parts beyond [`MAX_PARTS`] are
//! taken as they stand, unparsed.
//!
//! ```
//! use imap_proto::{mime, types::{BodySection, Part, Section, SectionText}};
//!
//! let message = b"From: Ann <ann@a.test>\r\nSubject: Hi\r\n\r\nHello\r\n";
//! let blob = mime::summarize(message);
//! let summary = mime::Summary::decode(&blob).unwrap();
//! assert!(summary.envelope().starts_with(b"(NIL \"Hi\" ((\"Ann\" NIL \"ann\" \"a.test\"))"));
//!
//! let text = BodySection::peek(Section::new(Part::MESSAGE, SectionText::Text).unwrap());
//! let mime::Plan::Octets(range) = summary.plan(&text) else { unreachable!() };
//! assert_eq!(&message[range.start as usize..range.end as usize], b"Hello\r\n");
//! ```

mod address;
mod content;
mod date;
mod decode;
mod envelope;
mod header;
mod preview;
mod render;
mod section;
mod structure;
mod summary;

pub(crate) use decode::decode_text_lines;
pub use decode::{UnknownEncoding, decode_body, decode_part, decode_text, to_utf8};
pub use header::{Field, fields};
pub use preview::preview;
pub use section::{FieldFilter, Plan};
pub use structure::{MAX_DEPTH, MAX_PARTS, Part, PartKind, Structure};

/// The day of the `Date:` field of a header, in the zone it was written in.
pub(crate) fn sent_date_of(header: &[u8]) -> Option<crate::types::Date> {
    header::find(header, "Date").and_then(|field| date::sent_date(&field.unfolded()))
}
/// The moment of the `Date:` field of a header, in seconds since 1970.
pub(crate) fn sent_at_of(header: &[u8]) -> Option<i64> {
    header::find(header, "Date").and_then(|field| date::sent_at(&field.unfolded()))
}
pub use summary::{Summary, summarize};
