//! Responses: octets to values and back; what servers say that they should not.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use core::num::NonZeroU32;

use imap_proto::{
    parse::{self, DeviationKind},
    response::{BodyStructure, Completion, FetchData, Response, Status},
    types::{Atom, Code, CodeText, CopyUid, NonEmpty, OtherCode, UidSet},
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
            let Ok(Response::Fetch(_, items)) = parse::response(frame.as_bytes()) else {
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
        "* STATUS \"a\" (DELETED 3 HIGHESTMODSEQ 7 DELETED-STORAGE 9 APPENDLIMIT NIL MAILBOXID (F1))",
        "* STATUS \"a\" (APPENDLIMIT 257890)",
        "* SEARCH 2 5 6 (MODSEQ 917162500)",
        "* SORT 2 3 6",
        "* SORT",
        "* THREAD",
        "* THREAD (2)(3 6 (4 23)(44 7 96))",
        "* THREAD ((3)(5))",
        "* XLIST (\\HasNoChildren \\Inbox) \"/\" \"INBOX\"",
        "* LIST () \"/\" \"Foo\" (\"CHILDINFO\" (\"SUBSCRIBED\"))",
        "* LIST () \"/\" \"New\" (\"OLDNAME\" (\"Old\") \"vendor.x\" (1 (a b)))",
        "* NAMESPACE ((\"\" \"/\")) ((\"~\" \"/\")) ((\"#shared/\" \"/\")(\"#ftp/\" NIL))",
        "* NAMESPACE ((\"\" \"/\" \"X-PARAM\" (\"FLAG1\" \"FLAG2\"))) NIL NIL",
        "* VANISHED 405,407,410,425",
        "* VANISHED (EARLIER) 300:310,411",
        "* 7 UIDFETCH (FLAGS (\\Seen))",
        "* QUOTA \"\" (STORAGE 10 512)",
        "* QUOTAROOT \"INBOX\" \"\"",
        "* QUOTAROOT \"comp\"",
        "* ACL \"INBOX\" \"Fred\" \"rwipslda\"",
        "* LISTRIGHTS \"~/Mail/saved\" \"smith\" \"la\" \"r\" \"swicdkxte\"",
        "* MYRIGHTS \"INBOX\" \"rwiptsldaex\"",
        "* METADATA \"INBOX\" (\"/private/comment\" \"My own comment\" \"/shared/x\" NIL)",
        "* METADATA \"\" \"/shared/comment\" \"/private/comment\"",
        "* LANGUAGE (\"EN\" \"DE\" \"i-default\")",
        "* COMPARATOR \"i;unicode-casemap\"",
        "* COMPARATOR \"i;ascii\" (\"i;ascii\" \"i;octet\")",
        "* GENURLAUTH \"imap://joe@example.com/INBOX/;uid=20\"",
        "* URLFETCH \"imap://joe@example.com/INBOX/;uid=20\" NIL \"imap://x\" \"a\"",
        "* JMAPACCESS \"https://example.com/.s/[jmap]\"",
        "* ESEARCH (TAG \"A01\") UID PARTIAL (-1:-100 250:252)",
        "* ESEARCH (TAG \"A01\") PARTIAL (23500:24000 NIL)",
        "* ESEARCH (TAG \"a\" MAILBOX \"f1\" UIDVALIDITY 1) UID ALL 4001,4003 MODSEQ 9",
        "* ESEARCH (TAG \"B01\") UID ADDTO (0 32768:32769)",
        "* ESEARCH (TAG \"B01\") UID REMOVEFROM (0 32768) RELEVANCY (4 99) X-NEW (a b)",
        "a OK [NOTSAVED] x",
        "a NO [BADURL /INBOX;UIDVALIDITY=785799047/;UID=113330;section=1.5.9] x",
        "a NO [UNKNOWN-CTE] x",
        "a NO [COMPRESSIONACTIVE] x",
        "a NO [USEATTR] x",
        "a OK [METADATA LONGENTRIES 2199] x",
        "a NO [METADATA MAXSIZE 1024] x",
        "a NO [METADATA TOOMANY] x",
        "a NO [METADATA NOPRIVATE] x",
        "* OK [NOTIFICATIONOVERFLOW] x",
        "a NO [BADEVENT (FlagChange MessageNew)] x",
        "* NO [NOUPDATE \"B02\"] x",
        "a OK [MAILBOXID (F2212ea87-6097-4256-9d51-71338625)] x",
        "a OK [MESSAGELIMIT 1000 23221] x",
        "a BAD [UIDREQUIRED] x",
        "* OK [INPROGRESS (\"A001\" 454 1000)] x",
        "* OK [INPROGRESS] x",
        "* OK [INPROGRESS (NIL 4 NIL)] x",
        "a NO [BADCOMPARATOR] x",
        "a NO [UNDEFINED-FILTER on-the-road] x",
        "a NO [BADCHARSET (utf-8 \"a]b\" \"x y\")] x",
        "* 1 FETCH (BINARY[1.2] NIL BINARY.SIZE[3] 12 BINARY[]<5> \"ab\")",
        "* 1 FETCH (PREVIEW NIL SAVEDATE NIL THREADID NIL EMAILID (M1) UID 4)",
        "* 1 FETCH (PREVIEW \"x\" SAVEDATE \"17-Jul-1996 02:44:25 -0700\" THREADID (T6))",
        "* 1 FETCH (X-GM-MSGID 18446744073709551615 X-GM-THRID 2 X-GM-LABELS (\"\\\\Inbox\" \"a b\"))",
    ] {
        both_ways(response);
    }
    let read = parse::response(b"a OK [COPYUID 1 304,319:320 3:5] x\r\n").unwrap();
    let Response::Tagged { status: Completion::Ok, text, .. } = read else { panic!() };
    let from = NonEmpty::list([304, 319, 320].into_iter().collect()).unwrap();
    let to = NonEmpty::list(UidSet::range(3, 5).into()).unwrap();
    assert_eq!(text.code, CopyUid::new(NonZeroU32::MIN, from, to).map(Code::CopyUid));
    // The order tells which copy is whose, and what SORT has found.
    both_ways("a OK [COPYUID 1 5,3 1:2] x");
    both_ways("* ESEARCH (TAG \"a\") UID ALL 23765,23764,23763,23761:23762,2");
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
        match parse::tolerant_response(frame.as_bytes()).map(|read| read.response) {
            Ok(Response::Fetch(NonZeroU32::MIN, items)) => format!("{items:?}"),
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
        ("* STATUS x (MESSAGES 1 ) \r\n", "messages: Some(1)"),
        ("* SEARCH 1 2 \r\n", "numbers: [1, 2]"),
        ("* LIST (\\Marked) \"/\" a&b\r\n", "a&b"),
        ("* LIST () \"/\" x (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n", "List("),
        ("* FROB (1 (2 3)) {x\r\n", "Unknown"),
        ("* OK text {12}\r\n", "text {12}"),
        ("* CAPABILITY \r\n", "Unknown"),
    ] {
        let read =
            parse::tolerant_response(text.as_bytes()).unwrap_or_else(|e| panic!("{text:?}: {e}"));
        let read = format!("{:?}", read.response);
        assert!(read.contains(expected), "{text:?}: {read}");
    }
    for text in ["", "a\r\n", "a FROB x\r\n", "a BYE x\r\n", "220 smtp ready\r\n"] {
        assert!(parse::response(text.as_bytes()).is_err(), "{text:?}");
        assert!(parse::tolerant_response(text.as_bytes()).is_err(), "{text:?}");
    }
}

