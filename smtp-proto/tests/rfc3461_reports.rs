//! RFC 3461: the reports that the sender gets. The examples are those of §10; of what is reported
//! and what is not, see `delivery.rs`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use smtp_proto::{
    Body, EnhancedCode, Mailbox, Orcpt, Ret, Xtext,
    delivery::{Action, Diagnostic, Original, Report, ReportedRecipient},
    trace::Date,
};

/// The report about the message with the envelope identifier QQ314159 (§10.1).
fn report(mta: &str, recipient: ReportedRecipient, ret: Option<Ret>) -> String {
    let alice = Mailbox::parse("Alice@Example.ORG").unwrap();
    let recipients = [recipient];
    let original = Original::new(b"From: Alice@Example.ORG\r\nSubject: test\r\n");
    let date = Date::from_unix(1_700_000_100);
    let mut report = Report::new(mta, &alice, "4F21", date, &recipients, original);
    let envid = Xtext::new("QQ314159").unwrap();
    report.envid = Some(&envid);
    report.ret = ret;
    let written = report.write();
    assert_eq!((written.body, written.smtputf8), (Body::SevenBit, false));
    String::from_utf8(written.message(b"Subject: test\r\n\r\nBody\r\n")).unwrap()
}

fn recipient(address: &str, action: Action, status: (u8, u16, u16)) -> ReportedRecipient {
    let status = EnhancedCode::new(status.0, status.1, status.2);
    let mut recipient = ReportedRecipient::new(address, action, status);
    recipient.orcpt = Some(Orcpt::rfc822(address));
    recipient
}

fn status_part(report: &str) -> &str {
    let start = report.find("Content-Description: Delivery report\r\n").unwrap();
    let body = report[start..].split_once("\r\n\r\n").unwrap().1;
    body.split("\r\n--report-4F21").next().unwrap()
}

#[test]
fn delivered_as_in_10_6() {
    let bob = recipient("Bob@Example.COM", Action::Delivered, (2, 0, 0));
    let report = report("mail.Example.COM", bob, None);
    assert_eq!(
        status_part(&report),
        "Original-Envelope-Id: QQ314159\r\nReporting-MTA: dns; mail.Example.COM\r\n\r\n\
         Original-Recipient: rfc822; Bob@Example.COM\r\nFinal-Recipient: rfc822; Bob@Example.COM\r\n\
         Action: delivered\r\nStatus: 2.0.0\r\n"
    );
    assert!(report.contains("To: <Alice@Example.ORG>\r\n"));
    assert!(report.contains("was delivered to:\r\n\r\n  <Bob@Example.COM>\r\n"), "{report}");
}

#[test]
fn failed_as_in_10_7() {
    let mut carol = recipient("Carol@Ivory.EDU", Action::Failed, (5, 0, 0));
    carol.remote = Some("Ivory.EDU".into());
    carol.diagnostic = Some(Diagnostic::Smtp("550 error - no such recipient".into()));
    let report = report("Example.ORG", carol, None);
    assert_eq!(
        status_part(&report),
        "Original-Envelope-Id: QQ314159\r\nReporting-MTA: dns; Example.ORG\r\n\r\n\
         Original-Recipient: rfc822; Carol@Ivory.EDU\r\nFinal-Recipient: rfc822; Carol@Ivory.EDU\r\n\
         Action: failed\r\nStatus: 5.0.0\r\nRemote-MTA: dns; Ivory.EDU\r\n\
         Diagnostic-Code: smtp; 550 error - no such recipient\r\n"
    );
    assert!(
        report.contains("The server Ivory.EDU said: 550 error - no such recipient\r\n"),
        "{report}"
    );
}

#[test]
fn relayed_as_in_10_8() {
    let dana = recipient("Dana@Ivory.EDU", Action::Relayed, (2, 0, 0));
    let report = report("Ivory.EDU", dana, None);
    assert!(status_part(&report).contains("Action: relayed\r\nStatus: 2.0.0\r\n"));
    assert!(report.contains("That server does not report what it delivers"), "{report}");
}

#[test]
fn failed_after_forwarding_as_in_10_9() {
    let mut sam = recipient("Sam@Boondoggle.GOV", Action::Failed, (4, 2, 2));
    sam.orcpt = Orcpt::new("rfc822;George+40Tax-ME.GOV");
    sam.diagnostic = Some(Diagnostic::Local("write error to mailbox, disk quota exceeded".into()));
    let report = report("Boondoggle.GOV", sam, None);
    assert!(status_part(&report).ends_with(
        "Original-Recipient: rfc822; George@Tax-ME.GOV\r\n\
         Final-Recipient: rfc822; Sam@Boondoggle.GOV\r\nAction: failed\r\nStatus: 4.2.2\r\n\
         Diagnostic-Code: x-local; write error to mailbox, disk quota exceeded\r\n"
    ));
}

#[test]
fn without_orcpt_and_envid_their_fields_are_left_out() {
    let bob = ReportedRecipient::new("bob@b.example", Action::Failed, EnhancedCode::new(5, 1, 1));
    let alice = Mailbox::parse("alice@example.org").unwrap();
    let recipients = [bob];
    let date = Date::from_unix(0);
    let report = Report::new("mx", &alice, "1", date, &recipients, Original::new(b"A: b\r\n"));
    let text = String::from_utf8(report.write().message(b"")).unwrap();
    assert!(!text.contains("Original-"), "{text}");
}

#[test]
fn the_whole_message_comes_back_only_with_a_failure_and_only_if_asked_for() {
    let table = [
        (Action::Failed, Some(Ret::Full), true),
        (Action::Failed, Some(Ret::Headers), false),
        (Action::Failed, None, false),
        // §4.3: "the RET parameter only applies to DSNs that indicate delivery failure".
        (Action::Delayed, Some(Ret::Full), false),
        (Action::Delivered, Some(Ret::Full), false),
        (Action::Relayed, Some(Ret::Full), false),
    ];
    for (action, ret, whole) in table {
        let text = report("mx", recipient("bob@b.example", action, (5, 1, 1)), ret);
        assert_eq!(text.contains("\r\n\r\nBody\r\n"), whole, "{action} {ret:?}");
        assert_eq!(text.contains("Content-Type: message/rfc822\r\n"), whole, "{action} {ret:?}");
        assert_eq!(text.contains("Content-Type: text/rfc822-headers\r\n"), !whole, "{action}");
    }
}

#[test]
fn what_xtext_hides_cannot_add_fields() {
    let alice = Mailbox::parse("alice@example.org").unwrap();
    let evil = Xtext::new("x+0D+0AAction:+20delivered").unwrap();
    let mut bob = recipient("bob@b.example", Action::Failed, (5, 1, 1));
    bob.orcpt = Orcpt::new("rfc822;x+0D+0AAction:+20delivered");
    assert!(bob.orcpt.is_some());
    let recipients = [bob];
    let date = Date::from_unix(0);
    let mut report = Report::new("mx", &alice, "1", date, &recipients, Original::new(b"A: b\r\n"));
    report.envid = Some(&evil);
    let text = String::from_utf8(report.write().message(b"")).unwrap();
    assert!(text.contains("Original-Envelope-Id: x  Action: delivered\r\n"), "{text}");
    assert!(text.contains("Original-Recipient: rfc822; x  Action: delivered\r\n"), "{text}");
}
