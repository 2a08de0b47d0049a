//! Content-Type, Content-Disposition and their parameters (RFC 2045 §5.1, RFC 2183).

use alloc::vec::Vec;

use super::header::Field;

/// Parameters beyond these are ignored.
const MAX_PARAMS: usize = 100;

/// `type "/" subtype *(";" parameter)`; for a disposition, a token and parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) kind: Vec<u8>,
    pub(super) subtype: Vec<u8>,
    pub(super) params: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Content {
    pub(super) fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind.as_bytes())
            && self.subtype.eq_ignore_ascii_case(subtype.as_bytes())
    }

    pub(super) fn param(&self, name: &str) -> Option<&[u8]> {
        let found = self.params.iter().find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes()));
        found.map(|(_, value)| value.as_slice())
    }

    /// The boundary of a multipart, which may be an extended parameter (RFC 2231 §4).
    pub(super) fn boundary(&self) -> Option<Vec<u8>> {
        let plain = self.param("boundary").map(<[u8]>::to_vec);
        let extended = || self.param("boundary*").map(without_charset);
        plain.or_else(extended).filter(|boundary| !boundary.is_empty())
    }

    /// A Content-Type; `None` if it is not one.
    pub(super) fn content_type(field: &Field<'_>) -> Option<Self> {
        let value = unfolded(field);
        let mut lexer = Lexer { rest: &value };
        let kind = lexer.token()?;
        lexer.skip();
        if !lexer.eat(b'/') {
            return None;
        }
        let subtype = lexer.token()?;
        Some(Self { kind, subtype, params: lexer.params() })
    }

    /// A Content-Disposition; `None` if it is not one.
    pub(super) fn disposition(field: &Field<'_>) -> Option<Self> {
        let value = unfolded(field);
        let mut lexer = Lexer { rest: &value };
        let kind = lexer.token()?;
        Some(Self { kind, subtype: Vec::new(), params: lexer.params() })
    }
}

/// `1#language-tag` (RFC 3282), without comments.
pub(super) fn languages(field: &Field<'_>) -> Vec<Vec<u8>> {
    let value = unfolded(field);
    let mut lexer = Lexer { rest: &value };
    let mut tags = Vec::new();
    while let Some(tag) = lexer.token() {
        tags.push(tag);
        lexer.skip();
        if !lexer.eat(b',') || tags.len() >= MAX_PARAMS {
            break;
        }
    }
    tags
}

/// A single token and nothing else, such as a transfer encoding.
pub(super) fn token(field: &Field<'_>) -> Option<Vec<u8>> {
    let value = unfolded(field);
    let mut lexer = Lexer { rest: &value };
    let token = lexer.token();
    lexer.skip();
    token.filter(|_| lexer.rest.is_empty())
}

/// The value as RFC 5322 §2.2.3 unfolds it: without line ends, blanks as they are, since they may stand in quotes. NULs, which
/// no IMAP string may hold, are gone.
fn unfolded(field: &Field<'_>) -> Vec<u8> {
    let value = field.value.trim_ascii();
    value.iter().copied().filter(|b| !matches!(b, 0 | b'\r' | b'\n')).collect()
}

struct Lexer<'a> {
    rest: &'a [u8],
}

