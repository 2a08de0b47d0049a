//! RFC 3464 (delivery status notifications) in a `multipart/report` of RFC 6522. The examples are
//! those of appendix E.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use mail_parser::{Message, MessageParser, MimeHeaders};
use proptest::prelude::*;
use smtp_proto::{
    Body, EnhancedCode, Mailbox, Orcpt, Ret, Xtext,
    delivery::{Action, Diagnostic, Original, Report, ReportedRecipient},
    trace::Date,
};

const ORIGINAL: &[u8] = b"From: alice@example.org\r\nTo: bob@b.example\r\nSubject: Lunch\r\n\
    Message-ID: <lunch@example.org>\r\n\r\nSecret body\r\n";
const HEADER: &[u8] = b"From: alice@example.org\r\nTo: bob@b.example\r\nSubject: Lunch\r\n\
    Message-ID: <lunch@example.org>\r\n";

fn report(recipients: &[ReportedRecipient], header: &[u8]) -> Vec<u8> {
    let alice = Mailbox::parse("alice@example.org").unwrap();
    let date = Date::from_unix(1_700_000_100);
    let original = Original::new(header);
    let mut report = Report::new("mx.example.org", &alice, "4F21", date, recipients, original);
    report.arrival = Some(Date::from_unix(1_700_000_000));
    report.write().message(b"")
}

fn text(recipients: &[ReportedRecipient]) -> String {
    String::from_utf8(report(recipients, HEADER)).unwrap()
}

fn recipient(address: &str, action: Action, status: (u8, u16, u16)) -> ReportedRecipient {
    let status = EnhancedCode::new(status.0, status.1, status.2);
    ReportedRecipient::new(address, action, status)
}

fn failed(address: &str, words: &str, remote: Option<&str>) -> ReportedRecipient {
    let mut failed = recipient(address, Action::Failed, (5, 1, 1));
    failed.remote = remote.map(str::to_owned);
    failed.diagnostic = Some(match remote {
        Some(_) => Diagnostic::Smtp(words.to_owned()),
        None => Diagnostic::Local(words.to_owned()),
    });
    failed
}

fn parts(parsed: &Message<'_>) -> Vec<String> {
    let kinds = parsed.parts[1..].iter().map(|part| part.content_type().unwrap());
    kinds.map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap())).collect()
}

/// The fields of the status part, groups divided by an empty line.
fn status_part(report: &str) -> &str {
    let start = report.find("Content-Description: Delivery report\r\n").unwrap();
    let body = report[start..].split_once("\r\n\r\n").unwrap().1;
    body.split("\r\n--report-4F21").next().unwrap()
}

#[test]
fn a_report_is_a_multipart_report_of_three_parts() {
    let bounce =
        report(&[failed("bob@b.example", "550 5.1.1 no such user", Some("mx.b.example"))], HEADER);
    let parsed = MessageParser::default().parse(&bounce).unwrap();
    let kind = parsed.content_type().unwrap();
    assert_eq!((kind.ctype(), kind.subtype()), ("multipart", Some("report")));
    assert_eq!(kind.attribute("report-type"), Some("delivery-status"));
    assert_eq!(parts(&parsed), ["text/plain", "message/delivery-status", "text/rfc822-headers"]);
    assert_eq!(parsed.to().unwrap().first().unwrap().address(), Some("alice@example.org"));
    assert_eq!(
        parsed.from().unwrap().first().unwrap().address(),
        Some("postmaster@mx.example.org")
    );
    assert_eq!(parsed.message_id(), Some("4F21@mx.example.org"));
    assert_eq!(parsed.date().unwrap().to_timestamp(), 1_700_000_100);
    assert_eq!(parsed.header("Auto-Submitted").unwrap().as_text(), Some("auto-replied"));
    assert_eq!(parsed.in_reply_to().as_text(), Some("lunch@example.org"));
    assert_eq!(parsed.references().as_text(), Some("lunch@example.org"));
    let text = parsed.body_text(0).unwrap();
    assert!(text.contains("bob@b.example") && text.contains("550 5.1.1 no such user"), "{text}");
}

