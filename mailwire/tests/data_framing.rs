//! RFC 5321 §4.5.2 and RFC 1939 §3: dot-stuffing both ways, and where data ends.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use mailwire::{
    SendBuf,
    frame::{BareEol, DataDecoder, DataEncoder, Defects, OutEol, Piece},
};
use proptest::prelude::*;

/// What a decoder made of `wire`, shown in pieces of `cut` octets.
#[derive(Debug, PartialEq)]
struct Decoded {
    body: Vec<u8>,
    /// Octets after the end, if there was an end.
    rest: Option<Vec<u8>>,
    defects: Defects,
    refused: bool,
}

fn decode(wire: &[u8], policy: BareEol, cut: usize) -> Decoded {
    let mut decoder = DataDecoder::new(policy);
    let (mut held, mut body) = (Vec::new(), Vec::new());
    let mut fed = 0;
    loop {
        match decoder.next(&held) {
            Piece::Payload(n) => body.extend(held.drain(..n)),
            Piece::Crlf(n) => {
                held.drain(..n);
                body.extend_from_slice(b"\r\n");
            }
            Piece::Skip(n) => drop(held.drain(..n)),
            Piece::End(n) => {
                held.drain(..n);
                held.extend_from_slice(&wire[fed..]);
                let (defects, refused) = (decoder.defects(), decoder.refused());
                return Decoded { body, rest: Some(held), defects, refused };
            }
            Piece::Partial => {
                assert!(held.len() <= 2, "at most two octets are held back");
                if fed == wire.len() {
                    let (defects, refused) = (decoder.defects(), decoder.refused());
                    return Decoded { body, rest: None, defects, refused };
                }
                let n = cut.min(wire.len() - fed);
                held.extend_from_slice(&wire[fed..fed + n]);
                fed += n;
            }
        }
    }
}

/// Where data ends, by the plainest reading of the RFC.
fn end_by_definition(wire: &[u8]) -> Option<usize> {
    if wire.starts_with(b".\r\n") {
        return Some(3);
    }
    wire.windows(5).position(|w| w == b"\r\n.\r\n").map(|at| at + 5)
}

#[test]
fn only_crlf_dot_crlf_ends_data_whatever_stands_around_the_dot() {
    let eols: [&[u8]; 7] = [b"", b"\r", b"\n", b"\r\n", b"\r\r\n", b"\n\r", b"\0"];
    let mut seen_end = 0;
    for before in eols {
        for after in eols {
            for lead in [&b"text"[..], b"", b"a\r\n"] {
                let wire = [lead, before, b".", after, b"MAIL FROM:<x@y>\r\n"].concat();
                for policy in [BareEol::Refuse, BareEol::Keep, BareEol::Normalise] {
                    for cut in 1..=wire.len() {
                        let decoded = decode(&wire, policy, cut);
                        let end = end_by_definition(&wire);
                        assert_eq!(
                            decoded.rest.as_deref(),
                            end.map(|at| &wire[at..]),
                            "{:?} {policy:?} {cut}",
                            wire.escape_ascii()
                        );
                        seen_end += usize::from(end.is_some());
                    }
                }
            }
        }
    }
    assert!(seen_end > 0);
}

#[test]
fn the_matrix_out_never_makes_an_end_of_data_and_comes_back_normalised() {
    let eols: [&[u8]; 7] = [b"", b"\r", b"\n", b"\r\n", b"\r\r\n", b"\n\r", b"\0"];
    for before in eols {
        for after in eols {
            let body = [b"text", before, b".", after, b"more"].concat();
            for cut in 1..=body.len() {
                let mut out = SendBuf::new();
                let mut encoder = DataEncoder::new(OutEol::Normalise);
                body.chunks(cut).for_each(|part| encoder.encode(part, &mut out).unwrap());
                encoder.finish(&mut out).unwrap();
                let wire = out.take_all();
                assert_eq!(end_by_definition(&wire), Some(wire.len()));
                let decoded = decode(&wire, BareEol::Keep, wire.len());
                assert!(!decoded.defects.bare_eol());
                assert_eq!(decoded.body, normalised(&body));
            }
        }
    }
}

/// Every CR, LF and CRLF as CRLF, and one at the end.
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
    if !out.is_empty() && !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[test]
