//! Sections of messages in responses: which of them are streamed.

use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::event::Event;
use crate::{
    parse,
    response::{FetchData, Response},
    types::{Names, SectionName},
};

/// A response up to a literal that is streamed, closed so that it can be read.
#[derive(Debug)]
pub(super) struct Announced {
    pub(super) frame: Vec<u8>,
    pub(super) len: u64,
}

pub(super) fn literal_event(announced: &Announced) -> Event<'static> {
    let len = announced.len;
    section_of(&announced.frame).map_or(Event::Nothing, |(number, uid, section, origin)| {
        Event::Literal { number, uid, section, origin, len }
    })
}

/// A response up to a literal, closed so that it can be read.
pub(super) fn closed(gathered: &[u8], head: &[u8]) -> Vec<u8> {
    [gathered, head, b")\r\n"].concat()
}

/// Number and UID, as far as the server has said them, the section and its first octet.
pub(super) type SectionOf =
    (Option<NonZeroU32>, Option<NonZeroU32>, SectionName<'static>, Option<u64>);

/// The section whose octets are to be streamed: the last item of the response.
pub(super) fn section_of(frame: &[u8]) -> Option<SectionOf> {
    let read = parse::streamed_response(frame, Names::ModifiedUtf7).ok()?;
    let (number, mut uid, items) = match read.response {
        Response::Fetch(number, items) => (Some(number), None, items),
        Response::Unnumbered(items) => (None, None, items),
        Response::UidFetch(uid, items) => (None, Some(uid), items),
        _ => return None,
    };
    let mut found = None;
    for item in items {
        match item {
            FetchData::Uid(n) => uid = Some(n),
            FetchData::Streamed { section, origin, .. } => {
                found = Some((section.into_owned(), origin));
            }
            _ => {}
        }
    }
    found.map(|(section, origin)| (number, uid, section, origin))
}

/// Whether what stands before the literal may be the name of a section. Cheap.
pub(super) fn names_a_section(head: &[u8]) -> bool {
    let Some(at) = memchr::memrchr(b'{', head) else { return false };
    let before = head.get(..at).unwrap_or_default();
    let Some(before) = before.strip_suffix(b" ") else { return false };
    let ends = |name: &str| {
        let tail = before.len().checked_sub(name.len()).and_then(|from| before.get(from..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(name.as_bytes()))
    };
    before.ends_with(b"]")
        || (before.ends_with(b">") && before.contains(&b']'))
        || ends("RFC822")
        || ends("RFC822.HEADER")
        || ends("RFC822.TEXT")
}
