//! Printers: values to octets.
//!
//! A string becomes an atom, a quoted string or a literal, by what its octets allow, so that what is
//! printed can always be read again.

mod command;
mod fetch_data;
mod response;
mod section;

use alloc::{borrow::Cow, vec::Vec};

pub use command::{Gap, Literals, PrintOptions, Printed};
pub(crate) use fetch_data::{fetch_data, print_body, print_envelope};
pub(crate) use section::{response_section, section_with};

use crate::types::string::{is_quotable, is_utf8_quotable};

/// Where octets go: a vector, or a machine's output.
pub(crate) trait Out {
    fn put(&mut self, octets: &[u8]);

    /// Whether quoted strings and mailbox names may be UTF-8.
    fn utf8(&self) -> bool {
        false
    }
}

/// Output for a peer that has enabled UTF-8.
pub(crate) struct Utf8<'a, O>(pub(crate) &'a mut O);

impl<O: Out> Out for Utf8<'_, O> {
    fn put(&mut self, octets: &[u8]) {
        self.0.put(octets);
    }

    fn utf8(&self) -> bool {
        true
    }
}

impl Out for Vec<u8> {
    fn put(&mut self, octets: &[u8]) {
        self.extend_from_slice(octets);
    }
}

/// A decimal number.
pub(crate) fn decimal(out: &mut impl Out, mut n: u64) {
    let mut digits = [0u8; 20];
    let mut len = 0usize;
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + u8::try_from(n % 10).unwrap_or_default();
        len += 1;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    out.put(digits.get(20 - len..).unwrap_or_default());
}

/// `string`: quoted if that is possible, a literal otherwise.
pub(crate) fn string(out: &mut impl Out, text: &[u8]) {
    /// Longer strings are literals: they need no look at each octet by the reader.
    const LONGEST_QUOTED: usize = 4096;
    let quotable = match out.utf8() {
        true => core::str::from_utf8(text).is_ok_and(is_utf8_quotable),
        false => is_quotable(text),
    };
    if text.len() > LONGEST_QUOTED || !quotable {
        return literal(out, text);
    }
    quoted(out, text);
}

/// `quoted`, of a text that can be quoted.
pub(crate) fn quoted(out: &mut impl Out, text: &[u8]) {
    out.put(b"\"");
    let mut rest = text;
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
        let (plain, special) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.put(plain);
        out.put(b"\\");
        out.put(special.get(..1).unwrap_or_default());
        rest = special.get(1..).unwrap_or_default();
    }
    out.put(rest);
    out.put(b"\"");
}

/// `literal`
pub(crate) fn literal(out: &mut impl Out, text: &[u8]) {
    out.put(b"{");
    decimal(out, text.len() as u64);
    out.put(b"}\r\n");
    out.put(&without_nul(text));
}

/// What a literal can hold: no NUL (RFC 3501 §4.3). 0x80 stands for it, which no charset takes for text, so that sizes
/// stay as they are.
pub(crate) fn without_nul(text: &[u8]) -> Cow<'_, [u8]> {
    match memchr::memchr(0, text) {
        None => Cow::Borrowed(text),
        Some(_) => text.iter().map(|b| if *b == 0 { 0x80 } else { *b }).collect(),
    }
}

/// `nstring`: `None` is NIL.
pub(crate) fn nstring(out: &mut impl Out, text: Option<&[u8]>) {
    match text {
        None => out.put(b"NIL"),
        Some(text) => string(out, text),
    }
}

/// `nstring / literal8`: what holds NUL is a literal8 (RFC 3516 §4.4).
fn nstring8(out: &mut impl Out, text: Option<&[u8]>) {
    match text {
        Some(text) if memchr::memchr(0, text).is_some() => {
            out.put(b"~{");
            decimal(out, text.len() as u64);
            out.put(b"}\r\n");
            out.put(text);
        }
        _ => nstring(out, text),
    }
}

/// A value by its `Display`.
fn show(out: &mut impl Out, text: core::fmt::Arguments<'_>) {
    struct Shown<'a, O>(&'a mut O);
    impl<O: Out> core::fmt::Write for Shown<'_, O> {
        fn write_str(&mut self, text: &str) -> core::fmt::Result {
            self.0.put(text.as_bytes());
            Ok(())
        }
    }
    let _ = core::fmt::write(&mut Shown(out), text);
}

/// A list in parentheses.
fn list<T, O: Out>(out: &mut O, items: &[T], print: impl Fn(&mut O, &T)) {
    out.put(b"(");
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.put(b" ");
        }
        print(out, item);
    }
    out.put(b")");
}

impl Out for mailwire::SendBuf {
    fn put(&mut self, octets: &[u8]) {
        self.put(octets);
    }
}
