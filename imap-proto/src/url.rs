//! The URLs of CATENATE: which octets of which message are meant (RFC 4469 §5, RFC 5092).

use alloc::{string::String, vec::Vec};

use crate::{
    parse,
    types::{BodySection, Mailbox, Names, Part, Partial, Section, SectionText},
};

/// A message, or a part of it, named by a URL: relative, as CATENATE has it, or whole.
///
/// ```
/// use imap_proto::url::MessageUrl;
///
/// let url = MessageUrl::new(b"/INBOX;UIDVALIDITY=785799047/;UID=113330/;SECTION=1.5.9").unwrap();
/// assert_eq!((url.mailbox.as_str(), url.uid_validity, url.uid), ("INBOX", Some(785799047), 113330));
/// assert_eq!(url.server, None);
/// assert!(MessageUrl::new(b"http://example.org/").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageUrl {
    /// The server with its user and port as written, of a URL that is whole.
    pub server: Option<String>,
    /// The mailbox.
    pub mailbox: Mailbox<'static>,
    /// Its UIDVALIDITY, where it is named.
    pub uid_validity: Option<u32>,
    /// The message.
    pub uid: u32,
    /// Which octets of it: all, a section, a run.
    pub section: BodySection<'static>,
}

impl MessageUrl {
    /// Reads a URL; `None` if it is no URL of a message. One with URLAUTH is none: what it grants is not known here.
    pub fn new(url: &[u8]) -> Option<Self> {
        let url = core::str::from_utf8(url).ok()?;
        let (server, path) = match url.get(..7).filter(|head| head.eq_ignore_ascii_case("imap://"))
        {
            Some(_) => {
                let rest = url.get(7..)?;
                let (server, path) = rest.split_once('/')?;
                (Some(String::from(server)), path)
            }
            None => (None, url.strip_prefix('/')?),
        };
        // `/;UID=` ends the mailbox: its name holds no `;` that is not encoded (RFC 5092 §11).
        let (name, message) = split_at(path, "/;UID=")?;
        let (name, uid_validity) = match split_at(name, ";UIDVALIDITY=") {
            Some((name, validity)) => (name, Some(validity.parse().ok()?)),
            None => (name, None),
        };
        let name = String::from_utf8(decoded(name)?).ok()?;
        let mailbox = Mailbox::from_wire_in(name.as_bytes(), Names::Utf8).ok()?.into_owned();
        let mut pieces = message.split("/;");
        let uid = pieces.next()?.parse().ok().filter(|uid| *uid > 0)?;
        let (mut section, mut partial) = (None, None);
        for piece in pieces {
            let (key, value) = piece.split_once('=')?;
            match () {
                () if key.eq_ignore_ascii_case("SECTION") => {
                    section = Some(parse::section_text(&decoded(value)?)?);
                }
                () if key.eq_ignore_ascii_case("PARTIAL") => {
                    let (offset, len) = match value.split_once('.') {
                        Some((offset, len)) => (offset.parse().ok()?, len.parse().ok()?),
                        None => (value.parse().ok()?, i64::MAX.unsigned_abs()),
                    };
                    partial = Some(Partial::new(offset, len)?);
                }
                () => return None,
            }
        }
        let whole = || Section::new(Part::MESSAGE, SectionText::Full);
        let section = BodySection { partial, ..BodySection::peek(section.or_else(whole)?) };
        Some(Self { server, mailbox, uid_validity, uid, section })
    }
}

/// What stands before and after a word, in any case.
fn split_at<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let windows = text.as_bytes().windows(word.len());
    let at = windows.enumerate().find(|(_, w)| w.eq_ignore_ascii_case(word.as_bytes()))?.0;
    Some((text.get(..at)?, text.get(at.checked_add(word.len())?..)?))
}

/// `%XX` taken off (RFC 3986 §2.1); `None` if a `%` is followed by anything else.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [] => return Some(out),
            [b'%', a, b, after @ ..] => {
                let hex = |b: u8| char::from(b).to_digit(16).and_then(|n| u8::try_from(n).ok());
                out.push((hex(*a)? << 4) | hex(*b)?);
                after
            }
            [b'%', ..] => return None,
            [first, after @ ..] => {
                out.push(*first);
                after
            }
        };
    }
}
