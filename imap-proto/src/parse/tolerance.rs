//! What servers say that the grammar does not allow, each case with a name.

use alloc::vec::Vec;

use crate::response::Response;

/// A response read by [`tolerant_response`](super::tolerant_response), and what was wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tolerated<'a> {
    /// What was said.
    pub response: Response<'a>,
    /// Where it left the grammar; empty, and without an allocation, where it did not.
    pub deviations: Vec<Deviation>,
}

/// One place where a response left the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Deviation {
    /// What is wrong.
    pub kind: DeviationKind,
    /// Where, in octets from the start of the frame.
    pub offset: usize,
}

/// A named leniency: what servers in use are known to do wrong, and what is made of it.
///
/// [`parse::response`](super::response) refuses each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DeviationKind {
    /// A space where none belongs, or two for one: between the bodies of a multipart (Exchange,
    /// Domino), between addresses, before `)` (Exchange, 163), at the end of a line (Courier,
    /// hMailServer, Zoho). It is passed over.
    ExtraSpace,
    /// No space where one belongs: between a mailbox and its values in STATUS, between items of
    /// FETCH, behind a list (hMailServer, Domino, QQ). It is read as if it were there.
    MissingSpace,
    /// `* OK`, `+` or a code with no text behind it (Exchange, Domino, Yandex, Courier). The text is
    /// empty.
    MissingText,
    /// NIL where a string, a number or a list with something in it must stand: a content type, an
    /// encoding, a parameter's value, a size (Exchange, Yahoo, DavMail). It is read as the empty
    /// value; as `7BIT` for an encoding.
    NilForString,
    /// A string where only a number, a list or NIL may stand: `UID "7"`, `""` for no addresses, no parameters or no
    /// disposition (hMailServer, Domino, 163). A disposition is read as one without parameters, the
    /// rest as NIL.
    StringForNil,
    /// STATUS without a value: `()` (Exchange for a mailbox that cannot be opened, Domino). No value
    /// is known.
    EmptyStatus,
    /// Octets of 0x80 and more where US-ASCII must stand, in no declared encoding: a subject in
    /// GBK or Latin-1 between quotes (QQ, 163, mail.ru, Courier). They are kept as they are.
    RawOctets,
    /// A `"` or `\` between quotes without a `\` before it (Exchange, hMailServer, 163, Domino). A
    /// string ends at the `"` that stands before a blank or a parenthesis.
    RawQuote,
    /// An atom where a string must stand: in ID (Zoho, Yandex), in addresses and parameters
    /// (Domino, hMailServer). It is read as that string.
    UnquotedString,
    /// A response code as a response of its own: `* COPYUID 1 2 3` (old Cyrus, DavMail). It is read
    /// as `* OK` with that code.
    BareCode,
    /// Zero for a message number or a UID: `* 0 FETCH`, `UID 0` (Exchange, Proton Bridge). It is kept.
    ZeroNumber,
    /// A date that is not `dd-Mon-yyyy hh:mm:ss ±hhmm` (NIL, empty, without a zone, RFC 5322 style;
    /// Exchange, Domino, hMailServer). What can be read is, the rest is kept as
    /// [`FetchData::Unknown`](crate::response::FetchData::Unknown).
    BadDate,
    /// A multipart without parts: `("multipart" "mixed" …)` or `( "mixed")` (Gmail, Dovecot,
    /// Exchange). It has no parts.
    ChildlessMultipart,
    /// A flag that must not stand here, or is none: `FLAGS (\*)` (Courier, Yahoo), `\` alone,
    /// brackets in a keyword (Gmail, Dovecot). What is no flag is left out.
    BadFlag,
    /// A word that is no atom among capabilities or what was enabled (Domino, DavMail: brackets, quotes). It is left out.
    BadWord,
    /// A number below zero or too large for its place (Exchange, DavMail: sizes and line counts of
    /// −1). It is read as zero, or as the greatest.
    BadNumber,
    /// `[` or `]` within a code where none may stand (Domino, Exchange: mailbox names, flags). The
    /// code ends at the last `]` that lets it be read.
    BracketInCode,
    /// Fewer fields than a body, an envelope or an address must have (Exchange, Yandex, GroupWise).
    /// Those that are missing are NIL or zero.
    MissingField,
    /// More fields than a body, an envelope or an address can have, before `)`. They are passed over.
    ExtraField,
    /// A mailbox name that is no modified UTF-7 (Courier, 163). It is kept as it stands.
    BadMailbox,
    /// An item of FETCH, or a whole response, that cannot be read; it is kept as
    /// [`FetchData::Unknown`](crate::response::FetchData::Unknown) or
    /// [`Response::Unknown`](crate::response::Response::Unknown), and what stands around it is read.
    Malformed,
}

impl Deviation {
    /// A deviation at so many octets from the start.
    pub const fn new(kind: DeviationKind, offset: usize) -> Self {
        Self { kind, offset }
    }
}
