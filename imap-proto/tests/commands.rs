//! Commands: octets to values and back, and octets that are no commands.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use imap_proto::{
    command::{Append, AppendMessage, Command, Literals, MessageLiteral, PrintOptions, Tagged},
    parse::{self, AppendEvent, CommandErrorKind, LiteralHolds},
    types::{FetchItem, Names, SearchKey, Tag},
};

/// Parses, prints, and compares with what is expected (the same, if nothing is said).
fn both_ways(input: &str, printed: Option<&str>) {
    let frame = format!("a {input}\r\n");
    let read = parse::command(frame.as_bytes()).unwrap_or_else(|e| panic!("{input:?}: {e}"));
    let again = read.print(PrintOptions::new(Literals::Plus));
    let text = String::from_utf8_lossy(&again.octets).into_owned();
    let expected = format!("a {}\r\n", printed.unwrap_or(input));
    assert_eq!(text, expected, "{input}");
    let reread = parse::command(&again.octets).unwrap_or_else(|e| panic!("{text:?}: {e}"));
    assert_eq!(read.command, reread.command, "{input}");
}

#[test]
fn commands_of_rfc_3501_are_read_and_printed() {
    for command in [
        "CAPABILITY",
        "NOOP",
        "LOGOUT",
        "STARTTLS",
        "AUTHENTICATE GSSAPI",
        "LOGIN SMITH SESAME",
        "SELECT INBOX",
        "EXAMINE blurdybloop",
        "CREATE owatagusiam/blurdybloop",
        "DELETE blurdybloop",
        "RENAME blurdybloop sarasoop",
        "SUBSCRIBE #news.comp.mail.mime",
        "UNSUBSCRIBE #news.comp.mail.mime",
        "LIST \"\" \"\"",
        "LIST \"~/Mail/\" \"%\"",
        "LSUB \"#news.\" \"comp.mail.*\"",
        "STATUS blurdybloop (UIDNEXT MESSAGES)",
        "CHECK",
        "CLOSE",
        "EXPUNGE",
        "SEARCH FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"",
        "STORE 2:4 +FLAGS (\\Deleted)",
        "COPY 2:4 MEETING",
        "UID FETCH 4827313:4828442 (FLAGS)",
        "UID STORE 1 -FLAGS.SILENT (\\Seen $Forwarded)",
        "APPEND saved-messages (\\Seen) {310}",
        "APPEND saved-messages (\\Seen) \" 7-Feb-1994 21:52:25 -0800\" {310+}",
    ] {
        match command {
            _ if command.starts_with("SEARCH") => {
                both_ways(command, Some("SEARCH FLAGGED SINCE 1-Feb-1994 NOT FROM Smith"));
            }
            _ if command.starts_with("APPEND") => {
                let frame = format!("a {command}\r\n");
                let (_, head, events) = parse::AppendReader::start(frame.as_bytes()).unwrap();
                let [AppendEvent::Message { flags, date }, AppendEvent::Literal { size, sync, .. }] =
                    &events[..]
                else {
                    panic!("{events:?}")
                };
                let mut message = AppendMessage::new(MessageLiteral::to_come(*size));
                (message.flags, message.date) = (flags.clone(), *date);
                let append = Command::Append(Append::message(head.mailbox, message));
                let literals = if *sync { Literals::Sync } else { Literals::Plus };
                let printed = Tagged::new(Tag::new(head.tag).unwrap(), append)
                    .print(PrintOptions::new(literals));
                assert_eq!(printed.octets, format!("{frame}\r\n").as_bytes());
                assert_eq!((printed.gaps[0].at, printed.gaps[0].len), (frame.len(), *size));
            }
            _ => both_ways(command, None),
        }
    }
}

#[test]
fn commands_of_extensions_are_read_and_printed() {
    for command in [
        "ID NIL",
        "ID (\"name\" \"sodr\" \"version\" NIL)",
        "ENABLE CONDSTORE X-GOOD-IDEA",
        "NAMESPACE",
        "UNSELECT",
        "IDLE",
        "UID EXPUNGE 3000:3002",
        "MOVE 42:69 foo",
        "UID MOVE 42:69 foo",
        "CREATE MySent (USE (\\Sent \\Drafts))",
        "SELECT INBOX (CONDSTORE)",
        "AUTHENTICATE PLAIN dGVzdAB0ZXN0AHRlc3Q=",
        "AUTHENTICATE EXTERNAL =",
        "LIST (SUBSCRIBED REMOTE RECURSIVEMATCH) \"\" (\"*\" \"x\")",
        "LIST (SPECIAL-USE) \"\" (\"*\") RETURN (SUBSCRIBED CHILDREN SPECIAL-USE STATUS (MESSAGES SIZE))",
        "SEARCH RETURN (MIN MAX ALL COUNT) ALL",
        "UID SEARCH CHARSET UTF-8 OR YOUNGER 259200 OLDER 7",
        "FETCH 1:* (FLAGS MODSEQ) (CHANGEDSINCE 12345)",
        "UID STORE 6,4,8 (UNCHANGEDSINCE 12121230045) +FLAGS.SILENT (\\Deleted)",
        "SEARCH MODSEQ 620162338",
    ] {
        let printed = command.replace("6,4,8", "4,6,8");
        both_ways(command, Some(&printed));
    }
}