fn an_empty_message_is_a_lone_dot() {
    let decoded = decode(b".\r\nQUIT\r\n", BareEol::Refuse, 1);
    assert_eq!((&decoded.body[..], decoded.rest.as_deref()), (&b""[..], Some(&b"QUIT\r\n"[..])));
    let mut out = SendBuf::new();
    DataEncoder::new(OutEol::Normalise).finish(&mut out).unwrap();
    assert_eq!(&out.take_all()[..], b".\r\n");
}

#[test]
fn refuse_hands_out_nothing_after_the_defect_and_still_finds_the_end() {
    let decoded = decode(b"good\r\nbad\nline\r\n.\r\nQUIT", BareEol::Refuse, 1);
    assert_eq!(decoded.body, b"good\r\nbad");
    assert!(decoded.refused && decoded.defects.bare_lf && !decoded.defects.bare_cr);
    assert_eq!(decoded.rest.unwrap(), b"QUIT");
}

#[test]
fn normalise_makes_crlf_of_every_bare_cr_and_lf() {
    let decoded = decode(b"a\nb\rc\r\n\n.\n\r\n.\r\n", BareEol::Normalise, 1);
    assert_eq!(decoded.body, b"a\r\nb\r\nc\r\n\r\n.\r\n\r\n");
    assert!(decoded.rest.is_some());
}

#[test]
fn out_refuse_says_where_the_bare_line_end_stands() {
    let cases: [(&[&[u8]], u64); 5] = [
        (&[b"fine\r\n", b"ba\nd"], 8),
        (&[b"fine\r\n", b"ba\rd"], 8),
        (&[b"fine\r\n", b"ba\r", b"d"], 8),
        (&[b"fine\r\n", b"ba\r"], 8),
        (&[b"\r"], 0),
    ];
    for (pieces, offset) in cases {
        let mut out = SendBuf::new();
        let mut encoder = DataEncoder::new(OutEol::Refuse);
        let fed = pieces.iter().try_for_each(|piece| encoder.encode(piece, &mut out));
        assert_eq!(fed.and_then(|()| encoder.finish(&mut out)).unwrap_err().offset, offset);
    }
}

fn noisy() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"\r\n".to_vec()),
        Just(b"\r\n.".to_vec()),
        Just(b".".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\0".to_vec()),
        Just(b"text".to_vec()),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn decoding_does_not_depend_on_the_cuts(wire in noisy(), cut in 1usize..9) {
        for policy in [BareEol::Refuse, BareEol::Keep, BareEol::Normalise] {
            let whole = decode(&wire, policy, wire.len().max(1));
            prop_assert_eq!(&whole, &decode(&wire, policy, cut));
            prop_assert_eq!(whole.rest.as_deref(), end_by_definition(&wire).map(|at| &wire[at..]));
        }
    }

    #[test]
    fn encoding_does_not_depend_on_the_cuts_and_comes_back(body in noisy(), cut in 1usize..9) {
        let encode = |cut: usize, linked: bool| {
            let mut out = SendBuf::new();
            let mut encoder = DataEncoder::new(OutEol::Normalise);
            for part in body.chunks(cut) {
                if linked {
                    encoder.encode_bytes(&bytes::Bytes::copy_from_slice(part), &mut out).unwrap();
                } else {
                    encoder.encode(part, &mut out).unwrap();
                }
            }
            encoder.finish(&mut out).unwrap();
            out.take_all()
        };
        let whole = encode(body.len().max(1), false);
        prop_assert_eq!(&whole, &encode(cut, false));
        prop_assert_eq!(&whole, &encode(cut, true));
        prop_assert_eq!(decode(&whole, BareEol::Keep, 3).body, normalised(&body));
    }
}

/// Decodes counted data that come in these chunks, each shown in pieces of `cut` octets.
fn decode_counted(chunks: &[&[u8]], policy: BareEol, cut: usize) -> (Vec<u8>, Defects) {
    let mut decoder = DataDecoder::counted(policy);
    let mut body = Vec::new();
    for chunk in chunks {
        let (mut held, mut rest) = (Vec::new(), *chunk);
        loop {
            match decoder.next(&held) {
                Piece::Payload(n) => body.extend(held.drain(..n)),
                Piece::Crlf(n) => {
                    held.drain(..n);
                    body.extend_from_slice(b"\r\n");
                }
                Piece::Skip(n) => drop(held.drain(..n)),
                Piece::End(_) => panic!("counted data have no end of their own"),
                Piece::Partial if rest.is_empty() => {
                    if !held.is_empty() {
                        assert_eq!(held, b"\r");
                        decoder.chunk_ended();
                    }
                    break;
                }
                Piece::Partial => {
                    let n = cut.min(rest.len());
                    held.extend_from_slice(&rest[..n]);
                    rest = &rest[n..];
                }
            }
        }
    }
    if decoder.finish() {
        body.extend_from_slice(b"\r\n");
    }
    (body, decoder.defects())
}

