//! Editing the header of a message as it streams by.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

/// Longest field name that is looked at: as long as a line may be (RFC 5322 §2.1.1).
const NAME_MAX: usize = 998;

/// Takes fields out of a header, and adds fields that are missing, without holding the message.
///
/// A submission server takes `Bcc` out and puts `Date` and `Message-ID` in (RFC 6409 §8); the last
/// server takes `Return-Path` out before it writes its own (RFC 5321 §4.4); every server counts
/// `Received` (§6.3).
///
/// ```
/// use smtp_proto::header::HeaderFilter;
///
/// let mut filter = HeaderFilter::new();
/// filter.remove("Bcc");
/// filter.require("Date", "Tue, 14 Nov 2023 22:13:20 +0000");
/// let mut out = Vec::new();
/// filter.push(b"To: bob\r\nBcc: carol,\r\n dave\r\n\r\nBcc: is text here\r\n", &mut out);
/// filter.finish(&mut out);
/// assert_eq!(out, b"To: bob\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\n\r\nBcc: is text here\r\n");
/// ```
#[derive(Clone, Debug, Default)]
pub struct HeaderFilter {
    removed: Vec<&'static str>,
    required: Vec<Required>,
    received: usize,
    at: At,
    /// What came since the line began, while its field name is not known.
    start: Vec<u8>,
    removing: bool,
    any_field: bool,
}

#[derive(Clone, Debug)]
struct Required {
    name: &'static str,
    value: String,
    found: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// At the start of a header line, or within its field name: kept in `start`.
    #[default]
    LineStart,
    /// Within the rest of a header line.
    Line,
    /// In the body.
    Body,
}

impl HeaderFilter {
    /// A filter that changes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes all fields of this name out.
    pub fn remove(&mut self, name: &'static str) {
        self.removed.push(name);
    }

    /// Adds this field at the end of the header, if there is none of its name. Control characters
    /// in the value become `?`.
    pub fn require(&mut self, name: &'static str, value: &str) {
        let value = value.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        self.required.push(Required { name, value, found: false });
    }

    /// How many `Received` fields came by.
    pub const fn received(&self) -> usize {
        self.received
    }

    /// Whether the header is over.
    pub fn in_body(&self) -> bool {
        self.at == At::Body
    }

    /// Takes a piece of the message; appends what is left of it to `out`.
    pub fn push(&mut self, mut octets: &[u8], out: &mut Vec<u8>) {
        while !octets.is_empty() {
            octets = match self.at {
                At::Body => {
                    out.extend_from_slice(octets);
                    return;
                }
                At::Line => self.line(octets, out),
                At::LineStart => self.line_start(octets, out),
            };
        }
    }

    /// The message is whole: a header without a body gets its missing fields, too.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if self.at == At::LineStart && !self.start.is_empty() {
            self.classify(out);
        }
        if self.at != At::Body {
            if self.at == At::Line && !self.removing {
                out.extend_from_slice(b"\r\n");
            }
            self.complete(out);
        }
    }

    /// The rest of a header line.
    fn line<'a>(&mut self, octets: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        let end = memchr::memchr(b'\n', octets);
        let len = end.map_or(octets.len(), |at| at + 1);
        let (line, rest) = octets.split_at_checked(len).unwrap_or((octets, &[]));
        if !self.removing {
            out.extend_from_slice(line);
        }
        if end.is_some() {
            self.at = At::LineStart;
        }
        rest
    }

    /// Gathers until it is clear what kind of line this is.
    fn line_start<'a>(&mut self, octets: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        for (i, &octet) in octets.iter().enumerate() {
            self.start.push(octet);
            let continuation = self.start.len() == 1 && matches!(octet, b' ' | b'\t');
            if continuation || matches!(octet, b':' | b'\n') || self.start.len() > NAME_MAX {
                self.classify(out);
                return octets.get(i + 1..).unwrap_or_default();
            }
        }
        &[]
    }

    /// Says what kind of line `start` begins, and what becomes of it.
    fn classify(&mut self, out: &mut Vec<u8>) {
        let start = core::mem::take(&mut self.start);
        let ended = start.ends_with(b"\n");
        self.at = if ended { At::LineStart } else { At::Line };
        match start.as_slice() {
            b"\r\n" | b"\n" => {
                self.complete(out);
                self.at = At::Body;
            }
            [b' ' | b'\t', ..] if self.any_field => {}
            _ => match field_name(&start) {
                Some(name) => self.field(name),
                // The line that some mailbox files put before a message.
                None if !self.any_field && start.starts_with(b"From ") => {
                    self.removing = true;
                    return;
                }
                None => {
                    // Not a header line: the body begins here, without its empty line.
                    self.complete(out);
                    out.extend_from_slice(b"\r\n");
                    self.at = At::Body;
                }
            },
        }
        if self.at == At::Body || !self.removing {
            out.extend_from_slice(&start);
        }
    }

    fn field(&mut self, name: &[u8]) {
        let is = |known: &str| known.as_bytes().eq_ignore_ascii_case(name);
        self.any_field = true;
        self.removing = self.removed.iter().copied().any(is);
        self.received += usize::from(is("Received"));
        for required in self.required.iter_mut().filter(|required| is(required.name)) {
            required.found = true;
        }
    }

    /// Adds what is missing, at the end of the header.
    fn complete(&mut self, out: &mut Vec<u8>) {
        for required in self.required.iter_mut().filter(|required| !required.found) {
            required.found = true;
            out.extend_from_slice(required.name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(required.value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// The name before the colon (RFC 5322 §3.6.8; §4.5 allows space before the colon).
fn field_name(start: &[u8]) -> Option<&[u8]> {
    let name = start.strip_suffix(b":")?.trim_ascii_end();
    let printable = name.iter().all(|octet| (33..=126).contains(octet));
    (printable && !name.is_empty()).then_some(name)
}

/// The header of a message (RFC 5322 §2.1), its empty line left out.
///
/// ```
/// assert_eq!(smtp_proto::header::header_of(b"To: bob\r\n\r\nHi\r\n"), b"To: bob\r\n");
/// ```
pub fn header_of(message: &[u8]) -> &[u8] {
    if message.starts_with(b"\r\n") {
        return &[];
    }
    let end = memchr::memmem::find(message, b"\r\n\r\n").map_or(message.len(), |at| at + 2);
    message.get(..end).unwrap_or(message)
}

/// The value of the first field of this name, unfolded and trimmed, as far as it is UTF-8.
///
/// ```
/// use smtp_proto::header::field;
///
/// let header = b"Subject: two\r\n lines\r\nTo: bob\r\n";
/// assert_eq!(field(header, "subject").as_deref(), Some("two lines"));
/// assert_eq!(field(header, "Cc"), None);
/// ```
pub fn field(header: &[u8], name: &str) -> Option<String> {
    let mut value: Option<String> = None;
    for line in header.split_inclusive(|&octet| octet == b'\n') {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches(['\r', '\n']);
        let folded = text.starts_with([' ', '\t']);
        match (&mut value, folded) {
            (Some(value), true) => value.push_str(text),
            (Some(_), false) => break,
            (None, true) => {}
            (None, false) => {
                if let Some((found, rest)) = text.split_once(':')
                    && found.trim_end().eq_ignore_ascii_case(name)
                {
                    value = Some(rest.to_owned());
                }
            }
        }
    }
    value.map(|value| value.trim().to_owned())
}