#[test]
fn deep_structures_do_not_overflow_the_stack() {
    let deep = format!("* 1 FETCH (BODY {})\r\n", "(".repeat(200_000));
    let tolerated = |deep: &str| {
        assert!(parse::response(deep.as_bytes()).is_err());
        let read = parse::tolerant_response(deep.as_bytes()).unwrap();
        matches!(read.response, Response::Unknown(_))
            && read.deviations[0].kind == DeviationKind::Malformed
    };
    assert!(tolerated(&deep));
    let deep = format!("* THREAD {}1{}\r\n", "(".repeat(100_000), ")".repeat(100_000));
    assert!(tolerated(&deep));
    // What is not known is kept, however deep it nests.
    let deep = format!("* 1 FETCH (X {}{})\r\n", "(".repeat(100_000), ")".repeat(100_000));
    let Ok(Response::Fetch(NonZeroU32::MIN, items)) = parse::response(deep.as_bytes()) else {
        panic!()
    };
    assert!(matches!(items.as_slice(), [FetchData::Unknown(_)]));
}

#[test]
fn a_text_cannot_break_out_of_its_line() {
    use imap_proto::types::StatusText;
    assert!(CodeText::new("a]b").is_none() && CodeText::new("a\r\n* BYE").is_none());
    let code = OtherCode::new(Atom::new("X").unwrap(), CodeText::new("a b")).map(Code::Other);
    let text = StatusText::new(code, "one\r\n* BYE two");
    let printed = Response::Status { status: Status::Ok, text }.print();
    assert_eq!(printed, b"* OK [X a b] one  * BYE two\r\n");
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
    let BodyStructure::Single { message: Some((envelope, _)), lines: Some(3), .. } = body.to_tree()
    else {
        panic!("{body:?}")
    };
    assert_eq!(envelope.subject.as_deref(), Some(&b"s"[..]));
    let (envelope, inner) = body.message().unwrap();
    assert_eq!(envelope.subject().as_deref(), Some(&b"s"[..]));
    assert_eq!(
        (&*inner.kind(), &*inner.subtype(), inner.size()),
        (&b"text"[..], &b"plain"[..], Some(1))
    );
}

