//! Responses: octets to values and back; what servers say that they should not.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use imap_proto::{
    parse,
    response::{BodyStructure, FetchData, Response, Status},
    types::{Code, UidSet},
};

fn both_ways(input: &str) {
    let frame = format!("{input}\r\n");
    let read = parse::response(frame.as_bytes()).unwrap_or_else(|e| panic!("{input:?}: {e}"));
    assert!(!matches!(read, Response::Unknown(_)), "not understood: {input}");
    let printed = read.print();
    assert_eq!(String::from_utf8_lossy(&printed), frame);
    assert_eq!(parse::response(&printed).unwrap(), read);
}

#[test]
fn responses_of_rfc_3501_are_read_and_printed() {
    for response in [
        "* OK IMAP4rev1 server ready",
        "* OK [ALERT] System shutdown in 10 minutes",
        "* NO Disk is 98% full, please delete unnecessary data",
        "* BAD Empty command line",
        "* PREAUTH IMAP4rev1 server logged in as Smith",
        "* BYE Autologout; idle for too long",
        "* OK [UNSEEN 12] Message 12 is first unseen",
        "* OK [UIDVALIDITY 3857529045] UIDs valid",
        "* OK [UIDNEXT 4392] Predicted next UID",
        "* OK [PERMANENTFLAGS (\\Deleted \\Seen \\*)] Limited",
        "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready",
        "* NO [BADCHARSET (UTF-8 US-ASCII)] no",
        "A044 BAD No such command as \"BLURDYBLOOP\"",
        "a1 OK [READ-WRITE] SELECT completed",
        "a1 NO [TRYCREATE] no",
        "+ Ready for additional command text",
        "* CAPABILITY IMAP4rev1 STARTTLS AUTH=GSSAPI XPIG-LATIN",
        "* LIST (\\Noselect) \"/\" \"~/Mail/foo\"",
        "* LIST () NIL \"INBOX\"",
        "* LSUB () \".\" \"#news.comp.mail.misc\"",
        "* STATUS \"blurdybloop\" (MESSAGES 231 UIDNEXT 44292)",
        "* SEARCH 2 3 6",
        "* SEARCH",
        "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)",
        "* 23 EXISTS",
        "* 5 RECENT",
        "* 44 EXPUNGE",
        "* 23 FETCH (FLAGS (\\Seen) RFC822.SIZE 44827)",
        "* 12 FETCH (BODY[HEADER] {3}\r\na\r\n)",
    ] {
        if response.contains("{3}") {
            let frame = format!("{response}\r\n");
            let Ok(Response::Fetch(12, items)) = parse::response(frame.as_bytes()) else {
                panic!("{response}")
            };
            assert!(
                matches!(&items[0], FetchData::Section { octets: Some(o), .. } if o.len() == 3)
            );
            continue;
        }
        both_ways(response);
    }
}

#[test]
fn responses_of_extensions_are_read_and_printed() {
    for response in [
        "* ENABLED",
        "* ENABLED CONDSTORE",
        "* ID NIL",
        "* ID (\"name\" \"Cyrus\" \"version\" NIL)",
        "* ESEARCH (TAG \"A282\") MIN 2 COUNT 3",
        "* ESEARCH (TAG \"A283\") UID ALL 2,10:11",
        "a OK [APPENDUID 38505 3955] APPEND completed",
        "a OK [COPYUID 38505 304,319:320 3956:3958] Done",
        "* OK [CLOSED] Previous mailbox closed",
        "* OK [HIGHESTMODSEQ 715194045007] Highest",
        "* OK [NOMODSEQ] Sorry",
        "a OK [MODIFIED 7,9] Conditional STORE failed",
        "a NO [AUTHENTICATIONFAILED] Wrong",
        "a NO [OVERQUOTA] Too much",
        "a NO [X-OWN some text] see",
        "* 1 FETCH (UID 4 MODSEQ (624140003) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\")",
        "* STATUS \"a\" (SIZE 4294967296)",
    ] {
        both_ways(response);
    }
    let read = parse::response(b"a OK [COPYUID 1 304,319:320 3:5] x\r\n").unwrap();
    let Response::Tagged { status: Status::Ok, text, .. } = read else { panic!() };
    let from: UidSet = [304, 319, 320].into_iter().collect();
    assert_eq!(text.code, Some(Code::CopyUid(1, from, UidSet::range(3, 5))));
}