#[test]
fn the_status_part_has_the_fields_in_groups() {
    let mut bob = failed("bob@b.example", "550 5.1.1 no", Some("mx.b.example"));
    bob.last_attempt = Some(Date::from_unix(1_700_000_050));
    bob.retry_until = Some(Date::from_unix(1_700_432_000));
    let mut eve = failed("eve@c.example", "gave up", None);
    eve.action = Action::Delayed;
    eve.retry_until = Some(Date::from_unix(1_700_432_000));
    let alice = Mailbox::parse("alice@example.org").unwrap();
    let recipients = [bob, eve];
    let date = Date::from_unix(1_700_000_100);
    let original = Original::new(HEADER);
    let mut report = Report::new("mx.example.org", &alice, "4F21", date, &recipients, original);
    report.arrival = Some(Date::from_unix(1_700_000_000));
    report.received_from = Some(("client.example", Some([192, 0, 2, 7].into())));
    let envid = Xtext::encode("QQ+314159");
    report.envid = Some(&envid);
    let text = String::from_utf8(report.write().message(b"")).unwrap();
    assert_eq!(
        status_part(&text),
        "Original-Envelope-Id: QQ+314159\r\n\
         Reporting-MTA: dns; mx.example.org\r\n\
         Received-From-MTA: dns; client.example ([192.0.2.7])\r\n\
         Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n\r\n\
         Final-Recipient: rfc822; bob@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
         Remote-MTA: dns; mx.b.example\r\nDiagnostic-Code: smtp; 550 5.1.1 no\r\n\
         Last-Attempt-Date: Tue, 14 Nov 2023 22:14:10 +0000\r\n\r\n\
         Final-Recipient: rfc822; eve@c.example\r\nAction: delayed\r\nStatus: 5.1.1\r\n\
         Diagnostic-Code: x-local; gave up\r\n\
         Will-Retry-Until: Sun, 19 Nov 2023 22:13:20 +0000\r\n"
    );
}

// Appendix E

#[test]
fn the_simple_dsn() {
    let mut louisl =
        failed("louisl@larry.slip.umd.edu", "426 connection timed out", Some("larry.slip.umd.edu"));
    louisl.status = EnhancedCode::new(4, 0, 0);
    louisl.orcpt = Orcpt::new("rfc822;louisl@larry.slip.umd.edu");
    louisl.last_attempt = Some(Date::from_unix(773_615_749));
    let text = text(&[louisl]);
    assert!(status_part(&text).ends_with(
        "Original-Recipient: rfc822; louisl@larry.slip.umd.edu\r\n\
         Final-Recipient: rfc822; louisl@larry.slip.umd.edu\r\nAction: failed\r\nStatus: 4.0.0\r\n\
         Remote-MTA: dns; larry.slip.umd.edu\r\nDiagnostic-Code: smtp; 426 connection timed out\r\n\
         Last-Attempt-Date: Thu, 7 Jul 1994 21:15:49 +0000\r\n"
    ));
    assert!(text.contains("It was tried again and again, in vain."), "{text}");
}

#[test]
fn the_multi_recipient_dsn() {
    let mut johnh = recipient("johnh@hpnjld.njd.hp.com", Action::Delayed, (4, 0, 0));
    johnh.diagnostic = Some(Diagnostic::Local("host name lookup failure".into()));
    let recipients = [
        failed("arathib@vnet.ibm.com", "550 not a registered gateway user", Some("vnet.ibm.com")),
        johnh,
        failed("wsnell@sdcc13.ucsd.edu", "550 user unknown", Some("sdcc13.ucsd.edu")),
    ];
    let text = text(&recipients);
    let groups: Vec<&str> = status_part(&text).split("\r\n\r\n").collect();
    assert_eq!(groups.len(), 4, "{text}");
    assert!(
        groups[1].starts_with("Final-Recipient: rfc822; arathib@vnet.ibm.com\r\nAction: failed")
    );
    assert!(groups[2].contains("johnh@hpnjld.njd.hp.com\r\nAction: delayed\r\nStatus: 4.0.0"));
    assert!(groups[3].ends_with("Diagnostic-Code: smtp; 550 user unknown\r\n"));
    assert!(text.contains("Subject: Undelivered mail: it did not reach 3 recipients\r\n"));
}

#[test]
fn the_delayed_dsn() {
    let mut thomas = recipient("thomas@de-montfort.ac.uk", Action::Delayed, (4, 0, 0));
    thomas.retry_until = Some(Date::from_unix(1_700_432_000));
    let text = text(&[thomas]);
    assert!(
        text.contains("Subject: Delayed mail: it has not reached thomas@de-montfort.ac.uk yet\r\n")
    );
    assert!(status_part(&text).contains("Action: delayed\r\nStatus: 4.0.0\r\n"));
    assert!(text.contains("You need not do anything: it is tried again until Sun, 19 Nov"));
}

