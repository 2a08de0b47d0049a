//! ENVELOPE and BODYSTRUCTURE (RFC 3501 §9 `envelope`, `body`).

use alloc::{borrow::Cow, boxed::Box, vec::Vec};

use nom::{Parser, bytes::complete::tag, combinator::value, error::ErrorKind, sequence::preceded};

use super::{
    DeviationKind, Res,
    basic::*,
    fail,
    fetch_data::{any_value, size},
    notes::Notes,
    skip,
};
use crate::response::{
    Address, BodyStructure, BodyView, Envelope, EnvelopeView, Extension, Params,
};

/// An ENVELOPE, passed over by the grammar; one that leaves it is read and put right.
pub(super) fn envelope_view<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, EnvelopeView<'a>> {
    if let Some(rest) = skip::envelope(input) {
        let wire = input.get(..input.len().saturating_sub(rest.len())).unwrap_or_default();
        return Ok((rest, EnvelopeView::borrowed(wire)));
    }
    envelope(input, notes).map(|(rest, tree)| (rest, EnvelopeView::from_tree(&tree)))
}

/// The same for BODY and BODYSTRUCTURE.
pub(super) fn body_view<'a>(
    input: &'a [u8],
    extended: bool,
    notes: &Notes,
) -> Res<'a, BodyView<'a>> {
    if let Some(rest) = skip::body(input, skip::DEPTH) {
        let wire = input.get(..input.len().saturating_sub(rest.len())).unwrap_or_default();
        return Ok((rest, BodyView::borrowed(wire)));
    }
    let (rest, tree) = body(input, skip::DEPTH, notes)?;
    Ok((rest, BodyView::from_tree(&tree, extended)))
}

/// The tree of octets that were checked.
pub(crate) fn envelope_of(wire: &[u8]) -> Envelope<'_> {
    envelope(wire, &Notes::new(wire, false)).map(|(_, tree)| tree).unwrap_or_default()
}

/// The tree of octets that were checked.
pub(crate) fn body_of(wire: &[u8]) -> BodyStructure<'_> {
    let tree = body(wire, skip::DEPTH, &Notes::new(wire, false)).map(|(_, tree)| tree);
    tree.unwrap_or_else(|_| BodyStructure::Multi {
        parts: Vec::new(),
        subtype: Cow::Borrowed(b"mixed"),
        params: Params::new(),
        extension: Extension::default(),
    })
}

/// The `nstring` that octets begin with.
pub(crate) fn text_of(input: &[u8]) -> Option<Cow<'_, [u8]>> {
    nstring(input).ok()?.1
}

/// The parameters that octets begin with.
pub(crate) fn params_of(input: &[u8]) -> Params<'_> {
    param_list(input, &Notes::new(input, false)).map(|(_, all)| all).unwrap_or_default()
}

/// The address that octets begin with, and what follows.
pub(crate) fn address_of(input: &[u8]) -> Option<(&[u8], Address<'_>)> {
    address(input, &Notes::new(input, false)).ok()
}

/// `envelope = "(" env-date SP env-subject SP env-from SP … SP env-message-id ")"`
pub(super) fn envelope<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Envelope<'a>> {
    let text = |i| next_text(i, notes);
    let list = |i: &'a [u8]| match i {
        [b')', ..] => missing(i, notes).map(|(rest, ())| (rest, Vec::new())),
        _ => preceded(blank(notes), |i| address_list(i, notes)).parse(i),
    };
    let (rest, _) = tag("(")(input)?;
    let (rest, date) = match rest {
        [b')', ..] => missing(rest, notes).map(|(rest, ())| (rest, None))?,
        _ => self::text(rest, notes)?,
    };
    let (rest, subject) = text(rest)?;
    let (rest, from) = list(rest)?;
    let (rest, sender) = list(rest)?;
    let (rest, reply_to) = list(rest)?;
    let (rest, to) = list(rest)?;
    let (rest, cc) = list(rest)?;
    let (rest, bcc) = list(rest)?;
    let (rest, in_reply_to) = text(rest)?;
    let (rest, message_id) = text(rest)?;
    let (rest, ()) = close(rest, notes)?;
    let envelope =
        Envelope { date, subject, from, sender, reply_to, to, cc, bcc, in_reply_to, message_id };
    Ok((rest, envelope))
}

