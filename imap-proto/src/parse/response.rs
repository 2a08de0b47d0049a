//! Responses (RFC 3501 §9 `response`).

use alloc::vec::Vec;
use core::num::NonZeroU32;

use nom::{
    Parser,
    branch::alt,
    bytes::complete::take_while1,
    combinator::{map_opt, value},
    error::ErrorKind,
    sequence::{preceded, terminated},
};

use super::{
    DeviationKind, Res, Tolerated, basic::*, fail, fetch_data, found, literals, mailbox_data,
    notes::Notes, offset_of, text,
};
use crate::{
    response::{Completion, FetchData, RawLine, Response, Status, Text},
    types::{Atom, Names, OneOrMore, Tag, string::is_tag_char},
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
/// Strict: what the grammar of the RFCs does not allow is refused. What it allows and is not known,
/// an untagged response, an item of FETCH or a code, is kept as it came.
///
/// ```
/// use imap_proto::{parse, response::Response};
///
/// assert_eq!(parse::response(b"* 23 EXISTS\r\n"), Ok(Response::Exists(23)));
/// assert!(matches!(parse::response(b"* XYZZY 1\r\n"), Ok(Response::Unknown(_))));
/// assert!(parse::response(b"* 23 EXISTS \r\n").is_err());
/// ```
///
/// # Errors
///
/// The first octet that does not fit.
pub fn response(frame: &[u8]) -> Result<Response<'_>, ResponseError> {
    response_in(frame, Names::default())
}

/// The same, with mailbox names in this encoding.
///
/// # Errors
///
/// The first octet that does not fit.
pub fn response_in(frame: &[u8], names: Names) -> Result<Response<'_>, ResponseError> {
    read(frame, &Notes::named(frame, true, names))
}

/// Reads one response as servers in use say it, and tells what was wrong with it.
///
/// A known response that cannot be read is [`Response::Unknown`] with
/// [`DeviationKind::Malformed`]: kept, not fatal.
///
/// ```
/// use imap_proto::{parse, parse::DeviationKind, response::Response};
///
/// let read = parse::tolerant_response(b"* 23 EXISTS \r\n").unwrap();
/// assert_eq!(read.response, Response::Exists(23));
/// assert_eq!(read.deviations[0].kind, DeviationKind::ExtraSpace);
/// assert_eq!(read.deviations[0].offset, 11);
/// ```
///
/// # Errors
///
/// An error is what is no response at all.
pub fn tolerant_response(frame: &[u8]) -> Result<Tolerated<'_>, ResponseError> {
    tolerant_response_in(frame, Names::default())
}

/// The same, with mailbox names in this encoding.
///
/// # Errors
///
/// An error is what is no response at all.
pub fn tolerant_response_in(frame: &[u8], names: Names) -> Result<Tolerated<'_>, ResponseError> {
    tolerate(frame, Notes::named(frame, false, names))
}

/// The same of a frame from which the octets of sections were streamed: [`FetchData::Streamed`](crate::response::FetchData::Streamed)
/// stands for them.
pub(crate) fn streamed_response(
    frame: &[u8],
    names: Names,
) -> Result<Tolerated<'_>, ResponseError> {
    tolerate(frame, Notes::named(frame, false, names).streamed())
}

fn tolerate<'a>(frame: &'a [u8], notes: Notes) -> Result<Tolerated<'a>, ResponseError> {
    let response = read(frame, &notes)?;
    Ok(Tolerated { response, deviations: notes.into_list() })
}

