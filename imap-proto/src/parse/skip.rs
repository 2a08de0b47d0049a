//! ENVELOPE and BODYSTRUCTURE passed over: one walk that keeps nothing, by the grammar alone.

/// Bodies nest so deep at most.
pub(crate) const DEPTH: u32 = 64;

/// A number of digits, below 2^63.
fn number(input: &[u8]) -> Option<&[u8]> {
    let digits = input.iter().take_while(|b| b.is_ascii_digit()).count();
    input.get(digits..).filter(|_| (1..19).contains(&digits))
}

/// `SP`
fn sp(input: &[u8]) -> Option<&[u8]> {
    input.strip_prefix(b" ")
}

/// `string = quoted / literal`
fn string(input: &[u8]) -> Option<&[u8]> {
    match input {
        [b'"', inside @ ..] => quoted(inside),
        [b'{', ..] => super::basic::literal(input).ok().map(|(rest, _)| rest),
        _ => None,
    }
}

/// From behind the opening quote on.
fn quoted(inside: &[u8]) -> Option<&[u8]> {
    let mut rest = inside;
    let mut high = 0u8;
    let end = loop {
        match rest {
            [b'"', after @ ..] => break after,
            [b'\\', b'"' | b'\\', after @ ..] => rest = after,
            [0 | b'\r' | b'\n' | b'\\', ..] | [] => return None,
            [b, after @ ..] => {
                high |= *b;
                rest = after;
            }
        }
    };
    if high >= 0x80 {
        core::str::from_utf8(inside.get(..inside.len().saturating_sub(end.len()))?).ok()?;
    }
    Some(end)
}

/// `nil = "NIL"`
fn nil(input: &[u8]) -> Option<&[u8]> {
    match input {
        [b'N' | b'n', b'I' | b'i', b'L' | b'l', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// `nstring = string / nil`
pub(crate) fn nstring(input: &[u8]) -> Option<&[u8]> {
    string(input).or_else(|| nil(input))
}

/// `"(" 1*address ")" / nil`, where `address = "(" nstring SP nstring SP nstring SP nstring ")"`
pub(crate) fn addresses(input: &[u8]) -> Option<&[u8]> {
    let Some(mut rest) = input.strip_prefix(b"((") else { return nil(input) };
    loop {
        for _ in 0..3 {
            rest = sp(nstring(rest)?)?;
        }
        rest = match nstring(rest)? {
            [b')', b'(', after @ ..] => after,
            [b')', b')', after @ ..] => return Some(after),
            _ => return None,
        };
    }
}

/// `envelope` (RFC 3501 §9)
pub(crate) fn envelope(input: &[u8]) -> Option<&[u8]> {
    let mut rest = sp(nstring(input.strip_prefix(b"(")?)?)?;
    rest = sp(nstring(rest)?)?;
    for _ in 0..6 {
        rest = sp(addresses(rest)?)?;
    }
    rest = sp(nstring(rest)?)?;
    nstring(rest)?.strip_prefix(b")")
}

/// `body-fld-param = "(" string SP string *(SP string SP string) ")" / nil`
pub(crate) fn params(input: &[u8]) -> Option<&[u8]> {
    let Some(mut rest) = input.strip_prefix(b"(") else { return nil(input) };
    loop {
        rest = string(sp(string(rest)?)?)?;
        match rest {
            [b' ', after @ ..] => rest = after,
            [b')', after @ ..] => return Some(after),
            _ => return None,
        }
    }
}

/// What stands in a single part up to its size, and what follows.
pub(crate) struct Head<'a> {
    /// The type, as it stands.
    pub(crate) kind: &'a [u8],
    /// Subtype and what follows.
    pub(crate) subtype: &'a [u8],
    /// Parameters and what follows.
    pub(crate) params: &'a [u8],
    /// Encoding and what follows.
    pub(crate) encoding: &'a [u8],
    /// Size and what follows.
    pub(crate) size: &'a [u8],
    /// What follows the size, with the blank before it.
    pub(crate) rest: &'a [u8],
}

/// From behind the opening parenthesis on.
pub(crate) fn head(kind: &[u8]) -> Option<Head<'_>> {
    let subtype = sp(string(kind)?)?;
    let params = sp(string(subtype)?)?;
    let id = sp(self::params(params)?)?;
    let encoding = sp(nstring(sp(nstring(id)?)?)?)?;
    let size = sp(string(encoding)?)?;
    let kind = kind.get(..kind.len().saturating_sub(subtype.len()).saturating_sub(1))?;
    Some(Head { kind, subtype, params, encoding, size, rest: number(size)? })
}

/// `body` (RFC 3501 §9); multiparts that say so in a part of their own are none.
pub(crate) fn body(input: &[u8], depth: u32) -> Option<&[u8]> {
    let depth = depth.checked_sub(1)?;
    let mut rest = input.strip_prefix(b"(")?;
    if rest.first() == Some(&b'(') {
        while rest.first() == Some(&b'(') {
            rest = body(rest, depth)?;
        }
        rest = string(sp(rest)?)?;
        return match rest {
            [b' ', after @ ..] => extensions(params(after)?),
            _ => rest.strip_prefix(b")"),
        };
    }
    let head = head(rest)?;
    let is = |kind: &str| {
        head.kind
            .get(1..)
            .and_then(|k| k.strip_suffix(b"\""))
            .is_some_and(|inside| inside.eq_ignore_ascii_case(kind.as_bytes()))
    };
    // A type in a literal is left to the parser that looks closer.
    if head.kind.first() != Some(&b'"') || is("multipart") {
        return None;
    }
    rest = head.rest;
    if is("message") && rest.starts_with(b" (") {
        rest = body(sp(envelope(sp(rest)?)?)?, depth)?;
        rest = number(sp(rest)?)?;
    } else if is("text") {
        rest = number(sp(rest)?)?;
    }
    match rest {
        [b' ', after @ ..] => extensions(nstring(after)?),
        _ => rest.strip_prefix(b")"),
    }
}

/// `[SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc *(SP body-extension)]]] ")"`
fn extensions(input: &[u8]) -> Option<&[u8]> {
    let Some(rest) = sp(input) else { return input.strip_prefix(b")") };
    let rest = match rest {
        [b'(', inside @ ..] => params(sp(string(inside)?)?)?.strip_prefix(b")")?,
        _ => nil(rest)?,
    };
    let Some(after) = sp(rest) else { return rest.strip_prefix(b")") };
    let mut rest = after;
    if let Some(inside) = rest.strip_prefix(b"(") {
        rest = string(inside)?;
        while let Some(after) = sp(rest) {
            rest = string(after)?;
        }
        rest = rest.strip_prefix(b")")?;
    } else {
        rest = nstring(rest)?;
    }
    let Some(after) = sp(rest) else { return rest.strip_prefix(b")") };
    let mut rest = nstring(after)?;
    while let Some(after) = sp(rest) {
        rest = super::fetch_data::any_value(after).ok()?.0;
    }
    rest.strip_prefix(b")")
}
