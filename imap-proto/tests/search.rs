//! SEARCH: which messages match.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use imap_proto::{
    command::Command,
    parse,
    search::{Answer, Facts, Matcher},
    types::{Date, DateTime},
};

const RAW: &[u8] = b"Date: Wed, 17 Jul 1996 23:30:00 -0700\r\n\
From: =?iso-8859-1?q?J=F6rg?= <joerg@a.test>\r\n\
To: bob@b.test\r\n\
Subject: =?utf-8?b?R3LDvMOfZQ==?= =?utf-8?q?_aus_K=C3=B6ln?=\r\n\
X-Empty:\r\n\
Content-Type: multipart/mixed; boundary=b\r\n\
\r\n\
--b\r\n\
Content-Type: text/plain; charset=iso-8859-1\r\n\
Content-Transfer-Encoding: quoted-printable\r\n\
\r\n\
Caf=E9 au la=\r\nit\r\n\
--b\r\n\
Content-Type: text/plain; charset=utf-8\r\n\
Content-Transfer-Encoding: base64\r\n\
\r\n\
U3RyYcOfZQ==\r\n\
--b\r\n\
Content-Type: application/octet-stream\r\n\
Content-Transfer-Encoding: base64\r\n\
\r\n\
c2VjcmV0\r\n\
--b--\r\n";

struct Row {
    header: bool,
    message: bool,
}

impl Facts for Row {
    fn uid(&self) -> u32 {
        7
    }
    fn has_flag(&self, flag: &str) -> bool {
        ["\\Seen", "$Work"].iter().any(|f| f.eq_ignore_ascii_case(flag))
    }
    fn internal_date(&self) -> DateTime {
        parse::date_time(b"18-Jul-1996 01:00:00 +0200").unwrap()
    }
    fn size(&self) -> u64 {
        1000
    }
    fn mod_seq(&self) -> u64 {
        50
    }
    fn header(&self) -> Option<&[u8]> {
        self.header.then_some(RAW)
    }
    fn message(&self) -> Option<&[u8]> {
        self.message.then_some(RAW)
    }
}

fn answer(keys: &str, header: bool, message: bool) -> Answer {
    let frame = format!("a SEARCH {keys}\r\n");
    let read = parse::command(frame.as_bytes()).unwrap_or_else(|e| panic!("{keys}: {e}"));
    let Command::Search { query, .. } = read.command else { panic!() };
    let now = DateTime::new(837_644_400, 0).unwrap().unix();
    Matcher::new(&query, now).test(&Row { header, message })
}

fn matches(keys: &str) -> bool {
    match answer(keys, true, true) {
        Answer::Yes => true,
        Answer::No => false,
        needs => panic!("{keys}: {needs:?}"),
    }
}

#[test]
fn each_key_of_rfc_3501_matches_what_it_says() {
    for yes in [
        "ALL",
        "UID 5:9",
        "SEEN",
        "UNDELETED",
        "KEYWORD $work",
        "UNKEYWORD other",
        "LARGER 999",
        "SMALLER 1001",
        "ON 18-Jul-1996",
        "BEFORE 19-Jul-1996",
        "SINCE 18-Jul-1996",
        "SENTON 17-Jul-1996",
        "SENTBEFORE 18-Jul-1996",
        "SENTSINCE 17-Jul-1996",
        "FROM joerg@A.test",
        "TO bob",
        "HEADER X-Empty \"\"",
        "HEADER to \"b.TEST\"",
        "NOT DELETED",
        "OR DELETED SEEN",
        "(SEEN NOT FLAGGED)",
        "MODSEQ 50",
        "YOUNGER 7200",
        "BODY \"au lait\"",
        "TEXT \"multipart\"",
    ] {
        assert!(matches(yes), "{yes}");
    }
    for no in [
        "UID 1:6",
        "UNSEEN",
        "DELETED",
        "LARGER 1000",
        "SMALLER 1000",
        "SMALLER 0",
        "ON 17-Jul-1996",
        "BEFORE 18-Jul-1996",
        "SENTON 18-Jul-1996",
        "HEADER X-None \"\"",
        "CC x",
        "BODY \"Subject\"",
        "BODY secret",
        "OR DELETED FLAGGED",
        "SEEN FLAGGED",
        "MODSEQ 51",
        "OLDER 7200",
    ] {
        assert!(!matches(no), "{no}");
    }
}