#[test]
fn counted_data_have_no_dots_and_no_end() {
    let (body, defects) = decode_counted(&[b".\r\n", b"..\r\n.\r\n"], BareEol::Refuse, 1);
    assert_eq!((&body[..], defects), (&b".\r\n..\r\n.\r\n"[..], Defects::default()));
    let mut out = SendBuf::new();
    let mut encoder = DataEncoder::counted(OutEol::Normalise);
    encoder.encode(b".\r\n.a\n.", &mut out).unwrap();
    encoder.finish(&mut out).unwrap();
    assert_eq!(&out.take_all()[..], b".\r\n.a\r\n.\r\n");
}

proptest! {
    #[test]
    fn counted_data_do_not_depend_on_chunks_and_cuts(
        body in noisy(), at in any::<prop::sample::Index>(), cut in 1usize..9,
    ) {
        for policy in [BareEol::Refuse, BareEol::Keep, BareEol::Normalise] {
            let (first, second) = body.split_at(at.index(body.len() + 1));
            let whole = decode_counted(&[&body], policy, body.len().max(1));
            let parted = decode_counted(&[first, second], policy, cut);
            prop_assert_eq!(&whole.0, &parted.0);
            if policy == BareEol::Keep {
                prop_assert_eq!(&whole.0, &body);
            } else {
                prop_assert_eq!(whole.1, parted.1);
            }
        }
    }

    #[test]
    fn appending_one_buffer_to_another_keeps_the_octets(
        pieces in proptest::collection::vec((any::<bool>(), 0usize..3000), 0..10),
    ) {
        let (mut all, mut first, mut second) = (Vec::new(), SendBuf::new(), SendBuf::new());
        for (i, (to_second, len)) in pieces.iter().enumerate() {
            let piece = vec![u8::try_from(i).unwrap(); *len];
            if *to_second { second.put_bytes(piece.clone().into()) } else { second.put(&piece) }
            all.extend(piece);
        }
        first.put(b"x");
        first.append(&mut second);
        prop_assert!(second.is_empty());
        prop_assert_eq!(&first.take_all()[1..], &all[..]);
    }
}

/// The payload of `wire` and what is wrong in it up to its end, octet by octet.
fn decoded_by_definition(wire: &[u8], policy: BareEol) -> Decoded {
    let end = end_by_definition(wire);
    let text = wire.get(..end.map_or(wire.len(), |end| end - 3)).unwrap();
    let (mut body, mut defects, mut at) = (Vec::new(), Defects::default(), 0);
    let mut line_start = true;
    while at < text.len() {
        let refused = policy == BareEol::Refuse && (defects.bare_eol() || defects.nul);
        let crlf = text[at..].starts_with(b"\r\n");
        let octet = text[at];
        let stuffed = line_start && octet == b'.';
        line_start = crlf;
        if stuffed {
            at += 1;
            continue;
        }
        match octet {
            _ if crlf => {}
            b'\r' => defects.bare_cr = true,
            b'\n' => defects.bare_lf = true,
            0 => defects.nul = true,
            _ => {}
        }
        let refused = refused || policy == BareEol::Refuse && (defects.bare_eol() || defects.nul);
        let bare = !crlf && matches!(octet, b'\r' | b'\n');
        let len = if crlf { 2 } else { 1 };
        if !refused {
            let replaced = bare && policy == BareEol::Normalise;
            body.extend_from_slice(if replaced { b"\r\n" } else { &text[at..at + len] });
        }
        at += len;
    }
    let refused = policy == BareEol::Refuse && (defects.bare_eol() || defects.nul);
    Decoded { body, rest: end.map(|end| wire[end..].to_vec()), defects, refused }
}

