//! Dot-stuffed message data, in and out, against the plainest reading of RFC 5321 §4.1.1.4, §4.5.2.

use bytes::Bytes;
use mailwire::{
    SendBuf,
    frame::{BareEol, DataDecoder, DataEncoder, Defects, OutEol, Piece},
};

use crate::drive::seed;

/// The octets are taken as data from the wire, and as data to be sent.
pub fn check(octets: &[u8]) {
    let cut = usize::try_from(seed(octets) % 11).unwrap_or(0) + 1;
    for policy in [BareEol::Refuse, BareEol::Keep, BareEol::Normalise] {
        let whole = decode(octets, policy, usize::MAX);
        assert_eq!(whole, decode(octets, policy, cut), "cut at {cut}");
        assert_eq!(whole, by_definition(octets, policy));
    }
    sending(octets, cut);
}

/// What is sent ends where it shall, not sooner; and comes back as it was, its line ends made whole.
fn sending(body: &[u8], cut: usize) {
    let encode = |cut: usize, linked: bool| {
        let mut out = SendBuf::new();
        let mut encoder = DataEncoder::new(OutEol::Normalise);
        for part in body.chunks(cut) {
            let encoded = if linked {
                encoder.encode_bytes(&Bytes::copy_from_slice(part), &mut out)
            } else {
                encoder.encode(part, &mut out)
            };
            encoded.expect("nothing is refused");
        }
        encoder.finish(&mut out).expect("nothing is refused");
        out.take_all()
    };
    let wire = encode(body.len().max(1), false);
    assert_eq!(wire, encode(cut, false), "cut at {cut}");
    assert_eq!(wire, encode(cut, true), "linked, cut at {cut}");
    assert_eq!(end(&wire), Some(wire.len()), "the data ends at its end");
    let back = decode(&wire, BareEol::Keep, cut);
    assert!(!back.defects.bare_eol(), "no bare CR or LF is sent");
    assert_eq!(back.body, whole_lines(&normalised(body)));

    let mut out = SendBuf::new();
    let mut encoder = DataEncoder::new(OutEol::Refuse);
    let refused = encoder.encode(body, &mut out).and_then(|()| encoder.finish(&mut out)).err();
    let bare = first_bare(body).map(|at| at as u64);
    assert_eq!(refused.map(|found| found.offset), bare);
}

/// What a decoder made of data.
#[derive(Debug, PartialEq)]
struct Decoded {
    body: Vec<u8>,
    /// Octets of the wire up to the end of the data, if it came.
    end: Option<usize>,
    defects: Defects,
    refused: bool,
}

fn decode(wire: &[u8], policy: BareEol, cut: usize) -> Decoded {
    let mut decoder = DataDecoder::new(policy);
    let (mut body, mut at, mut shown) = (Vec::new(), 0, 0);
    let end = loop {
        let octets = &wire[at..shown];
        match decoder.next(octets) {
            Piece::Payload(n) => {
                assert!(n > 0, "a piece has octets");
                body.extend_from_slice(&octets[..n]);
                at += n;
            }
            Piece::Crlf(n) => {
                body.extend_from_slice(b"\r\n");
                at += n;
            }
            Piece::Skip(n) => {
                assert!(n > 0, "a piece has octets");
                at += n;
            }
            Piece::End(n) => break Some(at + n),
            Piece::Partial => {
                assert!(octets.len() <= 2, "at most two octets are held back");
                if shown == wire.len() {
                    break None;
                }
                shown = shown.saturating_add(cut).min(wire.len());
            }
        }
    };
    Decoded { body, end, defects: decoder.defects(), refused: decoder.refused() }
}

fn end(wire: &[u8]) -> Option<usize> {
    if wire.starts_with(b".\r\n") {
        return Some(3);
    }
    wire.windows(5).position(|w| w == b"\r\n.\r\n").map(|at| at + 5)
}

fn by_definition(wire: &[u8], policy: BareEol) -> Decoded {
    let end = end(wire);
    let mut defects = Defects::default();
    let mut body = Vec::new();
    let data = &wire[..end.map_or(wire.len(), |end| end - 3)];
    let mut at_line_start = true;
    let mut refused = false;
    for (i, &octet) in data.iter().enumerate() {
        let (before, after) = (i.checked_sub(1).map(|i| data[i]), data.get(i + 1));
        let stuffed = at_line_start && octet == b'.';
        at_line_start = octet == b'\n' && before == Some(b'\r');
        // Without an end, what comes next is unknown for the last octets: they are held back.
        let last = end.is_none() && after.is_none();
        if stuffed || (last && octet == b'\r') {
            continue;
        }
        let bare = match octet {
            b'\r' => after != Some(&b'\n'),
            b'\n' => before != Some(b'\r'),
            _ => false,
        };
        defects.bare_cr |= bare && octet == b'\r';
        defects.bare_lf |= bare && octet == b'\n';
        defects.nul |= octet == 0;
        refused |= policy == BareEol::Refuse && (bare || octet == 0);
        if refused {
            continue;
        }
        if bare && policy == BareEol::Normalise {
            body.extend_from_slice(b"\r\n");
        } else {
            body.push(octet);
        }
    }
    Decoded { body, end, defects, refused }
}

/// Where the first CR or LF stands that is not part of a CRLF.
fn first_bare(body: &[u8]) -> Option<usize> {
    (0..body.len()).find(|&i| match body[i] {
        b'\r' => body.get(i + 1) != Some(&b'\n'),
        b'\n' => i == 0 || body[i - 1] != b'\r',
        _ => false,
    })
}

/// Every CR, LF and CRLF as CRLF.
fn normalised(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut octets = body.iter().peekable();
    while let Some(&octet) = octets.next() {
        match octet {
            b'\r' => {
                octets.next_if_eq(&&b'\n');
                out.extend_from_slice(b"\r\n");
            }
            b'\n' => out.extend_from_slice(b"\r\n"),
            other => out.push(other),
        }
    }
    out
}

/// With a line end after the last line.
fn whole_lines(body: &[u8]) -> Vec<u8> {
    let mut out = body.to_vec();
    if !out.is_empty() && !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}
