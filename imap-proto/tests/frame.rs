//! Framing: where commands and responses end.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use imap_proto::frame::{Frame, Framer};
use mailwire::RecvBuf;

fn whole(framer: &mut Framer, limit: usize, input: &[u8]) -> (Frame, RecvBuf) {
    let mut buf = RecvBuf::new(limit);
    for octet in input {
        assert_eq!(buf.push(&[*octet]), 1);
        match framer.find(&mut buf) {
            Frame::Partial => {}
            Frame::Literal { size, .. } if size < 100 => framer.gather(),
            found => return (found, buf),
        }
    }
    let found = framer.find(&mut buf);
    (found, buf)
}

#[test]
fn a_lone_cr_or_lf_ends_nothing() {
    let mut framer = Framer::commands(100);
    for (input, found) in [
        (&b"a NOOP\r"[..], Frame::Partial),
        (b"a NOOP\n", Frame::Partial),
        (b"a NOOP\r\n", Frame::Complete { len: 8 }),
        (b"a\nb\rc\r\n", Frame::Complete { len: 7 }),
    ] {
        framer.next();
        assert_eq!(whole(&mut framer, 100, input).0, found, "{}", input.escape_ascii());
    }
}

#[test]
fn literals_are_counted_and_not_looked_at() {
    let mut framer = Framer::commands(100);
    let input = b"a X {4}\r\n\r\n{9 {0+}\r\n end\r\n";
    assert_eq!(whole(&mut framer, 100, input).0, Frame::Complete { len: input.len() });
}

#[test]
fn what_announces_no_literal_does_not() {
    for input in [
        &b"a {}\r\n"[..],
        b"a {x}\r\n",
        b"a {5\r\n",
        b"a 5}\r\n",
        b"a {-5}\r\n",
        b"a {5} \r\n",
        b"a {5++}\r\n",
    ] {
        let mut framer = Framer::commands(100);
        let (found, _) = whole(&mut framer, 100, input);
        assert_eq!(found, Frame::Complete { len: input.len() }, "{}", input.escape_ascii());
    }
}

#[test]
fn text_for_people_announces_no_literal_and_data_does() {
    for (input, literal) in [
        (&b"* OK done {12}\r\n"[..], false),
        (b"* no done {12}\r\n", false),
        (b"* BYE {12}\r\n", false),
        (b"* PREAUTH {12}\r\n", false),
        (b"a1 OK done {12}\r\n", false),
        (b"+ send {12}\r\n", false),
        (b"* 1 FETCH (BODY[] {999}\r\n", true),
        (b"* LIST () NIL {999}\r\n", true),
        (b"* OKAY {999}\r\n", true),
    ] {
        let mut framer = Framer::responses(100);
        let found = whole(&mut framer, 200, input).0;
        assert_eq!(matches!(found, Frame::Literal { .. }), literal, "{}", input.escape_ascii());
    }
}

#[test]
fn an_over_long_line_is_skipped_to_its_end_and_its_literal_with_it() {
    let long =
        [b"a ".to_vec(), vec![b'x'; 200], b" {5+}\r\nb X\r\n tail\r\nc NOOP\r\n".to_vec()].concat();
    for step in [1, 3, 64, 500] {
        let mut framer = Framer::commands(50);
        let mut buf = RecvBuf::new(100);
        let mut rest = &long[..];
        let mut log = vec![];
        loop {
            match framer.find(&mut buf) {
                Frame::Partial if rest.is_empty() => break,
                Frame::Partial => {
                    let n = buf.push(&rest[..step.min(rest.len())]);
                    assert!(n > 0, "no room");
                    rest = &rest[n..];
                }
                Frame::TooLong => {
                    assert!(buf.unread().starts_with(b"a "), "the tag is still there");
                    log.push("too long".to_string());
                    framer.skip(&mut buf);
                }
                Frame::Skipped => {
                    log.push("skipped".into());
                    framer.next();
                }
                Frame::Complete { len } => {
                    log.push(String::from_utf8(buf.take(len).to_vec()).unwrap());
                    framer.next();
                }
                Frame::Literal { .. } => panic!("a literal was found in a line to skip"),
            }
        }
        assert_eq!(log, ["too long", "skipped", "c NOOP\r\n"], "in steps of {step}");
    }
}

#[test]
fn each_octet_is_looked_at_once() {
    let input = [b"a X ".to_vec(), vec![b'y'; 60_000], b"\r\n".to_vec()].concat();
    let mut framer = Framer::commands(100_000);
    let (found, buf) = whole(&mut framer, 100_000, &input);
    assert_eq!(found, Frame::Complete { len: input.len() });
    assert_eq!(buf.examined(), input.len() as u64);
}
