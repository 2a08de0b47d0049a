//! What FETCH answers (RFC 3501 §9 `msg-att`).

use alloc::vec::Vec;

use nom::{
    Parser,
    bytes::complete::{tag, take_while1},
    combinator::{opt, recognize},
    error::ErrorKind,
    sequence::{delimited, preceded},
};

use super::{DeviationKind, Res, basic::*, envelope, fail, fetch::response_section, notes::Notes};
use crate::{
    response::{Envelope, EnvelopeView, FetchData, RawItem, Text},
    types::{Atom, Flag},
};

/// `"(" msg-att *(SP msg-att) ")"`. What cannot be read is kept as it came, and the rest is read.
pub(super) fn items<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Vec<FetchData<'a>>> {
    let (mut rest, _) = tag("(")(input)?;
    if rest.starts_with(b")") {
        // RFC 3501 §9 `msg-att`: one item at least.
        notes.note(DeviationKind::MissingField, rest)?;
    }
    let mut items = Vec::with_capacity(8);
    loop {
        rest = notes.gap(rest)?;
        if let [b')', after @ ..] = rest {
            return Ok((after, items));
        }
        let mark = notes.mark();
        let (after, item) = match item(rest, notes) {
            Ok(read) => read,
            Err(error) => {
                notes.rewind(mark);
                let (after, raw) = unknown(rest).or_else(|_| {
                    recognize(any_value)
                        .map(|raw| FetchData::Unknown(RawItem::checked(raw)))
                        .parse(rest)
                })?;
                if notes.is_strict() {
                    return Err(error);
                }
                notes.note(malformed(rest), rest)?;
                (after, raw)
            }
        };
        items.push(item);
        rest = match after {
            [b' ', next @ ..] => match next.first() {
                Some(b')' | b' ') => after,
                _ => next,
            },
            [b')', ..] => after,
            b"\r\n" => {
                // The list does not end; the line does.
                notes.note(DeviationKind::Malformed, after)?;
                return Ok((after, items));
            }
            _ => {
                notes.note(DeviationKind::MissingSpace, after)?;
                after
            }
        };
    }
}

/// A date that cannot be read, and zero for a UID, have names of their own.
fn malformed(item: &[u8]) -> DeviationKind {
    let is = |name: &str| {
        item.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
    };
    let zero = || {
        let from = item.iter().position(|b| !b.is_ascii_alphabetic() && !b" (\"".contains(b));
        item.get(from?..).map(|digits| matches!(digits, [b'0', b' ' | b')' | b'"', ..]))
    };
    match () {
        () if is("INTERNALDATE ") || is("SAVEDATE ") => DeviationKind::BadDate,
        () if (is("UID ") || is("MODSEQ ")) && zero() == Some(true) => DeviationKind::ZeroNumber,
        () => DeviationKind::Malformed,
    }
}

