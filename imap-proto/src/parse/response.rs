//! Responses (RFC 3501 §9 `response`).

use alloc::{borrow::Cow, string::String, vec::Vec};

use nom::{
    Parser,
    branch::alt,
    bytes::complete::{tag, take_while1},
    combinator::{opt, value},
    error::ErrorKind,
    multi::many0,
    sequence::{delimited, preceded, terminated},
};

use super::{Res, basic::*, fail, fetch_data, offset_of, text};
use crate::{
    response::{ESearch, ListItem, Response, Status},
    types::{Flag, Mailbox, StatusData, StatusItem, string::is_tag_char},
};

/// Why a response was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid response at octet {offset}")]
#[non_exhaustive]
pub struct ResponseError {
    /// Where, in octets from the start of the frame.
    pub offset: usize,
}

/// Reads one response: a whole frame, literals and the final CRLF included.
///
/// An untagged response of an unknown kind, or a known one that is malformed, is
/// [`Response::Unknown`]: kept, not fatal. An error is what is no response at all.
///
/// ```
/// use imap_proto::{parse, response::Response};
///
/// assert_eq!(parse::response(b"* 23 EXISTS\r\n"), Ok(Response::Exists(23)));
/// assert!(matches!(parse::response(b"* XYZZY 1\r\n"), Ok(Response::Unknown(_))));
/// ```
pub fn response(frame: &[u8]) -> Result<Response<'_>, ResponseError> {
    let read = match frame {
        [b'*', b' ', rest @ ..] => {
            return Ok(match untagged(rest) {
                Ok(([], response)) => response,
                _ => Response::Unknown(frame),
            });
        }
        [b'+', rest @ ..] => text::continuation(rest),
        _ => tagged(frame),
    };
    match read {
        Ok(([], response)) => Ok(response),
        Ok((rest, _)) => Err(ResponseError { offset: frame.len().saturating_sub(rest.len()) }),
        Err(error) => Err(ResponseError { offset: offset_of(frame, error) }),
    }
}

/// Reads one response as a server in use may say it, and tells what was wrong with it.
///
/// # Errors
///
/// An error is what is no response at all.
pub fn tolerant_response(frame: &[u8]) -> Result<super::Tolerated<'_>, ResponseError> {
    Ok(super::Tolerated { response: response(frame)?, deviations: Vec::new() })
}

/// `response-tagged = tag SP resp-cond-state CRLF`
fn tagged(input: &[u8]) -> Res<'_, Response<'_>> {
    let (rest, tag) = terminated(ascii(take_while1(is_tag_char)), sp).parse(input)?;
    let (rest, status) = status_word(rest)?;
    if matches!(status, Status::Bye | Status::PreAuth) {
        return fail(input, ErrorKind::Verify);
    }
    let (rest, text) = text::status_text(rest)?;
    Ok((rest, Response::Tagged { tag, status, text }))
}

fn status_word(input: &[u8]) -> Res<'_, Status> {
    let (rest, name) = atom(input)?;
    match Status::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        Some((_, status)) => Ok((rest, *status)),
        None => fail(input, ErrorKind::Tag),
    }
}

fn untagged(input: &[u8]) -> Res<'_, Response<'_>> {
    if input.first().is_some_and(u8::is_ascii_digit) {
        return numbered(input);
    }
    let (rest, name) = atom(input)?;
    let is = |known: &str| known.eq_ignore_ascii_case(name);
    if let Some((_, status)) = Status::NAMES.iter().find(|(known, _)| is(known)) {
        let (rest, text) = text::status_text(rest)?;
        return Ok((rest, Response::Status { status: *status, text }));
    }
    let (rest, response) = match () {
        () if is("CAPABILITY") => words(rest).map(|(r, w)| (r, Response::Capability(w)))?,
        () if is("ENABLED") => words(rest).map(|(r, w)| (r, Response::Enabled(w)))?,
        () if is("ID") => id(rest)?,
        () if is("FLAGS") => preceded(sp, paren_list(flag)).map(Response::Flags).parse(rest)?,
        () if is("LIST") => list_item.map(Response::List).parse(rest)?,
        () if is("LSUB") => list_item.map(Response::Lsub).parse(rest)?,
        () if is("STATUS") => mailbox_status(rest)?,
        () if is("SEARCH") => search(rest)?,
        () if is("ESEARCH") => e_search(rest)?,
        () => return fail(input, ErrorKind::Tag),
    };
    blanks_then_end(rest).map(|(rest, ())| (rest, response))
}

/// A blank before CRLF is seen in the wild.
fn blanks_then_end(input: &[u8]) -> Res<'_, ()> {
    let (rest, _) = many0(sp).parse(input)?;
    end(rest)
}

/// `nz-number SP ("EXPUNGE" / ("FETCH" SP msg-att))`, `number SP ("EXISTS" / "RECENT")`
fn numbered(input: &[u8]) -> Res<'_, Response<'_>> {
    let (rest, (n, name)) = (terminated(number, sp), atom).parse(input)?;
    let is = |known: &str| known.eq_ignore_ascii_case(name);
    let (rest, response) = match () {
        () if is("EXISTS") => (rest, Response::Exists(n)),
        () if is("RECENT") => (rest, Response::Recent(n)),
        () if is("EXPUNGE") => (rest, Response::Expunge(n)),
        () if is("FETCH") => {
            preceded(sp, fetch_data::items).map(|items| Response::Fetch(n, items)).parse(rest)?
        }
        () => return fail(input, ErrorKind::Tag),
    };
    blanks_then_end(rest).map(|(rest, ())| (rest, response))
}

