//! What the grammar refuses, a strict reader refuses; and a tolerant one says what was wrong.
#![allow(clippy::unwrap_used, clippy::panic)]

use core::num::NonZeroU32;

use imap_proto::{
    parse::{self, DeviationKind},
    response::{FetchData, RawItem, RawLine, Response},
    types::Code,
};

#[test]
fn responses_beyond_the_grammar_are_refused_and_told() {
    for line in [
        "* 0 EXPUNGE",
        "* 0 FETCH (UID 1)",
        "* 1 FETCH ()",
        "* 4294967296 EXISTS",
        "* 1 FETCH (UID 0)",
        "* 1 FETCH (MODSEQ (0))",
        "* 1 FETCH (MODSEQ (9223372036854775808))",
        "* 1 FETCH (RFC822.SIZE 9223372036854775808)",
        "* SEARCH 0",
        "* SEARCH (MODSEQ 5)",
        "* ESEARCH (TAG \"a\") MIN 0",
        "* ESEARCH (TAG \"a\") PARTIAL (1:-5 NIL)",
        "* ESEARCH (TAG \"a\") PARTIAL (0:5 NIL)",
        "* ESEARCH (TAG \"a\") RELEVANCY (0)",
        "* ESEARCH (TAG \"a\") RELEVANCY (101)",
        "* OK [UIDNEXT 0] x",
        "* OK [ X-CODE] x",
        "* OK [X-CODE ] x",
        "* OK [UNSEEN 0] x",
        "* OK [HIGHESTMODSEQ 0] x",
        "* OK [COPYUID 1 1:3 4:5] x",
        "* OK [BADEVENT ()] x",
        "* OK [BADCHARSET ()] x",
        "* OK [CAPABILITY] x",
        "* OK [MESSAGELIMIT 0] x",
        "* OK [INPROGRESS (\"a\" 1 0)] x",
        "* LANGUAGE ()",
        "* METADATA \"\" ()",
        "* CAPABILITY",
        "* NAMESPACE ((\"\" \"/\" \"X\" ())) NIL NIL",
        "* LIST (Foo) \"/\" a",
        "* LIST () \"\u{e9}\" a",
        "* LIST () \"/\" a (\"CHILDINFO\" ())",
        "* FLAGS (\\*)",
        "* STATUS x (MESSAGES 1 MESSAGES 2)",
        "* ESEARCH (TAG \"a\") MIN 1 MIN 2",
        "* 1 FETCH (ENVELOPE () UID 5)",
        "* 1 FETCH (BODYSTRUCTURE (\"TEXT\" \"PLAIN\" \"\" \"\" \"\" \"7BIT\" \"1\" \"1\") UID 5)",
        "* 1 FETCH (BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 1 1 NIL NIL ()) UID 5)",
        "* STATUS a (UIDNEXT 0)",
        "* LIST () \"/\" {1+}\r\na",
        "* LIST () \"/\" {1}\r\n\0",
    ] {
        let frame = format!("{line}\r\n");
        assert!(parse::response(frame.as_bytes()).is_err(), "{line}");
        if line.contains('{') {
            continue; // a tolerant reader takes literals as they come
        }
        let read = parse::tolerant_response(frame.as_bytes()).unwrap();
        assert!(!read.deviations.is_empty(), "{line}: {read:?}");
        if line.ends_with("UID 5)") {
            let Response::Fetch(_, items) = read.response else { panic!("{line}") };
            let whole = |item: &FetchData<'_>| !matches!(item, FetchData::Unknown(_));
            assert!(items.iter().all(whole), "{line}: {items:?}");
        }
    }
}

#[test]
fn commands_beyond_the_grammar_are_refused() {
    for line in [
        "a SELECT x ()",
        "a SEARCH RETURN (PARTIAL 1:5 PARTIAL 6:9) ALL",
        "a SELECT x (QRESYNC (1 2) QRESYNC (1 2))",
        "a SELECT x (QRESYNC (1 2 1:9 (1:2 5)))",
        "a UID FETCH 1 FLAGS (PARTIAL 1:2 PARTIAL 3:4)",
        "a UID FETCH 1 FLAGS (CHANGEDSINCE 1 CHANGEDSINCE 2)",
        "a UID FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED VANISHED)",
        "a SEARCH OLDER 0",
        "a SEARCH LARGER 9223372036854775808",
        "a LOGIN {1}\r\n\0 x",
        "a STORE 1 FLAGS (\\*)",
    ] {
        let frame = format!("{line}\r\n");
        assert!(parse::command(frame.as_bytes()).is_err(), "{line}");
    }
    // A NUL may be in a literal8, and clients may say `{n+}`.
    for line in ["a SETMETADATA \"\" (/shared/a ~{1}\r\n\0)", "a LOGIN {1+}\r\nx {1+}\r\ny"] {
        let frame = format!("{line}\r\n");
        assert!(parse::command(frame.as_bytes()).is_ok(), "{line}");
    }
}