#[test]
fn other_spellings_mean_the_same() {
    for (input, printed) in [
        ("noop", "NOOP"),
        ("uid fetch 1 flags", "UID FETCH 1 (FLAGS)"),
        ("FETCH 1 FAST", "FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE)"),
        ("FETCH 1 ALL", "FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)"),
        ("FETCH 1 FULL", "FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY)"),
        ("FETCH 5:2,1 UID", "FETCH 1:5 (UID)"),
        ("FETCH *:4 UID", "FETCH 4:* (UID)"),
        ("STORE 1 FLAGS \\Seen \\deleted", "STORE 1 FLAGS (\\Seen \\Deleted)"),
        ("SELECT inbox", "SELECT INBOX"),
        ("SELECT \"Entw&APw-rfe\"", "SELECT Entw&APw-rfe"),
        ("SELECT {5}\r\nINBOX", "SELECT INBOX"),
        ("LOGIN \"a\\\"b\\\\\" {3+}\r\nx y", "LOGIN \"a\\\"b\\\\\" \"x y\""),
        ("LIST \"\" *", "LIST \"\" \"*\""),
        ("search return () all", "SEARCH RETURN () ALL"),
        ("SEARCH UNSEEN NEW OLD", "SEARCH NOT SEEN (RECENT NOT SEEN) NOT RECENT"),
        ("SEARCH (OR (1:2 SEEN) (TEXT x))", "SEARCH (OR (1:2 SEEN) (TEXT x))"),
        ("SEARCH BEFORE \"01-Feb-1994\"", "SEARCH BEFORE 1-Feb-1994"),
        (
            "FETCH 1 BODY.PEEK[header.fields (\"A B\" c)]<0.10>",
            "FETCH 1 (BODY.PEEK[HEADER.FIELDS (\"A B\" c)]<0.10>)",
        ),
        (
            "FETCH 1 (RFC822 rfc822.header RFC822.TEXT)",
            "FETCH 1 (RFC822 RFC822.HEADER RFC822.TEXT)",
        ),
        ("FETCH 1 BODY[1.2.MIME]", "FETCH 1 (BODY[1.2.MIME])"),
        ("LOGIN caf\u{e9} x", "LOGIN {5+}\r\ncaf\u{e9} x"),
    ] {
        if input.contains('\u{e9}') {
            // 8-bit characters are no atom; they can stand in a quoted string or a literal.
            assert!(parse::command(format!("a {input}\r\n").as_bytes()).is_err());
            both_ways("LOGIN {5}\r\ncaf\u{e9} x", Some(printed));
            continue;
        }
        both_ways(input, Some(printed));
    }
}

#[test]
fn the_tag_is_known_even_if_the_command_is_not() {
    let cases: [(&str, Option<&str>, CommandErrorKind); 9] = [
        ("a FROB\r\n", Some("a"), CommandErrorKind::Unknown),
        ("a UID FROB\r\n", Some("a"), CommandErrorKind::Unknown),
        ("a UID\r\n", Some("a"), CommandErrorKind::Unknown),
        ("a SELECT\r\n", Some("a"), CommandErrorKind::Arguments),
        ("a NOOP x\r\n", Some("a"), CommandErrorKind::Arguments),
        ("a NOOP \r\n", Some("a"), CommandErrorKind::Arguments),
        ("\r\n", None, CommandErrorKind::Tag),
        ("a\r\n", None, CommandErrorKind::Tag),
        ("+ NOOP\r\n", None, CommandErrorKind::Tag),
    ];
    for (input, tag, kind) in cases {
        let error = parse::command(input.as_bytes()).unwrap_err();
        assert_eq!((error.tag, error.kind), (tag, kind), "{input:?}");
    }
}

