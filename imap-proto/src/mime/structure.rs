use alloc::vec::Vec;
use core::ops::Range;

use super::{
    content::{self, Content},
    header::{ends_in_empty_line, find, header_end, line_len},
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
    /// Parts (`multipart/…`). Where a message has none there is an empty text in their place.
    Multipart,
    /// One message (`message/rfc822`).
    Message,
}

impl Structure {
    /// Looks at a raw message. The cost is linear in its length, times the depth of nesting.
    pub fn of(raw: &[u8]) -> Self {
        let mut walk = Walk { raw, parts: Vec::new(), open: Vec::new(), next: None };
        walk.begin(0, false);
        walk.run();
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

/// From one delimiter line to the next.
struct Walk<'a> {
    raw: &'a [u8],
    parts: Vec<Part>,
    /// The multiparts and messages that hold the part at hand, outermost first.
    open: Vec<Open>,
    /// The next delimiter line of any of them.
    next: Option<Delimiter>,
}

struct Open {
    index: usize,
    /// `None` once the last delimiter was seen, and for a message.
    boundary: Option<Vec<u8>>,
    digest: bool,
}

#[derive(Clone, Copy)]
struct Delimiter {
    at: usize,
    /// Where the line ends.
    end: usize,
    /// Whose it is, by place in [`Walk::open`].
    owner: usize,
    last: bool,
}

impl Walk<'_> {
    /// The part that begins at `start`, and those that begin with it.
    fn begin(&mut self, start: usize, digest: bool) {
        self.next = self.delimiter(start);
        let (mut start, mut digest) = (start, digest);
        while self.parts.len() < MAX_PARTS {
            let index = self.parts.len();
            let (header, body) = self.split(start);
            let content = content_type(self.raw.get(header.clone()).unwrap_or_default(), digest);
            let kind = match content.kind.eq_ignore_ascii_case(b"multipart") {
                _ if self.open.len() >= MAX_DEPTH as usize => PartKind::Leaf,
                true => PartKind::Multipart,
                false if is_message(&content) && index.saturating_add(1) < MAX_PARTS => {
                    PartKind::Message
                }
                false => PartKind::Leaf,
            };
            let body_start = body.start;
            self.parts.push(Part { header, body, kind, below: 0 });
            match kind {
                PartKind::Leaf => return,
                PartKind::Message => self.open.push(Open { index, boundary: None, digest: false }),
                PartKind::Multipart => return self.open_multipart(index, &content),
            }
            (start, digest) = (body_start, false);
        }
    }

    /// Header and body of what begins at `start` and ends at the next delimiter, which may stand in the middle of the header
    /// (RFC 2046 §5.1.1).
    fn split(&self, start: usize) -> (Range<usize>, Range<usize>) {
        let end = self.end_of(start);
        let split = header_end(self.raw, start..end);
        (start..split, split..end)
    }

    /// The multipart at this place becomes the innermost that is open.
    fn open_multipart(&mut self, index: usize, content: &Content) {
        let digest = content.subtype.eq_ignore_ascii_case(b"digest");
        self.open.push(Open { index, boundary: content.boundary(), digest });
        let before = self.next.map_or(self.raw.len(), |line| line.at);
        let Some(part) = self.parts.get(index) else { return };
        let header = part.header.start..header_end(self.raw, part.header.start..before);
        self.next = self.delimiter(part.body.start);
        // A line that was taken for a delimiter of another is its own: the empty line before it ends the header.
        let own = self.next.is_some_and(|line| line.owner.saturating_add(1) == self.open.len());
        let octets = self.raw.get(header.clone()).unwrap_or_default();
        let ends = own && ends_in_empty_line(octets);
        if let Some(part) = self.parts.get_mut(index).filter(|_| ends) {
            part.body.start = header.end;
            part.header = header;
        }
    }

    fn run(&mut self) {
        while let Some(line) = self.next {
            self.close(line.owner.saturating_add(1));
            let Some(owner) = self.open.get_mut(line.owner) else { return };
            if line.last {
                owner.boundary = None;
                self.next = self.delimiter(line.end);
            } else {
                let digest = owner.digest;
                self.begin(line.end, digest);
            }
        }
        self.close(0);
    }

    /// Ends what is open from this place inwards.
    fn close(&mut self, from: usize) {
        for open in self.open.split_off(from.min(self.open.len())).iter().rev() {
            let start = self.parts.get(open.index).map_or(0, |part| part.body.start);
            let end = self.end_of(start);
            let empty = self.parts.len() == open.index.saturating_add(1);
            if empty && self.parts.len() < MAX_PARTS {
                // BODYSTRUCTURE must show at least one part (RFC 3501 §9), so there is one: an empty text.
                let kind = PartKind::Leaf;
                self.parts.push(Part { header: end..end, body: end..end, kind, below: 0 });
            }
            let below = self.parts.len().saturating_sub(open.index).saturating_sub(1);
            if let Some(part) = self.parts.get_mut(open.index) {
                part.below = below;
                part.body.end = end;
            }
        }
    }

    /// Where what begins at `start` ends if it ends at the next delimiter.
    fn end_of(&self, start: usize) -> usize {
        self.next.map_or(self.raw.len(), |line| before_line_end(self.raw, start, line.at))
    }

    /// The first delimiter line that does not begin before `from`.
    fn delimiter(&self, from: usize) -> Option<Delimiter> {
        if self.open.iter().all(|open| open.boundary.is_none()) {
            return None;
        }
        let mut at = from;
        loop {
            let rest = self.raw.get(at..)?;
            let at_line_start = at.checked_sub(1).is_none_or(|i| self.raw.get(i) == Some(&b'\n'));
            if at_line_start && rest.starts_with(b"--") {
                let line = rest.get(2..line_len(rest)).unwrap_or_default();
                let end = at.saturating_add(line_len(rest));
                if let Some((owner, boundary)) = self.owner(line) {
                    let last = line.get(boundary..).is_some_and(|tail| tail.starts_with(b"--"));
                    return Some(Delimiter { at, end, owner, last });
                }
            }
            at = at.saturating_add(memchr::memmem::find(rest, b"\n--")?).saturating_add(1);
        }
    }

    /// Whose delimiter a line is that begins with two hyphens and this, and the length of its boundary.
    ///
    /// "It is sufficient that the boundary appear in its entirety following the CRLF" (RFC 2046 §5.1.1). Where more than one
    /// does, the longest is meant, and of equal ones the innermost.
    fn owner(&self, line: &[u8]) -> Option<(usize, usize)> {
        let fits = |boundary: &Vec<u8>| line.starts_with(boundary).then_some(boundary.len());
        let open = self.open.iter().enumerate();
        open.filter_map(|(i, open)| Some((i, open.boundary.as_ref().and_then(fits)?)))
            .max_by_key(|(i, len)| (*len, *i))
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
    let content = field.and_then(|field| Content::content_type(&field));
    // A multipart must have a boundary (RFC 2046 §5.1.1); without one the type is malformed and the default holds (RFC 2045
    // §5.2), which lets a reader see what is there.
    let multipart = |content: &Content| content.kind.eq_ignore_ascii_case(b"multipart");
    if let Some(content) = content.filter(|c| !multipart(c) || c.boundary().is_some()) {
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
