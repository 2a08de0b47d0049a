use alloc::vec::Vec;
use core::ops::Range;

/// One header field as it stands in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Field<'a> {
    /// The name, without the colon and blanks before it.
    pub name: &'a [u8],
    /// What follows the colon, folds included, without the line end that closes the field.
    pub value: &'a [u8],
    /// The whole field with its line ends.
    pub raw: &'a [u8],
}

impl<'a> Field<'a> {
    /// Whether the field has this name, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The value on one line: a fold becomes one blank, blanks around it all are gone, and so are
    /// NULs, which no IMAP string may hold.
    pub fn unfolded(&self) -> Vec<u8> {
        unfold(self.value)
    }
}

pub(super) fn unfold(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut octets = value.trim_ascii().iter().peekable();
    while let Some(b) = octets.next() {
        match b {
            0 | b'\r' => {}
            b'\n' => {
                octets.next_if(|next| matches!(next, b' ' | b'\t'));
                out.push(b' ');
            }
            b => out.push(*b),
        }
    }
    out
}

/// The fields of a header, in order. Ends at the empty line; lines that are no fields are skipped.
pub fn fields(header: &[u8]) -> impl Iterator<Item = Field<'_>> {
    lines(header).filter_map(|line| line.ok())
}

/// The same with what is no field, as it stands.
pub(super) fn lines(header: &[u8]) -> impl Iterator<Item = Result<Field<'_>, &[u8]>> {
    let mut rest = header;
    core::iter::from_fn(move || {
        let line = line_len(rest);
        if line == 0 || is_empty_line(rest) {
            return None;
        }
        let mut len = line;
        while let Some(b' ' | b'\t') = rest.get(len) {
            len = len.saturating_add(line_len(rest.get(len..).unwrap_or_default()));
        }
        let (raw, after) = rest.split_at_checked(len).unwrap_or((rest, &[]));
        rest = after;
        Some(field(raw).ok_or(raw))
    })
}

fn field(raw: &[u8]) -> Option<Field<'_>> {
    let (name, value) = raw.split_at_checked(memchr::memchr(b':', raw)?)?;
    let name = name.trim_ascii_end();
    if name.is_empty() || !name.iter().all(|b| (0x21..0x7f).contains(b)) {
        return None;
    }
    Some(Field { name, value: trim_line_end(value.get(1..)?), raw })
}

fn trim_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Octets up to and with the next line feed; all, if there is none.
pub(super) fn line_len(octets: &[u8]) -> usize {
    memchr::memchr(b'\n', octets).map_or(octets.len(), |at| at.saturating_add(1))
}

fn is_empty_line(octets: &[u8]) -> bool {
    octets.starts_with(b"\r\n") || octets.starts_with(b"\n")
}

/// Whether a header has the empty line that ends it.
pub(super) fn ends_in_empty_line(header: &[u8]) -> bool {
    let rest = header.strip_suffix(b"\n").map(|h| h.strip_suffix(b"\r").unwrap_or(h));
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with(b"\n"))
}

/// Where the header in `raw[range]` ends: after the empty line, or at the end.
pub(super) fn header_end(raw: &[u8], range: Range<usize>) -> usize {
    let mut at = range.start;
    while let Some(rest) = raw.get(at..range.end) {
        if rest.is_empty() {
            break;
        }
        let end = at.saturating_add(line_len(rest));
        if is_empty_line(rest) {
            return end;
        }
        at = end;
    }
    range.end
}

/// The first field of that name.
pub(super) fn find<'a>(header: &'a [u8], name: &str) -> Option<Field<'a>> {
    fields(header).find(|field| field.is(name))
}