#[test]
fn deviations_are_named_and_strict_refuses_them() {
    use DeviationKind::*;
    for (text, kind, expected) in [
        ("* 23 EXISTS \r\n", ExtraSpace, "Exists(23)"),
        ("* 1 FETCH (UID 5 )\r\n", ExtraSpace, "[Uid(5)]"),
        ("* 1 FETCH (UID 5  FLAGS ())\r\n", ExtraSpace, "Flags([])"),
        ("* 1 FETCH (FLAGS (\\Seen ) UID 5)\r\n", ExtraSpace, "Uid(5)"),
        ("* 1 FETCH(UID 5)\r\n", MissingSpace, "Uid(5)"),
        ("* 1 FETCH (FLAGS(\\Seen)UID 5)\r\n", MissingSpace, "Flags([Seen]), Uid(5)"),
        ("* STATUS x(MESSAGES 1)\r\n", MissingSpace, "messages: Some(1)"),
        ("* OK\r\n", MissingText, "text: \"\""),
        ("+\r\n", MissingText, "Continue"),
        ("* OK [ALERT]\r\n", MissingText, "Alert"),
        ("* STATUS x ()\r\n", EmptyStatus, "MailboxStatus"),
        ("* FLAGS (\\*)\r\n", BadFlag, "Flags([])"),
        ("* OK caf\u{e9}\r\n", RawOctets, "caf"),
        ("* COPYUID 1 2 3\r\n", BareCode, "CopyUid(CopyUid { validity: 1"),
        ("* 0 FETCH (UID 1)\r\n", ZeroNumber, "Unnumbered([Uid(1)])"),
        ("* 0 EXPUNGE\r\n", ZeroNumber, "Unknown"),
        ("* 4294967296 EXISTS\r\n", BadNumber, "Unknown"),
        ("* OK [UIDNEXT 0] x\r\n", ZeroNumber, "name: \"UIDNEXT\", text: Some(\"0\")"),
        ("* SEARCH 0 2\r\n", ZeroNumber, "numbers: [2]"),
        ("* 1 FETCH (MODSEQ (0) UID 2)\r\n", ZeroNumber, "Uid(2)"),
        ("* 1 FETCH ()\r\n", MissingField, "Unknown"),
        ("* 1 FETCH (UID 0)\r\n", ZeroNumber, "Unknown(RawItem(\"UID 0\"))"),
        ("* 1 FETCH (INTERNALDATE NIL UID 5)\r\n", BadDate, "Uid(5)"),
        ("* 1 FETCH (INTERNALDATE \"yesterday\" UID 5)\r\n", BadDate, "Uid(5)"),
        ("* ID (name x)\r\n", UnquotedString, "Id("),
        ("* 1 FETCH (RFC822.SIZE -1)\r\n", BadNumber, "Size(0)"),
        ("* 1 FETCH (BODYSTRUCTURE NIL UID 5)\r\n", Malformed, "Uid(5)"),
        ("* LIST () \"/\" a&b\r\n", BadMailbox, "a&b"),
        (
            "* 1 FETCH (RFC822.SIZE 99999999999999999999)\r\n",
            BadNumber,
            "Size(9223372036854775807)",
        ),
        (
            "* OK [X-MOVED [Gmail]/a] done\r\n",
            BracketInCode,
            "name: \"X-MOVED\", text: Some(\"[Gmail]/a\")",
        ),
        ("* 1 FETCH (ENVELOPE (NIL \"s\" NIL NIL NIL NIL))\r\n", MissingField, "Envelope"),
        (
            "* 1 FETCH (ENVELOPE (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL NIL))\r\n",
            ExtraField,
            "Envelope",
        ),
        ("* 1 FETCH (BODYSTRUCTURE ( \"mixed\"))\r\n", ChildlessMultipart, "BodyStructure"),
        ("* STATUS x (MESSAGES y)\r\n", Malformed, "Unknown"),
        (
            "* 1 FETCH (BODY ((\"a\" \"b\" NIL NIL NIL \"7bit\" 1) (\"c\" \"d\" NIL NIL NIL \"7bit\" 2) \"mixed\"))\r\n",
            ExtraSpace,
            "Multi",
        ),
        (
            "* 1 FETCH (BODY (\"multipart\" \"mixed\" NIL NIL NIL \"7bit\" 0))\r\n",
            ChildlessMultipart,
            "Single",
        ),
        ("* 1 FETCH (BODY (\"a\" \"b\" NIL NIL NIL NIL 1))\r\n", NilForString, "Single"),
        ("* 1 FETCH (BODY (\"a\" \"b\" \"\" NIL NIL \"7bit\" 1))\r\n", StringForNil, "Single"),
        ("* 1 FETCH (BODY (\"text\" \"b\" NIL NIL NIL \"7bit\" 1))\r\n", MissingField, "Single"),
        (
            "* 1 FETCH (ENVELOPE (NIL \"a \"b\" c\" NIL NIL NIL NIL NIL NIL NIL NIL))\r\n",
            RawQuote,
            "Envelope",
        ),
    ] {
        let frame: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let read = parse::tolerant_response(&frame).unwrap_or_else(|e| panic!("{text:?}: {e}"));
        let kinds: Vec<_> = read.deviations.iter().map(|deviation| deviation.kind).collect();
        assert!(kinds.contains(&kind), "{text:?}: {kinds:?}");
        assert!(read.deviations.iter().all(|deviation| deviation.offset <= frame.len()));
        let shown = format!("{:?}", read.response);
        assert!(shown.contains(expected), "{text:?}: {shown}");
        assert!(parse::response(&frame).is_err(), "strict: {text:?}");
    }
}

