//! Headers edited as they stream by, and trace fields.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use proptest::{collection::vec, prelude::*, sample::select};
use smtp_proto::{
    ForwardPath, Mailbox, ReversePath,
    header::{HeaderFilter, field, header_of},
    trace::{Date, Received, ReturnPath, With},
};

/// Runs a message through a filter that a submission server would use.
fn submit(message: &[u8]) -> (Vec<u8>, usize) {
    submit_in(&[message])
}

fn submit_in(pieces: &[&[u8]]) -> (Vec<u8>, usize) {
    let mut filter = HeaderFilter::new();
    filter.remove("Bcc");
    filter.require("Date", "today");
    let mut all = Vec::new();
    for piece in pieces {
        let mut out = Vec::new(); // the filter must not look at what it has written before
        filter.push(piece, &mut out);
        all.append(&mut out);
    }
    let mut out = Vec::new();
    filter.finish(&mut out);
    all.append(&mut out);
    (all, filter.received())
}

#[track_caller]
fn becomes(message: &str, expected: &str) {
    let (filtered, _) = submit(message.as_bytes());
    assert_eq!(String::from_utf8_lossy(&filtered), expected);
}

#[test]
fn bcc_is_taken_out_with_its_folded_lines_in_any_case_and_as_often_as_it_stands() {
    becomes(
        "To: a\r\nBCC: x,\r\n y,\r\n\tz\r\nDate: d\r\nbcc : w\r\nBcc:\r\nSubject: s\r\n\r\nBcc: body\r\n",
        "To: a\r\nDate: d\r\nSubject: s\r\n\r\nBcc: body\r\n",
    );
}

#[test]
fn fields_that_only_resemble_it_stay() {
    let message =
        "X-Bcc: x\r\nBccc: y\r\nResent-Bcc: z\r\nDate: d\r\nSubject: a\r\n Bcc: folded\r\n\r\n";
    becomes(message, message);
}

#[test]
fn a_missing_field_is_added_at_the_end_of_the_header() {
    becomes("To: a\r\n\r\nBody\r\n", "To: a\r\nDate: today\r\n\r\nBody\r\n");
    becomes("To: a\r\nDATE: d\r\n\r\nBody\r\n", "To: a\r\nDATE: d\r\n\r\nBody\r\n");
}

#[test]
fn a_message_without_header_or_without_body_gets_what_is_missing() {
    becomes("", "Date: today\r\n");
    becomes("\r\nBody\r\n", "Date: today\r\n\r\nBody\r\n");
    becomes("To: a\r\n", "To: a\r\nDate: today\r\n");
    becomes("To: a", "To: a\r\nDate: today\r\n");
    becomes("Bcc: a", "Date: today\r\n");
    becomes(
        "Just text\r\nand more: text\r\n",
        "Date: today\r\n\r\nJust text\r\nand more: text\r\n",
    );
    becomes("Hello", "Date: today\r\n\r\nHello");
    becomes(" folded first\r\n", "Date: today\r\n\r\n folded first\r\n");
}

#[test]
fn a_line_that_is_no_field_begins_the_body() {
    becomes(
        "To: a\r\nno field here\r\nX: y\r\n",
        "To: a\r\nDate: today\r\n\r\nno field here\r\nX: y\r\n",
    );
}

#[test]
fn the_from_line_of_a_mailbox_file_is_dropped_and_a_from_field_is_not() {
    becomes("From a@b Thu Jan  1 00:00:00 1970\r\nDate: d\r\n\r\n", "Date: d\r\n\r\n");
    becomes("From: a@b\r\nDate: d\r\n\r\n", "From: a@b\r\nDate: d\r\n\r\n");
    becomes("From : a@b\r\nDate: d\r\n\r\n", "From : a@b\r\nDate: d\r\n\r\n");
    becomes("Date: d\r\n\r\nFrom here on\r\n", "Date: d\r\n\r\nFrom here on\r\n");
}

#[test]
fn a_long_field_name_does_not_end_the_header() {
    let message = format!("X-{}: y\r\nBcc: z\r\nDate: d\r\n\r\n", "x".repeat(500));
    becomes(&message, &message.replace("Bcc: z\r\n", ""));
}

#[test]
fn received_fields_of_the_header_are_counted() {
    let message =
        "Received: a\r\n b\r\nreceived: c\r\nX-Received: d\r\nDate: d\r\n\r\nReceived: e\r\n";
    assert_eq!(submit(message.as_bytes()).1, 2);
}

#[test]
fn a_required_value_cannot_add_fields() {
    let mut filter = HeaderFilter::new();
    filter.require("Message-ID", "<a@b>\r\nBcc: eve");
    let mut out = Vec::new();
    filter.finish(&mut out);
    assert_eq!(out, b"Message-ID: <a@b>??Bcc: eve\r\n");
}