#[test]
fn the_envelope_and_structure_of_rfc_3501_are_read_and_printed() {
    both_ways(
        "* 12 FETCH (ENVELOPE (\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \
         \"IMAP4rev1 WG mtg summary and minutes\" \
         ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
         ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
         ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
         ((NIL NIL \"imap\" \"cac.washington.edu\")) \
         ((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\") (\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) \
         NIL NIL \"<B27397-0100000@cac.washington.edu>\"))"
            .replace(") (\"John", ")(\"John")
            .as_str(),
    );
    both_ways(
        "* 1 FETCH (BODY (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 3028 92))",
    );
    both_ways(
        "* 1 FETCH (BODYSTRUCTURE ((\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 1152 23 NIL NIL NIL NIL)\
         (\"APPLICATION\" \"PDF\" NIL \"<1>\" \"x\" \"BASE64\" 4554 \"md5\" \
         (\"attachment\" (\"filename\" \"x\")) (\"en\" \"de\") \"loc\") \"MIXED\" \
         (\"boundary\" \"b\") NIL NIL NIL))",
    );
}

#[test]
fn careless_servers_are_understood() {
    let items = |text: &str| {
        let frame = format!("* 1 FETCH {text}\r\n");
        match parse::response(frame.as_bytes()) {
            Ok(Response::Fetch(1, items)) => format!("{items:?}"),
            other => panic!("{text}: {other:?}"),
        }
    };
    assert!(items("(INTERNALDATE NIL FLAGS (\\Seen))").contains("Flags([Seen])"));
    assert!(items("(UID 5 )").contains("Uid(5)"));
    assert!(items("(UID 5  FLAGS ())").contains("Flags([])"));
    assert!(items("(X-GM-LABELS (\\Inbox \"a b\") UID 5)").contains("Uid(5)"));
    assert!(items("(BODYSTRUCTURE NIL UID 5)").contains("Uid(5)"));
    let both = items(
        "(BODY ((\"a\" \"b\" NIL NIL NIL NIL 1) (\"c\" \"d\" NIL NIL NIL \"7bit\" 2) \"mixed\"))",
    );
    assert!(both.contains("Multi"), "{both}");
    let childless = items("(BODYSTRUCTURE (\"multipart\" \"mixed\" NIL NIL NIL \"7bit\" 0))");
    assert!(childless.contains("Single"), "{childless}");
    for (text, expected) in [
        ("* OK\r\n", "text: \"\""),
        ("* OK \r\n", "text: \"\""),
        ("+\r\n", "Continue"),
        ("+OK\r\n", "Continue"),
        ("* STATUS x ()\r\n", "MailboxStatus"),
        ("* STATUS x (MESSAGES 1 ) \r\n", "Unknown"),
        ("* SEARCH 1 2 \r\n", "Search([1, 2])"),
        ("* SEARCH 1 2 (MODSEQ 917162500)\r\n", "Search([1, 2])"),
        ("* LIST (\\Marked) \"/\" a&b\r\n", "a&b"),
        ("* LIST () \"/\" x (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n", "List("),
        ("* FROB (1 (2 3)) {x\r\n", "Unknown"),
        ("* OK text {12}\r\n", "text {12}"),
        ("* CAPABILITY \r\n", "Capability([])"),
    ] {
        let read = parse::response(text.as_bytes()).unwrap_or_else(|e| panic!("{text:?}: {e}"));
        let read = format!("{read:?}");
        assert!(read.contains(expected), "{text:?}: {read}");
    }
    for text in ["", "\r\n", "a\r\n", "a FROB x\r\n", "a BYE x\r\n", "220 smtp ready\r\n"] {
        assert!(parse::response(text.as_bytes()).is_err(), "{text:?}");
    }
}

#[test]
fn deep_structures_do_not_overflow_the_stack() {
    let deep = format!("* 1 FETCH (BODY {})\r\n", "(".repeat(200_000));
    assert!(matches!(parse::response(deep.as_bytes()), Ok(Response::Unknown(_))));
    let deep = format!("* 1 FETCH (X {}{})\r\n", "(".repeat(100_000), ")".repeat(100_000));
    assert!(matches!(parse::response(deep.as_bytes()), Ok(Response::Unknown(_))));
}

#[test]
fn a_text_cannot_break_out_of_its_line() {
    use imap_proto::types::StatusText;
    let text =
        StatusText::new(Some(Code::Other("X".into(), Some("a]b".into()))), "one\r\n* BYE two");
    let printed = Response::Status { status: Status::Ok, text }.print();
    assert_eq!(printed, b"* OK [X] one  * BYE two\r\n");
    let text = StatusText::new(None, "[ALERT] not a code");
    let printed = Response::Status { status: Status::No, text }.print();
    let Ok(Response::Status { text, .. }) = parse::response(&printed) else { panic!() };
    assert_eq!(text.code, None);
}

#[test]
fn message_parts_know_their_message() {
    let frame = "* 1 FETCH (BODY (\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 9 \
        (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL) (\"text\" \"plain\" NIL NIL NIL \"7bit\" 1 1) 3))\r\n";
    let Ok(Response::Fetch(_, items)) = parse::response(frame.as_bytes()) else { panic!() };
    let FetchData::Body(body) = &items[0] else { panic!() };
    let BodyStructure::Single { message: Some((envelope, _)), lines: Some(3), .. } = &**body else {
        panic!("{body:?}")
    };
    assert_eq!(envelope.subject.as_deref(), Some(&b"s"[..]));
}
