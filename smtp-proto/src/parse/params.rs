//! Parameters of MAIL and RCPT (RFC 5321 §4.1.2).

use nom::{
    Parser,
    bytes::complete::take_while1,
    character::complete::char,
    combinator::{opt, verify},
    sequence::preceded,
};

use super::Parsed;
use crate::types::{Body, MailParams, ParamError, RcptParams};

/// ```abnf
/// esmtp-param   = esmtp-keyword ["=" esmtp-value]
/// esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
/// esmtp-value   = 1*(%d33-60 / %d62-126)
/// ```
fn param(input: &[u8]) -> Parsed<'_, (&[u8], Option<&[u8]>)> {
    let keyword = verify(
        take_while1(|octet: u8| octet.is_ascii_alphanumeric() || octet == b'-'),
        |word: &[u8]| word.first() != Some(&b'-'),
    );
    let value = take_while1(|octet: u8| matches!(octet, 33..=60 | 62..=126) || octet >= 0x80);
    (keyword, opt(preceded(char('='), value))).parse_complete(input)
}

/// Calls `take` for each parameter of `input`, which is empty or begins with the space before the
/// first of them.
fn each<'a>(
    input: &'a [u8],
    mut take: impl FnMut(&'a [u8], Option<&'a [u8]>) -> Result<(), ParamError>,
) -> Result<(), ParamError> {
    let mut rest = input.trim_ascii_end();
    while !rest.is_empty() {
        let spaces = rest.iter().take_while(|&&octet| octet == b' ').count();
        if spaces == 0 {
            return Err(ParamError::Syntax);
        }
        let (after, (keyword, value)) =
            param(rest.get(spaces..).unwrap_or_default()).map_err(|_| ParamError::Syntax)?;
        take(keyword, value)?;
        rest = after;
    }
    Ok(())
}

pub(crate) fn mail(input: &[u8]) -> Result<MailParams<'_>, ParamError> {
    let mut params = MailParams::default();
    each(input, |keyword, value| {
        if keyword.eq_ignore_ascii_case(b"SIZE") {
            once(&mut params.size, value.and_then(size).ok_or(ParamError::Value))
        } else if keyword.eq_ignore_ascii_case(b"BODY") {
            once(&mut params.body, value.and_then(body).ok_or(ParamError::Value))
        } else if keyword.eq_ignore_ascii_case(b"AUTH") {
            once(&mut params.auth, value.and_then(xtext).ok_or(ParamError::Value))
        } else {
            Err(ParamError::Unknown)
        }
    })?;
    Ok(params)
}

pub(crate) fn rcpt(input: &[u8]) -> Result<RcptParams, ParamError> {
    each(input, |_, _| Err(ParamError::Unknown))?;
    Ok(RcptParams {})
}

fn once<T>(slot: &mut Option<T>, value: Result<T, ParamError>) -> Result<(), ParamError> {
    if slot.is_some() {
        return Err(ParamError::Duplicate);
    }
    *slot = Some(value?);
    Ok(())
}

/// ```abnf
/// size-value ::= 1*20DIGIT    ; RFC 1870 §5
/// ```
///
/// A number beyond 64 bits is larger than any limit, so it is the largest number.
fn size(value: &[u8]) -> Option<u64> {
    if !(1..=20).contains(&value.len()) || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let text = core::str::from_utf8(value).ok()?;
    Some(text.parse().unwrap_or(u64::MAX))
}

/// ```abnf
/// xtext   = *( xchar / hexchar )                  ; RFC 3461 §4
/// xchar   = any CHAR between "!" and "~" inclusive, except for "+" and "="
/// hexchar = "+" 2(%x30-39 / %x41-46)
/// ```
fn xtext(value: &[u8]) -> Option<&str> {
    let is_hex = |octet: &u8| matches!(octet, b'0'..=b'9' | b'A'..=b'F');
    let mut parts = value.split(|&octet| octet == b'+');
    let first_fits = parts.next().is_some();
    let rest_fits = parts.all(|part| part.len() >= 2 && part.iter().take(2).all(is_hex));
    if first_fits && rest_fits && value.is_ascii() {
        core::str::from_utf8(value).ok()
    } else {
        None
    }
}

/// ```abnf
/// body-value = "7BIT" / "8BITMIME"    ; RFC 6152 §3
/// ```
fn body(value: &[u8]) -> Option<Body> {
    [(&b"7BIT"[..], Body::SevenBit), (b"8BITMIME", Body::EightBitMime)]
        .into_iter()
        .find_map(|(name, body)| value.eq_ignore_ascii_case(name).then_some(body))
}
