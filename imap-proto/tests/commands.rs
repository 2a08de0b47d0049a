//! Commands: octets to values and back, and octets that are no commands.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use imap_proto::{
    command::{Command, Tagged},
    parse::{self, CommandErrorKind},
    types::{FetchItem, SearchKey},
};

/// Parses, prints, and compares with what is expected (the same, if nothing is said).
fn both_ways(input: &str, printed: Option<&str>) {
    let frame = format!("a {input}\r\n");
    let read = parse::command(frame.as_bytes()).unwrap_or_else(|e| panic!("{input:?}: {e}"));
    let again = read.print(true);
    let text = String::from_utf8_lossy(&again.octets).into_owned();
    let expected = format!("a {}\r\n", printed.unwrap_or(input));
    assert_eq!(text, expected, "{input}");
    if !matches!(read.command, Command::Append(_)) {
        let reread = parse::command(&again.octets).unwrap_or_else(|e| panic!("{text:?}: {e}"));
        assert_eq!(read.command, reread.command, "{input}");
    }
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
        "SEARCH FLAGGED SINCE 1-Feb-1994 NOT HEADER From \"Smith\"",
        "STORE 2:4 +FLAGS (\\Deleted)",
        "COPY 2:4 MEETING",
        "UID FETCH 4827313:4828442 (FLAGS)",
        "UID STORE 1 -FLAGS.SILENT (\\Seen $Forwarded)",
        "APPEND saved-messages (\\Seen) {310}",
        "APPEND saved-messages (\\Seen) \" 7-Feb-1994 21:52:25 -0800\" {310+}",
    ] {
        match command {
            _ if command.starts_with("SEARCH") => {
                both_ways(command, Some("SEARCH FLAGGED SINCE 1-Feb-1994 NOT HEADER From Smith"));
            }
            _ if command.starts_with("APPEND") => {
                let frame = format!("a {command}\r\n");
                let (tag, append) = parse::append_head(frame.as_bytes()).unwrap();
                let printed = Tagged::new(tag, Command::Append(append)).print(true);
                assert_eq!(printed.octets, frame.as_bytes());
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
        ("SEARCH RETURN () ALL", "SEARCH RETURN (ALL) ALL"),
        ("SEARCH UNSEEN NEW OLD", "SEARCH NOT SEEN (RECENT NOT SEEN) NOT RECENT"),
        ("SEARCH (OR (1:2 SEEN) (TEXT x))", "SEARCH OR (1:2 SEEN) TEXT x"),
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
        "CREATE x (USE (\\Frob))",
        "APPEND INBOX \"not a date\" {3}",
        "APPEND INBOX {3}\r\nabc",
    ] {
        let frame = format!("a {input}\r\n");
        assert!(parse::command(frame.as_bytes()).is_err(), "{input}");
    }
    assert!(parse::command(b"a NOOP\0\r\n").is_err());
    assert!(parse::command(b"a LOGIN a {9}\r\nshort\r\n").is_err());
}

#[test]
fn an_append_head_is_known_from_other_literals() {
    let head = |text: &str| parse::append_head(text.as_bytes()).map(|(_, a)| a.size);
    assert_eq!(head("a APPEND INBOX {310}\r\n"), Some(310));
    assert_eq!(head("a append {5}\r\nINBOX (\\Seen) {0+}\r\n"), Some(0));
    assert_eq!(head("a APPEND {0}\r\n"), None, "this is the mailbox's");
    assert_eq!(head("a APPEND {5}\r\n"), None);
    assert_eq!(head("a APPEND INBOX ~{5}\r\n"), None, "literal8 is of BINARY");
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
    let shown = format!("{read:?} {:?}", read.print(false));
    assert!(!shown.contains("secret") && shown.contains("***"), "{shown}");
}

#[test]
fn synchronizing_literals_say_where_to_wait() {
    let read = parse::command(b"a LOGIN {4}\r\n\xc3\xa9ab {3}\r\n\xc3\xa9x\r\n").unwrap();
    let printed = read.print(false);
    assert_eq!(printed.octets, b"a LOGIN {4}\r\n\xc3\xa9ab {3}\r\n\xc3\xa9x\r\n");
    assert_eq!(printed.waits, [13, 23]);
    assert!(read.print(true).waits.is_empty());
}