/// `nstring`, or an atom where a server was careless. Octets that are no UTF-8 are kept.
pub(super) fn text<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Option<Cow<'a, [u8]>>> {
    let (rest, text) = match input.first() {
        Some(b'"') => {
            let (rest, text) = quoted(input)
                .ok()
                .filter(|(rest, _)| matches!(rest.first(), Some(b' ' | b')' | b'(') | None))
                .map_or_else(|| raw_quoted(input, notes), Ok)?;
            (rest, Some(text))
        }
        Some(b'{') => return literal.map(|octets| Some(Cow::Borrowed(octets))).parse(input),
        _ => {
            if let Ok((rest, ())) = nil(input)
                && matches!(rest.first(), Some(b' ' | b')'))
            {
                return Ok((rest, None));
            }
            let word = nom::bytes::complete::take_while1(|b: u8| {
                b > 0x20 && !matches!(b, b'(' | b')' | b'"')
            });
            let (rest, text) = { word }.parse(input)?;
            notes.note(DeviationKind::UnquotedString, input)?;
            (rest, Some(Cow::Borrowed(text)))
        }
    };
    if text.as_deref().is_some_and(|text| core::str::from_utf8(text).is_err()) {
        notes.note(DeviationKind::RawOctets, input)?;
    }
    Ok((rest, text))
}

/// A quoted string in which `"` and `\` stand as they are: it ends where a parenthesis
/// follows, or a blank and a value.
pub(super) fn raw_quoted<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Cow<'a, [u8]>> {
    let inside = input.get(1..).unwrap_or_default();
    let ends = |(at, b): &(usize, &u8)| {
        let after = inside.get(at.saturating_add(1)..).unwrap_or_default();
        **b == b'"'
            && match after {
                [b')' | b'\r', ..] | [b' ', b'"' | b'(' | b')' | b'{' | b'0'..=b'9', ..] => true,
                [b' ', rest @ ..] => nil(rest).is_ok(),
                _ => false,
            }
    };
    let until = |(_, b): &(usize, &u8)| **b != b'\r';
    let Some((at, _)) = inside.iter().enumerate().take_while(until).find(ends) else {
        return fail(input, ErrorKind::Char);
    };
    let raw = inside.get(..at).unwrap_or_default();
    let mut text = Vec::with_capacity(raw.len());
    let mut escaped = false;
    let mut first = None;
    for (i, b) in raw.iter().enumerate() {
        let special = matches!(b, b'"' | b'\\');
        match (escaped, b) {
            (true, _) if !special => {
                first = first.or(Some(i));
                text.extend_from_slice(&[b'\\', *b]);
                escaped = false;
            }
            (true, _) => {
                text.push(*b);
                escaped = false;
            }
            (false, b'\\') => escaped = true,
            (false, _) => {
                if special {
                    first = first.or(Some(i));
                }
                text.push(*b);
            }
        }
    }
    notes.note(DeviationKind::RawQuote, inside.get(first.unwrap_or(0)..).unwrap_or_default())?;
    Ok((inside.get(at.saturating_add(1)..).unwrap_or_default(), Cow::Owned(text)))
}

/// `SP nstring`, where the list may end too early.
fn next_text<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Option<Cow<'a, [u8]>>> {
    match input {
        [b')', ..] => missing(input, notes).map(|(rest, ())| (rest, None)),
        _ => preceded(blank(notes), |i| text(i, notes)).parse(input),
    }
}

/// `SP`, and more of them where a server was careless.
fn blank<'a>(notes: &Notes) -> impl Fn(&'a [u8]) -> Res<'a, ()> + '_ {
    move |input| {
        let (rest, ()) = sp(input)?;
        Ok((notes.gap(rest)?, ()))
    }
}