fn read<'a>(frame: &'a [u8], notes: &Notes) -> Result<Response<'a>, ResponseError> {
    if notes.is_strict()
        && let Some(offset) = literals::misplaced(frame, false)
    {
        return Err(ResponseError { offset });
    }
    let read = match frame {
        [b'*', b' ', rest @ ..] => match notes.gap(rest).and_then(|rest| untagged(rest, notes)) {
            Ok(([], Some(response))) => return Ok(response),
            Ok((_, None)) if frame.ends_with(b"\r\n") => {
                return Ok(Response::Unknown(RawLine::checked(frame)));
            }
            Ok((rest, _)) => fail(rest, ErrorKind::CrLf),
            Err(error) => Err(error),
        },
        [b'+', rest @ ..] => text::continuation(rest, notes),
        _ => tagged(frame, notes),
    };
    match read {
        Ok(([], response)) => Ok(response),
        Ok((rest, _)) => Err(ResponseError { offset: frame.len().saturating_sub(rest.len()) }),
        Err(error) => {
            let offset = offset_of(frame, error);
            let at = frame.get(offset..).unwrap_or_default();
            if (frame.starts_with(b"* ") || frame == b"\r\n") && !notes.is_strict() {
                notes.rewind(0);
                let _ = notes.note(DeviationKind::Malformed, at);
                return Ok(Response::Unknown(RawLine::checked(frame)));
            }
            Err(ResponseError { offset })
        }
    }
}

/// `response-tagged = tag SP resp-cond-state CRLF`
fn tagged<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Response<'a>> {
    let (rest, tag) =
        terminated(map_opt(ascii(take_while1(is_tag_char)), Tag::new), notes.sp()).parse(input)?;
    let (rest, status) = completion(rest)?;
    let (rest, text) = text::status_text(rest, notes)?;
    Ok((rest, Response::Tagged { tag, status, text }))
}

fn completion(input: &[u8]) -> Res<'_, Completion> {
    let (rest, name) = letters(input)?;
    let is = |known: &str| known.eq_ignore_ascii_case(name);
    match () {
        () if is("OK") => Ok((rest, Completion::Ok)),
        () if is("NO") => Ok((rest, Completion::No)),
        () if is("BAD") => Ok((rest, Completion::Bad)),
        () => fail(input, ErrorKind::Tag),
    }
}

/// Codes that servers have been seen to send as responses of their own.
pub(crate) const BARE_CODES: [&str; 5] =
    ["COPYUID", "APPENDUID", "HIGHESTMODSEQ", "UIDNEXT", "UIDVALIDITY"];

/// A word of letters, though a code follows it without a blank.
fn letters(input: &[u8]) -> Res<'_, &str> {
    let (rest, word) = ascii(take_while1(|b: u8| b.is_ascii_alphabetic())).parse(input)?;
    match rest.first() {
        Some(b' ' | b'\r' | b'[') => Ok((rest, word)),
        _ => fail(input, ErrorKind::Alpha),
    }
}

