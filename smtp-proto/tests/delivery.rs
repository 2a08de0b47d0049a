//! Delivery planning (RFC 5321 §4.5.4.1) and reports (RFC 3464, RFC 6522).
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use core::time::Duration;

use mail_parser::{MessageParser, MimeHeaders};
use proptest::prelude::*;
use smtp_proto::{
    EnhancedCode, Mailbox, Reply,
    delivery::{FailedRecipient, Next, Outcome, Report, Schedule},
    trace::Date,
};

// The schedule

const MIDDLE: u32 = 200; // neither shortened nor lengthened

#[test]
fn gaps_double_from_a_minute_to_two_hours() {
    let schedule = Schedule::default();
    let gaps: Vec<u64> = (1..=10)
        .map(|attempt| match schedule.next(attempt, Duration::ZERO, MIDDLE) {
            Next::RetryIn(gap) => gap.as_secs(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(gaps, [60, 120, 240, 480, 960, 1920, 3840, 7200, 7200, 7200]);
}

#[test]
fn a_message_is_given_up_after_five_days_and_the_last_try_falls_on_the_end() {
    let schedule = Schedule::default();
    let days = |n: u64| Duration::from_secs(n * 86_400);
    let almost = days(5) - Duration::from_secs(10);
    assert_eq!(schedule.next(80, almost, MIDDLE), Next::RetryIn(Duration::from_secs(10)));
    assert_eq!(schedule.next(80, days(5), MIDDLE), Next::GiveUp);
    assert_eq!(schedule.next(1, days(5), MIDDLE), Next::GiveUp);
}

proptest! {
    #[test]
    fn a_gap_is_never_off_by_more_than_a_fifth_nor_beyond_the_end(
        attempts: u32, age in 0u64..500_000, random: u32
    ) {
        let schedule = Schedule::default();
        let age = Duration::from_secs(age);
        match schedule.next(attempts, age, random) {
            Next::GiveUp => prop_assert!(age >= schedule.give_up),
            Next::RetryIn(gap) => {
                prop_assert!(gap > Duration::ZERO && age + gap <= schedule.give_up);
                prop_assert!(gap <= schedule.longest * 6 / 5);
                prop_assert!(gap >= schedule.first * 4 / 5 || age + gap == schedule.give_up);
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }
}

#[test]
fn every_message_that_cannot_be_delivered_is_given_up_in_the_end() {
    let schedule = Schedule::default();
    for random in [0, 400, MIDDLE, u32::MAX] {
        let (mut age, mut attempts) = (Duration::ZERO, 1);
        while let Next::RetryIn(gap) = schedule.next(attempts, age, random) {
            age += gap;
            attempts += 1;
        }
        assert_eq!(age, schedule.give_up);
        assert!((50..100).contains(&attempts), "{attempts} attempts");
    }
}

// Outcomes

#[test]
fn an_outcome_follows_the_first_digit_and_keeps_the_words() {
    let of = |code, text: &'static str| Outcome::from_reply(&Reply::new(code, text));
    assert_eq!(of(250, "2.0.0 Ok"), Outcome::Delivered);
    assert_eq!(of(251, "will forward"), Outcome::Delivered);
    assert_eq!(of(452, "4.2.2 full"), Outcome::Deferred("452 4.2.2 full".into()));
    assert_eq!(of(354, "what"), Outcome::Deferred("354 what".into()));
    assert_eq!(
        of(550, "5.1.1 no\nsuch user"),
        Outcome::Failed {
            status: EnhancedCode::new(5, 1, 1),
            diagnostic: "550-5.1.1 no / 550 5.1.1 such user".into()
        }
    );
}

// Reports

fn report(failed: &[FailedRecipient], original: &[u8]) -> Vec<u8> {
    Report {
        reporting_mta: "mx.example.org",
        to: &Mailbox::parse("alice@example.org").unwrap(),
        unique: "4F21",
        date: Date::from_unix(1_700_000_100),
        arrival: Date::from_unix(1_700_000_000),
        failed,
        original,
    }
    .to_message()
}

fn failed(address: &str, diagnostic: &str, remote: Option<&str>) -> FailedRecipient {
    FailedRecipient {
        address: address.to_owned(),
        status: EnhancedCode::new(5, 1, 1),
        diagnostic: diagnostic.to_owned(),
        remote: remote.map(str::to_owned),
    }
}

const ORIGINAL: &[u8] =
    b"From: alice@example.org\r\nTo: bob@b.example\r\nSubject: Lunch\r\n\r\nSecret body\r\n";

#[test]
fn a_report_is_a_multipart_report_of_three_parts() {
    let bounce = report(
        &[failed("bob@b.example", "550 5.1.1 no such user", Some("mx.b.example"))],
        ORIGINAL,
    );
    let parsed = MessageParser::default().parse(&bounce).unwrap();
    let kind = parsed.content_type().unwrap();
    assert_eq!((kind.ctype(), kind.subtype()), ("multipart", Some("report")));
    assert_eq!(kind.attribute("report-type"), Some("delivery-status"));
    let parts: Vec<String> = parsed.parts[1..]
        .iter()
        .map(|part| part.content_type().unwrap())
        .map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap()))
        .collect();
    assert_eq!(parts, ["text/plain", "message/delivery-status", "text/rfc822-headers"]);
    assert_eq!(parsed.to().unwrap().first().unwrap().address(), Some("alice@example.org"));
    assert_eq!(
        parsed.from().unwrap().first().unwrap().address(),
        Some("MAILER-DAEMON@mx.example.org")
    );
    assert_eq!(parsed.message_id(), Some("4F21@mx.example.org"));
    assert_eq!(parsed.date().unwrap().to_timestamp(), 1_700_000_100);
    assert_eq!(parsed.header("Auto-Submitted").unwrap().as_text(), Some("auto-replied"));
    let text = parsed.body_text(0).unwrap();
    assert!(text.contains("bob@b.example") && text.contains("550 5.1.1 no such user"), "{text}");
}

#[test]
fn the_status_part_has_the_fields_of_rfc_3464_in_groups() {
    let bounce = report(
        &[
            failed("bob@b.example", "550 5.1.1 no", Some("mx.b.example")),
            failed("eve@c.example", "gave up", None),
        ],
        ORIGINAL,
    );
    let text = String::from_utf8(bounce).unwrap();
    let status = text.split("Content-Description: Delivery report\r\n\r\n").nth(1).unwrap();
    let status = status.split("\r\n--report-4F21").next().unwrap();
    assert_eq!(
        status,
        "Reporting-MTA: dns; mx.example.org\r\nArrival-Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n\r\n\
         Final-Recipient: rfc822; bob@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
         Remote-MTA: dns; mx.b.example\r\nDiagnostic-Code: smtp; 550 5.1.1 no\r\n\r\n\
         Final-Recipient: rfc822; eve@c.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
         Diagnostic-Code: x-local; gave up\r\n"
    );
}

#[test]
fn the_header_of_the_message_goes_back_and_its_body_does_not() {
    let text = String::from_utf8(report(&[failed("bob@b.example", "no", None)], ORIGINAL)).unwrap();
    assert!(text.contains("Subject: Lunch\r\n") && !text.contains("Secret"), "{text}");
}

#[test]
fn the_words_of_a_peer_cannot_add_lines_or_parts() {
    let evil = "x\r\n\r\n--report-4F21--\r\nBcc: eve\u{0}";
    let bounce = report(&[failed(evil, evil, Some(evil))], ORIGINAL);
    let parsed = MessageParser::default().parse(&bounce).unwrap();
    assert_eq!(parsed.parts.len(), 4);
    assert!(parsed.bcc().is_none());
    let text = String::from_utf8(bounce).unwrap();
    assert!(!text.contains("\r\nBcc") && !text.contains('\0'), "{text}");
    let original = [b"X: --report-4F21--\r\n--report-4F21x: y\r\n", ORIGINAL].concat();
    let bounce = report(&[failed("bob@b.example", "no", None)], &original);
    assert_eq!(MessageParser::default().parse(&bounce).unwrap().parts.len(), 4);
}

proptest! {
    #[test]
    fn a_report_has_no_bare_line_ends_and_no_line_beyond_998(
        address in "(?s).{0,1200}", diagnostic in "(?s).{0,1200}", remote in "(?s).{0,1200}"
    ) {
        let bounce = report(&[failed(&address, &diagnostic, Some(&remote))], ORIGINAL);
        for line in bounce.split(|&octet| octet == b'\n').filter(|line| !line.is_empty()) {
            prop_assert_eq!(line.last(), Some(&b'\r'));
            prop_assert_eq!(line.iter().filter(|&&octet| octet == b'\r').count(), 1);
            prop_assert!(line.len() <= 999, "{} octets", line.len());
        }
    }
}