#[test]
fn what_the_grammar_refuses_is_refused() {
    for input in [
        "FETCH 0 FLAGS",
        "FETCH 4294967296 FLAGS",
        "FETCH 1, FLAGS",
        "FETCH 1 ()",
        "FETCH 1 BODY[MIME]",
        "FETCH 1 BODY[0]",
        "FETCH 1 BODY[]<1.0>",
        "FETCH 1 BODY[HEADER.FIELDS ()]",
        "FETCH 1 (ALL)",
        "FETCH 1 FLAGS UID",
        "STORE 1 FLAGS (\\Recent)",
        "STORE 1 FLAGS (\\*)",
        "STORE 1 FLAGS (a b",
        "SEARCH",
        "SEARCH ()",
        "SEARCH OR SEEN",
        "SEARCH ON 31-Feb-2000",
        "SEARCH ON 1-Feb-94",
        "SEARCH FROB",
        "LIST (RECURSIVEMATCH) \"\" \"*\"",
        "LIST \"\" ()",
        "STATUS INBOX ()",
        "SELECT \"unclosed",
        "SELECT \"a\\x\"",
        "SELECT a&b",
        "SELECT \"a\tb\"",
        "LOGIN onlyuser",
        "ID (\"a\")",
        "ENABLE",
        "CREATE x (USE (Frob))",
        "APPEND INBOX \"not a date\" {3}",
    ] {
        let frame = format!("a {input}\r\n");
        assert!(parse::command(frame.as_bytes()).is_err(), "{input}");
    }
    assert!(parse::command(b"a NOOP\0\r\n").is_err());
    assert!(parse::command(b"a LOGIN a {9}\r\nshort\r\n").is_err());
}

#[test]
fn an_append_head_is_known_from_other_literals() {
    let head = |text: &str| {
        let (_, _, events) = parse::AppendReader::start(text.as_bytes())?;
        match events[..] {
            [AppendEvent::Message { .. }, AppendEvent::Literal { size, .. }] => Some(size),
            _ => None,
        }
    };
    assert_eq!(head("a APPEND INBOX {310}\r\n"), Some(310));
    assert_eq!(head("a append {5}\r\nINBOX (\\Seen) {0+}\r\n"), Some(0));
    assert_eq!(head("a APPEND {0}\r\n"), None, "this is the mailbox's");
    assert_eq!(head("a APPEND {5}\r\n"), None);
    assert_eq!(head("a APPEND INBOX ~{5}\r\n"), Some(5), "literal8 of BINARY");
    assert_eq!(head("a UID REPLACE 4 INBOX {5}\r\n"), Some(5));
    assert_eq!(head("a LOGIN INBOX {5}\r\n"), None);
}

#[test]
fn deep_search_keys_are_refused_and_wide_ones_are_not() {
    let deep = format!("a SEARCH {}ALL{}\r\n", "(".repeat(100_000), ")".repeat(100_000));
    assert!(parse::command(deep.as_bytes()).is_err());
    let deep = format!("a SEARCH {}ALL\r\n", "NOT ".repeat(100_000));
    assert!(parse::command(deep.as_bytes()).is_err());
    let wide = format!("a SEARCH{}\r\n", " SEEN".repeat(10_000));
    let read = parse::command(wide.as_bytes()).unwrap();
    let Command::Search { query, .. } = read.command else { panic!() };
    assert!(matches!(query.key, SearchKey::And(keys) if keys.len() == 10_000));
}

#[test]
fn reading_sets_seen_unless_it_peeks() {
    for (items, seen) in [
        ("BODY[]", true),
        ("BODY.PEEK[]", false),
        ("RFC822", true),
        ("RFC822.TEXT", true),
        ("RFC822.HEADER", false),
        ("(FLAGS BODY)", false),
    ] {
        let frame = format!("a FETCH 1 {items}\r\n");
        let read = parse::command(frame.as_bytes()).unwrap();
        let Command::Fetch { items, .. } = read.command else { panic!() };
        assert_eq!(items.sets_seen(), seen, "{items:?}");
        assert!(!items.contains(&FetchItem::Envelope));
    }
}

#[test]
fn passwords_are_not_shown() {
    let read = parse::command(b"a LOGIN tim secret\r\n").unwrap();
    let shown = format!("{read:?} {:?}", read.print(PrintOptions::default()));
    assert!(!shown.contains("secret") && shown.contains("***"), "{shown}");
}

#[test]
fn synchronizing_literals_say_where_to_wait() {
    let read = parse::command(b"a LOGIN {4}\r\n\xc3\xa9ab {3}\r\n\xc3\xa9x\r\n").unwrap();
    let printed = read.print(PrintOptions::default());
    assert_eq!(printed.octets, b"a LOGIN {4}\r\n\xc3\xa9ab {3}\r\n\xc3\xa9x\r\n");
    assert_eq!(printed.waits, [13, 23]);
    assert!(read.print(PrintOptions::new(Literals::Plus)).waits.is_empty());
}