#[test]
fn encoded_text_is_found_in_any_case() {
    let literal = |text: &str| format!("{{{}+}}\r\n{text}", text.len());
    for (key, text) in [
        ("SUBJECT", "grüße aus köln"),
        ("SUBJECT", "GRÜSSE"),
        ("FROM", "JÖRG"),
        ("BODY", "CAFÉ"),
        ("BODY", "strasse"),
        ("BODY", "STRAßE"),
        ("TEXT", "Grüße"),
        ("TEXT", "Café"),
        // Letter and mark, together or apart (RFC 5255 §4.3).
        ("BODY", "cafe\u{301}"),
        ("SUBJECT", "KO\u{308}LN"),
    ] {
        assert!(matches(&format!("CHARSET UTF-8 {key} {}", literal(text))), "{key} {text}");
    }
    assert!(!matches(&format!("SUBJECT {}", literal("Düsseldorf"))));
    assert!(!matches("SUBJECT {2+}\r\n\u{fffd}".replace("{2+}", "{3+}").as_str()));
}

#[test]
fn octets_that_are_no_text_match_nothing() {
    let read = parse::command(b"a SEARCH SUBJECT {1+}\r\n\xff\r\n").unwrap();
    let Command::Search { query, .. } = read.command else { panic!() };
    let row = Row { header: true, message: true };
    assert_eq!(Matcher::new(&query, 0).test(&row), Answer::No);
}

#[test]
fn no_more_is_asked_for_than_is_needed() {
    let cold = |keys: &str| answer(keys, false, false);
    assert_eq!(cold("SEEN SINCE 1-Jan-1990"), Answer::Yes);
    assert_eq!(cold("UNSEEN BODY x"), Answer::No, "the flag decides");
    assert_eq!(cold("OR SEEN BODY x"), Answer::Yes);
    assert_eq!(cold("SUBJECT x"), Answer::NeedsHeader);
    assert_eq!(cold("BODY x"), Answer::NeedsMessage);
    assert_eq!(cold("BODY x SUBJECT y"), Answer::NeedsHeader, "the lesser first");
    assert_eq!(cold("SENTON 17-Jul-1996"), Answer::NeedsHeader);
    assert_eq!(cold("NOT BODY x"), Answer::NeedsMessage);
    assert_eq!(answer("BODY caf SUBJECT nothing", true, false), Answer::No);
}

#[test]
fn a_query_by_uid_says_who_can_match() {
    let read = parse::command(b"a UID SEARCH UID 3:5 SEEN\r\n").unwrap();
    let Command::Search { query, .. } = read.command else { panic!() };
    let matcher = Matcher::new(&query, 0);
    assert_eq!(matcher.candidates().unwrap().to_string(), "3:5");
    assert!(Date::new(1996, 2, 30).is_none());
}

/// RFC 3464 §2: a report for programs is text, and its reader looks for what it says.
#[test]
fn the_text_of_a_delivery_report_belongs_to_the_body() {
    let report = b"Subject: Undelivered\r\n\
        Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
        --b\r\nContent-Type: message/delivery-status\r\n\r\n\
        Reporting-MTA: dns; mx.a.test\r\n\r\nFinal-Recipient: rfc822; bob@b.test\r\n\
        --b\r\nContent-Type: image/png\r\n\r\nFinal-Image\r\n--b--\r\n";
    let seen = |needle: &str| imap_proto::mime::decode_body(report, |text| text.contains(needle));
    assert!(seen("Final-Recipient: rfc822; bob@b.test"));
    assert!(!seen("Final-Image"));
}
