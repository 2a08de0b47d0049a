//! RFC 5321 §4.1.2 and, for octets beyond ASCII, RFC 6531 §3.3.

use nom::{
    Parser,
    branch::alt,
    bytes::complete::{take_while_m_n, take_while1},
    character::complete::char,
    combinator::{recognize, verify},
    multi::many0_count,
    sequence::{delimited, preceded},
};

use super::{
    Parsed,
    octets::{ATEXT, LABEL, split_run},
};
use crate::types::Mailbox;

/// ```abnf
/// Mailbox = Local-part "@" ( Domain / address-literal )
/// ```
pub(crate) fn mailbox(input: &[u8]) -> Parsed<'_, Mailbox<'_>> {
    let (rest, local) = local_part(input)?;
    let rest = match rest {
        [b'@', rest @ ..] => rest,
        _ => return fail(input),
    };
    let (rest, _) = match rest.first() {
        Some(b'[') => address_literal(rest)?,
        _ => domain(rest)?,
    };
    let whole = input.get(..input.len() - rest.len()).unwrap_or_default();
    match core::str::from_utf8(whole) {
        Ok(text) => Ok((rest, Mailbox::from_parser(text, local.len()))),
        Err(_) => fail(input),
    }
}

/// ```abnf
/// A-d-l = At-domain *( "," At-domain ) ":"    ; the source route, accepted and dropped (appendix C)
/// ```
pub(crate) fn source_route(input: &[u8]) -> Parsed<'_, ()> {
    let at_domain = || preceded(char('@'), domain);
    let (rest, _) = (at_domain(), many0_count(preceded(char(','), at_domain())), char(':'))
        .parse_complete(input)?;
    Ok((rest, ()))
}

/// ```abnf
/// Local-part = Dot-string / Quoted-string
/// ```
fn local_part(input: &[u8]) -> Parsed<'_, &[u8]> {
    match input.first() {
        Some(b'"') => quoted_string(input),
        _ => dot_string(input),
    }
}

/// ```abnf
/// Dot-string = Atom *( "." Atom )
/// ```
fn dot_string(input: &[u8]) -> Parsed<'_, &[u8]> {
    dotted(input, ATEXT, |_| true)
}

/// Words of octets of this kind, at least one, with dots between them.
#[inline]
fn dotted(input: &[u8], kind: u8, fits: impl Fn(&[u8]) -> bool) -> Parsed<'_, &[u8]> {
    let (mut rest, mut end) = (input, None);
    loop {
        let (word, after) = split_run(rest, kind);
        if word.is_empty() || !fits(word) {
            break;
        }
        end = Some(input.len() - after.len());
        match after {
            [b'.', after @ ..] => rest = after,
            _ => break,
        }
    }
    match end.and_then(|end| input.split_at_checked(end)) {
        Some((words, rest)) => Ok((rest, words)),
        None => fail(input),
    }
}

/// Whether the whole of `text` needs no quotes.
pub(crate) fn is_dot_string(text: &[u8]) -> bool {
    matches!(dot_string(text), Ok((b"", _)))
}

/// ```abnf
/// Quoted-string = DQUOTE *( qtextSMTP / quoted-pairSMTP ) DQUOTE
/// ```
fn quoted_string(input: &[u8]) -> Parsed<'_, &[u8]> {
    let plain = take_while1(|octet| octet >= b' ' && !matches!(octet, b'"' | b'\\' | 0x7F));
    let pair = preceded(char('\\'), take_while_m_n(1, 1, |octet| (b' '..0x7F).contains(&octet)));
    recognize(delimited(char('"'), many0_count(alt((plain, pair))), char('"')))
        .parse_complete(input)
}

/// ```abnf
/// Domain = sub-domain *( "." sub-domain )
/// ```
///
/// An underscore is let through: it has no place in a host name, and stands in some.
pub(crate) fn domain(input: &[u8]) -> Parsed<'_, &[u8]> {
    dotted(input, LABEL, |label| label.first() != Some(&b'-') && label.last() != Some(&b'-'))
}

/// RFC 5321 §4.1.3.
pub(crate) fn address_literal(input: &[u8]) -> Parsed<'_, &[u8]> {
    let inner = take_while1(|octet: u8| {
        (b'!'..0x7F).contains(&octet) && !matches!(octet, b'[' | b']' | b'\\')
    });
    verify(recognize(delimited(char('['), inner, char(']'))), valid_literal).parse_complete(input)
}

fn valid_literal(literal: &[u8]) -> bool {
    let inner = literal.get(1..literal.len().saturating_sub(1)).unwrap_or_default();
    let Ok(text) = core::str::from_utf8(inner) else { return false };
    match text.split_once(':') {
        Some((tag, address)) if tag.eq_ignore_ascii_case("IPv6") => {
            address.parse::<core::net::Ipv6Addr>().is_ok()
        }
        // A tag that is standardised some day (RFC 5321 §4.1.3): kept as it is.
        Some((tag, rest)) => {
            !rest.is_empty()
                && tag.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
                && tag.bytes().last().is_some_and(|octet| octet.is_ascii_alphanumeric())
        }
        None => text.parse::<core::net::Ipv4Addr>().is_ok(),
    }
}

pub(crate) fn fail<T>(input: &[u8]) -> Parsed<'_, T> {
    Err(nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Verify)))
}
