//! Whether a header is ASCII.

use bytes::Bytes;
use mailstore::BodyReader;
use std::collections::VecDeque;

/// What a header is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    Ascii,
    /// UTF-8 (RFC 6532), or what nobody knows.
    Other,
}

/// Reads until that is known. What was read is in `read` then.
pub(super) async fn read(
    reader: &mut BodyReader<'_>,
    read: &mut VecDeque<Bytes>,
) -> mailstore::Result<Header> {
    let mut look = Look::default();
    while let Some(octets) = reader.chunk().await? {
        let found = look.at(&octets);
        read.push_back(octets);
        if let Some(header) = found {
            return Ok(header);
        }
    }
    Ok(Header::Ascii)
}

/// How far a header was looked at.
#[derive(Debug, Default)]
struct Look {
    /// Something stands in this line already.
    in_line: bool,
}

impl Look {
    /// What the header is, if that is known after these octets.
    fn at(&mut self, octets: &[u8]) -> Option<Header> {
        for octet in octets {
            match octet {
                0x80.. => return Some(Header::Other),
                b'\r' => {}
                b'\n' if !self.in_line => return Some(Header::Ascii),
                octet => self.in_line = *octet != b'\n',
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_ends_with_an_empty_line_wherever_it_is_cut() {
        for (message, header) in [
            ("", None),
            ("Subject: a\r\n", None),
            ("Subject: a\r\n\r\n\u{e4}", Some(Header::Ascii)),
            ("Subject: a\n\n\u{e4}", Some(Header::Ascii)),
            ("\r\n\u{e4}", Some(Header::Ascii)),
            ("Subject: \u{e4}\r\n\r\n", Some(Header::Other)),
            ("a: b\r\n c\r\nd: \u{e4}", Some(Header::Other)),
        ] {
            for size in 1..=message.len().max(1) {
                let mut look = Look::default();
                let found = message.as_bytes().chunks(size).find_map(|piece| look.at(piece));
                assert_eq!(found, header, "{message:?} in pieces of {size}");
            }
        }
    }
}