/// Text long enough to be judged many octets at a time, with something between now and then, and an
/// end.
fn long_and_noisy() -> impl Strategy<Value = Vec<u8>> {
    let text = |len: usize| vec![b'x'; len];
    let piece = prop_oneof![
        6 => (0usize..200).prop_map(text),
        2 => (900usize..1200).prop_map(text),
        1 => (16_000usize..17_500).prop_map(text),
        8 => Just(b"\r\n".to_vec()),
        2 => Just(b"\r\n.".to_vec()),
        1 => Just(b"\r".to_vec()),
        1 => Just(b"\n".to_vec()),
        1 => Just(b"\0".to_vec()),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|mut pieces| {
        pieces.push(b"x\r\n.\r\nMAIL".to_vec());
        pieces.concat()
    })
}

proptest! {
    #[test]
    fn long_runs_are_read_as_they_are_octet_by_octet(
        wire in long_and_noisy(), cut in prop_oneof![1usize..300, 1000usize..40_000],
    ) {
        for policy in [BareEol::Refuse, BareEol::Keep, BareEol::Normalise] {
            let expected = decoded_by_definition(&wire, policy);
            prop_assert_eq!(&expected, &decode_in_place(&wire, policy));
            prop_assert_eq!(&expected, &decode_in_windows(&wire, policy, cut));
        }
    }

    #[test]
    fn long_runs_are_stuffed_as_they_are_octet_by_octet(
        body in long_and_noisy(), cut in prop_oneof![1usize..300, 1000usize..40_000],
    ) {
        let mut expected = Vec::new();
        for line in normalised(&body).split_inclusive(|&octet| octet == b'\n') {
            if line.starts_with(b".") {
                expected.push(b'.');
            }
            expected.extend_from_slice(line);
        }
        expected.extend_from_slice(b".\r\n");
        for linked in [false, true] {
            let mut out = SendBuf::new();
            let mut encoder = DataEncoder::new(OutEol::Normalise);
            for part in body.chunks(cut) {
                if linked {
                    encoder.encode_bytes(&bytes::Bytes::copy_from_slice(part), &mut out).unwrap();
                } else {
                    encoder.encode(part, &mut out).unwrap();
                }
            }
            encoder.finish(&mut out).unwrap();
            prop_assert_eq!(&out.take_all()[..], &expected[..]);
        }
    }
}

#[test]
fn one_defect_is_found_wherever_it_stands_in_a_long_run() {
    let line = [&[b'x'; 76][..], b"\r\n"].concat();
    let clean = [line.repeat(6), b".\r\n".to_vec()].concat();
    for at in 0..line.len() * 6 {
        for defect in *b"\r\n\0" {
            let mut wire = clean.clone();
            wire[at] = defect;
            for policy in [BareEol::Refuse, BareEol::Keep, BareEol::Normalise] {
                let expected = decoded_by_definition(&wire, policy);
                assert_eq!(expected, decode_in_place(&wire, policy), "{defect} at {at}");
            }
        }
    }
}

/// What a decoder makes of `wire`, all of it there at once.
fn decode_in_place(wire: &[u8], policy: BareEol) -> Decoded {
    decode_in_windows(wire, policy, wire.len())
}

/// The same, where so many more octets come in each time the decoder has seen all.
fn decode_in_windows(wire: &[u8], policy: BareEol, cut: usize) -> Decoded {
    let mut decoder = DataDecoder::new(policy);
    let mut body = Vec::new();
    let (mut at, mut seen) = (0, cut.min(wire.len()));
    loop {
        let piece = decoder.next(&wire[at..seen]);
        match piece {
            Piece::Payload(n) => body.extend_from_slice(&wire[at..at + n]),
            Piece::Crlf(_) => body.extend_from_slice(b"\r\n"),
            _ => {}
        }
        let (defects, refused) = (decoder.defects(), decoder.refused());
        match piece {
            Piece::Payload(n) | Piece::Crlf(n) | Piece::Skip(n) => at += n,
            Piece::End(n) => {
                return Decoded { body, rest: Some(wire[at + n..].to_vec()), defects, refused };
            }
            Piece::Partial if seen == wire.len() => {
                return Decoded { body, rest: None, defects, refused };
            }
            Piece::Partial => seen = (seen + cut).min(wire.len()),
        }
    }
}