/// What follows, with one blank before it where there are more.
fn one_blank<'a>(
    input: &'a [u8],
    notes: &Notes,
) -> Result<&'a [u8], nom::Err<nom::error::Error<&'a [u8]>>> {
    let blanks = input.iter().take_while(|b| **b == b' ').count();
    if blanks < 2 || input.get(blanks) == Some(&b')') {
        return Ok(input);
    }
    notes.note(DeviationKind::ExtraSpace, input)?;
    Ok(input.get(blanks.saturating_sub(1)..).unwrap_or_default())
}

/// A field that is not there.
fn missing<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, ()> {
    notes.note(DeviationKind::MissingField, input)?;
    Ok((input, ()))
}

/// `)`, and before it what does not belong there.
fn close<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, ()> {
    let mut rest = input;
    loop {
        match rest {
            [b')', after @ ..] => return Ok((after, ())),
            [b' ', b' ' | b')', ..] => rest = notes.gap(rest)?,
            [b' ', after @ ..] => {
                notes.note(DeviationKind::ExtraField, rest)?;
                rest = any_value(after)?.0;
            }
            _ => return fail(rest, ErrorKind::Char),
        }
    }
}

/// A `string`; NIL is the empty one where a server was careless.
fn must<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Cow<'a, [u8]>> {
    let (rest, text) = text(input, notes)?;
    if text.is_none() {
        notes.note(DeviationKind::NilForString, input)?;
    }
    Ok((rest, text.unwrap_or_default()))
}

/// NIL, or an empty string in its place.
fn nothing<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, ()> {
    if let Some(rest) = input.strip_prefix(b"\"\"") {
        notes.note(DeviationKind::StringForNil, input)?;
        return Ok((rest, ()));
    }
    nil(input)
}

/// `"(" 1*address ")" / nil`; blanks between addresses are seen in the wild.
fn address_list<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Vec<Address<'a>>> {
    let Some(mut rest) = input.strip_prefix(b"(") else {
        return nothing(input, notes).map(|(rest, ())| (rest, Vec::new()));
    };
    let mut all = Vec::new();
    loop {
        rest = notes.gap(rest)?;
        if let [b')', after @ ..] = rest {
            if all.is_empty() {
                notes.note(DeviationKind::MissingField, rest)?;
            }
            return Ok((after, all));
        }
        let (after, one) = address(rest, notes)?;
        all.push(one);
        rest = after;
    }
}

/// `address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"`
fn address<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Address<'a>> {
    let next = |i| next_text(i, notes);
    let (rest, name) = preceded(tag("("), |i| text(i, notes)).parse(input)?;
    let (rest, route) = next(rest)?;
    let (rest, mailbox) = next(rest)?;
    let (rest, host) = next(rest)?;
    let (rest, ()) = close(rest, notes)?;
    Ok((rest, Address { name, route, mailbox, host }))
}

/// `body = "(" (body-type-1part / body-type-mpart) ")"`
pub(super) fn body<'a>(input: &'a [u8], depth: u32, notes: &Notes) -> Res<'a, BodyStructure<'a>> {
    let Some(depth) = depth.checked_sub(1) else { return fail(input, ErrorKind::TooLarge) };
    let (rest, _) = tag("(")(input)?;
    let (rest, body) = match rest.first() {
        Some(b'(') => multi(rest, depth, notes)?,
        Some(b' ') => {
            notes.note(DeviationKind::ChildlessMultipart, rest)?;
            multi(rest, depth, notes)?
        }
        _ => single(rest, depth, notes)?,
    };
    let (rest, _) = tag(")")(notes.gap(rest)?)?;
    Ok((rest, body))
}

/// `body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]`
fn multi<'a>(input: &'a [u8], depth: u32, notes: &Notes) -> Res<'a, BodyStructure<'a>> {
    let mut parts = Vec::new();
    let mut rest = input;
    loop {
        match rest {
            [b'(', ..] => {
                let (after, part) = body(rest, depth, notes)?;
                parts.push(part);
                rest = after;
            }
            // A blank between bodies is seen in the wild.
            [b' ', b'(', ..] => rest = notes.gap(rest)?,
            _ => break,
        }
    }
    let (rest, subtype) = match rest {
        [b')', ..] => {
            missing(rest, notes).map(|(rest, ())| (rest, Cow::Borrowed(&b"mixed"[..])))?
        }
        _ => preceded(blank(notes), |i| must(i, notes)).parse(rest)?,
    };
    multi_rest(rest, parts, subtype, notes)
}