// What goes back

#[test]
fn the_header_of_the_message_goes_back_and_its_body_does_not() {
    let text = text(&[failed("bob@b.example", "no", None)]);
    assert!(text.contains("Subject: Lunch\r\n") && !text.contains("Secret"), "{text}");
}

#[test]
fn a_message_returned_whole_is_streamed_between_head_and_tail() {
    let alice = Mailbox::parse("alice@example.org").unwrap();
    let recipients = [failed("bob@b.example", "no", None)];
    let date = Date::from_unix(0);
    for (body, encoding) in [(Body::SevenBit, "7bit"), (Body::EightBitMime, "8bit")] {
        let mut original = Original::new(HEADER);
        original.body = body;
        let mut report = Report::new("mx", &alice, "4F21", date, &recipients, original);
        report.ret = Some(Ret::Full);
        let written = report.write();
        assert!(written.whole);
        assert_eq!(written.body, body);
        let head = String::from_utf8(written.head.clone()).unwrap();
        assert!(head.ends_with(&format!(
            "Content-Type: message/rfc822\r\nContent-Description: Your message\r\n\
             Content-Transfer-Encoding: {encoding}\r\n\r\n"
        )));
        // RFC 2045 §6.4: so does the whole.
        let top = head.split("\r\n\r\n").next().unwrap();
        assert!(top.ends_with(&format!("Content-Transfer-Encoding: {encoding}")), "{top}");
        let bounce = written.message(ORIGINAL);
        let parsed = MessageParser::default().parse(&bounce).unwrap();
        let returned = parsed.attachments().find_map(|part| part.message()).unwrap();
        assert_eq!(returned.subject(), Some("Lunch"));
        assert_eq!(returned.body_text(0).unwrap(), "Secret body\r\n");
    }
}

#[test]
fn a_message_that_is_gone_leaves_a_report_of_two_parts() {
    let bounce = report(&[failed("bob@b.example", "no", None)], b"");
    let parsed = MessageParser::default().parse(&bounce).unwrap();
    assert_eq!(parts(&parsed), ["text/plain", "message/delivery-status"]);
    assert!(parsed.in_reply_to().as_text().is_none());
}

#[test]
fn a_header_with_other_octets_or_long_lines_is_encoded() {
    let long = [b"X: ".as_slice(), &[b'x'; 2000], b"\r\n"].concat();
    let cafe = "Subject: café\r\n".as_bytes();
    for (odd, quoted) in
        [(cafe, "caf=C3=A9\r\n"), (b"Subject: caf\xe9\r\n", "caf=E9\r\n"), (&long, "xxx=\r\nxxx")]
    {
        let alice = Mailbox::parse("alice@example.org").unwrap();
        let recipients = [failed("bob@b.example", "nö", None)];
        let original = Original::new(odd);
        let date = Date::from_unix(0);
        let written = Report::new("mx", &alice, "1", date, &recipients, original).write();
        assert_eq!(written.body, Body::SevenBit);
        let bounce = written.message(b"");
        assert!(bounce.is_ascii());
        let parsed = MessageParser::default().parse(&bounce).unwrap();
        let returned = &parsed.parts[3];
        assert_eq!(returned.content_type().unwrap().attribute("charset").is_some(), odd == cafe);
        if odd.is_ascii() || odd == cafe {
            assert_eq!(returned.contents(), odd);
        }
        assert!(String::from_utf8_lossy(&bounce).contains(quoted));
        assert!(parsed.body_text(0).unwrap().contains("nö"));
    }
}

#[test]
fn a_message_id_that_is_none_is_not_answered() {
    for id in ["none", "<>", "<a b@c>", "<a@b> <c@d>", "<é@b>", "<a@b>\r\n x"] {
        let header = format!("Message-ID: {id}\r\n");
        let bounce = report(&[failed("bob@b.example", "no", None)], header.as_bytes());
        let top = String::from_utf8_lossy(&bounce).split("\r\n\r\n").next().unwrap().to_owned();
        assert!(!top.contains("In-Reply-To"), "{top}");
    }
}

// Words for people