#[test]
fn messages_are_read_and_printed_whole() {
    for command in [
        "APPEND INBOX {3+}\r\nabc",
        "APPEND INBOX (\\Seen) \" 7-Feb-1994 21:52:25 -0800\" ~{3+}\r\na\0c",
        "APPEND INBOX {1+}\r\na (\\Draft) {1+}\r\nb {0+}\r\n",
        "APPEND INBOX UTF8 (~{3+}\r\nabc)",
        "APPEND Drafts (\\Seen) CATENATE (URL /Drafts;UID=20/;section=HEADER TEXT {3+}\r\nabc)",
        "APPEND Drafts CATENATE (URL x) {1+}\r\na CATENATE (TEXT {0+}\r\n UTF8 (~{1+}\r\nb))",
        "REPLACE 4 Drafts (\\Seen) {3+}\r\nabc",
        "REPLACE * Drafts {3+}\r\nabc",
        "UID REPLACE 2000 Drafts CATENATE (URL x)",
        "UID FETCH $ (FLAGS)",
        "COPY $ Sent",
    ] {
        both_ways(command, None);
    }
    for refused in [
        "APPEND INBOX",
        "APPEND INBOX (\\Recent) {1+}\r\na",
        "APPEND INBOX UTF8 ({1+}\r\na)",
        "APPEND INBOX CATENATE ()",
        "APPEND INBOX CATENATE (URL)",
        "REPLACE 1:2 INBOX {1+}\r\na",
        "REPLACE 0 INBOX {1+}\r\na",
        "REPLACE 1 INBOX {1+}\r\na {1+}\r\nb",
        "FETCH $,1 FLAGS",
        "FETCH 1,$ FLAGS",
    ] {
        assert!(parse::command(format!("a {refused}\r\n").as_bytes()).is_err(), "{refused}");
    }
}

#[test]
fn a_message_is_read_around_its_literals() {
    let line = b"a APPEND INBOX (\\Seen) CATENATE (URL x TEXT {3}\r\n";
    let (mut reader, head, events) = parse::AppendReader::start(line).unwrap();
    assert_eq!((head.tag, head.mailbox.as_str(), head.replace), ("a", "INBOX", None));
    assert!(matches!(
        &events[..],
        [
            AppendEvent::Message { .. },
            AppendEvent::Url(_),
            AppendEvent::Literal { size: 3, sync: true, binary: false, holds: LiteralHolds::Text },
        ]
    ));
    let events = reader.next(b" UTF8 (~{4+}\r\n").unwrap();
    assert!(matches!(
        events[..],
        [AppendEvent::Literal {
            size: 4,
            sync: false,
            binary: true,
            holds: LiteralHolds::Utf8Text
        }]
    ));
    let events = reader.next(b") URL {5}\r\n").unwrap();
    assert!(matches!(events[..], [AppendEvent::Literal { holds: LiteralHolds::Url, .. }]));
    let events = reader.next(b") CATENATE (URL y) {0}\r\n").unwrap();
    assert_eq!(events.len(), 4, "{events:?}");
    assert_eq!(reader.next(b"\r\n"), Ok(vec![AppendEvent::End]));
    assert_eq!(reader.next(b"\r\n").unwrap_err().offset, 0, "it is over");
    let (mut reader, head, _) = parse::AppendReader::start(b"a UID REPLACE * x {1}\r\n").unwrap();
    assert!(head.replace.is_some_and(|replaced| replaced.uid && replaced.number.is_none()));
    assert!(reader.clone().next(b" {1}\r\n").is_err(), "one message");
    assert_eq!(reader.next(b"\r\n"), Ok(vec![AppendEvent::End]));
}

#[test]
fn literals_are_chosen_by_what_the_server_takes() {
    let frame =
        [b"a LOGIN {4}\r\n\xc3\xa9ab {5000}\r\n".to_vec(), vec![b'x'; 5000], b"\r\n".to_vec()];
    let frame = frame.concat();
    let read = parse::command(&frame).unwrap();
    let minus = read.print(PrintOptions::new(Literals::Minus));
    assert!(minus.octets.starts_with(b"a LOGIN {4+}\r\n\xc3\xa9ab "));
    let read = parse::command(b"a LOGIN {4}\r\n\xc3\xa9ab \"\"\r\n").unwrap();
    let utf8 = read.print(PrintOptions::default().utf8());
    assert_eq!(utf8.octets, b"a LOGIN \"\xc3\xa9ab\" \"\"\r\n");
    assert!(utf8.waits.is_empty());
    let read = parse::command(b"a SELECT Entw&APw-rfe\r\n").unwrap();
    let utf8 = read.print(PrintOptions::default().utf8());
    assert_eq!(utf8.octets, "a SELECT \"Entw\u{fc}rfe\"\r\n".as_bytes());
    assert_eq!(parse::command_in(&utf8.octets, Names::Utf8).unwrap(), read);
}
