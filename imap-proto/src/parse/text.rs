//! `resp-text`: a code in brackets and text for people (RFC 3501 §9).

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::num::NonZeroU32;

use nom::{
    Parser,
    branch::alt,
    bytes::complete::{tag, take_while1},
    combinator::{map_opt, opt},
    sequence::{delimited, preceded},
};

use super::{DeviationKind, Res, basic::*, notes::Notes};
use crate::{
    response::Response,
    types::{
        Atom, Charset, Code, CodeText, CopyUid, OneOrMore, OtherCode, PLAIN_CODES, StatusText, Tag,
        UrlMechanism, is_known_code, string::is_atom_char,
    },
};

/// `"+" SP (resp-text / base64) CRLF`; the blank and the text may be missing.
pub(super) fn continuation<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Response<'a>> {
    status_text(input, notes).map(|(rest, text)| (rest, Response::Continue(text)))
}

/// A response code that stands by itself, and text after it perhaps: `* COPYUID 1 2 3`.
pub(super) fn bare_code<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, StatusText<'a>> {
    let (rest, code) = code(input, notes)?;
    let (end, text) = bare_end(rest)?;
    Ok((end, StatusText::new(Some(code), text)))
}

/// The same in its brackets: `* [COPYUID 1 2 3] Done`.
pub(super) fn bare_text<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, StatusText<'a>> {
    let (rest, code) = bracketed_code(input, notes)?;
    let (end, text) = bare_end(rest)?;
    Ok((end, StatusText::new(Some(code), text)))
}

/// `[SP text] CRLF`
fn bare_end(input: &[u8]) -> Res<'_, Cow<'_, str>> {
    let line = input.strip_suffix(b"\r\n").unwrap_or(input);
    let (rest, ()) = end(input.get(line.len()..).unwrap_or_default())?;
    match line {
        [] => Ok((rest, Cow::Borrowed(""))),
        [b' ', text @ ..] => Ok((rest, lossy(text))),
        _ => super::fail(input, nom::error::ErrorKind::Space),
    }
}

/// `SP resp-text CRLF`, where `resp-text = ["[" resp-text-code "]" SP] [text]` (RFC 9051 §9).
/// Whatever the text ends in, it announces no literal.
pub(super) fn status_text<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, StatusText<'a>> {
    let line = input.strip_suffix(b"\r\n").unwrap_or(input);
    let rest = input.get(line.len()..).unwrap_or_default();
    let (rest, ()) = end(rest)?;
    let line = match line.strip_prefix(b" ") {
        Some(line) => line,
        None if line.is_empty() => {
            notes.note(DeviationKind::MissingText, input)?;
            line
        }
        None => {
            notes.note(DeviationKind::MissingSpace, input)?;
            line
        }
    };
    let mark = notes.mark();
    let (text, code) = match bracketed_code(line, notes) {
        Ok((text, code)) => (text, Some(code)),
        // What a tolerant reader takes for a code is no text for a strict one.
        Err(error) if bracketed_code(line, &Notes::new(line, false)).is_ok() => return Err(error),
        Err(_) => {
            notes.rewind(mark);
            (line, None)
        }
    };
    let text = match text {
        [b' ', text @ ..] if code.is_some() => text,
        [] if code.is_some() => {
            notes.note(DeviationKind::MissingText, rest_of(input, line.len()))?;
            text
        }
        [_, ..] if code.is_some() => {
            // `]` within the code: it ends where a blank follows.
            if let Some(end) = text.windows(2).position(|w| w == b"] ") {
                notes.note(DeviationKind::BracketInCode, rest_of(input, text.len()))?;
                let inside = line.len().saturating_sub(text.len()).saturating_add(end);
                let inside = line.get(1..inside).unwrap_or_default();
                let after = text.get(end.saturating_add(2)..).unwrap_or_default();
                return Ok((rest, StatusText::new(Some(bracket_code(inside)), lossy(after))));
            }
            notes.note(DeviationKind::MissingSpace, rest_of(input, text.len()))?;
            text
        }
        _ => text,
    };
    if core::str::from_utf8(text).is_err() {
        notes.note(DeviationKind::RawOctets, rest_of(input, text.len()))?;
    }
    Ok((rest, StatusText::new(code, lossy(text))))
}

/// A code with brackets in its text, kept as it came.
fn bracket_code(inside: &[u8]) -> Code<'_> {
    let at = inside.iter().position(|b| *b == b' ').unwrap_or(inside.len());
    let (name, text) = inside.split_at_checked(at).unwrap_or((inside, &[]));
    Code::Other(OtherCode::as_it_came(lossy(name), text.get(1..).map(lossy)))
}

/// The last octets of a line, so many and its CRLF.
fn rest_of(input: &[u8], len: usize) -> &[u8] {
    input.get(input.len().saturating_sub(len.saturating_add(2))..).unwrap_or_default()
}

fn lossy(text: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(text)
}

