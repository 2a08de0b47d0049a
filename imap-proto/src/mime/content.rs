//! Content-Type, Content-Disposition and their parameters (RFC 2045 §5.1, RFC 2183).

use alloc::vec::Vec;

use super::header::{Field, unfold};

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

    /// A Content-Type; `None` if it is not one.
    pub(super) fn content_type(field: &Field<'_>) -> Option<Self> {
        let value = unfold(field.value);
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
        let value = unfold(field.value);
        let mut lexer = Lexer { rest: &value };
        let kind = lexer.token()?;
        Some(Self { kind, subtype: Vec::new(), params: lexer.params() })
    }
}

/// `1#language-tag` (RFC 3282), without comments.
pub(super) fn languages(field: &Field<'_>) -> Vec<Vec<u8>> {
    let value = unfold(field.value);
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

/// A single token, such as a transfer encoding.
pub(super) fn token(field: &Field<'_>) -> Option<Vec<u8>> {
    let value = unfold(field.value);
    Lexer { rest: &value }.token()
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
        params
    }
}