#[test]
fn the_text_says_what_to_do() {
    let table = [
        ((5, 1, 1), Action::Failed, "There is no such address. Check how it is spelt"),
        ((5, 1, 2), Action::Failed, "takes no mail. Check how it is spelt"),
        ((5, 1, 10), Action::Failed, "takes no mail at all"),
        ((5, 2, 2), Action::Failed, "The mailbox is full. Try again later"),
        ((5, 2, 3), Action::Failed, "too large"),
        ((5, 3, 4), Action::Failed, "too large"),
        ((5, 4, 4), Action::Failed, "takes no mail"),
        ((5, 4, 6), Action::Failed, "round in circles"),
        ((5, 6, 7), Action::Failed, "with such letters"),
        ((5, 6, 3), Action::Failed, "in a plainer form"),
        ((5, 7, 1), Action::Failed, "show this report to your postmaster"),
        ((4, 4, 7), Action::Failed, "Send it later"),
        ((4, 2, 2), Action::Delayed, "The mailbox is full."),
        ((4, 4, 1), Action::Delayed, "You need not do anything"),
        ((2, 1, 5), Action::Delivered, "not to say that it was read"),
        ((2, 0, 0), Action::Relayed, "only if it fails"),
        ((2, 0, 0), Action::Expanded, "everyone behind the address"),
    ];
    for (status, action, words) in table {
        let bounce = report(&[recipient("bob@b.example", action, status)], HEADER);
        let parsed = MessageParser::default().parse(&bounce).unwrap();
        let text = parsed.body_text(0).unwrap().replace("\r\n    ", " ").replace("\r\n", " ");
        assert!(text.contains(words), "{status:?}: {text}");
        assert!(parsed.body_text(0).unwrap().lines().all(|line| line.len() <= 78), "{text}");
    }
}

#[test]
fn the_whole_of_a_report() {
    let mut carol = failed("carol@b.example", "550 5.1.1 no such user", Some("mx.b.example"));
    carol.last_attempt = Some(Date::from_unix(1_700_000_050));
    assert_eq!(
        text(&[carol]),
        "From: Mail Delivery System <postmaster@mx.example.org>\r\n\
         To: <alice@example.org>\r\n\
         Subject: Undelivered mail: it did not reach carol@b.example\r\n\
         Date: Tue, 14 Nov 2023 22:15:00 +0000\r\n\
         Message-ID: <4F21@mx.example.org>\r\n\
         In-Reply-To: <lunch@example.org>\r\n\
         References: <lunch@example.org>\r\n\
         Auto-Submitted: auto-replied\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n\
         \tboundary=\"report-4F21\"\r\n\
         Content-Transfer-Encoding: 7bit\r\n\
         \r\n\
         --report-4F21\r\n\
         Content-Type: text/plain; charset=us-ascii\r\n\
         Content-Description: What happened\r\n\
         Content-Transfer-Encoding: 7bit\r\n\
         \r\n\
         This is the mail server mx.example.org.\r\n\
         \r\n\
         A message of yours could not be delivered to:\r\n\
         \r\n\
         \u{20} <carol@b.example>\r\n\
         \u{20}   There is no such address. Check how it is spelt, or ask for the new one.\r\n\
         \u{20}   The server mx.b.example said: 550 5.1.1 no such user\r\n\
         \r\n\
         It will not be tried again.\r\n\
         \r\n\
         The details, for programs, and the header of your message are attached.\r\n\
         \r\n\
         --report-4F21\r\n\
         Content-Type: message/delivery-status\r\n\
         Content-Description: Delivery report\r\n\
         Content-Transfer-Encoding: 7bit\r\n\
         \r\n\
         Reporting-MTA: dns; mx.example.org\r\n\
         Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n\
         \r\n\
         Final-Recipient: rfc822; carol@b.example\r\n\
         Action: failed\r\n\
         Status: 5.1.1\r\n\
         Remote-MTA: dns; mx.b.example\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\
         Last-Attempt-Date: Tue, 14 Nov 2023 22:14:10 +0000\r\n\
         \r\n\
         --report-4F21\r\n\
         Content-Type: text/rfc822-headers\r\n\
         Content-Description: Header of your message\r\n\
         Content-Transfer-Encoding: 7bit\r\n\
         \r\n\
         From: alice@example.org\r\n\
         To: bob@b.example\r\n\
         Subject: Lunch\r\n\
         Message-ID: <lunch@example.org>\r\n\
         \r\n\
         --report-4F21--\r\n"
    );
}

// Words of others