/// `"[" resp-text-code "]"`; a code that is not understood is kept as text.
fn bracketed_code<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Code<'a>> {
    let mark = notes.mark();
    let known = |input: &'a [u8]| {
        let (rest, _) = tag("[")(input)?;
        let (rest, code) = code(notes.gap(rest)?, notes)?;
        let (rest, _) = tag("]")(notes.gap(rest)?)?;
        Ok::<_, nom::Err<nom::error::Error<&'a [u8]>>>((rest, code))
    };
    if let Ok(read) = known(input) {
        return Ok(read);
    }
    notes.rewind(mark);
    let (rest, _) = tag("[")(input)?;
    let inside = rest.trim_ascii_start();
    if inside.len() < rest.len() {
        notes.note(DeviationKind::ExtraSpace, rest)?;
    }
    let (rest, other) = other(inside)?;
    let (after, _) = tag("]")(notes.gap(rest)?)?;
    // One that is known and does not fit is kept as it came; what is not known always fits.
    if is_known_code(other.name()) {
        let kind = match other.text().map(|text| text.split(' ').any(|word| word == "0")) {
            Some(true) => DeviationKind::ZeroNumber,
            _ => DeviationKind::Malformed,
        };
        notes.note(kind, input)?;
    }
    Ok((after, Code::Other(other)))
}

fn code<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Code<'a>> {
    let (rest, name) = atom(input)?;
    let is = |known: &str| known.eq_ignore_ascii_case(name);
    if let Some((_, code)) = PLAIN_CODES.iter().find(|(known, _)| is(known)) {
        return Ok((rest, code.clone()));
    }
    let number = |make: fn(NonZeroU32) -> Code<'static>| preceded(notes.sp(), nz).map(make);
    match () {
        () if is("BADURL") => preceded(notes.sp(), code_text).map(Code::BadUrl).parse(rest),
        () if is("UNDEFINED-FILTER") => {
            preceded(notes.sp(), code_text).map(Code::UndefinedFilter).parse(rest)
        }
        () if is("BADEVENT") => {
            let names = preceded(notes.sp(), notes.list(|i| atom.map(Atom::checked).parse(i)));
            map_opt(names, OneOrMore::new).map(Code::BadEvent).parse(rest)
        }
        () if is("NOUPDATE") => preceded(notes.sp(), quoted_tag).map(Code::NoUpdate).parse(rest),
        () if is("MAILBOXID") => {
            let id = atom.map(|id| Code::MailboxId(Atom::checked(id)));
            delimited(tag(" ("), id, tag(")")).parse(rest)
        }
        () if is("METADATA") => metadata(rest, notes),
        () if is("MESSAGELIMIT") => (preceded(notes.sp(), nz), opt(preceded(notes.sp(), nz)))
            .map(|(n, uid)| Code::MessageLimit(n, uid))
            .parse(rest),
        () if is("INPROGRESS") => opt(|i| in_progress(i, notes))
            .map(|known| {
                let (tag, now, all) = known.unwrap_or_default();
                Code::InProgress(tag, now, all)
            })
            .parse(rest),
        () if is("URLMECH") => url_mech(rest),
        () if is("CAPABILITY") => capability(rest, notes),
        () if is("BADCHARSET") => {
            let charset = |i| map_opt(astring_text, Charset::new).parse(i);
            let list = map_opt(preceded(notes.sp(), notes.list(charset)), OneOrMore::new);
            let names = |names: Option<OneOrMore<_>>| names.map(OneOrMore::into_vec);
            opt(list).map(|all| Code::BadCharset(names(all).unwrap_or_default())).parse(rest)
        }
        () if is("PERMANENTFLAGS") => {
            preceded(notes.sp(), |i| permanent_flags(i, notes)).parse(rest)
        }
        () if is("UIDNEXT") => number(Code::UidNext).parse(rest),
        () if is("UIDVALIDITY") => number(Code::UidValidity).parse(rest),
        () if is("UNSEEN") => number(Code::Unseen).parse(rest),
        () if is("HIGHESTMODSEQ") => {
            preceded(notes.sp(), mod_seq).map(Code::HighestModSeq).parse(rest)
        }
        () if is("MODIFIED") => preceded(notes.sp(), uid_set).map(Code::Modified).parse(rest),
        () if is("APPENDUID") => (preceded(notes.sp(), nz), preceded(notes.sp(), uid_set))
            .map(|(validity, uids)| Code::AppendUid(validity, uids))
            .parse(rest),
        () if is("COPYUID") => copy_uid(rest, notes),
        () => other.map(Code::Other).parse(input),
    }
}

/// `*(SP capability)`: atoms. What is none is left out.
fn capability<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Code<'a>> {
    let word = |input: &'a [u8]| -> Res<'a, Option<Atom<'a>>> {
        let (rest, ()) = notes.sp()(input)?;
        let (after, text) = take_while1(|b: u8| b > 0x20 && b != b']').parse(rest)?;
        let word = core::str::from_utf8(text).ok().and_then(Atom::new);
        if word.is_none() {
            notes.note(DeviationKind::BadWord, rest)?;
        }
        Ok((after, word))
    };
    let words = nom::multi::many0(word).map(|all| all.into_iter().flatten().collect());
    map_opt(words, OneOrMore::new).map(Code::Capability).parse(input)
}

