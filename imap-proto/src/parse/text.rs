//! `resp-text`: a code in brackets and text for people (RFC 3501 §9).

use alloc::{borrow::Cow, string::String, vec::Vec};

use nom::{
    Parser,
    branch::alt,
    bytes::complete::{tag, take_while, take_while1},
    combinator::opt,
    sequence::{delimited, preceded, terminated},
};

use super::{Res, basic::*, response::flags_perm};
use crate::{
    response::Response,
    types::{Code, PLAIN_CODES, StatusText, UidSet},
};

/// `"+" SP (resp-text / base64) CRLF`; the blank and the text may be missing.
pub(super) fn continuation(input: &[u8]) -> Res<'_, Response<'_>> {
    status_text.map(Response::Continue).parse(input)
}

/// `SP resp-text CRLF`. A server that leaves out the text, or the blank before it, is understood.
/// Whatever the text ends in, it announces no literal.
pub(super) fn status_text(input: &[u8]) -> Res<'_, StatusText<'_>> {
    let line = input.strip_suffix(b"\r\n").unwrap_or(input);
    let rest = input.get(line.len()..).unwrap_or_default();
    let (rest, ()) = end(rest)?;
    let line = line.strip_prefix(b" ").unwrap_or(line);
    let (text, code) = opt(terminated(bracketed_code, opt(tag(" ")))).parse(line)?;
    Ok((rest, StatusText::new(code, lossy(text))))
}

fn lossy(text: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(text)
}

/// `"[" resp-text-code "]"`; a code that is not understood is kept as text.
fn bracketed_code(input: &[u8]) -> Res<'_, Code<'_>> {
    alt((delimited(tag("["), code, tag("]")), delimited(tag("["), other, tag("]")))).parse(input)
}

fn code(input: &[u8]) -> Res<'_, Code<'_>> {
    let (rest, name) = atom(input)?;
    let is = |known: &str| known.eq_ignore_ascii_case(name);
    if let Some((_, code)) = PLAIN_CODES.iter().find(|(known, _)| is(known)) {
        return Ok((rest, code.clone()));
    }
    let words = |input| -> Res<'_, Vec<Cow<'_, str>>> {
        let word = ascii(take_while1(|b: u8| b > 0x20 && b < 0x7f && b != b']'));
        nom::multi::separated_list1(sp, word.map(Cow::Borrowed)).parse(input)
    };
    let number = |make: fn(u32) -> Code<'static>| preceded(sp, number).map(make);
    match () {
        () if is("USEATTR") => Ok((rest, Code::UseAttr)),
        () if is("CAPABILITY") => preceded(sp, words).map(Code::Capability).parse(rest),
        () if is("BADCHARSET") => {
            let list = preceded(sp, paren_list(astring_text));
            opt(list).map(|names| Code::BadCharset(names.unwrap_or_default())).parse(rest)
        }
        () if is("PERMANENTFLAGS") => {
            preceded(sp, flags_perm).map(Code::PermanentFlags).parse(rest)
        }
        () if is("UIDNEXT") => number(Code::UidNext).parse(rest),
        () if is("UIDVALIDITY") => number(Code::UidValidity).parse(rest),
        () if is("UNSEEN") => number(Code::Unseen).parse(rest),
        () if is("HIGHESTMODSEQ") => preceded(sp, number64).map(Code::HighestModSeq).parse(rest),
        () if is("MODIFIED") => preceded(sp, uid_set).map(Code::Modified).parse(rest),
        () if is("APPENDUID") => (preceded(sp, super::basic::number), preceded(sp, uid_set))
            .map(|(validity, uids)| Code::AppendUid(validity, uids))
            .parse(rest),
        () if is("COPYUID") => copy_uid(rest),
        () => other(input),
    }
}

/// `"COPYUID" SP nz-number SP uid-set SP uid-set` (RFC 4315 §4)
fn copy_uid(input: &[u8]) -> Res<'_, Code<'_>> {
    (preceded(sp, number), preceded(sp, uid_set), preceded(sp, uid_set))
        .map(|(validity, from, to): (u32, UidSet, UidSet)| Code::CopyUid(validity, from, to))
        .parse(input)
}

/// `atom [SP 1*<any TEXT-CHAR except "]">]`
fn other(input: &[u8]) -> Res<'_, Code<'_>> {
    let text = take_while(|b: u8| b != b']' && b != b'\r' && b != b'\n');
    let (rest, (name, text)) = (atom, opt(preceded(sp, text))).parse(input)?;
    Ok((rest, Code::Other(Cow::Borrowed(name), text.map(lossy))))
}