fn message_piece() -> impl Strategy<Value = &'static str> {
    select(vec![
        "Bcc",
        "bcc: x",
        "Date: d",
        "Received: r",
        "From a@b 00:00",
        ":",
        " ",
        "\t",
        "\r\n",
        "\r\n",
        "\r\n\r\n",
        "\n",
        "\r",
        "To: a\r\n",
        "folded",
        "é",
        "\0",
        "Bcc: x\r\n y\r\n",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn it_does_not_matter_how_a_message_is_cut(
        pieces in vec(message_piece(), 0..25), cuts in vec(1usize..9, 1..40)
    ) {
        let message = pieces.concat().into_bytes();
        let whole = submit(&message);
        let mut cut = Vec::new();
        let mut rest = message.as_slice();
        for n in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, tail) = rest.split_at((*n).min(rest.len()));
            cut.push(piece);
            rest = tail;
        }
        prop_assert_eq!(submit_in(&cut), whole);
    }

    #[test]
    fn no_bcc_is_left_and_a_second_run_changes_nothing(pieces in vec(message_piece(), 0..25)) {
        let (once, _) = submit(pieces.concat().as_bytes());
        for line in once.split_inclusive(|&octet| octet == b'\n') {
            if line.trim_ascii().is_empty() {
                break;
            }
            let name = line.split(|&octet| octet == b':').next().unwrap_or_default();
            prop_assert!(!name.trim_ascii_end().eq_ignore_ascii_case(b"bcc"), "{:?}", line);
        }
        let twice = submit(&once).0;
        prop_assert_eq!(String::from_utf8_lossy(&twice), String::from_utf8_lossy(&once));
    }
}

#[test]
fn a_field_is_unfolded_and_the_first_counts() {
    let header = b"A: 1\r\nB: two\r\n\tparts \r\nB: later\r\nC:\r\n d\r\n";
    assert_eq!(field(header, "b").as_deref(), Some("two\tparts"));
    assert_eq!(field(header, "C").as_deref(), Some("d"));
    assert_eq!(field(header, "two"), None);
    assert_eq!(field(b"", "A"), None);
}

#[test]
fn the_header_ends_before_the_first_empty_line() {
    for (message, header) in [
        ("A: 1\r\n\r\nx\r\n\r\ny", "A: 1\r\n"),
        ("A: 1\r\n", "A: 1\r\n"),
        ("\r\nx\r\n\r\n", ""),
        ("", ""),
    ] {
        assert_eq!(header_of(message.as_bytes()), header.as_bytes());
    }
}

// RFC 5321 §4.4 and RFC 3848

#[test]
fn dates_are_those_of_the_calendar() {
    for (seconds, text) in [
        (0, "Thu, 1 Jan 1970 00:00:00 +0000"),
        (951_782_399, "Mon, 28 Feb 2000 23:59:59 +0000"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"),
        (951_868_800, "Wed, 1 Mar 2000 00:00:00 +0000"),
        (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 +0000"),
        (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 +0000"),
        (4_107_542_400, "Mon, 1 Mar 2100 00:00:00 +0000"),
        (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 +0000"),
        (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 +0000"),
        (u64::MAX, "Fri, 31 Dec 9999 23:59:59 +0000"),
    ] {
        assert_eq!(Date::from_unix(seconds).to_string(), text);
    }
}

fn received<'a>(client_name: &'a str, recipient: Option<&'a ForwardPath<'a>>) -> Received<'a> {
    Received {
        client_name,
        client_ip: Some("2001:db8::1".parse().unwrap()),
        host: "mx.example.org",
        with: With::new(true, true, true),
        id: "1",
        recipient,
        date: Date::from_unix(0),
    }
}

#[test]
fn a_received_field_names_a_single_recipient() {
    let bob = ForwardPath::Mailbox(Mailbox::parse("bob@example.org").unwrap());
    assert_eq!(
        received("[192.0.2.1]", Some(&bob)).to_string(),
        "Received: from [192.0.2.1] ([IPv6:2001:db8::1])\r\n\tby mx.example.org with ESMTPSA id 1\r\n\
         \tfor <bob@example.org>;\r\n\tThu, 1 Jan 1970 00:00:00 +0000\r\n"
    );
}

#[test]
fn a_client_cannot_write_more_than_a_word_into_it() {
    let text = received("x (evil)\r\nBcc: eve; \u{e9}\"", None).to_string();
    assert!(text.starts_with("Received: from x??evil???Bcc:?eve????"), "{text}");
    assert!(received("", None).to_string().starts_with("Received: from unknown ("));
}

#[test]
fn the_protocol_says_extended_tls_and_authenticated() {
    let with = |extended, tls, auth| With::new(extended, tls, auth).to_string();
    assert_eq!(with(false, false, false), "SMTP");
    assert_eq!(with(true, false, false), "ESMTP");
    assert_eq!(with(true, true, false), "ESMTPS");
    assert_eq!(with(true, false, true), "ESMTPA");
    assert_eq!(with(true, true, true), "ESMTPSA");
    // RFC 6531 §4.3.
    let with = |tls, auth| With::new(true, tls, auth).smtp_utf8(true).to_string();
    assert_eq!(with(false, false), "UTF8SMTP");
    assert_eq!(with(true, false), "UTF8SMTPS");
    assert_eq!(with(false, true), "UTF8SMTPA");
    assert_eq!(with(true, true), "UTF8SMTPSA");
    let lmtp = |tls, utf8| With::new(true, tls, tls).smtp_utf8(utf8).lmtp(true).to_string();
    assert_eq!([lmtp(false, false), lmtp(true, false)], ["LMTP", "LMTPSA"]);
    assert_eq!([lmtp(false, true), lmtp(true, true)], ["UTF8LMTP", "UTF8LMTPSA"]);
}

#[test]
fn a_return_path_is_the_reverse_path() {
    let from = ReversePath::Mailbox(Mailbox::parse("\"a b\"@x.example").unwrap());
    assert_eq!(ReturnPath(&from).to_string(), "Return-Path: <\"a b\"@x.example>\r\n");
}
