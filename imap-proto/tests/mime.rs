//! ENVELOPE, BODYSTRUCTURE and sections of raw messages.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::cast_possible_truncation)]

use imap_proto::{
    mime::{MAX_DEPTH, MAX_PARTS, Plan, Structure, Summary, summarize},
    parse,
    types::{BodySection, Date, Part, Partial, Section, SectionText},
};

fn envelope(header: &str) -> String {
    let raw = header.replace('\n', "\r\n");
    let blob = summarize(raw.as_bytes());
    String::from_utf8(Summary::decode(&blob).unwrap().envelope().to_vec()).unwrap()
}

fn structure(raw: &str, extended: bool) -> String {
    let blob = summarize(raw.replace('\n', "\r\n").as_bytes());
    let summary = Summary::decode(&blob).unwrap();
    let text = if extended { summary.body_structure() } else { summary.body() };
    String::from_utf8(text.to_vec()).unwrap()
}

/// What a client's section text gives, or `None` for NIL.
fn section(raw: &[u8], text: &str, partial: Option<(u64, u64)>) -> Option<String> {
    let frame = format!("a FETCH 1 BODY[{text}]\r\n");
    let read = parse::command(frame.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e}"));
    let imap_proto::command::Command::Fetch { items, .. } = read.command else { panic!() };
    let wanted = items.sections().next().unwrap().clone();
    let wanted = match partial.and_then(|(offset, len)| Partial::new(offset, len)) {
        Some(partial) => wanted.with_partial(partial),
        None => wanted,
    };
    let blob = summarize(raw);
    let octets = match Summary::decode(&blob).unwrap().plan(&wanted) {
        Plan::Nil => return None,
        Plan::Octets(range) => raw[range.start as usize..range.end as usize].to_vec(),
        Plan::Fields(range, filter) => filter.apply(&raw[range.start as usize..range.end as usize]),
        _ => panic!(),
    };
    Some(String::from_utf8(octets).unwrap())
}