/// `"(" [flag-perm *(SP flag-perm)] ")"`, where `flag-perm = flag / "\*"`
fn permanent_flags<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Code<'a>> {
    let one = |i| alt((flag.map(Some), tag("\\*").map(|_| None))).parse(i);
    let (rest, all) = notes.list(one)(input)?;
    let more = all.contains(&None);
    Ok((rest, Code::PermanentFlags { flags: all.into_iter().flatten().collect(), more }))
}

/// `1*<any TEXT-CHAR except "]">`
fn code_text(input: &[u8]) -> Res<'_, CodeText<'_>> {
    let text = take_while1(|b: u8| !matches!(b, b']' | b'\r' | b'\n' | 0));
    map_opt(text.map(lossy), CodeText::new).parse(input)
}

/// `quoted`, where a tag stands in it.
fn quoted_tag(input: &[u8]) -> Res<'_, Tag<'_>> {
    map_opt(quoted_text, Tag::new).parse(input)
}

fn quoted_text(input: &[u8]) -> Res<'_, Cow<'_, str>> {
    map_opt(quoted, to_text).parse(input)
}

/// `"METADATA" SP ("LONGENTRIES" SP number / "MAXSIZE" SP number / "TOOMANY" / "NOPRIVATE")`
/// (RFC 5464 §5)
fn metadata<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Code<'a>> {
    let (rest, name) = preceded(notes.sp(), atom).parse(input)?;
    let is = |known: &str| known.eq_ignore_ascii_case(name);
    match () {
        () if is("LONGENTRIES") => {
            preceded(notes.sp(), number64).map(Code::MetadataLongEntries).parse(rest)
        }
        () if is("MAXSIZE") => {
            preceded(notes.sp(), number64).map(Code::MetadataMaxSize).parse(rest)
        }
        () if is("TOOMANY") => Ok((rest, Code::MetadataTooMany)),
        () if is("NOPRIVATE") => Ok((rest, Code::MetadataNoPrivate)),
        () => super::fail(input, nom::error::ErrorKind::Tag),
    }
}

/// `"URLMECH" SP "INTERNAL" *(SP mechanism ["=" base64])` (RFC 4467); its examples quote the base64.
fn url_mech(input: &[u8]) -> Res<'_, Code<'_>> {
    let (mut rest, _) = (sp, word("INTERNAL")).parse(input)?;
    let mut all = Vec::new();
    while let [b' ', after @ ..] = rest {
        let (after, name) = ascii(take_while1(|b| is_atom_char(b) && b != b'=')).parse(after)?;
        let base64 = ascii(take_while1(|b: u8| b.is_ascii_alphanumeric() || b"+/=".contains(&b)));
        let data = alt((quoted_text, base64.map(Cow::Borrowed)));
        let (after, data) = opt(preceded(tag("="), data)).parse(after)?;
        let Some(one) = UrlMechanism::new(name, data) else {
            return super::fail(after, nom::error::ErrorKind::Verify);
        };
        all.push(one);
        rest = after;
    }
    Ok((rest, Code::UrlMech(all)))
}

type Progress<'a> = (Option<Tag<'a>>, Option<u32>, Option<NonZeroU32>);

/// `SP "(" (quoted / nil) SP (number / nil) SP (nz-number / nil) ")"` (RFC 9585 §4)
fn in_progress<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Progress<'a>> {
    let now = alt((number.map(Some), nil.map(|()| None)));
    let all = alt((nz.map(Some), nil.map(|()| None)));
    let text = alt((quoted_tag.map(Some), nil.map(|()| None)));
    delimited(tag(" ("), (text, preceded(notes.sp(), now), preceded(notes.sp(), all)), tag(")"))
        .parse(input)
}

/// `"COPYUID" SP nz-number SP uid-set SP uid-set` (RFC 4315 §4)
fn copy_uid<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Code<'a>> {
    let parts =
        (preceded(notes.sp(), nz), preceded(notes.sp(), uid_list), preceded(notes.sp(), uid_list));
    map_opt(parts, |(validity, from, to)| CopyUid::new(validity, from, to))
        .map(Code::CopyUid)
        .parse(input)
}

/// `atom [SP 1*<any TEXT-CHAR except "]">]`
fn other(input: &[u8]) -> Res<'_, OtherCode<'_>> {
    let text = take_while1(|b: u8| !matches!(b, b']' | b'\r' | b'\n' | 0));
    let (rest, (name, text)) = (atom, opt(preceded(sp, text))).parse(input)?;
    Ok((rest, OtherCode::as_it_came(Cow::Borrowed(name), text.map(lossy))))
}
