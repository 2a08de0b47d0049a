//! What can never be delivered is reported to its sender: RFC 3464 and RFC 5321 §4.5.5.

use crate::kit::{Smtp, World, Zone, inbox, submit, wait_for};

const MESSAGE: &str = "From: alice@a.test\r\nSubject: the lost one\r\n\r\nsecret words\r\n";

fn world() -> World {
    // RFC 7505: a domain that takes no mail. Of nowhere.test the name server knows that there is
    // nothing in it but itself.
    World::new([Zone::new("nomail.test").mx("nomail.test", 0, "."), Zone::new("nowhere.test")])
}

#[test]
fn what_can_never_be_delivered_is_reported_in_the_senders_inbox() {
    let world = world();
    let (a, _b) = world.two_servers();
    let cases = [
        ("bob@gone.nowhere.test", "5.1.2", None),
        ("bob@nomail.test", "5.1.10", None),
        ("nobody@b.test", "5.1.1", Some("mx.b.test")),
    ];
    for (place, (recipient, status, remote)) in cases.into_iter().enumerate() {
        submit(&a, "alice@a.test", &[recipient], MESSAGE);
        let found = wait_for(&a, "alice@a.test", place + 1);
        assert_eq!(found.len(), place + 1);
        let report = &found[place];
        for part in [
            "Return-Path: <>\r\n",
            "To: <alice@a.test>\r\n",
            "Auto-Submitted: auto-replied\r\n",
            "Content-Type: multipart/report; report-type=delivery-status;",
            "Content-Type: message/delivery-status\r\n",
            "Reporting-MTA: dns; mx.a.test\r\n",
            &format!("Final-Recipient: rfc822; {recipient}\r\n"),
            "Action: failed\r\n",
            &format!("Status: {status}\r\n"),
            "Subject: the lost one\r\n",
        ] {
            assert!(report.contains(part), "{part:?} is missing in {report}");
        }
        let remote = remote.map(|remote| format!("Remote-MTA: dns; {remote}\r\n"));
        assert!(remote.is_none_or(|remote| report.contains(&remote)), "{report}");
        assert!(!report.contains("secret words"), "only the header goes back: {report}");
    }
    a.terminate();
    assert!(world.queue("a.test").is_empty());
}

#[test]
fn one_report_names_all_recipients_that_failed_and_no_other() {
    let world = world();
    let (a, b) = world.two_servers();
    let to = ["nobody@b.test", "bob@b.test", "none@b.test"];
    submit(&a, "alice@a.test", &to, MESSAGE);
    let found = wait_for(&a, "alice@a.test", 1);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].matches("Final-Recipient:").count(), 2, "{}", found[0]);
    assert!(!found[0].contains("bob@b.test"), "{}", found[0]);
    assert_eq!(wait_for(&b, "bob@b.test", 1).len(), 1);
}

#[test]
fn of_a_report_there_is_no_report() {
    let world = world();
    let (a, _b) = world.two_servers();
    let mut smtp = Smtp::submission(&a, "alice@a.test");
    assert!(smtp.say("MAIL FROM:<>").starts_with("250"));
    assert!(smtp.say("RCPT TO:<nobody@b.test>").starts_with("250"));
    assert!(smtp.message(MESSAGE).starts_with("250"));
    a.wait_for_log(&["refused", "nobody@b.test"]);
    a.wait_for_log(&["nobody to tell"]);
    for user in ["alice@a.test", "bob@a.test", "carol@a.test"] {
        assert_eq!(inbox(&a, user).len(), 0, "{user}");
    }
    a.terminate();
    assert!(world.queue("a.test").is_empty());
}
