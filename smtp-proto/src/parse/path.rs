//! RFC 5321 §4.1.2 and, for octets beyond ASCII, RFC 6531 §3.3.

use nom::{
    Parser,
    branch::alt,
    bytes::complete::{take_while_m_n, take_while1},
    character::complete::char,
    combinator::{consumed, recognize, verify},
    multi::many0_count,
    sequence::{delimited, preceded},
};

use super::Parsed;
use crate::types::Mailbox;

/// ```abnf
/// Mailbox = Local-part "@" ( Domain / address-literal )
/// ```
pub(crate) fn mailbox(input: &[u8]) -> Parsed<'_, Mailbox<'_>> {
    let parts = (local_part, char('@'), alt((address_literal, domain)));
    let (rest, (whole, (local, _, _))) = consumed(parts).parse_complete(input)?;
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
    alt((quoted_string, dot_string)).parse_complete(input)
}

/// ```abnf
/// Dot-string = Atom *( "." Atom )
/// ```
fn dot_string(input: &[u8]) -> Parsed<'_, &[u8]> {
    recognize((atom, many0_count(preceded(char('.'), atom)))).parse_complete(input)
}

fn atom(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while1(is_atext).parse_complete(input)
}

/// Whether the whole of `text` needs no quotes.
pub(crate) fn is_dot_string(text: &[u8]) -> bool {
    matches!(dot_string(text), Ok((b"", _)))
}

/// RFC 5322 §3.2.3, and UTF8-non-ascii.
const fn is_atext(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || octet >= 0x80
        || matches!(
            octet,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'/'
                | b'='
                | b'?'
                | b'^'
                | b'_'
                | b'`'
                | b'{'
                | b'|'
                | b'}'
                | b'~'
        )
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
    recognize((label, many0_count(preceded(char('.'), label)))).parse_complete(input)
}

fn label(input: &[u8]) -> Parsed<'_, &[u8]> {
    let octets = take_while1(|octet: u8| {
        octet.is_ascii_alphanumeric() || octet >= 0x80 || matches!(octet, b'-' | b'_')
    });
    verify(octets, |label: &[u8]| label.first() != Some(&b'-') && label.last() != Some(&b'-'))
        .parse_complete(input)
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

/// `"<"` … `">"` around something, or that thing bare, if such leniency is on.
pub(crate) fn bracketed<'a, T>(
    mut inner: impl FnMut(&'a [u8]) -> Parsed<'a, T>,
    bare_allowed: bool,
) -> impl FnMut(&'a [u8]) -> Parsed<'a, T> {
    move |input| {
        if input.first() == Some(&b'<') || !bare_allowed {
            delimited(char('<'), &mut inner, char('>')).parse_complete(input)
        } else {
            inner(input)
        }
    }
}
