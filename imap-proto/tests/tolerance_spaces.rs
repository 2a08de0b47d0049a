//! Spaces, codes and ends of lists where careless servers put them: what is read, and that it is told.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use core::num::NonZeroU32;

use imap_proto::{
    frame::{Frame, Framer},
    parse::{self, DeviationKind},
    response::Response,
};
use mailwire::RecvBuf;

#[test]
fn doubled_and_misplaced_spaces_are_passed_over_and_told() {
    for (careless, right) in [
        ("* 1 FETCH  (UID 3)", "* 1 FETCH (UID 3)"),
        ("*  1 FETCH (UID  3)", "* 1 FETCH (UID 3)"),
        ("* SEARCH 1  2", "* SEARCH 1 2"),
        ("* SEARCH 1 2 ", "* SEARCH 1 2"),
        ("* CAPABILITY IMAP4rev1  X ", "* CAPABILITY IMAP4rev1 X"),
        ("* ENABLED  X", "* ENABLED X"),
        ("* LIST () \"/\"  \"x\"", "* LIST () \"/\" \"x\""),
        ("* STATUS x  (MESSAGES 3)", "* STATUS \"x\" (MESSAGES 3)"),
        ("* STATUS x (MESSAGES  3)", "* STATUS \"x\" (MESSAGES 3)"),
        ("* ID ( \"a\"  \"b\" )", "* ID (\"a\" \"b\")"),
        ("* NAMESPACE ((\"\" \"/\") ) NIL NIL", "* NAMESPACE ((\"\" \"/\")) NIL NIL"),
        ("* ESEARCH (TAG \"a\")  UID  ALL 5", "* ESEARCH (TAG \"a\") UID ALL 5"),
        ("A0  OK done", "A0 OK done"),
        ("* 1 FETCH (BODY[]{3}\r\nabc FLAGS ())", "* 1 FETCH (BODY[] \"abc\" FLAGS ())"),
        ("* OK [COPYUID 1  2 3] x", "* OK [COPYUID 1 2 3] x"),
    ] {
        let frame = format!("{careless}\r\n");
        assert!(parse::response(frame.as_bytes()).is_err(), "strict: {careless}");
        let read = parse::tolerant_response(frame.as_bytes()).unwrap();
        assert!(!read.deviations.is_empty(), "{careless}");
        let frame = format!("{right}\r\n");
        assert_eq!(read.response, parse::response(frame.as_bytes()).unwrap(), "{careless}");
    }
}

#[test]
fn what_can_be_read_of_a_fetch_is() {
    for line in ["* 1 FETCH (UID 3) extra", "* 1 FETCH (UID 3", "* 1 FETCH (UID 3 (ENVELOPE NIL))"]
    {
        let frame = format!("{line}\r\n");
        let read = parse::tolerant_response(frame.as_bytes()).unwrap();
        let Response::Fetch(NonZeroU32::MIN, items) = &read.response else {
            panic!("{line}: {read:?}")
        };
        assert!(format!("{items:?}").starts_with("[Uid(3)"), "{line}: {items:?}");
        assert!(read.deviations.iter().any(|d| d.kind == DeviationKind::Malformed), "{line}");
    }
}

#[test]
fn a_known_code_that_does_not_fit_is_told() {
    for code in ["UIDVALIDITY 4294967296", "PERMANENTFLAGS \\Seen", "APPENDUID 1 x", "UIDNEXT"] {
        let frame = format!("* OK [{code}] x\r\n");
        assert!(parse::response(frame.as_bytes()).is_err(), "strict: {code}");
        let read = parse::tolerant_response(frame.as_bytes()).unwrap();
        assert_eq!(read.deviations[0].kind, DeviationKind::Malformed, "{code}");
        assert_eq!(read.response.print(), frame.as_bytes(), "kept as it came");
    }
    let unknown = parse::tolerant_response(b"* OK [X-NEW 1 2] x\r\n").unwrap();
    assert!(unknown.deviations.is_empty(), "what is not known always fits");
}

#[test]
fn text_is_text_whatever_stands_before_it() {
    for line in [
        "* OK x {12}",
        "*  OK x {12}",
        "* OK[ALERT] x {3}",
        "* NO\tx {5}",
        "a  OK x {9}",
        "+ x {1}",
    ] {
        let mut buf = RecvBuf::new(1000);
        buf.push(format!("{line}\r\n* 3 EXISTS\r\n").as_bytes());
        let mut framer = Framer::responses(1000);
        assert_eq!(framer.find(&mut buf), Frame::Complete { len: line.len() + 2 }, "{line}");
    }
}

#[test]
fn dates_quotes_numbers_and_nil_as_careless_servers_write_them() {
    use DeviationKind::{BadDate, Malformed, NilForString, RawQuote, StringForNil};
    let date = "* 1 FETCH (INTERNALDATE \"17-Jul-1996 02:44:25 +0000\" UID 3)";
    for (careless, right, kind) in [
        ("* 1 FETCH (INTERNALDATE \"17-Jul-1996 02:44:25\" UID 3)", date, BadDate),
        ("* 1 FETCH (INTERNALDATE \"Wed, 17 Jul 1996 02:44:25 +0000\" UID 3)", date, BadDate),
        ("* 1 FETCH (INTERNALDATE \"17-Jul-1996 02:44:25 GMT\" UID 3)", date, BadDate),
        ("* 1 FETCH (INTERNALDATE \"17-Jul-96 2:44:25 +0000\" UID 3)", date, BadDate),
        ("* 1 FETCH (INTERNALDATE \"1996-07-17T02:44:25Z\" UID 3)", date, BadDate),
        (
            "* 1 FETCH (INTERNALDATE \"1996-07-17 04:44:25 +02:00\" UID 3)",
            "* 1 FETCH (INTERNALDATE \"17-Jul-1996 04:44:25 +0200\" UID 3)",
            BadDate,
        ),
        ("* LIST () \"/\" \"a \"b\" c\"", "* LIST () \"/\" \"a \\\"b\\\" c\"", RawQuote),
        ("* ID (\"name\" \"a \"b\" c\")", "* ID (\"name\" \"a \\\"b\\\" c\")", RawQuote),
        ("* 1 FETCH (UID \"7\" FLAGS ())", "* 1 FETCH (UID 7 FLAGS ())", StringForNil),
        ("* 1 FETCH (FLAGS NIL UID 7)", "* 1 FETCH (FLAGS () UID 7)", NilForString),
        ("* 1 FETCH (MODSEQ 5 UID 7)", "* 1 FETCH (MODSEQ (5) UID 7)", Malformed),
        (
            "* 1 FETCH (MODSEQ ( 5 ) UID 7)",
            "* 1 FETCH (MODSEQ (5) UID 7)",
            DeviationKind::ExtraSpace,
        ),
    ] {
        let frame = format!("{careless}\r\n");
        assert!(parse::response(frame.as_bytes()).is_err(), "strict: {careless}");
        let read = parse::tolerant_response(frame.as_bytes()).unwrap();
        assert_eq!(read.deviations.first().map(|d| d.kind), Some(kind), "{careless}");
        let frame = format!("{right}\r\n");
        assert_eq!(read.response, parse::response(frame.as_bytes()).unwrap(), "{careless}");
    }
    let hopeless =
        parse::tolerant_response(b"* 1 FETCH (INTERNALDATE \"yesterday\" UID 3)\r\n").unwrap();
    assert_eq!(hopeless.deviations[0].kind, BadDate);
    let Response::Fetch(NonZeroU32::MIN, items) = hopeless.response else { panic!() };
    assert_eq!(items.len(), 2, "kept as it came, and the rest is read");
}
