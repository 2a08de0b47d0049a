//! The contracts of `RecvBuf`, `SendBuf` and `LineFramer`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use bytes::{Buf, BufMut, Bytes};
use mailwire::{
    RecvBuf, SendBuf,
    frame::{Line, LineFramer, strip_eol},
};
use proptest::prelude::*;

#[test]
fn recv_never_holds_more_than_its_limit() {
    let mut buf = RecvBuf::new(100);
    for _ in 0..10 {
        let mut space = buf.space();
        let n = space.remaining_mut().min(33);
        space.put_bytes(b'x', n);
    }
    assert_eq!((buf.len(), buf.room(), buf.space().remaining_mut()), (100, 0, 0));
}

#[test]
fn a_closed_recv_has_no_room_until_it_is_opened() {
    let mut buf = RecvBuf::new(10);
    buf.push(b"abc");
    buf.close();
    assert_eq!((buf.push(b"d"), buf.space().remaining_mut(), buf.unread()), (0, 0, &b"abc"[..]));
    buf.open();
    assert_eq!(buf.push(b"d"), 1);
}

#[test]
fn the_room_offered_grows_with_a_busy_peer_and_shrinks_with_an_idle_one() {
    let mut buf = RecvBuf::new(65_536);
    let first = buf.space().remaining_mut();
    for _ in 0..10 {
        let n = buf.space().remaining_mut();
        buf.space().put_bytes(b'x', n);
        let len = buf.len();
        buf.consume(len);
    }
    let busy = buf.space().remaining_mut();
    assert!(busy >= first * 16, "{first} grew to {busy} only");
    for _ in 0..20 {
        buf.space().put_bytes(b'x', 10);
        buf.consume(10);
    }
    assert_eq!(buf.space().remaining_mut(), first);
}

#[test]
fn send_links_large_pieces_and_keeps_the_order() {
    let mut out = SendBuf::new();
    let large = Bytes::from(vec![b'x'; 5000]);
    out.put(b"a");
    out.put_bytes(large.clone());
    out.put(b"b");
    out.advance(1);
    assert_eq!(out.chunk().as_ptr(), large.as_ptr(), "not copied");
    assert_eq!(out.remaining(), 5001);
    out.advance(4999);
    assert_eq!(&out.take_all()[..], b"xb");
    assert!(out.is_empty());
}

#[test]
fn a_line_over_the_limit_is_swallowed_and_told_once() {
    let mut buf = RecvBuf::new(64);
    let mut lines = LineFramer::new(16);
    let input = [&b"x".repeat(1000)[..], b"\r\nNOOP\r\n"].concat();
    let mut told = Vec::new();
    for octet in input {
        assert_eq!(buf.push(&[octet]), 1, "there is always room");
        match lines.find(&mut buf) {
            Line::Partial => {}
            Line::TooLong => told.push(b"too long".to_vec()),
            Line::Complete { len, crlf } => {
                assert!(crlf);
                told.push(strip_eol(&buf.take(len)).to_vec());
            }
        }
    }
    assert_eq!(told, [&b"too long"[..], b"NOOP"]);
}

proptest! {
    #[test]
    fn lines_do_not_depend_on_the_cuts(
        input in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'x')], 0..200),
        cut in 1usize..30,
    ) {
        let lines = |cut: usize| {
            let mut buf = RecvBuf::new(32);
            let mut framer = LineFramer::new(12);
            let (mut found, mut rest) = (Vec::new(), &input[..]);
            loop {
                match framer.find(&mut buf) {
                    Line::Partial if rest.is_empty() => return found,
                    Line::Partial => {
                        let n = buf.push(&rest[..cut.min(rest.len())]);
                        assert!(n > 0);
                        rest = &rest[n..];
                    }
                    Line::TooLong => found.push(None),
                    Line::Complete { len, crlf } => found.push(Some((buf.take(len).to_vec(), crlf))),
                }
            }
        };
        prop_assert_eq!(lines(1), lines(cut));
    }
}