/// `None` for a word that is not known.
fn untagged<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Option<Response<'a>>> {
    if input.first().is_some_and(u8::is_ascii_digit) {
        return numbered(input, notes);
    }
    if input.first() == Some(&b'[') {
        // A code without the word before it.
        notes.note(DeviationKind::BareCode, input)?;
        let (rest, text) = text::bare_text(input, notes)?;
        return Ok((rest, Some(Response::Status { status: Status::Ok, text })));
    }
    if let Ok((rest, name)) = letters(input)
        && let Some((_, status)) =
            Status::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))
    {
        let (rest, text) = text::status_text(rest, notes)?;
        return Ok((rest, Some(Response::Status { status: *status, text })));
    }
    let Ok((rest, name)) = atom(input) else { return Ok((input, None)) };
    let is = |known: &str| known.eq_ignore_ascii_case(name);
    let (rest, response) = match name.len() {
        _ if is("LIST") => mailbox_data::list_item(rest, notes).map(into(Response::List))?,
        _ if is("STATUS") => mailbox_data::status(rest, notes)?,
        _ if is("SEARCH") => found::numbers(rest, notes).map(into(Response::Search))?,
        _ if is("ESEARCH") => found::e_search(rest, notes)?,
        _ if is("FLAGS") => flags(rest, notes)?,
        _ if is("CAPABILITY") => some(words(rest, notes), Response::Capability)?,
        _ if is("VANISHED") => found::vanished(rest, notes)?,
        _ if is("ENABLED") => words(rest, notes).map(into(Response::Enabled))?,
        _ if is("ID") => id(rest, notes)?,
        _ if is("LSUB") => mailbox_data::list_item(rest, notes).map(into(Response::Lsub))?,
        _ if is("XLIST") => mailbox_data::list_item(rest, notes).map(into(Response::XList))?,
        _ if is("NAMESPACE") => mailbox_data::namespaces(rest, notes)?,
        _ if is("SORT") => found::numbers(rest, notes).map(into(Response::Sort))?,
        _ if is("THREAD") => found::threads(rest, notes)?,
        _ if is("QUOTA") => mailbox_data::quota(rest, notes)?,
        _ if is("QUOTAROOT") => mailbox_data::quota_root(rest, notes)?,
        _ if is("ACL") => mailbox_data::acl(rest, notes)?,
        _ if is("LISTRIGHTS") => mailbox_data::list_rights(rest, notes)?,
        _ if is("MYRIGHTS") => mailbox_data::my_rights(rest, notes)?,
        _ if is("METADATA") => mailbox_data::metadata(rest, notes)?,
        _ if is("LANGUAGE") => {
            some(preceded(notes.sp(), notes.list(astring)).parse(rest), Response::Language)?
        }
        _ if is("COMPARATOR") => {
            let others = nom::combinator::opt(preceded(notes.sp(), notes.list(astring)));
            (preceded(notes.sp(), astring), others)
                .map(|(active, others)| Response::Comparator(active, others.unwrap_or_default()))
                .parse(rest)?
        }
        _ if is("GENURLAUTH") => some(texts(rest, notes), Response::GenUrlAuth)?,
        _ if is("URLFETCH") => {
            let pair = |i| (preceded(notes.sp(), astring), preceded(notes.sp(), nstring)).parse(i);
            some(nom::multi::many0(pair).parse(rest), Response::UrlFetch)?
        }
        _ if is("JMAPACCESS") => {
            preceded(notes.sp(), string).map(Response::JmapAccess).parse(rest)?
        }
        _ if BARE_CODES.iter().any(|code| is(code)) => {
            notes.note(DeviationKind::BareCode, input)?;
            let (rest, text) = text::bare_code(input, notes)?;
            return Ok((rest, Some(Response::Status { status: Status::Ok, text })));
        }
        _ => return Ok((input, None)),
    };
    let (rest, ()) = end(notes.gap(rest)?)?;
    Ok((rest, Some(response)))
}

fn into<'a, T>(
    make: impl Fn(T) -> Response<'a>,
) -> impl Fn((&'a [u8], T)) -> (&'a [u8], Response<'a>) {
    move |(rest, value)| (rest, make(value))
}

/// What has no empty form.
fn some<'a, T>(
    read: Res<'a, Vec<T>>,
    make: impl Fn(OneOrMore<T>) -> Response<'a>,
) -> Res<'a, Response<'a>> {
    let (rest, items) = read?;
    match OneOrMore::new(items) {
        Some(items) => Ok((rest, make(items))),
        None => fail(rest, ErrorKind::Many1),
    }
}

/// `nz-number SP ("EXPUNGE" / ("FETCH" SP msg-att))`, `number SP ("EXISTS" / "RECENT")`
fn numbered<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Option<Response<'a>>> {
    let digits = input.iter().take_while(|b| b.is_ascii_digit()).count();
    let rest = input.get(digits..).unwrap_or_default();
    if rest.first() != Some(&b' ') {
        return Ok((input, None));
    }
    let (rest, ()) = notes.sp()(rest)?;
    let Ok((rest, name)) = atom(rest) else { return Ok((input, None)) };
    let is = |known: &str| known.eq_ignore_ascii_case(name);
    if !["FETCH", "UIDFETCH", "EXISTS", "RECENT", "EXPUNGE"].into_iter().any(is) {
        return Ok((input, None));
    }
    let Ok((_, n)) = number(input) else {
        notes.note(DeviationKind::BadNumber, input)?;
        return Ok((input, None));
    };
    let number = NonZeroU32::new(n);
    if number.is_none() && !is("EXISTS") && !is("RECENT") {
        notes.note(DeviationKind::ZeroNumber, input)?;
    }
    let items = |rest: &'a [u8]| {
        let rest = match rest {
            [b' ', rest @ ..] => notes.gap(rest)?,
            _ => {
                notes.note(DeviationKind::MissingSpace, rest)?;
                rest
            }
        };
        fetch_data::items(rest, notes)
    };
    let (rest, response) = match number {
        _ if is("EXISTS") => (rest, Some(Response::Exists(n))),
        _ if is("RECENT") => (rest, Some(Response::Recent(n))),
        Some(n) if is("EXPUNGE") => (rest, Some(Response::Expunge(n))),
        Some(uid) if is("UIDFETCH") => {
            some_items(items(rest)?, |items| Response::UidFetch(uid, items))
        }
        Some(n) if is("FETCH") => some_items(items(rest)?, |items| Response::Fetch(n, items)),
        None if is("FETCH") => some_items(items(rest)?, Response::Unnumbered),
        _ => return Ok((input, None)),
    };
    let Some(response) = response else { return Ok((input, None)) };
    let rest = notes.gap(rest)?;
    let fetched =
        matches!(response, Response::Fetch(..) | Response::UidFetch(..) | Response::Unnumbered(_));
    if fetched && rest != b"\r\n" {
        // What was read is kept, what follows is not.
        notes.note(DeviationKind::Malformed, rest)?;
        return Ok((&[], Some(response)));
    }
    let (rest, ()) = end(rest)?;
    Ok((rest, Some(response)))
}

