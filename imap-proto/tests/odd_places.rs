//! Cases that are easily missed: blanks, literals and nesting in odd places; each keeps what stands around it.
#![allow(clippy::unwrap_used, clippy::panic)]

use core::num::NonZeroU32;

use imap_proto::{
    frame::{Frame, Framer},
    parse::{self, DeviationKind},
    response::{FetchData, Response, Status},
    types::{Code, Delimiter, Mailbox},
};
use mailwire::RecvBuf;

fn tolerant(line: &str) -> (Response<'_>, Vec<DeviationKind>) {
    let read = parse::tolerant_response(line.as_bytes()).unwrap_or_else(|e| panic!("{line}: {e}"));
    (read.response, read.deviations.iter().map(|deviation| deviation.kind).collect())
}

#[test]
fn one_bad_item_leaves_the_others() {
    let deep = format!(
        "* 1 FETCH (BODYSTRUCTURE {}\"x\"{} UID 5)\r\n",
        "(".repeat(5000),
        ")".repeat(5000)
    );
    for line in [
        "* 1 FETCH (UID 5 X-FOO ~{3}\r\na b FLAGS (\\Seen))\r\n",
        "* 1 FETCH (UID 5 BODY[TEXT] ~{3}\r\nabc FLAGS ())\r\n",
        &deep,
    ] {
        let (Response::Fetch(NonZeroU32::MIN, items), _) = tolerant(line) else { panic!("{line}") };
        assert!(items.contains(&FetchData::Uid(NonZeroU32::new(5).unwrap())), "{items:?}");
    }
}

#[test]
fn blanks_are_passed_over_and_told_once() {
    use DeviationKind::ExtraSpace;
    for line in [
        "* 1 FETCH (FLAGS ( \\Seen))\r\n",
        "* LIST ( \\Noselect) \"/\" a\r\n",
        "* THREAD  (1 2)\r\n",
        "* THREAD (1  2)\r\n",
        "* THREAD (1 2) \r\n",
        "* ESEARCH  (TAG \"a\") UID\r\n",
        "* OK [UIDNEXT 5 ] x\r\n",
        "* OK [CAPABILITY IMAP4rev2 AUTH=PLAIN ] x\r\n",
        "* VANISHED  1:2\r\n",
        "* NAMESPACE ((\"\" \"/\") ) NIL NIL\r\n",
    ] {
        let (response, deviations) = tolerant(line);
        assert!(!matches!(response, Response::Unknown(_)), "{line}");
        assert_eq!(deviations, [ExtraSpace], "{line}: {response:?}");
        assert!(parse::response(line.as_bytes()).is_err(), "{line}");
    }
}

#[test]
fn a_code_needs_no_blank_before_it() {
    let (response, deviations) = tolerant("* BYE[UNAVAILABLE] later\r\n");
    let Response::Status { status: Status::Bye, text } = response else { panic!("{response:?}") };
    assert_eq!((text.code, &*text.text), (Some(Code::Unavailable), "later"));
    assert_eq!(deviations, [DeviationKind::MissingSpace]);
    let (response, _) = tolerant("a OK[CLOSED] x\r\n");
    assert!(matches!(response, Response::Tagged { .. }), "{response:?}");
}

#[test]
fn a_skipped_response_takes_its_literals_with_it() {
    let input = b"* 1 FETCH (BODY[] {20}\r\n* 2 EXISTS\r\n* BYE x\r\n)\r\n* 3 EXISTS\r\n";
    let mut buf = RecvBuf::new(1000);
    assert_eq!(buf.push(input), input.len());
    let mut framer = Framer::responses(100);
    assert!(matches!(framer.find(&mut buf), Frame::Literal { size: 20, .. }));
    framer.skip(&mut buf);
    assert_eq!(framer.find(&mut buf), Frame::Skipped);
    framer.next();
    let Frame::Complete { len } = framer.find(&mut buf) else { panic!() };
    assert_eq!(buf.take(len).as_ref(), b"* 3 EXISTS\r\n");
}

#[test]
fn text_after_a_bare_code_announces_no_literal() {
    for line in [&b"* [ALERT] x {12}\r\n"[..], b"* COPYUID 1 2 3 x {12}\r\n"] {
        let mut buf = RecvBuf::new(1000);
        assert_eq!(buf.push(line), line.len());
        let found = Framer::responses(100).find(&mut buf);
        assert_eq!(found, Frame::Complete { len: line.len() });
    }
}

#[test]
fn a_name_has_one_spelling() {
    for wire in [&b"&AGE-"[..], b"&AOQ-&AOQ-", b"&AOQAYQ-"] {
        assert!(Mailbox::from_wire(wire).is_err(), "{}", wire.escape_ascii());
    }
    assert_eq!(Mailbox::from_wire(b"&AOQA5A-").unwrap().as_str(), "\u{e4}\u{e4}");
}

#[test]
fn delimiters_are_read_however_they_are_written() {
    for (line, delimiter) in [("* LIST () \"\\\" \"a\"\r\n", '\\'), ("* LIST () / a\r\n", '/')] {
        let (Response::List(item), _) = tolerant(line) else { panic!("{line}") };
        assert_eq!(item.delimiter, Delimiter::new(delimiter), "{line}");
    }
}
