//! Messages as files of this system have them: lines end with LF alone, and in an mbox no line but
//! the first begins with `From `.

use memchr::memchr2;
use std::io::{self, Write};

const FROM: &[u8] = b"From ";

/// Takes a message from the wire, in pieces of any size.
#[derive(Debug)]
pub(crate) struct Lines<W> {
    out: W,
    /// Whether lines that look like a separator get one more `>` (mboxrd).
    quotes: bool,
    at: At,
    /// A CR that may be half of a line end.
    cr: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// The line so far is any number of `>` and so many octets of `From `, which are held back.
    Start(usize),
    Text,
}

impl<W: Write> Lines<W> {
    pub(crate) fn new(out: W, quotes: bool) -> Self {
        Self { out, quotes, at: At::Start(0), cr: false }
    }

    pub(crate) fn write(&mut self, mut octets: &[u8]) -> io::Result<()> {
        while let Some((&octet, rest)) = octets.split_first() {
            if self.cr && octet != b'\n' {
                self.text(b"\r")?;
            }
            self.cr = octet == b'\r';
            match (octet, self.at) {
                (b'\r', _) => octets = rest,
                (b'\n', _) => {
                    self.text(b"\n")?;
                    self.at = At::Start(0);
                    octets = rest;
                }
                (b'>', At::Start(0)) => {
                    self.out.write_all(b">")?;
                    octets = rest;
                }
                (_, At::Start(held)) if self.quotes && FROM.get(held) == Some(&octet) => {
                    self.at = At::Start(held + 1);
                    if held + 1 == FROM.len() {
                        self.out.write_all(b">")?;
                        self.text(b"")?;
                    }
                    octets = rest;
                }
                _ => {
                    let end = memchr2(b'\r', b'\n', octets).unwrap_or(octets.len());
                    let (text, rest) = octets.split_at_checked(end).unwrap_or((octets, &[]));
                    self.text(text)?;
                    octets = rest;
                }
            }
        }
        Ok(())
    }

    /// Writes what is held back, and this.
    fn text(&mut self, text: &[u8]) -> io::Result<()> {
        if let At::Start(held) = self.at {
            self.out.write_all(FROM.get(..held).unwrap_or_default())?;
        }
        self.at = At::Text;
        self.out.write_all(text)
    }

    /// The message is over: what is under it gets the rest.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        let cr: &[u8] = if self.cr { b"\r" } else { b"" };
        self.text(cr)?;
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn becomes(quotes: bool, wire: &str, file: &str) {
        for size in 1..=wire.len().max(1) {
            let mut lines = Lines::new(Vec::new(), quotes);
            wire.as_bytes().chunks(size).for_each(|piece| lines.write(piece).unwrap());
            let written = String::from_utf8(lines.finish().unwrap()).unwrap();
            assert_eq!(written, file, "in pieces of {size}");
        }
    }

    #[test]
    fn a_line_end_is_lf_and_other_octets_stay() {
        becomes(false, "", "");
        becomes(false, "a: b\r\n\r\nFrom x\r\n", "a: b\n\nFrom x\n");
        becomes(false, "a\rb\r\r\nc\nd\r", "a\rb\r\nc\nd\r");
        becomes(false, ">>x\r\n>F\r\n", ">>x\n>F\n");
    }

    #[test]
    fn in_an_mbox_no_line_looks_like_a_separator() {
        becomes(true, "From x\r\nb\r\n\r\nFrom y", ">From x\nb\n\n>From y");
        becomes(true, ">From x\r\n>>From \r\n>> From\r\n", ">>From x\n>>>From \n>> From\n");
        becomes(true, "Fro\r\nFrom\r\nFrom:\r\nF", "Fro\nFrom\nFrom:\nF");
        becomes(true, "\rFrom x\r\n F", "\rFrom x\n F");
        becomes(true, "From\rx\r\n>\r\n", "From\rx\n>\n");
        becomes(true, "FFrom x\r\nFrFrom x\r\n", "FFrom x\nFrFrom x\n");
    }
}