#[test]
fn what_the_grammar_allows_is_no_deviation() {
    for text in [
        "* OK \r\n",
        "* OK [ALERT] \r\n",
        "* exists 3\r\n",
        "* 3 exists\r\n",
        "* XFOO (1 2\r\n",
        "* 1 FETCH (X-NEW (a \"b\") UID 5)\r\n",
        "* 1 FETCH (BODY[TEXT] {2}\r\nab ENVELOPE ({1}\r\nd {1}\r\ns NIL NIL NIL NIL NIL NIL NIL NIL))\r\n",
        "a NO [X-OWN any text] x\r\n",
    ] {
        let strict = parse::response(text.as_bytes()).unwrap_or_else(|e| panic!("{text:?}: {e}"));
        let read = parse::tolerant_response(text.as_bytes()).unwrap();
        assert_eq!((read.response, read.deviations), (strict, Vec::new()), "{text:?}");
    }
}

#[test]
fn views_give_what_the_tree_has() {
    let frame = "* 1 FETCH (ENVELOPE (\"d\" {1}\r\ns ((\"n\" NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) NIL NIL \
        ((NIL NIL \"t\" \"u\")) NIL NIL \"<r>\" \"<i>\") BODYSTRUCTURE ((\"text\" \"plain\" (\"charset\" \"x\") \
        NIL NIL \"8bit\" 7 1)(\"image\" \"png\" NIL NIL NIL \"base64\" 9) \"mixed\" (\"b\" \"c\") NIL NIL))\r\n";
    let Ok(Response::Fetch(_, items)) = parse::response(frame.as_bytes()) else { panic!() };
    let [FetchData::Envelope(envelope), FetchData::BodyStructure(body)] = items.as_slice() else {
        panic!("{items:?}")
    };
    let tree = envelope.to_tree();
    assert_eq!(envelope.date(), tree.date);
    assert_eq!(envelope.subject(), tree.subject);
    assert_eq!(envelope.from().collect::<Vec<_>>(), tree.from);
    assert_eq!(envelope.from().count(), 2);
    assert_eq!(envelope.sender().count(), 0);
    assert_eq!(envelope.to().collect::<Vec<_>>(), tree.to);
    assert_eq!(envelope.in_reply_to(), tree.in_reply_to);
    assert_eq!(envelope.message_id(), tree.message_id);
    let built = imap_proto::response::EnvelopeView::from_tree(&tree);
    assert_ne!(built.as_wire(), envelope.as_wire(), "a literal became a quoted string");
    assert_eq!(&built, envelope);
    assert!(body.is_multipart());
    let parts: Vec<_> = body.parts().collect();
    assert_eq!(parts.len(), 2);
    assert_eq!((&*body.subtype(), body.params().len()), (&b"mixed"[..], 1));
    assert_eq!((&*parts[0].encoding(), parts[0].params().len()), (&b"8bit"[..], 1));
    assert_eq!((&*parts[1].subtype(), parts[1].size()), (&b"png"[..], Some(9)));
    let built = imap_proto::response::BodyView::from_tree(&body.to_tree(), true);
    assert_eq!(&built, body);
}
