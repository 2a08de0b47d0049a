use alloc::vec::Vec;
use core::ops::Range;

use super::{
    envelope::envelope,
    render::body_structure,
    section::Plan,
    structure::{Part, PartKind, Structure},
};
use crate::{
    response::EnvelopeView,
    types::{BodySection, Date},
};

/// The first octet of a blob: the version of its layout.
const VERSION: u8 = 4;

/// What IMAP needs to know of a message, as a blob for the store to keep.
///
/// The blob is a few hundred octets for everyday mail; it is versioned, and a blob of another
/// version does not decode, so that a store can make it anew.
pub fn summarize(raw: &[u8]) -> Vec<u8> {
    let structure = Structure::of(raw);
    let header = structure.parts.first().map(|part| part.header.clone()).unwrap_or_default();
    let header = raw.get(header).unwrap_or_default();
    let mut out = alloc::vec![VERSION];
    varint(&mut out, raw.len() as u64);
    varint(&mut out, canonical_len(raw));
    let date = super::sent_date_of(header);
    varint(&mut out, date.map_or(0, pack_date));
    // Zero is none; the sign is the lowest bit.
    let sent = super::sent_at_of(header);
    varint(&mut out, sent.map_or(0, |at| zigzag(at).saturating_add(1)));
    let references = super::header::find(header, "References").map(|field| field.unfolded());
    block(&mut out, &mut references.unwrap_or_default());
    let mut text = Vec::new();
    envelope(header, &mut text);
    block(&mut out, &mut text);
    body_structure(raw, &structure, false, &mut text);
    block(&mut out, &mut text);
    body_structure(raw, &structure, true, &mut text);
    block(&mut out, &mut text);
    varint(&mut out, structure.parts.len() as u64);
    for part in &structure.parts {
        varint(&mut out, part.header.start as u64);
        varint(&mut out, part.header.len() as u64);
        varint(&mut out, part.body.start as u64);
        varint(&mut out, part.body.len() as u64);
        let kind = match part.kind {
            PartKind::Leaf => 0,
            PartKind::Multipart => 1,
            PartKind::Message => 2,
        };
        varint(&mut out, kind);
        varint(&mut out, part.below as u64);
    }
    out
}

/// Octets when each line, the last one, too, ends in CRLF.
fn canonical_len(raw: &[u8]) -> u64 {
    let mut len = raw.len() as u64;
    for at in memchr::memchr2_iter(b'\r', b'\n', raw) {
        let paired = match raw.get(at) {
            Some(b'\r') => raw.get(at.saturating_add(1)) == Some(&b'\n'),
            _ => at.checked_sub(1).and_then(|before| raw.get(before)) == Some(&b'\r'),
        };
        len = len.saturating_add(u64::from(!paired));
    }
    match raw.last() {
        None | Some(b'\r' | b'\n') => len,
        Some(_) => len.saturating_add(2),
    }
}

fn zigzag(n: i64) -> u64 {
    (n.unsigned_abs() << 1) | u64::from(n < 0)
}

fn unzigzag(n: u64) -> i64 {
    let size = i64::try_from(n >> 1).unwrap_or(i64::MAX);
    if n & 1 == 1 { -size } else { size }
}

fn pack_date(date: Date) -> u64 {
    (u64::from(date.year()) << 9) | (u64::from(date.month()) << 5) | u64::from(date.day())
}