fn item<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, FetchData<'a>> {
    let (rest, name) = item_name(input)?;
    let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
    let value = match rest {
        [b' ', value @ ..] => notes.gap(value)?,
        [b'[', ..] => return section(input, notes),
        _ => {
            notes.note(DeviationKind::MissingSpace, rest)?;
            rest
        }
    };
    Ok(match () {
        () if is("FLAGS") => flags(value, notes).map(into(FetchData::Flags))?,
        () if is("UID") => {
            let (value, quoted) = unquoted(value, notes)?;
            let (rest, uid) = nz(value)?;
            let rest = rest.get(usize::from(quoted)..).unwrap_or_default();
            (rest, FetchData::Uid(uid))
        }
        () if is("INTERNALDATE") => dated(value, notes).map(into(FetchData::InternalDate))?,
        () if is("RFC822.SIZE") => size(value, notes).map(into(FetchData::Size))?,
        () if is("ENVELOPE") && nil(value).is_ok() => {
            notes.note(DeviationKind::NilForString, value)?;
            let nothing = EnvelopeView::from_tree(&Envelope::default());
            (nil(value)?.0, FetchData::Envelope(nothing))
        }
        () if is("ENVELOPE") => {
            envelope::envelope_view(value, notes).map(into(FetchData::Envelope))?
        }
        () if is("BODYSTRUCTURE") => {
            envelope::body_view(value, true, notes).map(into(FetchData::BodyStructure))?
        }
        () if is("BODY") => envelope::body_view(value, false, notes).map(into(FetchData::Body))?,
        () if is("MODSEQ") => {
            let Some(inside) = value.strip_prefix(b"(") else {
                // Without its parentheses.
                let (rest, n) = mod_seq(value)?;
                notes.note(DeviationKind::Malformed, value)?;
                return Ok((rest, FetchData::ModSeq(n)));
            };
            let (rest, n) = mod_seq(notes.gap(inside)?)?;
            let (rest, _) = tag(")")(notes.gap(rest)?)?;
            (rest, FetchData::ModSeq(n))
        }
        () if is("PREVIEW") => envelope::text(value, notes).map(into(FetchData::Preview))?,
        () if is("SAVEDATE") => match nil(value) {
            Ok((rest, ())) => (rest, FetchData::SaveDate(None)),
            Err(_) => {
                dated(value, notes).map(|(rest, at)| (rest, FetchData::SaveDate(Some(at))))?
            }
        },
        () if is("EMAILID") => object(value, notes).map(into(FetchData::EmailId))?,
        () if is("THREADID") => match nil(value) {
            Ok((rest, ())) => (rest, FetchData::ThreadId(None)),
            Err(_) => {
                object(value, notes).map(|(rest, id)| (rest, FetchData::ThreadId(Some(id))))?
            }
        },
        () if is("X-GM-MSGID") => unsigned64.map(FetchData::GmailMessageId).parse(value)?,
        () if is("X-GM-THRID") => unsigned64.map(FetchData::GmailThreadId).parse(value)?,
        () if is("X-GM-LABELS") => {
            notes.list(super::fetch::label).map(FetchData::GmailLabels).parse(value)?
        }
        () if is("RFC822") || is("RFC822.HEADER") || is("RFC822.TEXT") => section(input, notes)?,
        () => {
            let (rest, raw) = unknown(input)?;
            (rest, raw)
        }
    })
}

/// `"(" objectid ")"` (RFC 8474 §7), or the identifier without its parentheses, in quotes perhaps.
fn object<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Atom<'a>> {
    let id = |input| atom.map(Atom::checked).parse(input);
    match input.first() {
        Some(b'(') => delimited(tag("("), id, tag(")")).parse(input),
        Some(b'"') => {
            notes.note(DeviationKind::StringForNil, input)?;
            delimited(tag("\""), id, tag("\"")).parse(input)
        }
        _ if nil(input).is_ok() => fail(input, ErrorKind::Char),
        _ => {
            notes.note(DeviationKind::UnquotedString, input)?;
            id(input)
        }
    }
}

/// A number in quotes, where it stands without; whether it was.
fn unquoted<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, bool> {
    match input {
        [b'"', inside @ ..] => {
            let digits = inside.iter().take_while(|b| b.is_ascii_digit()).count();
            if digits == 0 || inside.get(digits) != Some(&b'"') {
                return fail(input, ErrorKind::Digit);
            }
            notes.note(DeviationKind::StringForNil, input)?;
            Ok((inside, true))
        }
        _ => Ok((input, false)),
    }
}

