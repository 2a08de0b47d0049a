//! The values that IMAP commands and responses are made of.
//!
//! Each type refuses what the grammar refuses, so that a value that exists can be printed. Values
//! borrow from the frame they were parsed from; `into_owned` cuts that tie.

mod atom;
mod attribute;
mod code;
mod code_names;
mod code_parts;
mod date;
mod fetch;
mod flag;
mod list;
mod mailbox;
mod non_empty;
mod number;
mod one_or_more;
mod search;
mod sequence;
mod status;
mod status_text;
pub(crate) mod string;
mod uid_list;

pub use atom::{Atom, Tag, Unlisted};
pub use attribute::{Attribute, Delimiter};
pub use code::Code;
pub use code_parts::{Charset, CodeText, CopyUid, OtherCode, UrlMechanism};
pub use date::{Date, DateTime};
pub use fetch::{
    BodySection, FetchItem, FetchItems, Part, Partial, Section, SectionName, SectionSpelling,
    SectionText,
};
pub use flag::{Flag, SpecialUse};
pub use list::{ListQuery, ListReturn, ListSelect, pattern_matches};
pub use mailbox::{InvalidMailbox, Mailbox, Names};
pub use non_empty::NonEmpty;
pub use number::{ModSeq, Score};
pub use one_or_more::OneOrMore;
pub use search::{
    EntryScope, PartialRange, SearchKey, SearchQuery, SearchReturn, SortCriterion, SortKey,
    StoreAction, ThreadAlgorithm,
};
pub use sequence::{SequenceSet, UidSet};
pub use status::{StatusData, StatusItem};
pub use status_text::StatusText;
pub use uid_list::UidList;

pub(crate) use code_names::{PLAIN_CODES, is_known_code};
pub(crate) use date::month_number;
pub(crate) use mailbox::{decode as decode_mailbox, encode as encode_mailbox};
pub(crate) use number::number64;
pub(crate) use string::is_astring;