fn unpack_date(packed: u64) -> Option<Date> {
    let year = u16::try_from(packed >> 9).ok()?;
    let (month, day) = ((packed >> 5) & 15, packed & 31);
    Date::new(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
}

fn block(out: &mut Vec<u8>, text: &mut Vec<u8>) {
    varint(out, text.len() as u64);
    out.append(text);
}

/// LEB128.
fn varint(out: &mut Vec<u8>, mut n: u64) {
    loop {
        let low = u8::try_from(n & 0x7f).unwrap_or_default();
        n >>= 7;
        if n == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

/// What [`summarize`] found, read from its blob without a copy.
#[derive(Clone, Copy, Debug)]
pub struct Summary<'a> {
    size: u64,
    canonical: u64,
    date: u64,
    sent: u64,
    references: &'a [u8],
    envelope: &'a [u8],
    body: &'a [u8],
    body_structure: &'a [u8],
    parts: Reader<'a>,
}

impl<'a> Summary<'a> {
    /// Reads a blob; `None` if it is of another version or damaged.
    pub fn decode(blob: &'a [u8]) -> Option<Self> {
        let mut reader = Reader { rest: blob.strip_prefix(&[VERSION])? };
        Some(Self {
            size: reader.varint()?,
            canonical: reader.varint()?,
            date: reader.varint()?,
            sent: reader.varint()?,
            references: reader.block()?,
            envelope: reader.block()?,
            body: reader.block()?,
            body_structure: reader.block()?,
            parts: reader,
        })
    }

    /// Octets of the message: RFC822.SIZE.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Octets of the message when each of its lines ends in CRLF: what POP3 sends (RFC 1939 §3).
    pub fn canonical_size(&self) -> u64 {
        self.canonical
    }

    /// The day of the `Date:` field, in the zone it was written in.
    pub fn sent_date(&self) -> Option<Date> {
        unpack_date(self.date)
    }

    /// The moment of the `Date:` field in seconds since 1970 (RFC 5256 §2.2).
    pub fn sent_at(&self) -> Option<i64> {
        self.sent.checked_sub(1).map(unzigzag)
    }

    /// The `References:` field on one line; empty if there is none.
    pub fn references(&self) -> &'a [u8] {
        self.references
    }

    /// ENVELOPE, to be looked into.
    pub fn envelope_view(&self) -> EnvelopeView<'a> {
        EnvelopeView::borrowed(self.envelope)
    }

    /// ENVELOPE, ready to be sent.
    pub fn envelope(&self) -> &'a [u8] {
        self.envelope
    }

    /// BODY without a section, ready to be sent.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// BODYSTRUCTURE, ready to be sent.
    pub fn body_structure(&self) -> &'a [u8] {
        self.body_structure
    }

    /// The octets of the message's header, with the empty line.
    pub fn header(&self) -> Range<u64> {
        let mut reader = self.parts;
        let len = reader.varint().and_then(|_| reader.varint()).and_then(|_| reader.varint());
        0..len.unwrap_or(0)
    }

    /// The parts.
    pub fn structure(&self) -> Structure {
        let mut reader = self.parts;
        let mut parts = Vec::new();
        let count = reader.varint().unwrap_or(0);
        for _ in 0..count {
            let Some(part) = reader.part() else { break };
            parts.push(part);
        }
        Structure { parts }
    }

    /// How to get the octets of a section.
    pub fn plan(&self, wanted: &BodySection<'_>) -> Plan {
        self.structure().plan(wanted)
    }
}

#[derive(Clone, Copy, Debug)]
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let (first, rest) = self.rest.split_first()?;
            self.rest = rest;
            n |= u64::from(first & 0x7f) << shift;
            if first & 0x80 == 0 {
                return Some(n);
            }
        }
        None
    }

    fn block(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.varint()?).ok()?;
        let (block, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(block)
    }

    fn range(&mut self) -> Option<Range<usize>> {
        let start = usize::try_from(self.varint()?).ok()?;
        let len = usize::try_from(self.varint()?).ok()?;
        Some(start..start.checked_add(len)?)
    }

    fn part(&mut self) -> Option<Part> {
        Some(Part {
            header: self.range()?,
            body: self.range()?,
            kind: match self.varint()? {
                0 => PartKind::Leaf,
                1 => PartKind::Multipart,
                2 => PartKind::Message,
                _ => return None,
            },
            below: usize::try_from(self.varint()?).ok()?,
        })
    }
}