/// A date as careless servers write it: RFC 5322 style, without a zone or seconds, with two digits for the year, ISO 8601.
fn careless_date(text: &[u8]) -> Option<crate::types::DateTime> {
    let text = core::str::from_utf8(text).ok()?.trim();
    let mut words = text.split([' ', '-', ',', 'T']).filter(|word| !word.is_empty());
    let first = words.find(|word| word.bytes().all(|b| b.is_ascii_digit()))?;
    let (second, third) = (words.next()?, words.next()?);
    let month = |word: &str| {
        let name = word.as_bytes().get(..3).and_then(crate::types::month_number);
        name.or_else(|| word.parse().ok().filter(|n| (1..=12).contains(n)))
    };
    let (day, year) = if first.len() == 4 { (third, first) } else { (first, third) };
    let number: u16 = year.parse().ok()?;
    // RFC 5322 §4.3
    let year = match (number, year.len()) {
        (n @ 0..50, 2) => n.saturating_add(2000),
        (n, 2 | 3) => n.saturating_add(1900),
        (n, _) => n,
    };
    let date = crate::types::Date::new(year, month(second)?, day.parse().ok()?)?;
    let clock = text.split([' ', 'T']).find(|word| word.contains(':')).unwrap_or("0:0:0");
    let clock = clock.split(['+', '-', 'Z']).next().unwrap_or_default();
    let mut parts = clock.split(':').map(|part| part.parse::<u8>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let zone = text.split(' ').next_back().filter(|word| word.starts_with(['+', '-']));
    let zone = zone.and_then(|word| {
        let digits: i16 = word.get(1..)?.replace(':', "").parse().ok()?;
        let minutes = digits.checked_div(100)?.checked_mul(60)?.checked_add(digits % 100)?;
        Some(if word.starts_with('-') { -minutes } else { minutes })
    });
    crate::types::DateTime::from_civil(date, (hour, minute, second), zone.unwrap_or(0))
}

/// `date-time`, whose day has two places: a blank or a digit, and a digit (RFC 3501 §9 `date-day-fixed`).
fn dated<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, crate::types::DateTime> {
    if let Ok((rest, at)) = date_time(input) {
        if !matches!(input, [b'"', _, b'0'..=b'9', b'-', ..]) {
            notes.note(DeviationKind::BadDate, input)?;
        }
        return Ok((rest, at));
    }
    let (rest, text) = string(input)?;
    match careless_date(&text) {
        Some(at) => {
            notes.note(DeviationKind::BadDate, input)?;
            Ok((rest, at))
        }
        None => fail(input, ErrorKind::Verify),
    }
}

/// An item's name: letters, digits, dots and, for Gmail's, dashes.
fn item_name(input: &[u8]) -> Res<'_, &[u8]> {
    take_while1(|b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))(input)
}

fn into<'a, T>(
    make: impl Fn(T) -> FetchData<'a>,
) -> impl Fn((&'a [u8], T)) -> (&'a [u8], FetchData<'a>) {
    move |(rest, value)| (rest, make(value))
}

/// Flags in parentheses. What is none is left out.
pub(super) fn flags<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Vec<Flag<'a>>> {
    words(input, notes, flag)
}

/// The same of other words.
pub(super) fn words<'a, T>(
    input: &'a [u8],
    notes: &Notes,
    mut word: impl FnMut(&'a [u8]) -> Res<'a, T>,
) -> Res<'a, Vec<T>> {
    if let Ok((rest, ())) = nil(input) {
        notes.note(DeviationKind::NilForString, input)?;
        return Ok((rest, Vec::new()));
    }
    let (rest, _) = tag("(")(input)?;
    let mut rest = notes.gap(rest)?;
    let mut words = Vec::new();
    loop {
        if let [b')', after @ ..] = rest {
            return Ok((after, words));
        }
        match word(rest) {
            Ok((after, one)) if matches!(after.first(), Some(b' ' | b')')) => {
                words.push(one);
                rest = after;
            }
            _ => {
                let at = rest;
                let odd = take_while1(|b: u8| b > 0x20 && !matches!(b, b'(' | b')'));
                rest = { odd }.parse(rest)?.0;
                notes.note(DeviationKind::BadFlag, at)?;
            }
        }
        match rest {
            [b' ', b' ' | b')', ..] => rest = notes.gap(rest)?,
            [b' ', after @ ..] => rest = after,
            _ => {}
        }
    }
}

/// A number that some servers have below zero, in quotes, or as NIL.
pub(super) fn size<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, u64> {
    match input {
        [b'-', rest @ ..] => {
            let (rest, _) = take_while1(|b: u8| b.is_ascii_digit())(rest)?;
            notes.note(DeviationKind::BadNumber, input)?;
            Ok((rest, 0))
        }
        [b'N' | b'n', ..] => {
            let (rest, ()) = nil(input)?;
            notes.note(DeviationKind::NilForString, input)?;
            Ok((rest, 0))
        }
        [b'"', ..] => {
            let (inside, _) = unquoted(input, notes)?;
            let (rest, n) = number64(inside)?;
            Ok((rest.get(1..).unwrap_or_default(), n))
        }
        _ => match number64(input) {
            Err(error) => {
                let (rest, _) = take_while1(|b: u8| b.is_ascii_digit())(input)?;
                notes.note(DeviationKind::BadNumber, input).map_err(|_| error)?;
                Ok((rest, i64::MAX.unsigned_abs()))
            }
            read => read,
        },
    }
}