/// `None` where there are none: that was noted.
fn some_items<'a>(
    (rest, items): (&'a [u8], Vec<FetchData<'a>>),
    make: impl FnOnce(OneOrMore<FetchData<'a>>) -> Response<'a>,
) -> (&'a [u8], Option<Response<'a>>) {
    (rest, OneOrMore::new(items).map(make))
}

/// `*(SP atom)`
fn words<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Vec<Atom<'a>>> {
    let mut words = Vec::new();
    let mut rest = input;
    while let [b' ', word @ ..] = rest {
        // Blanks at the end are told by who reads the end.
        if word.trim_ascii_start().is_empty() {
            break;
        }
        let word = notes.gap(word)?;
        let len = word.iter().take_while(|b| **b > 0x20 && **b != 0x7f).count();
        let Some((text, after)) = word.split_at_checked(len).filter(|_| len > 0) else { break };
        match core::str::from_utf8(text).ok().and_then(Atom::new) {
            Some(atom) => words.push(atom),
            None => notes.note(DeviationKind::BadWord, word)?,
        }
        rest = after;
    }
    Ok((rest, words))
}

/// `1*(SP astring)`
fn texts<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Vec<Text<'a>>> {
    nom::multi::many1(preceded(notes.sp(), astring)).parse(input)
}

/// `"FLAGS" SP flag-list`
fn flags<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Response<'a>> {
    let (rest, ()) = notes.sp()(input)?;
    fetch_data::flags(rest, notes).map(|(rest, flags)| (rest, Response::Flags(flags)))
}

/// `id_response ::= "ID" SPACE id_params_list` (RFC 2971 §4)
fn id<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Response<'a>> {
    let text = |input: &'a [u8]| {
        if input.first() == Some(&b'"') {
            return match string(input) {
                Ok(read) if matches!(read.0.first(), Some(b' ' | b')')) => Ok(read),
                _ => super::envelope::raw_quoted(input, notes),
            };
        }
        if input.first() == Some(&b'{') {
            return string(input);
        }
        notes.note(DeviationKind::UnquotedString, input)?;
        take_while1(|b: u8| b > 0x20 && !matches!(b, b'(' | b')' | b'"'))
            .map(alloc::borrow::Cow::Borrowed)
            .parse(input)
    };
    let value_text = |input| match nil(input) {
        Ok((rest, ())) => Ok((rest, None)),
        Err(_) => text(input).map(|(rest, text)| (rest, Some(text))),
    };
    let pair = |i| {
        let (rest, name) = text(i)?;
        if rest.starts_with(b")") {
            // A field without a value.
            notes.note(DeviationKind::MissingField, rest)?;
            return Ok((rest, (name, None)));
        }
        let (rest, value) = preceded(notes.sp(), value_text).parse(rest)?;
        Ok((rest, (name, value)))
    };
    preceded(notes.sp(), alt((value(Vec::new(), nil), notes.list(pair))))
        .map(Response::Id)
        .parse(input)
}