#[test]
fn codes_with_blanks_in_their_brackets_are_codes_to_a_tolerant_reader() {
    for line in ["* OK [ UIDNEXT 7] x", "* OK [  UIDNEXT 7] x", "* OK [UIDNEXT 7 ] x"] {
        let frame = format!("{line}\r\n");
        let read = parse::tolerant_response(frame.as_bytes()).unwrap();
        let Response::Status { text, .. } = read.response else { panic!("{line}") };
        assert!(matches!(text.code, Some(Code::UidNext(n)) if n.get() == 7), "{line}: {text:?}");
        let kinds: Vec<_> = read.deviations.iter().map(|deviation| deviation.kind).collect();
        assert_eq!(kinds, [DeviationKind::ExtraSpace], "{line}");
    }
    // By the grammar this is a text, and a text that looks like a code is printed so.
    let read = parse::tolerant_response(b"* OK  [UIDNEXT 7] x\r\n").unwrap();
    let Response::Status { text, .. } = read.response else { panic!() };
    assert_eq!((text.code, &*text.text), (None, " [UIDNEXT 7] x"));
}

#[test]
fn what_is_not_known_can_be_made_and_only_as_it_would_be_read() {
    let item = RawItem::new(b"X-COLOR (\"blue\" 7)").unwrap();
    let response = Response::Fetch(
        NonZeroU32::MIN,
        imap_proto::types::OneOrMore::one(FetchData::Unknown(item)),
    );
    assert_eq!(response.print(), b"* 1 FETCH (X-COLOR (\"blue\" 7))\r\n");
    assert_eq!(parse::response(&response.print()), Ok(response));
    for bad in ["", "x", "UID 5", "X 1 Y 2", "X 1)\r\n* BYE (", "X {3}\r\nabc", "FLAGS ()"] {
        assert!(RawItem::new(bad.as_bytes()).is_none(), "{bad:?}");
    }
    for bad in ["", "* X", "* X\r\n* Y\r\n", "* 1 EXISTS\r\n", "a OK x\r\n", "* X {3}\r\n", "X\r\n"]
    {
        assert!(RawLine::new(bad.as_bytes()).is_none(), "{bad:?}");
    }
}

#[test]
fn no_literal_of_a_server_holds_a_nul() {
    let mail = Response::Metadata(
        imap_proto::types::Mailbox::new("a").unwrap(),
        imap_proto::types::OneOrMore::one((
            b"/shared/a".as_slice().into(),
            Some(b"\0".as_slice().into()),
        )),
    );
    assert_eq!(mail.print(), b"* METADATA \"a\" (\"/shared/a\" ~{1}\r\n\0)\r\n");
    let text = Response::JmapAccess(b"a\0b".as_slice().into());
    assert_eq!(text.print(), b"* JMAPACCESS {3}\r\na\x80b\r\n");
}

#[test]
fn whatever_a_value_holds_what_is_printed_is_grammar() {
    use imap_proto::{
        command::{Command, Literals, PrintOptions, Tagged},
        types::{OneOrMore, SearchKey, SearchQuery, Tag},
    };
    let item = FetchData::Size(u64::MAX);
    let sizes = Response::Fetch(NonZeroU32::MIN, OneOrMore::one(item));
    assert_eq!(sizes.print(), b"* 1 FETCH (RFC822.SIZE 9223372036854775807)\r\n");
    for command in [
        Command::Search { uid: true, query: SearchQuery::new(SearchKey::Larger(u64::MAX)) },
        Command::GetQuota(b"a\0b".as_slice().into()),
    ] {
        let tagged = Tagged::new(Tag::new("a").unwrap(), command);
        let printed = tagged.print(PrintOptions::new(Literals::Plus));
        assert!(parse::command(&printed.octets).is_ok(), "{}", printed.octets.escape_ascii());
    }
}
