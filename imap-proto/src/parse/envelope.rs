//! ENVELOPE and BODYSTRUCTURE (RFC 3501 §9 `envelope`, `body`).

use alloc::{borrow::Cow, boxed::Box, vec::Vec};

use nom::{
    Parser,
    branch::alt,
    bytes::complete::tag,
    combinator::value,
    error::ErrorKind,
    multi::many1,
    sequence::{delimited, preceded, terminated},
};

use super::{Res, basic::*, fail, fetch_data::any_value};
use crate::response::{Address, BodyStructure, Envelope, Extension, Params};

/// `envelope = "(" env-date SP env-subject SP env-from SP … SP env-message-id ")"`
pub(super) fn envelope(input: &[u8]) -> Res<'_, Envelope<'_>> {
    let text = |i| preceded(sp, nstring).parse(i);
    let list = |i| preceded(sp, address_list).parse(i);
    let (rest, date) = preceded(tag("("), nstring).parse(input)?;
    let (rest, subject) = text(rest)?;
    let (rest, from) = list(rest)?;
    let (rest, sender) = list(rest)?;
    let (rest, reply_to) = list(rest)?;
    let (rest, to) = list(rest)?;
    let (rest, cc) = list(rest)?;
    let (rest, bcc) = list(rest)?;
    let (rest, in_reply_to) = text(rest)?;
    let (rest, message_id) = terminated(text, tag(")")).parse(rest)?;
    let envelope =
        Envelope { date, subject, from, sender, reply_to, to, cc, bcc, in_reply_to, message_id };
    Ok((rest, envelope))
}

/// `"(" 1*address ")" / nil`; blanks between addresses are seen in the wild.
fn address_list(input: &[u8]) -> Res<'_, Vec<Address<'_>>> {
    let spaced = terminated(address, nom::multi::many0(sp));
    alt((value(Vec::new(), nil), delimited(tag("("), many1(spaced), tag(")")))).parse(input)
}

/// `address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"`
fn address(input: &[u8]) -> Res<'_, Address<'_>> {
    let text = |i| preceded(sp, nstring).parse(i);
    let (rest, name) = preceded(tag("("), nstring).parse(input)?;
    let (rest, route) = text(rest)?;
    let (rest, mailbox) = text(rest)?;
    let (rest, host) = terminated(text, tag(")")).parse(rest)?;
    Ok((rest, Address { name, route, mailbox, host }))
}

/// `body = "(" (body-type-1part / body-type-mpart) ")"`
pub(super) fn body(input: &[u8], depth: u32) -> Res<'_, BodyStructure<'_>> {
    let Some(depth) = depth.checked_sub(1) else { return fail(input, ErrorKind::TooLarge) };
    let (rest, _) = tag("(")(input)?;
    let (rest, body) = match rest.first() {
        Some(b'(') => multi(rest, depth)?,
        _ => single(rest, depth)?,
    };
    let (rest, _) = tag(")")(rest)?;
    Ok((rest, body))
}

/// `body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]`
fn multi(input: &[u8], depth: u32) -> Res<'_, BodyStructure<'_>> {
    let mut parts = Vec::new();
    let mut rest = input;
    loop {
        match rest {
            [b'(', ..] => {
                let (after, part) = body(rest, depth)?;
                parts.push(part);
                rest = after;
            }
            // A blank between bodies is seen in the wild.
            [b' ', b'(', ..] => rest = rest.get(1..).unwrap_or_default(),
            _ => break,
        }
    }
    let (rest, subtype) = preceded(sp, string).parse(rest)?;
    let mut params = Params::new();
    let mut extension = Extension::default();
    let rest = match rest {
        [b' ', after @ ..] => {
            let (after, read) = param_list(after)?;
            params = read;
            extensions(after, &mut extension)?
        }
        _ => rest,
    };
    Ok((rest, BodyStructure::Multi { parts, subtype, params, extension }))
}

/// `body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]`
fn single(input: &[u8], depth: u32) -> Res<'_, BodyStructure<'_>> {
    let text = |i| preceded(sp, nstring).parse(i);
    let (rest, kind) = string(input)?;
    let (rest, subtype) = preceded(sp, string).parse(rest)?;
    let (rest, params) = preceded(sp, param_list).parse(rest)?;
    let (rest, id) = text(rest)?;
    let (rest, description) = text(rest)?;
    // NIL stands here where a server was careless.
    let (rest, encoding) = text(rest)?;
    let encoding = encoding.unwrap_or(Cow::Borrowed(b"7BIT"));
    let (mut rest, size) = preceded(sp, number64).parse(rest)?;
    let (mut message, mut lines) = (None, None);
    if rest.starts_with(b" (") && kind.eq_ignore_ascii_case(b"message") {
        let (after, inner) = preceded(sp, envelope).parse(rest)?;
        let (after, structure) = preceded(sp, |i| body(i, depth)).parse(after)?;
        message = Some((Box::new(inner), Box::new(structure)));
        rest = after;
    }
    if (message.is_some() || kind.eq_ignore_ascii_case(b"text"))
        && let Ok((after, read)) = preceded(sp, number64).parse(rest)
    {
        lines = Some(read);
        rest = after;
    }
    let mut md5 = None;
    let mut extension = Extension::default();
    if let [b' ', after @ ..] = rest {
        let (after, read) = nstring(after)?;
        md5 = read;
        rest = extensions(after, &mut extension)?;
    }
    let body = BodyStructure::Single {
        kind,
        subtype,
        params,
        id,
        description,
        encoding,
        size,
        message,
        lines,
        md5,
        extension,
    };
    Ok((rest, body))
}

/// `[SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc *(SP body-extension)]]]`
fn extensions<'a>(
    input: &'a [u8],
    out: &mut Extension<'a>,
) -> Result<&'a [u8], nom::Err<nom::error::Error<&'a [u8]>>> {
    let [b' ', rest @ ..] = input else { return Ok(input) };
    let disposition = delimited(tag("("), (terminated(string, sp), param_list), tag(")"));
    let (rest, read) = alt((value(None, nil), disposition.map(Some))).parse(rest)?;
    out.disposition = read;
    let [b' ', rest @ ..] = rest else { return Ok(rest) };
    let (rest, read) =
        alt((value(Vec::new(), nil), paren_list(string), string.map(|one| alloc::vec![one])))
            .parse(rest)?;
    out.language = read;
    let [b' ', rest @ ..] = rest else { return Ok(rest) };
    let (mut rest, read) = nstring(rest)?;
    out.location = read;
    while let [b' ', after @ ..] = rest {
        rest = any_value(after)?.0;
    }
    Ok(rest)
}

/// `body-fld-param = "(" string SP string *(SP string SP string) ")" / nil`
fn param_list(input: &[u8]) -> Res<'_, Params<'_>> {
    let pair = |i| (terminated(string, sp), string).parse(i);
    alt((value(Params::new(), nil), paren_list(pair))).parse(input)
}