/// `*(SP atom)`
fn words(input: &[u8]) -> Res<'_, Vec<&str>> {
    let word = take_while1(|b: u8| b > 0x20 && b < 0x7f);
    many0(preceded(sp, ascii(word))).parse(input)
}

fn id(input: &[u8]) -> Res<'_, Response<'_>> {
    let pair = |i| (terminated(string, sp), nstring).parse(i);
    preceded(sp, alt((value(Vec::new(), nil), paren_list(pair)))).map(Response::Id).parse(input)
}

/// `mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox`; what
/// extended data follows (RFC 5258 §6) is passed over.
fn list_item(input: &[u8]) -> Res<'_, ListItem<'_>> {
    let (rest, attributes) = preceded(sp, paren_list(flag)).parse(input)?;
    let (rest, delimiter) = preceded(sp, nstring).parse(rest)?;
    let (rest, name) = preceded(sp, list_mailbox).parse(rest)?;
    let (rest, _) = opt(preceded(sp, fetch_data::any_value)).parse(rest)?;
    let delimiter = delimiter.and_then(to_text).and_then(|text| text.chars().next());
    Ok((rest, ListItem::new(attributes, delimiter, name)))
}

/// A mailbox name as servers have it; one that is no modified UTF-7 is taken as it stands.
fn list_mailbox(input: &[u8]) -> Res<'_, Mailbox<'_>> {
    let (rest, octets) = astring(input)?;
    let owned = |octets: &[u8]| Mailbox::from_wire(octets).ok().map(Mailbox::into_owned);
    let name = match octets {
        Cow::Borrowed(octets) => Mailbox::from_wire(octets)
            .or_else(|_| Mailbox::new(String::from_utf8_lossy(octets)))
            .ok(),
        Cow::Owned(octets) => owned(&octets)
            .or_else(|| Mailbox::new(String::from_utf8_lossy(&octets).into_owned()).ok()),
    };
    match name {
        Some(name) => Ok((rest, name)),
        None => fail(input, ErrorKind::Verify),
    }
}

/// `"STATUS" SP mailbox SP "(" [status-att-list] ")"`
fn mailbox_status(input: &[u8]) -> Res<'_, Response<'_>> {
    let (rest, name) = preceded(sp, list_mailbox).parse(input)?;
    let pair = |i| (terminated(atom, sp), fetch_data::parenthesised_number).parse(i);
    let (rest, pairs) = preceded(sp, paren_list(pair)).parse(rest)?;
    let mut data = StatusData::default();
    for (name, value) in pairs {
        if let Some(item) = StatusItem::new(name) {
            data.set(item, value);
        }
    }
    Ok((rest, Response::MailboxStatus(name, data)))
}

/// `"SEARCH" *(SP nz-number) [SP search-sort-mod-seq]`
fn search(input: &[u8]) -> Res<'_, Response<'_>> {
    let mut numbers = Vec::new();
    let mut rest = input;
    while let [b' ', after @ ..] = rest {
        match after.first() {
            Some(b'0'..=b'9') => {
                let (after, n) = number(after)?;
                numbers.push(n);
                rest = after;
            }
            Some(b'(') => {
                let mod_seq = delimited((tag("("), word("MODSEQ"), sp), number64, tag(")"));
                rest = { mod_seq }.parse(after)?.0;
            }
            _ => break,
        }
    }
    Ok((rest, Response::Search(numbers)))
}

/// `"ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)` (RFC 4466 §3)
fn e_search(input: &[u8]) -> Res<'_, Response<'_>> {
    let correlator = delimited((tag(" ("), word("TAG"), sp), string, tag(")"));
    let (rest, tag) = opt(correlator).parse(input)?;
    let (mut rest, uid) = opt((sp, word("UID"))).parse(rest)?;
    let mut result = ESearch { tag, uid: uid.is_some(), ..ESearch::default() };
    while let [b' ', after @ ..] = rest {
        let (after, name) = terminated(atom, sp).parse(after)?;
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        rest = match () {
            () if is("MIN") => store(number(after)?, &mut result.min),
            () if is("MAX") => store(number(after)?, &mut result.max),
            () if is("ALL") => store(uid_set(after)?, &mut result.all),
            () if is("COUNT") => store(number(after)?, &mut result.count),
            () => fetch_data::any_value(after)?.0,
        };
    }
    Ok((rest, Response::ESearch(result)))
}

fn store<'a, T>((rest, read): (&'a [u8], T), slot: &mut Option<T>) -> &'a [u8] {
    *slot = Some(read);
    rest
}

/// Flags, with `\*` where it may stand.
pub(super) fn flags_perm(input: &[u8]) -> Res<'_, Vec<Flag<'_>>> {
    paren_list(flag_perm)(input)
}
