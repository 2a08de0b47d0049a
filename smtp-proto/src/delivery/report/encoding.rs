use alloc::vec::Vec;
use core::fmt;

use crate::Body;

/// How a part is written (RFC 2045 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    SevenBit,
    EightBit,
    QuotedPrintable,
}

/// Longest line without its end (RFC 5322 §2.1.1).
const LINE_MAX: usize = 998;
/// Longest line of quoted-printable (RFC 2045 §6.7 rule 5).
const QUOTED_MAX: usize = 76;

impl Encoding {
    /// The plainest that the octets can be written in; `eight_bit` says whether octets beyond ASCII
    /// may stay.
    pub(super) fn of(octets: &[u8], eight_bit: bool) -> Self {
        let lines = octets.split(|&octet| octet == b'\n');
        let fits = octets.is_empty()
            || (octets.ends_with(b"\r\n")
                && lines.filter(|line| !line.is_empty()).all(|line| {
                    line.len() <= LINE_MAX + 1
                        && memchr::memchr(b'\0', line).is_none()
                        && memchr::memchr(b'\r', line) == Some(line.len().saturating_sub(1))
                })
                && !bare_line_feed(octets));
        match (fits, octets.is_ascii()) {
            (true, true) => Self::SevenBit,
            (true, false) if eight_bit => Self::EightBit,
            _ => Self::QuotedPrintable,
        }
    }

    /// Of a message that is returned whole: it stays as it is (RFC 2046 §5.2.1).
    pub(super) fn of_message(body: Body, smtputf8: bool) -> Self {
        if body == Body::SevenBit && !smtputf8 { Self::SevenBit } else { Self::EightBit }
    }

    pub(super) fn encode(self, octets: Vec<u8>) -> Vec<u8> {
        match self {
            Self::SevenBit | Self::EightBit => octets,
            Self::QuotedPrintable => quoted_printable(&octets),
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SevenBit => "7bit",
            Self::EightBit => "8bit",
            Self::QuotedPrintable => "quoted-printable",
        })
    }
}

/// A line feed at the very start, or behind another.
fn bare_line_feed(octets: &[u8]) -> bool {
    octets.first() == Some(&b'\n') || memchr::memmem::find(octets, b"\n\n").is_some()
}

/// RFC 2045 §6.7. The octets end with a line end, given or added.
fn quoted_printable(octets: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or(b'0');
    let mut out = Vec::with_capacity(octets.len() + octets.len() / 8);
    let mut lines = octets.split_inclusive(|&octet| octet == b'\n').peekable();
    while let Some(line) = lines.next() {
        let text = line.strip_suffix(b"\r\n").unwrap_or(line);
        let mut column = 0;
        for (at, &octet) in text.iter().enumerate() {
            let last = at + 1 == text.len();
            let plain = match octet {
                b'=' => false,
                b' ' | b'\t' => !last,
                _ => octet.is_ascii_graphic(),
            };
            let width = if plain { 1 } else { 3 };
            // One column is kept for the `=` of a soft line break.
            if column + width > QUOTED_MAX - 1 {
                out.extend_from_slice(b"=\r\n");
                column = 0;
            }
            if plain {
                out.push(octet);
            } else {
                out.extend_from_slice(&[b'=', digit(octet >> 4), digit(octet & 15)]);
            }
            column += width;
        }
        if line.ends_with(b"\r\n") {
            out.extend_from_slice(b"\r\n");
        } else if lines.peek().is_none() || column > 0 {
            // What was no line end is encoded; the line goes on behind a soft break.
            out.extend_from_slice(b"=\r\n");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use proptest::prelude::*;

    fn decoded(quoted: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for line in String::from_utf8(quoted.into()).unwrap().split_inclusive("\r\n") {
            assert!(line.len() <= QUOTED_MAX + 2, "{line}");
            let (text, soft) = match line.strip_suffix("=\r\n") {
                Some(text) => (text, true),
                None => (line.strip_suffix("\r\n").unwrap_or(line), false),
            };
            assert!(!text.ends_with([' ', '\t']) || soft, "{line}");
            let mut octets = text.bytes();
            while let Some(octet) = octets.next() {
                out.push(match octet {
                    b'=' => {
                        let digits = [octets.next().unwrap(), octets.next().unwrap()];
                        u8::from_str_radix(core::str::from_utf8(&digits).unwrap(), 16).unwrap()
                    }
                    octet => octet,
                });
            }
            if !soft {
                out.extend_from_slice(b"\r\n");
            }
        }
        out
    }

    #[test]
    fn the_plainest_encoding_is_taken() {
        let long = [&[b'x'; 999][..], b"\r\n"].concat();
        let fits = [&[b'x'; 998][..], b"\r\n"].concat();
        let table: [(&[u8], bool, Encoding); 12] = [
            (b"", false, Encoding::SevenBit),
            (b"a\r\n\r\nb\r\n", false, Encoding::SevenBit),
            (&fits, false, Encoding::SevenBit),
            (&long, false, Encoding::QuotedPrintable),
            ("é\r\n".as_bytes(), false, Encoding::QuotedPrintable),
            ("é\r\n".as_bytes(), true, Encoding::EightBit),
            (b"a\nb\r\n", true, Encoding::QuotedPrintable),
            (b"a\rb\r\n", true, Encoding::QuotedPrintable),
            (b"\n\r\n", true, Encoding::QuotedPrintable),
            (b"a\r\n\n\r\n", true, Encoding::QuotedPrintable),
            (b"a\0\r\n", true, Encoding::QuotedPrintable),
            (b"no end", false, Encoding::QuotedPrintable),
        ];
        for (octets, eight_bit, encoding) in table {
            assert_eq!(Encoding::of(octets, eight_bit), encoding, "{octets:?}");
        }
    }

    #[test]
    fn quoted_printable_as_rfc_2045_has_it() {
        let table: [(&[u8], &[u8]); 5] = [
            (b"plain text\r\n", b"plain text\r\n"),
            (b"a=b\r\n", b"a=3Db\r\n"),
            ("é \r\n".as_bytes(), b"=C3=A9=20\r\n"),
            (b"x\ny\r\n", b"x=0A=\r\ny\r\n"),
            (b"end", b"end=\r\n"),
        ];
        for (plain, quoted) in table {
            assert_eq!(quoted_printable(plain), quoted, "{plain:?}");
        }
        let long = [b'x'; 100];
        assert_eq!(
            quoted_printable(&[&long[..], b"\r\n"].concat()),
            [&long[..75], b"=\r\n", &long[75..], b"\r\n"].concat()
        );
    }

    proptest! {
        #[test]
        fn quoted_printable_gives_back_what_went_in(octets: Vec<u8>) {
            prop_assert_eq!(decoded(&quoted_printable(&octets)), octets);
        }

        #[test]
        fn so_it_does_with_lines(text in "([a= \t\r\né]|\r\n){0,300}") {
            prop_assert_eq!(decoded(&quoted_printable(text.as_bytes())), text.as_bytes());
        }
    }
}