/// `[SP body-ext-mpart]`
fn multi_rest<'a>(
    input: &'a [u8],
    parts: Vec<BodyStructure<'a>>,
    subtype: Cow<'a, [u8]>,
    notes: &Notes,
) -> Res<'a, BodyStructure<'a>> {
    let mut params = Params::new();
    let mut extension = Extension::default();
    let rest = match one_blank(input, notes)? {
        [b' ', after @ ..] if !after.starts_with(b")") => {
            let (after, read) = param_list(after, notes)?;
            params = read;
            extensions(after, &mut extension, notes)?
        }
        rest => rest,
    };
    Ok((rest, BodyStructure::Multi { parts, subtype, params, extension }))
}

/// `body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]`
fn single<'a>(input: &'a [u8], depth: u32, notes: &Notes) -> Res<'a, BodyStructure<'a>> {
    let text = |i| next_text(i, notes);
    let (rest, kind) = must(input, notes)?;
    let rest = one_blank(rest, notes)?;
    if rest.starts_with(b" (") {
        // What stands before the parameters is the subtype of a multipart.
        notes.note(DeviationKind::ChildlessMultipart, input)?;
        return multi_rest(rest, Vec::new(), kind, notes);
    }
    if kind.eq_ignore_ascii_case(b"multipart") {
        notes.note(DeviationKind::ChildlessMultipart, input)?;
    }
    let (rest, subtype) = preceded(blank(notes), |i| must(i, notes)).parse(rest)?;
    let (rest, params) = preceded(blank(notes), |i| param_list(i, notes)).parse(rest)?;
    let (rest, id) = text(rest)?;
    let (rest, description) = text(rest)?;
    // NIL stands here where a server was careless.
    let (after, encoding) = text(rest)?;
    if encoding.is_none() && !rest.starts_with(b")") {
        notes.note(DeviationKind::NilForString, rest)?;
    }
    let rest = after;
    let encoding = encoding.unwrap_or(Cow::Borrowed(b"7BIT"));
    let (rest, size) = match rest {
        [b')', ..] => missing(rest, notes).map(|(rest, ())| (rest, 0))?,
        _ => preceded(blank(notes), |i| size(i, notes)).parse(rest)?,
    };
    let mut rest = one_blank(rest, notes)?;
    let (mut message, mut lines) = (None, None);
    if kind.eq_ignore_ascii_case(b"message")
        && let Some(after) = rest.strip_prefix(b" NIL NIL ")
        && after.first().is_some_and(u8::is_ascii_digit)
    {
        // No envelope and no body where both must stand: only the lines are known.
        notes.note(DeviationKind::NilForString, rest)?;
        let (after, read) = self::size(after, notes)?;
        lines = Some(read);
        rest = after;
    }
    if rest.starts_with(b" (") && kind.eq_ignore_ascii_case(b"message") {
        let (after, inner) = preceded(blank(notes), |i| envelope(i, notes)).parse(rest)?;
        let (after, structure) = preceded(blank(notes), |i| body(i, depth, notes)).parse(after)?;
        message = Some((Box::new(inner), Box::new(structure)));
        rest = after;
    }
    rest = one_blank(rest, notes)?;
    if lines.is_none()
        && (message.is_some() || kind.eq_ignore_ascii_case(b"text"))
        && (matches!(rest, [b' ', b'0'..=b'9' | b'-', ..]) || is_quoted_number(rest))
    {
        let (after, read) = preceded(blank(notes), |i| self::size(i, notes)).parse(rest)?;
        lines = Some(read);
        rest = after;
    } else if lines.is_none() && (message.is_some() || kind.eq_ignore_ascii_case(b"text")) {
        // Everything but these has no lines (RFC 3501 §7.4.2).
        notes.note(DeviationKind::MissingField, rest)?;
    }
    rest = one_blank(rest, notes)?;
    let mut md5 = None;
    let mut extension = Extension::default();
    if let [b' ', after @ ..] = rest
        && !after.starts_with(b")")
    {
        let (after, read) = self::text(after, notes)?;
        md5 = read;
        rest = extensions(after, &mut extension, notes)?;
    }
    if kind.eq_ignore_ascii_case(b"multipart") {
        return Ok((rest, BodyStructure::Multi { parts: Vec::new(), subtype, params, extension }));
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
    notes: &Notes,
) -> Result<&'a [u8], nom::Err<nom::error::Error<&'a [u8]>>> {
    let input = one_blank(input, notes)?;
    let Some(rest) = more(input) else { return Ok(input) };
    let (rest, read) = disposition(rest, notes)?;
    out.disposition = read;
    let rest = one_blank(rest, notes)?;
    let Some(after) = more(rest) else { return Ok(rest) };
    let (rest, read) = match after.first() {
        Some(b'(') => {
            let (rest, all) = paren_list(string)(after)?;
            if all.is_empty() {
                notes.note(DeviationKind::MissingField, after)?;
            }
            (rest, all)
        }
        _ => text(after, notes).map(|(rest, one)| (rest, one.into_iter().collect()))?,
    };
    out.language = read;
    let rest = one_blank(rest, notes)?;
    let Some(after) = more(rest) else { return Ok(rest) };
    let (mut rest, read) = text(after, notes)?;
    out.location = read;
    while let Some(after) = more(rest) {
        rest = any_value(after)?.0;
    }
    Ok(rest)
}

/// A blank and digits in quotes.
fn is_quoted_number(input: &[u8]) -> bool {
    let Some(inside) = input.strip_prefix(b" \"") else { return false };
    let digits = inside.iter().take_while(|b| b.is_ascii_digit()).count();
    digits > 0 && inside.get(digits) == Some(&b'"')
}

/// What follows a blank, if that is not the end of the body.
fn more(input: &[u8]) -> Option<&[u8]> {
    input.strip_prefix(b" ").filter(|rest| !matches!(rest.first(), Some(b')' | b' ')))
}

type Disposition<'a> = Option<(Cow<'a, [u8]>, Params<'a>)>;

/// `body-fld-dsp = "(" string SP body-fld-param ")" / nil`
fn disposition<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Disposition<'a>> {
    match input.first() {
        Some(b'(') => {
            let (rest, kind) = preceded(tag("("), |i| must(i, notes)).parse(input)?;
            let (rest, params) = preceded(blank(notes), |i| param_list(i, notes)).parse(rest)?;
            let (rest, _) = tag(")")(notes.gap(rest)?)?;
            Ok((rest, Some((kind, params))))
        }
        Some(b'"') => {
            let (rest, kind) = must(input, notes)?;
            notes.note(DeviationKind::StringForNil, input)?;
            Ok((rest, Some((kind, Params::new())).filter(|(kind, _)| !kind.is_empty())))
        }
        _ => value(None, nil).parse(input),
    }
}

/// `body-fld-param = "(" string SP string *(SP string SP string) ")" / nil`
fn param_list<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Params<'a>> {
    let Some(mut rest) = input.strip_prefix(b"(") else {
        return nothing(input, notes).map(|(rest, ())| (rest, Params::new()));
    };
    let mut all = Params::new();
    loop {
        rest = one_blank(rest, notes)?;
        if rest.starts_with(b" )")
            || (all.is_empty() && rest.starts_with(b" "))
            || rest.starts_with(b"  ")
        {
            rest = notes.gap(rest)?;
        }
        if let [b')', after @ ..] = rest {
            if all.is_empty() {
                notes.note(DeviationKind::MissingField, rest)?;
            }
            return Ok((after, all));
        }
        rest = rest.strip_prefix(b" ").filter(|_| !all.is_empty()).unwrap_or(rest);
        let (after, name) = must(rest, notes)?;
        let (after, value) = preceded(blank(notes), |i| must(i, notes)).parse(after)?;
        all.push((name, value));
        rest = after;
    }
}
