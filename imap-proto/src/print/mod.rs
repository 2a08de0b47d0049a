//! Printers: values to octets.
//!
//! A string becomes an atom, a quoted string or a literal, by what its octets allow, so that what is
//! printed can always be read again.

mod command;
mod response;
mod section;

use alloc::vec::Vec;

pub use command::Printed;
pub(crate) use section::{response_section, section};

use crate::types::string::is_quotable;

/// Where octets go: a vector, or a machine's output.
pub(crate) trait Out {
    fn put(&mut self, octets: &[u8]);
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
    if text.len() > LONGEST_QUOTED || !is_quotable(text) {
        return literal(out, text);
    }
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
    out.put(text);
}

/// `nstring`: `None` is NIL.
pub(crate) fn nstring(out: &mut impl Out, text: Option<&[u8]>) {
    match text {
        None => out.put(b"NIL"),
        Some(text) => string(out, text),
    }
}

impl Out for mailwire::SendBuf {
    fn put(&mut self, octets: &[u8]) {
        self.put(octets);
    }
}
