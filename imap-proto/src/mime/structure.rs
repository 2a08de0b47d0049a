use alloc::vec::Vec;
use core::ops::Range;

use super::{
    content::{self, Content},
    header::{find, header_end, line_len},
};

/// Parts nested deeper are not looked into.
pub const MAX_DEPTH: u32 = 64;
/// A message has at most so many parts; the rest is not looked into.
pub const MAX_PARTS: usize = 4096;

/// The parts of a message, each before its children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Structure {
    pub(super) parts: Vec<Part>,
}

/// Where a part lies in the message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// Its header, with the empty line that ends it.
    pub header: Range<usize>,
    /// Its body.
    pub body: Range<usize>,
    /// What it holds.
    pub kind: PartKind,
    /// Number of parts below it, at any depth: they follow it in the list.
    pub below: usize,
}

/// What a part holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartKind {
    /// No parts.
    Leaf,
    /// Parts (`multipart/…`). May be none, where a message is malformed.
    Multipart,
    /// One message (`message/rfc822`).
    Message,
}

impl Structure {
    /// Looks at a raw message. The cost is linear in its length, times the depth of nesting.
    pub fn of(raw: &[u8]) -> Self {
        let mut walk = Walk { raw, parts: Vec::new() };
        walk.part(0..raw.len(), MAX_DEPTH, false);
        Self { parts: walk.parts }
    }

    /// The parts, each before its children; the first is the message.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The indexes of the children of the part at `index`.
    pub(super) fn children(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        let below = self.parts.get(index).map_or(0, |part| part.below);
        let end = index.saturating_add(below).saturating_add(1);
        let mut next = index.saturating_add(1);
        core::iter::from_fn(move || {
            let part = self.parts.get(next).filter(|_| next < end)?;
            let this = next;
            next = next.saturating_add(part.below).saturating_add(1);
            Some(this)
        })
    }
}

struct Walk<'a> {
    raw: &'a [u8],
    parts: Vec<Part>,
}

impl Walk<'_> {
    /// Adds the part that fills `range` and all below it.
    fn part(&mut self, range: Range<usize>, depth: u32, digest: bool) {
        let index = self.parts.len();
        let split = header_end(self.raw, range.clone());
        let (header, body) = (range.start..split, split..range.end);
        let octets = self.raw.get(header.clone()).unwrap_or_default();
        let content = content_type(octets, digest);
        let kind = match depth {
            0 => PartKind::Leaf,
            _ if content.kind.eq_ignore_ascii_case(b"multipart") => PartKind::Multipart,
            _ if is_message(&content) => PartKind::Message,
            _ => PartKind::Leaf,
        };
        self.parts.push(Part { header, body: body.clone(), kind, below: 0 });
        let depth = depth.saturating_sub(1);
        match kind {
            PartKind::Leaf => {}
            PartKind::Message => {
                if self.parts.len() < MAX_PARTS {
                    self.part(body, depth, false);
                } else if let Some(this) = self.parts.get_mut(index) {
                    this.kind = PartKind::Leaf;
                }
            }
            PartKind::Multipart => {
                let digest = content.subtype.eq_ignore_ascii_case(b"digest");
                if let Some(boundary) = content.param("boundary").filter(|b| !b.is_empty()) {
                    self.children(body, boundary, depth, digest);
                }
            }
        }
        let below = self.parts.len().saturating_sub(index).saturating_sub(1);
        if let Some(this) = self.parts.get_mut(index) {
            this.below = below;
        }
    }

    /// Adds the parts between the delimiter lines of a multipart (RFC 2046 §5.1.1).
    fn children(&mut self, body: Range<usize>, boundary: &[u8], depth: u32, digest: bool) {
        let dashed = [b"--".as_slice(), boundary].concat();
        let finder = memchr::memmem::Finder::new(&dashed);
        let mut open: Option<usize> = None;
        let mut at = body.start;
        while let Some(rest) = self.raw.get(at..body.end) {
            let Some(found) = finder.find(rest) else { break };
            let delimiter = at.saturating_add(found);
            let after = delimiter.saturating_add(dashed.len());
            at = after;
            let at_line_start = delimiter == body.start
                || delimiter.checked_sub(1).and_then(|i| self.raw.get(i)) == Some(&b'\n');
            let tail = self.raw.get(after..body.end).unwrap_or_default();
            let line = tail.get(..line_len(tail)).unwrap_or_default();
            let last = line.starts_with(b"--");
            if !at_line_start || !(last || line.trim_ascii().is_empty()) {
                continue;
            }
            if let Some(start) = open.take() {
                let end = before_line_end(self.raw, start, delimiter);
                if !self.child(start..end, depth, digest) {
                    return;
                }
            }
            if last {
                return;
            }
            at = after.saturating_add(line.len());
            open = Some(at);
        }
        // The last delimiter is missing: the part reaches to the end.
        if let Some(start) = open {
            self.child(start..body.end.max(start), depth, digest);
        }
    }

    fn child(&mut self, range: Range<usize>, depth: u32, digest: bool) -> bool {
        if self.parts.len() >= MAX_PARTS {
            return false;
        }
        self.part(range, depth, digest);
        true
    }
}

/// The line end before a delimiter belongs to the delimiter.
fn before_line_end(raw: &[u8], start: usize, delimiter: usize) -> usize {
    let part = raw.get(start..delimiter).unwrap_or_default();
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    let part = part.strip_suffix(b"\r").unwrap_or(part);
    start.saturating_add(part.len())
}

fn is_message(content: &Content) -> bool {
    // RFC 6532 §3.7: message/global is message/rfc822 with UTF-8 headers.
    content.is("message", "rfc822") || content.is("message", "global")
}

/// The type of a part: what its header says, or the default of RFC 2045 §5.2 and RFC 2046 §5.1.5.
pub(super) fn content_type(header: &[u8], digest: bool) -> Content {
    let field = find(header, "Content-Type");
    if let Some(content) = field.and_then(|field| Content::content_type(&field)) {
        return content;
    }
    let content = |kind: &[u8], subtype: &[u8]| Content {
        kind: kind.to_vec(),
        subtype: subtype.to_vec(),
        params: Vec::new(),
    };
    if digest {
        return content(b"message", b"rfc822");
    }
    let mut plain = content(b"text", b"plain");
    plain.params.push((b"charset".to_vec(), b"us-ascii".to_vec()));
    plain
}

/// The transfer encoding as written; `7bit` if there is none (RFC 2045 §6.1).
pub(super) fn encoding(header: &[u8]) -> Vec<u8> {
    let field = find(header, "Content-Transfer-Encoding");
    field.and_then(|field| content::token(&field)).unwrap_or_else(|| b"7bit".to_vec())
}