/// `nstring / literal8`
pub(super) fn nstring8(input: &[u8]) -> Res<'_, Option<Text<'_>>> {
    match input.first() {
        Some(b'~') => any_literal.map(|octets| Some(Text::Borrowed(octets))).parse(input),
        _ => nstring(input),
    }
}

/// `"BINARY" section-binary ["<" number ">"] SP (nstring / literal8)`, `"BINARY.SIZE"
/// section-binary SP number` (RFC 3516 §7)
fn binary<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, FetchData<'a>> {
    let (rest, name) = item_name(input)?;
    let (rest, part) = super::fetch::part(rest)?;
    if name.eq_ignore_ascii_case(b"BINARY.SIZE") {
        return preceded(notes.sp(), number64)
            .map(|n| FetchData::BinarySize(part.clone(), n))
            .parse(rest);
    }
    let (rest, origin) = opt(delimited(tag("<"), number64, tag(">"))).parse(rest)?;
    let (rest, octets) = preceded(notes.sp(), nstring8).parse(rest)?;
    Ok((rest, FetchData::Binary { part, origin, octets }))
}

/// A section and its octets; or only their number, where they were streamed.
fn section<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, FetchData<'a>> {
    if input.get(..6).is_some_and(|name| name.eq_ignore_ascii_case(b"BINARY")) {
        return binary(input, notes);
    }
    if input.first().is_some_and(|b| !matches!(b, b'B' | b'b' | b'R' | b'r')) {
        return unknown(input);
    }
    let (rest, (section, origin)) = response_section(input)?;
    let rest = match rest {
        [b' ', rest @ ..] => notes.gap(rest)?,
        _ => {
            notes.note(DeviationKind::MissingSpace, rest)?;
            rest
        }
    };
    let streamed = delimited(tag("{"), number64, tag("}"));
    if notes.has_streamed()
        && let Ok((after, len)) = { streamed }.parse(rest)
        && !after.starts_with(b"\r\n")
    {
        return Ok((after, FetchData::Streamed { section, origin, len }));
    }
    if rest.starts_with(b"~") {
        // RFC 3516 §4.4: a literal8 is for BINARY.
        notes.note(DeviationKind::Malformed, rest)?;
    }
    let (rest, octets) = nstring8(rest)?;
    Ok((rest, FetchData::Section { section, origin, octets }))
}

/// Any item: a name, with brackets perhaps, and a value.
fn unknown(input: &[u8]) -> Res<'_, FetchData<'_>> {
    let name = take_while1(|b: u8| b > 0x20 && !matches!(b, b'(' | b')' | b'[' | b'"' | b'{'));
    let brackets = delimited(tag("["), nom::bytes::complete::is_not("]\r\n"), tag("]"));
    recognize((name, opt(brackets), sp, any_value))
        .map(|raw| FetchData::Unknown(RawItem::checked(raw)))
        .parse(input)
}

/// Any value: a string, a literal8, a list, or characters up to the next blank or parenthesis. However deep lists nest, it is
/// one walk.
pub(super) fn any_value(input: &[u8]) -> Res<'_, ()> {
    let (mut rest, mut open) = (input, 0usize);
    loop {
        rest = match rest {
            [b'(', after @ ..] => {
                open = open.saturating_add(1);
                after
            }
            [b')', after @ ..] if open > 0 => {
                open = open.saturating_sub(1);
                after
            }
            [b' ', after @ ..] if open > 0 => after,
            [b'"' | b'{', ..] => string(rest)?.0,
            [b'~', b'{', ..] => any_literal(rest)?.0,
            _ => {
                let plain = take_while1(|b: u8| b > 0x20 && !matches!(b, b'(' | b')'));
                { plain }.parse(rest)?.0
            }
        };
        if open == 0 {
            return Ok((rest, ()));
        }
    }
}
