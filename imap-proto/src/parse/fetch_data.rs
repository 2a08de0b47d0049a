//! What FETCH answers (RFC 3501 §9 `msg-att`).

use alloc::{boxed::Box, vec::Vec};

use nom::{
    Parser,
    branch::alt,
    bytes::complete::{tag, take_while1},
    combinator::{opt, recognize, value},
    error::ErrorKind,
    sequence::{delimited, preceded, terminated},
};

use super::{Res, basic::*, envelope, fail, fetch::response_section};
use crate::response::FetchData;

/// Values nest so deep at most.
const DEPTH: u32 = 64;

/// `"(" msg-att *(SP msg-att) ")"`; blanks where none belong are passed over.
pub(super) fn items(input: &[u8]) -> Res<'_, Vec<FetchData<'_>>> {
    let (mut rest, _) = tag("(")(input)?;
    let mut items = Vec::new();
    loop {
        while let [b' ', after @ ..] = rest {
            rest = after;
        }
        if let [b')', after @ ..] = rest {
            return Ok((after, items));
        }
        let (after, item) = alt((item, unknown)).parse(rest)?;
        items.push(item);
        rest = after;
    }
}

fn item(input: &[u8]) -> Res<'_, FetchData<'_>> {
    let (rest, name) = super::fetch::item_name(input)?;
    let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
    let (rest, item) = match () {
        () if is("FLAGS") => preceded(sp, flag_list).map(FetchData::Flags).parse(rest)?,
        () if is("UID") => preceded(sp, number).map(FetchData::Uid).parse(rest)?,
        () if is("INTERNALDATE") => {
            preceded(sp, date_time).map(FetchData::InternalDate).parse(rest)?
        }
        () if is("RFC822.SIZE") => preceded(sp, number64).map(FetchData::Size).parse(rest)?,
        () if is("MODSEQ") => {
            preceded(sp, parenthesised_number).map(FetchData::ModSeq).parse(rest)?
        }
        () if is("ENVELOPE") => preceded(sp, envelope::envelope)
            .map(|e| FetchData::Envelope(Box::new(e)))
            .parse(rest)?,
        () if is("BODYSTRUCTURE") => preceded(sp, |i| envelope::body(i, DEPTH))
            .map(|b| FetchData::BodyStructure(Box::new(b)))
            .parse(rest)?,
        () if is("BODY") && rest.first() == Some(&b' ') => {
            preceded(sp, |i| envelope::body(i, DEPTH))
                .map(|b| FetchData::Body(Box::new(b)))
                .parse(rest)?
        }
        () => section(input)?,
    };
    match rest.first() {
        Some(b' ' | b')') => Ok((rest, item)),
        _ => fail(rest, ErrorKind::SeparatedList),
    }
}

/// A section and its octets; or only their number, where they were streamed.
fn section(input: &[u8]) -> Res<'_, FetchData<'_>> {
    let (rest, (section, origin)) = terminated(response_section, sp).parse(input)?;
    let streamed = delimited(tag("{"), number64, tag("}"));
    if let Ok((after, len)) = { streamed }.parse(rest)
        && !after.starts_with(b"\r\n")
    {
        return Ok((after, FetchData::Streamed { section, origin, len }));
    }
    let (rest, octets) = nstring(rest)?;
    Ok((rest, FetchData::Section { section, origin, octets }))
}

/// Any item: a name, with brackets perhaps, and a value.
fn unknown(input: &[u8]) -> Res<'_, FetchData<'_>> {
    let name = take_while1(|b: u8| b > 0x20 && !matches!(b, b'(' | b')' | b'[' | b'"' | b'{'));
    let brackets = delimited(tag("["), nom::bytes::complete::is_not("]\r\n"), tag("]"));
    recognize((name, opt(brackets), sp, any_value)).map(FetchData::Unknown).parse(input)
}

/// Any value: a string, a list, or characters up to the next blank or parenthesis.
pub(super) fn any_value(input: &[u8]) -> Res<'_, ()> {
    nested_value(input, DEPTH)
}

fn nested_value(input: &[u8], depth: u32) -> Res<'_, ()> {
    let Some(depth) = depth.checked_sub(1) else { return fail(input, ErrorKind::TooLarge) };
    match input.first() {
        Some(b'"' | b'{') => value((), string).parse(input),
        Some(b'(') => {
            let mut rest = input.get(1..).unwrap_or_default();
            loop {
                match rest {
                    [b' ', after @ ..] => rest = after,
                    [b')', after @ ..] => return Ok((after, ())),
                    _ => rest = nested_value(rest, depth)?.0,
                }
            }
        }
        _ => value((), take_while1(|b: u8| b > 0x20 && !matches!(b, b'(' | b')'))).parse(input),
    }
}

/// A number, alone or in parentheses.
pub(super) fn parenthesised_number(input: &[u8]) -> Res<'_, u64> {
    alt((delimited(tag("("), number64, tag(")")), number64)).parse(input)
}