#[test]
fn a_reply_of_several_lines_is_a_folded_field() {
    // RFC 3461 §9.2
    let words = "550-mailbox unavailable\n550 user has moved with no forwarding address";
    let text = text(&[failed("bob@b.example", words, Some("mx"))]);
    assert!(status_part(&text).contains(
        "Diagnostic-Code: smtp; 550-mailbox unavailable\r\n \
         550 user has moved with no forwarding address\r\n"
    ));
}

#[test]
fn the_words_of_a_peer_cannot_add_lines_or_parts() {
    let evil = "x\r\n\r\n--report-4F21--\r\nBcc: eve\u{0}";
    let bounce = report(&[failed(evil, evil, Some(evil))], HEADER);
    let parsed = MessageParser::default().parse(&bounce).unwrap();
    assert_eq!(parsed.parts.len(), 4);
    assert!(parsed.bcc().is_none());
    let text = String::from_utf8(bounce).unwrap();
    assert!(!text.contains("\r\nBcc") && !text.contains('\0'), "{text}");
    let original = [b"X: --report-4F21--\r\n--report-4F21x: y\r\n", HEADER].concat();
    let bounce = report(&[failed("bob@b.example", "no", None)], &original);
    assert_eq!(MessageParser::default().parse(&bounce).unwrap().parts.len(), 4);
}

fn any_action() -> impl Strategy<Value = Action> {
    prop_oneof![
        Just(Action::Failed),
        Just(Action::Delayed),
        Just(Action::Relayed),
        Just(Action::Delivered),
        Just(Action::Expanded),
    ]
}

proptest! {
    #[test]
    fn a_report_parses_and_names_each_recipient_once(
        recipients in proptest::collection::vec(
            (any_action(), 2u8..6, 0u16..12, 0u16..12, "[ -~]{0,200}"), 1..12
        )
    ) {
        let recipients: Vec<_> = recipients.into_iter().enumerate()
            .map(|(at, (action, class, subject, detail, words))| {
                let address = format!("user{at}x@b.example");
                let mut one = recipient(&address, action, (class, subject, detail));
                one.diagnostic = Some(Diagnostic::Smtp(words));
                one
            })
            .collect();
        let bounce = report(&recipients, HEADER);
        let parsed = MessageParser::default().parse(&bounce).unwrap();
        prop_assert_eq!(
            parts(&parsed),
            ["text/plain", "message/delivery-status", "text/rfc822-headers"]
        );
        let people = parsed.body_text(0).unwrap();
        let text = String::from_utf8(bounce.clone()).unwrap();
        let status = status_part(&text);
        prop_assert_eq!(status.matches("\r\n\r\n").count(), recipients.len());
        for one in &recipients {
            let field = format!("Final-Recipient: rfc822; {}\r\nAction: {}\r\nStatus: {}\r\n",
                one.address, one.action, one.status);
            prop_assert_eq!(status.matches(&field).count(), 1);
            prop_assert_eq!(people.matches(&format!("<{}>", one.address)).count(), 1);
        }
    }

    #[test]
    fn a_report_has_no_bare_line_ends_and_no_line_beyond_998(
        address in "(?s).{0,1200}", words in "(?s).{0,5000}", remote in "(?s).{0,1200}",
        orcpt in "(rfc822|utf-8);(\\+[0-9A-F]{2}|\\PC|\\\\x\\{[0-9A-F]{1,7}\\}){1,300}", header in "(?s).{0,1200}", envid in "(?s).{0,200}",
    ) {
        let alice = Mailbox::parse("alice@example.org").unwrap();
        let mut one = failed(&address, &words, Some(&remote));
        one.orcpt = Orcpt::new(&orcpt).map(Orcpt::into_owned);
        let recipients = [one];
        let date = Date::from_unix(0);
        let original = Original::new(header.as_bytes());
        let mut report = Report::new(&remote, &alice, "4F21", date, &recipients, original);
        let envid = Xtext::encode(&envid);
        report.envid = Some(&envid);
        report.received_from = Some((&words, Some([192, 0, 2, 7].into())));
        let bounce = report.write().message(b"");
        for line in bounce.split(|&octet| octet == b'\n').filter(|line| !line.is_empty()) {
            prop_assert_eq!(line.last(), Some(&b'\r'));
            prop_assert_eq!(line.iter().filter(|&&octet| octet == b'\r').count(), 1);
            prop_assert!(line.len() <= 999, "{} octets", line.len());
        }
        let parsed = MessageParser::default().parse(&bounce).unwrap();
        prop_assert_eq!(parsed.parts.len(), if header.is_empty() { 3 } else { 4 });
    }
}
