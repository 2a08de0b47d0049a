//! Which octets a section is (RFC 3501 §6.4.5).

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::ops::Range;

use super::{
    header::{ends_in_empty_line, lines},
    structure::{Part, PartKind, Structure},
};
use crate::types::{BodySection, Partial, Section, SectionText};

/// How to get the octets of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Plan {
    /// There is no such part: the answer is NIL.
    Nil,
    /// These octets of the message, partial already taken into account.
    Octets(Range<u64>),
    /// Some fields of the header that these octets are: read them, then [`FieldFilter::apply`].
    Fields(Range<u64>, FieldFilter),
}

/// Which fields of a header a section holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFilter {
    names: Vec<String>,
    keep: bool,
    partial: Option<Partial>,
}

impl FieldFilter {
    /// The chosen fields, octets as they stand, and the empty line; of these the partial, if one was
    /// asked for.
    pub fn apply(&self, header: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for line in lines(header) {
            // What is no field has none of the names.
            let (raw, named) = match line {
                Ok(field) => (field.raw, self.names.iter().any(|name| field.is(name))),
                Err(raw) => (raw, false),
            };
            if named == self.keep {
                out.extend_from_slice(raw);
            }
        }
        // RFC 3501 §6.4.5: the delimiting blank line is always there, but in a message that has none.
        if ends_in_empty_line(header) {
            out.extend_from_slice(b"\r\n");
        }
        if let Some(partial) = self.partial {
            let (start, len) = partial.within(out.len() as u64);
            let to_usize = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
            out.drain(..to_usize(start).min(out.len()));
            out.truncate(to_usize(len));
        }
        out
    }
}

impl Structure {
    /// How to get the octets of `wanted`.
    pub fn plan(&self, wanted: &BodySection<'_>) -> Plan {
        let Some(range) = self.locate(&wanted.name.section) else { return Plan::Nil };
        let range = range.start as u64..range.end as u64;
        let filter = |names: &[Cow<'_, str>], keep| FieldFilter {
            names: names.iter().map(|name| String::from(&**name)).collect(),
            keep,
            partial: wanted.partial,
        };
        match wanted.name.section.text() {
            SectionText::HeaderFields(names) => Plan::Fields(range, filter(names, true)),
            SectionText::HeaderFieldsNot(names) => Plan::Fields(range, filter(names, false)),
            _ => match wanted.partial {
                None => Plan::Octets(range),
                Some(partial) => {
                    let (start, len) = partial.within(range.end.saturating_sub(range.start));
                    let start = range.start.saturating_add(start);
                    Plan::Octets(start..start.saturating_add(len))
                }
            },
        }
    }

    /// The header that says how a part is encoded, and its body; `None` if there is no such part. The message itself is not
    /// encoded: all of it is its body.
    pub fn encoded(&self, part: &crate::types::Part) -> Option<(Range<u64>, Range<u64>)> {
        let wide = |range: &Range<usize>| range.start as u64..range.end as u64;
        match part.as_slice() {
            [] => {
                let root = self.parts.first()?;
                Some((0..0, root.header.start as u64..root.body.end as u64))
            }
            numbers => {
                let (_, part) = self.find(numbers)?;
                match part.kind {
                    PartKind::Leaf => Some((wide(&part.header), wide(&part.body))),
                    // Only 7bit, 8bit and binary are allowed here (RFC 2045 §6.4).
                    _ => Some((0..0, wide(&part.body))),
                }
            }
        }
    }

    fn locate(&self, section: &Section<'_>) -> Option<Range<usize>> {
        let root = self.parts.first()?;
        let (part, message) = match section.part().as_slice() {
            [] => (root, Some(root)),
            numbers => {
                let (index, part) = self.find(numbers)?;
                let inner = (part.kind == PartKind::Message)
                    .then(|| self.parts.get(index.saturating_add(1)))
                    .flatten();
                (part, inner)
            }
        };
        match section.text() {
            SectionText::Full if section.part().is_message() => {
                Some(root.header.start..root.body.end)
            }
            SectionText::Full => Some(part.body.clone()),
            SectionText::Mime => Some(part.header.clone()),
            // HEADER and TEXT are those of a message: the whole one, or one inside.
            SectionText::Text => message.map(|m| m.body.clone()),
            SectionText::Header
            | SectionText::HeaderFields(_)
            | SectionText::HeaderFieldsNot(_) => message.map(|m| m.header.clone()),
        }
    }

    /// The part of these numbers. "Every message has at least one part number": the body of a
    /// message that is no multipart is its part 1.
    fn find(&self, numbers: &[u32]) -> Option<(usize, &Part)> {
        let mut message = Some(0usize); // the message whose parts are counted, if it is one
        let mut index = 0usize;
        for number in numbers {
            let container = match message {
                Some(m) if self.parts.get(m)?.kind != PartKind::Multipart => {
                    if *number != 1 {
                        return None;
                    }
                    index = m;
                    message = self.inner_message(m);
                    continue;
                }
                Some(m) => m,
                None => index,
            };
            if self.parts.get(container)?.kind != PartKind::Multipart {
                return None;
            }
            let nth = usize::try_from(*number).ok()?.checked_sub(1)?;
            index = self.children(container).nth(nth)?;
            message = self.inner_message(index);
        }
        Some((index, self.parts.get(index)?))
    }

    fn inner_message(&self, index: usize) -> Option<usize> {
        let part = self.parts.get(index)?;
        (part.kind == PartKind::Message).then(|| index.saturating_add(1))
    }
}