#[test]
fn an_envelope_has_ten_fields_and_defaults_of_rfc_3501_7_4_2() {
    let cases = [
        ("\n", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"),
        (
            "From: a@b.test\nSubject:\n\n",
            "(NIL \"\" ((NIL NIL \"a\" \"b.test\")) ((NIL NIL \"a\" \"b.test\")) \
             ((NIL NIL \"a\" \"b.test\")) NIL NIL NIL NIL NIL)",
        ),
        (
            "From: A <a@b.test>\nSender: S <s@b.test>\nReply-To:\nTo: x@y.test\n\n",
            "(NIL NIL ((\"A\" NIL \"a\" \"b.test\")) ((\"S\" NIL \"s\" \"b.test\")) \
             ((\"A\" NIL \"a\" \"b.test\")) ((NIL NIL \"x\" \"y.test\")) NIL NIL NIL NIL)",
        ),
        (
            "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n in two\n\tlines\nIn-Reply-To: <1@x>\n\
             Message-ID:  <2@x> \n\n",
            "(NIL \"=?utf-8?q?Gr=C3=BC=C3=9Fe?= in two lines\" NIL NIL NIL NIL NIL NIL \
             \"<1@x>\" \"<2@x>\")",
        ),
        (
            "Subject: say \"hi\" \\o/\n\n",
            "(NIL \"say \\\"hi\\\" \\\\o/\" NIL NIL NIL NIL NIL NIL NIL NIL)",
        ),
    ];
    for (header, expected) in cases {
        assert_eq!(envelope(header), expected, "{header}");
    }
}

#[test]
fn addresses_of_all_shapes_are_read() {
    let cases = [
        ("a@b", "((NIL NIL \"a\" \"b\"))"),
        ("Joe Q. Public <j@x>", "((\"Joe Q. Public\" NIL \"j\" \"x\"))"),
        ("\"Q, Joe\" <j@x>, k@y", "((\"Q, Joe\" NIL \"j\" \"x\")(NIL NIL \"k\" \"y\"))"),
        ("j@x (Joe (the) Q)", "((\"Joe (the) Q\" NIL \"j\" \"x\"))"),
        ("<@r1,@r2:j@x>", "((NIL \"@r1,@r2\" \"j\" \"x\"))"),
        (
            "Friends: a@x, B <b@y>;, c@z",
            "((NIL NIL \"Friends\" NIL)(NIL NIL \"a\" \"x\")(\"B\" NIL \"b\" \"y\")\
             (NIL NIL NIL NIL)(NIL NIL \"c\" \"z\"))",
        ),
        ("undisclosed-recipients:;", "((NIL NIL \"undisclosed-recipients\" NIL)(NIL NIL NIL NIL))"),
        ("nobody", "((NIL NIL \"nobody\" \"MISSING_DOMAIN\"))"),
        ("\"odd local\"@x", "((NIL NIL \"odd local\" \"x\"))"),
        ("a@[IPv6:::1]", "((NIL NIL \"a\" \"[IPv6:::1]\"))"),
        ("a . b @ x . test", "((NIL NIL \"a.b\" \"x.test\"))"),
        (", ,a@b,,", "((NIL NIL \"a\" \"b\"))"),
        ("<>", "((NIL NIL \"MISSING_MAILBOX\" \"MISSING_DOMAIN\"))"),
        ("Joe j@x", "((\"Joe\" NIL \"j\" \"x\"))"),
        ("\"unclosed <a@b>", "((NIL NIL \"unclosed <a\" \"b>\"))"),
    ];
    for (field, expected) in cases {
        let text = envelope(&format!("To: {field}\n\n"));
        let expected = format!("(NIL NIL NIL NIL NIL {expected} NIL NIL NIL NIL)");
        assert_eq!(text, expected, "{field}");
    }
}

#[test]
fn eight_bit_text_and_controls_become_literals_that_parse() {
    for subject in [&b"caf\xc3\xa9"[..], b"bell \x07", b"raw \xff octet", b"nul \0 gone"] {
        let raw = [b"Subject: ", subject, b"\r\nFrom: \xe9 <a@b>\r\n\r\n"].concat();
        let blob = summarize(&raw);
        let summary = Summary::decode(&blob).unwrap();
        let frame = [b"* 1 FETCH (ENVELOPE ", summary.envelope(), b")\r\n"].concat();
        let read = parse::response(&frame).unwrap();
        let text = format!("{read:?}");
        assert!(text.starts_with("Fetch(1, [Envelope("), "{text}");
        assert!(!summary.envelope().contains(&0));
    }
}

const MIXED: &str = "\
From: a@b
Content-Type: multipart/mixed; boundary=\"outer\"

preamble
--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

plain=20
--inner
Content-Type: text/html

<p>html</p>
--inner--
--outer
Content-Type: message/rfc822
Content-Disposition: inline

Subject: inside
From: in@side
Content-Type: multipart/mixed; boundary=deep

--deep
Content-Type: image/png; name=\"a.png\"
Content-ID: <img@x>
Content-Description: a picture
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename=\"a \\\"b\\\".png\"; size=3
Content-Language: en, de
Content-Location: http://x/y

AAAA
--deep

plain second
--deep--
--outer--
epilogue
";

#[test]
fn structures_nest_with_sizes_lines_and_extension_data() {
    assert_eq!(
        structure(MIXED, true),
        "(((\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"quoted-printable\" 8 0 NIL NIL NIL NIL)\
         (\"text\" \"html\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 11 0 NIL NIL NIL NIL) \"alternative\" (\"boundary\" \"inner\") NIL NIL NIL)\
         (\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 376 (NIL \"inside\" ((NIL NIL \"in\" \"side\")) ((NIL NIL \"in\" \"side\")) \
         ((NIL NIL \"in\" \"side\")) NIL NIL NIL NIL NIL) \
         ((\"image\" \"png\" (\"name\" \"a.png\") \"<img@x>\" \"a picture\" \"base64\" 4 NIL \
         (\"attachment\" (\"filename\" \"a \\\"b\\\".png\" \"size\" \"3\")) (\"en\" \"de\") \"http://x/y\")\
         (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 12 0 NIL NIL NIL NIL) \
         \"mixed\" (\"boundary\" \"deep\") NIL NIL NIL) 17 NIL (\"inline\" NIL) NIL NIL) \
         \"mixed\" (\"boundary\" \"outer\") NIL NIL NIL)"
    );
    assert!(!structure(MIXED, false).contains("attachment"));
    for extended in [true, false] {
        let name = if extended { "BODYSTRUCTURE" } else { "BODY" };
        let frame = format!("* 1 FETCH ({name} {})\r\n", structure(MIXED, extended));
        let text = format!("{:?}", parse::response(frame.as_bytes()).unwrap());
        assert!(text.contains("Multi"), "{text}");
    }
}

#[test]
fn sections_are_the_octets_that_the_numbers_name() {
    let raw = MIXED.replace('\n', "\r\n");
    let get = |text: &str| section(raw.as_bytes(), text, None);
    let some = |text: &str| Some(text.replace('\n', "\r\n"));
    assert_eq!(get(""), Some(raw.clone()));
    assert_eq!(get("1.1"), some("plain=20"));
    assert_eq!(get("1.2"), some("<p>html</p>"));
    assert_eq!(get("1.2.MIME"), some("Content-Type: text/html\n\n"));
    assert_eq!(get("2.HEADER.FIELDS (SUBJECT)"), some("Subject: inside\n\n"));
    assert_eq!(
        get("2.HEADER.FIELDS.NOT (Subject From)"),
        some("Content-Type: multipart/mixed; boundary=deep\n\n")
    );
    assert_eq!(get("2.1"), some("AAAA"));
    assert_eq!(get("2.2"), some("plain second"));
    assert_eq!(get("2.2.MIME"), some("\n"));
    assert_eq!(
        get("2.MIME"),
        some("Content-Type: message/rfc822\nContent-Disposition: inline\n\n")
    );
    assert!(get("2.TEXT").unwrap().starts_with("--deep\r\n"));
    assert!(get("1").unwrap().starts_with("--inner\r\n"));
    assert!(get("TEXT").unwrap().starts_with("preamble\r\n"));
    for missing in ["3", "1.3", "1.1.1", "1.1.HEADER", "1.HEADER", "1.TEXT", "2.3", "2.1.1"] {
        assert_eq!(get(missing), None, "{missing}");
    }
}

#[test]
fn a_message_without_parts_has_part_one() {
    let raw = b"Subject: x\r\n\r\nbody\r\n";
    assert_eq!(section(raw, "1", None).unwrap(), "body\r\n");
    assert_eq!(section(raw, "1.MIME", None).unwrap(), "Subject: x\r\n\r\n");
    assert_eq!(section(raw, "2", None), None);
    assert_eq!(section(raw, "1.1", None), None);
    assert_eq!(section(raw, "1.HEADER", None), None);
}

#[test]
fn partials_are_cut_from_the_section_and_never_beyond_it() {
    let raw = b"Subject: x\r\n\r\nbody\r\n";
    let get = |text, partial| section(raw, text, Some(partial)).unwrap();
    assert_eq!(get("", (0, 7)), "Subject");
    assert_eq!(get("TEXT", (1, 2)), "od");
    assert_eq!(get("TEXT", (4, 100)), "\r\n");
    assert_eq!(get("TEXT", (99, 1)), "");
    assert_eq!(get("HEADER.FIELDS (Subject)", (9, 100)), "x\r\n\r\n");
    assert_eq!(get("HEADER.FIELDS (Subject)", (99, 1)), "");
}

#[test]
fn malformed_messages_have_a_structure_that_parses() {
    let cases: [&[u8]; 14] = [
        b"",
        b"\r\n",
        b"no header at all",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\nnever used",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nno end",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x--\r\n",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x\r\n--x\r\n",
        b"Content-Type: message/rfc822\r\n\r\n",
        b"Content-Type: text\r\n\r\nx",
        b"Content-Type: ;;;\r\nContent-Disposition: ;\r\nContent-Language: ,\r\n\r\nx",
        b"Content-Type: text/plain; a; b=; =c; d=\"unclosed\r\n\r\nx",
        b"Content-Type: text/(comment (nested\r\n\r\nx",
        b"\xff\xfe: \x00\r\nSubject\x00: x\r\n\r\n\x00",
    ];
    for raw in cases {
        let blob = summarize(raw);
        let summary = Summary::decode(&blob).unwrap();
        for text in [summary.body(), summary.body_structure()] {
            let frame = [b"* 1 FETCH (BODYSTRUCTURE ", text, b")\r\n"].concat();
            let read = format!("{:?}", parse::response(&frame).unwrap());
            assert!(
                read.starts_with("Fetch(1, [BodyStructure("),
                "{}: {read}",
                text.escape_ascii()
            );
        }
    }
}

#[test]
fn depth_and_parts_are_bounded() {
    let mut deep = Vec::new();
    for i in 0..500 {
        deep.extend(
            format!("Content-Type: multipart/mixed; boundary=b{i}.\r\n\r\n--b{i}.\r\n").bytes(),
        );
    }
    let structure = Structure::of(&deep);
    assert!(structure.parts().len() <= MAX_DEPTH as usize + 1);
    let mut wide = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n".to_vec();
    for _ in 0..10_000 {
        wide.extend_from_slice(b"--b\r\n\r\n");
    }
    assert!(Structure::of(&wide).parts().len() <= MAX_PARTS);
    let nested = b"Content-Type: message/rfc822\r\n\r\n".repeat(500);
    let blob = summarize(&nested);
    assert!(Summary::decode(&blob).unwrap().structure().parts().len() <= MAX_DEPTH as usize + 1);
}

/// RFC 2046 §5.1.1: "an exact match of the entire candidate line is not required".
#[test]
fn a_delimiter_begins_a_line_and_need_not_fill_it() {
    let raw = "Content-Type: multipart/mixed; boundary=ab\n\n--ab\n\none\n--abc\n\n2\n\
               --ab  \n\nthree\nx--ab\n--ab--\n";
    let raw = raw.replace('\n', "\r\n");
    assert_eq!(section(raw.as_bytes(), "1", None).unwrap(), "one");
    assert_eq!(section(raw.as_bytes(), "2", None).unwrap(), "2");
    assert_eq!(section(raw.as_bytes(), "3", None).unwrap(), "three\r\nx--ab");
}

#[test]
fn of_several_boundaries_the_longest_is_meant() {
    let raw = "Content-Type: multipart/mixed; boundary=a\n\n--a\n\
               Content-Type: multipart/alternative; boundary=ab\n\n--ab\n\none\n--ab--\n--a\n\ntwo\n--a--\n";
    let raw = raw.replace('\n', "\r\n");
    assert_eq!(section(raw.as_bytes(), "1.1", None).unwrap(), "one");
    assert_eq!(section(raw.as_bytes(), "2", None).unwrap(), "two");
    assert!(section(raw.as_bytes(), "1.MIME", None).unwrap().ends_with("boundary=ab\r\n\r\n"));
    assert!(section(raw.as_bytes(), "1", None).unwrap().starts_with("--ab\r\n"));
}

#[test]
fn a_multipart_with_the_boundary_of_its_parent_has_its_parts_to_its_own_end() {
    let raw = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\
               Content-Type: multipart/alternative; boundary=b\n\n--b\n\none\n--b\n\ntwo\n--b--\n\
               \n--b\n\nthree\n--b--\n";
    let raw = raw.replace('\n', "\r\n");
    assert_eq!(section(raw.as_bytes(), "1.1", None).unwrap(), "one");
    assert_eq!(section(raw.as_bytes(), "1.2", None).unwrap(), "two");
    assert_eq!(section(raw.as_bytes(), "2", None).unwrap(), "three");
    assert_eq!(section(raw.as_bytes(), "3", None), None);
}

#[test]
fn a_delimiter_ends_a_part_in_the_middle_of_its_header() {
    let raw =
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nSubject: no end\n--b\n\ntwo\n--b--\n";
    let raw = raw.replace('\n', "\r\n");
    assert_eq!(section(raw.as_bytes(), "1", None).unwrap(), "");
    assert_eq!(section(raw.as_bytes(), "1.MIME", None).unwrap(), "Subject: no end");
    assert_eq!(section(raw.as_bytes(), "2", None).unwrap(), "two");
}

#[test]
fn a_boundary_may_be_an_extended_parameter_and_a_multipart_without_one_is_text() {
    let raw = "Content-Type: multipart/mixed; boundary*=us-ascii''a%20b\n\n--a b\n\none\n--a b--\n";
    assert_eq!(section(raw.replace('\n', "\r\n").as_bytes(), "1", None).unwrap(), "one");
    // RFC 2046 §5.1.1 and RFC 2045 §5.2.
    let raw = "Content-Type: multipart/mixed\n\n--b\n\none\n--b--\n";
    let plain = r#"("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 19 4)"#;
    assert_eq!(structure(raw, false), plain);
}

/// RFC 9051 §7.5.2, RFC 2231 §3 and §4.
#[test]
fn parameters_in_pieces_are_put_together() {
    let params = |text: &str| {
        let raw = format!("Content-Type: a/b; {text}\r\n\r\n");
        let body = structure(&raw, false);
        body.strip_prefix("(\"a\" \"b\" ").unwrap().split_once(" NIL NIL").unwrap().0.to_owned()
    };
    assert_eq!(params("baz*1=b; baz*0=a; baz*2=c"), r#"("baz" "abc")"#);
    assert_eq!(
        params("foo*0*=utf-8'en'%C3; foo*1*=%BC; foo*2=\"100%\"; name=x"),
        r#"("name" "x" "foo*" "utf-8'en'%C3%BC100%25")"#
    );
    assert_eq!(params("foo*=utf-8''%C3%BC; foo=u"), r#"("foo" "u" "foo*" "utf-8''%C3%BC")"#);
    assert_eq!(params("x*0=a; x*2*=c"), r#"("x*0" "a" "x*2*" "c")"#, "a piece is missing");
    assert_eq!(params("x*y=a; x**=b"), r#"("x*y" "a" "x**" "b")"#, "no such pieces");
}

#[test]
fn a_digest_holds_messages_by_default() {
    let raw = "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: in\n\nx\n--b--\n";
    assert!(structure(raw, false).starts_with("((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 16"));
    let raw = raw.replace('\n', "\r\n");
    assert_eq!(section(raw.as_bytes(), "1.HEADER", None).unwrap(), "Subject: in\r\n\r\n");
    assert_eq!(section(raw.as_bytes(), "1.1", None).unwrap(), "x");
}

#[test]
fn the_date_field_gives_its_day() {
    let day = |text: &str| {
        let blob = summarize(format!("Date: {text}\r\n\r\n").as_bytes());
        Summary::decode(&blob).unwrap().sent_date()
    };
    let expected = Date::new(1996, 7, 17);
    for text in [
        "Wed, 17 Jul 1996 02:23:25 -0700 (PDT)",
        "17 Jul 1996 02:23:25 -0700",
        "Wed,17 Jul 96 02:23 PDT",
        "Wed, 17-Jul-1996 02:23:25 GMT",
        "Wed, 17 JULY 1996",
    ] {
        assert_eq!(day(text), expected, "{text}");
    }
    for text in ["", "yesterday", "Wed, 32 Jul 1996 00:00", "17 Foo 1996", "1996-07-17"] {
        assert_eq!(day(text), None, "{text}");
    }
}

#[test]
fn a_blob_of_another_version_or_cut_short_does_not_decode() {
    let blob = summarize(MIXED.as_bytes());
    assert!(Summary::decode(&[]).is_none());
    assert!(Summary::decode(&[&[99], &blob[1..]].concat()).is_none());
    assert!(Summary::decode(&blob[..20]).is_none());
    let section =
        BodySection::new(Section::new(Part::new([1]).unwrap(), SectionText::Full).unwrap());
    for len in 0..blob.len() {
        if let Some(summary) = Summary::decode(&blob[..len]) {
            let _ = summary.plan(&section);
            let _ = summary.header();
        }
    }
}