impl Lexer<'_> {
    /// Skips blanks and comments, which nest.
    fn skip(&mut self) {
        let mut depth = 0u32;
        let mut octets = self.rest;
        loop {
            octets = match octets {
                [b'(', rest @ ..] => {
                    depth = depth.saturating_add(1);
                    rest
                }
                [b')', rest @ ..] if depth > 0 => {
                    depth = depth.saturating_sub(1);
                    rest
                }
                [b'\\', _, rest @ ..] | [_, rest @ ..] if depth > 0 => rest,
                [b' ' | b'\t', rest @ ..] => rest,
                _ => break,
            };
        }
        self.rest = octets;
    }

    fn eat(&mut self, octet: u8) -> bool {
        self.skip();
        match self.rest.split_first() {
            Some((first, rest)) if *first == octet => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// `token`: anything but blanks, controls and tspecials.
    fn token(&mut self) -> Option<Vec<u8>> {
        self.skip();
        let special = |b: &u8| *b <= b' ' || *b == 0x7f || b"()<>@,;:\\\"/[]?=".contains(b);
        let len = self.rest.iter().position(special).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        (!token.is_empty()).then(|| token.to_vec())
    }

    /// A quoted string, or what mailers write without quotes: all up to the next `;` or blank.
    fn value(&mut self) -> Vec<u8> {
        self.skip();
        if self.rest.first() != Some(&b'"') {
            let stop = |b: &u8| matches!(b, b';' | b' ' | b'\t');
            let len = self.rest.iter().position(stop).unwrap_or(self.rest.len());
            let (value, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, &[]));
            self.rest = rest;
            return value.to_vec();
        }
        let mut out = Vec::new();
        let mut octets = self.rest.get(1..).unwrap_or_default().iter();
        while let Some(b) = octets.next() {
            match b {
                b'"' => break,
                b'\\' => out.extend(octets.next()),
                b => out.push(*b),
            }
        }
        self.rest = octets.as_slice();
        out
    }

    fn params(&mut self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut params = Vec::new();
        while params.len() < MAX_PARAMS {
            self.skip();
            // Junk between parameters is passed over up to the next semicolon.
            match memchr::memchr(b';', self.rest) {
                Some(at) => self.rest = self.rest.get(at.saturating_add(1)..).unwrap_or_default(),
                None => break,
            }
            let Some(name) = self.token() else { continue };
            if self.eat(b'=') {
                params.push((name, self.value()));
            }
        }
        joined(params)
    }
}

/// The octets of `charset "'" [language] "'" *(%HEX / octet)`.
fn without_charset(value: &[u8]) -> Vec<u8> {
    let text = value.splitn(3, |b| *b == b'\'').nth(2).unwrap_or(value);
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return out,
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let hex = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
                out.push(hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0));
                rest
            }
            [b, rest @ ..] => {
                out.push(*b);
                rest
            }
        };
    }
}

/// One piece of an extended parameter (RFC 2231 §3 and §4): `name "*"`, `name "*" n` or `name "*" n "*"`.
struct Piece {
    name: Vec<u8>,
    number: u32,
    encoded: bool,
    value: Vec<u8>,
}

impl Piece {
    /// The parts of such a name, or `None` for a plain one.
    fn name(name: &[u8]) -> Option<(&[u8], u32, bool)> {
        let star = memchr::memchr(b'*', name)?;
        let (name, rest) = name.split_at_checked(star)?;
        let rest = rest.strip_prefix(b"*")?;
        if rest.is_empty() {
            return Some((name, 0, true));
        }
        let (number, encoded) = rest.strip_suffix(b"*").map_or((rest, false), |n| (n, true));
        let number = core::str::from_utf8(number).ok()?.parse().ok()?;
        Some((name, number, encoded))
    }

    fn same(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
    }
}

/// The parameters with the pieces of each value put together, after the plain ones and in the order of their names. Octets
/// stay encoded, and the name then ends in `*`, for that is what a client decodes (RFC 9051 §7.5.2). A value that lacks a
/// piece is left in pieces.
fn joined(params: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut out = Vec::with_capacity(params.len());
    for (name, value) in params {
        match Piece::name(&name) {
            Some((name, number, encoded)) => {
                pieces.push(Piece { name: name.to_vec(), number, encoded, value });
            }
            None => out.push((name, value)),
        }
    }
    pieces.sort_by_key(|piece| (piece.name.to_ascii_lowercase(), piece.number));
    for group in pieces.chunk_by(Piece::same) {
        let complete = group.iter().zip(0..).all(|(piece, number)| piece.number == number);
        let encoded = group.iter().any(|piece| piece.encoded);
        let star = if encoded { b"*".as_slice() } else { b"" };
        let Some(first) = group.first().filter(|_| complete) else {
            out.extend(group.iter().map(|piece| {
                let star = if piece.encoded { "*" } else { "" };
                let number = alloc::format!("*{}{star}", piece.number);
                ([&piece.name, number.as_bytes()].concat(), piece.value.clone())
            }));
            continue;
        };
        let mut value = Vec::new();
        for piece in group {
            for b in &piece.value {
                match b {
                    b'%' if encoded && !piece.encoded => value.extend_from_slice(b"%25"),
                    b => value.push(*b),
                }
            }
        }
        out.push(([&first.name, star].concat(), value));
    }
    out
}
